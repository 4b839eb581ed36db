// SPDX-License-Identifier: Apache-2.0
/// Passes the larger, or the smaller, of two numbers; twin of hwg_max.
///
/// Function:   Least ? min(a, b) : max(a, b)
/// Parameters: as of hwg_max. The result is signed and holds both; the caller converts it.
#ifndef HWG_MAX_H
#define HWG_MAX_H

#include "lang/int.h"
#include "lang/pragmas.h"

namespace hwg {

template <int AWidth, int ASigned, int BWidth, int BSigned, int OutWidth, int Least> struct max {
  static_assert(AWidth >= 1 && BWidth >= 1 && OutWidth >= 1, "widths must be >= 1");
  enum { IN_WIDTH = (AWidth > BWidth ? AWidth : BWidth) + 1 };
  typedef si<IN_WIDTH> in_t;

  template <class A, class B> static in_t of(const A& a, const B& b) {
    HWG_INLINE
    const in_t x = in_t(a);
    const in_t y = in_t(b);
    return (x < y) == (Least != 0) ? x : y;
  }
};

}  // namespace hwg

#endif
