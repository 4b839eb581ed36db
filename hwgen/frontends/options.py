# SPDX-License-Identifier: Apache-2.0
"""Options of a front end: input formats, pruning masks, the training scaler."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.errors import ConfigError
from hwgen.files import load_table
from hwgen.ir.fixed import Fixed

MAX_WIDTH = 53  # bits of an input that is given its format: samples come as float64
MAX_FRAC = 64


def options(
    input_format: str | Mapping[str, str] | None = None,
    masks: Path | None = None,
    scaler: Path | None = None,
) -> Options:
    """Return the front end's options from what a user writes.

    Args:
        input_format: ``s8.4`` for every input, ``name=s8.4,other=u8.0``, or a table of them.
        masks: ``.npz`` with a pruning mask a layer.
        scaler: ``.npz`` with ``mean`` and ``std`` of the training data.
    """
    formats: dict[str, Fixed] = {}
    if isinstance(input_format, str):
        for part in input_format.split(","):
            name, _, text = part.rpartition("=")
            fixed = _format(text)
            if name.strip() in formats:
                raise ConfigError(
                    f"two formats for {name.strip() or 'every input'}",
                    "--input-format",
                    "write s8.4 for every input, or name=s8.4,other=u8.0",
                )
            formats[name.strip()] = fixed
    else:
        formats = {name: _format(text) for name, text in (input_format or {}).items()}
    return Options(formats, _masks(masks) if masks else {}, _scaler(scaler) if scaler else None)


def _format(text: str) -> Fixed:
    try:
        fixed = Fixed.parse(text if len(text) <= 32 else f"{text[:32]}...")
    except ConfigError as error:
        raise ConfigError(error.what, "--input-format", error.hint) from error
    if fixed.width > MAX_WIDTH or abs(fixed.frac) > MAX_FRAC:
        raise ConfigError(
            f"{text} is out of range: {MAX_WIDTH} bits and {MAX_FRAC} fraction bits at most",
            "--input-format",
            "samples come as floats, which hold no more",
        )
    return fixed


def _masks(path: Path) -> dict[str, Any]:
    found = load_table(path, "--masks")
    for name, mask in found.items():
        if mask.dtype.kind not in "biuf" or not np.all((mask == 0) | (mask == 1)):
            raise ConfigError(
                f"the mask of {name} holds other values than 0 and 1", "--masks", "1 keeps a weight"
            )
    return found


def _scaler(path: Path) -> tuple[list[float], list[float]]:
    found = load_table(path, "--scaler")
    hint = "give mean and std of the training data, one figure a feature each"
    if set(found) != {"mean", "std"}:
        held = ", ".join(sorted(found)) or "nothing"
        raise ConfigError(f"{path} holds {held}", "--scaler", hint)
    for name, values in found.items():
        if values.dtype.kind not in "biuf" or not np.all(np.isfinite(values)):
            raise ConfigError(f"{name} needs finite real numbers", "--scaler", hint)
    mean, std = (found[name].astype(np.float64).reshape(-1) for name in ("mean", "std"))
    if len(mean) != len(std) or not len(mean):
        raise ConfigError(f"{len(mean)} means and {len(std)} stds", "--scaler", hint)
    if not np.all(std > 0):
        raise ConfigError("a std is not above 0", "--scaler", "drop features that never change")
    return mean.tolist(), std.tolist()


def settled(given: Options | None, input_format: str | Mapping[str, str] | None) -> Options:
    """Return the options with the input formats that were named beside them."""
    given = given or Options()
    if input_format is None:
        return given
    return replace(given, input_formats=options(input_format).input_formats)


@dataclass(frozen=True)
class Options:
    """Options: additions of the user to a model.

    Attributes:
        input_formats: number format of the inputs: under ``""`` for every input, or by input name.
        masks: pruning masks by layer, or by layer/variable (1 keeps, 0 is a pruned weight), in the
            shape of the kernel.
        scaler: (mean, std) of the training data, shipped in the bundle.
        weights: a file with the weights, for an architecture without or in place of its own.
        root: where the graph shall be what the framework itself computes, for a comparison: its own
            ``1 / sqrt(x)`` of float32 on this machine. Masks that it does not know are left out.
    """

    input_formats: Mapping[str, Fixed] = field(default_factory=dict)
    masks: Mapping[str, Any] = field(default_factory=dict)
    scaler: tuple[Sequence[float], Sequence[float]] | None = None
    weights: Path | None = None
    root: Callable[[Any], Any] | None = None


def check_scaler(options: Options, shape: tuple[int, ...]) -> None:
    """Refuse a training scaler that does not fit the first input, of that shape.

    Raises:
        ConfigError: it has neither one figure for all, nor one a channel, nor one an element.
    """
    count = len(options.scaler[0]) if options.scaler else 1
    if count not in (1, shape[-1], math.prod(shape)):
        raise ConfigError(
            f"{count} figures do not fit an input of shape {shape}",
            "--scaler",
            "one for all, one a channel (last axis), or one an element",
        )
