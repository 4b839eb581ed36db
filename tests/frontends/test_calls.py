# SPDX-License-Identifier: Apache-2.0
"""What a file states about calls: arguments beside the tensors, and structures of tensors."""

from __future__ import annotations

from typing import Any

import pytest

from hwgen.frontends.keras.topology import parse
from hwgen.frontends.qkeras.convert import convert
from tests.frontends.test_convert import (
    S8,
    Config,
    act,
    functional,
    layer,
    norm,
    only,
)

GRID = "quantized_bits(8,3,1,alpha=1)"


def called(cls: str, keras: int, name: str = "z", **given: Any) -> Config:
    """Return a layer on x that is called with arguments beside the tensor."""
    settings = {"QActivation": {"activation": GRID}}.get(cls, {})
    made = layer(cls, name, **settings)
    tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}
    calls = {2: [["x", 0, 0, given]], 3: {"args": [tensor], "kwargs": given}}
    return {**made, "inbound_nodes": [calls[keras]]}


TRAINS = ["Dropout", "GaussianNoise", "AlphaDropout", "BatchNormalization", "QActivation"]


@pytest.mark.parametrize("keras", [2, 3])
@pytest.mark.parametrize("cls", TRAINS)
def test_a_call_in_training_mode_is_refused(cls: str, keras: int) -> None:
    def made(**given: Any) -> Any:
        layers = [called(cls, keras, **given), act("q", GRID, "z")]
        return functional(*layers, outputs=["q"], weights={"z": norm(4)})

    found = only(made(training=True))
    assert found.where == f"z ({cls})"
    assert found.what.startswith("the layer is called with training=True")
    assert "without training=True" in found.hint
    for harmless in (False, None, 0):
        assert convert(made(training=harmless), S8)


@pytest.mark.parametrize("keras", [2, 3])
def test_training_mode_changes_nothing_in_a_layer_that_only_moves(keras: int) -> None:
    assert convert(functional(called("Flatten", keras, training=True), outputs=["z"]), S8)


@pytest.mark.parametrize("keras", [2, 3])
def test_masks_and_other_arguments_are_refused(keras: int) -> None:
    tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}
    mask = {2: ["x", 0, 0], 3: tensor}[keras]
    made = functional(called("Softmax", keras, mask=mask), outputs=["z"])
    assert only(made).what == "the layer is called with mask='a tensor' beside its tensors"
    made = functional(called("Softmax", keras, mask={"a": None, "b": [None]}), outputs=["z"])
    assert convert(made, S8)
    made = functional(called("Flatten", keras, scale=2.5), outputs=["z"])
    assert only(made).what == "the layer is called with scale=2.5 beside its tensors"


def test_constants_among_the_tensors_are_refused() -> None:
    calls = [[["x", 0, 0, {}], ["_CONSTANT_VALUE", -1, [1.0, 2.0, 3.0, 4.0], {}]]]
    made = functional({**layer("Add", "z"), "inbound_nodes": calls}, outputs=["z"])
    assert only(made).what == "the layer is called with numbers among its tensors"


def nested(*layers: Config, inputs: Any, outputs: Any, call: Any) -> Config:
    config = {"name": "enc", "layers": list(layers), "input_layers": inputs,
              "output_layers": outputs}  # fmt: skip
    return {"class_name": "Functional", "name": "enc", "config": config, "inbound_nodes": [call]}


def inner_input(name: str, **settings: Any) -> Config:
    return layer("InputLayer", name, batch_input_shape=[None, 4], **settings)


def test_training_mode_of_a_nested_model_reaches_its_layers() -> None:
    inner = [inner_input("i"), layer("Dropout", "d", "i"), layer("Flatten", "f", "d")]
    made = functional(
        nested(*inner, inputs=[["i", 0, 0]], outputs=[["f", 0, 0]],
               call=[["x", 0, 0, {"training": True}]]),
        outputs=["enc"],
    )  # fmt: skip
    assert only(made).where == "enc/d (Dropout)"
    inner[1]["inbound_nodes"][0][0][3]["training"] = False  # the layer's own argument wins
    assert convert(made, S8)


