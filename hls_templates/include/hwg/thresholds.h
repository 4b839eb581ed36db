// SPDX-License-Identifier: Apache-2.0
/// Replaces a number by the constant of the interval it falls into; twin of hwg_thresholds.
///
/// Function:   n = count of thresholds T_i <= data; V_n
/// Parameters: as of hwg_thresholds; the thresholds ascend. Thresholds is an array of N
///             constants, Values of N + 1.
#ifndef HWG_THRESHOLDS_H
#define HWG_THRESHOLDS_H

#include "lang/int.h"
#include "lang/pragmas.h"

namespace hwg {

template <int InWidth, int InSigned, int N, int OutWidth> struct thresholds {
  static_assert(InWidth >= 1 && OutWidth >= 1 && N >= 1, "InWidth, OutWidth and N must be >= 1");

  template <class T, class L, class V>
  static V of(const T& data, const L* Thresholds, const V* Values) {
    const si<InWidth + 1> x = si<InWidth + 1>(data);
    V found = Values[0];
    HWG_UNROLL
    for (int i = 0; i < N; ++i) {
      HWG_UNROLL_BODY
      if (x >= si<InWidth + 1>(Thresholds[i])) found = Values[i + 1];
    }
    return found;
  }
};

}  // namespace hwg

#endif
