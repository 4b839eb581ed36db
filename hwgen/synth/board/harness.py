# SPDX-License-Identifier: Apache-2.0
"""Harness: a top with one pin in and one out, to route a core with many ports by itself."""

from __future__ import annotations

from collections.abc import Sequence

from hwgen.emit.verilog import sv
from hwgen.errors import ConfigError

UNIT = "hwg_harness"


def harness_name(core: str) -> str:
    """Return the module that `harness_top` writes for *core*."""
    return f"{core}_pins"


def harness_top(core: str, ports: Sequence[sv.PortDecl], clock: str = "clk_i") -> str:
    """Return a top of three pins around *core*: clk_i, serial_i, serial_o.

    Args:
        core: module.
        ports: of the core.
        clock: the port that gets the clock; the core need not have it.

    Raises:
        ConfigError: the core has no outputs, so that nothing of it would be kept.
    """
    ins = [p for p in ports if p.direction == "input" and p.name != clock]
    outs = [p for p in ports if p.direction == "output"]
    if not outs:
        raise ConfigError(f"module {core} has no outputs to measure", core)
    into, out = (sum(p.width or 1 for p in group) for group in (ins, outs))
    wired = [(clock, "clk_i")] if any(p.name == clock for p in ports) else []
    for group, signal, total in ((ins, "data", into), (outs, "result", out)):
        low = 0
        for port in group:
            width = port.width or 1
            wired.append((port.name, sv.bits(signal, low, width, total)))
            low += width
    body = [
        f"  logic {sv.span(max(into, 1))} data;",
        f"  logic {sv.span(out)} result;",
        *sv.instance(
            UNIT,
            "u_harness",
            [("InWidth", str(max(into, 1))), ("OutWidth", str(out))],
            [
                ("clk_i", "clk_i"),
                ("serial_i", "serial_i"),
                ("serial_o", "serial_o"),
                ("data_o", "data"),
                ("data_i", "result"),
            ],
        ),
        *sv.instance(core, "u_core", [], wired),
    ]
    pins = [
        sv.PortDecl("input", None, "clk_i"),
        sv.PortDecl("input", None, "serial_i"),
        sv.PortDecl("output", None, "serial_o"),
    ]
    return sv.file(
        [f"{core} between shift registers, for place and route by itself."],
        sv.module(harness_name(core), pins, body),
    )
