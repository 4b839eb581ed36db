// SPDX-License-Identifier: Apache-2.0
/// Gives every word of a stream to two sinks; twin of hwg_fork.
///
/// Function:   of() takes Count words and gives each to both sinks
/// Parameters: Sinks as of hwg_fork, here 2: a process may write to two streams
#ifndef HWG_FORK_H
#define HWG_FORK_H

#include "lang/pragmas.h"

namespace hwg {

template <int Sinks, int Count> struct fork {
  static_assert(Sinks == 2 && Count >= 1, "two sinks, and Count >= 1");

  template <class W, class I, class O> static void of(I& in, O& first, O& second) {
    for (int n = 0; n < Count; ++n) {
      HWG_PIPELINE_LOOP
      const W word = in.read();
      first.write(word);
      second.write(word);
    }
  }
};

}  // namespace hwg

#endif
