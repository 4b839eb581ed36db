# SPDX-License-Identifier: Apache-2.0
"""A memory behind AXI4 for benches: places that answer with an error, pauses on all channels."""

from __future__ import annotations

import random
from typing import Any

from axis import pauses
from cocotbext.axi import AxiBus, AxiResp, AxiSlave


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
    """An AXI4 slave in front of a `Memory`."""

    def __init__(self, dut: Any, memory: Memory, prefix: str = "m_axi") -> None:
        bus = AxiBus.from_prefix(dut, prefix)
        self.slave = AxiSlave(bus, dut.aclk, dut.aresetn, memory, reset_active_level=False)
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

    def pause(self, pattern: str, seed: int) -> None:
        """Pause every channel by a pattern of its own seed."""
        rng = random.Random(seed)
        for channel in self.channels:
            channel.set_pause_generator(pauses(pattern, rng.getrandbits(30), 37))
