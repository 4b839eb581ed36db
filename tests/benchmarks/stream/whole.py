# SPDX-License-Identifier: Apache-2.0
"""Whole stream designs: what the estimate says of every stage beside what Yosys maps, two families.

A design is mapped once, its instances kept apart, so that every stage can be counted: its unit, the
memory of its weights, its FIFOs and its buffer. A stage of a few tables is in the sums alone.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from hwgen.api.build import Build, build
from hwgen.cost.estimate import estimate_layers
from hwgen.design.names import ModuleNames
from hwgen.design.source_list import read_list
from hwgen.design.types import Design, UnitRef
from hwgen.ir.graph import Graph
from hwgen.synth.cache import Cache, key_of
from hwgen.synth.cells import CELLS
from hwgen.synth.count import count
from hwgen.synth.netlist import Netlist
from hwgen.synth.sources import clean
from hwgen.synth.yosys import version, write_netlist
from hwgen.target.board import load_board
from tests.benchmarks.stream.folding import Net
from tests.benchmarks.stream.networks import DIGITS
from tests.benchmarks.stream.pictures import RN06

JET = RN06.with_name("qkeras_3layer.json")
BOARDS = ("vcu118", "ulx3s")
MEDIAN, WORST, FEW = 0.10, 0.25, 40  # of a stage of at least so many tables, or registers


@dataclass(frozen=True)
class Row:
    """Network and the cycles of a sample that are allowed, and how its file is read."""

    name: str
    model: Path | Graph
    interval: int
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Stage:
    """Stage of a design: what is said of it and what is found, each LUT, FF, DSP blocks, BRAM."""

    name: str
    unit: str
    said: tuple[float, ...]
    found: tuple[int, ...]


def row_net() -> Graph:
    """Return a network of one axis: four causal convolutions, two with a stride, a dense layer."""
    net = Net.row(64, 8, 6)
    net.causal(16, 5, 1).causal(16, 3, 2).causal(32, 3, 1).causal(32, 3, 2)
    return net.dense(8, 6).graph()


def rows() -> Iterator[Row]:
    """Yield the networks of the table; those of files that are not here are left out."""
    jet = {"weights": JET.with_name("qkeras_3layer_weights.h5"), "input_format": "s8.4"}
    made = (
        Row("RN06", RN06, 18_432, {"input_format": "u8.8"}),
        Row("MNIST, residual", DIGITS / "mnist_residual.h5", 6_272, {}),
        Row("MNIST, separable", DIGITS / "mnist_separable.h5", 6_272, {}),
        Row("jet tagger", JET, 64, jet),
        Row("jet tagger", JET, 1_024, jet),
        Row("one axis", row_net(), 4_096, {}),
    )
    yield from (row for row in made if isinstance(row.model, Graph) or row.model.is_file())


@dataclass(frozen=True)
class Taken:
    """What an instance takes: tables as sites, registers, DSP blocks, halves of block RAMs."""

    lut: int
    ff: int
    dsp: int
    halves: int

    @classmethod
    def of(cls, netlist: Netlist) -> Taken:
        """Return what a netlist takes."""
        found, known = count(netlist), CELLS[netlist.family].bram
        halves = sum(known.get(cell.kind, 0) for cell in netlist.cells)
        return cls(found.plut, found.ff, found.dsp, halves)


def counted(made: Build, out: Path, family: str) -> dict[str, Taken]:
    """Return what every instance of a design's top takes, by its name; kept by its text."""
    top = ModuleNames.of(made.design).top
    texts = []
    for item in read_list((out / "rtl" / "files.f").read_text("utf-8")):
        text = (out / "rtl" / item).read_text("utf-8")
        if Path(item).stem == top:
            text = re.sub(r"(?m)^  (hwg_\w+ (?:#\(|u_))", r"  (* keep_hierarchy *) \1", text)
        texts.append(clean(text))
    dsp = any(isinstance(p, UnitRef) and p.params.get("Dsp") for p in parts(made.design))
    cache, key = Cache(), key_of("whole in halves", version(), family, str(dsp), *texts)
    kept = cache.get(key)
    if kept is None:
        found = {name: asdict(one) for name, one in _mapped(texts, top, family, dsp).items()}
        kept = json.dumps(found).encode()
        cache.put(key, kept)
    return {name: Taken(**one) for name, one in json.loads(kept).items()}


