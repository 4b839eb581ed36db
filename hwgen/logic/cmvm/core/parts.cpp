// SPDX-License-Identifier: Apache-2.0
// Search for common parts of the columns of a product; ../../heap/parts.py is its specification, step
// by step, and ../../heap/native.py calls it through ctypes.
#include <algorithm>
#include <cstdint>
#include <new>
#include <unordered_map>
#include <utility>
#include <vector>

#include "random.h"

namespace {

using i64 = std::int64_t;
using u64 = std::uint64_t;

constexpr i64 kBit = 50;
constexpr std::size_t kDigits = 6, kPerOutput = 4, kKept = std::size_t{1} << 22;

i64 size_of(i64 v) { return v < 0 ? -v : v; }
int bit_length(i64 v) { return v ? 64 - __builtin_clzll(static_cast<u64>(v)) : 0; }

int digits(i64 value) {
  u64 v = static_cast<u64>(size_of(value));
  return __builtin_popcountll(v ^ (3 * v));
}

struct Common {
  int saved;
  i64 part;
};

struct Offer {
  i64 score = 0;
  int up = 0, sign = 0;
};

// The sums of some of the highest digits of a weight, all multiples of 2**up.
void sums(i64 weight, int up, std::vector<i64> &out) {
  i64 kept[64];
  std::size_t count = 0;
  int shift = 0;
  for (i64 v = weight; v; v >>= 1, shift++) {
    if (!(v & 1)) continue;
    i64 sign = (v & 3) == 3 ? -1 : 1;
    if (shift >= up) kept[count++] = sign * (i64{1} << (shift - up));
    v -= sign;
  }
  const i64 *from = kept + (count > kDigits ? count - kDigits : 0);
  std::size_t own = std::min(count, kDigits);
  out.clear();
  for (unsigned chosen = 1; chosen < 1u << own; chosen++) {
    i64 total = 0;
    for (std::size_t k = 0; k < own; k++)
      if (chosen >> k & 1) total += from[k];
    out.push_back(total);
  }
}

// The parts of two weights at every shift and sign, in the order in which a search goes through them.
class Commons {
public:
  explicit Commons(int shifts) : shifts_(shifts), width_(2 * (2 * static_cast<std::size_t>(shifts) + 1)) {}
  std::size_t width() const { return width_; }

  const Common *of(i64 a, i64 b) {
    if (made_.size() > kKept) known_.clear(), made_.clear(); // they are found again
    u64 key = static_cast<u64>(a) << 32 | static_cast<std::uint32_t>(b);
    auto found = known_.try_emplace(key, made_.size());
    if (found.second)
      for (int up = -shifts_; up <= shifts_; up++)
        for (int sign : {1, -1}) made_.push_back(common(a, b, up, sign));
    return made_.data() + found.first->second;
  }

private:
  int shifts_;
  std::size_t width_;
  std::unordered_map<u64, std::size_t> known_;
  std::vector<Common> made_;
  std::vector<i64> tried_;

  Common common(i64 a, i64 b, int up, int sign) {
    Common best{0, 0};
    int up_a = std::max(-up, 0), up_b = std::max(up, 0), all = digits(a) + digits(b);
    for (bool second : {false, true}) {
      sums(second ? b : a, second ? up_b : up_a, tried_);
      for (i64 value : tried_) {
        i64 p = second ? sign * value : value;
        int saved = all - digits(a - p * (i64{1} << up_a)) - digits(b - sign * p * (i64{1} << up_b)) - digits(p);
        if (saved <= 0 || saved < best.saved) continue;
        std::pair<i64, i64> now{-size_of(p), p}, before{-size_of(best.part), best.part};
        if (saved > best.saved || now > before) best = {saved, p};
      }
    }
    return best;
  }
};

class Search {
public:
  std::vector<std::vector<i64>> weights;
  std::vector<i64> bits, spans;
  std::size_t outputs, inputs;
  int shifts = 0;
  i64 charge, noise;
  hwgen::Random random;

  Search(const i64 *matrix, std::size_t columns, std::size_t rows, const i64 *widths, const i64 *ranges, i64 charge_,
         i64 noise_, u64 seed)
      : bits(widths, widths + rows), spans(ranges, ranges + rows), outputs(columns), inputs(rows), charge(charge_),
        noise(noise_), random{seed} {
    i64 most = 0;
    for (std::size_t c = 0; c < columns; c++) {
      weights.emplace_back(matrix + c * rows, matrix + (c + 1) * rows);
      for (i64 w : weights.back()) most = std::max(most, size_of(w));
    }
    shifts = bit_length(most);
    commons_ = Commons(shifts);
  }

  void solve() {
    std::vector<std::size_t> all(outputs);
    for (std::size_t c = 0; c < outputs; c++) all[c] = c;
    offer(all);
    while (weights.size() < outputs * (1 + kPerOutput)) {
      i64 best = 0;
      std::size_t a = 0, b = 0;
      for (std::size_t i = 0; i < offers_.size(); i++)
        for (std::size_t j = i + 1; j < offers_.size(); j++) {
          const Offer &own = offers_[i][j];
          if (!own.score) continue;
          i64 drawn = own.score * (100 + random.below(static_cast<std::size_t>(noise + 1)));
          if (drawn > best) best = drawn, a = i, b = j;
        }
      if (!best) break;
      std::vector<std::size_t> changed = taken(a, b);
      if (changed.empty())
        offers_[a][b] = Offer();
      else
        offer(changed);
    }
  }

private:
  std::vector<std::vector<Offer>> offers_; // of a pair of columns, the lower one first
  Commons commons_{0};
  std::vector<i64> saved_, spans_;

