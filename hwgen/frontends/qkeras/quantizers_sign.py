# SPDX-License-Identifier: Apache-2.0
"""QKeras quantizers by sign: binary and ternary.

Their stochastic forms draw random numbers in training only, and are the plain ones at inference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from hwgen.errors import UnsupportedQuantizer
from hwgen.frontends.exact.codes import F32, I64, Codes
from hwgen.frontends.qkeras.quantizers_base import (
    UNBOUNDED,
    Quantizer,
    flush,
    sign_code,
    straight_through,
)
from hwgen.frontends.qkeras.quantizers_scale import (
    fold,
    least_squares,
    nearest_po2,
    reduced_axes,
    sums_are_exact,
)

_TIE_BAND = 2.0**-20


@dataclass(frozen=True, kw_only=True)
class _BySign(Quantizer):
    """Base of both: codes -1, 0 and 1, times a constant or fitted scale."""

    kind_name: str = ""

    @property
    def frac(self) -> int:
        """Return 0: the codes are -1, 0 and +1."""
        return 0

    @property
    def hi(self) -> int:
        """Return +1."""
        return 1

    @property
    def limit(self) -> float:
        """Return no bound with alpha None: QKeras then passes tanh(x) through."""
        return UNBOUNDED if self.alpha_spec is None else super().limit

    def for_kernel(self) -> Self:
        """Return the kernel form: alpha None is 'auto_po2'."""
        return self if self.alpha_spec is not None else replace(self, alpha_spec="auto_po2")

    def _pass_through(self, x: F32) -> F32:
        return np.tanh(x) if self.alpha_spec is None else x

    def _quantize(self, x: F32) -> Codes:
        if not self.fitted:
            return super()._quantize(x)
        if x.ndim == 1 and self.alpha_spec == "auto":
            raise UnsupportedQuantizer(
                f"{self}: alpha='auto' gives each element of a one-dimensional tensor its own "
                "scale, so nothing is quantized",
                self.where,
                "quantize the bias with quantized_bits(n,i,1)",
            )
        z, scale = self._fit(x)
        if self.alpha_spec == "auto":
            return Codes(z, 0, scale)
        folded = fold(z, 0, scale)
        if folded.raw is None or not self.use_ste:
            return folded
        return replace(folded, codes=straight_through(x, folded.codes, folded.frac, self.where))

    def _fit(self, x: F32) -> tuple[I64, F32]:
        raise NotImplementedError

    @property
    def name(self) -> str:
        """Return the short form."""
        return f"{self.kind_name or self.kind}({self._arguments()})"


@dataclass(frozen=True, kw_only=True)
class Binary(_BySign):
    """binary: +1 for x >= 0, else -1 (or 0, with ``use_01``), times alpha. Zero becomes +1."""

    kind: ClassVar[str] = "binary"
    use_01: bool = False

    @property
    def lo(self) -> int:
        """Return -1, or 0 with ``use_01``."""
        return 0 if self.use_01 else -1

    @property
    def keeps_zero(self) -> bool:
        """Return false."""
        return False

    def code(self, x: npt.ArrayLike) -> I64:
        """Return the codes of an activation."""
        return np.maximum(sign_code(x), self.lo)

    def _fit(self, x: F32) -> tuple[I64, F32]:
        z = self.code(x)
        scale = least_squares(x, z.astype(np.float32))
        return z, nearest_po2(scale, self.where) if self.alpha_spec == "auto_po2" else scale

    def _arguments(self) -> str:
        return ",".join(
            (["use_01=1"] if self.use_01 else [])
            + ([self._alpha_text()] if self._alpha_text() else [])
        )


@dataclass(frozen=True, kw_only=True)
class Ternary(_BySign):
    """ternary: the sign of x where ``|x| >= threshold`` in float32, else 0.

    A constant alpha multiplies the output and leaves the threshold alone.
    """

    kind: ClassVar[str] = "ternary"
    threshold: float | None = None
    number_of_unrolls: int = 5

    DEFAULT_THRESHOLD: ClassVar[float] = 0.33

    @property
    def lo(self) -> int:
        """Return -1."""
        return -1

    def for_kernel(self) -> Self:
        """Return the kernel form, 'auto_po2' where alpha is None: a threshold rules that out."""
        if self.alpha_spec is None and self.threshold is not None:
            raise UnsupportedQuantizer(
                f"{self}: as a kernel quantizer without alpha it becomes alpha='auto_po2', "
                "which QKeras refuses together with a threshold",
                self.where,
                "give alpha=1 with the threshold, or leave the threshold out",
            )
        return super().for_kernel()

    def code(self, x: npt.ArrayLike) -> I64:
        """Return the codes of an activation."""
        if self.fitted:
            self.check_activation(self.where)
        x = flush(x)
        threshold = np.float32(self.DEFAULT_THRESHOLD if self.threshold is None else self.threshold)
        return np.where(np.abs(x) >= threshold, np.sign(x), 0).astype(np.int64)

    def _fit(self, x: F32) -> tuple[I64, F32]:
        axes = (0,) if x.ndim == 1 else reduced_axes(x.ndim)
        peak = np.abs(x).max(axis=axes, keepdims=True, initial=0)
        po2 = self.alpha_spec == "auto_po2"
        scale: F32 = (np.float32(2) * peak) / np.float32(3)
        scale = nearest_po2(scale, self.where) if po2 else scale
        for _ in range(self.number_of_unrolls):
            ratio = np.abs(x) / np.where(scale == 0, np.float32(np.inf), scale)
            if not po2 and not sums_are_exact(x, None) and (np.abs(ratio - 0.5) < _TIE_BAND).any():
                raise UnsupportedQuantizer(
                    f"{self}: a weight lies on the threshold within float32 error",
                    self.where,
                    "use alpha='auto_po2' or 1, or change that weight by a few parts per million",
                )
            z = (np.sign(x) * (np.rint(ratio) >= 1)).astype(np.int64)
            scale = least_squares(x, z.astype(np.float32))
            scale = nearest_po2(scale, self.where) if po2 else scale
        return z, scale

    def _arguments(self) -> str:
        parts = [self._alpha_text()] if self.alpha_spec is not None else []
        parts += [] if self.threshold is None else [f"threshold={self.threshold!r}"]
        parts += (
            [] if self.number_of_unrolls == 5 else [f"number_of_unrolls={self.number_of_unrolls}"]
        )
        return ",".join(parts)
