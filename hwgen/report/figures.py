# SPDX-License-Identifier: Apache-2.0
"""The figures of a planned design, as plain data: what every report is made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from hwgen.cost.calibration import calibrated
from hwgen.cost.estimate import (
    Estimate,
    bops,
    ebops,
    estimate_layers,
    fmax,
    logic_terms,
    parameters,
    zeros,
)
from hwgen.design.types import Design
from hwgen.ir.graph import Graph
from hwgen.plan.goal import Goal
from hwgen.plan.trigger_budget import crossings
from hwgen.target.board import Board

RESOURCES = ("lut", "ff", "dsp", "bram")


def figures(
    graph: Graph, design: Design, estimate: Estimate, board: Board, goal: Goal
) -> dict[str, Any]:
    """Return the figures of a design: latency, terms, zeros, bit operations, modelled resources.

    Latencies are in cycles and nanoseconds, ``fmax`` in MHz. ``lut_error`` and ``fmax["error"]``
    say how far the models were off where they were measured (`hwgen.cost.calibration`), as shares:
    of a layer and of a design, in the middle and at worst; None where nothing was measured.
    """
    counts = zeros(graph)
    return {
        "name": design.name,
        "model": design.model,
        "style": goal.style,
        "board": board.name,
        "part": board.part,
        "clock_mhz": goal.clock_mhz,
        "latency_cycles": design.latency,
        "latency_ns": round(design.latency_ns, 3),
        "latency_crossings": crossings(design.latency_ns),
        "interval": design.interval,
        "terms": logic_terms(design),
        "weights": sum(n for _, n in counts.values()),
        "zeros": sum(z for z, _ in counts.values()),
        "parameters": parameters(graph),
        "layers": {name: {"zeros": z, "weights": n} for name, (z, n) in counts.items()},
        "input_bits": {node.name: node.type.fixed.width for node in graph.inputs},
        "bops": round(bops(graph)),
        "ebops": ebops(graph),
        "modelled": {key: getattr(estimate, key) for key in RESOURCES},
        "budget": asdict(board.budget),
        "lut_error": _error(board),
        "fmax": _fmax(design, board, estimate.lut),
        "stages": list(_stages(design, board)),
        "notes": list(graph.notes),
    }


def _error(board: Board) -> dict[str, Any] | None:
    known = calibrated(board.family)
    return known.lut.described(known) if known else None


def _fmax(design: Design, board: Board, lut: int) -> dict[str, Any]:
    known = calibrated(board.family)
    error = known.fmax.described(known) if known and known.fmax else None
    return {"mhz": round(fmax(design, board, lut), 1), "error": error}


def _stages(design: Design, board: Board) -> Iterator[dict[str, Any]]:
    """Yield what each layer takes; ``top`` is what lies around them.

    ``cycles`` are those that a layer adds to the latency: of branches side by side, a cycle counts
    for the first.
    """
    parts = estimate_layers(design, board.family)
    reached = 0
    for layer in design.pipeline.layers:
        own = max(layer.end - max(layer.start, reached), 0)
        reached = max(reached, layer.end)
        yield {
            "name": layer.name, "note": layer.note, "start": layer.start, "end": layer.end,
            "cycles": own, **{key: getattr(parts[layer.name], key) for key in RESOURCES},
        }  # fmt: skip
    yield {
        "name": "top", "note": "links, outputs and valid bit", "start": 0, "end": design.latency,
        "cycles": design.latency - reached,
        **{key: getattr(parts["top"], key) for key in RESOURCES},
    }  # fmt: skip
