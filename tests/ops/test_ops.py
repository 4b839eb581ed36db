# SPDX-License-Identifier: Apache-2.0
"""What holds for every operation; registering one subscribes it to all of this."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from hwgen.errors import ModelError
from hwgen.ir.tensor import Codes, TensorType
from hwgen.logic.builder import Builder, Logic
from hwgen.logic.evaluate import evaluate
from hwgen.ops import OPS, Example
from hwgen.ops.exact_dtype import carrier, cast, room

CASES = [
    pytest.param(example, id=f"{kind}-{number}")
    for kind, cls in sorted(OPS.items())
    for number, example in enumerate(cls.examples())
]
FLOAT32, FLOAT64, INT64, OBJECT = map(np.dtype, (np.float32, np.float64, np.int64, object))
LIMITS = {FLOAT32: 1 << 24, FLOAT64: 1 << 53, INT64: 1 << 62, OBJECT: 1 << 999}


def types_of(example: Example) -> tuple[TensorType, ...]:
    """Return what reaches the operation; a network input brings itself."""
    return example.types or (example.op.infer(()),)


def bound_of(example: Example) -> int:
    out = example.op.infer(example.types)
    peaks = [t.peak for t in (out, *example.types)]
    return max(example.op.bound(example.types, out), *peaks)


def test_every_kind_has_examples():
    for kind, cls in OPS.items():
        assert cls.examples(), f"{kind} has none"
        assert all(type(e.op) is cls for e in cls.examples())


@pytest.mark.parametrize("kind", ["dense", "conv", "requantize", "thresholds", "mul_shift"])
def test_examples_reach_float_and_python_int_carriers(kind):
    used = {carrier(bound_of(e)) for e in OPS[kind].examples()}
    assert {FLOAT32, OBJECT} <= used


@pytest.mark.parametrize("example", CASES)
def test_every_wide_enough_carrier_gives_the_oracles_integers(example, oracle, draw, rng):
    samples = draw(types_of(example), rng, 12)
    want = oracle(example.op, samples)
    bound = bound_of(example)
    wide = [dtype for dtype, limit in LIMITS.items() if bound < limit]
    assert carrier(bound) == wide[0]
    for dtype in wide:
        given = [cast(x, dtype) for x in samples]
        kept = [x.copy() for x in given]
        got = example.op.run(given)
        assert got.dtype == dtype
        assert got.shape == want.shape
        assert np.array_equal(cast(got, OBJECT), want), f"carrier {dtype}"
        for x, copy in zip(given, kept, strict=True):
            assert np.array_equal(x, copy), "run changed its input"


@pytest.mark.parametrize("example", CASES)
def test_run_takes_an_empty_batch(example):
    dtype = carrier(bound_of(example))
    got = example.op.run([np.zeros((0, *t.shape), dtype) for t in types_of(example)])
    assert got.shape == (0, *example.op.infer(example.types).shape)
    assert got.dtype == dtype


def telling(example: Example) -> Iterator[list[Codes]]:
    """Yield inputs among which every output element takes its least and its greatest value."""
    types = types_of(example)
    ends = [[t.lo.astype(object), t.hi.astype(object)] for t in types]
    yield from map(list, itertools.product(*ends))
    # What raises an output from all-low decides which end each input takes for its extremes.
    low = [pair[0] for pair in ends]
    base = example.op.run([x[None] for x in low])[0]
    slopes = []
    for n, t in enumerate(types):
        for at in np.ndindex(*t.shape):
            raised = [x.copy() for x in low]
            raised[n][at] = ends[n][1][at]
            slopes.append((n, at, example.op.run([x[None] for x in raised])[0] - base))
    for place in np.ndindex(*base.shape):
        for up in (True, False):
            made = [x.copy() for x in low]
            for n, at, slope in slopes:
                rises = slope[place] > 0
                made[n][at] = ends[n][int(rises == up)][at]
            yield made
    # A step function may peak anywhere: try every code, or the thresholds' neighbours.
    if example.op.kind == "thresholds":
        steps = {int(t) + d for t in example.op.thresholds.flat for d in (-1, 0)}
        for code in sorted(steps):
            yield [np.clip(code, *ends[0])]
    # So may a table of a window: each input takes the code that raises an output most, unclipped.
    if example.op.kind == "edge_conv":
        op, (low,), (high,) = (
            example.op.changed(lo=-(1 << 39), hi=1 << 39),
            *zip(*ends, strict=True),
        )
        answers = {}
        for at in np.ndindex(*low.shape):
            codes = np.arange(low[at], high[at] + 1)
            x = np.repeat(low[None], len(codes), axis=0)
            x[(slice(None), *at)] = codes
            answers[at] = codes, op.run([x])
        for place, sign in itertools.product(np.ndindex(*base.shape), (1, -1)):
            x = low.copy()
            for at, (codes, outs) in answers.items():
                x[at] = codes[np.argmax(sign * outs[(slice(None), *place)])]
            yield [x]
    # So may a table: give each input the code where its own edge to that output ends.
    if example.op.kind == "edge_tables":
        (low,), (high,) = zip(*ends, strict=True)
        for (*lead, j), sign in itertools.product(np.ndindex(*base.shape), (1, -1)):
            x = low.copy()
            for i in range(x.shape[-1]):
                codes = range(low[(*lead, i)], high[(*lead, i)] + 1)
                edge = example.op.values[i, j]
                x[(*lead, i)] = max(
                    codes, key=lambda c, e=edge, s=sign: s * e[c - example.op.first]
                )
            yield [x]


@pytest.mark.parametrize("example", CASES)
def test_intervals_are_exactly_what_inputs_reach(example, draw, rng):
    out = example.op.infer(example.types)
    batches = [np.stack(xs) for xs in zip(*telling(example), strict=True)]
    some = draw(types_of(example), rng, 50)
    ins = [np.concatenate(pair) for pair in zip(batches, some, strict=True)]
    codes = example.op.run(ins)
    assert codes.shape[1:] == out.shape
    assert np.array_equal(codes.min(axis=0), out.lo.astype(object))
    assert np.array_equal(codes.max(axis=0), out.hi.astype(object))


@pytest.mark.parametrize("example", CASES)
def test_logic_equals_run_and_is_no_wider(example, draw, rng):
    types, out = types_of(example), example.op.infer(example.types)
    b = Builder()
    wires = []
    for n, t in enumerate(types):
        ends = zip(t.lo.ravel().tolist(), t.hi.ravel().tolist(), strict=True)
        made = [b.input(f"x{n}", i, lo, hi) for i, (lo, hi) in enumerate(ends)]
        wires.append(np.array(made, np.int64).reshape(t.shape))
    y = example.op.lower(b, wires)
    assert y.shape == out.shape
    for wire, lo, hi in zip(y.flat, out.lo.flat, out.hi.flat, strict=True):
        assert lo <= b.lo[wire], "a wire reaches below the inferred interval"
        assert b.hi[wire] <= hi, "a wire reaches above the inferred interval"
    samples = draw(types, rng, 40)
    pairs = zip(samples, types, strict=True)
    given = {f"x{n}": room(x, t.peak) for n, (x, t) in enumerate(pairs)}
    got = evaluate(Logic.of(b, [("y", y.ravel())]), given, check=True)["y"]
    want = example.op.run(samples).reshape(len(got), -1)
    assert np.array_equal(got.astype(object), want)


@pytest.mark.parametrize("example", CASES)
def test_values_are_equal_when_fields_are(example):
    again = [e for e in type(example.op).examples() if e.op == example.op]
    assert again
    assert all(hash(e.op) == hash(example.op) for e in again)
    assert "\n" not in example.op.note()


@pytest.mark.parametrize("example", CASES)
def test_a_wrong_number_of_inputs_is_a_model_error(example):
    extra = (*types_of(example), *example.types, *types_of(example))
    if example.op.kind in ("multiply", "maximum", "concat"):
        extra = ()  # these take any number but none
    with pytest.raises(ModelError) as error:
        example.op.infer(extra)
    assert error.value.where
    assert error.value.hint


@pytest.mark.parametrize("shift", [61, 62, 63])
def test_the_largest_shifts_of_64_bits_round_as_any_other(shift: int) -> None:
    op = OPS["requantize"](shift, -4, 4)
    half = 1 << 61
    codes = np.array([half, half + 1, -half, -half - 1, 2 * half, -2 * half, 1], INT64)
    wide = op.run([codes.astype(OBJECT)])
    assert op.run([codes.copy()]).tolist() == wide.tolist()
    assert bool(wide.any()) == (shift < 63)
