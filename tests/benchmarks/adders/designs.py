# SPDX-License-Identifier: Apache-2.0
"""The Verilog of a case, by every generator."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import hwgen.ops  # noqa: F401  (registers the operations)
from hwgen import paths
from hwgen.cost.estimate import estimate, logic_terms
from hwgen.design.source_list import read_list
from hwgen.design.types import Heading
from hwgen.design.types import Port as DesignPort
from hwgen.emit.verilog.design import emit_rtl
from hwgen.errors import ToolFailed, ToolMissing
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.logic.cmvm import solve
from hwgen.ops.builder import GraphBuilder
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.requantize import Requantize
from hwgen.ops.thresholds import Thresholds
from hwgen.plan.goal import Search
from hwgen.plan.parallel.schedule import schedule
from hwgen.target.board import load_board
from tests.benchmarks.adders.cases import Case

HERE = Path(__file__).parent
BOARD = "vcu118"
PINNED = {"alkaid": "0.8.2", "da4ml": "0.6.0"}
# Searches that both rivals know; a setting that lists them takes the one of the least own cost.
METHODS = ("wmc", "mc", "wmc-dc", "mc-dc", "wmc-pdc", "mc-pdc")
AREA: Mapping[str, Any] = {"hard_dc": -1, "methods": METHODS}  # their setting for area


@dataclass(frozen=True)
class Port:
    """How the elements of a vector lie in a port: of each, its width, sign and left shift."""

    name: str
    width: tuple[int, ...]
    signed: tuple[bool, ...]
    shift: tuple[int, ...]


@dataclass(frozen=True)
class Text:
    """A design as Verilog.

    Attributes:
        files: name to text, in dependency order.
        top: module.
        x, y: its data ports.
        ones: input ports that are held at one.
        seconds: of the processor, from the matrix to the text.
        model: LUT of our own cost model; None for rivals.
        adders: number of adders, where known.
        latency: cycles it claims; None where it claims nothing.
        clock: port of the clock, where there is one.
    """

    files: Mapping[str, str]
    top: str
    x: Port
    y: Port
    ones: tuple[str, ...]
    seconds: float
    model: int | None = None
    adders: int | None = None
    latency: int | None = None
    clock: str = "clk"


def ours(case: Case, effort: int = 1, board_name: str = BOARD) -> Text:
    """Return our design: the ordinary line from graph to text, nothing kept from earlier."""
    board = load_board(board_name)
    solve._solve.cache_clear()
    start = time.process_time()
    graph = graph_of(case)
    period = (case.cutoff or 1000.0) + board.family.overhead_ns
    heading = Heading(case.name, board.name, 1000.0 / period, case.digest())
    design = schedule(graph, heading, board.family, search=Search(effort))
    made = emit_rtl(design)
    seconds = time.process_time() - start
    names = read_list(made["rtl/files.f"].decode())
    top = f"hwg_{case.name}"
    files = {name: made[f"rtl/{name}"].decode() for name in names if "axi" not in name}
    (x,), (y,) = design.inputs, design.outputs
    terms = logic_terms(design)
    return Text(
        files, top, _uniform("x_data_i", x), _uniform(f"{y.name}_data_o", y),
        ("rst_ni", "in_valid_i"), seconds,
        model=estimate(design, board.family).lut,
        adders=terms["adders"] + terms["ternary_adders"], latency=design.latency, clock="clk_i",
    )  # fmt: skip


def _uniform(name: str, port: DesignPort) -> Port:
    size, fixed = port.size, port.fixed
    return Port(name, (fixed.width,) * size, (fixed.signed,) * size, (0,) * size)


def searched(case: Case, effort: int, cache: Path) -> Text:
    """Return our design after a search of minutes, kept as long as what makes it stays the same."""
    digest = hashlib.sha256(f"{case.digest()} {case.cutoff} {effort}".encode())
    package, rtl = Path(solve.__file__).parents[1], paths.rtl()
    rooms = [package / room for room in ("ir", "ops", "logic", "plan", "emit")]
    for folder in (*rooms, rtl):
        for file in sorted(folder.rglob("*")):
            if file.suffix in (".py", ".h", ".cpp", ".sv"):
                digest.update(file.read_bytes())
    kept = cache / f"{case.name}-{digest.hexdigest()[:16]}.text"
    if kept.is_file():
        found: Text = pickle.loads(kept.read_bytes())
        return found
    made = ours(case, effort)
    keep(kept, pickle.dumps(made))
    return made


def keep(file: Path, content: bytes) -> None:
    """Write a file of a cache, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".part")
    fresh.write_bytes(content)
    fresh.replace(file)


