# SPDX-License-Identifier: Apache-2.0
"""QKeras quantizers to powers of two: quantized_po2 and quantized_relu_po2. Neither has a zero.

The exponent is the rounded float32 logarithm, so the step between two exponents is at their
geometric mean. Which way QKeras rounds within one float32 step of the logarithm (about one part per
million) changes with the machine and even with the position in the tensor: weights there are
refused, activations take the exact logarithm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hwgen.errors import UnsupportedQuantizer, count_of
from hwgen.frontends.exact.codes import F32, F64, I64, Codes
from hwgen.frontends.qkeras.quantizers_base import (
    UNBOUNDED,
    Quantizer,
    flush,
    straight_through,
)
from hwgen.frontends.qkeras.quantizers_scale import EPSILON, undecided

MAX_SPAN = 40
"""The widest range of exponents that is held in integer codes."""


@dataclass(frozen=True, kw_only=True)
class _PowerOfTwo(Quantizer):
    """Base of both: exponents of the magnitude, rounded and clipped."""

    bits: int = 8
    max_value: float | None = None
    quadratic_approximation: bool = False

    @property
    def _exponent_bits(self) -> int:
        """Return the bits of the exponent without its sign."""
        return self.bits - int(self.max_value is None or self.max_value > 1)

    @property
    def _min_exp(self) -> int:
        return -(1 << self._exponent_bits)

    @property
    def _max_exp(self) -> int:
        high = (1 << self._exponent_bits) - 1
        return high // 2 * 2 if self.quadratic_approximation else high

    def _exponents(self, magnitude: F32, *, refuse_undecided: bool = False) -> I64:
        tiny = magnitude < EPSILON
        kept = np.where(tiny, EPSILON, magnitude)
        if self.max_value is not None:
            kept = np.minimum(kept, np.float32(self.max_value))
        log2 = self._logarithm(kept)
        if refuse_undecided:
            clipped = [
                np.clip(side, self._min_exp, self._max_exp)
                for side in (np.floor(log2), np.ceil(log2))
            ]
            count = int((undecided(log2) & (clipped[0] != clipped[1]) & ~tiny).sum())
            if count:
                raise UnsupportedQuantizer(
                    f"{self}: {count_of(count, 'weight lies', 'weights lie')} half way between two "
                    "powers of two within float32 error; QKeras itself rounds that differently "
                    "from machine to machine",
                    self.where,
                    "change what lies there by a few parts per million",
                )
        exponents = np.clip(np.rint(log2), self._min_exp, self._max_exp).astype(np.int64)
        return np.where(tiny, self._min_exp, exponents * (2 if self.quadratic_approximation else 1))

    def _logarithm(self, magnitude: F32) -> F64:
        # the square root is rounded to float32 before the logarithm, as in QKeras
        root = np.sqrt(magnitude) if self.quadratic_approximation else magnitude
        return np.log2(root.astype(np.float64))

    def _exponent(self, magnitude: float) -> int:
        return int(self._exponents(np.asarray([magnitude], np.float32))[0])

    @property
    def _lowest(self) -> int:
        return min(self._min_exp, self._exponent(float(EPSILON)))

    @property
    def _highest(self) -> int:
        return max(self._min_exp, self._exponent(float(np.finfo(np.float32).max)))

    @property
    def frac(self) -> int:
        """Return minus the lowest exponent that is reached."""
        return -self._lowest

    @property
    def lo(self) -> int:
        """Return the lowest code."""
        return -self.hi

    @property
    def hi(self) -> int:
        """Return the highest code."""
        return 1 << (self._highest - self._lowest)

    @property
    def monotone(self) -> bool:
        """Return false where the quadratic form steps down just above 1e-7."""
        return self._exponent(float(EPSILON)) >= self._min_exp

    @property
    def keeps_zero(self) -> bool:
        """Return false: zero becomes the smallest power."""
        return False

    @property
    def limit(self) -> float:
        """Return the bound at which float32 loses the highest power."""
        return 2.0 ** (24 + self._highest) if self.use_ste else UNBOUNDED

    def check_activation(self, where: str) -> None:
        """Refuse exponent ranges that integer codes cannot hold."""
        super().check_activation(where)
        if self.quadratic_approximation:
            raise UnsupportedQuantizer(
                f"{self}: quadratic_approximation steps at exact odd powers of two, where QKeras' "
                " own float32 result changes with the position in the batch",
                where,
                "leave quadratic_approximation out on activations",
            )
        bound = self.max_value
        if bound is not None and undecided(self._logarithm(np.asarray([bound], np.float32))).any():
            raise UnsupportedQuantizer(
                f"{self}: max_value={bound:g} is half way between two powers within float32 error",
                where,
                "use a power of two as max_value",
            )
        span = self._highest - self._lowest
        if span > MAX_SPAN:
            raise UnsupportedQuantizer(
                f"{self}: exponents {self._lowest} to {self._highest} need {span + 1} bits; "
                f"at most {MAX_SPAN + 1} here",
                where,
                "use fewer bits, or a max_value of at most 1",
            )

    def code(self, x: npt.ArrayLike) -> I64:
        """Return the codes of an activation."""
        self.check_activation(self.where)
        sign, exponents = self._split(flush(x))
        return sign << (exponents - self._lowest)

    def _quantize(self, x: F32) -> Codes:
        # the tensor sets the range: few tensors reach the end of it
        sign, exponents = self._split(x, refuse_undecided=True)
        lowest = int(exponents.min(initial=self._highest))
        span = int(exponents.max(initial=lowest)) - lowest
        if span > MAX_SPAN or lowest < -126:
            zeros = int((np.abs(x) < EPSILON).sum())
            raise UnsupportedQuantizer(
                f"{self}: the weights take exponents {lowest} to {lowest + span}; "
                f"at most {MAX_SPAN} octaves can be held, and none below -126 "
                f"({count_of(zeros, 'weight is', 'weights are')} zero)",
                self.where,
                "use fewer bits: a zero weight takes the smallest power",
            )
        codes = sign << (exponents - lowest)
        if self.use_ste:
            codes = straight_through(self._pass_through(x), codes, -lowest, self.where)
        return Codes(codes, -lowest)

    def _split(self, x: F32, *, refuse_undecided: bool = False) -> tuple[I64, I64]:
        """Return sign and exponent of each element."""
        sign = np.where(x < 0, -1, 1).astype(np.int64)
        return sign, self._exponents(np.abs(x), refuse_undecided=refuse_undecided)

    def _arguments(self) -> str:
        parts = [str(self.bits)]
        parts += [] if self.max_value is None else [f"max_value={self.max_value!r}"]
        parts += ["quadratic_approximation=1"] if self.quadratic_approximation else []
        return ",".join(parts)


@dataclass(frozen=True, kw_only=True)
class QuantizedPo2(_PowerOfTwo):
    """quantized_po2: ``sign(x) * 2**e``; either zero gives plus the smallest power."""

    kind: ClassVar[str] = "quantized_po2"

    @property
    def _exponent_bits(self) -> int:
        return super()._exponent_bits - 1


@dataclass(frozen=True, kw_only=True)
class QuantizedReluPo2(_PowerOfTwo):
    """quantized_relu_po2: ``2**e`` for x >= 0.

    Below zero it is the smallest power, or with a negative slope ``-2**e`` of the sloped input.
    """

    kind: ClassVar[str] = "quantized_relu_po2"
    negative_slope: float = 0.0

    @property
    def lo(self) -> int:
        """Return the lowest code."""
        return 1 if self.negative_slope == 0 else -self.hi

    @property
    def limit(self) -> float:
        """Return no bound where max_value clips and negative inputs pass nothing through."""
        return (
            UNBOUNDED if self.max_value is not None and self.negative_slope == 0 else super().limit
        )

    def _split(self, x: F32, *, refuse_undecided: bool = False) -> tuple[I64, I64]:
        sloped = np.where(x < 0, -x * np.float32(self.negative_slope), x)
        sign = np.where((x < 0) & (self.negative_slope != 0), -1, 1).astype(np.int64)
        return sign, self._exponents(sloped, refuse_undecided=refuse_undecided)

    def _pass_through(self, x: F32) -> F32:
        sloped = np.where(x < 0, x * np.float32(self.negative_slope), x)
        return sloped if self.max_value is None else np.minimum(sloped, np.float32(self.max_value))

    def _arguments(self) -> str:
        slope = f",negative_slope={self.negative_slope!r}" if self.negative_slope else ""
        return super()._arguments() + slope
