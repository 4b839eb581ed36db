# SPDX-License-Identifier: Apache-2.0
"""Model configurations of Keras 2 and Keras 3, flattened to calls."""

from __future__ import annotations

from typing import Any

import pytest

from hwgen.errors import ModelError, UnsupportedLayer
from hwgen.frontends.keras.network import Call, Network, check_wrapper
from hwgen.frontends.keras.topology import parse

Config = dict[str, Any]


def layer(cls: str, name: str, *inbound: Any, **settings: Any) -> Config:
    """A layer as Keras 2 stores it in a functional model."""
    return {
        "class_name": cls,
        "name": name,
        "config": {"name": name, **settings},
        "inbound_nodes": list(inbound),
    }


def reads(*names: str) -> list[Any]:
    """One call of a layer, Keras 2."""
    return [[name, 0, 0, {}] for name in names]


def source(name: str = "x", shape: tuple[int | None, ...] = (None, 4)) -> Config:
    return layer("InputLayer", name, batch_input_shape=list(shape))


def functional(*layers: Config, inputs: Any, outputs: Any, cls: str = "Functional") -> Config:
    config = {
        "name": "net", "layers": list(layers), "input_layers": inputs, "output_layers": outputs
    }  # fmt: skip
    return {"class_name": cls, "config": config}


def sequential(*layers: Config, **extra: Any) -> Config:
    return {"class_name": "Sequential", "config": {"name": "seq", "layers": list(layers), **extra}}


def shape_of(network: Network) -> list[tuple[str, tuple[str, ...], str]]:
    return [(c.layer.cls, c.inputs, c.output) for c in network.calls]


def test_sequential() -> None:
    net = parse(sequential(source(), layer("QDense", "fc"), layer("QActivation", "act")), "m")
    assert shape_of(net) == [
        ("InputLayer", (), "x"), ("QDense", ("x",), "fc"), ("QActivation", ("fc",), "act")
    ]  # fmt: skip
    assert (net.name, net.inputs, net.outputs) == ("seq", (("x", "x"),), (("act", "act"),))


def test_sequential_of_early_keras_is_a_bare_list() -> None:
    spec = {"class_name": "Sequential", "config": [source(), layer("Dense", "fc")]}
    net = parse(spec, "m")
    assert net.name == "model"
    assert shape_of(net)[1] == ("Dense", ("x",), "fc")


@pytest.mark.parametrize(
    "spec",
    [
        sequential(layer("Dense", "fc", batch_input_shape=[None, 7])),
        sequential(layer("Dense", "fc", batch_shape=[None, 7])),
        sequential(layer("Dense", "fc"), build_input_shape=[None, 7]),
        sequential(
            layer(
                "PruneLowMagnitude", "fc",
                layer=layer("Dense", "inner", batch_input_shape=[None, 7]),
            )
        ),
        sequential(
            layer("Sequential", "fc")
            | sequential(layer("Dense", "inner", batch_input_shape=[None, 7]))
        ),
    ],
)  # fmt: skip
def test_implied_input(spec: Config) -> None:
    net = parse(spec, "m")
    first = net.calls[0].layer
    assert first.cls == "InputLayer"
    assert first.config["batch_input_shape"] == [None, 7]
    assert net.inputs[0][0] == first.name


def test_no_input_shape() -> None:
    with pytest.raises(ModelError, match="does not say its input shape") as caught:
        parse(sequential(layer("Dense", "fc")), "net.h5")
    assert str(caught.value).startswith("net.h5: ")
    assert "Input layer" in caught.value.hint


@pytest.mark.parametrize("cls", ["Functional", "Model", "keras.src.models.functional.Functional"])
def test_functional_with_branches_listed_in_any_order(cls: str) -> None:
    net = parse(
        functional(
            layer("Add", "sum", reads("left", "right")),
            source(),
            layer("QDense", "right", reads("x")),
            layer("QDense", "left", reads("x")),
            inputs=[["x", 0, 0]],
            outputs=[["sum", 0, 0], ["left", 0, 0]],
            cls=cls,
        ),
        "m",
    )
    assert shape_of(net)[-1] == ("Add", ("left", "right"), "sum")
    assert net.outputs == (("sum", "sum"), ("left", "left"))


def test_shared_layers_are_called_twice() -> None:
    net = parse(
        functional(
            source("a"),
            source("b"),
            layer("QDense", "fc", reads("a"), reads("b")),
            layer("Subtract", "gap", [["fc", 0, 0, {}], ["fc", 1, 0, {}]]),
            inputs=[["a", 0, 0], ["b", 0, 0]],
            outputs=["gap", 0, 0],
        ),
        "m",
    )
    assert shape_of(net)[2:] == [
        ("QDense", ("a",), "fc"), ("QDense", ("b",), "fc@1"), ("Subtract", ("fc", "fc@1"), "gap")
    ]  # fmt: skip
    assert net.calls[2].layer.key == net.calls[3].layer.key == "fc"


@pytest.mark.parametrize("first", [0, 1])
def test_nested_models_are_inlined(first: int) -> None:
    """Keras counts the calls of a model from 1 when the model has an input of its own."""
    inner = functional(
        source("in"), layer("QDense", "fc", reads("in")),
        inputs=[["in", 0, 0]], outputs=[["fc", 0, 0]],
    )["config"]  # fmt: skip
    net = parse(
        functional(
            source("a"),
            source("b"),
            layer("Functional", "enc", reads("a"), reads("b"))
            | {"config": inner | {"name": "enc"}},
            layer("Add", "sum", [["enc", first, 0, {}], ["enc", first + 1, 0, {}]]),
            inputs=[["a", 0, 0], ["b", 0, 0]],
            outputs=[["sum", 0, 0]],
        ),
        "m",
    )
    dense = [c for c in net.calls if c.layer.cls == "QDense"]
    assert [c.layer.key for c in dense] == ["enc/fc", "enc/fc"]
    entered = {c.output: c.inputs for c in net.calls if c.layer.cls == "InputLayer"}
    assert [entered[c.inputs[0]] for c in dense] == [("a",), ("b",)]
    assert len({c.output for c in net.calls}) == len(net.calls)
    assert net.calls[-1].inputs == tuple(c.output for c in dense)


