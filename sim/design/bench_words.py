# SPDX-License-Identifier: Apache-2.0
"""The bench of a stream design: its cocotb tests are the claims that `hwgen sim` checks.

It is fed by files alone (see bench_job.py), and as strict as bench_design.py: every test enters
what it did into the result, and the caller trusts that record and results.xml together.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from axis import bits, unpack, value
from axis_driver import Axis
from bench_job import DESIGN, FIELDS, INTERVAL, JOB, LATENCY, ROWS, SEED, Failed, claim
from words_driver import Words, words_of

FEW = min(ROWS, 4)  # samples under each pattern of pauses: there is much in a map


@claim
async def matches_reference(dut: Any, record: dict[str, Any]) -> None:
    """Every vector, back to back: every bit of every output is the reference's."""
    words = Words(dut)
    await words.start()
    words.patterns("none", "none")
    await words.check(range(ROWS), record)


@claim
async def latency_is_as_claimed(dut: Any, record: dict[str, Any]) -> None:
    """Lone samples: the last word comes exactly the claimed cycles after the first was offered."""
    words = Words(dut)
    await words.start()
    words.patterns("none", "none")
    for row in range(min(ROWS, 3)):
        offered = words.cycle
        words.send([row])
        await words.drain()
        took = (
            words.sinks[0].times[-1]
            if len(words.sinks) == 1
            else max(s.times[-1] for s in words.sinks)
        )
        took -= offered
        record["latency"] = took
        if took != LATENCY:
            raise Failed(f"latency is {took} cycles, claimed are {LATENCY}")
        words.compare([row], record)


@claim
async def interval_is_as_claimed(dut: Any, record: dict[str, Any]) -> None:
    """Samples back to back, sinks that always take: the mean interval is the claimed one."""
    words = Words(dut)
    await words.start()
    words.patterns("none", "none")
    fill = LATENCY // INTERVAL + 2  # samples until all stages work at their pace
    rows = [i % ROWS for i in range(fill + 8)]
    words.send(rows)
    await words.drain()
    means = []
    for sink, port in zip(words.sinks, DESIGN["outputs"], strict=True):
        count = words_of(port)
        ends = sink.times[count - 1 :: count]
        if len(ends) != len(rows):
            continue  # told by the comparison
        means.append((ends[-1] - ends[fill - 1]) / (len(ends) - fill))
    if means:  # of the slowest output: parts of a network that do not meet keep their own pace
        record["interval"] = max(means)
    if means and max(means) != INTERVAL:
        raise Failed(f"results come every {max(means):g} cycles on average, not {INTERVAL}")
    words.compare(rows, record)


@claim
async def matches_under_stalls(dut: Any, record: dict[str, Any]) -> None:
    """Any pausing of either side changes nothing; valid and data stay until ready."""
    words = Words(dut)
    await words.start()
    rng = random.Random(SEED + 2)
    for source, sink in (
        ("random", "random"), ("none", None), ("alternate", "none"), ("none", "random"),
        ("random", "none"), ("none", "long_stall"), ("long_stall", "alternate"),
    ):  # fmt: skip
        words.patterns(source, sink)
        await words.check([rng.randrange(ROWS) for _ in range(FEW)], record)


@claim
async def recovers_from_reset_midstream(dut: Any, record: dict[str, Any]) -> None:
    """A reset in the middle of samples, with results waiting, leaves nothing behind."""
    words = Words(dut)
    await words.start()
    rng = random.Random(SEED + 1)
    for length, sink in ((1, "none"), (3, "long_stall")):
        words.patterns("none", sink)
        words.send([rng.randrange(ROWS) for _ in range(3)])
        for _ in range(rng.randrange(2, LATENCY + 2 * INTERVAL)):
            await words.step()
        await words.reset(length)
        words.patterns("none", "none")
        await words.check([rng.randrange(ROWS) for _ in range(2)], record)


