# SPDX-License-Identifier: Apache-2.0
"""The numpy quantizers against QKeras 0.9 itself: the same float32 values, to the last bit."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hwgen.errors import UnsupportedQuantizer
from hwgen.frontends.qkeras.quantizers import Codes, Quantizer, parse_quantizer
from hwgen.frontends.qkeras.quantizers_base import is_po2, round_clip
from hwgen.frontends.qkeras.quantizers_scale import undecided

pytestmark = pytest.mark.keras

F32 = npt.NDArray[np.float32]

EXACT = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="session")
def qkeras() -> ModuleType:
    import qkeras

    return qkeras


def live(qkeras: ModuleType, text: str, x: F32, *, kernel: bool = False) -> tuple[F32, Any]:
    """Run the real quantizer; returns its output and the object, which then holds the scale."""
    import tensorflow as tf

    quantizer = qkeras.get_quantizer(text)
    if kernel and hasattr(quantizer, "_set_trainable_parameter"):
        quantizer._set_trainable_parameter()  # as QDense and QConv do
    return np.asarray(quantizer(tf.constant(x))), quantizer


# --- data -------------------------------------------------------------------------------------


def activations(q: Quantizer, seed: int) -> F32:
    """Ties, their float32 neighbours, both zeros, denormals, the rim of the domain, and noise."""
    rng = np.random.default_rng(seed)
    lsb = 2.0**-q.frac
    span = min(max(abs(q.lo), abs(q.hi)) + 3, 2000)
    ties = ((np.arange(-2 * span, 2 * span + 1) / 2) * lsb).astype(np.float32)
    thresholds = np.float32([0.33, 0.2, 0.5, 0.1, 0.7])  # of the ternary forms
    ties = np.concatenate([ties, thresholds, -thresholds])
    if q.neg_shift is not None:
        ties = np.concatenate([ties, ties * np.float32(2.0**q.neg_shift)])
    up, down = np.nextafter(ties, np.float32(np.inf)), np.nextafter(ties, np.float32(-np.inf))
    rim = min(q.limit, 2.0**60)
    ends = np.nextafter(np.float32(rim), np.float32(0)) * np.float32([1, -1, 0.5, -0.5, 0.75, 0.1])
    small = np.float32([0.0, -0.0, 1e-40, -1e-40, 1e-38, -1e-38, 2**-126, -(2**-126), 1e-7, -1e-7])
    noise = [rng.normal(0, s * lsb, 400) for s in (0.3, 3, 30, 3000)]
    noise += [rng.normal(0, 1, 400), np.exp(rng.uniform(-20, 10, 400)) * rng.choice([-1, 1], 400)]
    x = np.concatenate([ties, up, down, ends, small, *noise]).astype(np.float32)
    return x[np.abs(x) < q.limit]


def weights(shape: tuple[int, ...], kind: str, seed: int) -> F32:
    rng = np.random.default_rng(seed)
    w = rng.normal(0, 0.3, shape)
    if kind == "pruned":
        w[rng.random(shape) < 0.7] = 0
    elif kind == "dead channels":
        w[..., rng.random(shape[-1]) < 0.5] = 0
    elif kind == "grid":
        w = np.round(w * 64) / 64
    elif kind == "spread":
        w *= 2.0 ** rng.integers(-9, 3, shape[-1])
    elif kind == "uniform":
        w = rng.uniform(-1, 1, shape)
    elif kind == "huge":
        w[rng.random(shape) < 0.2] *= 3e6
    return w.astype(np.float32)


# --- activations ------------------------------------------------------------------------------


def _flags(*choices: str) -> st.SearchStrategy[str]:
    return st.sampled_from(choices)


BITS = st.builds(
    "quantized_bits({},{},{}{}{})".format,
    st.integers(1, 12),
    st.integers(0, 5),
    st.integers(0, 1),
    _flags("", ",keep_negative=False", ",use_stochastic_rounding=True"),
    _flags("", ",alpha=1", ",alpha=1.0", ",alpha=0.5", ",alpha=4.0", ",alpha=0.03125"),
)
RELU = st.builds(
    "quantized_relu({},{}{})".format,
    st.integers(1, 12),
    st.integers(0, 5),
    _flags(
        "", ",use_sigmoid=1", ",0,0.0,True", ",relu_upper_bound=6.0", ",is_quantized_clip=False"
    ),
) | st.builds(
    "quantized_relu({},{},relu_upper_bound={},is_quantized_clip=False)".format,
    st.integers(6, 12),
    st.integers(0, 4),
    _flags("0.5", "1.75", "6", "0", "0.25"),
)
LEAKY = st.builds(
    "quantized_relu({},{},negative_slope={}{})".format,
    st.integers(6, 12),
    st.integers(0, 4),
    _flags("0.5", "0.25", "0.125", "0.03125", "1.0"),
    _flags("", ",is_quantized_clip=False", ",relu_upper_bound=1.0,is_quantized_clip=False"),
)
SQUASH = st.builds(
    "{}({}{})".format,
    _flags("quantized_tanh", "quantized_sigmoid"),
    st.integers(1, 12),
    _flags("", ",symmetric=True", ",use_stochastic_rounding=True"),
)
SIGN = _flags(
    "binary",
    "binary()",
    "binary(alpha=1.0)",
    "binary(use_01=1)",
    "binary(1,alpha=2.0)",
    "stochastic_binary",
    "stochastic_binary(alpha=0.25)",
    "ternary",
    "ternary(alpha=1.0)",
    "ternary(alpha=0.5,threshold=0.2)",
    "ternary(threshold=0.5)",
    "ternary(threshold=0.1)",
    "stochastic_ternary(alpha=1.0)",
    "stochastic_ternary(threshold=0.7)",
)
PO2 = st.builds(
    "quantized_po2({}{}{})".format,
    st.integers(3, 6),
    _flags("", ",1.0", ",0.5", ",2.0", ",1.5", ",max_value=0.3"),
    _flags("", ",quadratic_approximation=1"),
) | st.builds(
    "quantized_relu_po2({}{}{}{})".format,
    st.integers(2, 5),
    _flags("", ",1.0", ",0.5", ",2.0", ",max_value=6"),
    _flags("", ",quadratic_approximation=1"),
    _flags("", ",negative_slope=0.25", ",negative_slope=1.0"),
)


@EXACT
@given(text=BITS | RELU | LEAKY | SQUASH | SIGN, seed=st.integers(0, 1000))
def test_activation_equals_qkeras(qkeras: ModuleType, text: str, seed: int) -> None:
    q = parse_quantizer(text, "layer")
    q.check_activation("layer")
    x = activations(q, seed)
    codes = q.code(x)
    got = np.ldexp(codes.astype(np.float64), -q.frac) * q.alpha
    want, _ = live(qkeras, text, x)
    np.testing.assert_array_equal(got, want.astype(np.float64), strict=True)
    assert q.lo == codes.min()
    assert codes.max() == q.hi or q.hi > 2000
    if q.affine:
        np.testing.assert_array_equal(codes, round_clip(x, q.frac, q.lo, q.hi))
    if q.neg_shift is not None:
        below = round_clip(x[x < 0], q.frac - q.neg_shift, q.neg_lo, 0)
        np.testing.assert_array_equal(codes[x < 0], below)
    assert q.monotone
    assert (np.diff(codes[np.argsort(x, kind="stable")]) >= 0).all()
    assert (int(q.code(np.zeros(1))[0]) == 0) == q.keeps_zero


def _decided(x: F32) -> npt.NDArray[np.bool_]:
    """Where QKeras' float32 logarithm cannot round either way."""
    magnitude = np.maximum(np.abs(x), np.float32(1e-7)).astype(np.float64)
    return ~np.any([undecided(np.log2(magnitude * slope)) for slope in (1, 0.25)], axis=0)


