# SPDX-License-Identifier: Apache-2.0
"""Report of a build as a value: `report.json` holds it, the page is drawn from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from hwgen import __version__
from hwgen.cost.figures import Figures
from hwgen.design.types import Design
from hwgen.ir.graph import Graph, Node
from hwgen.ops.base import Activation, Matmul, Op
from hwgen.ops.input_ import Input
from hwgen.report.plain import read
from hwgen.target.board import Board

_BINS = 64  # of a weight histogram


@dataclass(frozen=True)
class NodeFigures:
    """Node of the network as the page draws it; *lo* and *hi* bound its codes."""

    name: str
    kind: str
    role: str
    layer: str
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    width: int
    frac: int
    signed: bool
    lo: int
    hi: int
    what: str


@dataclass(frozen=True)
class NamedOutput:
    """Output of the network: its name, and the node that it is."""

    name: str
    node: str


@dataclass(frozen=True)
class Histogram:
    """Histogram of integer weights: *counts* of bins of *step* codes, the first from *low* on."""

    low: int
    step: int
    frac: int
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Sheet:
    """Content of `report.json`, from which the page is drawn.

    Attributes:
        figures: of the planned design; they come first in the file.
        board_title, family: of the board.
        network: nodes of the graph, in order.
        outputs: of the network.
        weight_codes: histogram of the weights of each layer.
        provenance: versions and digests.
        results: what verbs found later: ``sim``, ``verify``, ``synth``, each plain data.
    """

    figures: Figures
    board_title: str
    family: str
    network: tuple[NodeFigures, ...]
    outputs: tuple[NamedOutput, ...]
    weight_codes: Mapping[str, Histogram]
    provenance: Mapping[str, str]
    results: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Return the content of the file."""
        own = asdict(self)
        return {**own.pop("figures"), **own}

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Sheet:
        """Return the sheet of a file's content.

        Raises:
            TypeError, KeyError: it is of another shape.
        """
        return read(cls, {**data, "figures": data})


def build_sheet(figures: Figures, graph: Graph, design: Design, board: Board) -> Sheet:
    """Return the report of a build: its figures, network, histograms and provenance.

    Args:
        figures: of the design.
        graph: what was built.
        design: the planned design.
        board: what it was planned for.
    """
    return Sheet(
        figures=figures,
        board_title=board.title,
        family=board.family.name,
        network=tuple(_node(node) for node in graph.nodes),
        outputs=tuple(NamedOutput(out.name, out.node) for out in graph.outputs),
        weight_codes={
            node.name: _histogram(np.asarray(node.op.weight), node.op.frac)
            for node in graph.nodes
            if isinstance(node.op, Matmul)
        },
        provenance={"hwgen": __version__, "model": design.model},
    )


def _node(node: Node) -> NodeFigures:
    kept = node.type
    return NodeFigures(
        name=node.name,
        kind=node.op.kind,
        role=_role(node.op),
        layer=node.layer,
        inputs=node.inputs,
        shape=kept.shape,
        width=kept.fixed.width,
        frac=kept.fixed.frac,
        signed=kept.fixed.signed,
        lo=int(np.min(kept.lo)),
        hi=int(np.max(kept.hi)),
        what=", ".join(filter(None, (node.op.note(), node.note))),
    )


def _role(op: Op) -> str:
    """Return what colour a node has in the drawing of the network."""
    return "input" if isinstance(op, Input) else "activation" if isinstance(op, Activation) else ""


def _histogram(codes: Any, frac: int) -> Histogram:
    """Return how often each integer weight occurs; wide ranges share *step* codes a bin."""
    low, high = int(codes.min()), int(codes.max())
    step = -(-(high - low + 1) // _BINS)
    bins = (codes.astype(np.int64).reshape(-1) - low) // step
    counts = np.bincount(bins, minlength=(high - low) // step + 1)
    return Histogram(low, step, int(frac), tuple(counts.tolist()))
