# SPDX-License-Identifier: Apache-2.0
"""Facts of the stream units that a header cannot say as a number: latency, interval and cost.

Each is a function of the parameters alone. Simulation holds latency and interval against the RTL
(tests/rtl), ``make bench-stream`` holds the cost against synthesis for AMD's UltraScale+. The cost
counts what the RTL writes down: registers bit by bit, a table for every bit of an adder, and the
sites of distributed RAM.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hwgen.errors import HwgenError
from hwgen.units.geometry import Params, folds, padded, reorder_words, window_lags, window_sizes
from hwgen.units.library import find_unit
from hwgen.units.memories import (
    FifoTables,
    bits,
    blocks,
    distributed,
    fifo_words,
    memory,
    tap_lines,
)
from hwgen.units.memories import UnitCost as UnitCost

_FIFO = FifoTables((4.5, 3.0), (6.7, 0.0), 0.95, 4)
DIGIT = 4  # bits of an activation that one chain of adders takes, see hwg_dot


@dataclass(frozen=True)
class Facts:
    """Facts of a unit, as functions of its parameters.

    Attributes:
        latency: cycles from the word that completes a result until that is offered.
        interval: cycles a frame (a map, a vector, a group; a word where there is no frame).
        cost: what it takes.
    """

    latency: Callable[[Params], int]
    interval: Callable[[Params], int]
    cost: Callable[[Params], UnitCost]


def facts(module: str) -> Facts:
    """Return the facts of a unit.

    Raises:
        HwgenError: there are none.
    """
    if module not in _FACTS:
        raise HwgenError(f"no facts of {module}", "hwgen/units/facts.py", "add a row")
    return _FACTS[module]


def with_defaults(module: str, params: Mapping[str, int | str]) -> dict[str, int]:
    """Return the numeric parameters of a unit, those that are not given by their default."""
    unit = find_unit(module)
    known = {p.name: int(p.default) for p in unit.parameters if not p.vector}
    return known | {name: int(value) for name, value in params.items() if name in known}


def levels(params: Params) -> int:
    """Return the levels of adders of a dot product: parameters of ``hwg_matvec``."""
    digits = -(-params["AWidth"] // DIGIT) if params["Dsp"] == 0 else 1
    return bits(params["SIMD"]) + bits(digits)


def _window_latency(params: Params) -> int:
    return 1


def _window_interval(params: Params) -> int:
    """Cycles a map; with TapByTap at a stride of 1, else a bound below."""
    whole = params["H"] * params["W"] * params["CF"]
    if not params["TapByTap"]:
        return whole
    rows, columns = window_sizes(params)
    taps = params["KernelH"] * params["KernelW"]
    return max(whole, rows * columns * params["CF"] * taps)


def _window_cost(params: Params) -> UnitCost:
    p = params
    high, wide, width = p["KernelH"], p["KernelW"], p["Width"]
    edge = high + wide if p["Border"] else 0
    word = high * wide * width + edge
    x, y = bits(p["W"] + 1), bits(p["H"] + 1) if p["H"] > 1 else 0
    tail = bool(p["PadBottom"] or p["PadRight"])
    counters = 2 * (x + y)  # of pixels and of windows
    if tail:
        counters += x + y + 1
    elif not any(window_lags(p)):
        counters = x + y  # a window leaves with its pixel
    counters += bits(p["CF"]) * (1 + tail)
    counters += sum(bits(p[f"Stride{a}"]) for a in "HW")
    made = UnitCost(lut=1.7 * counters + high * wide + 8, ff=word + counters + 1)
    if high > 1:
        depth = p["DilationH"] * p["W"] * p["CF"]
        made += tap_lines((width, high - 1), depth, p["RowRam"], tail)
    if wide > 1:
        depth = p["DilationW"] * p["CF"]
        made += tap_lines((high * width, wide - 1), depth, p["ColumnRam"], tail)
    if p["TapByTap"]:
        made += _narrow_cost({"Width": width, "Parts": high * wide, "Count": high * wide})
    return made


def _narrow_cost(params: Params) -> UnitCost:
    parts, width = params["Parts"], params["Width"]
    if parts == 1:
        return UnitCost()
    rest = params["Count"] % parts
    words = bits(-(-params["Count"] // parts)) if rest else 0
    place = bits(parts)
    # A table chooses among four.
    tables = width * (1 if parts <= 4 else max(4.0, 0.55 * parts))
    return UnitCost(lut=tables + 1.5 * (place + words) + 2, ff=place + words)


def _widen_cost(params: Params) -> UnitCost:
    parts, width = params["Parts"], params["Width"]
    if parts == 1:
        return UnitCost()
    rest = params["Count"] % parts
    words = bits(-(-params["Count"] // parts)) if rest else 0
    gates = (parts - rest + 1) * width if rest else 0
    place = bits(parts)
    lut = gates + 1.5 * (place + words) + parts
    return UnitCost(lut=lut, ff=(parts - 1) * width + place + words)


def _dot_cost(params: Params) -> UnitCost:
    """UnitCost of the products and trees of one row of ``hwg_matvec``, half of two with Dsp 2."""
    a, w, simd, dsp = (params[k] for k in ("AWidth", "WWidth", "SIMD", "Dsp"))
    acc, signed = params["AccWidth"], params["WSigned"]
    full = a + w + (not signed and not params["ASigned"])
    digits = [min(DIGIT, a - at) for at in range(0, a, DIGIT)] if dsp == 0 else [0]
    lut, ff, blocks_ = 0.0, 0.0, 0
    rest = w + (1 if signed else 2)
    leaf = full
    if dsp == 0:
        leaf = rest - 1 + digits[0]
        lut += simd * sum(w + (many - 1) * rest for many in digits)
        ff += simd * sum(rest - 1 + many for many in digits)
    else:
        ff += simd * full
        blocks_ = simd if dsp == 1 else -(-simd // 2)
        if dsp == 2:  # what the lower products have borrowed, and the pair of weights
            own = (simd + 1) // 4 if simd > 2 else (simd + 1) // 2
            lut += (own * full + simd * (w + 1)) / 2
    above = bits(simd)
    for h in range(1, above + 1):
        nodes, width = -(-simd // 2**h), min(leaf + h, full + above, acc)
        adders = (simd + 2 ** (h - 1) - 1) // 2 ** (h - 1) // 2
        lut += len(digits) * adders * width
        if h % 2 == 0 or (h == above and len(digits) == 1):
            ff += len(digits) * nodes * width
    many, top = len(digits), bits(len(digits))
    for up in range(1, top + 1):
        adders, nodes = many // 2, -(-many // 2)
        grown = min(leaf + above + up + DIGIT * (2**up - 1), full + above, acc)
        lut += adders * (grown - DIGIT * 2 ** (up - 1))
        if (above + up) % 2 == 0 or up == top:
            ff += nodes * grown
        many = nodes
    return UnitCost(lut, ff, blocks_)


def _matvec_latency(params: Params) -> int:
    return 3 + (levels(params) + 1) // 2


def _matvec_interval(params: Params) -> int:
    turns, steps = folds(params)
    return turns * steps


def _matvec_cost(params: Params) -> UnitCost:
    p = params
    turns, steps = folds(p)
    lanes = p["SIMD"] * (p["PE"] if p["Depthwise"] else 1)
    depth = 2 + (levels(p) + 1) // 2
    control = bits(turns * steps) + bits(turns) + bits(steps) + 3 * depth + 1
    made = UnitCost(lut=1.3 * (bits(turns * steps) + bits(turns) + bits(steps)) + 12, ff=control)
    made += UnitCost(ff=lanes * p["AWidth"])
    if not p["Depthwise"] and turns > 1 and steps > 1:
        made += memory(lanes * p["AWidth"], steps, p["BufferRam"])
        made += UnitCost(
            lut=lanes * p["AWidth"]
        )  # the word that comes, or the one that comes again
    made += _dot_cost(p).times(p["PE"])
    return made + UnitCost(lut=p["PE"] * p["AccWidth"], ff=p["PE"] * p["AccWidth"])


def _xnor_latency(params: Params) -> int:
    return 6


def _popcount_cost(params: Params) -> UnitCost:
    """Cost of a count: a table for five bits that become three, level by level."""
    left, fives, first = params["Count"], 0, (params["Count"] + 2) // 4
    for _ in range(bits(params["Count"] + 1)):
        made = (left + 2) // 4
        fives, left = fives + made, 2 * made
    return UnitCost(fives, 2 * first + 1 + bits(params["Count"] + 1))


def _xnor_cost(params: Params) -> UnitCost:
    """Cost without the memory of the weights."""
    p = params
    turns, steps = folds(p)
    simd, acc = p["SIMD"], p["AccWidth"]
    walk = bits(turns) + bits(steps) + bits(turns * steps) + bits(p["Height"]) + bits(p["Width"])
    places = p["Kinds"] * turns
    made = UnitCost(lut=1.3 * walk + 6, ff=walk + 4 * (3 + bits(places)) + 3 + simd)
    if turns > 1 and steps > 1:
        made += memory(simd, steps, p["BufferRam"]) + UnitCost(lut=simd / 2)
    matches = UnitCost(lut=simd, ff=simd)
    sums = UnitCost(lut=2 * acc, ff=acc + (1 if p["SignOnly"] else acc))
    biases = UnitCost(lut=acc * places / 64, ff=acc) if places > 1 else UnitCost()
    row = matches + _popcount_cost({"Count": simd}) + sums + biases
    return made + row.times(p["PE"])


def _skid_cost(params: Params) -> UnitCost:
    return UnitCost(lut=params["Width"] + 3, ff=2 * params["Width"] + 2)


def _fifo_cost(params: Params) -> UnitCost:
    sizes = params["Width"], params["Depth"], params["RamStyle"]
    return fifo_words(*sizes) + UnitCost(lut=_FIFO.of(*sizes))


def _one(params: Params) -> int:
    return 1


def _none(params: Params) -> int:
    return 0


def _pool_latency(params: Params) -> int:
    return 1 + (bits(params["Taps"]) + 1) // 2


def _pool_cost(params: Params) -> UnitCost:
    p = params
    node = max(p["Width"], p["OutWidth"])
    taps, lanes = p["Taps"], p["Lanes"]
    each = node if p["Kind"] else 1.5 * node + 1  # a comparison is half a table a bit
    lut = lanes * (taps - 1) * each + 2
    ff: float = lanes * taps * p["Width"] + 1 + (bits(taps) + 1) // 2
    above = bits(taps)
    for h in range(1, above + 1):
        if h % 2 == 0 or h == above:
            ff += lanes * -(-taps // 2**h) * node
    return UnitCost(lut, ff)


def _map_interval(params: Params) -> int:
    return params["H"] * params["W"] * params["CF"]


def _upsample_interval(params: Params) -> int:
    return _map_interval(params) * params["FactorH"] * params["FactorW"]


def _blocks_cost(params: Params) -> UnitCost:
    p = params
    word = p["Lanes"] * p["OutWidth"]
    each = word if p["Kind"] else 1.6 * word + p["Lanes"]
    counters = bits(p["CF"]) + 2 * bits(p["W"] + 1) + 2 * bits(p["H"] + 1)
    made = UnitCost(lut=1.3 * counters + 12, ff=counters + word + 1)
    if p["BlockW"] > 1:
        made += memory(word, p["CF"], p["RamStyle"]) + UnitCost(lut=each)
    if p["BlockH"] > 1:
        depth = p["W"] // p["BlockW"] * p["CF"]
        made += memory(word, depth, p["RamStyle"]) + UnitCost(lut=each)
    return made


def _upsample_cost(params: Params) -> UnitCost:
    p = params
    counters = sum(bits(p[name]) for name in ("CF", "W", "FactorH", "FactorW"))
    made = UnitCost(lut=1.3 * counters + 8, ff=counters)
    if p["FactorH"] > 1:
        made += memory(p["Width"], p["W"] * p["CF"], p["RowRam"])
    if p["FactorW"] > 1:
        made += memory(p["Width"], p["CF"], p["PixelRam"])
    factors = (p["FactorH"] > 1) + (p["FactorW"] > 1)
    return made + UnitCost(lut=p["Width"] * factors)


def _pad_interval(params: Params) -> int:
    rows, columns = padded(params)
    return rows * columns * params["CF"]


def _pad_cost(params: Params) -> UnitCost:
    rows, columns = padded(params)
    counters = bits(rows) + bits(columns) + bits(params["CF"])
    return UnitCost(lut=2.2 * counters + 4 + params["Width"], ff=counters)


def _crop_cost(params: Params) -> UnitCost:
    counters = bits(params["H"]) + bits(params["W"]) + bits(params["CF"])
    return UnitCost(lut=2.2 * counters + 4, ff=counters)


def _reorder_latency(params: Params) -> int:
    return 2


def _reorder_cost(params: Params) -> UnitCost:
    p, words = params, reorder_words(params)
    place = bits(words + 1)
    loops = sum(bits(p[name] + 1) for name in ("Outer", "Middle", "Inner") if p[name] > 1)
    made = UnitCost(lut=4 * place + 1.5 * loops + 12, ff=4 * place + loops + 5)
    if p["RamStyle"] == 2:
        return made + UnitCost(bram=blocks(p["Width"], 2 << bits(words)))
    return made + UnitCost(lut=distributed(p["Width"], 2 << bits(words)), ff=p["Width"])


def _concat_cost(params: Params) -> UnitCost:
    p, left = params, bits(params["MaxCount"])
    many = p["Sources"]
    if many == 1:
        return UnitCost()
    # A table of six inputs chooses among three by a bit of the turn each.
    lut = p["Width"] * -(-(2 * many - 1) // 5) + 1.5 * left + 3 * many
    return UnitCost(lut=lut, ff=many + left)


def _thresholds_latency(params: Params) -> int:
    return params["Levels"] + 1


def _thresholds_cost(params: Params) -> UnitCost:
    p, cut = params, params["InWidth"] + 1
    lut = p["OutWidth"] * max(p["ValueTurns"] * 2 ** p["Levels"] / 64, 0.5)
    ff = float(p["OutWidth"])
    for level in range(p["Levels"]):
        places = p["Turns"] * 2**level
        lut += cut * (0.85 + (max(places / 64, 0.5) if places > 1 else 0))
        ff += level + 1 + (cut - 1 if level < p["Levels"] - 1 else 0)
        if (level == 0) != (p["Turns"] == 1):  # Yosys moves the address' register behind the table
            ff += 0.6 * cut
    walk = bits(p["Turns"]) * (p["Levels"] + 1) + p["Levels"] + 1
    return UnitCost(p["Lanes"] * lut + walk, p["Lanes"] * ff + walk)


def _count(params: Params) -> int:
    return params["Count"]


_FACTS: Mapping[str, Facts] = {
    "hwg_window": Facts(_window_latency, _window_interval, _window_cost),
    "hwg_matvec": Facts(_matvec_latency, _matvec_interval, _matvec_cost),
    "hwg_popcount": Facts(lambda params: 2, _one, _popcount_cost),
    "hwg_xnor_matvec": Facts(_xnor_latency, _matvec_interval, _xnor_cost),
    "hwg_narrow": Facts(_none, _count, _narrow_cost),
    "hwg_widen": Facts(_none, _count, _widen_cost),
    "hwg_fifo": Facts(_one, _one, _fifo_cost),
    "hwg_skid": Facts(_one, _one, _skid_cost),
    "hwg_pool": Facts(_pool_latency, _one, _pool_cost),
    "hwg_pool_blocks": Facts(_one, _map_interval, _blocks_cost),
    "hwg_stream_thresholds": Facts(_thresholds_latency, _one, _thresholds_cost),
    "hwg_upsample": Facts(_none, _upsample_interval, _upsample_cost),
    "hwg_crop": Facts(_none, _map_interval, _crop_cost),
    "hwg_pad": Facts(_none, _pad_interval, _pad_cost),
    "hwg_reorder": Facts(_reorder_latency, reorder_words, _reorder_cost),
    "hwg_stream_extend": Facts(_none, _one, lambda params: UnitCost()),
    "hwg_stream_concat": Facts(_none, _one, _concat_cost),
}
