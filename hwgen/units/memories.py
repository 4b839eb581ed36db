# SPDX-License-Identifier: Apache-2.0
"""Cost of a unit, and of the memories and delay lines that units are made of, on UltraScale+."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

_BLOCK_WIDTHS = ((512, 72), (1024, 36), (2048, 18), (4096, 9), (8192, 4), (16384, 2), (32768, 1))


class RamStyle(IntEnum):
    """Memory of a unit, as its parameter has it: ``RamStyle``, ``RowRam``, ``BufferRam`` and so on.

    ``ANY``, as the synthesis tool likes, is for FIFOs of cores that no planner sized.
    """

    REGISTERS = 0
    DISTRIBUTED = 1
    BLOCK = 2
    ANY = 3


@dataclass(frozen=True)
class UnitCost:
    """Cost of a unit on a device.

    Attributes:
        lut: tables, those of distributed RAM included.
        ff: registers.
        dsp: DSP blocks.
        bram: block RAMs of 36 Kbit, in halves.
    """

    lut: float = 0.0
    ff: float = 0.0
    dsp: int = 0
    bram: float = 0.0

    def __add__(self, other: UnitCost) -> UnitCost:
        return UnitCost(
            self.lut + other.lut, self.ff + other.ff, self.dsp + other.dsp, self.bram + other.bram
        )

    def times(self, count: int) -> UnitCost:
        """Return the cost of several."""
        return UnitCost(self.lut * count, self.ff * count, self.dsp * count, self.bram * count)


@dataclass(frozen=True)
class Cells:
    """Cells of a family that units are made of.

    Attributes:
        lut_inputs: of a look-up table.
        block_bits: of a block of memory.
        block_width: of its widest port.
        table_memory: whether its tables can hold memory that is written.
    """

    lut_inputs: int = 6
    block_bits: int = 36_864
    block_width: int = 72
    table_memory: bool = True

    @property
    def styles(self) -> tuple[RamStyle, ...]:
        """Memories that a unit can be made of."""
        if self.table_memory:
            return RamStyle.REGISTERS, RamStyle.DISTRIBUTED, RamStyle.BLOCK
        return RamStyle.REGISTERS, RamStyle.BLOCK

    def blocks(self, width: int, words: int) -> int:
        """Return the whole blocks of a memory; a narrower port is as much deeper."""
        wide, deep, best = self.block_width, self.block_bits // self.block_width, width * words
        while wide:
            best = min(best, -(-words // deep) * -(-width // wide))
            wide, deep = wide // 2, deep * 2
        return best


def bits(count: int) -> int:
    """Return the bits that tell *count* things apart: ``$clog2``."""
    return max(0, count - 1).bit_length()


def memory(width: int, depth: int, style: int) -> UnitCost:
    """Return the cost of a delay line, ``hwg_line``: 0 registers, 1 distributed, 2 block RAM."""
    if depth == 1 or style == 0:
        return UnitCost(ff=width * depth)
    place = UnitCost(lut=1.5 * bits(depth), ff=bits(depth))
    if style == RamStyle.DISTRIBUTED:  # the place stands twice, where it is read and written
        return place + UnitCost(lut=distributed(width, depth), ff=bits(depth))
    return place + UnitCost(lut=bits(depth), bram=blocks(width, depth))


def fifo_words(width: int, depth: int, style: int) -> UnitCost:
    """Return what the words of ``hwg_fifo`` take, and its counters, without the logic of either."""
    control = UnitCost(ff=bits(depth + 1) + 3 * bits(depth))  # the place that is read stands twice
    if style == RamStyle.REGISTERS or depth == 1:
        return control + UnitCost(ff=width * depth)
    if style == RamStyle.BLOCK:  # it has a register for its place; what goes round it has others
        return control + UnitCost(ff=width + 1 - bits(depth), bram=blocks(width, depth))
    return control + UnitCost(lut=distributed(width, depth))


@dataclass(frozen=True)
class FifoTables:
    """Tables of the logic of ``hwg_fifo`` in a kind of tables.

    Attributes:
        wrapping: of its counters where places wrap by themselves: a bit of the count, and always.
        walking: likewise where they do not.
        choice: a bit where one of two words is chosen.
        ways: words among which a table chooses.
    """

    wrapping: tuple[float, float]
    walking: tuple[float, float]
    choice: float
    ways: int

    def of(self, width: int, depth: int, style: int) -> float:
        """Return them for a FIFO of *depth* words of *width* bits in some memory."""
        count = bits(depth + 1)
        step, always = self.wrapping if depth & (depth - 1) == 0 else self.walking
        tables = (step * count + always) * (0.65 if depth <= 2 else 1.0)
        if style == RamStyle.REGISTERS and depth > 1:
            return tables + width * max(self.choice, (depth - 1) / (self.ways - 1)) + depth / 2
        if style == RamStyle.BLOCK and depth > 1:
            return tables + self.choice * width + 1.5 * count
        return tables


def tap_lines(lines: tuple[int, int], depth: int, style: int, tail: bool) -> UnitCost:
    """Return the cost of ``hwg_tap_lines``.

    Args:
        lines: bits of one, and how many.
        depth: places of a line.
        style: as of `memory`.
        tail: whether a second walker steps through them.
    """
    width, count = lines
    if depth == 1 or style == 0:
        return UnitCost(ff=width * count * depth)
    place = bits(depth)
    made = UnitCost(lut=(1.5 + 2.5 * tail) * place, ff=(1 + tail) * place)
    if style == 1:
        choice = 2.2 * count * place * tail  # whose place is read, and written, line by line
        return made + UnitCost(lut=count * distributed(width, depth) + choice)
    return made + UnitCost(lut=place, bram=count * blocks(width, depth))


def distributed(width: int, depth: int) -> float:
    """Return the tables of a distributed RAM with one write and one read port on UltraScale+.

    Eight tables are 14 bits of 32 words or 7 bits of 64 words; longer ones take a multiplexer.
    """
    if depth <= 32:
        return 8 * -(-width // 14)
    parts = -(-depth // 64)
    return 8.0 * -(-width // 7) * parts + width * -(-(parts - 1) // 3)


def blocks(width: int, depth: int) -> float:
    """Return the block RAMs of 36 Kbit of a memory with one write and one read port, in halves."""
    best = float("inf")
    for deep, wide in _BLOCK_WIDTHS:
        whole = -(-depth // deep)
        # Half a block is as deep at half the width.
        halves = -(-width // (wide / 2)) if wide > 1 else 2 * width
        best = min(best, whole * halves / 2)
    return best
