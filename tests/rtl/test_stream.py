# SPDX-License-Identifier: Apache-2.0
"""The stream units under bench_stream: one simulation for all of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hwgen.emit.verilog import sv
from hwgen.errors import ToolFailed
from tests.rtl.cocotb_bench import planted, simulate

pytestmark = pytest.mark.sim

CLAIMS = (
    "keeps_order_under_back_pressure",
    "runs_at_full_rate",
    "recovers_from_reset_midstream",
    "drops_broken_frames",
)
MODULES = (
    "hwg_fifo", "hwg_fork", "hwg_flow_buffer", "hwg_axis_unpack", "hwg_axis_pack",
    "hwg_axis_to_words", "hwg_axis_from_words",
)  # fmt: skip
BEATS = 32  # data width of the channels without framing
WORD = BEATS + BEATS // 8 + 1
LATENCY = 6


def _frame(data: int, container: int, width: int, signed: int, count: int) -> dict[str, int]:
    return {
        "data": data, "container": container, "width": width, "signed": signed, "count": count
    }  # fmt: skip


FRAMES = (
    _frame(64, 8, 6, 1, 16),  # jet tagger
    _frame(8, 16, 11, 1, 3),  # containers wider than a beat
    _frame(64, 8, 7, 0, 13),  # spare bytes in the last beat
    _frame(128, 16, 16, 1, 2),  # one beat, no padding
    _frame(32, 128, 70, 1, 1),
)
# Frames that travel as words in between, and whether beats follow each other without a gap.
WORDS = (
    ({**_frame(64, 8, 6, 1, 15), "lanes": 3}, False),  # pixels of three channels, spare bytes
    ({**_frame(8, 16, 11, 1, 6), "lanes": 2}, True),  # words longer than beats
    ({**_frame(64, 16, 16, 0, 4), "lanes": 4}, True),  # a word is a beat is a frame
    ({**_frame(32, 8, 8, 1, 11), "lanes": 1}, False),
)
UNITS: tuple[tuple[str, dict[str, int], bool], ...] = (
    ("fifo", {"Depth": 4, "RamStyle": 3}, True),
    ("fifo", {"Depth": 1, "RamStyle": 2}, False),
    ("fifo", {"Depth": 3, "RamStyle": 0}, True),
    ("fifo", {"Depth": 5, "RamStyle": 1}, True),
    ("fifo", {"Depth": 2, "RamStyle": 2}, True),
    ("fifo", {"Depth": 3, "RamStyle": 2}, True),
    ("fork", {"Sinks": 3}, True),
    ("buffer", {"Depth": LATENCY + 2, "RamStyle": 2}, True),
    ("buffer", {"Depth": LATENCY + 1, "RamStyle": 1}, False),
    ("buffer", {"Depth": 1, "RamStyle": 3}, False),
)


def _stream(source: str, sink: str) -> list[tuple[str, str]]:
    return [
        ("clk_i", "aclk"), ("rst_ni", "aresetn"),
        ("in_valid_i", f"{source}_tvalid"), ("in_ready_o", f"{source}_tready"),
        ("out_valid_o", f"{sink}_tvalid"), ("out_ready_i", f"{sink}_tready"),
    ]  # fmt: skip


def _word(name: str) -> str:
    return f"{{{name}_tlast, {name}_tkeep, {name}_tdata}}"


def _unit_channel(i: int, kind: str, params: dict[str, int]) -> list[str]:
    """A channel that passes beats through a FIFO, a fork, or a flow core with its buffer."""
    source, sink = f"s{i}_axis", f"m{i}_0_axis"
    if kind == "fifo":
        wires = [("in_data_i", _word(source)), ("out_data_o", _word(sink))]
        given = [("Width", str(WORD)), *((name, str(n)) for name, n in params.items())]
        return sv.instance("hwg_fifo", f"u_fifo{i}", given, [*_stream(source, sink), *wires])
    if kind == "fork":
        sinks = [f"m{i}_{k}_axis" for k in range(params["Sinks"])]
        wires = _stream(source, sink)[:4]
        wires.append(("out_valid_o", sv.concat([f"{s}_tvalid" for s in sinks])))
        wires.append(("out_ready_i", sv.concat([f"{s}_tready" for s in sinks])))
        lines = sv.instance("hwg_fork", f"u_fork{i}", [("Sinks", str(len(sinks)))], wires)
        return [*lines, *(f"  assign {_word(s)} = {_word(source)};" for s in sinks)]
    cycles = [("Cycles", str(LATENCY))]
    clock = [("clk_i", "aclk")]
    return [
        f"  logic go{i}, done{i}; logic [{WORD - 1}:0] result{i};",
        *sv.instance(
            "hwg_valid", f"u_valid{i}", cycles,
            [*clock, ("rst_ni", "aresetn"), ("valid_i", f"go{i}"), ("valid_o", f"done{i}")],
        ),
        *sv.instance(
            "hwg_delay", f"u_core{i}", [("Width", str(WORD)), *cycles],
            [*clock, ("data_i", _word(source)), ("data_o", f"result{i}")],
        ),
        *sv.instance(
            "hwg_flow_buffer", f"u_buffer{i}",
            [("Width", str(WORD)), *((name, str(n)) for name, n in params.items())],
            [
                *_stream(source, sink), ("launch_valid_o", f"go{i}"),
                ("result_valid_i", f"done{i}"), ("result_data_i", f"result{i}"),
                ("out_data_o", _word(sink)),
            ],
        ),
    ]  # fmt: skip


def _frame_channel(i: int, frame: dict[str, int]) -> list[str]:
    """A channel that takes frames apart and puts them together again."""
    source, sink = f"s{i}_axis", f"m{i}_0_axis"
    size = [("DataWidth", str(frame["data"])), ("Container", str(frame["container"]))]
    size.append(("Width", str(frame["width"])))
    count = ("Count", str(frame["count"]))
    return [
        f"  logic [{frame['count'] * frame['width'] - 1}:0] x{i};",
        f"  logic x{i}_tvalid, x{i}_tready, u{i}_tvalid, u{i}_tready, x{i}_bad;",
        f"  assign x{i}_tvalid = u{i}_tvalid & ~x{i}_bad;",
        f"  assign u{i}_tready = x{i}_tready | x{i}_bad;",
        *sv.instance(
            "hwg_axis_unpack", f"u_unpack{i}", [*size, count],
            [
                *_stream(source, f"u{i}"), ("in_data_i", f"{source}_tdata"),
                ("in_keep_i", f"{source}_tkeep"), ("in_last_i", f"{source}_tlast"),
                ("out_data_o", f"x{i}"), ("out_bad_o", f"x{i}_bad"),
                ("error_o", f"error{i}_o"),
            ],
        ),
        *sv.instance(
            "hwg_axis_pack", f"u_pack{i}", [*size, ("Signed", str(frame["signed"])), count],
            [
                *_stream(f"x{i}", sink), ("in_data_i", f"x{i}"),
                ("out_data_o", f"{sink}_tdata"), ("out_keep_o", f"{sink}_tkeep"),
                ("out_last_o", f"{sink}_tlast"),
            ],
        ),
    ]  # fmt: skip


def _words_channel(i: int, frame: dict[str, int]) -> list[str]:
    """A channel that cuts frames into words and makes frames of them again."""
    source, sink, lanes = f"s{i}_axis", f"m{i}_0_axis", frame["lanes"]
    size = [("DataWidth", str(frame["data"])), ("Container", str(frame["container"]))]
    size.append(("Width", str(frame["width"])))
    beat, word = frame["data"] // 8, lanes * frame["container"] // 8
    rest = frame["count"] * frame["container"] // 8 % beat
    counts = [("Count", str(frame["count"])), ("Lanes", str(lanes))]
    return [
        f"  logic [{lanes * frame['width'] - 1}:0] w{i};",
        f"  logic w{i}_tvalid, w{i}_tready;",
        *sv.instance(
            "hwg_axis_to_words", f"u_words{i}",
            [*size, *counts, ("Grain", str(math.gcd(beat, word, rest)))],
            [
                *_stream(source, f"w{i}"), ("in_data_i", f"{source}_tdata"),
                ("in_keep_i", f"{source}_tkeep"), ("in_last_i", f"{source}_tlast"),
                ("out_data_o", f"w{i}"), ("error_o", f"error{i}_o"),
            ],
        ),
        *sv.instance(
            "hwg_axis_from_words", f"u_frames{i}",
            [
                *size, ("Signed", str(frame["signed"])), *counts,
                ("Grain", str(math.gcd(beat, word))),
            ],
            [
                *_stream(f"w{i}", sink), ("in_data_i", f"w{i}"),
                ("out_data_o", f"{sink}_tdata"), ("out_keep_o", f"{sink}_tkeep"),
                ("out_last_o", f"{sink}_tlast"),
            ],
        ),
    ]  # fmt: skip


def _bench() -> tuple[str, list[str], list[dict[str, Any]]]:
    """Return the top with all channels, its ports, and what the bench must know of them."""
    ports = [sv.PortDecl("input", None, "aclk"), sv.PortDecl("input", None, "aresetn")]
    body: list[str] = []
    channels: list[dict[str, Any]] = []
    for kind, params, full_rate in UNITS:
        body += _unit_channel(len(channels), kind, params)
        channels.append({
            "name": f"{kind} {params}", "data_width": BEATS, "sinks": params.get("Sinks", 1),
            "full_rate": full_rate, "framing": None,
        })  # fmt: skip
    framed = [(_frame_channel, frame, True) for frame in FRAMES]
    for write, frame, full_rate in [*framed, *((_words_channel, *each) for each in WORDS)]:
        body += write(len(channels), frame)
        ports.append(sv.PortDecl("output", None, f"error{len(channels)}_o"))
        channels.append({
            "name": f"frame {frame}", "data_width": frame["data"], "sinks": 1,
            "full_rate": full_rate, "framing": frame,
        })  # fmt: skip
    for i, channel in enumerate(channels):
        sides = [(f"s{i}_axis", "input", "output")]
        sides += [(f"m{i}_{k}_axis", "output", "input") for k in range(channel["sinks"])]
        width = channel["data_width"]
        for name, ahead, back in sides:
            ports += [
                sv.PortDecl(ahead, width, f"{name}_tdata"),
                sv.PortDecl(ahead, width // 8, f"{name}_tkeep"),
                sv.PortDecl(ahead, None, f"{name}_tlast"),
                sv.PortDecl(ahead, None, f"{name}_tvalid"),
                sv.PortDecl(back, None, f"{name}_tready"),
            ]
    text = sv.file(["test bench"], sv.module("tb", ports, body))
    return text, [port.name for port in ports], channels


def _simulate(folder: Path, seed: int, edit: Callable[[Path], None] | None = None) -> set[str]:
    """Run every claim and return the names of those that fail."""
    text, ports, channels = _bench()
    modules = [*MODULES, "hwg_delay", "hwg_valid"]
    facts = {"seed": seed, "channels": channels}
    return simulate(folder, "bench_stream", text, ports, modules, facts, CLAIMS, edit)


def test_stream_units_keep_their_word(tmp_path: Path, seed: int) -> None:
    assert _simulate(tmp_path, seed) == set()


FAULTS = (
    ("hwg_fifo", "count_q != COUNT_WIDTH'(Depth)", "1'b1", "keeps_order_under_back_pressure"),
    ("hwg_fifo", "rounds_q ? round_q : read_q", "read_q", "keeps_order_under_back_pressure"),
    ("hwg_fork", "done_q | (out_valid_o", "'0 & (out_valid_o", "keeps_order_under_back_pressure"),
    ("hwg_axis_unpack", "~valid_q | out_ready_i", "~valid_q", "runs_at_full_rate"),
    ("hwg_axis_unpack", "keep_ok & ~bad_q", "keep_ok", "drops_broken_frames"),
    ("hwg_axis_unpack", "beat_q    <= '0;", "beat_q    <= beat_q;",
     "recovers_from_reset_midstream"),
    ("hwg_axis_to_words", "(rest == '0) ? '0 : pop", "pop", "recovers_from_reset_midstream"),
    ("hwg_axis_to_words", "pad_d = 1'b1", "pad_d = 1'b0", "drops_broken_frames"),
    ("hwg_axis_from_words", "(out_last_o & out_ready_i) : rest", "1'b0 : rest",
     "runs_at_full_rate"),
    ("hwg_axis_pack", "(Signed != 0) &", "", "keeps_order_under_back_pressure"),
    ("hwg_flow_buffer", "credit_q <= CREDIT_WIDTH'(Depth);\n", "credit_q <= credit_q;\n",
     "recovers_from_reset_midstream"),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("module", "good", "bad", "claim"), FAULTS)
def test_a_fault_is_found(
    module: str, good: str, bad: str, claim: str, tmp_path: Path, seed: int
) -> None:
    assert claim in _simulate(tmp_path, seed, planted(module, good, bad))


@pytest.mark.parametrize(
    ("valid", "data"),
    [("t != 21", "8'd7"), ("1'b1", "t < 21 ? 8'd7 : 8'd8")],
    ids=["valid", "data"],
)
def test_the_checker_stops_at_a_broken_handshake(
    valid: str, data: str, unit_files: Callable[[str], list[Path]], run_bench: Callable[..., str]
) -> None:
    # Legal until cycle 20: a word waits, is taken in cycle 10, and others follow each other. What
    # is offered in cycle 20 and not taken changes in cycle 21.
    bench = f"""module tb (input wire logic clk);
  int t = 0;
  logic [7:0] data;
  assign data = t <= 10 ? 8'd3 : t < 20 ? 8'(t) : {data};
  hwg_stream_check u_check (
    .clk_i(clk), .rst_ni(t > 2), .valid_i({valid}), .ready_i(t >= 10 && t < 20), .data_i(data)
  );
  always @(posedge clk) begin
    t <= t + 1;
    $display("cycle %0d", t);
    if (t == 30) $finish;
  end
endmodule
"""
    with pytest.raises(ToolFailed, match=r"(?s)cycle 20.*Assertion failed") as error:
        run_bench(unit_files("hwg_stream_check"), bench, {})
    assert "cycle 23" not in error.value.what
