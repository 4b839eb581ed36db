// SPDX-License-Identifier: Apache-2.0
/// Collects the beats of an AXI-Stream frame into one sample; twin of hwg_axis_unpack.
///
/// Function:   as of hwg_axis_unpack: Count elements, each in the low bits of a Container, the first in
///             the lowest bytes. Tells whether the frame is good: last on beat BEATS - 1 exactly, and
///             every byte of the sample kept. The next frame begins behind its last.
/// Parameters: as of hwg_axis_unpack, and Signed: 1 where elements are two's complement
/// Notes:      A frame that is too long is read to its end: the loop without a bound.
#ifndef HWG_AXIS_UNPACK_H
#define HWG_AXIS_UNPACK_H

#include "lang/frame.h"

namespace hwg {

template <int DataWidth, int Container, int Width, int Signed, int Count> struct axis_unpack {
  typedef frame<DataWidth, Container, Width, Count> frame_t;
  enum { BYTES = frame_t::BYTES, LANES = frame_t::BEAT_BYTES, BEATS = frame_t::BEATS };

  template <class S, class T> static bool of(S& in, T* out) {
    ui<8> bytes[BEATS * LANES];
    bool good = true;
    bool last = false;
    for (int b = 0; b < BEATS; ++b) {
      HWG_PIPELINE_LOOP
      if (!last) {
        const beat<DataWidth> word = in.read();
        last = word.last != 0;
        good = good && last == (b == BEATS - 1);
        HWG_UNROLL
        for (int i = 0; i < LANES; ++i) {
          HWG_UNROLL_BODY
          bytes[b * LANES + i] = byte_of(word, i);
          good = good && (b * LANES + i >= BYTES || kept(word, i));
        }
      }
    }
    drop_rest<DataWidth>(in, last);
    if (good) {
      HWG_UNROLL
      for (int e = 0; e < Count; ++e) {
        HWG_UNROLL_BODY
        out[e] = from_bytes<T, Width, Signed>(bytes + e * frame_t::SIZE);
      }
    }
    return good;
  }
};

}  // namespace hwg

#endif
