// SPDX-License-Identifier: Apache-2.0
/// Matrix-vector unit: PE rows by SIMD columns of a matrix a cycle; twin of hwg_matvec.
///
/// Function:   of() takes a vector as STEPS words, the first element in the lowest lane of the first,
///             and gives TURNS words, row turn*PE + p in lane p: Bias[row] + sum over column of
///             weight[row][column] * in[column]. Depthwise = 1: turn after turn STEPS words come whose
///             element s*PE + p belongs to row turn*PE + p, column step*SIMD + s
/// Parameters: as of hwg_matvec. Weights is an array of TURNS*STEPS words of PE*SIMD: the weight of row
///             turn*PE + p and column step*SIMD + s is at (turn*STEPS + step)*PE*SIMD + p*SIMD + s, and
///             0 beyond the last row and column; Bias has TURNS*PE
#ifndef HWG_MATVEC_H
#define HWG_MATVEC_H

#include "dot.h"
#include "lang/words.h"

namespace hwg {

template <int PE, int SIMD, int Rows, int Columns, int AWidth, int ASigned, int WWidth, int WSigned, int AccWidth,
          int Depthwise>
struct matvec {
  static_assert(PE >= 1 && SIMD >= 1 && PE <= Rows && SIMD <= Columns, "1 <= PE <= Rows, 1 <= SIMD <= Columns");
  enum {
    TURNS = (Rows + PE - 1) / PE,
    STEPS = (Columns + SIMD - 1) / SIMD,
    LANES = Depthwise != 0 ? PE * SIMD : SIMD
  };
  typedef si<AccWidth> acc_t;

  template <class A, class V, class B, class I, class O>
  static void of(I& in, O& out, const V* Weights, const B* Bias) {
    lanes<A, LANES> held[unsigned(STEPS)];
    for (int turn = 0; turn < TURNS; ++turn) {
      lanes<acc_t, PE> acc;
      for (int step = 0; step < STEPS; ++step) {
        HWG_PIPELINE_LOOP
        if (turn == 0 || Depthwise != 0) held[step] = in.read();
        HWG_UNROLL
        for (int p = 0; p < PE; ++p) {
          HWG_UNROLL_BODY
          A data[unsigned(SIMD)];
          HWG_UNROLL
          for (int s = 0; s < SIMD; ++s) {
            HWG_UNROLL_BODY
            data[s] = held[step].at[Depthwise != 0 ? s * PE + p : s];
          }
          acc_t sum[1];
          dot<SIMD, 1, AWidth, ASigned, WWidth, WSigned, AccWidth>::of(
              data, Weights + ((turn * STEPS + step) * PE + p) * SIMD, sum);
          acc.at[p] = acc_t(sum[0] + (step == 0 ? acc_t(Bias[turn * PE + p]) : acc.at[p]));
        }
      }
      out.write(acc);
    }
  }
};

}  // namespace hwg

#endif
