# SPDX-License-Identifier: Apache-2.0
"""Bench of the stream units: channels side by side, each an AXI-Stream in and one or more out.

Fed by a job file (environment ``HWG_JOB``): ``seed`` and ``channels``, each with ``name``,
``data_width``, ``sinks``, ``full_rate`` and ``framing``. A channel without framing must pass beats
unchanged; one with framing takes frames apart and puts them together again. One whose framing has
``lanes`` cuts them into words in between: a broken frame leaves as one that means nothing. Channel
``i`` is at ``s<i>_axis_*`` and ``m<i>_<sink>_axis_*``; a framed one pulses ``error<i>_o``.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cocotb
from axis import AxisSink, AxisSource, Beat, Framing, pauses, value
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

JOB: dict[str, Any] = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
SEED = int(JOB["seed"])
STALL = 40
ITEMS = 60
PATTERNS: tuple[tuple[str, str | None], ...] = (
    ("none", "none"),
    ("random", "random"),
    ("none", "alternate"),
    ("alternate", "none"),
    ("random", "long_stall"),
    ("long_stall", "random"),
    ("none", None),
)

Item = list[Beat]
ANY = Beat(-2, 0, False)  # stands for a beat that may be anything


class Channel:
    """One channel: its drivers, and what it must do with what it is given."""

    def __init__(self, dut: Any, index: int, facts: dict[str, Any]) -> None:
        self.name = str(facts["name"])
        self.width = int(facts["data_width"])
        self.full_rate = bool(facts["full_rate"])
        self.source = AxisSource(dut, f"s{index}_axis", self.width)
        self.sinks = [AxisSink(dut, f"m{index}_{k}_axis") for k in range(int(facts["sinks"]))]
        self.framing: Framing | None = None
        self.bits = 0
        self.filled = bool(facts["framing"] and facts["framing"].get("lanes"))
        if facts["framing"]:
            frame = facts["framing"]
            self.bits = int(frame["width"])
            self.framing = Framing(
                bool(frame["signed"]), int(frame["count"]), int(frame["container"]), self.width
            )
            self.error = getattr(dut, f"error{index}_o")
        self.errors = 0

    def items(self, rng: random.Random, count: int) -> tuple[list[Item], list[Item]]:
        """Return random items as they are sent, and as they must come out."""
        if self.framing is None:
            beats = [
                [
                    Beat(
                        rng.getrandbits(self.width),
                        rng.getrandbits(self.width // 8),
                        rng.random() < 0.5,
                    )
                ]
                for _ in range(count)
            ]
            return beats, beats
        sent, wanted = [], []
        for _ in range(count):
            dirty = clean = 0
            for i in range(self.framing.count):
                code = rng.getrandbits(self.bits)
                low = i * self.framing.container
                padding = rng.getrandbits(self.framing.container) >> self.bits << self.bits
                dirty |= (padding | code) << low
                negative = self.framing.signed and code >> (self.bits - 1)
                ones = (1 << self.framing.container) - (1 << self.bits)
                clean |= (code | (ones if negative else 0)) << low
            sent.append(self.framing.split(dirty))
            wanted.append(self.framing.split(clean))
        return sent, wanted

    def broken(self, rng: random.Random) -> Item:
        """Return a frame that must be dropped."""
        assert self.framing is not None
        good = self.items(rng, 1)[0][0]
        kinds = ["late", "keep"] + (["early", "keep_first"] if len(good) > 1 else [])
        kind = rng.choice(kinds)
        if kind == "early":
            cut = rng.randrange(1, len(good))
            return [*good[: cut - 1], Beat(good[cut - 1].data, self.framing.full, True)]
        if kind == "late":
            more = rng.randrange(1, 2 * len(good) + 2)
            body = [Beat(b.data, self.framing.full, False) for b in good]
            extra = [Beat(rng.getrandbits(self.width), self.framing.full, i == more - 1)
                     for i in range(more)]  # fmt: skip
            return body + extra
        place = 0 if kind == "keep_first" else len(good) - 1
        beat = good[place]
        good[place] = Beat(beat.data, beat.keep & ~1, beat.last)
        return good

    def check(self, wanted: Sequence[Item], claim: str) -> None:
        """Assert that every sink took exactly the wanted beats."""
        beats = [beat for item in wanted for beat in item]
        for k, sink in enumerate(self.sinks):
            where = f"{claim}: channel {self.name}, sink {k}"
            assert not sink.violation, f"{where}: {sink.violation}"
            assert not self.source.busy, f"{where}: the source is stuck"
            assert len(sink.taken) == len(beats), (
                f"{where}: {len(sink.taken)} of {len(beats)} beats"
            )
            for i, (got, want) in enumerate(zip(sink.taken, beats, strict=True)):
                assert want is ANY or got == want, f"{where}: beat {i} is {got}, expected {want}"


class Bench:
    """All channels under one clock."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.edge = FallingEdge(dut.aclk)
        self.channels = [Channel(dut, i, facts) for i, facts in enumerate(JOB["channels"])]
        self.cycle = 0

    async def start(self) -> None:
        """Start the clock and reset."""
        self.dut.aresetn.value = 0
        Clock(self.dut.aclk, 10, unit="ns").start()
        await self.reset()

    async def reset(self) -> None:
        """Reset for two cycles; everything is withdrawn and forgotten."""
        await self.edge
        self.dut.aresetn.value = 0
        for channel in self.channels:
            channel.errors = 0
            channel.source.idle()
            for sink in channel.sinks:
                sink.idle()
        for _ in range(2):
            await self.edge
        self.dut.aresetn.value = 1

    def patterns(self, source: str, sink: str | None) -> None:
        """Choose how sources and sinks pause; a sink without pattern waits for tvalid."""
        for i, channel in enumerate(self.channels):
            channel.source.pattern = pauses(source, SEED + i, STALL)
            for k, snk in enumerate(channel.sinks):
                snk.pattern = None if sink is None else pauses(sink, SEED + 91 * k + i, STALL)

    async def step(self) -> None:
        """Run one cycle."""
        await self.edge
        for channel in self.channels:
            channel.source.drive()
            for sink in channel.sinks:
                sink.drive()
        await ReadOnly()
        for channel in self.channels:
            channel.source.look()
            for sink in channel.sinks:
                sink.look(self.cycle)
            if channel.framing is not None:
                channel.errors += value(channel.error)
        self.cycle += 1

    async def drain(self) -> None:
        """Run until nothing has moved for longer than any stall."""
        quiet, before = 0, -1
        while quiet < 3 * STALL:
            await self.step()
            moved = sum(c.source.sent + sum(len(s.taken) for s in c.sinks) for c in self.channels)
            quiet, before = (0 if moved != before else quiet + 1), moved


