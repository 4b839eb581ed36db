# SPDX-License-Identifier: Apache-2.0
"""The text of a truth table: constants that are indexed by bits, a look-up table each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hwgen.emit.verilog import sv
from hwgen.logic.nodes import Node, PlacedTable, Table
from hwgen.logic.truth_tables import PART, PLACED, Column, Function, columns, pairs, split, spread

TABLE_UNIT, PAIR_UNIT = "hwg_table", "hwg_table_pair"


def placed(node: Node) -> set[str]:
    """Return the units that a node is written with."""
    if not isinstance(node, PlacedTable):
        return set()
    made = columns(node.values)
    paired = _pairs(made)
    alone = [bit for bit, column in enumerate(made) if _in_unit(column) and bit not in paired]
    long_ = [one.whole for one in made if not one.wired and len(one.whole.reads) > PLACED]
    parts = [part for one in long_ for part in split(one)[1] if len(part.reads) == PART]
    return {PAIR_UNIT for _ in paired} | {TABLE_UNIT for _ in (*alone, *parts)}


def _pairs(made: Sequence[Column]) -> dict[int, int]:
    """Return the bits that share a look-up table, each with its partner."""
    bits = [bit for bit, one in enumerate(made) if _in_unit(one)]
    found: dict[int, int] = {}
    for one, other in pairs([made[bit].whole.reads for bit in bits]):
        found[bits[one]], found[bits[other]] = bits[other], bits[one]
    return found


def _in_unit(column: Column) -> bool:
    return not column.wired and 2 <= len(column.whole.reads) <= PLACED


def bits_read(node: Table, place: int) -> list[int]:
    """Return the bits of one operand that the text reads, ascending."""
    used = {bit for column in columns(node.values) for bit in column.whole.reads}
    return sorted({node.picks[bit][1] for bit in used if node.picks[bit][0] == place})


def looked_up(node: Table, name: str, ins: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Yield what assigns the bits of wire *name*, whose declaration stands before it.

    A function of up to six bits is a constant indexed by them. Of a longer one some bits select
    among such parts; parts that several bits of the table have in common are written once. Of a
    placed table, a function of up to eight bits is a unit, or half of one that holds two; of a
    longer one every part of six bits is a unit.

    Args:
        node: the table.
        name: of the wire.
        ins: what its operands are called.
        widths: their bits.
    """
    text = _Text(node, name, ins, widths)
    values: list[str] = []
    made = columns(node.values)
    paired = _pairs(made) if text.apart else {}
    for bit, column in enumerate(made):
        if column.same >= 0:
            value = values[column.same]
        elif text.apart and _in_unit(column):
            if bit not in paired:
                text.unit(bit, column.whole)
            elif bit < paired[bit]:
                text.pair((bit, paired[bit]), (column.whole, made[paired[bit]].whole))
            values.append(f"{name}[{bit}]")
            continue
        elif len(column.whole.reads) <= PART:
            value = text.function(column.whole)
        else:
            selects, parts = split(column.whole)
            chosen = [text.part(part) for part in parts]
            label = f"{name}_{bit}"
            text.lines.append(f"  wire {sv.span(len(chosen))} {label} = {sv.concat(chosen)};")
            value = f"{label}[{text.address(selects)}]"
        values.append(value)
        text.lines.append(f"  assign {name}[{bit}] = {value};")
    bits = len(node.picks)
    said = f"{bits} bit{'s' if bits > 1 else ''} of {', '.join(ins)}"
    yield f"  // {sv.plain(node.note)} and what follows: a table of {said}"
    yield from text.lines


class _Text:
    """Text of one table."""

    def __init__(self, node: Table, name: str, ins: Sequence[str], widths: Sequence[int]) -> None:
        self.node, self.name, self.ins, self.widths = node, name, ins, widths
        self.apart = isinstance(node, PlacedTable)
        self.lines: list[str] = []
        self.tables: dict[tuple[int, int], str] = {}
        self.parts: dict[Function, str] = {}

    def address(self, reads: Sequence[int]) -> str:
        """Return some address bits as one word; neighbours in an operand are one part of it."""
        runs: list[list[int]] = []  # place, lowest bit, bits
        for read in reads:
            place, bit = self.node.picks[read]
            if runs and runs[-1][0] == place and runs[-1][1] + runs[-1][2] == bit:
                runs[-1][2] += 1
            else:
                runs.append([place, bit, 1])
        return sv.concat([self._bits(*run) for run in runs])

    def _bits(self, place: int, low: int, bits: int) -> str:
        return sv.bits(self.ins[place], low, bits, self.widths[place])

    def unit(self, bit: int, one: Function) -> None:
        """Write a function as a unit that drives a bit."""
        self._table(one, f"{self.name}_{bit}", f"{self.name}[{bit}]")

    def _table(self, one: Function, label: str, out: str) -> None:
        size = 1 << len(one.reads)
        params = [
            ("Bits", str(len(one.reads))),
            ("Truth", f"{size}'h{one.truth:0{-(-size // 4)}x}"),
        ]
        ports = [("address_i", self.address(one.reads)), ("data_o", out)]
        self.lines += sv.unit(TABLE_UNIT, f"u_{label}", params, ports)

    def pair(self, bits: tuple[int, int], both: tuple[Function, Function]) -> None:
        """Write two functions as a unit that drives two bits."""
        reads = sorted({read for one in both for read in one.reads})
        size = 1 << len(reads)
        truths = [spread(one, reads) for one in both]
        words = [f"{size}'h{truth:0{-(-size // 4)}x}" for truth in truths]
        params = [("Bits", str(len(reads))), ("Low", words[0]), ("High", words[1])]
        out = f"{self.name}_{bits[0]}"
        ports = [("address_i", self.address(reads)), ("data_o", out)]
        self.lines.append(f"  wire [1:0] {out};")
        self.lines += sv.unit(PAIR_UNIT, f"u_{out}", params, ports)
        self.lines += [f"  assign {self.name}[{bit}] = {out}[{k}];" for k, bit in enumerate(bits)]

    def function(self, one: Function) -> str:
        """Return a function of at most six bits; its constant is written before."""
        if one.fixed:
            return f"1'b{one.truth}"
        if len(one.reads) == 1:
            return f"{'' if one.plain else '~'}{self.address(one.reads)}"
        size = 1 << len(one.reads)
        key = (size, one.truth)
        if key not in self.tables:
            label = self.tables[key] = f"{self.name.upper()}_T{len(self.tables)}"
            digits = f"{one.truth:0{-(-size // 4)}x}"
            word = f"{size}'h{digits}"
            self.lines.append(f"  localparam logic {sv.span(size)} {label} = {word};")
        return f"{self.tables[key]}[{self.address(one.reads)}]"

    def part(self, one: Function) -> str:
        """Return a part as a term of one bit, declared once."""
        if len(one.reads) <= 1:
            return self.function(one)
        if one not in self.parts:
            label = self.parts[one] = f"{self.name}_p{len(self.parts)}"
            if self.apart and len(one.reads) == PART:
                self.lines.append(f"  wire {label};")
                self._table(one, label, label)
            else:
                value = self.function(one)
                self.lines.append(f"  wire {label} = {value};")
        return self.parts[one]
