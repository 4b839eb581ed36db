# SPDX-License-Identifier: Apache-2.0
"""Drives the AXI-Stream top of a design and compares the frames that come out."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

from axis import AxisSink, AxisSource, Beat, Framing, bits, keep_mask, pauses, value
from bench_job import (
    DESIGN,
    INPUTS,
    INTERVAL,
    LATENCY,
    OUTPUTS,
    ROWS,
    SEED,
    STREAM,
    Failed,
    count_of,
    differing,
)
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly


class Axis:
    """Sources on every input, sinks on every output of the AXI-Stream top."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.edge = FallingEdge(dut.aclk)
        axis = DESIGN["axis"]
        width = int(axis["data_width"])

        def framings(ports: Any, facts: Any) -> list[Framing]:
            return [
                Framing(bool(p["signed"]), count_of(p), int(f["container"]), width)
                for p, f in zip(ports, facts, strict=True)
            ]

        self.ins = framings(DESIGN["inputs"], axis["inputs"])
        self.outs = framings(DESIGN["outputs"], axis["outputs"])
        self.sources = [AxisSource(dut, n, width) for n in _prefixes("s_axis", DESIGN["inputs"])]
        self.sinks = [AxisSink(dut, n) for n in _prefixes("m_axis", DESIGN["outputs"])]
        self.valids = [getattr(dut, f"{n}_tvalid") for n in _prefixes("m_axis", DESIGN["outputs"])]
        self.frames = [f.frames(c) for f, c in zip(self.ins, INPUTS, strict=True)]
        self.expected = [f.frames(c) for f, c in zip(self.outs, OUTPUTS, strict=True)]
        self.pace()
        self.cycle = 0

    def pace(self, slower: float = 1.0) -> None:
        """Set how long samples, stalls and silence take; a core cycle is *slower* of ours."""
        late, beats = math.ceil(LATENCY * slower), max(f.beats for f in (*self.ins, *self.outs))
        self.rate = math.ceil(max(INTERVAL * slower, beats * max(1.0, slower)))
        self.stall = 4 * (late + self.rate) + 32
        if STREAM:  # a sample may take thousands of cycles, and stages hold few of its words
            self.stall = min(self.stall, 432)
        self.patience = 2 * max(self.stall, late + self.rate + 32)

    async def start(self) -> None:
        """Start the clock and reset."""
        self.dut.aresetn.value = 0
        Clock(self.dut.aclk, 10, unit="ns").start()
        await self.reset(3)

    async def reset(self, length: int) -> None:
        """Reset; what was offered is withdrawn, as AXI-Stream asks of a master."""
        await self.edge
        self.dut.aresetn.value = 0
        for source in self.sources:
            source.idle()
        for sink in self.sinks:
            sink.idle()
        for _ in range(length):
            await self.edge
            for port, handle in zip(DESIGN["outputs"], self.valids, strict=True):
                if value(handle) != 0:
                    raise Failed(f"tvalid of {port['name']} is {bits(handle)} in reset")
        if value(self.dut.frame_error_o) != 0:
            raise Failed("frame_error_o survives a reset")
        self.dut.aresetn.value = 1

    def patterns(self, source: str, sink: str | None) -> None:
        """Choose how sources and sinks pause; a sink without pattern waits for tvalid."""
        for i, src in enumerate(self.sources):
            src.pattern = pauses(source, SEED + i, self.stall)
        for i, snk in enumerate(self.sinks):
            snk.pattern = None if sink is None else pauses(sink, SEED + 50 + i, self.stall)

    def out_of_step(self, ahead: int) -> None:
        """Let one input run ahead as far as it gets, while the others pause for long."""
        for i, src in enumerate(self.sources):
            pattern = "none" if i == ahead else "long_stall"
            src.pattern = pauses(pattern, SEED + 20 + i, self.stall)

    def send(self, rows: Sequence[int]) -> None:
        """Queue the frames of *rows* on every input."""
        for source, frames in zip(self.sources, self.frames, strict=True):
            for row in rows:
                source.queue.extend(frames[row])

    def send_broken(self, kind: str, rng: random.Random) -> None:
        """Queue one sample whose frame is broken on one input; see `broken`."""
        victim = rng.randrange(len(self.sources))
        for index, (source, frames) in enumerate(zip(self.sources, self.frames, strict=True)):
            frame = frames[rng.randrange(ROWS)]
            source.queue.extend(broken(frame, kind) if index == victim else frame)

    def forget_result(self, place: int) -> None:
        """Take the result at a place out of those that came: it means nothing."""
        for sink, framing in zip(self.sinks, self.outs, strict=True):
            del sink.taken[place * framing.beats : (place + 1) * framing.beats]

    async def step(self) -> None:
        """Run one cycle."""
        await self.edge
        for source in self.sources:
            source.drive()
        for sink in self.sinks:
            sink.drive()
        await ReadOnly()
        for source in self.sources:
            source.look()
        for sink in self.sinks:
            sink.look(self.cycle)
        self.cycle += 1

    async def drain(self) -> None:
        """Run until nothing has moved for so long that nothing will."""
        frames = max(len(s.queue) // f.beats for s, f in zip(self.sources, self.ins, strict=True))
        limit = self.cycle + 8 * (frames + 1) * self.rate + 10 * self.patience
        quiet, before = 0, -1
        while quiet < self.patience:
            if self.cycle > limit:
                raise Failed(f"the stream does not come to rest after {frames} frames")
            await self.step()
            moved = sum(s.sent for s in self.sources) + sum(len(s.taken) for s in self.sinks)
            quiet = 0 if moved != before else quiet + 1
            before = moved
        for driver in self.sinks:
            if driver.violation:
                raise Failed(driver.violation)

    def compare(self, rows: Sequence[int], record: dict[str, Any], broken: bool = False) -> None:
        """Check that exactly the results of *rows* were taken: data, TKEEP, TLAST, no beat more."""
        record["sent"] += len(rows)
        stuck = [s for s in self.sources if s.busy]
        wrong: set[int] = set()
        first: Failed | None = None
        checked = len(rows)
        for index, (sink, framing) in enumerate(zip(self.sinks, self.outs, strict=True)):
            size = framing.beats
            frames = [sink.taken[i : i + size] for i in range(0, len(sink.taken), size)]
            checked = min(checked, len(frames))
            for place, (row, frame) in enumerate(zip(rows, frames, strict=False)):
                if not _same(frame, self.expected[index][row]):
                    wrong.add(place)
                    first = first or self._difference(index, row, frame)
            if first is None and len(sink.taken) != size * len(rows):
                first = Failed(
                    f"output {DESIGN['outputs'][index]['name']}: {size * len(rows)} beats expected,"
                    f" {len(sink.taken)} came" + (", an input is stuck" if stuck else "")
                )
        record["checked"] += checked
        record["mismatches"] += len(wrong)
        if first is not None:
            raise first
        if value(self.dut.frame_error_o) != int(broken):
            raise Failed(
                "frame_error_o is not set, or did not stay, after a broken frame"
                if broken
                else "frame_error_o is set although every frame was whole"
            )
        for sink in self.sinks:
            sink.taken.clear()
            sink.times.clear()

    def _difference(self, index: int, row: int, frame: list[Beat]) -> Failed:
        port, framing = DESIGN["outputs"][index], self.outs[index]
        wanted = self.expected[index][row]
        for i, (got, want) in enumerate(zip(frame, wanted, strict=False)):
            if (got.keep, got.last) != (want.keep, want.last):
                return Failed(
                    f"output {port['name']}, sample {row}, beat {i} of {framing.beats}:"
                    f" tkeep {got.keep:#x} tlast {int(got.last)},"
                    f" expected {want.keep:#x} and {int(want.last)}"
                )
        if len(frame) < len(wanted) or any(beat.data < 0 for beat in frame):
            return Failed(f"output {port['name']}, sample {row}: the frame ends early or holds X")
        got_all, expected = framing.elements(frame), OUTPUTS[index][row].reshape(-1).tolist()
        return Failed(first=differing(row, index, got_all, expected))

    async def check(self, rows: Sequence[int], record: dict[str, Any]) -> None:
        """Send *rows*, run dry, compare."""
        self.send(rows)
        await self.drain()
        self.compare(rows, record)


def _prefixes(base: str, ports: Sequence[dict[str, Any]]) -> list[str]:
    return [base] if len(ports) == 1 else [f"{base}_{p['name']}" for p in ports]


def _same(frame: Sequence[Beat], wanted: Sequence[Beat]) -> bool:
    return len(frame) == len(wanted) and all(
        got.data >= 0
        and (got.keep, got.last) == (want.keep, want.last)
        and not (got.data ^ want.data) & keep_mask(want.keep)
        for got, want in zip(frame, wanted, strict=True)
    )


def broken(frame: list[Beat], kind: str) -> list[Beat]:
    """Return a frame with TLAST one beat early, one or many late, or with a hole in TKEEP."""
    if kind == "hole":
        return [Beat(frame[0].data, frame[0].keep & ~1, frame[0].last), *frame[1:]]
    if kind == "early" and len(frame) > 1:
        return [*frame[:-2], Beat(frame[-2].data, frame[-2].keep, True)]
    tail = len(frame) + 1 if kind == "very late" else 1
    longer = [*frame, *[frame[0]] * tail]
    return [Beat(b.data, b.keep, i == len(longer) - 1) for i, b in enumerate(longer)]
