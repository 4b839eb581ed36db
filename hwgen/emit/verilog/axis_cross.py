# SPDX-License-Identifier: Apache-2.0
"""The AXI-Stream top with two clocks: one for the AXI ports, one for the core."""

from __future__ import annotations

from collections.abc import Iterator

from hwgen.design.names import ModuleNames
from hwgen.design.types import Design, Port
from hwgen.emit.verilog import sv
from hwgen.emit.verilog.axis import bus, bus_checks, bus_ports
from hwgen.emit.verilog.layout import banner

CROSS_UNITS = frozenset({"hwg_axis_cross", "hwg_reset_pair", "hwg_level_sync", "hwg_stream_check"})
STAGES = 2  # registers that a count, a level or a release passes
DEPTH = 2 * STAGES + 4  # beats in a crossing: the least that keep a beat in every cycle
_BEAT = ("data", "keep", "last", "valid")


def _wires(design: Design, port: Port, ports: tuple[Port, ...], side: str) -> Iterator[str]:
    """Yield the signals between a crossing and the core; they are called ``core_<bus>``."""
    name, width = f"core_{bus(port, ports, side)}", design.data_width
    yield f"  logic {sv.span(width)} {name}_tdata;"
    yield f"  logic {sv.span(width // 8)} {name}_tkeep;"
    yield f"  logic {name}_tlast, {name}_tvalid, {name}_tready;"


def _crossing(design: Design, port: Port, ports: tuple[Port, ...], leaving: bool) -> Iterator[str]:
    name = bus(port, ports, "m" if leaving else "s")
    clocks = [("aclk", "axi_rst_n"), ("core_aclk", "core_rst_n")]
    buses = [name, f"core_{name}"]
    if leaving:
        clocks, buses = clocks[::-1], buses[::-1]
    wired = []
    for side, (clock, reset), wire in zip(("in", "out"), clocks, buses, strict=True):
        ahead, back = ("i", "o") if side == "in" else ("o", "i")
        wired += [(f"{side}_clk_i", clock), (f"{side}_rst_ni", reset)]
        wired += [(f"{side}_{part}_{ahead}", f"{wire}_t{part}") for part in _BEAT]
        wired.append((f"{side}_ready_{back}", f"{wire}_tready"))
    yield ""
    yield f"  // {'output' if leaving else 'input'} {port.name}"
    yield from _wires(design, port, ports, "m" if leaving else "s")
    sizes = (("DataWidth", design.data_width), ("Depth", DEPTH), ("Stages", STAGES))
    params = [(key, str(value)) for key, value in sizes]
    yield from sv.instance("hwg_axis_cross", f"u_{name}_cross", params, wired)


def _core(design: Design, names: ModuleNames) -> Iterator[str]:
    ports = [("aclk", "core_aclk"), ("aresetn", "core_rst_n")]
    for side, group in (("s", design.inputs), ("m", design.outputs)):
        for port in group:
            name = bus(port, group, side)
            ports += [(f"{name}_t{w}", f"core_{name}_t{w}") for w in (*_BEAT, "ready")]
    yield ""
    yield "  logic core_frame_error;"
    yield from sv.instance(
        names.axis, "u_core", [], [*ports, ("frame_error_o", "core_frame_error")]
    )
    yield ""
    yield from sv.instance(
        "hwg_level_sync",
        "u_frame_error",
        [("Stages", str(STAGES))],
        [
            ("clk_i", "aclk"),
            ("rst_ni", "axi_rst_n"),
            ("in_i", "core_frame_error"),
            ("out_o", "frame_error_o"),
        ],
    )


def cross_top(design: Design, names: ModuleNames) -> str:
    """Return the AXI-Stream top whose AXI ports have a clock of their own."""
    ports = bus_ports(design, "a frame was broken; until reset")
    clocks = [
        sv.PortDecl("input", None, "aclk", "of the AXI-Streams"),
        sv.PortDecl("input", None, "aresetn", "resets both sides; of any origin and length"),
        sv.PortDecl("input", None, "core_aclk", "of the core"),
        sv.PortDecl("input", None, "core_aresetn", "likewise; high where there is none"),
        sv.PortDecl("output", None, "aresetn_o", "of what stands beside the streams on aclk"),
    ]
    body = [
        "  // both sides leave their resets together, however short the reset was",
        "  logic axi_rst_n, core_rst_n;",
        *sv.instance(
            "hwg_reset_pair",
            "u_resets",
            [("Stages", str(STAGES))],
            [
                ("a_clk_i", "aclk"),
                ("b_clk_i", "core_aclk"),
                ("rst_ni", "aresetn & core_aresetn"),
                ("a_rst_no", "axi_rst_n"),
                ("b_rst_no", "core_rst_n"),
            ],
        ),
    ]
    body.append("  assign aresetn_o = axi_rst_n;")
    for port in design.inputs:
        body += _crossing(design, port, design.inputs, leaving=False)
    for port in design.outputs:
        body += _crossing(design, port, design.outputs, leaving=True)
    body += [*_core(design, names), *bus_checks(design, "axi_rst_n")]
    header = [
        *banner(design, f"{design.name}: AXI-Stream on aclk, the core on core_aclk."),
        f"Planned for {design.axi_mhz:g} MHz and {design.clock_mhz:g} MHz, of any phase; "
        "docs/clocks.md has the constraints.",
    ]
    return sv.file(header, sv.module(names.cdc, [*clocks, *ports[2:]], body))
