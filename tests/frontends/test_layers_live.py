# SPDX-License-Identifier: Apache-2.0
"""Every supported layer and setting: the converted graph against the model's own float32 output.

Small models with random weights are converted in memory; the integer reference then runs on corner
and random codes. Where the output is exact, ``code * scale`` must equal Keras' float to the last
bit. Where it is not (a fitted weight scale, a float bias at the output), Keras' own sums round:
there the code is recovered from the float by rounding, and must lie close to it.

long because: it is one list of every layer and setting, over one way to compare.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hwgen.errors import ModelError, ToolFailed
from hwgen.frontends.keras.file import read_keras
from hwgen.frontends.keras.live import from_keras, oracle, saved
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.convert import convert
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ops.reference import Reference

pytestmark = [
    pytest.mark.keras,
    # Of QKeras' own initialisers.
    pytest.mark.filterwarnings("ignore:non-integer arguments to randrange:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The initializer .* is unseeded:UserWarning"),
]

SAMPLES = 2000
Build = Callable[[SimpleNamespace], Any]

W4 = "quantized_bits(4,0,1,alpha=1)"
W6 = "quantized_bits(6,1,alpha=1)"
A4 = "quantized_relu(4,1)"
A8 = "quantized_bits(8,3,alpha=1)"


@pytest.fixture(scope="module")
def k() -> SimpleNamespace:
    """Keras and QKeras under one roof."""
    import qkeras
    import tensorflow as tf

    layers = {n: getattr(tf.keras.layers, n) for n in dir(tf.keras.layers) if n[0].isupper()}
    quantized = {n: getattr(qkeras, n) for n in dir(qkeras) if n.startswith(("Q", "quantized_"))}
    return SimpleNamespace(**layers, **quantized, tf=tf, Model=tf.keras.Model)


def chain(k: SimpleNamespace, shape: Sequence[int], *layers: Any) -> Any:
    """A straight model."""
    tensor = first = k.Input(tuple(shape))
    for layer in layers:
        tensor = layer(tensor)
    return k.Model(first, tensor)


def randomise(model: Any, seed: int) -> None:
    """Give every variable values as after training: negative gammas, finer grids than any code."""
    rng = np.random.default_rng(seed)
    draw: dict[str, Callable[[tuple[int, ...]], npt.NDArray[Any]]] = {
        "gamma": lambda s: rng.choice([-1, 1], s, p=[0.3, 0.7]) * rng.uniform(0.3, 2, s),
        "beta": lambda s: rng.normal(0, 1, s),
        "moving_mean": lambda s: rng.normal(0, 1, s),
        "moving_variance": lambda s: rng.uniform(0.1, 4, s),
        "bias": lambda s: rng.normal(0, 0.5, s),
    }
    for variable in model.weights:
        name = variable.name.rpartition("/")[2].partition(":")[0]
        if variable.dtype.is_floating and "step" not in name and "mask" not in name:
            made = draw.get(name, lambda s: rng.normal(0, 0.4, s))(tuple(variable.shape))
            variable.assign(made.astype(np.float32))


def codes_for(graph: Graph, seed: int, samples: int = SAMPLES) -> dict[str, npt.NDArray[Any]]:
    """Corners, sparse samples, and noise over the whole interval."""
    rng = np.random.default_rng(seed)
    made = {}
    for node in graph.inputs:
        lo, hi = int(node.type.lo.min()), int(node.type.hi.max())
        x = rng.integers(lo, hi + 1, (samples, *node.type.shape))
        third = samples // 3
        x[:third] = np.clip(rng.normal((lo + hi) / 2, (hi - lo) / 12, x[:third].shape), lo, hi)
        x[:200][rng.random(x[:200].shape) < 0.8] = min(max(lo, 0), hi)
        x[200:300] = rng.choice([lo, hi], x[200:300].shape)
        x[0], x[1], x[2] = lo, hi, min(max(lo, 0), hi)
        made[node.name] = x
    return made


def check(
    model: Any,
    formats: str | dict[str, str] = "s7.4",
    seed: int = 1,
    *,
    near: bool = False,
    flat: bool = False,
) -> Graph:
    """Compare a model with its graph; *near* where Keras' float32 is inexact."""
    table = {"": formats} if isinstance(formats, str) else formats
    options = Options({n: Fixed.parse(t) for n, t in table.items() if t})
    graph = from_keras(model, options)
    codes = codes_for(graph, seed)
    got = Reference(graph).run(codes)
    floats = [(codes[n.name] * 2.0**-n.type.frac).astype(np.float32) for n in graph.inputs]
    made = model(floats if len(floats) > 1 else floats[0], training=False)
    wants = [np.asarray(w) for w in (made if isinstance(made, (list, tuple)) else [made])]
    assert len(wants) == len(graph.outputs)
    for out, want in zip(graph.outputs, wants, strict=True):
        have = got[out.name]
        assert have.shape == want.shape
        assert flat or np.ptp(have) > 0, "a constant output proves nothing"
        scale, offset = np.array(out.scale), np.array(out.offset)
        if not near:
            assert out.exact
            np.testing.assert_array_equal(have * scale, want.astype(np.float64), out.name)
            continue
        found = (want.astype(np.float64) - offset) / np.where(scale == 0, 1, scale)
        found = np.where(scale == 0, have, found)
        np.testing.assert_array_equal(have, np.rint(found), out.name)
        assert np.abs(found - have).max() < 0.05
    return graph


