// SPDX-License-Identifier: Apache-2.0
/// Streams of a bounded depth between threads, on the host alone: with HWG_BOUNDED, every stage of a
/// stream design is a thread, and every stream holds as many words as it will in hardware.
///
/// C simulation runs one stage after the other, with streams that hold any number of words, so it
/// cannot tell that FIFOs are too shallow. Here a full stream makes its writer wait and an empty one its
/// reader; a design in which nothing moves for some seconds while a stage waits has ended in a deadlock,
/// and the program says so and ends with 1.
#ifndef HWG_LANG_PROCESSES_H
#define HWG_LANG_PROCESSES_H

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace hwg {

// Words moved by all streams of the program.
inline std::atomic<unsigned long>& moves() {
  static std::atomic<unsigned long> count(0);
  return count;
}

template <class T> class stream {
 public:
  stream() : depth_(0) {}
  void bound(unsigned depth) { depth_ = depth; }
  void write(const T& word) {
    std::unique_lock<std::mutex> held(lock_);
    while (depth_ != 0 && words_.size() >= depth_) wait(held, "full");
    words_.push_back(word);
    moved();
  }
  T read() {
    std::unique_lock<std::mutex> held(lock_);
    while (words_.empty()) wait(held, "empty");
    const T word = words_.front();
    words_.pop_front();
    moved();
    return word;
  }
  bool empty() {
    std::unique_lock<std::mutex> held(lock_);
    return words_.empty();
  }

 private:
  void moved() {
    ++moves();
    changed_.notify_all();
  }
  void wait(std::unique_lock<std::mutex>& held, const char* how) {
    const unsigned long before = moves();
    if (changed_.wait_for(held, std::chrono::seconds(5)) == std::cv_status::timeout && before == moves()) {
      std::printf("FAIL: deadlock: a stage waits for a stream that is %s (depth %u)\n", how, depth_);
      std::fflush(stdout);
      std::_Exit(1);
    }
  }

  std::mutex lock_;
  std::condition_variable changed_;
  std::deque<T> words_;
  unsigned depth_;
};

// Threads of a design; its end waits for them.
class processes {
 public:
  ~processes() {
    for (unsigned i = 0; i < all_.size(); ++i) all_[i].join();
  }
  template <class F> void start(const F& body) { all_.push_back(std::thread(body)); }

 private:
  std::vector<std::thread> all_;
};

}  // namespace hwg

#define HWG_DATAFLOW hwg::processes hwg_all;
#define HWG_DEPTH(name, n) name.bound(n);
#define HWG_RUN(...) hwg_all.start([&] { __VA_ARGS__; })

#endif
