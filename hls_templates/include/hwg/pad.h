// SPDX-License-Identifier: Apache-2.0
/// Puts edges of a constant around a map; twin of hwg_pad.
///
/// Function:   of() takes a map of H * W pixels, row by row, each as CF words of Lanes channels, and gives
///             it with Top rows of Pad above it, Bottom below, Left and Right columns beside it
/// Parameters: as of hwg_pad; Pad is an array of Lanes
#ifndef HWG_PAD_H
#define HWG_PAD_H

#include "lang/words.h"

namespace hwg {

template <int W, int H, int CF, int Width, int Top, int Left, int Bottom, int Right> struct pad {
  static_assert(W >= 1 && H >= 1 && CF >= 1 && Top >= 0 && Left >= 0 && Bottom >= 0 && Right >= 0,
                "sizes must be >= 1, edges >= 0");

  template <class T, int Lanes, class P, class I, class O> static void of(I& in, O& out, const P* Pad) {
    for (int y = 0; y < Top + H + Bottom; ++y)
      for (int x = 0; x < Left + W + Right; ++x)
        for (int g = 0; g < CF; ++g) {
          HWG_PIPELINE_LOOP
          lanes<T, Lanes> word;
          HWG_UNROLL
          for (int c = 0; c < Lanes; ++c) {
            HWG_UNROLL_BODY
            word.at[c] = T(Pad[c]);
          }
          if (y >= Top && y < Top + H && x >= Left && x < Left + W) word = in.read();
          out.write(word);
        }
  }
};

}  // namespace hwg

#endif
