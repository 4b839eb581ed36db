# SPDX-License-Identifier: Apache-2.0
"""Bench of the feature-map DMA with transforms: maps go in, maps come out, by its registers.

Fed by a job file (environment ``HWG_JOB``) as bench_codec_dma.py is, with tensors that have
``turn`` among others that have none; ``refused`` has registers of a transform that the core must
refuse, and ``rows_end`` how many words the memories of rows have.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import cocotb
from bench_codec_dma import AXI, CFG, OVF, expected, same, words_of
from cocotbext.axi import AxiResp
from codec_dma_driver import (
    AT,
    FILL,
    HALF,
    JOB,
    READER,
    ROWS,
    SEED,
    SHAPE,
    SIZE,
    WRITER,
    Engine,
    Tensor,
    image,
    lay,
    ready,
)

TENSORS: list[Tensor] = JOB["tensors"]
DAMAGED: list[Tensor] = JOB["damaged"]


def equal(blocks: list[list[int]], tensor: Tensor, where: str) -> None:
    """Hold the values of all blocks against those of software."""
    wanted = tensor["values"]
    assert [len(b) for b in blocks] == [len(b) for b in wanted], where
    for number, (got, want) in enumerate(zip(blocks, wanted, strict=True)):
        wrong = [i for i, w in enumerate(want) if w is not None and got[i] != w]
        assert not wrong, f"{where}, block {number}, value {wrong[0]}: {got[wrong[0]]}"


async def sound(engine: Engine, tensor: Tensor, base: int, where: str, pattern: str) -> None:
    """Read a tensor that must be without a fault."""
    blocks, faults, tally = await engine.fetch(tensor, base, pattern)
    assert not any(faults), where
    equal(blocks, tensor, where)
    same(tally, expected(tensor, [0] * len(tensor["modes"]), words_of(tensor)), where)


@cocotb.test()
async def maps_go_out_and_come_back(dut: Any) -> None:
    engine = await ready(dut)
    for number, tensor in enumerate(TENSORS):
        where = f"tensor {number} ({tensor['name']})"
        own = ("random", "none", "none", "long_stall")[number % 4]
        engine.slave.pause(("none", "random", "long_stall")[number % 3], SEED + number)
        await engine.write("mode", int(number % 4 == 3))
        engine.memory.data[:] = bytes([FILL]) * SIZE
        want = bytearray(engine.memory.data)
        image(tensor, 0, want)
        tally = await engine.store(tensor, 0, own)
        assert engine.memory.data == want, f"{where} lies otherwise"
        same(tally, expected(tensor, [0] * len(tensor["modes"]), words_of(tensor)), where)
        await sound(engine, tensor, 0, where, own)


@cocotb.test()
async def both_ways_at_once(dut: Any) -> None:
    engine = await ready(dut)
    engine.slave.pause("random", SEED)
    some = TENSORS[:8]
    await engine.store(some[0], 0)
    for number, (old, new) in enumerate(pairwise(some)):
        here, there = (0, HALF) if number % 2 == 0 else (HALF, 0)
        got = await engine.both(old, new, (there, here), SEED + number)
        equal(got, old, old["name"])
    await sound(engine, some[-1], HALF if len(some) % 2 == 0 else 0, "the last", "none")


@cocotb.test()
async def damage_is_zeros_of_the_map(dut: Any) -> None:
    engine = await ready(dut)
    for number, tensor in enumerate(DAMAGED):
        where = f"case {number} ({tensor['name']})"
        engine.slave.pause(("none", "random")[number % 2], SEED + number)
        await engine.write("mode", int(number % 3 == 1))
        lay(engine.memory, tensor, 64)
        blocks, faults, tally = await engine.fetch(tensor, 64, ("none", "random")[number // 2 % 2])
        assert faults == [int(bool(fault)) for fault in tensor["faults"]], where
        equal(blocks, tensor, where)
        want = expected(tensor, tensor["faults"], 0)
        del want["words"]
        same(tally, want, where)
        good = TENSORS[number % len(TENSORS)]
        lay(engine.memory, good, 64)
        await sound(engine, good, 64, f"after {where}", "none")


@cocotb.test()
async def bus_errors_and_want_of_room_are_told(dut: Any) -> None:
    engine = await ready(dut)
    memory, beat = engine.memory, int(JOB["beat"])
    for tensor in (t for t in TENSORS if "turn" in t and t["turn"][0]["rows"] and not t["slot"]):
        sizes = [len(block) // 2 for block in tensor["blocks"]]
        lay(memory, tensor, 0)
        middle = len(sizes) // 2
        memory.answer = AxiResp.SLVERR
        bad = sum(sizes[:middle]) // beat * beat
        memory.broken = [range(bad, bad + beat)]
        begins = [sum(sizes[:number]) for number in range(len(sizes))]
        faults = [
            AXI * (begin < bad + beat and begin + size > bad)
            for begin, size in zip(begins, sizes, strict=True)
        ]
        blocks, flags, tally = await engine.fetch(tensor, 0, "random")
        assert flags == [int(bool(fault)) for fault in faults]
        want = [
            [0] * len(values) if fault else values
            for values, fault in zip(tensor["values"], faults, strict=True)
        ]
        equal(blocks, {"values": want}, "a bus error")
        assert tally["kind"] == AXI
        memory.broken = []
        room = sum(sizes[: middle + 1]) // 8 - 1
        tally = await engine.store(tensor, HALF, "random", capacity=room)
        assert (tally["kind"], tally["block"]) == (OVF, middle)
        assert tally["faults"] == len(sizes) - middle
        await engine.store(tensor, HALF)
        await sound(engine, tensor, HALF, "afterwards", "none")


@cocotb.test()
async def a_block_is_read_alone(dut: Any) -> None:
    engine = await ready(dut)
    for tensor in (t for t in TENSORS if t["slot"] and "turn" in t):
        lay(engine.memory, tensor, 0)
        turn = tensor["turn"][READER]
        for number, (height, width, channels) in enumerate(tensor["shapes"]):
            length = len(tensor["blocks"][number]) // 16
            # Its rows are those of its own groups, and the map is its own box of pixels.
            high, wide, rows = tensor["boxes"][number]
            own = turn["registers"] | {"transform1_map_pixels": high << 16 | wide}
            alone = tensor | {"turn": [{}, {"registers": own, "rows": turn["rows"][rows:]}]}
            other = {
                "data": number * 8 * tensor["slot"], "capacity": length, "blocks": 1,
                "layout": 1 << 16 | length, "pixels": height << 16 | width, "channels": channels,
                "first": number,
            }  # fmt: skip
            blocks, faults, _ = await engine.fetch(alone, 0, **other)
            assert faults == [0], number
            equal(blocks, {"values": [tensor["values"][number]]}, f"block {number}")


@cocotb.test()
async def what_is_not_built_is_refused(dut: Any) -> None:
    engine = await ready(dut)
    for way in (WRITER, READER):
        end = (ROWS + way) << 16 | int(JOB["rows_end"])
        await engine.write("table_addr", end - 1)
        await engine.write("table_data", 0)
        assert await engine.poke(AT["table_data"], 0) == AxiResp.SLVERR
        for case in JOB["refused"]:
            tensor = next(t for t in TENSORS if t["name"] == case["of"])
            await engine.describe(way, tensor, 0)
            for name, word in case["registers"].items():
                await engine.write(name.format(way), word)
            await engine.begin(way)
            assert await engine.end(way), case
            tally = await engine.tally(way)
            assert (tally["kind"], tally["block"], tally["faults"]) == (CFG, 0, 1), case
    for tensor in TENSORS[:2]:
        assert not (await engine.store(tensor, 0))["faults"]
        await sound(engine, tensor, 0, "after refusals", "none")

    # What an engine works with stands still; the other one may be told of its next transform.
    tensor = next(t for t in TENSORS if "turn" in t and t["turn"][0]["rows"])
    for way in (WRITER, READER):
        await engine.describe(way, tensor, 0)
        await engine.begin(way)
        name = f"transform{way}_factors"
        assert await engine.poke(AT[name], 1) == AxiResp.SLVERR
        await engine.write(f"transform{1 - way}_factors", 1)
        await engine.write("table_addr", (ROWS + way) << 16 | 2)
        assert await engine.poke(AT["table_data"], 0) == AxiResp.SLVERR
        await engine.write("table_addr", (ROWS + 1 - way) << 16 | 2)
        await engine.write("table_data", 0)
        if way == WRITER:
            task: Any = engine.feeder.feed(tensor["given"], "none", SEED)
            assert not await engine.end(way)
        else:
            # Not done while the last values are still to be taken.
            for _ in range(3000):
                await engine.edge
            assert (await engine.read("status")) >> way & 1
            task = engine.taker.take(True, "none", SEED)
            assert not await engine.end(way)
            equal(task.result()[0], tensor, "locked")


@cocotb.test()
async def rates_are_kept(dut: Any) -> None:
    engine = await ready(dut)
    for tensor in (t for t in TENSORS if t["name"] in ("steady", "even")):
        lay(engine.memory, tensor, 0)
        got, cycles = await engine.steady(tensor)
        equal(got, tensor, tensor["name"])
        total, most = (f(map(len, tensor["values"])) for f in (sum, max))
        lanes = 1 if "turn" in tensor else SHAPE[0]
        dut._log.info("%s: %d values, both ways, in %d cycles", tensor["name"], total, cycles)
        # Some blocks on the way at either end: coder, two banks of the transform.
        assert cycles <= total / lanes * 1.06 + 6 * most + 12 * len(tensor["values"])


@cocotb.test()
async def reset_gives_up_what_is_under_way(dut: Any) -> None:
    engine = await ready(dut)
    tensor = next(t for t in TENSORS if "turn" in t and t["turn"][0]["rows"])
    lay(engine.memory, tensor, 0)
    for cycles in (3, 60, 170, 400, 900):
        await engine.cut_short(tensor, cycles)
        other = TENSORS[cycles % 3]
        assert not (await engine.store(other, HALF))["faults"]
        await sound(engine, other, HALF, f"reset after {cycles} cycles", "none")
