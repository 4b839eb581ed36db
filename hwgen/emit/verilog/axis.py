# SPDX-License-Identifier: Apache-2.0
"""The AXI-Stream top: frames in, frames out, the flow core between a credit counter and a FIFO."""

from __future__ import annotations

from collections.abc import Iterator

from hwgen.design.frame import Frame, buffer_depth
from hwgen.design.names import ModuleNames
from hwgen.design.types import Design, Port
from hwgen.emit.verilog import sv
from hwgen.emit.verilog.layout import banner
from hwgen.emit.verilog.top import describe


def bus(port: Port, ports: tuple[Port, ...], side: str) -> str:
    """Return the prefix of a port's AXI signals; the name is left out where there is one alone."""
    return f"{side}_axis" if len(ports) == 1 else f"{side}_axis_{port.name}"


def bus_ports(design: Design, error: str) -> list[sv.PortDecl]:
    """Return the ports of an AXI-Stream top; *error* says what a broken frame leads to."""
    width, keep = design.data_width, design.data_width // 8
    ports = [sv.PortDecl("input", None, "aclk"), sv.PortDecl("input", None, "aresetn")]
    sides = (("s", design.inputs, "input", "output"), ("m", design.outputs, "output", "input"))
    for side, group, ahead, back in sides:
        for port in group:
            name, frame = bus(port, group, side), Frame.of(port, width)
            note = f"{describe(port)}: {frame.bytes} bytes, beats: {frame.beats}"
            ports += [
                sv.PortDecl(ahead, width, f"{name}_tdata", note),
                sv.PortDecl(ahead, keep, f"{name}_tkeep"),
                sv.PortDecl(ahead, None, f"{name}_tlast"),
                sv.PortDecl(ahead, None, f"{name}_tvalid"),
                sv.PortDecl(back, None, f"{name}_tready"),
            ]
    return [*ports, sv.PortDecl("output", None, "frame_error_o", error)]


def sticky_error(design: Design) -> Iterator[str]:
    """Yield the flag of a broken frame: the ``<input>_in_error`` of any input, until reset."""
    errors = " | ".join(f"{p.name}_in_error" for p in design.inputs)
    yield ""
    yield "  logic frame_error_d, frame_error_q;"
    yield f"  assign frame_error_d = frame_error_q | {errors};"
    yield "  always_ff @(posedge aclk) begin"
    yield "    if (!aresetn) frame_error_q <= 1'b0;"
    yield "    else          frame_error_q <= frame_error_d;"
    yield "  end"
    yield "  assign frame_error_o = frame_error_q;"


def bus_checks(design: Design, reset: str = "aresetn") -> Iterator[str]:
    """Yield a checker at every AXI-Stream port, for test builds; *reset* is active low."""
    width = design.data_width + design.data_width // 8 + 1
    yield ""
    yield "`ifdef HWG_ASSERT"
    for side, group in (("s", design.inputs), ("m", design.outputs)):
        for port in group:
            name = bus(port, group, side)
            yield from sv.instance(
                "hwg_stream_check",
                f"u_{name}_check",
                [("Width", str(width))],
                [
                    ("clk_i", "aclk"),
                    ("rst_ni", reset),
                    ("valid_i", f"{name}_tvalid"),
                    ("ready_i", f"{name}_tready"),
                    ("data_i", f"{{{name}_tlast, {name}_tkeep, {name}_tdata}}"),
                ],
            )
    yield "`endif"


