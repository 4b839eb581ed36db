# SPDX-License-Identifier: Apache-2.0
"""The bench of every generated design: its cocotb tests are the claims that `hwgen sim` checks.

It is fed by files alone (see bench_job.py). Every test enters what it did into the result (samples
sent and checked, the first difference); the caller trusts that record and results.xml together,
never the exit code.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from axis import elements, pauses
from axis_driver import Axis
from bench_job import DESIGN, FIELDS, INTERVAL, JOB, LATENCY, LAYERS, ROWS, SEED, Failed, claim
from cocotb.triggers import ReadOnly
from flow_driver import RESET, Flow


def spaced(rows: Sequence[int], interval: int = INTERVAL) -> list[int | None]:
    """Return the schedule of samples that follow each other every *interval* cycles."""
    schedule: list[int | None] = []
    for row in rows:
        schedule += [row, *[None] * (interval - 1)]
    return schedule


@claim
async def matches_reference(dut: Any, record: dict[str, Any]) -> None:
    """Every vector, one each interval: every bit of every output is the reference's."""
    flow = Flow(dut)
    await flow.start()
    flow.compare(range(ROWS), await flow.play(spaced(range(ROWS))), record)


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
    schedule = spaced(rows)
    seen = await flow.play(schedule)
    gaps = {later[0] - earlier[0] for earlier, later in pairwise(seen)}
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
    count = LATENCY // INTERVAL + 5
    for length in (1, 3):
        rows = [rng.randrange(ROWS) for _ in range(count)]
        after = [rng.randrange(ROWS) for _ in range(count)]
        pause: list[int | None] = [None] * (LATENCY + 2)
        # Once with samples right behind the reset, once with silence: a survivor would show in it.
        # The last sample before it is cut in any of its phases.
        for phase in rng.sample(range(INTERVAL), min(INTERVAL, 3)):
            for gap in ([], pause):
                before = spaced(rows)[: len(rows) * INTERVAL - phase]
                schedule = [*before, *[RESET] * length, *gap, *spaced(after)]
                cut = len(before)
                done = [r for step, r in enumerate(before) if step + LATENCY <= cut]
                out = [row for row in done if row is not None] + after
                seen = await flow.play(schedule)
                flow.compare(out, seen, record)
                first = cut + length + len(gap) + LATENCY
                came = [step for step, _ in seen if step > cut]
                if came != [first + i * INTERVAL for i in range(len(after))]:
                    raise Failed(
                        f"after a reset of {length} results come in steps {came[:3]}, not {first}"
                    )


@claim
async def matches_at_any_spacing(dut: Any, record: dict[str, Any]) -> None:
    """Samples a cycle further apart than they must be, two, and so on: right and on time."""
    flow = Flow(dut)
    await flow.start()
    rng = random.Random(SEED + 2)
    schedule: list[int | None] = []
    for more in range(1, INTERVAL + 2):
        schedule += spaced([rng.randrange(ROWS) for _ in range(6)], INTERVAL + more)
    seen = await flow.play(schedule)
    flow.on_time(schedule, seen)
    flow.compare([row for row in schedule if row is not None], seen, record)


@claim
async def flags_samples_too_early(dut: Any, record: dict[str, Any]) -> None:
    """A sample that breaks the interval is dropped and told; its neighbours are right."""
    flow = Flow(dut)
    await flow.start()
    rng = random.Random(SEED + 3)
    for early in range(1, INTERVAL):
        rows = [rng.randrange(ROWS) for _ in range(4)]
        if flow.told():
            raise Failed("interval_error_o is set although every sample kept the interval")
        schedule = spaced(rows)
        schedule[INTERVAL + early] = rng.randrange(ROWS)
        flow.compare(rows, await flow.play(schedule), record)
        if not flow.told():
            raise Failed(f"interval_error_o misses a sample {INTERVAL - early} cycles too early")
        await flow.play([RESET])
    if flow.told():
        raise Failed("interval_error_o survives a reset")


