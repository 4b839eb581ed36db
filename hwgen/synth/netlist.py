# SPDX-License-Identifier: Apache-2.0
"""A mapped netlist as Yosys writes it, in order of evaluation, and what it computes.

`Netlist.run` simulates the mapped cells themselves: what is counted is what is checked. A bit of
the netlist is one long Python integer whose bit t is its value in cycle t. A look-up table is then
a few word operations over all cycles, and a register is a shift by one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from hwgen.errors import ToolFailed
from hwgen.synth import ecp5_sim

Bit: TypeAlias = int | str  # a net, or the constant "0", "1", "x"
Bits: TypeAlias = tuple[Bit, ...]
Samples: TypeAlias = npt.NDArray[np.uint8]  # (cycle, bit), zeros and ones

OUTPUTS = frozenset({"O", "O5", "O6", "CO", "Q"})


@dataclass(frozen=True, slots=True)
class Cell:
    """A mapped cell.

    Attributes:
        name: in the netlist.
        kind: of the primitive, such as LUT4 or CARRY4.
        pins: pin to bits.
        params: integer parameters, such as INIT.
        outs: the pins that are outputs.
        modes: parameters that are words, such as REGSET.
    """

    name: str
    kind: str
    pins: Mapping[str, Bits]
    params: Mapping[str, int]
    outs: frozenset[str] = OUTPUTS
    modes: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_lut(self) -> bool:
        """Tell a look-up table (an inverter is one of a single input)."""
        return self.kind.startswith(("LUT", "SB_LUT4")) or self.kind == "INV"

    @property
    def is_register(self) -> bool:
        """Tell a flip-flop or a latch."""
        return self.kind.startswith(("FD", "TRELLIS_FF", "SB_DFF", "DFF", "LDCE", "LDPE", "DL"))

    def bit(self, pin: str) -> Bit:
        """Return the bit of a pin of one bit; "0" where it is not connected."""
        return self.pins.get(pin, ("0",))[0]

    def reads(self) -> frozenset[int]:
        """Return the nets that a look-up table reads."""
        return frozenset(
            b
            for pin, bits in self.pins.items()
            if pin[0] == "I"
            for b in bits
            if isinstance(b, int)
        )

    def output(self) -> Bit:
        """Return the net that a look-up table of one output drives."""
        return self.bit("O")


@dataclass(frozen=True)
class Netlist:
    """A flat netlist.

    Attributes:
        cells: by name.
        ports: of every port, whether it is an input, and its bits.
        family: whose primitives the cells are.
    """

    cells: tuple[Cell, ...]
    ports: Mapping[str, tuple[bool, Bits]]
    family: str = "ultrascale_plus"

    @classmethod
    def read(cls, path: Path, top: str, family: str = "ultrascale_plus") -> Netlist:
        """Read a file of ``write_json``."""
        module = json.loads(path.read_bytes())["modules"][top]
        cells = []
        for name, cell in sorted(module["cells"].items()):
            if cell["type"] == "$scopeinfo":  # a remark on the hierarchy that was
                continue
            pins = {pin: tuple(bits) for pin, bits in cell["connections"].items()}
            ways = cell["port_directions"]
            outs = _shared(tuple(sorted(pin for pin, way in ways.items() if way == "output")))
            params, modes = _params(cell["parameters"])
            cells.append(Cell(name, cell["type"], pins, params, outs, modes))
        ports = {
            name: (port["direction"] == "input", tuple(port["bits"]))
            for name, port in sorted(module["ports"].items())
        }
        return cls(tuple(cells), ports, family)

    def inputs(self) -> dict[str, Bits]:
        """Return the input ports."""
        return {name: bits for name, (is_input, bits) in self.ports.items() if is_input}

    def outputs(self) -> dict[str, Bits]:
        """Return the output ports."""
        return {name: bits for name, (is_input, bits) in self.ports.items() if not is_input}

    def ordered(self, *, through_registers: bool = False) -> list[Cell]:
        """Return the cells such that each comes after those it depends on.

        A register ends a path, unless *through_registers*.

        Raises:
            ToolFailed: there is a loop.
        """
        driver: dict[int, int] = {}
        for i, cell in enumerate(self.cells):
            if not cell.is_register or through_registers:
                for pin, bits in cell.pins.items():
                    if pin in cell.outs:
                        driver.update((b, i) for b in bits if isinstance(b, int))
        waits = [0] * len(self.cells)
        readers: dict[int, list[int]] = {}
        for i, cell in enumerate(self.cells):
            reads = {b for pin, bits in cell.pins.items() if pin not in cell.outs for b in bits}
            sources = {driver[b] for b in reads if isinstance(b, int) and b in driver}
            waits[i] = len(sources)
            for source in sources:
                readers.setdefault(source, []).append(i)
        ready = [i for i, count in enumerate(waits) if not count]
        order: list[Cell] = []
        while ready:
            i = ready.pop()
            order.append(self.cells[i])
            for reader in readers.get(i, ()):
                waits[reader] -= 1
                if not waits[reader]:
                    ready.append(reader)
        if len(order) < len(self.cells):
            raise ToolFailed("the netlist has a loop that no register breaks", "netlist")
        return order

    def run(self, inputs: Mapping[str, Samples]) -> dict[str, Samples]:
        """Return every output, (cycle, bit), for inputs of one row a cycle.

        Registers start at zero. Inputs that are not given stay 0.

        Raises:
            ToolFailed: a cell is not known, or registers form a loop.
        """
        sizes = {len(rows) for rows in inputs.values()}
        (cycles,) = sizes
        every = (1 << cycles) - 1
        value: dict[Bit, int] = {"0": 0, "x": 0, "1": every}
        for port, bits in self.inputs().items():
            rows = inputs.get(port)
            given = [0] * len(bits) if rows is None else _words(rows)
            assert len(given) == len(bits), f"{port} has {len(bits)} bits, not {len(given)}"
            value.update(zip(bits, given, strict=True))
        evaluate = _evaluate_ecp5 if self.family == "ecp5" else _evaluate
        for cell in self.ordered(through_registers=True):
            evaluate(cell, value, every)
        made = {}
        for port, bits in self.outputs().items():
            words = [value[b].to_bytes(-(-cycles // 8), "little") for b in bits]
            packed = np.frombuffer(b"".join(words), np.uint8).reshape(len(bits), -1)
            unpacked = np.unpackbits(packed, axis=1, count=cycles, bitorder="little")
            made[port] = np.ascontiguousarray(unpacked.T)
        return made


@cache
def _shared(pins: tuple[str, ...]) -> frozenset[str]:
    """Return one set for the many cells of a kind."""
    return frozenset(pins)


def _params(given: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, str]]:
    """Return the parameters that are numbers, and those that are words.

    Yosys writes numbers as strings of binary digits, and a blank behind a word that looks like one.
    """
    texts = {name: text for name, text in given.items() if isinstance(text, str) and text}
    numbers = {name: text for name, text in texts.items() if set(text) <= {"0", "1", "x"}}
    return (
        {name: int(text.replace("x", "0"), 2) for name, text in numbers.items()},
        {name: text.rstrip(" ") for name, text in texts.items() if name not in numbers},
    )


def _words(rows: Samples) -> list[int]:
    packed = np.packbits(rows.astype(np.uint8), axis=0, bitorder="little")
    return [int.from_bytes(packed[:, k].tobytes(), "little") for k in range(rows.shape[1])]


def _evaluate(cell: Cell, value: dict[Bit, int], every: int) -> None:
    pins, kind = cell.pins, cell.kind

    def of(pin: str) -> int:
        return value[cell.bit(pin)]

    if kind == "LUT6_2":
        ins = tuple(of(f"I{i}") for i in range(5))
        init = cell.params["INIT"]
        low, high = (table(init >> at & 0xFFFFFFFF, ins, every) for at in (0, 32))
        _set(value, pins, "O5", [low])
        _set(value, pins, "O6", [low ^ ((low ^ high) & of("I5"))])
    elif kind.startswith("LUT") and kind[3:].isdigit():
        ins = tuple(of(f"I{i}") for i in range(int(kind[3:])))
        _set(value, pins, "O", [table(cell.params["INIT"], ins, every)])
    elif kind == "INV":
        _set(value, pins, "O", [every ^ of("I")])
    elif kind.startswith("MUXF"):
        _set(value, pins, "O", [of("I0") ^ ((of("I0") ^ of("I1")) & of("S"))])
    elif kind == "CARRY4":
        carry = of("CI") | of("CYINIT")
        sums, carries = [], []
        for s, d in zip(pins["S"], pins["DI"], strict=True):
            sums.append(value[s] ^ carry)
            carry = value[d] ^ ((value[d] ^ carry) & value[s])
            carries.append(carry)
        _set(value, pins, "O", sums)
        _set(value, pins, "CO", carries)
    elif kind in ("FDRE", "FDSE"):
        _set(value, pins, "Q", [_register(cell, value, every)])
    else:
        raise ToolFailed(f"no model of cell {kind}", cell.name)


def _evaluate_ecp5(cell: Cell, value: dict[Bit, int], every: int) -> None:
    pins = {pin: value[bits[0]] for pin, bits in cell.pins.items() if pin not in cell.outs}
    made = ecp5_sim.evaluate(
        cell.kind, pins, cell.params, cell.modes, every, lambda init, ins: table(init, ins, every)
    )
    if made is None:
        raise ToolFailed(f"no model of cell {cell.kind}", cell.name)
    for pin, word in made.items():
        _set(value, cell.pins, pin, [word])


def _register(cell: Cell, value: Mapping[Bit, int], every: int) -> int:
    control = "R" if cell.kind == "FDRE" else "S"
    data, forced = (
        value[cell.bit(pin)] ^ (every if cell.params.get(f"IS_{pin}_INVERTED") else 0)
        for pin in ("D", control)
    )
    if value[cell.pins.get("CE", ("1",))[0]] != every:
        raise ToolFailed("a register with an enable; a pipeline has none", cell.name)
    after = data & ~forced if control == "R" else data | forced
    return (after << 1) & every


def _set(value: dict[Bit, int], pins: Mapping[str, Bits], pin: str, made: Iterable[int]) -> None:
    if pin in pins:
        value.update(zip(pins[pin], made, strict=True))


def table(init: int, ins: tuple[int, ...], every: int) -> int:
    """Return a look-up table's output: bit k of *init* where the inputs spell k, first lowest."""
    steps, last = _steps(init, len(ins))
    made: list[int] = [0, every]
    for low, high, which in steps:
        made.append(made[low] ^ ((made[low] ^ made[high]) & ins[which]))
    return made[last]


@cache
def _steps(init: int, size: int) -> tuple[tuple[tuple[int, int, int], ...], int]:
    """Return a table as multiplexers (on zero, on one, input) over 0, 1 and earlier ones."""
    steps: list[tuple[int, int, int]] = []
    known: dict[tuple[int, int], int] = {}

    def build(part: int, n: int) -> int:
        if part in (0, (1 << (1 << n)) - 1):
            return int(part != 0)
        if (part, n) not in known:
            half = 1 << (n - 1)
            low, high = build(part & ((1 << half) - 1), n - 1), build(part >> half, n - 1)
            if low != high:
                steps.append((low, high, n - 1))
            known[part, n] = low if low == high else 1 + len(steps)
        return known[part, n]

    last = build(init, size)
    return tuple(steps), last
