# SPDX-License-Identifier: Apache-2.0
"""A pipeline as named arrays, and back: the nodes of its logic, their cycles, wires of its layers.

Rows of different lengths are one flat array and the place where each row begins. Integers are int64
unless one is beyond that; text, and integers beyond 64 bits, are JSON in bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.design.types import Layer, Pipeline, Source, Tap
from hwgen.ir.tensor import Codes, int_array
from hwgen.logic.builder import Logic
from hwgen.logic.links import NO_REGISTERS, LinkRegisters
from hwgen.logic.nodes import (
    Add,
    Add3,
    Chain,
    Const,
    Gather,
    In,
    Max,
    Mul,
    Node,
    PlacedTable,
    Requant,
    Select,
    Shl,
    Table,
    Thresh,
)

Arrays = dict[str, npt.NDArray[Any]]
_NODES = (In, Const, Shl, Add, Add3, Mul, Max, Requant, Select, Thresh, Table, PlacedTable)
_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (*_NODES, Chain, Gather)}


def pack_pipeline(pipeline: Pipeline, key: str, arrays: Arrays) -> None:
    """Put a pipeline into *arrays*, each name behind *key*; without the texts of its layers."""
    logic = pipeline.logic
    texts = _Texts()
    kinds = list(_KINDS)
    arrays[f"{key}kinds"] = np.array([kinds.index(type(n).__name__) for n in logic.nodes], np.int64)
    put_rows(arrays, f"{key}nodes", (_flat(node, texts) for node in logic.nodes))
    arrays[f"{key}lo"], arrays[f"{key}hi"] = _ints(logic.lo), _ints(logic.hi)
    arrays[f"{key}layers"] = _ints([texts.index(name) for name in logic.layers])
    arrays[f"{key}labels"] = _ints([texts.index(name) for name in logic.labels])
    outputs = [[texts.index(name), *wires] for name, wires in logic.outputs]
    put_rows(arrays, f"{key}outputs", outputs)
    arrays[f"{key}cycle"] = _ints(pipeline.cycle)
    put_rows(arrays, f"{key}wires", (layer.wires for layer in pipeline.layers))
    put_rows(arrays, f"{key}exports", (_of_taps(layer.exports) for layer in pipeline.layers))
    sources = [
        [i, texts.index(source.link), *_of_taps(source.taps)]
        for i, layer in enumerate(pipeline.layers)
        for source in layer.sources
    ]
    put_rows(arrays, f"{key}sources", sources)
    arrays[f"{key}texts"] = _json([*kinds, *texts.known])
    put_links(arrays, key, pipeline.links)


def unpack_pipeline(key: str, arrays: Arrays, latency: int) -> Pipeline:
    """Return the pipeline that `pack_pipeline` put there; its layers have no names yet.

    Raises:
        LookupError, ValueError, TypeError: the arrays are damaged.
    """
    known = json.loads(arrays[f"{key}texts"].tobytes())
    kinds, texts = known[: len(_KINDS)], known[len(_KINDS) :]
    if kinds != list(_KINDS):
        raise ValueError("other kinds of logic nodes")
    rows = zip(_read(arrays[f"{key}kinds"]), _rows(arrays, f"{key}nodes"), strict=True)
    logic = Logic(
        tuple(_node(kinds[kind], row, texts) for kind, row in rows),
        tuple(_read(arrays[f"{key}lo"])),
        tuple(_read(arrays[f"{key}hi"])),
        tuple(texts[i] for i in _read(arrays[f"{key}layers"])),
        tuple((texts[row[0]], tuple(row[1:])) for row in _rows(arrays, f"{key}outputs")),
        tuple(texts[i] for i in _read(arrays[f"{key}labels"])),
    )
    wires, exports = (list(_rows(arrays, f"{key}{name}")) for name in ("wires", "exports"))
    sources: list[list[Source]] = [[] for _ in wires]
    for layer, link, *taps in _rows(arrays, f"{key}sources"):
        sources[layer].append(Source(texts[link], _taps(taps)))
    layers = tuple(
        Layer("", "", "", tuple(own), tuple(read), _taps(out), 0, 0)
        for own, read, out in zip(wires, sources, exports, strict=True)
    )
    cycle = tuple(_read(arrays[f"{key}cycle"]))
    return Pipeline(logic, cycle, layers, latency, get_links(arrays, key))


def put_links(arrays: Arrays, key: str, links: LinkRegisters) -> None:
    """Put the registers on links into *arrays*, behind *key*; nothing where there are none."""
    if links != NO_REGISTERS:
        arrays[f"{key}links"] = _json([str(links.count), *links.inner])


def get_links(arrays: Arrays, key: str) -> LinkRegisters:
    """Return the registers on links that `put_links` put there."""
    if f"{key}links" not in arrays:
        return NO_REGISTERS
    count, *inner = json.loads(arrays[f"{key}links"].tobytes())
    return LinkRegisters(int(count), tuple(map(str, inner)))


def pack_codes(codes: Codes, name: str, arrays: Arrays) -> None:
    """Put an array of integers of any size into *arrays*."""
    arrays[name] = _ints(codes.reshape(-1).tolist())
    arrays[f"{name}.shape"] = _ints(codes.shape)


def unpack_codes(name: str, arrays: Arrays) -> Codes:
    """Return the array that `pack_codes` put there."""
    flat = np.array(_read(arrays[name]), object)
    return int_array(flat.reshape(_read(arrays[f"{name}.shape"])))


class _Texts:
    """Texts by number, each once."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def index(self, text: str) -> int:
        return self.known.setdefault(text, len(self.known))


