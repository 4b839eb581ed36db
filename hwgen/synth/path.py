# SPDX-License-Identifier: Apache-2.0
"""Longest path of a netlist mapped to an AMD part, by a documented model: for ranking only.

A path runs from an input or register to an output or register. It pays a net to every table and
carry pin, except where the table sits in the same slice as the carry position it feeds. The
majority that a three-operand adder hands to the next bit takes a short net of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hwgen.synth.count import free_inverters
from hwgen.synth.netlist import Bit, Cell, Netlist
from hwgen.target.family import Family

_BITS = 10  # the width at which the two kinds of adder are compared


@dataclass(frozen=True)
class PathModel:
    """Delays in nanoseconds.

    Attributes:
        lut: any input to the output of a table.
        net: one routed net.
        into_chain: S or DI to the carry of the position.
        per_bit: along the chain.
        out_of_chain: carry, or S, to the position's sum.
        majority: net from one bit's majority to the next bit of a three-operand adder.
    """

    lut: float
    net: float
    into_chain: float
    per_bit: float
    out_of_chain: float
    majority: float

    @classmethod
    def of(cls, family: Family, ternary: float | None = None) -> PathModel:
        """Return the model of a family.

        *ternary* is how much slower a three-operand adder of ten bits is than a two-operand one; by
        default what the family says. No vendor timing is at hand for it: it is an assumption.
        """
        extra = family.third_operand
        if ternary is not None:
            extra = (ternary - 1) * family.adder_ns(_BITS)
        return cls(
            family.lut,
            family.net,
            family.carry_in - family.lut,
            family.carry_per_bit,
            family.carry_out,
            extra - family.lut,
        )

    def __str__(self) -> str:
        return (
            f"LUT {self.lut:.3f}, net {self.net:.3f}, into the chain {self.into_chain:.3f}, "
            f"chain {self.per_bit:.3f} a bit, out of it {self.out_of_chain:.3f}, "
            f"majority to the next bit {self.majority:.3f} ns"
        )


def longest_path(netlist: Netlist, model: PathModel) -> float:
    """Return the longest path in nanoseconds, without clock-to-output and set-up."""
    driver = {
        b: cell for cell in netlist.cells if cell.is_lut for pin in ("O", "O5", "O6")
        for b in cell.pins.get(pin, ())
    }  # fmt: skip
    chained = {
        b for cell in netlist.cells if cell.kind == "CARRY4" for b in cell.pins.get("CO", ())
    }
    free = free_inverters(netlist)
    time: dict[Bit, float] = {}
    for cell in netlist.ordered():
        if cell.name in free:  # it leaves its slice as a sum does
            time[cell.bit("O")] = time.get(cell.bit("I"), 0.0) + model.out_of_chain
        elif not cell.is_register:
            _arrive(cell, time, driver, chained, model)
    ends: list[Bit] = [b for bits in netlist.outputs().values() for b in bits]
    for cell in netlist.cells:
        if cell.is_register:
            ends += [cell.bit(pin) for pin in ("D", "R", "S", "CE")]
    return max((time.get(b, 0.0) for b in ends), default=0.0)


def _arrive(
    cell: Cell,
    time: dict[Bit, float],
    driver: Mapping[Bit, Cell],
    chained: set[Bit],
    model: PathModel,
) -> None:
    """Note when the outputs of a cell are there."""

    def after(bit: Bit, delay: float) -> float:
        return time.get(bit, 0.0) + delay if isinstance(bit, int) else 0.0

    if cell.kind == "CARRY4":
        carry = max(
            after(b, 0.0 if b in chained else model.net + model.into_chain)
            for b in (cell.bit("CI"), cell.bit("CYINIT"))
        )
        nothing: tuple[Bit, ...] = ("0",) * 4
        sums, carries = cell.pins.get("O", nothing), cell.pins.get("CO", nothing)
        for k, (s, di) in enumerate(zip(cell.pins["S"], cell.pins["DI"], strict=True)):
            # A table in the same slice, else a net and a table that passes it through.
            ready = after(s, 0.0 if s in driver else model.net + model.lut)
            time[sums[k]] = max(ready, carry) + model.out_of_chain
            joins = max(ready, after(di, model.net)) + model.into_chain
            carry = max(carry + model.per_bit, joins)
            time[carries[k]] = carry
        return
    for pin in ("O", "O5", "O6"):
        for out in cell.pins.get(pin, ()):
            time[out] = max(
                (after(b, _net(cell, name, b, driver, model)) for name, b in _reads(cell, pin)),
                default=0.0,
            ) + model.lut  # fmt: skip


def _reads(cell: Cell, pin: str) -> list[tuple[str, Bit]]:
    """Return the inputs that an output depends on."""
    reads = [(n, b) for n, bits in cell.pins.items() if n[0] in "IS" for b in bits]
    if cell.kind != "LUT6_2":
        return reads
    half = cell.params["INIT"] >> (32 if pin == "O6" else 0)
    matters = [any((half >> k ^ half >> (k ^ 1 << i)) & 1 for k in range(32)) for i in range(5)]
    return [(n, b) for n, b in reads if int(n[1]) < 5 and matters[int(n[1])]]


def _net(cell: Cell, pin: str, bit: Bit, driver: Mapping[Bit, Cell], model: PathModel) -> float:
    source = driver.get(bit)
    hop = (
        cell.kind == "LUT6_2" and pin == "I3"
        and source is not None and source.kind == "LUT6_2" and bit == source.bit("O5")
    )  # fmt: skip
    return model.majority if hop else model.net
