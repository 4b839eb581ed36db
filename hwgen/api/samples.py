# SPDX-License-Identifier: Apache-2.0
"""Samples: float data of a user, brought to the input grids, and the vectors made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from hwgen.arrays import load_arrays
from hwgen.errors import ConfigError, count_of
from hwgen.ir.graph import Graph, Node
from hwgen.ir.tensor import Codes
from hwgen.ops.reference import Reference
from hwgen.verify.self_check import check_counts, make_vectors
from hwgen.verify.vectors import CORNERS, Vectors

_SAMPLES = "the first axis counts the samples, at least one; the others are the input's shape"

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
            count_of(count, f"input value {one}", f"input values {many}")
            for count, one, many in (
                (
                    self.saturated,
                    "lies beyond the input's range and was saturated",
                    "lie beyond the input's range and were saturated",
                ),
                (
                    self.rounded,
                    "was not on the input's grid and was rounded to it",
                    "were not on the input's grid and were rounded to it",
                ),
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


def as_table(graph: Graph, x: Any, option: str) -> Mapping[str, Any]:
    """Return samples as a table by input name; one array stands for the only input.

    Raises:
        ConfigError: one array for several inputs.
    """
    if isinstance(x, Mapping):
        return dict(x)
    if len(graph.inputs) == 1:
        return {graph.inputs[0].name: np.asarray(x)}
    names = ", ".join(node.name for node in graph.inputs)
    raise ConfigError(f"one array for the inputs {names}", option, "give a table by name")


def scaled(graph: Graph, table: Mapping[str, Any], option: str) -> Mapping[str, Any]:
    """Return samples with the training scaler applied to the first input.

    Raises:
        ConfigError: the build has none.
    """
    if not graph.scaler_mean:
        raise ConfigError(
            "the build has no training scaler", "--apply-scaler", "build with --scaler FILE.npz"
        )
    first = graph.inputs[0]
    values = np.asarray(table.get(first.name, np.empty(0)))
    if values.dtype.kind not in "fiu" or values.shape[1:] != first.type.shape:
        return table  # told by check_shapes
    mean, std = (spread(part, first.type.shape) for part in (graph.scaler_mean, graph.scaler_std))
    return {**table, first.name: (values.astype(np.float64) - mean) / std}


def spread(values: tuple[float, ...], shape: tuple[int, ...]) -> Any:
    """Return one figure an element, where a scaler has that many; else it broadcasts by itself."""
    array = np.array(values)
    return array.reshape(shape) if array.size == int(np.prod(shape)) else array


def check_shapes(graph: Graph, data: Mapping[str, Any], option: str) -> dict[str, Floats]:
    """Return the samples as arrays of real numbers, equally many of every input.

    Raises:
        ConfigError: an input is missing or unknown, or has another shape or kind of numbers.
    """
    names = [node.name for node in graph.inputs]
    if set(data) != set(names):
        raise ConfigError(
            f"arrays for {', '.join(sorted(data)) or 'nothing'}; the inputs are {', '.join(names)}",
            option,
            "give one array an input, under its name",
        )
    arrays: dict[str, Floats] = {}
    wrong: list[str] = []
    for node in graph.inputs:
        values = arrays[node.name] = np.asarray(data[node.name])
        if values.dtype.kind not in "fiu":
            wrong.append(f"input {node.name} needs finite real numbers, not {values.dtype}")
        elif values.ndim == 0 or values.shape[1:] != node.type.shape or not len(values):
            dims = ", ".join(map(str, node.type.shape))
            wrong.append(f"input {node.name} has shape {values.shape}, expected (samples, {dims})")
    counts = {name: len(rows) for name, rows in arrays.items() if rows.ndim}
    if len(set(counts.values())) > 1 and not wrong:
        said = ", ".join(f"{name} {count}" for name, count in counts.items())
        wrong.append(f"the inputs have different numbers of samples: {said}")
    if wrong:
        raise ConfigError("; ".join(wrong), option, _SAMPLES)
    return arrays


def check_finite(arrays: Mapping[str, Floats], option: str = "--data") -> None:
    """Refuse samples that hold NaN or infinity.

    Raises:
        ConfigError: with the inputs, and the first sample of each that does.
    """
    wrong = []
    for name, values in arrays.items():
        bad = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))
        if len(bad):
            some = f"in {count_of(len(bad), 'sample')}, the first is number {bad[0]}"
            wrong.append(f"input {name} needs finite real numbers; NaN or infinity {some}")
    if wrong:
        raise ConfigError("; ".join(wrong), option, "take those samples out, or mend them")


def to_codes(
    graph: Graph, data: Mapping[str, Any], option: str = "--data"
) -> tuple[dict[str, Codes], Moved]:
    """Return float samples on the input grids, and how many values had to be moved there.

    The scaler of an input is applied first, where the model has one. Values are rounded half to
    even and saturated, as the input's quantizer does.

    Raises:
        ConfigError: as `check_shapes`, or an input holds NaN.
    """
    arrays = check_shapes(graph, data, option)
    check_finite(arrays, option)
    codes: dict[str, Codes] = {}
    rounded = saturated = 0
    for node in graph.inputs:
        values = arrays[node.name]
        lo, hi = node.type.lo.astype(np.float64), node.type.hi.astype(np.float64)
        grid = _on_grid(graph, node, values)
        nearest = np.rint(grid)
        made = np.clip(nearest, lo, hi)
        saturated += int(np.count_nonzero(made != nearest))
        rounded += int(np.count_nonzero((made == nearest) & (nearest != grid)))
        codes[node.name] = made.astype(np.int64)
    return codes, Moved(rounded, saturated)


def _on_grid(graph: Graph, node: Node, values: Floats) -> npt.NDArray[np.float64]:
    values = scaled_input(graph, node.name, values)
    with np.errstate(over="ignore", under="ignore"):  # what is so far out saturates
        return np.asarray(np.ldexp(values.astype(np.float64), node.type.frac))


def unclipped(graph: Graph, node: Node, values: Floats) -> npt.NDArray[np.float64]:
    """Return samples of an input rounded to its grid, behind its scaler, nothing saturated."""
    return np.rint(_on_grid(graph, node, values))


def scaled_input(graph: Graph, name: str, values: Floats) -> Floats:
    """Return samples of an input as the core takes them: behind the layers outside of it."""
    shape = graph[name].type.shape
    for scaler in graph.input_scalers:
        if scaler.input == name:
            scale, offset = (spread(part, shape) for part in (scaler.scale, scaler.offset))
            with np.errstate(over="ignore"):
                values = values.astype(np.float64) * scale + offset
    return values


# -------------------------------------------------------------------- prediction


def values_of(graph: Graph, codes: Mapping[str, Codes]) -> Mapping[str, Floats]:
    """Return the float64 values of output codes."""
    return {
        out.name: codes[out.name].astype(np.float64) * np.array(out.scale) + np.array(out.offset)
        for out in graph.outputs
    }


def sample_vectors(
    graph: Graph, samples: int, seed: int, data: Path | None, corners: int = CORNERS
) -> Vectors:
    """Return corners, seeded random samples and those of a file, with the reference's outputs.

    Args:
        graph: that they are for.
        samples: random ones.
        seed: of those.
        data: file of more.
        corners: elements that are extreme alone, at most.

    Raises:
        ConfigError: a number out of range, or a file that does not fit the inputs.
    """
    check_counts(graph, samples, seed)
    codes = to_codes(graph, read_data(graph, data))[0] if data else None
    return make_vectors(graph, samples, seed, codes, corners)


def stored_samples(
    folder: Path, graph: Graph, data: Path | None
) -> tuple[Mapping[str, Codes], Mapping[str, Codes]]:
    """Return the codes of samples, and what the reference says of them, both by name.

    Args:
        folder: of the build.
        graph: of it.
        data: file of samples; the vectors of the build if None.

    Raises:
        ConfigError: the file does not fit the inputs.
        VerifyError: the build's vectors are damaged.
    """
    if data is None:
        vectors = Vectors.load(folder / "vectors.npz")
        return vectors.inputs, vectors.outputs
    codes, _ = to_codes(graph, read_data(graph, data))
    return codes, Reference(graph).run(codes)
