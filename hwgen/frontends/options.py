# SPDX-License-Identifier: Apache-2.0
"""Options of a front end: number formats, pruning masks, the training scaler."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.arrays import load_table
from hwgen.errors import ConfigError, count_of
from hwgen.frontends.formats import Rules, parse_fixed, parse_rules
from hwgen.ir.fixed import Fixed


def options(
    input_format: str | Mapping[str, str] | None = None,
    masks: Path | None = None,
    scaler: Path | None = None,
    formats: Iterable[str] | Mapping[str, str] = (),
    weight_formats: Iterable[str] | Mapping[str, str] = (),
) -> Options:
    """Return the front end's options from what a user writes.

    Args:
        input_format: ``s8.4`` for every input, ``name=s8.4,other=u8.0``, or a table of them.
        masks: ``.npz`` with a pruning mask a layer.
        scaler: ``.npz`` with ``mean`` and ``std`` of the training data.
        formats: ``LAYER=s16.9`` for layers without a quantizer, or a table by layer; names may be
            patterns such as ``bn*``.
        weight_formats: the same for float kernels.

    Raises:
        ConfigError: a text is no format, or a file cannot be read.
    """
    inputs: dict[str, Fixed] = {}
    if isinstance(input_format, str):
        for part in input_format.split(","):
            name, _, text = part.rpartition("=")
            fixed = parse_fixed(text, "--input-format")
            if name.strip() in inputs:
                raise ConfigError(
                    f"two formats for {name.strip() or 'every input'}",
                    "--input-format",
                    "write s8.4 for every input, or name=s8.4,other=u8.0",
                )
            inputs[name.strip()] = fixed
    else:
        inputs = {
            name: parse_fixed(text, "--input-format") for name, text in (input_format or {}).items()
        }
    return Options(
        inputs,
        _masks(masks) if masks else {},
        _scaler(scaler) if scaler else None,
        formats=parse_rules(formats, "--format"),
        weight_formats=parse_rules(weight_formats, "--weight-format"),
    )


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
        raise ConfigError(
            f"{count_of(len(mean), 'mean')} and {count_of(len(std), 'std')}", "--scaler", hint
        )
    if not np.all(std > 0):
        raise ConfigError("a std is not above 0", "--scaler", "drop features that never change")
    return mean.tolist(), std.tolist()


def settled(
    given: Options | None,
    input_format: str | Mapping[str, str] | None = None,
    formats: Iterable[str] | Mapping[str, str] | None = None,
    weight_formats: Iterable[str] | Mapping[str, str] | None = None,
    head: str | None = None,
    outputs: str | Iterable[str] | None = None,
) -> Options:
    """Return the options with what was named beside them."""
    given = given or Options()
    made = options(input_format, formats=formats or (), weight_formats=weight_formats or ())
    named = outputs.split(",") if isinstance(outputs, str) else tuple(outputs or ())
    return replace(
        given,
        input_formats=given.input_formats if input_format is None else made.input_formats,
        formats=given.formats if formats is None else made.formats,
        weight_formats=given.weight_formats if weight_formats is None else made.weight_formats,
        head=head or given.head,
        outputs=tuple(n.strip() for n in named if n.strip()) or given.outputs,
    )


@dataclass(frozen=True)
class Options:
    """Options: additions of the user to a model.

    Attributes:
        input_formats: number format of the inputs: under ``""`` for every input, or by input name.
        masks: pruning masks by layer, or by layer/variable (1 keeps, 0 is a pruned weight), in the
            shape of the kernel.
        scaler: (mean, std) of the training data, shipped in the bundle.
        weights: a file with the weights, for an architecture without or in place of its own.
        formats: number format behind layers that have no quantizer, by name or pattern.
        weight_formats: the same of float kernels.
        head: what is made of the outputs, see `hwgen.frontends.heads`; logits where it is empty.
        outputs: those that are built, by name; all without one.
        grid_bits: a kernel without a quantizer passes when its values are integers of so many bits
            on one grid.
        root: where the graph shall be what the framework itself computes, for a comparison: its own
            ``1 / sqrt(x)`` of float32 on this machine. Masks that it does not know are left out.
    """

    input_formats: Mapping[str, Fixed] = field(default_factory=dict)
    masks: Mapping[str, Any] = field(default_factory=dict)
    scaler: tuple[Sequence[float], Sequence[float]] | None = None
    weights: Path | None = None
    root: Callable[[Any], Any] | None = None
    formats: Rules = field(default_factory=dict)
    weight_formats: Rules = field(default_factory=dict)
    head: str = ""
    outputs: tuple[str, ...] = ()
    grid_bits: int = 16


def check_scaler(options: Options, shape: tuple[int, ...]) -> None:
    """Refuse a training scaler that does not fit the first input, of that shape.

    Raises:
        ConfigError: it has neither one figure for all, nor one a channel, nor one an element.
    """
    count = len(options.scaler[0]) if options.scaler else 1
    if count not in (1, shape[-1], math.prod(shape)):
        raise ConfigError(
            f"{count_of(count, 'figure does', 'figures do')} not fit an input of shape {shape}",
            "--scaler",
            "one for all, one a channel (last axis), or one an element",
        )
