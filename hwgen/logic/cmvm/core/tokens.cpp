// SPDX-License-Identifier: Apache-2.0
// Word-level simulation of a stream design: when each word of each link moves.
// hwgen/plan/stream/{channels,actors,matvec_actor,move_actors}.py specify every rule; native.py there calls this
// through ctypes. The order in which actors are asked changes nothing: none decides by data.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace {

using i64 = std::int64_t;
using Bits = std::vector<std::uint8_t>;

struct Channel {
  std::vector<i64> shown, taken;

  i64 offered(i64 k) const { return k ? std::max(shown[k], taken[k - 1] + 1) : shown[k]; }
  i64 there() const { return static_cast<i64>(shown.size()); }
  i64 gone() const { return static_cast<i64>(taken.size()); }
};

struct Actor {
  std::vector<Channel *> ins, outs;
  std::vector<i64> launched; // of a core alone

  virtual ~Actor() = default;
  virtual bool advance() = 0;
  Channel &source() { return *ins[0]; }
  Channel &out() { return *outs[0]; }
};

struct Source : Actor {
  i64 words, cycles, spread;
  explicit Source(const std::vector<i64> &n) : words(n[0]), cycles(n[1]), spread(n[2]) {}
  bool advance() override {
    if (!out().shown.empty()) return false;
    for (i64 k = 0; k < words; k++) out().shown.push_back((k * cycles + spread - 1) / spread);
    return true;
  }
};

struct Sink : Actor {
  bool advance() override {
    Channel &in = source();
    i64 before = in.gone();
    while (in.gone() < in.there()) in.taken.push_back(in.offered(in.gone()));
    return in.gone() > before;
  }
};

struct Core : Actor {
  i64 latency, depth;
  explicit Core(const std::vector<i64> &n) : latency(n[0]), depth(n[1]) {}
  bool advance() override {
    i64 before = static_cast<i64>(launched.size()), end = ins[0]->there();
    for (Channel *one : ins) end = std::min(end, one->there());
    for (i64 k = before; k < end; k++) {
      i64 at = 0;
      if (k >= depth) {
        if (out().gone() <= k - depth) break;
        at = out().taken[k - depth] + 1;
      }
      for (Channel *one : ins) at = std::max(at, one->offered(k));
      launched.push_back(at);
      for (Channel *one : ins) one->taken.push_back(at);
      out().shown.push_back(at + latency + 1);
    }
    return static_cast<i64>(launched.size()) > before;
  }
};

struct Fork : Actor {
  bool advance() override {
    Channel &in = source();
    i64 before = in.gone(), end = outs[0]->gone();
    for (Channel *one : outs) end = std::min(end, one->gone());
    for (i64 k = before; k < end; k++) {
      i64 at = 0;
      for (Channel *one : outs) at = std::max(at, one->taken[k]);
      in.taken.push_back(at);
    }
    bool moved = in.gone() > before;
    for (Channel *one : outs)
      for (i64 k = one->there(); k < in.there() && k <= in.gone(); k++) {
        one->shown.push_back(in.offered(k));
        moved = true;
      }
    return moved;
  }
};

struct Converter : Actor {
  i64 parts, count;
  explicit Converter(const std::vector<i64> &n) : parts(n[0]), count(n[1]) {}
  i64 wide(i64 k) const { return k / count * ((count + parts - 1) / parts) + k % count / parts; }
};

struct Widen : Converter {
  using Converter::Converter;
  bool advance() override {
    Channel &in = source();
    bool moved = false;
    for (i64 k = in.gone(); k < in.there(); k++) {
      i64 at = in.offered(k), place = k % count;
      if (place == count - 1 || place % parts == parts - 1) {
        i64 to = wide(k);
        if (to == out().there()) {
          out().shown.push_back(at);
          moved = true;
        }
        if (to >= out().gone()) break;
        at = out().taken[to];
      }
      in.taken.push_back(at);
      moved = true;
    }
    return moved;
  }
};

struct Narrow : Converter {
  using Converter::Converter;
  bool advance() override {
    Channel &in = source();
    for (bool moved = false;;) {
      i64 k = out().there(), from = wide(k);
      if (k % count % parts == 0 && in.gone() < from && out().gone() == k) {
        in.taken.push_back(out().taken[k - 1]);
        moved = true;
      }
      if (from >= in.there() || in.gone() < from) return moved;
      out().shown.push_back(in.offered(from));
      moved = true;
    }
  }
};

