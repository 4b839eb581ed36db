// SPDX-License-Identifier: Apache-2.0
// Maximum flow by shortest augmenting paths (Dinic 1970), on a graph that may grow between runs;
// ../flow.py is its specification and calls it through ctypes.
#include <algorithm>
#include <cstdint>
#include <new>
#include <vector>

namespace {

using i64 = std::int64_t;

struct Flow {
  struct Edge {
    int to, next; // next: edge of the same node, -1 behind the last
    i64 room;
  };
  std::vector<Edge> edges; // an edge and its reverse side by side
  std::vector<int> first, level, now, path;

  void half(int from, int to, i64 room) {
    edges.push_back({to, first[from], room});
    first[from] = static_cast<int>(edges.size()) - 1;
  }

  void add(int from, int to, i64 room) {
    std::size_t top = static_cast<std::size_t>(std::max(from, to)) + 1;
    if (first.size() < top) first.resize(top, -1);
    half(from, to, room);
    half(to, from, 0);
  }

  // Levels by distance to the sink; true when the source still reaches it.
  bool reach(int source, int sink) {
    level.assign(first.size(), -1);
    level[sink] = 0;
    path.assign(1, sink);
    for (std::size_t i = 0; i < path.size() && level[source] < 0; i++)
      for (int e = first[path[i]]; e >= 0; e = edges[e].next)
        if (edges[e ^ 1].room && level[edges[e].to] < 0) {
          level[edges[e].to] = level[path[i]] + 1;
          path.push_back(edges[e].to);
        }
    return level[source] >= 0;
  }

  void augment(int source, int sink) {
    now = first;
    path.clear();
    for (int at = source;;) {
      if (at == sink) {
        i64 room = edges[path[0]].room;
        for (int e : path) room = std::min(room, edges[e].room);
        std::size_t keep = path.size();
        for (std::size_t i = path.size(); i-- > 0;) {
          edges[path[i]].room -= room;
          edges[path[i] ^ 1].room += room;
          if (!edges[path[i]].room) keep = i;
        }
        at = edges[path[keep] ^ 1].to;
        path.resize(keep);
      }
      int &e = now[at];
      while (e >= 0 && !(edges[e].room && level[edges[e].to] >= 0 && level[edges[e].to] + 1 == level[at]))
        e = edges[e].next;
      if (e >= 0) {
        path.push_back(e);
        at = edges[e].to;
      } else if (at == source) {
        return;
      } else {
        level[at] = -1; // a dead end
        at = edges[path.back() ^ 1].to;
        path.pop_back();
      }
    }
  }
};

} // namespace

extern "C" {

void *hwgen_flow_new(int nodes) {
  try {
    Flow *f = new Flow;
    f->first.assign(nodes, -1);
    return f;
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

void hwgen_flow_free(void *handle) { delete static_cast<Flow *>(handle); }

// Adds edges; returns 0 when the memory does not suffice.
int hwgen_flow_add(void *handle, i64 count, const std::int32_t *from, const std::int32_t *to, const i64 *room) {
  try {
    for (i64 i = 0; i < count; i++) static_cast<Flow *>(handle)->add(from[i], to[i], room[i]);
    return 1;
  } catch (const std::bad_alloc &) {
    return 0;
  }
}

// Fills the graph and marks the nodes that the source still reaches; returns 0 as above.
int hwgen_flow_cut(void *handle, int source, int sink, int nodes, std::uint8_t *side) {
  try {
    Flow &f = *static_cast<Flow *>(handle);
    f.first.resize(std::max<std::size_t>(f.first.size(), nodes), -1);
    while (f.reach(source, sink)) f.augment(source, sink);
    std::fill(side, side + nodes, 0);
    f.path.assign(1, source);
    side[source] = 1;
    for (std::size_t i = 0; i < f.path.size(); i++)
      for (int e = f.first[f.path[i]]; e >= 0; e = f.edges[e].next)
        if (f.edges[e].room && !side[f.edges[e].to]) {
          side[f.edges[e].to] = 1;
          f.path.push_back(f.edges[e].to);
        }
    return 1;
  } catch (const std::bad_alloc &) {
    return 0;
  }
}

} // extern "C"