@claim
async def first_wrong_layer(dut: Any, record: dict[str, Any]) -> None:
    """Compare every layer's link, sample by sample; run only to explain a mismatch."""
    flow = Flow(dut)
    await flow.start()
    with np.load(JOB["links"], allow_pickle=False) as links:
        wanted = {layer["link"]: links[f"link_{layer['link']}"] for layer in LAYERS}
    handles = {layer["link"]: getattr(dut, f"{layer['link']}_data") for layer in LAYERS}
    dut.in_valid_i.value = 1
    found: list[dict[str, Any]] = []
    for step in range(ROWS + LATENCY):
        await flow.edge
        for handle, word in zip(flow.inputs, flow.words[min(step, ROWS - 1)], strict=True):
            handle.value = word
        await ReadOnly()
        for order, layer in enumerate(LAYERS):
            fields = FIELDS[layer["link"]]
            got = elements(handles[layer["link"]], fields)
            for i, field in enumerate(fields):
                row = step - field["cycle"]
                if not 0 <= row < ROWS:
                    continue
                expected = int(wanted[layer["link"]][row][i])
                if got[i] != expected:
                    value = "X" if got[i] is None else got[i]
                    place = {"order": order, "layer": layer["name"], "row": row}
                    figures = {"value": field["label"], "expected": expected, "got": value}
                    found.append(place | figures)
                    break
    record["sent"] = record["checked"] = ROWS
    if found:
        raise Failed(layer=min(found, key=lambda f: (f["order"], f["row"])))


@claim
async def first_wrong_digit(dut: Any, record: dict[str, Any]) -> None:
    """Compare the digits of every layer, or words between stages; only to explain a mismatch."""
    flow = Flow(dut)
    await flow.start()
    with np.load(JOB["links"], allow_pickle=False) as links:
        wanted = {key.removeprefix("link_"): links[key] for key in links.files}
    places = [(layer["name"], layer["link"], layer["link"]) for layer in LAYERS]
    if len(DESIGN["stages"]) > 1:
        places = [
            (", ".join(x["name"] for x in stage["parts"][0]["layers"]), link, f"{link}_data")
            for stage in DESIGN["stages"]
            for link in stage["writes"]
        ]
    digit = {link["name"]: link["digit_bits"] for link in DESIGN["links"]}
    found: list[dict[str, Any]] = []
    for step in range(ROWS * INTERVAL + LATENCY):
        await flow.edge
        sent, phase = divmod(step, INTERVAL)
        dut.in_valid_i.value = int(phase == 0 and sent < ROWS)
        for handle, word in zip(flow.inputs, flow.words[min(sent, ROWS - 1)], strict=True):
            handle.value = word
        await ReadOnly()
        for order, (name, link, signal) in enumerate(places):
            bits = digit[link]
            fields = [{**f, "width": bits, "signed": False} if bits else f for f in FIELDS[link]]
            got = elements(getattr(dut, signal), fields)
            for i, field in enumerate(fields):
                row, place = divmod(step - field["cycle"], INTERVAL)
                if not (0 <= row < ROWS and place < wanted[link].shape[2]):
                    continue
                expected = int(wanted[link][row][i][place])
                if got[i] != expected:
                    value = "X" if got[i] is None else got[i]
                    label = f"{field['label']}, digit {place}" if bits else field["label"]
                    said = {"order": order, "layer": name, "row": row}
                    found.append(said | {"value": label, "expected": expected, "got": value})
                    break
    record["sent"] = record["checked"] = ROWS
    if found:
        raise Failed(layer=min(found, key=lambda f: (f["order"], f["row"])))


@claim
async def axis_matches_reference(dut: Any, record: dict[str, Any]) -> None:
    """Every vector back to back: data, TKEEP and TLAST right, at the rate of the widest port."""
    axis = Axis(dut)
    await axis.start()
    axis.patterns("none", "none")
    axis.send(range(ROWS))
    await axis.drain()
    times = list(axis.sinks[0].times)
    axis.compare(range(ROWS), record)
    record["cycles"] = times[-1] - times[0] + 1
    # All beats of a sample, the core, a cycle in the FIFO and one in the output.
    due = max(frame.beats for frame in axis.ins) + LATENCY + 2
    if times[0] != due:
        raise Failed(f"the first result leaves in cycle {times[0]}, {due} is claimed")
    # Room for the first sample's way through both buffers, none for a bubble a sample.
    if ROWS > 1 and record["cycles"] > axis.rate * ROWS + 2:
        raise Failed(
            f"{ROWS} samples take {record['cycles']} cycles, {axis.rate} a sample are enough"
        )


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
        # One input breaks; the frames of the others that belong to the same sample go with it.
        axis.send_broken(kind, rng)
        rows = [rng.randrange(ROWS) for _ in range(4)]
        axis.send(rows)
        await axis.drain()
        axis.compare(rows, record, broken=True)
        await axis.reset(2)  # the flag stays until here


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
