# SPDX-License-Identifier: Apache-2.0
"""The register map, from one SystemRDL description: ``rtl/axi/hwg_axil_regs.rdl``.

The description of a design is that text with the design's own figures in it. PeakRDL's compiler
reads it, and whatever is written about registers (C header, driver, tables, component.xml) comes
from what it says.
"""

from __future__ import annotations

import importlib.util
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwgen import paths
from hwgen.errors import ToolMissing
from hwgen.package.core import Core

MAP = "hwg_axil_regs"


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


def identity(core: Core) -> dict[str, int]:
    """Return the figures of a design in the registers, by parameter of the description."""
    major, minor, patch = core.triple
    return {
        "MAJOR": major,
        "MINOR": minor,
        "PATCH": patch,
        "DIGEST_HI": int(core.model[:8], 16),
        "DIGEST_LO": int(core.model[8:16], 16),
        "LATENCY": core.latency,
        "INTERVAL": core.interval,
        "CLOCK_KHZ": core.clock_khz,
        "DATA_WIDTH": core.data_width,
        "INPUTS": len(core.inputs),
        "OUTPUTS": len(core.outputs),
    }


def description(core: Core) -> str:
    """Return the SystemRDL text of a design's registers; the address map is ``<name>_regs``."""
    text = (paths.rtl() / "axi" / f"{MAP}.rdl").read_text("utf-8")
    for name, value in identity(core).items():
        text, count = re.subn(rf"(longint unsigned {name} = )\d+", rf"\g<1>{value}", text)
        assert count == 1, f"{MAP}.rdl has {count} parameters {name}"
    text = text.replace(f"addrmap {MAP} ", f"addrmap {core.base}_regs ")
    _, _, body = text.partition("\n")  # its licence is in the banner
    return core.banner("//") + body


def _elaborated(core: Core, text: str) -> Any:
    """Return PeakRDL's model of a description.

    Raises:
        ToolMissing: PeakRDL is not installed.
    """
    for package in ("systemrdl", "peakrdl_cheader"):
        if importlib.util.find_spec(package) is None:
            raise ToolMissing("PeakRDL is not installed", package, "pip install 'hwgen[pack]'")
    from systemrdl.compiler import RDLCompiler

    compiler = RDLCompiler()
    with tempfile.TemporaryDirectory(prefix="hwgen-") as folder:
        file = Path(folder) / f"{core.base}_regs.rdl"
        file.write_text(text, "utf-8")
        compiler.compile_file(str(file))
    return compiler.elaborate(f"{core.base}_regs")


def register_map(core: Core) -> tuple[Register, ...]:
    """Return the registers of a design by address, as its SystemRDL description says.

    Raises:
        ToolMissing: PeakRDL is not installed.
    """
    return _registers(_elaborated(core, description(core)))


def _registers(root: Any) -> tuple[Register, ...]:
    made = []
    for node in root.top.registers():
        fields = [
            Field(
                name=field.inst_name,
                low=field.low,
                width=field.width,
                writable=field.is_sw_writable,
                pulse=bool(field.get_property("singlepulse")),
                reset=None if field.is_hw_writable else field.get_property("reset"),
                text=_line(field.get_property("desc")),
            )
            for field in node.fields()
        ]
        made.append(
            Register(
                name=node.inst_name,
                offset=node.absolute_address,
                title=node.get_property("name"),
                text=_line(node.get_property("desc")),
                fields=tuple(sorted(fields, key=lambda field: -field.low)),
            )
        )
    return tuple(sorted(made, key=lambda register: register.offset))


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def c_header(core: Core) -> str:
    """Return the C header of the registers, as PeakRDL-cheader writes it.

    Raises:
        ToolMissing: PeakRDL is not installed.
    """
    root = _elaborated(core, description(core))
    from peakrdl_cheader.exporter import CHeaderExporter

    with tempfile.TemporaryDirectory(prefix="hwgen-") as folder:
        file = Path(folder) / f"{core.base}_regs.h"
        CHeaderExporter().export(root, str(file), reuse_typedefs=False)
        text = file.read_text("utf-8")
    return core.banner("//") + "\n" + text


def table(registers: tuple[Register, ...]) -> list[str]:
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
            note = field.text if len(register.fields) > 1 else f"{register.text} {field.text}"
            cells = (place, name, bits, f"`{field.name}`", access, reset, note)
            rows.append("| " + " | ".join(cells) + " |")
    return rows