def run(
    k: SimpleNamespace,
    build: Build,
    formats: str | dict[str, str] = "s7.4",
    seed: int = 1,
    *,
    near: bool = False,
) -> Graph:
    k.tf.keras.utils.set_random_seed(seed)
    model = build(k)
    randomise(model, seed)
    return check(model, formats, seed, near=near)


# --- dense ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kernel",
    [
        W4,
        "quantized_bits(4,0)",
        "quantized_bits(6,2,alpha='auto_po2')",
        "quantized_bits(5,1,1,alpha=0.5)",
        "quantized_bits(1,0,alpha=1)",
        "quantized_bits(5,0,keep_negative=False,alpha=1)",
        "binary",
        "binary(alpha=1)",
        "ternary",
        "ternary(alpha=1,threshold=0.4)",
        "stochastic_ternary",
        "quantized_po2(4)",
        "quantized_po2(3,max_value=1)",
        "quantized_relu(4)",
        "quantized_tanh(4)",
    ],
)
def test_dense_kernels(k: SimpleNamespace, kernel: str) -> None:
    def build(k: SimpleNamespace) -> Any:
        layer = k.QDense(5, kernel_quantizer=kernel, bias_quantizer=W6)
        return chain(k, (12,), layer, k.QActivation(A8))

    run(k, build)


@pytest.mark.parametrize(
    "bias",
    [None, W4, "quantized_bits(12,0,alpha=1)", "quantized_bits(24,2,alpha=1)", "quantized_po2(4)"],
)
def test_dense_biases(k: SimpleNamespace, bias: str | None) -> None:
    run(
        k,
        lambda k: chain(
            k, (12,), k.QDense(5, kernel_quantizer=W4, bias_quantizer=bias), k.QActivation(A8)
        ),
    )


@pytest.mark.parametrize("bias", [None, W4, "quantized_bits(20,2,alpha=1)", "no bias"])
def test_dense_at_the_output(k: SimpleNamespace, bias: str | None) -> None:
    def build(k: SimpleNamespace) -> Any:
        use = bias != "no bias"
        return chain(
            k,
            (12,),
            k.QDense(5, kernel_quantizer=W4, bias_quantizer=bias if use else None, use_bias=use),
        )

    graph = run(k, build, near=bias is None)
    assert graph.outputs[0].exact == (bias is not None)


@pytest.mark.parametrize(
    "kernel",
    ["quantized_bits(4,0,alpha='auto')", "quantized_bits(4,0,alpha=0.3)", "ternary(alpha='auto')"],
)
@pytest.mark.parametrize("bias", [W4, None])
def test_dense_with_a_scale(k: SimpleNamespace, kernel: str, bias: str | None) -> None:
    graph = run(
        k,
        lambda k: chain(k, (12,), k.QDense(5, kernel_quantizer=kernel, bias_quantizer=bias)),
        near=True,
    )
    assert "no power of two" in "".join(graph.notes)


@pytest.mark.parametrize("bias", [W4, None])
def test_dense_with_a_scale_and_a_quantizer(k: SimpleNamespace, bias: str | None) -> None:
    """An odd scale keeps sums off the rounding edges, where Keras' own rounding would decide."""
    kernel = "quantized_bits(4,0,1,alpha=0.31831)"
    layer = {"kernel_quantizer": kernel, "bias_quantizer": bias, "use_bias": bias is not None}
    run(k, lambda k: chain(k, (12,), k.QDense(5, **layer, activation=A4)))


def test_dense_with_integer_weights(k: SimpleNamespace) -> None:
    """Float weights that happen to lie on a grid need no quantizer."""
    model = chain(k, (6,), k.Dense(4), k.QActivation(A8))
    rng = np.random.default_rng(3)
    model.layers[1].set_weights([rng.integers(-40, 40, (6, 4)) / 16, rng.integers(-9, 9, 4) / 64])
    check(model)


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_dense_without_any_weight(k: SimpleNamespace, value: float) -> None:
    model = chain(k, (6,), k.QDense(4, kernel_quantizer=W4, bias_quantizer=W4), k.QActivation(A8))
    model.layers[1].set_weights([np.zeros((6, 4)), np.full(4, value)])
    check(model, flat=True)


@pytest.mark.parametrize("activation", [A4, A8, "quantized_tanh(5)", "binary", "ternary"])
def test_activation_inside_a_layer(k: SimpleNamespace, activation: str) -> None:
    q = {"kernel_quantizer": W4, "bias_quantizer": W6, "activation": activation}
    run(k, lambda k: chain(k, (8,), k.QDense(6, **q)))


