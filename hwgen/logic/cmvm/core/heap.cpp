// SPDX-License-Identifier: Apache-2.0
// Search for the chains of a heap of bits; ../../heap/search.py is its specification, step by step,
// and ../../heap/native.py calls it through ctypes.
#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

#include "random.h"

namespace {

constexpr int kNothing = -1, kEnter = 2, kFull = 3, kSorted = 70, kLowest = 80, kLow = 80, kLevelsLowest = 90;
constexpr int kPairs[4] = {0, 10, 30, 60};
constexpr std::size_t kChains = 400;
constexpr int kAgainstDepth = 100;

struct Heap {
  int top, terms;
  const int *starts, *columns;           // top + 1; terms by column
  const int *gates, *plain, *when;       // of every term
};

struct Link {
  int start;
  std::vector<int> enter;
  std::vector<std::vector<int>> positions;
  bool majority() const {
    bool found = enter.size() > 1;
    for (const auto &terms : positions) found = found + terms.size() > 2;
    return found;
  }
  int cost() const {
    int total = 0;
    bool majority = enter.size() > 1;
    for (const auto &terms : positions) {
      total += majority || !terms.empty();
      majority = majority + terms.size() > 2;
    }
    return total;
  }
};

struct Found {
  std::vector<Link> chains;
  std::vector<int> rest;
  int cost = 0, depth = 0;
  bool there = false;
  std::int64_t score() const { return there ? std::int64_t{cost} * (kAgainstDepth + depth) : INT64_MAX; }
};

class Sum {
public:
  std::vector<std::vector<int>> columns;
  std::vector<int> gates, plain, when;
  std::vector<Link> chains;
  hwgen::Random random;
  bool levels, sorted;
  int level = 0, pairs;

  Sum(const Heap &heap, std::uint64_t seed, bool by_level)
      : columns(heap.top), gates(heap.gates, heap.gates + heap.terms), plain(heap.plain, heap.plain + heap.terms),
        when(heap.when, heap.when + heap.terms), random{seed}, levels(by_level) {
    for (int c = 0; c < heap.top; c++)
      columns[c].assign(heap.columns + heap.starts[c], heap.columns + heap.starts[c + 1]);
    pairs = kPairs[random.below(4)];
    sorted = random.below(100) < kSorted;
  }

  bool solve(Found &out) {
    while (std::any_of(columns.begin(), columns.end(), [](const auto &c) { return c.size() > 1; })) {
      if (chains.size() == kChains) return false;
      std::pair<int, bool> first = start();
      if (first.first == kNothing)
        level++;
      else
        chain(first.first, first.second);
    }
    out.there = true;
    for (const auto &column : columns) {
      out.rest.push_back(column.empty() ? kNothing : column[0]);
      if (!column.empty()) out.depth = std::max(out.depth, when[column[0]]);
    }
    for (const Link &link : chains) out.cost += link.cost();
    out.chains = std::move(chains);
    return true;
  }

private:
  std::vector<int> ready(int column) const {
    std::vector<int> found;
    for (int t : columns[column])
      if (!levels || when[t] <= level) found.push_back(t);
    return found;
  }

  std::pair<int, bool> start() {
    int low = 0, tallest = 0, n = static_cast<int>(columns.size());
    while (columns[low].size() < 2) low++;
    for (int c = low + 1; c < n; c++) tallest = std::max(tallest, static_cast<int>(columns[c].size()));
    bool few = static_cast<int>(columns[low].size()) <= kFull + kEnter && tallest <= kFull, late = false;
    std::vector<int> full;
    for (int c = 0; c < n; c++) {
      std::size_t size = ready(c).size();
      late |= size != columns[c].size();
      if (size >= kFull) full.push_back(c);
    }
    if (few && !late) return {low, true};
    if (levels) {
      if (full.empty()) return {late ? kNothing : low, false};
      bool lowest = random.below(100) < kLevelsLowest;
      return {full[lowest ? 0 : random.below(full.size())], false};
    }
    if (full.empty() || random.below(100) >= kLowest) return {low, false};
    bool lowest = random.below(100) < kLow;
    return {full[lowest ? 0 : random.below(full.size())], false};
  }

