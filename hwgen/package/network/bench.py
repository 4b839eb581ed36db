# SPDX-License-Identifier: Apache-2.0
"""Self-checking bench of a packaged network: plain SystemVerilog and the build's own vectors.

It needs a simulator and nothing else, and drives the module through all its buses.
"""

from __future__ import annotations

from math import ceil

from hwgen.emit.verilog import sv
from hwgen.files import fill_template
from hwgen.package.ip_core import AxisPort, Bench, Rows, sample_words
from hwgen.package.network.core import ADDRESS_WIDTH, NetworkCore
from hwgen.package.network.top import BEAT
from hwgen.package.registers import RegisterMap
from hwgen.package.text import template
from hwgen.package.verilog import memory_file

_TEXT = "drives all buses and compares every beat with the reference"


def beats(rows: Rows, stream: AxisPort, data_width: int) -> list[int]:
    """Return the beats of the frames of all samples; bytes behind a sample are zero."""
    mask = (1 << data_width) - 1
    return [
        word >> (i * data_width) & mask
        for word in sample_words(rows, stream.container)
        for i in range(stream.beats)
    ]


def network_bench(core: NetworkCore, registers: RegisterMap) -> Bench:
    """Return the bench of the packaged module."""
    made = {
        f"hwg_tb_{kind}.sv": core.banner("//") + template(f"tb_{kind}.sv")
        for kind in ("source", "sink")
    }
    samples = len(core.rows[0][1])
    address = {r.name: f"{ADDRESS_WIDTH}'h{r.offset:03X}" for r in registers.registers}
    lines: list[str] = []
    for number, stream in enumerate(core.streams, 1):
        lines += _stream(core, stream, samples, number)
        side = "in" if stream in core.inputs else "out"
        note = f"{stream.name}: {samples} samples, a beat a line, beats of a sample: {stream.beats}"
        words = beats(core.codes(f"{side}_{stream.name}"), stream, core.data_width)
        made[f"{stream.prefix}.mem"] = core.banner("//", note) + memory_file(words, core.data_width)
    most = max(core.outputs, key=lambda s: s.beats)
    slower = max(1.0, core.bus_mhz / core.clock_mhz)  # a cycle of the core, in cycles of AXI
    rate = ceil(max(core.interval, *(s.beats for s in core.streams)) * slower)
    quiet = 8 * (ceil(core.latency * slower) + rate) + 64
    limit = 20 * samples * rate + 4 * quiet  # cycles for all samples, gaps included
    wired = [f".{s.prefix}_{n:<6}({s.prefix}_{n})" for s in core.streams for n in BEAT]
    exact = [
        f'if ({s.prefix}_beats != SAMPLES * {s.beats}) fault("the number of beats is wrong");'
        for s in core.outputs
    ]
    identity = [
        f'expect_word({address[name]}, 32\'h{reset:08X}, "{name} is wrong");'
        for name, reset in registers.resets().items()
    ]
    made[f"tb_{core.ip}.sv"] = core.banner(
        "//",
        f"Drives {core.ip} through all its buses and compares every beat with the reference.",
        "Run it where the .mem files are; it ends with PASSED, or with $fatal.",
    ) + fill_template(
        template("tb_ip.sv.in"),
        tb=f"tb_{core.ip}",
        ip=core.ip,
        samples=str(samples),
        streams="\n".join(lines),
        wired=",\n".join(wired),
        done=" & ".join(f"{s.prefix}_done" for s in core.inputs),
        core_clock=_core_clock(core),
        core_wired=".core_aclk     (core_aclk),\n.core_aresetn  (1'b1)," if core.cdc else "",
        broken="has a result without meaning" if core.stream else "dropped",
        remains=str(most.beats if core.stream else 0),
        fault="no result" if core.stream else "a result",
        taken=f"{most.prefix}_beats",
        wrong=" + ".join(f"{s.prefix}_wrong" for s in core.outputs),
        beats=str(most.beats),
        limit=str(limit),
        budget=str(6 * (limit + quiet) + 2000),
        quiet=str(quiet),
        exact="\n".join(exact),
        identity="\n".join(identity),
        samples_in=address["samples_in_lo"],
        samples_out=address["samples_out_lo"],
        batch=address["batch"],
        control=address["control"],
        status=address["status"],
    )
    return Bench(f"tb_{core.ip}", _TEXT, ("verilator", "icarus"), tuple(made.items()))


def _core_clock(core: NetworkCore) -> str:
    """Return the clock of the core beside one of 10 ns for AXI: as planned, its phase drifting."""
    if not core.cdc:
        return ""
    half = 5.0 * core.bus_mhz / core.clock_mhz + 0.001
    return f"logic core_aclk = 1'b0;\nalways #{half:.3f} core_aclk = ~core_aclk;"


def _stream(core: NetworkCore, stream: AxisPort, samples: int, seed: int) -> list[str]:
    """Return the signals of a stream and the source or sink at its end."""
    name, width = stream.prefix, core.data_width
    source = stream in core.inputs
    sink, drive = ("o", "i") if source else ("i", "o")
    lines = [
        f"wire {sv.span(width)} {name}_tdata;",
        f"wire {sv.span(width // 8)} {name}_tkeep;",
        f"wire {name}_tlast, {name}_tvalid, {name}_tready;",
    ]
    params = [("DataWidth", str(width)), ("Beats", str(stream.beats))]
    params += [] if source else [("Bytes", str(stream.bytes))]
    params += [("Samples", str(samples)), ("Seed", str(seed)), ("File", f'"{name}.mem"')]
    ports = [("clk_i", "aclk"), ("run_i", "run"), ("many_i", "many"), ("stall_i", "stall")]
    if source:
        lines.append(f"wire {name}_done;")
        # Only the first input breaks its frame: it must take the frames beside it along.
        cut = "cut" if stream is core.inputs[0] else "1'b0"
        ports += [("cut_i", cut), ("count_i", "count"), ("done_o", f"{name}_done")]
    else:
        lines.append(f"wire [31:0] {name}_beats, {name}_wrong;")
        ports.append(("blind_i", "cut"))
        ports += [("beats_o", f"{name}_beats"), ("wrong_o", f"{name}_wrong")]
    ports += [(f"{n}_{drive if n == 'tready' else sink}", f"{name}_{n}") for n in BEAT]
    unit = "hwg_tb_source" if source else "hwg_tb_sink"
    return lines + [line[2:] for line in sv.instance(unit, f"u_{name}", params, ports)]
