# SPDX-License-Identifier: Apache-2.0
"""What a file states, against Keras itself: equal to the last bit, or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hwgen.errors import ModelError, ModelProblems
from hwgen.frontends import read
from hwgen.frontends.keras.live import from_keras
from hwgen.frontends.options import Options
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ops.reference import Reference
from tests.fuzz.compare_models import keras_roof, save

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore:non-integer arguments to randrange:DeprecationWarning"),
]
FORMS = ("h5", "keras", "json", "live")
Q6 = "quantized_bits(6,0,1,alpha=1)"


@pytest.fixture(scope="module")
def k() -> SimpleNamespace:
    return keras_roof()


def act(k: SimpleNamespace, bits: int = 8, integer: int = 3) -> Any:
    return k.QActivation(f"quantized_bits({bits},{integer},1,alpha=1)")


def graph_of(model: Any, form: str, folder: Path, options: Options) -> Graph:
    if form == "live":
        return from_keras(model, options)
    path, weights = save(model, form, folder)
    return read(path, Options(options.input_formats, weights=weights))


def same(graph: Graph, model: Any, inputs: list[Any]) -> bool:
    """Tell whether every output equals Keras' own, in Keras' order."""
    codes = {
        node.name: np.rint(np.ldexp(x, node.type.frac)).astype(np.int64)
        for node, x in zip(graph.inputs, inputs, strict=True)
    }
    got = Reference(graph).run(codes)
    floats = [x.astype(np.float32) for x in inputs]
    made = model(floats if len(floats) > 1 else floats[0], training=False)
    wants = made if isinstance(made, list) else [made]
    return all(
        np.array_equal(got[o.name] * np.array(o.scale), np.asarray(w, np.float64))
        for o, w in zip(graph.outputs, wants, strict=True)
    )


def grid(seed: int, *shape: int, top: int = 127, frac: int = 4) -> Any:
    return np.random.default_rng(seed).integers(-top, top + 1, shape) / 2**frac


BIASES = ("quantized_po2(4)", "quantized_relu_po2(4)", "binary(alpha=1)", "quantized_bits(1,0)",
          "quantized_sigmoid(4)", "stochastic_binary(alpha=1)", "quantized_tanh(4)")  # fmt: skip


@pytest.mark.parametrize("cls", ["QDense", "QConv2DBatchnorm", "QDepthwiseConv2D"])
def test_biases_of_zeros(k: SimpleNamespace, tmp_path: Path, cls: str) -> None:
    sizes: dict[str, tuple[int, ...]] = {"QDense": (3,), "QConv2DBatchnorm": (3, 2)}
    part = "depthwise_quantizer" if cls == "QDepthwiseConv2D" else "kernel_quantizer"
    shape = (6,) if cls == "QDense" else (4, 4, 2)
    first = k.Input(shape)
    x = act(k)(first)
    ends = []
    for bias in BIASES:
        layer = getattr(k, cls)(*sizes.get(cls, (2,)), **{part: Q6, "bias_quantizer": bias})
        ends.append(act(k, 12, 5)(layer(x)))
    model = k.Model(first, ends)
    for variable in model.weights:
        if "kernel" in variable.name:
            variable.assign(grid(1, *variable.shape, top=31, frac=6))
    graph = graph_of(model, "h5", tmp_path, Options())
    assert same(graph, model, [grid(2, 200, *shape)])


def test_a_checkpoint_between_gradient_and_mask(k: SimpleNamespace, tmp_path: Path) -> None:
    first = k.Input((6,))
    schedule = k.ConstantSparsity(0.5, begin_step=0, frequency=1)
    layer = k.QDense(8, kernel_quantizer=Q6, bias_quantizer=Q6)
    pruned = k.prune_low_magnitude(layer, pruning_schedule=schedule)
    model = k.Model(first, act(k, 10, 5)(pruned(act(k)(first))))
    for variable in model.weights:
        if "kernel" in variable.name:
            variable.assign(grid(3, 6, 8, top=60, frac=6))
        if "mask" in variable.name:
            variable.assign(np.random.default_rng(4).integers(0, 2, (6, 8)))
    for form in FORMS[:3]:  # a live model's weights are masked by its first call
        graph = graph_of(model, form, tmp_path, Options())
        assert np.count_nonzero(graph.nodes[1].op.weight) < 30, form
    assert same(graph, model, [grid(5, 200, 6)])


def halves(k: SimpleNamespace) -> dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]]:
    return {
        "add": (lambda x: k.Add(dtype="float16")([x, x, x]), (4,)),
        "multiply": (lambda x: k.Multiply(dtype="float16")([x, x]), (4,)),
        "dense": (lambda x: k.Dense(2, dtype="mixed_float16", name="d")(x), (4,)),
        "brain": (lambda x: k.Conv1D(2, 2, dtype="bfloat16", name="d")(x), (3, 2)),
        "double": (lambda x: k.Dense(2, dtype="float64", name="d")(x), (4,)),
        "mean": (lambda x: k.AveragePooling1D(2, dtype="float16")(x), (4, 2)),
        "move": (lambda x: k.Flatten(dtype="bfloat16")(x), (3, 2)),
        "relu": (lambda x: k.ReLU(max_value=3.0, dtype="float16")(x), (4,)),
    }


@pytest.mark.parametrize("name", list(halves(SimpleNamespace())))
def test_other_float_formats(k: SimpleNamespace, tmp_path: Path, name: str) -> None:
    make, shape = halves(k)[name]
    first = k.Input(shape)
    model = k.Model(first, k.Activation("linear", dtype="float32")(make(first)))
    for variable in model.weights:
        variable.assign(grid(6, *variable.shape, top=3, frac=1).astype(variable.dtype.name))
    for form in ("h5", "keras", "live"):
        narrow = Options({"": Fixed.parse("s5.2")})
        graph = graph_of(model, form, tmp_path, narrow)
        assert same(graph, model, [grid(7, 300, *shape, top=15, frac=2)])
        if name != "double":
            with pytest.raises(ModelProblems, match="bits do not hold every value"):
                graph_of(model, form, tmp_path, Options({"": Fixed.parse("s14.4")}))


@pytest.mark.parametrize("form", FORMS)
def test_dictionaries_inside_and_outside(k: SimpleNamespace, tmp_path: Path, form: str) -> None:
    a, b = k.Input((4,), name="zz"), k.Input((4,), name="aa")
    inner = k.Model(
        {"q": a, "p": b},
        {"mu": k.Activation("linear", name="l1")(a), "logvar": k.ReLU(name="l2")(b)},
        name="encoder",
    )
    x, y = k.Input((4,), name="x"), k.Input((4,), name="y")
    made = inner({"q": act(k)(x), "p": act(k)(y)})
    ends = {"u": k.Subtract(name="s")([made["mu"], made["logvar"]]), "c": made["mu"]}
    model = k.Model({"left": y, "it": x}, ends)
    flat = k.Model(model.inputs, model.outputs)
    graph = graph_of(model, form, tmp_path, Options())
    assert [node.layer for node in graph.inputs] == ["x", "y"]
    assert same(graph, flat, [grid(8, 100, 4), grid(9, 100, 4)])


def test_a_function_of_the_script_with_a_name_of_keras(k: SimpleNamespace) -> None:
    def relu(x: Any) -> Any:
        return k.tf.nn.relu(x) * 2

    first = k.Input((4,))
    model = k.Model(first, act(k)(k.Activation(relu)(first)))
    with pytest.raises(ModelProblems, match="activation 'relu' is a function of the package"):
        from_keras(model, Options({"": Fixed.parse("s8.4")}))
    model = k.Model(first, act(k)(k.Activation("relu")(first)))
    assert from_keras(model, Options({"": Fixed.parse("s8.4")}))


def test_a_model_in_memory_goes_by_its_name(k: SimpleNamespace) -> None:
    model = k.Sequential([k.Input((4,)), k.Dense(2)], name="tagger")
    with pytest.raises(ModelProblems, match=r"^the model 'tagger' in memory: "):
        from_keras(model)


def test_a_global_of_qkeras_that_no_file_states(k: SimpleNamespace) -> None:
    from qkeras.quantizers import set_internal_sigmoid

    first = k.Input((4,))
    model = k.Model(first, k.QActivation("quantized_tanh(4)")(act(k)(first)))
    assert from_keras(model)
    set_internal_sigmoid("real")
    try:
        with pytest.raises(ModelError, match="set_internal_sigmoid is not 'hard'"):
            from_keras(model)
    finally:
        set_internal_sigmoid("hard")


def test_keys_that_are_no_text(k: SimpleNamespace) -> None:
    first = k.Input((4,))
    ends = {n: k.Activation("linear")(act(k)(first)) for n in (2, 10)}
    with pytest.raises(ModelError, match="keys that are no text"):
        from_keras(k.Model(first, ends))


def test_a_live_model_that_hdf5_cannot_hold(k: SimpleNamespace) -> None:
    """Two inner models whose layers share their names: the archive numbers them."""

    def inner(name: str) -> Any:
        first = k.Input((4,), name="i")
        made = k.Dense(4, name="d")
        model = k.Model(first, k.Activation("relu", name="r")(made(first)), name=name)
        made.set_weights([grid(len(name), 4, 4, top=3, frac=1), np.zeros(4)])
        return model

    first = k.Input((4,))
    both = k.Sequential([k.Input((4,)), inner("a"), inner("bb")], name="pair")
    model = k.Model(first, both(act(k)(first)))
    assert same(from_keras(model), model, [grid(1, 50, 4)])
