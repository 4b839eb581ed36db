# SPDX-License-Identifier: Apache-2.0
"""Proofs of every operation, of heaps of bits and of wide numbers; faults in what they print."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from hwgen.cost.calibration import calibrated
from hwgen.design.types import Design, Heading
from hwgen.emit.verilog.design import emit_rtl
from hwgen.errors import ToolFailed, Unproven
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ops import OPS
from hwgen.ops.base import Example
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.merge import Maximum
from hwgen.plan.parallel.schedule import schedule
from hwgen.plan.parallel.truth_tables import Prices
from hwgen.target.board import load_board
from hwgen.verify.prove import design as prover
from hwgen.verify.prove import wide
from hwgen.verify.prove.design import Found, prove_flow
from hwgen.verify.prove.forms import Form
from hwgen.verify.prove.space import Space
from hwgen.verify.prove.steps import halved
from tests.verify.conftest import heaps, make_graph
from tests.verify.test_every_operation import too_wide
from tests.verify.test_prove import claims

FAMILY = load_board("vu13p").family
# Edge tables of two inputs of 12 bits: sums of a function's bits are beyond 64 bits.
UNPROVEN = {"edge_tables5"}
QUICK = ("argmax1", "conv4", "edge_conv3", "mul_shift4", "requantize9", "requantize10",
         "thresholds5", "thresholds6", "edge_tables7")  # fmt: skip


def examples() -> list[tuple[str, Example]]:
    return [
        (f"{kind}{n}", example)
        for kind in sorted(OPS)
        if kind != "input"
        for n, example in enumerate(OPS[kind].examples())
        if not too_wide(example)
    ]


def alone(name: str, example: Example) -> Graph:
    nodes = []
    for i, t in enumerate(example.types):
        op = Input(t.shape, t.fixed, t.lo, t.hi)
        nodes.append(Node(f"x{i}", op, (), op.infer([])))
    ins = tuple(node.name for node in nodes)
    nodes.append(Node("made", example.op, ins, example.op.infer(list(example.types))))
    return Graph(name, tuple(nodes), (Output("y", "made", (1.0,)),))


def written(graph: Graph, out: Path, mhz: float = 60.0) -> Design:
    prices = Prices(FAMILY.lut_inputs, calibrated(FAMILY).factors)
    heading = Heading(graph.name, "vu13p", mhz, "0" * 64, 64)
    design = schedule(graph, heading, FAMILY, tables=prices)
    emit_rtl(design).write(out)
    return design


def proof(graph: Graph, design: Design, out: Path) -> Found:
    return prove_flow(out / "rtl", graph, claims(design))


@pytest.fixture
def forms_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tried", "asked"):
        monkeypatch.setattr(prover, name, lambda *_: None)


@pytest.mark.usefixtures("forms_alone")
@pytest.mark.parametrize(
    ("name", "example"),
    [pytest.param(n, e, id=n, marks=[] if n in QUICK else pytest.mark.ci) for n, e in examples()],
)
def test_every_operation_is_proven(name: str, example: Example, tmp_path: Path) -> None:
    graph = alone(f"op_{name}", example)
    found = proof(graph, written(graph, tmp_path), tmp_path)
    assert bool(found.problems) == (name in UNPROVEN)


# --- heaps ---------------------------------------------------------------------------------------


def summed() -> Graph:
    """Inputs of 3 bits in heaps of three levels, one of them read by another sum."""
    rng = np.random.default_rng(12)
    first = Dense(rng.integers(-60, 61, (12, 3)), rng.integers(-50, 50, 3))
    return make_graph(
        "summed", [("x", Input.of((12,), Fixed(3)), ()), ("fc", first, ("x",))], ["fc"]
    )


@pytest.mark.usefixtures("forms_alone")
@pytest.mark.parametrize("mhz", [60.0, pytest.param(400.0, marks=pytest.mark.ci)])
def test_heaps_are_proven_by_their_forms(tmp_path: Path, mhz: float) -> None:
    graph = summed()
    design = written(graph, tmp_path, mhz)
    found = proof(graph, design, tmp_path)
    assert found.units["hwg_chain"] >= 9
    assert found.problems == []


def mutant(text: str, rng: np.random.Generator) -> str:
    """Return the text of heaps with one digit, bit, flag or constant changed, if it has one."""
    places = [
        (*m.span("it"), kind)
        for kind, pattern in (
            ("digit", r"\.[ABC]\(\d+'h(?P<it>[05af]+)\)"),
            ("bit", r"\[(?P<it>\d)\][,;}]"),
            ("flag", r"\.Majority\((?P<it>[01])\)"),
            ("not", r"(?P<it>~)\w"),
            ("sign", r" (?P<it>[-+]) "),
        )
        for m in re.finditer(pattern, text)
        if "//" not in text[text.rfind("\n", 0, m.start()) + 1 : m.start()]
    ]
    if not places:
        return text
    start, end, kind = places[int(rng.integers(len(places)))]
    old = text[start:end]
    if kind == "digit":
        at = int(rng.integers(len(old)))
        others = [c for c in "05af" if c != old[at]]
        new = old[:at] + others[int(rng.integers(3))] + old[at + 1 :]
    elif kind == "bit":
        new = str(int(old) ^ 1)
    else:
        new = {"0": "1", "1": "0", "~": "", "+": "-", "-": "+"}[old]
    return text[:start] + new + text[end:]


def verdict(graph: Graph, design: Design, rtl: Path) -> tuple[bool, bool | None]:
    """Return whether a design is proven, and whether all its inputs give the right outputs."""
    found = prove_flow(rtl, graph, claims(design))
    whole = found.whole.equal if found.whole is not None else None
    return not found.problems, whole


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.ci) for n in range(1, 16))]
)
def test_faults_in_heaps_are_found(tmp_path: Path, seed: int, monkeypatch) -> None:
    """What trying every input finds wrong is never proven by its forms."""
    rng = np.random.default_rng(seed)
    graph = heaps()
    design = written(graph, tmp_path)
    right, broken = tmp_path / "rtl", 0
    while not broken:
        rtl = tmp_path / f"mutant{rng.integers(1 << 30)}"
        shutil.copytree(right, rtl)
        files = sorted(f for f in rtl.glob("hwg_heaps_*.sv") if "hwg_chain" in f.read_text("utf-8"))
        file = files[int(rng.integers(len(files)))]
        file.write_text(mutant(file.read_text("utf-8"), rng), "utf-8")
        try:
            proven, equal = verdict(graph, design, rtl)
        except ToolFailed:  # slang refuses a selection beyond a word
            continue
        assert equal is None or proven == equal  # None: the forms refused before
        if proven:  # a bit that is equal, or a digit that nothing reads
            continue
        broken += 1
        with monkeypatch.context() as patch:
            for name in ("tried", "asked"):
                patch.setattr(prover, name, lambda *_: None)
            assert prove_flow(rtl, graph, claims(design)).problems


# --- ports to ports ------------------------------------------------------------------------------


def test_a_small_design_is_compared_at_every_input(tmp_path: Path) -> None:
    graph = heaps()
    found = proof(graph, written(graph, tmp_path), tmp_path)
    assert found.problems == []
    assert found.whole is not None
    assert found.whole.equal
    assert found.whole.how == "1,024 inputs tried, one by one: every one there is"


def test_a_solver_decides_a_small_design_with_many_inputs(tmp_path: Path) -> None:
    x, z = (Input.of((1,), Fixed(22, 0, True)) for _ in "xz")
    least = ("least", Maximum(least=True), ("x", "z"))
    graph = make_graph("asked", [("x", x, ()), ("z", z, ()), least], ["least"])
    design = written(graph, tmp_path)
    found = proof(graph, design, tmp_path)
    assert found.problems == []
    assert found.whole is not None
    assert found.whole.equal
    assert found.whole.how.startswith("SAT from ports to ports (z3)")
    file = next(tmp_path.glob("rtl/hwg_asked_least.sv"))
    text = file.read_text("utf-8")
    file.write_text(text.replace(".ASigned(1)", ".ASigned(0)"), "utf-8")
    found = proof(graph, design, tmp_path)
    assert found.problems
    assert found.whole is not None
    assert not found.whole.equal


# --- functions of wide numbers -------------------------------------------------------------------


def test_steps_are_found_by_halving() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        lo = int(rng.integers(-(1 << 40), 0))
        hi = int(rng.integers(1, 1 << 40))
        shift, sign = int(rng.integers(28, 40)), int(rng.choice([-1, 1]))
        found = halved(lambda x, s=shift, g=sign: np.clip(g * x >> s, -700, 900), lo, hi)
        assert found is not None
        points = np.concatenate([rng.integers(lo, hi, 50), found.starts, found.starts[1:] - 1])
        assert (found.at(points) == np.clip(sign * points >> shift, -700, 900)).all()
    assert halved(lambda x: x, -(1 << 30), 1 << 30) is None


def test_a_wide_rounding_is_itself_whatever_its_steps() -> None:
    space = Space()
    x, y = space.input("x", -(1 << 40), 1 << 40), space.input("y", -(1 << 39), 1 << 39)
    places = {0: np.array([12345678901, -5, 3 << 28]), 1: np.array([-987654321, 77, 11])}
    total = x.times(3).plus(y.times(-1)).plus(Form(11))
    plain = 3 * places[0] - places[1] + 11
    made = wide.clipped(space, wide.rounded(space, total, 29), -1000, 5000)
    low = plain & ((1 << 29) - 1)
    up = (low > 1 << 28) | ((low == 1 << 28) & ((plain >> 29) & 1 == 1))
    assert (space.sum(made, dict(places)) == np.clip((plain >> 29) + up, -1000, 5000)).all()
    # Twice a number and one is never a tie: rounding it is rounding down.
    down = wide.rounded(space, x.times(2).plus(Form(1 - (1 << 20))), 21)
    assert down.same(space.floor(x, 20))


def test_a_wide_function_of_no_known_structure_is_refused() -> None:
    space = Space()
    x = space.input("x", -(1 << 30), 1 << 30)
    example = next(e for n, e in examples() if n == "requantize5")
    leaky = example.op.changed(shift=0, neg_shift=1, hi=1 << 30, neg_lo=-(1 << 30))
    with pytest.raises(Unproven, match="too many steps"):
        wide.applied(space, leaky, x)
