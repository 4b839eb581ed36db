// SPDX-License-Identifier: Apache-2.0
// The n-ary sums that are to be built, and who reads whom. The specification is ../anneal.py.
#pragma once
#include "share.h"

namespace hwgen {

struct Random { // splitmix64
  u64 state;
  u64 next() {
    u64 z = (state += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  int below(std::size_t n) { return static_cast<int>((static_cast<unsigned __int128>(next()) * n) >> 64); }
};

struct Node {
  std::vector<Term> terms;
  i64 bias = 0;
  int cost = 0, tail = 0;
  bool alive = true, row = false, fixed = false;
};

template <class V> class Nodes {
public:
  Sums<V> &s;
  std::vector<Node> nodes;
  std::vector<std::vector<int>> uses; // with multiplicity
  i64 cost = 0;

  explicit Nodes(Sums<V> &sums) : s(sums) {}

  void rebuild_uses() {
    uses.assign(nodes.size(), {});
    for (std::size_t u = 0; u < nodes.size(); u++)
      if (nodes[u].alive) link(static_cast<int>(u));
  }

  // Operands before their users.
  std::vector<int> order() const {
    std::vector<int> out, stack;
    std::vector<char> state(nodes.size(), 0);
    for (std::size_t root = 0; root < nodes.size(); root++) {
      if (!nodes[root].alive || nodes[root].terms.empty()) continue;
      stack.push_back(static_cast<int>(root));
      while (!stack.empty()) {
        int x = stack.back();
        if (state[x] == 2 || nodes[x].terms.empty()) {
          stack.pop_back();
        } else if (state[x] == 0) {
          state[x] = 1;
          for (const Term &t : nodes[x].terms)
            if (!state[t.node]) stack.push_back(t.node);
        } else {
          state[x] = 2;
          out.push_back(x);
          stack.pop_back();
        }
      }
    }
    return out;
  }

  // Every cost and arrival anew; signals whose sums come out negative are turned over.
  void settle() {
    cost = 0;
    for (int i : order()) {
      Node &n = nodes[i];
      Term result;
      Sum now = s.sum(n.terms.data(), count(n), n.fixed, n.bias, nullptr, nullptr, &result);
      n.cost = now.cost;
      s.arrival[i] = now.arrival;
      cost += now.cost;
      if (n.fixed || n.terms.size() < 2 || result.sign > 0) continue;
      for (Term &t : n.terms) t.sign = -t.sign;
      for (int q = 0; q < s.padded; q++) s.form[i][q] = -s.form[i][q];
      s.centre[i] = -s.centre[i];
      for (int u : users(i))
        for (Term &t : nodes[u].terms)
          if (t.node == i) t.sign = -t.sign;
    }
  }

  int depth() const {
    int worst = 0;
    for (std::size_t i = 0; i < nodes.size(); i++)
      if (nodes[i].alive && nodes[i].row) worst = std::max(worst, s.arrival[i]);
    return worst;
  }

protected:
  std::vector<char> flag_;
  std::vector<int> stamp_, stack_;
  int stamp_now_ = 0;

  static int count(const Node &n) { return static_cast<int>(n.terms.size()); }
  Sum price(int u, const std::vector<Term> &terms) {
    return s.sum(terms.data(), static_cast<int>(terms.size()), nodes[u].fixed, nodes[u].bias);
  }
  void link(int u) {
    for (const Term &t : nodes[u].terms) uses[t.node].push_back(u);
  }
  void unlink(int u) {
    for (const Term &t : nodes[u].terms) {
      auto &list = uses[t.node];
      auto at = std::find(list.begin(), list.end(), u);
      *at = list.back();
      list.pop_back();
    }
  }
  std::vector<int> users(int v) const {
    std::vector<int> out = uses[v];
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }
  void set_terms(int u, std::vector<Term> terms, Sum now) {
    unlink(u);
    nodes[u].terms.swap(terms);
    link(u);
    cost += now.cost - nodes[u].cost;
    nodes[u].cost = now.cost;
    bool moved = s.arrival[u] != now.arrival;
    s.arrival[u] = now.arrival;
    if (moved) propagate(u);
    for (const Term &t : terms) collect(t.node);
  }
  // Carry a changed arrival on to the users.
  void propagate(int from) {
    std::vector<int> queue = users(from);
    flag_.resize(nodes.size(), 0);
    for (int u : queue) flag_[u] = 1;
    for (std::size_t i = 0; i < queue.size(); i++) {
      int u = queue[i];
      flag_[u] = 0;
      Sum now = price(u, nodes[u].terms);
      cost += now.cost - nodes[u].cost;
      nodes[u].cost = now.cost;
      if (now.arrival == s.arrival[u]) continue;
      s.arrival[u] = now.arrival;
      for (int w : users(u))
        if (!flag_[w]) {
          flag_[w] = 1;
          queue.push_back(w);
        }
    }
  }
  void kill(int v) {
    unlink(v);
    cost -= nodes[v].cost;
    nodes[v].cost = 0;
    nodes[v].alive = false;
    nodes[v].terms.clear();
  }
  // Remove a node that nothing reads any more, and what it alone read.
  void collect(int v) {
    if (nodes[v].row || !nodes[v].alive || nodes[v].terms.empty() || !uses[v].empty()) return;
    std::vector<Term> terms = nodes[v].terms;
    kill(v);
    for (const Term &t : terms) collect(t.node);
  }
  void refresh_tails() {
    std::vector<int> sequence = order();
    int step = s.arity == 3 ? kDelay3 : kDelay2;
    for (auto it = sequence.rbegin(); it != sequence.rend(); ++it) {
      int tail = 0;
      for (int u : uses[*it]) tail = std::max(tail, nodes[u].tail + step);
      nodes[*it].tail = tail;
    }
  }
  bool depends(int u, int on) {
    stamp_now_++;
    stamp_.resize(nodes.size(), 0);
    stack_.assign(1, u);
    while (!stack_.empty()) {
      int x = stack_.back();
      stack_.pop_back();
      if (x == on) return true;
      if (stamp_[x] == stamp_now_) continue;
      stamp_[x] = stamp_now_;
      for (const Term &t : nodes[x].terms) stack_.push_back(t.node);
    }
    return false;
  }
};

} // namespace hwgen