def test_leading_axes_and_time_distributed(k: SimpleNamespace) -> None:
    q = {"kernel_quantizer": W4, "bias_quantizer": W4}
    run(k, lambda k: chain(k, (3, 5), k.QDense(4, **q), k.QActivation(A8)))
    graph = run(
        k,
        lambda k: chain(
            k, (3, 5), k.TimeDistributed(k.QDense(4, **q)), k.TimeDistributed(k.QActivation(A4))
        ),
    )
    assert [n.op.kind for n in graph.nodes] == ["input", "dense", "requantize"]


# --- convolutions -----------------------------------------------------------------------------

Q = {"kernel_quantizer": W4, "bias_quantizer": W6}
CONVOLUTIONS: dict[str, tuple[tuple[int, ...], Build]] = {
    "conv1d valid": ((9, 3), lambda k: k.QConv1D(4, 3, **Q)),
    "conv1d same stride": ((9, 3), lambda k: k.QConv1D(4, 4, padding="same", strides=2, **Q)),
    "conv1d causal": ((9, 3), lambda k: k.QConv1D(4, 3, padding="causal", **Q)),
    "conv1d causal dilated": (
        (9, 2), lambda k: k.QConv1D(3, 3, padding="causal", dilation_rate=2, **Q)),
    "conv1d same dilated": (
        (9, 2), lambda k: k.QConv1D(3, 2, padding="same", dilation_rate=3, **Q)),
    "conv2d valid": ((6, 5, 2), lambda k: k.QConv2D(3, 3, **Q)),
    "conv2d same strides": (
        (7, 6, 2), lambda k: k.QConv2D(3, (3, 2), strides=(2, 3), padding="same", **Q)),
    "conv2d same even": ((6, 6, 2), lambda k: k.QConv2D(3, 4, strides=3, padding="same", **Q)),
    "conv2d dilated": ((7, 7, 2), lambda k: k.QConv2D(3, 3, dilation_rate=(2, 1), **Q)),
    "conv2d same dilated": (
        (7, 6, 2), lambda k: k.QConv2D(3, 3, padding="same", dilation_rate=2, **Q)),
    "conv2d pointwise": ((4, 3, 5), lambda k: k.QConv2D(4, 1, **Q)),
    "conv2d no bias, own activation": (
        (5, 5, 2),
        lambda k: k.QConv2D(3, 3, use_bias=False, kernel_quantizer=W4, activation=A4)),
    "conv2d stride beyond": ((8, 8, 1), lambda k: k.QConv2D(2, 1, strides=3, padding="same", **Q)),
    "conv2d auto_po2": ((5, 5, 2), lambda k: k.QConv2D(6, 3, kernel_quantizer="quantized_bits(4)")),
    "depthwise": (
        (6, 6, 3), lambda k: k.QDepthwiseConv2D(3, depthwise_quantizer=W4, bias_quantizer=W6)),
    "depthwise multiplier": (
        (6, 6, 2),
        lambda k: k.QDepthwiseConv2D(
            (3, 2), depth_multiplier=3, padding="same", depthwise_quantizer=W4, bias_quantizer=W6)),
    "depthwise stride": (
        (7, 7, 2),
        lambda k: k.QDepthwiseConv2D(
            3, strides=2, padding="same", depthwise_quantizer=W4, use_bias=False)),
    "depthwise dilated": (
        (7, 7, 2),
        lambda k: k.QDepthwiseConv2D(3, dilation_rate=2, depthwise_quantizer=W4, use_bias=False)),
    "depthwise auto_po2": (
        (6, 6, 2),
        lambda k: k.QDepthwiseConv2D(3, depth_multiplier=2, depthwise_quantizer="ternary")),
    "separable 2d": (
        (6, 6, 3),
        lambda k: k.QSeparableConv2D(
            4, 3, strides=2, padding="same", depth_multiplier=2, depthwise_quantizer=W4,
            pointwise_quantizer=W4, bias_quantizer=W6)),
    "separable 2d dilated": (
        (7, 7, 2),
        lambda k: k.QSeparableConv2D(
            3, 3, dilation_rate=2, depthwise_quantizer="quantized_bits(4,0)",
            pointwise_quantizer="binary(alpha=1)", use_bias=False)),
    "separable 1d": (
        (9, 3),
        lambda k: k.QSeparableConv1D(
            4, 3, padding="same", depthwise_quantizer=W4, pointwise_quantizer=W4,
            bias_quantizer=W6)),
}  # fmt: skip


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolution(k: SimpleNamespace, name: str) -> None:
    shape, layer = CONVOLUTIONS[name]
    run(k, lambda k: chain(k, shape, layer(k), k.QActivation(A8)))


def test_separable_with_fitted_scales(k: SimpleNamespace) -> None:
    auto = "quantized_bits(4,0,alpha='auto')"

    def build(k: SimpleNamespace) -> Any:
        layer = k.QSeparableConv2D(
            3, 3, depthwise_quantizer=auto, pointwise_quantizer=auto, bias_quantizer=W6
        )
        return chain(k, (5, 5, 2), layer)

    run(k, build, near=True)


