// SPDX-License-Identifier: Apache-2.0
/// Reduces every window to its greatest element, or to its sum, channel by channel; twin of hwg_pool.
///
/// Function:   out[lane] = maximum (Kind 0), or sum (Kind 1), over tap of in[tap*Lanes + lane]
/// Parameters: as of hwg_pool
#ifndef HWG_POOL_H
#define HWG_POOL_H

#include "lang/words.h"

namespace hwg {

template <int Taps, int Lanes, int Width, int Signed, int Kind, int OutWidth> struct pool {
  static_assert(Taps >= 1 && Lanes >= 1 && Kind >= 0 && Kind <= 1, "sizes must be >= 1, Kind 0 or 1");

  template <class O, class A> static lanes<O, Lanes> of(const lanes<A, Taps * Lanes>& in) {
    lanes<O, Lanes> out;
    HWG_UNROLL
    for (int i = 0; i < Lanes; ++i) {
      HWG_UNROLL_BODY
      O found = O(in.at[i]);
      HWG_UNROLL
      for (int t = 0; t < Taps - 1; ++t) {
        HWG_UNROLL_BODY
        const O next = O(in.at[(t + 1) * Lanes + i]);
        found = Kind != 0 ? O(found + next) : next > found ? next : found;
      }
      out.at[i] = found;
    }
    return out;
  }
};

}  // namespace hwg

#endif
