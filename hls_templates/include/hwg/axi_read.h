// SPDX-License-Identifier: Apache-2.0
/// Reads neighbouring words of memory; twin of hwg_axi_read.
///
/// Function:   of() reads *count* words from *at* on, and gives them in order
/// Parameters: Most: words of one command
/// Notes:      A loop that reads a word a turn, which an HLS tool makes bursts of; they end at 4 KiB by
///             its own bus adapter.
#ifndef HWG_AXI_READ_H
#define HWG_AXI_READ_H

#include "lang/int.h"
#include "lang/pragmas.h"

namespace hwg {

template <int Most> struct axi_read {
  static_assert(Most >= 1, "Most must be >= 1");

  template <class M, class W> static void of(const M* memory, int at, int count, W* words) {
    for (int n = 0; n < Most; ++n) {
      HWG_PIPELINE_LOOP
      if (n < count) words[n] = W(memory[at + n]);
    }
  }
};

}  // namespace hwg

#endif
