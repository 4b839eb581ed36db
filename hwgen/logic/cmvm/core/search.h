// SPDX-License-Identifier: Apache-2.0
// Annealing on sums of signals. The specification is ../anneal.py.
#pragma once
#include "moves.h"

namespace hwgen {

constexpr int kRefresh = 1024; // moves between two clean-ups
constexpr int kPattern = 64;   // terms of the longest pattern
constexpr int kStrict = 160;   // of 256 parts of the annealing keep to the limit

template <class V> class Search : public Moves<V> {
  using Base = Moves<V>;
  using Change = typename Base::Change;
  using Base::accept, Base::change, Base::changes_, Base::dissolve, Base::expand, Base::first, Base::gain, Base::guess,
      Base::link, Base::price, Base::random_, Base::recode, Base::redefine, Base::refresh_tails, Base::reuse,
      Base::saved, Base::view, Base::views_, Base::without;

public:
  using Base::cost, Base::nodes, Base::s, Base::uses;

  Search(Sums<V> &sums, u64 seed, const int *logs) : Base(sums, seed), logs_(logs) {}

  void anneal(i64 budget, i64 hot, i64 cold) {
    i64 start = s.work, moves = 0, done = 0, next = 0, heat = hot;
    std::vector<int> live, slots; // nodes; each as often as it has terms to take together
    while (s.work - start < budget) {
      if (moves++ % kRefresh == 0) {
        live.clear();
        slots.clear();
        for (std::size_t i = 0; i < nodes.size(); i++) {
          if (nodes[i].terms.empty()) continue;
          live.push_back(static_cast<int>(i));
          slots.insert(slots.end(), nodes[i].terms.size() - 1, static_cast<int>(i));
        }
        if (slots.empty()) return;
        refresh_tails();
      }
      s.work += 16;
      if (s.work - start >= next) { // a division a move would be felt
        done = (s.work - start) * 256 / budget;
        next = ((done + 1) * budget + 255) / 256;
        heat = done > 248 ? 0 : hot + (cold - hot) * done / 256;
      }
      i64 most = heat * logs_[random_.below(1024)] >> 16;
      int kind = random_.below(256);
      const auto &pool = kind < 32 ? live : slots;
      int u = pool[random_.below(pool.size())];
      if (nodes[u].terms.empty()) continue;
      if (kind < 16) {
        dissolve(u, most);
      } else if (kind < 32) {
        redefine(u, most);
      } else if (kind < 80) {
        expand(u, most);
      } else if (kind < 88) {
        recode(u, most);
      } else if (kind < 104) {
        reuse(u, most);
      } else {
        extract(u, most);
      }
    }
  }

private:
  const int *logs_; // -256 ln((i + 0.5) / 1024)
  std::vector<char> used_;

  // Make terms that two sums have in common a signal of its own.
  void extract(int u, i64 most) {
    if (nodes[u].terms.size() == 2 && !nodes[u].row) return;
    int opened[2] = {-1, -1}, w = -1;
    const std::vector<Term> &mine = view(u, opened[0], views_[0]);
    if (mine.size() < 2) return;
    std::size_t at = random_.below(mine.size());
    if (opened[0] >= 0 && random_.below(2)) { // one of those that were written out
      const auto &inner = nodes[opened[0]].terms;
      const Term &t = inner[random_.below(inner.size())];
      Term wanted = {t.node, t.shift + first(nodes[u].terms, opened[0])->shift, -1};
      at = lower_bound(mine, wanted.key()) - mine.data();
      if (at == mine.size() || mine[at].place() != wanted.place()) return;
    }
    const auto &readers = uses[mine[at].node];
    if (readers.empty()) return;
    w = readers[random_.below(readers.size())];
    if (!nodes[w].row && w != u && random_.below(256) < 160) { // a reader's reader, the reader written out
      opened[1] = w;
      w = uses[w][random_.below(uses[w].size())];
      if (w == u) return;
      without(nodes[w].terms, opened[1], views_[1]);
    }
    if (w == opened[0]) return;
    const std::vector<Term> &other = w == u ? mine : opened[1] >= 0 ? views_[1] : nodes[w].terms;
    Term pattern[kPattern];
    int k = common(mine, other, at, w == u, pattern);
    if (k < 2 || (k == static_cast<int>(mine.size()) && !nodes[u].row)) return;
    int rare = 0;
    for (int i = 1; i < k; i++)
      if (uses[pattern[i].node].size() < uses[pattern[rare].node].size()) rare = i;
    int low = 1 << 20, found = 0, last = -1, turn = pattern[rare].sign;
    for (int i = 0; i < k; i++) low = std::min<int>(low, pattern[i].shift);
    for (int i = 0; i < k; i++) pattern[i].shift -= low, pattern[i].sign *= turn;
    std::size_t n = 0;
    auto look = [&](int reader, const std::vector<Term> &terms) {
      Change &c = change(n, reader);
      match(terms, pattern, k, rare, c);
      found += c.matches;
      n += c.matches > 0;
    };
    look(u, mine);
    if (w != u) look(w, other);
    s.work += static_cast<i64>(uses[pattern[rare].node].size()) / 4;
    for (int reader : uses[pattern[rare].node])
      if (reader != last && reader != u && reader != w) look(last = reader, nodes[reader].terms);
    if (found < 2) return;
    most += saved(opened[0], n);
    if (opened[1] != opened[0]) most += saved(opened[1], n);
    i64 rough = 8 * s.adders(k), centre;
    for (std::size_t i = 0; i < n; i++) rough += guess(changes_[i].user, changes_[i].terms.size());
    if (rough > most + kRough || !s.fits(pattern, k)) return;
    int id = this->fresh_node(), sign, tail = 0;
    V *form = s.total(pattern, k, &centre);
    s.set_signal(id, form, centre, 0);
    Sum made = s.tree(pattern, k, false, 0, s.radius[id], 0, &sign);
    s.arrival[id] = made.arrival;
    if (sign < 0) {
      s.turn(id);
      for (int i = 0; i < k; i++) pattern[i].sign = -pattern[i].sign;
    }
    i64 sum = made.cost;
    for (std::size_t i = 0; i < n; i++) {
      Change &c = changes_[i];
      for (int j = 0; j < c.matches; j++) c.terms[j].node = id, c.terms[j].sign *= sign;
      std::sort(c.terms.begin(), c.terms.end());
      c.now = price(c.user, c.terms);
      sum += gain(c.user, c.now);
      tail = std::max(tail, nodes[c.user].tail + kDelay2);
    }
    if (sum > most) {
      this->drop_node(id);
      return;
    }
    nodes[id].terms.assign(pattern, pattern + k);
    nodes[id].cost = made.cost;
    nodes[id].tail = tail;
    cost += made.cost;
    for (int i = 0; i < k; i++) link(pattern[i].node, id);
    accept(n);
  }
  // Terms that two sums have in common when the first's term number *at* is one of them.
  int common(const std::vector<Term> &mine, const std::vector<Term> &other, std::size_t at, bool same, Term *pattern) {
    const Term &x = mine[at];
    std::size_t from = first(other, x.node) - other.data(), to = from;
    while (to < other.size() && other[to].node == x.node) to++;
    if (to - from <= same) return 0;
    from += random_.below(to - from - same);
    if (same && from >= at) from++;
    const int apart = other[from].shift - x.shift, relative = x.sign * other[from].sign;
    s.work += static_cast<i64>(mine.size() + other.size()) / 4;
    int k = 0;
    const Term *t = mine.data(), *o = other.data();
    while (t != end_of(mine) && o != end_of(other) && k < kPattern) { // without branches
      const i64 left = t->place() + apart, right = o->place();
      pattern[k] = *t;
      k += (left == right) & (o->sign == t->sign * relative);
      t += left <= right;
      o += right <= left;
    }
    if (k > 2 && random_.below(256) < 160) {
      int fewer = 2 + random_.below(std::min(k, 5) - 1);
      for (int i = 0; i < fewer; i++) std::swap(pattern[i], pattern[i + random_.below(k - i)]);
      std::sort(pattern, pattern + fewer);
      return fewer;
    }
    return k;
  }
  // Collect what a sum becomes when every occurrence of the pattern is one term; those come first.
  void match(const std::vector<Term> &terms, const Term *pattern, int k, int rare, Change &c) {
    const Term &key = pattern[rare];
    const Term *end = end_of(terms);
    for (const Term *i = first(terms, key.node); i != end && i->node == key.node; ++i) {
      const int shift = i->shift - key.shift, sign = i->sign * key.sign;
      int taken[kPattern], q = 0;
      for (; shift >= 0 && q < k; q++) {
        Term wanted = {pattern[q].node, pattern[q].shift + shift, pattern[q].sign * sign};
        const Term *at = lower_bound(terms, wanted.key());
        taken[q] = static_cast<int>(at - terms.data());
        if (at == end || !(*at == wanted) || (c.matches && used_[taken[q]])) break;
      }
      if (q < k) continue;
      if (!c.matches) used_.assign(terms.size(), 0);
      for (int z = 0; z < k; z++) used_[taken[z]] = 1;
      c.terms.push_back({0, shift, sign});
      c.matches++;
    }
    for (std::size_t j = 0; c.matches && j < terms.size(); j++)
      if (!used_[j]) c.terms.push_back(terms[j]);
  }
};

} // namespace hwgen
