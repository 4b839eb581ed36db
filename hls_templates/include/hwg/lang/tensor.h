// SPDX-License-Identifier: Apache-2.0
/// What the C++ of the feature-map DMA has in common: the description of a tensor, and what happened to it.
///
/// Places and sizes in memory are in words of 64 bits.
#ifndef HWG_LANG_TENSOR_H
#define HWG_LANG_TENSOR_H

#include "codec.h"

namespace hwg {

struct dma_tensor {
  int height, width, channels;  // of the values as they are coded
  int bh, bw, bc;               // of a block
  bool slotted;                 // fixed slots instead of an index
  int slot;                     // size of a slot
  int data, capacity;           // where the blocks lie, and how much room there is
  int index, index_room;        // where the index lies, and how much room there is
  codec_format format;
};

// What happened to a tensor: counters, and the first fault with its block.
struct dma_status {
  int raw, zero, coded, faults;  // blocks
  int words;                     // moved
  int fault;                     // the first one
  int block;                     // its block

  dma_status() : raw(0), zero(0), coded(0), faults(0), words(0), fault(0), block(0) {}

  // Counts a block: its fault, or how it is stored.
  void count(int found, int mode, int number) {
    if (found != FAULT_NONE && faults == 0) {
      fault = found;
      block = number;
    }
    if (found != FAULT_NONE) {
      ++faults;
    } else if (mode == MODE_RAW) {
      ++raw;
    } else if (mode == MODE_ZERO) {
      ++zero;
    } else {
      ++coded;
    }
  }
};

}  // namespace hwg

#endif
