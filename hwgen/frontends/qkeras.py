# SPDX-License-Identifier: Apache-2.0
"""From a Keras configuration and its weights to an integer graph. No TensorFlow.

Every layer class has one handler, found in `HANDLERS`. A handler turns the `Value` at its input into the one
at its output, emitting integer operations; what has no integer form yet waits as a float32 step (see `chain`).
All problems of a model are collected and told at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from hwgen.errors import ConfigError, ModelError, ModelProblems, UnsupportedLayer
from hwgen.frontends.chain import Affine, Normalise, Rectify, Value, exponent
from hwgen.frontends.keras_file import KerasModel
from hwgen.frontends.quantizers import Quantizer, parse_quantizer
from hwgen.frontends.tabulate import tabulate
from hwgen.frontends.topology import Call, Layer, Network, parse
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.tensor import TensorType
from hwgen.ops.base import Op
from hwgen.ops.input_ import Input
from hwgen.ops.movepoint import MovePoint
from hwgen.ops.requantize import Requantize
from hwgen.ops.shape import ShiftLeft

Handler: TypeAlias = Callable[["Converter", Layer, list[Value]], Value]
HANDLERS: dict[str, Handler] = {}
# A float32 sum is exact while it stays below this many least significant bits.
FLOAT32_EXACT = 1 << 24


def handles(*classes: str) -> Callable[[Handler], Handler]:
    """Enter a handler for Keras layer classes."""

    def enter(handler: Handler) -> Handler:
        for cls in classes:
            assert cls not in HANDLERS
            HANDLERS[cls] = handler
        return handler

    return enter


@dataclass(frozen=True)
class Options:
    """What the user adds to the model.

    Attributes:
        input_formats: number format of the inputs: under ``""`` for every input, or by input name.
        masks: pruning masks by layer name (1 keeps, 0 is a pruned weight), shape of the kernel.
        scaler: (mean, std) of the training data, shipped in the bundle.
    """

    input_formats: Mapping[str, Fixed] = field(default_factory=dict)
    masks: Mapping[str, Any] = field(default_factory=dict)
    scaler: tuple[Sequence[float], Sequence[float]] | None = None


def convert(model: KerasModel, options: Options = Options()) -> Graph:  # noqa: B008 - frozen
    """Return the integer graph of a Keras model.

    Raises:
        ModelProblems: with every layer that has no exact integer form, its reason and the way out.
    """
    import hwgen.frontends.layers_linear
    import hwgen.frontends.layers_shape  # noqa: F401 - both enter their handlers

    network = parse(model.config, model.source)
    return Converter(model, network, options).run()


class Converter:
    """One conversion: the nodes so far, the values of the tensors, the problems met."""

    def __init__(self, model: KerasModel, network: Network, options: Options) -> None:
        self.model = model
        self.network = network
        self.options = options
        self.nodes: list[Node] = []
        self.names: set[str] = set()
        self.values: dict[str, Value | None] = {}
        self.problems: list[ModelError] = []
        self.dropped: set[str] = set()  # tensors behind a final softmax that is gone
        self.notes: list[str] = []
        self.readers: dict[str, list[Call]] = {}
        for call in network.calls:
            for tensor in call.inputs:
                self.readers.setdefault(tensor, []).append(call)

    def run(self) -> Graph:
        """Convert every call, then the outputs."""
        self.check_formats()
        for call in self.network.calls:
            ins = [self.values[t] for t in call.inputs]
            value = None
            if all(v is not None for v in ins):
                try:
                    value = self.handler(call)(self, call.layer, [v for v in ins if v is not None])
                except ModelError as error:
                    self.problems.append(error)
            elif call.layer.cls not in HANDLERS and call.layer.cls != "InputLayer":
                self.problems.append(unsupported(call.layer))
            else:
                self.preview(call.layer)
            self.values[call.output] = value
        outputs = []
        for name, tensor in self.network.outputs:
            value = self.values[tensor]
            if value is not None:
                try:
                    outputs.append(self.output(name, tensor, value))
                except ModelError as error:
                    self.problems.append(error)
        if self.problems:
            raise ModelProblems(self.model.source, self.problems)
        mean, std = self.options.scaler or ((), ())
        graph = Graph(
            identifier(self.network.name),
            tuple(self.nodes),
            tuple(outputs),
            tuple(self.notes),
            tuple(float(m) for m in mean),
            tuple(float(s) for s in std),
        )
        graph.check()
        return graph

    def handler(self, call: Call) -> Handler:
        """Return the handler of a call's layer."""
        if call.layer.cls == "InputLayer":
            return lambda _, layer, __: self.input(layer, call.output)
        if call.layer.cls not in HANDLERS:
            raise unsupported(call.layer)
        return HANDLERS[call.layer.cls]

    def preview(self, layer: Layer) -> None:
        """Look for a layer's own problems although its input could not be converted."""
        from hwgen.frontends.layers_linear import check_weights

        try:
            check_weights(self, layer)
        except ModelError as error:
            self.problems.append(error)

    # ---------------------------------------------------------------- nodes and values

    def emit(self, name: str, op: Op, ins: Sequence[Value], layer: Layer, note: str = "") -> Value:
        """Append a node and return its value; the inputs must have no waiting steps."""
        assert not any(v.steps for v in ins)
        kind = op.infer([v.type for v in ins])
        unique = base = identifier(name)
        count = 1
        while unique in self.names:
            count += 1
            unique = f"{base}_{count}"
        self.names.add(unique)
        self.nodes.append(
            Node(unique, op, tuple(v.node for v in ins), kind, layer.name, note)
        )
        return Value(unique, kind)

    def exact(self, value: Value, layer: Layer) -> Value:
        """Return the value with its waiting steps turned into integer operations, or refuse."""
        done = Value(value.node, value.type)
        for step in value.steps:
            if isinstance(step, Rectify):
                done = self.rectify(done, step, layer)
            elif isinstance(step, Affine) and (power := _power_of_two(step)) is not None:
                done = self.scaled(done, power, layer)
            else:
                raise UnsupportedLayer(
                    "a batch normalisation, mean, unquantized bias or scale that is no power of two reaches "
                    "this layer without a quantizer in between, so its input is not on an integer grid",
                    where(layer),
                    "put a QActivation in front of this layer",
                )
        return done

    def rectify(self, value: Value, step: Rectify, layer: Layer) -> Value:
        """Emit an unquantized ReLU of exact codes as a clip."""
        frac, hi = value.type.frac, max(int(value.type.hi.max()), 0)
        power = exponent(step.slope) if step.slope > 0 else None
        ceiling = step.ceiling * 2.0**frac
        if (step.slope and (power is None or power > 0)) or (
            math.isfinite(ceiling) and ceiling != int(ceiling)
        ):
            raise UnsupportedLayer(
                f"ReLU with slope {step.slope} and ceiling {step.ceiling} leaves the integer grid",
                where(layer),
                "use a slope of 2**-k and a ceiling on the grid, or put a quantizer directly behind it",
            )
        if math.isfinite(ceiling):
            hi = min(hi, int(ceiling))
        if power is None:
            return self.emit(f"{layer.name}_relu", Requantize(0, 0, hi), [value], layer)
        lo = min(int(value.type.lo.min()), 0)
        op = Requantize(power, 0, hi << -power, 0, lo)
        return self.emit(f"{layer.name}_relu", op, [value], layer)

    def scaled(self, value: Value, power: int, layer: Layer) -> Value:
        """Return ``value * 2**power``: the same codes, the binary point moved."""
        if power == 0:
            return value
        return self.emit(f"{layer.name}_scale", MovePoint(power), [value], layer)

    def shifted(self, value: Value, bits: int, layer: Layer) -> Value:
        """Return the same values with *bits* more fraction bits."""
        if bits == 0:
            return value
        return self.emit(f"{value.node}_aligned", ShiftLeft(bits), [value], layer)

    def aligned(self, values: Sequence[Value], layer: Layer) -> list[Value]:
        """Return exact values on one grid: the finest of theirs."""
        done = [self.exact(v, layer) for v in values]
        frac = max(v.type.frac for v in done)
        return [self.shifted(v, frac - v.type.frac, layer) for v in done]

    # ---------------------------------------------------------------- quantizers

    def activate(self, value: Value, spec: Any, layer: Layer, name: str = "") -> Value:
        """Apply what a config calls an activation: none, a plain function, or a quantizer."""
        if spec is None or spec == "linear":
            return value
        plain = spec if isinstance(spec, str) else None
        if plain == "relu":
            return value.after(Rectify())
        if plain in ("softmax", "sigmoid"):
            return self.final(value, plain, layer)
        if plain in _NO_INTEGER_FORM:
            raise UnsupportedLayer(
                f"activation {plain!r} has no exact integer form",
                where(layer),
                f"use {_NO_INTEGER_FORM[plain]}",
            )
        quantizer = parse_quantizer(spec, where(layer))
        return self.quantize(value, quantizer, layer, name or f"{layer.name}_act")

    def final(self, value: Value, kind: str, layer: Layer) -> Value:
        """Drop a softmax or sigmoid at the very end; refuse it anywhere else."""
        outputs = {tensor for _, tensor in self.network.outputs}
        ours = [c.output for c in self.network.calls if c.layer is layer]
        if any(t not in outputs or t in self.readers for t in ours):
            raise UnsupportedLayer(
                f"{kind} inside the network has no exact integer form",
                where(layer),
                "only a final one can be dropped; use quantized_sigmoid (hard) or restructure the model",
            )
        note = f"{layer.name}: the final {kind} is dropped; the outputs are the logits in front of it"
        if note not in self.notes:
            self.notes.append(note)
        self.dropped.update(ours)
        return value

    def quantize(self, value: Value, q: Quantizer, layer: Layer, name: str) -> Value:
        """Apply an activation quantizer to exact codes with waiting steps."""
        q.check_activation(where(layer))
        kind = value.type
        if kind.peak >= FLOAT32_EXACT:
            self.notes.append(
                f"{layer.name}: accumulators reach {kind.peak.bit_length()} bits; beyond 24 Keras' own "
                "float32 rounds, hwgen stays exact"
            )
        if math.ldexp(float(kind.peak), -kind.frac) >= q.limit and not value.steps:
            self.notes.append(
                f"{layer.name}: inputs may exceed {q.limit:g}, where Keras' straight-through sum leaves "
                f"the grid of {q}; hwgen saturates"
            )
        rect = value.steps[0] if len(value.steps) == 1 else None
        plain = not value.steps or (isinstance(rect, Rectify) and rect.slope == 0)
        shift = kind.frac - q.frac
        op: Op
        if q.affine_for(kind.frac) and plain and q.neg_shift is None:
            lo, hi = q.lo, q.hi
            if isinstance(rect, Rectify):  # rounding and clipping are monotone, so they commute with it
                lo = max(lo, 0)
                if math.isfinite(rect.ceiling):
                    hi = min(hi, int(q.code(np.float32([rect.ceiling]))[0]))
            op = Requantize(shift, lo, hi)
        elif q.affine_for(kind.frac) and not value.steps and q.neg_shift is not None:
            op = Requantize(shift, 0, q.hi, shift + q.neg_shift, q.neg_lo)
        else:
            op = tabulate(value, q.code, q.frac, where(layer))
            self.check_last_bit(value, q, op, layer)
        note = str(q)
        if isinstance(op, Requantize) and _is_identity(op, kind):
            done = Value(value.node, kind)
        else:
            done = self.emit(name, op, [Value(value.node, kind)], layer, note)
        return self.scaled(done, exponent(q.alpha) or 0, layer)

    def check_last_bit(self, value: Value, q: Quantizer, op: Op, layer: Layer) -> None:
        """Note where the last float32 bit of a normalisation's 1/sqrt decides an output code."""
        if not any(isinstance(s, Normalise) for s in value.steps):
            return
        for towards in (math.inf, -math.inf):
            steps = tuple(s.nudged(towards) if isinstance(s, Normalise) else s for s in value.steps)
            if tabulate(replace(value, steps=steps), q.code, q.frac, where(layer)) != op:
                self.notes.append(
                    f"{layer.name}: some thresholds lie so close to an accumulator value that the last float32 "
                    "bit of 1/sqrt(variance) decides them; Keras itself differs there from machine to machine"
                )
                return

    # ---------------------------------------------------------------- rim

    def check_formats(self) -> None:
        """Refuse input formats for inputs that do not exist."""
        names = [name for name, _ in self.network.inputs]
        for name in self.options.input_formats:
            if name and name not in names:
                raise ConfigError(
                    f"the model has no input {name!r}; its inputs are {names}", "--input-format"
                )

    def input(self, layer: Layer, tensor: str) -> Value:
        """Make a network input: its format is given, or that of the quantizer behind it."""
        shape = layer.config.get("batch_input_shape") or layer.config.get("batch_shape")
        if not shape or len(shape) < 2 or any(not isinstance(n, int) or n < 1 for n in shape[1:]):
            raise UnsupportedLayer(
                f"input shape {shape} is not fixed",
                where(layer),
                "hardware needs fixed sizes: give every dimension but the batch a number",
            )
        formats = self.options.input_formats
        fixed = formats.get(layer.name, formats.get(""))
        lo = hi = None
        if fixed is None:
            q = self.input_quantizer(tensor)
            if q is None:
                raise ModelError(
                    "the network input has no quantizer, so its number format is unknown",
                    where(layer),
                    "put a QActivation(quantized_bits(...)) behind the input, or give the format: "
                    "--input-format s8.4 (signed, 8 bits in all, 4 of them fraction bits)",
                )
            fixed, lo, hi = Fixed.covering(q.lo, q.hi, q.frac), q.lo, q.hi
        dims = tuple(int(n) for n in shape[1:])
        op = Input(dims, fixed, fixed.lo if lo is None else lo, fixed.hi if hi is None else hi)
        return self.emit(layer.name, op, [], layer, f"input {fixed}")

    def input_quantizer(self, tensor: str) -> Quantizer | None:
        """Return the quantizer that every reader of an input applies first, if it is one integer grid."""
        found: list[Quantizer] = []
        for call in self.readers.get(tensor, ()):
            if call.layer.cls in _MOVES_ONLY:
                q = self.input_quantizer(call.output)
            elif call.layer.cls in ("QActivation", "Activation") and not isinstance(
                call.layer.config.get("activation"), type(None)
            ):
                try:
                    q = parse_quantizer(call.layer.config["activation"], where(call.layer))
                except ModelError:
                    return None
            else:
                return None
            if q is None or not q.affine or q.neg_shift is not None or q.alpha != 1.0:
                return None
            found.append(q)
        return found[0] if found and all(str(q) == str(found[0]) for q in found) else None

    def output(self, name: str, tensor: str, value: Value) -> Output:
        """Let a value leave: integers, and the scale and offset that make them values."""
        layer = next(c.layer for c in self.network.calls if c.output == tensor)
        steps = value.steps
        cut = next((i for i, s in enumerate(steps) if isinstance(s, Affine | Normalise)), len(steps))
        head = self.exact(Value(value.node, value.type, steps[:cut]), layer)
        scale: Any = np.float64(2.0**-head.type.frac)
        offset: Any = np.float64(0)
        for step in steps[cut:]:
            if not isinstance(step, Affine | Normalise):
                raise UnsupportedLayer(
                    "a ReLU or mean behind a float batch normalisation leaves the network unquantized",
                    where(layer),
                    "put a QActivation at the output",
                )
            mul, add = step.line()
            scale, offset = scale * mul, offset * mul + add
        width = head.type.shape[-1]
        try:
            parts = [_per_channel(part, width) for part in (scale, offset)]
        except ValueError:
            raise UnsupportedLayer(
                "the output scale differs between positions", where(layer), "quantize the output"
            ) from None
        if tensor in self.dropped:  # what leaves is the layer in front, so the port says its name
            name = next(n.layer for n in self.nodes if n.name == head.node)
        return Output(identifier(name), head.node, *parts)


