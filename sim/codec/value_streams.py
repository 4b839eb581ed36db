# SPDX-License-Identifier: Apache-2.0
"""Value streams of the feature-map DMA: a source for the writer, and a sink for the reader."""

from __future__ import annotations

from collections import deque
from typing import Any

import cocotb
from axis import beats, pauses, value
from cocotb.task import Task
from cocotb.triggers import FallingEdge, ReadOnly

Values = list[list[int]]  # of each block
Taken = tuple[Values, list[int], int]  # values of blocks, at fault or not, stalls


class Feeder:
    """Offers values; once valid, a beat stays until it is taken."""

    def __init__(self, dut: Any, lanes: int, bits: int) -> None:
        self.dut, self.lanes, self.bits = dut, lanes, bits
        dut.s_values_valid.value = 0

    def feed(
        self, values: list[list[int]], pattern: str, seed: int, last: bool = True
    ) -> Task[None]:
        """Offer a tensor's values; the task is done when all are taken.

        Args:
            values: of its blocks.
            pattern: of the pauses, see `axis.pauses`.
            seed: of the pauses.
            last: the last beat is marked.
        """
        ahead = beats(values, self.lanes, self.bits)
        return cocotb.start_soon(self._feed(ahead, pattern, seed, last))

    async def _feed(self, ahead: deque[int], pattern: str, seed: int, last: bool) -> None:
        dut, edge, stop, held = self.dut, FallingEdge(self.dut.aclk), pauses(pattern, seed), False
        while ahead:
            await edge
            held = held or not next(stop)
            dut.s_values_valid.value = int(held)
            dut.s_values_last.value = int(not held or (last and len(ahead) == 1))
            dut.s_values_data.value = ahead[0] if held else (1 << self.lanes * self.bits) - 1
            await ReadOnly()
            if held and value(dut.s_values_ready):
                ahead.popleft()
                held = False
        await edge
        dut.s_values_valid.value = 0
        dut.s_values_last.value = 1  # without a beat it means nothing


class Taker:
    """Takes values, and watches that a beat stays as it is until it is taken."""

    def __init__(self, dut: Any, lanes: int, bits: int) -> None:
        self.dut, self.lanes, self.bits = dut, lanes, bits
        dut.m_values_ready.value = 0

    def take(self, signed: bool, pattern: str, seed: int) -> Task[Taken]:
        """Take a tensor; the task is done with its last beat."""
        return cocotb.start_soon(self._take(signed, pattern, seed))

    async def _take(self, signed: bool, pattern: str, seed: int) -> Taken:
        dut, edge, stop = self.dut, FallingEdge(self.dut.aclk), pauses(pattern, seed)
        names = ("data", "count", "block", "fault", "last")
        blocks: list[list[int]] = [[]]
        faults: list[int] = []
        stalls, held = 0, None
        while True:
            await edge
            ready = not next(stop)
            dut.m_values_ready.value = int(ready)
            await ReadOnly()
            if not value(dut.m_values_valid):
                assert held is None, "a beat was withdrawn"
                continue
            beat = tuple(value(getattr(dut, f"m_values_{name}")) for name in names)
            if not beat[2]:  # only the last beat of a block tells of its fault
                beat = (*beat[:3], 0, *beat[4:])
            assert held in (None, beat), "a beat changed while it was stalled"
            held = None if ready else beat
            stalls += not ready
            if not ready:
                continue
            word, count, block, fault, last = beat
            assert 1 <= count <= self.lanes
            blocks[-1] += self._codes(word, count, signed)
            if block:
                faults.append(fault)
                blocks.append([])
            if last:
                assert block
                await edge
                dut.m_values_ready.value = 0
                return blocks[:-1], faults, stalls

    def _codes(self, word: int, count: int, signed: bool) -> list[int]:
        mask, top = (1 << self.bits) - 1, 1 << self.bits - 1
        codes = [word >> i * self.bits & mask for i in range(count)]
        return [c - 2 * top if signed and c & top else c for c in codes]


