// SPDX-License-Identifier: Apache-2.0
/// Streams, and the beats of AXI-Stream: hls::stream, ac_channel, or a queue on the host.
///
/// A beat has DATA bits of data, a keep bit a byte, and last. byte_of and kept read it, set_byte and
/// set_kept write it, the same way with every kind of integers.
#ifndef HWG_LANG_STREAM_H
#define HWG_LANG_STREAM_H

#include "int.h"

#if defined(HWG_AP)
#include <hls_stream.h>
#if defined(HWG_VITIS)
#include <ap_axi_sdata.h>
#endif
namespace hwg {
template <class T> using stream = hls::stream<T>;
}
#elif defined(HWG_AC)
#include <ac_channel.h>
namespace hwg {
template <class T> using stream = ac_channel<T>;
}
#elif defined(HWG_BOUNDED)
#include "processes.h"
#else
#include <deque>
#include <stdexcept>
namespace hwg {
// On the host alone. It holds any number of words, but a read of nothing is an error, not a wait.
template <class T> class stream {
 public:
  void write(const T& word) { words_.push_back(word); }
  T read() {
    if (words_.empty()) throw std::runtime_error("a stream is read that holds nothing");
    const T word = words_.front();
    words_.pop_front();
    return word;
  }
  bool empty() const { return words_.empty(); }

 private:
  std::deque<T> words_;
};
}  // namespace hwg
#endif

namespace hwg {

#if defined(HWG_VITIS) && defined(__VITIS_HLS__)
template <int DATA> using beat = ap_axiu<DATA, 0, 0, 0>;
#elif defined(HWG_VITIS)
template <int DATA> using beat = ap_axiu<DATA, 1, 1, 1>;
#elif defined(HWG_AP) || defined(HWG_AC)
template <int DATA> struct beat {
  ui<DATA> data;
  ui<DATA / 8> keep;
  ui<1> last;
};
#else
template <int DATA> struct beat {
  int data[unsigned(DATA) / 8];
  bool keep[unsigned(DATA) / 8];
  int last;
};
#endif

// Whether a word waits in a stream.
#if defined(HWG_AC)
template <class S> inline bool waiting(S& s) { return s.available(1); }
#else
template <class S> inline bool waiting(S& s) { return !s.empty(); }
#endif

#if defined(HWG_AP)
template <class B> inline ui<8> byte_of(const B& b, int i) { return ui<8>(b.data.range(8 * i + 7, 8 * i)); }
template <class B> inline bool kept(const B& b, int i) { return b.keep[i] != 0; }
template <class B> inline void set_byte(B& b, int i, ui<8> byte) { b.data.range(8 * i + 7, 8 * i) = byte; }
template <class B> inline void set_kept(B& b, int i, bool on) { b.keep[i] = on; }
#elif defined(HWG_AC)
template <class B> inline ui<8> byte_of(const B& b, int i) { return b.data.template slc<8>(8 * i); }
template <class B> inline bool kept(const B& b, int i) { return b.keep[i] != 0; }
template <class B> inline void set_byte(B& b, int i, ui<8> byte) { b.data.set_slc(8 * i, byte); }
template <class B> inline void set_kept(B& b, int i, bool on) { b.keep[i] = on; }
#else
template <class B> inline ui<8> byte_of(const B& b, int i) { return b.data[i]; }
template <class B> inline bool kept(const B& b, int i) { return b.keep[i]; }
template <class B> inline void set_byte(B& b, int i, ui<8> byte) { b.data[i] = byte; }
template <class B> inline void set_kept(B& b, int i, bool on) { b.keep[i] = on; }
#endif

}  // namespace hwg

#endif
