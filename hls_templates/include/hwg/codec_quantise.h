// SPDX-License-Identifier: Apache-2.0
/// Quantises coefficients; twin of hwg_codec_quantise.
///
/// Function:   sign(z) * ((|z| * scale + 2**(shift - 1)) >> shift), saturated to the bits of a coefficient
/// Parameters: none
#ifndef HWG_CODEC_QUANTISE_H
#define HWG_CODEC_QUANTISE_H

namespace hwg {

struct codec_quantise {
  static int of(int value, int scale, int shift, int bits, bool is_signed) {
    const long long size = value < 0 ? -static_cast<long long>(value) : static_cast<long long>(value);
    const long long steps = (size * scale + ((1LL << shift) >> 1)) >> shift;
    const long long top = (1LL << (is_signed ? bits - 1 : bits)) - 1;
    const long long low = is_signed ? -top - 1 : 0;
    const long long made = value < 0 ? -steps : steps;
    return int(made > top ? top : made < low ? low : made);
  }
};

}  // namespace hwg

#endif
