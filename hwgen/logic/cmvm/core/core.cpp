// SPDX-License-Identifier: Apache-2.0
// Plain C entry of the adder-graph solver; ../native.py calls it through ctypes.
#include <new>

#include "search.h"

using namespace hwgen;

namespace {

struct Job {
  int n, rows;
  const i64 *values;   // rows x n, each times the width of the input's interval
  const i64 *centres;  // rows: doubled centre of the interval, without bias
  const i64 *widths, *middles; // n: hi - lo and hi + lo of the inputs
  const int *arrivals; // n
  const i64 *bias;     // rows
  const int *fixed;    // rows: does the sign matter?
  const int *starts, *terms; // rows + 1; (node, shift, sign) each
  const int *logs;
  const i64 *options; // arity, lam, saving, skew, limit, relax, budget, hot, cold, seed
};

struct Out {
  std::vector<int> ints;
  std::vector<i64> constants;
  int cost = 0, depth = 0;
};

// The adders of the state that a search is in. A node's sum is a signal, a shift and a sign.
template <class V> Out write(Search<V> &search, const Job &job) {
  constexpr int kFresh = 1 << 28; // results of the node at hand, apart from the search's numbers
  Out out;
  std::vector<Adder> adders;
  std::vector<Term> at(search.nodes.size());
  for (int i = 0; i < job.n; i++) at[i] = {i, 0, 1};
  int next = job.n;
  auto place = [&](Term t) {
    if (t.node < 0) return t;
    if (t.node >= kFresh) return Term{t.node - kFresh + next, t.shift, t.sign};
    const Term &m = at[t.node];
    return Term{m.node, t.shift + m.shift, t.sign * m.sign};
  };
  for (int i : search.order()) {
    Node &n = search.nodes[i];
    std::size_t before = adders.size();
    Record record = {adders, out.constants, kFresh};
    Sum now = search.s.write(n.terms.data(), static_cast<int>(n.terms.size()), n.fixed, n.bias, n.mode, &record);
    out.cost += now.cost;
    if (n.row) out.depth = std::max(out.depth, now.arrival);
    for (std::size_t q = before; q < adders.size(); q++)
      for (int z = 0; z < adders[q].k; z++) adders[q].t[z] = place(adders[q].t[z]);
    at[i] = place(record.result);
    next += record.next - kFresh;
  }
  out.ints.push_back(static_cast<int>(adders.size()));
  for (const Adder &a : adders) {
    out.ints.push_back(a.k);
    for (int z = 0; z < a.k; z++) out.ints.insert(out.ints.end(), {a.t[z].node, a.t[z].shift, a.t[z].sign});
  }
  for (int r = 0; r < job.rows; r++) {
    Term t = search.nodes[job.n + r].terms.empty() ? Term{kNone, 0, 1} : at[job.n + r];
    out.ints.insert(out.ints.end(), {t.node, t.shift, t.sign});
  }
  out.ints.insert(out.ints.end(), {out.cost, out.depth});
  return out;
}

template <class V> Out run(const Job &job) {
  const i64 *o = job.options;
  Sums<V> s(job.n, static_cast<int>(o[0]), static_cast<int>(o[1]));
  for (int i = 0; i < job.n; i++) {
    V *v = s.row();
    std::memset(v, 0, s.padded * sizeof(V));
    v[i] = static_cast<V>(job.widths[i]);
    s.add_signal(v, job.middles[i], job.arrivals[i]);
  }
  std::vector<Row> rows(job.rows);
  for (int r = 0; r < job.rows; r++) {
    V *v = s.row();
    std::memset(v, 0, s.padded * sizeof(V));
    for (int i = 0; i < job.n; i++) v[i] = static_cast<V>(job.values[static_cast<i64>(r) * job.n + i]);
    s.add_signal(v, job.centres[r], 3 * kDelay3);
    rows[r].bias = job.bias[r];
    rows[r].fixed = job.fixed[r];
    for (int q = job.starts[r]; q < job.starts[r + 1]; q++)
      rows[r].terms.push_back({job.terms[3 * q], job.terms[3 * q + 1], job.terms[3 * q + 2]});
  }
  for (i64 r : s.radius) s.most = std::max(s.most, 4 * r);
  std::vector<std::vector<Term>> made;
  share(s, rows, o[2], o[3], made);
  Search<V> search(s, static_cast<u64>(o[9]), job.logs);
  search.nodes.resize(s.form.size());
  for (int r = 0; r < job.rows; r++) {
    Node &n = search.nodes[job.n + r];
    n.terms = rows[r].terms;
    n.bias = rows[r].bias;
    n.row = true;
    n.fixed = rows[r].fixed;
    s.centre[job.n + r] += 2 * n.bias;
  }
  for (std::size_t q = 0; q < made.size(); q++) search.nodes[job.n + job.rows + q].terms = made[q];
  for (Node &n : search.nodes) {
    std::sort(n.terms.begin(), n.terms.end());
    search.canon(n.terms);
  }
  search.rebuild_uses();
  search.settle();
  search.dissolve_all();
  search.settle();
  search.limit = o[4] > 0 ? static_cast<int>(o[4]) : search.depth();
  search.hurry();
  Out best = write(search, job);
  auto keep = [&best](Out out) {
    auto score = [](const Out &x) { return static_cast<i64>(x.cost) * (kAgainstDepth + x.depth); };
    if (score(out) < score(best)) best = std::move(out);
  };
  const i64 relax = o[5], budget = o[6], part = relax ? budget * kStrict / 256 : budget;
  if (!budget) return best;
  search.flatten();
  search.hurry();
  const i64 parts[2] = {part, budget - part};
  for (int i = 0; i < 2 && parts[i]; i++) {
    search.anneal(parts[i], i ? o[7] / 2 : o[7], o[8]);
    search.settle();
    search.hurry();
    keep(write(search, job));
    search.limit += static_cast<int>(relax);
    search.hurry();
  }
  return best;
}

} // namespace

extern "C" {

// Returns a handle, or null when memory ran out. `wide` selects 64-bit forms.
void *hwgen_solve(const Job *job, int wide, i64 *sizes) {
  try {
    Out *out = new Out(wide ? run<i64>(*job) : run<std::int32_t>(*job));
    sizes[0] = static_cast<i64>(out->ints.size());
    sizes[1] = static_cast<i64>(out->constants.size());
    return out;
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

void hwgen_take(void *handle, int *ints, i64 *constants) {
  Out *out = static_cast<Out *>(handle);
  std::copy(out->ints.begin(), out->ints.end(), ints);
  std::copy(out->constants.begin(), out->constants.end(), constants);
  delete out;
}
}
