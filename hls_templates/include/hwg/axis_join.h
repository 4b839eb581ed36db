// SPDX-License-Identifier: Apache-2.0
/// Joins several samples into one AXI-Stream frame; twin of hwg_axis_join.
///
/// Function:   of() passes one beat; with a batch above 1 last passes with every batch-th sample only, and
///             keep is all ones: a sample takes whole beats. *left* counts the samples up to the end of a
///             frame (0: the next one begins one), and is the caller's
/// Parameters: as of hwg_axis_join
#ifndef HWG_AXIS_JOIN_H
#define HWG_AXIS_JOIN_H

#include "lang/pragmas.h"
#include "lang/stream.h"

namespace hwg {

template <int DataWidth> struct axis_join {
  static_assert(DataWidth >= 8 && DataWidth % 8 == 0, "DataWidth must be a multiple of 8");

  template <class I, class O> static void of(I& in, O& out, int batch, int& left) {
    beat<DataWidth> word = in.read();
    const bool many = batch > 1;
    const int before = left == 0 ? (many ? batch : 1) : left;
    const bool ends = word.last != 0;
    HWG_UNROLL
    for (int i = 0; i < DataWidth / 8; ++i) {
      HWG_UNROLL_BODY
      if (many) set_kept(word, i, true);
    }
    word.last = ends && before == 1;
    left = ends ? before - 1 : before;
    out.write(word);
  }
};

}  // namespace hwg

#endif
