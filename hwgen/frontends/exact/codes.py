# SPDX-License-Identifier: Apache-2.0
"""Codes: a quantized tensor as integers, a binary point and a scale."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_ONE = np.ones((), np.float32)


@dataclass(frozen=True, eq=False)
class Codes:
    """A quantized tensor: ``value = codes * 2**-frac * scale``.

    Attributes:
        codes: int64, in the shape of the tensor.
        frac: the least significant bit is worth ``2**-frac``.
        scale: float32, broadcastable to ``codes``; exactly 1 whenever the value is ``codes *
            2**-frac``.
        raw: the form before power-of-two channel scales were folded into the codes, else None.
    """

    codes: I64
    frac: int
    scale: F32 = field(default_factory=lambda: _ONE)
    raw: Codes | None = None

    @property
    def exact(self) -> bool:
        """Return whether the codes and ``frac`` alone say the value."""
        return bool((self.scale == 1).all())

    def value(self) -> F64:
        """Return the real values, without rounding where ``exact`` and codes below 53 bits."""
        units: F64 = np.ldexp(self.codes.astype(np.float64), -self.frac)
        return units * self.scale.astype(np.float64)


def on_grid(floats: F32, bits: int) -> Codes | None:
    """Return the codes of values that are all ``code * 2**-frac`` within *bits*, else None."""
    if not np.any(floats):
        return Codes(np.zeros(floats.shape, np.int64), 0)
    mantissa, power = np.frexp(floats[floats != 0].astype(np.float64))
    whole = np.abs(mantissa * (1 << 24)).astype(np.int64)
    trailing = np.frexp((whole & -whole).astype(np.float64))[1] - 1
    frac = int((24 - power - trailing).max())
    if int(power.max()) + frac > bits - 1:
        return None
    return Codes(np.ldexp(floats.astype(np.float64), frac).astype(np.int64), frac)
