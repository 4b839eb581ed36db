// SPDX-License-Identifier: Apache-2.0
/// Transforms a vector of two or four values by adding and shifting; twin of hwg_codec_butterfly.
///
/// Function:   forward() gives entry n of T x, backward() that of T' x; Haar2 (kind 1), ICT4 (2), WHT4 (3)
/// Parameters: none
#ifndef HWG_CODEC_BUTTERFLY_H
#define HWG_CODEC_BUTTERFLY_H

namespace hwg {

struct codec_butterfly {
  static int side(int kind) { return kind == 0 ? 1 : kind == 1 ? 2 : 4; }

  static int forward(int kind, int n, int a, int b, int c, int d) {
    if (kind == 0) return a;
    if (kind == 1) return n == 0 ? a + b : a - b;
    if (kind == 3) {
      const int p = a + b, q = c + d, r = a - b, s = c - d;
      return n == 0 ? p + q : n == 1 ? p - q : n == 2 ? r - s : r + s;
    }
    const int p = a + d, q = b + c, r = a - d, s = b - c;
    return n == 0 ? p + q : n == 1 ? 2 * r + s : n == 2 ? p - q : r - 2 * s;
  }

  static int backward(int kind, int n, int a, int b, int c, int d) {
    if (kind != 2) return forward(kind, n, a, b, c, d);
    const int p = a + c, q = a - c, r = 2 * b + d, s = b - 2 * d;
    return n == 0 ? p + r : n == 1 ? q + s : n == 2 ? q - s : p - r;
  }
};

}  // namespace hwg

#endif
