# SPDX-License-Identifier: Apache-2.0
"""What a design takes: look-up tables, registers and logic terms, from a documented model.

The model, for a family whose largest table has k inputs:

- an adder of two or of three takes one table a carry position (hwgen.logic.carry). Low bits that
  only one operand reaches are wiring, unless they are subtracted; operands that do not overlap are
  wiring altogether;
- a maximum is a comparator (one a bit) and a multiplexer; a multiplexer takes half a table a bit
  where k >= 6 (two of its bits share a table), else one;
- a requantizer is an incrementer over the kept bits and its rounding decision (when it shifts),
  and overflow detection with a multiplexer (when it saturates);
- thresholds are the cheaper of a table of all inputs and a comparator each with a decoder;
- a product of two variables takes the product of their widths; no DSP blocks are used;
- registers are counted as they are placed: the longest delay any reader needs of each wire, block
  by block, the links' delays, the output registers and the valid bit.

What a graph asks for before it is unrolled (`bops`, `ebops`, `zeros`, `matmul_terms`,
`check_parallel`) is in plan/matmul.py and can be imported from here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hwgen.logic.carry import adder_positions
from hwgen.logic.graph import (
    Add,
    Add3,
    Const,
    Logic,
    Max,
    Mul,
    Requant,
    Select,
    Shl,
    Thresh,
    Wire,
    operands,
    round_half_even,
)
from hwgen.plan.board import Family
from hwgen.plan.design import Design, Stage
from hwgen.plan.matmul import MatmulTerms, bops, check_parallel, ebops, matmul_terms, zeros

__all__ = [
    "Estimate",
    "MatmulTerms",
    "bops",
    "check_parallel",
    "ebops",
    "estimate",
    "estimate_stages",
    "logic_terms",
    "lut_cost",
    "matmul_terms",
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
        dsp, bram: blocks; the parallel style uses none.
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
    parts = estimate_stages(design, family).values()
    return Estimate(
        lut=sum(part.lut for part in parts),
        ff=sum(part.ff for part in parts),
        latency=design.latency,
        interval=design.interval,
    )


def estimate_stages(design: Design, family: Family) -> dict[str, Estimate]:
    """Return what each stage takes, and under ``top`` what lies between and around the stages."""
    k = family.lut_inputs
    out = {
        stage.name: Estimate(
            lut=sum(lut_cost(design.logic, wire, k) for wire in stage.wires),
            ff=_stage_registers(design, stage),
            latency=stage.latency,
        )
        for stage in design.stages
    }
    outside = design.latency - sum(stage.latency for stage in design.stages)
    return {**out, "top": Estimate(ff=_top_registers(design), latency=max(outside, 0))}


def logic_terms(design: Design) -> dict[str, int]:
    """Return how many terms of each kind the logic has, and the adders' carry positions."""
    logic = design.logic
    counts = Counter(type(node) for node in logic.nodes)
    out = {name: counts[kind] for kind, name in TERMS.items()}
    out["adder_bits"] = sum(adder_positions(logic, wire) for wire in range(len(logic.nodes)))
    return out


def lut_cost(logic: Logic, wire: Wire, k: int) -> int:
    """Return the look-up tables of one node on a family with *k*-input tables."""
    node = logic.nodes[wire]
    out = logic.width(wire)
    match node:
        case Add() | Add3():
            return adder_positions(logic, wire)
        case Max(a, b):
            return max(logic.width(a), logic.width(b)) + _mux(out, k)
        case Mul(a, b):
            return logic.width(a) * logic.width(b)
        case Select():
            return _mux(out, k)
        case Requant(a):
            return _requant_cost(logic, node, logic.lo[a], logic.hi[a], out, k)
        case Thresh(a, thresholds, _):
            width, n = logic.width(a), len(thresholds)
            table = out << max(width - k, 0)
            decoder = out * _ceil(n, k - 1) if n > 1 else 0
            return min(table, n * _ceil(width, k - 1) + decoder)
        case _:
            return 0


def _requant_cost(logic: Logic, node: Requant, lo: int, hi: int, out: int, k: int) -> int:
    kept = max(logic.width(node.a) - node.shift, 1)
    cost = 0
    if node.shift:
        # Half, the bits below it and the lowest kept bit decide; the increment rides a carry chain.
        cost += kept + _ceil(node.shift + 1, k - 1)
    low, high = (round_half_even(v, node.shift) for v in (lo, hi))
    for clips, bound in ((low < node.lo, node.lo), (high > node.hi, node.hi + 1)):
        if clips:
            # A bound at a power of two shows in the bits above it; any other needs a comparator.
            plain = abs(bound) & (abs(bound) - 1) == 0
            cost += _ceil(kept - out + 2, k - 1) if plain else kept
    if low < node.lo or high > node.hi:
        cost += _mux(out, k)
    return cost


def _mux(width: int, k: int) -> int:
    return _ceil(width, 2) if k >= 6 else width


def _ceil(a: int, b: int) -> int:
    return -(-max(a, 0) // b)


def _stage_registers(design: Design, stage: Stage) -> int:
    """Return the register bits inside a stage's block."""
    logic, cycle = design.logic, design.cycle
    own = frozenset(stage.wires)
    need: Counter[Wire] = Counter()
    signs: Counter[Wire] = Counter()
    for wire in stage.wires:
        node = logic.nodes[wire]
        for place, source in enumerate(operands(node)):
            if not isinstance(logic.nodes[source], Const):
                since = cycle[source] if source in own else stage.start
                # A selection reads the sign alone of what it decides by.
                table = signs if isinstance(node, Select) and place == 0 else need
                table[source] = max(table[source], cycle[wire] - since)
    for wire in stage.exports:
        need[wire] = max(need[wire], stage.end - cycle[wire])
    whole = sum(delay * _live_bits(logic, wire) for wire, delay in need.items())
    return whole + sum(max(delay - need[wire], 0) for wire, delay in signs.items())


def _live_bits(logic: Logic, wire: Wire) -> int:
    """Return the bits of a wire that are not known to be zero; no tool keeps registers of those."""
    node = logic.nodes[wire]
    return logic.width(wire) - (node.shift if isinstance(node, Shl) else 0)


def _top_registers(design: Design) -> int:
    """Return the register bits of the links, the outputs and the valid bit.

    A link that several readers delay is one chain with taps: any tool merges equal registers.
    """
    logic = design.logic
    need: dict[Wire, int] = {}
    for stage in design.stages:
        for source in stage.sources:
            for wire in source.wires:
                need[wire] = max(need.get(wire, 0), source.delay)
    leaves = {wire: stage.end for stage in design.stages for wire in stage.exports}
    for _, wires in logic.outputs:
        for wire in wires:
            origin = wire
            while isinstance(node := logic.nodes[origin], Shl) and origin not in leaves:
                origin = node.a  # a shifted network input is wiring in the top
            if not isinstance(node, Const):
                delay = design.latency - leaves.get(origin, 0)
                need[origin] = max(need.get(origin, 0), delay)
    return design.latency + sum(delay * _live_bits(logic, wire) for wire, delay in need.items())