def graph_of(case: Case) -> Graph:
    """Return a case as hwgen's graph."""
    chain = GraphBuilder(case.name)
    chain.put("x", Input.of((case.n_in,), Fixed(case.bits, 0, case.signed)))
    for i, layer in enumerate(case.layers, 1):
        chain.put(f"fc{i}", Dense(layer.weight, layer.bias))
        if layer.drop is not None:
            chain.put(f"act{i}", Requantize(layer.drop, 0, (1 << layer.keep) - 1))
        if layer.steps is not None:
            chain.put(f"act{i}", Thresholds(layer.steps[:, None], np.array([0, 1]), 0))
    return chain.graph()


def environment(folder: Path) -> Path:
    """Return the Python of the rivals' own environment, made if it is not there."""
    python = folder / "bin" / "python"
    wanted = [f"{name}=={version}" for name, version in PINNED.items()]
    mark = folder / "pinned.txt"
    if not mark.is_file() or mark.read_text().split() != wanted:
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(python), "-m", "pip", "install", "--quiet", *wanted],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise ToolMissing(
                    f"cannot install {' '.join(wanted)}\n{done.stderr[-1000:]}",
                    "rivals",
                    "the benchmark needs the package index once",
                )
        mark.write_text(" ".join(wanted))
    return python


@dataclass(frozen=True)
class Asked:
    """What a rival is asked for.

    Attributes:
        tool: one of `PINNED`.
        options: of its solver.
        ternary: let it use adders of three operands, where it knows them.
        stages: pipeline stages, where it takes such a number; else the case's cutoff holds.
        cap: seconds of the processor that it may take; 0 for any.
    """

    tool: str
    options: Mapping[str, Any]
    ternary: bool = True
    stages: int = 0
    cap: int = 0


def rival_info(case: Case, asked: Asked, cache: Path, python: Path) -> dict[str, Any]:
    """Return what `export.py` says of a rival's run in its own environment, and its folder.

    A run that took more than its cap has the one key "over".
    """
    words = {
        "tool": asked.tool,
        "version": PINNED[asked.tool],
        "options": dict(asked.options),
        "cutoff": -1 if asked.stages else case.cutoff or -1,
        "ternary": asked.ternary,
        "stages": asked.stages or -1,
        "cap": asked.cap,
        **case.described(),
    }
    script = HERE / "export.py"
    key = hashlib.sha256(json.dumps(words).encode() + script.read_bytes()).hexdigest()[:16]
    out = cache / f"{asked.tool}-{key}"
    if not (out / "info.json").is_file():
        out.mkdir(parents=True, exist_ok=True)
        (out / "case.json").write_text(json.dumps(words))
        command = [str(python), str(script), str(out / "case.json"), str(out)]
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
        if done.returncode == -signal.SIGXCPU:
            keep(out / "info.json", json.dumps({"over": asked.cap}).encode())
        elif done.returncode:
            said = f"{done.stdout[-500:]}{done.stderr[-1500:]}"
            raise ToolFailed(f"{asked.tool} failed\n{said}", case.name)
    info: dict[str, Any] = json.loads((out / "info.json").read_text())
    assert "over" in info or info["version"] == PINNED[asked.tool]
    return {**info, "folder": out}


def rival(case: Case, asked: Asked, cache: Path, python: Path) -> Text:
    """Return a rival's design.

    Raises:
        ToolFailed: it failed, or took longer than its cap.
    """
    info = rival_info(case, asked, cache, python)
    if "over" in info:
        raise ToolFailed(f"{asked.tool} took over {asked.cap} s", case.name)
    out = info["folder"]
    # Only what is used; its sums of three become ours, which the open flow can map.
    texts = {Path(name).name: (out / name).read_text() for name in info["files"]}
    used = "\n".join(text for name, text in texts.items() if name.startswith(("top", "logic")))
    files = {
        name: text
        for name, text in texts.items()
        if name.startswith(("top", "logic")) or Path(name).stem in used
    }
    if "ternary_adder.v" in files:
        del files["ternary_adder.v"]
        unit = paths.rtl() / "arith" / "hwg_add3.sv"
        adapter = HERE / "ternary_adder.sv"
        files = {unit.name: unit.read_text(), adapter.name: adapter.read_text(), **files}
    x, y = (
        _packed(name, info[key])
        for name, key in (("model_inp", "inputs"), ("model_out", "outputs"))
    )
    return Text(files, "top", x, y, (), info["seconds"])


def _packed(name: str, formats: list[list[int]]) -> Port:
    """Return a port of words in their own widths, from (signed, integer bits, fraction bits)."""
    rows = np.array(formats)
    return Port(
        name,
        tuple(int(v) for v in rows.sum(1)),
        tuple(bool(v) for v in rows[:, 0]),
        tuple(int(v) for v in -rows[:, 2]),
    )
