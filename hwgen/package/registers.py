# SPDX-License-Identifier: Apache-2.0
"""Registers of a core, from one SystemRDL description beside the RTL that has them.

The description of a core is that text with the core's own figures in it. PeakRDL's compiler reads
it, and whatever is written about registers (C header, drivers, tables, component.xml) comes from
what it says.
"""

from __future__ import annotations

import importlib.util
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from hwgen import paths
from hwgen.errors import ToolMissing


@dataclass(frozen=True)
class Field:
    """Bits of a register.

    Attributes:
        name: lower case.
        low, width: in bits.
        writable: by software; else it is ignored.
        pulse: what is written acts once and is not kept.
        reset: value after reset; None where the hardware drives it.
        text: what it means.
    """

    name: str
    low: int
    width: int
    writable: bool
    pulse: bool
    reset: int | None
    text: str


@dataclass(frozen=True)
class Register:
    """A 32-bit word.

    Attributes:
        name: lower case.
        offset: bytes from the base address.
        title, text: what it is.
        fields: highest bits first.
    """

    name: str
    offset: int
    title: str
    text: str
    fields: tuple[Field, ...]

    @property
    def writable(self) -> bool:
        """Whether software can change any bit."""
        return any(field.writable for field in self.fields)

    @property
    def reset(self) -> int | None:
        """The word after reset; None where the hardware drives some of it."""
        word = 0
        for field in self.fields:
            if field.reset is None:
                return None
            word |= field.reset << field.low
        return word


@dataclass(frozen=True)
class RegisterMap:
    """Registers behind the AXI4-Lite bus of a core.

    Attributes:
        name: of the address map, ``hwg_jet_regs``.
        rdl: its SystemRDL description.
        span: bytes that it takes in the address space of a system.
        registers: by address, as the description says.
    """

    name: str
    rdl: str
    span: int
    registers: tuple[Register, ...]

    @classmethod
    def of(cls, name: str, rdl: str, span: int) -> RegisterMap:
        """Return the map of a description.

        Raises:
            ToolMissing: PeakRDL is not installed.
        """
        return cls(name, rdl, span, register_map_of(name, rdl))

    def offsets(self) -> dict[str, int]:
        """Return the byte offset of each register, by name."""
        return {register.name: register.offset for register in self.registers}

    def resets(self) -> dict[str, int]:
        """Return the word after reset of each register that has one, by name."""
        return {r.name: r.reset for r in self.registers if r.reset is not None}


def filled(file: str, name: str, figures: Mapping[str, int]) -> str:
    """Return a description with a core's figures in it, without its first line, the licence.

    Args:
        file: below rtl/; its address map has the file's name.
        name: what the address map is to be called.
        figures: by parameter.
    """
    text = (paths.rtl() / file).read_text("utf-8")
    for parameter, value in figures.items():
        text, count = re.subn(rf"(longint unsigned {parameter} = )\d+", rf"\g<1>{value}", text)
        assert count == 1, f"{file} has {count} parameters {parameter}"
    known = file.rpartition("/")[2].removesuffix(".rdl")
    text = text.replace(f"addrmap {known} ", f"addrmap {name} ")
    return text.partition("\n")[2]


def _need_peakrdl() -> None:
    for package in ("systemrdl", "peakrdl_cheader"):
        if importlib.util.find_spec(package) is None:
            raise ToolMissing("PeakRDL is not installed", package, "pip install 'hwgen[pack]'")


def _elaborated(name: str, text: str) -> Any:
    """Return PeakRDL's model of a description whose address map is called *name*."""
    from systemrdl.compiler import RDLCompiler

    compiler = RDLCompiler()
    with tempfile.TemporaryDirectory(prefix="hwgen-") as folder:
        file = Path(folder) / f"{name}.rdl"
        file.write_text(text, "utf-8")
        compiler.compile_file(str(file))
    return compiler.elaborate(name)


def register_map_of(name: str, text: str) -> tuple[Register, ...]:
    """Return the registers of a description by address.

    A register in a file of registers is called by both names, the file's number behind its own:
    ``tensor[1].key`` is ``tensor1_key``.

    Raises:
        ToolMissing: PeakRDL is not installed.
    """
    _need_peakrdl()
    return _registers_in(name, text)


@lru_cache(maxsize=32)
def _registers_in(name: str, text: str) -> tuple[Register, ...]:
    root = _elaborated(name, text)
    from systemrdl.node import RegNode

    made = []
    for node in root.top.descendants(unroll=True):
        if not isinstance(node, RegNode):
            continue
        fields = [
            Field(
                name=field.inst_name,
                low=field.low,
                width=field.width,
                writable=field.is_sw_writable,
                pulse=bool(field.get_property("singlepulse")),
                reset=_reset(field),
                text=_line(field.get_property("desc")),
            )
            for field in node.fields()
        ]
        made.append(
            Register(
                name=re.sub(r"[\[\]]", "", "_".join(node.get_path_segments()[1:])),
                offset=node.absolute_address,
                title=node.get_property("name"),
                text=_line(node.get_property("desc")),
                fields=tuple(sorted(fields, key=lambda field: -field.low)),
            )
        )
    return tuple(sorted(made, key=lambda register: register.offset))


def _reset(field: Any) -> int | None:
    """Return the value after reset; None where the hardware drives it."""
    return None if field.is_hw_writable else field.get_property("reset")


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def c_header_of(name: str, text: str) -> str:
    """Return the C header of a description, as PeakRDL-cheader writes it.

    Raises:
        ToolMissing: PeakRDL is not installed.
    """
    _need_peakrdl()
    return _header_of(name, text)


@lru_cache(maxsize=32)
def _header_of(name: str, text: str) -> str:
    root = _elaborated(name, text)
    from peakrdl_cheader.exporter import CHeaderExporter

    with tempfile.TemporaryDirectory(prefix="hwgen-") as folder:
        file = Path(folder) / f"{name}.h"
        CHeaderExporter().export(root, str(file), reuse_typedefs=False)
        return file.read_text("utf-8")


def table(registers: Sequence[Register]) -> list[str]:
    """Return the map as a Markdown table, a row a field."""
    rows = [
        "| offset | register | bits | field | access | after reset | |",
        "|---|---|---|---|---|---|---|",
    ]
    for register in registers:
        for i, field in enumerate(register.fields):
            place, name = (f"0x{register.offset:02X}", f"`{register.name}`") if i == 0 else ("", "")
            bits = str(field.low)
            if field.width > 1:
                bits = f"{field.low + field.width - 1}:{field.low}"
            access = "write 1" if field.pulse else "rw" if field.writable else "ro"
            reset = "" if field.reset is None else f"0x{field.reset:X}"
            note = (
                field.text if len(register.fields) > 1 else f"{register.text} {field.text}".strip()
            )
            cells = (place, name, bits, f"`{field.name}`", access, reset, note)
            rows.append("| " + " | ".join(cells) + " |")
    return rows


def offset_lines(registers: Iterable[Register]) -> str:
    """Return the items of a Python table: register to its offset."""
    return "\n".join(f'"{r.name}": 0x{r.offset:02X},' for r in registers)


def field_lines(registers: Iterable[Register]) -> str:
    """Return the items of a Python table: register to its fields, each lowest bit and bits."""
    return "\n".join(
        f'"{r.name}": {{' + ", ".join(f'"{f.name}": ({f.low}, {f.width})' for f in r.fields) + "},"
        for r in registers
    )
