# SPDX-License-Identifier: Apache-2.0
"""ExactBuilder: an integer graph under construction, with the notes and problems met on the way.

Every reader of trained models builds its graph with one. A handler gives it the operation, the
values it reads and an `Origin`, the place in the model that messages name. What has no integer
form yet waits on a `Value` as float32 steps; `exact` turns them into operations or refuses. (The
`GraphBuilder` of ops/ is another thing: it writes down a graph whose operations are known.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwgen.errors import ModelError, ModelProblems, UnsupportedLayer
from hwgen.frontends.exact.steps import (
    Affine,
    Curve,
    Divide,
    Leak,
    Normalise,
    Rectify,
    Step,
    Value,
    exponent,
)
from hwgen.ir.graph import Graph, InputScaler, Node, Output
from hwgen.ir.names import node_name
from hwgen.ir.tensor import TensorType
from hwgen.ops.base import Op
from hwgen.ops.movepoint import MovePoint
from hwgen.ops.requantize import Requantize
from hwgen.ops.shape import ShiftLeft

# A float32 sum is exact up to this many least significant bits.
FLOAT32_EXACT = 1 << 24
Scaler = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True)
class Origin:
    """Place in a model that an operation comes from.

    Attributes:
        name: the layer's own name, for nodes and notes.
        where: the layer as messages name it, for example ``fc1 (QDense)``.
    """

    name: str
    where: str


class ExactBuilder:
    """Nodes, notes and problems of one conversion.

    Attributes:
        source: the file or the model, for messages.
        framework: who computes the float32 results that the graph must equal.
        quantizer: its layer that quantizes, as hints name it.
        owner: the same as a possessive: ``Keras'``.
        input_scalers: layers behind inputs that are computed outside the core.
        double: the graph must equal the framework's results in double precision, not in float32:
            the user gave formats where the model has none.
    """

    def __init__(self, source: str, framework: str, quantizer: str = "a quantizer") -> None:
        self.source = source
        self.quantizer = quantizer
        self.framework = framework
        self.owner = framework + ("'" if framework.endswith("s") else "'s")
        self.nodes: list[Node] = []
        self.notes: list[str] = []
        self.problems: list[ModelError] = []
        self.input_scalers: list[InputScaler] = []
        self.double = False
        self._stand_ins = 0
        self._names: set[str] = set()
        self._ports: set[str] = set()
        self._exact: dict[tuple[str, tuple[Step, ...]], Value] = {}

    # ---------------------------------------------------------------- what a user is told

    def note(self, text: str) -> None:
        """Tell the user something, once."""
        if text not in self.notes:
            self.notes.append(text)

    def note_rounding(self, value: Value, at: Origin, extra: int = 0) -> None:
        """Tell that the framework's own float32 sums round here, if they do.

        Args:
            value: what comes out of the sum or product.
            at: the layer.
            extra: the largest term that partial sums may lack.
        """
        peak = value.type.peak + extra
        if peak > FLOAT32_EXACT and not self.double:
            self.note(
                f"{at.name}: values reach {peak.bit_length()} bits; beyond 24 {self.owner} own "
                "float32 rounds, hwgen stays exact"
            )

    def problem(self, error: ModelError) -> None:
        """Keep a problem, once: shared layers meet theirs at every call."""
        if str(error) not in map(str, self.problems):
            self.problems.append(error)

    def stand_in(self, shape: tuple[int, ...]) -> Value:
        """Return zeros in place of a value that was refused, so that what follows is looked at."""
        assert self.problems, "a stand-in for nothing"
        self._stand_ins += 1
        return Value(f"?{self._stand_ins}", TensorType.covering(shape, 0, 0, 0))

    # ---------------------------------------------------------------- nodes

    def port(self, name: str) -> str:
        """Return a name for an output port that no other has."""
        return _unique(node_name(name), self._ports)

    def emit(self, name: str, op: Op, ins: Sequence[Value], at: Origin, note: str = "") -> Value:
        """Append a node and return its value; the inputs must have no waiting steps.

        Raises:
            ModelError: the operation does not take these inputs.
        """
        assert not any(v.steps for v in ins)
        try:
            kind = op.infer([v.type for v in ins])
        except ModelError as error:  # operations know no layers
            raise type(error)(error.what, at.where, error.hint) from error
        unique = _unique(node_name(name), self._names)
        sources = tuple(v.node for v in ins)
        self.nodes.append(Node(unique, op, sources, kind, at.name, note))
        return Value(unique, kind)

    def scaled(self, value: Value, power: int, at: Origin) -> Value:
        """Return ``value * 2**power``: the same codes, the binary point moved."""
        if power == 0:
            return value
        return self.emit(f"{at.name}_scale", MovePoint(power), [value], at)

    def aligned(self, values: Sequence[Value], at: Origin) -> list[Value]:
        """Return exact values on one grid: the finest of theirs."""
        done = [self.settled(v, at) for v in values]
        frac = max(v.type.frac for v in done)
        return [
            v
            if v.type.frac == frac
            else self.emit(f"{v.node}_aligned", ShiftLeft(frac - v.type.frac), [v], at)
            for v in done
        ]

    # ---------------------------------------------------------------- waiting steps

    def exact(self, value: Value, at: Origin) -> Value:
        """Return the value with its waiting steps turned into integer operations.

        Raises:
            UnsupportedLayer: a step leaves the integer grid.
        """
        done = Value(value.node, value.type)
        for i, step in enumerate(value.steps):
            key = (value.node, value.steps[: i + 1])
            if key not in self._exact:
                self._exact[key] = self._step(done, step, at)
            done = self._exact[key]
        return done

    def _step(self, value: Value, step: Step, at: Origin) -> Value:
        if isinstance(step, Rectify):
            return self.rectify(value, step, at)
        if isinstance(step, Affine) and (power := _power_of_two(step)) is not None:
            return self.scaled(value, power, at)
        kind, hint = _off_grid(step)
        raise UnsupportedLayer(
            f"{kind} reaches {at.where} without a quantizer in between, so the input of that layer "
            "is on no integer grid",
            step.where or at.where,
            f"put {self.quantizer} in front of {at.name}{hint}{self.way_out(step)}",
        )

    def way_out(self, step: Step) -> str:
        """Return a way out by an option of the reader, for a step that leaves the grid."""
        return ""

    def settled(self, value: Value, at: Origin) -> Value:
        """Return the exact value as `exact` does; what it refuses is told, zeros stand in."""
        try:
            return self.exact(value, at)
        except ModelError as error:
            self.problem(error)
            return self.stand_in(value.type.shape)

    def rectify(self, value: Value, step: Rectify, at: Origin) -> Value:
        """Emit an unquantized ReLU of exact codes as a clip.

        Raises:
            UnsupportedLayer: its slope or ceiling leaves the integer grid.
        """
        frac, hi = value.type.frac, max(int(value.type.hi.max()), 0)
        power = exponent(step.slope) if step.slope > 0 else None
        ceiling = math.ldexp(step.ceiling, frac)
        if (step.slope and (power is None or power > 0)) or (
            math.isfinite(ceiling) and ceiling != int(ceiling)
        ):
            raise UnsupportedLayer(
                f"a ReLU with slope {step.slope:g} and ceiling {step.ceiling:g} leaves the integer "
                "grid",
                step.where or at.where,
                "use a slope of 2**-k and a ceiling on the grid, or put a quantizer directly "
                "behind it",
            )
        if math.isfinite(ceiling):
            hi = min(hi, int(ceiling))
        at = replace(at, name=step.name or at.name)
        name = step.name or f"{at.name}_relu"
        if power is None:
            return self.emit(name, Requantize(0, 0, hi), [value], at)
        lo = min(int(value.type.lo.min()), 0)
        op = Requantize(power, 0, hi << -power, 0, lo)
        return self.emit(name, op, [value], at)

    # ---------------------------------------------------------------- the end

    def graph(self, name: str, outputs: Sequence[Output], scaler: Scaler | None = None) -> Graph:
        """Return the finished graph, checked.

        Args:
            name: of the model.
            outputs: what leaves.
            scaler: (mean, std) of the training data, shipped along.

        Raises:
            ModelProblems: with every problem that was met.
        """
        if self.problems:
            raise ModelProblems(self.source, self.problems)
        mean, std = scaler or ((), ())
        graph = Graph(
            node_name(name),
            tuple(self.nodes),
            tuple(outputs),
            tuple(self.notes),
            tuple(float(m) for m in mean),
            tuple(float(s) for s in std),
            tuple(self.input_scalers),
        )
        graph.check()
        return graph


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


def _off_grid(step: Affine | Normalise | Divide | Leak | Curve) -> tuple[str, str]:
    """Return what leaves the integer grid, and a way out besides a quantizer behind it."""
    if isinstance(step, Curve):
        return f"a {step.kind}", ""
    if isinstance(step, Normalise):
        return "a batch normalisation", ""
    if isinstance(step, Leak):
        return "a PReLU", ""
    if isinstance(step, Divide) and not step.mean:
        return "a normalisation", ""
    if isinstance(step, Divide):
        count = f" over {step.count:g}" if step.count.size == 1 else " over a changing number of"
        return f"a mean{count} values", ", or take the mean over a power of two of them"
    if step.add is not None:
        return "an unquantized bias", ", or quantize the bias (bias_quantizer)"
    return (
        "a scale that is no power of two",
        ", or take scales that are one (alpha='auto_po2', alpha=1)",
    )
