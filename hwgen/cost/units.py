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
from hwgen.units.facts import facts, folds, with_defaults
from hwgen.units.memories import Cells, distributed

Params = Mapping[str, int]
_SHARES = (0.83, 0.98)  # sites a table of a matrix-vector unit, its products in tables, in blocks
LARGE = Cells()  # AMD's
_BLOCK_BITS, _BLOCK_WORDS = 36, 512  # of half a block memory of 36 kbit


def counter_bits(count: int) -> int:
    """Return the bits of a counter of so many steps."""
    return max((count - 1).bit_length(), 1)


def fifo_cost(width: int, depth: int, cells: Cells = LARGE) -> UnitCost:
    """Return the cost of a FIFO in distributed memory, or in block memory where it is deep."""
    if cells.lut_inputs < LARGE.lut_inputs:
        return small_tables.fifo_cost(width, depth, cells)
    place = counter_bits(depth)
    # A place wraps by itself where it can have every value; the one that is read stands twice.
    steps = 3.0 * depth.bit_length() + 3 if depth & (depth - 1) == 0 else 5.5 * depth.bit_length()
    control = UnitCost(steps, depth.bit_length() + 3 * place)
    return control + memory_cost(width, depth)


def memory_cost(width: int, words: int) -> UnitCost:
    """Return the cost of a memory that is written and read, by the cheaper kind."""
    if words == 1:
        return UnitCost(ff=width)
    tables = distributed(width, words)
    blocks = math.ceil(width / _BLOCK_BITS) * math.ceil(words / _BLOCK_WORDS) / 2
    if tables <= 300 * blocks:
        return UnitCost(lut=tables)
    return UnitCost(lut=width / 2, bram=blocks)


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
    biases = p["PE"] * p.get("BiasBits", 0)
    tables = rom_tables(biases, folds(p)[0]) if biases else 0.0
    made = _with_memory("hwg_matvec", p, p["PE"] * p["SIMD"] * p["WWidth"])
    return made + UnitCost(lut=tables)


def _with_memory(unit: str, p: Params, width: int) -> UnitCost:
    """Return the cost of a unit and of the memory of weights beside it, of so many bits a word."""
    whole = _in_sites(unit, _SHARES[p.get("Dsp", 0) > 0])(p)
    words = math.prod(folds(p))
    if p["BlockRom"]:
        blocks = math.ceil(width / _BLOCK_BITS) * math.ceil(words / _BLOCK_WORDS) / 2
        return whole + UnitCost(bram=blocks)
    return whole + UnitCost(lut=rom_tables(width, words), ff=width)


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
    "hwg_stream_thresholds": _in_sites("hwg_stream_thresholds", 0.72),
    "hwg_narrow": _in_sites("hwg_narrow", 0.8),
    "hwg_widen": _in_sites("hwg_widen", 0.8),
    "hwg_flow_buffer": lambda p: (
        fifo_cost(p["Width"], p["Depth"])
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
        return Cells(family.lut_inputs)
    return Cells(family.lut_inputs, family.bram_bits, family.bram_width)
