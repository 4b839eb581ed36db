// SPDX-License-Identifier: Apache-2.0
/// Lets the words of a frame leave in another order; twin of hwg_reorder.
///
/// Function:   word (o, m, i) that leaves, i counted fastest, is word o*OuterStep + m*MiddleStep +
///             i*InnerStep of the frame that came
/// Parameters: as of hwg_reorder
#ifndef HWG_REORDER_H
#define HWG_REORDER_H

#include "lang/pragmas.h"

namespace hwg {

template <int Width, int Outer, int Middle, int Inner, int OuterStep, int MiddleStep, int InnerStep, int RamStyle>
struct reorder {
  static_assert(Width >= 1 && Outer >= 1 && Middle >= 1 && Inner >= 1, "sizes must be >= 1");
  enum { WORDS = Outer * Middle * Inner };

  template <class W, class I, class O> static void of(I& in, O& out) {
    W held[unsigned(WORDS)];
    for (int n = 0; n < WORDS; ++n) {
      HWG_PIPELINE_LOOP
      held[n] = in.read();
    }
    for (int o = 0; o < Outer; ++o)
      for (int m = 0; m < Middle; ++m)
        for (int i = 0; i < Inner; ++i) {
          HWG_PIPELINE_LOOP
          out.write(held[o * OuterStep + m * MiddleStep + i * InnerStep]);
        }
  }
};

}  // namespace hwg

#endif
