# SPDX-License-Identifier: Apache-2.0
"""VHDL of the wrapper for trigger firmware: a package with types, an entity with arrays as ports.

Every name begins with that of the wrapper or is kept apart from all others, without regard to
case: several cores can be in one library and be used together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hwgen.ir.names import Names
from hwgen.package.ip_core import AxisPort, FlowCore
from hwgen.package.text import counted

# A VHDL identifier: no underscore at an end, nor two in a row.
_IDENTIFIER = re.compile(r"[A-Za-z](_?[A-Za-z0-9])*")
_LIBRARIES = ("library ieee;", "use ieee.std_logic_1164.all;", "use ieee.numeric_std.all;")
_FIXED = ("clk", "rst", "in_valid", "out_valid", "u_core", "wrapper", "i", "ieee", "work")


@dataclass(frozen=True)
class VhdlPort:
    """Data port of the wrapper, and the VHDL names round it.

    Attributes:
        side: ``in`` or ``out``.
        port: of the network.
        name: of the port, in Verilog and VHDL.
        type: of the entity's port, an array of elements.
        signal: the port as one vector.
        label: of the statement that turns one into the other.
    """

    side: str
    port: AxisPort
    name: str
    type: str
    signal: str
    label: str

    @property
    def element(self) -> str:
        """Type of an element, without its range."""
        return "signed" if self.port.fixed.signed else "unsigned"


def vhdl_ports(flow: FlowCore) -> tuple[VhdlPort, ...]:
    """Return the data ports of the wrapper, inputs first."""
    ports = [("in", port, f"in_data{port.wrapped}") for port in flow.inputs]
    ports += [("out", port, f"out_data{port.wrapped}") for port in flow.outputs]
    types = [f"{flow.wrapper}_{side}{port.wrapped}_t" for side, port, _ in ports]
    names = [name for _, _, name in ports]
    taken = Names([*_FIXED, flow.wrapper, *constants(flow), *types, *names])
    found = tuple(
        VhdlPort(side, port, name, kind, taken.take(f"{name}_flat"), taken.take(f"gen_{name}"))
        for (side, port, name), kind in zip(ports, types, strict=True)
    )
    declared = [*types, *names, *(p.signal for p in found), *(p.label for p in found)]
    assert all(_IDENTIFIER.fullmatch(name) for name in declared), declared
    assert len({name.lower() for name in declared}) == len(declared), declared
    return found


def constants(flow: FlowCore) -> tuple[str, str]:
    """Return the names of the constants: latency and interval."""
    return f"{flow.wrapper}_LATENCY", f"{flow.wrapper}_INTERVAL"


def _aligned(rows: list[tuple[str, str, str, str]]) -> Iterator[str]:
    """Yield the lines of a port clause: name, way, type and note of each port."""
    wide = max(len(name) for name, *_ in rows)
    for i, (name, way, kind, note) in enumerate(rows):
        end = "" if i == len(rows) - 1 else ";"
        comment = f"  -- {note}" if note else ""
        yield f"      {name:<{wide}} : {way:<3} {kind}{end}{comment}"


def _clause(ports: tuple[VhdlPort, ...], flat: bool) -> Iterator[str]:
    """Yield the lines of a port clause, with vectors or with arrays of elements."""
    rows = [("clk", "in", "std_logic", ""), ("rst", "in", "std_logic", "synchronous, active high")]
    for side in ("in", "out"):
        rows.append((f"{side}_valid", side, "std_logic", ""))
        for p in ports:
            kind = f"std_logic_vector({p.port.bits - 1} downto 0)" if flat else p.type
            if p.side == side:
                rows.append((p.name, side, kind, p.port.name))
    yield from _aligned(rows)


def vhdl_package(flow: FlowCore) -> str:
    """Return the VHDL package: constants, types, the component of the Verilog wrapper."""
    ports, (latency, interval) = vhdl_ports(flow), constants(flow)
    wide = max(len(latency), len(interval))
    lines = [
        *_LIBRARIES,
        "",
        f"package {flow.wrapper}_pkg is",
        "",
        f"  constant {latency:<{wide}} : positive := {flow.latency};"
        "  -- cycles from in_valid to out_valid",
        f"  constant {interval:<{wide}} : positive := {flow.interval};"
        "  -- cycles from a sample to the next",
        "",
    ]
    for p in ports:
        port, high = p.port, p.port.fixed.width - 1
        lines.append(f"  -- {port.name}: {port.dims} of {port.fixed}, in row-major order")
        array = f"array (0 to {port.size - 1}) of {p.element}({high} downto 0)"
        lines.append(f"  type {p.type} is {array};")
    lines += [
        "",
        f"  component {flow.wrapper} is",
        "    port (",
        *_clause(ports, flat=True),
        "    );",
        "  end component;",
        "",
        f"end package {flow.wrapper}_pkg;",
    ]
    return "\n".join(lines) + "\n"


def _conversion(p: VhdlPort) -> list[str]:
    """Return the statement between a port of elements and its vector."""
    width = p.port.fixed.width
    part = f"{p.signal}(i*{width} + {width - 1} downto i*{width})"
    line = f"{p.name}(i) <= {p.element}({part});"
    if p.side == "in":
        line = f"{part} <= std_logic_vector({p.name}(i));"
    return [
        f"  {p.label} : for i in {p.type}'range generate",
        f"    {line}",
        "  end generate;",
        "",
    ]


def vhdl_entity(flow: FlowCore) -> str:
    """Return the VHDL entity with arrays of elements as ports."""
    ports, entity = vhdl_ports(flow), f"{flow.wrapper}_vhdl"
    links = [(name, name) for name in ("clk", "rst", "in_valid", "out_valid")]
    links += [(p.name, p.signal) for p in ports]
    wide = max(len(name) for name, _ in links)
    ends = [f"      {name:<{wide}} => {signal}," for name, signal in links]
    lines = [
        *_LIBRARIES,
        f"use work.{flow.wrapper}_pkg.all;",
        "",
        f"entity {entity} is",
        "    port (",
        *_clause(ports, flat=False),
        "    );",
        f"end entity {entity};",
        "",
        f"architecture wrapper of {entity} is",
        *(f"  signal {p.signal} : std_logic_vector({p.port.bits - 1} downto 0);" for p in ports),
        "begin",
        "",
        *(line for p in ports for line in _conversion(p)),
        f"  u_core : {flow.wrapper}",
        "    port map (",
        *ends[:-1],
        ends[-1].removesuffix(","),
        "    );",
        "",
        "end architecture wrapper;",
    ]
    return "\n".join(lines) + "\n"


def note_of(flow: FlowCore) -> str:
    """Return what the first lines of the entity tell of the core."""
    return (
        f"{flow.name} for trigger firmware in VHDL. No back-pressure: what goes in with in_valid "
        f"comes out {counted(flow.latency, 'cycle')} later."
    )
