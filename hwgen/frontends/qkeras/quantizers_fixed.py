# SPDX-License-Identifier: Apache-2.0
"""The fixed-point QKeras quantizers: quantized_bits, _relu, _tanh and _sigmoid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hwgen.errors import UnsupportedQuantizer, count_of
from hwgen.frontends.exact.codes import F32, I64, Codes
from hwgen.frontends.qkeras.quantizers_base import (
    UNBOUNDED,
    Quantizer,
    exponent_of,
    flush,
    round_clip,
    sign_code,
    straight_through,
)
from hwgen.frontends.qkeras.quantizers_scale import fold, least_squares, nearest_po2, reduced_axes

_REFITS = 5


@dataclass(frozen=True, kw_only=True)
class QuantizedBits(Quantizer):
    """quantized_bits: round half to even, then saturate; ``integer`` excludes the sign bit.

    With one bit and a sign it is binary (zero gives +1). With a fitted scale it is symmetric, keeps
    negative values whatever ``keep_negative`` says, and rounds half away from zero.

    Attributes:
        rechecks_codes: true for QKeras on Keras 3, which recomputes the codes after the last refit
            of 'auto_po2'; QKeras 0.9 does not. A tensor on which the two differ is refused.
    """

    kind: ClassVar[str] = "quantized_bits"
    bits: int = 8
    integer: int = 0
    symmetric: bool = False
    keep_negative: bool = True
    scale_axis: int | None = None
    rechecks_codes: bool = False

    @property
    def _magnitude_bits(self) -> int:
        return self.bits - int(self.keep_negative)

    @property
    def _levels(self) -> int:
        return (1 << (self.bits - 1)) - 1

    @property
    def _is_sign(self) -> bool:
        return self._magnitude_bits == 0 and not self.fitted

    @property
    def frac(self) -> int:
        """Return the fraction bits of the grid, before alpha."""
        return 0 if self._is_sign else self._magnitude_bits - self.integer

    @property
    def lo(self) -> int:
        """Return the lowest code."""
        if self.fitted:
            return -self._levels
        if self._is_sign:
            return -1
        return int(self.symmetric) - (1 << self._magnitude_bits) if self.keep_negative else 0

    @property
    def hi(self) -> int:
        """Return the highest code."""
        if self.fitted:
            return self._levels
        return 1 if self._is_sign else (1 << self._magnitude_bits) - 1

    @property
    def affine(self) -> bool:
        """Return true but for the one-bit sign and fitted scales."""
        return not self.fitted and not self._is_sign

    @property
    def keeps_zero(self) -> bool:
        """Return false for the one-bit sign: zero becomes +1."""
        return not self._is_sign

    def code(self, x: npt.ArrayLike) -> I64:
        """Return the codes of an activation."""
        if self.fitted:
            self.check_activation(self.where)
        if self._is_sign:
            return sign_code(x)
        return round_clip(x, self.frac, self.lo, self.hi)

    def for_kernel(self) -> QuantizedBits:
        """Return the kernel form: alpha None is 'auto_po2', and symmetric."""
        return (
            self
            if self.alpha_spec is not None
            else replace(self, alpha_spec="auto_po2", symmetric=True)
        )

    def _quantize(self, x: F32) -> Codes:
        if isinstance(self.alpha_spec, tuple):
            return self._by_channel(x, self.alpha_spec)
        return self._fit(x) if self.fitted else super()._quantize(x)

    def _by_channel(self, x: F32, alphas: tuple[float, ...]) -> Codes:
        """Return codes whose channels have powers of two of their own."""
        if x.shape[-1] != len(alphas):
            raise UnsupportedQuantizer(
                f"{self}: {len(alphas)} alphas for {x.shape[-1]} channels",
                self.where,
                "give one alpha an output channel, or one for all",
            )
        powers = np.array([exponent_of(alpha) for alpha in alphas])
        least = int(powers.min())
        codes: I64 = self.code(x) << (powers - least)
        frac = self.frac - least
        return Codes(self._as_used(x, codes, frac), frac)

    def _fit(self, x: F32) -> Codes:
        if self._levels < 1:
            raise UnsupportedQuantizer(
                f"{self}: one bit leaves no level for a fitted scale; QKeras yields NaN",
                self.where,
                "use binary() or quantized_bits(1,0,alpha=1); alpha=None on a kernel is 'auto_po2'",
            )
        if self.scale_axis is not None and self.scale_axis >= x.ndim:
            raise UnsupportedQuantizer(
                f"{self}: scale_axis={self.scale_axis}, but the tensor has "
                f"{count_of(x.ndim, 'axis', 'axes')}",
                self.where,
                "leave scale_axis out: the last axis has the channels",
            )
        unit = np.ldexp(x, -self.integer)
        axes = (0,) if x.ndim == 1 else reduced_axes(x.ndim, self.scale_axis)
        peak = np.abs(unit).max(axis=axes, keepdims=True, initial=0)
        scale: F32 = (peak * np.float32(2)) / np.float32(2 * self._levels)
        if self.alpha_spec == "auto":
            # the stored scale is that of codes with a fraction point, as QKeras keeps it
            return Codes(self._steps(unit, scale), self.frac, np.ldexp(scale, self._magnitude_bits))
        scale = nearest_po2(scale, self.where)
        for _ in range(_REFITS):
            z = self._steps(unit, scale)
            scale = nearest_po2(
                least_squares(unit, z.astype(np.float32), self.scale_axis), self.where
            )
        if self.rechecks_codes and (self._steps(unit, scale) != z).any():
            raise UnsupportedQuantizer(
                f"{self}: the scale has not settled; QKeras releases give different codes",
                self.where,
                "train with alpha=1, or store the quantized weights with alpha=1",
            )
        folded = fold(z, self.frac, np.ldexp(scale, self._magnitude_bits))
        if folded.raw is None or not self.use_ste:
            return folded
        return replace(folded, codes=straight_through(x, folded.codes, folded.frac, self.where))

    def _steps(self, unit: F32, scale: F32) -> I64:
        """Return the nearest level, halves away from zero."""
        # a channel of zeros has scale 0 under 'auto'; its codes are zero
        divisor = np.where(scale == 0, np.float32(1), scale)
        level = np.minimum(
            np.floor(np.abs(unit) / divisor + np.float32(0.5)), np.float32(self._levels)
        )
        codes: I64 = (np.sign(unit) * level).astype(np.int64)
        return codes

    def _arguments(self) -> str:
        parts = [str(self.bits), str(self.integer), str(int(self.symmetric))]
        parts += [] if self.keep_negative else ["keep_negative=False"]
        parts += [self._alpha_text()] if self.alpha_spec is not None else []
        parts += [] if self.scale_axis is None else [f"scale_axis={self.scale_axis}"]
        return ",".join(parts)


@dataclass(frozen=True, kw_only=True)
class QuantizedRelu(Quantizer):
    """quantized_relu: unsigned, all bits magnitude; with a negative slope one bit goes to the sign.

    Attributes:
        upper_bound: an upper bound that is in force (QKeras ignores it while it clips to the
            quantized range).
        clips_first: whether the pass-through term is limited to the quantized range (QKeras'
            default).
    """

    kind: ClassVar[str] = "quantized_relu"
    bits: int = 8
    integer: int = 0
    use_sigmoid: bool = False
    negative_slope: float = 0.0
    upper_bound: float | None = None
    clips_first: bool = True

    @property
    def _magnitude_bits(self) -> int:
        return self.bits - int(self.negative_slope != 0)

    @property
    def frac(self) -> int:
        """Return the fraction bits."""
        return self._magnitude_bits - self.integer

    @property
    def lo(self) -> int:
        """Return the lowest code: 0, or the end of the negative branch."""
        return -int(self.negative_slope * (1 << self._magnitude_bits))

    @property
    def hi(self) -> int:
        """Return the highest code."""
        top = (1 << self._magnitude_bits) - 1
        # QKeras reads a bound of 0 as none here, and as 0 in the pass-through term
        return min(top, int(self.upper_bound * 2.0**self.frac)) if self.upper_bound else top

    @property
    def affine(self) -> bool:
        """Return true for the plain relu."""
        return not self.use_sigmoid and self.negative_slope == 0

    @property
    def neg_shift(self) -> int | None:
        """Return k of the slope ``2**-k``."""
        return None if self.negative_slope == 0 else -exponent_of(self.negative_slope)

    @property
    def limit(self) -> float:
        """Return no bound where the pass-through term is clipped on both sides."""
        return UNBOUNDED if self.clips_first and self.negative_slope == 0 else super().limit

    def code(self, x: npt.ArrayLike) -> I64:
        """Return the codes of an activation."""
        x = np.asarray(x, np.float32)
        if self.use_sigmoid:
            levels = np.ldexp(_hard_sigmoid(np.ldexp(x, -self.integer)), self._magnitude_bits)
            doubled = 2 * np.rint(levels) - np.float32(1 << self._magnitude_bits)
            return round_clip(doubled, 0, 0, self.hi)
        above = round_clip(x, self.frac, 0, self.hi)
        if self.neg_shift is None:
            return above
        return above + round_clip(x, self.frac - self.neg_shift, self.lo, 0)

    def _pass_through(self, x: F32) -> F32:
        sloped = np.where(x < 0, x * np.float32(self.negative_slope), x)
        if self.clips_first:
            return np.minimum(
                sloped, np.float32(((1 << self._magnitude_bits) - 1) * 2.0**-self.frac)
            )
        return (
            sloped if self.upper_bound is None else np.minimum(sloped, np.float32(self.upper_bound))
        )

    def _arguments(self) -> str:
        parts = [str(self.bits), str(self.integer)]
        parts += ["use_sigmoid=1"] if self.use_sigmoid else []
        parts += [f"negative_slope={self.negative_slope!r}"] if self.negative_slope else []
        parts += [] if self.upper_bound is None else [f"relu_upper_bound={self.upper_bound!r}"]
        parts += [] if self.clips_first else ["is_quantized_clip=False"]
        return ",".join(parts)


@dataclass(frozen=True, kw_only=True)
class QuantizedTanh(Quantizer):
    """quantized_tanh in its hard form, ``clip(x, -1, 1)``, which is QKeras' global default.

    QKeras computes it as ``2 * clip(x/2 + 1/2, 0, 1) - 1`` in float32; the addition rounds inputs
    that are finer than 2**-23, so only coarser grids get the affine form.
    """

    kind: ClassVar[str] = "quantized_tanh"
    bits: int = 8
    symmetric: int = 0

    @property
    def frac(self) -> int:
        """Return the fraction bits."""
        return self.bits - 1

    @property
    def lo(self) -> int:
        """Return the lowest code."""
        return self.symmetric - (1 << (self.bits - 1))

    @property
    def hi(self) -> int:
        """Return the highest code."""
        return max(self.lo, (1 << (self.bits - 1)) - 1)

    @property
    def limit(self) -> float:
        """Return no bound: the input is clipped first."""
        return UNBOUNDED

    def affine_for(self, in_frac: int) -> bool:
        """Return whether float32 holds ``x/2 + 1/2`` without rounding."""
        return in_frac <= 23

    def code(self, x: npt.ArrayLike) -> I64:
        """Return the codes of an activation."""
        squashed = np.float32(2) * _hard_sigmoid(np.asarray(x, np.float32)) - np.float32(1)
        return round_clip(squashed, self.frac, self.lo, self.hi)

    def _as_used(self, x: F32, codes: I64, frac: int) -> I64:
        return codes

    def _arguments(self) -> str:
        return f"{self.bits},symmetric={self.symmetric}" if self.symmetric else str(self.bits)


@dataclass(frozen=True, kw_only=True)
class QuantizedSigmoid(Quantizer):
    """quantized_sigmoid in its hard form, ``clip(x/2 + 1/2, 0, 1)``: QKeras' global default."""

    kind: ClassVar[str] = "quantized_sigmoid"
    bits: int = 8
    symmetric: int = 0

    @property
    def frac(self) -> int:
        """Return the fraction bits."""
        return self.bits

    @property
    def lo(self) -> int:
        """Return the lowest code, which *symmetric* is."""
        return self.symmetric

    @property
    def hi(self) -> int:
        """Return the highest code."""
        return (1 << self.bits) - 1

    @property
    def keeps_zero(self) -> bool:
        """Return false: zero becomes one half."""
        return False

    @property
    def limit(self) -> float:
        """Return no bound: the input is clipped first."""
        return UNBOUNDED

    def code(self, x: npt.ArrayLike) -> I64:
        """Return the codes of an activation."""
        return round_clip(_hard_sigmoid(np.asarray(x, np.float32)), self.frac, self.lo, self.hi)

    def _as_used(self, x: F32, codes: I64, frac: int) -> I64:
        return codes

    def _arguments(self) -> str:
        return f"{self.bits},symmetric={self.symmetric}" if self.symmetric else str(self.bits)


def _hard_sigmoid(x: F32) -> F32:
    half = np.float32(0.5)
    return np.clip(flush(half * flush(x) + half), np.float32(0), np.float32(1))
