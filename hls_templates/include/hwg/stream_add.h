// SPDX-License-Identifier: Apache-2.0
/// Adds two words lane by lane, their points aligned, and requantizes the sum; twin of hwg_stream_add.
///
/// Function:   clip(round_half_even(sum / 2**Shift), Lo, Hi), sum = a * 2**AShift + b * 2**BShift, or
///             minus b with BSub = 1
/// Parameters: as of hwg_stream_add
#ifndef HWG_STREAM_ADD_H
#define HWG_STREAM_ADD_H

#include "lang/words.h"
#include "requant.h"

namespace hwg {

template <int Lanes, int AWidth, int ASigned, int AShift, int BWidth, int BSigned, int BShift, int BSub, int SumWidth,
          int Shift, int OutWidth, int SatLo, int SatHi, long long Lo, long long Hi>
struct stream_add {
  static_assert(Lanes >= 1 && AShift >= 0 && BShift >= 0, "Lanes must be >= 1, shifts >= 0");

  template <class O, class A, class B> static lanes<O, Lanes> of(const lanes<A, Lanes>& a, const lanes<B, Lanes>& b) {
    lanes<O, Lanes> out;
    HWG_UNROLL
    for (int i = 0; i < Lanes; ++i) {
      HWG_UNROLL_BODY
      const si<AWidth + AShift + 1> x = shl_s<AWidth + AShift + 1, AShift>(a.at[i]);
      const si<BWidth + BShift + 1> y = shl_s<BWidth + BShift + 1, BShift>(b.at[i]);
      const si<SumWidth> sum = BSub != 0 ? si<SumWidth>(x - y) : si<SumWidth>(x + y);
      out.at[i] = O(requant<SumWidth, 1, Shift, 0, OutWidth, SatLo, SatHi, Lo, Hi>::of(sum));
    }
    return out;
  }
};

}  // namespace hwg

#endif
