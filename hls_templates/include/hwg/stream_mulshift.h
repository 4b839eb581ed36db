// SPDX-License-Identifier: Apache-2.0
/// Multiplies every lane by the factor of its channel, adds, shifts down and saturates; twin of
/// hwg_stream_mulshift.
///
/// Function:   for channel c = turn*Lanes + lane: clip((in * Factors[c] + Adds[c]) >> Shift, Lo, Hi),
///             where the shift rounds down
/// Parameters: as of hwg_stream_mulshift
#ifndef HWG_STREAM_MULSHIFT_H
#define HWG_STREAM_MULSHIFT_H

#include "lang/words.h"

namespace hwg {

template <int Lanes, int Turns, int InWidth, int InSigned, int FactorWidth, int SumWidth, int Shift, int OutWidth,
          int Dsp, long long Lo, long long Hi>
struct stream_mulshift {
  static_assert(Lanes >= 1 && Turns >= 1 && Shift >= 0 && Lo <= Hi, "sizes must be >= 1, Lo <= Hi");
  typedef si<SumWidth + 1> sum_t;

  template <class O, class A, class F, class G>
  static lanes<O, Lanes> of(const lanes<A, Lanes>& in, int turn, const F* Factors, const G* Adds) {
    lanes<O, Lanes> out;
    HWG_UNROLL
    for (int i = 0; i < Lanes; ++i) {
      HWG_UNROLL_BODY
      const int channel = turn * Lanes + i;
      const sum_t sum = sum_t(sum_t(in.at[i]) * sum_t(Factors[channel]) + sum_t(Adds[channel]));
      const sum_t down = sum_t(sum >> Shift);
      out.at[i] = O(down < sum_t(Lo) ? sum_t(Lo) : down > sum_t(Hi) ? sum_t(Hi) : down);
    }
    return out;
  }
};

}  // namespace hwg

#endif
