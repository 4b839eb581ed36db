# SPDX-License-Identifier: Apache-2.0
"""Bench of the DMA's store and fetch units: blocks to memory and back, against images of software.

Fed by a job file (environment ``HWG_JOB``): ``seed``, ``tensors`` with ``sizes`` (height, width,
channels, bh, bw, bc), ``slot`` in words (0: packed), ``blocks`` as hex of their bytes, ``shapes``,
``index`` as hex.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import cocotb
from axi_memory import Memory, Slave
from axis import pauses, value
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

JOB: dict[str, Any] = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
SEED = int(JOB["seed"])
TENSORS: list[dict[str, Any]] = JOB["tensors"]
SIZE = 1 << 17
INDEX = 1 << 16  # where the index goes
FILL = 0xA5
IDX, LEN, AXI = 1, 2, 7
NAMES = ("height", "width", "channels", "bh", "bw", "bc")

Found = list[tuple[list[int], bytes, int]]  # number, h, w, c, values, fault; bytes; words in error


async def start(dut: Any) -> tuple[Memory, Slave]:
    memory = Memory(SIZE, FILL)
    for name in ("fetch_start", "store_start", "out_ready", "word_ready", "in_valid", "put_valid"):
        getattr(dut, name).value = 0
    dut.aresetn.value = 0
    Clock(dut.aclk, 10, "ns").start()
    slave = Slave(dut, memory)
    for _ in range(4):
        await FallingEdge(dut.aclk)
    dut.aresetn.value = 1
    return memory, slave


def base_of(tensor: dict[str, Any], number: int) -> int:
    """Addresses of a tensor, so that some cross 4 KiB."""
    return 4096 * (number % 2) + 64 * (number % 7)


def image(tensor: dict[str, Any]) -> bytes:
    blocks = [bytes.fromhex(b) for b in tensor["blocks"]]
    slot = 8 * int(tensor["slot"])
    return b"".join(b + bytes([FILL]) * (slot - len(b)) if slot else b for b in blocks)


def configure(dut: Any, tensor: dict[str, Any], base: int, capacity: int = 1 << 20) -> None:
    for name, size in zip(NAMES, tensor["sizes"], strict=True):
        getattr(dut, name).value = size
    dut.data_addr.value, dut.index_addr.value = base, INDEX
    dut.slotted.value, dut.slot.value = int(tensor["slot"] > 0), tensor["slot"]
    dut.capacity.value, dut.blocks.value = capacity, len(tensor["blocks"])
    dut.room.value = len(tensor["index"]) // 16


async def pulse(dut: Any, name: str) -> None:
    await FallingEdge(dut.aclk)
    getattr(dut, name).value = 1
    await FallingEdge(dut.aclk)
    getattr(dut, name).value = 0


async def store(dut: Any, tensor: dict[str, Any], pattern: str) -> tuple[int, int]:
    """Write a tensor; return overflows and bus errors."""
    stop = pauses(pattern, SEED + 5, 23)
    await pulse(dut, "store_start")
    waiting = [bytes.fromhex(b) for b in tensor["blocks"]]
    words: list[int] = []
    overflows = errors = cycles = 0
    while waiting or words or value(dut.store_busy):
        await FallingEdge(dut.aclk)
        cycles += 1
        assert cycles < 100_000, "the store unit hangs"
        dut.in_valid.value = int(bool(waiting))
        if waiting:
            dut.in_words.value, dut.in_final.value = len(waiting[0]) // 8, int(len(waiting) == 1)
        offered = bool(words) and not next(stop)
        dut.put_valid.value = int(offered)
        if offered:
            dut.put_data.value = words[0]
        await ReadOnly()
        overflows += value(dut.overflow)
        errors += value(dut.store_error)
        if offered and value(dut.put_ready):
            words.pop(0)
        if waiting and value(dut.in_ready):
            block = waiting.pop(0)
            words += [int.from_bytes(block[i : i + 8], "little") for i in range(0, len(block), 8)]
    await FallingEdge(dut.aclk)
    dut.in_valid.value = dut.put_valid.value = 0
    return overflows, errors


async def fetch(dut: Any, tensor: dict[str, Any], pattern: str) -> Found:
    """Read a tensor; return what every block was told to be, and its bytes."""
    stop, halt = pauses(pattern, SEED + 6, 23), pauses(pattern, SEED + 7, 31)
    await pulse(dut, "fetch_start")
    found: Found = []
    pending: list[int] = []  # places in found whose words are to come
    data, errors, cycles = b"", 0, 0
    while len(found) < len(tensor["shapes"]) or pending or value(dut.fetch_busy):
        await FallingEdge(dut.aclk)
        cycles += 1
        assert cycles < 100_000, "the fetch unit hangs"
        ready, take = not next(stop), not next(halt)
        dut.out_ready.value, dut.word_ready.value = int(ready), int(take)
        await ReadOnly()
        if take and value(dut.word_valid):
            data += value(dut.word_data).to_bytes(8, "little")
            errors += value(dut.word_error)
            if value(dut.word_last):
                place = pending.pop(0)
                found[place] = (found[place][0], data, errors)
                data, errors = b"", 0
        if ready and value(dut.out_valid):
            told = [value(getattr(dut, f"out_{n}")) for n in ("number", "h", "w", "c", "values")]
            if value(dut.out_words):
                pending.append(len(found))
            found.append(([*told, value(dut.out_fault)], b"", 0))
    await FallingEdge(dut.aclk)
    dut.out_ready.value = dut.word_ready.value = 0
    return found


def check(tensor: dict[str, Any], found: Found, faults: dict[int, int]) -> None:
    assert len(found) == len(tensor["shapes"])
    for number, (shape, block) in enumerate(zip(tensor["shapes"], tensor["blocks"], strict=True)):
        told, data, errors = found[number]
        h, w, c = shape
        assert told == [number, h, w, c, h * w * c, faults.get(number, 0)], (number, told)
        assert data == (b"" if number in faults else bytes.fromhex(block))
        assert not errors


@cocotb.test()
async def tensors_go_to_memory_as_software_lays_them(dut: Any) -> None:
    memory, slave = await start(dut)
    for number, tensor in enumerate(TENSORS):
        pattern = ("none", "random", "long_stall")[number % 3]
        slave.pause(pattern, SEED + number)
        base = base_of(tensor, number)
        memory.data[:] = bytes([FILL]) * SIZE
        expected = bytearray(memory.data)
        whole = image(tensor)
        expected[base : base + len(whole)] = whole
        index = bytes.fromhex(tensor["index"])
        expected[INDEX : INDEX + len(index)] = index
        configure(dut, tensor, base)
        assert await store(dut, tensor, ("none", "random")[number % 2]) == (0, 0)
        assert memory.data == expected, f"tensor {number} lies otherwise"
        check(tensor, await fetch(dut, tensor, pattern), {})


@cocotb.test()
async def a_bad_index_is_told_and_nothing_hangs(dut: Any) -> None:
    memory, slave = await start(dut)
    rng = random.Random(SEED)
    packed = [t for t in TENSORS if not t["slot"] and len(t["blocks"]) > 3]
    for number, tensor in enumerate(packed):
        slave.pause(("none", "random")[number % 2], SEED)
        blocks = len(tensor["blocks"])
        whole, index = image(tensor), bytearray.fromhex(tensor["index"])
        memory.data[64 : 64 + len(whole)] = whole
        at = rng.randrange(1, blocks)
        for kind in ("past", "back", "first", "long", "short"):
            broken, faults = bytearray(index), {}
            if kind == "past":  # the blocks on both sides of the entry suffer
                broken[4 * at : 4 * at + 4] = (1 << 20).to_bytes(4, "little")
                faults = {at - 1: IDX, at: IDX}
            elif kind == "back":
                broken[4 * at : 4 * at + 4] = broken[4 * at - 4 : 4 * at]
                faults = {at - 1: IDX}
            elif kind == "first":
                broken[0] = 1
                faults = dict.fromkeys(range(blocks), IDX)
            elif kind == "long":
                broken[4 * blocks : 4 * blocks + 4] = (1 << 15).to_bytes(4, "little")
                faults = {blocks - 1: LEN}
            configure(dut, tensor, 64, 1 << 15)
            memory.data[INDEX : INDEX + len(broken)] = broken
            if kind == "short":  # software told of too few
                dut.blocks.value = at
                faults = dict.fromkeys(range(at, blocks), IDX)
            found = await fetch(dut, tensor, "random")
            if kind == "back":  # the next block begins where the broken one did
                found[at] = (found[at][0], bytes.fromhex(tensor["blocks"][at]), 0)
            check(tensor, found, faults)
        memory.data[INDEX : INDEX + len(index)] = index
        configure(dut, tensor, 64)
        check(tensor, await fetch(dut, tensor, "none"), {})


@cocotb.test()
async def a_full_buffer_and_bus_errors_are_told(dut: Any) -> None:
    memory, slave = await start(dut)
    slave.pause("none", SEED)
    tensor = next(t for t in TENSORS if not t["slot"] and len(t["blocks"]) > 3)
    sizes = [len(b) // 16 for b in tensor["blocks"]]
    kept = 2
    configure(dut, tensor, 0, sum(sizes[: kept + 1]) - 1)
    assert await store(dut, tensor, "none") == (len(sizes) - kept, 0)
    assert memory.data[8 * sum(sizes[:kept]) : INDEX] == bytes([FILL]) * (
        INDEX - 8 * sum(sizes[:kept])
    )
    faults = dict.fromkeys(range(kept, len(sizes)), IDX)
    check(tensor, await fetch(dut, tensor, "none"), faults)
    memory.broken = [range(0, 8)]
    assert (await store(dut, tensor, "none"))[1] >= 1
    memory.broken = []
    configure(dut, tensor, 0)
    assert await store(dut, tensor, "none") == (0, 0)
    memory.broken = [range(8 * sizes[0], 8 * sizes[0] + 8)]
    found = await fetch(dut, tensor, "none")
    assert [bool(errors) for _, _, errors in found][:3] == [False, True, False]
    memory.broken = [range(INDEX, INDEX + 8)]
    found = await fetch(dut, tensor, "none")
    assert found[0][0][5] == found[1][0][5] == AXI
    memory.broken = []
    check(tensor, await fetch(dut, tensor, "none"), {})
