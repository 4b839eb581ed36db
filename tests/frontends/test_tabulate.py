# SPDX-License-Identifier: Apache-2.0
"""Float32 steps and a quantizer as integer operations: equal at every integer of the interval."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from hwgen.errors import UnsupportedLayer
from hwgen.frontends.exact.staircase import Table, changes, staircase, tabulate
from hwgen.frontends.exact.steps import Affine, Divide, Normalise, Rectify, Step, Value, f32
from hwgen.frontends.qkeras.quantizers import parse_quantizer
from hwgen.ir.tensor import TensorType
from hwgen.ops.mulshift import MulShift
from hwgen.ops.requantize import Requantize
from hwgen.ops.thresholds import Thresholds
from tests.calls import calls_of

I64 = npt.NDArray[np.int64]


def run(table: Table, x: I64) -> I64:
    """Apply the operations as the converter connects them."""
    made = table.stages[0].run([x])
    if table.correction is not None:
        made = made + table.correction.run([x])
    for op in table.stages[1:]:
        made = op.run([made])
    return np.asarray(made, np.int64)


def every_code(value: Value) -> I64:
    """Return all codes of the widest interval, clipped to each channel's own."""
    lo, hi = value.type.lo, value.type.hi
    x = np.arange(int(lo.min()), int(hi.max()) + 1)
    return np.clip(x.reshape(-1, *[1] * lo.ndim), lo, hi)


def prove(value: Value, quantizer: str) -> Table:
    """Compare with the float32 function on every code; return what was found."""
    q = parse_quantizer(quantizer, "layer")
    table = tabulate(value, q.code, q.frac, "layer")
    x = every_code(value)
    np.testing.assert_array_equal(run(table, x), q.code(value.evaluate(x)))
    return table