@claim
async def first_wrong_layer(dut: Any, record: dict[str, Any]) -> None:
    """Compare every word of every link between stages; run only to explain a mismatch."""
    words = Words(dut)
    with np.load(JOB["links"], allow_pickle=False) as links:
        wanted = {name[len("link_") :]: links[name] for name in links.files}
    names = [name for stage in DESIGN["stages"] for name in stage["writes"]]
    of = {name: stage["name"] for stage in DESIGN["stages"] for name in stage["writes"]}
    handles = [
        (n, *(getattr(dut, f"{n}_{wire}") for wire in ("valid", "ready", "data"))) for n in names
    ]
    seen = dict.fromkeys(names, 0)
    found: dict[str, dict[str, Any]] = {}
    await words.start()
    words.patterns("none", "none")
    words.send(range(ROWS))
    quiet = 0
    while quiet < 2 * (LATENCY + INTERVAL) + 64:
        await words.step()
        quiet += 1
        for name, valid, ready, data in handles:
            if value(valid) != 1 or value(ready) != 1:
                continue
            quiet, place = 0, seen[name]
            seen[name] += 1
            expected = wanted[name].reshape(-1, len(FIELDS[name]))
            if name in found or place >= len(expected):
                continue
            fields, text = FIELDS[name], bits(data)
            if set(text) <= {"0", "1"}:
                widths = [int(f["width"]) for f in fields]
                got = unpack(int(text, 2), widths, [bool(f["signed"]) for f in fields])
            else:
                got = [None] * len(fields)  # type: ignore[list-item]
            for i, field in enumerate(fields):
                if got[i] != int(expected[place][i]):
                    count = len(expected) // ROWS
                    where = f"word {place % count} of {name}, {field['label']}"
                    found[name] = {
                        "layer": of[name],
                        "value": where,
                        "expected": int(expected[place][i]),
                        "got": "X" if got[i] is None else got[i],
                    }
                    break
    record["sent"] = record["checked"] = ROWS
    for name in names:
        if name in found:
            raise Failed(layer=found[name])
        if seen[name] < len(wanted[name].reshape(-1, len(FIELDS[name]))):
            missing = {"layer": of[name], "value": f"words of {name}"}
            counts = {
                "expected": len(wanted[name].reshape(-1, len(FIELDS[name]))),
                "got": seen[name],
            }
            raise Failed(layer={**missing, **counts})


@claim
async def axis_matches_reference(dut: Any, record: dict[str, Any]) -> None:
    """Every vector back to back: data, TKEEP and TLAST right, at the rate of the slowest part."""
    axis = Axis(dut)
    await axis.start()
    axis.patterns("none", "none")
    axis.send(range(ROWS))
    await axis.drain()
    times = list(axis.sinks[0].times)
    axis.compare(range(ROWS), record)
    record["cycles"] = times[-1] - times[0] + 1
    # One cycle to cut the first word and one to collect the last beat; beats that are more than
    # words come after each other, and so do those that a last word between two of them fills.
    due = LATENCY + 2
    for port, frame in zip(DESIGN["outputs"], axis.outs, strict=True):
        first = frame.count - frame.count // words_of(port)
        between = frame.beats - 1 - first * frame.container // frame.data_width
        due += max(0, between - max(0, frame.beats - words_of(port)))
    for port, frame in zip(
        (*DESIGN["inputs"], *DESIGN["outputs"]), (*axis.ins, *axis.outs), strict=True
    ):
        due += max(0, frame.beats - words_of(port))
    late = times[axis.outs[0].beats - 1]
    if late > due:
        raise Failed(f"the first result has left in cycle {late}, {due} is claimed")
    # Of the first sample no more than its beats and its way through; of the others their interval.
    enough = axis.rate * ROWS + LATENCY
    if record["cycles"] > enough:
        raise Failed(f"{ROWS} samples take {record['cycles']} cycles, {enough} are enough")


@claim
async def axis_holds_data_while_stalled(dut: Any, record: dict[str, Any]) -> None:
    """Any pausing of either side changes nothing; valid and data stay until ready."""
    axis = Axis(dut)
    await axis.start()
    rng = random.Random(SEED + 2)
    for source, sink in (
        ("random", "random"), ("none", None), ("alternate", "random"), ("none", "long_stall"),
        ("long_stall", "none"),
    ):  # fmt: skip
        axis.patterns(source, sink)
        await axis.check([rng.randrange(ROWS) for _ in range(FEW)], record)
    for ahead in range(len(axis.sources)) if len(axis.sources) > 1 else ():
        axis.patterns("none", "random")
        axis.out_of_step(ahead)
        await axis.check([rng.randrange(ROWS) for _ in range(FEW)], record)


@claim
async def axis_survives_broken_frames(dut: Any, record: dict[str, Any]) -> None:
    """A frame that ends early or late gives one result that means nothing; the next is right."""
    axis = Axis(dut)
    rng = random.Random(SEED + 3)
    await axis.start()
    axis.patterns("none", "none")
    for kind in ("early", "late", "very late", "hole"):
        before, after = ([rng.randrange(ROWS) for _ in range(2)] for _ in range(2))
        axis.send(before)
        axis.send_broken(kind, rng)
        axis.send(after)
        await axis.drain()
        axis.forget_result(len(before))
        axis.compare([*before, *after], record, broken=True)
        await axis.reset(2)  # the flag stays until here


@claim
async def axis_recovers_from_reset_midstream(dut: Any, record: dict[str, Any]) -> None:
    """A reset in the middle of frames, with results waiting, leaves nothing behind."""
    axis = Axis(dut)
    await axis.start()
    rng = random.Random(SEED + 4)
    for length, sink in ((1, "none"), (3, "long_stall")):
        axis.patterns("none", sink)
        axis.send([rng.randrange(ROWS) for _ in range(3)])
        for _ in range(rng.randrange(2, LATENCY + 2 * axis.rate)):
            await axis.step()
        await axis.reset(length)
        axis.patterns("none", "none")
        await axis.check([rng.randrange(ROWS) for _ in range(2)], record)
