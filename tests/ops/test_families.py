# SPDX-License-Identifier: Apache-2.0
"""Families of operations keep what they promise, and nobody outside ops/ lists kinds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hwgen.ir.tensor import TensorType
from hwgen.logic.builder import Builder, Logic
from hwgen.logic.evaluate import evaluate
from hwgen.logic.nodes import Add, Add3, Const, In, Shl
from hwgen.ops import OPS, Elementwise, Example, Input, Matmul, Movement, Sum
from hwgen.ops import Add as AddOp
from hwgen.ops.exact_dtype import room

KINDS = set(OPS)


def examples(family: type) -> list:
    return [
        pytest.param(example, id=f"{kind}-{number}")
        for kind, cls in sorted(OPS.items())
        if issubclass(cls, family)
        for number, example in enumerate(cls.examples())
    ]


def lowered(op, types, arity: int = 2, place: int | None = None) -> Logic:
    b = Builder(arity)
    made = op.lower(b, [b.tensor(f"x{n}", t) for n, t in enumerate(types)])
    wires = made.reshape(-1).tolist()
    return Logic.of(b, [("y", wires if place is None else [wires[place]])])


def adders(logic: Logic) -> int:
    return sum(isinstance(node, Add | Add3) for node in logic.nodes)


def is_wiring(example: Example) -> bool:
    types = example.types or (example.op.infer(()),)
    return all(isinstance(n, In | Const | Shl) for n in lowered(example.op, types).nodes)


@pytest.mark.parametrize("kind", sorted(KINDS - {Input.kind}))
def test_movement_alone_is_wiring(kind: str) -> None:
    wiring = [is_wiring(example) for example in OPS[kind].examples()]
    assert all(wiring) if issubclass(OPS[kind], Movement) else not all(wiring)


@pytest.mark.parametrize("example", examples(Elementwise))
def test_an_element_depends_on_the_same_element_alone(example, draw, rng) -> None:
    (t,) = example.types
    assert example.op.infer([t]).shape == t.shape
    (x,), (other,) = draw([t], rng, 8), draw([t], rng, 8)
    y = example.op.run([x.copy()])
    for at in np.ndindex(*t.shape):
        place = (slice(None), *at)
        mixed = x.copy()
        mixed[place] = other[place]
        changed = example.op.run([mixed])
        rest = np.ones(t.shape, bool)
        rest[at] = False
        assert np.array_equal(changed[:, rest], y[:, rest])
        assert np.array_equal(changed[place], example.op.run([other.copy()])[place])


@pytest.mark.parametrize("arity", [2, 3])
@pytest.mark.parametrize("example", examples(Sum))
def test_a_sum_takes_a_constant(example, arity, draw, rng) -> None:
    op, types = example.op, example.types
    out = op.infer(types)
    mask = op.joins(types, arity)
    constant = np.where(mask, 4, 0)
    raised = op.plus(constant)
    again = raised.infer(types)
    assert np.array_equal(again.lo, out.lo + constant)
    assert np.array_equal(again.hi, out.hi + constant)
    assert raised.bound(types, again) >= again.peak
    samples = draw(types, rng, 30)
    want = op.run([x.copy() for x in samples]) + constant
    assert np.array_equal(raised.run(samples), want)
    logic = lowered(raised, types, arity)
    given = {f"x{n}": room(x, t.peak) for n, (x, t) in enumerate(zip(samples, types, strict=True))}
    assert np.array_equal(evaluate(logic, given, check=True)["y"], want.reshape(len(want), -1))
    if not isinstance(op, Matmul):  # a bias may be worth its adder
        for place in range(out.size):  # alone: neighbours may share adders
            plain, more = (lowered(some, types, arity, place) for some in (op, raised))
            assert adders(more) <= adders(plain)


def test_where_a_constant_joins_a_sum() -> None:
    t = TensorType.covering((4,), 0, [0, 3, 5, 0], [7, 3, 5, 1])
    flat = TensorType.covering((4,), 0, [0, 0, 2, 9], [7, 7, 2, 9])
    add = AddOp((1, 1))
    assert add.joins([t, flat], 3).tolist() == [True, True, False, True]
    assert add.joins([t, flat], 2).tolist() == [False, True, False, True]


@pytest.mark.parametrize("example", examples(Matmul))
def test_taps_count_what_each_weight_meets(example) -> None:
    op, (t,) = example.op, example.types
    taps = op.taps(t)
    assert taps.weight.size == op.weight.size
    assert taps.uses.shape == taps.bits.shape == taps.weight.shape[:2]
    none = np.zeros_like(op.bias)
    for number, (tap, channel, _) in enumerate(np.ndindex(*taps.weight.shape)):
        one = np.zeros(op.weight.size, int)
        one[number] = 1
        alone = op.changed(weight=one.reshape(op.weight.shape), bias=none)
        assert alone.run([np.ones((1, *t.shape), int)]).sum() == taps.uses[tap, channel]
        assert alone.run([t.element_bits[None]]).sum() == taps.bits[tap, channel]
    ones = op.changed(weight=np.ones(op.weight.shape, int), bias=none)
    assert ones.run([np.ones((1, *t.shape), int)]).max() <= taps.fan_in


@pytest.mark.parametrize("example", examples(Matmul))
def test_a_layer_without_channels(example, draw, rng) -> None:
    mask = np.arange(len(example.op.bias)) % 2 == 1
    samples = draw(example.types, rng, 10)
    want = example.op.run([x.copy() for x in samples])
    got = example.op.without(mask).run(samples)
    assert not got[..., mask].any()
    assert np.array_equal(got[..., ~mask], want[..., ~mask])


# ------------------------------------------------------------------------------ no lists of kinds


def kinds_named(source: str) -> Iterator[str]:
    """Yield where a source asks for the kind of an operation, or lists kinds."""
    for node in ast.walk(ast.parse(source)):
        parts: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Match):
            parts = [node.subject]
        elif isinstance(node, ast.Subscript):
            parts = [node.slice]
        elif isinstance(node, ast.Tuple | ast.List | ast.Set):
            named = {e.value for e in node.elts if isinstance(e, ast.Constant)} & KINDS
            if len(named) > 1:
                yield f"line {node.lineno}: lists {', '.join(sorted(named))}"
        for part in parts:
            texts = [part, *getattr(part, "elts", [])]
            named = {e.value for e in texts if isinstance(e, ast.Constant)} & KINDS
            if ast.unparse(part).endswith("op.kind") or named - {Input.kind}:  # a port's direction
                yield f"line {node.lineno}: {ast.unparse(part)}"


def test_no_list_of_kinds_outside_ops(root: Path) -> None:
    files = [f for f in sorted((root / "hwgen").rglob("*.py")) if f.parent.name != "ops"]
    assert len(files) > 100
    found = [
        f"{file.relative_to(root)} {place}"
        for file in files
        for place in kinds_named(file.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        'SUMS = ("dense", "conv")',
        'if node.op.kind == "input": pass',
        'x = kind in {"requantize"}',
        'match op.kind:\n    case "pad": pass',
        "y = colours[node.op.kind]",
        'y = kind != "thresholds"',
    ],
)
def test_a_list_of_kinds_is_found(source: str) -> None:
    assert list(kinds_named(source))


# ---------------------------------------------------------------- what adding an operation touches

# Operations that planning knows by name: it starts at inputs, moves half a step into sums, counts
# the levels of steps, and builds a transform of its own.
KNOWN = {"Input", "Requantize", "Thresholds", "Dense"}
# A printer of layers, and the rules of a proof, have a case an operation where a family does not
# say enough; they refuse by name the operation that they have none for.
CASES = ("emulator", "prove")


def test_an_operation_is_known_to_its_file_and_the_front_ends_alone(root: Path) -> None:
    """A new operation is one file in ops/, and a front end that uses it.

    Generic tests, simulation and the documents of ``hwgen ops`` find it in the registry.
    """
    names = {cls.__name__ for cls in OPS.values()} - KNOWN
    found = {}
    for file in sorted((root / "hwgen").rglob("*.py")):
        room = file.relative_to(root / "hwgen").parts[0]
        if room in ("ops", "frontends") or file.parent.name in CASES:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("hwgen.ops"):
                used = {alias.name for alias in node.names} & names
                found |= {str(file): used} if used else {}
    assert found == {}
