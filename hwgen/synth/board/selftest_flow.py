# SPDX-License-Identifier: Apache-2.0
"""Test module around a flow core: a sample a cycle out of one memory, every result compared."""

from __future__ import annotations

from hwgen.design.types import Design
from hwgen.emit.verilog import sv
from hwgen.synth.board.memories import Words, address_bits, memory

UNIT = "hwg_bist"


def flow_test(design: Design, core: str, given: Words, wanted: Words, where: str) -> str:
    """Return the module that tests a core with links of kind flow.

    Args:
        design: of the core.
        core: its module.
        given: samples, a word each.
        wanted: what is expected of them, a word each.
        where: it runs, for the header.
    """
    count, address = len(given.rows), address_bits(given)
    wired = [("clk_i", "clk_i"), ("rst_ni", "rst_ni"), ("in_valid_i", "sample_valid")]
    sides = (
        (design.inputs, "sample_q", given.bits, "i"),
        (design.outputs, "result", wanted.bits, "o"),
    )
    for ports, signal, total, end in sides:
        low = 0
        for port in ports:
            wired.append((f"{port.name}_data_{end}", sv.bits(signal, low, port.bits, total)))
            low += port.bits
    wired.append(("out_valid_o", "result_valid"))
    body = [
        f"  logic {sv.span(address)} sample_addr, expected_addr;",
        "  logic sample_valid, result_valid;",
        f"  logic {sv.span(wanted.bits)} result;",
        "",
        f"  // {count} samples, and what the integer reference says of them",
        *memory("sample", given),
        "",
        *memory("expected", wanted),
        "",
        *sv.instance(core, "u_core", [], wired),
        "",
        *sv.instance(
            UNIT,
            "u_bist",
            [
                ("Samples", str(count)),
                ("Width", str(wanted.bits)),
                ("Latency", str(design.latency)),
            ],
            [
                ("clk_i", "clk_i"),
                ("rst_ni", "rst_ni"),
                ("sample_addr_o", "sample_addr"),
                ("sample_valid_o", "sample_valid"),
                ("result_valid_i", "result_valid"),
                ("result_data_i", "result"),
                ("expected_addr_o", "expected_addr"),
                ("expected_data_i", "expected_q"),
                ("pass_o", "pass_o"),
                ("fail_o", "fail_o"),
            ],
        ),
    ]
    ports_of = [
        sv.PortDecl("input", None, "clk_i"),
        sv.PortDecl("input", None, "rst_ni", "synchronous, active low"),
        sv.PortDecl("output", None, "pass_o", "every sample came back as expected"),
        sv.PortDecl("output", None, "fail_o", "one did not; until reset"),
    ]
    header = [
        f"Self-test of {core}: a sample a cycle, every result compared.",
        f"Model {design.model[:16]}, planned for {design.clock_mhz:g} MHz; {where}.",
    ]
    return sv.file(header, sv.module(f"{core}_selftest", ports_of, body))
