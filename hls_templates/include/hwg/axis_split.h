// SPDX-License-Identifier: Apache-2.0
/// Cuts AXI-Stream frames of many samples into frames of one; twin of hwg_axis_split.
///
/// Function:   of() passes one beat; with *many* last is also set on every Beats-th one. *place* counts the
///             beats of a sample, and is the caller's
/// Parameters: as of hwg_axis_split
#ifndef HWG_AXIS_SPLIT_H
#define HWG_AXIS_SPLIT_H

#include "lang/pragmas.h"
#include "lang/stream.h"

namespace hwg {

template <int DataWidth, int Beats> struct axis_split {
  static_assert(DataWidth >= 8 && DataWidth % 8 == 0 && Beats >= 1, "DataWidth in bytes, Beats >= 1");

  template <class I, class O> static void of(I& in, O& out, bool many, int& place) {
    beat<DataWidth> word = in.read();
    const bool filled = place == Beats - 1;
    const bool last = word.last != 0 || (many && filled);
    word.last = last;
    place = last || filled ? 0 : place + 1;
    out.write(word);
  }
};

}  // namespace hwg

#endif
