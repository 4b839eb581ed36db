# SPDX-License-Identifier: Apache-2.0
"""Dial of a model: what it takes at one interval after the other."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from hwgen.api.load import top_name
from hwgen.api.results import VerbResult
from hwgen.api.settings import Ask
from hwgen.cost.estimate import Estimate
from hwgen.cost.estimate import estimate as estimate_design
from hwgen.cost.serial import block_needs, carry_blocks, logic_blocks
from hwgen.design.stage_core import stage_cores
from hwgen.design.types import Design
from hwgen.errors import DoesNotFit
from hwgen.plan.pace import parse_intervals
from hwgen.plan.planner import plan, reached_mhz
from hwgen.report.text import aligned
from hwgen.target.board import Board


@dataclass(frozen=True)
class Setting:
    """One interval of a dial.

    Attributes:
        asked: cycles between two samples that are allowed; 0 for ``auto``.
        style: of the design: ``parallel`` or ``serial``.
        digit_bits: bits of every value a cycle; 0 of a parallel design.
        interval: cycles between two samples that the design needs.
        lut, ff, carry: look-up tables, flip-flops, blocks of carry chain.
        blocks: of logic, at the least: of what there is most.
        limit: that.
        latency_cycles, latency_ns: from an input to its output.
        rate_mhz: samples that are taken, in millions a second.
        says: why there is none; else empty.
    """

    asked: int
    style: str = ""
    digit_bits: int = 0
    interval: int = 0
    lut: int = 0
    ff: int = 0
    carry: int = 0
    blocks: float = 0.0
    limit: str = ""
    latency_cycles: int = 0
    latency_ns: float = 0.0
    rate_mhz: float = 0.0
    says: str = ""


@dataclass(frozen=True, repr=False)
class Dial(VerbResult):
    """Dial of a model on a board.

    Attributes:
        name: of the design.
        board: that it is for.
        clock_mhz: that it is planned for.
        settings: one an interval.
    """

    name: str
    board: str
    clock_mhz: float
    settings: tuple[Setting, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the settings, under ``dial``."""
        return {
            "name": self.name,
            "board": self.board,
            "clock_mhz": self.clock_mhz,
            "dial": [asdict(setting) for setting in self.settings],
        }

    def text(self) -> str:
        """Return the table."""
        rows = [
            [
                "allowed",
                "interval",
                "bits",
                "LUT",
                "FF",
                "carry",
                "blocks",
                "limit",
                "cycles",
                "ns",
                "M/s",
                "style",
            ]
        ]
        for s in self.settings:
            asked = str(s.asked) if s.asked else "auto"
            if s.says:
                rows.append([asked, *["-"] * 10, "none"])
                continue
            rows.append(
                [
                    asked,
                    str(s.interval),
                    str(s.digit_bits or "all"),
                    f"{s.lut:,}",
                    f"{s.ff:,}",
                    f"{s.carry:,}",
                    f"{s.blocks:,.0f}",
                    s.limit,
                    str(s.latency_cycles),
                    f"{s.latency_ns:.4g}",
                    f"{s.rate_mhz:.4g}",
                    s.style,
                ]
            )
        head = f"dial      {self.name} on {self.board}, {self.clock_mhz:g} MHz, modelled"
        why = [f"{s.asked or 'auto'}: {s.says}" for s in self.settings if s.says]
        if any(s.asked > 1 and s.style == "parallel" for s in self.settings):
            why.append("parallel: whole words take less there than digits would; --style serial")
        return "\n".join([head, "", *aligned(rows, left=(0, 11)), *why])


def dial(ask: Ask, intervals: str) -> Dial:
    """Return what a model takes at each of some intervals.

    Args:
        ask: model, board and goal; its interval does not matter.
        intervals: as `hwgen.plan.pace.parse_intervals` takes them.

    Raises:
        ConfigError, ModelError: see `hwgen.errors`.
        DoesNotFit: there is a design at none of them.
    """
    board, goal = replace(ask, interval=1, rate=None, fps=None).target()
    graph, name = ask.load(), top_name(ask.model)
    found: list[Setting] = []
    refused: DoesNotFit | None = None
    for interval in parse_intervals(intervals):
        here = replace(goal, pace=replace(goal.pace, interval=interval))
        try:
            design = plan(graph, board, here, name, ask.realisations())
        except DoesNotFit as error:
            refused = error
            found.append(Setting(interval or 0, says=error.what))
            continue
        found.append(_setting(interval or 0, design, board))
    if refused is not None and all(setting.says for setting in found):
        raise refused
    return Dial(name, board.name, goal.clock_mhz, tuple(found))


def _setting(asked: int, design: Design, board: Board) -> Setting:
    taken = estimate_design(design, board.family)
    cores = stage_cores(design).values() if design.style == "serial" else ()
    digits = [core.serial.graph.digit_bits for core in cores if core.serial]
    carry = carry_blocks(design, board.family)
    held = min(design.clock_mhz, reached_mhz(design, board))
    return Setting(
        asked,
        design.style,
        max(digits, default=0),
        design.interval,
        taken.lut,
        taken.ff,
        carry,
        round(logic_blocks(taken, carry, board.family), 1),
        _limit(taken, carry, board),
        design.latency,
        round(design.latency_ns, 3),
        round(held / design.interval, 4),
    )


def _limit(taken: Estimate, carry: int, board: Board) -> str:
    needs = block_needs(taken, carry, board.family)
    return max(needs, key=lambda kind: needs[kind])
