// SPDX-License-Identifier: Apache-2.0
/// Dot product of rows of weights with the same activations; twin of hwg_dot.
///
/// Function:   sum[r] = sum over i of weight[r*Count + i] * data[i]
/// Parameters: as of hwg_dot; whether products take DSP blocks is the tool's to say
#ifndef HWG_DOT_H
#define HWG_DOT_H

#include "lang/words.h"

namespace hwg {

template <int Count, int Rows, int AWidth, int ASigned, int WWidth, int WSigned, int SumWidth> struct dot {
  static_assert(Count >= 1 && Rows >= 1, "Count and Rows must be >= 1");
  typedef si<SumWidth> sum_t;

  template <class A, class V> static void of(const A* data, const V* weight, sum_t* sum) {
    HWG_UNROLL
    for (int r = 0; r < Rows; ++r) {
      HWG_UNROLL_BODY
      sum_t total = sum_t(0);
      HWG_UNROLL
      for (int i = 0; i < Count; ++i) {
        HWG_UNROLL_BODY
        total = sum_t(total + sum_t(data[i]) * sum_t(weight[r * Count + i]));
      }
      sum[r] = total;
    }
  }
};

}  // namespace hwg

#endif