@EXACT
@given(text=PO2, seed=st.integers(0, 1000))
def test_power_of_two_equals_qkeras(qkeras: ModuleType, text: str, seed: int) -> None:
    q = parse_quantizer(text, "layer")
    wide = q.hi.bit_length() - 1 > 40
    if wide or "quadratic" in text:
        with pytest.raises(UnsupportedQuantizer, match=r"at most 41|odd powers"):
            q.check_activation("layer")
        return
    rng = np.random.default_rng(seed)
    steps = np.sqrt(2.0) * 2.0 ** np.arange(-34, 34)
    near = [steps * (1 + d) for d in (-1e-3, -1e-5, 1e-5, 1e-3)]
    x = np.concatenate([activations(q, seed), *near, -near[1], 2.0 ** np.arange(-34.0, 34)])
    x = rng.permutation(x.astype(np.float32))
    x = x[(np.abs(x) < q.limit) & _decided(x)]
    codes = q.code(x)
    got = np.ldexp(codes.astype(np.float64), -q.frac)
    want, _ = live(qkeras, text, x)
    np.testing.assert_array_equal(got, want.astype(np.float64))
    assert q.lo <= codes.min()
    assert q.hi >= codes.max()
    assert not q.keeps_zero
    if q.monotone:
        assert (np.diff(codes[np.argsort(x, kind="stable")]) >= 0).all()


def test_power_of_two_is_undecided_only_in_a_narrow_band(qkeras: ModuleType) -> None:
    """Where float32 cannot tell, QKeras takes one of the two neighbours: nothing worse."""
    middle = (np.sqrt(2.0) * 2.0 ** np.arange(-16, 15)).astype(np.float32).view(np.int32)
    x = (middle[:, None] + np.arange(-200, 201, dtype=np.int32)).view(np.float32).ravel()
    codes = parse_quantizer("quantized_po2(6)", "layer").code(x)
    want, _ = live(qkeras, "quantized_po2(6)", x)
    differs = np.ldexp(codes.astype(np.float64), -16) != want
    assert not (differs & _decided(x)).any()
    assert differs.any()  # else the refusal of such weights would be needless
    assert differs.sum() < 31 * 12