def test_depthwise_with_a_scale_per_multiplier(k: SimpleNamespace) -> None:
    auto = "quantized_bits(4,0,alpha='auto')"
    layer = {"depthwise_quantizer": auto, "bias_quantizer": W6, "depth_multiplier": 3}
    run(k, lambda k: chain(k, (5, 5, 2), k.QDepthwiseConv2D(3, **layer)), near=True)


def test_grouped_convolution(k: SimpleNamespace) -> None:
    model = chain(k, (6, 6, 4), k.Conv2D(6, 3, groups=2), k.QActivation(A8))
    rng = np.random.default_rng(5)
    model.layers[1].set_weights(
        [rng.integers(-8, 8, (3, 3, 2, 6)) / 8, rng.integers(-9, 9, 6) / 16]
    )
    check(model)


def test_causal_separable_convolution(k: SimpleNamespace) -> None:
    """The plain layer: QSeparableConv1D of QKeras 0.9 stops on causal padding."""
    layer = k.SeparableConv1D(4, 3, padding="causal", strides=2, depth_multiplier=2)
    model = chain(k, (9, 3), layer, k.QActivation(A8))
    rng = np.random.default_rng(6)
    layer.set_weights([rng.integers(-8, 8, w.shape) / 8 for w in layer.get_weights()])
    check(model)


@pytest.mark.parametrize("mode", ["ema_stats_folding", "batch_stats_folding"])
@pytest.mark.parametrize("bias", [None, "quantized_bits(8,3,alpha=1)"])
@pytest.mark.parametrize("kernel", ["quantized_bits(6,2,alpha=1)", "quantized_bits(4,0)"])
def test_folded_batch_normalisation(
    k: SimpleNamespace, mode: str, bias: str | None, kernel: str
) -> None:
    common = {"folding_mode": mode, "bias_quantizer": bias, "padding": "same"}
    run(
        k,
        lambda k: chain(
            k,
            (5, 5, 2),
            k.QConv2DBatchnorm(3, 3, kernel_quantizer=kernel, **common),
            k.QActivation(A4),
            k.QDepthwiseConv2DBatchnorm(
                3, depth_multiplier=2, depthwise_quantizer=kernel, use_bias=False, **common
            ),
            k.QActivation(A8),
        ),
    )


# --- batch normalisation ----------------------------------------------------------------------

BEHIND = [
    "quantized_relu(4)",
    "quantized_bits(8,2,alpha=1)",
    "binary",
    "ternary",
    "quantized_relu(10,2)",
    "quantized_bits(12,3,alpha=1)",
    "quantized_tanh(6)",
    "quantized_sigmoid(5)",
    "quantized_relu(5,1,negative_slope=0.25)",
    "quantized_relu_po2(4)",
    "quantized_po2(4)",
]


@pytest.mark.parametrize("quantizer", BEHIND)
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_batch_normalisation(k: SimpleNamespace, quantizer: str, rank: int) -> None:
    def build(k: SimpleNamespace) -> Any:
        first: Any = k.QConv2D(6, 2, **Q) if rank == 3 else k.QDense(6, **Q)
        shape = ((8,), (3, 8), (4, 4, 2))[rank - 1]
        return chain(k, shape, first, k.BatchNormalization(), k.QActivation(quantizer))

    run(k, build, seed=rank)


@pytest.mark.parametrize("off", ["scale", "center"])
@pytest.mark.parametrize("rank", [1, 3])
def test_batch_normalisation_without(k: SimpleNamespace, off: str, rank: int) -> None:
    def build(k: SimpleNamespace) -> Any:
        norm = k.BatchNormalization(epsilon=0.01, **{off: False})
        shape = (8,) if rank == 1 else (3, 3, 4)
        return chain(k, shape, norm, k.QActivation(A4), k.Flatten(), k.QDense(3, **Q))

    run(k, build)


def test_batch_normalisation_waits_for_a_quantizer_far_behind(k: SimpleNamespace) -> None:
    run(
        k,
        lambda k: chain(
            k,
            (4, 4, 2),
            k.QConv2D(3, 2, use_bias=False, kernel_quantizer=W4),
            k.BatchNormalization(),
            k.ReLU(),
            k.UpSampling2D(2),
            k.Dropout(0.5),
            k.Flatten(),
            k.QActivation(A4),
        ),
    )


def test_batch_normalisation_at_the_output(k: SimpleNamespace) -> None:
    graph = run(k, lambda k: chain(k, (8,), k.QDense(5, **Q), k.BatchNormalization()), near=True)
    assert len(graph.outputs[0].scale) == len(graph.outputs[0].offset) == 5


@pytest.mark.parametrize("seed", range(6))
def test_a_last_bit_that_decides_is_noted(k: SimpleNamespace, seed: int) -> None:
    """1/sqrt differs between machines in its last bit: only noted thresholds may move by it."""
    model = chain(
        k, (32,), k.QDense(16, **Q), k.BatchNormalization(), k.QActivation("quantized_relu(10,2)")
    )
    randomise(model, seed)
    graph = convert(saved(model).model, Options({"": Fixed.parse("s8.4")}))
    codes = codes_for(graph, seed, 4 * SAMPLES)
    ((name, x),) = codes.items()
    want = np.ldexp(np.asarray(model(np.ldexp(x, -4).astype(np.float32), training=False)), 8)
    gap = np.abs(Reference(graph).run(codes)[graph.outputs[0].name] - want)
    noted = any("thresholds lie so close" in n for n in graph.notes)
    assert gap.max() <= noted
    assert gap.mean() < 1e-4
    assert graph.inputs[0].name == name


