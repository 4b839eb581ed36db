# SPDX-License-Identifier: Apache-2.0
"""The bench of a design whose AXI ports have a clock of their own, of any ratio to the core's.

It is fed by files alone (see bench_job.py). What a frame is, and what becomes of a broken one, are
those of the design's AXI-Stream top; the way between the clocks may add to time, and to nothing
else.
"""

from __future__ import annotations

import random
from typing import Any

from bench_job import INTERVAL, LATENCY, ROWS, SEED, STREAM, Failed, claim
from clocks_driver import AXI, CORES, STAGES, Clocks

FEW = min(ROWS, 3) if STREAM else LATENCY // INTERVAL + 24  # samples under each pattern of pauses


@claim
async def crossed_matches_reference(dut: Any, record: dict[str, Any]) -> None:
    """Every vector back to back: right, no slower than the slower side, as late as claimed."""
    axis = Clocks(dut)
    await axis.start()
    for _ in range(8):  # the release of the resets
        await axis.step()
    axis.patterns("none", "none")
    axis.cycle = 0
    axis.send(range(ROWS))
    await axis.drain()
    times = list(axis.sinks[0].times)
    axis.compare(range(ROWS), record)
    record["cycles"] = times[-1] - times[0] + 1
    coming, going = (max(f.beats for f in side) for side in (axis.ins, axis.outs))
    slower = max(AXI, axis.core)
    took = (times[axis.outs[0].beats - 1 if STREAM else 0]) * AXI
    least = STAGES * (AXI + axis.core) + LATENCY * axis.core
    most = least + 2 * AXI + 6 * axis.core + slower * (coming + (going if STREAM else 0))
    if not least <= took <= most:
        raise Failed(f"the first result leaves after {took} ps, not after {least} to {most} ps")
    enough = axis.rate * ROWS + axis.patience // 2
    if record["cycles"] > enough:
        raise Failed(f"{ROWS} samples take {record['cycles']} cycles, {enough} are enough")


@claim
async def crossed_holds_data_while_stalled(dut: Any, record: dict[str, Any]) -> None:
    """Any pausing of either side, at any ratio of the clocks, changes nothing."""
    axis = Clocks(dut)
    await axis.start()
    rng = random.Random(SEED + 2)
    for turn, (source, sink) in enumerate((
        ("random", "random"), ("none", None), ("alternate", "random"), ("none", "long_stall"),
        ("long_stall", "none"), ("none", "alternate"), ("random", "none"), ("none", "none"),
    )):  # fmt: skip
        axis.tick(CORES[turn % len(CORES)])
        axis.patterns(source, sink)
        await axis.check([rng.randrange(ROWS) for _ in range(FEW)], record)
    for ahead in range(len(axis.sources)) if len(axis.sources) > 1 else ():
        axis.tick(CORES[(2 * ahead + 1) % len(CORES)])
        axis.patterns("none", "random")
        axis.out_of_step(ahead)
        await axis.check([rng.randrange(ROWS) for _ in range(FEW)], record)


@claim
async def crossed_survives_broken_frames(dut: Any, record: dict[str, Any]) -> None:
    """A broken frame does what it does without the crossing, and its neighbours are right."""
    axis = Clocks(dut)
    rng = random.Random(SEED + 3)
    await axis.start()
    axis.patterns("none", "none")
    for turn, kind in enumerate(("early", "late", "very late", "hole")):
        axis.tick(CORES[turn % len(CORES)])
        before, after = ([rng.randrange(ROWS) for _ in range(2)] for _ in range(2))
        axis.send(before)
        axis.send_broken(kind, rng)
        axis.send(after)
        await axis.drain()
        if STREAM:  # it has a result, which means nothing
            axis.forget_result(len(before))
        axis.compare([*before, *after], record, broken=True)
        await axis.reset(1)  # the flag stays until here


@claim
async def crossed_recovers_from_any_reset(dut: Any, record: dict[str, Any]) -> None:
    """A reset of either side in the middle of frames, a cycle of its clock or more, ends both."""
    axis = Clocks(dut)
    await axis.start()
    rng = random.Random(SEED + 4)
    for turn, (ours, length) in enumerate((
        (True, 1), (False, 1), (False, 1), (True, 3), (True, 1), (False, 1), (False, 3), (True, 1),
    )):  # fmt: skip
        axis.tick(CORES[(turn + turn // 4) % len(CORES)])
        axis.patterns("none", ("none", "long_stall")[turn % 2])
        axis.send([rng.randrange(ROWS) for _ in range(FEW)])
        for _ in range(rng.randrange(2, axis.patience + 2)):
            await axis.step()
        await (axis.reset(length) if ours else axis.reset_core(length))
        axis.patterns("none", "none")
        if turn % 2:
            await axis.check([], record)  # silence: a survivor would show
        await axis.check([rng.randrange(ROWS) for _ in range(2)], record)
