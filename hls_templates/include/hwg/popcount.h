// SPDX-License-Identifier: Apache-2.0
/// Counts the bits of a word that are set; twin of hwg_popcount.
///
/// Function:   sum over i of data[i]
/// Parameters: as of hwg_popcount
/// Notes:      A sum of single bits, which a tool narrows and makes a tree of.
#ifndef HWG_POPCOUNT_H
#define HWG_POPCOUNT_H

#include "lang/pragmas.h"

namespace hwg {

template <int Count> struct popcount {
  static_assert(Count >= 1, "Count must be >= 1");

  static int of(const bool* data) {
    int ones = 0;
    HWG_UNROLL
    for (int i = 0; i < Count; ++i) {
      HWG_UNROLL_BODY
      ones += data[i] ? 1 : 0;
    }
    return ones;
  }
};

}  // namespace hwg

#endif
