// SPDX-License-Identifier: Apache-2.0
/// Codes a block: header, payload, checksum, zeros up to 64 bits; twin of hwg_codec_encode.
///
/// Covers:     hwg_codec_encode_lane, hwg_codec_block_write, hwg_codec_raw, hwg_codec_gather
/// Function:   of() takes the values of a block in scan order and gives its words of 64 bits; it returns
///             how many they are. Equal to hwgen.codec.block.encode_block
/// Parameters: Coder, Bits, Weighted and Values as of hwg_codec_encode; tables as of
///             codec_entropy_encode.h; Weights are 128. The format's bits are at most Bits
#ifndef HWG_CODEC_ENCODE_H
#define HWG_CODEC_ENCODE_H

#include "codec_context.h"
#include "codec_crc.h"
#include "codec_entropy_encode.h"

namespace hwg {

template <int Coder, int Bits, int Weighted, int Values> struct codec_encode {
  enum { MOST = (Values * Bits + 15) / 16 };  // halves of a payload

  template <class V, class A, class B, class W, class S>
  static int of(const V* values, const codec_shape& shape, const codec_format& format, unsigned number, const A* Symbols,
                const B* States, const W* Weights, S& out) {
    ui<Bits> coded[unsigned(Values)];
    ui<4> contexts[unsigned(Values)];
    codec_context<Values, Weighted> around(shape);
    const int count = shape.height * shape.width * shape.channels;
    bool zero = true;
    for (int n = 0; n < Values; ++n) {
      HWG_PIPELINE_LOOP
      if (n < count) {
        const int one = codec_value::zigzag(small(values[n]), format.zigzag);
        coded[n] = ui<Bits>(one);
        contexts[n] = ui<4>(around.context(Weights));
        around.put(codec_value::magnitude(one, format.zigzag));
        zero = zero && one == 0;
      }
    }
    codec_entropy_encode<Coder, Bits, Values> strings;
    strings.of(coded, contexts, shape, Symbols, States);
    const int raw = (count * format.bits + 15) / 16;
    const int first = strings.size(0), second = strings.size(1), third = strings.size(2);
    const int all = first + second + third + strings.size(3);
    const int mode = zero ? int(MODE_ZERO) : format.stored || all >= raw ? int(MODE_RAW) : int(MODE_CODED);
    const int payload = mode == MODE_ZERO ? 0 : mode == MODE_RAW ? raw : all;
    const int a = mode == MODE_CODED ? first : 0, b = mode == MODE_CODED ? second : 0;
    const int c = mode == MODE_CODED ? third : 0;
    unsigned header[4];
    header[0] = unsigned(mode | Coder << 2 | (format.transformed ? 8 : 0) | format.set << 4 | (payload & 255) << 8);
    header[1] = unsigned(payload >> 8 | a << 4);
    header[2] = unsigned(b | (c & 15) << 12);
    header[3] = unsigned(c >> 4 | int(number & 255u) << 8);
    codec_halves halves;
    unsigned crc = ~(number ^ format.key);
    int words = 0;
    for (int n = 0; n < 4; ++n) {
      crc = codec_crc<16>::step(crc, header[n]);
      words += halves.put(header[n], out);
    }
    unsigned held = 0;  // of a stored block: bits that are no half yet
    int bits = 0, value = 0, thread = 0, place = 0;
    for (int n = 0; n < Values + MOST; ++n) {
      HWG_PIPELINE_LOOP
      unsigned half = 0;
      bool made = false;
      if (mode == MODE_CODED && 4 * words + halves.count < 4 + payload) {
        if (place == strings.size(thread)) {
          ++thread;
          place = 0;
        } else {
          half = strings.word(thread, place);
          ++place;
          made = true;
        }
      }
      if (mode == MODE_RAW && 4 * words + halves.count < 4 + payload) {
        if (bits < 16 && value < count) {
          held |= unsigned(small(coded[value])) << bits;
          bits += format.bits;
          ++value;
        }
        if (bits >= 16 || value == count) {
          half = held & 0xffffu;
          held >>= 16;
          bits = bits > 16 ? bits - 16 : 0;
          made = true;
        }
      }
      if (made) {
        crc = codec_crc<16>::step(crc, half);
        words += halves.put(half, out);
      }
    }
    words += halves.put(~crc, out);
    words += halves.put(~crc >> 16, out);
    for (int n = 0; n < 3; ++n) {
      if (halves.count != 0) words += halves.put(0u, out);
    }
    return words;
  }
};

}  // namespace hwg

#endif
