# SPDX-License-Identifier: Apache-2.0
"""Convolutions, pools and matrices of any geometry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen.errors import ModelError
from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import TensorType, int_array
from hwgen.logic.builder import Builder, Logic
from hwgen.logic.evaluate import evaluate
from hwgen.ops import Conv, Dense, DepthwiseConv, MaxPool, SumPool
from hwgen.ops.exact_dtype import carrier, cast

QUICK = settings(derandomize=True, deadline=None, database=None, max_examples=60)


@st.composite
def geometry(draw, dilated: bool = True):
    """Return a spatial shape and a window that fits it."""
    rank = draw(st.integers(1, 2))
    top = 9 if rank == 1 else 5
    shape, kernel, strides, padding, dilation = [], [], [], [], []
    for _ in range(rank):
        n = draw(st.integers(1, top))
        pads = (draw(st.integers(0, 3)), draw(st.integers(0, 3)))
        d = draw(st.integers(1, 3)) if dilated else 1
        k = draw(st.integers(1, max(1, min(4, (n + sum(pads) - 1) // d + 1))))
        shape.append(n)
        kernel.append(k)
        strides.append(draw(st.integers(1, 3)))
        padding.append(pads)
        dilation.append(d)
    return tuple(shape), tuple(kernel), tuple(strides), tuple(padding), tuple(dilation)


def intervals(rng, shape, peak=20):
    ends = np.sort(rng.integers(-peak, peak, (2, *shape)), axis=0)
    return TensorType.covering(shape, 3, *ends)


def check(op, t, oracle, draw, rng):
    out = op.infer([t])
    (x,) = draw([t], rng, 6)
    want = oracle(op, [x])
    dtype = carrier(max(op.bound([t], out), t.peak, out.peak))
    assert np.array_equal(op.run([cast(x, dtype)]), want)
    assert np.all(want >= out.lo)
    assert np.all(want <= out.hi)
    return out, x, want


def check_logic(op, t, x, want):
    b = Builder()
    ends = zip(t.lo.ravel(), t.hi.ravel(), strict=True)
    wires = [b.input("x", i, int(lo), int(hi)) for i, (lo, hi) in enumerate(ends)]
    y = op.lower(b, [np.array(wires).reshape(t.shape)])
    got = evaluate(Logic.of(b, [("y", y.ravel())]), {"x": x.astype(np.int64)}, check=True)["y"]
    assert np.array_equal(got, want.reshape(len(x), -1))


@QUICK
@given(geometry(), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**32))
def test_conv(oracle, draw, geometry, c_in, c_out, seed):
    rng = np.random.default_rng(seed)
    shape, kernel, strides, padding, dilation = geometry
    weight = rng.integers(-9, 10, (*kernel, c_in, c_out)) * (
        rng.random((*kernel, c_in, c_out)) < 0.7
    )
    op = Conv(weight, rng.integers(-50, 50, c_out), strides, padding, dilation)
    t = intervals(rng, (*shape, c_in))
    out, x, want = check(op, t, oracle, draw, rng)
    if want[0].size * weight.size <= 600:
        check_logic(op, t, x, want)
    # The element most in doubt: somewhere in the middle, at its least and greatest.
    place = tuple(n // 2 for n in out.shape)
    zero, one = np.zeros(t.shape, object), op.run([np.zeros((1, *t.shape), object)])[0][place]
    for sign, end in ((1, out.hi), (-1, out.lo)):
        best = t.lo.astype(object)
        for at in np.ndindex(*t.shape):
            unit = zero.copy()
            unit[at] = 1
            slope = op.run([unit[None]])[0][place] - one
            best[at] = int(t.hi[at] if slope * sign > 0 else t.lo[at])
        assert op.run([best[None]])[0][place] == end[place]


@QUICK
@given(geometry(), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**32))
def test_depthwise_conv(oracle, draw, geometry, c_in, mult, seed):
    rng = np.random.default_rng(seed)
    shape, kernel, strides, padding, dilation = geometry
    weight = rng.integers(-9, 10, (*kernel, c_in, mult))
    op = DepthwiseConv(weight, rng.integers(-50, 50, c_in * mult), strides, padding, dilation)
    t = intervals(rng, (*shape, c_in))
    _, x, want = check(op, t, oracle, draw, rng)
    if want[0].size * weight.size <= 600:
        check_logic(op, t, x, want)


@QUICK
@given(geometry(dilated=False), st.integers(1, 2), st.booleans(), st.integers(0, 2**32))
def test_pools(oracle, draw, geometry, channels, largest, seed):
    rng = np.random.default_rng(seed)
    shape, kernel, strides, padding, _ = geometry
    op = (MaxPool if largest else SumPool)(kernel, strides, padding)
    t = intervals(rng, (*shape, channels))
    if largest and not op.window.covered(shape).all():
        with pytest.raises(ModelError, match="hold no element"):
            op.infer([t])
        return
    check_logic(op, t, *check(op, t, oracle, draw, rng)[1:])


@QUICK
@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 70), st.integers(0, 2**32))
def test_dense_of_any_width(oracle, draw, n_in, n_out, bits, seed):
    # Bounds sweep across every carrier's limit; the corners of `draw` sit on the bound itself.
    rng = np.random.default_rng(seed)
    weight = rng.integers(-7, 8, (n_in, n_out)).astype(object) << bits // 2
    bias = rng.integers(-9, 10, n_out).astype(object) << bits
    t = TensorType.of((2, n_in), Fixed(bits // 2 + 2, 0, True))
    op = Dense(weight, bias)
    out, _, _ = check(op, t, oracle, draw, rng)
    low, high = t.lo[0].astype(object), t.hi[0].astype(object)
    for j in range(n_out):
        for flip, end in ((False, out.hi), (True, out.lo)):
            best = np.where((weight[:, j] > 0) != flip, high, low)
            assert sum(best * weight[:, j]) + bias[j] == end[0, j] == end[1, j]


@pytest.mark.parametrize(
    ("bits", "below", "at"),
    [(24, "float32", "float64"), (53, "float64", "int64"), (62, "int64", "object")],
)
def test_a_carrier_is_left_before_it_loses_a_unit(bits, below, at):
    assert carrier((1 << bits) - 1) == below
    assert carrier(1 << bits) == at
    # One more than the limit is where a float loses the unit (an int64 sum would be safe still).
    last = np.array([(1 << bits) - 1, -(1 << bits) + 1], object)
    assert np.array_equal(cast(cast(last, np.dtype(below)), np.dtype(object)), last)
    if below != "int64":
        assert int(np.dtype(below).type((1 << bits) + 1)) != (1 << bits) + 1


def test_a_bound_just_below_the_limit_is_still_exact_in_float32():
    weight = int_array([[(1 << 12) - 1, -((1 << 12) - 1)]])
    op = Dense(weight, int_array([1, -1]))
    t = TensorType.covering((1,), 0, -(1 << 12) + 1, (1 << 12) - 1)
    bound = op.bound([t], op.infer([t]))
    assert carrier(bound) == np.float32
    x = np.arange(-(1 << 12) + 1, 1 << 12)[:, None]
    want = x * weight + op.bias
    assert np.array_equal(op.run([x.astype(np.float32)]), want)


@pytest.mark.parametrize(
    "op",
    [
        Dense(np.ones((2, 3), int), np.zeros(3, int), 4),
        Conv(np.ones((1, 2, 3), int), np.zeros(3, int), frac=4),
        DepthwiseConv(np.ones((1, 2, 1), int), np.zeros(2, int), frac=4),
        SumPool((1,), gain=4),
    ],
)
def test_fraction_bits_of_weights_add_to_the_inputs(op):
    t = TensorType.of((5, 2), Fixed(4, -1, True))
    assert op.infer([t]).frac == 3
    assert type(op)(*(getattr(op, n) for n in op.__dataclass_fields__)) == op


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Dense(np.zeros((2, 3), int), np.zeros(2, int)), "bias of shape"),
        (lambda: Dense(np.zeros(3, int), np.zeros(3, int)), "no matrix"),
        (lambda: Conv(np.zeros((3, 1), int), np.zeros(1, int)), "no 1-D or 2-D kernel"),
        (lambda: Conv(np.ones((3, 1, 1), int), np.zeros(1, int), (0,)), "strides"),
        (lambda: Conv(np.ones((3, 1, 1), int), np.zeros(1, int), (1, 1)), "strides"),
        (lambda: Conv(np.ones((3, 1, 1), int), np.zeros(1, int), (1,), ((-1, 0),)), "padding"),
        (lambda: Conv(np.ones((3, 1, 1), int), np.zeros(1, int), dilation=(0,)), "dilation"),
        (lambda: DepthwiseConv(np.ones((3, 2, 2), int), np.zeros(2, int)), "bias of shape"),
        (lambda: MaxPool(()), "spatial rank"),
        (lambda: SumPool((2,), (1,), ((0, 0), (0, 0))), "padding"),
    ],
)
def test_unfit_fields_are_model_errors(make, said):
    with pytest.raises(ModelError, match=said) as error:
        make()
    assert error.value.hint


@pytest.mark.parametrize(
    ("op", "shape", "said"),
    [
        (Dense(np.ones((2, 3), int), np.zeros(3, int)), (3,), "rows of weights"),
        (Conv(np.ones((3, 1, 1), int), np.zeros(1, int)), (3,), "1-D kernel"),
        (Conv(np.ones((3, 1, 1), int), np.zeros(1, int)), (3, 2), "1 channels"),
        (Conv(np.ones((3, 1, 1), int), np.zeros(1, int)), (2, 1), "no window"),
        (DepthwiseConv(np.ones((3, 2, 1), int), np.zeros(2, int)), (3, 3), "2 channels"),
        (MaxPool((2, 2)), (4, 1), "2-D window"),
        (SumPool((5,)), (4, 1), "no window"),
    ],
)
def test_unfit_inputs_are_model_errors(op, shape, said):
    with pytest.raises(ModelError, match=said) as error:
        op.infer([TensorType.of(shape, Fixed(4))])
    assert error.value.hint
