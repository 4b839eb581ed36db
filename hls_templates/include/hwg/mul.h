// SPDX-License-Identifier: Apache-2.0
/// Multiplies two numbers; twin of hwg_mul.
///
/// Function:   a * b
/// Parameters: as of hwg_mul. The result is signed and holds every product; the caller converts it.
#ifndef HWG_MUL_H
#define HWG_MUL_H

#include "lang/int.h"
#include "lang/pragmas.h"

namespace hwg {

template <int AWidth, int ASigned, int BWidth, int BSigned, int OutWidth> struct mul {
  static_assert(AWidth >= 1 && BWidth >= 1 && OutWidth >= 1, "widths must be >= 1");
  typedef si<AWidth + BWidth + 1> product_t;

  template <class A, class B> static product_t of(const A& a, const B& b) {
    HWG_INLINE
#if defined(HWG_AP) || defined(HWG_AC)
    return product_t(a * b);
#else
    return product_t(a) * product_t(b);
#endif
  }
};

}  // namespace hwg

#endif
