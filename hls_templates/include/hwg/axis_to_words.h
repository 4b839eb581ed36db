// SPDX-License-Identifier: Apache-2.0
/// Cuts an AXI-Stream frame of one sample into the words of a map; twin of hwg_axis_to_words.
///
/// Function:   as of hwg_axis_to_words: Count elements, each in the low bits of a Container, the first in
///             the lowest bytes, leave as words of Lanes elements. Tells whether the frame is good: last
///             on beat BEATS - 1 exactly, and every byte of the sample kept. A frame that ends early is
///             filled up with zeros, one that is too long is cut; the next one begins behind its last
/// Parameters: as of hwg_axis_to_words, and Signed: 1 where elements are two's complement
/// Notes:      A turn moves Grain bytes. A frame that is too long is read to its end: the loop without a
///             bound.
#ifndef HWG_AXIS_TO_WORDS_H
#define HWG_AXIS_TO_WORDS_H

#include "lang/frame.h"
#include "lang/words.h"

namespace hwg {

template <int DataWidth, int Container, int Width, int Signed, int Count, int Lanes, int Grain> struct axis_to_words {
  typedef frame<DataWidth, Container, Width, Count> frame_t;
  static_assert(Lanes >= 1 && Count % Lanes == 0, "Lanes must divide Count");
  enum {
    BYTES = frame_t::BYTES,
    BEAT_BYTES = frame_t::BEAT_BYTES,
    BEATS = frame_t::BEATS,
    WORD_BYTES = frame_t::SIZE * Lanes,
    TURNS = int(BYTES) / Grain
  };
  static_assert(Grain >= 1 && int(BYTES) % Grain == 0 && int(BEAT_BYTES) % Grain == 0 && int(WORD_BYTES) % Grain == 0,
                "Grain must divide beats, words and the sample");

  template <class T, class S, class O> static void of(S& in, O& out, bool& whole) {
    ui<8> bytes[unsigned(WORD_BYTES)];
    HWG_SPREAD(bytes)
    beat<DataWidth> word;
    bool good = true;
    bool last = false;  // of the frame: it was read
    bool here = false;  // the beat of this turn was there
    for (int turn = 0; turn < TURNS; ++turn) {
      HWG_PIPELINE_LOOP
      const int place = turn * Grain % BEAT_BYTES;
      if (place == 0) {
        here = !last;
        if (here) {
          word = in.read();
          last = word.last != 0;
          good = good && last == (turn * Grain / BEAT_BYTES == BEATS - 1);
        }
      }
      const int at = turn * Grain % WORD_BYTES;
      HWG_UNROLL
      for (int i = 0; i < Grain; ++i) {
        HWG_UNROLL_BODY
        good = good && here && kept(word, place + i);
        bytes[at + i] = here ? byte_of(word, place + i) : ui<8>(0);
      }
      if (at + Grain == WORD_BYTES) {
        lanes<T, Lanes> made;
        HWG_UNROLL
        for (int e = 0; e < Lanes; ++e) {
          HWG_UNROLL_BODY
          made.at[e] = from_bytes<T, Width, Signed>(bytes + e * frame_t::SIZE);
        }
        out.write(made);
      }
    }
    drop_rest<DataWidth>(in, last);
    whole = good;
  }
};

}  // namespace hwg

#endif