def _mapped(texts: list[str], top: str, family: str, dsp: bool) -> dict[str, Taken]:
    """Map a design, its instances kept apart, and count each."""
    with tempfile.TemporaryDirectory() as name:
        folder, files = Path(name), list[Path]()
        for i, text in enumerate(texts):
            files.append(folder / f"f{i}.sv")
            files[-1].write_text(text, "utf-8")
        netlist = folder / "netlist.json"
        write_netlist(files, top, family, netlist, dsp=dsp)
        every = json.loads(netlist.read_bytes())["modules"]
        modules = {k: m for k, m in every.items() if "blackbox" not in m["attributes"]}
        found, known = dict[str, Taken](), dict[str, Taken]()
        for instance, cell in modules[top]["cells"].items():
            kind = cell["type"]
            if instance.startswith("u_") and kind in modules:
                if kind not in known:
                    known[kind] = Taken.of(Netlist.read(netlist, kind, family))
                found[instance] = known[kind]
    return found


def parts(design: Design) -> Iterator[object]:
    """Yield the parts of all stages."""
    for stage in design.stages:
        yield from stage.parts


def stages(made: Build, out: Path, board: str) -> Iterator[Stage]:
    """Yield every stage of a design, what is said and found of it."""
    family = load_board(board).family
    found = counted(made, out, family.name)
    said = estimate_layers(made.design, family)
    for stage in made.design.stages:
        own = [f"u_{stage.name}", *(f"u_{stage.name}_{x}" for x in ("weights", "buffer"))]
        own += [f"u_{link}_fifo" for link in stage.writes]
        taken = [found.pop(name) for name in own if name in found]
        units = [part.unit for part in stage.parts if isinstance(part, UnitRef)]
        e = said[stage.name]
        yield Stage(
            stage.name,
            units[0] if len(stage.parts) == 1 and units else "adder graphs",
            (e.lut, e.ff, e.dsp, e.bram),
            (
                *(sum(getattr(m, key) for m in taken) for key in ("lut", "ff", "dsp")),
                -(-sum(m.halves for m in taken) // 2),
            ),
        )
    assert not found, f"instances of no stage: {', '.join(found)}"


def _off(every: list[Stage], key: int) -> list[float]:
    return [s.said[key] / s.found[key] - 1 for s in every if s.found[key] >= FEW]


def main() -> tuple[list[str], bool]:
    """Print the tables; return their lines, and whether the bars are held."""
    lines = [
        "| network | board | allowed | LUT | FF | DSP | BRAM |",
        "|---|---|---|---|---|---|---|",
    ]
    every = list[tuple[str, str, Stage]]()
    for row in rows():
        for board in BOARDS:
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder) / "out"
                made = build(row.model, out, board=board, style="stream", interval=row.interval,
                             **row.options)  # fmt: skip
                own = list(stages(made, out, board))
            sums = [(sum(s.said[k] for s in own), sum(s.found[k] for s in own)) for k in range(4)]
            figures = " | ".join(f"{said:,.0f} / {found:,}" for said, found in sums)
            lines.append(f"| {row.name} | {board} | {row.interval:,} | {figures} |")
            print(lines[-1], flush=True)
            for s in own:
                pairs = zip(s.said, s.found, strict=True)
                print("   ", s.name, s.unit, *(f"{a:g}/{b}" for a, b in pairs))
            every += [(board, f"{row.name} at {row.interval:,}", s) for s in own]
    lines += ["", "| board | unit | stages | LUT, median | worst | FF, median | worst |",
              "|---|---|---|---|---|---|---|"]  # fmt: skip
    good = True
    for board in BOARDS:
        here = [s for where, _, s in every if where == board]
        for unit in sorted({s.unit for s in here}):
            same = [s for s in here if s.unit == unit]
            lut, ff = ([abs(x) for x in _off(same, key)] for key in (0, 1))
            cells = [f"{median(x):.1%} | {max(x):.1%}" if x else "- | -" for x in (lut, ff)]
            lines.append(f"| {board} | `{unit}` | {len(same)} | {' | '.join(cells)} |")
        for key, what in ((0, "LUT"), (1, "FF")):
            off = [abs(x) for x in _off(here, key)]
            good &= median(off) <= MEDIAN and max(off) <= WORST
            figures = f"{len(off)} | {median(off):.1%} | {max(off):.1%}"
            lines.append(f"| {board} | all, {what} | {figures} | | |")
        exact = all(s.said[2:] == s.found[2:] for s in here)
        good &= exact
    print("\n".join(lines))
    return lines, good
