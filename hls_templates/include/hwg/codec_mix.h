// SPDX-License-Identifier: Apache-2.0
/// Mixes eight channels by a matrix, forwards and back; twin of hwg_codec_mix.
///
/// Covers:     hwg_codec_klt8
/// Function:   forward() gives output n of a group: saturate16((sum over i of M[n][i] * (x[i] - mean[i]) +
///             64) >> 7). backward() gives saturate16(((sum over i of M[i][n] * y[i]) + 64 >> 7)
///             + mean[n])
/// Parameters: none; Matrix points to the 64 entries of the group, a row an output, Means to its eight
#ifndef HWG_CODEC_MIX_H
#define HWG_CODEC_MIX_H

#include "codec_round.h"
#include "lang/codec.h"

namespace hwg {

struct codec_mix {
  template <class X, class M, class N>
  static int forward(const X* x, int n, const M* Matrix, const N* Means) {
    int sum = 0;
    HWG_UNROLL
    for (int i = 0; i < 8; ++i) {
      HWG_UNROLL_BODY
      sum += small(Matrix[8 * n + i]) * (small(x[i]) - small(Means[i]));
    }
    return codec_round<16>::of(sum, 7);
  }

  template <class X, class M, class N>
  static int backward(const X* y, int n, const M* Matrix, const N* Means) {
    int sum = 0;
    HWG_UNROLL
    for (int i = 0; i < 8; ++i) {
      HWG_UNROLL_BODY
      sum += small(Matrix[8 * i + n]) * small(y[i]);
    }
    return codec_round<16>::saturated(((sum + 64) >> 7) + small(Means[n]));
  }
};

}  // namespace hwg

#endif
