// SPDX-License-Identifier: Apache-2.0
/// AXI-Stream frames of one sample: their sizes, elements in containers of bytes, and the rest of a frame
/// that is too long.
#ifndef HWG_LANG_FRAME_H
#define HWG_LANG_FRAME_H

#include "pragmas.h"
#include "stream.h"

namespace hwg {

// Sizes of a frame of Count elements, each in the low bits of a Container, over beats of DataWidth bits.
template <int DataWidth, int Container, int Width, int Count> struct frame {
  static_assert(DataWidth >= 8 && DataWidth % 8 == 0, "DataWidth must be a multiple of 8");
  static_assert(Container >= 8 && Container % 8 == 0, "Container must be a multiple of 8");
  static_assert(Width >= 1 && Width <= Container && Count >= 1, "1 <= Width <= Container, Count >= 1");
  enum {
    SIZE = Container / 8,        // bytes of an element
    BYTES = SIZE * Count,        // of a sample
    BEAT_BYTES = DataWidth / 8,  // of a beat
    BEATS = (int(BYTES) + int(BEAT_BYTES) - 1) / int(BEAT_BYTES)
  };
};

// The element in the lowest bytes of a container; and an element extended to BYTES bytes, the lowest first.
template <class T, int WIDTH, int SIGNED> inline T from_bytes(const ui<8>* bytes) {
  ui<(WIDTH + 7) / 8 * 8> code = ui<(WIDTH + 7) / 8 * 8>(0);
  HWG_UNROLL
  for (int k = 0; k < (WIDTH + 7) / 8; ++k) {
    HWG_UNROLL_BODY
    code = ui<(WIDTH + 7) / 8 * 8>(code + shl_by<(WIDTH + 7) / 8 * 8>(bytes[k], 8 * k));
  }
  return element<T, WIDTH, SIGNED>(bits<0, WIDTH>(code));
}
template <int BYTES, class T> inline void to_bytes(const T& from, ui<8>* bytes) {
  const si<BYTES * 8 + 1> code = si<BYTES * 8 + 1>(from);
  HWG_UNROLL
  for (int k = 0; k < BYTES; ++k) {
    HWG_UNROLL_BODY
    bytes[k] = low_byte(code, 8 * k);
  }
}

// Reads a frame to its end, the loop without a bound.
template <int DataWidth, class S> inline void drop_rest(S& in, bool last) {
  while (!last) {
    HWG_PIPELINE_LOOP
    const beat<DataWidth> word = in.read();
    last = word.last != 0;
  }
}

}  // namespace hwg

#endif
