// SPDX-License-Identifier: Apache-2.0
/// Takes the values of a tensor as a stream and writes them to memory coded; twin of hwg_dma_writer.
///
/// Function:   of() takes words of Lanes values, block after block, the values of a block in scan order; a
///             block begins with a new word. Memory then holds what hwgen.codec.tensor.encode gives, and the
///             index if there is one. A block without room is fault 8, as are all that follow
/// Parameters: Coder, Bits, Weighted, Lanes and Values as of hwg_dma_writer; tables as of codec_encode.h
#ifndef HWG_DMA_WRITER_H
#define HWG_DMA_WRITER_H

#include "codec_encode.h"
#include "dma_grid.h"
#include "dma_store.h"
#include "lang/stream.h"
#include "lang/words.h"

namespace hwg {

template <int Coder, int Bits, int Weighted, int Lanes, int Values> struct dma_writer {
  enum { MOST = (Values * Bits + 63) / 64 + 2 };  // words of a block
  dma_tensor tensor;
  dma_grid grid;
  dma_store<MOST> store;
  dma_status status;
  int number;  // of the next block

  explicit dma_writer(const dma_tensor& t) : tensor(t), grid(t), store(t), number(0) {}

  // Writes the next block, coded.
  template <class V, class A, class B, class W, class M>
  void store_block(const V* values, const A* Symbols, const B* States, const W* Weights, M* memory) {
    stream<M> words;
    HWG_DEPTH(words, MOST)
    const int made = codec_encode<Coder, Bits, Weighted, Values>::of(values, grid.shape(), tensor.format,
                                                                    unsigned(number), Symbols, States, Weights, words);
    const int begin = tensor.data + store.offset;
    const bool kept = store.block(words, made, number + 1 == dma_grid::blocks(tensor), memory);
    status.count(kept ? int(FAULT_NONE) : int(FAULT_OVF), kept ? int(half_of(memory[begin], 0) & 3u) : 0, number);
    status.words += kept ? made : 0;
    ++number;
    grid.next();
  }

  template <class V, class I, class A, class B, class W, class M>
  static dma_status of(I& in, const dma_tensor& tensor, const A* Symbols, const B* States, const W* Weights, M* memory) {
    dma_writer writer(tensor);
    V values[unsigned(Values)];
    const int blocks = dma_grid::blocks(tensor);
    for (int number = 0; number < blocks; ++number) {
      const codec_shape shape = writer.grid.shape();
      words_to_block<Values, V, Lanes>(in, shape.height * shape.width * shape.channels, values);
      writer.store_block(values, Symbols, States, Weights, memory);
    }
    return writer.status;
  }
};

}  // namespace hwg

#endif
