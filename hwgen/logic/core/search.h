// SPDX-License-Identifier: Apache-2.0
// Annealing on sums of signals. The specification is ../anneal.py.
#pragma once
#include "nodes.h"

namespace hwgen {

constexpr int kLate = 2;      // carry positions that a tenth of an adder too late counts for
constexpr int kRefresh = 1024; // moves between two clean-ups
constexpr int kPattern = 64;  // terms of the longest pattern

// Moves that trade sharing for size.
template <class V> class Search : public Nodes<V> {
  using Base = Nodes<V>;
  using Base::count, Base::depends, Base::link, Base::price, Base::refresh_tails, Base::set_terms,
      Base::users;

public:
  using Base::cost, Base::nodes, Base::s, Base::uses;
  int limit = 1 << 28;

  Search(Sums<V> &sums, u64 seed, const int *logs) : Base(sums), random_{seed}, logs_(logs) {}

  // Dissolve shared signals for as long as the sums get no dearer without them.
  void inline_all() {
    for (int pass = 0; pass < 4; pass++) {
      bool changed = false;
      for (int v = static_cast<int>(nodes.size()) - 1; v >= 0; v--) changed |= dissolve(v, 0);
      if (!changed) return;
    }
  }

  void anneal(i64 budget, i64 from, i64 to) {
    i64 start = s.work, moves = 0;
    std::vector<int> live;
    while (s.work - start < budget) {
      if (moves++ % kRefresh == 0) {
        live.clear();
        for (std::size_t i = 0; i < nodes.size(); i++)
          if (nodes[i].alive && !nodes[i].terms.empty()) live.push_back(static_cast<int>(i));
        if (live.empty()) return;
        refresh_tails();
      }
      s.work += 16;
      i64 done = (s.work - start) * 256 / budget;
      i64 heat = done > 248 ? 0 : from + (to - from) * done / 256;
      int u = live[random_.below(live.size())];
      if (!nodes[u].alive) continue;
      int kind = random_.below(256);
      if (kind < 40) {
        dissolve(u, threshold(heat));
      } else if (kind < 64) {
        expand(u, heat);
      } else if (kind < 80) {
        recode(u, heat);
      } else if (kind < 112) {
        reuse(u, heat);
      } else {
        extract(u, heat);
      }
    }
  }

private:
  struct Change {
    int user;
    std::vector<Term> terms;
    Sum now;
    int matches;
  };
  Random random_;
  const int *logs_; // -256 ln((i + 0.5) / 1024)
  std::vector<Change> changes_;
  std::vector<char> used_;

  i64 threshold(i64 heat) { return heat * logs_[random_.below(1024)] >> 16; }
  i64 late(int u, int arrival) const { return static_cast<i64>(kLate) * std::max(0, arrival + nodes[u].tail - limit); }
  // What a node's new terms change, lateness included.
  i64 gain(int u, Sum now) const { return now.cost - nodes[u].cost + late(u, now.arrival) - late(u, s.arrival[u]); }

  // Merge terms of one signal and one shift into signed digits.
  static void canon(std::vector<Term> &terms) {
    std::sort(terms.begin(), terms.end(), [](const Term &a, const Term &b) {
      return a.node != b.node ? a.node < b.node : a.shift != b.shift ? a.shift < b.shift : a.sign < b.sign;
    });
    std::vector<Term> out;
    for (std::size_t i = 0, j; i < terms.size(); i = j) {
      bool twice = false;
      for (j = i; j < terms.size() && terms[j].node == terms[i].node; j++)
        twice |= j > i && terms[j].shift == terms[j - 1].shift;
      if (!twice) {
        out.insert(out.end(), terms.begin() + i, terms.begin() + j);
        continue;
      }
      int shift = terms[i].shift;
      i64 value = 0;
      for (std::size_t q = i; q < j; q++) value += terms[q].sign * (i64(1) << (terms[q].shift - shift));
      for (; value; value >>= 1, shift++)
        if (value & 1) {
          int digit = (value & 3) == 3 ? -1 : 1;
          out.push_back({terms[i].node, shift, digit});
          value -= digit;
        }
    }
    terms.swap(out);
  }
  std::vector<Term> without(int u, int v) const {
    std::vector<Term> out;
    for (const Term &t : nodes[u].terms) {
      if (t.node != v) {
        out.push_back(t);
      } else {
        for (const Term &q : nodes[v].terms) out.push_back({q.node, q.shift + t.shift, q.sign * t.sign});
      }
    }
    canon(out);
    return out;
  }

  // Write a shared signal out in all its users.
  bool dissolve(int v, i64 most) {
    if (nodes[v].row || !nodes[v].alive || nodes[v].terms.empty()) return false;
    std::vector<int> readers = users(v);
    i64 change = -nodes[v].cost;
    changes_.clear();
    for (int u : readers) {
      Change c = {u, without(u, v), {}, 0};
      c.now = price(u, c.terms);
      change += gain(u, c.now);
      if (change > most + 40) return false;
      changes_.push_back(std::move(c));
    }
    if (change > most) return false;
    std::vector<Change> accepted;
    accepted.swap(changes_);
    for (Change &c : accepted) set_terms(c.user, std::move(c.terms), c.now);
    return true;
  }
  // Write a shared signal out in one user.
  void expand(int u, i64 heat) {
    int v = nodes[u].terms[random_.below(nodes[u].terms.size())].node;
    if (nodes[v].row || nodes[v].terms.empty()) return;
    std::vector<Term> terms = without(u, v);
    Sum now = price(u, terms);
    i64 change = gain(u, now);
    if (users(v).size() == 1) change -= nodes[v].cost;
    if (change <= threshold(heat)) set_terms(u, std::move(terms), now);
  }
  // Another signed-digit form of two terms of one signal: 4 - 1 = 2 + 1.
  void recode(int u, i64 heat) {
    const auto &row = nodes[u].terms;
    std::size_t x = random_.below(row.size());
    for (std::size_t j = 0; j < row.size(); j++) {
      if (j == x || row[j].node != row[x].node) continue;
      std::vector<Term> terms = row;
      if (row[j].shift == row[x].shift + 2 && row[j].sign != row[x].sign) {
        terms[j].shift--;
      } else if (row[j].shift == row[x].shift + 1 && row[j].sign == row[x].sign) {
        terms[j].shift++;
      } else {
        continue;
      }
      terms[x].sign = -terms[x].sign;
      for (const Term &t : row)
        if (t.node == terms[j].node && t.shift == terms[j].shift) return;
      Sum now = price(u, terms);
      if (gain(u, now) <= threshold(heat)) set_terms(u, std::move(terms), now);
      return;
    }
  }
  // Take another sum as a term, and correct for what it has too much or too little.
  void reuse(int u, i64 heat) {
    const auto &row = nodes[u].terms;
    if (row.size() < 3) return;
    Term x = row[random_.below(row.size())];
    const auto &list = uses[x.node];
    int v = list[random_.below(list.size())];
    if (v == u || nodes[v].bias || nodes[v].terms.size() < 2) return;
    int shift = 0, sign = 0;
    for (const Term &t : nodes[v].terms)
      if (t.node == x.node) {
        shift = x.shift - t.shift;
        sign = x.sign * t.sign;
        break;
      }
    if (shift < 0) return;
    std::vector<Term> terms = row;
    for (const Term &t : nodes[v].terms) terms.push_back({t.node, t.shift + shift, -t.sign * sign});
    canon(terms);
    if (terms.size() >= row.size()) return;
    for (const Term &t : terms)
      if (t.node == v) return;
    terms.push_back({v, shift, sign});
    if (depends(v, u)) return;
    Sum now = price(u, terms);
    if (gain(u, now) <= threshold(heat)) set_terms(u, std::move(terms), now);
  }
  // Make terms that two sums have in common a signal of its own.
  void extract(int u, i64 heat) {
    const auto &row = nodes[u].terms;
    if (row.size() < 2 || (row.size() == 2 && !nodes[u].row)) return;
    std::size_t at = random_.below(row.size());
    Term x = row[at];
    const auto &list = uses[x.node];
    int w = list[random_.below(list.size())];
    const auto &other = nodes[w].terms;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < other.size(); i++)
      if (other[i].node == x.node && !(w == u && i == at)) places.push_back(i);
    if (places.empty()) return;
    const Term &y = other[places[random_.below(places.size())]];
    int apart = y.shift - x.shift, relative = x.sign * y.sign, k = 0;
    Term pattern[kPattern];
    for (const Term &t : row) {
      Term wanted = {t.node, t.shift + apart, t.sign * relative};
      if (k < kPattern && std::find(other.begin(), other.end(), wanted) != other.end()) pattern[k++] = t;
    }
    if (k > 2 && random_.below(256) < 160) {
      int fewer = 2 + random_.below(std::min(k, 5) - 1);
      for (int i = 0; i < fewer; i++) std::swap(pattern[i], pattern[i + random_.below(k - i)]);
      k = fewer;
    }
    if (k < 2 || (k == count(nodes[u]) && !nodes[u].row)) return;
    int rare = 0, low = 1 << 20;
    for (int i = 1; i < k; i++)
      if (uses[pattern[i].node].size() < uses[pattern[rare].node].size()) rare = i;
    std::swap(pattern[0], pattern[rare]);
    for (int i = 0; i < k; i++) low = std::min(low, pattern[i].shift);
    int first = pattern[0].sign;
    for (int i = 0; i < k; i++) pattern[i].shift -= low, pattern[i].sign *= first;
    int found = 0;
    changes_.clear();
    for (int reader : users(pattern[0].node)) {
      Change c = {reader, {}, {}, 0};
      match(nodes[reader].terms, pattern, k, c);
      found += c.matches;
      if (c.matches) changes_.push_back(std::move(c));
    }
    if (found < 2) return;
    i64 most = threshold(heat);
    Term result;
    Sum made = s.sum(pattern, k, false, 0, nullptr, nullptr, &result);
    if (result.sign < 0) {
      for (int i = 0; i < k; i++) pattern[i].sign = -pattern[i].sign;
      for (Change &c : changes_)
        for (int i = 0; i < c.matches; i++) c.terms[i].sign = -c.terms[i].sign;
    }
    i64 centre;
    V *form = s.total(pattern, k, &centre);
    int id = s.add_signal(form, centre, made.arrival);
    i64 change = made.cost;
    for (Change &c : changes_) {
      for (int i = 0; i < c.matches; i++) c.terms[i].node = id;
      c.now = price(c.user, c.terms);
      change += gain(c.user, c.now);
    }
    if (change > most) {
      s.pop_signal();
      return;
    }
    Node node;
    node.terms.assign(pattern, pattern + k);
    node.cost = made.cost;
    cost += made.cost;
    for (const Change &c : changes_) node.tail = std::max(node.tail, nodes[c.user].tail + (s.arity == 3 ? kDelay3 : kDelay2));
    nodes.push_back(std::move(node));
    uses.emplace_back();
    link(id);
    std::vector<Change> accepted;
    accepted.swap(changes_);
    for (Change &c : accepted) set_terms(c.user, std::move(c.terms), c.now);
  }
  // Collect what a sum becomes when every occurrence of the pattern is one term.
  void match(const std::vector<Term> &terms, const Term *pattern, int k, Change &c) {
    used_.assign(terms.size(), 0);
    int taken[kPattern];
    std::vector<Term> rest;
    for (std::size_t i = 0; i < terms.size(); i++) {
      if (used_[i] || terms[i].node != pattern[0].node) continue;
      int shift = terms[i].shift - pattern[0].shift, sign = terms[i].sign * pattern[0].sign, q = 1;
      if (shift < 0) continue;
      taken[0] = static_cast<int>(i);
      used_[i] = 1;
      for (; q < k; q++) {
        Term wanted = {pattern[q].node, pattern[q].shift + shift, pattern[q].sign * sign};
        std::size_t j = 0;
        while (j < terms.size() && (used_[j] || !(terms[j] == wanted))) j++;
        if (j == terms.size()) break;
        used_[j] = 1;
        taken[q] = static_cast<int>(j);
      }
      if (q == k) {
        c.terms.push_back({0, shift, sign});
        c.matches++;
      } else {
        for (int z = 0; z < q; z++) used_[taken[z]] = 0;
      }
    }
    if (!c.matches) return;
    for (std::size_t j = 0; j < terms.size(); j++)
      if (!used_[j]) c.terms.push_back(terms[j]);
  }
};

} // namespace hwgen
