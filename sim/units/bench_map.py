# SPDX-License-Identifier: Apache-2.0
"""Bench of the units that work on maps: channels side by side, stream links in and out.

Fed by a job file (environment ``HWG_JOB``): ``seed`` and ``channels``. A channel is a unit at some
parameters: ``name``; ``ins`` and ``outs``, the bits of a word of each of its links, which are at
``s<i>_<k>_*`` and ``m<i>_<k>_*``; ``frames``, each with the words that go in (``in``, a list a
link) and those that must come out (``out``); ``interval``, the cycles between two frames when
nothing stalls (0: not claimed); ``needs`` and ``latency``: that many cycles after word ``needs`` of
the first link of a frame has been taken, its first result is there (``latency`` -1: not claimed).
With ``intervals``, a file, the intervals that were measured are written there by channel.
"""

from __future__ import annotations

import json
import os
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import cocotb
from axis import pauses
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly
from links import LinkSink, LinkSource, words

JOB: dict[str, Any] = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
SEED = int(JOB["seed"])
STALL = 23
LONGEST = 50_000  # cycles up to rest, far more than any frames take
GAPS = (0, 0, 1, 2, 5, 40)
PATTERNS: tuple[tuple[str, str | None, bool], ...] = (  # of source and sink; gaps between frames
    ("none", "none", True),
    ("random", "random", False),
    ("random", "random", True),
    ("none", "alternate", False),
    ("alternate", "none", True),
    ("long_stall", "random", True),
    ("none", None, True),
)


class Channel:
    """One unit, its drivers, and what it must do with what it is given."""

    def __init__(self, dut: Any, index: int, facts: dict[str, Any]) -> None:
        self.facts, self.name = facts, str(facts["name"])
        self.frames = facts["frames"]
        self.sources = [
            LinkSource(dut, f"s{index}_{k}", int(width)) for k, width in enumerate(facts["ins"])
        ]
        self.sinks = [LinkSink(dut, f"m{index}_{k}") for k in range(len(facts["outs"]))]
        self.sent: list[dict[str, Any]] = []  # frames on their way
        self.waiting: list[list[tuple[int, dict[str, Any]]]] = [[] for _ in self.sources]
        self.accepted: list[int] = []  # cycle in which each word of the first source was taken

    def reset(self) -> None:
        """Forget everything."""
        for source in self.sources:
            source.idle()
        for sink in self.sinks:
            sink.idle()
        self.sent, self.waiting, self.accepted = [], [[] for _ in self.sources], []

    def send_begun(self, more: int) -> None:
        """Let a frame come, and of the one behind it the first *more* words of every link."""
        first, second = self.frames[0], self.frames[1 % len(self.frames)]
        self.sent.append(first)
        for k, queue in enumerate(self.waiting):
            queue.append((0, {"in": {k: [*first["in"][k], *second["in"][k][:more]]}}))

    def send(self, rng: random.Random, count: int, gaps: bool) -> None:
        """Let frames come, with or without gaps between them, each source with its own."""
        for n in range(count):
            frame = self.frames[n % len(self.frames)]
            self.sent.append(frame)
            for queue in self.waiting:
                queue.append((rng.choice(GAPS) if gaps else 0, frame))

    def drive(self) -> None:
        """Write this cycle's values; a source that has nothing left waits, then takes a frame."""
        for k, (source, queue) in enumerate(zip(self.sources, self.waiting, strict=True)):
            if queue and not source.queue:
                gap, frame = queue[0]
                if gap and source.busy:
                    pass  # the gap begins when the last word is gone
                elif gap:
                    queue[0] = (gap - 1, frame)
                else:
                    source.queue = words(frame["in"][k])
                    queue.pop(0)
            source.drive()
        for sink in self.sinks:
            sink.drive()

    def look(self, cycle: int) -> None:
        """Note what happens at the coming edge."""
        for k, source in enumerate(self.sources):
            before = source.sent
            source.look()
            if k == 0 and source.sent != before:
                self.accepted.append(cycle)
        for sink in self.sinks:
            sink.look(cycle)

    @property
    def moved(self) -> int:
        """Words that have moved so far, and gaps."""
        gaps = sum(gap for queue in self.waiting for gap, _ in queue)
        return gaps + sum(s.sent for s in self.sources) + sum(len(s.taken) for s in self.sinks)

    def left(self, claim: str) -> list[list[int]]:
        """Return when the words of the first frame left, by sink, which all must have."""
        times = []
        for k, sink in enumerate(self.sinks):
            where, want = f"{claim}: {self.name}, sink {k}", self.frames[0]["out"][k]
            got = [beat.data for beat in sink.taken[: len(want)]]
            assert got == [int(word) for word in want], f"{where}: {len(got)} of {len(want)} words"
            times.append(sink.times[: len(want)])
        return times

    def check(self, claim: str) -> None:
        """Assert that every sink took exactly the words of all frames."""
        for k, source in enumerate(self.sources):
            assert not source.busy, f"{claim}: {self.name}: source {k} is stuck"
        for k, sink in enumerate(self.sinks):
            where = f"{claim}: {self.name}, sink {k}"
            want = [int(word) for frame in self.sent for word in frame["out"][k]]
            assert not sink.violation, f"{where}: {sink.violation}"
            for i, (beat, word) in enumerate(zip(sink.taken, want, strict=False)):
                assert beat.data == word, f"{where}: word {i} is {beat.data:x}, expected {word:x}"
            assert len(sink.taken) == len(want), f"{where}: {len(sink.taken)} of {len(want)} words"

    @property
    def intervals(self) -> list[int]:
        """Cycles from the end of each frame to that of the next."""
        per = len(self.sent[0]["out"][0])
        ends = self.sinks[0].times[per - 1 :: per]
        return [b - a for a, b in pairwise(ends)]

    def check_times(self) -> None:
        """Assert interval and latency; every source and sink has been willing all the time."""
        interval, latency = int(self.facts["interval"]), int(self.facts["latency"])
        found = self.intervals
        if interval:
            assert found == [interval] * len(found), f"{self.name}: {found} instead of {interval}"
        if latency >= 0:
            took = self.sinks[0].times[0] - self.accepted[int(self.facts["needs"])]
            assert took == latency, f"{self.name}: latency {took} instead of {latency}"


