# SPDX-License-Identifier: Apache-2.0
"""Conversion of a Keras configuration and its weights to an integer graph. No TensorFlow.

Every layer class has one handler, found in `HANDLERS`. What has no integer form yet waits as a
float32 step (see `exact.steps`). All problems of a model are collected and told at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from hwgen.errors import ModelError, UnsupportedLayer, count_of
from hwgen.frontends.exact.steps import Value
from hwgen.frontends.keras.file import KerasModel
from hwgen.frontends.keras.layer_classes import CLASSES
from hwgen.frontends.keras.network import Call, Layer, check_wrapper
from hwgen.frontends.keras.topology import parse
from hwgen.frontends.options import Options, check_scaler
from hwgen.frontends.qkeras import layers_float, layers_linear, layers_shape
from hwgen.frontends.qkeras.chosen_outputs import cut
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.given import apply_format, check_given, note_given
from hwgen.frontends.qkeras.input_scalers import find_outside, put_outside
from hwgen.frontends.qkeras.ports import check_options, model_input, network_input, network_output
from hwgen.frontends.qkeras.precision_check import check_precision, settle_inputs
from hwgen.frontends.qkeras.registry import HANDLERS, Handler
from hwgen.frontends.qkeras.stated import is_hgq, refuse_class, stated_problems
from hwgen.frontends.qkeras.unread import problems_of
from hwgen.ir.graph import Graph

# Importing a module of handlers enters them.
HANDLER_MODULES = (layers_linear, layers_shape, layers_float)


def supported_layers() -> list[str]:
    """Return the Keras and QKeras layer classes that are converted, sorted."""
    return sorted(["InputLayer", *HANDLERS])


@dataclass(frozen=True)
class Traced:
    """Graph of a Keras model, and which of its nodes hold the output of a layer.

    Attributes:
        graph: the integer graph.
        outputs: by node, the path of the layer and the number of the call.
    """

    graph: Graph
    outputs: Mapping[str, tuple[str, int]]


def convert(model: KerasModel, options: Options | None = None) -> Graph:
    """Return the integer graph of a Keras model.

    Raises:
        ModelProblems: with every layer that has no exact integer form, its reason and the way out.
        ConfigError: the options name inputs or layers that the model does not have.
    """
    return traced(model, options).graph


def traced(model: KerasModel, options: Options | None = None) -> Traced:
    """Return the integer graph of a Keras model, and what layers its nodes stand for.

    Raises:
        ModelProblems, ConfigError: as of `convert`.
    """
    options = options or Options()
    whole = parse(model.config, model.source)
    network = cut(whole, options.outputs)
    c = Conversion(model, network, options, whole)
    check_options(c)
    check_given(c)
    find_outside(c)
    for problem in network.problems:
        c.problem(problem)
    if network.subclass:
        c.note(
            f"the model is a {network.subclass}, a class of a script: its layers are taken as the "
            "file lists them; a call() of its own would not be in the file"
        )
    for call in network.calls:
        c.values[call.output] = convert_call(c, call)
    note_given(c)
    outputs = []
    for name, tensor in network.outputs:
        value = c.values[tensor]
        if value is not None:
            try:
                outputs.append(network_output(c, name, tensor, value))
            except ModelError as error:
                c.problem(error)
    graph = c.graph(network.name, outputs, c.options.scaler)
    if not graph.inputs:
        raise ModelError("the model lists no input layer", c.source, "save it again with Keras")
    check_scaler(c.options, graph.inputs[0].type.shape)
    found: dict[str, tuple[str, int]] = {}
    for call in network.calls:
        value, number = c.values[call.output], call.output.removeprefix(f"{call.layer.key}@")
        if value is not None and not value.steps and call.layer.cls != "InputLayer":
            if call.output == call.layer.key:
                found.setdefault(value.node, (call.layer.key, 0))
            elif number.isdecimal():
                found.setdefault(value.node, (call.layer.key, int(number)))
    return Traced(graph, found)


def convert_call(c: Conversion, call: Call) -> Value | None:
    """Convert one use of a layer; None where nothing is known of its output.

    Problems are collected. A layer that is refused hands on a stand-in where its shape is known, so
    that what follows is looked at too; with a problem no graph is ever made.
    """
    ins = [c.values[t] for t in call.inputs]
    ready = [v for v in ins if v is not None]
    first = len(c.nodes)
    try:
        handler = _handler(call)
        for found in stated_problems(call):
            c.problem(found)
        if len(ready) == len(ins):
            ready = settle_inputs(c, call.layer, ready)
            out = handler(c, call.layer, ready)
            out = put_outside(c, call, check_precision(c, call.layer, ready, first, out))
            return apply_format(c, call, out)
    except ModelError as error:
        c.problem(error)
        known = CLASSES.get(call.layer.cls)
        return c.stand_in(ready[0].type.shape) if known and known.alike and ready else None
    for found in problems_of(c, call.layer):
        c.problem(found)
    return None


def _handler(call: Call) -> Handler:
    """Return the handler of a call's layer, or refuse the layer."""
    layer = call.layer
    if layer.cls == "InputLayer":
        return partial(network_input, tensor=call.output) if not call.inputs else model_input
    if is_hgq(layer):
        refuse_class(layer)
    if layer.cls not in HANDLERS:
        raise _unsupported(layer)
    refuse_class(layer)
    check_wrapper(layer)
    count = len(call.inputs)
    if count != 1 and (not CLASSES[layer.cls].merges or count == 0):
        raise ModelError(
            f"the layer is called with {count_of(count, 'tensor')}",
            layer.where,
            "save the model again with Keras; the file may have been edited",
        )
    return HANDLERS[layer.cls]


def _unsupported(layer: Layer) -> UnsupportedLayer:
    """Return the refusal of a layer class without a handler."""
    if layer.cls == "Lambda":
        return UnsupportedLayer(
            "a Lambda layer holds Python bytecode, which is never executed",
            layer.where,
            "replace it with a standard layer",
        )
    hint = "use layers that hwgen ops lists"
    if layer.cls in ("TFOpLambda", "SlicingOpLambda"):
        hint = "write the bare TensorFlow operation as a Keras layer (Add, Multiply, Reshape, ...)"
    return UnsupportedLayer(f"layer class {layer.cls!r} is not supported", layer.where, hint)
