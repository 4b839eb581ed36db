# SPDX-License-Identifier: Apache-2.0
"""`make bench-binary`: binary layers of constant weights and folded units, mapped and simulated.

Every netlist is simulated against the layer's definition before it is counted. The plain form is
one sum and one comparison an output, each addition a carry chain, and the same as Yosys' own flow
fuses it. Rivals build the sums alone, without thresholds.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hwgen.errors import HwgenError
from hwgen.synth.count import Measured, count
from hwgen.synth.levels import depth
from hwgen.synth.netlist import Netlist
from hwgen.synth.yosys import map_design, run_script, version
from tests.benchmarks.adders.__main__ import SETTINGS, TABLES_OFF
from tests.benchmarks.adders.cases import Case
from tests.benchmarks.adders.designs import Asked, Text, environment, ours, rival
from tests.benchmarks.adders.measure import FAMILY, check, written
from tests.benchmarks.binary import dial, families
from tests.benchmarks.binary.rows import Row, bare, naive, rows
from tests.benchmarks.binary.units import FOLDED
from tests.benchmarks.page import write_marked

ROOT = Path(__file__).parents[3]
OUT = ROOT / "out" / "bench-binary"
DOCUMENT, MARK = ROOT / "docs" / "binary.md", "bench-binary"
OWN, PLAIN, FUSED = "hwgen", "plain, a chain an addition", "plain, Yosys' own flow"
MODEL_OFF = 0.10  # share by which the estimate may be off
_MINUTES = 20  # of the processor that a rival may take


@dataclass(frozen=True)
class Found:
    """What came out of one text.

    Attributes:
        row: what was built.
        by: by whom.
        measured: with its depth.
        carry4: carry blocks of four positions.
        seconds: of the processor, text and synthesis.
        model: look-up tables of our own estimate; None of others.
    """

    row: Row
    by: str
    measured: Measured
    carry4: int
    seconds: float
    model: int | None = None

    def missed(self) -> Iterator[str]:
        """Yield bars that are not met."""
        if self.by != OWN:
            return
        lut = self.measured.lut
        if self.row.bar and lut > self.row.bar:
            yield f"{lut} LUT, {self.row.bar} are the bar"
        if self.row.seconds and self.seconds > self.row.seconds:
            yield f"{self.seconds:.0f} s, {self.row.seconds:.0f} are the bar"
        if self.model is not None and abs(self.model / lut - 1) > MODEL_OFF:
            yield f"the estimate is {self.model}, {lut} were mapped"


@dataclass
class Run:
    """What was found, and what went wrong."""

    found: list[Found] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def enter(
        self, row: Row, by: str, case: Case, make: Callable[[], Text],
        mapped: Callable[[Text], Netlist],
    ) -> None:  # fmt: skip
        """Map, simulate and count one text."""
        start = _processor()
        try:
            text = make()
            netlist = mapped(text)
            spent = _processor() - start
            check(case, text, netlist)
        except HwgenError as error:
            self.failures.append(f"{row.case.title}, {by}: {error}")
            return
        carry4 = sum(cell.kind == "CARRY4" for cell in netlist.cells)
        measured = count(netlist).with_depth(depth(netlist))
        one = Found(row, by, measured, carry4, spent, text.model)
        self.found.append(one)
        self.failures += [f"{row.case.title}: {missed}" for missed in one.missed()]
        print(
            f"{row.case.title:18} {by:26} {measured.lut:6} LUT {carry4:5} CARRY4 "
            f"depth {measured.depth} [{spent:.0f} s]", file=sys.stderr, flush=True,
        )  # fmt: skip


def _processor() -> float:
    """Return the seconds of the processor that this process and its children took so far."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def own_flow(text: Text) -> Netlist:
    """Map a text as `hwgen synth` does."""
    with tempfile.TemporaryDirectory() as folder:
        return map_design(written(text, Path(folder)), text.top, FAMILY)