struct Window : Actor {
  Bits due, tail;
  std::size_t step = 0;
  std::vector<i64> flushed;
  i64 now = 0;

  Window(const Bits &due_, const Bits &tail_) : due(due_), tail(tail_), flushed(tail_.size(), -1) {}

  // The earliest cycle of a step from `from` on, as the output allows it; -1 if that is not known.
  i64 when(bool emits, i64 from) {
    if (!emits || out().shown.empty()) return from;
    if (out().gone() < out().there()) return -1;
    return std::max(from, out().taken.back());
  }

  bool flush() {
    bool moved = false;
    while (flushed.size() < tail.size()) {
      bool emits = tail[flushed.size()];
      i64 at = when(emits, flushed.empty() ? now : flushed.back() + 1);
      if (at < 0) break;
      flushed.push_back(at);
      if (emits) {
        out().shown.push_back(at + 1);
        moved = true;
      }
    }
    return moved;
  }

  bool advance() override {
    Channel &in = source();
    bool moved = flush();
    while (in.gone() < in.there()) {
      i64 at;
      if (step < tail.size()) {
        if (step >= flushed.size()) break;
        at = std::max(now, flushed[step]);
      } else if (flushed.size() < tail.size()) {
        break;
      } else {
        at = when(due[step], now);
      }
      if (at < 0) break;
      at = std::max(at, in.offered(in.gone()));
      in.taken.push_back(at);
      moved = true;
      if (due[step]) out().shown.push_back(at + 1);
      now = at + 1;
      if (++step == due.size()) {
        step = 0;
        flushed.clear();
        flush();
      }
    }
    return moved;
  }
};

struct Blocks : Actor {
  Bits ends;
  i64 now = 0;
  explicit Blocks(const Bits &ends_) : ends(ends_) {}
  bool advance() override {
    Channel &in = source();
    bool moved = false;
    while (in.gone() < in.there() && out().gone() == out().there()) {
      i64 k = in.gone(), at = std::max(now, in.offered(k));
      if (out().gone()) at = std::max(at, out().taken.back());
      in.taken.push_back(at);
      now = at + 1;
      if (ends[k % ends.size()]) out().shown.push_back(at + 1);
      moved = true;
    }
    return moved;
  }
};

struct Matvec : Actor {
  i64 turns, steps, latency;
  bool depthwise;
  i64 move = -1, place = 0, waited = 0, stood = 0, results = 0;
  std::deque<i64> pending;
  std::deque<std::pair<i64, i64>> stops; // behind the last step: moving cycle, cycles it waits for

  explicit Matvec(const std::vector<i64> &n)
      : turns(n[0]), steps(n[1]), latency(n[2]), depthwise(n[3] != 0) {}

  i64 given() const { return results - static_cast<i64>(pending.size()); }

  // The first moving cycle behind the last step that is not before the cycle of an offer.
  i64 first(i64 offered) const {
    i64 next = std::max(move + 1, offered - stood), still = stood;
    for (const auto &[at, cycles] : stops) {
      if (next < at) break;
      still += cycles;
      next = std::max({at, move + 1, offered - still});
    }
    return next;
  }

  // What stood still up to a step is behind it.
  void step(i64 at) {
    for (move = at; !stops.empty() && stops.front().first <= move; stops.pop_front())
      stood += stops.front().second;
  }

  bool advance() override {
    Channel &in = source();
    for (bool moved = false;;) {
      if (!pending.empty() && out().there() == out().gone() && out().there() == given()) {
        out().shown.push_back(pending.front() + waited);
        moved = true;
      }
      if (!pending.empty() && out().gone() > given()) {
        i64 cycles = out().taken.back() - out().shown.back();
        if (cycles > 0) stops.emplace_back(pending.front(), cycles);
        waited += cycles;
        pending.pop_front();
        moved = true;
        continue;
      }
      bool fresh = depthwise || place < steps;
      i64 count = 1, next;
      if (fresh) {
        if (in.gone() >= in.there()) return moved;
        next = first(in.offered(in.gone()));
      } else { // the vector is there: to the end of this turn at once
        count = steps - place % steps;
        next = move + count;
      }
      if (!pending.empty() && pending.front() <= next) return moved; // it may stand still
      step(next);
      if (fresh) in.taken.push_back(next + stood);
      place += count;
      if (place % steps == 0) {
        pending.push_back(move + latency);
        results++;
      }
      if (place == steps * turns) place = 0;
      moved = true;
    }
  }
};

