# SPDX-License-Identifier: Apache-2.0
"""Contract of an operation, the families of operations, and their registry.

An operation is one frozen dataclass in one file of this folder: fields and their checks, the shape
and interval rule (`infer`), integer numpy semantics (`run`), the lowering to the `parallel` style's
logic (`lower`), and small `examples`. Registering it subscribes it to every generic test.

The rest of the package asks for a family, ``isinstance(op, Matmul)``, and never lists kinds:

- `Matmul`: weights and a bias;
- `Windowed`: the same small operation on every window of its input;
- `Sum`: a constant can join what is added up; every `Matmul`, and sums of variables;
- `Elementwise`: a function of one number, which may become a truth table; an `Activation` ends a
  layer with few bits;
- `Movement`: wires change places, no hardware.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Self, TypeVar, cast, dataclass_transform

import numpy as np
import numpy.typing as npt

from hwgen.ir.tensor import Codes, TensorType, int_array
from hwgen.logic.builder import Builder
from hwgen.logic.nodes import Wires
from hwgen.ops.walks import Walk
from hwgen.ops.windows import Window

OPS: dict[str, type[Op]] = {}
Mask = npt.NDArray[np.bool_]
Shape = tuple[int, ...]
T = TypeVar("T", bound="type[Op]")


@dataclass(frozen=True)
class Example:
    """Example of an operation: a small case for the generic tests."""

    op: Op
    types: tuple[TensorType, ...]


class Op(ABC):
    """Integer operation on tensors: a frozen dataclass of ints, strings, tuples and arrays."""

    kind: ClassVar[str]

    @abstractmethod
    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the output type, with exact intervals, or raise ModelError on unfit inputs."""

    @abstractmethod
    def run(self, ins: Sequence[Codes]) -> Codes:
        """Compute on code arrays of shape ``(batch, *shape)``.

        The carrier dtype (float32, float64, int64 or object) is the caller's choice; it is wide
        enough for the inputs, the output and `bound`, so every carrier gives the same integers.
        """

    @abstractmethod
    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Build the logic of one sample: wires of the input shapes to wires of the output's."""

    @classmethod
    @abstractmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return small cases that together reach every branch of the operation."""

    def bound(self, types: Sequence[TensorType], out: TensorType) -> int:
        """Return a magnitude that no intermediate value of `run` exceeds."""
        return max([out.peak, *(t.peak for t in types)])

    def on_word(self, shape: tuple[int, ...], lanes: int) -> Op | None:
        """Return the operation as it acts on each word of a tensor that travels word by word.

        Args:
            shape: of the tensor, which travels row-major.
            lanes: elements of a word.

        Returns:
            The operation on (lanes,); None where words differ in its constants, or where it does
            not act on each element alone.
        """
        return None

    def at_position(self, types: Sequence[TensorType]) -> Op | None:
        """Return the operation as it acts on the channels of one position, of each input.

        Args:
            types: of the inputs; a position is an index of all axes but the last.

        Returns:
            The operation on tensors of one axis; None where positions mix or differ.
        """
        return None

    def ahead(self, shapes: Sequence[Shape]) -> tuple[tuple[Movement, ...], ...]:
        """Return the movements of each input with which the operation acts position by position.

        They stand in front of it where tensors travel word by word, and repeat what it would
        broadcast.
        """
        return ((),) * len(shapes)

    def note(self) -> str:
        """Return a few words for `hwgen show` and the generated comment."""
        return ""

    def parameters(self) -> int:
        """Return how many trained numbers the operation holds."""
        return 0

    def changed(self, **values: Any) -> Self:
        """Return the operation with some fields replaced."""
        return replace(self, **values)  # type: ignore[type-var]

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))  # type: ignore[arg-type]

    def __hash__(self) -> int:
        return hash(type(self))


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return bool(np.array_equal(a, b))
    return bool(a == b)


class Movement(Op):
    """Family of operations that move, repeat or drop wires: no hardware.

    Attributes:
        in_order: whether every element keeps its place in the row-major order.
    """

    in_order: ClassVar[bool] = False

    def walk(self, shapes: Sequence[Shape]) -> Walk | None:
        """Return the movement of tensors of some shapes as one walk over maps; None if none."""
        return None

    def steps(self, shapes: Sequence[Shape]) -> tuple[Movement, ...]:
        """Return movements that do the same one after the other, each of them one walk.

        The shape that leaves the last may be another one; there are none where every element keeps
        its place.
        """
        return (self,)


class Elementwise(Op):
    """Family of functions of one number, element by element: they may become truth tables."""


class Activation(Elementwise):
    """Family of functions that end a layer: few bits leave, and a feature map may be kept there."""


class Windowed(Op):
    """Family of operations that do the same to every window of their input, channels last."""

    @property
    @abstractmethod
    def window(self) -> Window:
        """The geometry."""

    @abstractmethod
    def on_window(self) -> Op:
        """Return the operation on one window, which is a tensor of `window_shape`."""

    def window_shape(self, channels: int) -> tuple[int, ...]:
        """Return the shape in which `on_window` takes a window: all taps of it, channels last."""
        return (*self.window.kernel, channels)

    def outside(self, source: TensorType) -> int:
        """Return the code that a tap outside the tensor may be given: it changes no result."""
        return 0


class Sum(Op):
    """Family of operations that add up: a constant can join the terms of every output element."""

    def joins(self, types: Sequence[TensorType], arity: int) -> Mask:
        """Tell of every output element whether one constant more takes no adder of its own.

        Args:
            types: of the inputs.
            arity: operands of an adder, 2 or 3.
        """
        b = Builder(arity)
        wires = self.lower(b, [b.tensor(f"x{n}", t) for n, t in enumerate(types)])
        flat = [b.takes_constant(wire) for wire in wires.reshape(-1).tolist()]
        return np.array(flat, np.bool_).reshape(wires.shape)

    @abstractmethod
    def plus(self, constant: Codes) -> Self:
        """Return the operation that adds *constant*, which broadcasts to the output."""


@dataclass(frozen=True, eq=False)
class Taps:
    """Use of the weights of a `Matmul` in one inference.

    Attributes:
        weight: (taps, inputs, outputs); one tap unless a kernel slides.
        uses: (taps, inputs), at how many positions a weight meets an element of the input.
        bits: (taps, inputs), the bits of those elements added up.
        summed: axes of *weight* that one output sums over.
    """

    weight: Codes
    uses: npt.NDArray[np.int64]
    bits: npt.NDArray[np.int64]
    summed: tuple[int, ...] = (0, 1)

    @property
    def fan_in(self) -> int:
        """Products in one output."""
        return math.prod(self.weight.shape[axis] for axis in self.summed)


class Matmul(Sum):
    """Family of layers with weights: a matrix, applied at one position or at many.

    Attributes:
        weight: integers; the last axes count the channels out.
        bias: (channels out,), on the grid of the products.
        frac: fraction bits of the weights.
    """

    weight: Codes
    bias: Codes
    frac: int

    @property
    def matrix(self) -> Codes | None:
        """The weights as (products of an output, channels out); None where channels differ."""
        return None

    @property
    def by_channel(self) -> Codes | None:
        """The weights as (taps, channels) where channel c out is made of channel c in alone."""
        return None

    @abstractmethod
    def taps(self, source: TensorType) -> Taps:
        """Return how often, and with how many bits, each weight is used on an input type."""

    def parameters(self) -> int:
        """Return the number of weights and biases."""
        return int(self.weight.size) + int(self.bias.size)

    def joins(self, types: Sequence[TensorType], arity: int) -> Mask:
        """Tell it of every channel.

        As an operand more it is worth its adder where one takes three; where one takes two, only
        as a part of a bias that is there anyway.
        """
        return np.full(self.bias.shape, True) if arity == 3 else self.bias != 0

    def plus(self, constant: Codes) -> Self:
        """Add to the bias."""
        return self.changed(bias=self.bias.astype(object) + constant)

    def without(self, channels: Mask) -> Self:
        """Return the layer with all weights, and the biases, of masked channels out zero."""
        weight = self.weight.reshape(-1, len(self.bias)) * ~channels
        return self.changed(weight=weight.reshape(self.weight.shape), bias=self.bias * ~channels)


def planned(*, default: Any) -> Any:
    """Return a field that a pass of the planner sets; no stored graph holds it."""
    return field(default=default, metadata={"planned": True})


def stored_fields(op: Op | type[Op]) -> tuple[str, ...]:
    """Return the names of an operation's fields that a stored graph holds."""
    every = fields(op)  # type: ignore[arg-type]
    return tuple(f.name for f in every if not f.metadata.get("planned"))


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(planned,))
def register(cls: T) -> T:
    """Make a frozen dataclass of an operation and enter it under its `kind`; a class decorator."""
    assert cls.kind not in OPS, f"two operations named {cls.kind}"
    registered = dataclass(frozen=True, eq=False)(cls)
    OPS[cls.kind] = registered
    return cast(T, registered)


