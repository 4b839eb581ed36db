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

#include "lang/pragmas.h"
#include "lang/stream.h"

namespace hwg {

template <int DataWidth, int Container, int Width, int Signed, int Count> struct axis_unpack {
  static_assert(DataWidth >= 8 && DataWidth % 8 == 0, "DataWidth must be a multiple of 8");
  static_assert(Container >= 8 && Container % 8 == 0, "Container must be a multiple of 8");
  static_assert(Width >= 1 && Width <= Container && Count >= 1, "1 <= Width <= Container, Count >= 1");
  enum {
    BYTES = Container / 8 * Count,  // of a sample
    LANES = DataWidth / 8,          // bytes of a beat
    BEATS = (int(BYTES) + int(LANES) - 1) / int(LANES),
    USED = (Width + 7) / 8  // bytes of a container that are read
  };

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
    while (!last) {
      HWG_PIPELINE_LOOP
      const beat<DataWidth> word = in.read();
      last = word.last != 0;
    }
    if (good) {
      HWG_UNROLL
      for (int e = 0; e < Count; ++e) {
        HWG_UNROLL_BODY
        ui<USED * 8> word = ui<USED * 8>(0);
        HWG_UNROLL
        for (int k = 0; k < USED; ++k) {
          HWG_UNROLL_BODY
          word = ui<USED * 8>(word + shl_by<USED * 8>(bytes[e * (Container / 8) + k], 8 * k));
        }
        out[e] = element<T, Width, Signed>(bits<0, Width>(word));
      }
    }
    return good;
  }
};

}  // namespace hwg

#endif
