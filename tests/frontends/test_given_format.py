# SPDX-License-Identifier: Apache-2.0
"""Given formats: rounded chains against rational arithmetic, patterns, and every refusal."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from hwgen.api.samples import to_codes
from hwgen.errors import ConfigError, ModelProblems, UnsupportedLayer
from hwgen.frontends.exact.builder import ExactBuilder, Origin
from hwgen.frontends.exact.given_format import factor_bits, round_to
from hwgen.frontends.exact.steps import (
    CURVES,
    Affine,
    Curve,
    Divide,
    Leak,
    Normalise,
    Rectify,
    Step,
    f32,
)
from hwgen.frontends.formats import parse_rules, rule_of
from hwgen.frontends.options import Options, options
from hwgen.frontends.qkeras.convert import convert
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Output
from hwgen.ops.input_ import Input
from hwgen.ops.reference import run_reference
from hwgen.ops.serial import graph_from_json, graph_to_json
from tests.frontends.test_convert import (
    act,
    dense,
    functional,
    kernel,
    layer,
    model,
    norm,
    problems,
)

WIDTH = 3
GRID = "quantized_bits(8,3,1,alpha=1)"
AT = Origin("z", "z (Layer)")


def factor(value: float, bits: int) -> Fraction:
    """Round to significant bits, halves to even, by rational arithmetic."""
    exact = Fraction(value)
    if not exact:
        return exact
    power = 0
    while abs(exact) * Fraction(2) ** power >= 2**bits:
        power -= 1
    while abs(exact) * Fraction(2) ** power < 2 ** (bits - 1):
        power += 1
    return Fraction(round(exact * Fraction(2) ** power)) / Fraction(2) ** power


def apply(step: Step, x: Fraction, channel: int, bits: int) -> Fraction:
    def of(array: Any) -> float:
        return float(np.broadcast_to(array, (WIDTH,))[channel])

    if isinstance(step, Affine):
        x = x if step.mul is None else x * factor(of(step.mul), bits)
        return x if step.add is None else x + Fraction(of(step.add))
    if isinstance(step, Normalise):
        assert step.total is not None
        scale = float(np.float64(of(step.gamma)) / np.sqrt(np.float64(of(step.total))))
        return (x - Fraction(of(step.mean))) * factor(scale, bits) + Fraction(of(step.beta))
    if isinstance(step, Divide):
        return x * factor(1.0 / of(step.count), bits)
    if isinstance(step, Leak):
        return x if x >= 0 else x * factor(of(step.slope), bits)
    assert isinstance(step, Rectify)
    if x >= 0:
        return min(x, Fraction(step.ceiling)) if np.isfinite(step.ceiling) else x
    return x * factor(float(np.float32(step.slope)), bits)


def random_step(rng: np.random.Generator) -> Step:
    def floats(low: float, high: float) -> Any:
        return f32(rng.uniform(low, high, WIDTH))

    total = floats(0.01, 3)
    return (
        Affine(floats(-2, 2), floats(-3, 3)),
        Affine(None, f32(rng.integers(-9, 9, WIDTH) / 16)),
        Affine(f32(rng.choice([0.25, 0.3, 0.0, -1.5])), None),
        Normalise(
            f32(1 / np.sqrt(total)), floats(-2, 2), floats(-1, 1), floats(-1, 1), total=total
        ),
        Divide(f32(rng.choice([3, 4, 9, 49]))),
        Rectify(),
        Rectify(ceiling=float(rng.choice([1.0, 0.3, 6.0]))),
        Rectify(slope=float(rng.choice([0.3, 0.125, 1.5]))),
        Rectify(slope=0.01, ceiling=2.0),
        Leak(floats(-0.5, 1.5)),
    )[int(rng.integers(10))]


@pytest.mark.parametrize("seed", range(120))
def test_a_rounded_chain_is_what_rational_arithmetic_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frac = int(rng.integers(-2, 12))
    fixed = Fixed(int(rng.integers(2, 17)), int(rng.integers(-3, 13)), bool(rng.integers(2)))
    b = ExactBuilder("m", "Keras")
    source = Fixed(int(rng.integers(3, 10)), frac, True)
    lo, hi = np.array(source.lo), np.array(source.hi)
    value = b.emit("x", Input((WIDTH,), source, lo, hi), [], AT)
    for _ in range(int(rng.integers(0, 4))):
        value = value.after(random_step(rng))
    done = round_to(b, value, fixed, AT, "z_fmt")
    assert not done.steps
    b.notes.clear()
    graph = b.graph("m", [Output("y", done.node, (1.0,))])
    codes = np.arange(source.lo, source.hi + 1)
    found = run_reference(graph, {"x": np.repeat(codes[:, None], WIDTH, 1)})["y"]
    for row, code in enumerate(codes):
        for channel in range(WIDTH):
            x = Fraction(int(code)) / Fraction(2) ** frac
            for step in value.steps:
                x = apply(step, x, channel, factor_bits(fixed))
            wanted = min(max(round(x * Fraction(2) ** fixed.frac), fixed.lo), fixed.hi)
            got = Fraction(int(found[row, channel])) / Fraction(2) ** done.type.frac
            assert got * Fraction(2) ** fixed.frac == wanted, (code, channel, value.steps)


@pytest.mark.parametrize("kind", sorted(CURVES))
def test_a_curve_becomes_a_table(kind: str) -> None:
    b = ExactBuilder("m", "Keras")
    source = Fixed(9, 5, True)
    x = b.emit("x", Input((1,), source, np.array(source.lo), np.array(source.hi)), [], AT)
    fixed = Fixed(8, 5, True)
    done = round_to(b, x.after(Curve(kind)), fixed, AT, "z_fmt")
    graph = b.graph("m", [Output("y", done.node, (1.0,))])
    codes = np.arange(source.lo, source.hi + 1)
    found = run_reference(graph, {"x": codes[:, None]})["y"][:, 0]
    exact = CURVES[kind](codes / 32)
    assert np.array_equal(found, np.clip(np.rint(exact * 32), fixed.lo, fixed.hi))
    with pytest.raises(UnsupportedLayer, match="256 levels at most") as caught:
        round_to(b, x.after(Curve(kind)), Fixed(9, 5, True), AT, "w")
    assert "--format z=s8.5" in caught.value.hint


# --- rules ------------------------------------------------------------------------------------


def test_a_name_goes_before_a_pattern_and_a_later_pattern_before_an_earlier_one() -> None:
    rules = parse_rules(["*=s16.9", "bn?=s8.4", "bn1=u4.2"], "--format")
    assert [str(rule_of(rules, (n,))[0]) for n in ("bn1", "bn2", "fc")] == ["u4.2", "s8.4", "s16.9"]  # type: ignore[index]
    assert rule_of({}, ("bn1",)) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["bn=s8"], "'s8' is no number format"),
        (["s8.4"], "'s8.4' names no layer"),
        (["bn=s8.4", "bn=s9.4"], "two formats for bn"),
        (["bn=s80.4"], "s80.4 is out of range"),
        (["bn=s8", "=u3.1"], "'s8' is no number format; 'u3.1' names no layer"),
    ],
)
def test_rules_that_are_none(given: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        options(formats=given)
    assert "--format LAYER=s16.9" in caught.value.hint


def opts(*formats: str, weights: tuple[str, ...] = (), x: str = "s8.4") -> Options:
    return options(x, formats=formats, weight_formats=weights)


def net() -> Any:
    layers = (
        dense("fc", q=None), layer("BatchNormalization", "bn"), layer("ReLU", "r"),
        layer("Dropout", "d", rate=0.1), dense("top"),
    )  # fmt: skip
    return model(*layers, weights={"fc": kernel(4, 3), "bn": norm(3), "top": kernel(3, 2)})


@pytest.mark.parametrize(
    ("formats", "weights", "said"),
    [
        (("bm=s8.4",), (), "no layer 'bm'"),
        (("x=s8.4",), (), "x is an input of the network"),
        (("act=s8.4",), (), "has a quantizer of its own, quantized_bits"),
        ((), ("bn=s8.4",), "bn .BatchNormalization. has no kernel"),
        ((), ("top=s8.4",), "top .QDense. quantizes its kernel itself"),
        (("q*=s8.4",), (), "no layer of the model matches 'q.'"),
        (("bm=s8.4",), ("gone*=s8.4",), "'bm'; --weight-format: no layer of the model matches 'g"),
    ],
)
def test_formats_that_cannot_be_applied(
    formats: tuple[str, ...], weights: tuple[str, ...], said: str
) -> None:
    m = model(
        dense("fc"), layer("BatchNormalization", "bn"), act("act", GRID), dense("top"),
        weights={"fc": kernel(4, 3), "bn": norm(3), "top": kernel(3, 2)},
    )  # fmt: skip
    with pytest.raises(ConfigError, match=said) as caught:
        convert(m, opts(*formats, weights=weights))
    assert caught.value.hint


def test_a_pattern_rounds_once_behind_what_goes_together() -> None:
    graph = convert(net(), opts("*=s12.6", weights=("*=s8.6",)))
    rounded = [n.name for n in graph.nodes if n.name.endswith("_fmt")]
    assert rounded == ["r_fmt", "top_fmt"]
    assert any(n.startswith("r, top: rounded to s12.6, as given") for n in graph.notes)
    named = convert(net(), opts("bn=s12.6", "r=s12.6", weights=("fc=s8.6",)))
    assert [n.name for n in named.nodes if n.name.endswith("_fmt")] == ["bn_fmt", "r_fmt"]


def test_what_the_hints_say_leads_to_a_build() -> None:
    first = problems(net())
    assert [p.where for p in first] == ["fc (QDense)", "bn (BatchNormalization)"]
    assert "--weight-format '*=s16.12' --format '*=s16.9'" in first[0].hint
    assert "--format bn=s16.9" in first[1].hint
    assert convert(net(), opts("*=s16.9", weights=("*=s16.12",)))
    assert convert(net(), opts("bn=s16.9", weights=("fc=s16.12",)))


def test_weights_that_saturate_are_told() -> None:
    graph = convert(net(), opts("bn=s16.9", weights=("fc=s4.4",)))
    count = int(np.count_nonzero(np.rint(kernel(4, 3)["kernel"] * 16) > 7))
    assert count
    assert f"fc: saturated in s4.4: {count} of 12 weights" in graph.notes


def test_pruned_zeros_stay_zero() -> None:
    weights = {"fc": {**kernel(4, 3)}}
    weights["fc"]["kernel"] = weights["fc"]["kernel"] * (np.arange(12).reshape(4, 3) % 2)
    m = model(dense("fc", q=None), weights=weights)
    (node,) = [n for n in convert(m, opts(weights=("*=s8.6",))).nodes if n.name == "fc"]
    assert np.array_equal(node.op.weight == 0, weights["fc"]["kernel"] == 0)


def test_a_sigmoid_inside_with_a_format() -> None:
    m = model(
        dense("fc"), layer("Activation", "s", activation="sigmoid"), dense("top"),
        weights={"fc": kernel(4, 3), "top": kernel(3, 2)},
    )  # fmt: skip
    (problem,) = problems(m)
    assert "--format s=u8.8" in problem.hint
    assert "s_fmt" in [n.name for n in convert(m, opts("s=u8.8")).nodes]


# --- scalers of inputs ------------------------------------------------------------------------


def scaled(*layers: Any, shape: tuple[int | None, ...] = (None, 4)) -> Any:
    return model(*layers, dense("fc"), weights={"bn": norm(4), "fc": kernel(4, 3)}, shape=shape)


def test_a_normalisation_behind_the_input_becomes_its_scaler() -> None:
    graph = convert(scaled(layer("BatchNormalization", "bn")), opts())
    (scaler,) = graph.input_scalers
    p = norm(4)
    factor = p["gamma"] / np.sqrt(p["moving_variance"] + np.float32(1e-3))
    assert (scaler.input, scaler.layer) == ("x", "bn")
    assert np.allclose(scaler.scale, factor, rtol=1e-6)
    assert np.allclose(scaler.offset, p["beta"] - p["moving_mean"] * factor, atol=1e-6)
    assert [n.op.kind for n in graph.nodes] == ["input", "dense"]
    assert any(n.startswith("bn: computed outside the core") for n in graph.notes)
    inside = convert(scaled(layer("BatchNormalization", "bn")), opts("bn=s12.6"))
    assert not inside.input_scalers
    assert "bn_fmt" in [n.name for n in inside.nodes]


def test_the_quantizer_behind_a_scaler_is_the_format_of_the_input() -> None:
    m = scaled(layer("BatchNormalization", "bn"), act("q", GRID))
    outside = convert(m, Options())
    assert outside.input_scalers
    assert str(outside.inputs[0].type.fixed) == "s8.4"
    assert not convert(m, opts(x="s10.3")).input_scalers  # its own quantizer settles it inside


def test_a_rescaling_and_a_mean_behind_the_input() -> None:
    graph = convert(scaled(layer("Rescaling", "r", scale=1 / 255, offset=0.0)), opts(x="u8.8"))
    assert np.allclose(graph.input_scalers[0].scale, 1 / 255)
    pool = layer("AveragePooling1D", "p", pool_size=3, strides=3)
    mean = convert(scaled(pool, layer("Flatten", "f"), shape=(None, 6, 2)), opts())
    assert np.allclose(mean.input_scalers[0].scale, 2 / 3)
    x = np.random.default_rng(1).integers(-99, 99, (5, 6, 2))
    sums = x.reshape(5, 2, 3, 2).sum(2).reshape(5, 4)
    fc = next(n for n in mean.nodes if n.name == "fc")
    found = run_reference(mean, {"x": x}, ["p"])["p"].reshape(5, 4)
    assert np.array_equal(found, sums)
    assert fc.type.shape == (3,)


def test_layers_behind_each_other_and_behind_a_flatten() -> None:
    """Each is a scaler of its own; behind a flatten there may be a factor an element."""
    p = {n: np.float32(a) for n, a in norm(6).items()}
    m = model(
        layer("Rescaling", "r", scale=0.5, offset=1.0), layer("GaussianNoise", "g", stddev=1.0),
        layer("Flatten", "f"), layer("BatchNormalization", "bn"), dense("fc"),
        weights={"bn": p, "fc": kernel(6, 3)}, shape=(None, 3, 2),
    )  # fmt: skip
    graph = convert(m, opts())
    assert [s.layer for s in graph.input_scalers] == ["r", "bn"]
    assert [len(s.scale) for s in graph.input_scalers] == [1, 6]
    assert [n.op.kind for n in graph.nodes] == ["input", "reshape", "dense"]
    x = np.random.default_rng(3).normal(0, 2, (40, 3, 2))
    line = (0.5 * x + 1).reshape(40, 6)
    root = np.sqrt(p["moving_variance"] + np.float32(1e-3))
    line = (line - p["moving_mean"]) / root * p["gamma"] + p["beta"]
    codes, _ = to_codes(graph, {"x": x})
    wanted = np.clip(np.rint(line * 16), -128, 127).reshape(40, 3, 2)
    assert np.abs(codes["x"] - wanted).max() <= 1  # float32 parameters, at a tie
    assert np.mean(codes["x"] == wanted) > 0.99
    again = graph_from_json(*graph_to_json(graph))
    assert again.input_scalers == graph.input_scalers
    alone = convert(m, opts("bn=s12.6", "r=s12.6"))
    assert not alone.input_scalers


@pytest.mark.parametrize("axis", [-1, None, [1]])
def test_an_adapted_normalization(axis: Any) -> None:
    size = 1 if axis is None else 4
    stats = {
        "mean": np.arange(size, dtype=np.float32), "variance": np.float32([4.0] * size),
        "count": np.int64(9),
    }  # fmt: skip
    own = layer("Normalization", "n", axis=axis, mean=None, variance=None)
    m = model(own, dense("fc"), weights={"n": stats, "fc": kernel(4, 3)})
    (scaler,) = convert(m, opts()).input_scalers
    assert scaler.scale == (0.5,)
    assert scaler.offset == ((0.0,) if axis is None else (0.0, -0.5, -1.0, -1.5))
    given = layer("Normalization", "n", axis=-1, mean=[0.0, 1.0, 2.0, 3.0], variance=[4.0] * 4)
    known = model(given, dense("fc"), weights={"fc": kernel(4, 3)})
    assert convert(known, opts()).input_scalers[0].offset == (0.0, -0.5, -1.0, -1.5)
    inside = convert(m, opts("n=s12.6"))
    assert not inside.input_scalers
    far = model(own, layer("Reshape", "r", target_shape=[2, 2]), weights={"n": {**stats,
                "mean": np.zeros(3, np.float32)}})  # fmt: skip
    if axis is not None:
        assert "3 figures for 4 channels" in problems(far, opts())[0].what


def trained(*slopes: float) -> Any:
    return model(
        dense("fc"), layer("PReLU", "p", shared_axes=None), act("q", GRID),
        weights={"fc": kernel(4, 3), "p": {"alpha": np.float32(slopes)}},
    )  # fmt: skip


def test_trained_slopes_in_front_of_a_quantizer_and_of_a_format() -> None:
    codes = {"x": np.random.default_rng(2).integers(-128, 128, (300, 4))}
    graph = convert(trained(0.3, 0.0, 1.7), opts())
    sums = run_reference(graph, codes, ["fc"])["fc"]
    value = np.ldexp(sums.astype(np.float32), -graph["fc"].type.frac)
    found = np.where(value >= 0, value, value * np.float32([0.3, 0.0, 1.7]))
    wanted = np.clip(np.rint(found * 16), -127, 127)
    assert np.array_equal(run_reference(graph, codes)[graph.outputs[0].name], wanted)
    (problem,) = problems(trained(0.3, -0.1, 0.2), opts())
    assert "a slope of -0.1 makes the activation fall" in problem.what
    assert "--format p=s16.9" in problem.hint
    turned = convert(trained(0.3, -0.1, 0.2), opts("p=s16.9"))
    assert "p_fmt" in [n.name for n in turned.nodes]
    leaves = model(dense("fc"), layer("PReLU", "p"), weights={"fc": kernel(4, 3),
                   "p": {"alpha": np.float32([0.1, 0.2, 0.3])}})  # fmt: skip
    assert "leaves the network unquantized" in problems(leaves, opts())[0].what
    assert convert(leaves, opts("p=s16.9")).outputs[0].exact
    wrong = model(layer("PReLU", "p"), weights={"p": {"alpha": np.float32([0.1, 0.2])}})
    assert (
        "slopes of shape (2,) do not fit an input of shape (4,)" in problems(wrong, opts())[0].what
    )


def test_an_elu_waits_for_its_format() -> None:
    m = model(dense("fc"), layer("ELU", "e", alpha=0.5), weights={"fc": kernel(4, 3)})
    (problem,) = problems(m, opts())
    assert "--format e=s8.5" in problem.hint
    graph = convert(m, opts("e=s8.5"))
    codes = {"x": np.random.default_rng(2).integers(-128, 128, (300, 4))}
    sums = run_reference(graph, codes, ["fc"])["fc"]
    x = np.ldexp(sums.astype(np.float64), -graph["fc"].type.frac)
    wanted = np.clip(np.rint(np.where(x > 0, x, 0.5 * np.expm1(x)) * 32), -128, 127)
    assert np.array_equal(run_reference(graph, codes)[graph.outputs[0].name], wanted)
    wrong = model(layer("ELU", "e", alpha=-1.0), weights={})
    assert "makes the activation fall" in problems(wrong, opts())[0].what


def test_an_input_with_two_readers_keeps_its_normalisation() -> None:
    m = functional(
        layer("BatchNormalization", "bn", "x"), dense("a", "bn"), dense("b", "x"),
        outputs=["a", "b"],
        weights={"bn": norm(4), "a": kernel(4, 3), "b": kernel(4, 3)},
    )  # fmt: skip
    with pytest.raises(ModelProblems, match="a batch normalisation reaches a"):
        convert(m, opts())
    assert not convert(m, opts("bn=s12.6")).input_scalers
