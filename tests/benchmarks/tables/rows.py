# SPDX-License-Identifier: Apache-2.0
"""What `make bench-tables` builds: networks of tables, and layers whose inputs have few bits."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import hwgen
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ir.tensor import Codes
from hwgen.ops.builder import GraphBuilder
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.thresholds import Thresholds
from tests.frontends.table_files import TableNet, random_net

DRAWN = 20
KAN = Path(__file__).parents[4] / "shared" / "models" / "kan"


@dataclass(frozen=True)
class Row:
    """One core.

    Attributes:
        name: of the model.
        graph: what makes it.
        clock, latency: as the command line takes them.
        effort: of the search.
        luts: the most it may take; 0 for no bar.
        ns: the longest path it may have; 0 for no bar.
        given: samples and outputs that its maker published.
        published: look-up tables of its maker's own core, placed and routed; 0 if there are none.
        drawn: whether it was drawn at random, so that only the estimate has a bar.
    """

    name: str
    graph: Callable[[], Graph]
    clock: str
    latency: str | None = None
    effort: int = 1
    luts: int = 0
    ns: float = 0.0
    given: tuple[Path, Path] | None = None
    published: int = 0
    drawn: bool = False

    @property
    def goal(self) -> str:
        """Goal in words."""
        said = f"{self.clock}, {self.latency}" if self.latency else self.clock
        return said if self.effort == 1 else f"{said}, effort {self.effort}"

    def samples(self, graph: Graph) -> Codes:
        """Return what is simulated: the given vectors, the ends, and 1,000 random samples."""
        (source,) = graph.inputs
        lo, hi = (end.reshape(-1).astype(np.int64) for end in (source.type.lo, source.type.hi))
        rng = np.random.default_rng(1)
        rows = [lo[None], hi[None], rng.integers(lo, hi + 1, (1000, len(lo)))]
        if self.given:
            rows.insert(0, np.loadtxt(self.given[0], np.int64, ndmin=2))
        made: Codes = np.concatenate(rows)
        return made


def rows() -> Iterator[Row]:
    """Yield what is there to build; the published networks only where their files are."""
    if KAN.is_dir():
        yield _kan("jets", "50MHz", luts=920, published=1232)
        yield _kan("jets", "50MHz", effort=2, luts=920, published=1232)
        yield _kan("jets", "200MHz", published=1232)
        yield _kan("jets", "200MHz", latency="10ns", published=1232)
        yield _kan("jets", "560MHz", effort=2, luts=930, ns=1.15, published=1232)
        yield _kan("rl", "50MHz", luts=1620, published=2828)
        yield _kan("rl", "200MHz", published=2828)
    yield Row("16 x 16, up to 127, 1 bit", lambda: square(1), "50MHz", luts=440)
    yield Row("16 x 16, up to 127, 4 bits", lambda: square(4), "50MHz", luts=1560)
    yield Row("16 x 16, up to 127, 4 bits", lambda: square(4), "200MHz")
    yield Row("16 x 16, up to 127, 4 bits", lambda: square(4), "200MHz", "10ns")
    yield Row("4 tangents, 8 bits to 6", lambda: tangents(8, 6), "50MHz", luts=62)
    yield Row("4 tangents, 10 bits to 8", lambda: tangents(10, 8), "50MHz", luts=230)
    yield Row("32 x 16, up to 7, half zero, 4 bits", half_pruned, "50MHz", luts=840)
    for seed in range(DRAWN):
        net = drawn(seed)
        shape = "-".join(map(str, net.layers))
        name = f"random {seed}: {shape}, {'-'.join(map(str, net.widths))} bits"
        clock = "200MHz" if seed % 2 else "50MHz"
        yield Row(name, partial(_graph, net), clock, drawn=True)


def _kan(
    name: str,
    clock: str,
    *,
    latency: str | None = None,
    effort: int = 1,
    luts: int = 0,
    ns: float = 0.0,
    published: int = 0,
) -> Row:
    folder = KAN / name
    given = folder / "vectors_in.txt", folder / "vectors_out.txt"
    return Row(
        f"kan/{name}",
        lambda: hwgen.load(folder / "truth_tables.json"),
        clock,
        latency,
        effort,
        luts,
        ns,
        given,
        published,
    )


def drawn(seed: int) -> TableNet:
    """Return a network of curves, steps, noise and pruned edges."""
    rng = np.random.default_rng(seed)
    depth = int(rng.integers(1, 4))
    layers = rng.integers(4, 11, depth + 1).tolist()
    widths = rng.integers(3, 9, depth + 1).tolist()
    return random_net(rng, layers, widths, alive=float(rng.uniform(0.3, 1)))


def _graph(net: TableNet) -> Graph:
    with tempfile.TemporaryDirectory() as folder:
        return hwgen.load(net.write(Path(folder)))


def layer(weight: Codes, bits: int) -> Graph:
    """Return a dense layer without bias behind unsigned inputs."""
    net = GraphBuilder("dense")
    net.put("x", Input.of((len(weight),), Fixed(bits, 0)))
    net.put("fc", Dense(weight, np.zeros(weight.shape[1], np.int64)))
    return net.graph()


def square(bits: int) -> Graph:
    """Return the 16 x 16 layer of weights up to 127."""
    return layer(np.random.default_rng(1).integers(-127, 128, (16, 16)), bits)


def half_pruned() -> Graph:
    """Return a 32 x 16 layer of four-bit weights, half of them zero."""
    rng = np.random.default_rng(2)
    weight = rng.integers(1, 8, (32, 16)) * rng.choice([-1, 1], (32, 16))
    return layer(weight * (rng.permutation(512).reshape(32, 16) < 256), 4)


def tangents(bits: int, out: int, rows: int = 4) -> Graph:
    """Return hyperbolic tangents as steps, each a little steeper than the one before."""
    x = np.arange(-(1 << bits - 1), 1 << bits - 1)
    most = (1 << out - 1) - 1
    curves = [np.rint(np.tanh(x * (1 + row / 50) / (1 << bits - 3)) * most) for row in range(rows)]
    steps = [np.flatnonzero(np.diff(curve)) + 1 for curve in curves]
    fewest = min(map(len, steps))
    limits = np.array([x[step][:fewest] for step in steps])
    values = [[c[0], *c[step]][: fewest + 1] for c, step in zip(curves, steps, strict=True)]
    net = GraphBuilder("steps")
    net.put("x", Input.of((rows,), Fixed(bits, 0, True)))
    net.put("act", Thresholds(limits, np.array(values).astype(int), 0))
    return net.graph()
