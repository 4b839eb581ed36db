# SPDX-License-Identifier: Apache-2.0
"""Wrappers for trigger firmware: clock, valid and data, no back-pressure; Verilog and VHDL.

Trigger firmware is VHDL for the most part. So there are three layers: a Verilog module with plain
names, a VHDL package with its component declaration and element types, and a VHDL entity whose
ports are arrays of elements. A bench of their own drives the first with the vectors of the build.
"""

from __future__ import annotations

from hwgen.emit.verilog import sv
from hwgen.errors import ConfigError
from hwgen.files import FileSet, fill_template
from hwgen.package.formats import Format
from hwgen.package.ip_core import AxisPort, FlowCore, IpCore, sample_words
from hwgen.package.text import counted, template
from hwgen.package.verilog import memory_file, plain_module
from hwgen.package.vhdl import note_of, vhdl_entity, vhdl_package, vhdl_ports


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


def _flat(flow: FlowCore) -> list[tuple[str, AxisPort, str]]:
    """Return direction, port and name of every data port of the Verilog wrapper."""
    return [(f"{p.side}put", p.port, p.name) for p in vhdl_ports(flow)]


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
        signals += [
            f"{'logic' if side == 'in' else 'wire '} {span} {name};",
            f"logic {span} {mem} [0:SAMPLES-1];",
        ]
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
    types = core.banner("--", f"{flow.name} for trigger firmware in VHDL: types and the component.")
    entity = core.banner("--", note_of(flow))
    bench = {f"sim/trigger/{name}": text for name, text in _bench(core, flow).items()}
    return FileSet.of(
        {
            f"hdl/{flow.wrapper}.v": _verilog(core, flow),
            f"hdl/{flow.wrapper}_pkg.vhd": types + "\n" + vhdl_package(flow),
            f"hdl/{flow.wrapper}_vhdl.vhd": entity + "\n" + vhdl_entity(flow),
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
