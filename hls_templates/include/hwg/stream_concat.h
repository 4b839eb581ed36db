// SPDX-License-Identifier: Apache-2.0
/// Concatenates two streams: some words of the first, some of the second, again and again; twin of
/// hwg_stream_concat.
///
/// Function:   in each of Rounds rounds First words of one leave, then Second words of the other
/// Parameters: Sources as of hwg_stream_concat, here 2: more are two after two; First and Second are its
///             Counts
#ifndef HWG_STREAM_CONCAT_H
#define HWG_STREAM_CONCAT_H

#include "lang/pragmas.h"

namespace hwg {

template <int Sources, int Width, int First, int Second, int Rounds> struct stream_concat {
  static_assert(Sources == 2 && First >= 1 && Second >= 1 && Rounds >= 1, "two sources, and counts >= 1");

  template <class W, class I, class O> static void of(I& one, I& other, O& out) {
    for (int round = 0; round < Rounds; ++round)
      for (int n = 0; n < First + Second; ++n) {
        HWG_PIPELINE_LOOP
        if (n < First) {
          out.write(one.read());
        } else {
          out.write(other.read());
        }
      }
  }
};

}  // namespace hwg

#endif
