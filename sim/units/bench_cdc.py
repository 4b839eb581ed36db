# SPDX-License-Identifier: Apache-2.0
"""Bench of FIFOs between two clocks, each behind reset synchronisers.

Fed by a job file (environment ``HWG_JOB``): ``seed``, ``ratio`` (of the clocks, an index of
`RATIOS`), ``width`` and ``channels``, a list of names. Channel ``i`` has its links at ``s<i>_*`` on
``in_clk_i`` and ``m<i>_*`` on ``out_clk_i``; ``rst_ni`` resets both sides, at any time.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import cocotb
from axis import pauses, value
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, ReadOnly, Timer
from links import LinkSink, LinkSource, words

JOB: dict[str, Any] = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
SEED, WIDTH, NAMES = int(JOB["seed"]), int(JOB["width"]), list(JOB["channels"])
RATIOS = ((1000, 1000), (1000, 3170), (2710, 1000), (1000, 1010))  # periods in picoseconds
ITEMS = 80


class Bench:
    """All FIFOs, a loop a clock."""

    def __init__(self, dut: Any, periods: tuple[int, int]) -> None:
        self.dut, self.periods = dut, periods
        self.sources = [LinkSource(dut, f"s{i}", WIDTH) for i in range(len(NAMES))]
        self.sinks = [LinkSink(dut, f"m{i}") for i in range(len(NAMES))]
        self.cycle = 0

    async def start(self) -> None:
        """Start both clocks and their loops, and reset."""
        self.dut.rst_ni.value = 0
        Clock(self.dut.in_clk_i, self.periods[0], unit="ps").start()
        await Timer(self.periods[1] // 3, unit="ps")
        Clock(self.dut.out_clk_i, self.periods[1], unit="ps").start()
        cocotb.start_soon(self._in_loop())
        cocotb.start_soon(self._out_loop())
        await self.reset()

    async def reset(self) -> None:
        """Reset both sides for some cycles of the slower clock, and wait until it is over."""
        self.dut.rst_ni.value = 0
        for source in self.sources:
            source.idle()
        for sink in self.sinks:
            sink.idle()
        await Timer(6 * max(self.periods), unit="ps")
        self.dut.rst_ni.value = 1
        await Timer(6 * max(self.periods), unit="ps")
        for sink in self.sinks:
            sink.idle()

    async def _in_loop(self) -> None:
        edge = FallingEdge(self.dut.in_clk_i)
        while True:
            await edge
            for source in self.sources:
                source.drive()
            await ReadOnly()
            if value(self.dut.in_rst_no) == 1:
                for source in self.sources:
                    source.look()

    async def _out_loop(self) -> None:
        edge = FallingEdge(self.dut.out_clk_i)
        while True:
            await edge
            for sink in self.sinks:
                sink.drive()
            await ReadOnly()
            if value(self.dut.out_rst_no) == 1:
                for sink in self.sinks:
                    sink.look(self.cycle)
            self.cycle += 1

    async def run(self, rng: random.Random, source: str, sink: str | None, count: int) -> None:
        """Send words through all FIFOs and check that they leave as they came."""
        sent = [[rng.getrandbits(WIDTH) for _ in range(count)] for _ in NAMES]
        for i, data in enumerate(sent):
            self.sources[i].pattern = pauses(source, SEED + i)
            self.sinks[i].pattern = None if sink is None else pauses(sink, SEED + 77 + i)
            self.sources[i].queue = words(data)
        for _ in range(200):
            await ClockCycles(self.dut.out_clk_i, 20)
            if all(len(s.taken) >= count for s in self.sinks):
                break
        for name, data, snk in zip(NAMES, sent, self.sinks, strict=True):
            where = f"{name}, {self.periods}, {source}/{sink}"
            assert not snk.violation, f"{where}: {snk.violation}"
            got = [beat.data for beat in snk.taken]
            assert got == data, f"{where}: {len(got)} of {len(data)} words, or not these"


@cocotb.test()
async def keeps_order_between_any_clocks(dut: Any) -> None:
    rng = random.Random(SEED)
    bench = Bench(dut, RATIOS[int(JOB["ratio"])])
    await bench.start()
    for source, sink in (("none", "none"), ("random", "random"), ("none", "alternate"),
                         ("alternate", None), ("long_stall", "none")):  # fmt: skip
        await bench.run(rng, source, sink, ITEMS)
        await bench.reset()


@cocotb.test()
async def keeps_the_rate_of_equal_clocks(dut: Any) -> None:
    rng = random.Random(SEED)
    bench = Bench(dut, RATIOS[0])
    await bench.start()
    await bench.run(rng, "none", "none", ITEMS)
    for name, sink in zip(NAMES, bench.sinks, strict=True):
        gaps = sink.times[-1] - sink.times[0] + 1 - len(sink.times)
        assert (gaps == 0) == ("full rate" in name), f"{name}: {gaps} gaps"


@cocotb.test()
async def forgets_what_was_inside_at_a_reset(dut: Any) -> None:
    rng = random.Random(SEED)
    bench = Bench(dut, RATIOS[int(JOB["ratio"])])
    await bench.start()
    for length in (1, 4, 9, 17):
        for source in bench.sources:
            source.queue = words(rng.getrandbits(WIDTH) for _ in range(30))
            source.pattern = pauses("none")
        for sink in bench.sinks:
            sink.pattern = pauses("random", length)
        await ClockCycles(dut.in_clk_i, length)
        await bench.reset()
        await bench.run(rng, "random", "random", 12)
        await bench.reset()
