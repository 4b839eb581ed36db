# SPDX-License-Identifier: Apache-2.0
"""Verilog of packaged modules: plain Verilog of 2001, ports of AXI4-Lite, memories of benches.

Vivado takes no SystemVerilog at the top of a packaged core.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hwgen.emit.verilog import sv
from hwgen.package.ip_core import Bus, BusKind

# Signals of AXI4-Lite: name, direction at the slave, bits (0: the address), port of hwg_axil_regs.
LITE = (
    ("awaddr", "input", 0, "aw_addr_i"),
    ("awprot", "input", 3, ""),
    ("awvalid", "input", None, "aw_valid_i"),
    ("awready", "output", None, "aw_ready_o"),
    ("wdata", "input", 32, "w_data_i"),
    ("wstrb", "input", 4, "w_strb_i"),
    ("wvalid", "input", None, "w_valid_i"),
    ("wready", "output", None, "w_ready_o"),
    ("bresp", "output", 2, "b_resp_o"),
    ("bvalid", "output", None, "b_valid_o"),
    ("bready", "input", None, "b_ready_i"),
    ("araddr", "input", 0, "ar_addr_i"),
    ("arprot", "input", 3, ""),
    ("arvalid", "input", None, "ar_valid_i"),
    ("arready", "output", None, "ar_ready_o"),
    ("rdata", "output", 32, "r_data_o"),
    ("rresp", "output", 2, "r_resp_o"),
    ("rvalid", "output", None, "r_valid_o"),
    ("rready", "input", None, "r_ready_i"),
)
# Signals of a bus that the marks of Vivado name: kind to definition and signal.
_MARKED = {
    BusKind.CLOCK: "xilinx.com:signal:clock:1.0 {name} CLK",
    BusKind.RESET: "xilinx.com:signal:reset:1.0 {name} RST",
    BusKind.INTERRUPT: "xilinx.com:signal:interrupt:1.0 {name} INTERRUPT",
}
_RATE = "FREQ_HZ"  # left to the system that the module is put into


def lite_ports(bus: str, address: int) -> list[sv.PortDecl]:
    """Return the ports of an AXI4-Lite slave with addresses of *address* bits."""
    return [
        sv.PortDecl(way, address if width == 0 else width, f"{bus}_{name}")
        for name, way, width, _ in LITE
    ]


def lite_bus(bus: str, target: str) -> Bus:
    """Return the bus interface of an AXI4-Lite slave that leads to the registers *target*."""
    signals = tuple((name.upper(), f"{bus}_{name}") for name, *_ in LITE)
    facts = (("PROTOCOL", "", "AXI4LITE"), ("DATA_WIDTH", "int", "32"))
    return Bus(bus, BusKind.AXI, False, signals, facts, "control and status registers", target)


def _mark(bus: Bus) -> str:
    """Return the attributes by which Vivado knows what a single wire is."""
    facts = ", ".join(f"{name} {value}" for name, _, value in bus.parameters if name != _RATE)
    info = _MARKED[bus.kind].format(name=bus.name)
    return f'(* X_INTERFACE_INFO = "{info}", X_INTERFACE_PARAMETER = "{facts}" *)'


def plain_module(
    head: str,
    name: str,
    ports: Sequence[sv.PortDecl],
    body: Iterable[str],
    buses: Sequence[Bus] = (),
) -> str:
    """Return a file with a module of Verilog 2001.

    Args:
        head: first lines of the file.
        name: of the module.
        ports: of it.
        body: its lines.
        buses: clock, reset and interrupt among them are marked for Vivado.
    """
    marks: Mapping[str, str] = {
        bus.signals[0][1]: _mark(bus) for bus in buses if bus.kind in _MARKED
    }
    wide = max(len(sv.span(p.width)) for p in ports if p.width is not None)
    lines = [f"module {name} ("]
    for i, port in enumerate(ports):
        if port.name in marks:
            lines.append(f"  {marks[port.name]}")
        size = "" if port.width is None else sv.span(port.width)
        comma = "" if i == len(ports) - 1 else ","
        comment = f"  // {port.comment}" if port.comment else ""
        lines.append(f"  {port.direction + ' wire':<11} {size:<{wide}} {port.name}{comma}{comment}")
    lines += [");", "", *body, "", "endmodule"]
    return "\n".join([f"{head}`default_nettype none", "", *lines, "", "`default_nettype wire", ""])


def memory_file(words: Iterable[int], width: int) -> str:
    """Return the words of a memory of *width* bits, a line each, as ``$readmemh`` takes them."""
    digits = -(-width // 4)
    return "".join(f"{word:0{digits}x}\n" for word in words)
