# SPDX-License-Identifier: Apache-2.0
"""The bench of every generated design: its cocotb tests are the claims that `hwgen sim` checks.

It is fed by files alone. ``HWG_JOB`` names a JSON file with the paths of design.json, vectors.npz and
of the result to write, the seed of the stalls, and optionally of the expected stage links. Every test
enters what it did into the result (samples sent and checked, the first difference); the caller trusts
that record and results.xml together, never the exit code.

A flow design is driven and read at the falling edge: outputs are registered, so what is read in step n
follows from the steps before n, and latency is a difference of steps.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly
from stream import AxisSink, AxisSource, Beat, Framing, bits, keep_mask, pack, pauses, unpack, value

JOB = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
DESIGN = json.loads(Path(JOB["design"]).read_text(encoding="utf-8"))
LATENCY, INTERVAL = int(DESIGN["latency"]), int(DESIGN["interval"])
SEED = int(JOB["seed"])
RESET = -1  # in a schedule: this cycle the reset is asserted

with np.load(JOB["vectors"], allow_pickle=False) as _file:
    INPUTS = [_file[f"in_{port['name']}"] for port in DESIGN["inputs"]]
    OUTPUTS = [_file[f"out_{port['name']}"] for port in DESIGN["outputs"]]
ROWS = len(INPUTS[0])
_RESULT: dict[str, dict[str, Any]] = {}


class Failed(AssertionError):
    """A claim does not hold; the parts go into the record."""

    def __init__(self, violation: str = "", **parts: Any) -> None:
        super().__init__(violation or json.dumps(parts))
        self.parts = {"violation": violation, **parts} if violation else parts


Body = Callable[[Any, dict[str, Any]], Coroutine[Any, Any, None]]


def claim(body: Body) -> Any:
    """Make a cocotb test of *body*, whose record is written whatever happens."""

    async def run(dut: Any) -> None:
        record = _RESULT[body.__name__] = {"sent": 0, "checked": 0, "mismatches": 0}
        try:
            await body(dut, record)
        except Failed as failure:
            record.update(failure.parts)
            raise
        finally:
            Path(JOB["result"]).write_text(json.dumps(_RESULT), encoding="utf-8")

    run.__name__ = run.__qualname__ = body.__name__
    run.__doc__ = body.__doc__
    return cocotb.test()(run)


def count_of(port: dict[str, Any]) -> int:
    return int(np.prod(port["shape"], dtype=np.int64))


def differing(row: int, index: int, got: Sequence[int], expected: Sequence[int], raw: str = "") -> dict[str, Any]:
    """Describe the first differing element of output port *index*."""
    port = DESIGN["outputs"][index]
    width = int(port["width"])
    place = next((i for i, (g, e) in enumerate(zip(got, expected, strict=True)) if g != e), 0)
    text = format(got[place] & ((1 << width) - 1), f"0{width}b")
    if raw:  # most significant bit first
        text = raw[len(raw) - (place + 1) * width : len(raw) - place * width]
    return {
        "row": row,
        "port": port["name"],
        "element": [int(i) for i in np.unravel_index(place, port["shape"])] if port["shape"] else [],
        "expected": int(expected[place]),
        "got": None if raw else int(got[place]),
        "got_bits": text,
        "width": width,
    }


# --- flow ---------------------------------------------------------------------------------------


class Flow:
    """Drives a flow top by a schedule: a row, None for a bubble, or RESET, one entry a cycle."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.edge = FallingEdge(dut.clk_i)
        self.inputs = [getattr(dut, f"{p['name']}_data_i") for p in DESIGN["inputs"]]
        self.outputs = [getattr(dut, f"{p['name']}_data_o") for p in DESIGN["outputs"]]
        self.words = list(
            zip(*(pack(c, p["width"]) for c, p in zip(INPUTS, DESIGN["inputs"], strict=True)), strict=True)
        )
        self.expected = list(
            zip(*(pack(c, p["width"]) for c, p in zip(OUTPUTS, DESIGN["outputs"], strict=True)), strict=True)
        )
        self.ones = [(1 << (p["width"] * count_of(p))) - 1 for p in DESIGN["inputs"]]
        self.raw: dict[int, list[str]] = {}  # of results with an X: their bits

    async def start(self) -> None:
        """Start the clock and reset."""
        Clock(self.dut.clk_i, 10, unit="ns").start()
        self.dut.in_valid_i.value = 0
        for handle in self.inputs:
            handle.value = 0
        self.dut.rst_ni.value = 0
        for _ in range(3):
            await self.edge
        self.dut.rst_ni.value = 1

    async def play(self, schedule: Sequence[int | None]) -> list[tuple[int, tuple[int, ...]]]:
        """Play *schedule* and drain; return ``(step, output words)`` of every valid output."""
        dut, edge, out_valid = self.dut, self.edge, self.dut.out_valid_o
        seen: list[tuple[int, tuple[int, ...]]] = []
        was_valid: int | None = None
        in_reset = False
        drain: list[int | None] = [None] * (LATENCY + 8)
        for step, entry in enumerate([*schedule, *drain]):
            await edge
            flag = value(out_valid)
            if flag == 1:
                words = tuple(value(handle) for handle in self.outputs)
                if -1 in words:
                    self.raw[len(seen)] = [bits(handle) for handle in self.outputs]
                seen.append((step, words))
            elif flag != 0:
                raise Failed(f"out_valid_o is {bits(out_valid)} in step {step}")
            if in_reset != (entry == RESET):
                in_reset = entry == RESET
                dut.rst_ni.value = int(not in_reset)
            valid = int(entry is not None)
            if valid != was_valid:
                was_valid = valid
                dut.in_valid_i.value = valid
            # In a bubble, and in reset, the wires carry the opposite of a sample: held data would hide
            # a register that is one too few.
            row = step % ROWS if entry is None or entry == RESET else entry
            for handle, word, ones in zip(self.inputs, self.words[row], self.ones, strict=True):
                handle.value = word if valid and not in_reset else word ^ ones
        return seen

    def compare(self, rows: Sequence[int], seen: Sequence[tuple[int, tuple[int, ...]]], record: dict[str, Any]) -> None:
        """Check the outputs of *rows*, in order; the record takes counts and the first difference."""
        record["sent"] += len(rows)
        wrong = []
        for place, (row, (_, words)) in enumerate(zip(rows, seen, strict=False)):
            if words != self.expected[row]:
                wrong.append((place, row, words))
        record["checked"] += min(len(rows), len(seen))
        record["mismatches"] += len({row for _, row, _ in wrong})
        if wrong:
            place, row, words = wrong[0]
            raise Failed(first=self._difference(place, row, words))
        if len(seen) != len(rows):
            raise Failed(f"{len(rows)} samples went in, {len(seen)} results came out")

    def _difference(self, place: int, row: int, words: tuple[int, ...]) -> dict[str, Any]:
        index = next(i for i, word in enumerate(words) if word != self.expected[row][i])
        port, expected = DESIGN["outputs"][index], OUTPUTS[index][row].reshape(-1).tolist()
        size = count_of(port)
        if words[index] != -1:
            got = unpack(words[index], [port["width"]] * size, [port["signed"]] * size)
            return differing(row, index, got, expected)
        raw = self.raw[place][index]
        known = [set(raw[len(raw) - (i + 1) * port["width"] : len(raw) - i * port["width"]]) <= {"0", "1"}
                 for i in range(size)]  # fmt: skip
        got = [e if k else e - 1 for e, k in zip(expected, known, strict=True)]
        return differing(row, index, got, expected, raw)

    def on_time(self, schedule: Sequence[int | None], seen: Sequence[tuple[int, tuple[int, ...]]]) -> None:
        """Check that every result comes exactly LATENCY steps after its sample."""
        steps = [step for step, entry in enumerate(schedule) if entry is not None and entry != RESET]
        for step, (when, _) in zip(steps, seen, strict=False):
            if when - step != LATENCY:
                raise Failed(f"latency is {when - step} cycles, claimed are {LATENCY}")


