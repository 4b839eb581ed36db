# SPDX-License-Identifier: Apache-2.0
"""The AXI-Stream top of a stream design: frames become words, words become frames."""

from __future__ import annotations

from collections.abc import Iterator

from hwgen.design.frame import word_params
from hwgen.design.names import ModuleNames
from hwgen.design.types import Design, Port
from hwgen.emit.verilog import sv
from hwgen.emit.verilog.axis import bus, bus_checks, bus_ports, sticky_error
from hwgen.emit.verilog.layout import banner

WORDS_AXIS_UNITS = frozenset({"hwg_axis_to_words", "hwg_axis_from_words", "hwg_stream_check"})


def _size(design: Design, port: Port, leaving: bool) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in word_params(design, port, leaving).items()]


class _Writer:
    """State of writing one wrapper."""

    def __init__(self, design: Design, names: ModuleNames) -> None:
        self.design, self.names = design, names

    def _input(self, port: Port) -> Iterator[str]:
        name = bus(port, self.design.inputs, "s")
        yield ""
        yield f"  // input {port.name}: frames to words"
        yield f"  logic {port.name}_valid, {port.name}_ready, {port.name}_in_error;"
        yield f"  logic {sv.span(self.design.link(port.link).bits)} {port.name}_data;"
        yield from sv.instance(
            "hwg_axis_to_words",
            f"u_{port.name}_words",
            _size(self.design, port, leaving=False),
            [
                ("clk_i", "aclk"),
                ("rst_ni", "aresetn"),
                ("in_valid_i", f"{name}_tvalid"),
                ("in_ready_o", f"{name}_tready"),
                ("in_data_i", f"{name}_tdata"),
                ("in_keep_i", f"{name}_tkeep"),
                ("in_last_i", f"{name}_tlast"),
                ("out_valid_o", f"{port.name}_valid"),
                ("out_ready_i", f"{port.name}_ready"),
                ("out_data_o", f"{port.name}_data"),
                ("error_o", f"{port.name}_in_error"),
            ],
        )

    def _core(self) -> Iterator[str]:
        design = self.design
        yield ""
        for port in design.outputs:
            yield f"  logic {port.name}_result_valid, {port.name}_result_ready;"
            yield f"  logic {sv.span(design.link(port.link).bits)} {port.name}_result_data;"
        ports = [("clk_i", "aclk"), ("rst_ni", "aresetn")]
        for port in design.inputs:
            for wire, end in (("valid", "i"), ("ready", "o"), ("data", "i")):
                ports.append((f"{port.name}_{wire}_{end}", f"{port.name}_{wire}"))
        for port in design.outputs:
            for wire, end in (("valid", "o"), ("ready", "i"), ("data", "o")):
                ports.append((f"{port.name}_{wire}_{end}", f"{port.name}_result_{wire}"))
        yield from sv.instance(self.names.top, "u_core", [], ports)

    def _output(self, port: Port) -> Iterator[str]:
        name = bus(port, self.design.outputs, "m")
        yield ""
        yield f"  // output {port.name}: words to frames"
        yield from sv.instance(
            "hwg_axis_from_words",
            f"u_{port.name}_frames",
            _size(self.design, port, leaving=True),
            [
                ("clk_i", "aclk"),
                ("rst_ni", "aresetn"),
                ("in_valid_i", f"{port.name}_result_valid"),
                ("in_ready_o", f"{port.name}_result_ready"),
                ("in_data_i", f"{port.name}_result_data"),
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
            body += self._input(port)
        body += self._core()
        for port in design.outputs:
            body += self._output(port)
        body += sticky_error(design)
        body += bus_checks(design)
        header = [
            *banner(design, f"{design.name}: AXI-Stream frames of one sample each."),
            "A frame with TLAST too early or too late is filled up or cut, and its result means",
            "nothing; frame_error_o tells, and the next frame is right again.",
        ]
        error = "a frame was broken; until reset"
        ports = bus_ports(design, error)
        return sv.file(header, sv.module(self.names.axis, ports, body[1:]))


def words_axis_top(design: Design, names: ModuleNames) -> str:
    """Return the AXI-Stream wrapper of a stream design."""
    return _Writer(design, names).write()
