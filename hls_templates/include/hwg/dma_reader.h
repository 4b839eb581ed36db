// SPDX-License-Identifier: Apache-2.0
/// Reads a coded tensor from memory and delivers its values as a stream; twin of hwg_dma_reader.
///
/// Function:   of() gives words of Lanes values, block after block, the values of a block in scan order; the
///             last word of a block may hold fewer, zeros above them. A damaged block is as many zeros as it
///             should have values
/// Parameters: Coder, Bits, Weighted and Lanes as of hwg_dma_reader; Values of a block, at most; tables as of
///             codec_decode.h
/// Notes:      A single block is read as a tensor of its size, with its number in *first*.
#ifndef HWG_DMA_READER_H
#define HWG_DMA_READER_H

#include "codec_decode.h"
#include "dma_fetch.h"
#include "dma_grid.h"
#include "lang/words.h"

namespace hwg {

template <int Coder, int Bits, int Weighted, int Lanes, int Values> struct dma_reader {
  typedef codec_decode<Coder, Bits, Weighted, Values> decode_t;
  enum { MOST = decode_t::WORDS };
  dma_tensor tensor;
  dma_grid grid;
  dma_fetch<MOST> fetch;
  dma_status status;
  int number;  // of the next block

  template <class M>
  dma_reader(const dma_tensor& t, const M* memory)
      : tensor(t), grid(t), fetch(t, memory), number(0) {}

  // Reads the values of the next block; tells whether it is good.
  template <class V, class M, class T> bool load_block(const M* memory, unsigned first, const T& tables, V* values) {
    M words[unsigned(MOST)];
    int size = 0;
    int fault = fetch.block(memory, words, size);
    if (fault == FAULT_NONE) {
      status.words += size;
      fault = decode_t::of(words, size, true, grid.shape(), tensor.format, first + unsigned(number), tables, values);
    }
    status.count(fault, fault == FAULT_NONE ? int(half_of(words[0], 0) & 3u) : 0, number);
    ++number;
    grid.next();
    return fault == FAULT_NONE;
  }

  template <class V, class M, class T, class O>
  static dma_status of(const M* memory, const dma_tensor& tensor, unsigned first, const T& tables, O& out) {
    dma_reader reader(tensor, memory);
    V values[unsigned(Values)];
    const int blocks = dma_grid::blocks(tensor);
    for (int number = 0; number < blocks; ++number) {
      const codec_shape shape = reader.grid.shape();
      const bool good = reader.load_block(memory, first, tables, values);
      block_to_words<Values, V, Lanes>(values, shape.height * shape.width * shape.channels, good, out);
    }
    return reader.status;
  }
};

}  // namespace hwg

#endif