@pytest.mark.parametrize("rank", [1, 3])
@pytest.mark.parametrize("grid", [None, "quantized_bits(6,2,alpha=1)"])
def test_quantized_batch_normalisation(k: SimpleNamespace, rank: int, grid: str | None) -> None:
    q = {} if grid is None else dict.fromkeys(
        ("beta_quantizer", "gamma_quantizer", "mean_quantizer"), grid
    ) | {"variance_quantizer": "quantized_relu(6,3)"}  # fmt: skip

    def build(k: SimpleNamespace) -> Any:
        first: Any = k.QConv2D(6, 2, **Q) if rank == 3 else k.QDense(6, **Q)
        shape = (8,) if rank == 1 else (4, 4, 2)
        return chain(k, shape, first, k.QBatchNormalization(**q), k.QActivation(A8))

    run(k, build)


# --- activations ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "quantizer",
    [
        *BEHIND,
        "quantized_relu(6,0)",
        "quantized_relu(6,2,use_sigmoid=1)",
        "quantized_bits(3,1,1,alpha=1)",
        "quantized_bits(6,2,keep_negative=False,alpha=1)",
        "quantized_bits(6,1,alpha=0.5)",
        "quantized_bits(1,0,alpha=1)",
        "quantized_bits(16,4,alpha=1)",
        "quantized_relu(8,3,negative_slope=0.125)",
        "quantized_tanh(4,symmetric=True)",
        "quantized_tanh(10)",
        "quantized_sigmoid(8,symmetric=True)",
        "quantized_sigmoid(11)",
        "binary(use_01=1)",
        "binary(alpha=2.0)",
        "ternary(alpha=0.5,threshold=0.7)",
        "stochastic_binary",
        "stochastic_ternary",
        "quantized_po2(3,max_value=2)",
        "quantized_relu_po2(3,negative_slope=0.25)",
    ],
)
def test_quantized_activation(k: SimpleNamespace, quantizer: str) -> None:
    run(k, lambda k: chain(k, (40,), k.QActivation(quantizer)), "s12.7")


def test_unserialised_clip(k: SimpleNamespace) -> None:
    """QKeras obeys is_quantized_clip but leaves it out of the file."""
    q = k.quantized_relu(6, 3, relu_upper_bound=2.5, is_quantized_clip=False)
    graph = run(k, lambda k: chain(k, (40,), k.QActivation(q)), "s12.7")
    assert int(graph.nodes[-1].type.hi.max()) == 20
    run(k, lambda k: chain(k, (9,), k.QDense(4, **Q, activation=q)))
    run(k, lambda k: chain(k, (9,), chain(k, (9,), k.QActivation(q))), "s12.7")
    run(k, lambda k: chain(k, (3, 9), k.TimeDistributed(k.QActivation(q))), "s12.7")


def rectified(k: SimpleNamespace, layer: Any, behind: str | None) -> Any:
    layers = [layer] if behind is None else [layer, k.QActivation(behind)]
    return chain(k, (9,), k.QDense(4, **Q), *layers)


@pytest.mark.parametrize("behind", [None, "quantized_bits(6,2,alpha=1)", A4, "quantized_tanh(5)"])
def test_relu_layers(k: SimpleNamespace, behind: str | None) -> None:
    for layer in (
        lambda k: k.ReLU(),
        lambda k: k.ReLU(max_value=1.5),
        lambda k: k.ReLU(negative_slope=0.25, max_value=3.0),
        lambda k: k.LeakyReLU(0.125),
        lambda k: k.Activation("relu"),
    ):
        run(k, lambda k, layer=layer: rectified(k, layer(k), behind))


@pytest.mark.parametrize("behind", ["quantized_bits(6,2,alpha=1)", A4, "ternary"])
def test_leaky_relu_off_the_grid(k: SimpleNamespace, behind: str) -> None:
    run(k, lambda k: rectified(k, k.LeakyReLU(0.3), behind))
    run(k, lambda k: rectified(k, k.ReLU(max_value=1.7), behind))


@pytest.mark.parametrize("behind", ["binary(alpha=1)", A4, "quantized_bits(8,3,alpha=1)"])
@pytest.mark.parametrize("shared", [None, [1, 2]])
def test_prelu(k: SimpleNamespace, behind: str, shared: list[int] | None) -> None:
    def build(k: SimpleNamespace) -> Any:
        act = k.QActivation(behind)
        layers = [
            k.QConv2D(3, 3, **Q), k.BatchNormalization(), k.PReLU(shared_axes=shared),
            k.Rescaling(1.0, [0.3, -0.1, 0.77]), act,
        ]  # fmt: skip
        model = chain(k, (5, 6, 2), *layers)
        randomise(model, 3)
        slopes = model.layers[3]
        slopes.set_weights([np.abs(w) for w in slopes.get_weights()])
        return model

    check(build(k), seed=3)


