// SPDX-License-Identifier: Apache-2.0
/// Finds a code word: by its length, the first whose last code is not below what is read; twin of
/// hwg_codec_huffman_decode.
///
/// Function:   of() takes 16 bits, the first lowest, and a context; it tells the token, and the length of
///             its code
/// Parameters: none. Limits are 192 words, at context*12 + length - 1: the last code of this length or a
///             shorter one, extended by ones, and a bit above (15) that tells that there is one. Offsets
///             are 192 words of 5 bits likewise, Ranks 512 tokens at context*32 + (code + offset) mod 32
///             (hwgen.codec.huffman.decoder_row)
#ifndef HWG_CODEC_HUFFMAN_DECODE_H
#define HWG_CODEC_HUFFMAN_DECODE_H

#include "lang/codec.h"

namespace hwg {

struct codec_huffman_decode {
  enum { LONGEST = 12 };
  int token, length;

  template <class L, class O, class R>
  static codec_huffman_decode of(int bits, int context, const L* Limits, const O* Offsets, const R* Ranks) {
    codec_huffman_decode made;
    made.token = made.length = 0;
    int code = 0;
    HWG_UNROLL
    for (int n = 0; n < LONGEST; ++n) {
      HWG_UNROLL_BODY
      code = 2 * code + ((bits >> n) & 1);
      const int limit = small(Limits[context * LONGEST + n]);
      if (made.length == 0 && limit >> 15 != 0 && (limit & 0xfff) >= code) {
        const int rank = (code + small(Offsets[context * LONGEST + n])) % CODEC_TOKENS;
        made.token = small(Ranks[context * CODEC_TOKENS + rank]);
        made.length = n + 1;
      }
    }
    return made;
  }
};

}  // namespace hwg

#endif
