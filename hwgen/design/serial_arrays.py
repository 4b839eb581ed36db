# SPDX-License-Identifier: Apache-2.0
"""A serial pipeline as named arrays, and back: nodes, intervals, offsets, wires of its layers."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hwgen.design.arrays import (
    Arrays,
    get_ints,
    get_links,
    get_rows,
    put_ints,
    put_json,
    put_links,
    put_rows,
)
from hwgen.design.types import Layer, SerialPipeline, Source, Tap
from hwgen.logic.serial.graph import (
    Fixed,
    Result,
    Round,
    SerialGraph,
    SerialNode,
    Sum,
    Term,
    Word,
)
from hwgen.logic.serial.offsets import Offsets

_KINDS = ("Word", "Fixed", "Sum", "Round")


def pack_serial(part: SerialPipeline, key: str, arrays: Arrays) -> None:
    """Put a serial pipeline into *arrays*, each name behind *key*; without its layers' texts."""
    graph, when = part.graph, part.offsets
    texts: dict[str, int] = {}

    def text(said: str) -> int:
        return texts.setdefault(said, len(texts))

    put_rows(arrays, f"{key}nodes", (_flat(node, text) for node in graph.nodes))
    put_ints(arrays, f"{key}lo", graph.lo)
    put_ints(arrays, f"{key}hi", graph.hi)
    put_ints(arrays, f"{key}layers", [text(name) for name in graph.layers])
    put_ints(arrays, f"{key}labels", [text(name) for name in graph.labels])
    outputs = [
        [text(name), *(part for r in results for part in (r.wire, r.value))]
        for name, results in graph.outputs
    ]
    put_rows(arrays, f"{key}outputs", outputs)
    put_ints(arrays, f"{key}digits", (graph.digit_bits, graph.digits))
    put_ints(arrays, f"{key}offsets", when.of)
    put_ints(arrays, f"{key}banks", when.bank)
    put_ints(arrays, f"{key}end", (when.end, when.registers))
    put_rows(arrays, f"{key}wires", (layer.wires for layer in part.layers))
    put_rows(arrays, f"{key}exports", ([t.wire for t in layer.exports] for layer in part.layers))
    sources = [
        [place, text(source.link), *(tap.wire for tap in source.taps)]
        for place, layer in enumerate(part.layers)
        for source in layer.sources
    ]
    put_rows(arrays, f"{key}sources", sources)
    put_links(arrays, key, when.links)
    put_json(arrays, f"{key}texts", list(texts))


def unpack_serial(key: str, arrays: Arrays, latency: int) -> SerialPipeline:
    """Return the pipeline that `pack_serial` put there; its layers have no names yet.

    Raises:
        LookupError, ValueError, TypeError: the arrays are damaged.
    """
    texts = [str(said) for said in json.loads(arrays[f"{key}texts"].tobytes())]

    def ints(name: str) -> list[int]:
        return get_ints(arrays, f"{key}{name}")

    def rows(name: str) -> list[list[int]]:
        return get_rows(arrays, f"{key}{name}")

    digit_bits, digits = ints("digits")
    graph = SerialGraph(
        digit_bits,
        digits,
        tuple(_node(row, texts) for row in rows("nodes")),
        tuple(ints("lo")),
        tuple(ints("hi")),
        tuple(texts[i] for i in ints("layers")),
        tuple(texts[i] for i in ints("labels")),
        tuple(
            (texts[name], tuple(map(Result, flat[::2], flat[1::2])))
            for name, *flat in rows("outputs")
        ),
    )
    end, registers = ints("end")
    links = get_links(arrays, key)
    when = Offsets(tuple(ints("offsets")), tuple(ints("banks")), end, registers, links)
    sources: list[list[Source]] = [[] for _ in rows("wires")]
    for place, link, *wires in rows("sources"):
        sources[place].append(Source(texts[link], tuple(map(Tap, wires))))
    layers = tuple(
        Layer("", "", "", tuple(own), tuple(read), tuple(map(Tap, out)), 0, 0)
        for own, read, out in zip(rows("wires"), sources, rows("exports"), strict=True)
    )
    return SerialPipeline(graph, when, layers, latency)


def _flat(node: SerialNode, text: object) -> list[int]:
    assert callable(text)
    kind = _KINDS.index(type(node).__name__)
    match node:
        case Word(link, index):
            return [kind, text(link), index]
        case Fixed(value):
            return [kind, value]
        case Round(a, shift, lo, hi, half):
            return [kind, a, shift, lo, hi, int(half)]
        case Sum(terms, start):
            flat = [part for t in terms for part in (t.wire, t.shift, int(t.sub), t.fill)]
            return [kind, start, *flat]


def _node(row: Sequence[int], texts: Sequence[str]) -> SerialNode:
    kind, *rest = row
    match _KINDS[kind]:
        case "Word":
            link, index = rest
            return Word(texts[link], index)
        case "Fixed":
            (value,) = rest
            return Fixed(value)
        case "Round":
            a, shift, lo, hi, half = rest
            return Round(a, shift, lo, hi, bool(half))
        case _:
            start, *flat = rest
            parts = zip(flat[::4], flat[1::4], flat[2::4], flat[3::4], strict=True)
            return Sum(tuple(Term(w, s, bool(n), f) for w, s, n, f in parts), start)
