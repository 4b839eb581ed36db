// SPDX-License-Identifier: Apache-2.0
// An AXI DMA (simple mode, no scatter-gather) as software sees it, and the beats that it moves.
#pragma once
#include <cstdint>
#include <cstring>
#include <deque>

class AxiDma {
 public:
  static constexpr uintptr_t kBase = 0x40400000u;

  // Where its two sides have their memory; the system's.
  void (*fetch)(uintptr_t address, uint8_t *to, size_t count);
  void (*store)(uintptr_t address, const uint8_t *from, size_t count);

  explicit AxiDma(unsigned beat_bytes) : beat_(beat_bytes) {}

  uint32_t read(unsigned place) const {
    if (place == kState) return sent_ ? kIdle : 0;
    if (place == kWay + kState) return received_ ? kIdle : 0;
    return words_[place / 4];
  }

  void write(unsigned place, uint32_t value) {
    const unsigned way = place < kWay ? 0 : kWay;
    if (place % kWay == kControl) {
      words_[place / 4] = value & ~kReset;  // a reset is over at once
      if (value & kReset) stop(way == 0);
      return;
    }
    words_[place / 4] = value;
    if (place % kWay != kLength || !(words_[way / 4] & kRun)) return;
    const uintptr_t at = words_[(way + 0x18) / 4] | uint64_t(words_[(way + 0x1c) / 4]) << 32;
    if (way == 0) {
      sent_ = false;
      for (size_t i = 0; i < value; i += beat_) {
        uint64_t beat = 0;
        fetch(at + i, reinterpret_cast<uint8_t *>(&beat), beat_);
        sending_.push_back(beat);
      }
    } else {
      to_ = at;
      room_ = value;
      received_ = false;
    }
  }

  // The stream that it gives.
  bool valid() const { return !sending_.empty(); }
  uint64_t data() const { return valid() ? sending_.front() : 0; }
  bool last() const { return sending_.size() == 1; }
  void taken() {
    sending_.pop_front();
    sent_ = sending_.empty();
  }

  // The stream that it takes.
  bool ready() const { return room_ >= beat_; }
  void take(uint64_t beat, bool last) {
    store(to_, reinterpret_cast<const uint8_t *>(&beat), beat_);
    to_ += beat_;
    room_ = last ? 0 : room_ - beat_;
    received_ = last;
  }

 private:
  static constexpr unsigned kWay = 0x30, kControl = 0, kState = 4, kLength = 0x28;
  static constexpr uint32_t kRun = 1, kReset = 4, kIdle = 2;

  void stop(bool sender) {
    if (sender) {
      sending_.clear();
      sent_ = false;
    } else {
      room_ = 0;
      received_ = false;
    }
  }

  const unsigned beat_;
  uint32_t words_[0x60 / 4] = {};
  std::deque<uint64_t> sending_;
  uintptr_t to_ = 0;
  size_t room_ = 0;
  bool sent_ = false, received_ = false;
};
