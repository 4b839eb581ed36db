# SPDX-License-Identifier: Apache-2.0
"""Wrappers for trigger firmware: clock, valid and data, no back-pressure; Verilog and VHDL.

Trigger firmware is VHDL for the most part. So there are three layers: a Verilog module with plain
names, a VHDL package with its component declaration and element types, and a VHDL entity whose
ports are arrays of elements. A bench of their own drives the first with the vectors of the build.
"""

from __future__ import annotations

from collections.abc import Iterator

from hwgen.emit.verilog import sv
from hwgen.errors import ConfigError
from hwgen.files import FileSet, fill_template
from hwgen.package.formats import Format
from hwgen.package.ip_core import AxisPort, FlowCore, IpCore, sample_words
from hwgen.package.text import counted, template
from hwgen.package.verilog import memory_file, plain_module


def flow_of(core: IpCore) -> FlowCore:
    """Return the core with flow ports.

    Raises:
        ConfigError: the core has no flow ports.
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


def _flat(core: FlowCore) -> list[tuple[str, AxisPort, str]]:
    """Return direction, stream and name of every data port of the Verilog wrapper."""
    ins = [("input", s, f"in_data{s.wrapped}") for s in core.inputs]
    return ins + [("output", s, f"out_data{s.wrapped}") for s in core.outputs]


def _verilog(core: IpCore, flow: FlowCore) -> str:
    """Return the Verilog wrapper of the flow core."""
    data = _flat(flow)
    latency, interval = counted(flow.latency, "cycle"), counted(flow.interval, "cycle")
    ports = [
        sv.PortDecl("input", None, "clk"),
        sv.PortDecl("input", None, "rst", "synchronous, active high"),
        sv.PortDecl("input", None, "in_valid"),
        *(sv.PortDecl(w, s.bits, name, _note(s)) for w, s, name in data if w == "input"),
        sv.PortDecl("output", None, "out_valid", f"{latency} after in_valid"),
        *(sv.PortDecl(w, s.bits, name, _note(s)) for w, s, name in data if w == "output"),
    ]
    wired = [
        ("clk_i", "clk"),
        ("rst_ni", "~rst"),
        ("in_valid_i", "in_valid"),
        *((f"{s.name}_data_i", name) for w, s, name in data if w == "input"),
        ("out_valid_o", "out_valid"),
        *((f"{s.name}_data_o", name) for w, s, name in data if w == "output"),
    ]
    head = core.banner(
        "//",
        f"{flow.name} for trigger firmware: no back-pressure. What goes in with in_valid comes out "
        f"{latency} later, in order;",
        f"a new sample may follow after {interval}. While valid is low the data means nothing.",
    )
    body = sv.instance(flow.module, "u_core", [], wired)
    return plain_module(head, flow.wrapper, ports, body)


def _types(core: FlowCore) -> list[tuple[str, str, AxisPort, str]]:
    """Return side, name of the array type, stream and port of every data port of the entity."""
    return [
        (side, f"{side}{s.wrapped}_t", s, f"{side}_data{s.wrapped}")
        for side, streams in (("in", core.inputs), ("out", core.outputs))
        for s in streams
    ]


def _component(core: FlowCore) -> Iterator[str]:
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


def _package(core: IpCore, flow: FlowCore) -> str:
    """Return the VHDL package: constants, element types, the component of the Verilog wrapper."""
    lines = [
        "library ieee;",
        "use ieee.std_logic_1164.all;",
        "use ieee.numeric_std.all;",
        "",
        f"package {flow.wrapper}_pkg is",
        "",
        f"  constant LATENCY  : positive := {flow.latency};  -- cycles from in_valid to out_valid",
        f"  constant INTERVAL : positive := {flow.interval};  -- cycles from a sample to the next",
        "",
    ]
    for _, kind, stream, _ in _types(flow):
        base = "signed" if stream.fixed.signed else "unsigned"
        lines.append(f"  -- {stream.name}: {stream.dims} of {stream.fixed}, in row-major order")
        lines.append(
            f"  type {kind} is array (0 to {stream.size - 1}) of "
            f"{base}({stream.fixed.width - 1} downto 0);"
        )
    lines += ["", f"  component {flow.wrapper} is", "    port ("]
    lines += [
        *_component(flow),
        "    );",
        "  end component;",
        "",
        f"end package {flow.wrapper}_pkg;",
    ]
    head = core.banner("--", f"{flow.name} for trigger firmware in VHDL: types and the component.")
    return head + "\n" + "\n".join(lines) + "\n"


def _entity(core: IpCore, flow: FlowCore) -> str:
    """Return the VHDL entity with arrays of elements as ports."""
    rows = [
        ("clk", "in ", "std_logic", ""),
        ("rst", "in ", "std_logic", "synchronous, active high"),
    ]
    for side, valid in (("in", "in_valid"), ("out", "out_valid")):
        way = f"{side:<3}"
        rows.append((valid, way, "std_logic", ""))
        rows += [(port, way, kind, s.name) for at, kind, s, port in _types(flow) if at == side]
    inner = [f"  signal {port}_flat : std_logic_vector({s.bits - 1} downto 0);"
             for _, _, s, port in _types(flow)]  # fmt: skip
    body: list[str] = []
    for side, kind, stream, port in _types(flow):
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
    links += [(port, f"{port}_flat") for _, _, _, port in _types(flow)]
    wide = max(len(name) for name, _ in links)
    ends = [f"      {n:<{wide}} => {v}{'' if i == len(links) - 1 else ','}"
            for i, (n, v) in enumerate(links)]  # fmt: skip
    entity = f"{flow.wrapper}_vhdl"
    lines = [
        "library ieee;",
        "use ieee.std_logic_1164.all;",
        "use ieee.numeric_std.all;",
        f"use work.{flow.wrapper}_pkg.all;",
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
        f"  u_core : {flow.wrapper}",
        "    port map (",
        *ends,
        "    );",
        "",
        "end architecture wrapper;",
    ]
    head = core.banner(
        "--",
        f"{flow.name} for trigger firmware in VHDL. No back-pressure: what goes in with in_valid "
        f"comes out {counted(flow.latency, 'cycle')} later.",
    )
    return head + "\n" + "\n".join(lines) + "\n"


def _bench(core: IpCore, flow: FlowCore) -> dict[str, str]:
    """Return the bench of the Verilog wrapper: name to text, memories included."""
    samples = len(next(iter(flow.codes.values())))
    made: dict[str, str] = {}
    signals, wired, load, send, check = [], [], [], [], []
    for way, port, name in _flat(flow):
        side = way.removesuffix("put")
        file, span, mem = f"trigger_{name}.mem", sv.span(port.bits), f"{name}_mem"
        words = sample_words(flow.codes[f"{side}_{port.name}"], port.fixed.width)
        note = f"{port.name}: {samples} samples, one a line, element 0 in the lowest bits"
        made[file] = core.banner("//", note) + memory_file(words, port.bits)
        signals += [f"{'logic' if side == 'in' else 'wire '} {span} {name};",
                    f"logic {span} {mem} [0:SAMPLES-1];"]  # fmt: skip
        wired.append(f".{name}({name}),")
        load.append(f'$readmemh("{file}", {mem});')
        if side == "in":
            send.append(f"{name} <= {mem}[sent % SAMPLES];")
            continue
        check += [
            f"if ({name} !== {mem}[came % SAMPLES]) begin",
            f'  $display("FAIL: {name} of sample %0d is %h, expected %h", came % SAMPLES, '
            f"{name}, {mem}[came % SAMPLES]);",
            "  faults = faults + 1;",
            "end",
        ]
    text = fill_template(
        template("tb_trigger.sv.in"),
        tb=f"tb_{flow.wrapper}",
        trigger=flow.wrapper,
        samples=str(samples),
        latency=str(flow.latency),
        interval=str(flow.interval),
        signals="\n".join(signals),
        wired="\n".join(wired),
        load="\n".join(load),
        send="\n".join(send),
        check="\n".join(check),
    )
    head = core.banner(
        "//",
        f"Drives {flow.wrapper} and compares every bit, the latency and the interval.",
        "Run it where the .mem files are; it ends with PASSED, or with $fatal.",
    )
    return {**made, f"tb_{flow.wrapper}.sv": head + text}


def files(core: IpCore) -> FileSet:
    """Return the wrappers in ``hdl/`` and their bench in ``sim/trigger/``.

    The bench has a folder of its own: a simulator may be given all of ``sim/``.

    Raises:
        ConfigError: the core has no flow ports.
    """
    flow = flow_of(core)
    bench = {f"sim/trigger/{name}": text for name, text in _bench(core, flow).items()}
    return FileSet.of(
        {
            f"hdl/{flow.wrapper}.v": _verilog(core, flow),
            f"hdl/{flow.wrapper}_pkg.vhd": _package(core, flow),
            f"hdl/{flow.wrapper}_vhdl.vhd": _entity(core, flow),
            **bench,
        }
    )


def section(core: IpCore) -> str:
    """Return how the wrappers are used."""
    flow = flow_of(core)
    return fill_template(
        template("readme_trigger.md.in"),
        trigger=flow.wrapper,
        clock=f"{flow.clock_mhz:g}",
        latency=counted(flow.latency, "cycle"),
        ns=f"{flow.latency * 1000 / flow.clock_mhz:.1f}",
    )


TRIGGER = Format("trigger", files, section)
