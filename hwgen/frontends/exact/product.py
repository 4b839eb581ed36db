# SPDX-License-Identifier: Apache-2.0
"""Product: a matrix product of an exact value with quantized weights, and the bias behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from hwgen.errors import ModelError, count_of
from hwgen.frontends.exact.builder import FLOAT32_EXACT, ExactBuilder, Origin
from hwgen.frontends.exact.codes import F32, Codes
from hwgen.frontends.exact.steps import Affine, Value, f32
from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes as IntArray
from hwgen.ops.base import Op

# A bias may have so many fraction bits more than the products.
_BIAS_EXTRA_BITS = 16
# Quantized and exact, float32 where it is on no grid, or absent.
Bias: TypeAlias = Codes | F32 | None


@dataclass(frozen=True)
class Product:
    """A matrix product that a layer asks for.

    Attributes:
        weights: the quantized kernel, its scale one number or one an output channel.
        make: (weight codes, bias codes, fraction bits of the weights) to operation.
        channels: number of output channels, the last axis.
        bias: quantized and exact, or float32 where it is on no grid, or None.
    """

    weights: Codes
    make: Callable[[IntArray, IntArray, int], Op]
    channels: int
    bias: Bias = None


def linear(b: ExactBuilder, value: Value, product: Product, at: Origin, name: str = "") -> Value:
    """Emit a matrix product with bias; what is not on the integer grid waits as steps.

    Args:
        b: the graph under construction.
        value: the input.
        product: weights, bias and operation.
        at: the layer.
        name: of the node; by default the layer's.
    """
    value = b.settled(value, at)
    codes = product.weights
    op, rest = _with_bias(value, product, at)
    width = Fixed.covering(int(codes.codes.min()), int(codes.codes.max()), codes.frac)
    done = b.emit(name or at.name, op, [value], at, f"weights {width}")
    b.note_rounding(done, at, _largest_bias(op))
    if not codes.exact:
        done = done.after(Affine(mul=f32(codes.scale).reshape(-1), where=at.where))
        b.note(
            f"{at.name}: its weight scale is no power of two, so {b.owner} float32 sums "
            "round; hwgen applies the scale to the exact integer sum"
        )
    return done if rest is None else done.after(Affine(add=rest, where=at.where))


def _with_bias(value: Value, product: Product, at: Origin) -> tuple[Op, F32 | None]:
    """Return the product, and the bias where it stays float32."""
    codes, bias, make = product.weights, product.bias, product.make
    none = np.zeros(product.channels, np.int64)
    if bias is None:
        return make(codes.codes, none, codes.frac), None
    shape = bias.codes.shape if isinstance(bias, Codes) else bias.shape
    if shape != (product.channels,):
        raise ModelError(
            f"a bias of shape {shape} for {count_of(product.channels, 'output channel')}",
            at.where,
            "give the weights file that belongs to this architecture",
        )
    floats = f32(bias.value()) if isinstance(bias, Codes) else bias
    if not np.any(floats):
        return make(codes.codes, none, codes.frac), None
    if not isinstance(bias, Codes) or not codes.exact:
        return make(codes.codes, none, codes.frac), floats
    frac = value.type.frac + codes.frac
    if bias.frac <= frac:
        shifted = bias.codes.astype(object) << (frac - bias.frac)
        return make(codes.codes, shifted, codes.frac), None
    # The bias has the finer grid: weights move up, which costs no logic. Where the framework's own
    # float32 addition would round, the bias stays float32 and the quantizer behind it decides.
    up = bias.frac - frac
    op = make(codes.codes.astype(object) << up, bias.codes, codes.frac + up)
    if up <= _BIAS_EXTRA_BITS and op.infer([value.type]).peak < FLOAT32_EXACT:
        return op, None
    return make(codes.codes, none, codes.frac), floats


def _largest_bias(op: Op) -> int:
    bias: IntArray = getattr(op, "bias", np.zeros(1, np.int64))
    return int(np.abs(bias).max(initial=0))
