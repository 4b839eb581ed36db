# SPDX-License-Identifier: Apache-2.0
"""Binary layers beside the plain form on every family: ours may take no more than it.

The plain form is a sum and a comparison an output as one writes them down, mapped by Yosys' flow of
the family as it stands, and by the flow of `hwgen synth`; the smaller one counts. Netlists of AMD's
parts and of ECP5 are simulated against the definition; of the others there are no models of cells.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hwgen.synth.count import count
from hwgen.synth.netlist import Netlist
from hwgen.synth.yosys import map_design, run_script
from tests.benchmarks.adders.cases import Case
from tests.benchmarks.adders.designs import Text, ours
from tests.benchmarks.adders.measure import check, written
from tests.benchmarks.binary.rows import naive, signs

# Of every family a board, the flow of Yosys, and whether its netlists can be simulated.
FAMILIES = {
    "ultrascale_plus": ("vcu118", "synth_xilinx -family xcup -noiopad -nodsp -noclkbuf", True),
    "series7": ("arty_a7_35t", "synth_xilinx -family xc7 -noiopad -nodsp -noclkbuf", True),
    "ecp5": ("ulx3s", "synth_ecp5 -nodsp -noiopad -nowidelut", True),
    "nexus": ("crosslink_nx_evn", "synth_nexus -nodsp -noiopad", False),
    "ice40": ("icebreaker", "synth_ice40 -device u", False),
    "gowin": ("tangnano9k", "synth_gowin -noiopads -nowidelut", False),
}


@dataclass(frozen=True)
class Pair:
    """Look-up tables of one layer on one family: ours, the plain form, and our estimate."""

    family: str
    title: str
    ours: int
    plain: int
    model: int

    def line(self) -> str:
        """Return a line of the table."""
        share = f"{self.ours / self.plain:.2f}"
        return f"| {self.family} | {self.title} | {self.ours} | {self.plain} | {share} |"

    def missed(self) -> Iterator[str]:
        """Yield that the plain form is smaller, if it is."""
        if self.ours > self.plain:
            yield f"{self.title} on {self.family}: {self.ours} LUT, {self.plain} in plain form"


def cases() -> tuple[Case, ...]:
    """Return what is built on every family."""
    return signs(64, 1), signs(64, 4)


def pairs(only: str) -> Iterator[Pair]:
    """Yield what is found, of those whose family and title have *only* in them."""
    for case in cases():
        for family, (board, flow, simulated) in FAMILIES.items():
            if only not in f"family {family} {case.title}":
                continue
            own, plain = ours(case, board_name=board), naive(case)
            mapped = _mapped(own, family)
            if simulated:
                check(case, own, mapped)
            sizes = [count(_as_it_stands(plain, family, flow)).lut]
            sizes.append(count(_mapped(plain, family)).lut)
            assert own.model is not None
            pair = Pair(family, case.title, count(mapped).lut, min(sizes), own.model)
            print(pair.line(), file=sys.stderr, flush=True)
            yield pair


def table(found: list[Pair]) -> str:
    """Return what was found as a table."""
    lines = ["| family | layer | hwgen, LUT | plain, LUT | share |", "|---|---|--:|--:|--:|"]
    return "\n".join([*lines, *(pair.line() for pair in found)])


def _mapped(text: Text, family: str) -> Netlist:
    with tempfile.TemporaryDirectory() as folder:
        return map_design(written(text, Path(folder)), text.top, family)


def _as_it_stands(text: Text, family: str, flow: str) -> Netlist:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        read = [f"read_verilog -sv {file.name}" for file in written(text, folder)]
        script = [*read, f"{flow} -top {text.top}", "flatten", "write_json netlist.json"]
        run_script(script, folder, what=f"{text.top}, {family}")
        return Netlist.read(folder / "netlist.json", text.top, family)