@pytest.mark.parametrize("text", ["quantized_bits(6,0,alpha=0.3)", "binary(alpha=0.7)"])
def test_other_alpha_gives_the_same_codes(qkeras: ModuleType, text: str) -> None:
    q = parse_quantizer(text, "layer")
    x = np.random.default_rng(0).normal(0, 1, 5000).astype(np.float32)
    want, _ = live(qkeras, text, x)
    np.testing.assert_array_equal(q.code(x), np.rint(np.ldexp(want / q.alpha, q.frac)))


# --- weights ----------------------------------------------------------------------------------

DENSE = st.sampled_from([(16, 64), (64, 32), (30, 10), (5, 3), (9, 1), (1, 1)])
CONV = st.sampled_from([(3, 3, 8, 16), (5, 5, 3, 7), (1, 1, 13, 9), (7, 6, 12)])
DEPTHWISE = st.sampled_from([(3, 3, 16, 1), (3, 3, 4, 2)])
BIAS = st.sampled_from([(64,), (7,)])
SHAPES = DENSE | CONV | DEPTHWISE | BIAS
DATA = _flags("normal", "pruned", "dead channels", "grid", "spread", "uniform", "huge")
FITTED = st.builds(
    "{}{})".format,
    _flags("quantized_bits(2,0,1", "quantized_bits(4,0,1", "quantized_bits(6,1,0")
    | _flags("quantized_bits(8,2,1", "quantized_bits(3,0,1,keep_negative=False", "binary(0")
    | _flags("binary(1", "stochastic_binary(temperature=6.0", "ternary(number_of_unrolls=3")
    | _flags("stochastic_ternary(temperature=8.0", "ternary(use_stochastic_rounding=1"),
    _flags(",alpha='auto'", ",alpha='auto_po2'", ",alpha='auto_po2'"),
)
DEFAULT = _flags("quantized_bits(4,0)", "quantized_bits(6)", "binary", "ternary()", "binary(1)")


def check_weights(qkeras: ModuleType, text: str, w: F32, *, kernel: bool) -> None:
    try:
        got = parse_quantizer(text, "layer").quantize(w, kernel=kernel)
    except UnsupportedQuantizer as refusal:
        # rare by a numpy-only test; here there is nothing to compare
        assume("half way" not in str(refusal) and "on the threshold" not in str(refusal))
        raise
    want, quantizer = live(qkeras, text, w, kernel=kernel)
    assert got.codes.shape == w.shape
    assert got.codes.dtype == np.int64
    if got.exact or is_exact_scale(got):
        np.testing.assert_array_equal(got.value(), want.astype(np.float64))
    else:
        step = np.ldexp(got.scale.astype(np.float64), -got.frac)
        live_step = np.broadcast_to(step != 0, w.shape)
        assert (want[~live_step] == 0).all()
        units = (want / np.where(step == 0, 1, step))[live_step]
        np.testing.assert_array_equal(got.codes[live_step], np.rint(units))
        assert np.abs(units - got.codes[live_step]).max(initial=0) < 1e-2
    form = got.raw or got
    if getattr(quantizer, "scale", None) is not None and np.ndim(quantizer.scale):
        scale = np.asarray(quantizer.scale)
        if scale.shape[-1] > 1 or "auto_po2" in str(quantizer):
            np.testing.assert_array_equal(form.scale, scale)
        else:
            np.testing.assert_allclose(form.scale, scale, rtol=1e-6)


def is_exact_scale(codes: Codes) -> bool:
    return all(is_po2(float(s)) for s in codes.scale.ravel())


@settings(EXACT, max_examples=600)
@given(text=FITTED, shape=SHAPES, kind=DATA, seed=st.integers(0, 10**6))
def test_fitted_scales_equal_qkeras(
    qkeras: ModuleType, text: str, shape: tuple[int, ...], kind: str, seed: int
) -> None:
    w = weights(shape, kind, seed)
    if len(shape) == 1 and "'auto'" in text and not text.startswith("quantized_bits"):
        with pytest.raises(UnsupportedQuantizer, match="nothing is quantized"):
            parse_quantizer(text, "bias").quantize(w)
        return
    check_weights(qkeras, text, w, kernel=False)


@settings(EXACT, max_examples=300)
@given(text=DEFAULT, shape=SHAPES, kind=DATA, seed=st.integers(0, 10**6))
def test_kernels_without_alpha_equal_qkeras(
    qkeras: ModuleType, text: str, shape: tuple[int, ...], kind: str, seed: int
) -> None:
    check_weights(qkeras, text, weights(shape, kind, seed), kernel=True)


