# SPDX-License-Identifier: Apache-2.0
"""Cost of the stream units in tables of four inputs, as ECP5 has them.

Registers and DSP blocks are those of `hwgen.units.facts`. Look-up tables are counted anew, from
what Yosys makes of the units: a masked bit of an adder takes a table beside its carry position, a
choice of n words n - 1 tables a bit, a comparison a carry chain, and a memory in tables is made of
16 x 4 bits that take six of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from hwgen.units.facts import UnitCost, facts, with_defaults
from hwgen.units.geometry import folds
from hwgen.units.memories import Cells, FifoTables, RamStyle, bits, fifo_words

Params = Mapping[str, int]
_BANK, _BANK_BITS, _BANK_TABLES = 16, 4, 6  # of a memory in tables: words, bits, what it takes
_BANKED = 15  # tables that choose among the banks of a FIFO
_FIFO = FifoTables((7.5, -1.0), (9.0, -7.0), 1.0, 2)


def memory_tables(width: int, words: int) -> float:
    """Return the tables of a memory in tables, its choice among banks included."""
    banks = math.ceil(words / _BANK)
    return _BANK_TABLES * math.ceil(width / _BANK_BITS) * banks + 0.9 * width * (banks - 1)


def rom_tables(width: int, words: int) -> float:
    """Return the tables of a memory of constants: their leaves, and the choice among them."""
    return width * (0.8 if words <= _BANK else 1.75 * words / _BANK)


def fifo_cost(width: int, depth: int, style: int, cells: Cells) -> UnitCost:
    """Return the cost of a FIFO, as `hwgen.cost.units.fifo_cost` has it."""
    large = fifo_words(width, depth, style)
    tables = _FIFO.of(width, depth, style)
    if style == RamStyle.BLOCK and depth > 1:
        return UnitCost(tables, large.ff, bram=cells.blocks(width, depth))
    if style == RamStyle.REGISTERS or depth == 1:
        return UnitCost(tables, large.ff)
    banked = _BANKED if depth > _BANK else 0
    return UnitCost(tables + banked + memory_tables(width, depth), large.ff)


def _line(width: int, depth: int, style: int, cells: Cells) -> UnitCost:
    """Return the cost of ``hwg_line``, its registers left out."""
    if depth == 1 or style == 0:
        return UnitCost()
    if style == 1:
        return UnitCost(lut=2 * bits(depth) + memory_tables(width, depth))
    return UnitCost(lut=2 * bits(depth), bram=cells.blocks(width, depth))


def _tap_lines(
    lines: tuple[int, int], depth: int, style: int, tail: bool, cells: Cells
) -> UnitCost:
    """Return the cost of ``hwg_tap_lines``, its registers left out; see `tap_lines` of facts."""
    width, count = lines
    if depth == 1 or style == 0:
        return UnitCost()
    places = UnitCost(lut=(1.5 + tail * (2.5 + 2.2 * count)) * bits(depth))
    if style == 1:
        return places + UnitCost(lut=count * memory_tables(width, depth))
    # What is read while it is written is kept beside the memory.
    one = UnitCost(1.5 * width, 2 * width + 9, bram=cells.blocks(width, depth))
    return places + one.times(count)


def _window(p: Params, cells: Cells) -> UnitCost:
    high, wide, width = p["KernelH"], p["KernelW"], p["Width"]
    bare = with_defaults("hwg_window", {**p, "RowRam": 0, "ColumnRam": 0, "TapByTap": 0})
    one_row = p["H"] == 1
    made = UnitCost(lut=(0.7 if one_row else 1.1) * facts("hwg_window").cost(bare).lut)
    for side, kernel in ((p["W"], wide), (p["H"], high)):
        if bits(side + 1) > 4:  # comparisons are carry chains
            made += UnitCost(lut=6 * (kernel + (1 if one_row else 4.5)))
    rows, columns = p["DilationH"] * p["W"] * p["CF"], p["DilationW"] * p["CF"]
    tail = bool(p["PadBottom"] or p["PadRight"])
    made += _tap_lines((width, high - 1), rows, p["RowRam"], tail, cells)
    made += _tap_lines((high * width, wide - 1), columns, p["ColumnRam"], tail, cells)
    if p["TapByTap"]:
        made += _narrow({"Width": width, "Parts": high * wide, "Count": high * wide}, cells)
    return made


def _matvec(p: Params, cells: Cells) -> UnitCost:
    turns, steps = folds(p)
    lanes = p["SIMD"] * (p["PE"] if p["Depthwise"] else 1)
    bare = with_defaults("hwg_matvec", {**p, "BufferRam": 0})
    made = UnitCost(lut=facts("hwg_matvec").cost(bare).lut)
    each = 0.9 * p["AWidth"] * p["WWidth"] + 1.5 if p["Dsp"] == 0 else 4.0
    made += UnitCost(lut=p["PE"] * p["SIMD"] * each)
    if not p["Depthwise"] and turns > 1 and steps > 1:
        made += _line(lanes * p["AWidth"], steps, p["BufferRam"], cells)
    biases = p["PE"] * p.get("BiasBits", 0)
    made += UnitCost(lut=rom_tables(biases, turns) if biases else 0.0)
    return made + _weights(p, p["PE"] * p["SIMD"] * p["WWidth"], cells)


def _weights(p: Params, width: int, cells: Cells) -> UnitCost:
    """Return the cost of the memory of weights beside a unit, of so many bits a word."""
    turns, steps = folds(p)
    if p["BlockRom"]:
        return UnitCost(bram=cells.blocks(width, turns * steps))
    return UnitCost(lut=rom_tables(width, turns * steps))


def _xnor(p: Params, cells: Cells) -> UnitCost:
    turns, steps = folds(p)
    simd, acc = p["SIMD"], p["AccWidth"]
    walk = bits(turns) + bits(steps) + bits(turns * steps) + bits(p["Height"]) + bits(p["Width"])
    made = UnitCost(lut=1.8 * walk + 6)
    if turns > 1 and steps > 1:
        made += _line(simd, steps, p["BufferRam"], cells) + UnitCost(lut=simd / 2)
    places = p["Kinds"] * turns
    biases = acc * rom_tables(1, places) if places > 1 else 0.0
    row = (2 * simd - 1) + simd + 2 * acc + biases
    made += UnitCost(lut=p["PE"] * row)
    return made + _weights(p, p["PE"] * simd * (1 + p["Masked"]), cells)


def _narrow(p: Params, cells: Cells) -> UnitCost:
    parts, words = p["Parts"], bits(-(-p["Count"] // p["Parts"])) if p["Count"] % p["Parts"] else 0
    if parts == 1:
        return UnitCost()
    return UnitCost(lut=1.05 * p["Width"] * (parts - 1) + 1.5 * (bits(parts) + words) + 2)


def _blocks(p: Params, cells: Cells) -> UnitCost:
    word = p["Lanes"] * p["OutWidth"]
    each = 2 * word if p["Kind"] else 2.2 * word + p["Lanes"]
    counters = bits(p["CF"]) + 2 * bits(p["W"] + 1) + 2 * bits(p["H"] + 1)
    made = UnitCost(lut=2 * counters + 18)
    if p["BlockW"] > 1:
        made += _line(word, p["CF"], p["RamStyle"], cells) + UnitCost(lut=each)
    if p["BlockH"] > 1:
        depth = p["W"] // p["BlockW"] * p["CF"]
        made += _line(word, depth, p["RamStyle"], cells) + UnitCost(lut=each)
    return made


def _upsample(p: Params, cells: Cells) -> UnitCost:
    bare = with_defaults("hwg_upsample", {**p, "RowRam": 0, "PixelRam": 0})
    made = UnitCost(lut=facts("hwg_upsample").cost(bare).lut)
    if p["FactorH"] > 1:
        made += _line(p["Width"], p["W"] * p["CF"], p["RowRam"], cells)
    if p["FactorW"] > 1:
        made += _line(p["Width"], p["CF"], p["PixelRam"], cells)
    return made


def _reorder(p: Params, cells: Cells) -> UnitCost:
    words = p["Outer"] * p["Middle"] * p["Inner"]
    place, width = bits(words + 1), p["Width"]
    loops = sum(bits(p[name] + 1) for name in ("Outer", "Middle", "Inner") if p[name] > 1)
    made, whole = UnitCost(lut=5.2 * place + 2 * loops + 16), 2 << bits(words)
    if p["RamStyle"] == 2:
        return made + UnitCost(3 * width, 3 * width, bram=cells.blocks(width, whole))
    return made + UnitCost(lut=memory_tables(width, whole))


def _concat(p: Params, cells: Cells) -> UnitCost:
    many = p["Sources"]
    if many == 1:
        return UnitCost()
    choice = p["Width"] * -(-(2 * many - 1) // 3)
    return UnitCost(lut=choice + 2 * bits(p["MaxCount"]) + 4 * many)


def _thresholds(p: Params, cells: Cells) -> UnitCost:
    """Return the cost of steps by channel: a memory of cuts and a comparison a level."""
    cut = p["InWidth"] + 1
    lane = p["OutWidth"] * (1.0 if p["ValueTurns"] == 1 else 4.0)  # channels differ in few values
    for level in range(p["Levels"]):
        places = p["Turns"] * 2**level
        lane += cut
        if places > 1:
            lane += cut * (0.8 if places <= _BANK else 1.6 * places / _BANK)
    return UnitCost(lut=p["Lanes"] * lane)


def _scaled(unit: str, factor: float) -> Callable[[Params, Cells], UnitCost]:
    return lambda p, _: UnitCost(lut=factor * facts(unit).cost(with_defaults(unit, p)).lut)


def _flow_buffer(p: Params, cells: Cells) -> UnitCost:
    fifo = fifo_cost(p["Width"], p["Depth"], p["RamStyle"], cells)
    return UnitCost(fifo.lut + 2 * p["Depth"].bit_length(), bram=fifo.bram)


TABLES: Mapping[str, Callable[[Params, Cells], UnitCost]] = {
    "hwg_fork": lambda p, _: UnitCost(lut=3 * p["Sinks"] + 1),
    "hwg_matvec": _matvec,
    "hwg_xnor_matvec": _xnor,
    "hwg_window": _window,
    "hwg_pool_blocks": _blocks,
    "hwg_upsample": _upsample,
    "hwg_crop": _scaled("hwg_crop", 1.7),
    "hwg_pad": _scaled("hwg_pad", 1.0),
    "hwg_reorder": _reorder,
    "hwg_stream_extend": _scaled("hwg_stream_extend", 1.0),
    "hwg_stream_concat": _concat,
    "hwg_stream_thresholds": _thresholds,
    "hwg_narrow": _narrow,
    "hwg_widen": _scaled("hwg_widen", 1.3),
    "hwg_flow_buffer": _flow_buffer,
}


def in_small_tables(unit: str, params: Params, large: UnitCost, cells: Cells) -> UnitCost:
    """Return the cost of a unit with tables of four inputs.

    Args:
        unit: module.
        params: of it.
        large: its cost with tables of six inputs; of that are registers and DSP blocks.
        cells: of the family.
    """
    made = TABLES[unit]({**with_defaults(unit, params), **params}, cells)
    return UnitCost(made.lut, large.ff + made.ff, large.dsp, made.bram)
