# SPDX-License-Identifier: Apache-2.0
"""Logic depth of a mapped netlist: how many look-up tables lie between two registers."""

from __future__ import annotations

from hwgen.errors import ToolFailed
from hwgen.synth.cells import CELLS, Cells
from hwgen.synth.netlist import Bit, Cell, Netlist

# Pins by which a carry comes from the position below.
_CARRY_IN = frozenset({"CI", "CIN", "CYINIT"})
_ADDRESS = ("A", "DPRA", "RAD")


def depth(netlist: Netlist) -> int:
    """Return the most look-up tables in a row on a path between registers, blocks and ports.

    A carry chain with the tables that belong to it counts as one level, however long it is, and a
    multiplexer that joins tables as none. Multipliers, memory blocks and black boxes end a path.

    Raises:
        ToolFailed: there is a loop that no register breaks.
    """
    known = CELLS[netlist.family]
    kinds = {*known.lut, *known.carry, *known.free}
    cells = [c for c in netlist.cells if c.is_lut or c.kind in kinds]
    driver = {b: i for i, c in enumerate(cells) for pin in c.outs for b in c.pins.get(pin, ())}
    tables = {b for c in cells if c.is_lut for pin in c.outs for b in c.pins.get(pin, ())}
    waits, readers = [0] * len(cells), dict[int, list[int]]()
    for i, cell in enumerate(cells):
        sources = {driver[b] for _, b in _reads(cell) if b in driver}
        waits[i] = len(sources)
        for source in sources:
            readers.setdefault(source, []).append(i)
    ready = [i for i, count in enumerate(waits) if not count]
    level: dict[Bit, int] = {}
    done = 0
    while ready:
        i = ready.pop()
        done += 1
        cell = cells[i]
        at = max((level.get(b, 0) + _step(cell, p, b, known, tables)
                  for p, b in _reads(cell)), default=0)  # fmt: skip
        for pin in cell.outs:
            level.update((b, at) for b in cell.pins.get(pin, ()) if isinstance(b, int))
        for reader in readers.get(i, ()):
            waits[reader] -= 1
            if not waits[reader]:
                ready.append(reader)
    if done < len(cells):
        raise ToolFailed("the netlist has a loop that no register breaks", "netlist")
    return max(level.values(), default=0)


def _reads(cell: Cell) -> list[tuple[str, Bit]]:
    """Return the inputs that the outputs follow without a clock."""
    memory = not cell.is_lut and ("RAM" in cell.kind or "DPR" in cell.kind)
    return [
        (pin, b)
        for pin, bits in cell.pins.items()
        if pin not in cell.outs and (not memory or pin.startswith(_ADDRESS))
        for b in bits
        if isinstance(b, int)
    ]


def _step(cell: Cell, pin: str, bit: Bit, known: Cells, tables: set[Bit]) -> int:
    """Return how many levels lie between an input of a cell and its outputs."""
    if cell.kind in known.free:
        return 0
    if cell.kind == "SB_CARRY":  # the table that takes the sum out is the level
        return 0
    if cell.kind in known.carry:
        if pin in _CARRY_IN:
            return 0
        # An AMD chain is fed by a table of its own, which is counted already.
        return 0 if cell.kind == "CARRY4" and bit in tables else 1
    return 1
