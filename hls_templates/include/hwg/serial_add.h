// SPDX-License-Identifier: Apache-2.0
/// Adds two numbers, Digit bits a step, least significant first; twin of hwg_serial_add.
///
/// Function:   a + b + Start, or a - b + Start - 1 where Sub is 1, modulo 2**(Digit * steps)
/// Parameters: as of hwg_serial_add; the constant that its gate puts into an operand is the start of
///             that operand's line (serial_delay.h)
#ifndef HWG_SERIAL_ADD_H
#define HWG_SERIAL_ADD_H

#include "lang/int.h"

namespace hwg {

template <int Digit, int Sub, int Start> struct serial_add {
  static_assert(Digit >= 1 && Sub >= 0 && Sub <= 1 && Start >= 0 && Start <= 1, "Digit >= 1, Sub and Start 0 or 1");
  ui<1> carry;

  serial_add() : carry(Start) {}

  ui<Digit> of(const ui<Digit>& a, const ui<Digit>& b) {
    const ui<Digit> ones = ui<Digit>((1LL << Digit) - 1);
    const ui<Digit> y = Sub != 0 ? ui<Digit>(ones - b) : b;
    const ui<Digit + 1> total = ui<Digit + 1>(a + y + carry);
    carry = bits<Digit, 1>(total);
    return bits<0, Digit>(total);
  }
};

}  // namespace hwg

#endif
