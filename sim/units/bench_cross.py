# SPDX-License-Identifier: Apache-2.0
"""Bench of an AXI-Stream between two clocks, its resets, and a level beside it.

Fed by a job file (environment ``HWG_JOB``): ``seed``, ``ratio`` (of the clocks, an index of
`RATIOS`), ``data_width``, ``stages`` and ``depth``. Beats enter at ``s_axis`` on ``in_clk_i`` and
leave at ``m_axis`` on ``out_clk_i``; ``rst_ni`` resets both sides, at any time and for any length.
``level_i`` is of the in clock, ``level_o`` of the out clock.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import cocotb
from axis import AxisSink, AxisSource, Beat, pauses, value
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly, RisingEdge, Timer
from cocotb.utils import get_sim_time

JOB: dict[str, Any] = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
SEED, WIDTH = int(JOB["seed"]), int(JOB["data_width"])
STAGES, DEPTH = int(JOB["stages"]), int(JOB["depth"])
# Periods in picoseconds: alike, in slower, out slower, far apart both ways, and two whose phase
# drifts through all positions.
RATIOS = (
    (2000, 2000), (3170, 1000), (1000, 2710), (10_000, 1000), (1000, 10_000), (2000, 2020),
)  # fmt: skip
PATTERNS = (
    ("none", "none"), ("random", "random"), ("none", "alternate"), ("alternate", None),
    ("long_stall", "none"), ("none", "long_stall"),
)  # fmt: skip


class Bench:
    """Both sides, a loop a clock."""

    def __init__(self, dut: Any) -> None:
        self.dut, self.periods = dut, RATIOS[int(JOB["ratio"])]
        self.rng = random.Random(SEED)
        self.source, self.sink = AxisSource(dut, "s_axis", WIDTH), AxisSink(dut, "m_axis")
        self.taken: list[Beat] = []  # by the unit
        self.cycle, self.number = 0, 0

    async def start(self) -> None:
        """Start both clocks and their loops, and reset."""
        self.dut.rst_ni.value = 0
        self.dut.level_i.value = 0
        Clock(self.dut.in_clk_i, self.periods[0], unit="ps").start()
        await Timer(self.periods[1] // 3, unit="ps")
        Clock(self.dut.out_clk_i, self.periods[1], unit="ps").start()
        cocotb.start_soon(self._in_loop())
        cocotb.start_soon(self._out_loop())
        await Timer(3 * max(self.periods), unit="ps")
        self.dut.rst_ni.value = 1

    async def _in_loop(self) -> None:
        edge = FallingEdge(self.dut.in_clk_i)
        while True:
            await edge
            self.source.drive()
            await ReadOnly()
            offered = self.source._offered
            self.source.look()
            if offered is not None and self.source._offered is None:
                self.taken.append(offered)

    async def _out_loop(self) -> None:
        edge = FallingEdge(self.dut.out_clk_i)
        while True:
            await edge
            self.sink.drive()
            await ReadOnly()
            self.sink.look(self.cycle)
            self.cycle += 1

    def beats(self, count: int) -> list[Beat]:
        """Return beats no two of which are alike."""
        made = []
        for _ in range(count):
            self.number += 1
            data = self.number << 8 | self.rng.getrandbits(8)
            keep, last = self.rng.getrandbits(WIDTH // 8), bool(self.rng.getrandbits(1))
            made.append(Beat(data, keep, last))
        return made

    def patterns(self, source: str, sink: str | None) -> None:
        """Choose how both ends pause; a sink without pattern waits for tvalid."""
        self.source.pattern = pauses(source, SEED)
        self.sink.pattern = None if sink is None else pauses(sink, SEED + 7)

    async def quiet(self) -> None:
        """Wait until nothing moves for long."""
        still, before = 0, -1
        while still < 4:
            await Timer(20 * max(self.periods), unit="ps")
            moved = self.source.sent + len(self.sink.taken)
            still, before = (0 if moved != before else still + 1), moved

    def compare(self, sent: list[Beat], where: str) -> None:
        """Check that exactly these beats have left, and forget them."""
        assert not self.sink.violation, f"{where}: {self.sink.violation}"
        got = list(self.sink.taken)
        same = got == sent
        assert same, f"{where}: {len(got)} of {len(sent)} beats, or not these"
        self.sink.taken.clear()
        self.sink.times.clear()
        self.taken.clear()


@cocotb.test()
async def carries_frames_between_any_clocks(dut: Any) -> None:
    bench = Bench(dut)
    await bench.start()
    for source, sink in PATTERNS:
        bench.patterns(source, sink)
        sent = bench.beats(90)
        bench.source.queue.extend(sent)
        await bench.quiet()
        bench.compare(sent, f"{bench.periods}, {source}/{sink}")


@cocotb.test()
async def keeps_the_rate_of_the_slower_clock(dut: Any) -> None:
    bench = Bench(dut)
    await bench.start()
    bench.patterns("none", "none")
    sent = bench.beats(200)
    bench.source.queue.extend(sent)
    await bench.quiet()
    slower, out = max(bench.periods), bench.periods[1]
    span = (bench.sink.times[-1] - bench.sink.times[0]) * out
    gaps = span / slower - (len(sent) - 1)  # cycles of the slower clock without a beat
    if DEPTH >= 2 * STAGES + 4:
        assert gaps <= 2, f"{bench.periods}: {gaps:.1f} cycles without a beat"
    bench.compare(sent, "rate")


@cocotb.test()
async def a_beat_waits_for_its_synchroniser(dut: Any) -> None:
    bench = Bench(dut)
    await bench.start()
    await Timer(10 * max(bench.periods), unit="ps")
    period = bench.periods[1]
    for _ in range(12):
        await Timer(bench.rng.randrange(20 * max(bench.periods)), unit="ps")
        sent = bench.beats(1)
        bench.source.queue.extend(sent)
        while not bench.taken:
            await FallingEdge(dut.in_clk_i)
            await ReadOnly()
        await RisingEdge(dut.in_clk_i)
        came = get_sim_time("ps")
        while not bench.sink.taken:
            await FallingEdge(dut.out_clk_i)
            await ReadOnly()
        await RisingEdge(dut.out_clk_i)
        took = (get_sim_time("ps") - came) / period
        assert STAGES <= took <= STAGES + 1, f"{bench.periods}: {took:.2f} cycles"
        await bench.quiet()
        bench.compare(sent, "lone")


@cocotb.test()
async def a_reset_of_any_length_leaves_nothing_behind(dut: Any) -> None:
    """A master that is not reset goes on offering: what is taken behind the reset arrives."""
    bench = Bench(dut)
    await bench.start()
    rng = bench.rng
    for turn in range(24):
        clock = (dut.in_clk_i, dut.out_clk_i)[turn % 2]
        period = bench.periods[turn % 2]
        bench.patterns("none" if turn % 3 else "random", ("none", "random", "long_stall")[turn % 3])
        bench.source.queue.extend(bench.beats(60))
        await Timer(rng.randrange(50 * max(bench.periods)), unit="ps")
        await FallingEdge(clock)
        dut.rst_ni.value = 0
        await Timer(period * rng.choice((1, 1, 2, 5)), unit="ps")
        assert value(dut.m_axis_tvalid) == 0, "tvalid in reset"
        assert value(dut.s_axis_tready) == 0, "tready in reset"
        bench.sink.idle()
        bench.sink.pattern = pauses("none")
        bench.taken.clear()
        dut.rst_ni.value = 1
        late = bench.beats(30)
        bench.source.queue.extend(late)
        await bench.quiet()
        assert bench.taken[-len(late) :] == late, "the link stands still behind a reset"
        bench.compare(list(bench.taken), f"{bench.periods}, reset {turn}")


@cocotb.test()
async def a_level_arrives(dut: Any) -> None:
    bench = Bench(dut)
    await bench.start()
    await Timer(10 * max(bench.periods), unit="ps")
    period = bench.periods[1]
    for turn in range(8):
        await Timer(bench.rng.randrange(9 * max(bench.periods)), unit="ps")
        await FallingEdge(dut.in_clk_i)
        level = 1 - turn % 2
        dut.level_i.value = level
        changed = get_sim_time("ps")
        await ReadOnly()
        assert value(dut.level_o) == 1 - level, "a level arrives at once"
        while value(dut.level_o) != level:
            await RisingEdge(dut.out_clk_i)
            await ReadOnly()
        took = (get_sim_time("ps") - changed) / period
        assert STAGES - 1 <= took <= STAGES, f"{bench.periods}: {took:.2f} cycles"
    await FallingEdge(dut.in_clk_i)
    dut.level_i.value = 1
    await Timer(10 * max(bench.periods), unit="ps")
    dut.rst_ni.value = 0
    await Timer(3 * period, unit="ps")
    assert value(dut.level_o) == 0, "a level outlives a reset"
