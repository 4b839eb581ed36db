# SPDX-License-Identifier: Apache-2.0
"""Steps: float32 functions that wait between an integer tensor and the next quantizer.

A batch normalisation, a non-power-of-two scale or an unquantized bias has no fixed-point form of
its own. The front end keeps it as a *step* on the tensor and lets the quantizer behind it decide:
`tabulate` then finds the integer function of the accumulator that equals steps and quantizer
together. Every step is a monotone float32 function of its argument, evaluated in the order and
precision that Keras uses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from hwgen.ir.tensor import Codes, TensorType

F32: TypeAlias = npt.NDArray[np.float32]
F64: TypeAlias = npt.NDArray[np.float64]


def f32(values: Any) -> F32:
    """Return values as float32."""
    return np.asarray(values, np.float32)


@dataclass(frozen=True, eq=False)
class Affine:
    """Factor and term of a channel: ``x * mul + add``, rounded to float32 after each.

    Attributes:
        mul, add: the parameters that are present.
        where: the layer that it comes from.
    """

    mul: F32 | None = None
    add: F32 | None = None
    where: str = ""

    def __call__(self, x: F32) -> F32:
        """Apply the step."""
        if self.mul is not None:
            x = f32(x * self.mul)
        return x if self.add is None else f32(x + self.add)

    def arrays(self) -> tuple[F32, ...]:
        """Return the parameters that are present."""
        return tuple(a for a in (self.mul, self.add) if a is not None)

    def map(self, fn: Callable[[F32], F32]) -> Affine:
        """Return the step with every parameter passed through *fn*."""
        mul, add = (None if a is None else fn(a) for a in (self.mul, self.add))
        return Affine(mul, add, self.where)

    def line(self) -> tuple[F64, F64]:
        """Return the factor and the offset as real numbers."""
        mul, add = (f32(d if a is None else a) for a, d in ((self.mul, 1.0), (self.add, 0.0)))
        return mul.astype(np.float64), add.astype(np.float64)

    @property
    def increasing(self) -> bool:
        """True when a larger input never gives a smaller output."""
        return self.mul is None or bool(np.all(self.mul >= 0))


@dataclass(frozen=True, eq=False)
class Normalise:
    """Batch normalisation with the order of operations of TensorFlow 2.14.

    ``inv = 1/sqrt(variance + eps)`` is TensorFlow's own only up to the last bit, which differs
    between machines, and so does the order for images: see `variants`.

    Attributes:
        inv, gamma, beta, mean: float32, one a channel.
        form: ``plain`` is ``x * (inv * gamma) + (beta - mean * (inv * gamma))``; images take
            ``fused``, which is ``fma((x - mean) * inv, gamma, beta)``, or on machines without
            oneDNN ``centred``, which is ``(x - mean) * (inv * gamma) + beta``.
        where: the layer that it comes from.
        total: variance + eps, float32, where it is known.
    """

    inv: F32
    gamma: F32
    beta: F32
    mean: F32
    form: Literal["plain", "fused", "centred"] = "plain"
    where: str = ""
    total: F32 | None = None

    def __call__(self, x: F32) -> F32:
        """Apply the step."""
        if self.form == "fused":
            scaled = ((x - self.mean) * self.inv).astype(np.float64)
            return f32(scaled * self.gamma.astype(np.float64) + self.beta.astype(np.float64))
        mul = self.inv * self.gamma
        if self.form == "centred":
            return f32((x - self.mean) * mul + self.beta)
        return f32(x * mul + (self.beta - self.mean * mul))

    def arrays(self) -> tuple[F32, ...]:
        """Return the parameters."""
        return (self.inv, self.gamma, self.beta, self.mean)

    def map(self, fn: Callable[[F32], F32]) -> Normalise:
        """Return the step with every parameter passed through *fn*."""
        inv, gamma, beta, mean = (fn(a) for a in self.arrays())
        total = None if self.total is None else fn(self.total)
        return Normalise(inv, gamma, beta, mean, self.form, self.where, total)

    def variants(self) -> tuple[Normalise, ...]:
        """Return what TensorFlow may compute on another machine."""
        forms: tuple[Literal["plain", "fused", "centred"], ...] = (self.form,)
        if self.form == "fused":
            forms = ("fused", "centred")
        ends = (np.float32(-np.inf), np.float32(np.inf))
        invs = [np.nextafter(self.inv, end) for end in ends]
        return tuple(
            replace(self, inv=inv, form=form)
            for form in forms
            for inv in (self.inv, *invs)
            if (inv is not self.inv or form != self.form)
        )

    def line(self) -> tuple[F64, F64]:
        """Return the factor and the offset as real numbers."""
        inv, gamma, beta, mean = (a.astype(np.float64) for a in self.arrays())
        return inv * gamma, beta - mean * inv * gamma

    def factor(self) -> F64:
        """Return ``gamma / sqrt(variance + eps)`` in double precision."""
        gamma = self.gamma.astype(np.float64)
        if self.total is None:
            return np.asarray(self.inv.astype(np.float64) * gamma)
        return np.asarray(gamma / np.sqrt(self.total.astype(np.float64)))

    @property
    def increasing(self) -> bool:
        """True when a larger input never gives a smaller output."""
        return bool(np.all(self.gamma >= 0))


@dataclass(frozen=True, eq=False)
class Divide:
    """Division that makes a mean of a sum: ``x / count``.

    Attributes:
        count: number of terms; of a normalisation the standard deviation.
        where: the layer that it comes from.
        mean: whether it makes a mean.
    """

    count: F32
    where: str = ""
    mean: bool = True

    def __call__(self, x: F32) -> F32:
        """Apply the step."""
        return f32(x / self.count)

    def arrays(self) -> tuple[F32, ...]:
        """Return the parameters."""
        return (self.count,)

    def map(self, fn: Callable[[F32], F32]) -> Divide:
        """Return the step with its parameter passed through *fn*."""
        return replace(self, count=fn(self.count))

    def line(self) -> tuple[F64, F64]:
        """Return the factor and the offset as real numbers."""
        return 1.0 / self.count.astype(np.float64), np.zeros(())

    increasing = True


@dataclass(frozen=True)
class Rectify:
    """ReLU: ``min(x, ceiling)`` where ``x >= 0``, else ``slope * x``.

    Attributes:
        slope, ceiling: as said.
        name: of the layer that it comes from.
        where: that layer as messages name it.
    """

    slope: float = 0.0
    ceiling: float = math.inf
    name: str = ""
    where: str = ""

    def __call__(self, x: F32) -> F32:
        """Apply the step."""
        positive = f32(np.minimum(np.maximum(x, np.float32(0)), np.float32(self.ceiling)))
        if not self.slope:
            return positive
        return f32(np.where(x >= 0, positive, x * np.float32(self.slope)))

    @property
    def plain(self) -> bool:
        """True for ``max(x, 0)``."""
        return self.slope == 0 and math.isinf(self.ceiling)

    def arrays(self) -> tuple[F32, ...]:
        """Return no parameters: the same for every element."""
        return ()

    def map(self, fn: Callable[[F32], F32]) -> Rectify:
        """Return the step unchanged."""
        return self

    increasing = True


@dataclass(frozen=True, eq=False)
class Leak:
    """PReLU: ``x`` where ``x >= 0``, else ``slope * x`` with a trained slope a channel.

    Attributes:
        slope: one a channel or one an element; with one below zero the function falls and rises.
        where: the layer that it comes from.
    """

    slope: F32
    where: str = ""

    def __call__(self, x: F32) -> F32:
        """Apply the step."""
        return f32(np.where(x >= 0, x, x * self.slope))

    def arrays(self) -> tuple[F32, ...]:
        """Return the parameters."""
        return (self.slope,)

    def map(self, fn: Callable[[F32], F32]) -> Leak:
        """Return the step with its parameter passed through *fn*."""
        return Leak(fn(self.slope), self.where)

    @property
    def increasing(self) -> bool:
        """True when a larger input never gives a smaller output."""
        return bool(np.all(self.slope >= 0))


def _selu(x: F64) -> F64:
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    return np.where(x > 0, scale * x, scale * alpha * np.expm1(np.minimum(x, 0)))


# Rising functions without an integer form. They are met in a given format only, as a table.
CURVES: Mapping[str, Callable[[F64], F64]] = {
    "tanh": np.tanh,
    "sigmoid": lambda x: 0.5 + 0.5 * np.tanh(0.5 * x),
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0.0, 1.0),
    "softplus": lambda x: np.logaddexp(x, 0.0),
    "softsign": lambda x: x / (1.0 + np.abs(x)),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "selu": _selu,
    "exponential": lambda x: np.exp(np.minimum(x, 700.0)),
}


@dataclass(frozen=True)
class Curve:
    """A rising function without an integer form, evaluated in double precision.

    Attributes:
        kind: key of `CURVES`.
        where: the layer that it comes from.
        alpha: what an ``elu`` is multiplied by below zero.
    """

    kind: str
    where: str = ""
    alpha: float = 1.0

    def real(self, x: F64) -> F64:
        """Apply the step to float64 numbers."""
        made = CURVES[self.kind](x)
        return made if self.alpha == 1 else np.where(x > 0, made, self.alpha * made)

    def arrays(self) -> tuple[F32, ...]:
        """Return no parameters: the same for every element."""
        return ()

    def map(self, fn: Callable[[F32], F32]) -> Curve:
        """Return the step unchanged."""
        return self

    increasing = True


Step: TypeAlias = Affine | Normalise | Divide | Rectify | Leak | Curve


def real(step: Step, x: F64) -> F64:
    """Apply a step to float64 numbers, as real arithmetic would."""
    if isinstance(step, Curve):
        return step.real(x)
    if isinstance(step, Rectify):
        below = step.slope * x if step.slope else np.zeros_like(x)
        return np.where(x >= 0, np.minimum(x, step.ceiling), below)
    if isinstance(step, Leak):
        return np.where(x >= 0, x, step.slope.astype(np.float64) * x)
    if isinstance(step, Normalise):
        return (x - step.mean.astype(np.float64)) * step.factor() + step.beta.astype(np.float64)
    mul, add = step.line()
    return x * mul + add


@dataclass(frozen=True)
class Value:
    """A tensor inside the model: integer codes of a graph node, and the steps that wait on them.

    Attributes:
        node: the graph node.
        type: its type; the value before the steps is ``code * 2**-type.frac``.
        steps: applied in order.
        double: evaluated in float64, for a given format; in float32 else, as the framework does.
    """

    node: str
    type: TensorType
    steps: tuple[Step, ...] = ()
    double: bool = False

    def after(self, step: Step) -> Value:
        """Return the value with one more step waiting."""
        return replace(self, steps=(*self.steps, step))

    def evaluate(self, codes: Codes) -> F32 | F64:
        """Return the value of codes whose shape the parameters broadcast to."""
        if self.double:
            exact = np.ldexp(np.asarray(codes, np.float64), -self.type.frac)
            for step in self.steps:
                exact = real(step, exact)
            return exact
        x = f32(f32(codes) * np.float32(math.ldexp(1.0, -self.type.frac)))
        with np.errstate(over="ignore"):
            for step in self.steps:
                assert not isinstance(step, Curve), "a curve has no float32 form"
                x = step(x)
        return x

    def moved(self, node: str, kind: TensorType, fn: Callable[[Any], Any]) -> Value:
        """Return the value behind a move of elements, done by *fn* on arrays of this shape."""
        shape = self.type.shape

        def move(array: F32) -> F32:
            return array if array.size == 1 else f32(fn(np.broadcast_to(array, shape)))

        return Value(node, kind, tuple(step.map(move) for step in self.steps))


def exponent(value: float) -> int | None:
    """Return n where ``value == 2**n``, else None."""
    mantissa, power = math.frexp(value)
    return power - 1 if mantissa == 0.5 else None
