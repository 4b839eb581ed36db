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

#include "lang/frame.h"
#include "lang/words.h"

namespace hwg {

template <int DataWidth, int Container, int Width, int Signed, int Count, int Lanes, int Grain> struct axis_from_words {
  typedef frame<DataWidth, Container, Width, Count> frame_t;
  static_assert(Lanes >= 1 && Count % Lanes == 0, "Lanes must divide Count");
  enum {
    BYTES = frame_t::BYTES,
    BEAT_BYTES = frame_t::BEAT_BYTES,
    BEATS = frame_t::BEATS,
    WORD_BYTES = frame_t::SIZE * Lanes,
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
          to_bytes<frame_t::SIZE>(taken.at[e], bytes + e * frame_t::SIZE);
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
