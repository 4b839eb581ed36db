# SPDX-License-Identifier: Apache-2.0
"""Packaged module of a network: its AXI-Stream top behind registers."""

from __future__ import annotations

from collections.abc import Iterator

from hwgen.emit.verilog import sv
from hwgen.package.crossing import LEVEL, Crossing, reset_pair
from hwgen.package.ip_core import (
    CORE_CLOCK,
    CORE_RESET,
    REGISTERS,
    AxisPort,
    Bus,
    BusKind,
    clock_bus,
    period_ns,
    reset_bus,
)
from hwgen.package.network.core import ADDRESS_WIDTH, NetworkCore
from hwgen.package.network.registers import identity
from hwgen.package.text import counted
from hwgen.package.verilog import LITE, lite_bus, lite_ports, plain_module

BEAT = ("tdata", "tkeep", "tlast", "tvalid", "tready")
UNITS = ("hwg_axil_regs", "hwg_axis_split", "hwg_axis_join")
LITE_BUS = "s_axil"


def stream_ports(core: NetworkCore, stream: AxisPort) -> list[sv.PortDecl]:
    """Return the ports of an AXI-Stream."""
    ahead, back = ("input", "output") if stream in core.inputs else ("output", "input")
    note = f"{stream.name}: {stream.dims} of {stream.fixed}, {stream.bytes} bytes, "
    note += counted(stream.beats, "beat")
    widths = (core.data_width, core.data_width // 8, None, None, None)
    return [
        sv.PortDecl(
            back if name == "tready" else ahead,
            width,
            f"{stream.prefix}_{name}",
            note if name == "tdata" else "",
        )
        for name, width in zip(BEAT, widths, strict=True)
    ]


def ip_ports(core: NetworkCore) -> list[sv.PortDecl]:
    """Return the ports of the packaged module."""
    ports = [sv.PortDecl("input", None, "aclk"), sv.PortDecl("input", None, "aresetn")]
    if core.cdc:
        ports.append(sv.PortDecl("input", None, CORE_CLOCK, "of any ratio and phase to aclk"))
        ports.append(sv.PortDecl("input", None, CORE_RESET, "of any origin; or high"))
    ports += lite_ports(LITE_BUS, ADDRESS_WIDTH)
    for stream in core.streams:
        ports += stream_ports(core, stream)
    return ports


def ip_buses(core: NetworkCore) -> tuple[Bus, ...]:
    """Return the bus interfaces of the packaged module."""
    names = [LITE_BUS, *(stream.prefix for stream in core.streams)]
    streams = [
        Bus(
            stream.prefix,
            BusKind.STREAM,
            stream in core.outputs,
            tuple((name.upper(), f"{stream.prefix}_{name}") for name in BEAT),
            (
                ("TDATA_NUM_BYTES", "int", str(core.data_width // 8)),
                ("HAS_TKEEP", "int", "1"),
                ("HAS_TLAST", "int", "1"),
                ("HAS_TREADY", "int", "1"),
            ),
            f"{stream.name}: {stream.dims} of {stream.fixed} in containers of "
            f"{stream.container} bits, a sample takes {stream.bytes} bytes",
        )
        for stream in core.streams
    ]
    lite = lite_bus(LITE_BUS, REGISTERS)
    rate = core.clock_khz * 1000
    if not core.cdc:
        return (clock_bus(names, rate), reset_bus(), lite, *streams)
    return (
        clock_bus(names, round(core.bus_mhz * 1000) * 1000, text="times all buses"),
        reset_bus(),
        clock_bus((), rate, (CORE_RESET,), "times the core", CORE_CLOCK),
        reset_bus(CORE_RESET, "of any origin"),
        lite,
        *streams,
    )


def _registers(core: NetworkCore) -> Iterator[str]:
    figures = identity(core)

    def word(*parts: tuple[str, int]) -> str:
        value = 0
        for name, width in parts:
            assert 0 <= figures[name] < 1 << width, f"{name} takes more than {width} bits"
            value = value << width | figures[name]
        return f"32'h{value:08X}"

    yield ""
    yield "  wire        core_enable, core_reset, frame_error, frame_open, result_waiting;"
    yield "  wire        sample_in, sample_out;"
    yield "  wire [31:0] batch;"
    yield from sv.instance(
        "hwg_axil_regs",
        "u_regs",
        [
            ("AddrWidth", str(ADDRESS_WIDTH)),
            ("Version", word(("MAJOR", 8), ("MINOR", 8), ("PATCH", 16))),
            ("DigestHi", word(("DIGEST_HI", 32))),
            ("DigestLo", word(("DIGEST_LO", 32))),
            ("Latency", word(("LATENCY", 32))),
            ("Interval", word(("INTERVAL", 32))),
            ("Clock", word(("CLOCK_KHZ", 32))),
            ("Ports", word(("OUTPUTS", 8), ("INPUTS", 8), ("DATA_WIDTH", 16))),
        ],
        [
            ("clk_i", "aclk"),
            ("rst_ni", "aresetn"),
            *((port, f"s_axil_{name}") for name, _, _, port in LITE if port),
            ("enable_o", "core_enable"),
            ("reset_o", "core_reset"),
            ("batch_o", "batch"),
            ("frame_error_i", "frame_error"),
            ("frame_open_i", "frame_open"),
            ("result_waiting_i", "result_waiting"),
            ("sample_in_i", "sample_in"),
            ("sample_out_i", "sample_out"),
        ],
    )
    yield "  wire unused_prot;"
    yield "  assign unused_prot = ^{s_axil_awprot, s_axil_arprot};"


def _wires(core: NetworkCore, stream: AxisPort) -> Iterator[str]:
    """Yield the signals between a stream's unit and the core; they are called core_<prefix>."""
    name, width = f"core_{stream.prefix}", core.data_width
    data, keep = sv.span(width), sv.span(width // 8)
    wide = max(len(data), len(keep))
    yield f"  wire {data:<{wide}} {name}_tdata;"
    yield f"  wire {keep:<{wide}} {name}_tkeep;"
    yield f"  wire {'':<{wide}} {name}_tlast, {name}_tvalid, {name}_tready;"


def _ends(outer: str, inner: str) -> list[tuple[str, str]]:
    """Return the connections of a unit that beats pass from *outer* to *inner*."""
    units = ("data", "keep", "last", "valid")
    ends = []
    for side, name, back in (("in", outer, "o"), ("out", inner, "i")):
        ahead = "i" if back == "o" else "o"
        ends += [(f"{side}_{u}_{ahead}", f"{name}_t{u}") for u in units]
        ends.append((f"{side}_ready_{back}", f"{name}_tready"))
    return ends


def _adapters(core: NetworkCore) -> Iterator[str]:
    clocked = [("clk_i", "aclk"), ("rst_ni", "core_resetn")]
    for stream in core.inputs:
        name = stream.prefix
        yield ""
        yield f"  // input {stream.name}: stops between samples, and takes frames of several"
        yield from _wires(core, stream)
        yield f"  wire {name}_open, {name}_sample;"
        yield from sv.instance(
            "hwg_axis_split",
            f"u_{name}",
            [("DataWidth", str(core.data_width)), ("Beats", str(stream.beats))],
            [
                *clocked,
                ("enable_i", "core_enable"),
                ("many_i", "batch_many"),
                ("open_o", f"{name}_open"),
                ("sample_o", f"{name}_sample"),
                *_ends(name, f"core_{name}"),
            ],
        )
    for stream in core.outputs:
        name = stream.prefix
        yield ""
        yield f"  // output {stream.name}: joins the results of a frame"
        yield from _wires(core, stream)
        yield f"  wire {name}_sample;"
        yield from sv.instance(
            "hwg_axis_join",
            f"u_{name}",
            [("DataWidth", str(core.data_width))],
            [
                *clocked,
                ("batch_i", "batch"),
                ("sample_o", f"{name}_sample"),
                *_ends(f"core_{name}", name),
            ],
        )


def _core(core: NetworkCore) -> Iterator[str]:
    streams = [(f"{s.prefix}_{w}", f"core_{s.prefix}_{w}") for s in core.streams for w in BEAT]
    resets = [("aresetn", "core_resetn")]
    if core.cdc:
        resets = [
            ("aresetn", "aresetn & ~core_reset"),
            (CORE_CLOCK, CORE_CLOCK),
            (CORE_RESET, CORE_RESET),
            ("aresetn_o", "core_resetn"),
        ]
    yield from sv.instance(
        core.cdc or core.axis,
        "u_core",
        [],
        [
            ("aclk", "aclk"),
            *resets,
            *streams,
            ("frame_error_o", "frame_error"),
        ],
    )


def ip_crossings(core: NetworkCore) -> tuple[Crossing, ...]:
    """Return what passes between the two clocks, as instances below the packaged module."""
    if not core.cdc:
        return ()
    axi, own = period_ns(core.bus_mhz), period_ns(core.clock_mhz)
    return (
        *reset_pair("u_core/u_resets"),
        *(Crossing(f"u_core/u_{s.prefix}_cross/u_fifo", axi, own) for s in core.inputs),
        *(Crossing(f"u_core/u_{s.prefix}_cross/u_fifo", own, axi) for s in core.outputs),
        Crossing("u_core/u_frame_error", unit=LEVEL),
    )


def ip_top(core: NetworkCore) -> str:
    """Return the packaged module."""
    body = [
        "  // The core's own reset, by which the registers let it forget what is in flight.",
        "  wire core_resetn, batch_many;",
        *_registers(core),
        *([] if core.cdc else ["  assign core_resetn = aresetn & ~core_reset;"]),
        "  assign batch_many  = |batch[31:1];",
        *_adapters(core),
        "",
        f"  assign frame_open     = {' | '.join(f'{s.prefix}_open' for s in core.inputs)};",
        f"  assign result_waiting = {' | '.join(f'{s.prefix}_tvalid' for s in core.outputs)};",
        "  // The streams keep step, so that one counts for all.",
        f"  assign sample_in      = {core.inputs[0].prefix}_sample;",
        f"  assign sample_out     = {core.outputs[0].prefix}_sample;",
    ]
    others = [f"{s.prefix}_sample" for s in (*core.inputs[1:], *core.outputs[1:])]
    if others:
        body += ["  wire unused_samples;", f"  assign unused_samples = ^{{{', '.join(others)}}};"]
    body += ["", *_core(core)]
    note = f"{core.name}: AXI-Stream frames in and out, registers behind AXI4-Lite."
    return plain_module(core.banner("//", note), core.ip, ip_ports(core), body, ip_buses(core))