@pytest.mark.parametrize("axis", [-1, None])
def test_normalization_between_quantizers(k: SimpleNamespace, axis: int | None) -> None:
    rng = np.random.default_rng(4)
    size = 6 if axis else ()
    norm = k.Normalization(axis=axis)
    model = chain(k, (6,), k.QActivation(A8), norm, k.QActivation(A8))
    norm.set_weights([rng.normal(0, 1, size), rng.uniform(0.01, 4, size), np.int64(9)])
    norm.finalize_state()
    check(model, seed=3)


def test_relu_between_layers(k: SimpleNamespace) -> None:
    graph = run(
        k,
        lambda k: chain(
            k, (9,), k.QDense(4, **Q), k.ReLU(name="mine"), k.QDense(3, **Q), k.LeakyReLU(0.25),
            k.QDense(3, **Q, activation="relu"), k.QActivation(A8),
        ),
    )  # fmt: skip
    assert "mine" in [n.name for n in graph.nodes]


# --- pooling ----------------------------------------------------------------------------------

POOLS: dict[str, tuple[tuple[int, ...], Build]] = {
    "max 1d": ((9, 3), lambda k: k.MaxPooling1D(2)),
    "max 1d same": ((9, 3), lambda k: k.MaxPooling1D(4, 3, padding="same")),
    "max 2d": ((7, 6, 2), lambda k: k.MaxPooling2D((3, 2), (2, 1))),
    "max 2d same": ((7, 6, 2), lambda k: k.MaxPooling2D(3, 2, padding="same")),
    "average 1d": ((9, 3), lambda k: k.AveragePooling1D(4, 2)),
    "average 1d thirds": ((9, 3), lambda k: k.AveragePooling1D(3)),
    "average 2d": ((6, 6, 2), lambda k: k.AveragePooling2D(2)),
    "average 2d same": ((7, 6, 2), lambda k: k.AveragePooling2D(3, 2, padding="same")),
    "average 2d area 6": ((6, 6, 2), lambda k: k.AveragePooling2D((3, 2))),
    "average 2d same, po2 counts": ((6, 6, 2), lambda k: k.AveragePooling2D(2, 1, padding="same")),
    "quantized average": ((6, 6, 2), lambda k: k.QAveragePooling2D(3)),
    "quantized average, factor": (
        (7, 7, 2),
        lambda k: k.QAveragePooling2D(
            (3, 2), 2, average_quantizer="quantized_bits(6,0,1,alpha=1)", activation=A8)),
    "quantized average, same": (
        (7, 7, 2),
        lambda k: k.QAveragePooling2D(
            3, 2, padding="same", average_quantizer="quantized_bits(8,0,1,alpha=1)")),
    "quantized global": ((4, 4, 3), lambda k: k.QGlobalAveragePooling2D(activation=A4)),
    "quantized global, factor": (
        (5, 3, 3),
        lambda k: k.QGlobalAveragePooling2D(average_quantizer="quantized_bits(8,0,1,alpha=1)")),
    "global average 2d": ((5, 3, 3), lambda k: k.GlobalAveragePooling2D()),
    "global average 2d, exact": ((4, 4, 3), lambda k: k.GlobalAveragePooling2D(keepdims=True)),
    "global average 1d": ((7, 3), lambda k: k.GlobalAveragePooling1D()),
    "global max 1d": ((7, 3), lambda k: k.GlobalMaxPooling1D()),
    "global max 2d": ((4, 3, 3), lambda k: k.GlobalMaxPooling2D(keepdims=True)),
}  # fmt: skip


@pytest.mark.parametrize("name", POOLS)
def test_pooling(k: SimpleNamespace, name: str) -> None:
    shape, layer = POOLS[name]
    run(k, lambda k: chain(k, shape, layer(k), k.QActivation(A8)))


def test_pooling_at_the_output(k: SimpleNamespace) -> None:
    run(k, lambda k: chain(k, (6, 6, 2), k.AveragePooling2D(2), k.MaxPooling2D(3)))
    run(k, lambda k: chain(k, (5, 3, 3), k.GlobalAveragePooling2D()), near=True)
    pool = {"average_quantizer": "quantized_bits(6,0,1,alpha=1)"}
    run(k, lambda k: chain(k, (6, 6, 2), k.QAveragePooling2D(3, **pool)), near=True)


def test_maximum_in_front_of_the_quantizer(k: SimpleNamespace) -> None:
    def build(k: SimpleNamespace) -> Any:
        return chain(
            k, (6, 6, 2), k.QConv2D(3, 3, **Q), k.BatchNormalization(), k.MaxPooling2D(2),
            k.ReLU(), k.QActivation(A4),
        )  # fmt: skip

    k.tf.keras.utils.set_random_seed(1)
    model = build(k)
    randomise(model, 2)
    norm = model.layers[2]
    norm.gamma.assign(np.abs(norm.gamma.numpy()))
    check(model)


# --- moving and merging -----------------------------------------------------------------------


