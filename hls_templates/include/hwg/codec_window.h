// SPDX-License-Identifier: Apache-2.0
/// The payload of a block as four strings of bits, and a view at the place of each; twin of
/// hwg_codec_window.
///
/// Function:   take() reads bits of a string, the first becoming bit 0; behind its end there are zeros,
///             and over() tells
/// Parameters: Halves: words of 16 bits of a payload, at most 4096
#ifndef HWG_CODEC_WINDOW_H
#define HWG_CODEC_WINDOW_H

#include "lang/codec.h"

namespace hwg {

template <int Halves> struct codec_window {
  static_assert(Halves >= 1 && Halves <= 4096, "Halves must be 1 to 4096");
  ui<16> words[unsigned(Halves) + 2];
  int at[unsigned(CODEC_THREADS)];   // bit that comes next
  int end[unsigned(CODEC_THREADS)];  // behind the last bit

  // Bits of a string that are not read, the first lowest; at most 16 are asked for.
  int view(int thread, int width) const {
    const int left = end[thread] - at[thread];
    const int some = left < width ? (left < 0 ? 0 : left) : width;
    const int word = at[thread] / 16 < Halves ? at[thread] / 16 : int(Halves);
    const unsigned two = unsigned(small(words[word])) | unsigned(small(words[word + 1])) << 16;
    return int((two >> (at[thread] % 16)) & ((1u << some) - 1u));
  }

  int take(int thread, int width) {
    const int bits = view(thread, width);
    at[thread] += width;
    return bits;
  }

  bool over(int thread) const { return at[thread] > end[thread]; }
  int left(int thread) const { return end[thread] - at[thread]; }
};

}  // namespace hwg

#endif
