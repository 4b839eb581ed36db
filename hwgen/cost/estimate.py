# SPDX-License-Identifier: Apache-2.0
"""Estimate of a design: look-up tables, registers and logic terms, from a documented model.

- Look-up tables are the terms of every node (`hwgen.cost.terms`) times factors that were fitted to
  synthesis (`hwgen.cost.calibration`, with the error that is left). No DSP blocks are used.
- Registers are counted as they are placed, bit by bit, equal ones once (`hwgen.cost.registers`).
- The clock that a design reaches follows from the longest path of the delay model.

What a graph asks for before it is unrolled (`bops`, `ebops`, `zeros`, `matmul_terms`,
`check_parallel`) is in plan/matmul.py and can be imported from here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from hwgen.cost.calibration import calibrated, grade_of, path_ns
from hwgen.cost.matmul import (
    MatmulTerms,
    bops,
    check_parallel,
    ebops,
    matmul_terms,
    parameters,
    zeros,
)
from hwgen.cost.registers import registers
from hwgen.cost.serial import serial_costs, serial_ns
from hwgen.cost.terms import terms_of
from hwgen.cost.timing import layer_ns
from hwgen.cost.units import UnitCost, cells_of, fifo_cost, unit_cost
from hwgen.design.flow_core import flow_cores
from hwgen.design.stage_core import stage_cores
from hwgen.design.timing import arrivals
from hwgen.design.types import Design, Pipeline, UnitRef
from hwgen.logic.nodes import (
    Add,
    Add3,
    Chain,
    Max,
    Mul,
    Requant,
    Select,
    Table,
    Thresh,
    adder_positions,
)
from hwgen.logic.serial.graph import Round, Sum
from hwgen.target.board import Board
from hwgen.target.family import Family

__all__ = [
    "Estimate",
    "MatmulTerms",
    "bops",
    "check_parallel",
    "ebops",
    "estimate",
    "estimate_layers",
    "fmax",
    "layer_luts",
    "logic_terms",
    "longest_ns",
    "lut_cost",
    "matmul_terms",
    "parameters",
    "terms_of_layers",
    "zeros",
]

TERMS = {
    Add: "adders",
    Add3: "ternary_adders",
    Max: "maxima",
    Mul: "multipliers",
    Requant: "requantizers",
    Select: "selects",
    Thresh: "thresholds",
}


@dataclass(frozen=True)
class Estimate:
    """Resources and timing; ``a + b`` is one after the other.

    Attributes:
        lut: look-up tables.
        ff: register bits.
        dsp, bram: blocks; adder graphs use none.
        latency: cycles.
        interval: cycles between two inputs.
    """

    lut: int = 0
    ff: int = 0
    dsp: int = 0
    bram: int = 0
    latency: int = 0
    interval: int = 1

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(
            self.lut + other.lut,
            self.ff + other.ff,
            self.dsp + other.dsp,
            self.bram + other.bram,
            self.latency + other.latency,
            max(self.interval, other.interval),
        )


def estimate(design: Design, family: Family) -> Estimate:
    """Return what the whole design takes."""
    parts = estimate_layers(design, family).values()
    return Estimate(
        lut=sum(part.lut for part in parts),
        ff=sum(part.ff for part in parts),
        dsp=sum(part.dsp for part in parts),
        bram=sum(part.bram for part in parts),
        latency=design.latency,
        interval=design.interval,
    )


def layer_luts(design: Design, family: Family) -> dict[str, int]:
    """Return the look-up tables of each layer; of a stream design, of each stage."""
    if design.style in ("stream", "serial"):
        return {name: part.lut for name, part in estimate_layers(design, family).items()}
    terms = terms_of_layers(design.pipeline, family)
    return {name: lut_cost(own, family) for name, own in terms.items()}


def estimate_layers(design: Design, family: Family) -> dict[str, Estimate]:
    """Return what each layer takes, and under ``top`` what lies between and around the layers.

    Of a stream design, what each stage takes, the FIFOs behind it included.
    """
    if design.style == "stream":
        return _stages(design, family)
    if design.style == "serial":
        return _serial_layers(design, family)
    pipeline = design.pipeline
    lut, ff = layer_luts(design, family), registers(pipeline)
    out = {
        layer.name: Estimate(lut=lut[layer.name], ff=ff[layer.name], latency=layer.latency)
        for layer in pipeline.layers
    }
    outside = pipeline.latency - sum(layer.latency for layer in pipeline.layers)
    return {**out, "top": Estimate(ff=ff["top"], latency=max(outside, 0))}


def _serial_layers(design: Design, family: Family) -> dict[str, Estimate]:
    """Return what each layer takes, stage by stage; what lies around them is one part."""
    out: dict[str, Estimate] = {}
    around = Estimate(ff=_between(design))
    for core in stage_cores(design).values():
        if core.serial is None:
            own = estimate_layers(core, family)
        else:
            latency = {layer.name: layer.latency for layer in core.layers}
            own = {
                name: Estimate(lut=round(cost.lut), ff=cost.ff, latency=latency.get(name, 0))
                for name, cost in serial_costs(core, family).items()
            }
        around += replace(own.pop("top"), latency=0)
        out |= own
    return {**out, "top": around}


def _between(design: Design) -> int:
    """Return the flip-flops that delay words between stages."""
    at = arrivals(design)
    late: dict[str, int] = {}
    for stage in design.stages:
        begin = max(at[link] for link in stage.reads)
        for link in stage.reads:
            late[link] = max(late.get(link, 0), begin - at[link])
    for port in design.outputs:
        late[port.link] = max(late.get(port.link, 0), design.latency - at[port.link])
    return sum(design.link(name).bits * cycles for name, cycles in late.items())


def _stages(design: Design, family: Family) -> dict[str, Estimate]:
    cores, cells = flow_cores(design), cells_of(family)
    out = {}
    for stage in design.stages:
        cost = UnitCost()
        for name in stage.writes:
            link = design.link(name)
            if link.depth:
                cost += fifo_cost(link.bits, link.depth, link.ram_style, cells)
        for part in stage.parts:
            if isinstance(part, UnitRef):
                cost += unit_cost(part.unit, part.params, cells)
        if stage.name in cores:
            core = estimate(cores[stage.name], family)
            cost += UnitCost(core.lut, core.ff)
        counts = (round(cost.lut), round(cost.ff), math.ceil(cost.dsp), math.ceil(cost.bram))
        out[stage.name] = Estimate(*counts, latency=stage.latency, interval=stage.interval)
    return out


def logic_terms(design: Design) -> dict[str, int]:
    """Return how many terms of each kind the logic has, and the adders' carry positions."""
    if design.style == "serial":
        return _serial_terms(design)
    logics = [pipeline.logic for pipeline in design.pipelines]
    counts = Counter(type(node) for logic in logics for node in logic.nodes)
    out = {name: counts[kind] for kind, name in TERMS.items()}
    tables = sum(
        isinstance(node, Table) and len(node.picks) > 1 for logic in logics for node in logic.nodes
    )
    if tables:
        out["tables"] = tables
    if counts[Chain]:
        nodes = [node for logic in logics for node in logic.nodes]
        out["chains"] = counts[Chain]
        out["chain_bits"] = sum(node.luts for node in nodes if isinstance(node, Chain))
    out["adder_bits"] = sum(
        adder_positions(logic, wire) for logic in logics for wire in range(len(logic.nodes))
    )
    return out