class _Writer:
    """State of writing one wrapper."""

    def __init__(self, design: Design, names: ModuleNames) -> None:
        self.design, self.names, self.width = design, names, design.data_width

    def _unpack(self, port: Port) -> Iterator[str]:
        name, frame = bus(port, self.design.inputs, "s"), Frame.of(port, self.width)
        yield ""
        yield f"  // input {port.name}: {port.fixed} in containers of {frame.container} bits"
        yield (
            f"  logic {port.name}_in_valid, {port.name}_in_ready, {port.name}_in_bad, "
            f"{port.name}_in_error;"
        )
        yield f"  logic {sv.span(port.bits)} {port.name}_in_data;"
        yield from sv.instance(
            "hwg_axis_unpack",
            f"u_{port.name}_unpack",
            [
                ("DataWidth", str(self.width)),
                ("Container", str(frame.container)),
                ("Width", str(port.fixed.width)),
                ("Count", str(port.size)),
            ],
            [
                ("clk_i", "aclk"),
                ("rst_ni", "aresetn"),
                ("in_valid_i", f"{name}_tvalid"),
                ("in_ready_o", f"{name}_tready"),
                ("in_data_i", f"{name}_tdata"),
                ("in_keep_i", f"{name}_tkeep"),
                ("in_last_i", f"{name}_tlast"),
                ("out_valid_o", f"{port.name}_in_valid"),
                ("out_ready_i", f"{port.name}_in_ready"),
                ("out_data_o", f"{port.name}_in_data"),
                ("out_bad_o", f"{port.name}_in_bad"),
                ("error_o", f"{port.name}_in_error"),
            ],
        )

    def _core(self) -> Iterator[str]:
        design = self.design
        total = sum(port.bits for port in design.outputs)
        ins = design.inputs
        valid = " & ".join(f"{p.name}_in_valid" for p in ins)
        yield ""
        yield "  // one sample leaves all inputs together, when its result has room; a broken"
        yield "  // frame takes the frames beside it along"
        yield "  logic sample_valid, sample_bad, sample_ready, launch_valid, result_valid;"
        yield f"  assign sample_valid = {valid};"
        yield f"  assign sample_bad = {' | '.join(f'{p.name}_in_bad' for p in ins)};"
        for port in ins:
            go = "sample_ready | sample_bad"
            go = go if len(ins) == 1 else f"sample_valid & ({go})"
            yield f"  assign {port.name}_in_ready = {go};"
        yield ""
        for port in design.outputs:
            yield f"  logic {sv.span(port.bits)} {port.name}_result;"
        spaced = design.style == "serial"
        if spaced:  # the buffer keeps the interval: no sample can come too early
            yield "  logic unused_interval_error;"
        yield from sv.instance(
            self.names.top,
            "u_core",
            [],
            [
                ("clk_i", "aclk"),
                ("rst_ni", "aresetn"),
                ("in_valid_i", "launch_valid"),
                *((f"{p.name}_data_i", f"{p.name}_in_data") for p in ins),
                ("out_valid_o", "result_valid"),
                *((f"{p.name}_data_o", f"{p.name}_result") for p in design.outputs),
                *([("interval_error_o", "unused_interval_error")] if spaced else []),
            ],
        )
        yield ""
        yield "  logic waiting_valid, waiting_ready;"
        yield f"  logic {sv.span(total)} waiting_data;"
        yield from sv.instance(
            "hwg_flow_buffer",
            "u_buffer",
            [
                ("Width", str(total)),
                ("Depth", str(buffer_depth(design))),
                *([("Interval", str(design.interval))] if spaced else []),
            ],
            [
                ("clk_i", "aclk"),
                ("rst_ni", "aresetn"),
                ("in_valid_i", "sample_valid & ~sample_bad"),
                ("in_ready_o", "sample_ready"),
                ("launch_valid_o", "launch_valid"),
                ("result_valid_i", "result_valid"),
                ("result_data_i", sv.concat([f"{p.name}_result" for p in design.outputs])),
                ("out_valid_o", "waiting_valid"),
                ("out_ready_i", "waiting_ready"),
                ("out_data_o", "waiting_data"),
            ],
        )

    def _fork(self) -> Iterator[str]:
        outs = self.design.outputs
        yield ""
        for port in outs:
            yield f"  logic {port.name}_send_valid, {port.name}_send_ready;"
        if len(outs) == 1:
            yield f"  assign {outs[0].name}_send_valid = waiting_valid;"
            yield f"  assign waiting_ready = {outs[0].name}_send_ready;"
            return
        yield from sv.instance(
            "hwg_fork",
            "u_fork",
            [("Sinks", str(len(outs)))],
            [
                ("clk_i", "aclk"),
                ("rst_ni", "aresetn"),
                ("in_valid_i", "waiting_valid"),
                ("in_ready_o", "waiting_ready"),
                ("out_valid_o", sv.concat([f"{p.name}_send_valid" for p in outs])),
                ("out_ready_i", sv.concat([f"{p.name}_send_ready" for p in outs])),
            ],
        )

    def _pack(self, port: Port, low: int, total: int) -> Iterator[str]:
        name, frame = bus(port, self.design.outputs, "m"), Frame.of(port, self.width)
        yield ""
        yield f"  // output {port.name}: {port.fixed} in containers of {frame.container} bits"
        yield from sv.instance(
            "hwg_axis_pack",
            f"u_{port.name}_pack",
            [
                ("DataWidth", str(self.width)),
                ("Container", str(frame.container)),
                ("Width", str(port.fixed.width)),
                ("Signed", str(int(port.fixed.signed))),
                ("Count", str(port.size)),
            ],
            [
                ("clk_i", "aclk"),
                ("rst_ni", "aresetn"),
                ("in_valid_i", f"{port.name}_send_valid"),
                ("in_ready_o", f"{port.name}_send_ready"),
                ("in_data_i", sv.bits("waiting_data", low, port.bits, total)),
                ("out_valid_o", f"{name}_tvalid"),
                ("out_ready_i", f"{name}_tready"),
                ("out_data_o", f"{name}_tdata"),
                ("out_keep_o", f"{name}_tkeep"),
                ("out_last_o", f"{name}_tlast"),
            ],
        )

    def write(self) -> str:
        design = self.design
        body: list[str] = []
        for port in design.inputs:
            body += self._unpack(port)
        body += self._core()
        body += self._fork()
        low, total = 0, sum(port.bits for port in design.outputs)
        for port in design.outputs:
            body += self._pack(port, low, total)
            low += port.bits
        body += sticky_error(design)
        body += bus_checks(design)
        header = [
            *banner(design, f"{design.name}: AXI-Stream frames of one sample each."),
            "A frame with TLAST too early or too late, or with a byte missing, is dropped.",
        ]
        return sv.file(
            header,
            sv.module(
                self.names.axis,
                bus_ports(design, "a broken frame was dropped; until reset"),
                body[1:],
            ),
        )


def axis_top(design: Design, names: ModuleNames) -> str:
    """Return the AXI-Stream wrapper."""
    return _Writer(design, names).write()


def axis_units(design: Design) -> set[str]:
    """Return the hand-written units that the wrapper instantiates."""
    units = {"hwg_axis_unpack", "hwg_axis_pack", "hwg_flow_buffer", "hwg_stream_check"}
    return units | ({"hwg_fork"} if len(design.outputs) > 1 else set())
