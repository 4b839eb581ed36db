// SPDX-License-Identifier: Apache-2.0
/// Adds three shifted numbers; the second and third may be subtracted; twin of hwg_add3.
///
/// Function:   (a << AShift) +- (b << BShift) +- (c << CShift)
/// Parameters: as of hwg_add3. The result is signed and holds every sum; the caller converts it.
/// Notes:      One statement, so that a tool may take an adder of three operands.
#ifndef HWG_ADD3_H
#define HWG_ADD3_H

#include "lang/int.h"
#include "lang/pragmas.h"

namespace hwg {

template <int AWidth, int ASigned, int AShift, int BWidth, int BSigned, int BShift, int BSub,
          int CWidth, int CSigned, int CShift, int CSub, int OutWidth>
struct add3 {
  static_assert(AWidth >= 1 && BWidth >= 1 && CWidth >= 1 && OutWidth >= 1, "widths must be >= 1");
  static_assert(AShift >= 0 && BShift >= 0 && CShift >= 0, "shifts must be >= 0");
  enum {
    A_TOP = AWidth + AShift,
    B_TOP = BWidth + BShift,
    C_TOP = CWidth + CShift,
    AB_TOP = int(A_TOP) > int(B_TOP) ? int(A_TOP) : int(B_TOP),
    TOP = int(AB_TOP) > int(C_TOP) ? int(AB_TOP) : int(C_TOP)
  };
  typedef si<TOP + 3> sum_t;

  template <class A, class B, class C> static sum_t of(const A& a, const B& b, const C& c) {
    HWG_INLINE
    const si<A_TOP + 1> x = shl_s<A_TOP + 1, AShift>(a);
    const si<B_TOP + 1> y = shl_s<B_TOP + 1, BShift>(b);
    const si<C_TOP + 1> z = shl_s<C_TOP + 1, CShift>(c);
    return sum_t(BSub != 0 ? (CSub != 0 ? sum_t(x - y - z) : sum_t(x - y + z))
                           : (CSub != 0 ? sum_t(x + y - z) : sum_t(x + y + z)));
  }
};

}  // namespace hwg

#endif
