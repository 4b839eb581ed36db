// SPDX-License-Identifier: Apache-2.0
/// Sends the words of a map as the beats of an AXI-Stream frame, a frame a sample; twin of
/// hwg_axis_from_words.
///
/// Function:   as of hwg_axis_from_words: every element extended to a Container, the first in the lowest
///             bytes; last on the last beat, keep on the bytes of the sample; the bytes behind are zero
/// Parameters: as of hwg_axis_from_words
/// Notes:      A turn moves Grain bytes.
#ifndef HWG_AXIS_FROM_WORDS_H
#define HWG_AXIS_FROM_WORDS_H

#include "lang/stream.h"
#include "lang/words.h"

namespace hwg {

template <int DataWidth, int Container, int Width, int Signed, int Count, int Lanes, int Grain> struct axis_from_words {
  static_assert(DataWidth >= 8 && DataWidth % 8 == 0, "DataWidth must be a multiple of 8");
  static_assert(Container >= 8 && Container % 8 == 0, "Container must be a multiple of 8");
  static_assert(Width >= 1 && Width <= Container && Count >= 1, "1 <= Width <= Container, Count >= 1");
  static_assert(Lanes >= 1 && Count % Lanes == 0, "Lanes must divide Count");
  enum {
    SIZE = Container / 8,        // bytes of an element
    BYTES = SIZE * Count,        // of a sample
    WORD_BYTES = SIZE * Lanes,   // of a word
    BEAT_BYTES = DataWidth / 8,  // of a beat
    BEATS = (int(BYTES) + int(BEAT_BYTES) - 1) / int(BEAT_BYTES),
    TURNS = int(BEATS) * int(BEAT_BYTES) / Grain
  };
  static_assert(Grain >= 1 && int(BEAT_BYTES) % Grain == 0 && int(WORD_BYTES) % Grain == 0,
                "Grain must divide beats and words");

  template <class T, class I, class S> static void of(I& in, S& out) {
    ui<8> bytes[unsigned(WORD_BYTES)];
    HWG_SPREAD(bytes)
    beat<DataWidth> word;
    for (int turn = 0; turn < TURNS; ++turn) {
      HWG_PIPELINE_LOOP
      const int from = turn * Grain % WORD_BYTES;
      const int place = turn * Grain % BEAT_BYTES;
      if (from == 0 && turn * Grain < BYTES) {
        const lanes<T, Lanes> taken = in.read();
        HWG_UNROLL
        for (int e = 0; e < Lanes; ++e) {
          HWG_UNROLL_BODY
          const si<Container + 1> code = si<Container + 1>(taken.at[e]);
          HWG_UNROLL
          for (int k = 0; k < SIZE; ++k) {
            HWG_UNROLL_BODY
            bytes[e * SIZE + k] = low_byte(code, 8 * k);
          }
        }
      }
      HWG_UNROLL
      for (int i = 0; i < Grain; ++i) {
        HWG_UNROLL_BODY
        const bool used = turn * Grain + i < BYTES;
        set_byte(word, place + i, used ? bytes[from + i] : ui<8>(0));
        set_kept(word, place + i, used);
      }
      if (place + Grain == BEAT_BYTES) {
        word.last = (turn + 1) * Grain == int(BEATS) * int(BEAT_BYTES);
        out.write(word);
      }
    }
  }
};

}  // namespace hwg

#endif
