// SPDX-License-Identifier: Apache-2.0
/// Gives every word of a stream to several sinks; twin of hwg_fork.
///
/// Function:   of() takes Count words and gives each to every sink
/// Parameters: Sinks as of hwg_fork, here 2 to 4: more are forks behind a fork
#ifndef HWG_FORK_H
#define HWG_FORK_H

#include "lang/pragmas.h"

namespace hwg {

template <int Sinks, int Count> struct fork {
  static_assert(Sinks >= 2 && Sinks <= 4 && Count >= 1, "two to four sinks, and Count >= 1");

  template <class W, class I, class O> static void of(I& in, O& first, O& second) {
    for (int n = 0; n < Count; ++n) {
      HWG_PIPELINE_LOOP
      const W word = in.read();
      first.write(word);
      second.write(word);
    }
  }

  template <class W, class I, class O> static void of(I& in, O& first, O& second, O& third) {
    for (int n = 0; n < Count; ++n) {
      HWG_PIPELINE_LOOP
      const W word = in.read();
      first.write(word);
      second.write(word);
      third.write(word);
    }
  }

  template <class W, class I, class O> static void of(I& in, O& first, O& second, O& third, O& fourth) {
    for (int n = 0; n < Count; ++n) {
      HWG_PIPELINE_LOOP
      const W word = in.read();
      first.write(word);
      second.write(word);
      third.write(word);
      fourth.write(word);
    }
  }
};

}  // namespace hwg

#endif
