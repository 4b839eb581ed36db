// SPDX-License-Identifier: Apache-2.0
/// Sends a sample as the beats of an AXI-Stream frame; twin of hwg_axis_pack.
///
/// Function:   as of hwg_axis_pack: every element extended to a Container, the first in the lowest
///             bytes; last on the last beat, keep on the bytes of the sample; the bytes behind are zero
/// Parameters: as of hwg_axis_pack
#ifndef HWG_AXIS_PACK_H
#define HWG_AXIS_PACK_H

#include "lang/pragmas.h"
#include "lang/stream.h"

namespace hwg {

template <int DataWidth, int Container, int Width, int Signed, int Count> struct axis_pack {
  static_assert(DataWidth >= 8 && DataWidth % 8 == 0, "DataWidth must be a multiple of 8");
  static_assert(Container >= 8 && Container % 8 == 0, "Container must be a multiple of 8");
  static_assert(Width >= 1 && Width <= Container && Count >= 1, "1 <= Width <= Container, Count >= 1");
  enum {
    BYTES = Container / 8 * Count,
    LANES = DataWidth / 8,
    BEATS = (int(BYTES) + int(LANES) - 1) / int(LANES)
  };

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
      const si<Container + 1> word = si<Container + 1>(in[e]);
      HWG_UNROLL
      for (int k = 0; k < Container / 8; ++k) {
        HWG_UNROLL_BODY
        bytes[e * (Container / 8) + k] = low_byte(word, 8 * k);
      }
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