def _serial_terms(design: Design) -> dict[str, int]:
    """Return the terms of serial stages, whose adders have as many bits as a digit, and others."""
    out: Counter[str] = Counter(dict.fromkeys([*TERMS.values(), "adder_bits"], 0))
    for core in stage_cores(design).values():
        if core.serial is None:
            out.update(logic_terms(core))
            continue
        graph = core.serial.graph
        sums = [node.ways for node in graph.nodes if isinstance(node, Sum)]
        out["adders"] += sums.count(2)
        out["ternary_adders"] += sums.count(3)
        out["requantizers"] += sum(isinstance(node, Round) for node in graph.nodes)
        out["adder_bits"] += graph.digit_bits * len(sums)
    return dict(out)


def lut_cost(terms: Mapping[str, float], family: Family) -> int:
    """Return the look-up tables of some terms."""
    factors = calibrated(family).factors
    return round(sum(factors.get(term, 1.0) * count for term, count in terms.items()))


def terms_of_layers(
    pipeline: Pipeline, family: Family, *, alone: bool = False
) -> dict[str, Counter[str]]:
    """Return the terms of every layer's nodes.

    Args:
        pipeline: with the layers.
        family: of the part.
        alone: of each layer by itself, whose values leave through ports; else of the whole, where
            a register behind a layer, the one before an output among them, takes part of its logic.
    """
    logic, cycle = pipeline.logic, pipeline.cycle
    at_once = {
        source
        for reader, node in enumerate(logic.nodes)
        for source in node.operands
        if cycle[source] == cycle[reader]
    }
    recorded, made = calibrated(family).family, {}
    for layer in pipeline.layers:
        registered = set(layer.wires) - at_once
        if alone:
            registered.difference_update(tap.wire for tap in layer.exports if not tap.delay)
        made[layer.name] = terms_of(logic, layer.wires, family.lut_inputs, registered, recorded)
    return made


def fmax(design: Design, board: Board, lut: int) -> float:
    """Return the clock in MHz that the design reaches on a board, from its longest path.

    The path is the delay model's, the margin included that the planner keeps free; where place and
    route was measured on the family, it is corrected by what that found. A speed grade that was
    not routed counts as the slowest one that was.

    Args:
        design: the design.
        board: that it is for.
        lut: what it takes there (`estimate`): wires grow with it.
    """
    family, longest = board.family, longest_ns(design, board.family)
    known = calibrated(family)
    if known.path:
        longest = path_ns(known.path, longest, lut)
        longest *= known.grades.get(grade_of(board), max(known.grades.values()))
    return 1000.0 / longest


def longest_ns(design: Design, family: Family) -> float:
    """Return the delay model's longest path between registers, in nanoseconds."""
    if design.serial is not None:
        return max((*serial_ns(design.serial, family).values(), family.overhead_ns))
    if design.style == "serial":
        return max(longest_ns(core, family) for core in stage_cores(design).values())
    paths = (ns for pipeline in design.pipelines for ns in layer_ns(pipeline, family))
    return max((*paths, family.overhead_ns))
