// SPDX-License-Identifier: Apache-2.0
// Random moves on sums of signals. The specification is ../anneal.py.
#pragma once
#include "nodes.h"

namespace hwgen {

constexpr int kFar = 40;  // a move that is this much too dear so far is given up
constexpr int kRough = 6; // what a move may seem too dear by before it is priced

// Moves that trade sharing for size.
template <class V> class Moves : public Nodes<V> {
  using Base = Nodes<V>;

protected:
  using Base::collect, Base::count, Base::depends, Base::guess, Base::late, Base::price, Base::set_terms, Base::sum_of;

public:
  using Base::limit, Base::nodes, Base::order, Base::s, Base::uses;

  Moves(Sums<V> &sums, u64 seed) : Base(sums), random_{seed} {}

  // Dissolve shared signals for as long as the sums get no dearer without them.
  void dissolve_all() {
    for (int pass = 0; pass < 4; pass++) {
      bool changed = false;
      for (int v = static_cast<int>(nodes.size()) - 1; v >= 0; v--) changed |= dissolve(v, 0);
      if (!changed) return;
    }
  }
  // Write out what makes rows late, latest first, until they are in time.
  void flatten() {
    for (int u : order())
      while (nodes[u].row && s.arrival[u] > limit && nodes[u].terms.size() > 1) {
        const auto &terms = nodes[u].terms;
        sum_of(u, true);
        int best = -1, latest = limit, own = 0;
        for (std::size_t i = 0; i < terms.size(); i++) {
          int v = terms[i].node, at = s.arrival[v] + s.behind(static_cast<int>(i));
          if (nodes[v].row || nodes[v].terms.empty() || at <= limit) continue;
          if (at > latest || (at == latest && s.arrival[v] > own)) best = v, latest = at, own = s.arrival[v];
        }
        if (best < 0) break;
        without(terms, best, fresh_);
        replace(u, price(u, fresh_));
      }
  }

  // Merge terms, in order, of one signal and one shift into signed digits.
  void canon(std::vector<Term> &terms) {
    auto &out = digits_;
    out.clear();
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

protected:
  struct Change {
    int user, matches;
    std::vector<Term> terms;
    Sum now;
  };
  Random random_;
  std::vector<Change> changes_;
  std::vector<Term> fresh_, merged_, digits_, views_[2];

  // What a node's new terms change, lateness included.
  i64 gain(int u, Sum now) const { return now.cost - nodes[u].cost + late(u, now.arrival) - late(u, s.arrival[u]); }
  Change &change(std::size_t i, int user) {
    if (i == changes_.size()) changes_.emplace_back();
    changes_[i].user = user;
    changes_[i].matches = 0;
    changes_[i].terms.clear();
    return changes_[i];
  }
  void accept(std::size_t count) {
    for (std::size_t i = 0; i < count; i++) set_terms(changes_[i].user, changes_[i].terms, changes_[i].now);
    for (std::size_t i = 0; i < count; i++) collect(changes_[i].terms);
  }
  // Give a node the terms in `fresh_`.
  void replace(int u, Sum now) {
    set_terms(u, fresh_, now);
    collect(fresh_);
  }
  // What is saved because nothing reads *v* any more once the first *n* changes are made.
  i64 saved(int v, std::size_t n) const {
    if (v < 0) return 0;
    int last = -1;
    for (int u : uses[v]) {
      if (u == last) continue;
      last = u;
      std::size_t i = 0;
      while (i < n && changes_[i].user != u) i++;
      if (i == n || has(changes_[i].terms, v)) return 0;
    }
    return nodes[v].cost;
  }
  static const Term *first(const std::vector<Term> &terms, int v) {
    return lower_bound(terms, Term{v, INT16_MIN, INT16_MIN}.key());
  }
  static bool has(const std::vector<Term> &terms, int v) {
    const Term *at = first(terms, v);
    return at != end_of(terms) && at->node == v;
  }
  // Add `more`, shifted and perhaps negated, to terms in order; true if some share a place.
  bool merge(std::vector<Term> &terms, const std::vector<Term> &more, int shift, int sign) {
    const Term *end = end_of(terms);
    bool twice = merged(terms.data(), end, end, end, more, shift, sign, merged_);
    terms.swap(merged_);
    return twice;
  }
  // The same for the terms [begin, from) and [to, end), the result in *out*: in one pass, without branches.
  static bool merged(const Term *begin, const Term *from, const Term *to, const Term *end, const std::vector<Term> &more,
                     int shift, int sign, std::vector<Term> &out) {
    out.resize((from - begin) + (end - to) + more.size());
    Term *put = out.data();
    const Term *x = begin, *y = more.data(), *last = end_of(more);
    auto moved = [&] { return Term{y->node, y->shift + shift, y->sign * sign}; };
    bool twice = false;
    for (int part = 0; part < 2; part++) {
      const Term *stop = part ? end : from;
      if (part) x = to;
      while (x != stop && y != last) {
        const Term q = moved();
        const i64 a = x->key(), b = q.key();
        const bool mine = a < b;
        twice |= (a >> 16) == (b >> 16);
        *put++ = mine ? *x : q;
        x += mine;
        y += !mine;
      }
      while (x != stop) *put++ = *x++;
    }
    while (y != last) {
      *put++ = moved();
      ++y;
    }
    return twice;
  }
  // Terms with *v* written out.
  void without(const std::vector<Term> &terms, int v, std::vector<Term> &out) {
    const Term *from = first(terms, v), *to = from, *end = end_of(terms);
    while (to != end && to->node == v) ++to;
    bool twice = false;
    if (to - from == 1) { // nearly always
      twice = merged(terms.data(), from, to, end, nodes[v].terms, from->shift, from->sign, out);
    } else {
      out.assign(terms.data(), from);
      out.insert(out.end(), to, end);
      for (; from != to; ++from) twice |= merge(out, nodes[v].terms, from->shift, from->sign);
    }
    if (twice) canon(out);
  }

  // Write a shared signal out in all its users.
  bool dissolve(int v, i64 most) {
    if (nodes[v].row || nodes[v].terms.empty()) return false;
    i64 sum = -nodes[v].cost, rough = sum;
    std::size_t n = 0;
    int last = -1;
    for (int u : uses[v]) {
      if (u == last) continue;
      last = u;
      Change &c = change(n++, u);
      without(nodes[u].terms, v, c.terms);
      rough += guess(u, c.terms.size());
      if (rough > most + kFar) return false;
    }
    if (rough > most + kRough) return false;
    for (std::size_t i = 0; i < n; i++) {
      Change &c = changes_[i];
      c.now = price(c.user, c.terms);
      sum += gain(c.user, c.now);
    }
    if (sum > most) return false;
    accept(n);
    return true;
  }
  // Write a shared signal out in one user.
  void expand(int u, i64 most) {
    int v = nodes[u].terms[random_.below(nodes[u].terms.size())].node;
    if (nodes[v].row || nodes[v].terms.empty()) return;
    without(nodes[u].terms, v, fresh_);
    if (uses[v].front() == uses[v].back()) most += nodes[v].cost;
    if (guess(u, fresh_.size()) > most + kRough) return;
    Sum now = price(u, fresh_);
    if (gain(u, now) <= most) replace(u, now);
  }
  // Another signed-digit form of two terms of one signal: 4 - 1 = 2 + 1.
  void recode(int u, i64 most) {
    const auto &row = nodes[u].terms;
    std::size_t x = random_.below(row.size());
    for (std::size_t j = 0; j < row.size(); j++) {
      if (j == x || row[j].node != row[x].node) continue;
      Term moved = row[j];
      if (moved.shift == row[x].shift + 2 && moved.sign != row[x].sign) {
        moved.shift--;
      } else if (moved.shift == row[x].shift + 1 && moved.sign == row[x].sign) {
        moved.shift++;
      } else {
        continue;
      }
      for (const Term &t : row)
        if (t.place() == moved.place()) return;
      fresh_ = row;
      fresh_[j] = moved;
      fresh_[x].sign = -fresh_[x].sign;
      std::sort(fresh_.begin(), fresh_.end());
      Sum now = price(u, fresh_);
      if (gain(u, now) <= most) replace(u, now);
      return;
    }
  }
  // Add a term to a shared signal, or take one from it, and correct for that in all its users.
  void redefine(int v, i64 most) {
    if (nodes[v].row) return;
    Term d;
    if (random_.below(256) < 64) {
      d = nodes[v].terms[random_.below(nodes[v].terms.size())];
      d.sign = -d.sign;
    } else {
      const auto &row = nodes[uses[v][random_.below(uses[v].size())]].terms;
      const Term *at = first(row, v);
      d = row[random_.below(row.size())];
      d.shift -= at->shift, d.sign *= at->sign;
      if (d.shift < 0 || d.node == v || depends(d.node, v)) return;
    }
    const std::vector<Term> one(1, d);
    std::vector<Term> own = nodes[v].terms;
    if (merge(own, one, 0, 1)) canon(own);
    if (own.size() < 2 || !s.fits(own.data(), own.size())) return;
    i64 rough = guess(v, own.size());
    std::size_t n = 0;
    int last = -1;
    for (int u : uses[v]) {
      if (u == last) continue;
      last = u;
      Change &c = change(n++, u);
      c.terms = nodes[u].terms;
      bool twice = false;
      const Term *end = end_of(nodes[u].terms);
      for (const Term *at = first(nodes[u].terms, v); at != end && at->node == v; ++at)
        twice |= merge(c.terms, one, at->shift, -at->sign);
      if (twice) canon(c.terms);
      rough += guess(u, c.terms.size());
      if (rough > most + kFar) return;
    }
    if (rough > most + kRough) return;
    i64 centre, was[2] = {s.centre[v], s.radius[v]};
    int before = s.arrival[v], sign;
    V *form = s.total(own.data(), static_cast<int>(own.size()), &centre), *old = s.form[v];
    s.set_signal(v, form, centre, before);
    Sum made = s.tree(own.data(), static_cast<int>(own.size()), false, 0, s.radius[v], 0, &sign);
    if (sign < 0) {
      s.turn(v);
      for (Term &t : own) t.sign = -t.sign;
      for (std::size_t i = 0; i < n; i++)
        for (Term &t : changes_[i].terms)
          if (t.node == v) t.sign = -t.sign;
    }
    s.arrival[v] = made.arrival;
    i64 sum = made.cost - nodes[v].cost;
    for (std::size_t i = 0; i < n; i++) {
      Change &c = changes_[i];
      c.now = price(c.user, c.terms);
      sum += gain(c.user, c.now);
    }
    if (sum > most) {
      s.release(form);
      s.form[v] = old, s.centre[v] = was[0], s.radius[v] = was[1], s.arrival[v] = before;
      return;
    }
    s.release(old);
    set_terms(v, own, made);
    accept(n);
    collect(own);
  }
  // Take another sum as a term, and correct for what it has too much or too little.
  void reuse(int u, i64 most) {
    Change &c = change(0, u);
    int opened = -1;
    c.terms = view(u, opened, views_[0]);
    if (c.terms.size() < 3) return;
    Term x = c.terms[random_.below(c.terms.size())];
    const auto &list = uses[x.node];
    int v = list[random_.below(list.size())];
    if (v == u || v == opened || nodes[v].bias || nodes[v].terms.size() < 2) return;
    const Term *inner = first(nodes[v].terms, x.node);
    int shift = x.shift - inner->shift, sign = x.sign * inner->sign;
    if (shift < 0) return;
    if (merge(c.terms, nodes[v].terms, shift, -sign)) canon(c.terms);
    if (c.terms.size() > nodes[u].terms.size() || has(c.terms, v)) return;
    Term all = {v, shift, sign};
    c.terms.insert(std::upper_bound(c.terms.begin(), c.terms.end(), all), all);
    most += saved(opened, 1);
    if (guess(u, c.terms.size()) > most + kRough || depends(v, u)) return;
    c.now = price(u, c.terms);
    if (gain(u, c.now) <= most) accept(1);
  }
  // The terms of *u*, one of its operands written out more often than not.
  const std::vector<Term> &view(int u, int &opened, std::vector<Term> &space) {
    const auto &terms = nodes[u].terms;
    if (random_.below(256) >= 200) return terms;
    int v = terms[random_.below(terms.size())].node;
    if (nodes[v].row || nodes[v].terms.empty()) return terms;
    opened = v;
    without(terms, v, space);
    return space;
  }
};

} // namespace hwgen
