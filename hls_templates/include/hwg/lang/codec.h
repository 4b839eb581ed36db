// SPDX-License-Identifier: Apache-2.0
/// What the C++ of the feature-map coder has in common: sizes of the wire format, a tensor's format, a
/// block's shape, the checksum, a string of 16-bit halves that becomes words of 64 bits.
///
/// docs/bitstream.md of hwgen has the format. Small numbers are plain ints, which a tool narrows;
/// what is stored or leaves has its own width.
#ifndef HWG_LANG_CODEC_H
#define HWG_LANG_CODEC_H

#include "int.h"
#include "pragmas.h"

namespace hwg {

enum { CODEC_THREADS = 4, CODEC_CONTEXTS = 16, CODEC_TOKENS = 32, CODEC_STATES = 256, CODEC_WEIGHTS = 128 };
enum { CODEC_ESCAPE = 31, CODEC_ESCAPE_BITS = 5, CODEC_DIRECT = 8, CODEC_CLIP = 127 };
enum { MODE_RAW = 0, MODE_ZERO = 1, MODE_CODED = 2, MODE_RESERVED = 3 };
enum { FAULT_NONE = 0, FAULT_IDX = 1, FAULT_LEN = 2, FAULT_MODE = 3, FAULT_SEQ = 4, FAULT_CRC = 5, FAULT_STATE = 6,
       FAULT_OVF = 8 };

// What encoder and decoder both know of a tensor.
struct codec_format {
  int bits;          // of a value as it is coded
  bool zigzag;       // values are signed
  bool transformed;  // they are coefficients
  bool stored;       // nothing is coded
  int set;           // number of the tables
  unsigned key;      // enters every checksum
};

struct codec_shape {
  int height, width, channels;
};

// Number of a word as an int; of a plain integer too.
template <class T> inline int small(const T& x) { return int(number(x)); }

// 16 bits of a word of 64, counted from 0.
template <class T> inline unsigned half_of(const T& word, int place) {
  const unsigned long long whole = static_cast<unsigned long long>(number(word));
  return unsigned(whole >> (16 * place)) & 0xffffu;
}

// 16-bit halves, gathered four to a word; the first is the lowest.
struct codec_halves {
  unsigned held[4];
  int count;

  codec_halves() : count(0) {}

  template <class S> int put(unsigned half, S& out) {
    held[count] = half & 0xffffu;
    count = (count + 1) & 3;
    if (count != 0) return 0;
    const unsigned long long low = held[0] | static_cast<unsigned long long>(held[1]) << 16;
    const unsigned long long high = held[2] | static_cast<unsigned long long>(held[3]) << 16;
    out.write(ui<64>(low | high << 32));
    return 1;
  }
};

}  // namespace hwg

#endif
