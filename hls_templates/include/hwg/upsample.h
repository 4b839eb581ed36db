// SPDX-License-Identifier: Apache-2.0
/// Enlarges a map: every pixel becomes a block of equal ones; twin of hwg_upsample.
///
/// Function:   of() takes a map of H * W pixels, row by row, each as CF words, and gives
///             out[i][j] = in[i / FactorH][j / FactorW], group by group
/// Parameters: as of hwg_upsample
#ifndef HWG_UPSAMPLE_H
#define HWG_UPSAMPLE_H

#include "lang/pragmas.h"

namespace hwg {

template <int W, int H, int CF, int Width, int FactorH, int FactorW> struct upsample {
  static_assert(W >= 1 && H >= 1 && CF >= 1 && FactorH >= 1 && FactorW >= 1, "sizes and factors must be >= 1");

  template <class T, class I, class O> static void of(I& in, O& out) {
    T row[unsigned(W)][unsigned(CF)];
    for (int y = 0; y < H; ++y)
      for (int again = 0; again < FactorH; ++again)
        for (int x = 0; x < W; ++x)
          for (int copy = 0; copy < FactorW; ++copy)
            for (int g = 0; g < CF; ++g) {
              HWG_PIPELINE_LOOP
              if (again == 0 && copy == 0) row[x][g] = in.read();
              out.write(row[x][g]);
            }
  }
};

}  // namespace hwg

#endif
