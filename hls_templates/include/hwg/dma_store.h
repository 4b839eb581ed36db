// SPDX-License-Identifier: Apache-2.0
/// Writes the blocks of a coded tensor to memory, and the index of where they lie; twin of hwg_dma_store.
///
/// Function:   packed layout: blocks lie one behind the other, and the offsets of all of them and of the end
///             follow in the index, 16 at a time; slotted layout: every block has a slot, and there is no
///             index. block() takes the words of the next block and tells whether it is in memory
/// Parameters: Most: words of a block
/// Notes:      A block that does not fit under the capacity, or into its slot, is dropped with all that
///             follow; their offsets repeat the last one, which no decoder accepts. So is all that follows
///             offsets for which the index has no room.
#ifndef HWG_DMA_STORE_H
#define HWG_DMA_STORE_H

#include "axi_write.h"
#include "lang/tensor.h"

namespace hwg {

template <int Most> struct dma_store {
  enum { CHUNK = 16 };
  dma_tensor tensor;
  unsigned offsets[unsigned(CHUNK)];  // that wait to be written
  int waiting, written;               // how many; words of the index
  int offset;                         // where the next block begins
  bool dropping;

  explicit dma_store(const dma_tensor& t) : tensor(t), waiting(0), written(0), offset(0), dropping(false) { note(0); }

  template <class S, class M> bool block(S& words, int count, bool last, M* memory) {
    const int finish = offset + (tensor.slotted ? tensor.slot : count);
    dropping = dropping || finish > tensor.capacity || (tensor.slotted && count > tensor.slot);
    const bool kept = !dropping;
    axi_write<Most>::of(words, count, kept, memory, tensor.data + offset);
    if (kept) offset = finish;
    if (!tensor.slotted) {
      note(offset);
      if (waiting == CHUNK || last) flush(memory);
    }
    return kept;
  }

 private:
  void note(int where) { offsets[waiting++] = unsigned(where); }

  template <class M> void flush(M* memory) {
    const int count = (waiting + 1) / 2;
    dropping = dropping || written + count > tensor.index_room;
    for (int n = 0; n < CHUNK / 2; ++n) {
      HWG_PIPELINE_LOOP
      if (n < count && written + count <= tensor.index_room) {
        const unsigned high = 2 * n + 1 < waiting ? offsets[2 * n + 1] : 0u;
        memory[tensor.index + written + n] = M(offsets[2 * n] | static_cast<unsigned long long>(high) << 32);
      }
    }
    if (written + count <= tensor.index_room) written += count;
    waiting = 0;
  }
};

}  // namespace hwg

#endif
