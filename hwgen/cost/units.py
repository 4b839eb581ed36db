# SPDX-License-Identifier: Apache-2.0
"""Cost of the stream units: formulas of their parameters, from what Yosys makes of them.

They are for tables of six inputs with memory in tables (AMD); on other families they are rough. A
product of tables takes 1.5 bits by bits and 10 (`make bench-stream` holds the units beside these).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Params = Mapping[str, int]
_BLOCK_BITS, _BLOCK_WORDS = 36, 512  # of half a block memory of 36 kbit
_TABLE_WORDS = 32  # words of a memory in tables, 14 bits in 8 of them


@dataclass(frozen=True)
class UnitCost:
    """Cost of a unit: tables, registers, DSP blocks, block memories of 36 kbit."""

    lut: float = 0.0
    ff: float = 0.0
    dsp: float = 0.0
    bram: float = 0.0

    def __add__(self, other: UnitCost) -> UnitCost:
        return UnitCost(
            self.lut + other.lut,
            self.ff + other.ff,
            self.dsp + other.dsp,
            self.bram + other.bram,
        )


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


def product_cost(a_bits: int, w_bits: int) -> float:
    """Return the tables of a product of two variables."""
    if min(a_bits, w_bits) == 1:
        return max(a_bits, w_bits) / 2
    return 1.5 * a_bits * w_bits + 10


def _matvec(p: Params) -> UnitCost:
    turns, steps = -(-p["Rows"] // p["PE"]), -(-p["Columns"] // p["SIMD"])
    products = p["PE"] * p["SIMD"]
    lut = 60 + 1.2 * p["PE"] * p["AccWidth"] + products * (p["AWidth"] + p["WWidth"] + 2)
    dsp = 0.0
    if p["Dsp"]:
        dsp = math.ceil(products / p["Dsp"])
        lut += (13 if p["Dsp"] == 2 else 0) * products
    else:
        lut += products * product_cost(p["AWidth"], p["WWidth"])
    ff = products * (p["AWidth"] + p["WWidth"]) + 2 * p["PE"] * p["AccWidth"]
    whole = UnitCost(lut, ff, dsp)
    if turns > 1 and steps > 1:
        whole += memory_cost(p["SIMD"] * p["AWidth"], steps)
    words, width = turns * steps, products * p["WWidth"]
    if p["BlockRom"]:
        blocks = math.ceil(width / _BLOCK_BITS) * math.ceil(words / _BLOCK_WORDS) / 2
        return whole + UnitCost(bram=blocks)
    return whole + UnitCost(lut=rom_tables(width, words), ff=width)


def rom_tables(width: int, words: int) -> float:
    """Return the tables of a memory of constants."""
    return width * max(words / 64, 0.25)


def _window(p: Params) -> UnitCost:
    rows, taps = p["KernelH"] - 1, p["KernelH"] * p["KernelW"]
    lut = 60.0
    whole = UnitCost(lut, 40 + taps * p["Width"])
    if rows:
        whole += memory_cost(rows * p["Width"], p["DilationH"] * p["W"] * p["CF"])
    columns = (p["KernelW"] - 1) * p["KernelH"] * p["Width"]
    deep = p["DilationW"] * p["CF"]
    return whole + (memory_cost(columns, deep) if deep > 1 else UnitCost(ff=columns))


def _narrow(p: Params) -> UnitCost:
    return UnitCost(lut=p["Width"] * p["Parts"] / 3 + 5, ff=counter_bits(p["Parts"]))


def _widen(p: Params) -> UnitCost:
    parts = p["Parts"]
    return UnitCost(lut=8 + parts, ff=(parts - 1) * p["Width"] + counter_bits(parts))


def _pool_blocks(p: Params) -> UnitCost:
    word = p["Lanes"] * p["OutWidth"]
    steps = (p["BlockW"] > 1) + (p["BlockH"] > 1)
    whole = UnitCost(60 + steps * word * (1.0 if p["Kind"] else 1.5), 40 + word)
    if p["BlockH"] > 1:
        whole += memory_cost(word, p["W"] // p["BlockW"] * p["CF"])
    return whole


COSTS: Mapping[str, Callable[[Params], UnitCost]] = {
    "hwg_fork": _fork,
    "hwg_matvec": _matvec,
    "hwg_window": _window,
    "hwg_pool_blocks": _pool_blocks,
    "hwg_narrow": _narrow,
    "hwg_widen": _widen,
    "hwg_flow_buffer": lambda p: (
        fifo_cost(p["Width"], p["Depth"])
        + UnitCost(lut=2 * p["Depth"].bit_length(), ff=p["Depth"].bit_length())
    ),
}


def unit_cost(unit: str, params: Params) -> UnitCost:
    """Return the cost of a unit with its parameters."""
    return COSTS[unit](params)
