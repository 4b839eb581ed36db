// SPDX-License-Identifier: Apache-2.0
/// Adds the terms of single bits that a carry chain adds; twin of hwg_chain.
///
/// Function:   x + y + z + carry + majority, the terms of all positions side by side in x, y and z;
///             sum, carry and majority of the last position as hwg_chain gives them
/// Parameters: Bits and Leave as of hwg_chain. Majority: 1 where the last position gives one. Truths
///             of terms are the caller's, who writes them as bits or as tables (table.h).
/// Notes:      One statement, so that a tool may take an adder of three operands.
#ifndef HWG_CHAIN_H
#define HWG_CHAIN_H

#include "lang/int.h"
#include "lang/pragmas.h"
#include "table.h"

namespace hwg {

template <int Bits, int Majority, int Leave> struct chain {
  static_assert(Bits >= 1, "Bits must be >= 1");
  static_assert(Leave >= 0 && Leave <= 2, "Leave must be 0 to 2");
  typedef ui<Bits + 2> total_t;

  static ui<Bits + Leave> of(const ui<Bits>& x, const ui<Bits>& y, const ui<Bits>& z,
                             const ui<1>& carry, const ui<1>& majority) {
    HWG_INLINE
    const total_t pair = total_t(total_t(x) + total_t(y));
    const total_t third = total_t(total_t(z) + total_t(carry));
    const total_t total = total_t(total_t(pair + third) + total_t(majority));
    const int last = index(bits<Bits - 1, 1>(x)) + index(bits<Bits - 1, 1>(y)) +
                     index(bits<Bits - 1, 1>(z));
    const int most = Majority != 0 && last > 1 ? 1 : 0;
    const int odd = index(bits<Bits, 1>(total)) != most ? 1 : 0;
    const total_t carried = total_t(shl_u<Bits + 1, Bits>(ui<1>(odd)));
    const total_t above = total_t(carried + total_t(shl_u<Bits + 2, Bits + 1>(ui<1>(most))));
    return bits<0, Bits + Leave>(total_t(total_t(bits<0, Bits>(total)) + above));
  }
};

}  // namespace hwg

#endif
