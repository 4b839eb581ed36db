# SPDX-License-Identifier: Apache-2.0
"""What the benchmark is to show, each with the number it came out at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.adders import graphs, speed, table
from tests.benchmarks.adders.ecp5 import Placed
from tests.benchmarks.adders.table import Pair, Row

SEARCH = "hwgen, effort 3"
MATRICES = 12


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


def bars(
    rows: Sequence[Row], timed: Sequence[speed.Timed], placed: Sequence[Placed],
    matrices: frozenset[str], limit: float,
) -> list[Bar]:  # fmt: skip
    """Return everything that is to be reached.

    Args:
        rows: what was mapped.
        timed: what was timed.
        placed: what was placed and routed.
        matrices: names of the matrices among the rows' cases.
        limit: share by which the cost model may be off.
    """
    squares = [row for row in rows if row.case in matrices]
    made = [*_areas(squares), *_networks(rows), *_speeds(rows, timed)]
    designs: list[Row | Placed] = [*rows, *placed]
    drift = _worst([(abs(row.drift), row.case) for row in designs if row.model is not None])
    made.append(
        Bar("every design of ours", "share by which its model of LUT is off", limit, *drift)
    )
    return made


def _areas(rows: Sequence[Row]) -> Iterator[Bar]:
    """Yield the bars of the matrices; a median is one of all of them or of none."""
    pairs, found = table.pairs(rows), table.pairs(rows, SEARCH)
    work = f"the {MATRICES} matrices"

    def middle(pairs: Sequence[Pair], figure: Callable[[Pair], float]) -> float | None:
        return median(map(figure, pairs)) if len(pairs) == MATRICES else None

    whole = len(pairs) == MATRICES
    most = _worst([(pair.lut, pair.own.case) for pair in pairs] if whole else [])
    yield Bar(work, "LUT over alkaid's, the worst", 1.0, *most)
    yield Bar(work, "LUT over alkaid's, median", 0.86, middle(pairs, lambda pair: pair.lut))
    yield Bar(work, "path over alkaid's, median", 0.65, middle(pairs, lambda pair: pair.path))
    yield Bar(
        f"{work}, effort 3", "LUT over alkaid's, median", 0.82,
        middle(found, lambda pair: pair.lut),
    )  # fmt: skip


def _networks(rows: Sequence[Row]) -> Iterator[Bar]:
    """Yield the bars of the networks: the same for all of them."""
    pairs = {pair.own.case: pair for pair in table.pairs(rows)}
    for name in ("mlp", "jet", "jet_h5"):
        whole, cut = pairs.get(name), pairs.get(f"{name}_5ns")
        yield Bar(name, "LUT over alkaid's", 0.80, whole.lut if whole else None)
        yield Bar(name, "path over alkaid's", 0.70, whole.path if whole else None)
        title = f"{name}, cut near 5 ns"
        yield Bar(title, "stages", 5, cut.own.result.latency if cut else None)
        yield Bar(title, "LUT over alkaid's", 0.80, cut.lut if cut else None)
        yield Bar(title, "FF over alkaid's", 0.35, cut.ff if cut else None)


def of_graphs(found: Sequence[graphs.Solved]) -> list[Bar]:
    """Return what is to be reached by graphs alone."""
    work = "random matrices, graphs alone"
    rows: list[tuple[str, float, Iterator[tuple[float, str]]]] = [
        ("positions over the better rival, effort 2, the worst", 1.0, graphs.ratios(found, 2)),
        ("the same, effort 1", graphs.BEHIND, graphs.ratios(found, 1)),
        ("positions over those of less effort, at no less depth", 1.0, graphs.growth(found)),
        ("adders over H_cmvm's as published, effort 1", 1.0, graphs.published(found)),
    ]
    return [Bar(work, what, limit, *_worst(list(figures))) for what, limit, figures in rows]


def _speeds(rows: Sequence[Row], timed: Sequence[speed.Timed]) -> Iterator[Bar]:
    for name in speed.names():
        own, other = speed.mine(timed, name), speed.quickest(timed, name)
        yield Bar(name, "seconds", speed.limit_of(name), own.seconds if own else None)
        share = own.seconds / other.seconds if own and other else None
        yield Bar(name, "seconds over alkaid's quickest", 1.0, share)
    found = []
    for case in dict.fromkeys(row.case for row in rows):
        here = [row for row in rows if row.case == case]
        mine = [row.seconds for row in here if row.by == "hwgen"]
        theirs = [row.seconds for row in here if row.by.startswith("alkaid")]
        if mine and theirs:
            found.append((mine[0] / min(theirs), case))
    yield Bar("every case", "text seconds over alkaid's quickest", 1.0, *_worst(found))


def _worst(found: Sequence[tuple[float, str]]) -> tuple[float | None, str]:
    """Return the largest figure and whose it is."""
    return max(found, default=(None, ""))


def text(found: Sequence[Bar]) -> str:
    """Return them as a table."""
    lines = ["| work | what | at most | measured | |", "|---|---|--:|--:|---|"]
    for bar in found:
        value = "" if bar.value is None else f"{bar.value:.3g}"
        worst = f" ({bar.worst})" if bar.worst else ""
        lines.append(
            f"| {bar.work} | {bar.what} | {bar.limit:g} | {value}{worst} | {bar.verdict} |"
        )
    return "\n".join(lines)