class Bench:
    """All channels under one clock."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.edge = FallingEdge(dut.clk_i)
        self.channels = [Channel(dut, i, facts) for i, facts in enumerate(JOB["channels"])]
        self.cycle = 0
        self.rng = random.Random(SEED)

    async def start(self) -> None:
        """Start the clock and reset."""
        self.dut.rst_ni.value = 0
        Clock(self.dut.clk_i, 10, unit="ns").start()
        await self.reset()

    async def reset(self, cycles: int = 2) -> None:
        """Reset; everything is withdrawn and forgotten."""
        await self.edge
        self.dut.rst_ni.value = 0
        for channel in self.channels:
            channel.reset()
        for _ in range(cycles):
            await self.edge
        self.dut.rst_ni.value = 1

    def patterns(self, source: str, sink: str | None) -> None:
        """Choose how sources and sinks pause; a sink without pattern waits for valid."""
        for i, channel in enumerate(self.channels):
            for k, src in enumerate(channel.sources):
                src.pattern = pauses(source, SEED + i + 57 * k, STALL)
            for k, snk in enumerate(channel.sinks):
                snk.pattern = None if sink is None else pauses(sink, SEED + 91 * k + i + 1, STALL)

    async def step(self) -> None:
        """Run one cycle."""
        await self.edge
        for channel in self.channels:
            channel.drive()
        await ReadOnly()
        for channel in self.channels:
            channel.look(self.cycle)
        self.cycle += 1

    async def drain(self) -> None:
        """Run until nothing has moved for longer than any stall and any unit."""
        quiet, before, begin = 0, -1, self.cycle
        while quiet < 3 * STALL:
            await self.step()
            assert self.cycle < begin + LONGEST, "words come and come"
            moved = sum(channel.moved for channel in self.channels)
            quiet, before = (0 if moved != before else quiet + 1), moved

    def send(self, count: int, gaps: bool) -> None:
        """Let frames come on all channels."""
        for channel in self.channels:
            channel.send(self.rng, count, gaps)

    def check(self, claim: str) -> None:
        """Assert that all channels did what they must."""
        for channel in self.channels:
            channel.check(claim)


async def _started(dut: Any) -> Bench:
    bench = Bench(dut)
    await bench.start()
    return bench


@cocotb.test()
async def loses_nothing_under_stalls_and_gaps(dut: Any) -> None:
    bench = await _started(dut)
    for source, sink, gaps in PATTERNS:
        await bench.reset()
        bench.patterns(source, sink)
        bench.send(3, gaps)
        await bench.drain()
        bench.check(f"{source}/{sink}")


@cocotb.test()
async def keeps_interval_and_latency(dut: Any) -> None:
    bench = await _started(dut)
    bench.patterns("none", "none")
    bench.send(4, False)
    await bench.drain()
    bench.check("full rate")
    if "intervals" in JOB:
        found = {channel.name: channel.intervals for channel in bench.channels}
        Path(JOB["intervals"]).write_text(json.dumps(found), encoding="utf-8")
    for channel in bench.channels:
        channel.check_times()


@cocotb.test()
async def waits_for_no_word_of_the_next_frame(dut: Any) -> None:
    bench = await _started(dut)
    for sink in ("none", "random"):
        alone: list[list[list[int]]] = []
        for more in (0, 1, 2, 3, 7, 20):
            await bench.reset()
            bench.cycle = 0
            bench.patterns("none", sink)
            for channel in bench.channels:
                channel.send_begun(more)
            await bench.drain()
            claim = f"{more} words of the next frame have come, sink {sink}"
            left = [channel.left(claim) for channel in bench.channels]
            alone = alone or left
            for channel, times, want in zip(bench.channels, left, alone, strict=True):
                assert times == want, f"{claim}: {channel.name}: {times} instead of {want}"


@cocotb.test()
async def recovers_from_reset_in_a_frame(dut: Any) -> None:
    bench = await _started(dut)
    for length in (1, 2, 3, 5, 9, 14, 22, 41, 77):
        bench.patterns("none" if length % 2 else "random", "random")
        bench.send(3, False)
        for _ in range(length):
            await bench.step()
        await bench.reset(1 + length % 3)
        bench.patterns("random", "none")
        bench.send(1, False)
        await bench.drain()
        bench.check(f"reset after {length}")
