// SPDX-License-Identifier: Apache-2.0
/// A step of a tANS decoder of 256 states; twin of hwg_codec_tans_decode.
///
/// Function:   of() takes a state and a context and tells the token, the bits to read, and what they are
///             added to for the next state
/// Parameters: none. States are 4096 words at context*256 + state: token (16:12), bits (11:8), base (7:0)
#ifndef HWG_CODEC_TANS_DECODE_H
#define HWG_CODEC_TANS_DECODE_H

#include "lang/codec.h"

namespace hwg {

struct codec_tans_decode {
  int token, bits, base;

  template <class S> static codec_tans_decode of(int state, int context, const S* States) {
    const int word = small(States[context * CODEC_STATES + state]);
    codec_tans_decode made;
    made.token = word >> 12;
    made.bits = (word >> 8) & 15;
    made.base = word & 255;
    return made;
  }
};

}  // namespace hwg

#endif
