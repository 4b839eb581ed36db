# SPDX-License-Identifier: Apache-2.0
"""`make bench-tables`: networks of tables and few-bit layers, mapped whole and simulated.

Every core has its output registers. Its mapped netlist is simulated cell by cell against the
reference, which computes the given vectors as published. Beside it stand the sum of its layers,
each mapped alone, and the estimate.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hwgen.cost.estimate import estimate
from hwgen.emit.verilog.design import emit_rtl
from hwgen.errors import Mismatch
from hwgen.plan.goal import goal_for
from hwgen.plan.planner import plan
from hwgen.synth.count import Measured, count
from hwgen.synth.path import PathModel, longest_path
from hwgen.synth.yosys import map_design
from hwgen.target.board import load_board
from hwgen.verify.compile_rtl import files
from tests.benchmarks.tables import jets1000, neurons
from tests.benchmarks.tables.check import check
from tests.benchmarks.tables.rows import Row, rows

BOARD, FAMILY = "vu13p", "ultrascale_plus"
OFF = 0.05  # share by which the estimate may be off
FLAT = 0.03  # and the whole may exceed the sum of its parts


@dataclass(frozen=True)
class Result:
    """What came out of one row.

    Attributes:
        row: what was built.
        measured: of the whole core.
        parts: look-up tables of its layers, each mapped alone.
        model: those of the estimate.
        cycles: of latency.
        ns: longest path.
        samples: that were simulated.
        seconds: of the processor, from the graph to the text.
    """

    row: Row
    measured: Measured
    parts: int
    model: int
    cycles: int
    ns: float
    samples: int
    seconds: float

    @property
    def missed(self) -> list[str]:
        """Bars that are not met."""
        lut, found = self.measured.plut, []
        if self.row.luts and lut > self.row.luts:
            found.append(f"{lut} LUT, {self.row.luts} are the bar")
        if self.row.ns and self.ns > self.row.ns:
            found.append(f"{self.ns:.2f} ns, {self.row.ns} are the bar")
        if abs(self.model - lut) > OFF * lut:
            found.append(f"the estimate is {self.model}, {lut} were mapped")
        if lut > self.parts * (1 + FLAT) and not self.row.drawn:
            found.append(f"the parts take {self.parts}, the whole {lut}")
        return found


def measure(row: Row) -> Result:
    """Build, map, simulate and count one row.

    Raises:
        Mismatch: a value of the netlist, or of the reference, is another one.
    """
    graph, board = row.graph(), load_board(BOARD)
    start = time.process_time()
    design = plan(graph, board, goal_for(board, row.clock, row.latency, row.effort), "bench")
    made = emit_rtl(design)
    seconds = time.process_time() - start
    with tempfile.TemporaryDirectory() as folder:
        out = made.write(Path(folder) / "out")
        sources = [file for file in files(out) if "axi" not in file.name]
        netlist = map_design(sources, "hwg_bench", FAMILY)
        alone = [
            count(map_design(sources, f"hwg_bench_{layer.link}", FAMILY)).plut
            for layer in design.pipeline.layers
        ]
    samples = check(row, graph, design, netlist)
    ns = longest_path(netlist, PathModel.of(board.family))
    model = estimate(design, board.family).lut
    return Result(row, count(netlist), sum(alone), model, design.latency, ns, samples, seconds)


def table(found: Sequence[Result]) -> str:
    """Return the results as text."""
    head = "| core | goal | LUT | bar | parts alone | estimate | FF | cycles | path | published |"
    lines = [head, "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for one in found:
        row, m = one.row, one.measured
        bar = f"{row.luts:,}" if row.luts else ""
        share = one.model / m.plut - 1
        published = f"{row.published:,} ({m.plut / row.published:.2f})" if row.published else ""
        lines.append(
            f"| {row.name} | {row.goal} | {m.plut:,} | {bar} | {one.parts:,} "
            f"| {one.model:,} ({share:+.1%}) | {m.ff:,} | {one.cycles} | {one.ns:.2f} ns "
            f"| {published} |"
        )
    return "\n".join(lines)


def estimates(found: Sequence[Result]) -> str:
    """Return how far the estimate of random networks is off."""
    off = [one.model / one.measured.plut - 1 for one in found]
    lines = ["| network | goal | LUT | estimate |", "|---|---|--:|--:|"]
    for one, share in zip(found, off, strict=True):
        lut = one.measured.plut
        lines.append(
            f"| {one.row.name} | {one.row.goal} | {lut:,} | {one.model:,} ({share:+.1%}) |"
        )
    sizes = sorted(map(abs, off))
    return "\n".join(
        [*lines, "", f"off by {sizes[len(off) // 2]:.1%} (median), {sizes[-1]:.1%} (worst)"]
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="make bench-tables")
    parser.add_argument("--only", default="", help="part of a name of rows")
    parser.add_argument("--bless", action="store_true", help="write the table of neurons")
    given = parser.parse_args(argv)
    only = given.only
    if only == "neurons":
        return neurons.run(given.bless)
    if given.bless:
        parser.error("--bless writes the table of ONLY=neurons alone")
    found, failures = [], []
    for row in rows():
        if only not in f"{row.name} {row.goal}":
            continue
        print(f"{row.name}, {row.goal}", file=sys.stderr, flush=True)
        try:
            found.append(measure(row))
        except Mismatch as error:
            failures.append(str(error))
            continue
        failures += [f"{row.name}, {row.goal}: {missed}" for missed in found[-1].missed]
    shown, drawn = ([one for one in found if one.row.drawn == random] for random in (False, True))
    if shown:
        print(table(shown))
    if drawn:
        print(f"\n{estimates(drawn)}")
    if jets1000.ROWS.is_file() and only in "jets1000":
        print(f"\n{jets1000.text(jets1000.compared())}")
    print(f"\nsimulated: {sum(one.samples for one in found):,} samples, all equal")
    print("".join(f"\nmissed: {failure}" for failure in failures))
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
