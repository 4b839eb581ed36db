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
  typedef codec_decode<Coder, Bits, Weighted, Values> decode_t;
  enum { WORDS = (Values + Lanes - 1) / Lanes };

  template <class V, class C, class I, class P, class A, class B, class W, class M>
  static dma_status store_map(I& in, const dma_tensor& tensor, const P& map, const A* Symbols, const B* States,
                          const W* Weights, M* memory) {
    dma_status status;
    if (!check_t::good_map(tensor, map.set, map.height, map.width)) {
      status.fault = FAULT_CFG;
      return status;
    }
    const int side = codec_butterfly::side(map.set.kind);
    dma_grid grid(tensor);
    V values[unsigned(Values)];
    C coefficients[unsigned(Values)];
    stream<lanes<C, Lanes> > coded;
    const int blocks = dma_grid::blocks(tensor);
    for (int number = 0; number < blocks; ++number) {
      const codec_pixels box = grid.pixels(side, map.height, map.width);
      const codec_shape shape = grid.shape();
      const int count = box.height * box.width * box.channels;
      for (int n = 0; n < WORDS; ++n) {
        HWG_PIPELINE_LOOP
        if (n * Lanes < count) {
          const lanes<V, Lanes> word = in.read();
          for (int i = 0; i < Lanes; ++i) {
            if (n * Lanes + i < count) values[n * Lanes + i] = word.at[i];
          }
        }
      }
      codec_forward<Values>::of(values, box, grid.c / (side * side), map.set, map.matrices, map.means, coefficients);
      const int made = shape.height * shape.width * shape.channels;
      for (int n = 0; n < WORDS; ++n) {
        HWG_PIPELINE_LOOP
        if (n * Lanes < made) {
          lanes<C, Lanes> word;
          for (int i = 0; i < Lanes; ++i) {
            word.at[i] = n * Lanes + i < made ? coefficients[n * Lanes + i < Values ? n * Lanes + i : 0] : C(0);
          }
          coded.write(word);
        }
      }
      grid.next();
    }
    return dma_writer<Coder, Bits, Weighted, Lanes, Values>::template of<C>(coded, tensor, Symbols, States, Weights,
                                                                           memory);
  }

  template <class V, class C, class M, class P, class T, class O>
  static dma_status load_map(const M* memory, const dma_tensor& tensor, const P& map, const T& tables, O& out) {
    dma_status status;
    if (!check_t::good_map(tensor, map.set, map.height, map.width)) {
      status.fault = FAULT_CFG;
      return status;
    }
    const int side = codec_butterfly::side(map.set.kind);
    dma_grid grid(tensor);
    dma_fetch<decode_t::WORDS> fetch(tensor, memory);
    V values[unsigned(Values)];
    C coefficients[unsigned(Values)];
    M words[unsigned(decode_t::WORDS)];
    const int blocks = dma_grid::blocks(tensor);
    for (int number = 0; number < blocks; ++number) {
      int size = 0;
      int fault = fetch.block(memory, words, size);
      if (fault == FAULT_NONE) {
        status.words += size;
        fault = decode_t::of(words, size, true, grid.shape(), tensor.format, unsigned(number), tables, coefficients);
      }
      status.count(fault, fault == FAULT_NONE ? int(half_of(words[0], 0) & 3u) : 0, number);
      const codec_pixels box = grid.pixels(side, map.height, map.width);
      const int count = box.height * box.width * box.channels;
      if (fault == FAULT_NONE) {
        codec_inverse<Values>::of(coefficients, box, grid.c / (side * side), map.set, map.matrices, map.means, values);
      }
      for (int n = 0; n < WORDS; ++n) {
        HWG_PIPELINE_LOOP
        if (n * Lanes < count) {
          lanes<V, Lanes> word;
          for (int i = 0; i < Lanes; ++i) {
            const int at = n * Lanes + i;
            word.at[i] = fault == FAULT_NONE && at < count ? values[at < Values ? at : 0] : V(0);
          }
          out.write(word);
        }
      }
      grid.next();
    }
    return status;
  }
};

}  // namespace hwg

#endif