class Source:
    """A source of packets that may stop, run over, or never mark an end.

    Attributes:
        queue: beats (data, last) still to be taken.
        taken: beats taken since somebody set it to 0.
        limit: no beat is offered once so many are taken; -1: all are.
        offered: a beat is offered, and must stay.
    """

    def __init__(self, dut: Any, lanes: int, bits: int) -> None:
        self.dut, self.lanes, self.bits = dut, lanes, bits
        self.queue: deque[tuple[int, int]] = deque()
        self.taken, self.limit, self.offered, self.running = 0, -1, False, True
        self.pattern = pauses("none")
        self._edge = FallingEdge(dut.aclk)
        cocotb.start_soon(self._run())

    def packet(self, values: Values) -> list[tuple[int, int]]:
        """Return the beats of a tensor, the last one marked."""
        words = list(beats(values, self.lanes, self.bits))
        return [(word, int(number == len(words) - 1)) for number, word in enumerate(words)]

    def reset(self) -> None:
        """Withdraw everything; nothing is offered until it runs again."""
        self.queue.clear()
        self.taken, self.limit, self.offered, self.running = 0, -1, False, False
        self.dut.s_values_valid.value = 0

    async def emptied(self, cycles: int) -> None:
        """Wait until all beats are taken."""
        while self.queue:
            await self._edge
            cycles -= 1
            assert cycles, "a source waits for ever"

    async def _run(self) -> None:
        dut = self.dut
        while True:
            await self._edge
            held = self.limit >= 0 and self.taken >= self.limit
            pause = next(self.pattern)
            self.offered = self.running and (
                self.offered or (bool(self.queue) and not held and not pause)
            )
            dut.s_values_valid.value = int(self.offered)
            if self.offered:
                dut.s_values_data.value, dut.s_values_last.value = self.queue[0]
            await ReadOnly()
            if self.offered and value(dut.s_values_ready):
                self.queue.popleft()
                self.taken += 1
                self.offered = False


class Sink:
    """A sink of packets that may stop for ever.

    Attributes:
        beats: what came since the start: data, count, block, fault, last.
        dead: nothing is taken.
    """

    def __init__(self, dut: Any, lanes: int, bits: int) -> None:
        self.dut, self.lanes, self.bits = dut, lanes, bits
        self.beats: list[tuple[int, ...]] = []
        self.dead, self.running = False, True
        self.pattern = pauses("none")
        self._edge = FallingEdge(dut.aclk)
        cocotb.start_soon(self._run())

    def start(self) -> None:
        """Forget what came."""
        self.beats = []

    def reset(self) -> None:
        """Forget what came, and take nothing until it runs again."""
        self.beats, self.running, self.dead = [], False, False
        self.dut.m_values_ready.value = 0

    async def ended(self, cycles: int) -> None:
        """Wait for the last beat of a tensor."""
        while not (self.beats and self.beats[-1][4]):
            await self._edge
            cycles -= 1
            assert cycles, "a tensor without an end"

    def blocks(self, signed: bool) -> tuple[Values, list[int]]:
        """Return the values of the blocks that came, and which of them are at fault."""
        values: Values = [[]]
        faults = []
        mask, top = (1 << self.bits) - 1, 1 << self.bits - 1
        for number, (word, count, block, fault, last) in enumerate(self.beats):
            assert bool(last) == (number == len(self.beats) - 1), "beats behind the last one"
            assert count or (block and fault and last), "a beat without values"
            codes = [word >> i * self.bits & mask for i in range(count)]
            values[-1] += [c - 2 * top if signed and c & top else c for c in codes]
            if block:
                faults.append(fault)
                values.append([])
        return values[:-1], faults

    async def _run(self) -> None:
        dut = self.dut
        names = ("data", "count", "block", "fault", "last")
        while True:
            await self._edge
            pause = next(self.pattern)
            willing = self.running and not self.dead and not pause
            dut.m_values_ready.value = int(willing)
            await ReadOnly()
            if willing and value(dut.m_values_valid):
                beat = tuple(value(getattr(dut, f"m_values_{name}")) for name in names)
                self.beats.append(beat if beat[2] else (*beat[:3], 0, beat[4]))
