# SPDX-License-Identifier: Apache-2.0
"""Bench of a packaged core: every register against its description, and the streams round it.

Fed by a job file (environment ``HWG_JOB``): ``design`` and ``vectors`` (paths), ``registers`` (the
map as its description says: offset, writable and pulse masks, value after reset), ``seed``, and
``preset``: what the counters begin with in a copy of the hardware that was edited so.
"""

from __future__ import annotations

import itertools
import json
import os
import random
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from axis import Framing, pauses
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, Timer, with_timeout
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

JOB: dict[str, Any] = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
DESIGN: dict[str, Any] = json.loads(Path(JOB["design"]).read_text(encoding="utf-8"))
REGISTERS: dict[str, dict[str, Any]] = JOB["registers"]
SEED = int(JOB["seed"])
PRESET = int(JOB["preset"])
RNG = random.Random(SEED)
STREAM = any(link["kind"] == "stream" for link in DESIGN["links"])
CROSSED = DESIGN["axis"].get("clock_mhz")  # in MHz, where AXI has a clock of its own
SLOW = max(1, -(-int(DESIGN["interval"]) // 8))  # times as long as a core with quick samples
SLOWER = max(1.0, CROSSED / DESIGN["clock_mhz"] if CROSSED else 1.0)
LIMIT = round(400 * SLOW * SLOWER)  # microseconds; the longest test of a quick core takes 14
claim = cocotb.test(timeout_time=LIMIT, timeout_unit="us")
QUIET = round(400 * SLOW * SLOWER)  # cycles in which everything that is under way has come out

with np.load(JOB["vectors"], allow_pickle=False) as _file:
    CODES = {name: _file[name] for name in _file.files if name.startswith(("in_", "out_"))}
ROWS = len(next(iter(CODES.values())))


class Port:
    """A stream of the core: its signals, and its samples as bytes."""

    def __init__(self, kind: str, port: dict[str, Any], alone: bool) -> None:
        side = "s_axis" if kind == "inputs" else "m_axis"
        width = int(DESIGN["axis"]["data_width"])
        frame = next(f for f in DESIGN["axis"][kind] if f["name"] == port["name"])
        codes = CODES[f"{'in' if kind == 'inputs' else 'out'}_{port['name']}"]
        count = int(np.prod(port["shape"], dtype=np.int64))
        framing = Framing(bool(port["signed"]), count, int(frame["container"]), width)
        self.prefix = side if alone else f"{side}_{port['name']}"
        self.bytes = int(frame["bytes"])
        self.stride = framing.beats * width // 8
        self.rows = []
        for beats in framing.frames(codes):
            word = sum(beat.data << (i * width) for i, beat in enumerate(beats))
            self.rows.append(word.to_bytes(self.stride, "little"))

    def frame(self, row: int) -> bytes:
        """Return a sample as a frame of its own."""
        return self.rows[row][: self.bytes]

    def batch(self, rows: list[int]) -> bytes:
        """Return several samples as one frame."""
        return b"".join(self.rows[row] for row in rows)


INPUTS = [Port("inputs", p, len(DESIGN["inputs"]) == 1) for p in DESIGN["inputs"]]
OUTPUTS = [Port("outputs", p, len(DESIGN["outputs"]) == 1) for p in DESIGN["outputs"]]


class Core:
    """Masters on every bus of the packaged core."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        bus = AxiLiteBus.from_prefix(dut, "s_axil")
        self.lite = AxiLiteMaster(bus, dut.aclk, dut.aresetn, reset_active_level=False)
        self.sources = [
            AxiStreamSource(AxiStreamBus.from_prefix(dut, p.prefix), dut.aclk, dut.aresetn, False)
            for p in INPUTS
        ]
        self.sinks = [
            AxiStreamSink(AxiStreamBus.from_prefix(dut, p.prefix), dut.aclk, dut.aresetn, False)
            for p in OUTPUTS
        ]

    @classmethod
    async def start(cls, dut: Any) -> Core:
        """Start the clock, reset, and return the masters."""
        if CROSSED:  # the resets of both clocks are asynchronous: they must fall
            dut.core_aresetn.value = dut.aresetn.value = 1
            await Timer(1, "ns")
        dut.aresetn.value = 0
        core = cls(dut)
        if CROSSED:
            await Timer(5, "ns")
        Clock(dut.aclk, 10, "ns").start()
        if CROSSED:
            period = 2 * round(5000 * CROSSED / DESIGN["clock_mhz"]) + 2  # in ps; the phase drifts
            Clock(dut.core_aclk, period, "ps").start()
        await ClockCycles(dut.aclk, 4)
        dut.aresetn.value = 1
        await ClockCycles(dut.aclk, 2)
        return core

    async def read(self, name: str) -> int:
        """Return a register."""
        answer = await self.lite.read(REGISTERS[name]["offset"], 4)
        assert answer.resp == AxiResp.OKAY, f"{name} answers {answer.resp}"
        return int.from_bytes(answer.data, "little")

    async def write(self, name: str, word: int) -> None:
        """Write a register."""
        answer = await self.lite.write(REGISTERS[name]["offset"], word.to_bytes(4, "little"))
        assert answer.resp == AxiResp.OKAY, f"{name} answers {answer.resp}"

    async def counts(self) -> tuple[int, int]:
        """Return samples in and out."""
        words = [await self.read(f"samples_{w}") for w in ("in_lo", "in_hi", "out_lo", "out_hi")]
        return words[0] | words[1] << 32, words[2] | words[3] << 32

    async def send(self, rows: list[int]) -> None:
        """Offer samples as frames of one."""
        for row in rows:
            for port, source in zip(INPUTS, self.sources, strict=True):
                await source.send(AxiStreamFrame(port.frame(row)))

    async def expect(self, rows: list[int]) -> None:
        """Take the results of samples, a frame each, and compare."""
        for row in rows:
            for port, sink in zip(OUTPUTS, self.sinks, strict=True):
                frame = await with_timeout(sink.recv(), LIMIT // 4, "us")
                assert bytes(frame.tdata) == port.frame(row), f"{port.prefix}, sample {row}"

    async def skip(self) -> None:
        """Take a result that means nothing: it has its size all the same."""
        for port, sink in zip(OUTPUTS, self.sinks, strict=True):
            frame = await with_timeout(sink.recv(), LIMIT // 4, "us")
            assert len(frame.tdata) == port.bytes, f"{port.prefix}, a broken frame"

    def empty(self) -> bool:
        """Whether no result waits."""
        return all(sink.empty() for sink in self.sinks)


def some(count: int) -> list[int]:
    return [RNG.randrange(ROWS) for _ in range(count)]


@claim
async def every_register_is_as_described(dut: Any) -> None:
    """Reset value, writable bits, bits that act once, and byte strobes of each register."""
    core = await Core.start(dut)
    for name, facts in REGISTERS.items():
        assert await core.read(name) == facts["reset"], f"{name} after reset"
    for name, facts in REGISTERS.items():
        kept = facts["writable"] & ~facts["pulse"]
        for word in (0xFFFFFFFF, 0x00000000, 0xA5A5A5A5, RNG.getrandbits(32), 0xFFFFFFFF):
            await core.write(name, word)
            wanted = facts["reset"] & ~facts["writable"] | word & kept
            assert await core.read(name) == wanted, f"{name} after {word:#010x}"
        wanted = await core.read(name)
        for byte in range(4):  # a write of one byte leaves the others
            value = RNG.randrange(256)
            await core.lite.write(facts["offset"] + byte, bytes([value]))
            mask = kept & 0xFF << (8 * byte)
            wanted = wanted & ~mask | value << (8 * byte) & mask
            assert await core.read(name) == wanted, f"byte {byte} of {name}"
        await core.write(name, facts["reset"])
    for name, facts in REGISTERS.items():
        assert await core.read(name) == facts["reset"], f"{name}: another register changed it"


@claim
async def other_addresses_are_refused(dut: Any) -> None:
    """Reads and writes beside the registers answer SLVERR and change nothing."""
    core = await Core.start(dut)
    beyond = max(facts["offset"] for facts in REGISTERS.values()) + 4
    for address in (beyond, beyond + 4, 0x100, 0x800 + REGISTERS["scratch"]["offset"], 0xFFC):
        answer = await core.lite.write(address, b"\xff\xff\xff\xff")
        assert answer.resp == AxiResp.SLVERR, hex(address)
        found = await core.lite.read(address, 4)
        assert (found.resp, bytes(found.data)) == (AxiResp.SLVERR, bytes(4)), hex(address)
    for name, facts in REGISTERS.items():
        assert await core.read(name) == facts["reset"], name


@claim
async def answers_in_any_order_of_channels(dut: Any) -> None:
    """Address before data, data before address, late takers: every transfer is answered once."""
    core = await Core.start(dut)
    lite = core.lite
    channels = (
        lite.write_if.aw_channel, lite.write_if.w_channel, lite.write_if.b_channel,
        lite.read_if.ar_channel, lite.read_if.r_channel,
    )  # fmt: skip
    for slow in itertools.product((False, True), repeat=5):
        for i, (channel, paused) in enumerate(zip(channels, slow, strict=True)):
            channel.set_pause_generator(pauses("random" if paused else "none", SEED + i))
        words = [RNG.getrandbits(32) for _ in range(3)]
        for word in words:
            await core.write("scratch", word)
            assert await core.read("scratch") == word, slow
        # Several under way at once: answers come in order.
        pending = [lite.init_write(REGISTERS["scratch"]["offset"], w.to_bytes(4, "little"))
                   for w in words]  # fmt: skip
        for event in pending:
            await event.wait()
        assert await core.read("scratch") == words[-1], slow


@claim
async def counts_samples(dut: Any) -> None:
    """Counters follow the samples; clear sets both to zero and nothing else."""
    core = await Core.start(dut)
    rows = some(9)
    await core.send(rows)
    await core.expect(rows)
    assert await core.counts() == (9, 9)
    await core.write("control", 0b101)
    assert await core.counts() == (0, 0)
    assert await core.read("control") == 0b001
    await core.send(rows[:2])
    await core.expect(rows[:2])
    assert await core.counts() == (2, 2)
    assert await core.read("status") == 0
    assert core.empty()


@claim
async def stops_between_samples(dut: Any) -> None:
    """Without enable the sample under way is finished, the next one waits, none is lost.

    Of several inputs one may be ahead, by the sample that it holds and the one behind it.
    """
    core = await Core.start(dut)
    for trial in range(8):
        for i, source in enumerate(core.sources):
            source.set_pause_generator(pauses("random", SEED + trial + i))
        rows = some(60)  # more than can be through before the gate closes
        await core.write("control", 0b101)
        await core.send(rows)
        await ClockCycles(dut.aclk, RNG.randrange(1, 30))
        await core.write("control", 0b000)
        for source in core.sources:
            source.clear_pause_generator()
            source.pause = False
        await ClockCycles(dut.aclk, QUIET)
        taken, sent = await core.counts()
        if len(INPUTS) == 1:
            assert taken == sent, trial
            assert await core.read("status") == 0, f"inside a sample, trial {trial}"
        assert 0 <= taken - sent <= 2, trial
        assert 0 < taken < 60, trial
        await ClockCycles(dut.aclk, QUIET)
        assert await core.counts() == (taken, sent), trial
        await core.write("control", 0b001)
        await core.expect(rows)
        assert await core.counts() == (60, 60), trial


@claim
async def one_frame_carries_many(dut: Any) -> None:
    """With batch, a frame of N samples gives a frame of N results; then single frames again."""
    core = await Core.start(dut)
    for count in (2, 7, 3):
        for i, master in enumerate((*core.sources, *core.sinks)):
            master.set_pause_generator(pauses("random", SEED + 10 * count + i))
        await core.write("batch", count)
        rows = some(2 * count)
        for part in (rows[:count], rows[count:]):
            for port, source in zip(INPUTS, core.sources, strict=True):
                await source.send(AxiStreamFrame(port.batch(part)))
        for part in (rows[:count], rows[count:]):
            for port, sink in zip(OUTPUTS, core.sinks, strict=True):
                frame = await with_timeout(sink.recv(), LIMIT // 4, "us")
                assert bytes(frame.tdata) == port.batch(part), f"{port.prefix}, {count} samples"
    for single in (0, 1):
        await core.write("batch", single)
        rows = some(3)
        await core.send(rows)
        await core.expect(rows)
    assert core.empty()
    assert await core.read("status") == 0


def broken(kind: str) -> bytes:
    """Return a frame of the first input with a byte missing, a beat missing, or beats too many."""
    port, beat = INPUTS[0], int(DESIGN["axis"]["data_width"]) // 8
    whole = port.frame(0)
    if kind == "early" and len(whole) > beat:
        return whole[: (len(whole) - 1) // beat * beat]
    if kind == "late":
        return port.rows[0] + bytes(RNG.randrange(256) for _ in range(beat * RNG.randrange(1, 9)))
    return whole[:-1]


@claim
async def tells_a_broken_frame_until_reset(dut: Any) -> None:
    """A short frame and a long one are told; the next ones are right; reset clears it.

    A broken frame is dropped; where samples are worked on while they come it has a result of the
    right size, which means nothing.
    """
    core = await Core.start(dut)
    results = 7 if STREAM else 6
    for kind in ("hole", "early", "late"):
        before, after = some(3), some(3)
        await core.write("control", 0b101)
        await core.send(before)
        await core.sources[0].send(AxiStreamFrame(broken(kind)))
        for port, source in zip(INPUTS[1:], core.sources[1:], strict=True):
            await source.send(AxiStreamFrame(port.frame(0)))
        await core.send(after)
        await core.expect(before)
        if STREAM:
            await core.skip()
        await core.expect(after)
        assert await core.read("status") == 1, kind
        assert await core.counts() == (7, results), kind
        await core.write("control", 0b011)
        assert await core.read("status") == 0, kind
        await core.write("control", 0b001)
        assert await core.counts() == (7, results), kind  # the counters stay
        await core.send(after)
        await core.expect(after)
        assert core.empty(), kind


@claim
async def reset_forgets_what_is_under_way(dut: Any) -> None:
    """Held in reset the core takes nothing; what was inside is gone, what follows is right."""
    core = await Core.start(dut)
    for trial in range(6):
        for sink in core.sinks:
            sink.pause = True
        await core.send(some(2))
        await ClockCycles(dut.aclk, 30 + trial * SLOW)
        await core.write("control", 0b011)
        for sink in core.sinks:
            sink.clear()
        rows = some(3)
        await core.send(rows)
        for sink in core.sinks:
            sink.pause = False
        await ClockCycles(dut.aclk, 40 * SLOW)
        assert core.empty(), "a result in reset"
        await core.write("control", 0b001)
        await core.expect(rows)
        assert core.empty()


@cocotb.test(skip=not PRESET, timeout_time=LIMIT, timeout_unit="us")
async def high_words_are_held(dut: Any) -> None:
    """A counter of 64 bits is read whole, whatever happens between its two words."""
    core = await Core.start(dut)
    for way in ("in", "out"):
        low = await core.read(f"samples_{way}_lo")
        rows = some(3)
        await core.send(rows)
        await core.expect(rows)
        before = low | await core.read(f"samples_{way}_hi") << 32
        low = await core.read(f"samples_{way}_lo")
        after = low | await core.read(f"samples_{way}_hi") << 32
        assert after - before == 3, (before, after)
        assert before == PRESET or way == "out", before
