# SPDX-License-Identifier: Apache-2.0
"""Files of a network of tables: the tables' JSON, ``config.json`` and test vectors beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.errors import ModelError, count_of
from hwgen.frontends.exact.builder import ExactBuilder
from hwgen.frontends.kinds import read_json
from hwgen.ir.tensor import Codes
from hwgen.ops.edge_tables import MAX_BITS

CONFIG, VECTORS = "config.json", ("vectors_in.txt", "vectors_out.txt")
_EDGE = re.compile(r"(\d{1,6})_(\d{1,6})_(\d{1,6})")
_ACTIVE = ("acive", "active")  # the first is what the published files say
_OUTPUT_BITS = 32
_LARGEST = 1 << 23  # entries of a network
_VALUES = 1 << 40  # of an entry
_VECTOR_BYTES = 1 << 26
_SHOWN = 5


@dataclass(frozen=True)
class Sizes:
    """Sizes of a network, as its ``config.json`` states them.

    Attributes:
        layers: elements of the input and of every layer's output.
        widths: their bits; those of the input are unsigned, all others two's complement.
    """

    layers: tuple[int, ...]
    widths: tuple[int, ...]

    def first(self, layer: int) -> int:
        """Return the code whose value is the first entry of a layer's tables."""
        return -(1 << self.widths[layer] - 1) if layer else 0


def read_sizes(c: ExactBuilder, path: Path) -> Sizes | None:
    """Return the sizes of the network; None where its problems leave none.

    The file's other keys tell how the network was trained, which its tables contain.
    """
    place = path.with_name(CONFIG)
    if not place.is_file():
        what = f"{CONFIG} is missing; it stands beside the tables and has their sizes"
        c.problem(ModelError(what, path.name, "copy both files into one folder"))
        return None
    try:
        config = read_json(place)
    except ModelError as error:
        c.problem(error)
        return None
    stated = config if isinstance(config, dict) else {}
    lists = []
    for key in ("layers", "layers_bitwidth"):
        found = stated.get(key)
        counts = found if isinstance(found, list) else []
        if len(counts) < 2 or any(type(n) is not int or n < 1 for n in counts):
            what = f"{key!r} is no list of two or more positive integers"
            c.problem(ModelError(what, CONFIG, "give a figure for the input and one a layer"))
        else:
            lists.append(tuple(counts))
    return _sizes(c, *lists) if len(lists) == 2 else None


def _sizes(c: ExactBuilder, layers: tuple[int, ...], widths: tuple[int, ...]) -> Sizes | None:
    if len(layers) != len(widths):
        what = (
            f"{count_of(len(layers), 'figure')} in 'layers' and {len(widths)} in 'layers_bitwidth'"
        )
        c.problem(ModelError(what, CONFIG, "give a figure for the input and one a layer"))
        return None
    *addresses, last = widths
    if max(addresses) > MAX_BITS or last > _OUTPUT_BITS:
        what = f"widths {list(widths)} are out of range"
        hint = f"{MAX_BITS} bits at most in front of a table, {_OUTPUT_BITS} at the output"
        c.problem(ModelError(what, CONFIG, hint))
        return None
    entries = sum(a * b << bits for a, b, bits in zip(layers, layers[1:], addresses, strict=False))
    if entries > _LARGEST:
        what = f"the tables have {entries:,} entries"
        c.problem(ModelError(what, CONFIG, f"{_LARGEST:,} at most"))
        return None
    return Sizes(layers, widths)


def read_tables(c: ExactBuilder, path: Path, sizes: Sizes) -> list[Codes]:
    """Return the tables of every layer, (inputs, outputs, entries); zeros where one is refused."""
    pairs = zip(sizes.layers, sizes.layers[1:], sizes.widths, strict=False)
    tables = [np.zeros((n_in, n_out, 1 << bits), np.int64) for n_in, n_out, bits in pairs]
    unknown, seen = [], set()
    for name, stated in _unique(c, path).items():
        place = _place(name, sizes)
        if place is None:
            unknown.append(name)
            continue
        layer, i, j = place
        seen.add(place)
        values = _values(c, f"edge {name}", stated, tables[layer].shape[2])
        if values is not None:
            tables[layer][i, j] = values
    if unknown:
        what = f"unknown edges {_listed(unknown)} in a network of {_net(sizes)}"
        c.problem(ModelError(what, path.name, "an edge is named layer_input_output, from 0"))
    missing = [
        f"{layer}_{i}_{j}"
        for layer, made in enumerate(tables)
        for i, j in np.ndindex(*made.shape[:2])
        if (layer, i, j) not in seen
    ]
    if missing:
        lost = count_of(len(missing), "edge is", "edges are")
        what = f"{lost} missing of {_net(sizes)}: {_listed(missing)}"
        c.problem(ModelError(what, path.name, "give a pruned edge a table of zeros"))
    return tables


