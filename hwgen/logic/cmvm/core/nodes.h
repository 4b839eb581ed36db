// SPDX-License-Identifier: Apache-2.0
// The n-ary sums that are to be built, and who reads whom. The specification is ../nodes.py.
#pragma once
#include "random.h"
#include "share.h"

namespace hwgen {

constexpr int kLate = 4; // carry positions that a tenth of an adder too late counts for

struct Node {
  std::vector<Term> terms; // in order, no place twice
  i64 bias = 0;
  int cost = 0, tail = 0, mode = 0;
  bool row = false, fixed = false;
};

template <class V> class Nodes {
public:
  Sums<V> &s;
  std::vector<Node> nodes;
  std::vector<std::vector<int>> uses; // in order, with multiplicity
  std::vector<int> gone;              // nodes whose numbers are free again
  i64 cost = 0;
  int limit = 1 << 28; // the depth that counts as late

  explicit Nodes(Sums<V> &sums) : s(sums) {}

  void rebuild_uses() {
    uses.assign(nodes.size(), {});
    for (std::size_t u = 0; u < nodes.size(); u++)
      for (const Term &t : nodes[u].terms) uses[t.node].push_back(static_cast<int>(u));
  }

  // Operands before their users.
  std::vector<int> order() const {
    std::vector<int> out, stack;
    std::vector<char> state(nodes.size(), 0);
    for (std::size_t root = 0; root < nodes.size(); root++) {
      if (nodes[root].terms.empty()) continue;
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
      int sign;
      Sum now = sum_of(i, false, &sign);
      n.cost = now.cost;
      s.arrival[i] = now.arrival;
      cost += now.cost;
      if (n.fixed || n.terms.size() < 2 || sign > 0) continue;
      for (Term &t : n.terms) t.sign = -t.sign;
      s.turn(i);
      for (int u : users(i))
        for (Term &t : nodes[u].terms)
          if (t.node == i) t.sign = -t.sign;
    }
  }
  // Where the graph is too deep, order sums by what is behind them.
  void hurry() {
    refresh_tails();
    for (int i : order()) {
      Node &n = nodes[i];
      Sum now = price(i, n.terms);
      cost += now.cost - n.cost;
      n.cost = now.cost;
      n.mode = now.mode;
      s.arrival[i] = now.arrival;
    }
  }

  int depth() const {
    int worst = 0;
    for (std::size_t i = 0; i < nodes.size(); i++)
      if (nodes[i].row) worst = std::max(worst, s.arrival[i]);
    return worst;
  }

protected:
  std::vector<char> flag_;
  std::vector<int> stamp_, stack_;
  int stamp_now_ = 0;

  static int count(const Node &n) { return static_cast<int>(n.terms.size()); }
  i64 late(int u, int arrival) const { return static_cast<i64>(kLate) * std::max(0, arrival + nodes[u].tail - limit); }

  // A node's sum as it is.
  Sum sum_of(int u, bool trace, int *sign = nullptr) {
    const Node &n = nodes[u];
    return s.tree(n.terms.data(), count(n), n.fixed, n.bias, s.radius[u], n.mode, sign, trace);
  }
  // A node's sum with new terms, in the cheapest of the orders that are tried, lateness counted in.
  Sum price(int u, const std::vector<Term> &terms) {
    const Node &node = nodes[u];
    const int n = static_cast<int>(terms.size());
    Sum best = s.tree(terms.data(), n, node.fixed, node.bias, s.radius[u], 0);
    if (n < 3 || best.arrival + node.tail <= limit) return best;
    i64 least = best.cost + late(u, best.arrival);
    for (int mode = 1; mode < 4; mode++) {
      Sum other = s.tree(terms.data(), n, node.fixed, node.bias, s.radius[u], mode);
      i64 price = other.cost + late(u, other.arrival);
      if (price < least) best = other, least = price;
    }
    return best;
  }
  // About what a node costs more with *n* terms: adders as wide as those it has.
  i64 guess(int u, std::size_t n) const {
    int extra = nodes[u].bias != 0, now = s.adders(count(nodes[u]) + extra), then = s.adders(static_cast<int>(n) + extra);
    return now ? static_cast<i64>(then - now) * nodes[u].cost / now : 8 * then;
  }
  int fresh_node() {
    if (gone.empty()) {
      nodes.emplace_back();
      uses.emplace_back();
      return s.add_signal(nullptr, 0, 0);
    }
    int id = gone.back();
    gone.pop_back();
    return id;
  }
  void drop_node(int v) {
    nodes[v] = Node();
    s.release(s.form[v]);
    gone.push_back(v);
  }
  void link(int x, int u) {
    auto &list = uses[x];
    list.insert(std::upper_bound(list.begin(), list.end(), u), u);
  }
  void unlink(int x, int u) {
    auto &list = uses[x];
    list.erase(std::lower_bound(list.begin(), list.end(), u));
  }
  std::vector<int> users(int v) const {
    std::vector<int> out = uses[v];
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }
  // Give a node its new terms; `terms` gets the old ones, for `collect`.
  void set_terms(int u, std::vector<Term> &terms, Sum now) {
    nodes[u].terms.swap(terms);
    const auto &fresh = nodes[u].terms;
    std::size_t i = 0, j = 0; // both are in order of their signals
    while (i < terms.size() || j < fresh.size()) {
      if (j == fresh.size() || (i < terms.size() && terms[i].node < fresh[j].node)) {
        unlink(terms[i++].node, u);
      } else if (i == terms.size() || fresh[j].node < terms[i].node) {
        link(fresh[j++].node, u);
      } else {
        i++, j++;
      }
    }
    cost += now.cost - nodes[u].cost;
    nodes[u].cost = now.cost;
    nodes[u].mode = now.mode;
    bool moved = s.arrival[u] != now.arrival;
    s.arrival[u] = now.arrival;
    if (moved) propagate(u);
  }
  // Remove what nothing reads any more.
  void collect(const std::vector<Term> &terms) {
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
      nodes[u].mode = now.mode;
      if (now.arrival == s.arrival[u]) continue;
      s.arrival[u] = now.arrival;
      for (int w : users(u))
        if (!flag_[w]) {
          flag_[w] = 1;
          queue.push_back(w);
        }
    }
  }
  // Remove a node that nothing reads any more, and what it alone read.
  void collect(int v) {
    if (nodes[v].row || nodes[v].terms.empty() || !uses[v].empty()) return;
    std::vector<Term> terms;
    terms.swap(nodes[v].terms);
    for (const Term &t : terms) unlink(t.node, v);
    cost -= nodes[v].cost;
    drop_node(v);
    collect(terms);
  }
  // The delay behind every node, from the trees as they are.
  void refresh_tails() {
    std::vector<int> sequence = order();
    for (Node &n : nodes) n.tail = 0;
    for (auto it = sequence.rbegin(); it != sequence.rend(); ++it) {
      const Node &n = nodes[*it];
      if (n.terms.size() + (n.bias != 0) < 2) {
        int &tail = nodes[n.terms[0].node].tail;
        tail = std::max(tail, n.tail);
        continue;
      }
      sum_of(*it, true);
      for (int i = 0; i < count(n); i++) {
        int &tail = nodes[n.terms[i].node].tail;
        tail = std::max(tail, n.tail + s.behind(i));
      }
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
