// SPDX-License-Identifier: Apache-2.0
// Signals, their exact ranges, and what a sum of them costs. The specification is ../sums.py: both
// must do the same, step by step.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

namespace hwgen {

using i64 = std::int64_t;
using u64 = std::uint64_t;

constexpr int kDelay2 = 10;  // tenths of a two-operand adder
constexpr int kDelay3 = 14;
constexpr int kAgainstDepth = 200; // graphs are ranked by cost * (this + depth)
constexpr int kNone = -1;  // operand "zero"
constexpr int kConst = -2; // operand "constant k" is kConst - k
constexpr int kEager = 3;  // how much more lateness weighs in a hurried tree

// A signal, shifted and perhaps negated. Most of a search is spent comparing these, so that one is a
// word: ordered by node, shift and sign.
struct Term {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the node has to be the word's high half");
  std::int16_t sign, shift;
  std::int32_t node;
  Term() = default;
  Term(int node_, int shift_, int sign_)
      : sign(static_cast<std::int16_t>(sign_)), shift(static_cast<std::int16_t>(shift_)), node(node_) {}
  i64 key() const {
    i64 word;
    std::memcpy(&word, this, sizeof word);
    return word ^ 0x80008000; // the lower fields in order of their signed values
  }
  // Node and shift as one number; a term shifted by n has a place n higher.
  i64 place() const { return key() >> 16; }
  bool operator==(const Term &o) const { return key() == o.key(); }
  bool operator<(const Term &o) const { return key() < o.key(); }
};
static_assert(sizeof(Term) == 8, "no padding");

inline const Term *end_of(const std::vector<Term> &terms) { return terms.data() + terms.size(); }

// The first of terms in order that is not below *wanted*; without branches, which nothing could foretell.
inline const Term *lower_bound(const std::vector<Term> &terms, i64 wanted) {
  const Term *from = terms.data();
  for (std::size_t left = terms.size(); left;) {
    std::size_t half = (left + 1) / 2;
    from += from[half - 1].key() < wanted ? half : 0;
    left -= half;
  }
  return from;
}

struct Adder {
  int k;
  Term t[3];
};

struct Sum {
  int cost, arrival, mode;
};

// Where the adders of a sum are written down; results are numbered from `next` on.
struct Record {
  std::vector<Adder> &adders;
  std::vector<i64> &constants;
  int next;
  Term result = {kNone, 0, 1};
};

inline int bit_length(u64 x) { return x ? 64 - __builtin_clzll(x) : 0; }

// Bits of the smallest word for [lo, hi]; unsigned if lo >= 0.
inline int bits_for(i64 lo, i64 hi) {
  int high = hi > 0 ? bit_length(hi) : 0;
  if (lo < 0) return std::max(high, bit_length(-lo - 1)) + 1;
  return std::max(high, 1);
}

// A signal is sum_i c_i x_i. Kept are the products c_i * (width of x_i's interval), whose absolute
// sum is the width of the signal's interval, and the interval's doubled centre: both are linear.
template <class V> class Sums {
public:
  int columns, padded, arity, lam;
  std::vector<V *> form;
  std::vector<i64> centre, radius;
  std::vector<int> arrival;
  i64 work = 0;
  i64 most = 0; // a bound on the width of intervals: what does not fit may not become a signal

  Sums(int n, int arity_, int lam_) : columns(n), padded((n + 15) / 16 * 16), arity(arity_), lam(lam_) {
    zero_ = row();
    std::memset(zero_, 0, padded * sizeof(V));
  }
  ~Sums() {
    for (V *p : all_) std::free(p);
  }
  Sums(const Sums &) = delete;
  Sums &operator=(const Sums &) = delete;

  V *row() {
    if (!spare_.empty()) {
      V *p = spare_.back();
      spare_.pop_back();
      return p;
    }
    V *p = static_cast<V *>(std::aligned_alloc(64, padded * sizeof(V)));
    if (!p) throw std::bad_alloc();
    all_.push_back(p);
    return p;
  }
  void release(V *p) { spare_.push_back(p); }

  i64 norm(const V *a) const {
    i64 total = 0;
    for (int b = 0; b < padded; b += 16) {
      V part = 0;
      for (int i = 0; i < 16; i++) part += std::max<V>(a[b + i], -a[b + i]);
      total += part;
    }
    return total;
  }
  int add_signal(V *v, i64 c, int when) {
    form.push_back(v);
    centre.push_back(c);
    radius.push_back(v ? norm(v) : 0);
    arrival.push_back(when);
    return static_cast<int>(form.size()) - 1;
  }
  void set_signal(int s, V *v, i64 c, int when) {
    form[s] = v;
    centre[s] = c;
    radius[s] = norm(v);
    arrival[s] = when;
  }
  void turn(int s) {
    for (int i = 0; i < padded; i++) form[s][i] = -form[s][i];
    centre[s] = -centre[s];
  }
  // Adders that sum *n* terms.
  int adders(int n) const { return arity == 3 ? n / 2 : n - 1; }
  i64 lo(int s) const { return (centre[s] - radius[s]) / 2; }
  i64 hi(int s) const { return (centre[s] + radius[s]) / 2; }

  bool fits(const Term *terms, std::size_t k) const {
    i64 total = 0;
    for (std::size_t i = 0; i < k; i++) {
      if (terms[i].shift > 62 || radius[terms[i].node] > most >> terms[i].shift) return false;
      total += radius[terms[i].node] << terms[i].shift;
      if (total > most) return false;
    }
    return true;
  }
  // The signal that `terms` add up to, as a new form.
  V *total(const Term *terms, int k, i64 *c) {
    V *d = row();
    std::memset(d, 0, padded * sizeof(V));
    *c = 0;
    for (int q = 0; q < k; q++) {
      V factor = static_cast<V>(static_cast<V>(terms[q].sign) * (static_cast<V>(1) << terms[q].shift));
      const V *p = form[terms[q].node];
      for (int i = 0; i < padded; i++) d[i] += p[i] * factor;
      *c += terms[q].sign * (centre[terms[q].node] << terms[q].shift);
    }
    return d;
  }

  // Cost of one adder of two signals, in its cheaper orientation; *flip tells which.
  int pair_cost(const Term *t, bool *flip, V **made = nullptr, i64 *c_out = nullptr) {
    i64 c;
    V *d = total(t, 2, &c);
    i64 r = norm(d);
    Operand op[2];
    for (int i = 0; i < 2; i++) op[i] = {lo(t[i].node), hi(t[i].node), t[i].shift, t[i].sign, false};
    int up = carry(op, 2, (c - r) / 2, (c + r) / 2, 1);
    int down = carry(op, 2, -((c + r) / 2), -((c - r) / 2), -1);
    *flip = down < up;
    if (made) {
      if (*flip) {
        for (int i = 0; i < padded; i++) d[i] = -d[i];
        c = -c;
      }
      *made = d;
      *c_out = c;
    } else {
      release(d);
    }
    return std::min(up, down);
  }

  // Cost and arrival of `n` terms and a constant as a tree of adders: early and narrow ones first.
  // The sign of the result is free unless `fixed`; *sign tells it. Ranges inside the tree are exact
  // when recorded, else as if the terms were independent; `whole` is the width of the sum's interval.
  // *mode* is one of four orders. With `trace`, `behind` tells what is behind every term.
  Sum tree(const Term *terms, int n, bool fixed, i64 bias, i64 whole, int mode, int *sign = nullptr,
           bool trace = false) {
    return tree_of<false>(terms, n, fixed, bias, whole, mode, sign, trace, nullptr);
  }
  Sum write(const Term *terms, int n, bool fixed, i64 bias, int mode, Record *record) {
    return tree_of<true>(terms, n, fixed, bias, 0, mode, nullptr, false, record);
  }
  // After a traced tree of two or more operands: the delay from one of them to the sum.
  int behind(int i) const { return behind_[i]; }

private:
  template <bool Exact>
  Sum tree_of(const Term *terms, int n, bool fixed, i64 bias, i64 whole, int mode, int *sign_out, bool trace,
              Record *record) {
    work += n + 8;
    if (sign_out) *sign_out = 1;
    if (n == 0) {
      if (record) record->result = {kNone, 0, 1};
      return {0, 0, mode};
    }
    if (static_cast<int>(items_.size()) < 2 * n + 4) {
      items_.resize(4 * n + 8);
      behind_.resize(4 * n + 8);
      above_.resize(4 * n + 8);
      queue_.resize(4 * n + 8);
    }
    used_ = 0;
    Item *list = items_.data();
    u64 *queue = queue_.data(); // what is left to add, next first: priority, shift, number of the item
    int count = 0, weight = mode & 2 ? kEager * lam : lam;
    auto key = [&](const Item &x, int size, int number) {
      return static_cast<u64>(weight * x.arrival / kDelay2 + size + x.shift) << 40 | static_cast<u64>(x.shift) << 24 |
             number;
    };
    for (int i = 0; i < n; i++) {
      const Term &t = terms[i];
      list[i] = {form[t.node], centre[t.node], radius[t.node], t.shift, t.sign, arrival[t.node], t.node, false};
      queue[count++] = key(list[i], bits_for(lo(t.node), hi(t.node)), i);
    }
    if (n == 1 && !bias) {
      const Item &x = list[0];
      bool negate = fixed && x.sign < 0;
      if (sign_out && !negate) *sign_out = x.sign;
      if (record) record->result = {x.id, x.shift, x.sign};
      if (!negate) return {0, x.arrival, mode};
      if (record) {
        record->adders.push_back({2, {{kNone, 0, 1}, {x.id, 0, -1}, {}}});
        record->result = {record->next++, x.shift, 1};
      }
      return {bits_for(-hi(x.id), -lo(x.id)), x.arrival + kDelay2, mode};
    }
    if (bias) {
      i64 size = bias < 0 ? -bias : bias;
      int shift = __builtin_ctzll(size);
      list[n] = {zero_, 2 * (size >> shift), 0, shift, bias < 0 ? -1 : 1, 0, 0, true};
      queue[count++] = key(list[n], bit_length(size >> shift), n);
    }
    std::sort(queue, queue + count);
    int cost = 0, head = 0, number = count, positive = 0;
    for (int i = 0; i < count; i++) positive += list[i].constant || list[i].sign > 0;
    bool ends = mode & 1; // in an adder of two; else an even sum begins with one
    while (count - head > 1) {
      int left = count - head;
      int k = left == 2 || arity == 2 || (left == count && (count % 2 == 1) == ends) ? 2 : 3;
      Item a[3];
      int low = 1 << 20;
      int own = 0;
      for (int i = 0; i < k; i++) {
        a[i] = list[queue[head + i] & 0xffffff];
        above_[queue[head + i] & 0xffffff] = number;
        low = std::min(low, a[i].shift);
        own += a[i].constant || a[i].sign > 0;
      }
      positive -= own;
      Operand op[3];
      i64 c = 0, r = 0;
      int when = 0;
      V *d = nullptr;
      if constexpr (Exact) {
        d = scratch();
        combine(d, a, k, low);
        r = norm(d);
      }
      for (int i = 0; i < k; i++) {
        c += a[i].sign * (a[i].centre << (a[i].shift - low));
        if constexpr (!Exact) r += a[i].radius << (a[i].shift - low);
        when = std::max(when, a[i].arrival);
        op[i] = {(a[i].centre - a[i].radius) / 2, (a[i].centre + a[i].radius) / 2, a[i].shift - low, a[i].sign,
                 a[i].constant};
      }
      if (!Exact && left == k) r = whole >> low;
      // The sum of the last positive terms stays positive, or the whole would need a negation.
      bool keep = fixed && (left == k || (own && !positive)), flip = false;
      int price = carry(op, k, (c - r) / 2, (c + r) / 2, 1);
      if (!keep) {
        int other = carry(op, k, -((c + r) / 2), -((c - r) / 2), -1);
        if (other < price) price = other, flip = true;
      }
      cost += price;
      int sign = flip ? -1 : 1;
      positive += !flip;
      int delay = price ? (k == 2 ? kDelay2 : kDelay3) : 0;
      Item x = {d, sign * c, r, low, sign, when + delay, 0, false};
      behind_[number] = delay;
      if constexpr (Exact)
        if (flip)
          for (int i = 0; i < padded; i++) d[i] = -d[i];
      if (record) {
        Adder adder = {k, {}};
        for (int i = 0; i < k; i++) {
          if (a[i].constant) {
            record->constants.push_back(sign * a[i].sign * (a[i].centre / 2));
            adder.t[i] = {kConst - static_cast<int>(record->constants.size()) + 1, a[i].shift - low, 1};
          } else {
            adder.t[i] = {a[i].id, a[i].shift - low, sign * a[i].sign};
          }
        }
        record->adders.push_back(adder);
        x.id = record->next++;
      }
      list[number] = x;
      u64 place = key(x, bits_for((x.centre - r) / 2, (x.centre + r) / 2), number++);
      head += k - 1;
      int at = head;
      for (; at + 1 < count && queue[at + 1] < place; at++) queue[at] = queue[at + 1];
      queue[at] = place;
    }
    if (trace) { // from its own delay to everything from its operands to the root
      for (int i = number - 2; i >= count; i--) behind_[i] += behind_[above_[i]];
      for (int i = 0; i < count; i++) behind_[i] = behind_[above_[i]];
    }
    const Item &last = list[queue[head] & 0xffffff];
    if (record) record->result = {last.id, last.shift, last.sign};
    if (sign_out) *sign_out = last.sign;
    return {cost, last.arrival, mode};
  }

  struct Operand {
    i64 lo, hi;
    int shift, sign;
    bool constant;
  };
  struct Item {
    const V *form;
    i64 centre, radius;
    int shift, sign, arrival, id;
    bool constant;
  };
  std::vector<Item> items_;
  std::vector<u64> queue_;
  std::vector<int> behind_, above_;
  std::vector<V *> all_, spare_, scratch_;
  std::size_t used_ = 0;
  V *zero_;

  V *scratch() {
    if (used_ == scratch_.size()) scratch_.push_back(row());
    return scratch_[used_++];
  }
  void combine(V *d, const Item *a, int k, int low) const {
    // Shifts and sign masks: the baseline x86-64 has no vector multiplication of this width.
    int p = a[0].shift - low, q = a[1].shift - low;
    V m = a[0].sign < 0 ? -1 : 0, n = a[1].sign < 0 ? -1 : 0;
    const V *x = a[0].form, *y = a[1].form;
    if (k == 2) {
      for (int i = 0; i < padded; i++) d[i] = (((x[i] << p) ^ m) - m) + (((y[i] << q) ^ n) - n);
    } else {
      int r = a[2].shift - low;
      V o = a[2].sign < 0 ? -1 : 0;
      const V *z = a[2].form;
      for (int i = 0; i < padded; i++)
        d[i] = (((x[i] << p) ^ m) - m) + (((y[i] << q) ^ n) - n) + (((z[i] << r) ^ o) - o);
    }
  }
  // Carry positions of an adder whose operands' signs are multiplied by `sign`; see carry.py. A
  // constant takes either sign for free. Three operands of one sign too many cost a negation more.
  int carry(const Operand *op, int k, i64 lo, i64 hi, int sign) const {
    int low = 1 << 20, next = 1 << 20, at = 0, negatives = 0;
    bool low_negative = false, constant = false;
    for (int i = 0; i < k; i++) {
      bool negative = !op[i].constant && op[i].sign != sign;
      negatives += negative;
      constant |= op[i].constant;
      if (op[i].shift < low || (op[i].shift == low && negative < low_negative)) {
        next = low;
        low = op[i].shift;
        low_negative = negative;
        at = i;
      } else {
        next = std::min(next, op[i].shift);
      }
    }
    int top = bits_for(lo, hi);
    if (negatives == k) return k == 2 && arity == 3 ? top - low : 2 * (top - low);
    if (k == 2 && !constant) {
      const Operand &a = op[at], &b = op[1 - at];
      int reach = bits_for(a.lo, a.hi) + a.shift;
      if (!negatives && a.lo >= 0 && reach <= next) return 0;
      if (a.lo >= 0 && b.lo >= 0 && top > std::max(reach, bits_for(b.lo, b.hi) + b.shift)) top--;
    }
    if (low_negative) return std::max(top - low, 0);
    return std::max(top - next, 0);
  }
};

} // namespace hwgen
