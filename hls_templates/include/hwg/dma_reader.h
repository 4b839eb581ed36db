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

  template <class V, class M, class T, class O>
  static dma_status of(const M* memory, const dma_tensor& tensor, unsigned first, const T& tables, O& out) {
    dma_status status;
    dma_grid grid(tensor);
    dma_fetch<MOST> fetch(tensor, memory);
    V values[unsigned(Values)];
    M words[unsigned(MOST)];
    const int blocks = dma_grid::blocks(tensor);
    for (int number = 0; number < blocks; ++number) {
      const codec_shape shape = grid.shape();
      const int count = shape.height * shape.width * shape.channels;
      int size = 0;
      int fault = fetch.block(memory, words, size);
      if (fault == FAULT_NONE) {
        status.words += size;
        fault = decode_t::of(words, size, true, shape, tensor.format, first + unsigned(number), tables, values);
      }
      status.count(fault, fault == FAULT_NONE ? int(half_of(words[0], 0) & 3u) : 0, number);
      for (int n = 0; n < (Values + Lanes - 1) / Lanes; ++n) {
        HWG_PIPELINE_LOOP
        if (n * Lanes < count) {
          lanes<V, Lanes> word;
          HWG_UNROLL
          for (int i = 0; i < Lanes; ++i) {
            HWG_UNROLL_BODY
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
