# SPDX-License-Identifier: Apache-2.0
"""A memory behind AXI4 for benches: places that answer with an error, pauses on all channels."""

from __future__ import annotations

import random
from typing import Any

from cocotbext.axi import AxiBus, AxiSlave
from stream import pauses


class Memory:
    """Bytes that an AXI slave serves.

    Attributes:
        data: the content; addresses past its end answer SLVERR.
        broken: ranges of addresses that answer SLVERR.
    """

    def __init__(self, size: int, fill: int = 0xA5) -> None:
        self.data = bytearray([fill]) * size
        self.broken: list[range] = []

    def _check(self, address: int, length: int) -> None:
        if address + length > len(self.data):
            raise ValueError("past the end")
        if any(address + length > r.start and address < r.stop for r in self.broken):
            raise ValueError("broken")

    async def write(self, address: int, data: bytes, **_: Any) -> None:
        """Store bytes, or fail."""
        self._check(address, len(data))
        self.data[address : address + len(data)] = data

    async def read(self, address: int, length: int, **_: Any) -> bytes:
        """Return bytes, or fail."""
        self._check(address, length)
        return bytes(self.data[address : address + length])


class Slave:
    """An AXI4 slave in front of a `Memory`."""

    def __init__(self, dut: Any, memory: Memory, prefix: str = "m_axi") -> None:
        bus = AxiBus.from_prefix(dut, prefix)
        self.slave = AxiSlave(bus, dut.aclk, dut.aresetn, memory, reset_active_level=False)
        for part in (self.slave.write_if, self.slave.read_if):
            part.log.setLevel("WARNING")
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
