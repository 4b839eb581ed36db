# SPDX-License-Identifier: Apache-2.0
"""Conversion of a Keras configuration and its weights to an integer graph. No TensorFlow.

Every layer class has one handler, found in `HANDLERS`. A handler turns the `Value` at its input
into the one at its output, emitting integer operations; what has no integer form yet waits as a
float32 step (see `exact.steps`). All problems of a model are collected and told at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from hwgen.errors import ModelError, ModelProblems, UnsupportedLayer
from hwgen.frontends.exact.steps import Affine, Rectify, Step, Value, exponent
from hwgen.frontends.keras.file import KerasModel
from hwgen.frontends.keras.topology import Call, Layer, Network, check_wrapper, parse
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.ports import check_options, network_input, network_output
from hwgen.frontends.qkeras.settings_check import problems_of
from hwgen.ir.graph import Graph, Node
from hwgen.ir.names import node_name
from hwgen.ops.base import Op
from hwgen.ops.movepoint import MovePoint
from hwgen.ops.requantize import Requantize
from hwgen.ops.shape import ShiftLeft

Handler: TypeAlias = Callable[["Converter", Layer, list[Value]], Value]
HANDLERS: dict[str, Handler] = {}
_MERGES: set[str] = set()


def handles(*classes: str, merges: bool = False) -> Callable[[Handler], Handler]:
    """Enter a handler for Keras layer classes; those that *merge* take several tensors."""

    def enter(handler: Handler) -> Handler:
        for cls in classes:
            assert cls not in HANDLERS
            HANDLERS[cls] = handler
        if merges:
            _MERGES.update(classes)
        return handler

    return enter


def convert(model: KerasModel, options: Options | None = None) -> Graph:
    """Return the integer graph of a Keras model.

    Raises:
        ModelProblems: with every layer that has no exact integer form, its reason and the way out.
    """
    import hwgen.frontends.qkeras.layers_linear
    import hwgen.frontends.qkeras.layers_shape  # noqa: F401 - both enter their handlers

    network = parse(model.config, model.source)
    return Converter(model, network, options or Options()).run()


class Converter:
    """One conversion: the nodes so far, the values of the tensors, the problems met."""

    def __init__(self, model: KerasModel, network: Network, options: Options) -> None:
        self.model = model
        self.network = network
        self.options = options
        self.nodes: list[Node] = []
        self.names: set[str] = set()
        self.ports: set[str] = set()
        self.values: dict[str, Value | None] = {}
        self.problems: list[ModelError] = []
        self.dropped: set[str] = set()  # tensors behind a final softmax that is gone
        self.notes: list[str] = []
        self.readers: dict[str, list[Call]] = {}
        self._exact: dict[tuple[str, tuple[Step, ...]], Value] = {}
        for call in network.calls:
            for tensor in call.inputs:
                self.readers.setdefault(tensor, []).append(call)

    def run(self) -> Graph:
        """Convert every call, then the outputs."""
        check_options(self)
        for call in self.network.calls:
            self.values[call.output] = self.call(call)
        outputs = []
        for name, tensor in self.network.outputs:
            value = self.values[tensor]
            if value is not None:
                try:
                    outputs.append(network_output(self, name, tensor, value))
                except ModelError as error:
                    self.problem(error)
        if self.problems:
            raise ModelProblems(self.model.source, self.problems)
        mean, std = self.options.scaler or ((), ())
        graph = Graph(
            node_name(self.network.name),
            tuple(self.nodes),
            tuple(outputs),
            tuple(self.notes),
            tuple(float(m) for m in mean),
            tuple(float(s) for s in std),
        )
        graph.check()
        return graph

    def call(self, call: Call) -> Value | None:
        """Convert one use of a layer; None where it, or something in front of it, is refused."""
        ins = [self.values[t] for t in call.inputs]
        ready = [v for v in ins if v is not None]
        try:
            handler = self.handler(call)
            if len(ready) == len(ins):
                return handler(self, call.layer, ready)
        except ModelError as error:
            self.problem(error)
            return None
        for found in problems_of(self, call.layer):
            self.problem(found)
        return None

    def handler(self, call: Call) -> Handler:
        """Return the handler of a call's layer."""
        if call.layer.cls == "InputLayer":
            return lambda c, layer, _: network_input(c, layer, call.output)
        if call.layer.cls not in HANDLERS:
            raise unsupported(call.layer)
        check_wrapper(call.layer)
        count = len(call.inputs)
        if count != 1 and (call.layer.cls not in _MERGES or count == 0):
            raise ModelError(
                f"the layer is called with {count} tensors",
                call.layer.where,
                "save the model again with Keras; the file may have been edited",
            )
        return HANDLERS[call.layer.cls]

    # ---------------------------------------------------------------- what handlers use

    def note(self, text: str) -> None:
        """Tell the user something, once."""
        if text not in self.notes:
            self.notes.append(text)

    def problem(self, error: ModelError) -> None:
        """Keep a problem, once: shared layers meet theirs at every call."""
        if str(error) not in map(str, self.problems):
            self.problems.append(error)

    def port(self, name: str) -> str:
        """Return a name for an output port that no other has."""
        return _unique(node_name(name), self.ports)

    def emit(self, name: str, op: Op, ins: Sequence[Value], layer: Layer, note: str = "") -> Value:
        """Append a node and return its value; the inputs must have no waiting steps."""
        assert not any(v.steps for v in ins)
        try:
            kind = op.infer([v.type for v in ins])
        except ModelError as error:  # operations know no layers
            raise type(error)(error.what, layer.where, error.hint) from error
        unique = _unique(node_name(name), self.names)
        sources = tuple(v.node for v in ins)
        self.nodes.append(Node(unique, op, sources, kind, layer.name, note))
        return Value(unique, kind)

    def exact(self, value: Value, layer: Layer) -> Value:
        """Return the value with its waiting steps turned into integer operations, or refuse."""
        done = Value(value.node, value.type)
        for i, step in enumerate(value.steps):
            key = (value.node, value.steps[: i + 1])
            if key not in self._exact:
                self._exact[key] = self._step(done, step, layer)
            done = self._exact[key]
        return done

    def _step(self, value: Value, step: Step, layer: Layer) -> Value:
        if isinstance(step, Rectify):
            return self.rectify(value, step, layer)
        if isinstance(step, Affine) and (power := _power_of_two(step)) is not None:
            return self.scaled(value, power, layer)
        raise UnsupportedLayer(
            "a batch normalisation, mean, unquantized bias or scale that is no power of two "
            "reaches this layer without a quantizer in between, so its input is on no integer grid",
            layer.where,
            "put a QActivation in front of this layer",
        )

    def rectify(self, value: Value, step: Rectify, layer: Layer) -> Value:
        """Emit an unquantized ReLU of exact codes as a clip."""
        frac, hi = value.type.frac, max(int(value.type.hi.max()), 0)
        power = exponent(step.slope) if step.slope > 0 else None
        ceiling = math.ldexp(step.ceiling, frac)
        if (step.slope and (power is None or power > 0)) or (
            math.isfinite(ceiling) and ceiling != int(ceiling)
        ):
            raise UnsupportedLayer(
                f"a ReLU with slope {step.slope:g} and ceiling {step.ceiling:g} leaves the integer "
                "grid",
                layer.where,
                "use a slope of 2**-k and a ceiling on the grid, or put a quantizer directly "
                "behind it",
            )
        if math.isfinite(ceiling):
            hi = min(hi, int(ceiling))
        layer = replace(layer, name=step.name or layer.name)
        name = step.name or f"{layer.name}_relu"
        if power is None:
            return self.emit(name, Requantize(0, 0, hi), [value], layer)
        lo = min(int(value.type.lo.min()), 0)
        op = Requantize(power, 0, hi << -power, 0, lo)
        return self.emit(name, op, [value], layer)

    def scaled(self, value: Value, power: int, layer: Layer) -> Value:
        """Return ``value * 2**power``: the same codes, the binary point moved."""
        if power == 0:
            return value
        return self.emit(f"{layer.name}_scale", MovePoint(power), [value], layer)

    def aligned(self, values: Sequence[Value], layer: Layer) -> list[Value]:
        """Return exact values on one grid: the finest of theirs."""
        done = [self.exact(v, layer) for v in values]
        frac = max(v.type.frac for v in done)
        return [
            v
            if v.type.frac == frac
            else self.emit(f"{v.node}_aligned", ShiftLeft(frac - v.type.frac), [v], layer)
            for v in done
        ]


