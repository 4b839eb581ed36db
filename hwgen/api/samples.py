# SPDX-License-Identifier: Apache-2.0
"""Samples: float data of a user, brought to the input grids, and the vectors made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from hwgen.errors import ConfigError
from hwgen.files import load_arrays
from hwgen.ir.graph import Graph
from hwgen.ir.tensor import Codes
from hwgen.verify.self_check import check_counts, make_vectors
from hwgen.verify.vectors import Vectors

Floats: TypeAlias = npt.NDArray[Any]  # of a user: any kind of number, shape (samples, *shape)


@dataclass(frozen=True)
class Moved:
    """Input values that were not on the grid.

    Attributes:
        rounded: to a code beside them, by half a step at most.
        saturated: beyond the ends of the interval, and now at one of them.
    """

    rounded: int
    saturated: int

    @property
    def count(self) -> int:
        """Number of both together."""
        return self.rounded + self.saturated

    def __str__(self) -> str:
        parts = [
            f"{count:,} input values {words}"
            for count, words in (
                (self.saturated, "lie beyond the input's range and were saturated"),
                (self.rounded, "were not on the input's grid and were rounded to it"),
            )
            if count
        ]
        return "; ".join(parts)


def read_data(graph: Graph, path: Path, option: str = "--data") -> Mapping[str, Floats]:
    """Read samples: a ``.npy`` for one input, a ``.npz`` by input name for several.

    Raises:
        ConfigError: the file cannot be read or does not fit the inputs.
    """
    names = [node.name for node in graph.inputs]
    found = load_arrays(path, option)
    if isinstance(found, dict):
        return found
    if len(names) != 1:
        raise ConfigError(
            f"one array for the inputs {', '.join(names)}",
            option,
            "give a .npz with one array each",
        )
    return {names[0]: found}


def to_codes(
    graph: Graph, data: Mapping[str, Any], option: str = "--data"
) -> tuple[dict[str, Codes], Moved]:
    """Return float samples on the input grids, and how many values had to be moved there.

    The scaler of an input is applied first, where the model has one. Values are rounded half to
    even and saturated, as the input's quantizer does.

    Raises:
        ConfigError: an input is missing or unknown, has another shape, or holds NaN.
    """
    names = [node.name for node in graph.inputs]
    if set(data) != set(names):
        raise ConfigError(
            f"arrays for {', '.join(sorted(data)) or 'nothing'}; the inputs are {', '.join(names)}",
            option,
            "give one array an input, under its name",
        )
    codes: dict[str, Codes] = {}
    rounded = saturated = 0
    for node in graph.inputs:
        values = np.asarray(data[node.name])
        if values.dtype.kind not in "fiu" or not np.all(np.isfinite(values)):
            raise ConfigError(
                f"input {node.name} needs finite real numbers",
                option,
                f"it holds {values.dtype}" if values.dtype.kind not in "fiu" else "it holds NaN",
            )
        if values.ndim == 0 or values.shape[1:] != node.type.shape or not len(values):
            dims = ", ".join(map(str, node.type.shape))
            raise ConfigError(
                f"input {node.name} has shape {values.shape}, expected (samples, {dims})",
                option,
                "the first axis counts the samples, at least one",
            )
        values = scaled_input(graph, node.name, values)
        lo, hi = node.type.lo.astype(np.float64), node.type.hi.astype(np.float64)
        with np.errstate(over="ignore", under="ignore"):  # what is so far out saturates
            scaled = np.ldexp(values.astype(np.float64), node.type.frac)
        nearest = np.rint(scaled)
        made = np.clip(nearest, lo, hi)
        saturated += int(np.count_nonzero(made != nearest))
        rounded += int(np.count_nonzero((made == nearest) & (nearest != scaled)))
        codes[node.name] = made.astype(np.int64)
    counts = {name: len(rows) for name, rows in codes.items()}
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise ConfigError(f"the inputs have different numbers of samples: {said}", option)
    return codes, Moved(rounded, saturated)


def scaled_input(graph: Graph, name: str, values: Floats) -> Floats:
    """Return samples of an input as the core takes them: behind the layers outside of it."""
    for scaler in graph.input_scalers:
        if scaler.input == name:
            with np.errstate(over="ignore"):
                values = values.astype(np.float64) * np.array(scaler.scale) + scaler.offset
    return values


# -------------------------------------------------------------------- prediction


def values_of(graph: Graph, codes: Mapping[str, Codes]) -> Mapping[str, Floats]:
    """Return the float64 values of output codes."""
    return {
        out.name: codes[out.name].astype(np.float64) * np.array(out.scale) + np.array(out.offset)
        for out in graph.outputs
    }


def _vectors(graph: Graph, samples: int, seed: int, data: Path | None) -> Vectors:
    check_counts(graph, samples, seed)
    codes = to_codes(graph, read_data(graph, data))[0] if data else None
    return make_vectors(graph, samples, seed, codes)
