# SPDX-License-Identifier: Apache-2.0
"""A self-test for a board: the core, its own vectors in memory, two LEDs that tell the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hwgen.design.names import ModuleNames
from hwgen.design.types import Design
from hwgen.emit.verilog import sv
from hwgen.errors import ConfigError, count_of
from hwgen.files import FileSet
from hwgen.synth.board.memories import Rows, sample_words
from hwgen.synth.board.pins import Pin, constraints
from hwgen.synth.board.pll import best_clock, pll_instance
from hwgen.synth.board.selftest_flow import UNIT, flow_test
from hwgen.synth.board.selftest_stream import (
    MOST_CYCLES,
    SINK,
    SOURCE,
    round_cycles,
    stream_test,
)
from hwgen.target.board import Board, Pins
from hwgen.units.library import with_uses

MOST = 256  # samples in memory
MOST_WORDS = 1 << 15  # of a port of a stream core: synthesis reads a line for each
LEAST = 2
_START = 12  # bits of the counter that waits after configuration: memories are slower to wake
_BEAT = 24  # bits of the counter whose highest one blinks


@dataclass(frozen=True)
class SelfTest:
    """A self-test as text.

    Attributes:
        files: its own sources, the units that the core lacks, and the pin constraints.
        order: its sources, in dependency order.
        top: module at the pins.
        constraints: path of the constraints among *files*.
        mhz: clock of the core.
        samples: how many are in memory.
    """

    files: FileSet
    order: tuple[str, ...]
    top: str
    constraints: str
    mhz: Fraction
    samples: int


def self_test(
    design: Design, inputs: Rows, outputs: Rows, board: Board, present: Sequence[str],
    most_mhz: float | None = None,
) -> SelfTest:  # fmt: skip
    """Return the self-test of a design for a board.

    Args:
        design: of the core.
        inputs: vectors by port, (samples, *shape).
        outputs: the codes that are expected of them, by port.
        board: with pins.
        present: modules that the core's own sources bring.
        most_mhz: the clock may not be above this; the design's own clock if None.

    Raises:
        ConfigError: the board has no pins or too few, or its clock cannot be made.
    """
    pins = board.pins
    if pins is None or len(pins.leds) < 2:
        raise ConfigError(
            f"board {board.name} tells no clock and LEDs to build a bitstream with",
            "--bitstream",
            "give its file a [pins] table with a clock and two LEDs",
        )
    names = ModuleNames.of(design)
    streams = names.kind == "stream"
    if not streams and design.interval != 1:
        raise ConfigError(
            "the self-test gives a core a sample a cycle, which this one does not take",
            "--bitstream",
            "build it in the parallel style, or in the stream style",
        )
    core = names.top
    kept = _kept(design, len(next(iter(inputs.values()))), board)
    given, wanted = ({k: rows[kept] for k, rows in side.items()} for side in (inputs, outputs))
    pll = best_clock(board.family.name, pins.clock_mhz, most_mhz or design.clock_mhz)
    mhz = pll.mhz if pll else Fraction(pins.clock_mhz).limit_denominator(10**6)
    where = f"run at {float(mhz):g} MHz"
    if streams:
        test = stream_test(design, core, given, wanted, where)
    else:
        test = flow_test(
            design, core, sample_words(design.inputs, given), sample_words(design.outputs, wanted),
            where,
        )  # fmt: skip
    top = f"{core}_board"
    clocking = (
        pll_instance(board.family.name, pll, pins.clock_mhz)
        if pll
        else ["  assign clk    = board_clk_i;", "  assign locked = 1'b1;"]
    )
    units = {
        f"{unit.module}.sv": unit.path.read_bytes()
        for unit in with_uses([SOURCE, SINK] if streams else [UNIT])
        if unit.module not in present
    }
    ending = {"ecp5": "lpf", "ice40": "pcf", "gowin": "cst", "nexus": "pdc"}.get(
        board.family.name, "txt"
    )
    own = {
        f"{core}_selftest.sv": test,
        f"{top}.sv": _board_module(core, top, board, pins, clocking, float(mhz)),
    }
    files = {**units, **own, f"{top}.{ending}": _pin_file(board.family.name, pins)}
    return SelfTest(
        FileSet.of(files), (*units, *own), top, f"{top}.{ending}", mhz, len(kept)
    )  # fmt: skip


def _kept(design: Design, count: int, board: Board) -> list[int]:
    """Return which of *count* samples stay in memory, evenly spread: half of its blocks at most.

    Raises:
        ConfigError: too few have room, in memory or in the time that is counted.
    """
    ports = (*design.inputs, *design.outputs)
    width = sum(port.bits for port in ports)
    words = max(design.link(port.link).words for port in ports)
    most = min(count, MOST, board.budget.bram * board.family.bram_bits // 2 // width)
    if words > 1:
        most = min(most, MOST_WORDS // words)
    if design.style == "stream":
        while most >= LEAST and round_cycles(design, most) > MOST_CYCLES:
            most //= 2
    if most < LEAST and count >= LEAST and design.style == "stream":
        raise ConfigError(
            f"{count_of(LEAST, 'sample')} of {words:,} words, a result every {design.interval:,} "
            f"cycles, are more than the self-test keeps in the memory of {board.name}",
            "--bitstream",
            "choose a board with more memory or a shorter interval; --route needs no self-test",
        )
    chosen = np.linspace(0, count - 1, max(most, LEAST)).round().astype(int)
    return [int(i) for i in np.unique(chosen)]


def _board_module(
    core: str, top: str, board: Board, pins: Pins, clocking: Sequence[str], mhz: float
) -> str:
    leds = len(pins.leds)
    lit = ["pass", "fail", f"beat_q[{_BEAT - 1}]"][:leds]
    off = leds - len(lit)
    on = sv.concat([*lit, *([f"{off}'d0"] if off else [])])
    sign = "" if pins.led_active == "high" else "~"
    pressed = "1'b0"
    if pins.buttons:
        pressed = "button_i" if pins.button_active == "high" else "~button_i"
    body = [
        "  logic clk, locked, pass, fail;",
        *clocking,
        "",
        "  // in reset until the clock is steady and the memories are awake, and by the button",
        "  logic        rst_nq;",
        "  logic [1:0]  hold_q;",
        f"  logic {sv.span(_START)} start_q;",
        "  initial begin",
        "    hold_q  = '1;",
        "    start_q = '0;",
        "    rst_nq  = 1'b0;",
        "  end",
        "  always_ff @(posedge clk) begin",
        f"    hold_q <= {{hold_q[0], {pressed} | ~locked}};",
        "    if (hold_q[1])        start_q <= '0;",
        f"    else if (!(&start_q)) start_q <= start_q + {_START}'d1;",
        "    rst_nq <= &start_q;",
        "  end",
        "",
        *sv.instance(
            f"{core}_selftest",
            "u_selftest",
            [],
            [("clk_i", "clk"), ("rst_ni", "rst_nq"), ("pass_o", "pass"), ("fail_o", "fail")],
        ),
        "",
    ]
    if leds > 2:
        body += [
            f"  logic {sv.span(_BEAT)} beat_q;",
            f"  always_ff @(posedge clk) beat_q <= rst_nq ? beat_q + {_BEAT}'d1 : '0;",
        ]
    body.append(f"  assign led_o = {sign}{on};")
    ports = [
        sv.PortDecl("input", None, "board_clk_i", f"{pins.clock_mhz:g} MHz"),
        *(
            [sv.PortDecl("input", None, "button_i", f"active {pins.button_active}; runs it again")]
            if pins.buttons
            else []
        ),
        sv.PortDecl("output", leds, "led_o", "pass, fail, alive"),
    ]
    header = [
        f"{core} on {board.title}: runs its self-test at {mhz:g} MHz.",
        "LED 0 is lit when every sample came back as expected, LED 1 when one did not.",
    ]
    return sv.file(header, sv.module(top, ports, body))


def _pin_file(family: str, pins: Pins) -> str:
    pull = {"high": "down", "low": "up"}[pins.button_active]
    rows = [Pin("board_clk_i", pins.clock, pins.clock_io, mhz=pins.clock_mhz)]
    if pins.buttons:
        rows.append(Pin("button_i", pins.buttons[0], pins.button_io, pull))
    rows += [Pin(f"led_o[{i}]", site, pins.led_io) for i, site in enumerate(pins.leds)]
    return constraints(family, rows)
