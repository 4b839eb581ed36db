// SPDX-License-Identifier: Apache-2.0
/// Keeps the last bits of a serial value, which a shift to the left reads; twin of hwg_serial_delay.
///
/// Function:   of() gives the digit of the value shifted to the left by Shift bits, from its own digit;
///             then next() moves on. What a shift brings in is the start of the line: zeros, or a
///             constant, which the RTL sets with a gate
/// Parameters: Digit as of hwg_serial_delay; Bits: that are kept, the longest shift
#ifndef HWG_SERIAL_DELAY_H
#define HWG_SERIAL_DELAY_H

#include "lang/int.h"

namespace hwg {

template <int Digit, int Bits> struct serial_delay {
  static_assert(Digit >= 1 && Bits >= 1, "Digit and Bits must be >= 1");
  ui<Bits> past;

  serial_delay() : past(0) {}
  explicit serial_delay(const ui<Bits>& start) : past(start) {}

  ui<Bits + Digit> with(const ui<Digit>& digit) const {
    return ui<Bits + Digit>(past + shl_u<Bits + Digit, Bits>(digit));
  }

  template <int Shift> ui<Digit> of(const ui<Digit>& digit) const {
    static_assert(Shift >= 1 && Shift <= Bits, "1 <= Shift <= Bits");
    return bits<Bits - Shift, Digit>(with(digit));
  }

  void next(const ui<Digit>& digit) { past = bits<Digit, Bits>(with(digit)); }
};

}  // namespace hwg

#endif
