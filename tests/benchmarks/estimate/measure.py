# SPDX-License-Identifier: Apache-2.0
"""Designs of the corpus through synthesis: every layer by itself and the whole, kept by digest.

Yosys spends more time on starting up than on a small layer, so many modules go through it at once.
Each is kept apart from all others, and is mapped as it would be alone.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwgen.cost.calibration import calibrated
from hwgen.design.names import ModuleNames
from hwgen.design.types import Design, Heading
from hwgen.emit.verilog.design import emit_rtl
from hwgen.ir.graph import Graph
from hwgen.ops.serial import digest
from hwgen.plan.parallel.schedule import schedule
from hwgen.plan.parallel.truth_tables import Prices
from hwgen.synth import yosys
from hwgen.synth.count import count
from hwgen.synth.netlist import Netlist
from hwgen.target.board import Board, load_board
from hwgen.units.library import find_unit, units
from tests.benchmarks.estimate.corpus import Case

BATCH = 12  # modules that go through Yosys at once
_SYNTH = Path(yosys.__file__).parent
_MATTERS = ("cells.py", "count.py", "lattice_alu.v", "netlist.py", "yosys.py")
_UNITS = [f"{u.module}.sv" for u in units().values() if u.folder in ("arith", "flow")]


@dataclass(frozen=True)
class Mapped:
    """What was counted.

    Attributes:
        layers: of every stage, its LUT sites when it is mapped by itself.
        lut, ff: of the whole design, flat; 0 where only its stages were mapped.
    """

    layers: dict[str, int]
    lut: int = 0
    ff: int = 0


@dataclass(frozen=True)
class Module:
    """A module to map: its sources in dependency order, hand-written units left out."""

    name: str
    sources: tuple[tuple[str, str], ...]

    def digest(self, script: Sequence[str]) -> str:
        """Return what decides its counts."""
        state = hashlib.sha256("\n".join([*script, yosys.version(), self.name]).encode())
        for file in sorted(_SYNTH.iterdir()):
            if file.name in _MATTERS:
                state.update(file.read_bytes())
        for name in _UNITS:
            state.update(_unit(name))
        for name, text in self.sources:
            state.update(f"{name}\n{text}".encode())
        return state.hexdigest()[:20]


def planned(case: Case) -> Design:
    """Return the design of a case, by the ordinary line from graph to design."""
    return planned_as_built(case.graph(), load_board(case.board), case.clock_mhz)


def planned_as_built(graph: Graph, board: Board, clock_mhz: float) -> Design:
    """Return the design of a graph, tables where a build has them, whatever clock it reaches."""
    prices = Prices(board.family.lut_inputs, calibrated(board.family).factors)
    heading = Heading(graph.name, board.name, clock_mhz, digest(graph))
    return schedule(graph, heading, board.family, tables=prices)


def measure(
    designs: Mapping[str, Design], family: str, cache: Path, *, flat: bool = True
) -> Iterator[tuple[str, Mapped]]:
    """Yield (name, counts) of every design, in order; what is known by digest is not mapped again.

    Args:
        designs: by name.
        family: that they are mapped to.
        cache: folder of what is known.
        flat: whether the whole design is mapped besides its stages.

    Raises:
        ToolMissing, ToolFailed: from Yosys.
    """
    script = yosys.script_for(family, [], "bench")
    parts = {name: _modules(design) for name, design in designs.items()}
    needed = {
        name: [*([whole] if flat else []), *stages.values()]
        for name, (whole, stages) in parts.items()
    }
    every = [module for modules in needed.values() for module in modules]
    waiting = [module for module in every if not _kept(module, script, cache).is_file()]
    done = {module.name for module in every} - {module.name for module in waiting}
    for name, (whole, stages) in parts.items():
        while not {module.name for module in needed[name]} <= done:
            batch, waiting = waiting[:BATCH], waiting[BATCH:]
            _map(batch, family, script, cache)
            done |= {m.name for m in batch}
        layers = {s: _known(module, script, cache)["lut"] for s, module in stages.items()}
        total = _known(whole, script, cache) if flat else {}
        yield name, Mapped(layers, **total)


def _known(module: Module, script: Sequence[str], cache: Path) -> dict[str, int]:
    counts: dict[str, int] = json.loads(_kept(module, script, cache).read_text())
    return counts


def _kept(module: Module, script: Sequence[str], cache: Path) -> Path:
    return cache / f"{module.digest(script)}.json"


def _unit(name: str) -> bytes:
    return find_unit(name.removesuffix(".sv")).path.read_bytes()


def _modules(design: Design) -> tuple[Module, dict[str, Module]]:
    """Return the whole design and its stages, as modules of names that no other one has."""
    names, made = ModuleNames.of(design), emit_rtl(design)
    package = (f"{names.package}.sv", made[f"rtl/{names.package}.sv"].decode())
    texts = {module: made[f"rtl/{module}.sv"].decode() for module in names.layers.values()}
    whole = [package, *((f"{m}.sv", text) for m, text in texts.items())]
    top = _apart(made[f"rtl/{names.top}.sv"].decode(), names.top, names.top)
    stages = {}
    for layer in design.pipeline.layers:
        module = names.layers[layer.link]
        solo = f"solo_{module}"
        stages[layer.name] = Module(
            solo, (package, (f"{solo}.sv", _apart(texts[module], module, solo)))
        )
    return Module(names.top, (*whole, (f"{names.top}.sv", top))), stages


def _apart(text: str, name: str, new: str) -> str:
    """Return a module under a new name, marked such that nothing crosses its boundary."""
    head = f"module {name} ("
    assert text.count(head) == 1, f"no single {head!r}"
    return text.replace(head, f"(* keep_hierarchy *) module {new} (")


def _map(batch: Sequence[Module], family: str, script: Sequence[str], cache: Path) -> None:
    sources = {name: _unit(name).decode() for name in _UNITS}
    for module in batch:
        sources.update(module.sources)
    lines = [f"  (* keep *) {module.name} u{i} ();" for i, module in enumerate(batch)]
    sources["bench.sv"] = "\n".join(["module bench;", *lines, "endmodule", ""])
    packages = [name for name in sources if name.endswith("_pkg.sv")]
    order = [*packages, *(name for name in sources if name not in packages)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in sources.items():
            (folder / file).write_text(text)
        made = folder / "netlist.json"
        yosys.write_netlist([folder / file for file in order], "bench", family, made)
        modules: dict[str, Any] = json.loads(made.read_bytes())["modules"]
        cache.mkdir(parents=True, exist_ok=True)
        for module in batch:
            alone = folder / "alone.json"
            alone.write_text(json.dumps({"modules": {module.name: modules[module.name]}}))
            measured = count(Netlist.read(alone, module.name, family))
            kept = _kept(module, script, cache)
            fresh = kept.with_suffix(".part")
            fresh.write_text(json.dumps({"lut": measured.plut, "ff": measured.ff}))
            fresh.replace(kept)
