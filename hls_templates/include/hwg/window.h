// SPDX-License-Identifier: Apache-2.0
/// Window generator: every window of a map; twin of hwg_window.
///
/// Function:   of() takes a map of H * W pixels, row by row, each as CF words of Lanes channels; for
///             every output pixel and every group leaves a word of KernelH * KernelW taps, tap
///             ky*KernelW + kx being
///             in[i*StrideH + ky*DilationH - PadTop][j*StrideW + kx*DilationW - PadLeft], and Pad
///             where that lies outside of the map. A tap takes Lanes elements of the word
/// Parameters: as of hwg_window; Pad is an array of Lanes
/// Notes:      Rows lie in a ring of as many as a window reaches over.
#ifndef HWG_WINDOW_H
#define HWG_WINDOW_H

#include "lang/words.h"

namespace hwg {

template <int W, int H, int CF, int Width, int KernelH, int KernelW, int StrideH, int StrideW, int DilationH,
          int DilationW, int PadTop, int PadLeft, int PadBottom, int PadRight>
struct window {
  static_assert(W >= 1 && H >= 1 && CF >= 1 && KernelH >= 1 && KernelW >= 1, "sizes must be >= 1");
  enum {
    TAPS = KernelH * KernelW,
    ROWS = (KernelH - 1) * DilationH + 1,
    LAG_H = (KernelH - 1) * DilationH - PadTop,
    LAG_W = (KernelW - 1) * DilationW - PadLeft
  };

  template <class T, int Lanes, class P, class I, class O> static void of(I& in, O& out, const P* Pad) {
    lanes<T, Lanes> ring[unsigned(ROWS)][unsigned(W)][unsigned(CF)];
    for (int y = 0; y < H + PadBottom; ++y)
      for (int x = 0; x < W + PadRight; ++x)
        for (int g = 0; g < CF; ++g) {
          HWG_PIPELINE_LOOP
          if (y < H && x < W) ring[y % ROWS][x][g] = in.read();
          const int i = y - LAG_H;
          const int j = x - LAG_W;
          if (i >= 0 && j >= 0 && i % StrideH == 0 && j % StrideW == 0) {
            lanes<T, TAPS * Lanes> word;
            HWG_UNROLL
            for (int ky = 0; ky < KernelH; ++ky) {
              HWG_UNROLL_BODY
              HWG_UNROLL
              for (int kx = 0; kx < KernelW; ++kx) {
                HWG_UNROLL_BODY
                const int v = i + ky * DilationH - PadTop;
                const int u = j + kx * DilationW - PadLeft;
                const bool inside = v >= 0 && v < H && u >= 0 && u < W;
                const lanes<T, Lanes> taken = ring[inside ? v % ROWS : 0][inside ? u : 0][g];
                HWG_UNROLL
                for (int c = 0; c < Lanes; ++c) {
                  HWG_UNROLL_BODY
                  word.at[(ky * KernelW + kx) * Lanes + c] = inside ? taken.at[c] : T(Pad[c]);
                }
              }
            }
            out.write(word);
          }
        }
  }
};

}  // namespace hwg

#endif
