// SPDX-License-Identifier: Apache-2.0
/// Turns the quantised coefficients of a block back into values; twin of hwg_codec_inverse.
///
/// Function:   of() takes the coefficients of a block in scan order and gives the values of its pixels in
///             scan order (y, x, c; c fastest), its channels those of the KLT's inputs. Equal to
///             hwgen.codec.transform.Transform.inverse on the order of hwgen.codec.block_scan
/// Parameters: as of codec_forward.h
/// Notes:      Channels that only fill a group come out too.
#ifndef HWG_CODEC_INVERSE_H
#define HWG_CODEC_INVERSE_H

#include "codec_butterfly.h"
#include "codec_dequantise.h"
#include "codec_mix.h"
#include "lang/transform.h"

namespace hwg {

template <int Values> struct codec_inverse {
  static_assert(Values >= 16, "Values must be >= 16");

  template <class C, class M, class N, class V>
  static void of(const C* coefficients, const codec_pixels& block, int first, const codec_transform& set,
                 const M* Matrices, const N* Means, V* values) {
    const int side = codec_butterfly::side(set.kind);
    const int rows = block.height, columns = block.width, channels = block.channels;
    const int high = (rows + side - 1) / side, wide = (columns + side - 1) / side;
    si<28> along[unsigned(Values)];  // back along the columns of patches: (y, patch, channel, j)
    si<16> plane[unsigned(Values)];
    for (int n = 0; n < Values; ++n) {
      HWG_PIPELINE_LOOP
      if (n < high * side * wide * channels * side) {
        const int j = n % side, c = n / side % channels, x = n / side / channels % wide;
        const int row = n / side / channels / wide, y = row / side;
        int taken[4];
        HWG_UNROLL
        for (int i = 0; i < 4; ++i) {
          HWG_UNROLL_BODY
          const int at = i < side ? i : 0;
          const int place = (((y * wide + x) * channels + c) * side + at) * side + j;
          taken[i] = codec_dequantise::of(small(coefficients[place]), set.steps[codec_class(set.kind, at, j)]);
        }
        along[n] = si<28>(codec_butterfly::backward(set.kind, row % side, taken[0], taken[1], taken[2], taken[3]));
      }
    }
    for (int n = 0; n < Values; ++n) {
      HWG_PIPELINE_LOOP
      if (n < rows * columns * channels) {
        const int c = n % channels, column = n / channels % columns, row = n / channels / columns;
        const int x = column / side;
        int taken[4];
        HWG_UNROLL
        for (int j = 0; j < 4; ++j) {
          HWG_UNROLL_BODY
          taken[j] = small(along[((row * wide + x) * channels + c) * side + (j < side ? j : 0)]);
        }
        const int value = codec_butterfly::backward(set.kind, column % side, taken[0], taken[1], taken[2], taken[3]);
        plane[n] = si<16>(codec_round<16>::of(value, 6));
      }
    }
    for (int n = 0; n < Values; ++n) {
      HWG_PIPELINE_LOOP
      if (n < rows * columns * channels) {
        const int group = first + n % channels / 8 * 8;
        const int own = n / 8 * 8;
        const int mixed = !set.klt ? small(plane[n])
                                   : codec_mix::backward(plane + own, n % 8, Matrices + 8 * group, Means + group);
        const long long value = static_cast<long long>(mixed) * (1LL << set.down);
        values[n] = V(int(value > set.hi ? set.hi : value < set.lo ? set.lo : value));
      }
    }
  }
};

}  // namespace hwg

#endif
