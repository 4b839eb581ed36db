# SPDX-License-Identifier: Apache-2.0
"""The quantizers by hand-computed codes, and every stored form that is read or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hwgen.errors import ModelError, UnsupportedQuantizer
from hwgen.frontends.qkeras.quantizers import QuantizedBits, QuantizedRelu, parse_quantizer


def code(text: str, *x: float) -> list[int]:
    return parse_quantizer(text, "layer").code(np.array(x, np.float32)).tolist()


# --- hand-computed codes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "x", "codes"),
    [
        # ties go to the even code; LSB 1/8
        (
            "quantized_bits(4,0,alpha=1)",
            [0.0625, 0.1875, 0.3125, -0.0625, -0.1875, -0.3125],
            [0, 2, 2, 0, -2, -2],
        ),
        ("quantized_bits(4,0,alpha=1)", [0.9, 5, -0.95, -1, -7], [7, 7, -8, -8, -8]),
        ("quantized_bits(4,0,1,alpha=1)", [-1, -7, 7], [-7, -7, 7]),
        ("quantized_bits(4,0,0,False)", [-0.5, 0.5, 2], [0, 8, 15]),
        ("quantized_bits(4,6)", [3, 4, 12, 1000], [0, 0, 2, 7]),
        ("quantized_bits(8,-2)", [2.0**-9, 0.5, -0.5], [1, 127, -128]),
        ("quantized_bits(1,3)", [0.0, -0.0, 1e-40, -1e-40, -1e-37], [1, 1, 1, 1, -1]),
        ("quantized_bits(1,0,0,False)", [-1, 0.25, 0.26, 9], [0, 0, 1, 1]),
        # the grid is that of alpha = 1, whatever alpha is
        ("quantized_bits(4,0,alpha=0.5)", [0.5, -3], [4, -8]),
        ("quantized_relu(4,1)", [-3, -0.0, 0.0625, 0.1875, 9], [0, 0, 0, 2, 15]),
        ("quantized_relu(4,1,negative_slope=0.25)", [-0.5, -1, -1.5, -99], [0, -1, -2, -2]),
        ("quantized_relu(4,1,negative_slope=0.25)", [0.125, 0.375, 99], [0, 2, 7]),
        ("quantized_relu(3,0,1)", [-1, 0.1, 0.125, 0.13, 0.5, 2], [0, 0, 0, 2, 4, 7]),
        ("quantized_relu(4,2,relu_upper_bound=1.5,is_quantized_clip=False)", [1, 9], [4, 6]),
        ("quantized_relu(4,2,relu_upper_bound=1.5)", [1, 9], [4, 15]),
        ("quantized_tanh(4)", [-2, -1, -0.0625, 0.0625, 0.1875, 2], [-8, -8, 0, 0, 2, 7]),
        ("quantized_tanh(4,0,1)", [-2], [-7]),
        ("quantized_sigmoid(3)", [-9, -1, 0, 0.125, 0.375, 9], [0, 0, 4, 4, 6, 7]),
        ("quantized_sigmoid(3,True)", [-9, 0], [1, 4]),
        ("binary", [0.0, -0.0, -1e-40, 3, -3], [1, 1, 1, 1, -1]),
        ("binary(use_01=1)", [0.0, -0.0, 3, -3], [1, 1, 1, 0]),
        ("ternary", [0.33, -0.33, 0.3299, 0.0, -9], [1, -1, 0, 0, -1]),
        ("ternary(alpha=4.0,threshold=0.5)", [0.5, -0.5, 0.49], [1, -1, 0]),
        # exponents -4 to 3, so codes from 2**0 to 2**7
        ("quantized_po2(4)", [0.0, -0.0, 1e-3, -1e-3, 0.7, 0.71, -1e6], [1, 1, 1, -1, 8, 16, -128]),
        ("quantized_relu_po2(2,1.0)", [-5, 0, 0.3, 0.4, 7], [1, 1, 4, 8, 16]),
        ("quantized_relu_po2(2,1.0,0.5)", [-0.5, -0.1, 0.5], [-4, -1, 8]),
    ],
)
def test_codes(text: str, x: list[float], codes: list[int]) -> None:
    assert code(text, *x) == codes


@pytest.mark.parametrize(
    ("text", "frac", "lo", "hi", "affine", "keeps_zero"),
    [
        ("quantized_bits(6,0,alpha=1)", 5, -32, 31, True, True),
        ("quantized_bits(6,2,1)", 3, -31, 31, True, True),
        ("quantized_bits(6,0,keep_negative=False)", 6, 0, 63, True, True),
        ("quantized_bits(1,0)", 0, -1, 1, False, False),
        ("quantized_relu(6,2)", 4, 0, 63, True, True),
        ("quantized_relu(6,2,negative_slope=0.125)", 3, -4, 31, False, True),
        ("quantized_relu(6,2,use_sigmoid=1)", 4, 0, 63, False, True),
        ("quantized_tanh(5)", 4, -16, 15, False, True),
        ("quantized_sigmoid(5)", 5, 0, 31, False, False),
        ("binary", 0, -1, 1, False, False),
        ("ternary", 0, -1, 1, False, True),
        ("quantized_po2(4)", 4, -128, 128, False, False),
        ("quantized_po2(4,1.0)", 8, -256, 256, False, False),
        ("quantized_relu_po2(3,1.0)", 8, 1, 256, False, False),
    ],
)
def test_facts(text: str, frac: int, lo: int, hi: int, affine: bool, keeps_zero: bool) -> None:
    q = parse_quantizer(text, "layer")
    q.check_activation("layer")
    assert (q.frac, q.lo, q.hi) == (frac, lo, hi)
    assert (q.affine, q.keeps_zero, q.monotone, q.alpha) == (affine, keeps_zero, True, 1.0)


def test_negative_slope_is_told_as_a_shift() -> None:
    q = parse_quantizer("quantized_relu(6,2,negative_slope=0.125)", "layer")
    assert (q.neg_shift, q.neg_lo) == (3, -4)
    assert parse_quantizer("quantized_relu(6,2)", "layer").neg_shift is None


def test_hard_tanh_is_affine_on_grids_that_float32_holds() -> None:
    q = parse_quantizer("quantized_tanh(8)", "layer")
    assert q.affine_for(23)
    assert not q.affine_for(24)
    # just above a tie: x/2 + 1/2 rounds in float32, and the tie goes to the even code
    assert code("quantized_tanh(8)", 2.0**-8 + 2.0**-30) == [0]
    assert code("quantized_tanh(8)", 2.0**-8 + 2.0**-22) == [1]


def test_names_are_short() -> None:
    assert str(parse_quantizer("quantized_relu(6)", "")) == "quantized_relu(6,0)"
    assert str(parse_quantizer("stochastic_ternary()", "")) == "stochastic_ternary()"
    text = "quantized_bits(4,0,1,keep_negative=False,alpha='auto',scale_axis=1)"
    assert str(parse_quantizer(text, "")) == text
    for name in ("quantized_tanh(4,symmetric=1)", "quantized_po2(4,max_value=0.5)"):
        assert str(parse_quantizer(name, "")) == name


# --- weights ----------------------------------------------------------------------------------


def test_alpha_of_a_power_of_two_moves_the_point() -> None:
    got = parse_quantizer("quantized_bits(4,0,alpha=0.25)", "w").quantize([0.5, -3.0])
    assert (got.codes.tolist(), got.frac, got.exact) == ([4, -8], 5, True)
    assert got.value().tolist() == [0.125, -0.25]


def test_other_alpha_stays_a_scale() -> None:
    got = parse_quantizer("quantized_bits(4,0,alpha=0.3)", "w").quantize([0.5, -3.0])
    assert (got.codes.tolist(), got.frac, got.exact) == ([4, -8], 3, False)
    assert got.scale == np.float32(0.3)


def test_kernel_without_alpha_is_auto_po2_and_symmetric() -> None:
    q = parse_quantizer("quantized_bits(3,0)", "w")
    assert q.for_kernel() == parse_quantizer("quantized_bits(3,0,1,alpha='auto_po2')", "w")
    w = np.array([[0.75, 24.0, 0.0], [-0.5, -16.0, 0.0], [0.25, 8.0, 0.0]])
    kernel, bias = q.quantize(w, kernel=True), q.quantize(w[:, 0])
    # channel scales 2**-2 and 2**3 share one point; the dead channel takes no part
    assert kernel.codes.tolist() == [[3, 96, 0], [-2, -64, 0], [1, 32, 0]]
    assert (kernel.frac, kernel.exact) == (2, True)
    assert kernel.raw is not None
    assert kernel.raw.codes.tolist() == [[3, 3, 0], [-2, -2, 0], [1, 1, 0]]
    np.testing.assert_array_equal(kernel.raw.value(), w)
    assert (bias.codes.tolist(), bias.frac) == ([3, -2, 1], 2)


def test_channels_far_apart_keep_their_scales() -> None:
    w = np.array([[1.0, 2.0**-25], [1.0, -(2.0**-25)]])
    got = parse_quantizer("binary(alpha='auto_po2')", "w").quantize(w)
    # 2**-25 is below the fuzz factor, which sets the scale of such a channel
    np.testing.assert_array_equal(got.value(), [[1, 2.0**-23], [1, -(2.0**-23)]])
    assert got.exact
    got = parse_quantizer("binary(alpha='auto_po2')", "w").quantize(w * [64, 1])
    assert not got.exact
    np.testing.assert_array_equal(got.scale, [[64, 2.0**-23]])
    np.testing.assert_array_equal(got.value(), [[64, 2.0**-23], [64, -(2.0**-23)]])


def test_auto_scales_by_hand() -> None:
    w = np.array([[0.9, 0.0], [-0.2, 0.0], [0.45, 0.0]])
    got = parse_quantizer("quantized_bits(3,0,1,alpha='auto')", "w").quantize(w)
    # scale 0.3 on steps of 1, kept as 1.2 on steps of 1/4; a half rounds away from zero
    assert got.codes.tolist() == [[3, 0], [-1, 0], [2, 0]]
    assert got.frac == 2
    np.testing.assert_allclose(got.scale, [[1.2, 0]], rtol=1e-6)
    got = parse_quantizer("ternary(alpha='auto')", "w").quantize(w)
    assert got.codes.tolist() == [[1, 0], [0, 0], [1, 0]]
    np.testing.assert_allclose(got.scale, [[0.675, 0]], rtol=1e-6)


def test_weights_far_outside_follow_the_float32_sum() -> None:
    """QKeras returns x + (q - x): at 1e6 the sum no longer resolves 1/128, at 1e30 nothing."""
    got = parse_quantizer("quantized_bits(8,0,alpha=1)", "w").quantize([0.5, 1e6, -1e6, 1e30])
    assert got.codes.tolist() == [64, 128, -128, 0]
    assert parse_quantizer("quantized_bits(8,0,alpha=1)", "w").limit == 2.0**17
    assert parse_quantizer("quantized_relu(8,0)", "w").quantize([1e30]).codes.tolist() == [255]


def test_po2_weights_take_the_range_they_need() -> None:
    got = parse_quantizer("quantized_po2(8)", "w").quantize([0.25, -4.0, 0.1])
    assert (got.codes.tolist(), got.frac) == ([2, -32, 1], 3)
    with pytest.raises(UnsupportedQuantizer, match=r"exponents -64 to -2;.*\(1 weight is zero\)"):
        parse_quantizer("quantized_po2(8)", "w").quantize([0.25, 0.0])
    with pytest.raises(UnsupportedQuantizer, match="2 weights lie half way"):
        parse_quantizer("quantized_po2(4)", "w").quantize([0.5, 2**0.5, 2**-1.5])


def test_undecided_scales_are_refused_and_rare() -> None:
    q = parse_quantizer("binary(alpha='auto_po2')", "w")
    with pytest.raises(UnsupportedQuantizer, match="half way between two powers"):
        q.quantize(np.full((4, 2), 2**-0.5))
    rng = np.random.default_rng(7)
    for _ in range(100):
        w = rng.normal(0, 0.2, (64, 32))
        assert parse_quantizer("quantized_bits(6,0)", "w").quantize(w, kernel=True).exact


def test_releases_that_disagree_are_refused() -> None:
    spec: dict[str, Any] = {
        "module": "qkeras.quantizers",
        "class_name": "quantized_bits",
        "config": {"bits": 2, "integer": 0, "alpha": "auto_po2", "elements_per_scale": None},
        "registered_name": "qkeras>quantized_bits",
    }
    keras_3 = parse_quantizer(spec, "w")
    keras_2 = parse_quantizer({**spec, "registered_name": None}, "w")
    settled = np.array([[0.5], [-0.5], [0.2], [0.0]])
    for q in (keras_2, keras_3):
        assert q.quantize(settled).codes.tolist() == [[1], [-1], [0], [0]]
    # five times as many weights with each octave down: every refit halves the scale
    sliding = np.repeat(2.0 ** -np.arange(8), 5 ** np.arange(8))[:, None]
    got = keras_2.quantize(sliding)
    assert (got.frac, int(got.codes.sum())) == (5, sum(5**k for k in range(6)))
    with pytest.raises(UnsupportedQuantizer, match="the scale has not settled"):
        keras_3.quantize(sliding)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_must_be_finite(bad: float) -> None:
    with pytest.raises(ModelError, match=r"fc1: the weights hold NaN or infinity"):
        parse_quantizer("quantized_bits(4)", "fc1").quantize([1.0, bad])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("quantized_bits(1,0)", "one bit leaves no level"),
        ("ternary(threshold=0.5)", "together with a threshold"),
        ("quantized_bits(4,0,1,alpha='auto',scale_axis=2)", "the tensor has 2 axes"),
    ],
)
def test_kernels_that_qkeras_cannot_compute(text: str, message: str) -> None:
    with pytest.raises(UnsupportedQuantizer, match=message):
        parse_quantizer(text, "fc1").quantize(np.ones((3, 3)), kernel=True)


def test_auto_on_a_bias_is_refused() -> None:
    with pytest.raises(UnsupportedQuantizer, match="nothing is quantized"):
        parse_quantizer("binary(alpha='auto')", "fc1").quantize([0.1, 0.2])


# --- stored forms -----------------------------------------------------------------------------

CONFIG = {
    "bits": 6,
    "integer": 1,
    "symmetric": 1,
    "alpha": 1,
    "keep_negative": True,
    "use_stochastic_rounding": False,
    "qnoise_factor": 1.0,
}


@pytest.mark.parametrize(
    "spec",
    [
        {"class_name": "quantized_bits", "config": CONFIG},
        {"class_name": "quantized_bits", "config": CONFIG, "__passive_serialization__": True},
        {"class_name": "quantized_bits", "config": {**CONFIG, "use_stochastic_rounding": 0}},
        {"class_name": "qkeras>quantized_bits", "config": CONFIG},
        {
            "module": "qkeras.quantizers",
            "class_name": "quantized_bits",
            "config": {**CONFIG, "scale_axis": None, "post_training_scale": None},
            "registered_name": "quantized_bits",
        },
        "quantized_bits(6,1,1,alpha=1)",
        " quantized_bits( 6, 1, symmetric=1, alpha=1.0 ) ",
        "quantized_bits(bits=6,integer=1,symmetric=True,keep_negative=1,alpha=True)",
        "quantized_bits(6,1,1,True,1.0,False,None,1.0,None,True,False)",
    ],
)
def test_stored_forms(spec: Any) -> None:
    want = QuantizedBits(bits=6, integer=1, symmetric=True, alpha_spec=1.0)
    assert parse_quantizer(spec, "layer") == want


def test_bare_names_and_empty_calls_take_the_defaults() -> None:
    assert parse_quantizer("quantized_relu", "a") == QuantizedRelu(bits=8, integer=0)
    for name in ("binary", "ternary", "quantized_tanh", "quantized_po2", "stochastic_binary"):
        assert parse_quantizer(name, "a") == parse_quantizer(f"{name}()", "b")
        assert parse_quantizer({"class_name": name, "config": None}, "a").name[-1] == ")"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("quantized_bit(4)", r"did you mean quantized_bits\?"),
        ("relu", "unknown quantizer 'relu'"),
        ("hard_tanh", "unknown quantizer"),
        ("bernoulli()", "random numbers at inference"),
        ("quantized_ulaw(8)", "logarithms"),
        ("quantized_hswish(8)", "two functions"),
        ("quantized_linear(8)", "QKeras 0.9 has no such quantizer"),
        ("quantized_bits(4", "cannot read"),
        ("quantized_bits(4)(5)", "cannot read"),
        ("quantized_bits(4) + 1", "cannot read"),
        ("quantized_bits(1 2)", "cannot read"),
        ("", "cannot read"),
        ("quantized_bits(" + "4," * 400 + ")", "cannot read"),
        ("quantized_bits(__import__)", "no plain number"),
        ("quantized_bits(4,0,0,1,1,0,None,1,None,1,0,7)", "12 arguments"),
        ("quantized_bits(4,bits=4)", "gives bits twice"),
        ("quantized_bits(4,colour=1)", "unknown setting colour=1"),
        ({"class_name": "quantized_bits", "config": {"elements_per_scale": 4}}, "unknown setting"),
        ({"class_name": "quantized_bits", "config": [1]}, "not a stored quantizer"),
        ({"class_name": ["quantized_bits"]}, "not a stored quantizer"),
        ([4, 0], "not a stored quantizer"),
        (7, "not a stored quantizer"),
        ("quantized_bits('x')", "bits='x', expected a finite number"),
        ("quantized_bits(1e999)", "expected a finite number"),
        ("quantized_bits(4.5)", "bits=4.5, expected an integer"),
        ("quantized_bits(0)", "expected an integer from 1 to 24"),
        ("quantized_bits(32)", "expected an integer from 1 to 24"),
        ("quantized_bits(4,0,2)", "symmetric=2, expected True or False"),
        ("quantized_bits(4,qnoise_factor=0.5)", "mixes in the unquantized value"),
        ("quantized_bits(4,alpha='1')", "alpha='1'"),
        ("quantized_bits(4,alpha=-1)", "not positive"),
        ({"class_name": "binary", "config": {"alpha": [1.0, 2.0]}}, "alpha=.1.0, 2.0."),
        ("quantized_relu(4,0,negative_slope=0.3)", "a power of two up to 1"),
        ("quantized_relu(4,0,negative_slope=0.0625)", "below one least significant bit"),
        ("quantized_relu(4,0,1,0.5)", "use_sigmoid together with negative_slope"),
        ("quantized_relu(4,0,relu_upper_bound=0.3,is_quantized_clip=False)", "not on the grid"),
        ("quantized_tanh(4,use_real_tanh=True)", "use_real_tanh"),
        ("quantized_sigmoid(4,use_real_sigmoid=True)", "use_real_sigmoid"),
        ("ternary(alpha='auto',threshold=0.5)", "QKeras stops on it"),
        ("ternary(use_stochastic_rounding=True)", "QKeras stops on it"),
        ("quantized_po2(4,log2_rounding='floor')", "last bit"),
        ("quantized_po2(4,max_value=0)", "not positive"),
        ("quantized_po2(1)", "expected an integer from 2 to 8"),
    ],
)
def test_refusals(spec: Any, message: str) -> None:
    with pytest.raises(UnsupportedQuantizer, match=message) as refusal:
        parse_quantizer(spec, "conv1")
    assert refusal.value.where == "conv1"
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("quantized_bits(4,0,1,alpha='auto')", "fits the scale to each batch"),
        ("binary(alpha='auto_po2')", "fits the scale to each batch"),
        ("quantized_bits(4,0,alpha=0.3)", "alpha=0.3 on an activation is not a power of two"),
        ("quantized_po2(8)", "at most 41"),
        ("quantized_po2(4,quadratic_approximation=1)", "odd powers of two"),
        ("quantized_relu_po2(4,max_value=1.4142135)", "half way"),
    ],
)
def test_activations_that_are_refused(text: str, message: str) -> None:
    q = parse_quantizer(text, "conv1")
    with pytest.raises(UnsupportedQuantizer, match=message) as refusal:
        q.check_activation("act3")
    assert refusal.value.where == "act3"
    assert refusal.value.hint


def test_the_whole_text_of_a_refusal() -> None:
    with pytest.raises(UnsupportedQuantizer) as refusal:
        parse_quantizer("bernoulli", "q_act_2")
    assert str(refusal.value) == (
        "q_act_2: bernoulli: it draws random numbers at inference too\n"
        "  hint: use binary() or stochastic_binary()"
    )
