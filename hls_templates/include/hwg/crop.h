// SPDX-License-Identifier: Apache-2.0
/// Cuts the edges off a map; twin of hwg_crop.
///
/// Function:   of() takes a map of H * W pixels, row by row, each as CF words; what is not in the first Top
///             or last Bottom rows, nor in the first Left or last Right columns, leaves
/// Parameters: as of hwg_crop
#ifndef HWG_CROP_H
#define HWG_CROP_H

#include "lang/words.h"

namespace hwg {

template <int W, int H, int CF, int Width, int Top, int Left, int Bottom, int Right> struct crop {
  static_assert(Top >= 0 && Left >= 0 && Bottom >= 0 && Right >= 0 && Top + Bottom < H && Left + Right < W,
                "edges must be >= 0, and something must be left");

  template <class T, class I, class O> static void of(I& in, O& out) {
    for (int y = 0; y < H; ++y)
      for (int x = 0; x < W; ++x)
        for (int g = 0; g < CF; ++g) {
          HWG_PIPELINE_LOOP
          const T word = in.read();
          if (y >= Top && y < H - Bottom && x >= Left && x < W - Right) out.write(word);
        }
  }
};

}  // namespace hwg

#endif