def unsupported(layer: Layer) -> UnsupportedLayer:
    """Return the refusal of a layer class without a handler."""
    if layer.cls == "Lambda":
        return UnsupportedLayer(
            "a Lambda layer holds Python bytecode, which is never executed",
            layer.where,
            "replace it with a standard layer",
        )
    hint = "use layers that hwgen ops lists"
    if layer.cls in ("BinaryDense", "TernaryDense"):
        hint = (
            "rebuild it as QDense with kernel_quantizer binary() or ternary(), or take the float "
            "model through post-training quantization"
        )
    elif layer.cls in ("TFOpLambda", "SlicingOpLambda"):
        hint = "write the bare TensorFlow operation as a Keras layer (Add, Multiply, Reshape, ...)"
    return UnsupportedLayer(f"layer class {layer.cls!r} is not supported", layer.where, hint)


def _unique(base: str, taken: set[str]) -> str:
    name, count = base, 1
    while name in taken:
        count += 1
        name = f"{base}_{count}"
    taken.add(name)
    return name


def _power_of_two(step: Affine) -> int | None:
    """Return n where the step only multiplies everything by ``2**n``."""
    if step.add is not None or step.mul is None:
        return None
    powers = {exponent(float(m)) for m in np.unique(step.mul)}
    return powers.pop() if len(powers) == 1 else None
