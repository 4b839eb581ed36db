// SPDX-License-Identifier: Apache-2.0
/// Divides by a power of two, rounds half to even and saturates; twin of hwg_requant.
///
/// Function:   clip(round_half_even(data / 2**Shift), Lo, Hi); with Half = 1 of data - 2**(Shift-1)
/// Parameters: as of hwg_requant. The result has one bit more than OutWidth, so that one signed
///             type holds both kinds; the caller converts it to its own word.
/// Notes:      Saturation looks at the quotient before rounding, beside the increment.
#ifndef HWG_REQUANT_H
#define HWG_REQUANT_H

#include "lang/int.h"
#include "lang/pragmas.h"

namespace hwg {

template <int InWidth, int InSigned, int Shift, int Half, int OutWidth, int SatLo, int SatHi,
          long long Lo, long long Hi>
struct requant {
  static_assert(InWidth >= 1 && OutWidth >= 1, "InWidth and OutWidth must be >= 1");
  static_assert(Shift >= 0 && Shift <= 60 && (Half == 0 || Shift > 0),
                "Shift must be 0 to 60, and >= 1 with Half");
  static_assert(Lo <= Hi, "Lo must not exceed Hi");

  enum {
    EXT_WIDTH = (InWidth > Shift ? InWidth : Shift) + 1,
    FLOOR_WIDTH = EXT_WIDTH - Shift,
    CMP_WIDTH = FLOOR_WIDTH > OutWidth + 1 ? FLOOR_WIDTH : OutWidth + 1
  };
  typedef si<EXT_WIDTH> ext_t;
  typedef si<CMP_WIDTH> cmp_t;
  typedef si<CMP_WIDTH + 1> sum_t;

  template <class T> static si<OutWidth + 1> of(const T& data) {
    HWG_INLINE
    const ext_t ext = ext_t(data);
    const cmp_t floor = cmp_t(ext >> Shift);
    const ext_t rest = ext_t(ext & ext_t((1LL << Shift) - 1));
    const bool odd = cmp_t(floor & cmp_t(1)) != cmp_t(0);
    const bool below = SatLo != 0 && (Half != 0 && (Lo & 1) != 0 ? floor <= cmp_t(Lo) : floor < cmp_t(Lo));
    const bool above = SatHi != 0 && (Half != 0 ? floor > cmp_t(Hi) : floor >= cmp_t(Hi));
    sum_t rounded = sum_t(floor);
    if (Half != 0) {  // a tie was rounded up and may be odd: it loses its last bit
      if (rest == ext_t(0) && odd) rounded = sum_t(floor - cmp_t(1));
    } else if (Shift != 0) {
      const ext_t half = ext_t((1LL << Shift) >> 1);
      if (rest > half || (rest == half && odd)) rounded = sum_t(floor + cmp_t(1));
    }
    return si<OutWidth + 1>(below ? sum_t(Lo) : above ? sum_t(Hi) : rounded);
  }
};

}  // namespace hwg

#endif