def test_moving_elements(k: SimpleNamespace) -> None:
    run(
        k,
        lambda k: chain(
            k,
            (4, 6),
            k.Reshape((3, -1, 2)),
            k.Permute((2, 1, 3)),
            k.ZeroPadding2D(((1, 0), (2, 1))),
            k.UpSampling2D((2, 1)),
            k.Cropping2D(((1, 0), (0, 2))),
            k.QConv2D(3, 2, **Q),
            k.QActivation(A8),
            k.Flatten(),
            k.Reshape((-1, 3)),
            k.ZeroPadding1D((1, 2)),
            k.UpSampling1D(2),
            k.Cropping1D((0, 3)),
            k.SpatialDropout1D(0.1),
            k.GaussianNoise(0.1),
            k.Permute((2, 1)),
        ),
    )


MERGES: dict[str, Build] = {
    "add": lambda k: k.Add(),
    "subtract": lambda k: k.Subtract(),
    "multiply": lambda k: k.Multiply(),
    "maximum": lambda k: k.Maximum(),
    "minimum": lambda k: k.Minimum(),
    "average": lambda k: k.Average(),
    "concatenate": lambda k: k.Concatenate(),
    "concatenate rows": lambda k: k.Concatenate(axis=1),
}


@pytest.mark.parametrize("name", MERGES)
def test_merging_different_grids(k: SimpleNamespace, name: str) -> None:
    def build(k: SimpleNamespace) -> Any:
        first = k.Input((4, 3), name="one")
        second = k.Input((4, 3), name="two")
        tensor = MERGES[name](k)([k.QActivation(A4)(first), second])
        return k.Model([first, second], tensor)

    run(k, build, {"one": "s8.5", "two": "u5.-1"})


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "average", "concatenate"])
def test_merging_three(k: SimpleNamespace, name: str) -> None:
    def build(k: SimpleNamespace) -> Any:
        ins = [k.Input((2, 3), name=n) for n in "abc"]
        return k.Model(ins, k.QActivation("quantized_bits(9,5,alpha=1)")(MERGES[name](k)(ins)))

    run(k, build, {"a": "s5.2", "b": "u4.0", "c": "s6.4"})


def test_merging_broadcasts(k: SimpleNamespace) -> None:
    def build(k: SimpleNamespace) -> Any:
        image = k.Input((3, 4, 2), name="image")
        gate = k.GlobalMaxPooling2D(keepdims=True)(image)
        return k.Model(image, k.Multiply()([image, gate]))

    run(k, build)


# --- structure --------------------------------------------------------------------------------


def test_residual_branches(k: SimpleNamespace) -> None:
    def build(k: SimpleNamespace) -> Any:
        x = first = k.Input((5, 5, 3))
        for i in range(2):
            y = k.QConv2D(3, 3, padding="same", **Q)(x)
            y = k.QActivation("quantized_relu(5,2)")(y)
            y = k.QConv2D(3, 1, **Q)(y)
            x = k.Add(name=f"sum_{i}")([x, y])
            x = k.QActivation("quantized_bits(7,3,alpha=1)")(x)
        x = k.GlobalAveragePooling2D()(x)
        return k.Model(first, k.QDense(4, **Q)(k.QActivation(A8)(x)))

    run(k, build)


def test_several_inputs_outputs_and_shared_layers(k: SimpleNamespace) -> None:
    def build(k: SimpleNamespace) -> Any:
        a, b = k.Input((6,), name="a"), k.Input((6,), name="b")
        shared = k.QDense(4, name="shared", **Q)
        act = k.QActivation(A4, name="act")
        left, right = act(shared(a)), act(shared(b))
        both = k.Concatenate()([left, right])
        outs = [k.QDense(3, name="head", **Q)(both), left, k.Subtract(name="gap")([left, right])]
        return k.Model([a, b], outs)

    graph = run(k, build, {"a": "s6.3", "b": "s5.1"})
    assert [n.name for n in graph.inputs] == ["a", "b"]
    assert [o.name for o in graph.outputs] == ["head", "act", "gap"]


def test_nested_and_shared_models(k: SimpleNamespace) -> None:
    def build(k: SimpleNamespace) -> Any:
        inner = chain(k, (5,), k.QDense(4, name="fc", **Q), k.QActivation(A4, name="act"))
        line = k.tf.keras.Sequential([k.QDense(3, name="last", **Q), k.QActivation(A8)])
        a, b = k.Input((5,), name="a"), k.Input((5,), name="b")
        x = k.Subtract()([inner(a), inner(b)])
        return k.Model([a, b], line(x))

    graph = run(k, build, {"": "s6.3"})
    assert {"fc", "fc_2"} <= {n.name for n in graph.nodes}


def test_sequential_models(k: SimpleNamespace) -> None:
    def build(k: SimpleNamespace) -> Any:
        return k.tf.keras.Sequential(
            [
                k.QActivation("quantized_bits(6,2,alpha=1)", input_shape=(7,), name="in"),
                k.QDense(4, **Q),
                k.tf.keras.Sequential([k.QActivation(A4), k.QDense(2, **Q)]),
            ]
        )

    graph = run(k, build, "")
    assert str(graph.inputs[0].type.fixed) == "s6.3"


