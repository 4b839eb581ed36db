# SPDX-License-Identifier: Apache-2.0
"""Packaged module of the engine: its ports as buses with the usual names."""

from __future__ import annotations

from collections.abc import Iterator

from hwgen.emit.verilog import sv
from hwgen.package.codec_engine.core import ENGINE, PAGE, CodecCore
from hwgen.package.ip_core import (
    REGISTERS,
    RESET,
    AddressSpace,
    Bus,
    BusKind,
    clock_bus,
    reset_bus,
)
from hwgen.package.verilog import LITE, lite_bus, lite_ports, plain_module

CONTROL, MEMORY, IN, OUT = "s_axi_control", "m_axi_gmem", "s_axis_values", "m_axis_values"
MEMORY_RESET = f"{MEMORY}_aresetn"
Channels = tuple[tuple[str, tuple[tuple[str, int | str], ...]], ...]
# Of AXI4, by direction of the master: signal, bits (0: one without a range; "a", "d" and "s":
# address, data, strobes).
_WRITE: Channels = (
    ("output", (("awid", 1), ("awaddr", "a"), ("awlen", 8), ("awsize", 3), ("awburst", 2),
                ("awlock", 0), ("awcache", 4), ("awprot", 3), ("awvalid", 0), ("wdata", "d"),
                ("wstrb", "s"), ("wlast", 0), ("wvalid", 0), ("bready", 0))),
    ("input", (("awready", 0), ("wready", 0), ("bid", 1), ("bresp", 2), ("bvalid", 0))),
)  # fmt: skip
_READ: Channels = (
    ("output", (("arid", 1), ("araddr", "a"), ("arlen", 8), ("arsize", 3), ("arburst", 2),
                ("arlock", 0), ("arcache", 4), ("arprot", 3), ("arvalid", 0), ("rready", 0))),
    ("input", (("arready", 0), ("rid", 1), ("rdata", "d"), ("rresp", 2), ("rlast", 0),
               ("rvalid", 0))),
)  # fmt: skip


