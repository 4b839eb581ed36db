# SPDX-License-Identifier: Apache-2.0
"""Resources of a mapped netlist, counted as a vendor counts them.

On AMD parts the bare number of cells misleads, because one LUT6 site can hold two functions:

- a carry position whose S pin is no constant owns a site. The table that drives S sits in it; a
  table that drives several positions is copied into each;
- two tables that together read at most five nets share a site (O5 and O6);
- a chain that begins with a carry of one inverts its first S. Yosys may turn that sum into an
  inverter beside the chain; it is the position's own output all the same (and the next one's, if
  the carry is still known);
- an inverter that alone reads an output of a LUT6_2 is part of that table: abc9 cannot look inside;
- a multiplexer F7 reads the two tables of its own slice and nothing else, F8 two F7: a table that
  feeds several is copied for each, and what is no table needs one to pass through;
- the second half of a carry position's site is free for a table, under the same rule, if that
  table drives the position's DI, or if nothing reads the position's sum, by whose pin it leaves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from hwgen.errors import ConfigError
from hwgen.logic.truth_tables import PAIRED
from hwgen.synth.cells import AMD, CELLS
from hwgen.synth.netlist import Bit, Cell, Netlist

_CROWD = 400  # a net that more tables read says nothing about who belongs together


@dataclass(frozen=True)
class Measured:
    """Resources of a mapped design.

    Attributes:
        lut: look-up tables, each carry position owning one.
        plut: sites after pairing; the number to compare with a vendor's "CLB LUTs". Equal to *lut*
            outside AMD's families, where nothing shares a table.
        carry: positions of carry chains, without those that only let the carry out (no table).
        ff: flip-flops.
        ns: longest path of the path model; None where none was asked for.
        dsp, bram: blocks as a board's budget counts them, begun ones as whole.
        depth: most look-up tables in a row, a carry chain counting as one; None if not asked for.
    """

    lut: int
    plut: int
    carry: int
    ff: int
    ns: float | None = None
    dsp: int = 0
    bram: int = 0
    depth: int | None = None

    def with_path(self, ns: float) -> Measured:
        """Return the same with a path."""
        return replace(self, ns=ns)

    def with_depth(self, depth: int) -> Measured:
        """Return the same with a depth."""
        return replace(self, depth=depth)


def count(netlist: Netlist) -> Measured:
    """Return what a netlist takes; path and depth are left open.

    Raises:
        ConfigError: the cells of the family are not known.
    """
    if netlist.family not in CELLS:
        raise ConfigError(f"the cells of family {netlist.family!r} are not known", "family")
    known = CELLS[netlist.family]
    kinds = Counter(cell.kind for cell in netlist.cells)
    ff = sum(cell.is_register for cell in netlist.cells)
    dsp, bram = (-(-_total(kinds, table) // 2) for table in (known.dsp, known.bram))
    lut = _total(kinds, known.lut)
    if netlist.family in AMD:
        made = _Sites(netlist).measured(ff)
        made = replace(made, lut=made.lut + lut, plut=made.plut + lut)
    else:
        carry = _total(kinds, known.carry)
        owned = carry
        if netlist.family == "ice40":
            owned -= _with_their_table(netlist)
        elif netlist.family == "ecp5":
            owned += _ends_of_chains(netlist)
        made = Measured(lut + owned, lut + owned, carry, ff)
    return replace(made, dsp=dsp, bram=bram)


def _total(kinds: Mapping[str, int], table: Mapping[str, int]) -> int:
    return sum(n * table.get(kind, 0) for kind, n in kinds.items())


def _ends_of_chains(netlist: Netlist) -> int:
    """Return the tables of the pairs by which nextpnr leads carries into and out of ECP5 chains."""
    pairs = [cell for cell in netlist.cells if cell.kind == "CCU2C"]
    leaving = {cell.bit("COUT") for cell in pairs}
    entering = Counter(cell.bit("CIN") for cell in pairs)
    readers = Counter(b for cell in netlist.cells for pin, bits in cell.pins.items()
                      if pin not in cell.outs for b in bits)  # fmt: skip
    readers.update(b for bits in netlist.outputs().values() for b in bits)
    ins = sum(n for bit, n in entering.items() if bit != "x" and bit not in leaving)
    outs = sum(bit != "x" and readers[bit] != entering[bit] for bit in leaving)
    return 2 * (ins + outs)


def _with_their_table(netlist: Netlist) -> int:
    """Return the iCE40 carries that share a logic cell with a table, which reads what they read."""
    tables: Counter[tuple[Bit, ...]] = Counter(
        tuple(cell.bit(pin) for pin in ("I1", "I2", "I3"))
        for cell in netlist.cells
        if cell.kind == "SB_LUT4"
    )
    found = 0
    for cell in netlist.cells:
        if cell.kind == "SB_CARRY":
            reads = tuple(cell.bit(pin) for pin in ("I0", "I1", "CI"))
            if tables[reads]:
                tables[reads] -= 1
                found += 1
    return found


def free_inverters(netlist: Netlist) -> frozenset[str]:
    """Return the inverters that take nothing, being part of what they read."""
    return frozenset(_Sites(netlist).folded())


@dataclass(frozen=True, slots=True)
class _Position:
    """A carry position in use: S, DI, whether its sum is read, whether its carry-in is 1."""

    s: Bit
    di: Bit
    sum_read: bool
    inverts: bool


class _Sites:
    def __init__(self, netlist: Netlist) -> None:
        self.fan: Counter[Bit] = Counter()
        self.driver: dict[Bit, Cell] = {}
        self.luts = [cell for cell in netlist.cells if cell.is_lut]
        self.muxes = [cell for cell in netlist.cells if cell.kind.startswith("MUXF")]
        for cell in netlist.cells:
            for pin, bits in cell.pins.items():
                if pin in cell.outs:
                    self.driver.update((b, cell) for b in bits)
                else:
                    self.fan.update(bits)
        for bits in netlist.outputs().values():
            self.fan.update(bits)
        chains = [cell for cell in netlist.cells if cell.kind == "CARRY4"]
        self.positions = [p for chain in chains for p in self._positions(chain)]
        idle = Counter(b for chain in chains for pin in ("S", "DI") for b in chain.pins[pin])
        idle.subtract(b for p in self.positions for b in (p.s, p.di))
        self.fan.subtract(idle)  # pins of positions that are not in use read nothing

    def _positions(self, chain: Cell) -> Iterator[_Position]:
        none: tuple[Bit, ...] = ("0",) * 4
        sums, carries = chain.pins.get("O", none), chain.pins.get("CO", none)
        used = [
            k
            for k in range(4)
            if any(isinstance(b, int) and self.fan[b] for b in (sums[k], carries[k]))
        ]
        one = "1" in (chain.bit("CI"), chain.bit("CYINIT"))
        for k in range(max(used, default=-1) + 1):
            read = isinstance(sums[k], int) and self.fan[sums[k]] > 0
            yield _Position(chain.pins["S"][k], chain.pins["DI"][k], read, one)
            one = one and chain.pins["DI"][k] == "1"

    def _table(self, net: Bit) -> Cell | None:
        """Return the table of one output that drives a net."""
        cell = self.driver.get(net)
        return cell if cell and cell.is_lut and cell.kind != "LUT6_2" else None

    def folded(self) -> set[str]:
        """Return the inverters that are part of the table or position they read."""
        inverters = {c.bit("I"): c.name for c in self.luts if c.kind == "INV"}
        first = {p.s for p in self.positions if p.inverts and not p.sum_read}
        return {
            name
            for net, name in inverters.items()
            if net in first
            or (self.fan[net] == 1 and net in self.driver and self.driver[net].kind == "LUT6_2")
        }

    def measured(self, ff: int) -> Measured:
        carry = sum(isinstance(p.s, int) for p in self.positions)
        owned, housed, spare = 0, set[str](), list[tuple[_Position, frozenset[int]]]()
        for position in self.positions:
            if not isinstance(position.s, int):
                continue
            source = self.driver.get(position.s)
            if source and source.kind == "LUT6_2":
                continue  # it is a cell of its own, one a position
            owned += 1
            here = self._table(position.s)
            if here:
                housed.add(here.name)
            reads = here.reads() if here else frozenset([position.s])
            spare.append((position, reads))
        housed |= self.folded()
        copies = self._copies()
        lut = len(self.luts) - len(housed) + owned + copies
        free = {cell.name: cell for cell in self.luts if cell.name not in housed}
        saved = self._beside_carry(free, spare)
        saved += _pairs([c for c in free.values() if c.kind != "LUT6_2"])
        return Measured(lut, lut - saved, carry, ff)

    def _copies(self) -> int:
        """Return the tables that multiplexers F7, F8 and F9 need beside those of the netlist."""
        copies, tables = 0, 1  # tables behind an input of this level
        below = "LUT"
        for kind in ("MUXF7", "MUXF8", "MUXF9"):
            muxes = [cell for cell in self.muxes if cell.kind == kind]
            pins = ("I0", "I1")
            feeds = Counter(c.bit(pin) for c in muxes for pin in pins if pin in c.pins)
            for net, uses in feeds.items():
                source = self.driver.get(net)
                whole = source and (source.is_lut if below == "LUT" else source.kind == below)
                copies += (uses - 1) * tables if whole else uses
            below, tables = kind, 2 * tables
        return copies

    def _beside_carry(
        self, free: dict[str, Cell], spare: list[tuple[_Position, frozenset[int]]]
    ) -> int:
        """Move tables into the second half of carry positions; return how many."""
        readers: dict[int, list[Cell]] = {}
        for cell in free.values():
            if cell.kind != "LUT6_2":
                for net in cell.reads():
                    readers.setdefault(net, []).append(cell)
        moved = 0
        for position, reads in spare:
            beside = self._table(position.di)
            if beside and self.fan[position.di] > 1:
                beside = None  # its other readers need a pin of their own
            if beside is None and not position.sum_read:
                near = [c for net in sorted(reads) for c in readers.get(net, ())[:_CROWD]]
                near = [c for c in near if c.name in free and c.reads() <= reads]
                beside = min(near, key=lambda c: c.name, default=None)
            if beside is not None and beside.name in free and len(reads | beside.reads()) <= PAIRED:
                del free[beside.name]
                moved += 1
        return moved


def _pairs(tables: list[Cell]) -> int:
    """Return how many pairs of tables share a site, most shared nets first."""
    reads = {c.name: c.reads() for c in tables if len(c.reads()) <= PAIRED}
    readers: dict[int, list[str]] = {}
    for name in sorted(reads):
        for net in reads[name]:
            readers.setdefault(net, []).append(name)
    taken: set[str] = set()
    pairs = 0
    for name in sorted(reads, key=lambda n: (-len(reads[n]), n)):
        if name in taken:
            continue
        best: tuple[int, int, str] | None = None
        others = {
            other
            for net in reads[name]
            if len(readers[net]) <= _CROWD
            for other in readers[net]
            if other != name and other not in taken
        }
        for other in others:
            if len(reads[name] | reads[other]) <= PAIRED:
                offer = (len(reads[name] & reads[other]), len(reads[other]), other)
                best = offer if best is None or offer > best else best
        if best:
            taken |= {name, best[2]}
            pairs += 1
    return pairs
