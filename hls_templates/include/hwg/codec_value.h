// SPDX-License-Identifier: Apache-2.0
/// Puts a value together from its token and raw bits, and undoes the zig-zag; twin of hwg_codec_value.
///
/// Covers:     hwg_codec_magnitude
/// Function:   raw_width() of a token, joined() of token and raw bits, restored() of a coded value;
///             zigzag() is the way there, magnitude() what contexts look at
/// Parameters: none
#ifndef HWG_CODEC_VALUE_H
#define HWG_CODEC_VALUE_H

#include "lang/codec.h"

namespace hwg {

struct codec_value {
  static int raw_width(int token) { return token < CODEC_DIRECT ? 0 : (token - CODEC_DIRECT) / 2 + 2; }
  static int joined(int token, int raw) {
    return token < CODEC_DIRECT ? token : (2 + (token & 1)) * (1 << raw_width(token)) + raw;
  }
  static int restored(int coded, bool zigzagged) {
    return !zigzagged ? coded : (coded & 1) != 0 ? -(coded >> 1) - 1 : coded >> 1;
  }
  static int zigzag(int value, bool zigzagged) {
    return !zigzagged ? value : value < 0 ? -2 * value - 1 : 2 * value;
  }
  static int magnitude(int coded, bool zigzagged) {
    const int size = zigzagged ? (coded + 1) >> 1 : coded;
    return size < CODEC_CLIP ? size : int(CODEC_CLIP);
  }
};

}  // namespace hwg

#endif
