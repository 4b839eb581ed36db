# SPDX-License-Identifier: Apache-2.0
"""Cost of the stream units: formulas of their parameters, from what Yosys makes of them.

They are for tables of six inputs with memory in tables (AMD); on other families they are rough.
`hwgen.units.facts` has those that `make bench-stream` holds against synthesis.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from hwgen.units.facts import UnitCost as UnitCost
from hwgen.units.facts import facts, with_defaults

Params = Mapping[str, int]
_BLOCK_BITS, _BLOCK_WORDS = 36, 512  # of half a block memory of 36 kbit
_TABLE_WORDS = 32  # words of a memory in tables, 14 bits in 8 of them


def counter_bits(count: int) -> int:
    """Return the bits of a counter of so many steps."""
    return max((count - 1).bit_length(), 1)


def fifo_cost(width: int, depth: int) -> UnitCost:
    """Return the cost of a FIFO in distributed memory, or in block memory where it is deep."""
    place = counter_bits(depth)
    control = UnitCost(7 * depth.bit_length() - 2, depth.bit_length() + 2 * place)
    return control + memory_cost(width, depth)


def memory_cost(width: int, words: int) -> UnitCost:
    """Return the cost of a memory that is written and read, by the cheaper kind."""
    banks = math.ceil(words / _TABLE_WORDS)
    tables = 8 * math.ceil(width / 14) * banks + width * (banks - 1) / 2
    blocks = math.ceil(width / _BLOCK_BITS) * math.ceil(words / _BLOCK_WORDS) / 2
    if tables <= 300 * blocks:
        return UnitCost(lut=tables)
    return UnitCost(lut=width / 2, bram=blocks)


def _fork(params: Params) -> UnitCost:
    return UnitCost(lut=2 * params["Sinks"], ff=params["Sinks"])


def _of_facts(unit: str) -> Callable[[Params], UnitCost]:
    return lambda params: facts(unit).cost(with_defaults(unit, params))


def _xnor_matvec(p: Params) -> UnitCost:
    return _with_memory("hwg_xnor_matvec", p, p["PE"] * p["SIMD"] * (1 + p["Masked"]))


def _matvec(p: Params) -> UnitCost:
    return _with_memory("hwg_matvec", p, p["PE"] * p["SIMD"] * p["WWidth"])


def _with_memory(unit: str, p: Params, width: int) -> UnitCost:
    """Return the cost of a unit and of the memory of weights beside it, of so many bits a word."""
    whole = _of_facts(unit)(p)
    words = -(-p["Rows"] // p["PE"]) * -(-p["Columns"] // p["SIMD"])
    if p["BlockRom"]:
        blocks = math.ceil(width / _BLOCK_BITS) * math.ceil(words / _BLOCK_WORDS) / 2
        return whole + UnitCost(bram=blocks)
    return whole + UnitCost(lut=rom_tables(width, words), ff=width)


def rom_tables(width: int, words: int) -> float:
    """Return the tables of a memory of constants."""
    return width * max(words / 64, 0.25)


COSTS: Mapping[str, Callable[[Params], UnitCost]] = {
    "hwg_fork": _fork,
    "hwg_matvec": _matvec,
    "hwg_xnor_matvec": _xnor_matvec,
    "hwg_window": _of_facts("hwg_window"),
    "hwg_pool_blocks": _of_facts("hwg_pool_blocks"),
    "hwg_upsample": _of_facts("hwg_upsample"),
    "hwg_crop": _of_facts("hwg_crop"),
    "hwg_pad": _of_facts("hwg_pad"),
    "hwg_reorder": _of_facts("hwg_reorder"),
    "hwg_stream_thresholds": _of_facts("hwg_stream_thresholds"),
    "hwg_narrow": _of_facts("hwg_narrow"),
    "hwg_widen": _of_facts("hwg_widen"),
    "hwg_flow_buffer": lambda p: (
        fifo_cost(p["Width"], p["Depth"])
        + UnitCost(lut=2 * p["Depth"].bit_length(), ff=p["Depth"].bit_length())
    ),
}


def unit_cost(unit: str, params: Params) -> UnitCost:
    """Return the cost of a unit with its parameters."""
    return COSTS[unit](params)
