// SPDX-License-Identifier: Apache-2.0
/// Walks over the blocks of a tensor, in the order in which they lie in memory; twin of hwg_dma_grid.
///
/// Covers:     hwg_dma_pixels
/// Function:   a tensor of height x width x channels is cut into blocks of bh x bw x bc, those at the far
///             edges smaller; channels run fastest, then x, then y. shape() is that of the block that is
///             met, next() goes on. pixels() is the box of pixels of a map whose coefficients the block
///             holds: patches of side x side
/// Parameters: none
#ifndef HWG_DMA_GRID_H
#define HWG_DMA_GRID_H

#include "lang/tensor.h"
#include "lang/transform.h"

namespace hwg {

struct dma_grid {
  dma_tensor tensor;
  int y, x, c;

  explicit dma_grid(const dma_tensor& t) : tensor(t), y(0), x(0), c(0) {}

  static int blocks(const dma_tensor& t) { return along(t.height, t.bh) * along(t.width, t.bw) * along(t.channels, t.bc); }

  codec_shape shape() const {
    codec_shape made;
    made.height = least(tensor.bh, tensor.height - y);
    made.width = least(tensor.bw, tensor.width - x);
    made.channels = least(tensor.bc, tensor.channels - c);
    return made;
  }

  codec_pixels pixels(int side, int height, int width) const {
    codec_pixels made;
    made.height = least(tensor.bh * side, height - y * side);
    made.width = least(tensor.bw * side, width - x * side);
    made.channels = least(tensor.bc, tensor.channels - c) / (side * side);
    return made;
  }

  void next() {
    c += tensor.bc;
    if (c < tensor.channels) return;
    c = 0;
    x += tensor.bw;
    if (x < tensor.width) return;
    x = 0;
    y += tensor.bh;
  }

 private:
  static int along(int length, int piece) { return (length + piece - 1) / piece; }
  static int least(int a, int b) { return a < b ? a : b; }
};

}  // namespace hwg

#endif
