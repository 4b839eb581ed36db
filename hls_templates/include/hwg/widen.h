// SPDX-License-Identifier: Apache-2.0
/// Collects narrow words of a stream into wide ones; twin of hwg_widen.
///
/// Function:   of() takes a group of Count narrow words, and gives the wide ones that hold it; the last
///             has zeros above them
/// Parameters: as of hwg_widen; a narrow word is lanes<T, Lanes>, a wide one lanes<T, Parts * Lanes>
#ifndef HWG_WIDEN_H
#define HWG_WIDEN_H

#include "lang/words.h"

namespace hwg {

template <int Width, int Parts, int Count> struct widen {
  static_assert(Width >= 1 && Parts >= 1 && Count >= 1, "Width, Parts and Count must be >= 1");
  enum { WIDE = (Count + Parts - 1) / Parts };

  template <class T, int Lanes, class I, class O> static void of(I& in, O& out) {
    for (int w = 0; w < WIDE; ++w) {
      lanes<T, Parts * Lanes> word;
      for (int p = 0; p < Parts; ++p) {
        HWG_PIPELINE_LOOP
        lanes<T, Lanes> part;
        for (int i = 0; i < Lanes; ++i) part.at[i] = T(0);
        if (w * Parts + p < Count) part = in.read();
        for (int i = 0; i < Lanes; ++i) word.at[p * Lanes + i] = part.at[i];
      }
      out.write(word);
    }
  }
};

}  // namespace hwg

#endif
