// SPDX-License-Identifier: Apache-2.0
/// Reduces a map block by block, where blocks do not overlap; twin of hwg_pool_blocks.
///
/// Function:   of() takes a map of H * W pixels, row by row, each as CF words of Lanes channels; block
///             (i, j) leaves, group by group, as maximum (Kind 0) or sum (Kind 1). Rows and columns
///             that fill no block are dropped
/// Parameters: as of hwg_pool_blocks
#ifndef HWG_POOL_BLOCKS_H
#define HWG_POOL_BLOCKS_H

#include "lang/words.h"

namespace hwg {

template <int W, int H, int CF, int Lanes, int Width, int Signed, int BlockH, int BlockW, int Kind, int OutWidth>
struct pool_blocks {
  static_assert(BlockH >= 1 && BlockH <= H && BlockW >= 1 && BlockW <= W, "a block is no larger than the map");
  enum { COLUMNS = W / BlockW, ROWS = H / BlockH };

  template <class O, class A, class I, class S> static void of(I& in, S& out) {
    lanes<O, Lanes> held[unsigned(COLUMNS)][unsigned(CF)];
    for (int y = 0; y < H; ++y)
      for (int x = 0; x < W; ++x)
        for (int g = 0; g < CF; ++g) {
          HWG_PIPELINE_LOOP
          const lanes<A, Lanes> word = in.read();
          if (y < ROWS * BlockH && x < COLUMNS * BlockW) {
            lanes<O, Lanes> so_far = held[x / BlockW][g];
            HWG_UNROLL
            for (int i = 0; i < Lanes; ++i) {
              HWG_UNROLL_BODY
              const O next = O(word.at[i]);
              if (y % BlockH == 0 && x % BlockW == 0) {
                so_far.at[i] = next;
              } else {
                so_far.at[i] = Kind != 0 ? O(so_far.at[i] + next) : next > so_far.at[i] ? next : so_far.at[i];
              }
            }
            held[x / BlockW][g] = so_far;
            if (y % BlockH == BlockH - 1 && x % BlockW == BlockW - 1) out.write(so_far);
          }
        }
  }
};

}  // namespace hwg

#endif