@claim
async def matches_reference(dut: Any, record: dict[str, Any]) -> None:
    """Every vector, one each interval: every bit of every output is the reference's."""
    flow = Flow(dut)
    await flow.start()
    schedule: list[int | None] = []
    for row in range(ROWS):
        schedule += [row, *[None] * (INTERVAL - 1)]
    flow.compare(range(ROWS), await flow.play(schedule), record)


@claim
async def latency_is_as_claimed(dut: Any, record: dict[str, Any]) -> None:
    """Lone samples come out after exactly the claimed cycles, and right."""
    flow = Flow(dut)
    await flow.start()
    rows = [ROWS * i // 8 for i in range(8)]
    schedule: list[int | None] = []
    for gap, row in enumerate(rows):
        schedule += [row, *[None] * (LATENCY + gap)]
    seen = await flow.play(schedule)
    if seen:
        record["latency"] = seen[0][0]
    flow.on_time(schedule, seen)
    flow.compare(rows, seen, record)


@claim
async def interval_is_as_claimed(dut: Any, record: dict[str, Any]) -> None:
    """Samples at the claimed interval come out at that interval, none late, none lost."""
    flow = Flow(dut)
    await flow.start()
    rows = [i % ROWS for i in range(64)]
    schedule: list[int | None] = []
    for row in rows:
        schedule += [row, *[None] * (INTERVAL - 1)]
    seen = await flow.play(schedule)
    gaps = {b[0] - a[0] for a, b in zip(seen, seen[1:], strict=False)}
    if gaps:
        record["interval"] = max(gaps)
    if gaps != {INTERVAL}:
        raise Failed(f"results come every {sorted(gaps)} cycles, claimed is {INTERVAL}")
    flow.on_time(schedule, seen)
    flow.compare(rows, seen, record)


@claim
async def matches_with_bubbles(dut: Any, record: dict[str, Any]) -> None:
    """Samples with seeded gaps between them: right, on time, and nothing in the gaps."""
    flow = Flow(dut)
    await flow.start()
    rng = random.Random(SEED)
    rows = [rng.randrange(ROWS) for _ in range(min(max(ROWS, 64), 512))]
    pattern = pauses("random", SEED)
    schedule: list[int | None] = []
    for row in rows:
        while next(pattern):
            schedule.append(None)
        schedule += [row, *[None] * (INTERVAL - 1)]
    seen = await flow.play(schedule)
    flow.on_time(schedule, seen)
    flow.compare(rows, seen, record)


@claim
async def recovers_from_reset_midstream(dut: Any, record: dict[str, Any]) -> None:
    """A reset kills what is in flight and what is offered during it, and nothing else."""
    flow = Flow(dut)
    await flow.start()
    rng = random.Random(SEED + 1)
    for length in (1, 3):
        before = [rng.randrange(ROWS) for _ in range(LATENCY + 5)]
        after = [rng.randrange(ROWS) for _ in range(LATENCY + 5)]
        pause: list[int | None] = [None] * (LATENCY + 2)
        # Once with samples right behind the reset, once with silence: a survivor would show in it.
        for gap in ([], pause):
            schedule = [*before, *[RESET] * length, *gap, *after]
            cut = len(before)
            out = [row for step, row in enumerate(before) if step + LATENCY <= cut] + after
            seen = await flow.play(schedule)
            flow.compare(out, seen, record)
            first = cut + length + len(gap) + LATENCY
            came = [step for step, _ in seen if step > cut]
            if came != list(range(first, first + len(after))):
                raise Failed(f"after a reset of {length} the results come in steps {came[:3]}, not {first}")


@claim
async def first_wrong_layer(dut: Any, record: dict[str, Any]) -> None:
    """Compare every stage's link, sample by sample; run only to explain a mismatch."""
    flow = Flow(dut)
    await flow.start()
    with np.load(JOB["links"], allow_pickle=False) as links:
        wanted = {s["name"]: links[f"link_{s['name']}"] for s in DESIGN["stages"] if s["exports"]}
    stages = [s for s in DESIGN["stages"] if s["exports"]]
    handles = {s["name"]: getattr(dut, f"{s['name']}_data") for s in stages}
    dut.in_valid_i.value = 1
    found: list[dict[str, Any]] = []
    for step in range(ROWS + LATENCY):
        await flow.edge
        for handle, word in zip(flow.inputs, flow.words[min(step, ROWS - 1)], strict=True):
            handle.value = word
        await ReadOnly()
        for order, stage in enumerate(stages):
            row = step - int(stage["end"])
            if not 0 <= row < ROWS:
                continue
            widths = [int(e["width"]) for e in stage["exports"]]
            got = unpack(value(handles[stage["name"]]), widths, [bool(e["signed"]) for e in stage["exports"]])
            expected = wanted[stage["name"]][row].tolist()
            wrong = [i for i, (g, e) in enumerate(zip(got, expected, strict=True)) if g != e]
            if wrong:
                i = wrong[0]
                found.append({"order": order, "stage": stage["name"], "export": i, "row": row,
                              "expected": int(expected[i]), "got": got[i]})  # fmt: skip
    record["sent"] = record["checked"] = ROWS
    if found:
        raise Failed(layer=min(found, key=lambda f: (f["order"], f["row"])))


# --- AXI-Stream ---------------------------------------------------------------------------------


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
        self.rate = max(INTERVAL, *(f.beats for f in (*self.ins, *self.outs)))
        self.stall = 4 * (LATENCY + self.rate) + 32
        self.cycle = 0

    async def start(self) -> None:
        """Start the clock and reset."""
        self.dut.aresetn.value = 0
        Clock(self.dut.aclk, 10, unit="ns").start()
        await self.reset(3)

    async def reset(self, length: int) -> None:
        """Reset; what was offered is withdrawn, as AXI-Stream asks of a master."""
        await self.edge
        self.dut.aresetn.value = 0
        for driver in (*self.sources, *self.sinks):
            driver.idle()
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

    def send(self, rows: Sequence[int]) -> None:
        """Queue the frames of *rows* on every input."""
        for source, frames in zip(self.sources, self.frames, strict=True):
            for row in rows:
                source.queue.extend(frames[row])

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
        quiet, before = 0, -1
        while quiet < 2 * self.stall:
            await self.step()
            moved = sum(s.sent for s in self.sources) + sum(len(s.taken) for s in self.sinks)
            quiet = 0 if moved != before else quiet + 1
            before = moved
        for driver in self.sinks:
            if driver.violation:
                raise Failed(driver.violation)

    def compare(self, rows: Sequence[int], record: dict[str, Any], broken: bool = False) -> None:
        """Check that exactly the results of *rows* were taken: data, TKEEP, TLAST, number of beats."""
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
        port, framing, wanted = DESIGN["outputs"][index], self.outs[index], self.expected[index][row]
        for i, (got, want) in enumerate(zip(frame, wanted, strict=False)):
            if (got.keep, got.last) != (want.keep, want.last):
                return Failed(
                    f"output {port['name']}, sample {row}, beat {i} of {framing.beats}: tkeep {got.keep:#x}"
                    f" tlast {int(got.last)}, expected {want.keep:#x} and {int(want.last)}"
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


@claim
async def axis_matches_reference(dut: Any, record: dict[str, Any]) -> None:
    """Every vector back to back: data, TKEEP and TLAST right, at the rate of the widest port."""
    axis = Axis(dut)
    await axis.start()
    axis.patterns("none", "none")
    axis.send(range(ROWS))
    await axis.drain()
    times = axis.sinks[0].times
    axis.compare(range(ROWS), record)
    record["cycles"] = times[-1] - times[0] + axis.outs[0].beats
    # Room for the first sample's way through both buffers, none for a bubble a sample.
    if ROWS > 1 and record["cycles"] > axis.rate * ROWS + 2:
        raise Failed(f"{ROWS} samples take {record['cycles']} cycles, {axis.rate} a sample are enough")


@claim
async def axis_holds_data_while_stalled(dut: Any, record: dict[str, Any]) -> None:
    """Any pausing of either side changes nothing; valid and data stay until ready."""
    axis = Axis(dut)
    await axis.start()
    rng = random.Random(SEED + 2)
    for source, sink in (
        ("none", None), ("alternate", "alternate"), ("random", "none"), ("none", "random"),
        ("random", "random"), ("none", "long_stall"), ("long_stall", "none"),
    ):  # fmt: skip
        axis.patterns(source, sink)
        # Enough to fill core and buffers behind a sink that does not take anything.
        await axis.check([rng.randrange(ROWS) for _ in range(2 * LATENCY + 24)], record)


@claim
async def axis_drops_broken_frames(dut: Any, record: dict[str, Any]) -> None:
    """A frame that ends early or late is dropped and flagged; the next whole frame is right."""
    axis = Axis(dut)
    rng = random.Random(SEED + 3)
    await axis.start()
    axis.patterns("none", "none")
    for kind in ("early", "late", "very late", "hole"):
        await axis.check([rng.randrange(ROWS) for _ in range(3)], record)
        # All inputs break together: a frame dropped on one alone would leave the others ahead of it.
        for source, frames in zip(axis.sources, axis.frames, strict=True):
            source.queue.extend(_broken(frames[rng.randrange(ROWS)], kind))
        rows = [rng.randrange(ROWS) for _ in range(4)]
        axis.send(rows)
        await axis.drain()
        axis.compare(rows, record, broken=True)
        await axis.reset(2)  # the flag stays until here


def _broken(frame: list[Beat], kind: str) -> list[Beat]:
    """Return a frame whose TLAST comes one beat early, one or many late, or whose TKEEP has a hole."""
    if kind == "hole":
        return [Beat(frame[0].data, frame[0].keep & ~1, frame[0].last), *frame[1:]]
    if kind == "early" and len(frame) > 1:
        return [*frame[:-2], Beat(frame[-2].data, frame[-2].keep, True)]
    tail = len(frame) + 1 if kind == "very late" else 1
    longer = [*frame, *[frame[0]] * tail]
    return [Beat(b.data, b.keep, i == len(longer) - 1) for i, b in enumerate(longer)]


@claim
async def axis_recovers_from_reset_midstream(dut: Any, record: dict[str, Any]) -> None:
    """A reset in the middle of frames, with results waiting, leaves nothing behind."""
    axis = Axis(dut)
    await axis.start()
    rng = random.Random(SEED + 4)
    half = max(f.beats for f in axis.ins) // 2
    for sink in ("none", "long_stall"):
        for length in (1, 3):
            axis.patterns("none", sink)
            axis.send([rng.randrange(ROWS) for _ in range(2 * LATENCY + 12)])
            for _ in range((LATENCY + 6) * axis.rate + half):
                await axis.step()
            await axis.reset(length)
            axis.patterns("none", "none")
            if length > 1:
                await axis.check([], record)  # silence: a survivor would show
            await axis.check([rng.randrange(ROWS) for _ in range(LATENCY + 4)], record)
