// SPDX-License-Identifier: Apache-2.0
/// Splits a coded value into its token and raw bits; twin of hwg_codec_token.
///
/// Function:   below 8 the value is the token; from there on, with n the place of the leading one, the
///             token is 8 + 2(n - 3) + the next bit, and the low n - 1 bits are raw
/// Parameters: Bits of a value, at most 15
#ifndef HWG_CODEC_TOKEN_H
#define HWG_CODEC_TOKEN_H

#include "lang/codec.h"

namespace hwg {

template <int Bits> struct codec_token {
  static_assert(Bits >= 1 && Bits <= 15, "Bits must be 1 to 15");
  int token, raw, width;

  static codec_token of(int coded) {
    int n = 0;
    HWG_UNROLL
    for (int i = 0; i < Bits; ++i) {
      HWG_UNROLL_BODY
      if (((coded >> i) & 1) != 0) n = i;
    }
    codec_token made;
    const bool direct = coded < CODEC_DIRECT;
    made.width = direct ? 0 : n - 1;
    made.token = direct ? coded : CODEC_DIRECT + 2 * (n - 3) + ((coded >> made.width) & 1);
    made.raw = coded & ((1 << made.width) - 1);
    return made;
  }
};

}  // namespace hwg

#endif
