// SPDX-License-Identifier: Apache-2.0
/// Brings quantised coefficients back to their size; twin of hwg_codec_dequantise.
///
/// Function:   q * step, saturated to 24 bits, in 1/64
/// Parameters: none
#ifndef HWG_CODEC_DEQUANTISE_H
#define HWG_CODEC_DEQUANTISE_H

#include "codec_round.h"

namespace hwg {

struct codec_dequantise {
  static int of(int quantised, int step) {
    return codec_round<24>::saturated(static_cast<long long>(quantised) * step);
  }
};

}  // namespace hwg

#endif
