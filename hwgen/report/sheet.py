# SPDX-License-Identifier: Apache-2.0
"""Everything the report tells, as plain data: `report.json`, from which the page is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hwgen import __version__
from hwgen.design.types import Design
from hwgen.ir.graph import Graph, Node
from hwgen.ops.base import Activation, Matmul, Op
from hwgen.ops.input_ import Input
from hwgen.target.board import Board

_BINS = 64  # of a weight histogram


def build_sheet(
    facts: Mapping[str, Any], graph: Graph, design: Design, board: Board
) -> dict[str, Any]:
    """Return the report of a build: its figures, network, stages, histograms and provenance.

    Args:
        facts: as `hwgen.report.figures.figures` gives them; they come first, unchanged.
        graph: what was built.
        design: the planned design.
        board: what it was planned for.
    """
    return {
        **facts,
        "board_title": board.title,
        "family": board.family.name,
        "network": [_node(node) for node in graph.nodes],
        "outputs": [{"name": out.name, "node": out.node} for out in graph.outputs],
        "weight_codes": {
            node.name: _histogram(np.asarray(node.op.weight), node.op.frac)
            for node in graph.nodes
            if isinstance(node.op, Matmul)
        },
        "provenance": {"hwgen": __version__, "model": design.model},
        "results": {},
    }


def _node(node: Node) -> dict[str, Any]:
    kept = node.type
    return {
        "name": node.name,
        "kind": node.op.kind,
        "role": _role(node.op),
        "layer": node.layer,
        "inputs": list(node.inputs),
        "shape": list(kept.shape),
        "width": kept.fixed.width,
        "frac": kept.fixed.frac,
        "signed": kept.fixed.signed,
        "lo": int(np.min(kept.lo)),
        "hi": int(np.max(kept.hi)),
        "what": ", ".join(filter(None, (node.op.note(), node.note))),
    }


def _role(op: Op) -> str:
    """Return what colour a node has in the drawing of the network."""
    return "input" if isinstance(op, Input) else "activation" if isinstance(op, Activation) else ""


def _histogram(codes: Any, frac: int) -> dict[str, Any]:
    """Return how often each integer weight occurs; wide ranges share *step* codes a bin."""
    low, high = int(codes.min()), int(codes.max())
    step = -(-(high - low + 1) // _BINS)
    bins = (codes.astype(np.int64).reshape(-1) - low) // step
    counts = np.bincount(bins, minlength=(high - low) // step + 1)
    return {"low": low, "step": step, "frac": int(frac), "counts": counts.tolist()}
