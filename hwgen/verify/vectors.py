# SPDX-License-Identifier: Apache-2.0
"""Test vectors: corners, then seeded random, then the user's data; kept as ``vectors.npz``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.arrays import BROKEN
from hwgen.errors import ConfigError, VerifyError
from hwgen.files import npz_bytes
from hwgen.ir.tensor import TensorType

Rows = npt.NDArray[np.int64]
CORNERS = 32  # elements that are extreme while the others rest, at most


@dataclass(frozen=True)
class Vectors:
    """Samples of a design: inputs, and what the reference says of them.

    Attributes:
        inputs: input port to codes of shape (samples, *shape).
        outputs: output port to expected codes; empty until a reference has run.
        origin: how many rows come from where, in order, such as ``("corner", 40)``.
        seed: of the random rows.
        first: index of row 0 in the set that these rows were taken from.
    """

    inputs: Mapping[str, Rows]
    outputs: Mapping[str, Rows]
    origin: tuple[tuple[str, int], ...]
    seed: int = 0
    first: int = 0

    def __post_init__(self) -> None:
        lengths = {len(rows) for rows in (*self.inputs.values(), *self.outputs.values())}
        assert len(lengths) == 1, f"ports of different length: {sorted(lengths)}"
        assert sum(n for _, n in self.origin) == len(self), "origin does not cover the rows"

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def equal(self, found: Mapping[str, Rows]) -> bool:
        """Tell whether outputs by port are those that are expected."""
        return all(np.array_equal(found[port], rows) for port, rows in self.outputs.items())

    def label(self, row: int) -> str:
        """Return where a row comes from."""
        for name, count in self.origin:
            if row < count:
                return name
            row -= count
        raise IndexError(row)

    def rows(self, start: int, stop: int) -> Vectors:
        """Return the rows ``[start, stop)``; their index in the whole set is remembered."""
        origin = []
        begin = 0
        for name, count in self.origin:
            kept = min(stop, begin + count) - max(start, begin)
            if kept > 0:
                origin.append((name, kept))
            begin += count
        cut = slice(start, stop)
        return Vectors(
            {name: rows[cut] for name, rows in self.inputs.items()},
            {name: rows[cut] for name, rows in self.outputs.items()},
            tuple(origin),
            self.seed,
            self.first + start,
        )

    def only(self, row: int) -> Vectors:
        """Return one row with its neighbours, which a wrong pipeline mixes in.

        Raises:
            ConfigError: there is no such row.
        """
        if not 0 <= row < len(self):
            raise ConfigError(f"there is no sample {row}", "--only", f"0 to {len(self) - 1} exist")
        return self.rows(max(row - 1, 0), min(row + 2, len(self)))

    def with_outputs(self, outputs: Mapping[str, Any]) -> Vectors:
        """Return the same inputs with the reference's outputs."""
        return replace(self, outputs={name: _int64(rows, name) for name, rows in outputs.items()})

    def to_bytes(self) -> bytes:
        """Return the content of ``vectors.npz``; equal vectors give equal bytes."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "origin_names": np.array([name for name, _ in self.origin], dtype=np.str_),
            "origin_counts": np.array([count for _, count in self.origin], dtype=np.int64),
            "seed": np.array(self.seed, dtype=np.int64),
            "first": np.array(self.first, dtype=np.int64),
        }
        arrays.update({f"in_{name}": rows for name, rows in self.inputs.items()})
        arrays.update({f"out_{name}": rows for name, rows in self.outputs.items()})
        return npz_bytes(arrays)

    def save(self, path: Path) -> None:
        """Write ``vectors.npz``."""
        path.write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: Path) -> Vectors:
        """Read ``vectors.npz``.

        Raises:
            VerifyError: it is missing or not one of ours.
        """
        try:
            with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            names = [str(name) for name in arrays["origin_names"]]
            counts = [int(count) for count in arrays["origin_counts"]]
            return cls(
                {n[3:]: a.astype(np.int64) for n, a in arrays.items() if n.startswith("in_")},
                {n[4:]: a.astype(np.int64) for n, a in arrays.items() if n.startswith("out_")},
                tuple(zip(names, counts, strict=True)),
                int(arrays["seed"]),
                int(arrays["first"]),
            )
        except (*BROKEN, AssertionError, StopIteration) as problem:
            raise VerifyError(
                f"cannot read test vectors: {problem}", path.name, "build the design again"
            ) from None


def join(parts: Sequence[Vectors]) -> Vectors:
    """Return several sets of vectors as one, in order; the seed is the first that is not 0."""
    return Vectors(
        {name: np.concatenate([p.inputs[name] for p in parts]) for name in parts[0].inputs},
        {name: np.concatenate([p.outputs[name] for p in parts]) for name in parts[0].outputs},
        tuple(origin for part in parts for origin in part.origin),
        next((p.seed for p in parts if p.seed), 0),
    )


def corner_vectors(ports: Mapping[str, TensorType], limit: int = CORNERS) -> Vectors:
    """Return the extremes of the input intervals, without repetitions.

    All low, all high, all zero (or what is nearest to it), alternating, one port against the
    others, and one element high or low while the rest is zero, for up to *limit* elements each.
    """
    lo = np.concatenate([_int64(t.lo, name).reshape(-1) for name, t in ports.items()])
    hi = np.concatenate([_int64(t.hi, name).reshape(-1) for name, t in ports.items()])
    zero = np.clip(np.zeros_like(lo), lo, hi)
    even = np.arange(len(lo)) % 2 == 0
    rows = [lo, hi, zero, np.where(even, lo, hi), np.where(even, hi, lo)]
    if len(ports) > 1:
        for part in _slices(ports):
            inside = np.zeros(len(lo), bool)
            inside[part] = True
            rows += [np.where(inside, hi, lo), np.where(inside, lo, hi)]
    places = np.unique(np.linspace(0, len(lo) - 1, min(limit, len(lo))).round().astype(np.int64))
    for place in places:
        for bound in (hi, lo):
            row = zero.copy()
            row[place] = bound[place]
            rows.append(row)
    distinct = list(dict.fromkeys(row.tobytes() for row in rows))
    table = np.stack([np.frombuffer(row, np.int64) for row in distinct])
    return _split(ports, table, "corner", 0)


def random_vectors(ports: Mapping[str, TensorType], n: int, seed: int) -> Vectors:
    """Return *n* random samples that exercise every layer; more begin with the same rows.

    In turn uniform in the input intervals (which saturates many a first layer), normal around zero
    with an eighth, a 32nd and a 128th of the interval as deviation (data that were standardised),
    and sparse: a tenth uniform, the rest zero.
    """
    kinds = (_uniform, *(_normal(share) for share in (8, 32, 128)), _sparse)
    parts = []
    for index, (name, tensor) in enumerate(ports.items()):
        lo, hi = (_int64(bound, name).reshape(-1) for bound in (tensor.lo, tensor.hi))
        rows = np.empty((n, len(lo)), np.int64)
        for k, kind in enumerate(kinds):
            count = len(range(k, n, len(kinds)))
            rows[k :: len(kinds)] = kind(np.random.default_rng([seed, index, k]), lo, hi, count)
        parts.append(rows)
    return _split(ports, np.concatenate(parts, axis=1), "random", seed)


def _uniform(rng: np.random.Generator, lo: Rows, hi: Rows, count: int) -> Rows:
    return rng.integers(lo, hi, size=(count, len(lo)), dtype=np.int64, endpoint=True)


def _normal(share: int) -> Callable[[np.random.Generator, Rows, Rows, int], Rows]:
    def draw(rng: np.random.Generator, lo: Rows, hi: Rows, count: int) -> Rows:
        low, high = lo.astype(np.float64), hi.astype(np.float64)
        values = rng.standard_normal((count, len(lo))) * ((high - low) / share)
        inside = np.clip(np.rint(values), low, high).astype(np.int64)
        return np.clip(inside, lo, hi)  # beyond 53 bits float64 has rounded the ends

    return draw


def _sparse(rng: np.random.Generator, lo: Rows, hi: Rows, count: int) -> Rows:
    # A generator each, so that more rows begin with the same ones.
    values = _uniform(np.random.default_rng(int(rng.integers(1 << 62))), lo, hi, count)
    kept = rng.random((count, len(lo))) < 0.1
    return np.where(kept, values, np.clip(np.zeros_like(lo), lo, hi))


def data_vectors(ports: Mapping[str, TensorType], data: Mapping[str, Any]) -> Vectors:
    """Return the user's samples, given as codes.

    Raises:
        ConfigError: a port is missing, or its codes have another shape or leave the interval.
    """
    checked = {}
    for name, tensor in ports.items():
        if name not in data:
            raise ConfigError("there is no data for this input", name)
        rows = _int64(data[name], name)
        if rows.shape[1:] != tensor.shape:
            raise ConfigError(f"samples of shape {rows.shape[1:]}, expected {tensor.shape}", name)
        if np.any(rows < tensor.lo) or np.any(rows > tensor.hi):
            raise ConfigError("a code leaves the input's interval", name, "quantize the data first")
        checked[name] = rows
    if len({len(rows) for rows in checked.values()}) != 1 or not len(next(iter(checked.values()))):
        raise ConfigError("the inputs need the same number of samples, at least one", "data")
    return Vectors(checked, {}, (("data", len(next(iter(checked.values())))),))


def _split(ports: Mapping[str, TensorType], table: Rows, origin: str, seed: int) -> Vectors:
    inputs = {
        name: np.ascontiguousarray(table[:, part]).reshape(len(table), *ports[name].shape)
        for name, part in zip(ports, _slices(ports), strict=True)
    }
    return Vectors(inputs, {}, ((origin, len(table)),), seed)


def _slices(ports: Mapping[str, TensorType]) -> Iterator[slice]:
    ends = np.cumsum([0, *(t.size for t in ports.values())]).tolist()
    return (slice(a, b) for a, b in pairwise(ends))


def _bound(values: Any, shape: tuple[int, ...]) -> Rows:
    flat = np.array([int(v) for v in values], dtype=object)
    return np.broadcast_to(flat if flat.size == 1 and shape != (1,) else flat.reshape(shape), shape)


def _int64(values: Any, name: str) -> Rows:
    array = np.asarray(values)
    if array.dtype.kind not in "iub" and array.dtype != object:
        raise ConfigError(f"integer codes expected, not {array.dtype}", name)
    try:
        return array.astype(np.int64, casting="unsafe" if array.dtype == object else "same_kind")
    except (OverflowError, TypeError):
        raise ConfigError("test vectors hold codes of up to 64 bits", name) from None