def _unique(c: ExactBuilder, path: Path) -> Mapping[str, Any]:
    """Return the edges by name; of a name that is there twice, which JSON allows, a problem."""
    twice: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in found:
            if key in made:
                twice.append(key)
            made[key] = value
        return made

    edges: Mapping[str, Any] = json.loads(path.read_text("utf-8-sig"), object_pairs_hook=pairs)
    if twice:
        what = f"{_listed(twice)} is there more than once"
        c.problem(ModelError(what, path.name, "keep one"))
    return edges


def _place(name: str, sizes: Sizes) -> tuple[int, int, int] | None:
    """Return layer, input and output of an edge's name; None where the network has no such edge."""
    found = _EDGE.fullmatch(name)
    if found is None:
        return None
    layer, i, j = (int(text) for text in found.groups())
    if name != f"{layer}_{i}_{j}" or layer > len(sizes.layers) - 2:
        return None
    return (layer, i, j) if i < sizes.layers[layer] and j < sizes.layers[layer + 1] else None


def _values(c: ExactBuilder, where: str, stated: Any, entries: int) -> list[int] | None:
    """Return the values of an edge; None, with a problem, where they are none."""
    if not isinstance(stated, dict):
        c.problem(ModelError("this is no table", where, 'write {"values_int": [...]}'))
        return None
    more = [key for key in stated if key not in (*_ACTIVE, "values_int")]
    if more:
        c.problem(ModelError(f"unknown keys {_listed(more)}", where, "leave them out"))
    values = stated.get("values_int")
    if not isinstance(values, list) or any(type(v) is not int for v in values):
        c.problem(ModelError("'values_int' is no list of integers", where, "give every value"))
        return None
    if len(values) != entries:
        what = f"{count_of(len(values), 'value')}, not {entries}"
        c.problem(ModelError(what, where, f"{CONFIG} says how many bits the address has"))
        return None
    if any(abs(v) > _VALUES for v in values):
        what = f"a value of {max(map(abs, values)).bit_length()} bits"
        c.problem(ModelError(what, where, f"{_VALUES.bit_length() - 1} bits at most"))
        return None
    active = next((stated[key] for key in _ACTIVE if key in stated), 1)
    if active not in (0, 1):
        c.problem(ModelError(f"active is {str(active)[:20]!r}", where, "write 0 or 1"))
    elif not active and any(values):
        hint = "set it active, or its values to zero"
        c.problem(ModelError("the edge is not active and has values", where, hint))
    return values


def read_vectors(c: ExactBuilder, path: Path, sizes: Sizes) -> tuple[Codes, Codes] | None:
    """Return the inputs and outputs that came with the tables; None where there are none."""
    there = [name for name in VECTORS if path.with_name(name).is_file()]
    if not there:
        return None
    if len(there) == 1:
        (lost,) = set(VECTORS) - set(there)
        what = f"{lost} is missing beside {there[0]}"
        c.problem(ModelError(what, path.name, "copy both files, or none"))
        return None
    signed = (0, 1)
    ends = zip(VECTORS, sizes.layers[:: len(sizes.layers) - 1], signed, strict=True)
    found = [
        _rows(c, path.with_name(name), count, sizes.widths[-sign], bool(sign))
        for name, count, sign in ends
    ]
    if found[0] is None or found[1] is None:
        return None
    if len(found[0]) != len(found[1]):
        what = f"{count_of(len(found[0]), 'input')} and {count_of(len(found[1]), 'output')}"
        c.problem(ModelError(what, " and ".join(VECTORS), "give an output a line for every input"))
        return None
    return found[0], found[1]


def _rows(c: ExactBuilder, path: Path, count: int, bits: int, signed: bool) -> Codes | None:
    """Return the integers of a file, a vector a line; None, with a problem, where they are none."""
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    try:
        if path.stat().st_size > _VECTOR_BYTES:
            raise ValueError(f"larger than {_VECTOR_BYTES >> 20} MiB")
        lines = path.read_text("ascii").splitlines()
        rows = [[int(word) for word in line.split()] for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        c.problem(ModelError(f"no lines of integers ({error})", path.name, "copy the file again"))
        return None
    for number, row in enumerate(rows, 1):
        if len(row) != count or not all(low <= code <= high for code in row):
            what = f"line {number} is not {count_of(count, 'integer')} from {low} to {high}"
            c.problem(ModelError(what, path.name, f"{CONFIG} says how many and how wide"))
            return None
    return np.array(rows, np.int64).reshape(-1, count)


def _net(sizes: Sizes) -> str:
    return "-".join(map(str, sizes.layers))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown
