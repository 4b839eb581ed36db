# SPDX-License-Identifier: Apache-2.0
"""Quantizer: the base of every QKeras quantizer, and the float32 facts they share.

QKeras computes in float32 and returns ``x + (q - x)``. That sum is the on-grid value ``q`` as long
as the spacing of float32 numbers near ``x`` is not wider than the grid; ``Quantizer.limit`` states
the bound. Weights beyond it get the value that QKeras really uses; activations must be proven to
stay below it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hwgen.errors import ModelError, UnsupportedQuantizer
from hwgen.frontends.exact.codes import F32, I64, Codes

UNBOUNDED = 2.0**100
"""The ``limit`` of a quantizer that clips before anything can be lost (float32 overflow stays far
away).
"""

_SMALLEST_NORMAL = np.float32(2.0**-126)


@dataclass(frozen=True, kw_only=True)
class Quantizer(ABC):
    """One QKeras quantizer at inference.

    As activation: ``code`` maps float32 to integers, ``value = code * 2**-frac * alpha``.
    As weight quantizer: ``quantize`` maps a whole tensor, fitted scales included.
    """

    kind: ClassVar[str]
    where: str = field(default="", compare=False, repr=False)
    alpha_spec: float | str | tuple[float, ...] | None = None
    use_ste: bool = True

    @property
    @abstractmethod
    def frac(self) -> int:
        """Return f: the least significant bit of an activation code is ``2**-f``."""

    @property
    @abstractmethod
    def lo(self) -> int:
        """Return the smallest code that some input reaches."""

    @property
    @abstractmethod
    def hi(self) -> int:
        """Return the largest code that some input reaches."""

    @abstractmethod
    def code(self, x: npt.ArrayLike) -> I64:
        """Return the integer codes of an activation, element by element.

        Bit-exact to QKeras for ``|x| < limit``; beyond that QKeras leaves its own grid, this
        saturates.
        """

    @property
    def alpha(self) -> float:
        """Return the constant factor on the value; 1.0 also when the scale is fitted."""
        return float(self.alpha_spec) if isinstance(self.alpha_spec, (int, float)) else 1.0

    @property
    def fitted(self) -> bool:
        """Return whether the scale is computed from the tensor (alpha 'auto' or 'auto_po2')."""
        return isinstance(self.alpha_spec, str)

    @property
    def affine(self) -> bool:
        """Return whether ``code(x) == clip(rne(x * 2**frac), lo, hi)`` for every float32 x."""
        return False

    def affine_for(self, in_frac: int) -> bool:
        """Return whether the affine form holds for all multiples of ``2**-in_frac``."""
        return self.affine

    @property
    def neg_shift(self) -> int | None:
        """Return k of the negative slope ``2**-k``, or None.

        For x < 0 the code is then ``clip(rne(x * 2**(frac - k)), neg_lo, 0)``.
        """
        return None

    @property
    def neg_lo(self) -> int:
        """Return the lowest code of the negative branch."""
        return min(self.lo, 0)

    @property
    def monotone(self) -> bool:
        """Return whether a larger input never gives a smaller code."""
        return True

    @property
    def keeps_zero(self) -> bool:
        """Return whether a weight of exactly zero (a pruned one) stays zero."""
        return True

    @property
    def limit(self) -> float:
        """Return the bound on ``|x|`` below which QKeras' own output is on the grid."""
        return math.ldexp(min(1.0, self.alpha), 24 - self.frac) if self.use_ste else UNBOUNDED

    def check_activation(self, where: str) -> None:
        """Refuse what has no exact integer form behind a layer.

        Raises:
            UnsupportedQuantizer: for fitted scales and for factors that are not a power of two.
        """
        if self.fitted:
            raise UnsupportedQuantizer(
                f"{self}: alpha={self.alpha_spec!r} on an activation fits the scale to each batch, "
                "so the output depends on the other samples",
                where,
                "retrain with alpha=1 on activations; weights may have fitted scales",
            )
        if isinstance(self.alpha_spec, tuple):
            raise UnsupportedQuantizer(
                f"{self}: a list of alphas on an activation",
                where,
                "use alpha=1: the next layer's weights can learn the factors",
            )
        if not is_po2(self.alpha):
            raise UnsupportedQuantizer(
                f"{self}: alpha={self.alpha:g} on an activation is not a power of two; "
                "float32 rounds the product and the output is on no integer grid",
                where,
                "use alpha=1: the next layer's weights can learn the factor",
            )

    def for_kernel(self) -> Quantizer:
        """Return what a QKeras layer really uses when this is its kernel quantizer."""
        return self

    def quantize(self, x: npt.ArrayLike, *, kernel: bool = False) -> Codes:
        """Quantize a weight tensor.

        Args:
            x: the float32 weights in Keras' layout, channels last.
            kernel: true for kernels, where QKeras turns alpha None into 'auto_po2'; false for
                biases.
        """
        weights = np.asarray(x, np.float32)
        if not np.isfinite(weights).all():
            raise ModelError(
                "the weights hold NaN or infinity",
                self.where,
                "the training diverged: load an earlier checkpoint",
            )
        used = self.for_kernel() if kernel else self
        return used._quantize(flush(weights))

    def _quantize(self, x: F32) -> Codes:
        codes = self.code(x)
        if not is_po2(self.alpha):
            return Codes(codes, self.frac, np.asarray(self.alpha, np.float32))
        frac = self.frac - exponent_of(self.alpha)
        return Codes(self._as_used(x, codes, frac), frac)

    def _as_used(self, x: F32, codes: I64, frac: int) -> I64:
        """Follow the straight-through sum: the codes of the value that QKeras hands on."""
        return (
            straight_through(self._pass_through(x), codes, frac, self.where)
            if self.use_ste
            else codes
        )

    def _pass_through(self, x: F32) -> F32:
        """Return the term that QKeras adds and takes away again."""
        return x

    @abstractmethod
    def _arguments(self) -> str:
        """Return the text between the brackets of the short name."""

    def _alpha_text(self) -> str:
        return "" if self.alpha_spec is None else f"alpha={self.alpha_spec!r}"

    @property
    def name(self) -> str:
        """Return the short form, for example ``quantized_relu(6,0)``."""
        return f"{self.kind}({self._arguments()})"

    def __str__(self) -> str:
        return self.name


