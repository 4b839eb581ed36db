# SPDX-License-Identifier: Apache-2.0
"""A memory behind AXI4 for benches: errors at any place, pauses, and every order of the channels.

A slave of AXI4 may take the address of a burst and its data in any order, and may make either of
them wait for the other one. `ORDERS` has all of these kinds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import cocotb
from axis import pauses, value
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiBus, AxiResp, AxiSlave

ORDERS = ("any", "address", "data", "both")


class Memory:
    """Bytes that an AXI slave serves.

    Attributes:
        data: the content; addresses outside are answered with an error.
        broken: ranges of bytes that are answered with an error.
        answer: the error, SLVERR or DECERR.
        origin: address of the first byte.
    """

    def __init__(self, size: int, fill: int = 0xA5) -> None:
        self.data = bytearray([fill]) * size
        self.broken: list[range] = []
        self.answer = AxiResp.SLVERR
        self.origin = 0

    def _place(self, address: int, length: int) -> int:
        place = address - self.origin
        if place < 0 or place + length > len(self.data):
            raise ValueError("past the end")
        if any(place + length > r.start and place < r.stop for r in self.broken):
            raise ValueError("broken")
        return place

    async def write(self, address: int, data: bytes, **_: Any) -> None:
        """Store bytes, or fail."""
        place = self._place(address, len(data))
        self.data[place : place + len(data)] = data

    async def read(self, address: int, length: int, **_: Any) -> bytes:
        """Return bytes, or fail."""
        place = self._place(address, length)
        return bytes(self.data[place : place + length])


def _answering(send: Any, field: str, memory: Memory) -> Any:
    """Let a channel answer with the memory's own error; the slave knows but one."""

    async def sent(beat: Any) -> None:
        if getattr(beat, field) != AxiResp.OKAY:
            setattr(beat, field, memory.answer)
        await send(beat)

    return sent


class Slave:
    """An AXI4 slave in front of a `Memory`.

    Args:
        dut: has the bus, and the clock ``aclk``.
        memory: that is served.
        prefix: of the bus.
        reset: of the slave, active low; ``aresetn`` if None.
    """

    def __init__(self, dut: Any, memory: Memory, prefix: str = "m_axi", reset: Any = None) -> None:
        bus = AxiBus.from_prefix(dut, prefix)
        reset = dut.aresetn if reset is None else reset
        self.slave = AxiSlave(bus, dut.aclk, reset, memory, reset_active_level=False)
        for part, channel, field in (
            (self.slave.write_if, self.slave.write_if.b_channel, "bresp"),
            (self.slave.read_if, self.slave.read_if.r_channel, "rresp"),
        ):
            part.log.setLevel("ERROR")
            channel.send = _answering(channel.send, field, memory)
        self.channels = [
            self.slave.write_if.aw_channel,
            self.slave.write_if.w_channel,
            self.slave.write_if.b_channel,
            self.slave.read_if.ar_channel,
            self.slave.read_if.r_channel,
        ]
        self.slave.write_if.w_channel.queue_occupancy_limit = 4096  # a burst without its address
        self._dut, self._prefix, self._reset = dut, prefix, reset
        self._addresses = self._bursts = 0  # taken so far, and bursts whose data are
        self._inside = False  # a burst's data
        cocotb.start_soon(self._watch())

    def pause(self, pattern: str, seed: int, order: str = "any", late: int = 0) -> None:
        """Pause every channel by a pattern of its own seed.

        Args:
            pattern: see `axis.pauses`.
            seed: of the pauses.
            order: ``address``: data are taken when their address has been; ``data``: the other way
                round; ``both``: an address is taken only beside data, and data's first beat beside
                an address; ``any``.
            late: an answer to a write waits for up to so many cycles.
        """
        rng = random.Random(seed)
        own = [pauses(pattern, rng.getrandbits(30), 37) for _ in self.channels]
        own[0] = self._ordered(own[0], order, address=True)
        own[1] = self._ordered(own[1], order, address=False)
        if late:
            own[2] = _lingering(random.Random(seed), late)
        for channel, generator in zip(self.channels, own, strict=True):
            channel.set_pause_generator(generator)

    def _wire(self, name: str) -> int:
        return value(getattr(self._dut, f"{self._prefix}_{name}"))

    async def _watch(self) -> None:
        """Count what is taken of both write channels."""
        edge = RisingEdge(self._dut.aclk)
        while True:
            await edge
            if value(self._reset) != 1:
                self._addresses = self._bursts = 0
                self._inside = False
                continue
            self._addresses += self._wire("awvalid") == self._wire("awready") == 1
            if self._wire("wvalid") == self._wire("wready") == 1:
                self._inside = not self._wire("wlast")
                self._bursts += not self._inside

    def _ordered(self, own: Iterator[bool], order: str, address: bool) -> Iterator[bool]:
        """Yield pauses of the address or data channel that keep an order beside their own."""
        if order not in ORDERS:
            raise ValueError(f"no order {order!r}")
        for paused in own:
            ahead = self._addresses - self._bursts  # of their data
            if order == "address" and not address:
                paused = paused or ahead <= 0
            elif order == "data" and address:
                paused = paused or ahead >= 0
            elif order == "both":
                offered = self._wire("awvalid") == self._wire("wvalid") == 1
                goes_on = ahead < 0 if address else ahead > 0 or self._inside
                paused = not (offered or goes_on)
            yield paused


def _lingering(rng: random.Random, late: int) -> Iterator[bool]:
    """Yield pauses of up to *late* cycles, with one or two cycles between them."""
    while True:
        yield from [True] * rng.randrange(late)
        yield from [False] * rng.randint(1, 2)
