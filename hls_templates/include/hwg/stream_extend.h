// SPDX-License-Identifier: Apache-2.0
/// Extends the elements of a word to more bits; twin of hwg_stream_extend.
///
/// Function:   the same numbers, as elements of a wider type
/// Parameters: as of hwg_stream_extend
#ifndef HWG_STREAM_EXTEND_H
#define HWG_STREAM_EXTEND_H

#include "lang/words.h"

namespace hwg {

template <int Lanes, int InWidth, int OutWidth, int Signed> struct stream_extend {
  static_assert(Lanes >= 1 && InWidth >= 1 && OutWidth >= InWidth, "Lanes, InWidth >= 1; OutWidth >= InWidth");

  template <class T, class F> static lanes<T, Lanes> of(const lanes<F, Lanes>& word) {
    lanes<T, Lanes> made;
    HWG_UNROLL
    for (int i = 0; i < Lanes; ++i) {
      HWG_UNROLL_BODY
      made.at[i] = T(word.at[i]);
    }
    return made;
  }
};

}  // namespace hwg

#endif
