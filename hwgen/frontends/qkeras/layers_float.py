# SPDX-License-Identifier: Apache-2.0
"""Handlers of layers that only float models have: scales of inputs, and curves."""

from __future__ import annotations

from typing import Any

import numpy as np

from hwgen.errors import ModelError, UnsupportedLayer, count_of
from hwgen.frontends.exact.codes import F32
from hwgen.frontends.exact.steps import Affine, Curve, Divide, Value, f32
from hwgen.frontends.formats import rule_of
from hwgen.frontends.keras.network import Layer
from hwgen.frontends.keras.settings import number
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.registry import handles
from hwgen.frontends.qkeras.weights import weight

_LEAST = np.float32(1e-7)  # standard deviation of a Normalization in Keras
_OTHER = "give the weights file that belongs to this architecture"


@handles("Normalization")
def normalization(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """``(x - mean) / sqrt(variance)``, as an adapted Normalization stores them."""
    (value,) = ins
    mean, variance = statistics(c, layer, value.type.shape)
    deviation = np.maximum(np.sqrt(variance), _LEAST)
    return value.after(Affine(None, -mean, layer.where)).after(
        Divide(f32(deviation), layer.where, mean=False)
    )


def statistics(c: Conversion, layer: Layer, shape: tuple[int, ...]) -> tuple[F32, F32]:
    """Return mean and variance of a Normalization, one for all or one a channel.

    Raises:
        UnsupportedLayer: along another axis than the last.
        ModelError: they do not fit the tensor.
    """
    axis: Any = layer.config.get("axis", -1)
    axes = () if axis is None else tuple(axis) if isinstance(axis, list | tuple) else (axis,)
    if axes not in ((), (-1,), (len(shape),)):
        raise UnsupportedLayer(
            f"normalisation along axis {axis}; only the last axis, or all together, is supported",
            layer.where,
            "use axis=-1 or axis=None",
        )
    made = []
    for name in ("mean", "variance"):
        given = layer.config.get(name)
        found = weight(c, layer, name) if given is None else f32(given)
        if found.size not in ((shape[-1],) if axes and given is None else (1, shape[-1])):
            raise ModelError(
                f"the {name} has {count_of(found.size, 'figure')} for "
                f"{count_of(shape[-1], 'channel')}",
                layer.where,
                _OTHER,
            )
        if not np.isfinite(found).all() or (name == "variance" and np.any(found < 0)):
            raise ModelError(f"the {name} is damaged", layer.where, _OTHER)
        made.append(found.reshape(-1) if found.size > 1 else found.reshape(()))
    return made[0], made[1]


@handles("ELU")
def elu(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """``alpha * (exp(x) - 1)`` below zero; waits for the format that the user gives it."""
    alpha = number(layer, "alpha", 1.0)
    if alpha < 0:
        raise UnsupportedLayer(
            "a negative alpha makes the activation fall", layer.where, "use a positive alpha"
        )
    if rule_of(c.options.formats, (layer.name, layer.key)) is None:
        raise UnsupportedLayer(
            "an ELU has no exact integer form",
            layer.where,
            f"use quantized_relu with a negative slope; or round it: --format {layer.name}=s8.5",
        )
    return ins[0].after(Curve("elu", layer.where, alpha))