def test_the_input_quantizer_gives_the_format(k: SimpleNamespace) -> None:
    graph = run(
        k,
        lambda k: chain(
            k, (2, 4), k.Flatten(), k.QActivation("quantized_relu(5,2)"), k.QDense(3, **Q)
        ),
        "",
    )
    assert str(graph.inputs[0].type.fixed) == "u5.3"


def test_pruning_wrappers_are_stripped(k: SimpleNamespace) -> None:
    from tensorflow_model_optimization.sparsity.keras import prune_low_magnitude

    def build(k: SimpleNamespace) -> Any:
        return chain(
            k,
            (8,),
            prune_low_magnitude(k.QDense(6, name="fc", **Q)),
            prune_low_magnitude(k.QActivation(A4)),
            prune_low_magnitude(k.QDense(3, kernel_quantizer="binary(alpha=1)", name="sign")),
        )

    k.tf.keras.utils.set_random_seed(1)
    model = build(k)
    randomise(model, 1)
    graph = check(model, near=True)
    assert "prune" not in " ".join(n.op.kind for n in graph.nodes)


FINAL: dict[str, Callable[[SimpleNamespace], list[Any]]] = {
    "softmax layer": lambda k: [k.QDense(3, **Q, name="fc"), k.Softmax()],
    "softmax activation": lambda k: [k.QDense(3, **Q, name="fc"), k.Activation("softmax")],
    "sigmoid activation": lambda k: [k.QDense(3, **Q, name="fc"), k.Activation("sigmoid")],
    "inside a nested model": lambda k: [
        chain(k, (8,), k.QDense(3, **Q, name="fc"), k.Softmax(name="prob"))
    ],
    "inside a layer": lambda k: [
        k.QConv1D(3, 1, name="fc", **Q), k.QConv1D(2, 1, name="fc2", **Q), k.Flatten(),
        k.Activation("softmax"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", FINAL)
def test_a_final_softmax_is_dropped(k: SimpleNamespace, name: str, tmp_path: Path) -> None:
    """Through a file and the oracle that `hwgen verify` asks."""
    k.tf.keras.utils.set_random_seed(1)
    shape = (4, 2) if name == "inside a layer" else (8,)
    model = chain(k, shape, k.QActivation(A8), *FINAL[name](k))
    randomise(model, 1)
    path = tmp_path / "net.h5"
    model.save(path)
    graph = convert(read_keras(path))
    (node,), (out,) = graph.inputs, graph.outputs
    assert out.name.startswith("fc") or name == "inside a layer"
    (note,) = graph.notes
    assert "is dropped; the outputs are the logits" in note
    codes = codes_for(graph, 1)
    floats = np.ldexp(codes[node.name], -node.type.frac).astype(np.float32)
    (want,) = oracle(path, None, {node.name: floats}, 1)
    np.testing.assert_array_equal(Reference(graph).run(codes)[out.name] * out.scale[0], want)


def test_a_softmax_inside_the_last_layer(k: SimpleNamespace, tmp_path: Path) -> None:
    model = chain(k, (8,), k.QActivation(A8), k.Dense(3, activation="softmax", name="fc"))
    rng = np.random.default_rng(2)
    model.layers[-1].set_weights([rng.integers(-9, 9, (8, 3)) / 8, rng.integers(-9, 9, 3) / 16])
    path = tmp_path / "net.h5"
    model.save(path)
    graph = convert(read_keras(path))
    codes = codes_for(graph, 1)
    ((name, x),) = codes.items()
    floats = np.ldexp(x, -graph.inputs[0].type.frac).astype(np.float32)
    (want,) = oracle(path, None, {name: floats}, 1)
    np.testing.assert_array_equal(Reference(graph).run(codes)["fc"] * graph.outputs[0].scale, want)


def test_the_oracle_loads_pruning_wrappers(k: SimpleNamespace, tmp_path: Path) -> None:
    from tensorflow_model_optimization.sparsity.keras import prune_low_magnitude

    fc = prune_low_magnitude(k.QDense(6, name="fc", kernel_quantizer=W4, use_bias=False))
    model = chain(k, (8,), k.QActivation(A8), fc)
    randomise(model, 1)
    path = tmp_path / "net.h5"
    model.save(path)
    graph = convert(read_keras(path))
    codes = codes_for(graph, 1)
    ((name, x),) = codes.items()
    floats = np.ldexp(x, -graph.inputs[0].type.frac).astype(np.float32)
    (want,) = oracle(path, None, {name: floats}, 1)
    (out,) = graph.outputs
    np.testing.assert_array_equal(Reference(graph).run(codes)[out.name] * out.scale[0], want)


def test_a_file_that_keras_cannot_load_is_the_tools_failure(tmp_path: Path) -> None:
    path = tmp_path / "net.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(ToolFailed, match="cannot load the model") as caught:
        oracle(path, None, {}, 1)
    assert caught.value.where == "net.h5"


def test_only_models_are_taken() -> None:
    with pytest.raises(ModelError, match="a Keras model is expected, not a dict"):
        saved({})
