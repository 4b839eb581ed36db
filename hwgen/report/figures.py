# SPDX-License-Identifier: Apache-2.0
"""Figures of a planned design, collected: every report is made from them."""

from __future__ import annotations

from collections.abc import Iterator

from hwgen.cost.advice import vendor_range
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
from hwgen.cost.figures import (
    RESOURCES,
    Figures,
    Fmax,
    Resources,
    StageFigures,
    ZeroCount,
)
from hwgen.cost.liveness import live_ebops
from hwgen.cost.packaged import packaged
from hwgen.design.timing import begins
from hwgen.design.types import Design, Link, UnitRef
from hwgen.errors import count_of
from hwgen.ir.graph import Graph
from hwgen.plan.goal import Goal
from hwgen.plan.planner import holds_clock
from hwgen.plan.trigger_budget import crossings
from hwgen.report.scales import dear_scales
from hwgen.target.board import Board
from hwgen.units.memories import RamStyle

_MEMORIES = {
    RamStyle.REGISTERS: " in registers",
    RamStyle.DISTRIBUTED: " in tables",
    RamStyle.BLOCK: " in block RAM",
    RamStyle.ANY: "",
}


def figures(graph: Graph, design: Design, estimate: Estimate, board: Board, goal: Goal) -> Figures:
    """Return the figures of a design: latency, terms, zeros, bit operations, modelled resources."""
    counts = zeros(graph)
    known = calibrated(board.family)
    error = known.fmax.found_on(known) if known.fmax else None
    reached = fmax(design, board, estimate.lut)
    terms = logic_terms(design)
    return Figures(
        name=design.name,
        model=design.model,
        style=design.style,
        board=board.name,
        part=board.part,
        clock_mhz=goal.clock_mhz,
        latency_cycles=design.latency,
        latency_ns=round(design.latency_ns, 3),
        latency_crossings=crossings(design.latency_ns),
        interval=design.interval,
        terms=terms,
        weights=sum(n for _, n in counts.values()),
        zeros=sum(z for z, _ in counts.values()),
        parameters=parameters(graph),
        layers={name: ZeroCount(z, n) for name, (z, n) in counts.items()},
        input_bits={node.name: node.type.fixed.width for node in graph.inputs},
        bops=round(bops(graph)),
        ebops=ebops(graph),
        ebops_live=live_ebops(graph),
        modelled=Resources(**_resources(estimate)),
        packaged=packaged(design, estimate, board.family),
        budget=board.budget,
        lut_error=known.lut.found_on(known),
        vendor=vendor_range(terms, board.family),
        fmax=Fmax(round(reached, 1), error, holds_clock(reached, goal.clock_mhz)),
        stages=tuple(_stages(design, board)),
        notes=(*graph.notes, *dear_scales(graph, design, board.family)),
    )


def _resources(estimate: Estimate) -> dict[str, int]:
    return {key: getattr(estimate, key) for key in RESOURCES}


def _fifo(link: Link) -> str:
    memory = _MEMORIES[RamStyle(link.ram_style)]
    return f"FIFO of {count_of(link.depth, 'word')}{memory}"


def _stages(design: Design, board: Board) -> Iterator[StageFigures]:
    parts = estimate_layers(design, board.family)
    if design.style == "stream":
        for stage in design.stages:
            taken = _resources(parts[stage.name])
            deep = max((design.link(name) for name in stage.writes), key=lambda link: link.depth)
            note = f"{stage.note}; {_fifo(deep)}" if deep.depth else stage.note
            yield StageFigures(stage.name, note, 0, stage.interval, stage.latency, **taken)
        return
    reached = 0
    for stage, begin in zip(design.stages, begins(design), strict=True):
        for part in stage.parts:
            for layer in () if isinstance(part, UnitRef) else part.layers:
                start, end = begin + layer.start, begin + layer.end
                own = max(end - max(start, reached), 0)
                reached = max(reached, end)
                taken = _resources(parts[layer.name])
                yield StageFigures(layer.name, layer.note, start, end, own, **taken)
    note, left = "links, outputs and valid bit", design.latency - reached
    yield StageFigures("top", note, 0, design.latency, left, **_resources(parts["top"]))