// Words of a sample that go through, and how many of the first k do.
struct Through : Actor {
  Bits through;
  std::vector<i64> sums{0};
  explicit Through(const Bits &bits) : through(bits) {
    for (std::uint8_t one : bits) sums.push_back(sums.back() + one);
  }
  i64 before(i64 k) const {
    i64 size = static_cast<i64>(through.size());
    return k / size * sums.back() + sums[k % size];
  }
};

struct Grown : Through {
  using Through::Through;
  bool advance() override {
    Channel &in = source();
    for (bool moved = false;;) {
      i64 k = out().there(), place = k % static_cast<i64>(through.size());
      if (out().gone() < k) return moved;
      i64 come = before(k);
      if (in.gone() < come) { // the last word went through
        in.taken.push_back(out().taken.back());
        moved = true;
      }
      i64 at = k ? out().taken.back() + 1 : 0;
      if (through[place] || place == 0) {
        if (come >= in.there()) return moved;
        at = std::max(at, in.offered(come));
      }
      out().shown.push_back(at);
      moved = true;
    }
  }
};

struct Cropped : Through {
  using Through::Through;
  bool advance() override {
    Channel &in = source();
    bool moved = false;
    for (i64 k = in.gone(); k < in.there(); k++) {
      i64 at = in.offered(k);
      if (through[k % through.size()]) {
        i64 index = before(k);
        if (out().there() == index) {
          out().shown.push_back(at);
          moved = true;
        }
        if (out().gone() == index) return moved;
        at = out().taken[index];
      }
      in.taken.push_back(at);
      moved = true;
    }
    return moved;
  }
};

struct Reorder : Actor {
  i64 words;
  std::vector<i64> pulls;
  explicit Reorder(const std::vector<i64> &n) : words(n[0]) {}

  bool fill() {
    Channel &in = source();
    bool moved = false;
    for (i64 k = in.gone(); k < in.there(); k++) {
      i64 at = in.offered(k), half = k / words;
      if (half > 1) {
        i64 spent = (half - 1) * words - 1;
        if (spent >= static_cast<i64>(pulls.size())) return moved;
        at = std::max(at, pulls[spent] + 1);
      }
      in.taken.push_back(at);
      moved = true;
    }
    return moved;
  }

  bool empty() {
    Channel &in = source();
    for (bool moved = false;; moved = true) {
      i64 k = static_cast<i64>(pulls.size()), last = (k / words + 1) * words - 1;
      if (last >= in.gone() || out().gone() < k) return moved;
      i64 at = in.taken[last] + 1;
      if (k) at = std::max(at, out().taken[k - 1]);
      pulls.push_back(at);
      out().shown.push_back(at + 1);
    }
  }

  bool advance() override {
    i64 before = source().gone() + out().there();
    for (bool moved = true; moved;) {
      moved = fill();
      moved |= empty();
    }
    return source().gone() + out().there() > before;
  }
};

// The words of each source go through in its turn.
struct Concat : Actor {
  std::vector<i64> counts;
  std::size_t turn = 0; // the source whose words leave
  i64 left = 0, through = 0; // words of it that have, and of all
  explicit Concat(const std::vector<i64> &n) : counts(n) {}
  bool advance() override {
    for (bool moved = false;;) {
      Channel &in = *ins[turn];
      if (out().there() == through) {
        if (in.gone() == in.there()) return moved;
        out().shown.push_back(in.offered(in.gone()));
        moved = true;
      }
      if (out().gone() == through) return moved;
      in.taken.push_back(out().taken[static_cast<std::size_t>(through++)]);
      moved = true;
      if (++left == counts[turn]) {
        left = 0;
        turn = (turn + 1) % counts.size();
      }
    }
  }
};

constexpr i64 RULES = 13; // those of made()