def test_a_nested_model_called_with_a_mask() -> None:
    inner = [inner_input("i"), layer("Flatten", "f", "i")]
    made = functional(
        nested(*inner, inputs=[["i", 0, 0]], outputs=[["f", 0, 0]],
               call=[["x", 0, 0, {"mask": ["x", 0, 0]}]]),
        outputs=["enc"],
    )  # fmt: skip
    found = only(made)
    assert (found.where, found.what) == (
        "enc (Functional)",
        "the model is called with mask beside its tensors",
    )


def test_a_nested_model_that_is_given_another_shape() -> None:
    made = functional(
        nested(layer("InputLayer", "i", batch_input_shape=[None, 4, 1]), layer("Flatten", "f", "i"),
               inputs=[["i", 0, 0]], outputs=[["f", 0, 0]], call=[["x", 0, 0, {}]]),
        outputs=["enc"],
    )  # fmt: skip
    assert only(made).what == "the nested model expects the shape (4, 1) and is given (4,)"


# --- structures -------------------------------------------------------------------------------


def two(call: Any, inputs: Any, outputs: Any) -> list[tuple[str, ...]]:
    """Return what the layers behind a nested model with two inputs and two outputs read."""
    inner = [layer("Flatten", "fb", "b"), layer("Flatten", "fa", "a")]
    spec = nested(
        inner_input("b"), inner_input("a"), *inner, inputs=inputs, outputs=outputs, call=call
    )
    first = {**layer("Flatten", "first"), "inbound_nodes": [[["enc", 0, 0, {}]]]}
    second = {**layer("Flatten", "second"), "inbound_nodes": [[["enc", 0, 1, {}]]]}
    config = {
        "name": "net",
        "layers": [inner_input("x"), inner_input("y"), spec, first, second],
        "input_layers": [["x", 0, 0], ["y", 0, 0]],
        "output_layers": [["first", 0, 0], ["second", 0, 0]],
    }
    net = parse({"class_name": "Functional", "config": config}, "net.h5")
    calls = {c.output: c.inputs for c in net.calls}
    found = []
    for name in ("first", "second"):
        (tensor,) = calls[name]
        while calls[tensor]:
            (tensor,) = calls[tensor]
        found.append(tensor)
    return found


X, Y = ["x", 0, 0, {}], ["y", 0, 0, {}]
LIST_IN, LIST_OUT = [["b", 0, 0], ["a", 0, 0]], [["fb", 0, 0], ["fa", 0, 0]]
DICT_IN, DICT_OUT = ({"z": p[0], "c": p[1]} for p in (LIST_IN, LIST_OUT))


@pytest.mark.parametrize(
    ("call", "inputs", "outputs", "want"),
    [
        ([X, Y], LIST_IN, LIST_OUT, ["x", "y"]),
        ([X, Y], LIST_IN, DICT_OUT, ["y", "x"]),
        ([X, Y], DICT_IN, LIST_OUT, ["y", "x"]),  # x goes to the first key, which is c
        ([X, Y], DICT_IN, DICT_OUT, ["x", "y"]),
        ({"z": X, "c": Y}, DICT_IN, LIST_OUT, ["x", "y"]),
        ({"b": Y, "a": X}, LIST_IN, LIST_OUT, ["y", "x"]),  # by the names of the inputs
        ({"q": Y, "p": X}, LIST_IN, LIST_OUT, ["x", "y"]),  # by sorted key
        ([X, Y], [["b", 0, 0], ["a", 0, 0]], [LIST_OUT[1], [LIST_OUT[0]]], ["y", "x"]),
        ([X, Y], LIST_IN, {"b": [LIST_OUT[0]], "a": {"k": LIST_OUT[1]}}, ["y", "x"]),
    ],
)
def test_dictionaries_are_walked_by_sorted_key(
    call: Any, inputs: Any, outputs: Any, want: list[str]
) -> None:
    assert two(call, inputs, outputs) == want


def test_dictionaries_at_the_rim_are_walked_by_sorted_key() -> None:
    config = {
        "name": "net",
        "layers": [inner_input("x"), inner_input("y")],
        "input_layers": {"k": ["y", 0, 0], "b": ["x", 0, 0]},
        "output_layers": {"z": [["x", 0, 0]], "d": {"2": ["y", 0, 0], "10": ["x", 0, 0]}},
    }
    net = parse({"class_name": "Functional", "config": config}, "net.h5")
    assert [name for name, _ in net.inputs] == ["x", "y"]
    assert [name for name, _ in net.outputs] == ["x", "y", "x"]
