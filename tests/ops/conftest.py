# SPDX-License-Identifier: Apache-2.0
"""A second, slow definition of every operation: loops over plain Python integers, one sample."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from hwgen.ir.tensor import Codes, TensorType
from hwgen.ops import Op

Oracle = Callable[[Op, Sequence[Codes]], Codes]


def _filled(shape: Sequence[int], rule: Callable[..., int]) -> Codes:
    """Build an array of Python ints from a rule on indices."""
    made = np.empty(tuple(shape), object)
    for at in itertools.product(*map(range, shape)):
        made[at] = int(rule(*at))
    return made


def _window(op: Any, x: Codes, kernel: Sequence[int], dilation: Sequence[int]) -> Any:
    """Return the output's spatial shape, and the taps of a window that lie in the tensor."""
    rank = len(kernel)
    shape = []
    for i in range(rank):
        before, after = op.padding[i]
        starts = range(-before, x.shape[i] + after, op.strides[i])
        reach = (kernel[i] - 1) * dilation[i]
        shape.append(sum(s + reach < x.shape[i] + after for s in starts))

    def taps(at: Sequence[int]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        met = []
        for tap in itertools.product(*map(range, kernel)):
            place = tuple(
                at[i] * op.strides[i] - op.padding[i][0] + tap[i] * dilation[i] for i in range(rank)
            )
            if all(0 <= p < n for p, n in zip(place, x.shape, strict=False)):
                met.append((tap, place))
        return met

    return shape, taps


def _dense(op: Any, x: Codes) -> Codes:
    n_in, n_out = op.weight.shape

    def rule(*at: int) -> int:
        *lead, j = at
        return sum(int(op.weight[i, j]) * x[(*lead, i)] for i in range(n_in)) + int(op.bias[j])

    return _filled((*x.shape[:-1], n_out), rule)


def _conv(op: Any, x: Codes) -> Codes:
    *kernel, c_in, c_out = op.weight.shape
    shape, taps = _window(op, x, kernel, op.dilation)

    def rule(*at: int) -> int:
        *place, j = at
        total = int(op.bias[j])
        for tap, met in taps(place):
            total += sum(int(op.weight[(*tap, c, j)]) * x[(*met, c)] for c in range(c_in))
        return total

    return _filled((*shape, c_out), rule)


def _depthwise(op: Any, x: Codes) -> Codes:
    *kernel, c_in, mult = op.weight.shape
    shape, taps = _window(op, x, kernel, op.dilation)

    def rule(*at: int) -> int:
        *place, j = at
        c, m = divmod(j, mult)
        return int(op.bias[j]) + sum(
            int(op.weight[(*t, c, m)]) * x[(*p, c)] for t, p in taps(place)
        )

    return _filled((*shape, c_in * mult), rule)


def _pool(op: Any, x: Codes, join: Callable[[list[int]], int]) -> Codes:
    shape, taps = _window(op, x, op.pool, (1,) * len(op.pool))
    return _filled(
        (*shape, x.shape[-1]),
        lambda *at: join([x[(*place, at[-1])] for _, place in taps(at[:-1])]),
    )


def _edge_tables(op: Any, x: Codes) -> Codes:
    def rule(*at: int) -> int:
        *lead, j = at
        edges = (op.values[i, j, x[(*lead, i)] - op.first] for i in range(x.shape[-1]))
        return max(op.lo, min(op.hi, int(op.bias[j]) + sum(int(value) for value in edges)))

    return _filled((*x.shape[:-1], len(op.bias)), rule)


def _edge_conv(op: Any, x: Codes) -> Codes:
    *kernel, c_in, c_out, _ = op.values.shape
    shape, taps = _window(op, x, kernel, op.dilation)

    def rule(*at: int) -> int:
        *place, j = at
        total = int(op.bias[j])
        for tap, met in taps(place):
            total += sum(int(op.values[(*tap, c, j, x[(*met, c)] - op.first)]) for c in range(c_in))
        return max(op.lo, min(op.hi, total))

    return _filled((*shape, c_out), rule)


def _requantize(op: Any, x: Codes) -> Codes:
    def rule(*at: int) -> int:
        v = x[at]
        if op.neg_shift is not None and v < 0:
            return max(op.neg_lo, min(0, round(Fraction(v) / Fraction(2) ** op.neg_shift)))
        return max(op.lo, min(op.hi, round(Fraction(v) / Fraction(2) ** op.shift)))

    return _filled(x.shape, rule)


def _thresholds(op: Any, x: Codes) -> Codes:
    low = np.broadcast_to(op.thresholds, (*x.shape, op.thresholds.shape[-1]))
    out = np.broadcast_to(op.values, (*x.shape, op.values.shape[-1]))
    return _filled(x.shape, lambda *at: out[(*at, sum(int(t) <= x[at] for t in low[at]))])


def _mul_shift(op: Any, x: Codes) -> Codes:
    mult, add = np.broadcast_to(op.mult, x.shape), np.broadcast_to(op.add, x.shape)

    def rule(*at: int) -> int:
        floor = math.floor(Fraction(x[at] * int(mult[at]) + int(add[at]), 2**op.shift))
        return max(op.lo, min(op.hi, floor))

    return _filled(x.shape, rule)


def _merge(ins: Sequence[Codes], join: Callable[[list[int]], int]) -> Codes:
    rank = max(x.ndim for x in ins)
    shapes = [(1,) * (rank - x.ndim) + x.shape for x in ins]
    shape = [max(dims) for dims in zip(*shapes, strict=True)]

    def pick(x: Codes, at: Sequence[int]) -> int:
        tail = at[rank - x.ndim :]
        return int(x[tuple(0 if n == 1 else i for i, n in zip(tail, x.shape, strict=True))])

    return _filled(shape, lambda *at: join([pick(x, at) for x in ins]))


def _concat(op: Any, ins: Sequence[Codes]) -> Codes:
    axis = op.axis % ins[0].ndim
    ends = list(itertools.accumulate(x.shape[axis] for x in ins))
    shape = list(ins[0].shape)
    shape[axis] = ends[-1]

    def rule(*at: int) -> int:
        which = next(n for n, end in enumerate(ends) if at[axis] < end)
        start = ends[which] - ins[which].shape[axis]
        return int(ins[which][(*at[:axis], at[axis] - start, *at[axis + 1 :])])

    return _filled(shape, rule)


def _pad(op: Any, x: Codes) -> Codes:
    pairs = [*op.padding, *[(0, 0)] * (x.ndim - len(op.padding))]
    shape = [n + before + after for n, (before, after) in zip(x.shape, pairs, strict=True)]

    def rule(*at: int) -> int:
        place = tuple(i - before for i, (before, _) in zip(at, pairs, strict=True))
        inside = all(0 <= p < n for p, n in zip(place, x.shape, strict=True))
        return int(x[place]) if inside else 0

    return _filled(shape, rule)


def _upsample(op: Any, x: Codes) -> Codes:
    factors = [*op.factors, *[1] * (x.ndim - len(op.factors))]
    shape = [n * f for n, f in zip(x.shape, factors, strict=True)]
    return _filled(shape, lambda *at: x[tuple(i // f for i, f in zip(at, factors, strict=True))])


def _permute(op: Any, x: Codes) -> Codes:
    shape = [x.shape[p] for p in op.perm]

    def rule(*at: int) -> int:
        place = [0] * x.ndim
        for new, old in enumerate(op.perm):
            place[old] = at[new]
        return int(x[tuple(place)])

    return _filled(shape, rule)


def _reshape(op: Any, x: Codes) -> Codes:
    flat = iter([x[at] for at in itertools.product(*map(range, x.shape))])
    return _filled(op.shape, lambda *at: next(flat))


def _crop(op: Any, x: Codes) -> Codes:
    ends = [*op.cropping, *[(0, 0)] * (x.ndim - len(op.cropping))]
    shape = [n - a - b for n, (a, b) in zip(x.shape, ends, strict=True)]
    return _filled(shape, lambda *at: x[tuple(i + a for i, (a, _) in zip(at, ends, strict=True))])


def _argmax(x: Codes) -> Codes:
    def rule(*at: int) -> int:
        row = [x[(*at[: x.ndim - 1], i)] for i in range(x.shape[-1])]
        return row.index(max(row))

    return _filled(x.shape[:-1] or (1,), rule)


def _across(op: Any, x: Codes) -> Codes:
    def rule(*at: int) -> int:
        row = [x[(*at[:-1], i)] for i in range(x.shape[-1])]
        return sum(row) if op.sums else max(row)

    return _filled(x.shape, rule)


_RULES: dict[str, Callable[[Any, Sequence[Codes]], Codes]] = {
    "input": lambda op, ins: ins[0],
    "move_point": lambda op, ins: ins[0],
    "dense": lambda op, ins: _dense(op, ins[0]),
    "conv": lambda op, ins: _conv(op, ins[0]),
    "depthwise_conv": lambda op, ins: _depthwise(op, ins[0]),
    "max_pool": lambda op, ins: _pool(op, ins[0], max),
    "sum_pool": lambda op, ins: _pool(op, ins[0], sum),
    "requantize": lambda op, ins: _requantize(op, ins[0]),
    "thresholds": lambda op, ins: _thresholds(op, ins[0]),
    "mul_shift": lambda op, ins: _mul_shift(op, ins[0]),
    "add": lambda op, ins: _merge(
        ins, lambda vs: sum(s * v for s, v in zip(op.signs, vs, strict=True))
    ),
    "multiply": lambda op, ins: _merge(ins, math.prod),
    "maximum": lambda op, ins: _merge(ins, min if op.least else max),
    "across": lambda op, ins: _across(op, ins[0]),
    "argmax": lambda op, ins: _argmax(ins[0]),
    "concat": _concat,
    "edge_tables": lambda op, ins: _edge_tables(op, ins[0]),
    "edge_conv": lambda op, ins: _edge_conv(op, ins[0]),
    "reshape": lambda op, ins: _reshape(op, ins[0]),
    "permute": lambda op, ins: _permute(op, ins[0]),
    "pad": lambda op, ins: _pad(op, ins[0]),
    "crop": lambda op, ins: _crop(op, ins[0]),
    "upsample": lambda op, ins: _upsample(op, ins[0]),
    "shift_left": lambda op, ins: _filled(ins[0].shape, lambda *at: ins[0][at] * 2**op.bits),
}


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    """Compute one operation on a batch, by definition."""

    def compute(op: Op, ins: Sequence[Codes]) -> Codes:
        wide = [np.asarray(x).astype(object) for x in ins]
        return np.stack([_RULES[op.kind](op, list(sample)) for sample in zip(*wide, strict=True)])

    return compute


Draw = Callable[[Sequence[TensorType], np.random.Generator, int], list[Codes]]


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Make samples of inputs: all low, all high, ends mixed, then anything inside the intervals."""

    def one(t: TensorType, rng: np.random.Generator, count: int) -> Codes:
        made = np.empty((count, *t.shape), object)
        for sample in range(count):
            for at in np.ndindex(*t.shape):
                lo, hi = int(t.lo[at]), int(t.hi[at])
                if sample < 2:
                    made[(sample, *at)] = (lo, hi)[sample]
                elif sample % 2:
                    made[(sample, *at)] = (lo, hi)[int(rng.integers(2))]
                else:  # 96 random bits cover every interval here
                    words = int.from_bytes(rng.bytes(12), "big")
                    made[(sample, *at)] = lo + words % (hi - lo + 1)
        return made

    return lambda types, rng, count: [one(t, rng, count) for t in types]
