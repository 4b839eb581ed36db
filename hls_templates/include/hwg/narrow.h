// SPDX-License-Identifier: Apache-2.0
/// Cuts wide words of a stream into narrow ones; twin of hwg_narrow.
///
/// Function:   of() takes the wide words of a group of Count narrow ones, and gives those
/// Parameters: as of hwg_narrow; a narrow word is lanes<T, Lanes>, a wide one lanes<T, Parts * Lanes>
#ifndef HWG_NARROW_H
#define HWG_NARROW_H

#include "lang/words.h"

namespace hwg {

template <int Width, int Parts, int Count> struct narrow {
  static_assert(Width >= 1 && Parts >= 1 && Count >= 1, "Width, Parts and Count must be >= 1");
  enum { WIDE = (Count + Parts - 1) / Parts };

  template <class T, int Lanes, class I, class O> static void of(I& in, O& out) {
    for (int w = 0; w < WIDE; ++w) {
      const lanes<T, Parts * Lanes> word = in.read();
      for (int p = 0; p < Parts; ++p) {
        HWG_PIPELINE_LOOP
        lanes<T, Lanes> part;
        for (int i = 0; i < Lanes; ++i) part.at[i] = word.at[p * Lanes + i];
        if (w * Parts + p < Count) out.write(part);
      }
    }
  }
};

}  // namespace hwg

#endif