@settings(EXACT, max_examples=300)
@given(
    text=BITS | LEAKY | RELU | SQUASH | SIGN,
    shape=SHAPES,
    kind=DATA,
    seed=st.integers(0, 10**6),
)
def test_plain_weights_equal_qkeras(
    qkeras: ModuleType, text: str, shape: tuple[int, ...], kind: str, seed: int
) -> None:
    """Weights up to about 1e6, where QKeras leaves its grid range, included."""
    check_weights(qkeras, text, weights(shape, kind, seed), kernel=False)


@pytest.mark.parametrize(
    "text",
    [
        "quantized_bits(8,0,alpha=1.0)",
        "quantized_bits(8,2,1,alpha=0.25)",
        "quantized_bits(12,0,keep_negative=False)",
        "quantized_relu(8,0)",
        "quantized_relu(8,0,is_quantized_clip=False)",
        "quantized_relu(10,0,negative_slope=0.125)",
        "quantized_relu(8,0,relu_upper_bound=0.5,is_quantized_clip=False)",
        "quantized_tanh(6)",
        "binary(alpha=1.0)",
        "binary(alpha='auto_po2')",
        "ternary(alpha=0.5)",
        "ternary()",
        "quantized_po2(4,0.25)",
        "quantized_relu_po2(3,0.25)",
        "quantized_relu_po2(3,0.25,1.0)",
        "quantized_bits(4,0,1,alpha='auto_po2')",
    ],
)
@pytest.mark.parametrize("size", [1e3, 1e6, 1e12, 1e30])
def test_weights_far_outside_equal_qkeras(qkeras: ModuleType, text: str, size: float) -> None:
    """Where x + (q - x) loses digits, or all of q."""
    w = np.random.default_rng(1).normal(0, 1, (200, 3)).astype(np.float32)
    w[::3] *= np.float32(size)
    check_weights(qkeras, text, w, kernel=False)


@settings(EXACT, max_examples=300)
@given(text=PO2, shape=SHAPES, kind=DATA, seed=st.integers(0, 10**6))
def test_power_of_two_weights_equal_qkeras(
    qkeras: ModuleType, text: str, shape: tuple[int, ...], kind: str, seed: int
) -> None:
    w = weights(shape, kind, seed)
    check_weights(qkeras, text, w, kernel=True)


@pytest.mark.parametrize("alpha", ["auto", "auto_po2"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_scale_axis_equals_qkeras(qkeras: ModuleType, alpha: str, axis: int) -> None:
    text = f"quantized_bits(4,0,1,alpha='{alpha}',scale_axis={axis})"
    check_weights(qkeras, text, weights((6, 5, 4), "normal", axis), kernel=False)


@pytest.mark.parametrize("alpha", ["auto", "auto_po2"])
@pytest.mark.parametrize("name", ["quantized_bits(6,0,1,", "ternary(", "binary("])
def test_large_kernels_equal_qkeras(qkeras: ModuleType, name: str, alpha: str) -> None:
    """More than 100,000 codes in one tensor, so that long sums are covered."""
    w = weights((1024, 100), "pruned", 5)
    check_weights(qkeras, f"{name}alpha='{alpha}')", w, kernel=False)
    w = weights((3, 3, 128, 96), "spread", 6)
    check_weights(qkeras, f"{name}alpha='{alpha}')", w, kernel=True)


def test_scale_that_has_not_settled_equals_qkeras(qkeras: ModuleType) -> None:
    """Every refit halves the scale, so the stored scale and the codes are of different fits."""
    w = np.repeat(2.0 ** -np.arange(8), 5 ** np.arange(8)).astype(np.float32)[:, None]
    check_weights(qkeras, "quantized_bits(2,0,1,alpha='auto_po2')", w, kernel=False)
    check_weights(qkeras, "ternary(alpha='auto_po2')", w, kernel=False)


# --- what is stored ---------------------------------------------------------------------------


@EXACT
@given(text=BITS | SQUASH | SIGN | PO2 | FITTED | LEAKY)
def test_stored_configuration_reads_like_the_call(qkeras: ModuleType, text: str) -> None:
    if "is_quantized_clip" in text:
        text = text[: text.index(",is_quantized") if "upper" not in text else text.index(",relu_u")]
        text += ")"
    quantizer = qkeras.get_quantizer(text)
    spec = {"class_name": type(quantizer).__name__, "config": quantizer.get_config()}
    stored = {**spec, "module": "qkeras.quantizers", "registered_name": spec["class_name"]}
    assert parse_quantizer(spec, "a") == parse_quantizer(text, "b")
    assert parse_quantizer(stored, "a") == parse_quantizer(text, "b")
