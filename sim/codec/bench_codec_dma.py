# SPDX-License-Identifier: Apache-2.0
"""Bench of the feature-map DMA as a whole, driven through its registers as software would.

Fed by a job file (environment ``HWG_JOB``): what codec_dma_driver.py needs, ``beat`` (bytes of the
bus), ``tensors`` that are written and read back, and ``damaged`` ones that are only read. A tensor
has ``load`` (tables that are loaded before it, or -1), its description, ``data`` and ``index`` as
hex, ``values`` (a list a block), ``blocks`` as hex, ``shapes``, ``modes``, ``faults`` (a number a
block).
"""

from __future__ import annotations

from itertools import pairwise, repeat
from typing import Any

import cocotb
from cocotbext.axi import AxiResp
from codec_dma_driver import (
    AT,
    FILL,
    HALF,
    INDEX,
    JOB,
    MODES,
    READER,
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

BEAT = int(JOB["beat"])
TENSORS: list[Tensor] = JOB["tensors"]
DAMAGED: list[Tensor] = JOB["damaged"]
IDX, AXI, OVF, CFG, ABORT = 1, 7, 8, 9, 13


def words_of(tensor: Tensor) -> int:
    return sum(len(block) // 16 for block in tensor["blocks"])


def expected(tensor: Tensor, faults: list[int], words: int) -> dict[str, int]:
    """Return the tally of a tensor, given the fault of every block."""
    good = [mode for mode, fault in zip(tensor["modes"], faults, strict=True) if not fault]
    first = next((n for n, fault in enumerate(faults) if fault), None)
    return {
        "faults": sum(map(bool, faults)), "words": words,
        **{name: good.count(mode) for mode, name in enumerate(MODES)},
        "kind": 0 if first is None else faults[first], "block": first or 0,
    }  # fmt: skip


def same(got: dict[str, int], want: dict[str, int], where: str) -> None:
    got = {name: number for name, number in got.items() if name in want}
    assert got == want, f"{where}: {got}, not {want}"


async def sound(engine: Engine, tensor: Tensor, base: int, where: str, pattern: str) -> None:
    """Read a tensor that must be without a fault."""
    blocks, faults, tally = await engine.fetch(tensor, base, pattern)
    none = [0] * len(tensor["modes"])
    assert not any(faults), where
    assert blocks == tensor["values"], where
    same(tally, expected(tensor, none, words_of(tensor)), where)


@cocotb.test()
async def tensors_go_out_and_come_back(dut: Any) -> None:
    engine = Engine(dut)
    await engine.start()
    for number, tensor in enumerate(TENSORS):
        where = f"tensor {number} ({tensor['name']})"
        await engine.load(tensor["load"])
        pattern = ("none", "random", "long_stall")[number % 3]
        own = ("random", "none", "none", "long_stall")[number % 4]
        engine.slave.pause(pattern, SEED + number)
        await engine.write("mode", int(number % 4 == 3))
        base = 64 * (number % 3)
        engine.memory.data[:] = bytes([FILL]) * SIZE
        want = bytearray(engine.memory.data)
        image(tensor, base, want)
        tally = await engine.store(tensor, base, own)
        assert engine.memory.data == want, f"{where} lies otherwise"
        same(tally, expected(tensor, [0] * len(tensor["modes"]), words_of(tensor)), where)
        await sound(engine, tensor, base, where, own)


@cocotb.test()
async def both_ways_at_once(dut: Any) -> None:
    engine = await ready(dut)
    engine.slave.pause("random", SEED)
    some = [t for t in TENSORS if t["name"] == "blocks"]
    await engine.store(some[0], 0)
    for number, (old, new) in enumerate(pairwise(some)):
        here, there = (0, HALF) if number % 2 == 0 else (HALF, 0)
        got = await engine.both(old, new, (there, here), SEED + number)
        assert got == old["values"]
    await sound(engine, some[-1], HALF if len(some) % 2 == 0 else 0, "the last", "none")


@cocotb.test()
async def any_block_is_read_alone(dut: Any) -> None:
    engine = await ready(dut)
    for tensor in (t for t in TENSORS if t["name"] == "blocks"):
        lay(engine.memory, tensor, 0)
        place = 0
        for number, block in enumerate(tensor["blocks"]):
            height, width, channels = tensor["shapes"][number]
            # A tensor of one block, in a slot of its length: where it lies software knows from the
            # index, or from the size of a slot.
            length = len(block) // 16
            other = {
                "data": place, "capacity": length, "blocks": 1, "layout": 1 << 16 | length,
                "pixels": height << 16 | width, "channels": channels, "first": number,
            }  # fmt: skip
            if number % 2:
                other |= {"block_pixels": height << 16 | width, "block_channels": channels}
            blocks, faults, tally = await engine.fetch(tensor, 0, **other)
            where = f"block {number}"
            assert (blocks, faults) == ([tensor["values"][number]], [0]), where
            one = {"modes": [tensor["modes"][number]]}
            same(tally, expected(one, [0], length), where)
            blocks, faults, tally = await engine.fetch(tensor, 0, **other, key=tensor["key"] ^ 1)
            assert (blocks[0], bool(faults[0])) == ([0] * len(tensor["values"][number]), True)
            assert (tally["faults"], tally["block"]) == (1, number)
            place += 8 * tensor["slot"] or 8 * length


@cocotb.test()
async def damage_is_told_block_by_block(dut: Any) -> None:
    engine = await ready(dut)
    good = next(t for t in TENSORS if t["name"] == "blocks")
    for number, tensor in enumerate(DAMAGED):
        where = f"case {number} ({tensor['name']})"
        engine.slave.pause(("none", "random")[number % 2], SEED + number)
        # Damage in memory is found before anything is delivered, so it shows alike in both modes.
        await engine.write("mode", int(number % 5 == 3))
        lay(engine.memory, tensor, 64)
        blocks, faults, tally = await engine.fetch(tensor, 64, ("none", "random")[number // 2 % 2])
        assert faults == [int(bool(fault)) for fault in tensor["faults"]], where
        assert blocks == tensor["values"], where
        want = expected(tensor, tensor["faults"], 0)
        del want["words"]
        same(tally, want, where)
        if number % 8 == 7:
            lay(engine.memory, good, 64)
            await sound(engine, good, 64, f"after {where}", "none")


@cocotb.test()
async def bus_errors_and_want_of_room_are_told(dut: Any) -> None:
    engine = await ready(dut)
    memory = engine.memory
    for tensor in (t for t in TENSORS if t["name"] == "blocks"):
        sizes = [8 * tensor["slot"] or len(block) // 2 for block in tensor["blocks"]]
        begins = [sum(sizes[:number]) for number in range(len(sizes))]
        lay(memory, tensor, 0)
        for turn, number in enumerate((0, len(sizes) // 2, len(sizes) - 1)):
            memory.answer = (AxiResp.SLVERR, AxiResp.DECERR)[turn % 2]
            bad = begins[number] // BEAT * BEAT
            memory.broken = [range(bad, bad + BEAT)]
            faults = [
                AXI * (begin < bad + BEAT and begin + len(block) // 2 > bad)
                for begin, block in zip(begins, tensor["blocks"], strict=True)
            ]
            values = [
                [0] * len(block) if fault else block
                for block, fault in zip(tensor["values"], faults, strict=True)
            ]
            blocks, flags, tally = await engine.fetch(tensor, 0)
            assert blocks == values
            assert flags == [int(bool(fault)) for fault in faults]
            want = expected(tensor, faults, 0)
            del want["words"]
            same(tally, want, f"read, {memory.answer.name} at block {number}")
            tally = await engine.store(tensor, HALF)
            assert tally["faults"] == 0
            memory.broken = [range(HALF + bad, HALF + bad + 8)]
            tally = await engine.store(tensor, HALF)
            assert (tally["kind"], tally["faults"]) == (AXI, 1), memory.answer.name
            assert tally["block"] >= number - 1
        if not tensor["slot"]:  # all offsets of the first blocks
            memory.broken = [range(INDEX, INDEX + BEAT)]
            faults = [AXI if n < BEAT // 4 else 0 for n in range(len(sizes))]
            _, flags, tally = await engine.fetch(tensor, 0)
            assert flags == [int(bool(fault)) for fault in faults]
            assert tally["kind"] == AXI
        memory.broken = []
        # Software that is wrong about the number of blocks: one too few, and far too many.
        _, flags, tally = await engine.fetch(tensor, 0, blocks=len(sizes) - 1)
        assert flags == [0] * (len(sizes) - 1) + [1]
        assert tally["kind"] == IDX
        blocks, flags, _ = await engine.fetch(tensor, 0, blocks=len(sizes) + 100)
        assert (blocks, any(flags)) == (tensor["values"], False)
        room = sum(sizes[:3]) // 8 - 1
        tally = await engine.store(tensor, HALF, capacity=room)
        assert (tally["kind"], tally["block"]) == (OVF, 2)
        assert tally["faults"] == len(sizes) - 2
        assert tally["words"] == sum(len(block) // 16 for block in tensor["blocks"][:2])
        blocks, flags, tally = await engine.fetch(tensor, HALF, capacity=room)
        assert (blocks[:2], flags) == (tensor["values"][:2], [0, 0] + [1] * (len(sizes) - 2))
        assert (tally["kind"], tally["block"]) == (IDX, 2)
        await engine.store(tensor, HALF)
        await sound(engine, tensor, HALF, "afterwards", "none")


@cocotb.test()
async def what_cannot_be_done_is_refused(dut: Any) -> None:
    engine = await ready(dut)
    tensor = next(t for t in TENSORS if t["name"] == "blocks" and not t["slot"])
    height, width, _, bh, bw, _ = tensor["sizes"]
    await engine.describe(READER, tensor, 0)
    sane = await engine.read("tensor1_format")
    senseless: list[dict[str, int]] = [
        {"pixels": width}, {"pixels": height << 16}, {"channels": 0}, {"block_channels": 0},
        {"block_pixels": bw}, {"block_pixels": bh << 16}, {"data": 4}, {"index": 4},
        {"layout": 1 << 16}, {"block_pixels": 64 << 16 | 65, "block_channels": 1},
        {"block_pixels": 8191 << 16 | 8191, "block_channels": 8191}, {"block_channels": 4097},
        {"format": sane & ~15}, {"format": sane ^ 128}, {"format": sane | 15 << 8},
    ]  # fmt: skip
    if SHAPE[1] < 15:
        senseless.append({"format": sane | 15})
    for which in (WRITER, READER):
        for other in senseless:
            await engine.describe(which, tensor, 0, **other)
            await engine.begin(which)
            assert await engine.end(which), other
            tally = await engine.tally(which)
            assert (tally["kind"], tally["block"], tally["faults"]) == (CFG, 0, 1), other
    tally = await engine.store(tensor, 0)
    assert not tally["faults"]
    await sound(engine, tensor, 0, "after refusals", "none")

    # What an engine works with stands still; the other one may be told of its next tensor.
    for which, mine, own in ((WRITER, "tensor0_key", 2), (READER, "tensor1_key", 0)):
        await engine.describe(which, tensor, 0)
        await engine.begin(which)
        kept = await engine.read(mine)
        assert await engine.poke(AT[mine], kept ^ 0xFF) == AxiResp.SLVERR
        assert await engine.read(mine) == kept
        await engine.write(f"tensor{1 - which}_key", kept)
        await engine.write("table_addr", own << 16)
        assert await engine.poke(AT["table_data"], 0) == AxiResp.SLVERR
        assert await engine.read("table_addr") == own << 16
        answer = await engine.poke(AT["mode"], 0)
        assert answer == (AxiResp.SLVERR if which == READER else AxiResp.OKAY)
        await engine.write("control", 1 << which)  # ignored
        if which == WRITER:
            task: Any = engine.feeder.feed(tensor["values"], "none", SEED)
        else:
            task = engine.taker.take(tensor["signed"], "none", SEED)
        assert not await engine.end(which)
        for _ in range(3):
            await engine.edge
        assert task.done()
    assert task.result()[0] == tensor["values"]


@cocotb.test()
async def both_ways_keep_their_rate(dut: Any) -> None:
    engine = await ready(dut)
    tensor = next(t for t in TENSORS if t["name"] == "steady")
    lay(engine.memory, tensor, 0)
    got, cycles = await engine.steady(tensor)
    assert got == tensor["values"]
    total = sum(map(len, tensor["values"]))
    dut._log.info("%d values, both ways at once, in %d cycles", total, cycles)
    # Beside a cycle for Lanes values: the first block on its way in, the last one on its way out.
    assert cycles <= total / SHAPE[0] * 1.05 + 4 * max(map(len, tensor["values"]))


@cocotb.test()
async def reset_gives_up_what_is_under_way(dut: Any) -> None:
    engine = await ready(dut)
    tensor = next(t for t in TENSORS if t["name"] == "blocks")
    lay(engine.memory, tensor, 0)
    for cycles in (3, 60, 170, 400):
        await engine.cut_short(tensor, cycles)
        assert not (await engine.store(tensor, HALF))["faults"]
        await sound(engine, tensor, HALF, f"reset after {cycles} cycles", "none")


@cocotb.test()
async def a_memory_that_never_answers_is_forgotten(dut: Any) -> None:
    """An abort waits for the bus; software that knows that no answer will come says so."""
    engine = await ready(dut)
    tensor = next(t for t in TENSORS if t["name"] == "blocks" and not t["slot"])
    lay(engine.memory, tensor, HALF)
    for which, base in ((READER, HALF), (WRITER, 0)):
        engine.slave.pause("none", SEED)
        for channel in (engine.slave.channels[2], engine.slave.channels[4]):  # B and R
            channel.set_pause_generator(repeat(True))
        await engine.describe(which, tensor, base)
        if which == WRITER:
            engine.feeder.feed(tensor["values"], "none", SEED)
        await engine.begin(which)
        for _ in range(3000):
            await engine.edge
        await engine.write("control", 4 << which)
        for _ in range(300):
            await engine.edge
        assert (await engine.read("status")) >> which & 1, "at rest with bursts under way"
        await engine.write("control", 16)
        assert await engine.end(which)
        tally = await engine.tally(which)
        assert (tally["kind"], tally["faults"]) == (ABORT, 1)
        dut.m_axi_aresetn.value = 0  # the memory's reset
        await engine.edge
        await engine.edge
        dut.m_axi_aresetn.value = 1
        dut.m_values_ready.value = 1  # the end of the tensor that was given up
        for _ in range(4):
            await engine.edge
        dut.m_values_ready.value = 0
    engine.slave.pause("none", SEED)
    assert not (await engine.store(tensor, 0))["faults"]
    await sound(engine, tensor, 0, "afterwards", "none")
