# SPDX-License-Identifier: Apache-2.0
"""Stages of adder graphs in a stream design: a word of the result every cycle.

The logic of one word is planned as the parallel style plans a network. It cannot stall, so it
stands behind a counter of credits: a word is launched only when a place for its result is free
(``hwg_flow_buffer``). An enable on every register instead would reach all of them from the ready of
the next stage, and SRLs and carry chains with it; credits cost a small FIFO.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hwgen.design.flow_core import BUFFER
from hwgen.design.types import Design, Heading, Layer, Link, Pipeline, Stage, UnitRef
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ir.names import Names
from hwgen.ops.input_ import Input
from hwgen.plan.clock import quick_enough
from hwgen.plan.goal import Goal
from hwgen.plan.mapping import Realisation
from hwgen.plan.parallel.schedule import schedule
from hwgen.plan.parallel.truth_tables import Prices
from hwgen.target.board import Board
from hwgen.units.memories import RamStyle

ROUND_TRIP = 2  # cycles from a result to the credit that it gives back, beside the core's latency


@dataclass(frozen=True)
class Settings:
    """Settings of every pipeline of a design.

    Attributes:
        heading: of the design.
        board: that it is for.
        goal: of the build.
        mapping: realisations that were asked for.
        around: look-up tables of the whole design, about.
    """

    heading: Heading
    board: Board
    goal: Goal
    mapping: Mapping[str, Realisation]
    around: float = 0.0


@dataclass(frozen=True)
class Core:
    """Pipeline of a stage.

    Attributes:
        pipeline: the logic; its inputs are named after links.
        links: between its layers.
        fixed: narrowest format of all its outputs.
    """

    pipeline: Pipeline
    links: tuple[Link, ...]
    fixed: Fixed


def core(graph: Graph, settings: Settings, names: Names) -> Core:
    """Return the pipeline of a small graph.

    Args:
        graph: what it computes; its inputs have the names of links.
        settings: of the design.
        names: of links; those between its layers are taken from them.

    Raises:
        ConfigError: a layer shall be realised as it cannot.
        DoesNotFit: one node is slower than the clock.
    """
    board, goal = settings.board, settings.goal
    known = {node.name for node in graph.nodes}
    prices = Prices.on(board.family)
    mapping = {name: chosen for name, chosen in settings.mapping.items() if name in known}

    def at(clock_mhz: float) -> Design:
        heading = replace(settings.heading, name=graph.name, clock_mhz=clock_mhz)
        return schedule(
            graph,
            heading,
            board.family,
            search=goal.search,
            tables=prices,
            mapping=mapping,
        )

    made = quick_enough(at, board, settings.heading.clock_mhz, settings.around)
    ports = {node.name for node in graph.nodes if isinstance(node.op, Input)}
    renamed = {layer.link: names.take(layer.link) for layer in made.pipeline.layers}
    layers = tuple(_renamed(layer, renamed, ports) for layer in made.pipeline.layers)
    links = tuple(replace(made.link(old), name=new) for old, new in renamed.items())
    ((_, wires),) = made.pipeline.logic.outputs
    logic = made.pipeline.logic
    fixed = Fixed.covering(
        min(logic.lo[w] for w in wires), max(logic.hi[w] for w in wires), _frac(graph)
    )
    return Core(replace(made.pipeline, layers=layers), links, fixed)


def buffer(width: int, latency: int) -> UnitRef:
    """Return the least buffer behind a pipeline of some latency that takes a word every cycle."""
    depth = latency + ROUND_TRIP
    return UnitRef(BUFFER, {"Width": width, "Depth": depth, "RamStyle": RamStyle.DISTRIBUTED.value})


def stage(name: str, made: Core, reads: Sequence[str], write: Link, note: str) -> Stage:
    """Return the stage of a pipeline behind credits; it writes a word a cycle."""
    latency = made.pipeline.latency
    ((_, wires),) = made.pipeline.logic.outputs
    logic = replace(made.pipeline.logic, outputs=((write.name, wires),))
    body = (replace(made.pipeline, logic=logic), buffer(write.bits, latency))
    return Stage(name, body, tuple(reads), (write.name,), latency + 1, write.words, note)


def _frac(graph: Graph) -> int:
    (out,) = graph.outputs
    frac: int = graph[out.node].type.frac
    return frac


def _renamed(layer: Layer, renamed: Mapping[str, str], ports: set[str]) -> Layer:
    sources = tuple(
        source if source.link in ports else replace(source, link=renamed[source.link])
        for source in layer.sources
    )
    return replace(layer, link=renamed[layer.link], sources=sources)
