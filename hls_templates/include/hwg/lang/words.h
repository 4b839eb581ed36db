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

}  // namespace hwg

#endif
