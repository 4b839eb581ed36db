// SPDX-License-Identifier: Apache-2.0
/// Replaces every lane of a word by the constant of the interval it falls into; twin of
/// hwg_stream_thresholds.
///
/// Function:   for channel c = turn*Lanes + lane: Values[c][count of thresholds of c that are <= in]
/// Parameters: as of hwg_stream_thresholds; a channel has 2**Levels - 1 thresholds in the array
///             Thresholds, one channel after the other, and 2**Levels values.
#ifndef HWG_STREAM_THRESHOLDS_H
#define HWG_STREAM_THRESHOLDS_H

#include "lang/words.h"

namespace hwg {

template <int Lanes, int Turns, int Levels, int InWidth, int InSigned, int OutWidth, int ValueTurns>
struct stream_thresholds {
  static_assert(Lanes >= 1 && Turns >= 1 && Levels >= 1, "sizes must be >= 1");
  enum { COUNT = (1 << Levels) - 1 };

  template <class O, class A, class L, class V>
  static lanes<O, Lanes> of(const lanes<A, Lanes>& in, int turn, const L* Thresholds, const V* Values) {
    lanes<O, Lanes> out;
    HWG_UNROLL
    for (int i = 0; i < Lanes; ++i) {
      HWG_UNROLL_BODY
      const si<InWidth + 1> x = si<InWidth + 1>(in.at[i]);
      const int channel = turn * Lanes + i;
      const int valued = (ValueTurns == 1 ? 0 : turn) * Lanes + i;
      int found = 0;
      HWG_UNROLL
      for (int level = 0; level < Levels; ++level) {  // a comparison a level halves the range
        HWG_UNROLL_BODY
        const int half = 1 << (Levels - 1 - level);
        if (x >= si<InWidth + 1>(Thresholds[channel * COUNT + found + half - 1])) found += half;
      }
      out.at[i] = O(Values[valued * (COUNT + 1) + found]);
    }
    return out;
  }
};

}  // namespace hwg

#endif
