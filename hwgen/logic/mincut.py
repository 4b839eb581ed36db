# SPDX-License-Identifier: Apache-2.0
"""Minimum cuts of a directed graph that grows between one cut and the next.

The cut with the fewest nodes at the source is unique, so whatever finds it gives the same answer:
the compiled core (core/flow.cpp), or the same algorithm in Python where the core was not built.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Sequence
from functools import cache

import numpy as np

from hwgen.logic.cmvm import native

SOURCE, SINK = 0, 1
UNBOUND = 1 << 60  # room of an edge that no cut may sever


class Cut:
    """Least cut between `SOURCE` and `SINK` of a graph whose edges have room."""

    def __init__(self, compiled: bool = True) -> None:
        self.nodes = 2
        self._fresh: list[tuple[int, int, int]] = []
        lib = _library() if compiled else None
        self._flow: _Plain | _Compiled = _Plain() if lib is None else _Compiled(lib)

    def node(self) -> int:
        """Return the number of a new node."""
        self.nodes += 1
        return self.nodes - 1

    def edge(self, a: int, b: int, room: int = UNBOUND) -> None:
        """Make it cost *room* to have *a* on the source's side and *b* on the sink's."""
        if a != b and a != SINK and b != SOURCE:
            assert (a, b, room) != (SOURCE, SINK, UNBOUND), "there is no cut"
            self._fresh.append((a, b, room))

    def solve(self) -> Sequence[bool]:
        """Return of every node whether it is on the source's side of the least cut.

        Among cuts that cost the same it is the one with the fewest nodes there.
        """
        self._flow.add(self._fresh)
        self._fresh = []
        return self._flow.cut(self.nodes)


@cache
def _library() -> ctypes.CDLL | None:
    lib = native.library()
    if lib is None or not hasattr(lib, "hwgen_flow_new"):
        return None
    handle, number = ctypes.c_void_p, ctypes.c_int
    lib.hwgen_flow_new.argtypes = [number]
    lib.hwgen_flow_new.restype = handle
    lib.hwgen_flow_free.argtypes = [handle]
    lib.hwgen_flow_free.restype = None
    lib.hwgen_flow_add.argtypes = [handle, ctypes.c_int64, *[handle] * 3]
    lib.hwgen_flow_add.restype = number
    lib.hwgen_flow_cut.argtypes = [handle, number, number, number, handle]
    lib.hwgen_flow_cut.restype = number
    return lib


class _Compiled:
    """Maximum flow in the compiled core."""

    def __init__(self, lib: ctypes.CDLL) -> None:
        self.lib = lib
        self.handle = lib.hwgen_flow_new(2)
        if not self.handle:
            raise MemoryError

    def __del__(self) -> None:
        self.lib.hwgen_flow_free(self.handle)

    def add(self, edges: Sequence[tuple[int, int, int]]) -> None:
        table = np.array(edges, np.int64).reshape(-1, 3)
        columns = [np.ascontiguousarray(table[:, i], t) for i, t in enumerate(("i4", "i4", "i8"))]
        if not self.lib.hwgen_flow_add(self.handle, len(table), *(c.ctypes.data for c in columns)):
            raise MemoryError

    def cut(self, nodes: int) -> Sequence[bool]:
        side = np.zeros(nodes, np.uint8)
        if not self.lib.hwgen_flow_cut(self.handle, SOURCE, SINK, nodes, side.ctypes.data):
            raise MemoryError
        sides: list[bool] = side.astype(bool).tolist()
        return sides


class _Plain:
    """Maximum flow in Python, by shortest augmenting paths.

    Dinic, "Algorithm for solution of a problem of maximum flow in networks with power estimation"
    (1970).
    """

    def __init__(self) -> None:
        self.to: list[int] = []  # of every edge; its reverse stands beside it
        self.room: list[int] = []
        self.out: list[list[int]] = []

    def add(self, edges: Sequence[tuple[int, int, int]]) -> None:
        for a, b, room in edges:
            self._grow(max(a, b) + 1)
            for start, end, free in ((a, b, room), (b, a, 0)):
                self.out[start].append(len(self.to))
                self.to.append(end)
                self.room.append(free)

    def _grow(self, nodes: int) -> None:
        self.out += [[] for _ in range(nodes - len(self.out))]

    def cut(self, nodes: int) -> Sequence[bool]:
        self._grow(nodes)
        while True:
            level = self._levels()
            if level[SINK] < 0:
                return [at >= 0 for at in level]
            self._augment(level)

    def _levels(self) -> list[int]:
        level = [-1] * len(self.out)
        level[SOURCE] = 0
        queue = deque([SOURCE])
        while queue:
            at = queue.popleft()
            for e in self.out[at]:
                if self.room[e] and level[self.to[e]] < 0:
                    level[self.to[e]] = level[at] + 1
                    queue.append(self.to[e])
        return level

    def _augment(self, level: list[int]) -> None:
        """Push as much as paths of this length take."""
        to, room = self.to, self.room
        now = [0] * len(self.out)  # edges tried, of every node
        path: list[int] = []
        at = SOURCE
        while True:
            if at == SINK:
                push = min(room[e] for e in path)
                for e in path:
                    room[e] -= push
                    room[e ^ 1] += push
                keep = next(i for i, e in enumerate(path) if not room[e])
                at = to[path[keep] ^ 1]
                del path[keep:]
            out = self.out[at]
            while now[at] < len(out):
                e = out[now[at]]
                if room[e] and level[to[e]] == level[at] + 1:
                    break
                now[at] += 1
            if now[at] < len(out):
                path.append(out[now[at]])
                at = to[path[-1]]
            elif at == SOURCE:
                return
            else:
                level[at] = -1  # a dead end
                at = to[path.pop() ^ 1]
