// SPDX-License-Identifier: Apache-2.0
/// The CRC-32 of zlib and IEEE 802.3, Width bits a step; twin of hwg_codec_crc.
///
/// Function:   step() goes on with the lowest Width bits of a number, the lowest first; a checksum
///             begins with the complement of what it is continued from and ends with a complement
/// Parameters: as of hwg_codec_crc
#ifndef HWG_CODEC_CRC_H
#define HWG_CODEC_CRC_H

#include "lang/pragmas.h"

namespace hwg {

template <int Width> struct codec_crc {
  static_assert(Width >= 1 && Width <= 32, "Width must be 1 to 32");

  static unsigned step(unsigned crc, unsigned data) {
    unsigned made = crc;
    HWG_UNROLL
    for (int i = 0; i < Width; ++i) {
      HWG_UNROLL_BODY
      const unsigned bit = (made ^ (data >> i)) & 1u;
      made = (made >> 1) ^ (bit != 0 ? 0xedb88320u : 0u);
    }
    return made;
  }
};

}  // namespace hwg

#endif
