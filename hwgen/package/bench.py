# SPDX-License-Identifier: Apache-2.0
"""Self-checking benches that go with a package: plain SystemVerilog and the build's own vectors.

They need a simulator and nothing else. One drives the packaged module through all its buses, one
the trigger wrapper.
"""

from __future__ import annotations

from importlib.resources import files
from math import ceil

from hwgen.emit.verilog import sv
from hwgen.files import fill_template
from hwgen.package.core import ADDRESS_WIDTH, AxisPort, Core, Rows
from hwgen.package.registers import Register
from hwgen.package.top import BEAT
from hwgen.package.trigger import flow_of

_NAMES = ("tdata", "tkeep", "tlast", "tvalid", "tready")


def template(name: str) -> str:
    """Return a template that ships with this room."""
    return (files("hwgen.package") / "templates" / name).read_text("utf-8")


def words(rows: Rows, stream: AxisPort, step: int) -> list[int]:
    """Return each sample as one number: element i from bit ``i * step`` on, cut to *step* bits."""
    mask = (1 << step) - 1
    # Through text, since the time of shifts would grow with the square of the elements.
    return [
        int("".join(f"{code & mask:0{step}b}" for code in reversed(row)), 2)
        for row in rows.reshape(len(rows), -1).tolist()
    ]


def beats(rows: Rows, stream: AxisPort, data_width: int) -> list[int]:
    """Return the beats of the frames of all samples; bytes behind a sample are zero."""
    mask = (1 << data_width) - 1
    return [
        word >> (i * data_width) & mask
        for word in words(rows, stream, stream.container)
        for i in range(stream.beats)
    ]


def _memory(core: Core, values: list[int], width: int, what: str) -> str:
    digits = ceil(width / 4)
    return core.banner("//", what) + "".join(f"{value:0{digits}x}\n" for value in values)


def ip_bench(core: Core, registers: tuple[Register, ...]) -> dict[str, str]:
    """Return the bench of the packaged module: name to text, memories included."""
    made = {f"hwg_tb_{kind}.sv": core.banner("//") + template(f"tb_{kind}.sv")
            for kind in ("source", "sink")}  # fmt: skip
    samples = len(core.rows[0][1])
    address = {r.name: f"{ADDRESS_WIDTH}'h{r.offset:03X}" for r in registers}
    lines: list[str] = []
    for number, stream in enumerate((*core.inputs, *core.outputs), 1):
        lines += _stream(core, stream, samples, number)
        side = "in" if stream in core.inputs else "out"
        made[f"{stream.prefix}.mem"] = _memory(
            core,
            beats(core.codes(f"{side}_{stream.name}"), stream, core.data_width),
            core.data_width,
            f"{stream.name}: {samples} samples, a beat a line, beats of a sample: {stream.beats}",
        )
    most = max(core.outputs, key=lambda s: s.beats)
    rate = max(core.interval, *(s.beats for s in (*core.inputs, *core.outputs)))
    quiet = 8 * (core.latency + rate) + 64
    limit = 20 * samples * rate + 4 * quiet  # cycles for all samples, gaps included
    wired = [f".{s.prefix}_{n:<6}({s.prefix}_{n})"
             for s in (*core.inputs, *core.outputs) for n in BEAT]  # fmt: skip
    exact = [f'if ({s.prefix}_beats != SAMPLES * {s.beats}) fault("the number of beats is wrong");'
             for s in core.outputs]  # fmt: skip
    identity = [
        f'expect_word({address[r.name]}, 32\'h{r.reset:08X}, "{r.name} is wrong");'
        for r in registers
        if r.reset is not None
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
    return made


def _stream(core: Core, stream: AxisPort, samples: int, seed: int) -> list[str]:
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
        ports += [("beats_o", f"{name}_beats"), ("wrong_o", f"{name}_wrong")]
    ports += [(f"{n}_{drive if n == 'tready' else sink}", f"{name}_{n}") for n in _NAMES]
    unit = "hwg_tb_source" if source else "hwg_tb_sink"
    return lines + [line[2:] for line in sv.instance(unit, f"u_{name}", params, ports)]


def trigger_bench(core: Core) -> dict[str, str]:
    """Return the bench of the trigger wrapper: name to text, memories included.

    Raises:
        ConfigError: the core has no flow ports.
    """
    flow_of(core)
    samples = len(core.rows[0][1])
    made, signals, wired, load, send, check = {}, [], [], [], [], []
    for side, streams in (("in", core.inputs), ("out", core.outputs)):
        for stream in streams:
            port = f"{side}_data{stream.wrapped}"
            file = f"trigger_{port}.mem"
            span, mem = sv.span(stream.bits), f"{port}_mem"
            made[file] = _memory(
                core,
                words(core.codes(f"{side}_{stream.name}"), stream, stream.fixed.width),
                stream.bits,
                f"{stream.name}: {samples} samples, one a line, element 0 in the lowest bits",
            )
            kind = "logic" if side == "in" else "wire "
            signals += [f"{kind} {span} {port};", f"logic {span} {mem} [0:SAMPLES-1];"]
            wired.append(f".{port}({port}),")
            load.append(f'$readmemh("{file}", {mem});')
            if side == "in":
                send.append(f"{port} <= {mem}[sent % SAMPLES];")
            else:
                check += [
                    f"if ({port} !== {mem}[came % SAMPLES]) begin",
                    f'  $display("FAIL: {port} of sample %0d is %h, expected %h", came % SAMPLES, '
                    f"{port}, {mem}[came % SAMPLES]);",
                    "  faults = faults + 1;",
                    "end",
                ]
    made[f"tb_{core.trigger}.sv"] = core.banner(
        "//",
        f"Drives {core.trigger} and compares every bit, the latency and the interval.",
        "Run it where the .mem files are; it ends with PASSED, or with $fatal.",
    ) + fill_template(
        template("tb_trigger.sv.in"),
        tb=f"tb_{core.trigger}",
        trigger=core.trigger,
        samples=str(samples),
        latency=str(core.latency),
        interval=str(core.interval),
        signals="\n".join(signals),
        wired="\n".join(wired),
        load="\n".join(load),
        send="\n".join(send),
        check="\n".join(check),
    )
    return made
