# SPDX-License-Identifier: Apache-2.0
"""Test module around a stream core: memories feed its inputs, and its outputs are judged."""

from __future__ import annotations

from hwgen.design.types import Design
from hwgen.emit.verilog import sv
from hwgen.synth.board.memories import Rows, Words, address_bits, link_words, memory

SOURCE, SINK = "hwg_bist_source", "hwg_bist_sink"
MOST_CYCLES = 1 << 27  # of a round, as the judge counts them


def round_cycles(design: Design, samples: int) -> int:
    """Return the cycles in which all samples have passed a core, with room for a jitter.

    The last word of the first round leaves a latency and ``samples - 1`` intervals behind the first
    word; two samples of room hide neither a core that is half as fast nor one that hangs.
    """
    return (samples + 1) * design.interval + 2 * design.latency + 16


def stream_test(design: Design, core: str, inputs: Rows, outputs: Rows, where: str) -> str:
    """Return the module that tests a core with links of kind stream.

    Args:
        design: of the core.
        core: its module.
        inputs: samples by port.
        outputs: what is expected of them.
        where: it runs, for the header.
    """
    count = len(next(iter(inputs.values())))
    cycles = round_cycles(design, count)
    wired, body = [("clk_i", "clk_i"), ("rst_ni", "rst_ni")], []
    for seed, port in enumerate(design.inputs, 1):
        words, name = link_words(port, inputs, design.link(port.link).words), f"in_{port.name}"
        body += [*_declared(name, words), *memory(name, words), *_source(name, words, seed)]
        wired += [(f"{port.name}_{w}", f"{name}_{w[:-2]}") for w in _WIRES_IN]
    for seed, port in enumerate(design.outputs, 101):
        words, name = link_words(port, outputs, design.link(port.link).words), f"out_{port.name}"
        body += [
            *_declared(name, words),
            f"  logic {name}_pass, {name}_fail;",
            *memory(name, words),
            *_sink(name, words, cycles, seed),
        ]
        wired += [(f"{port.name}_{w}", f"{name}_{w[:-2]}") for w in _WIRES_OUT]
    body += [
        *sv.instance(core, "u_core", [], wired),
        "",
        f"  assign pass_o = {' & '.join(f'out_{port.name}_pass' for port in design.outputs)};",
        f"  assign fail_o = {' | '.join(f'out_{port.name}_fail' for port in design.outputs)};",
    ]
    ports = [
        sv.PortDecl("input", None, "clk_i"),
        sv.PortDecl("input", None, "rst_ni", "synchronous, active low"),
        sv.PortDecl("output", None, "pass_o", "every sample came back as expected"),
        sv.PortDecl("output", None, "fail_o", "one did not, or not in time; until reset"),
    ]
    header = [
        f"Self-test of {core}: {count} samples, word by word, every result compared.",
        f"Model {design.model[:16]}, planned for {design.clock_mhz:g} MHz; {where}.",
    ]
    return sv.file(header, sv.module(f"{core}_selftest", ports, body))


_WIRES_IN = ("valid_i", "ready_o", "data_i")
_WIRES_OUT = ("valid_o", "ready_i", "data_o")


def _declared(name: str, words: Words) -> list[str]:
    return [
        f"  // {len(words.rows):,} words of all samples",
        f"  logic {name}_valid, {name}_ready;",
        f"  logic {sv.span(words.bits)} {name}_data;",
        f"  logic {sv.span(address_bits(words))} {name}_addr;",
    ]


def _source(name: str, words: Words, seed: int) -> list[str]:
    sizes = [("Words", str(len(words.rows))), ("Width", str(words.bits)), ("Seed", str(seed))]
    wires = [(f"out_{w}", f"{name}_{w[:-2]}") for w in _WIRES_OUT]
    return [*sv.instance(SOURCE, f"u_{name}", sizes, [*_memory_wires(name), *wires]), ""]


def _sink(name: str, words: Words, cycles: int, seed: int) -> list[str]:
    sizes = {"Words": len(words.rows), "Width": words.bits, "Cycles": cycles, "Seed": seed}
    wires = [(f"in_{w}", f"{name}_{w[:-2]}") for w in _WIRES_IN]
    verdict = [("pass_o", f"{name}_pass"), ("fail_o", f"{name}_fail")]
    parameters = [(key, str(value)) for key, value in sizes.items()]
    every = [*_memory_wires(name), *wires, *verdict]
    return [*sv.instance(SINK, f"u_{name}", parameters, every), ""]


def _memory_wires(name: str) -> list[tuple[str, str]]:
    clocked = [("clk_i", "clk_i"), ("rst_ni", "rst_ni")]
    return [*clocked, ("word_addr_o", f"{name}_addr"), ("word_data_i", f"{name}_q")]
