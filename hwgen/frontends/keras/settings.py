# SPDX-License-Identifier: Apache-2.0
"""Values of layer settings: read as numbers, or refused when the file holds something else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hwgen.errors import ModelError, count_of
from hwgen.frontends.keras.network import Layer

_AGAIN = "save the model again with Keras; the file may have been edited"


def wholes(
    layer: Layer, key: str, default: Any, count: int | None = None, least: int | None = 1
) -> tuple[int, ...]:
    """Return a setting such as strides as whole numbers; a single number stands for all.

    Args:
        layer: the layer.
        key: of the setting.
        default: where it is missing or None.
        count: how many; None for as many as there are.
        least: the smallest that makes sense, None for any.

    Raises:
        ModelError: the file holds something else.
    """
    given = layer.config.get(key)
    value = default if given is None else given
    items = list(value) if isinstance(value, list | tuple) else [value] * (count or 1)
    fits = all(_is_whole(i) and (least is None or i >= least) for i in items)
    if not fits or (count is not None and len(items) != count):
        many = "whole numbers" if count is None else count_of(count, "whole number")
        raise ModelError(
            f"{key}={given!r}, expected {many}"
            + ("" if least is None else f" of at least {least}"),
            layer.where,
            _AGAIN,
        )
    return tuple(items)


def whole(layer: Layer, key: str, default: int, least: int | None = 1) -> int:
    """Return a setting that is one whole number; see `wholes`."""
    return wholes(layer, key, default, 1, least)[0]


def pairs(layer: Layer, key: str, rank: int) -> tuple[tuple[int, int], ...]:
    """Return (before, after) of every axis, given as one number, one an axis, or pairs."""
    given = layer.config.get(key, 1)
    items = list(given) if isinstance(given, list | tuple) else [given] * rank
    if rank == 1 and len(items) == 2:
        items = [items]
    made = [i if isinstance(i, list | tuple) else (i, i) for i in items]
    if len(made) != rank or any(
        len(p) != 2 or not all(_is_whole(n) and n >= 0 for n in p) for p in made
    ):
        raise ModelError(
            f"{key}={given!r}, expected (before, after) for {count_of(rank, 'axis', 'axes')}",
            layer.where,
            _AGAIN,
        )
    return tuple((p[0], p[1]) for p in made)


def number(layer: Layer, key: str, default: float) -> float:
    """Return a setting that is a number; Keras may store a numpy scalar as a dictionary."""
    value = layer.config.get(key)
    if isinstance(value, Mapping):
        inner = value.get("config")
        value = inner.get("value") if isinstance(inner, Mapping) else value.get("value")
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ModelError(f"{key}={value!r}, expected a number", layer.where, _AGAIN)
    return float(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
