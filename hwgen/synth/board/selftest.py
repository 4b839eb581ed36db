# SPDX-License-Identifier: Apache-2.0
"""A self-test for a board: the core, its own vectors in memory, two LEDs that tell the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from hwgen.design.names import ModuleNames
from hwgen.design.types import Design, Port
from hwgen.emit.verilog import sv
from hwgen.errors import ConfigError
from hwgen.files import FileSet
from hwgen.synth.board.pins import Pin, constraints
from hwgen.synth.board.pll import best_clock, pll_instance
from hwgen.target.board import Board, Pins
from hwgen.units.library import with_uses

UNIT = "hwg_bist"
MOST = 256  # samples in memory
LEAST = 2
_START = 12  # bits of the counter that waits after configuration: memories are slower to wake
_BEAT = 24  # bits of the counter whose highest one blinks
Rows = Mapping[str, npt.NDArray[np.int64]]


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
    tops = ModuleNames.of(design).tops
    if "flow" not in tops or design.interval != 1:
        raise ConfigError(
            "the self-test gives a core a sample a cycle, which this one does not take",
            "--bitstream",
            "build it in the parallel style",
        )
    core = tops["flow"]
    given = _words(design.inputs, inputs)
    wanted = _words(design.outputs, outputs)
    width = given.bits + wanted.bits
    room = board.budget.bram * board.family.bram_bits // 2 // width
    count = max(min(len(given.rows), MOST, room), LEAST)
    kept = np.unique(np.linspace(0, len(given.rows) - 1, count).round().astype(int)).tolist()
    pll = best_clock(board.family.name, pins.clock_mhz, most_mhz or design.clock_mhz)
    mhz = pll.mhz if pll else Fraction(pins.clock_mhz).limit_denominator(10**6)
    test = _test_module(
        design, core, given.only(kept), wanted.only(kept), f"run at {float(mhz):g} MHz"
    )
    top = f"{core}_board"
    clocking = (
        pll_instance(board.family.name, pll, pins.clock_mhz)
        if pll
        else ["  assign clk    = board_clk_i;", "  assign locked = 1'b1;"]
    )
    units = {
        f"{unit.module}.sv": unit.path.read_bytes()
        for unit in with_uses([UNIT])
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


@dataclass(frozen=True)
class _Words:
    """Samples of several ports, each as one word; the first port in the lowest bits."""

    bits: int
    rows: list[int]

    def only(self, kept: Sequence[int]) -> _Words:
        return _Words(self.bits, [self.rows[i] for i in kept])


def _words(ports: Sequence[Port], vectors: Rows) -> _Words:
    count = len(next(iter(vectors.values())))
    rows, low = [0] * count, 0
    for port in ports:
        width = port.fixed.width
        codes = np.asarray(vectors[port.name]).reshape(count, -1)
        for row, sample in enumerate(codes.tolist()):
            word = 0
            for code in reversed(sample):
                word = word << width | int(code) % (1 << width)
            rows[row] |= word << low
        low += width * codes.shape[1]
    return _Words(low, rows)


def _memory(name: str, words: _Words) -> list[str]:
    """Return a memory with its content, and the register behind it."""
    digits = -(-words.bits // 4)
    return [
        f"  logic {sv.span(words.bits)} {name}_mem [0:{len(words.rows) - 1}];",
        f"  logic {sv.span(words.bits)} {name}_q;",
        "  initial begin",
        *(
            f"    {name}_mem[{i}] = {words.bits}'h{word:0{digits}x};"
            for i, word in enumerate(words.rows)
        ),
        "  end",
        f"  always_ff @(posedge clk_i) {name}_q <= {name}_mem[{name}_addr];",
    ]


def _test_module(design: Design, core: str, given: _Words, wanted: _Words, where: str) -> str:
    count = len(given.rows)
    address = max((count - 1).bit_length(), 1)
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
        *_memory("sample", given),
        "",
        *_memory("expected", wanted),
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