  void offer(const std::vector<std::size_t> &changed) {
    std::size_t n = weights.size();
    std::vector<char> is(n, 0);
    for (std::size_t c : changed) is[c] = 1;
    offers_.resize(n);
    for (auto &row : offers_) row.resize(n);
    for (std::size_t a = 0; a < n; a++)
      for (std::size_t b = a + 1; b < n; b++)
        if (is[a] || is[b]) offers_[a][b] = best_of(a, b);
  }

  Offer best_of(std::size_t a, std::size_t b) {
    const std::vector<i64> &x = weights[a], &y = weights[b];
    std::size_t width = commons_.width();
    saved_.assign(width, 0);
    spans_.assign(width, 0);
    for (std::size_t i = 0; i < x.size(); i++) {
      if (!x[i] || !y[i]) continue;
      const Common *own = commons_.of(x[i], y[i]);
      for (std::size_t t = 0; t < width; t++) {
        saved_[t] += own[t].saved * bits[i];
        spans_[t] += size_of(own[t].part) * spans[i];
      }
    }
    Offer best;
    for (std::size_t t = 0; t < width; t++) {
      i64 score = kBit * saved_[t] - charge * bit_length(spans_[t]);
      if (score > best.score) best = {score, static_cast<int>(t / 2) - shifts, t % 2 ? -1 : 1};
    }
    return best;
  }

  std::vector<std::size_t> taken(std::size_t a, std::size_t b) {
    Offer own = offers_[a][b];
    std::size_t n = bits.size();
    std::vector<i64> part(n, 0);
    i64 odd = 0, span = 0;
    for (std::size_t i = 0; i < n; i++)
      if (weights[a][i] && weights[b][i]) {
        part[i] = commons_.of(weights[a][i], weights[b][i])[2 * (own.up + shifts) + (own.sign < 0)].part;
        odd |= part[i];
      }
    while (!(odd & 1)) {
      odd >>= 1;
      for (i64 &p : part) p >>= 1;
    }
    for (std::size_t i = 0; i < n; i++) span += size_of(part[i]) * spans[i];
    std::vector<char> under = below(part);
    std::vector<i64> factors(weights.size(), 0);
    std::vector<std::size_t> changed;
    for (std::size_t c = 0; c < weights.size(); c++) {
      if (!under[c]) factors[c] = factor(weights[c], part, bit_length(span));
      if (factors[c]) changed.push_back(c);
    }
    if (changed.size() < 2) return {};
    for (std::size_t c = 0; c < weights.size(); c++) {
      for (std::size_t i = 0; i < n; i++) weights[c][i] -= factors[c] * part[i];
      weights[c].push_back(factors[c]);
    }
    part.push_back(0);
    weights.push_back(part);
    bits.push_back(bit_length(span));
    spans.push_back(span);
    changed.push_back(weights.size() - 1);
    return changed;
  }

  std::vector<char> below(const std::vector<i64> &part) const {
    std::vector<char> found(weights.size(), 0);
    std::vector<const std::vector<i64> *> waiting{&part};
    while (!waiting.empty()) {
      const std::vector<i64> &column = *waiting.back();
      waiting.pop_back();
      for (std::size_t row = inputs; row < column.size(); row++) {
        std::size_t own = outputs + row - inputs;
        if (column[row] && !found[own]) {
          found[own] = 1;
          waiting.push_back(&weights[own]);
        }
      }
    }
    return found;
  }

  i64 factor(const std::vector<i64> &column, const std::vector<i64> &part, int width) const {
    i64 best = 0, chosen = 0;
    for (int shift = 0; shift <= shifts; shift++)
      for (i64 by : {i64{1} << shift, -(i64{1} << shift)}) {
        i64 saved = -width;
        for (std::size_t i = 0; i < column.size(); i++)
          if (part[i]) saved += bits[i] * (digits(column[i]) - digits(column[i] - by * part[i]));
        if (saved > best) best = saved, chosen = by;
      }
    return chosen;
  }
};

} // namespace

extern "C" {

// Searches; returns a handle, or null when memory ran out. `parts` becomes how many were found. The
// result is the columns of all outputs, then of all parts; hwgen_parts_take copies and frees it.
void *hwgen_parts_solve(const std::int64_t *matrix, int columns, int rows, const std::int64_t *bits,
                        const std::int64_t *spans, int charge, int noise, std::int64_t seed, int *parts) {
  try {
    Search search(matrix, static_cast<std::size_t>(columns), static_cast<std::size_t>(rows), bits, spans, charge, noise,
                  static_cast<u64>(seed));
    search.solve();
    auto *out = new std::vector<i64>();
    for (const auto &column : search.weights) out->insert(out->end(), column.begin(), column.end());
    *parts = static_cast<int>(search.weights.size()) - columns;
    return out;
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

void hwgen_parts_take(void *handle, std::int64_t *values) {
  auto *out = static_cast<std::vector<i64> *>(handle);
  std::copy(out->begin(), out->end(), values);
  delete out;
}

} // extern "C"
