# SPDX-License-Identifier: Apache-2.0
"""What a board and an FPGA family are, once read: `hwgen.plan.board` reads them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """What the delay and the cost model need to know of an FPGA family. Delays are in nanoseconds.

    Attributes:
        name: file name without its ending.
        title, vendor: for people and for project scripts.
        lut_inputs: inputs of the largest single look-up table.
        carry_group: positions that one step of the carry chain covers.
        adder_operands: 3 where a look-up table and a carry position a bit add three, else 2.
        lut: input to output of a look-up table.
        net: one routed net.
        carry_in: operand pin into the carry chain, its look-up table included.
        carry_per_bit: along the chain.
        carry_out: from the chain to a sum output.
        third_operand: what an adder of three takes longer than one of two.
        clk_to_q, setup: of a flip-flop.
        margin: kept free in every stage.
        sources: figure to where it comes from.
        dsp_widths: signed operands of the multiplier in a DSP block, the wider first; None if the
            family's file does not tell.
        bram_bits: of one block of memory, as a board's budget counts them; 0 if not told.
        bram_width: bits of its widest port; 0 if not told.
    """

    name: str
    title: str
    vendor: str
    lut_inputs: int
    carry_group: int
    adder_operands: int
    lut: float
    net: float
    carry_in: float
    carry_per_bit: float
    carry_out: float
    third_operand: float
    clk_to_q: float
    setup: float
    margin: float
    sources: tuple[tuple[str, str], ...]
    dsp_widths: tuple[int, int] | None = None
    bram_bits: int = 0
    bram_width: int = 0

    def adder_ns(self, width: int, operands: int = 2) -> float:
        """Return the delay of a carry chain of *width* positions with the net in front of it."""
        steps = -(-width // self.carry_group)
        chain = steps * self.carry_group * self.carry_per_bit
        extra = self.third_operand if operands == 3 else 0.0
        return self.net + self.carry_in + chain + self.carry_out + extra

    def logic_ns(self, levels: int) -> float:
        """Return the delay of *levels* look-up tables with the nets in front of them."""
        return levels * (self.net + self.lut)

    @property
    def overhead_ns(self) -> float:
        """What a register stage takes from the period before any logic."""
        return self.clk_to_q + self.setup + self.margin


@dataclass(frozen=True)
class Budget:
    """What a device holds."""

    lut: int
    ff: int
    dsp: int
    bram: int
    uram: int = 0


@dataclass(frozen=True)
class Dma:
    """How the programmable logic reaches the board's memory.

    Attributes:
        ports: memory ports that may be used at once.
        data_width: bits of each.
        max_burst: beats of the longest burst.
        address_bits: of an address.
    """

    ports: int
    data_width: int
    max_burst: int
    address_bits: int


@dataclass(frozen=True)
class Device:
    """How nextpnr names the part.

    Attributes:
        name: the flag without its dashes for ecp5 and ice40 (``85k``, ``up5k``); what ``--device``
            takes for nexus and gowin.
        package, speed: of the part; part of the name where nextpnr takes no option for it.
        chip: the chip database where it differs from the part (gowin: ``GW1N-9C``), else empty.
    """

    name: str
    package: str
    speed: str
    chip: str = ""


@dataclass(frozen=True)
class Pins:
    """The pins that a self-contained bitstream needs.

    Attributes:
        clock: pin of the oscillator, clock_mhz what it gives.
        leds, buttons: pins, the first is the most visible one.
        led_active, button_active: level that lights or that a pressed button gives, of `LEVELS`.
        clock_io, led_io, button_io: I/O standards; empty where the tool takes none.
    """

    clock: str
    clock_mhz: float
    leds: tuple[str, ...]
    led_active: str
    buttons: tuple[str, ...]
    button_active: str
    clock_io: str = ""
    led_io: str = ""
    button_io: str = ""


@dataclass(frozen=True)
class Board:
    """A board, or a bare part, to build for.

    Attributes:
        name: what ``--board`` takes.
        title: one line for people.
        part: ordering name, as the vendor's tool takes it.
        speed_grade: of the part.
        toolchain: one of `TOOLCHAINS`.
        family: of the part.
        default_mhz, max_mhz: clock when none is asked for; highest that may be asked for.
        data_width: bits of the AXI-Stream ports.
        budget: what the device holds.
        sources: key to where its figures come from.
        dma: ports to memory, or None.
        device, pins: what nextpnr and a bitstream need, or None.
    """

    name: str
    title: str
    part: str
    speed_grade: str
    toolchain: str
    family: Family
    default_mhz: float
    max_mhz: float
    data_width: int
    budget: Budget
    sources: tuple[tuple[str, str], ...]
    dma: Dma | None = None
    device: Device | None = None
    pins: Pins | None = None
