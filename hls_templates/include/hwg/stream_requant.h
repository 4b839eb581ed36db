// SPDX-License-Identifier: Apache-2.0
/// Requantizes every lane of a word; twin of hwg_stream_requant.
///
/// Function:   clip(round_half_even(in * 2**Up / 2**Shift), Lo, Hi); with Leaky = 1 below zero
///             clip(round_half_even(in * 2**NegUp / 2**NegShift), NegLo, 0) instead, else not below 0
/// Parameters: as of hwg_stream_requant
#ifndef HWG_STREAM_REQUANT_H
#define HWG_STREAM_REQUANT_H

#include "lang/words.h"
#include "requant.h"

namespace hwg {

template <int Lanes, int InWidth, int InSigned, int Up, int Shift, int Half, int OutWidth, int SatLo, int SatHi,
          int Leaky, int NegUp, int NegShift, long long Lo, long long Hi, long long NegLo>
struct stream_requant {
  static_assert(Lanes >= 1 && Up >= 0 && NegUp >= 0, "Lanes must be >= 1, shifts to the left >= 0");
  static_assert(Leaky == 0 || Half == 0, "Half is not for a leaky one");
  enum { LEAST = Leaky != 0 && Lo < 0 ? 1 : 0, BELOW = Leaky != 0 || SatLo != 0 ? 1 : 0 };
  typedef requant<InWidth + Up, InSigned, Shift, Half, OutWidth, BELOW, SatHi, (LEAST != 0 ? 0 : Lo), Hi> above_t;
  typedef requant<InWidth + NegUp, InSigned, NegShift, 0, OutWidth, 1, 1, (NegLo < 0 ? NegLo : 0), 0> below_t;

  template <class O, class A> static lanes<O, Lanes> of(const lanes<A, Lanes>& in) {
    lanes<O, Lanes> out;
    HWG_UNROLL
    for (int i = 0; i < Lanes; ++i) {
      HWG_UNROLL_BODY
      const si<InWidth + 1> x = si<InWidth + 1>(in.at[i]);
      const bool negative = Leaky != 0 && x < si<InWidth + 1>(0);
      const si<OutWidth + 1> above = above_t::of(shl_s<InWidth + Up + 1, Up>(x));
      const si<OutWidth + 1> below = below_t::of(shl_s<InWidth + NegUp + 1, NegUp>(x));
      out.at[i] = O(negative ? below : above);
    }
    return out;
  }
};

}  // namespace hwg

#endif