_NO_INTEGER_FORM = {
    "tanh": "quantized_tanh (hard)",
    "hard_sigmoid": "quantized_sigmoid (hard)",
    "elu": "quantized_relu with a negative slope",
    "selu": "quantized_relu with a negative slope",
    "gelu": "quantized_relu",
    "swish": "quantized_relu",
    "softplus": "quantized_relu",
    "softsign": "quantized_tanh (hard)",
    "exponential": "a piecewise linear activation",
}
# Layers that only move values, so that a quantizer behind them may as well stand in front.
_MOVES_ONLY = (
    *("Dropout", "Flatten", "Reshape", "Permute", "ZeroPadding1D", "ZeroPadding2D"),
    *("UpSampling1D", "UpSampling2D", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise"),
)


def where(layer: Layer) -> str:
    """Return how messages name a layer."""
    return f"{layer.key} ({layer.cls})"


def unsupported(layer: Layer) -> UnsupportedLayer:
    """Return the refusal of a layer class without a handler."""
    if layer.cls == "Lambda":
        return UnsupportedLayer(
            "a Lambda layer holds Python bytecode, which is never executed",
            where(layer),
            "replace it with a standard layer",
        )
    hint = "hwgen ops lists what is supported"
    if layer.cls in ("BinaryDense", "TernaryDense"):
        hint = (
            "rebuild it as QDense with kernel_quantizer binary() or ternary(), or take the float model "
            "through post-training quantization"
        )
    return UnsupportedLayer(f"layer class {layer.cls!r} is not supported", where(layer), hint)


def identifier(name: str) -> str:
    """Return a legal identifier made of a model's name."""
    text = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "layer"
    return text if text[0].isalpha() else f"l{text}"


def _power_of_two(step: Affine) -> int | None:
    """Return n where the step only multiplies everything by ``2**n``."""
    if step.add is not None or step.mul is None:
        return None
    powers = {exponent(float(m)) for m in np.unique(step.mul)}
    return powers.pop() if len(powers) == 1 else None


def _is_identity(op: Requantize, kind: TensorType) -> bool:
    inside = op.lo <= int(kind.lo.min()) and int(kind.hi.max()) <= op.hi
    return op.shift == 0 and op.neg_shift is None and inside


def _per_channel(part: Any, width: int) -> tuple[float, ...]:
    flat = np.unique(np.asarray(part, np.float64))
    if flat.size == 1:
        return (float(flat[0]),)
    array = np.asarray(part, np.float64)
    if array.size != width:
        raise ValueError
    return tuple(float(v) for v in array.reshape(-1))
