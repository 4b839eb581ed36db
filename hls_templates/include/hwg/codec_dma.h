// SPDX-License-Identifier: Apache-2.0
/// The feature-map DMA: a stream of values goes to memory coded, and comes back from there; twin of
/// hwg_codec_dma.
///
/// Covers:     hwg_dma_write_side, hwg_dma_read_side, hwg_dma_map_in, hwg_dma_map_out, hwg_dma_forward,
///             hwg_dma_inverse, hwg_dma_tensor
/// Function:   store_map() takes the values of a map, box of pixels after box of pixels as the blocks of
///             coefficients need them, and writes the coefficients coded; load_map() reads them and gives the
///             values of the map in the same order. Without a transform they are dma_writer and dma_reader.
///             A description that the core cannot do is fault 9, and nothing is started. A damaged block is
///             as many zeros as it has values
/// Parameters: as of dma_writer.h and dma_reader.h; Kinds and Groups as of dma_descriptor_check.h
/// Notes:      Pixels lie row by row in their box, the channels of the KLT's inputs within a pixel.
#ifndef HWG_CODEC_DMA_H
#define HWG_CODEC_DMA_H

#include "codec_forward.h"
#include "codec_inverse.h"
#include "dma_descriptor_check.h"
#include "dma_reader.h"
#include "dma_writer.h"

namespace hwg {

enum { FAULT_CFG = 9 };

// A map, and how it becomes coefficients.
template <class M, class N> struct dma_map {
  int height, width;
  codec_transform set;
  const M* matrices;
  const N* means;
};

template <int Coder, int Bits, int Weighted, int Lanes, int Values, int Kinds, int Groups> struct codec_dma {
  typedef dma_descriptor_check<Bits, 16, Values, Kinds, Groups> check_t;

  template <class V, class C, class I, class P, class A, class B, class W, class M>
  static dma_status store_map(I& in, const dma_tensor& tensor, const P& map, const A* Symbols, const B* States,
                          const W* Weights, M* memory) {
    if (!check_t::good_map(tensor, map.set, map.height, map.width)) return refused();
    dma_writer<Coder, Bits, Weighted, Lanes, Values> writer(tensor);
    const int side = codec_butterfly::side(map.set.kind);
    V values[unsigned(Values)];
    C coefficients[unsigned(Values)];
    const int blocks = dma_grid::blocks(tensor);
    for (int number = 0; number < blocks; ++number) {
      const codec_pixels box = writer.grid.pixels(side, map.height, map.width);
      words_to_block<Values, V, Lanes>(in, box.height * box.width * box.channels, values);
      codec_forward<Values>::of(values, box, writer.grid.c / (side * side), map.set, map.matrices, map.means,
                                coefficients);
      writer.store_block(coefficients, Symbols, States, Weights, memory);
    }
    return writer.status;
  }

  template <class V, class C, class M, class P, class T, class O>
  static dma_status load_map(const M* memory, const dma_tensor& tensor, const P& map, const T& tables, O& out) {
    if (!check_t::good_map(tensor, map.set, map.height, map.width)) return refused();
    dma_reader<Coder, Bits, Weighted, Lanes, Values> reader(tensor, memory);
    const int side = codec_butterfly::side(map.set.kind);
    V values[unsigned(Values)];
    C coefficients[unsigned(Values)];
    const int blocks = dma_grid::blocks(tensor);
    for (int number = 0; number < blocks; ++number) {
      const codec_pixels box = reader.grid.pixels(side, map.height, map.width);
      const int group = reader.grid.c / (side * side);
      const bool good = reader.load_block(memory, 0, tables, coefficients);
      if (good) codec_inverse<Values>::of(coefficients, box, group, map.set, map.matrices, map.means, values);
      block_to_words<Values, V, Lanes>(values, box.height * box.width * box.channels, good, out);
    }
    return reader.status;
  }

 private:
  static dma_status refused() {
    dma_status status;
    status.fault = FAULT_CFG;
    return status;
  }
};

}  // namespace hwg

#endif
