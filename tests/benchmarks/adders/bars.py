# SPDX-License-Identifier: Apache-2.0
"""What the benchmark is to show, each with the number it came out at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.adders import graphs, speed, table
from tests.benchmarks.adders.ecp5 import Placed
from tests.benchmarks.adders.table import Row

SEARCH = "hwgen, effort 3"
MATRICES = 12
SQUARES = f"the {MATRICES} matrices"
NETWORKS = ("mlp", "jet", "jet_h5")


@dataclass(frozen=True)
class Bar:
    """One thing to reach.

    Attributes:
        work: on what.
        what: is measured.
        limit: the value must not be above it.
        value: as measured; None where it was not.
        worst: which case it comes from, where one decides.
    """

    work: str
    what: str
    limit: float
    value: float | None
    worst: str = ""

    @property
    def verdict(self) -> str:
        """Return what came of it."""
        if self.value is None:
            return "not measured"
        return "met" if self.value <= self.limit else "**not met**"


def of_matrices(rows: Sequence[Row]) -> Iterator[Bar]:
    """Yield the bars of the matrices; a median is one of all of them or of none."""
    pairs = table.pairs(rows)
    whole = pairs if len(pairs) == MATRICES else []
    worst = _worst([(pair.lut, pair.own.case) for pair in whole])
    yield Bar(SQUARES, "LUT over alkaid's, the worst", 1.0, *worst)
    yield Bar(SQUARES, "LUT over alkaid's, median", 0.86, _middle([p.lut for p in whole]))
    yield Bar(SQUARES, "path over alkaid's, median", 0.65, _middle([p.path for p in whole]))
    yield from _texts(rows)


def of_few(rows: Sequence[Row]) -> Iterator[Bar]:
    """Yield the bars of matrices whose inputs have few bits."""
    worst = _worst([(pair.lut, pair.own.case) for pair in table.pairs(rows)])
    yield Bar("inputs of few bits", "LUT over alkaid's, the worst", 0.96, *worst)
    yield from _texts(rows)


def of_search(rows: Sequence[Row]) -> Iterator[Bar]:
    """Yield the bar of the matrices after a search."""
    pairs = table.pairs(rows, SEARCH)
    whole = pairs if len(pairs) == MATRICES else []
    title = f"{SQUARES}, effort 3"
    yield Bar(title, "LUT over alkaid's, median", 0.82, _middle([p.lut for p in whole]))


def of_networks(rows: Sequence[Row]) -> Iterator[Bar]:
    """Yield the bars of the networks: the same for all of them."""
    pairs = {pair.own.case: pair for pair in table.pairs(rows)}
    for name in NETWORKS:
        pair = pairs.get(name)
        yield Bar(name, "LUT over alkaid's", 0.80, pair.lut if pair else None)
        yield Bar(name, "path over alkaid's", 0.70, pair.path if pair else None)
    yield from _texts(rows)


def of_cut(rows: Sequence[Row]) -> Iterator[Bar]:
    """Yield the bars of the networks with registers, alkaid's in as many stages of logic."""
    pairs = {pair.own.case: pair for pair in table.pairs(rows)}
    for name in NETWORKS:
        pair = pairs.get(f"{name}_5ns")
        title = f"{name}, cut near 5 ns"
        yield Bar(title, "stages", 5, pair.own.result.latency if pair else None)
        yield Bar(title, "LUT over alkaid's", 0.80, pair.lut if pair else None)
        yield Bar(title, "FF over alkaid's", 0.35, pair.ff if pair else None)
        yield Bar(title, "path over alkaid's", 1.0, pair.path if pair else None)


def of_graphs(found: Sequence[graphs.Solved], counts: Sequence[graphs.Counted]) -> Iterator[Bar]:
    """Yield the bars of graphs alone."""
    work = "random matrices, graphs alone"
    rows: list[tuple[str, float, Iterator[tuple[float, str]]]] = [
        ("positions over the better rival, effort 2, the worst", 1.0, graphs.ratios(found, 2)),
        ("the same, effort 1", graphs.BEHIND, graphs.ratios(found, 1)),
        ("positions over those of less effort", 1.0, graphs.growth(found)),
        ("mean adders over H_cmvm's as published", 1.0, graphs.published(counts)),
        ("seconds for one of these", graphs.SECONDS, ((c.seconds, c.case) for c in counts)),
    ]
    for what, limit, figures in rows:
        yield Bar(work, what, limit, *_worst(list(figures)))


def of_speed(timed: Sequence[speed.Timed]) -> Iterator[Bar]:
    """Yield the bars of large matrices and of a network's text."""
    for name in speed.names():
        own, other = speed.mine(timed, name), speed.quickest(timed, name)
        yield Bar(name, "seconds", speed.limit_of(name), own.seconds if own else None)
        share = own.seconds / other.seconds if own and other else None
        yield Bar(name, "seconds over alkaid's quickest", 1.0, share)


def of_model(designs: Sequence[Row | Placed], limit: float) -> Iterator[Bar]:
    """Yield the bar of the cost model: the share by which it may be off."""
    drift = _worst([(abs(row.drift), row.case) for row in designs if row.model is not None])
    yield Bar("every design of ours", "share by which its model of LUT is off", limit, *drift)


def _texts(rows: Sequence[Row]) -> Iterator[Bar]:
    found = []
    for case in dict.fromkeys(row.case for row in rows):
        here = [row for row in rows if row.case == case]
        mine = [row.seconds for row in here if row.by == "hwgen"]
        theirs = [row.seconds for row in here if row.by.startswith("alkaid")]
        if mine and theirs:
            found.append((mine[0] / min(theirs), case))
    yield Bar("every case", "text seconds over alkaid's quickest", 1.0, *_worst(found))


def _middle(figures: Sequence[float]) -> float | None:
    return median(figures) if figures else None


def _worst(found: Sequence[tuple[float, str]]) -> tuple[float | None, str]:
    """Return the largest figure and whose it is."""
    return max(found, default=(None, ""))


def text(found: Iterable[Bar]) -> str:
    """Return them as a table."""
    lines = ["| work | what | at most | measured | |", "|---|---|--:|--:|---|"]
    for bar in found:
        value = "" if bar.value is None else f"{bar.value:.3g}"
        worst = f" ({bar.worst})" if bar.worst else ""
        lines.append(
            f"| {bar.work} | {bar.what} | {bar.limit:g} | {value}{worst} | {bar.verdict} |"
        )
    return "\n".join(lines)