def _of_taps(taps: Iterable[Tap]) -> list[int]:
    return [int(part) for tap in taps for part in tap]


def _taps(flat: Sequence[int]) -> tuple[Tap, ...]:
    triples = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    return tuple(Tap(wire, delay, bool(sign)) for wire, delay, sign in triples)


# Of every way that a node declares a field: how it is written, and how it is read again.


def _list(values: Sequence[int]) -> list[int]:
    return [len(values), *values]


def _pairs(values: Sequence[tuple[int, int]]) -> list[int]:
    return [len(values), *(part for pair in values for part in pair)]


def _flat(node: Node, texts: _Texts) -> list[int]:
    row: list[int] = []
    for field in fields(_KINDS[type(node).__name__]):
        value: Any = getattr(node, field.name)
        match str(field.type):
            case "str":
                row.append(texts.index(value))
            case "tuple[int, ...]" | "tuple[Wire, ...]":
                row += _list(value)
            case "tuple[tuple[int, int], ...]":
                row += _pairs(value)
            case "int" | "Wire" | "bool":
                row.append(int(value))
            case other:  # pragma: no cover
                raise AssertionError(f"no way to store a field of {other}")
    return row


def _node(kind: str, row: Sequence[int], texts: Sequence[str]) -> Node:
    left = iter(row)
    read: dict[str, Callable[[], Any]] = {
        "str": lambda: texts[next(left)],
        "int": lambda: next(left),
        "Wire": lambda: next(left),
        "bool": lambda: bool(next(left)),
        "tuple[int, ...]": lambda: _many(left),
        "tuple[Wire, ...]": lambda: _many(left),
        "tuple[tuple[int, int], ...]": lambda: tuple(
            (next(left), next(left)) for _ in range(next(left))
        ),
    }
    node: Node = _KINDS[kind](*(read[str(field.type)]() for field in fields(_KINDS[kind])))
    if next(left, None) is not None:
        raise ValueError(f"a {kind} of {len(row)} numbers")
    return node


def _many(left: Iterator[int]) -> tuple[int, ...]:
    return tuple(next(left) for _ in range(next(left)))


def put_ints(arrays: Arrays, name: str, values: Sequence[int]) -> None:
    """Put integers of any size into *arrays*."""
    arrays[name] = _ints(values)


def put_json(arrays: Arrays, name: str, value: object) -> None:
    """Put plain data into *arrays*, as JSON in bytes."""
    arrays[name] = _json(value)


def get_ints(arrays: Arrays, name: str) -> list[int]:
    """Return the integers that `put_ints` put there."""
    return _read(arrays[name])


def get_rows(arrays: Arrays, name: str) -> list[list[int]]:
    """Return the rows that `put_rows` put there."""
    return list(_rows(arrays, name))


def put_rows(arrays: Arrays, name: str, rows: Iterable[Sequence[int]]) -> None:
    """Put rows of different lengths into *arrays*."""
    flat: list[int] = []
    starts = [0]
    for row in rows:
        flat += row
        starts.append(len(flat))
    arrays[name], arrays[f"{name}.starts"] = _ints(flat), _ints(starts)


def _rows(arrays: Arrays, name: str) -> Iterator[list[int]]:
    flat, starts = _read(arrays[name]), _read(arrays[f"{name}.starts"])
    for start, stop in pairwise(starts):
        yield flat[start:stop]


def _ints(values: Sequence[int]) -> npt.NDArray[Any]:
    try:
        return np.array(values, np.int64)
    except OverflowError:
        return _json(list(values))


def _json(value: object) -> npt.NDArray[Any]:
    return np.frombuffer(json.dumps(value, separators=(",", ":")).encode(), np.uint8)


def _read(array: npt.NDArray[Any]) -> list[int]:
    return list(json.loads(array.tobytes()) if array.dtype == np.uint8 else array.tolist())
