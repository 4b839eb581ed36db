// SPDX-License-Identifier: Apache-2.0
/// Puts the digits of a word together, the lowest first; twin of hwg_serial_pack.
///
/// Function:   take() takes Digit bits, Digits times; then word() gives the number of the lowest Width
///             bits, two's complement where Signed is 1
/// Parameters: as of hwg_serial_pack, of one number
#ifndef HWG_SERIAL_PACK_H
#define HWG_SERIAL_PACK_H

#include "lang/int.h"

namespace hwg {

template <int Digit, int Digits> struct serial_pack {
  static_assert(Digit >= 1 && Digits >= 1, "Digit and Digits must be >= 1");
  enum { HELD = Digit * Digits };
  ui<HELD> held;

  serial_pack() : held(0) {}

  void take(const ui<Digit>& digit) {
    const ui<HELD + Digit> longer = ui<HELD + Digit>(held + shl_u<HELD + Digit, HELD>(digit));
    held = bits<Digit, HELD>(longer);
  }

  template <class T, int Width, int Signed> T word() const {
    static_assert(Width <= int(HELD), "a word is no wider than its digits");
    return element<T, Width, Signed>(bits<0, Width>(held));
  }
};

}  // namespace hwg

#endif
