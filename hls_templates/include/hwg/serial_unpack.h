// SPDX-License-Identifier: Apache-2.0
/// Takes a word apart into digits, the lowest first; twin of hwg_serial_unpack.
///
/// Function:   next() gives Digit bits, then the next ones; behind the last bit the word goes on with its
///             sign, or with zeros
/// Parameters: as of hwg_serial_unpack, of one number
#ifndef HWG_SERIAL_UNPACK_H
#define HWG_SERIAL_UNPACK_H

#include "lang/int.h"

namespace hwg {

template <int Width, int Signed, int Digit> struct serial_unpack {
  static_assert(Width >= 1 && Digit >= 1 && Signed >= 0 && Signed <= 1, "Width and Digit must be >= 1");
  enum { HELD = (Width > Digit ? Width : Digit) + 1 };
  si<HELD> held;

  template <class T> explicit serial_unpack(const T& word) : held(si<HELD>(word)) {}

  ui<Digit> next() {
    const ui<Digit> digit = bits<0, Digit>(held);
    held = si<HELD>(held >> Digit);
    return digit;
  }
};

}  // namespace hwg

#endif