def frozen_ints(op: Op, *names: str) -> None:
    """Turn the named fields into read-only integer arrays; for use in ``__post_init__``."""
    for name in names:
        object.__setattr__(op, name, int_array(getattr(op, name)))


def of_word(values: Codes, shape: tuple[int, ...], lanes: int, inner: int = 0) -> Codes | None:
    """Return the constants of each word of a tensor; None where words differ.

    Args:
        values: constants; all axes but the last *inner* broadcast to *shape*.
        shape: of the tensor, which travels row-major.
        lanes: elements of a word.
        inner: axes that belong to one element.
    """
    own = values.shape[values.ndim - inner :]
    if all(n == 1 for n in values.shape[: values.ndim - inner]):
        return values.reshape(1, *own) if inner else values.reshape(1)
    words = np.broadcast_to(values, (*shape, *own)).reshape(-1, lanes, *own)
    return words[0] if bool((words == words[:1]).all()) else None


def round_shift(x: Codes, shift: int) -> Codes:
    """Return ``round_half_even(x / 2**shift)`` for any carrier; a negative *shift* multiplies."""
    result: Codes
    if shift <= 0:
        result = x * (1 << -shift) if x.dtype == object else x * x.dtype.type(1 << -shift)
    elif x.dtype.kind == "f":
        result = np.rint(x * x.dtype.type(math.ldexp(1.0, -shift)))
    else:
        result = (x + (1 << (shift - 1)) - 1 + ((x >> shift) & 1)) >> shift
    return result
