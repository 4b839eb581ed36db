// SPDX-License-Identifier: Apache-2.0
/// Binary matrix-vector unit: PE rows by SIMD columns of signs a cycle; twin of hwg_xnor_matvec.
///
/// Function:   of() takes the vectors of a map of Height x Width positions, each as STEPS words of bits, the
///             first element in the lowest lane of the first, and gives TURNS words for each, row turn*PE + p
///             in lane p: Bias[kind][row] + 2 * matches, or with SignOnly = 1 the bit of Bias[kind][row] +
///             matches >= 0. A column matches where its bit equals that of the row, and with Masked = 1 the
///             row's mask is set. The vector at (y, x) has kind RowKinds[y]*KindsX + ColumnKinds[x]
/// Parameters: as of hwg_xnor_matvec. Weights is an array of bits, as they lie in its memory: that of row
///             turn*PE + p and column step*SIMD + s at ((turn*STEPS + step)*PLANES*PE + p)*SIMD + s, with
///             Masked its mask PE*SIMD behind; Bias has Kinds*TURNS*PE, kind 0 first
#ifndef HWG_XNOR_MATVEC_H
#define HWG_XNOR_MATVEC_H

#include "lang/words.h"
#include "popcount.h"

namespace hwg {

template <int PE, int SIMD, int Rows, int Columns, int AccWidth, int SignOnly, int Masked, int Height, int Width,
          int KindBits, int KindsX, int Kinds>
struct xnor_matvec {
  static_assert(PE >= 1 && SIMD >= 1 && PE <= Rows && SIMD <= Columns, "1 <= PE <= Rows, 1 <= SIMD <= Columns");
  static_assert(AccWidth >= 2 && Height >= 1 && Width >= 1 && KindsX >= 1 && Kinds >= KindsX, "sizes must be >= 1");
  enum {
    TURNS = (Rows + PE - 1) / PE,
    STEPS = (Columns + SIMD - 1) / SIMD,
    PLANES = Masked != 0 ? 2 : 1  // bits of a weight
  };
  typedef si<AccWidth> acc_t;

  template <class O, class A, class V, class B, class R, class C, class I, class S>
  static void of(I& in, S& out, const V* Weights, const B* Bias, const R* RowKinds, const C* ColumnKinds) {
    lanes<A, SIMD> held[unsigned(STEPS)];
    for (int y = 0; y < Height; ++y)
      for (int x = 0; x < Width; ++x)
        for (int turn = 0; turn < TURNS; ++turn) {
          const int kind = index(ui<KindBits>(RowKinds[y])) * KindsX + index(ui<KindBits>(ColumnKinds[x]));
          int matches[unsigned(PE)];
          HWG_SPREAD(matches)
          for (int step = 0; step < STEPS; ++step) {
            HWG_PIPELINE_LOOP
            if (turn == 0) held[step] = in.read();
            HWG_UNROLL
            for (int p = 0; p < PE; ++p) {
              HWG_UNROLL_BODY
              bool hits[unsigned(SIMD)];
              HWG_UNROLL
              for (int s = 0; s < SIMD; ++s) {
                HWG_UNROLL_BODY
                const int at = ((turn * STEPS + step) * PLANES * PE + p) * SIMD + s;
                const bool there = step * SIMD + s < Columns;
                const bool counts = Masked == 0 || ui<1>(Weights[at + (PLANES - 1) * PE * SIMD]) != ui<1>(0);
                hits[s] = there && counts && ui<1>(held[step].at[s]) == ui<1>(Weights[at]);
              }
              matches[p] = (step == 0 ? 0 : matches[p]) + popcount<SIMD>::of(hits);
            }
          }
          lanes<O, PE> word;
          HWG_UNROLL
          for (int p = 0; p < PE; ++p) {
            HWG_UNROLL_BODY
            const acc_t bias = acc_t(Bias[(kind * TURNS + turn) * PE + p]);
            const acc_t sum = acc_t(bias + acc_t(SignOnly != 0 ? matches[p] : 2 * matches[p]));
            word.at[p] = SignOnly != 0 ? O(sum < acc_t(0) ? 0 : 1) : O(sum);
          }
          out.write(word);
        }
  }
};

}  // namespace hwg

#endif
