// SPDX-License-Identifier: Apache-2.0
/// Sends a sample as the beats of an AXI-Stream frame; twin of hwg_axis_pack.
///
/// Function:   as of hwg_axis_pack: every element extended to a Container, the first in the lowest
///             bytes; last on the last beat, keep on the bytes of the sample; the bytes behind are zero
/// Parameters: as of hwg_axis_pack
#ifndef HWG_AXIS_PACK_H
#define HWG_AXIS_PACK_H

#include "lang/frame.h"

namespace hwg {

template <int DataWidth, int Container, int Width, int Signed, int Count> struct axis_pack {
  typedef frame<DataWidth, Container, Width, Count> frame_t;
  enum { BYTES = frame_t::BYTES, LANES = frame_t::BEAT_BYTES, BEATS = frame_t::BEATS };

  template <class T, class S> static void of(const T* in, S& out) {
    ui<8> bytes[BEATS * LANES];
    HWG_UNROLL
    for (int i = 0; i < BEATS * LANES; ++i) {
      HWG_UNROLL_BODY
      bytes[i] = ui<8>(0);
    }
    HWG_UNROLL
    for (int e = 0; e < Count; ++e) {
      HWG_UNROLL_BODY
      to_bytes<frame_t::SIZE>(in[e], bytes + e * frame_t::SIZE);
    }
    for (int b = 0; b < BEATS; ++b) {
      HWG_PIPELINE_LOOP
      beat<DataWidth> word;
      HWG_UNROLL
      for (int i = 0; i < LANES; ++i) {
        HWG_UNROLL_BODY
        set_byte(word, i, bytes[b * LANES + i]);
        set_kept(word, i, b * LANES + i < BYTES);
      }
      word.last = b == BEATS - 1;
      out.write(word);
    }
  }
};

}  // namespace hwg

#endif