def test_a_sequential_inside() -> None:
    inner = sequential(source("in"), layer("QDense", "fc"), layer("QActivation", "act"))
    net = parse(
        functional(
            source(),
            inner | {"name": "enc", "inbound_nodes": [reads("x")]},
            layer("QDense", "last", [["enc", 1, 0, {}]]),
            inputs=[["x", 0, 0]],
            outputs=[["last", 0, 0]],
        ),
        "m",
    )
    assert [(c.layer.cls, c.inputs) for c in net.calls] == [
        ("InputLayer", ()),
        ("InputLayer", ("x",)),
        ("QDense", ("seq/in",)),
        ("QActivation", ("seq/fc",)),
        ("QDense", ("seq/act",)),
    ]


def test_nesting_has_an_end() -> None:
    spec = sequential(source(), layer("Dense", "fc"))
    for _ in range(10):
        spec = sequential(source(), spec)
    with pytest.raises(ModelError, match="nested more than 8 deep"):
        parse(spec, "m")


def keras_3(name: str, shape: tuple[int | None, ...] = (None, 4)) -> Config:
    history = {"shape": list(shape), "dtype": "float32", "keras_history": [name, 0, 0]}
    return {"class_name": "__keras_tensor__", "config": history}


def test_keras_3() -> None:
    net = parse(
        functional(
            layer("InputLayer", "x", batch_shape=[None, 4]),
            layer("qkeras>QDense", "one", {"args": [keras_3("x")], "kwargs": {"training": False}}),
            layer("QDense", "two", {"args": [], "kwargs": {"inputs": keras_3("x")}}),
            layer("Add", "sum", {"args": [[keras_3("one"), keras_3("two")]], "kwargs": {}}),
            inputs=["x", 0, 0],
            outputs=["sum", 0, 0],
        ),
        "m",
    )
    assert shape_of(net)[1:] == [
        ("QDense", ("x",), "one"), ("QDense", ("x",), "two"), ("Add", ("one", "two"), "sum")
    ]  # fmt: skip


def test_tensors_in_keyword_arguments() -> None:
    net = parse(
        functional(
            source("x"),
            source("y"),
            layer("Add", "sum", [["x", 0, 0, {"y": ["y", 0, 0], "name": None}]]),
            inputs={"x": ["x", 0, 0], "y": ["y", 0, 0]},
            outputs=[["sum", 0, 0]],
        ),
        "m",
    )
    assert net.calls[-1].inputs == ("x",)
    assert net.calls[-1].arguments == {"y": "a tensor"}


def wrapped(outer: str, inner: str) -> Call:
    spec = layer(outer, "wrap", layer=layer(inner, "fc", units=3), begin_step=1)
    return parse(sequential(source(), spec), "m").calls[-1]


def test_wrappers_are_peeled_off() -> None:
    pruned = wrapped("PruneLowMagnitude", "QDense").layer
    assert (pruned.cls, pruned.name) == ("QDense", "wrap")
    assert pruned.wrapped_in == {"PruneLowMagnitude"}
    timed = wrapped("TimeDistributed", "QDense").layer
    assert (timed.config["units"], timed.wrapped_in) == (3, {"TimeDistributed"})
    check_wrapper(timed)
    assert timed.where == "wrap (QDense)"


@pytest.mark.parametrize("inner", ["Flatten", "BatchNormalization", "QConv1D", "Reshape"])
def test_time_distributed_is_refused_where_it_matters(inner: str) -> None:
    with pytest.raises(UnsupportedLayer, match=rf"TimeDistributed\({inner}\)") as caught:
        check_wrapper(wrapped("TimeDistributed", inner).layer)
    assert "QDense" in caught.value.hint


def test_subclassed_models_are_refused() -> None:
    with pytest.raises(UnsupportedLayer, match="model class 'JetNet' is not supported") as caught:
        parse({"class_name": "Custom>JetNet", "config": {}}, "net.h5")
    assert "functional API" in caught.value.hint


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (sequential(), "no layers"),
        ({"class_name": "Sequential", "config": {"layers": [{"config": {}}]}}, "malformed"),
        ({"class_name": "Sequential", "config": {"layers": [3]}}, "malformed"),
        ({"class_name": "Functional", "config": {"layers": []}}, "malformed"),
        (functional(source(), inputs=[["y", 0, 0]], outputs=[["x", 0, 0]]), "'y' is not in the"),
        (functional(source(), inputs=[["x", 0, 0]], outputs=[["z", 0, 0]]), r"\['z'\] are not in"),
        (functional(source(), inputs=[["x", 0, 0]], outputs=[]), "has no outputs"),
        (
            functional(
                source(), layer("Dense", "a", reads("x")),
                inputs=[["a", 0, 0]], outputs=[["a", 0, 0]],
            ),
            "input layer 'a' is no InputLayer",
        ),
        (functional(source(), inputs=[["x"]], outputs=[["x", 0, 0]]), "malformed"),
        (
            functional(
                source(), layer("Dense", "a", reads("b")), layer("Dense", "b", reads("a")),
                inputs=[["x", 0, 0]], outputs=[["b", 0, 0]],
            ),
            r"layer 'a' reads \['b'\], which no layer makes",
        ),
    ],
)  # fmt: skip
def test_broken_configurations(spec: Config, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        parse(spec, "net.h5")
