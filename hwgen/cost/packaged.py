# SPDX-License-Identifier: Apache-2.0
"""Packaged core: what a design takes, and how fast it is, behind AXI-Stream.

A sample travels in beats, and waits in three buffers: where its beats come together, in the FIFO
behind the core, and where the result leaves beat by beat. Registers are counted one by one. Tables
follow what Yosys makes of the units of ``rtl/axi`` and ``rtl/flow``: most of them are one a bit,
the rest grow with beats and counters. A test holds both within 15 % of mapped designs on ECP5,
Nexus and AMD parts. On iCE40, whose FIFO has no memory in tables, they are up to 40 % high where
outputs have bits that never change; on Gowin parts they are rough.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hwgen.cost.estimate import Estimate
from hwgen.cost.figures import PackagedFigures, Resources
from hwgen.design.frame import Frame, buffer_depth
from hwgen.design.types import Design, Port
from hwgen.target.family import Family

PIPE = 2  # cycles that FIFO and output add


@dataclass(frozen=True)
class _Tables:
    """Look-up tables of the buffers in one family.

    Attributes:
        gather: of the input buffer: always, for each bit of its counter, for each beat.
        send: of the output buffer: always, for each bit of its counter, for each shifted bit.
        queue: of the FIFO: always, for each bit of its counters.
        memory: words, bits and tables of a memory made of tables; no words: there is none.
    """

    gather: tuple[float, float, float]
    send: tuple[float, float, float]
    queue: tuple[float, float]
    memory: tuple[int, int, int]


_LUT4 = _Tables((12, 1.7, 1.23), (7.5, 1.7, 1), (-3, 10), (16, 4, 6))
_TABLES = {
    "ultrascale_plus": _Tables((9, 1.5, 0.67), (1.5, 2.3, 1), (-2, 7), (32, 14, 8)),
    "ultrascale": _Tables((9, 1.5, 0.67), (1.5, 2.3, 1), (-2, 7), (32, 14, 8)),
    "series7": _Tables((9, 1.5, 0.67), (1.5, 2.3, 1), (-2, 7), (32, 6, 4)),
    "ecp5": _LUT4,
    "nexus": _Tables((12, 1.7, 1.23), (8, 2, 1), (1, 10), (16, 4, 6)),
    "gowin": _Tables((32, 4, 1.23), (8, 2, 2), (2, 12), (16, 4, 4)),
    "ice40": _Tables((12, 1.7, 1.23), (7.5, 1.7, 1), (-2, 13), (0, 0, 0)),
}
# Registers behind AXI4-Lite, and what stands in a stream for them, as Yosys maps the units.
_REGISTERS, _SPLIT, _JOIN = (275, 294), (5, 2), (59, 33)  # LUT of six inputs and FF
_REGISTERS4, _SPLIT4, _JOIN4 = (360, 294), (7, 2), (100, 33)  # of four inputs
_REGISTER_WORDS = 4  # without memory in tables: a FIFO up to so deep is made of registers
_BLOCK_BITS = 16  # width of a memory block there
_FORK = 3  # tables for each output where there are several


def _counter(count: int) -> int:
    """Return the bits of a counter of so many steps; a unit has one bit for a single step, too."""
    return max((count - 1).bit_length(), 1)


def _gather(port: Port, beats: int, tables: _Tables) -> Estimate:
    base, step, each = tables.gather
    counter = _counter(beats)
    lut = base + step * (counter if beats > 1 else 0) + each * beats
    return Estimate(lut=round(lut), ff=port.bits + counter + 3)


def _send(port: Port, beats: int, data_width: int, tables: _Tables) -> Estimate:
    base, step, each = tables.send
    counter = _counter(beats)
    first = data_width // Frame.of(port, data_width).container * port.fixed.width
    shifted = max(port.bits - first, 0) if beats > 1 else 0
    lut = base + step * (counter if beats > 1 else 0) + each * shifted
    return Estimate(lut=round(lut), ff=port.bits + counter + 1)


def _queue(width: int, depth: int, tables: _Tables) -> Estimate:
    """Return credit counter and FIFO of *depth* words of *width* bits."""
    base, step = tables.queue
    place, count = _counter(depth), depth.bit_length()
    lut, words = base + step * count, tables.memory[0]
    if words:
        _, bits, cost = tables.memory
        banks = -(-depth // words)
        lut += cost * -(-width // bits) * banks + width * (banks - 1)
        return Estimate(lut=round(lut), ff=2 * count + 3 * place)
    if depth <= _REGISTER_WORDS:
        lut += width * min(depth - 1, 2)
        return Estimate(lut=round(lut), ff=2 * count + 3 * place + depth * width)
    # A block reads a cycle late: what was just written goes round it.
    ff = 2 * (count + place) + width + 1
    return Estimate(lut=round(lut + width), ff=ff, bram=-(-width // _BLOCK_BITS))


def packaged(design: Design, core: Estimate, family: Family) -> PackagedFigures:
    """Return the figures of a design's AXI-Stream top.

    Args:
        design: the design.
        core: what it takes by itself, as `hwgen.cost.estimate.estimate` gives it.
        family: that it is for; one that was never measured counts as ECP5.
    """
    if design.style == "stream":
        return _words(design, core, family)
    tables, width = _TABLES.get(family.name, _LUT4), design.data_width
    coming = [Frame.of(port, width).beats for port in design.inputs]
    going = [Frame.of(port, width).beats for port in design.outputs]
    parts = [
        *(_gather(port, n, tables) for port, n in zip(design.inputs, coming, strict=True)),
        *(_send(port, n, width, tables) for port, n in zip(design.outputs, going, strict=True)),
        _queue(sum(port.bits for port in design.outputs), buffer_depth(design), tables),
    ]
    forks = len(going) if len(going) > 1 else 0
    interval = max(design.interval, *coming, *going)
    limit = "core"
    if interval > design.interval:
        limit = "input beats" if max(coming) == interval else "output beats"
    buffers = Estimate(
        lut=sum(part.lut for part in parts) + _FORK * forks,
        ff=sum(part.ff for part in parts) + forks + 1,
        bram=sum(part.bram for part in parts),
    )
    latency = max(coming) + design.latency + PIPE
    whole = core + buffers
    return PackagedFigures(
        width,
        latency,
        interval,
        limit,
        _resources(whole),
        _resources(buffers),
        _resources(_registers(len(coming), len(going), family)),
    )


def _registers(inputs: int, outputs: int, family: Family) -> Estimate:
    """Return the register block of the packaged IP, and its units in the streams."""
    block, split, join = _REGISTERS, _SPLIT, _JOIN
    if family.lut_inputs < 6:
        block, split, join = _REGISTERS4, _SPLIT4, _JOIN4
    lut, ff = (block[k] + inputs * split[k] + outputs * join[k] for k in (0, 1))
    return Estimate(lut=lut, ff=ff)


def _words(design: Design, core: Estimate, family: Family) -> PackagedFigures:
    """Return the figures of a stream design's AXI-Stream top, where frames become words.

    Each port has a buffer of a beat and a word that is filled and emptied in steps of some bytes. A
    sample that finds nobody before it leaves within the stated latency, from its first beat to the
    last one of its result.
    """
    width, lut, ff, latency = design.data_width, 0.0, 0, design.latency + PIPE
    beats = []
    for port in (*design.inputs, *design.outputs):
        frame, link = Frame.of(port, width), design.link(port.link)
        word = len(link.fields) * frame.container
        step = 8 * math.gcd(width // 8, word // 8)
        held = width + word
        lut += 30 + held * (2 + math.log2(held / step)) / 2
        ff += held + 2 * _counter(frame.beats) + 8
        latency += max(0, frame.beats - link.words)
        beats.append(frame.beats)
    interval = max(design.interval, *beats)
    coming = max(beats[: len(design.inputs)])
    side = "input beats" if coming == interval else "output beats"
    limit = side if interval > design.interval else "core"
    buffers = Estimate(lut=round(lut), ff=ff)
    whole = core + buffers
    registers = _registers(len(design.inputs), len(design.outputs), family)
    return PackagedFigures(
        width,
        latency,
        interval,
        limit,
        _resources(whole),
        _resources(buffers),
        _resources(registers),
    )


def crossed(design: Design, family: Family) -> Estimate:
    """Return what a clock of their own for the AXI ports takes; nothing where there is one clock.

    A stream has a FIFO of 8 beats, read at once, between two counts that pass two registers each
    way; beside them are two resets and a level. Tables of the counts follow what Yosys makes of
    ``hwg_axis_cross``.
    """
    if design.axi_mhz is None:
        return Estimate()
    words, bits, cost = _TABLES.get(family.name, _LUT4).memory
    beat, depth, count = design.data_width + design.data_width // 8 + 1, 8, 4
    counts = 19 if family.lut_inputs >= 6 else 28
    if words:
        each = Estimate(lut=counts + cost * -(-beat // bits), ff=8 * count)
    else:  # places of registers, and a choice of one
        each = Estimate(lut=counts + 6 * beat, ff=8 * count + depth * beat)
    streams = len(design.inputs) + len(design.outputs)
    return Estimate(lut=streams * each.lut + 2, ff=streams * each.ff + 10)


def crossed_lines(design: Design, family: Family) -> tuple[str, ...]:
    """Return the note of a design whose AXI ports have a clock of their own, if they have."""
    if design.axi_mhz is None:
        return ()
    taken = crossed(design, family)
    frames = [Frame.of(p, design.data_width).beats for p in (*design.inputs, *design.outputs)]
    rate = 1e6 * min(design.clock_mhz / max(design.interval, *frames), design.axi_mhz / max(frames))
    return (
        f"the AXI ports have a clock of their own, {design.axi_mhz:g} MHz: the way between the "
        f"clocks takes about {taken.lut:,} LUT and {taken.ff:,} FF more, 2 to 3 cycles of the core "
        f"and 2 to 3 of AXI, and leaves {rate:,.0f} samples a second",
    )


def _resources(taken: Estimate) -> Resources:
    return Resources(taken.lut, taken.ff, taken.dsp, taken.bram)
