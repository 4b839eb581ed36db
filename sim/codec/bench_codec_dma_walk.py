# SPDX-License-Identifier: Apache-2.0
"""Bench of the feature-map DMA on a random walk: good tensors among all that can go wrong.

Fed by a job file (environment ``HWG_JOB``): what codec_dma_driver.py needs, ``tensors`` and
``damaged`` as in bench_codec_dma.py, and ``events``, how many. An event is what happens to both
engines at once: each has a tensor, or none, and something that befalls it; in some events the core,
the memory or both are reset while they work. After every event both engines are at rest, every
fault was told, and every tensor that nothing befell is right.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import cocotb
from axi_memory import ORDERS
from axis import pauses
from codec_dma_driver import (
    FILL,
    HALF,
    INDEX,
    JOB,
    READER,
    SEED,
    SHAPE,
    WRITER,
    Engine,
    Tensor,
    given,
    index_words,
    lay,
    ready,
    signed,
)
from value_streams import Sink, Source

TENSORS: list[Tensor] = JOB["tensors"]
DAMAGED: list[Tensor] = JOB["damaged"]
AXI, OVF, CFG, SHORT, LONG, LATE, ABORT = 7, 8, 9, 10, 11, 12, 13
REST = 60_000  # cycles after which an engine hangs
WAIT = 90  # cycles of the source timeout, longer than any pause
PATTERNS = ("none", "none", "random", "alternate")
WRITES = (
    *("good",) * 6, "short", "long", "unmarked", "stalled", "abort", "bus", "room", "index",
    "refused",
)  # fmt: skip
READS = (*("good",) * 5, *("damaged",) * 3, "abort", "dead", "bus", "refused")
RESETS = ("core", "memory", "both")


@dataclass
class Fate:
    """Event that befalls an engine."""

    kind: str = "none"
    tensor: Tensor = field(default_factory=dict)
    cycle: int = 0  # at which it befalls


class Walk:
    """Both engines, the memory, and the ends of the streams."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.rng = engine, random.Random(SEED)
        self.source, self.sink = Source(engine.dut, *SHAPE), Sink(engine.dut, *SHAPE)
        self.count: Counter[str] = Counter()
        self.where = ""

    # ------------------------------------------------------------------ an event

    async def step(self, number: int) -> None:
        """Run an event and see what became of it."""
        rng, engine = self.rng, self.engine
        write = Fate(rng.choice(WRITES), rng.choice(TENSORS), rng.randrange(900))
        read = Fate(rng.choice(READS), rng.choice(TENSORS), rng.randrange(900))
        if read.kind == "damaged":
            read.tensor = rng.choice(DAMAGED)
        which = rng.random()
        if which < 0.3:
            write.kind = "none"
        elif which < 0.6:
            read.kind = "none"
        reset = rng.choice(RESETS) if rng.random() < 0.08 else ""
        self.where = f"event {number}: {write.kind}, {read.kind}, {reset or 'no reset'}"
        engine.slave.pause(
            rng.choice(PATTERNS), rng.getrandbits(30), rng.choice(ORDERS), rng.choice((0, 0, 40))
        )
        engine.memory.broken = []
        self.source.pattern = pauses(rng.choice(PATTERNS), rng.getrandbits(30), 29)
        self.sink.pattern = pauses(rng.choice(PATTERNS), rng.getrandbits(30), 31)
        self.sink.dead = read.kind == "dead"
        await engine.write("mode", rng.randrange(2))
        await engine.write("timeout", WAIT if write.kind == "stalled" or rng.randrange(2) else 0)
        start = 0
        if write.kind != "none":
            await self.prepare_write(write)
            start |= 1
        if read.kind != "none":
            await self.prepare_read(read)
            start |= 2
        engine.events = 0
        await engine.write("control", start)
        if reset:
            await self.wait(rng.randrange(900))
            await self.reset(reset)
        for fate, bit in ((write, 4), (read, 8)):
            if fate.kind in ("abort", "dead") and not reset:
                await self.wait(fate.cycle)
                await engine.write("control", bit)
        await self.rest()
        if reset:
            await self.after_reset(reset, write, read)
        else:
            if write.kind != "none":
                await self.judge_write(write)
            if read.kind != "none":
                await self.judge_read(read)
        self.count[f"write {write.kind}"] += not reset
        self.count[f"read {read.kind}"] += not reset
        self.count[f"reset {reset}"] += 1

    async def wait(self, cycles: int) -> None:
        """Let cycles pass."""
        for _ in range(cycles):
            await self.engine.edge

    async def rest(self) -> None:
        """Wait until both engines are at rest."""
        cycles = 0
        while (await self.engine.read("status")) & 3:
            cycles += 3
            assert cycles < REST, f"{self.where}: hangs, status {await self.engine.read('status')}"

    # ------------------------------------------------------------------ the writer

    async def prepare_write(self, fate: Fate) -> None:
        """Describe a tensor to the writer, and queue its packet or what comes instead."""
        engine, tensor, rng = self.engine, fate.tensor, self.rng
        sizes = [8 * tensor["slot"] or len(block) // 2 for block in tensor["blocks"]]
        room, words = sum(sizes), index_words(tensor)
        engine.memory.data[: room + 64] = bytes([FILL]) * (room + 64)
        engine.memory.data[INDEX : INDEX + 8 * words + 64] = bytes([FILL]) * (8 * words + 64)
        other: dict[str, int] = {}
        if fate.kind == "room":
            other["capacity"] = room // 8 - 1
        elif fate.kind == "index":
            other["index_room"] = max(words - 1, 0)
        elif fate.kind == "refused":
            other["channels"] = 0
        await engine.describe(WRITER, tensor, 0, **other)
        if fate.kind == "bus":
            at = rng.randrange(0, len(bytes.fromhex(tensor["blocks"][0])))
            engine.memory.broken = [range(at, at + 1)]
        packet = self.source.packet(given(tensor))
        self.beats = len(packet)
        if fate.kind == "short":
            keep = rng.randrange(self.beats)
            packet = [*packet[:keep], (packet[keep][0], 1)]
            if keep == self.beats - 1:
                fate.kind = "good"
        elif fate.kind == "long":
            packet = [(data, 0) for data, _ in packet]
            packet += [(rng.getrandbits(8), 0)] * rng.randrange(40) + [(1, 1)]
        elif fate.kind == "unmarked":
            packet = [(data, 0) for data, _ in packet]
        elif fate.kind == "stalled":
            self.source.limit = rng.randrange(self.beats)
        if fate.kind != "refused":
            self.source.queue.extend(packet)
            self.source.taken = 0

    async def told(self, which: int, kind: int) -> dict[str, int]:
        """Return the tally; the first fault must be of a kind, or of none."""
        tally = await self.engine.tally(which)
        assert tally["kind"] == kind, f"{self.where}: {tally}, not fault {kind}"
        assert bool(tally["faults"]) == bool(kind), f"{self.where}: {tally}"
        return tally

    async def judge_write(self, fate: Fate) -> None:
        """See what became of a tensor that was written, and let its packet end."""
        engine, source, kind = self.engine, self.source, fate.kind
        tail = (await engine.read("status")) >> 4 & 1
        if kind == "abort":
            tally = await engine.tally(WRITER)
            if tally["kind"] != ABORT:  # it was too late
                kind = "good"
            elif 0 < source.taken < self.beats:
                assert tail, f"{self.where}: the packet goes on, and nobody drops it"
            elif source.taken == 0:  # nothing of it was taken: the next tensor gets it
                assert not tail, self.where
                await engine.write("control", 1)
                await self.rest()
                kind = "good"
        if kind == "good":
            await self.told(WRITER, 0)
            self.compare(fate.tensor)
        elif kind == "short":
            await self.told(WRITER, SHORT)
        elif kind == "long":
            await self.told(WRITER, LONG)
            self.compare(fate.tensor)
        elif kind == "unmarked":
            await self.told(WRITER, LONG)
            assert tail, f"{self.where}: no end was seen, and none is awaited"
            self.compare(fate.tensor)
        elif kind == "stalled":
            await self.told(WRITER, LATE)
            assert tail == int(source.taken > 0), self.where
            if not source.taken:
                source.queue.clear()
        elif kind == "bus":
            await self.told(WRITER, AXI)
        elif kind == "room":
            await self.told(WRITER, OVF)
        elif kind == "index":
            await self.told(WRITER, OVF if index_words(fate.tensor) else 0)
        elif kind == "refused":
            await self.told(WRITER, CFG)
        await self.source_ends(kind)
        assert not (await engine.read("status")) & 16, f"{self.where}: a tail remains"

    async def source_ends(self, kind: str) -> None:
        """Let the source deliver what is left, or reset it and tell the engine."""
        engine, source = self.engine, self.source
        source.limit = -1
        if kind == "unmarked" or (kind == "stalled" and self.rng.randrange(2)):
            if source.queue and source.offered:
                await source.emptied(REST)  # what is offered must be taken
            source.queue.clear()
            await engine.write("control", 4)
            await self.wait(4)
            return
        await source.emptied(REST)
        await self.wait(2)

    def compare(self, tensor: Tensor) -> None:
        """Compare the memory with what software makes of a tensor."""
        data, place = self.engine.memory.data, 0
        for number, block in enumerate(map(bytes.fromhex, tensor["blocks"])):
            assert data[place : place + len(block)] == block, f"{self.where}: block {number}"
            place += 8 * tensor["slot"] or len(block)
        if not tensor["slot"]:
            assert data[place : place + 64] == bytes([FILL]) * 64, (
                f"{self.where}: behind the blocks"
            )
        index = bytes.fromhex(tensor["index"])
        assert data[INDEX : INDEX + len(index)] == index, f"{self.where}: the index"

    # ------------------------------------------------------------------ the reader

    async def prepare_read(self, fate: Fate) -> None:
        """Lay a tensor into memory, and describe it to the reader."""
        engine, tensor = self.engine, fate.tensor
        lay(engine.memory, tensor, HALF)
        other = {"channels": 0} if fate.kind == "refused" else {}
        await engine.describe(READER, tensor, HALF, **other)
        if fate.kind == "bus":
            engine.memory.broken.append(range(HALF, HALF + 8))
        self.sink.start()

    async def judge_read(self, fate: Fate) -> None:
        """See what became of a tensor that was read."""
        kind, tensor, sink = fate.kind, fate.tensor, self.sink
        if kind == "refused":
            await self.told(READER, CFG)
            assert not sink.beats, f"{self.where}: beats of a tensor that was refused"
            return
        tally = await self.engine.tally(READER)
        if kind in ("abort", "dead"):
            sink.dead = False
            await sink.ended(REST)
            blocks, faults = sink.blocks(signed(tensor))
            if tally["kind"] == ABORT:
                good = [f for f in faults[:-1] if not f]
                assert len(good) == len(faults) - 1, f"{self.where}: {faults}"
                for got, want in zip(blocks[:-1], tensor["values"], strict=False):
                    self.same(got, want)
                return
            kind = "good"
        await sink.ended(REST)
        blocks, faults = sink.blocks(signed(tensor))
        wanted = tensor["faults"] if kind == "damaged" else [0] * len(tensor["values"])
        if kind == "bus":
            assert faults[0], f"{self.where}: {faults}"
            assert tally["kind"] == AXI, f"{self.where}: {tally}"
            assert not any(any(block) for block, f in zip(blocks, faults, strict=True) if f)
            return
        assert faults == [int(bool(fault)) for fault in wanted], f"{self.where}: {faults}"
        assert tally["faults"] == sum(map(bool, wanted)), f"{self.where}: {tally}"
        first = next((fault for fault in wanted if fault), 0)
        assert tally["kind"] == first, f"{self.where}: {tally}"
        assert len(blocks) == len(tensor["values"]), self.where
        for got, want in zip(blocks, tensor["values"], strict=True):
            self.same(got, want)

    def same(self, got: list[int], want: list[int | None]) -> None:
        """Hold the values of a block against those of software; null may be anything."""
        assert len(got) == len(want), f"{self.where}: {len(got)} values, not {len(want)}"
        wrong = [i for i, w in enumerate(want) if w is not None and got[i] != w]
        assert not wrong, f"{self.where}: value {wrong[0]} is {got[wrong[0]]}, not {want[wrong[0]]}"

    # ------------------------------------------------------------------ resets

    async def reset(self, which: str) -> None:
        """Reset the core, the memory or both for some cycles; streams go with the core."""
        dut = self.engine.dut
        if which != "memory":
            dut.aresetn.value = 0
            self.source.reset()
            self.sink.reset()
        if which != "core":
            dut.m_axi_aresetn.value = 0
        await self.wait(self.rng.randint(1, 4))
        dut.aresetn.value = dut.m_axi_aresetn.value = 1
        self.source.running = self.sink.running = True
        await self.engine.edge

    async def after_reset(self, which: str, write: Fate, read: Fate) -> None:
        """See what a reset left behind, and clear the source."""
        engine = self.engine
        if which == "memory":
            self.sink.dead = False
            for number, fate in ((WRITER, write), (READER, read)):
                if fate.kind == "none":
                    continue
                tally = await engine.tally(number)
                # Given up by the reset, unless something else had come before, or the end.
                harmless = fate.kind in ("good", "abort", "dead", "index")
                harmless |= fate.kind == "damaged" and not any(fate.tensor["faults"])
                assert tally["faults"] or harmless, self.where
            if read.kind not in ("none", "refused"):
                await self.sink.ended(REST)
            if not (await engine.read("status")) & 16:  # nothing of the packet was taken, or all
                if self.source.offered:
                    await engine.describe(WRITER, write.tensor, 0)
                    await engine.write("control", 1)
                else:
                    self.source.queue.clear()
            self.source.limit = -1
            await self.source.emptied(REST)
            await self.rest()
            await engine.write("control", 4)
            await self.wait(4)
        else:
            assert not (await engine.read("status")), self.where
            assert await engine.read("irq_status") == 0, self.where
            await engine.write("irq_enable", 15)
            await engine.write("table_addr", 0)


@cocotb.test()
async def nothing_hangs_and_nothing_lies(dut: Any) -> None:
    engine = await ready(dut)
    walk = Walk(engine)
    for number in range(int(JOB["events"])):
        try:
            await walk.step(number)
        except AssertionError as problem:
            raise AssertionError(f"{walk.where}: {problem}") from problem
    dut._log.info("%s", dict(sorted(walk.count.items())))
