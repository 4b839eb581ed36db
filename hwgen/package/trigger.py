# SPDX-License-Identifier: Apache-2.0
"""The flow core for trigger firmware: clock, valid and data, no back-pressure; Verilog and VHDL.

Trigger firmware is VHDL for the most part. So there are three layers: a Verilog module with plain
names, a VHDL package with its component declaration and element types, and a VHDL entity whose
ports are arrays of elements.
"""

from __future__ import annotations

from collections.abc import Iterator

from hwgen.emit.verilog import sv
from hwgen.errors import ConfigError
from hwgen.package.core import AxisPort, Core, counted
from hwgen.package.top import module


def flow_of(core: Core) -> str:
    """Return the flow top.

    Raises:
        ConfigError: the core has none.
    """
    if core.flow is None:
        raise ConfigError(
            "this core has no flow ports, so there is no wrapper for trigger firmware",
            "--format",
            "build it in the parallel style",
        )
    return core.flow


def _note(stream: AxisPort) -> str:
    return f"{stream.name}: {stream.dims} of {stream.fixed}, element 0 in the lowest bits"


def _flat(core: Core) -> list[tuple[str, AxisPort, str]]:
    """Return direction, stream and name of every data port of the Verilog wrapper."""
    ins = [("input", s, f"in_data{s.wrapped}") for s in core.inputs]
    return ins + [("output", s, f"out_data{s.wrapped}") for s in core.outputs]


def trigger_verilog(core: Core) -> str:
    """Return the Verilog wrapper of the flow core.

    Raises:
        ConfigError: the core has no flow ports.
    """
    flow = flow_of(core)
    data = _flat(core)
    ports = [
        sv.PortDecl("input", None, "clk"),
        sv.PortDecl("input", None, "rst", "synchronous, active high"),
        sv.PortDecl("input", None, "in_valid"),
        *(sv.PortDecl(w, s.bits, name, _note(s)) for w, s, name in data if w == "input"),
        sv.PortDecl(
            "output", None, "out_valid", f"{counted(core.latency, 'cycle')} after in_valid"
        ),
        *(sv.PortDecl(w, s.bits, name, _note(s)) for w, s, name in data if w == "output"),
    ]
    body = [
        *sv.instance(
            flow,
            "u_core",
            [],
            [
                ("clk_i", "clk"),
                ("rst_ni", "~rst"),
                ("in_valid_i", "in_valid"),
                *((f"{s.name}_data_i", name) for w, s, name in data if w == "input"),
                ("out_valid_o", "out_valid"),
                *((f"{s.name}_data_o", name) for w, s, name in data if w == "output"),
            ],
        )
    ]
    head = core.banner(
        "//",
        f"{core.name} for trigger firmware: no back-pressure. What goes in with in_valid comes out "
        f"{counted(core.latency, 'cycle')} later, in order;",
        f"a new sample may follow after {counted(core.interval, 'cycle')}. While valid is low the "
        "data means nothing.",
    )
    lines = module(core.trigger, ports, body, {})
    return "\n".join([head + "`default_nettype none", "", *lines, "", "`default_nettype wire", ""])


def _types(core: Core) -> list[tuple[str, str, AxisPort, str]]:
    """Return side, name of the array type, stream and port of every data port of the entity."""
    return [
        (side, f"{side}{s.wrapped}_t", s, f"{side}_data{s.wrapped}")
        for side, streams in (("in", core.inputs), ("out", core.outputs))
        for s in streams
    ]


def _component(core: Core) -> Iterator[str]:
    """Yield the ports of the Verilog wrapper as VHDL knows them."""
    rows = [
        ("clk", "in ", "std_logic", ""),
        ("rst", "in ", "std_logic", "synchronous, active high"),
    ]
    rows.append(("in_valid", "in ", "std_logic", ""))
    for side, stream, name in _flat(core):
        if side == "output" and rows[-1][1] == "in ":
            rows.append(("out_valid", "out", "std_logic", ""))
        way = "in " if side == "input" else "out"
        rows.append((name, way, f"std_logic_vector({stream.bits - 1} downto 0)", stream.name))
    yield from _aligned(rows)


