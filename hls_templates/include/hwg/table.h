// SPDX-License-Identifier: Apache-2.0
/// Looks up one bit; twin of hwg_table.
///
/// Function:   Truth[address], Truth in up to four words of 64 bits, the lowest first
/// Parameters: 1 to 8 address bits.
/// Notes:      The words are constants of the caller: what is left of it is a look-up table.
#ifndef HWG_TABLE_H
#define HWG_TABLE_H

#include "lang/int.h"
#include "lang/pragmas.h"

namespace hwg {

template <int Bits> struct table {
  static_assert(Bits >= 1 && Bits <= 8, "Bits must be 1 to 8");

  static ui<1> of(const ui<Bits>& address, unsigned long long t0, unsigned long long t1 = 0,
                  unsigned long long t2 = 0, unsigned long long t3 = 0) {
    HWG_INLINE
    const int at = index(address);
    const unsigned long long low = (at & 64) != 0 ? t1 : t0;
    const unsigned long long high = (at & 64) != 0 ? t3 : t2;
    const unsigned long long word = (at & 128) != 0 ? high : low;
    return ui<1>(static_cast<int>(word >> (at & 63) & 1));
  }
};

}  // namespace hwg

#endif
