// SPDX-License-Identifier: Apache-2.0
/// Walks over the values of blocks, from the last to the first, and strings their codes together; twin of
/// hwg_codec_entropy_encode.
///
/// Covers:     hwg_codec_tans_encode, hwg_codec_huffman_encode, hwg_codec_pack, hwg_codec_interleave,
///             hwg_codec_table
/// Function:   of() takes the coded values of a block and their contexts; channel c goes to string c mod 4.
///             Then size() of a string is told in words of 16 bits, and word() gives one
/// Parameters: Coder 0 Huffman, 1 tANS; Bits and Values as of hwg_codec_encode. Symbols are 512 words, at
///             context*32 + token: Huffman length (15:12) and code (11:0, first bit lowest); tANS bits
///             (19:16; 0: none, use the escape), limit - 256 (15:8), start (7:0). States are 4096 of
///             tANS, at context*256 + ((start + (state >> bits)) mod 256)
/// Notes:      A string is put together from its end: its words stand from the end on, what is left over
///             is its beginning. Of a string that is longer than a stored block the rest is lost, for
///             it will not be taken.
#ifndef HWG_CODEC_ENTROPY_ENCODE_H
#define HWG_CODEC_ENTROPY_ENCODE_H

#include "codec_token.h"
#include "lang/codec.h"

namespace hwg {

template <int Coder, int Bits, int Values> struct codec_entropy_encode {
  static_assert(Coder >= 0 && Coder <= 1 && Bits >= 1 && Bits <= 15 - Coder, "Coder 0 or 1, Bits 1 to 15, 14 for tANS");
  enum { WORDS = (Values * Bits + 15) / 16 + 3 };
  ui<16> words[unsigned(CODEC_THREADS)][unsigned(WORDS)];  // the last of a string first
  int full[unsigned(CODEC_THREADS)];                       // words
  unsigned long long held[unsigned(CODEC_THREADS)];        // the beginning, not a whole word yet
  int count[unsigned(CODEC_THREADS)];                      // bits of it

  template <class V, class C, class A, class B>
  void of(const V* coded, const C* contexts, const codec_shape& shape, const A* Symbols, const B* States) {
    int state[unsigned(CODEC_THREADS)];
    for (int t = 0; t < CODEC_THREADS; ++t) {
      full[t] = count[t] = 0;
      held[t] = 0;
      state[t] = CODEC_STATES;
    }
    const int values = shape.height * shape.width * shape.channels;
    int channel = shape.channels - 1;
    for (int n = 0; n < Values; ++n) {
      HWG_PIPELINE_LOOP
      if (n < values) {
        const int at = values - 1 - n;
        const int thread = channel % CODEC_THREADS;
        const codec_token<Bits> split = codec_token<Bits>::of(small(coded[at]));
        const int context = small(contexts[at]);
        put(thread, split.raw, split.width);
        const int symbol = small(Symbols[context * CODEC_TOKENS + split.token]);
        if (Coder == 0) {
          put(thread, symbol & 0xfff, symbol >> 12);
        } else {
          const bool escaped = symbol >> 16 == 0;
          if (escaped) put(thread, split.token, CODEC_ESCAPE_BITS);
          const int used = escaped ? small(Symbols[context * CODEC_TOKENS + CODEC_ESCAPE]) : symbol;
          const int limit = CODEC_STATES + ((used >> 8) & 255);
          const int take = (used >> 16) - (state[thread] >= limit ? 0 : 1);
          put(thread, state[thread] & ((1 << take) - 1), take);
          const int place = ((used & 255) + (state[thread] >> take)) % CODEC_STATES;
          state[thread] = CODEC_STATES + small(States[context * CODEC_STATES + place]);
        }
        channel = channel == 0 ? shape.channels - 1 : channel - 1;
      }
    }
    for (int t = 0; t < CODEC_THREADS; ++t) {
      if (Coder != 0 && t < shape.channels) put(t, state[t] - CODEC_STATES, 8);
    }
  }

  int size(int thread) const { return full[thread] + (count[thread] != 0 ? 1 : 0); }

  unsigned word(int thread, int place) const {
    const int left = count[thread];
    const int next = full[thread] - 1 - place;
    const unsigned above = next >= 0 ? unsigned(small(words[thread][next])) : 0u;
    if (left == 0) return above;
    const unsigned below = place == 0 ? unsigned(held[thread]) : unsigned(small(words[thread][next + 1])) >> (16 - left);
    return (below | above << left) & 0xffffu;
  }

 private:
  // Puts bits in front of a string.
  void put(int thread, int bits, int width) {
    held[thread] = held[thread] << width | static_cast<unsigned long long>(bits);
    count[thread] += width;
    if (count[thread] >= 16) {
      count[thread] -= 16;
      const int place = full[thread] < WORDS ? full[thread] : int(WORDS) - 1;
      words[thread][place] = ui<16>(int(held[thread] >> count[thread]));
      held[thread] = held[thread] & ((1ULL << count[thread]) - 1);
      ++full[thread];
    }
  }
};

}  // namespace hwg

#endif
