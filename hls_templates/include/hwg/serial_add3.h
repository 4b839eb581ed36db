// SPDX-License-Identifier: Apache-2.0
/// Adds three numbers, Digit bits a step, least significant first; twin of hwg_serial_add3.
///
/// Function:   a + b + c + Start, minus one and twice the operand for every operand whose bit of Sub is
///             1 (bit 0: a), modulo 2**(Digit * steps)
/// Parameters: as of hwg_serial_add3; the constant that its gate puts into an operand is the start of
///             that operand's line (serial_delay.h)
#ifndef HWG_SERIAL_ADD3_H
#define HWG_SERIAL_ADD3_H

#include "lang/int.h"

namespace hwg {

template <int Digit, int Sub, int Start> struct serial_add3 {
  static_assert(Digit >= 1 && Sub >= 0 && Sub <= 7 && Start >= 0 && Start <= 2, "Digit >= 1, Sub 0 to 7, Start 0 to 2");
  ui<2> carry;

  serial_add3() : carry(Start) {}

  ui<Digit> of(const ui<Digit>& a, const ui<Digit>& b, const ui<Digit>& c) {
    const ui<Digit> ones = ui<Digit>((1LL << Digit) - 1);
    const ui<Digit> x = (Sub & 1) != 0 ? ui<Digit>(ones - a) : a;
    const ui<Digit> y = (Sub & 2) != 0 ? ui<Digit>(ones - b) : b;
    const ui<Digit> z = (Sub & 4) != 0 ? ui<Digit>(ones - c) : c;
    const ui<Digit + 1> pair = ui<Digit + 1>(x + y);
    const ui<Digit + 1> rest = ui<Digit + 1>(z + carry);
    const ui<Digit + 2> total = ui<Digit + 2>(pair + rest);
    carry = bits<Digit, 2>(total);
    return bits<0, Digit>(total);
  }
};

}  // namespace hwg

#endif