def normalised(channels: int, span: int, seed: int, form: str = "plain", frac: int = 10) -> Value:
    """Return accumulators behind a batch normalisation as a trained one: about unit variance."""
    rng = np.random.default_rng(seed)
    lo, hi = -rng.integers(span // 2, span, channels), rng.integers(span // 2, span, channels)
    unit = span / 3 * 2.0**-frac
    step = Normalise(
        f32(1 / np.sqrt(rng.uniform(0.5, 2, channels)) / unit),
        f32(rng.choice([-1, 1], channels) * rng.uniform(0.3, 1.5, channels)),
        f32(rng.normal(0, 1, channels)),
        f32(rng.normal(0, unit, channels)),
        form,  # type: ignore[arg-type]
    )
    return Value("acc", TensorType.covering((channels,), frac, lo, hi), (step,))


LOW = [
    "binary",
    "ternary",
    "quantized_relu(4,1)",
    "quantized_bits(8,2,alpha=1)",
    "quantized_po2(5)",
]
HIGH = [
    "quantized_bits(9,2,alpha=1)",
    "quantized_relu(10,2)",
    "quantized_bits(12,3,alpha=1)",
    "quantized_bits(16,3,alpha=1)",
    "quantized_sigmoid(10)",
    "quantized_tanh(11)",
]


@pytest.mark.parametrize("quantizer", LOW)
@pytest.mark.parametrize("form", ["plain", "fused", "centred"])
def test_thresholds_equal_the_float_function(quantizer: str, form: str) -> None:
    for seed in range(4):
        table = prove(normalised(6, 1500, seed, form), quantizer)
        assert [type(op) for op in table.stages] == [Thresholds]
        assert table.correction is None


@pytest.mark.parametrize("quantizer", HIGH)
@pytest.mark.parametrize("form", ["plain", "fused"])
def test_multiply_shift_equals_the_float_function(quantizer: str, form: str) -> None:
    for seed in range(4):
        table = prove(normalised(6, 3000, seed, form), quantizer)
        assert isinstance(table.stages[0], MulShift)


def test_corrections_are_few_and_found() -> None:
    """Where float32 rounding moves an edge off every line, that code alone is corrected."""
    sizes = []
    for seed in range(6):
        table = prove(normalised(8, 6000, seed), "quantized_bits(12,3,alpha=1)")
        sizes.append(0 if table.correction is None else table.correction.thresholds.shape[-1])
    assert 0 < max(sizes) < 30


def test_saturating_and_constant_rows() -> None:
    kind = TensorType.covering((5,), 0, [-400, -400, 100, -9, 7], [400, 400, 400, 9, 7])
    step = Affine(mul=f32([30, -0.25, 50, 0, 3]), add=f32([3, -2, 0.5, 1.5, 0.1]))
    for quantizer in (*LOW[1:4], "quantized_bits(12,9,alpha=1)", "quantized_relu(11,8)"):
        prove(Value("acc", kind, (step,)), quantizer)
    flat = Value("acc", kind, (Affine(mul=f32(0.0)),))
    (op,) = prove(flat, "quantized_relu(4,1)").stages
    assert isinstance(op, Thresholds)
    assert op.thresholds.shape[-1] == 0


@pytest.mark.parametrize(
    "steps",
    [
        (Divide(f32(9)),),
        (Divide(f32(6)), Affine(mul=f32(6)), Affine(mul=f32(0.171875))),
        (Rectify(0.3),),
        (Rectify(0.25, 3.7),),
        (Affine(add=f32(0.123)), Rectify()),
        (Affine(mul=f32(0.3), add=f32(0.123)), Rectify(0.1)),
    ],
)
def test_other_steps(steps: tuple[Step, ...]) -> None:
    value = Value("acc", TensorType.covering((2,), 5, [-700, -30], [650, 900]), steps)
    for quantizer in (*LOW[:4], "quantized_relu(5,2,negative_slope=0.25)"):
        prove(value, quantizer)


@pytest.mark.parametrize("quantizer", ["quantized_sigmoid(10)", "quantized_tanh(12)"])
@pytest.mark.parametrize("frac", [9, 12, 14])
def test_ties_become_a_rounding_stage(quantizer: str, frac: int) -> None:
    """On an exact grid halves go to even, which no floor of a line does."""
    bound = 3 << frac
    table = prove(Value("acc", TensorType.covering((1,), frac, -bound, bound)), quantizer)
    if frac > 12:
        assert [type(op) for op in table.stages] == [MulShift, Requantize]


def test_parameters_per_element() -> None:
    rng = np.random.default_rng(4)
    kind = TensorType.covering(
        (3, 2), 4, rng.integers(-90, -9, (3, 2)), rng.integers(9, 90, (3, 2))
    )
    step = Affine(mul=f32(rng.normal(0, 1, (3, 2))), add=f32(rng.normal(0, 1, 2)))
    for quantizer in LOW:
        prove(Value("acc", kind, (step,)), quantizer)


@pytest.mark.parametrize("seed", range(5))
def test_bisection_finds_what_enumeration_finds(seed: int) -> None:
    value = normalised(4, 900, seed)
    q = parse_quantizer("quantized_bits(6,2,alpha=1)", "layer")
    stairs = staircase(value, q.code, "layer")
    for row in range(4):
        x = np.arange(int(value.type.lo[row]), int(value.type.hi[row]) + 1)
        one = np.zeros((len(x), 4), np.int64)
        one[:, row] = x
        out = q.code(value.evaluate(one))[:, row]
        edges = np.flatnonzero(np.diff(out)) + 1
        np.testing.assert_array_equal(stairs.edges[row], x[edges])
        np.testing.assert_array_equal(stairs.values[row], np.append(out[0], out[edges]))


def test_long_intervals_are_searched_not_enumerated() -> None:
    kind = TensorType.covering((2,), 20, -(1 << 45), 1 << 45)
    value = Value("acc", kind, (Affine(mul=f32([1e-7, -3e-7]), add=f32(0.3)),))
    q = parse_quantizer("quantized_bits(6,2,alpha=1)", "layer")
    stairs = staircase(value, q.code, "layer")
    for edges, values in zip(stairs.edges, stairs.values, strict=True):
        row = 0 if values[-1] > values[0] else 1
        for at, want in ((edges - 1, values[:-1]), (edges, values[1:])):
            both = np.stack([at, at], axis=1)
            np.testing.assert_array_equal(q.code(value.evaluate(both))[:, row], want)


def test_powers_of_two_with_wide_codes() -> None:
    """Few edges, but values beyond 2**30: searched by edge, not by level."""
    kind = TensorType.covering((1,), 24, -(1 << 20), 1 << 26)
    table = prove_sampled(Value("acc", kind, (Affine(mul=f32(0.7)),)), "quantized_po2(6)")
    assert isinstance(table.stages[0], Thresholds)


def prove_sampled(value: Value, quantizer: str) -> Table:
    q = parse_quantizer(quantizer, "layer")
    table = tabulate(value, q.code, q.frac, "layer")
    lo, hi = int(value.type.lo.min()), int(value.type.hi.max())
    x = np.unique(np.concatenate([np.geomspace(1, hi, 4000), -np.geomspace(1, -lo, 4000), [0]]))
    x = np.clip(x.astype(np.int64), lo, hi).reshape(-1, 1)
    np.testing.assert_array_equal(run(table, x), q.code(value.evaluate(x)))
    return table


def test_no_line_is_refused_with_reason_and_way_out() -> None:
    kind = TensorType.covering((1,), 8, -(1 << 13), 1 << 13)
    bent = Value("acc", kind, (Rectify(0.3),))
    q = parse_quantizer("quantized_bits(12,5,alpha=1)", "fc1")
    with pytest.raises(UnsupportedLayer) as caught:
        tabulate(bent, q.code, q.frac, "fc1 (QActivation)")
    assert str(caught.value).startswith("fc1 (QActivation): ")
    assert "no integer multiply-shift equals the float32 function" in str(caught.value)
    assert "at most 8 bits" in caught.value.hint


def test_too_wide_accumulators_are_refused() -> None:
    kind = TensorType.covering((1,), 0, -(1 << 70), 1 << 70)
    q = parse_quantizer("binary", "fc1")
    with pytest.raises(UnsupportedLayer, match="too wide to tabulate"):
        tabulate(Value("acc", kind), q.code, q.frac, "fc1")


def test_fitting_is_quick() -> None:
    value = normalised(64, 16000, 1)
    q = parse_quantizer("quantized_relu(12,2)", "layer")
    table = tabulate(value, q.code, q.frac, "layer")

    def again() -> None:
        assert tabulate(value, q.code, q.frac, "layer") == table
        changes(value, q.code, "layer")

    assert calls_of(again) < 250_000  # a quarter of that today, an eighth of a second
    assert isinstance(table.stages[0], MulShift)


@pytest.mark.parametrize("seed", range(8))
def test_typical_batch_normalisation_with_ten_bits(seed: int) -> None:
    q = parse_quantizer("quantized_relu(10,2)", "layer")
    table = tabulate(normalised(32, 20000, seed), q.code, q.frac, "layer")
    assert isinstance(table.stages[-1], MulShift)


def test_changes_counts_edges_on_a_last_bit() -> None:
    q = parse_quantizer("quantized_relu(3,1)", "layer")
    ones = f32([1.0])
    kind = TensorType.covering((1,), 4, -100, 100)
    # Thresholds at odd multiples of 1/8 exactly: a last bit more or less decides each of them.
    edge = Normalise(ones, ones, f32([0.0]), f32([0.0]))
    moved, edges = changes(Value("acc", kind, (edge,)), q.code, "layer")
    assert edges == 7
    assert moved == 7
    off = Normalise(ones, ones, f32([0.03]), f32([0.0]))
    assert changes(Value("acc", kind, (off,)), q.code, "layer") == (0, 7)
    assert changes(Value("acc", kind, (Affine(mul=ones),)), q.code, "layer") == (0, 7)
