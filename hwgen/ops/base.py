# SPDX-License-Identifier: Apache-2.0
"""The contract of an operation, and the registry of them.

An operation is one frozen dataclass in one file of this folder: fields and their checks, the shape
and interval rule (`infer`), integer numpy semantics (`run`), the lowering to the `parallel` style's
logic (`lower`), and small `examples`. Registering it subscribes it to every generic test.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar, cast, dataclass_transform

import numpy as np

from hwgen.ir.tensor import Codes, TensorType, int_array
from hwgen.logic.builder import Builder
from hwgen.logic.nodes import Wires

OPS: dict[str, type[Op]] = {}
T = TypeVar("T", bound="type[Op]")


@dataclass(frozen=True)
class Example:
    """A small case of an operation for the generic tests."""

    op: Op
    types: tuple[TensorType, ...]


class Op(ABC):
    """One integer operation: a frozen dataclass of ints, strings, tuples and arrays."""

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

    def note(self) -> str:
        """Return a few words for `hwgen show` and the generated comment."""
        return ""

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


@dataclass_transform(frozen_default=True, eq_default=False)
def register(cls: T) -> T:
    """Make a frozen dataclass of an operation and enter it under its `kind`; a class decorator."""
    assert cls.kind not in OPS, f"two operations named {cls.kind}"
    made = dataclass(frozen=True, eq=False)(cls)
    OPS[cls.kind] = made
    return cast(T, made)


def frozen_ints(op: Op, *names: str) -> None:
    """Turn the named fields into read-only integer arrays; for use in ``__post_init__``."""
    for name in names:
        object.__setattr__(op, name, int_array(getattr(op, name)))


def round_shift(x: Codes, shift: int) -> Codes:
    """Return ``round_half_even(x / 2**shift)`` for any carrier; a negative *shift* multiplies."""
    made: Codes
    if shift <= 0:
        made = x * (1 << -shift) if x.dtype == object else x * x.dtype.type(1 << -shift)
    elif x.dtype.kind == "f":
        made = np.rint(x * x.dtype.type(math.ldexp(1.0, -shift)))
    else:
        made = (x + (1 << (shift - 1)) - 1 + ((x >> shift) & 1)) >> shift
    return made
