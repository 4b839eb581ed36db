// SPDX-License-Identifier: Apache-2.0
/// Writes neighbouring words of memory; twin of hwg_axi_write.
///
/// Function:   of() takes *count* words from a stream and writes them from *at* on; with *keep* false they
///             are taken and dropped
/// Parameters: Most: words of one command
/// Notes:      A loop that writes a word a turn, which an HLS tool makes bursts of; they end at 4 KiB by
///             its own bus adapter.
#ifndef HWG_AXI_WRITE_H
#define HWG_AXI_WRITE_H

#include "lang/int.h"
#include "lang/pragmas.h"

namespace hwg {

template <int Most> struct axi_write {
  static_assert(Most >= 1, "Most must be >= 1");

  template <class S, class M> static void of(S& in, int count, bool keep, M* memory, int at) {
    for (int n = 0; n < Most; ++n) {
      HWG_PIPELINE_LOOP
      if (n < count) {
        const M word = in.read();
        if (keep) memory[at + n] = word;
      }
    }
  }
};

}  // namespace hwg

#endif
