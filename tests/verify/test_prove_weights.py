# SPDX-License-Identifier: Apache-2.0
"""Proofs of comparisons that never add up a sum: binary and ternary layers, and their faults."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from hwgen.design.source_list import read_list
from hwgen.errors import ToolFailed
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.reference import run_reference
from hwgen.ops.thresholds import Thresholds
from hwgen.verify.prove.arrays import Arrays, masked
from hwgen.verify.prove.design import prove_flow
from hwgen.verify.prove.forms import Form
from hwgen.verify.prove.space import Space
from hwgen.verify.prove.syntax import elaborate, ports
from hwgen.verify.prove.trial import constant
from hwgen.verify.prove.walk import Walk
from hwgen.verify.prove.weights import applied, polynomial, reached, ways
from hwgen.verify.prove.whole import through
from tests.verify.conftest import make_graph
from tests.verify.test_prove import claims
from tests.verify.test_prove_operations import mutant, proof, written


def bits(space: Space, count: int, first: int = 0) -> list[Form]:
    return [space.input(f"b{first + i}", 0, 1) for i in range(count)]


def everywhere(space: Space, form: Form, count: int) -> np.ndarray:
    """Return the values of a form of some bits at all of theirs, the first one changing fastest."""
    at = np.arange(1 << count)
    return space.sum(form, {i: at >> i & 1 for i in range(count)})


# --- weights -------------------------------------------------------------------------------------


def test_weights_of_carries_and_of_comparisons_are_found() -> None:
    count = np.arange(32)[:, None] >> np.arange(5) & 1
    for odd in (0, 1):
        (first, *_) = ways(((count.sum(1) + odd) >> 1).astype(np.int64).tobytes(), 5)
        assert (first.weights, first.add, first.shift) == ((1, 1, 1, 1, 1), odd, 1)
    turned = (count * [1, -2, 4, 1, -1]).sum(1) >= 2
    found = ways(turned.astype(np.int64).tobytes(), 5)
    assert any(way.weights == (1, -2, 4, 1, -1) for way in found)
    assert ways((count.sum(1) & 1).astype(np.int64).tobytes(), 5) == ()


def test_every_way_is_the_function_itself() -> None:
    rng = np.random.default_rng(6)
    for _ in range(40):
        count = int(rng.integers(2, 6))
        at = np.arange(1 << count)[:, None] >> np.arange(count) & 1
        sums = at @ rng.choice([-2, -1, 1, 2, 4], count)
        values = ((sums + int(rng.integers(0, 4))) >> int(rng.integers(1, 4))).astype(np.int64)
        for way in ways(values.tobytes(), count):
            made = (at @ np.array(way.weights) + way.add) >> way.shift
            assert (way.base + way.factor * made == values).all()


def test_a_function_of_bits_is_a_sum_of_products() -> None:
    rng = np.random.default_rng(7)
    for count in (1, 2, 3, 5):
        space = Space()
        some = bits(space, count)
        turned = [bit if rng.random() < 0.5 else Form(1).plus(bit, -1) for bit in some]
        truths = rng.integers(0, 2, 1 << count)
        form = polynomial(space, truths, turned)
        assert form is not None
        flip = sum(1 << i for i, bit in enumerate(turned) if bit.const)
        assert (everywhere(space, form, count) == truths[np.arange(1 << count) ^ flip]).all()
        lo, hi = space.interval(form)
        assert (lo, hi) == (truths.min(), truths.max())


def test_a_tree_of_carries_is_one_comparison() -> None:
    """Bits of a sum, and what is carried into the next column, cancel in the end."""
    for threshold in range(2, 8):
        space = Space()
        some = bits(space, 8)
        at = np.arange(1 << 8)[:, None] >> np.arange(8) & 1
        odd, carry = threshold & 1, np.array([(bin(i).count("1")) for i in range(8)])
        first = applied(space, (carry + odd) >> 1, some[:3])
        assert first is not None
        low = space.digit(first, 2, 1)
        rest = [first.plus(low, -2), low, *some[3:6]]
        worth = np.array([1, 2, 1, 1, 2])
        values = (np.arange(32)[:, None] >> np.arange(5) & 1) @ worth >= (threshold + 1) >> 1
        made = applied(space, values.astype(np.int64), rest)
        assert made is not None
        total = at[:, :3].sum(1) + 2 * at[:, 3] + 2 * at[:, 4] + 4 * at[:, 5]
        assert (everywhere(space, made, 8) == (total >= threshold)).all()
        straight = Form()
        for bit, weight in zip(some, (1, 1, 1, 2, 2, 4), strict=False):
            straight = straight.plus(bit, weight)
        assert constant(space, made.plus(reached(space, straight, threshold), -1)) == 0


def test_quotients_in_a_comparison_are_none_any_more() -> None:
    rng = np.random.default_rng(9)
    for _ in range(60):
        space = Space()
        some = bits(space, 6)

        def form(first: int, last: int, space: Space = space, some: list[Form] = some) -> Form:
            total = Form(int(rng.integers(-3, 4)))
            for bit in some[first:last]:
                total = total.plus(bit, int(rng.choice([-3, -1, 1, 2])))
            return total

        inner = space.floor(form(0, 4), int(rng.integers(1, 3)))
        whole = form(3, 6).plus(inner, int(rng.choice([-1, 1, 2])))
        start = int(rng.integers(-3, 4))
        made = reached(space, whole, start)
        assert (everywhere(space, made, 6) == (everywhere(space, whole, 6) >= start)).all()


# --- layers of signs -----------------------------------------------------------------------------


def signs(inputs: int, sums: int, zeros: float = 0.0) -> Graph:
    """Two layers of +1 and -1 (and 0), with a comparison between them."""
    rng = np.random.default_rng(4)
    first = rng.choice([-1, 1], (inputs, sums)) * (rng.random((inputs, sums)) >= zeros)
    last = rng.choice([-1, 1], (sums, 2))
    middle = (first.clip(max=0).sum(0) + first.clip(min=0).sum(0))[:, None] // 2
    steps = Thresholds(middle + rng.integers(-4, 5, (sums, 1)), np.array([0, 1]), 0)
    layers = [
        ("x", Input.of((inputs,), Fixed(1)), ()),
        ("fc1", Dense(first, np.zeros(sums, np.int64)), ("x",)),
        ("act1", steps, ("fc1",)),
        ("fc2", Dense(last, np.zeros(2, np.int64)), ("act1",)),
    ]
    return make_graph("signs", layers, ["fc2"])


@pytest.mark.parametrize(
    ("inputs", "sums", "zeros", "mhz"),
    [
        (24, 8, 0.0, 60.0),
        pytest.param(40, 16, 0.0, 400.0, marks=pytest.mark.ci),
        pytest.param(48, 12, 0.4, 400.0, marks=pytest.mark.ci),
    ],
)
def test_layers_of_signs_are_proven(
    tmp_path: Path, inputs: int, sums: int, zeros: float, mhz: float
) -> None:
    graph = signs(inputs, sums, zeros)
    design = written(graph, tmp_path, mhz)
    assert "whether a sum is reached" in (tmp_path / "rtl" / "hwg_signs_fc1.sv").read_text("utf-8")
    assert proof(graph, design, tmp_path).problems == []


TABLE = re.compile(r"'h(?P<it>[0-9a-f]+)[);]")


def table_fault(text: str, rng: np.random.Generator) -> str:
    """Return the text with one truth of one table, or one thing of `mutant`, changed."""
    places = [
        found.span("it")
        for found in TABLE.finditer(text)
        if re.search("Truth|Low|_T0", text[found.start() - 40 : found.end()])
    ]
    if rng.random() < 0.4 or not places:
        return mutant(text, rng)
    start, end = places[int(rng.integers(len(places)))]
    digit = int(rng.integers(start, end))
    new = f"{int(text[digit], 16) ^ 1 << int(rng.integers(4)):x}"
    return text[:digit] + new + text[digit + 1 :]


def differs(rtl: Path, graph: Graph, name: str, samples: int = 30_000) -> bool:
    """Tell whether the text gives another output at one of many samples."""
    names = [rtl / name for name in read_list((rtl / "files.f").read_text("utf-8"))]
    top, kept = elaborate(names, f"hwg_{name}")
    rng, inside = np.random.default_rng(3), ports(top)
    ((source, t),) = [(n.name, n.type) for n in graph.inputs]
    skew = rng.choice([0.3, 1.0, 3.0], (samples, *(1 for _ in t.shape)))
    span = (t.hi - t.lo + 1).astype(np.float64)
    x = t.lo.astype(np.int64) + (span * rng.random((samples, *t.shape)) ** skew).astype(np.int64)
    walk: Walk = Walk(Arrays(), top, through, lambda word: word)
    flat = x.reshape(samples, -1)
    walk.give(
        inside[f"{source}_data_i"], [masked(flat[:, i], t.fixed.width) for i in range(t.size)]
    )
    (out,) = graph.outputs
    wanted = run_reference(graph, {source: x})[out.name].reshape(samples, -1)
    width = graph[out.node].type.fixed.width
    port = inside[f"{out.name}_data_o"]
    made = [walk.whole(walk.value(port, i * width, width)).bits for i in range(wanted.shape[1])]
    del kept
    return any((masked(wanted[:, i], width).bits != one).any() for i, one in enumerate(made))


SEEDS = [
    0,
    *(pytest.param(seed, marks=pytest.mark.ci) for seed in range(1, 12)),
    *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(12, 40)),
]


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_in_layers_of_signs_are_found(tmp_path: Path, seed: int) -> None:
    """What samples find wrong is never proven."""
    rng = np.random.default_rng(seed)
    graph = signs(24, 8)
    design = written(graph, tmp_path)
    for n in range(50):
        rtl = tmp_path / f"mutant{n}"
        shutil.copytree(tmp_path / "rtl", rtl)
        file = rtl / "hwg_signs_fc1.sv"
        file.write_text(table_fault(file.read_text("utf-8"), rng), "utf-8")
        try:
            wrong = differs(rtl, graph, design.name)
        except ToolFailed:  # slang refuses a selection beyond a word
            continue
        if wrong:
            assert prove_flow(rtl, graph, claims(design)).problems
            return
    raise AssertionError("no fault shows")
