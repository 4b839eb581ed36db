# SPDX-License-Identifier: Apache-2.0
"""Proofs: what is right is proven, and every fault in the text stands in the way of one."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwgen.errors import ToolFailed, Unproven
from hwgen.ir.fixed import Fixed
from hwgen.ops.input_ import Input
from hwgen.ops.thresholds import Thresholds
from hwgen.verify.prove import design as prover
from hwgen.verify.prove.arrays import Arrays, Pattern
from hwgen.verify.prove.design import Claims, Found, prove_flow
from hwgen.verify.prove.forms import Form
from hwgen.verify.prove.space import Space
from hwgen.verify.prove.steps import Steps
from hwgen.verify.prove.trial import constant
from hwgen.verify.prove.walk import Walk
from hwgen.verify.prove.words import Words
from tests.verify.conftest import make_graph, write
from tests.verify.faults import (
    FAULTS,
    REGISTERS,
    ROUNDING,
    SIGNS,
    SUMS,
    THRESHOLDS,
    VALID_BITS,
    WIRING,
    Fault,
    put,
)

FLOW = (*SUMS, *SIGNS, *REGISTERS, *WIRING, *ROUNDING, *THRESHOLDS, *VALID_BITS)


pytestmark = pytest.mark.usefixtures("impatient")


def claims(design) -> Claims:
    ports = [
        {port.name: (port.fixed.width, port.fixed.signed) for port in some}
        for some in (design.inputs, design.outputs)
    ]
    labels = {
        layer.link: [(f.label, f.width) for f in design.link(layer.link).fields]
        for layer in design.pipeline.layers
    }
    return Claims(f"hwg_{design.name}", ports[0], ports[1], labels, design.latency)


def proof(built, rtl: Path | None = None) -> Found:
    return prove_flow(rtl or built.out / "rtl", built.graph, claims(built.design))


@pytest.mark.parametrize("name", ["tiny", "twoway"])
def test_designs_without_a_fault_are_proven(name: str, request: pytest.FixtureRequest) -> None:
    built = request.getfixturevalue(name)
    found = proof(built)
    assert found.problems == []
    assert found.elements == sum(port.size for port in built.design.outputs)
    assert found.layers == len(built.design.pipeline.layers)
    assert found.wires > 50


def test_a_design_that_is_too_deep_is_a_problem(tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    def deep(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(prover, "tried", deep)
    assert proof(tiny).problems == ["the design is too deep to be followed"]
    monkeypatch.setattr(Walk, "value", deep)
    assert proof(tiny).problems == ["the design is too deep to be followed"]


@pytest.mark.parametrize(
    "fault",
    [pytest.param(f, id=f.name, marks=[] if f.quick else pytest.mark.ci) for f in FLOW],
)
def test_faults_are_found(tiny, tmp_path: Path, fault: Fault) -> None:
    rtl = tmp_path / "rtl"
    shutil.copytree(tiny.out / "rtl", rtl)
    put(fault, rtl)
    assert proof(tiny, rtl).problems


def test_there_are_enough_faults() -> None:
    assert len(FLOW) >= 30
    assert set(FLOW) <= set(FAULTS)


def test_the_labels_of_a_design_are_hints_alone(tiny) -> None:
    none = replace(claims(tiny.design), labels={name: [] for name in claims(tiny.design).labels})
    assert prove_flow(tiny.out / "rtl", tiny.graph, none).problems == []


def test_a_claimed_latency_is_proven_too(tiny) -> None:
    late = replace(claims(tiny.design), latency=tiny.design.latency + 1)
    problems = prove_flow(tiny.out / "rtl", tiny.graph, late).problems
    assert len(problems) == 6  # five outputs, and valid
    assert all("comes in cycle" in problem for problem in problems)


def test_a_step_function_without_steps_is_a_constant(tmp_path: Path) -> None:
    none = Thresholds(np.zeros((3, 0), np.int64), np.array([[2], [5], [-1]]), 0)
    graph = make_graph("flat", [("x", Input.of((3,), Fixed(4)), ()), ("y", none, ("x",))], ["y"])
    assert proof(write(graph, tmp_path / "out", samples=4)).problems == []


def test_text_that_slang_refuses_is_told(tiny, tmp_path: Path) -> None:
    rtl = tmp_path / "rtl"
    shutil.copytree(tiny.out / "rtl", rtl)
    file = rtl / "hwg_tiny_fc1.sv"
    file.write_text(file.read_text("utf-8").replace("endmodule", "assign y = 1; endmodule"))
    with pytest.raises(ToolFailed, match=r"hwg_tiny_fc1\.sv:\d+"):
        proof(tiny, rtl)


# --- forms and words, against plain numbers ------------------------------------------------------


def value(space: Space, form: Form, at: dict[int, int]) -> int:
    places = {atom: np.array([v], np.int64) for atom, v in at.items()}
    return int(space.sum(form, places)[0])


def test_functions_of_forms_are_functions_of_their_values() -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        space = Space()
        x, y = space.input("x", -7, 8), space.input("y", -3, 12)
        xa, ya = *x.terms, *y.terms
        a, b, c = (int(v) for v in rng.integers(-6, 7, 3))
        form = x.times(a).plus(y.times(b)).plus(Form(c))
        shift, bits = (int(v) for v in rng.integers(1, 5, 2))
        lo, hi = space.interval(form)
        points = np.arange(lo, hi + 1)
        steps = Steps.of(points, rng.integers(-4, 5, points.size))
        words = Words(space)
        word = words.word(form, 12, 0)
        cut = words.exact(words.slice(word, shift, bits), True).form
        low = words.exact(words.slice(word, 0, shift), False)
        again = words.exact(words.join([low, words.slice(word, shift, 12 - shift)]), True).form
        through = space.through(steps, form)
        for _ in range(8):
            at = {xa: int(rng.integers(-7, 9)), ya: int(rng.integers(-3, 13))}
            plain = a * at[xa] + b * at[ya] + c
            part = (plain >> shift) & ((1 << bits) - 1)
            part -= (part >> (bits - 1)) << bits
            assert value(space, cut, at) == part
            assert value(space, again, at) == plain
            assert value(space, through, at) == steps.at(np.array([plain]))[0]


def test_equal_functions_are_one_atom_whatever_their_scale() -> None:
    space = Space()
    x = space.input("x", -20, 20)
    ramp = Steps.of(np.array([-90, -8, 0, 8]), np.array([0, 1, 2, 3]))
    one = space.through(ramp, x)
    other = space.through(
        Steps.of(np.array([-90, -17, -1, 15]), np.array([7, 5, 3, 1])), x.times(2)
    )
    assert one.terms.keys() == other.terms.keys()
    assert one.times(-2).plus(Form(7)).same(other)


def test_different_sums_of_equal_value_are_told_by_trying_every_value() -> None:
    space = Space()
    x, y = space.input("x", 0, 7), space.input("y", 0, 7)
    both = space.product(x, y)
    looked_up = space.joined(lambda a, b: a * b, [x, y])
    assert constant(space, both.plus(looked_up, -1).plus(Form(4))) == 4
    assert constant(space, both.plus(looked_up, -2)) is None


def test_maxima_are_one_whatever_their_order() -> None:
    space = Space()
    x, y, z = (space.input(name, 0, 1 << 20) for name in "xyz")
    one = space.largest([space.largest([x, y]), z])
    other = space.largest([y, space.largest([z, x])])
    assert one.same(other)
    assert space.largest([one, Form(-5)]).same(one)


def test_a_function_of_too_many_values_is_refused() -> None:
    space = Space()
    x = space.input("x", 0, 1 << 30)
    with pytest.raises(Unproven, match="too wide"):
        space.joined(lambda a: a * a, [x])


@pytest.mark.parametrize("op", ["add", "sub", "mul", "and", "or", "xor", "lt", "le", "eq", "ge"])
def test_operators_on_patterns_are_those_of_integers(op: str) -> None:
    a, b = (x.reshape(-1) for x in np.meshgrid(np.arange(16), np.arange(16)))
    found = Arrays().binary(op, Pattern(a, 4), Pattern(b, 4), True).bits
    x, y = (v - (v >> 3 << 4) for v in (a, b))
    plain = {
        "add": (x + y) & 15, "sub": (x - y) & 15, "mul": (x * y) & 15, "and": a & b, "or": a | b,
        "xor": a ^ b, "lt": x < y, "le": x <= y, "eq": x == y, "ge": x >= y,
    }  # fmt: skip
    assert (found == plain[op]).all()
