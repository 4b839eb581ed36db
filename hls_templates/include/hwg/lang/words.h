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

// The first elements of an array, at most MOST, as the words of a stream: zeros behind the last, and all of
// them zeros unless they are good; and back.
template <int MOST, class T, int N, class A, class S>
inline void block_to_words(const A* from, int count, bool good, S& to) {
  for (int w = 0; w < (MOST + N - 1) / N; ++w) {
    HWG_PIPELINE_LOOP
    if (w * N < count) {
      lanes<T, N> word;
      HWG_UNROLL
      for (int i = 0; i < N; ++i) {
        HWG_UNROLL_BODY
        const int at = w * N + i;
        word.at[i] = good && at < count ? T(from[at < MOST ? at : 0]) : T(0);
      }
      to.write(word);
    }
  }
}
template <int MOST, class T, int N, class A, class S> inline void words_to_block(S& from, int count, A* to) {
  for (int w = 0; w < (MOST + N - 1) / N; ++w) {
    HWG_PIPELINE_LOOP
    if (w * N < count) {
      const lanes<T, N> word = from.read();
      HWG_UNROLL
      for (int i = 0; i < N; ++i) {
        HWG_UNROLL_BODY
        if (w * N + i < count) to[w * N + i] = A(word.at[i]);
      }
    }
  }
}

}  // namespace hwg

#endif
