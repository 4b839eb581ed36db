# SPDX-License-Identifier: Apache-2.0
"""Cost of the stream units: formulas of their parameters, from what Yosys makes of them.

They are for tables of six inputs with memory in tables (AMD); `hwgen.cost.small_tables` has those
for four inputs (ECP5). `make bench-stream` holds both against synthesis, of units and of designs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from hwgen.cost import small_tables
from hwgen.target.family import Family
from hwgen.units.facts import UnitCost as UnitCost
from hwgen.units.facts import facts, with_defaults
from hwgen.units.geometry import folds
from hwgen.units.memories import Cells, FifoTables, bits, blocks, fifo_words

Params = Mapping[str, int]
_SHARES = (0.83, 0.98)  # sites a table of a matrix-vector unit, its products in tables, in blocks
LARGE = Cells()  # AMD's
_FIFO = FifoTables((3.0, 3.0), (5.0, 1.0), 0.5, 4)  # in sites, of which two tables may share one


def fifo_cost(width: int, depth: int, style: int, cells: Cells = LARGE) -> UnitCost:
    """Return the cost of a FIFO.

    Args:
        width: bits of a word.
        depth: words.
        style: its memory, a `RamStyle`.
        cells: of the family.
    """
    if cells.lut_inputs < LARGE.lut_inputs:
        return small_tables.fifo_cost(width, depth, style, cells)
    return fifo_words(width, depth, style) + UnitCost(lut=_FIFO.of(width, depth, style))


def _fork(params: Params) -> UnitCost:
    return UnitCost(lut=2 * params["Sinks"], ff=params["Sinks"])


def _of_facts(unit: str) -> Callable[[Params], UnitCost]:
    return lambda params: facts(unit).cost(with_defaults(unit, params))


def _in_sites(unit: str, share: float) -> Callable[[Params], UnitCost]:
    """Return the cost of a unit, some of whose tables share a site: two of five inputs in all."""
    return lambda params: _shared(facts(unit).cost(with_defaults(unit, params)), share)


def _shared(cost: UnitCost, share: float) -> UnitCost:
    return replace(cost, lut=share * cost.lut)


def _xnor_matvec(p: Params) -> UnitCost:
    return _with_memory("hwg_xnor_matvec", p, p["PE"] * p["SIMD"] * (1 + p["Masked"]))


def _matvec(p: Params) -> UnitCost:
    made = _with_memory("hwg_matvec", p, p["PE"] * p["SIMD"] * p["WWidth"])
    biases = p["PE"] * p.get("BiasBits", 0)
    if not biases:
        return made
    # A turn goes with its sums through the pipeline, to their biases.
    turns = folds(p)[0]
    stages = facts("hwg_matvec").latency(with_defaults("hwg_matvec", p))
    return made + UnitCost(lut=rom_tables(biases, turns), ff=stages * bits(turns))


def _with_memory(unit: str, p: Params, width: int) -> UnitCost:
    """Return the cost of a unit and of the memory of weights beside it, of so many bits a word."""
    whole = _in_sites(unit, _SHARES[p.get("Dsp", 0) > 0])(p)
    words = math.prod(folds(p))
    if p["BlockRom"]:
        return whole + UnitCost(bram=blocks(width, words))
    return whole + UnitCost(lut=rom_tables(width, words), ff=width)


def _thresholds(p: Params) -> UnitCost:
    """Return the cost of steps by channel, whose values differ little from channel to channel."""
    made = facts("hwg_stream_thresholds").cost(with_defaults("hwg_stream_thresholds", p))
    if p["ValueTurns"] > 1:
        values = p["Lanes"] * p["OutWidth"] * p["ValueTurns"] * 2 ** p["Levels"] / 64
        made = replace(made, lut=made.lut - 0.75 * values)
    return _shared(made, 0.72)


def rom_tables(width: int, words: int) -> float:
    """Return the tables of a memory of constants, the choice among its leaves included."""
    return width * (max(words / 64, 0.25) if words <= 64 else 1.45 * words / 64)


COSTS: Mapping[str, Callable[[Params], UnitCost]] = {
    "hwg_fork": _fork,
    "hwg_matvec": _matvec,
    "hwg_xnor_matvec": _xnor_matvec,
    "hwg_window": _in_sites("hwg_window", 0.92),
    "hwg_pool_blocks": _of_facts("hwg_pool_blocks"),
    "hwg_upsample": _of_facts("hwg_upsample"),
    "hwg_crop": _of_facts("hwg_crop"),
    "hwg_pad": _of_facts("hwg_pad"),
    "hwg_reorder": _of_facts("hwg_reorder"),
    "hwg_stream_extend": _of_facts("hwg_stream_extend"),
    "hwg_stream_concat": _of_facts("hwg_stream_concat"),
    "hwg_stream_thresholds": _thresholds,
    "hwg_narrow": _in_sites("hwg_narrow", 0.8),
    "hwg_widen": _in_sites("hwg_widen", 0.8),
    "hwg_flow_buffer": lambda p: (
        fifo_cost(p["Width"], p["Depth"], p["RamStyle"])
        + UnitCost(lut=2 * p["Depth"].bit_length(), ff=p["Depth"].bit_length())
    ),
}


def unit_cost(unit: str, params: Params, cells: Cells = LARGE) -> UnitCost:
    """Return the cost of a unit.

    Args:
        unit: module.
        params: of it.
        cells: of the family.
    """
    made = COSTS[unit](params)
    if cells.lut_inputs >= LARGE.lut_inputs:
        return made
    return small_tables.in_small_tables(unit, params, made, cells)


def cells_of(family: Family) -> Cells:
    """Return the cells of a family; blocks of memory are AMD's where its file does not tell."""
    if not family.bram_bits or not family.bram_width:
        return Cells(family.lut_inputs, table_memory=family.table_memory)
    return Cells(family.lut_inputs, family.bram_bits, family.bram_width, family.table_memory)
