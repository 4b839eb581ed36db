// SPDX-License-Identifier: Apache-2.0
/// Looks at the description of a tensor before an engine starts on it; twin of hwg_dma_descriptor_check.
///
/// Function:   good() tells whether the core can do what is described: sizes and slot are not 0, a block
///             has at most Values values, bits and set are the core's; good_map() of a transformed tensor:
///             and its kind is built, its KLT has no more groups than are built, patches and groups are not
///             divided by blocks, and its sizes are those that the map makes
/// Parameters: as of hwg_dma_descriptor_check; the coder is the caller's, and addresses are of words
#ifndef HWG_DMA_DESCRIPTOR_CHECK_H
#define HWG_DMA_DESCRIPTOR_CHECK_H

#include "codec_butterfly.h"
#include "lang/tensor.h"
#include "lang/transform.h"

namespace hwg {

template <int Bits, int Sets, int Values, int Kinds, int Groups> struct dma_descriptor_check {
  static_assert(Bits >= 1 && Bits <= 15 && Sets >= 1 && Sets <= 16, "Bits 1 to 15, Sets 1 to 16");
  static_assert(Values >= 1 && Values <= 4096, "Values must be 1 to 4096");

  static bool good(const dma_tensor& t) {
    const bool sized = t.height > 0 && t.width > 0 && t.channels > 0 && t.bh > 0 && t.bw > 0 && t.bc > 0;
    const long long area = static_cast<long long>(t.bh) * t.bw;
    const bool fits = area <= Values && area * t.bc <= Values;
    const bool known = t.format.bits >= 1 && t.format.bits <= Bits && t.format.set < Sets;
    return sized && fits && known && (!t.slotted || t.slot > 0);
  }

  static bool good_map(const dma_tensor& t, const codec_transform& set, int map_height, int map_width) {
    const int side = codec_butterfly::side(set.kind);
    const int unit = side * side * (set.klt ? 8 : 1);
    const bool built = set.kind == 0 || ((Kinds >> (set.kind - 1)) & 1) != 0;
    const bool groups = !set.klt || t.channels / (side * side) <= 8 * Groups;
    const bool whole = t.channels % unit == 0 && (t.bc % unit == 0 || t.bc >= t.channels);
    const bool alike = (map_height + side - 1) / side == t.height && (map_width + side - 1) / side == t.width;
    return good(t) && built && groups && whole && alike;
  }
};

}  // namespace hwg

#endif
