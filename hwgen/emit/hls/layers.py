# SPDX-License-Identifier: Apache-2.0
"""Layers of a pipeline without its registers: the wires that each reads, makes and hands on.

A tool that compiles C++ places registers itself, so cycles play no part: a value that several
cycles read is one value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hwgen.design.types import Design, Layer, Pipeline
from hwgen.logic.nodes import Const, In, Wire


@dataclass(frozen=True)
class Read:
    """Wires that a layer reads of a link.

    Attributes:
        link: name of the link.
        wires: ascending.
    """

    link: str
    wires: tuple[Wire, ...]


@dataclass(frozen=True)
class LayerCode:
    """A layer as a function.

    Attributes:
        name, link, note: as of the layer.
        reads: its arguments.
        wires: what it computes, in order.
        gives: what it hands on, ascending.
    """

    name: str
    link: str
    note: str
    reads: tuple[Read, ...]
    wires: tuple[Wire, ...]
    gives: tuple[Wire, ...]


def layer_codes(pipeline: Pipeline) -> tuple[LayerCode, ...]:
    """Return the layers of a pipeline in data-flow order."""
    left = _left(pipeline)
    return tuple(_code(layer, left) for layer in pipeline.layers)


def _code(layer: Layer, left: frozenset[Wire]) -> LayerCode:
    reads = tuple(
        Read(source.link, tuple(sorted({tap.wire for tap in source.taps})))
        for source in layer.sources
    )
    own = frozenset(layer.wires)
    gives = {tap.wire for tap in layer.exports} | (own & left)
    return LayerCode(
        layer.name, layer.link, layer.note, reads, tuple(sorted(own)), tuple(sorted(gives))
    )


def _left(pipeline: Pipeline) -> frozenset[Wire]:
    """Return the wires that leave the pipeline and are made in it."""
    nodes = pipeline.logic.nodes
    leaving = {w for _, wires in pipeline.logic.outputs for w in wires}
    return frozenset(w for w in leaving if not isinstance(nodes[w], Const | In))


def untimed(design: Design) -> Design:
    """Return the design as if everything happened in one cycle, for names and comments."""
    (stage,), pipeline = design.stages, design.pipeline
    flat = replace(pipeline, cycle=(0,) * len(pipeline.cycle))
    return replace(design, stages=(replace(stage, body=flat),))
