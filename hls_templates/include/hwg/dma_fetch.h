// SPDX-License-Identifier: Apache-2.0
/// Reads the blocks of a coded tensor from memory: where each lies, then its words; twin of hwg_dma_fetch.
///
/// Covers:     hwg_dma_places
/// Function:   block() tells where the next block lies, how long it is and what is wrong so far, and reads
///             its words if nothing is. A bad index (first offset not 0, no increase, past the capacity), or
///             a slot past the capacity, is fault 1; a block longer than any can be, or than its slot, is
///             fault 2. None of these is read
/// Parameters: Most: words of a block
#ifndef HWG_DMA_FETCH_H
#define HWG_DMA_FETCH_H

#include "axi_read.h"
#include "lang/tensor.h"

namespace hwg {

template <int Most> struct dma_fetch {
  dma_tensor tensor;
  unsigned begin;  // of the next block
  int number;
  bool broken;  // the first offset is not 0

  template <class M> dma_fetch(const dma_tensor& t, const M* memory) : tensor(t), begin(0), number(0), broken(false) {
    if (!t.slotted) broken = offset(memory, 0) != 0;
  }

  // Reads the next block; returns its fault, and its size.
  template <class M, class W> int block(const M* memory, W* words, int& size) {
    unsigned end = begin + unsigned(tensor.slot);
    if (!tensor.slotted) end = offset(memory, number + 1);
    const bool inside = begin < end && end <= unsigned(tensor.capacity) && !broken;
    size = inside ? int(end - begin) : 0;
    int fault = inside ? int(FAULT_NONE) : int(FAULT_IDX);
    if (inside && tensor.slotted) {
      const unsigned low = half_of(memory[tensor.data + int(begin)], 0), high = half_of(memory[tensor.data + int(begin)], 1);
      const int payload = int(low >> 8 | (high & 15u) << 8);
      size = (4 + payload + 2 + 3) / 4;
      if (size > tensor.slot) fault = FAULT_LEN;
    }
    if (fault == FAULT_NONE && size > Most) fault = FAULT_LEN;
    if (fault == FAULT_NONE) axi_read<Most>::of(memory, tensor.data + int(begin), size, words);
    begin = end;
    ++number;
    return fault;
  }

 private:
  template <class M> unsigned offset(const M* memory, int place) const {
    const M& word = memory[tensor.index + place / 2];
    return place % 2 == 0 ? half_of(word, 0) | half_of(word, 1) << 16 : half_of(word, 2) | half_of(word, 3) << 16;
  }
};

}  // namespace hwg

#endif
