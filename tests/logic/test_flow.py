# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from hwgen.logic.cmvm import native
from hwgen.logic.mincut import SINK, SOURCE, UNBOUND, Cut


def least_cut(nodes: int, edges: list[tuple[int, int, int]]) -> list[bool]:
    """Try every side of every node; of the cheapest cuts take the one of fewest at the source."""
    tried = []
    for rest in product([False, True], repeat=nodes - 2):
        side = [True, False, *rest]
        cost = sum(room for a, b, room in edges if side[a] and not side[b])
        tried.append((cost, sum(side), side))
    return min(tried)[2]


def random_edges(rng: np.random.Generator, nodes: int, count: int) -> list[tuple[int, int, int]]:
    edges = []
    for a, b in rng.integers(0, nodes, (count, 2)).tolist():
        if a != b and (a, b) != (SOURCE, SINK):
            edges.append((a, b, UNBOUND if rng.random() < 0.2 else int(rng.integers(0, 9))))
    # Whatever is unbound, a cut must be left: no unbound edge leaves the source's neighbours.
    return [(a, b, r if a != SOURCE else int(rng.integers(1, 9))) for a, b, r in edges]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_the_least_cut_is_found_again_when_edges_come(seed: int, compiled: bool) -> None:
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(3, 9))
    cut, edges = Cut(compiled), []
    cut.nodes = nodes
    for _ in range(4):
        fresh = random_edges(rng, nodes, int(rng.integers(1, 12)))
        for edge in fresh:
            cut.edge(*edge)
        edges += fresh
        assert list(cut.solve()) == least_cut(nodes, edges)


def test_the_core_is_used_where_it_was_built() -> None:
    library = native.library()
    assert library is not None
    assert hasattr(library, "hwgen_flow_cut")


def test_nodes_may_come_between_cuts() -> None:
    for compiled in (True, False):
        cut = Cut(compiled)
        a = cut.node()
        cut.edge(SOURCE, a, 3)
        cut.edge(a, SINK, 5)
        assert list(cut.solve()) == [True, False, False]
        b = cut.node()
        cut.edge(SOURCE, b, 4)
        cut.edge(b, a)
        assert list(cut.solve()) == [True, False, True, True]