  void chain(int start, bool final) {
    int top = static_cast<int>(columns.size()), column = start, latest = 0;
    Link link{start, enter(start), {}};
    for (int t : link.enter) latest = std::max(latest, when[t]);
    bool majority = link.enter.size() > 1;
    for (; column < top; column++) {
      std::vector<int> have = ready(column);
      if (final) {
        bool above = std::any_of(columns.begin() + column, columns.end(), [](const auto &c) { return !c.empty(); });
        if (have.empty() && !majority && !above) break;
      } else {
        int needed = random.below(100) >= pairs ? kFull : kFull - 1;
        if (static_cast<int>(have.size()) < needed && column > start) break;
      }
      link.positions.push_back(take(column, have));
      for (int t : link.positions.back()) latest = std::max(latest, when[t]);
      majority = majority + link.positions.back().size() > 2;
    }
    int bits = column - start, made = column >= top ? bits : bits + 1 + majority;
    for (int k = 0; k < made; k++) {
      columns[std::min(start + k, column)].push_back(static_cast<int>(gates.size()));
      gates.push_back(kNothing);
      plain.push_back(1);
      when.push_back((levels ? level : latest) + 1);
    }
    chains.push_back(std::move(link));
  }

  void remove(int column, int term) {
    auto &terms = columns[column];
    terms.erase(std::find(terms.begin(), terms.end(), term));
  }

  std::vector<int> enter(int start) {
    std::vector<int> have = ready(start), found;
    int sign = levels ? -1 : 1, extra = static_cast<int>(have.size()) - kFull;
    std::stable_sort(have.begin(), have.end(), [&](int a, int b) {
      return std::make_pair(sign * when[a], gates[a] != kNothing) < std::make_pair(sign * when[b], gates[b] != kNothing);
    });
    for (int t : have)
      if (static_cast<int>(found.size()) < std::min(kEnter, extra) && plain[t]) found.push_back(t);
    for (int t : found) remove(start, t);
    return found;
  }

  std::vector<int> take(int column, const std::vector<int> &have) {
    std::vector<std::pair<std::pair<int, int>, int>> keyed; // (when, random), term
    for (int t : have) {
      int drawn = random.below(1u << 30), at = levels ? -when[t] : sorted ? when[t] : 0;
      keyed.push_back({{at, drawn}, t});
    }
    std::stable_sort(keyed.begin(), keyed.end(), [](const auto &a, const auto &b) { return a.first < b.first; });
    std::vector<int> took;
    int gate = kNothing;
    for (const auto &pair : keyed) {
      int term = pair.second, own = gates[term];
      if (took.size() < kFull && (own == kNothing || gate == kNothing || gate == own)) {
        took.push_back(term);
        gate = own == kNothing ? gate : own;
        remove(column, term);
      }
    }
    return took;
  }
};

} // namespace

extern "C" {

// Searches; returns a handle, or null when memory ran out. `size` becomes the length of the result.
void *hwgen_heap_solve(const Heap *heap, int tries, int levels, std::int64_t seed, std::int64_t *size) {
  try {
    Found best;
    for (int k = 0; k < tries; k++) {
      Found found;
      Sum sum(*heap, static_cast<std::uint64_t>(seed * 7919 + k), levels != 0);
      if (sum.solve(found) && found.score() < best.score()) best = std::move(found);
    }
    auto *out = new std::vector<int>{best.cost, best.depth, static_cast<int>(best.chains.size())};
    for (const Link &link : best.chains) {
      out->push_back(link.start);
      out->push_back(static_cast<int>(link.enter.size()));
      out->insert(out->end(), link.enter.begin(), link.enter.end());
      out->push_back(static_cast<int>(link.positions.size()));
      for (const auto &terms : link.positions) {
        out->push_back(static_cast<int>(terms.size()));
        out->insert(out->end(), terms.begin(), terms.end());
      }
    }
    out->insert(out->end(), best.rest.begin(), best.rest.end());
    *size = static_cast<std::int64_t>(out->size());
    return out;
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

void hwgen_heap_take(void *handle, int *ints) {
  auto *out = static_cast<std::vector<int> *>(handle);
  std::copy(out->begin(), out->end(), ints);
  delete out;
}

} // extern "C"
