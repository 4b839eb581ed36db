// SPDX-License-Identifier: Apache-2.0
/// Matrix-vector unit on bit planes: operands of 1 to 8 bits, as many as each vector asks for; twin of
/// hwg_bit_planes.
///
/// Function:   of() takes a vector as STEPS words of SIMD elements and gives TURNS words, row turn*PE + p in
///             lane p: Bias[table][row] + sum over column of w[row][column] * x[column], modulo
///             2**AccWidth, or with SignOnly = 1 its sign, 1 from 0 on. A product of planes is a popcount
/// Parameters: as of hwg_bit_planes. Weights are bits, as they lie in its memory: plane i, the highest is 0,
///             of row turn*PE + p and column step*SIMD + s at ((i*TURNS + turn)*STEPS + step)*PE*SIMD +
///             p*SIMD + s; Bias has Tables*TURNS*PE
#ifndef HWG_BIT_PLANES_H
#define HWG_BIT_PLANES_H

#include "lang/words.h"
#include "popcount.h"

namespace hwg {

// What a vector asks for: planes, and what they mean.
struct bit_planes_kind {
  int weight_planes, data_planes;
  bool weight_signed, data_signed, bipolar;
  int table;
};

template <int PE, int SIMD, int Rows, int Columns, int AWidth, int WWidth, int AccWidth, int SignOnly, int Tables>
struct bit_planes {
  static_assert(PE >= 1 && SIMD >= 1 && PE <= Rows && SIMD <= Columns, "1 <= PE <= Rows, 1 <= SIMD <= Columns");
  static_assert(AWidth >= 1 && AWidth <= 8 && WWidth >= 1 && WWidth <= 8, "operands of 1 to 8 bits");
  enum { TURNS = (Rows + PE - 1) / PE, STEPS = (Columns + SIMD - 1) / SIMD };
  typedef si<AccWidth + 20> acc_t;

  template <class O, class A, class W, class B, class I, class S>
  static void of(I& in, S& out, const bit_planes_kind& kind, const W* Weights, const B* Bias) {
    lanes<A, SIMD> held[unsigned(STEPS)];
    for (int turn = 0; turn < TURNS; ++turn) {
      lanes<acc_t, PE> acc;
      for (int i = 0; i < WWidth; ++i)
        for (int j = 0; j < AWidth; ++j)
          for (int step = 0; step < STEPS; ++step) {
            HWG_PIPELINE_LOOP
            if (turn == 0 && i == 0 && j == 0) held[step] = in.read();
            const bool counts = i < kind.weight_planes && j < kind.data_planes;
            const bool minus = !kind.bipolar && ((kind.weight_signed && i == 0) != (kind.data_signed && j == 0));
            const int place = kind.weight_planes - 1 - i + kind.data_planes - 1 - j;
            HWG_UNROLL
            for (int p = 0; p < PE; ++p) {
              HWG_UNROLL_BODY
              bool hits[unsigned(SIMD)];
              int columns = 0;
              HWG_UNROLL
              for (int s = 0; s < SIMD; ++s) {
                HWG_UNROLL_BODY
                const bool there = step * SIMD + s < Columns;
                const int w = index(Weights[(((i * TURNS + turn) * STEPS + step) * PE + p) * SIMD + s]);
                const int x = (index(held[step].at[s]) >> (AWidth - 1 - j)) & 1;
                hits[s] = there && (kind.bipolar ? w == x : (w & x) != 0);
                columns += there ? 1 : 0;
              }
              const int ones = popcount<SIMD>::of(hits);
              const int made = kind.bipolar ? 2 * ones - columns : minus ? -ones : ones;
              const acc_t before = i == 0 && j == 0 && step == 0
                                       ? acc_t(Bias[(kind.table * TURNS + turn) * PE + p]) : acc.at[p];
              acc.at[p] = counts ? acc_t(before + acc_t(made * (1 << place))) : before;
            }
          }
      lanes<O, PE> word;
      HWG_UNROLL
      for (int p = 0; p < PE; ++p) {
        HWG_UNROLL_BODY
        const acc_t total = element<acc_t, AccWidth, 1>(bits<0, AccWidth>(acc.at[p]));
        word.at[p] = SignOnly != 0 ? O(total < acc_t(0) ? 0 : 1) : O(total);
      }
      out.write(word);
    }
  }
};

}  // namespace hwg

#endif
