# SPDX-License-Identifier: Apache-2.0
"""From a graph, a board and a goal to a design."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from hwgen.cost.estimate import estimate
from hwgen.cost.figures import exceeded
from hwgen.cost.matmul import check_parallel, likely_luts, unshared_adders
from hwgen.design.types import Design
from hwgen.errors import ConfigError, DoesNotFit
from hwgen.ir.graph import Graph
from hwgen.logic.links import LinkRegisters
from hwgen.plan.clock import holds_clock, quick_enough, reached_mhz
from hwgen.plan.folding import way, with_way
from hwgen.plan.goal import Goal
from hwgen.plan.heading import heading_of
from hwgen.plan.mapping import SERIAL, UNITS, Realisation, check_mapping, mapping_of
from hwgen.plan.pace import Pace
from hwgen.plan.parallel.schedule import schedule
from hwgen.plan.parallel.truth_tables import Prices
from hwgen.plan.serial.choice import cheaper, checked, quickest
from hwgen.plan.serial.planner import plan_serial
from hwgen.plan.stream.planner import plan_stream
from hwgen.target.board import Board

__all__ = ["Planned", "holds_clock", "plan", "planned", "reached_mhz"]
_MANY = 40_000  # adders, unshared, beyond which digits are planned where they are asked for alone


@dataclass(frozen=True)
class Planned:
    """Design, and the clock that its registers were placed for.

    Attributes:
        design: of the graph.
        register_mhz: the goal's clock, or a faster one where wires take more than the family's
            delays say.
        why: the style was chosen, in a line; empty where it was asked for or is the parallel one.
    """

    design: Design
    register_mhz: float
    why: str = ""

    def settled(self, goal: Goal) -> Goal:
        """Return the goal with the style that the design has, and the pace of that style."""
        if goal.style != "auto":
            return goal
        style = "stream" if self.design.style == "stream" else "parallel"
        return replace(goal, style=style, pace=goal.pace.of_style(style))

    def explained(self, refusal: DoesNotFit | None) -> DoesNotFit | None:
        """Return the refusal of the design, with why no other style was left."""
        if refusal is None or not self.why:
            return refusal
        what = f"{refusal.what}\n  no other style is left: {self.why}"
        return DoesNotFit(what, refusal.where, lambda: refusal.hint)


def plan(
    graph: Graph,
    board: Board,
    goal: Goal,
    name: str,
    mapping: Mapping[str, Realisation] | None = None,
) -> Design:
    """Return the design of a graph for a board and a goal.

    Args:
        graph: what to build.
        board: what to build for.
        goal: clock, latency cap, and the effort and seed of the search.
        name: of the design.
        mapping: how layers shall be realised; the cheaper way where it does not say.

    Raises:
        ConfigError: the mapping asks for what the graph has not or what cannot be built.
        DoesNotFit: too large for the board, or too slow for the goal. A clock that the wires of the
            design miss is no such error: see `hwgen.plan.alternatives.missed_clock`.
    """
    return planned(graph, board, goal, name, mapping).design


def planned(
    graph: Graph,
    board: Board,
    goal: Goal,
    name: str,
    mapping: Mapping[str, Realisation] | None = None,
    register_mhz: float | None = None,
) -> Planned:
    """Return the design of a graph as `plan` does, and the clock that registers are placed for.

    Args:
        graph: what to build.
        board: what to build for.
        goal: as of `plan`.
        name: of the design.
        mapping: as of `plan`.
        register_mhz: clock to place registers for, as an earlier build of the same goal found it;
            searched for where None, or where it does not lead to the goal's clock.

    Raises:
        ConfigError, DoesNotFit: as of `plan`.
    """
    mapping = mapping or {}
    check_mapping(graph, mapping)
    if goal.style == "auto":
        return _chosen(graph, board, goal, name, mapping, register_mhz)
    if goal.style == "stream":
        return _streamed(graph, board, goal, name, mapping)
    folded = next((layer for layer, chosen in mapping.items() if chosen.kind in UNITS), None)
    if folded is not None:
        raise ConfigError(
            f"layer {folded} shall be folded, and the parallel style builds every product",
            f"layers.{folded}",
            "build it with --style stream, or choose adders or tables",
        )
    interval = goal.pace.interval
    slow = [layer for layer, chosen in mapping.items() if chosen.kind == SERIAL]
    if slow and interval == 1:
        raise ConfigError(
            f"{slow[0]} shall be serial: it takes some bits of every value a cycle, and an "
            "interval of 1 leaves one cycle",
            f"layers.{slow[0]}",
            "allow a longer one, such as --interval 8; or choose adders",
        )
    if goal.style == "serial" or interval != 1:
        return Planned(_paced(graph, board, goal, name, mapping), goal.clock_mhz)
    try:
        check_parallel(graph, board)
    except DoesNotFit as refusal:
        raise with_way(refusal, graph, board, goal) from None
    prices = Prices.on(board.family)

    def at(clock_mhz: float, mapping: Mapping[str, Realisation]) -> Design:
        heading = heading_of(graph, board, replace(goal, clock_mhz=clock_mhz), name)
        design = schedule(
            graph, heading, board.family, max_cycles=goal.max_cycles, search=goal.search,
            tables=prices, mapping=mapping, links=LinkRegisters(goal.register_links),
        )  # fmt: skip
        return replace(design, clock_mhz=goal.clock_mhz)

    def best(mapping: Mapping[str, Realisation]) -> Planned:
        tried: list[Planned] = []

        def aimed(mhz: float) -> Design:
            tried.append(Planned(at(mhz, mapping), mhz))
            return tried[-1].design

        found = quick_enough(aimed, board, goal.clock_mhz)
        return next(one for one in tried if one.design is found)

    if register_mhz is not None and register_mhz >= goal.clock_mhz:
        try:
            known = Planned(at(register_mhz, mapping), register_mhz)
        except DoesNotFit:
            return planned(graph, board, goal, name, mapping)
        reached = reached_mhz(known.design, board)
        if holds_clock(reached, goal.clock_mhz):
            return known
        other = planned(graph, board, goal, name, mapping)
        return known if reached >= reached_mhz(other.design, board) else other

    # Prices may choose otherwise at another clock, so that what they chose is asked for by the way
    # that led to it: a build's own mapping gives that build again.
    try:
        cheapest = best({})
    except DoesNotFit:
        if not mapping:
            raise
        return best(mapping)
    found = mapping_of(cheapest.design)
    agreed = all(found.get(name, wanted) == wanted for name, wanted in mapping.items())
    chosen = cheapest if agreed else best(mapping)
    checked(chosen.design, board, goal)
    return chosen


def _chosen(
    graph: Graph,
    board: Board,
    goal: Goal,
    name: str,
    mapping: Mapping[str, Realisation],
    register_mhz: float | None,
) -> Planned:
    """Return the parallel design where the board and the budget have room, else the stream one."""
    parallel, stream = (
        replace(goal, style=style, pace=goal.pace.of_style(style))
        for style in ("parallel", "stream")
    )
    folded = [layer for layer, chosen in mapping.items() if chosen.kind in UNITS]
    if folded:
        why = f"layer {folded[0]} shall be folded"
    elif not (why := _hopeless(graph, board, parallel)):
        try:
            made = planned(graph, board, parallel, name, mapping, register_mhz)
        except DoesNotFit as error:
            if error.where == "latency":
                raise
            why = error.what.splitlines()[0]
        else:
            taken = estimate(made.design, board.family)
            over = exceeded(taken, board.budget)
            if not over:
                return made
            said = " and ".join(f"{getattr(taken, key):,} {key.upper()}" for key in over)
            there = " and ".join(f"{getattr(board.budget, key):,}" for key in over)
            why = f"side by side the layers take about {said}; {board.name} has {there}"
    return replace(_streamed(graph, board, stream, name, mapping), why=why)


def _hopeless(graph: Graph, board: Board, goal: Goal) -> str:
    """Return why layers are not tried side by side, which can take minutes; else nothing."""
    if goal.pace.interval == 1:
        likely = likely_luts(graph)
        if likely > board.budget.lut:
            there = f"{board.name} has {board.budget.lut:,}"
            return f"side by side the adders would take about {likely:,} LUT; {there}"
        return ""
    adders = unshared_adders(graph)
    return f"side by side there would be about {adders:,} adders" if adders > _MANY else ""


def _streamed(
    graph: Graph, board: Board, goal: Goal, name: str, mapping: Mapping[str, Realisation]
) -> Planned:
    """Return the stream design of a goal, which keeps its latency and its budget.

    Raises:
        ConfigError: registers on its links are asked for.
    """
    if goal.register_links:
        raise ConfigError(
            "a link of the stream style waits for its reader, so that plain registers on it would "
            "lose words",
            "--register-links",
            "leave it out, or build with --style parallel or serial, whose links never wait",
        )
    try:
        design = plan_stream(graph, board, goal, name, mapping)
    except DoesNotFit as refusal:
        if mapping or goal.pace.interval is None:
            raise
        before = refusal.hint

        def hint() -> str:  # planned when it is read
            return way(graph, board, goal) or before

        raise DoesNotFit(refusal.what, refusal.where, hint) from None
    return Planned(checked(design, board, goal), goal.clock_mhz)


def _paced(
    graph: Graph, board: Board, goal: Goal, name: str, mapping: Mapping[str, Realisation]
) -> Design:
    """Return the design of an interval above 1, or of one that is left open."""
    whole = {k: chosen for k, chosen in mapping.items() if chosen.kind != SERIAL}
    asked = goal.style == "serial" or len(whole) < len(mapping)

    def at(interval: int) -> Design:
        if interval > 1:
            return plan_serial(graph, board, goal, name, interval, mapping)
        if asked:
            raise DoesNotFit(
                "a serial design takes a digit of every value a cycle: an interval of 1 leaves one",
                "--interval",
                "ask for an interval of 2 or more, or for realisation adders",
            )
        alone = replace(goal, style="parallel", pace=Pace(), max_latency_ns=None)
        return planned(graph, board, alone, name, whole).design

    interval = goal.pace.interval
    if interval is None:
        return quickest(at, board, goal)
    design = at(interval)
    if not asked:
        with suppress(DoesNotFit):  # too large or too slow for whole words
            design = cheaper(design, at(1), board)
    return checked(design, board, goal)