async def _started(dut: Any) -> tuple[Bench, random.Random]:
    bench = Bench(dut)
    await bench.start()
    return bench, random.Random(SEED)


def _send(bench: Bench, rng: random.Random, count: int) -> list[list[Item]]:
    """Queue *count* items on every channel and return what must come out."""
    wanted = []
    for channel in bench.channels:
        sent, want = channel.items(rng, count)
        channel.source.queue.extend(beat for item in sent for beat in item)
        wanted.append(want)
    return wanted


@cocotb.test()
async def keeps_order_under_back_pressure(dut: Any) -> None:
    bench, rng = await _started(dut)
    for source, sink in PATTERNS:
        await bench.reset()
        bench.patterns(source, sink)
        wanted = _send(bench, rng, ITEMS)
        await bench.drain()
        for channel, want in zip(bench.channels, wanted, strict=True):
            channel.check(want, f"{source}/{sink}")
            assert channel.errors == 0, f"channel {channel.name} reports an error"


@cocotb.test()
async def runs_at_full_rate(dut: Any) -> None:
    bench, rng = await _started(dut)
    bench.patterns("none", "none")
    wanted = _send(bench, rng, ITEMS)
    await bench.drain()
    for channel, want in zip(bench.channels, wanted, strict=True):
        channel.check(want, "full rate")
        for sink in channel.sinks:
            took = sink.times[-1] - sink.times[0] + 1
            gaps = took - len(sink.times)
            assert (gaps == 0) == channel.full_rate, f"channel {channel.name}: {gaps} gaps"


@cocotb.test()
async def recovers_from_reset_midstream(dut: Any) -> None:
    bench, rng = await _started(dut)
    for length in range(1, 40, 4):
        bench.patterns("none", "random")
        _send(bench, rng, ITEMS)
        for _ in range(length):
            await bench.step()
        await bench.reset()
        bench.patterns("random", "random")
        wanted = _send(bench, rng, 5)
        await bench.drain()
        for channel, want in zip(bench.channels, wanted, strict=True):
            channel.check(want, f"reset after {length}")


@cocotb.test()
async def drops_broken_frames(dut: Any) -> None:
    bench, rng = await _started(dut)
    for source, sink in PATTERNS[:3]:
        await bench.reset()
        bench.patterns(source, sink)
        wanted: list[list[Item]] = []
        broken: list[int] = []
        for channel in bench.channels:
            want: list[Item] = []
            bad = 0
            while channel.framing is not None and len(want) < ITEMS:
                if rng.random() < 0.4:
                    channel.source.queue.extend(channel.broken(rng))
                    bad += 1
                    if channel.filled:
                        want.append([ANY] * channel.framing.beats)
                else:
                    sent, clean = channel.items(rng, 1)
                    channel.source.queue.extend(sent[0])
                    want += clean
            wanted.append(want)
            broken.append(bad)
        await bench.drain()
        for channel, want, bad in zip(bench.channels, wanted, broken, strict=True):
            channel.check(want, "broken frames")
            assert channel.errors >= bad, (
                f"channel {channel.name}: {channel.errors} of {bad} errors"
            )
