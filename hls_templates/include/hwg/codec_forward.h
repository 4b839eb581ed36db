// SPDX-License-Identifier: Apache-2.0
/// Turns the values of a block into quantised coefficients; twin of hwg_codec_forward.
///
/// Covers:     hwg_codec_patch, hwg_codec_spatial, hwg_codec_patch_scan, hwg_codec_extent, hwg_codec_blocks
/// Function:   of() takes the values of a block of pixels in scan order (y, x, c; c fastest), its channels
///             those of the KLT's inputs, and gives its coefficients in scan order. Equal to
///             hwgen.codec.transform.Transform.forward on the order of hwgen.codec.block_scan
/// Parameters: Values of a block of coefficients, at most. Matrices are 64 entries a group of channels,
///             Means eight; *first* is the number of the block's first channel
/// Notes:      Rows and columns that a patch lacks at the map's edge are repeated.
#ifndef HWG_CODEC_FORWARD_H
#define HWG_CODEC_FORWARD_H

#include "codec_butterfly.h"
#include "codec_mix.h"
#include "codec_quantise.h"
#include "lang/transform.h"

namespace hwg {

template <int Values> struct codec_forward {
  static_assert(Values >= 16, "Values must be >= 16");

  template <class V, class M, class N, class C>
  static void of(const V* values, const codec_pixels& block, int first, const codec_transform& set, const M* Matrices,
                 const N* Means, C* coefficients) {
    const int side = codec_butterfly::side(set.kind);
    const int rows = block.height, columns = block.width, channels = block.channels;
    const int high = (rows + side - 1) / side, wide = (columns + side - 1) / side;
    si<16> plane[unsigned(Values)];  // 16 bits a value, then mixed
    si<16> mixed[unsigned(Values)];
    si<20> along[unsigned(Values)];  // transformed along the rows: (y, patch, channel, j)
    for (int n = 0; n < Values; ++n) {
      HWG_PIPELINE_LOOP
      if (n < rows * columns * channels) plane[n] = si<16>(codec_round<16>::of(small(values[n]), set.down));
    }
    for (int n = 0; n < Values; ++n) {
      HWG_PIPELINE_LOOP
      if (n < rows * columns * channels) {
        const int group = first + n % channels / 8 * 8;
        const int own = n / 8 * 8;
        mixed[n] = !set.klt ? plane[n]
                            : si<16>(codec_mix::forward(plane + own, n % 8, Matrices + 8 * group, Means + group));
      }
    }
    for (int n = 0; n < Values; ++n) {
      HWG_PIPELINE_LOOP
      if (n < rows * wide * channels * side) {
        const int j = n % side, c = n / side % channels, x = n / side / channels % wide, y = n / side / channels / wide;
        int taken[4];
        HWG_UNROLL
        for (int b = 0; b < 4; ++b) {
          HWG_UNROLL_BODY
          const int at = x * side + (b < side ? b : 0);
          taken[b] = small(mixed[(y * columns + (at < columns ? at : columns - 1)) * channels + c]);
        }
        along[n] = si<20>(codec_butterfly::forward(set.kind, j, taken[0], taken[1], taken[2], taken[3]));
      }
    }
    for (int n = 0; n < Values; ++n) {
      HWG_PIPELINE_LOOP
      if (n < high * wide * channels * side * side) {
        const int j = n % side, i = n / side % side, c = n / side / side % channels;
        const int x = n / side / side / channels % wide, y = n / side / side / channels / wide;
        int taken[4];
        HWG_UNROLL
        for (int a = 0; a < 4; ++a) {
          HWG_UNROLL_BODY
          const int at = y * side + (a < side ? a : 0);
          const int row = at < rows ? at : rows - 1;
          taken[a] = small(along[((row * wide + x) * channels + c) * side + j]);
        }
        const int value = codec_butterfly::forward(set.kind, i, taken[0], taken[1], taken[2], taken[3]);
        const int scale = set.scales[codec_class(set.kind, i, j)];
        coefficients[n] = C(codec_quantise::of(value, scale, set.shift, set.bits, set.is_signed));
      }
    }
  }
};

}  // namespace hwg

#endif