def _aligned(rows: list[tuple[str, str, str, str]]) -> Iterator[str]:
    wide = max(len(name) for name, *_ in rows)
    for i, (name, way, kind, note) in enumerate(rows):
        end = "" if i == len(rows) - 1 else ";"
        comment = f"  -- {note}" if note else ""
        yield f"      {name:<{wide}} : {way} {kind}{end}{comment}"


def trigger_package(core: Core) -> str:
    """Return the VHDL package: constants, element types, the component of the Verilog wrapper.

    Raises:
        ConfigError: the core has no flow ports.
    """
    flow_of(core)
    lines = [
        "library ieee;",
        "use ieee.std_logic_1164.all;",
        "use ieee.numeric_std.all;",
        "",
        f"package {core.trigger}_pkg is",
        "",
        f"  constant LATENCY  : positive := {core.latency};  -- cycles from in_valid to out_valid",
        f"  constant INTERVAL : positive := {core.interval};  -- cycles from a sample to the next",
        "",
    ]
    for _, kind, stream, _ in _types(core):
        base = "signed" if stream.fixed.signed else "unsigned"
        lines.append(f"  -- {stream.name}: {stream.dims} of {stream.fixed}, in row-major order")
        lines.append(
            f"  type {kind} is array (0 to {stream.size - 1}) of "
            f"{base}({stream.fixed.width - 1} downto 0);"
        )
    lines += ["", f"  component {core.trigger} is", "    port ("]
    lines += [
        *_component(core),
        "    );",
        "  end component;",
        "",
        f"end package {core.trigger}_pkg;",
    ]
    head = core.banner("--", f"{core.name} for trigger firmware in VHDL: types and the component.")
    return head + "\n" + "\n".join(lines) + "\n"


def trigger_entity(core: Core) -> str:
    """Return the VHDL entity with arrays of elements as ports.

    Raises:
        ConfigError: the core has no flow ports.
    """
    flow_of(core)
    rows = [
        ("clk", "in ", "std_logic", ""),
        ("rst", "in ", "std_logic", "synchronous, active high"),
    ]
    for side, valid in (("in", "in_valid"), ("out", "out_valid")):
        way = f"{side:<3}"
        rows.append((valid, way, "std_logic", ""))
        rows += [(port, way, kind, s.name) for at, kind, s, port in _types(core) if at == side]
    inner = [f"  signal {port}_flat : std_logic_vector({s.bits - 1} downto 0);"
             for _, _, s, port in _types(core)]  # fmt: skip
    body: list[str] = []
    for side, kind, stream, port in _types(core):
        base = "signed" if stream.fixed.signed else "unsigned"
        width = stream.fixed.width
        part = f"{port}_flat(i*{width} + {width - 1} downto i*{width})"
        body.append(f"  gen_{port} : for i in {kind}'range generate")
        if side == "in":
            body.append(f"    {part} <= std_logic_vector({port}(i));")
        else:
            body.append(f"    {port}(i) <= {base}({part});")
        body += ["  end generate;", ""]
    wired = ["clk", "rst", "in_valid", "out_valid"]
    links = [(name, name) for name in wired]
    links += [(port, f"{port}_flat") for _, _, _, port in _types(core)]
    wide = max(len(name) for name, _ in links)
    ends = [f"      {n:<{wide}} => {v}{'' if i == len(links) - 1 else ','}"
            for i, (n, v) in enumerate(links)]  # fmt: skip
    entity = f"{core.trigger}_vhdl"
    lines = [
        "library ieee;",
        "use ieee.std_logic_1164.all;",
        "use ieee.numeric_std.all;",
        f"use work.{core.trigger}_pkg.all;",
        "",
        f"entity {entity} is",
        "    port (",
        *_aligned(rows),
        "    );",
        f"end entity {entity};",
        "",
        f"architecture wrapper of {entity} is",
        *inner,
        "begin",
        "",
        *body,
        f"  u_core : {core.trigger}",
        "    port map (",
        *ends,
        "    );",
        "",
        "end architecture wrapper;",
    ]
    head = core.banner(
        "--",
        f"{core.name} for trigger firmware in VHDL. No back-pressure: what goes in with in_valid "
        f"comes out {counted(core.latency, 'cycle')} later.",
    )
    return head + "\n" + "\n".join(lines) + "\n"
