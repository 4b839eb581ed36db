// SPDX-License-Identifier: Apache-2.0
// Greedy sharing of two-term sums between rows. The specification is ../share.py.
#pragma once
#include <queue>

#include "sums.h"

namespace hwgen {

struct Row {
  std::vector<Term> terms;
  i64 bias = 0;
  bool fixed = true; // its sign matters
};

// An open hash map of pairs: how often, and what one adder for it costs.
struct PairMap {
  static constexpr u64 kFree = ~0ull;
  struct Slot {
    u64 key;
    int count, cost;
  };
  std::vector<Slot> slots;
  u64 mask = 0;
  std::size_t used = 0;

  explicit PairMap(std::size_t size = 1 << 10) { clear(size); }
  void clear(std::size_t size) {
    slots.assign(size, {kFree, 0, -1});
    mask = size - 1;
    used = 0;
  }
  static u64 hash(u64 x) {
    x *= 0x9E3779B97F4A7C15ull;
    return x ^ (x >> 29);
  }
  Slot *find(u64 key) {
    for (u64 i = hash(key) & mask;; i = (i + 1) & mask) {
      if (slots[i].key == key) return &slots[i];
      if (slots[i].key == kFree) return nullptr;
    }
  }
  Slot &at(u64 key) {
    if (used * 2 > mask) {
      std::vector<Slot> old;
      old.swap(slots);
      clear(old.size() * 2);
      for (const Slot &s : old)
        if (s.key != kFree) at(s.key) = s;
    }
    for (u64 i = hash(key) & mask;; i = (i + 1) & mask) {
      if (slots[i].key == key) return slots[i];
      if (slots[i].key == kFree) {
        slots[i].key = key;
        used++;
        return slots[i];
      }
    }
  }
};

constexpr int kSpan = 128; // shifts differ by less

inline u64 pair_key(int a, int b, int apart, bool differ) {
  return (static_cast<u64>(a) << 40) | (static_cast<u64>(b) << 16) | (static_cast<u64>(apart + kSpan) << 1) | differ;
}
inline u64 pair_key(const Term &p, const Term &q) {
  bool swap = q.node < p.node || (q.node == p.node && q.shift < p.shift);
  const Term &a = swap ? q : p, &b = swap ? p : q;
  return pair_key(a.node, b.node, b.shift - a.shift, p.sign != q.sign);
}

// The two terms a key stands for, the lower shift 0.
inline void pair_terms(u64 key, Term *t) {
  int apart = static_cast<int>((key >> 1) & 0x7fff) - kSpan;
  t[0] = {static_cast<int>(key >> 40), apart < 0 ? -apart : 0, 1};
  t[1] = {static_cast<int>((key >> 16) & 0xffffff), apart > 0 ? apart : 0, (key & 1) ? -1 : 1};
}

// Replace pairs that pay. `saving` is what one term less is worth, in 1/16 carry positions.
// New signals are appended to `s`; their terms to `made`.
template <class V>
void share(Sums<V> &s, std::vector<Row> &rows, i64 saving, i64 skew, std::vector<std::vector<Term>> &made) {
  PairMap pairs(1 << 14), fresh;
  {
    PairMap all(1 << 16);
    for (const Row &row : rows)
      for (std::size_t i = 0; i < row.terms.size(); i++)
        for (std::size_t j = 0; j < i; j++) all.at(pair_key(row.terms[i], row.terms[j])).count++;
    for (const auto &slot : all.slots)
      if (slot.key != PairMap::kFree && slot.count >= 2) pairs.at(slot.key).count = slot.count;
  }
  std::vector<std::vector<int>> where(s.form.size()); // rows that have the signal, or had it
  for (std::size_t r = 0; r < rows.size(); r++)
    for (const Term &t : rows[r].terms)
      if (where[t.node].empty() || where[t.node].back() != static_cast<int>(r)) where[t.node].push_back(r);

  struct Entry {
    i64 score;
    u64 key;
    int count;
    bool operator<(const Entry &o) const { return score != o.score ? score < o.score : key > o.key; }
  };
  std::priority_queue<Entry> queue;
  auto push = [&](PairMap::Slot &slot) {
    if (slot.count < 2) return;
    Term t[2];
    pair_terms(slot.key, t);
    bool flip;
    if (slot.cost < 0) slot.cost = s.pair_cost(t, &flip);
    i64 score = s.arity == 3 ? slot.count * saving - 16 * slot.cost : 16 * (slot.count - 1) * slot.cost;
    score -= skew * std::abs(s.arrival[t[0].node] - s.arrival[t[1].node]);
    if (score > 0) queue.push({score, slot.key, slot.count});
  };
  for (auto &slot : pairs.slots)
    if (slot.key != PairMap::kFree) push(slot);

  struct Match {
    int row, left, right;
  };
  std::vector<Match> matches;
  std::vector<char> taken;
  while (!queue.empty()) {
    Entry e = queue.top();
    queue.pop();
    PairMap::Slot *slot = pairs.find(e.key);
    if (slot->count != e.count) {
      push(*slot);
      continue;
    }
    Term t[2];
    pair_terms(e.key, t);
    int apart = t[1].shift - t[0].shift, relative = t[1].sign;
    matches.clear();
    const auto &wa = where[t[0].node], &wb = where[t[1].node];
    for (int r : wa.size() < wb.size() ? wa : wb) {
      const auto &row = rows[r].terms;
      taken.assign(row.size(), 0);
      for (std::size_t i = 0; i < row.size(); i++) {
        if (row[i].node != t[0].node || taken[i]) continue;
        for (std::size_t j = 0; j < row.size(); j++)
          if (row[j].node == t[1].node && j != i && !taken[j] && row[j].shift - row[i].shift == apart &&
              row[i].sign * row[j].sign == relative) {
            taken[i] = taken[j] = 1;
            matches.push_back({r, static_cast<int>(i), static_cast<int>(j)});
            break;
          }
      }
    }
    int found = static_cast<int>(matches.size());
    if (found < e.count) { // a signal paired with itself: occurrences overlapped
      slot->count = found;
      push(*slot);
      continue;
    }
    slot->count = 0;
    bool flip;
    V *form;
    i64 c;
    s.pair_cost(t, &flip, &form, &c);
    int sign = flip ? -1 : 1;
    int when = std::max(s.arrival[t[0].node], s.arrival[t[1].node]) + kDelay2;
    int id = s.add_signal(form, c, when);
    made.push_back({{t[0].node, t[0].shift, sign * t[0].sign}, {t[1].node, t[1].shift, sign * t[1].sign}});
    where.emplace_back();
    fresh.clear(1 << 10);
    std::size_t m = 0;
    while (m < matches.size()) {
      auto &row = rows[matches[m].row].terms;
      taken.assign(row.size(), 0);
      std::vector<Term> gone, come, kept;
      int r = matches[m].row;
      for (; m < matches.size() && matches[m].row == r; m++) {
        const Term &left = row[matches[m].left];
        come.push_back({id, left.shift - t[0].shift, left.sign * sign});
        taken[matches[m].left] = taken[matches[m].right] = 1;
      }
      for (std::size_t i = 0; i < row.size(); i++) (taken[i] ? gone : kept).push_back(row[i]);
      for (std::size_t i = 0; i < gone.size(); i++) {
        for (const Term &x : kept)
          if (auto *p = pairs.find(pair_key(gone[i], x))) p->count--;
        for (std::size_t j = 0; j < i; j++)
          if (auto *p = pairs.find(pair_key(gone[i], gone[j]))) p->count--;
      }
      for (std::size_t i = 0; i < come.size(); i++) {
        for (const Term &x : kept) fresh.at(pair_key(come[i], x)).count++;
        for (std::size_t j = 0; j < i; j++) fresh.at(pair_key(come[i], come[j])).count++;
      }
      kept.insert(kept.end(), come.begin(), come.end());
      row.swap(kept);
      where[id].push_back(r);
    }
    for (const auto &f : fresh.slots)
      if (f.key != PairMap::kFree && f.count >= 2) {
        auto &now = pairs.at(f.key);
        now = {f.key, f.count, -1};
        push(now);
      }
  }
}

} // namespace hwgen
