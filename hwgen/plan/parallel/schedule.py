# SPDX-License-Identifier: Apache-2.0
"""Schedule of a parallel design: lower to logic, group it into layers, place registers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from hwgen.design.assemble import of_pipeline, ports_of
from hwgen.design.check import check
from hwgen.design.names import LinkNames
from hwgen.design.types import Design, Heading, Layer, Pipeline, Port, Source, Tap, cycles_text
from hwgen.errors import DoesNotFit, count_of
from hwgen.ir.graph import Graph, Node
from hwgen.logic.builder import GRAPHS_ALONE, Logic
from hwgen.logic.links import NO_REGISTERS, LinkRegisters
from hwgen.logic.nodes import Add3, Chain, Const, In, Select, Table
from hwgen.logic.pipeline import (
    Block,
    Placement,
    blocks_of,
    latency,
    node_delay,
    pipeline,
    split_rounding,
)
from hwgen.logic.timing import Timing
from hwgen.plan.goal import Search
from hwgen.plan.mapping import Realisation
from hwgen.plan.parallel.lower import AREA, Depth, Lowered, lower
from hwgen.plan.parallel.truth_tables import Prices

_AGAINST_CYCLES = 10  # cycles that are worth as much as all look-up tables
_AGAINST_STAGES = 8  # the same where sums are chosen: the registers of a cycle count as well
_HURRY = 4  # times what an adder in a row is worth, where the cap on the latency is not kept
_USUAL = 12  # bits of an adder


def schedule(
    graph: Graph,
    heading: Heading,
    family: Timing,
    *,
    max_cycles: int | None = None,
    search: Search = Search(),  # noqa: B008 - frozen
    tables: Prices | None = None,
    mapping: Mapping[str, Realisation] | None = None,
    links: LinkRegisters = NO_REGISTERS,
) -> Design:
    """Return the fully unrolled, pipelined design of *graph* at initiation interval 1.

    Args:
        graph: what to build.
        heading: name, board, clock and model of the design.
        family: delays of the board's device family.
        max_cycles: cap on the latency.
        search: for adder graphs.
        tables: prices by which neurons become truth tables; without them none does.
        mapping: how layers shall be realised; by price where it does not say.
        links: registers on the links between layers.

    Raises:
        ConfigError: a layer shall be of tables and cannot.
        DoesNotFit: one node is slower than the clock, or more cycles are needed than allowed.
    """
    clock_mhz = heading.clock_mhz
    how = _Lowering(search, tables, mapping, links)
    lowered, logic, needed = _chosen(graph, family, clock_mhz, how, max_cycles)
    if max_cycles is not None and needed > max_cycles:
        raise _too_slow(lowered.logic, family, clock_mhz, (needed, max_cycles), links)
    timing = node_delay(logic, family), 1000.0 / clock_mhz, family.overhead_ns
    placement = pipeline(logic, *timing, links)
    inputs, outputs = ports_of(graph)
    pairs = zip(logic.nodes, logic.layers, strict=True)
    # An inverter at the end of a sum is a table of one bit.
    tabled = Counter(x for node, x in pairs if isinstance(node, Table) and len(node.picks) > 1)

    def note(name: str, start: int, end: int) -> str:
        return layer_note(graph[name], cycles_text(start, end), tabled[name])

    design = assembled(heading, inputs, outputs, logic, placement, note)
    return _told(design, lowered.realised, links)


def _told(design: Design, realised: Mapping[str, str], links: LinkRegisters) -> Design:
    """Return the design with the realisations of its layers and the registers of its links."""
    (stage,), pipeline = design.stages, design.pipeline
    layers = tuple(replace(x, realisation=realised.get(x.name, "")) for x in pipeline.layers)
    body = replace(pipeline, layers=layers, links=links)
    return replace(design, stages=(replace(stage, body=body),))


def assembled(
    heading: Heading,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    logic: Logic,
    placement: Placement,
    note: Callable[[str, int, int], str],
) -> Design:
    """Return the checked design of a logic graph whose registers have their places.

    *note* makes the comment of a layer from its name, its first and its last cycle.
    """
    blocks = blocks_of(logic)
    names = LinkNames.of(
        [port.name for port in inputs],
        [port.name for port in outputs],
        [block.name for block in blocks],
    )
    layers = _layers(logic, blocks, placement, names.layers, note)
    whole = Pipeline(logic, placement.cycle, layers, placement.latency)
    design = of_pipeline(heading, inputs, outputs, whole)
    check(design)
    return design


@dataclass(frozen=True)
class _Lowering:
    """Settings of lowering, as `lower` takes them."""

    search: Search
    tables: Prices | None
    mapping: Mapping[str, Realisation] | None
    links: LinkRegisters = NO_REGISTERS
    depth: Depth = AREA

    def lower(self, graph: Graph, arity: int) -> Lowered:
        effort, seed = self.search.effort, self.search.seed
        return lower(graph, arity, effort, seed, self.tables, self.mapping, self.depth)

    def price(self, logic: Logic, family: Timing) -> float:
        """Return the look-up tables of a logic, by plain formulas where there are no prices."""
        prices = self.tables or Prices(family.lut_inputs, {})
        return max(prices.of(logic, range(len(logic.nodes))), 1.0)


def _chosen(
    graph: Graph, family: Timing, clock_mhz: float, how: _Lowering, max_cycles: int | None
) -> tuple[Lowered, Logic, int]:
    """Return the lowered graph, its logic with slow requantizers split, and its latency.

    Heaps of bits take fewer look-up tables the longer they may take. Of those that keep the cap on
    the latency it is the one whose tables and cycles are fewest together.
    """

    def at(haste: int, level: float = 0.0) -> tuple[Lowered, Logic, int]:
        lowered = _lowered(graph, family, clock_mhz, replace(how, depth=Depth(haste, level)))
        logic = _split(lowered.logic, family, clock_mhz)
        delay = node_delay(logic, family)
        timing = 1000.0 / clock_mhz, family.overhead_ns
        return lowered, logic, latency(logic, delay, *timing, how.links)

    found = [at(0)]
    lowered, logic, needed = found[0]
    heaps = lowered.heaps or any(isinstance(node, Chain) for node in logic.nodes)
    if needed == 1 or not heaps:
        return found[0]
    level = how.price(logic, family) / _AGAINST_STAGES * _cycles_of_an_adder(family, clock_mhz)
    found.append(at(1, level))
    cap = math.inf if max_cycles is None else max_cycles
    for haste in (2, GRAPHS_ALONE):
        if min(cycles for *_, cycles in found) > cap:
            found.append(at(haste, _HURRY * level))
    fitting = [one for one in found if one[2] <= cap]
    if not fitting:
        return min(found, key=lambda one: one[2])
    return min(fitting, key=lambda one: how.price(one[1], family) * (_AGAINST_CYCLES + one[2]))


def _lowered(graph: Graph, family: Timing, clock_mhz: float, how: _Lowering) -> Lowered:
    """Return the logic in the widest adders that the family has and this clock allows."""
    room = 1000.0 / clock_mhz - family.overhead_ns
    if how.tables:
        levels = int(room / family.logic_ns(1) + 1e-9)
        how = replace(how, tables=replace(how.tables, levels=levels))
    lowered = how.lower(graph, family.adder_operands)
    delay = node_delay(lowered.logic, family)
    wide = [w for w, node in enumerate(lowered.logic.nodes) if isinstance(node, Add3 | Chain)]
    return lowered if all(delay(w) <= room for w in wide) else how.lower(graph, 2)


def _cycles_of_an_adder(family: Timing, clock_mhz: float) -> float:
    """Return the part of a cycle that one of many adders in a row takes."""
    room = 1000.0 / clock_mhz - family.overhead_ns
    return min(family.adder_ns(_USUAL, family.adder_operands) / room, 1.0)


def _split(logic: Logic, family: Timing, clock_mhz: float) -> Logic:
    """Return the logic with requantizers cut in two where this clock leaves them little room."""
    delay, room = node_delay(logic, family), 1000.0 / clock_mhz - family.overhead_ns
    return split_rounding(logic, lambda wire: delay(wire) > room / 2)


def _too_slow(
    lowered: Logic,
    family: Timing,
    clock_mhz: float,
    cycles: tuple[int, int],
    links: LinkRegisters,
) -> DoesNotFit:
    """Return the error of a latency above the cap; *cycles* are those needed and those allowed."""
    needed, max_cycles = cycles
    allowed_ns = max_cycles * 1000 / clock_mhz
    hints = [f"allow {count_of(needed, 'cycle')}"]
    for percent in range(95, 0, -5):  # a slower clock loses less time to registers
        slower = round(clock_mhz * percent / 100, 3)
        logic = _split(lowered, family, slower)
        timing = 1000.0 / slower, family.overhead_ns
        took_cycles = latency(logic, node_delay(logic, family), *timing, links)
        if took_cycles * 1000 / slower <= allowed_ns:
            took = f"{count_of(took_cycles, 'cycle')}, {took_cycles * 1000 / slower:.4g} ns"
            hints.append(f"lower the clock: at {slower:g} MHz it takes {took}")
            break
    if links.count:
        hints.append("put fewer registers on the links (--register-links)")
    hints.append("or give fewer bits to weights and activations")
    return DoesNotFit(
        f"needs {count_of(needed, 'cycle')} ({needed * 1000 / clock_mhz:.4g} ns) at "
        f"{clock_mhz:g} MHz; "
        f"allowed: {max_cycles} ({allowed_ns:.4g} ns)",
        where="latency",
        hint="; ".join(hints),
    )


def _layers(
    logic: Logic,
    blocks: Sequence[Block],
    placement: Placement,
    links: Mapping[str, str],
    note: Callable[[str, int, int], str],
) -> tuple[Layer, ...]:
    """Return the blocks with what they exchange: registers stand beside the wire they delay."""
    cycle = placement.cycle
    home = {wire: block.name for block in blocks for wire in block.wires}
    home |= {wire: n.port for wire, n in enumerate(logic.nodes) if isinstance(n, In)}
    needed = [_taps_read(logic, block, cycle) for block in blocks]
    leaving = {
        Tap(wire, placement.latency - 1 - cycle[wire])
        for _, wires in logic.outputs
        for wire in wires
        if wire in home
    }
    every = leaving.union(*needed)
    exports: dict[str, set[Tap]] = {name: set() for name in home.values()}
    for tap in every:
        exports[home[tap.wire]].add(_whole(tap, every))
    layers = []
    for block, taps in zip(blocks, needed, strict=True):
        sources: dict[str, set[Tap]] = {name: set() for name in block.sources}
        for tap in taps:
            sources[home[tap.wire]].add(_whole(tap, every))
        start = min(cycle[tap.wire] + tap.delay for tap in taps)
        end = max(cycle[tap.wire] + tap.delay for tap in exports[block.name])
        layers.append(
            Layer(
                block.name,
                links[block.name],
                note(block.name, start, end),
                block.wires,
                tuple(
                    Source(links.get(name, name), tuple(sorted(got)))
                    for name, got in sources.items()
                ),
                tuple(sorted(exports[block.name])),
                start,
                end,
            )
        )
    return tuple(layers)


def _whole(tap: Tap, every: Set[Tap]) -> Tap:
    """Return the whole word instead of its sign if that is somewhere read at the same delay."""
    word = Tap(tap.wire, tap.delay)
    return word if word in every else tap


def _taps_read(logic: Logic, block: Block, cycle: Sequence[int]) -> set[Tap]:
    """Return what a block reads of others. Of what it decides by, a selection reads the sign."""
    own, out = set(block.wires), set()
    for wire in block.wires:
        node = logic.nodes[wire]
        for place, source in enumerate(node.operands):
            if source not in own and not isinstance(logic.nodes[source], Const):
                port = isinstance(logic.nodes[source], In)  # travels whole
                sign = isinstance(node, Select) and place == 0 and not port
                out.add(Tap(source, cycle[wire] - cycle[source], sign))
    return out


def layer_note(node: Node, cycles: str, tables: int = 0) -> str:
    """Return the comment of a layer."""
    shape = " x ".join(map(str, node.type.shape))
    said = [
        f"{node.op.kind} {node.op.note()}".strip(),
        node.note,
        f"output {shape} {node.type.fixed}",
        f"{tables} truth table{'s' if tables > 1 else ''} with what follows" if tables else "",
    ]
    return ", ".join([text for text in said if text] + [cycles])
