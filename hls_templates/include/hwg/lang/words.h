// SPDX-License-Identifier: Apache-2.0
/// Words of a stream: elements that travel side by side, the first in the lowest bits.
#ifndef HWG_LANG_WORDS_H
#define HWG_LANG_WORDS_H

#include "int.h"
#include "pragmas.h"

namespace hwg {

template <class T, int N> struct lanes {
  T at[unsigned(N)];
};

// The elements of an array as the words of a stream, N elements a word; and back.
template <int WORDS, class T, int N, class A, class S> inline void to_words(const A* from, S& to) {
  for (int w = 0; w < WORDS; ++w) {
    HWG_PIPELINE_LOOP
    lanes<T, N> word;
    for (int i = 0; i < N; ++i) word.at[i] = T(from[w * N + i]);
    to.write(word);
  }
}
template <int WORDS, class T, int N, class A, class S> inline void from_words(S& from, A* to) {
  for (int w = 0; w < WORDS; ++w) {
    HWG_PIPELINE_LOOP
    const lanes<T, N> word = from.read();
    for (int i = 0; i < N; ++i) to[w * N + i] = A(word.at[i]);
  }
}

}  // namespace hwg

#endif