std::unique_ptr<Actor> made(i64 rule, const std::vector<i64> &numbers, const std::vector<Bits> &bits) {
  switch (rule) {
  case 0: return std::make_unique<Source>(numbers);
  case 1: return std::make_unique<Sink>();
  case 2: return std::make_unique<Core>(numbers);
  case 3: return std::make_unique<Fork>();
  case 4: return std::make_unique<Widen>(numbers);
  case 5: return std::make_unique<Narrow>(numbers);
  case 6: return std::make_unique<Window>(bits[0], bits[1]);
  case 7: return std::make_unique<Blocks>(bits[0]);
  case 8: return std::make_unique<Matvec>(numbers);
  case 9: return std::make_unique<Grown>(bits[0]);
  case 10: return std::make_unique<Cropped>(bits[0]);
  case 11: return std::make_unique<Reorder>(numbers);
  case 12: return std::make_unique<Concat>(numbers);
  }
  return nullptr;
}

struct Net {
  std::vector<Channel> channels;
  std::vector<std::unique_ptr<Actor>> actors;

  void settle() {
    std::vector<std::vector<int>> near(actors.size());
    std::vector<std::vector<int>> ends(channels.size()); // actors at both ends
    auto each = [&](std::size_t i, auto act) {
      for (Channel *one : actors[i]->ins) act(static_cast<std::size_t>(one - channels.data()));
      for (Channel *one : actors[i]->outs) act(static_cast<std::size_t>(one - channels.data()));
    };
    for (std::size_t i = 0; i < actors.size(); i++)
      each(i, [&](std::size_t c) { ends[c].push_back(static_cast<int>(i)); });
    for (std::size_t i = 0; i < actors.size(); i++)
      each(i, [&](std::size_t c) {
        for (int j : ends[c])
          if (j != static_cast<int>(i)) near[i].push_back(j);
      });
    std::deque<int> queue;
    std::vector<char> queued(actors.size(), 1);
    for (std::size_t i = 0; i < actors.size(); i++) queue.push_back(static_cast<int>(i));
    while (!queue.empty()) {
      int i = queue.front();
      queue.pop_front();
      queued[i] = 0;
      if (!actors[i]->advance()) continue;
      for (int j : near[i])
        if (!queued[j]) {
          queued[j] = 1;
          queue.push_back(j);
        }
    }
  }

  template <typename F> void lists(F act) {
    for (Channel &one : channels) {
      act(one.shown);
      act(one.taken);
    }
    for (auto &one : actors) act(one->launched);
  }
};

} // namespace

extern "C" {

// How many rules of actors are known: an older core leaves nets with newer ones to their specification.
i64 hwgen_tokens_rules() { return RULES; }

// Simulates a net. Actors follow each other in `facts`, each as: rule; inputs and their channels;
// outputs and theirs; how many numbers, and these; how many patterns, and their lengths, whose
// values follow each other in `bits`. Fills `sizes` with the lengths of the lists that
// hwgen_tokens_take gives: of every channel the cycles in which words were shown, then taken; then
// of every actor those in which it launched. Returns null when the memory does not suffice.
void *hwgen_tokens_run(i64 channels, i64 actors, const i64 *facts, const std::uint8_t *bits, i64 *sizes) {
  try {
    auto net = std::make_unique<Net>();
    net->channels.resize(static_cast<std::size_t>(channels));
    auto row = [&] {
      std::vector<i64> found(facts + 1, facts + 1 + *facts);
      facts += 1 + *facts;
      return found;
    };
    for (i64 i = 0; i < actors; i++) {
      i64 rule = *facts++;
      std::vector<i64> ins = row(), outs = row(), numbers = row();
      std::vector<Bits> patterns;
      for (i64 length : row()) {
        patterns.emplace_back(bits, bits + length);
        bits += length;
      }
      net->actors.push_back(made(rule, numbers, patterns));
      for (i64 c : ins) net->actors.back()->ins.push_back(&net->channels[c]);
      for (i64 c : outs) net->actors.back()->outs.push_back(&net->channels[c]);
    }
    net->settle();
    net->lists([&](const std::vector<i64> &one) { *sizes++ = static_cast<i64>(one.size()); });
    return net.release();
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

// Copies all lists, one behind the other, and frees the net.
void hwgen_tokens_take(void *handle, i64 *to) {
  std::unique_ptr<Net> net(static_cast<Net *>(handle));
  net->lists([&](const std::vector<i64> &one) { to = std::copy(one.begin(), one.end(), to); });
}

} // extern "C"
