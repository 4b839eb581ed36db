# SPDX-License-Identifier: Apache-2.0
"""Planned clocks against place and route: whether registers stand where the clock needs them.

Networks that neither a fit nor a formula has seen are planned for a clock as a user would plan
them, wires by the calibrated model included, and placed and routed with three seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from hwgen.api.estimate import Estimated, examine
from hwgen.api.settings import Ask
from hwgen.cost.estimate import estimate
from hwgen.design.types import Design
from hwgen.plan.clock import quick_enough
from hwgen.target.board import load_board
from tests.benchmarks.estimate.corpus import Case
from tests.benchmarks.estimate.measure import planned
from tests.benchmarks.estimate.routes import OWN_GRADE, routed

BOARD = "ecp5_evn"
SEEDS = (1, 2, 3)  # the middle one of these placements counts
SWEEP = (80.0, 100.0, 120.0, 140.0, 160.0)  # MHz, of the cost of the margin
# From 1,000 to 15,000 look-up tables; clocks that ask for more registers than logic alone does.
CASES = (
    Case("mlp-20", "mlp", BOARD, 120.0),
    Case("bnn-21", "bnn", BOARD, 120.0),
    Case("residual-21", "residual", BOARD, 125.0),
    Case("cnn-22", "cnn", BOARD, 110.0),
    Case("wide-20", "wide", BOARD, 85.0),
)


@dataclass(frozen=True)
class Placed:
    """A design that was planned for a clock, and placed.

    Attributes:
        name: of the case.
        lut, ff, latency: of the plan.
        ff_bare: registers of a plan for the clock without a margin.
        asked: clock that was planned for, MHz.
        expected: clock that the estimate states, MHz.
        mhz: reached, seed by seed.
    """

    name: str
    lut: int
    ff: int
    ff_bare: int
    latency: int
    asked: float
    expected: float
    mhz: tuple[float, ...]

    @property
    def reached(self) -> float:
        """Median of the seeds, in MHz."""
        return median(self.mhz)


def placed(
    cache: Path, cases: Sequence[Case] = CASES, seeds: Sequence[int] = SEEDS
) -> Iterator[Placed]:
    """Plan, place and route; what is known by digest is not routed again.

    Raises:
        ToolMissing, ToolFailed: from Yosys or nextpnr.
    """
    for case in cases:
        made = asked(case)
        mhz = tuple(routed(made.design, OWN_GRADE, seed, cache) for seed in seeds)
        figures = made.figures
        yield Placed(
            case.name, figures.modelled.lut, figures.modelled.ff, without_margin(case),
            figures.latency_cycles, case.clock_mhz, figures.fmax.mhz, mhz,
        )  # fmt: skip


def asked(case: Case) -> Estimated:
    """Plan for the clock as a user would.

    Raises:
        DoesNotFit: the clock is refused.
    """
    made = examine(Ask(case.graph(), case.board, clock=f"{case.clock_mhz:g}MHz"))
    if made.refusal is not None:
        raise made.refusal
    return made


def without_margin(case: Case) -> int:
    """Return the registers of a plan that the estimate just lets hold the clock."""
    board = load_board(case.board)

    def at(clock_mhz: float) -> Design:
        return planned(replace(case, clock_mhz=clock_mhz))

    return estimate(quick_enough(at, board, case.clock_mhz, spare=1.0), board.family).ff


def margin_cost(cases: Sequence[Case] = CASES, sweep: Sequence[float] = SWEEP) -> str:
    """Return what the margin takes in registers, over plans for some clocks."""
    with_it, bare = [], []
    for case in cases:
        for mhz in sweep:
            at = replace(case, clock_mhz=mhz)
            with_it.append(asked(at).figures.modelled.ff)
            bare.append(without_margin(at))
    more = [a / b - 1 for a, b in zip(with_it, bare, strict=True) if a > b]
    return (
        f"Planned for {', '.join(f'{mhz:g}' for mhz in sweep)} MHz these networks take "
        f"{sum(with_it):,} FF with the margin and {sum(bare):,} without, "
        f"{sum(with_it) / sum(bare) - 1:+.1%}; {len(more)} of {len(bare)} plans take more, "
        f"{max(more, default=0.0):.0%} at most."
    )


def table(rows: Sequence[Placed]) -> str:
    """Return one line a design."""
    lines = [
        "| network | LUT modelled | cycles | FF | FF without margin | MHz asked | MHz estimated "
        "| MHz routed, by seed | median over asked |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        seeds = ", ".join(f"{mhz:.1f}" for mhz in row.mhz)
        lines.append(
            f"| {row.name} | {row.lut:,} | {row.latency} | {row.ff:,} | {row.ff_bare:,} "
            f"| {row.asked:g} | {row.expected:.1f} | {seeds} | {row.reached / row.asked:.2f} |"
        )
    return "\n".join(lines)