def straight_through(x: F32, codes: I64, frac: int, where: str) -> I64:
    """Return the codes of ``x + (q - x)`` in float32, with ``q = codes * 2**-frac``."""
    value = np.ldexp(codes.astype(np.float64), -frac).astype(np.float32)
    used = np.ldexp((x + (value - x)).astype(np.float64), frac)
    if not (used == np.rint(used)).all():
        raise UnsupportedQuantizer(
            "float32 rounding takes QKeras' output off its own grid for some weights",
            where,
            "they are far outside the quantizer's range: clip them and store the model again",
        )
    return used.astype(np.int64)


def flush(x: npt.ArrayLike) -> F32:
    """Return float32 with denormals as zero: TensorFlow reads them so, and a sign then sees +0."""
    x = np.asarray(x, np.float32)
    return np.where(np.abs(x) < _SMALLEST_NORMAL, np.float32(0), x)


def round_clip(x: npt.ArrayLike, frac: int, lo: int, hi: int) -> I64:
    """Return ``clip(rne(x * 2**frac), lo, hi)``; float64 makes the product exact."""
    scaled = np.ldexp(np.asarray(x, np.float32).astype(np.float64), frac)
    clipped: I64 = np.clip(np.rint(scaled), lo, hi).astype(np.int64)
    return clipped


def sign_code(x: npt.ArrayLike) -> I64:
    """Return +1 for ``x >= 0`` (either zero, and denormals), else -1."""
    return np.where(flush(x) < 0, -1, 1).astype(np.int64)


def is_po2(value: float) -> bool:
    """Return whether a positive number is a power of two."""
    return math.frexp(value)[0] == 0.5


def exponent_of(po2: float) -> int:
    """Return e of ``2**e``."""
    return math.frexp(po2)[1] - 1