def _axi(core: CodecCore, channels: Channels) -> Iterator[tuple[str, str, int | None]]:
    """Yield direction, name and width of the AXI4 signals."""
    sizes = {"a": core.address_bits, "d": core.bus, "s": core.bus // 8}
    for way, signals in channels:
        for name, size in signals:
            yield way, name, sizes[size] if isinstance(size, str) else size or None


def memory_signals(core: CodecCore) -> list[str]:
    """Return the names of the AXI4 signals that the core has."""
    return [port.name.removeprefix(f"{MEMORY}_") for port in memory_ports(core)]


def memory_ports(core: CodecCore) -> list[sv.PortDecl]:
    """Return the ports of the AXI4 master: the channels that are used."""
    channels = (*(_WRITE if core.writer else ()), *(_READ if core.reader else ()))
    return [
        sv.PortDecl(way, width, f"{MEMORY}_{name}") for way, name, width in _axi(core, channels)
    ]


def stream_ports(core: CodecCore) -> dict[str, list[sv.PortDecl]]:
    """Return the ports of each AXI-Stream that the core has."""
    wide, made = 8 * core.beat, {}
    note = f"{core.lanes} values of {core.container} bits, the first lowest"
    if core.writer:
        made[IN] = [
            sv.PortDecl("input", wide, f"{IN}_tdata", note),
            sv.PortDecl("input", None, f"{IN}_tlast", "of the tensor"),
            sv.PortDecl("input", None, f"{IN}_tvalid"),
            sv.PortDecl("output", None, f"{IN}_tready"),
        ]
    if core.reader:
        user = "values of the beat; its block is damaged; last of its block"
        made[OUT] = [
            sv.PortDecl("output", wide, f"{OUT}_tdata", note),
            sv.PortDecl("output", core.count_width + 2, f"{OUT}_tuser", user),
            sv.PortDecl("output", None, f"{OUT}_tlast", "of the tensor"),
            sv.PortDecl("output", None, f"{OUT}_tvalid"),
            sv.PortDecl("input", None, f"{OUT}_tready"),
        ]
    return made


def codec_ports(core: CodecCore) -> list[sv.PortDecl]:
    """Return the ports of the packaged module."""
    return [
        sv.PortDecl("input", None, "aclk"),
        sv.PortDecl("input", None, RESET),
        sv.PortDecl("input", None, MEMORY_RESET, "that of the memory's bus"),
        sv.PortDecl("output", None, "irq"),
        *lite_ports(CONTROL, (PAGE - 1).bit_length()),
        *memory_ports(core),
        *(port for ports in stream_ports(core).values() for port in ports),
    ]


def memory_space(core: CodecCore) -> AddressSpace:
    """Return the address space of the AXI4 master."""
    return AddressSpace("memory", core.address_bits, core.bus)


def _memory_bus(core: CodecCore) -> Bus:
    ways = ("" if core.reader else "WRITE_ONLY") or ("" if core.writer else "READ_ONLY")
    facts = (
        ("PROTOCOL", "", "AXI4"),
        ("DATA_WIDTH", "int", str(core.bus)),
        ("MAX_BURST_LENGTH", "int", str(core.burst)),
        ("READ_WRITE_MODE", "", ways or "READ_WRITE"),
    )
    signals = tuple((name.upper(), f"{MEMORY}_{name}") for name in memory_signals(core))
    space = memory_space(core).name
    return Bus(MEMORY, BusKind.AXI, True, signals, facts, "coded tensors", space)


def _stream_bus(core: CodecCore, name: str, ports: list[sv.PortDecl]) -> Bus:
    wires = {port.name.removeprefix(f"{name}_"): port for port in ports}
    user = wires["tuser"].width if "tuser" in wires else 0
    facts = (
        ("TDATA_NUM_BYTES", "int", str(core.beat)),
        ("TUSER_WIDTH", "int", str(user)),
        ("HAS_TKEEP", "int", "0"),
        ("HAS_TLAST", "int", str(int("tlast" in wires))),
        ("HAS_TREADY", "int", "1"),
    )
    signals = tuple((wire.upper(), port.name) for wire, port in wires.items())
    text = f"{core.lanes} values of {core.container} bits"
    return Bus(name, BusKind.STREAM, name == OUT, signals, facts, text)


def codec_buses(core: CodecCore) -> tuple[Bus, ...]:
    """Return the bus interfaces of the packaged module."""
    streams = stream_ports(core)
    sensitivity = (("SENSITIVITY", "", "LEVEL_HIGH"),)
    return (
        clock_bus([CONTROL, MEMORY, *streams], resets=(RESET, MEMORY_RESET)),
        reset_bus(),
        reset_bus(MEMORY_RESET),
        Bus("irq", BusKind.INTERRUPT, True, (("INTERRUPT", "irq"),), sensitivity,
            "an event that was chosen waits"),
        lite_bus(CONTROL, REGISTERS),
        _memory_bus(core),
        *(_stream_bus(core, name, ports) for name, ports in streams.items()),
    )  # fmt: skip


def _wired(core: CodecCore, channels: Channels, there: bool) -> Iterator[tuple[str, str]]:
    """Yield the engine's AXI4 connections; of channels that are not there, nothing comes."""
    for way, name, width in _axi(core, channels):
        outer = f"{MEMORY}_{name}"
        if not there:
            outer = f"{width or 1}'d0" if way == "input" else f"no_{name}"
        yield f"m_axi_{name}_{way[0]}", outer


def _engine(core: CodecCore) -> list[str]:
    lite = [
        (f"s_axil_{name}_{way[0]}", f"{CONTROL}_{name}") for name, way, _, _ in LITE
        if not name.endswith("prot")
    ]  # fmt: skip
    values = [
        ("s_values_valid_i", f"{IN}_tvalid" if core.writer else "1'b0"),
        ("s_values_ready_o", f"{IN}_tready" if core.writer else "no_ready"),
        ("s_values_data_i", "to_engine"),
        ("s_values_last_i", f"{IN}_tlast" if core.writer else "1'b0"),
        ("m_values_valid_o", f"{OUT}_tvalid" if core.reader else "no_valid"),
        ("m_values_ready_i", f"{OUT}_tready" if core.reader else "1'b1"),
        ("m_values_data_o", "from_engine"),
        ("m_values_count_o", "count"),
        ("m_values_block_o", "block"),
        ("m_values_fault_o", "fault"),
        ("m_values_last_o", f"{OUT}_tlast" if core.reader else "no_last"),
    ]
    params = [(name, str(value)) for name, value in core.params.items()]
    return sv.instance(
        ENGINE,
        "u_engine",
        [*params, ("Version", f"32'h{core.figures['VERSION']:08X}")],
        [
            ("clk_i", "aclk"),
            ("rst_ni", RESET),
            ("bus_rst_ni", MEMORY_RESET),
            ("irq_o", "irq"),
            *lite,
            *values,
            *_wired(core, _WRITE, core.writer),
            *_wired(core, _READ, core.reader),
        ],
    )


def _spares(core: CodecCore) -> Iterator[str]:
    """Yield wires for what the engine drives and the core has no port for."""
    sunk = [f"{CONTROL}_awprot", f"{CONTROL}_arprot"]
    ends: list[tuple[str, int | None]] = []
    for there, channels, others in (
        (core.writer, _WRITE, ["no_ready"]),
        (core.reader, _READ, ["no_valid", "no_last"]),
    ):
        if not there:
            ends += [(name, None) for name in others]
            ends += [(f"no_{n}", w) for way, n, w in _axi(core, channels) if way == "output"]
    for name, width in ends:
        yield f"  wire {'' if width is None else sv.span(width) + ' '}{name};"
    sunk += [name for name, _ in ends]
    if core.writer and core.container != core.word:
        sunk.append(f"{IN}_tdata")
    if not core.reader:
        sunk += ["from_engine", "count", "block", "fault"]
    yield "  wire unused;"
    yield f"  assign unused = ^{sv.concat(sunk)};"


def _values(core: CodecCore) -> Iterator[str]:
    """Yield the ways between beats of the streams and words of the engine."""
    lanes, bits, box, wide = core.lanes, core.word, core.container, core.count_width
    yield f"  wire {sv.span(lanes * bits)} to_engine, from_engine;"
    yield f"  wire {sv.span(wide)} count;"
    yield "  wire block, fault;"
    yield ""
    if core.writer:
        parts = [sv.bits(f"{IN}_tdata", box * k, bits, box * lanes) for k in range(lanes)]
        yield f"  assign to_engine = {sv.concat(parts)};"
    else:
        yield f"  assign to_engine = {lanes * bits}'d0;"
    if core.reader:
        pad = f"{box - bits}'d0, " if box > bits else ""
        parts = []
        for k in range(lanes):
            value = "{" + pad + sv.bits("from_engine", bits * k, bits, bits * lanes) + "}"
            parts.append(f"count > {wide}'d{k} ? {value} : {box}'d0" if k else value)
        yield "  // Places of a beat that hold no value are 0."
        for k, part in enumerate(parts):
            place = sv.bits(f"{OUT}_tdata", box * k, box, box * lanes)
            yield f"  assign {place} = {part};"
        yield f"  assign {OUT}_tuser = {{count, fault & block, block}};"


def codec_top(core: CodecCore) -> str:
    """Return the packaged module."""
    body = [*_values(core), "", *_spares(core), "", *_engine(core)]
    head = core.banner("//", "Registers, a memory and streams of values round the engine.")
    return plain_module(head, core.ip, codec_ports(core), body, codec_buses(core))