def plain_flow(text: Text, primitives: bool = False) -> Netlist:
    """Map a text by Yosys' flow as it stands; *primitives* where units have bodies of them."""
    flow = f"synth_xilinx -family xcup -flatten -noiopad -nodsp -noclkbuf -top {text.top}"
    with tempfile.TemporaryDirectory() as folder:
        files = written(text, Path(folder))
        define = " -DHWG_AMD_PRIMITIVES" if primitives else ""
        script = [*(f"read_verilog -sv{define} {file.name}" for file in files), flow]
        run_script([*script, "write_json netlist.json"], Path(folder), what=text.top)
        return Netlist.read(Path(folder) / "netlist.json", text.top, FAMILY)


def run(only: str, rivals: bool) -> Run:
    """Measure the rows whose title has *only* in it."""
    found = Run()
    for row in rows():
        if only not in row.case.title:
            continue
        case = row.case
        found.enter(row, OWN, case, lambda case=case: ours(case), own_flow)  # type: ignore[misc]
        if row.others:
            plain = naive(case)
            found.enter(row, PLAIN, case, lambda text=plain: text, own_flow)  # type: ignore[misc]
        if row.others and row.fused:
            found.enter(row, FUSED, case, lambda text=plain: text, plain_flow)  # type: ignore[misc]
        if row.others and rivals:
            for label, tool, options in (*SETTINGS, TABLES_OFF):
                asked = Asked(tool, options, cap=60 * _MINUTES)
                sums = bare(case)

                def make(sums: Case = sums, asked: Asked = asked) -> Text:
                    return rival(sums, asked, OUT / "rivals", environment(OUT / "venv"))

                found.enter(row, label, sums, make, own_flow)
    return found


def smaller(found: Sequence[Found]) -> Iterator[str]:
    """Yield where a plain form takes less than ours, as it was mapped in this run."""
    own = {one.row.case.title: one.measured.lut for one in found if one.by == OWN}
    for one in found:
        if one.by in (PLAIN, FUSED) and one.measured.lut < own.get(one.row.case.title, 0):
            yield f"{one.row.case.title}: {one.by} takes {one.measured.lut} LUT"


def units(only: str) -> str:
    """Return the folded units whose title has *only* in it, as a table."""
    lines = [
        "| folded unit | by | LUT, chains as written | LUT, Yosys' own flow | FF |",
        "|---|---|--:|--:|--:|",
    ]
    for folded in FOLDED:
        if only not in f"unit {folded.title}":
            continue
        for by, text in folded.texts():
            made, fused = count(own_flow(text)), count(plain_flow(text, by == OWN))
            line = f"| {folded.title} | {by} | {made.lut:,} | {fused.lut:,} | {made.ff:,} |"
            print(line, file=sys.stderr, flush=True)
            lines.append(line)
    return "\n".join(lines)


def report(found: Sequence[Found]) -> str:
    """Return the results as a table."""
    lines = [
        "| layer | by | LUT | bar | paired | CARRY4 | depth | estimate | CPU s |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for one in found:
        m, bar = one.measured, f"{one.row.bar:,}" if one.by == OWN and one.row.bar else ""
        model = "" if one.model is None else f"{one.model:,}"
        lines.append(
            f"| {one.row.case.title} | {one.by} | {m.lut:,} | {bar} | {m.plut:,} | {one.carry4:,} "
            f"| {m.depth} | {model} | {one.seconds:.0f} |"
        )
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="make bench-binary", description=__doc__)
    parser.add_argument("--only", default="", help="part of the name of rows")
    parser.add_argument("--no-rivals", action="store_true", help="leave alkaid and da4ml out")
    parser.add_argument("--bless", action="store_true", help="write the table into docs/binary.md")
    given = parser.parse_args(words)
    done = run(given.only, not given.no_rivals)
    done.failures += smaller(done.found)
    pairs = list(families.pairs(given.only))
    done.failures += [missed for pair in pairs for missed in pair.missed()]
    tables = (report(done.found), families.table(pairs), units(given.only), "\n".join(dial.rows()))
    text = "\n\n".join(tables)
    print(f"{version()}\n\n{text}")
    for failure in done.failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    if done.failures:
        return 1
    if given.bless:
        told = f"{version()}, `make bench-binary BLESS=1`."
        write_marked(DOCUMENT, MARK, f"\n{told}\n\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
