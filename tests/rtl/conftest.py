# SPDX-License-Identifier: Apache-2.0
"""Designs of any logic on any legal schedule, the linter, and a quick way to simulate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from hwgen import tools
from hwgen.design.types import Design, Heading, Port, cycles_text
from hwgen.ir.fixed import Fixed
from hwgen.logic.builder import Builder, Logic
from hwgen.logic.nodes import Wire
from hwgen.logic.pipeline import pipeline
from hwgen.plan.parallel.schedule import assembled
from hwgen.units.library import with_uses
from hwgen.verify import compile_rtl, simulators

Inputs = Mapping[str, tuple[tuple[int, ...], Fixed]]
Outputs = Mapping[str, Sequence[Wire]]
MakeDesign = Callable[..., Design]


def _make_design(
    builder: Builder,
    inputs: Inputs,
    outputs: Outputs,
    *,
    name: str = "net",
    delay: Callable[[Wire], float] = lambda _: 1.0,
    period: float = 2.0,
) -> Design:
    """Schedule a logic graph with any delays and check that the result is legal."""
    logic = Logic.of(builder, list(outputs.items()))
    ports = []
    for port, wires in logic.outputs:
        lo, hi = min(logic.lo[w] for w in wires), max(logic.hi[w] for w in wires)
        ports.append(Port(port, (len(wires),), Fixed.covering(lo, hi)))
    return assembled(
        Heading(name, "test_board", 250.0, "0123456789abcdef0123456789abcdef"),
        [Port(n, shape, fixed) for n, (shape, fixed) in inputs.items()],
        ports,
        logic,
        pipeline(logic, delay, period),
        lambda _, start, end: f"test layer, {cycles_text(start, end)}",
    )


_LAYERS = ("fc_1", "fc/1", "input", "reg", "output")  # names that need care


def _random_design(seed: int, nodes: int = 60, layers: int = 5, name: str = "net") -> Design:
    """A random graph of every kind of node, in several layers, on a random schedule."""
    rng = np.random.default_rng(seed)
    builder = Builder()
    formats = {"x": ((2, 3), Fixed(6, 2, True)), "y_in": ((4,), Fixed(5, 0, False))}
    wires: list[Wire] = []
    for port, (shape, fixed) in formats.items():
        for i in range(int(np.prod(shape))):
            lo = int(rng.integers(fixed.lo, fixed.hi))
            hi = int(rng.integers(lo + 1, fixed.hi + 1))
            if rng.random() < 0.6:
                lo, hi = fixed.lo, fixed.hi
            if rng.random() < 0.9:  # some elements are dead
                wires.append(builder.input(port, i, lo, hi))
    made = 0
    while made < nodes:
        layer = made * layers // nodes
        builder.layer = _LAYERS[layer] if layer < len(_LAYERS) else f"layer_{layer}"
        recent = wires[-24:]
        a, b, c = (int(rng.choice(recent)) for _ in range(3))
        if rng.random() < 0.15:
            b = builder.const(int(rng.integers(-40, 41)))
        low, high = builder.range(a)
        wide = max(builder.width(a), builder.width(b)) > 14
        match int(rng.integers(0, 9)):
            case 0 | 1 | 2 if not wide:
                shift_b = int(rng.integers(0, 4))
                new = builder.add(a, b, 0, shift_b, bool(rng.integers(2)))
            case 3 if not wide:
                new = builder.mul(a, b)
            case 4:
                new = builder.max(a, b, bool(rng.integers(2)))
            case 5:
                new = builder.select(a, b, c)
            case 6:
                limits = sorted(int(t) for t in rng.integers(low, high + 1, 6))
                new = builder.thresh(a, limits, [int(v) for v in rng.integers(-9, 30, 7)])
            case 7 if not wide:
                new = builder.shl(a, int(rng.integers(1, 3)))
            case _:
                shift = int(rng.integers(0, 5))
                lo = int(rng.integers(low - 1, (low + high) // 2 + 1)) >> shift
                hi = lo + int(rng.integers(1, high - low + 2))
                new = builder.requant(a, shift, lo, hi, half=bool(shift and rng.integers(2)))
        if builder.lo[new] == builder.hi[new]:
            continue
        wires.append(new)
        made += 1
    times = rng.random(len(builder.nodes))
    first = [int(w) for w in rng.choice(wires, 5)]
    outputs = {"y": [*first, builder.const(-3), wires[0]], "z": wires[-4:]}
    return _make_design(
        builder,
        formats,
        outputs,
        name=name,
        delay=times.__getitem__,
        period=float(rng.uniform(1.0, 2.5)),
    )


@pytest.fixture(scope="session")
def make_design() -> MakeDesign:
    return _make_design


@pytest.fixture(scope="session")
def random_design() -> MakeDesign:
    return _random_design


def _unit_files(module: str) -> list[Path]:
    """The source of a unit and of what it uses."""
    return [unit.path for unit in with_uses([module])]


@pytest.fixture(scope="session")
def unit_files() -> Callable[[str], list[Path]]:
    return _unit_files


@pytest.fixture(scope="session")
def lint() -> Callable[..., None]:
    """Lint with every Verilator warning on; a warning is an error."""

    def run(files: Sequence[Path], top: str, params: Mapping[str, object], *defines: str) -> None:
        verilator = simulators.verilator()
        given = [f"-G{name}={value}" for name, value in params.items()]
        flags = ["--lint-only", "-Wall", "--top-module", top, *(f"-D{d}" for d in defines)]
        command = [str(verilator.path), *flags, *given, *map(str, files)]
        text = tools.run(command, env=verilator.env, what=top)
        assert "%Warning" not in text, text

    return run


_MAIN = """
#include "Vtb.h"
int main(int argc, char** argv) {
  VerilatedContext context;
  context.commandArgs(argc, argv);
  Vtb tb{&context};
  for (long step = 0; step < 2000000 && !context.gotFinish(); ++step) {
    tb.clk = step & 1;
    tb.eval();
    context.timeInc(1);
  }
  tb.final();
  return 0;
}
"""


@pytest.fixture
def run_bench(tmp_path: Path) -> Callable[..., str]:
    """Compile a self-checking module `tb` with one input `clk`, run it, return what it printed."""

    def run(files: Sequence[Path], bench: str, memories: Mapping[str, str]) -> str:
        (tmp_path / "tb.sv").write_text(bench)
        (tmp_path / "main.cpp").write_text(_MAIN)
        for name, text in memories.items():
            (tmp_path / name).write_text(text)
        verilator = simulators.verilator()
        sources = [*map(str, files), "tb.sv", "main.cpp"]
        flags = ["--cc", "--exe", "--assert", "-Wno-fatal", "--top-module", "tb", "-Mdir", "obj"]
        command = [str(verilator.path), *flags, "-DHWG_ASSERT", "--x-initial", "unique", *sources]
        tools.run(command, folder=tmp_path, env=verilator.env, what="tb")
        compile_rtl.make_model(tmp_path / "obj", "Vtb", "Vtb", "-O0")
        return tools.run(
            [str(tmp_path / "obj" / "Vtb"), "+verilator+rand+reset+2"],
            folder=tmp_path,
            what="tb",
            timeout=300,
        )

    return run
