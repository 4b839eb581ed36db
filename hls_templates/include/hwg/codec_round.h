// SPDX-License-Identifier: Apache-2.0
/// Divides by a power of two, rounds half up and saturates; twin of hwg_codec_round.
///
/// Function:   of() is (value + 2**(shift - 1)) >> shift, the nearest number of Bits bits, two's
///             complement; shift 0 saturates alone
/// Parameters: Bits: of the result
#ifndef HWG_CODEC_ROUND_H
#define HWG_CODEC_ROUND_H

#include "lang/codec.h"

namespace hwg {

template <int Bits> struct codec_round {
  static_assert(Bits >= 1 && Bits <= 31, "Bits must be 1 to 31");

  static int saturated(long long value) {
    const long long top = (1LL << (Bits - 1)) - 1;
    return int(value > top ? top : value < -top - 1 ? -top - 1 : value);
  }
  static int of(long long value, int shift) { return saturated((value + ((1LL << shift) >> 1)) >> shift); }
};

}  // namespace hwg

#endif
