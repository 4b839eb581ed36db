# SPDX-License-Identifier: Apache-2.0
"""Estimate of serial designs, held against mapped netlists that it was not fitted to.

The networks are drawn by seed. Tables of requantizers were counted on requantizers alone.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hwgen.cost.estimate import estimate
from hwgen.design.stage_core import stage_cores
from hwgen.emit.verilog.design import emit_rtl
from hwgen.target.board import load_board
from hwgen.verify.compile_rtl import files
from tests.benchmarks.estimate.corpus import Case
from tests.benchmarks.serial.rows import mapped, planned

BOARDS = ("vcu118", "ecp5_evn")
# Kind and number of a network, and the interval: digits of one bit and of several.
DRAWN = (("mlp", 73, 24), ("mlp", 71, 8), ("mlp", 76, 4), ("residual", 70, 24), ("residual", 72, 6))
OFF = 0.05  # share by which the estimate may be off


@dataclass(frozen=True)
class Held:
    """One network on one board: LUT as modelled, and as mapped."""

    name: str
    board: str
    bits: int
    modelled: int
    lut: int

    @property
    def off(self) -> float:
        """Error as a share of what was mapped."""
        return self.modelled / self.lut - 1


def held(board_name: str, kind: str, number: int, interval: int) -> Held:
    """Map a network that was drawn, and return it beside its estimate."""
    board = load_board(board_name)
    case = Case(f"{kind}-{number}", kind, board_name, 200.0)
    design = planned(case.graph(), "drawn", board, "serial", interval)
    with tempfile.TemporaryDirectory() as folder:
        out = emit_rtl(design).write(Path(folder) / "out")
        device = board.device.name if board.device else ""
        sources = [file for file in files(out) if "axi" not in file.name]
        taken, _ = mapped(sources, "hwg_drawn", board.family.name, device)
    cores = stage_cores(design).values()
    digits = [core.serial.graph.digit_bits for core in cores if core.serial]
    return Held(
        case.name, board_name, max(digits, default=0), estimate(design, board.family).lut,
        taken.plut,
    )  # fmt: skip


def table(found: list[Held]) -> str:
    """Return the results as text."""
    lines = ["| network | board | bits | estimate | LUT | off |", "|---|---|--:|--:|--:|--:|"]
    lines += [
        f"| {h.name} | {h.board} | {h.bits} | {h.modelled:,} | {h.lut:,} | {h.off:+.1%} |"
        for h in found
    ]
    return "\n".join(lines)


def missed(found: list[Held]) -> list[str]:
    """Return what is off by more than allowed."""
    return [f"{h.name} on {h.board}: off by {h.off:+.1%}" for h in found if abs(h.off) > OFF]
