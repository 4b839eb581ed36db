// SPDX-License-Identifier: Apache-2.0
/// Decodes a block, and tells what is wrong with it; twin of hwg_codec_decode in strict mode.
///
/// Covers:     hwg_codec_decode_lane, hwg_codec_block_parse, hwg_codec_block_buffer, hwg_codec_verdict,
///             hwg_codec_bundle
/// Function:   of() takes the words of a block and gives its values in scan order, or zeros and a fault.
///             Equal to hwgen.codec.block.decode_block
/// Parameters: Coder, Bits, Weighted as of hwg_codec_decode; Values of a block, at most. Tables as of
///             codec_huffman_decode.h (three) or codec_tans_decode.h (States alone)
/// Notes:      A block is judged when all of it is decoded, so that no wrong value ever leaves.
#ifndef HWG_CODEC_DECODE_H
#define HWG_CODEC_DECODE_H

#include "codec_context.h"
#include "codec_crc.h"
#include "codec_huffman_decode.h"
#include "codec_tans_decode.h"
#include "codec_window.h"

namespace hwg {

// Tables of a decoder; those of the other coder may be anything.
template <class L, class O, class R, class S, class W> struct codec_tables {
  const L* limits;
  const O* offsets;
  const R* ranks;
  const S* states;
  const W* weights;
};

template <int Coder, int Bits, int Weighted, int Values> struct codec_decode {
  static_assert(Coder >= 0 && Coder <= 1 && Bits >= 1 && Bits <= 15, "Coder 0 or 1, Bits 1 to 15");
  enum { HALVES = 4096, WORDS = 1026 };  // of a payload; of a block, in words of 64 bits

  template <class M, class T, class V>
  static int of(const M* block, int size, bool exact, const codec_shape& shape, const codec_format& format, unsigned number,
                const T& tables, V* values) {
    const int count = shape.height * shape.width * shape.channels;
    codec_window<HALVES> window;
    unsigned header[4];
    for (int n = 0; n < 4; ++n) header[n] = size > 0 ? half_of(block[0], n) : 0u;
    const int payload = int(header[0] >> 8 | (header[1] & 15u) << 8);
    const int a = int(header[1] >> 4), b = int(header[2] & 0xfffu), c = int(header[2] >> 12 | (header[3] & 255u) << 4);
    int fault = FAULT_NONE;
    const int needed = (4 + payload + 2 + 3) / 4;
    if (size < needed || (exact && size != needed)) fault = FAULT_LEN;
    unsigned crc = ~(number ^ format.key);
    unsigned stored = 0;
    for (int n = 0; n < 4 * WORDS; ++n) {
      HWG_PIPELINE_LOOP
      if (fault == FAULT_NONE && n < 4 + payload + 2) {
        const unsigned half = half_of(block[n / 4], n % 4);
        if (n < 4 + payload) crc = codec_crc<16>::step(crc, half);
        if (n >= 4 && n < 4 + payload) window.words[n - 4] = ui<16>(int(half));
        if (n == 4 + payload) stored = half;
        if (n == 5 + payload) stored |= half << 16;
      }
    }
    for (int n = 0; n < HALVES + 2; ++n) {
      HWG_PIPELINE_LOOP
      if (fault != FAULT_NONE || n >= payload) window.words[n] = ui<16>(0);
    }
    const int mode = int(header[0] & 3u);
    const bool alike = int((header[0] >> 2) & 1u) == Coder && ((header[0] >> 3) & 1u) == (format.transformed ? 1u : 0u) &&
                       int((header[0] >> 4) & 15u) == format.set;
    if (fault == FAULT_NONE && (mode == MODE_RESERVED || !alike)) fault = FAULT_MODE;
    if (fault == FAULT_NONE && (header[3] >> 8) != (number & 255u)) fault = FAULT_SEQ;
    if (fault == FAULT_NONE && ~crc != stored) fault = FAULT_CRC;
    if (fault == FAULT_NONE) {
      const int raw = (count * format.bits + 15) / 16;
      const bool wrong = mode == MODE_ZERO ? payload != 0 : mode == MODE_RAW ? payload != raw : a + b + c > payload;
      if (wrong) fault = FAULT_LEN;
    }
    const int bounds[] = {0, 16 * a, 16 * (a + b), 16 * (a + b + c), 16 * payload};
    int state[unsigned(CODEC_THREADS)];
    for (int t = 0; t < CODEC_THREADS; ++t) {
      window.at[t] = mode == MODE_RAW ? 0 : bounds[t];
      window.end[t] = mode == MODE_RAW ? 16 * payload : bounds[t + 1];
      const bool begins = Coder != 0 && mode == MODE_CODED && fault == FAULT_NONE && t < shape.channels;
      state[t] = begins ? window.take(t, 8) : 0;
    }
    codec_context<Values, Weighted> around(shape);
    bool large = false;
    int channel = 0;
    for (int n = 0; n < Values; ++n) {
      HWG_PIPELINE_LOOP
      if (n < count && fault == FAULT_NONE && mode != MODE_ZERO) {
        int one = 0;
        if (mode == MODE_RAW) {
          one = window.take(0, format.bits);
        } else {
          const int thread = channel % CODEC_THREADS;
          one = coded(window, thread, state[thread], around.context(tables.weights), tables);
          around.put(codec_value::magnitude(one, format.zigzag));
          large = large || one >> format.bits != 0;
        }
        values[n] = V(codec_value::restored(one, format.zigzag));
        channel = channel + 1 == shape.channels ? 0 : channel + 1;
      }
    }
    if (fault == FAULT_NONE && mode == MODE_CODED) {
      bool open = large, ended = true;
      for (int t = 0; t < CODEC_THREADS; ++t) {
        open = open || window.over(t) || window.left(t) > 15;
        ended = ended && state[t] == 0;
      }
      fault = open ? int(FAULT_LEN) : ended ? int(FAULT_NONE) : int(FAULT_STATE);
    }
    for (int n = 0; n < Values; ++n) {
      HWG_PIPELINE_LOOP
      if (n < count && (fault != FAULT_NONE || mode == MODE_ZERO)) values[n] = V(0);
    }
    return fault;
  }

 private:
  template <class T>
  static int coded(codec_window<HALVES>& window, int thread, int& state, int context, const T& tables) {
    int token = 0;
    if (Coder == 0) {
      const codec_huffman_decode found = codec_huffman_decode::of(window.view(thread, 16), context, tables.limits,
                                                                  tables.offsets, tables.ranks);
      window.take(thread, found.length);
      token = found.token;
    } else {
      const codec_tans_decode found = codec_tans_decode::of(state, context, tables.states);
      state = (found.base + window.take(thread, found.bits)) & (CODEC_STATES - 1);
      token = found.token;
      if (token == CODEC_ESCAPE) token = window.take(thread, CODEC_ESCAPE_BITS);
    }
    return codec_value::joined(token, window.take(thread, codec_value::raw_width(token)));
  }
};

}  // namespace hwg

#endif
