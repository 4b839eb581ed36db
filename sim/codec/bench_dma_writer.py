# SPDX-License-Identifier: Apache-2.0
"""Bench of the DMA's writer: values to coded tensors in memory, against software's bytes.

Fed by a job file (environment ``HWG_JOB``): ``seed``, ``lanes``, ``bits``, ``tables`` (of each:
``table``, ``states``, ``weight``, words of memories from address 0 on) and ``tensors``, each with
``load`` (tables that are loaded before it, or -1), its description, ``capacity`` in words,
``values`` (a list a block), ``bound`` (cycles that it may take, or 0), and what software makes of
it: ``blocks`` as hex, ``modes``, ``index`` as hex.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cocotb
from axi_memory import Memory, Slave
from axis import beats, pauses, value
from blocks import pour
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly
from cocotbext.axi import AxiResp

JOB: dict[str, Any] = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
SEED, LANES, BITS = int(JOB["seed"]), int(JOB["lanes"]), int(JOB["bits"])
TENSORS: list[dict[str, Any]] = JOB["tensors"]
SIZE, INDEX, FILL = 1 << 19, 1 << 18, 0xA5  # of the memory; where the index goes; what was there
SIDES = ("height", "width", "channels", "bh", "bw", "bc")
FIELDS = ("slot", "bits", "transformed", "stored", "set", "key", "first")
TABLES = ("table", "states", "weight")
AXI, OVF = 7, 8
WATCHDOG = 200_000  # cycles


@dataclass
class Told:
    """Report of the writer on a tensor: modes of its blocks, faults, words, cycles."""

    modes: list[int] = field(default_factory=list)
    faults: list[tuple[int, int]] = field(default_factory=list)
    words: int = 0
    cycles: int = 0


class Writer:
    """The unit with a memory, a tensor at a time."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.memory = Memory(SIZE, FILL)
        self.edge = FallingEdge(dut.aclk)

    async def start(self) -> None:
        """Start the clock and reset."""
        for name in ("start", "in_valid", *(f"{table}_write" for table in TABLES)):
            getattr(self.dut, name).value = 0
        self.dut.aresetn.value = 0
        Clock(self.dut.aclk, 10, "ns").start()
        self.slave = Slave(self.dut, self.memory)
        for _ in range(4):
            await self.edge
        self.dut.aresetn.value = 1
        await self.edge

    async def load(self, which: int) -> None:
        """Load tables; none if *which* is negative."""
        if which < 0:
            return
        for name in TABLES:
            await pour(self.dut, self.edge, name, JOB["tables"][which][name])

    async def write(
        self, tensor: dict[str, Any], base: int, pattern: str, capacity: int, room: int = 1 << 16
    ) -> Told:
        """Write a tensor; its values pause by a pattern, and junk is offered behind them."""
        dut, told = self.dut, Told()
        for name, side in zip(SIDES, tensor["sizes"], strict=True):
            getattr(dut, name).value = side
        for name in FIELDS:
            getattr(dut, name).value = tensor[name]
        dut.is_signed.value, dut.slotted.value = int(tensor["signed"]), int(tensor["slot"] > 0)
        dut.data_addr.value, dut.index_addr.value, dut.capacity.value = base, INDEX, capacity
        dut.room.value = room
        ahead = beats(tensor["values"], LANES, BITS)
        stop, held = pauses(pattern, SEED + 5, 41), False
        await self.edge
        dut.start.value = 1
        await self.edge
        dut.start.value = 0
        while True:
            held = held or not next(stop)
            dut.in_valid.value = int(held)
            dut.in_data.value = ahead[0] if ahead and held else (1 << LANES * BITS) - 1
            await ReadOnly()
            if not value(dut.busy):
                break
            told.cycles += 1
            assert told.cycles < WATCHDOG, f"hangs with {len(ahead)} beats to come: {told}"
            if held and value(dut.in_ready):
                assert ahead, "more is taken than the tensor has"
                ahead.popleft()
                held = False
            kind, number = value(dut.fault_kind), value(dut.fault_number)
            if value(dut.fault):
                told.faults.append((number, kind))
                # An answer of the bus is told beside no block: that one would not be counted.
                assert kind != AXI or not value(dut.block), "an answer beside a block"
            if value(dut.block):
                told.modes.append(value(dut.block_mode))
            told.words += value(dut.word)
            await self.edge
        await self.edge
        dut.in_valid.value = 0
        assert not ahead, f"done with {len(ahead)} beats to come"
        return told


def image(tensor: dict[str, Any], base: int, kept: int) -> bytearray:
    """Return what memory holds when so many blocks of the tensor found room."""
    memory = bytearray([FILL]) * SIZE
    offsets, place = [0], base
    for number, block in enumerate(map(bytes.fromhex, tensor["blocks"])):
        if number < kept:
            memory[place : place + len(block)] = block
            place += 8 * tensor["slot"] or len(block)
        offsets.append((place - base) // 8)
    if not tensor["slot"]:
        data = b"".join(offset.to_bytes(4, "little") for offset in offsets)
        data += bytes(-len(data) % 8)
        memory[INDEX : INDEX + len(data)] = data
        if kept == len(tensor["blocks"]):
            assert data.hex() == tensor["index"]
    return memory


def check(tensor: dict[str, Any], told: Told, where: str) -> None:
    """Hold what was told of a tensor without a fault against what is known of it."""
    assert not told.faults, f"{where}: {told.faults}"
    assert told.modes == tensor["modes"], where
    assert told.words == sum(len(block) // 16 for block in tensor["blocks"]), where


@cocotb.test()
async def tensors_lie_in_memory_as_software_lays_them(dut: Any) -> None:
    writer = Writer(dut)
    await writer.start()
    for number, tensor in enumerate(TENSORS):
        where = f"tensor {number} ({tensor['name']})"
        pattern = ("none", "random", "long_stall", "none")[number % 4]
        own = ("none", "none", "random", "long_stall")[number % 4]
        base = 4096 * (number % 2) + 64 * (number % 5)
        writer.slave.pause(pattern, SEED + number)
        await writer.load(tensor["load"])
        writer.memory.data[:] = bytes([FILL]) * SIZE
        told = await writer.write(tensor, base, own, tensor["capacity"])
        check(tensor, told, where)
        want = image(tensor, base, len(tensor["blocks"]))
        if writer.memory.data != want:
            at = next(i for i in range(SIZE) if writer.memory.data[i] != want[i])
            raise AssertionError(f"{where}: byte {at - base} of the data is another")
        if tensor["bound"] and pattern == own == "none":
            dut._log.info("%s: %d cycles, at most %d", where, told.cycles, tensor["bound"])
            assert told.cycles <= tensor["bound"], where


@cocotb.test()
async def full_buffers_and_bus_errors_are_told(dut: Any) -> None:
    writer = Writer(dut)
    await writer.start()
    await writer.load(0)
    tensors = [t for t in TENSORS if t["name"] == "blocks"]
    assert {bool(t["slot"]) for t in tensors} == {False, True}
    for tensor in tensors:
        writer.slave.pause("random", SEED)
        sizes = [tensor["slot"] or len(block) // 16 for block in tensor["blocks"]]
        numbers = range(tensor["first"], tensor["first"] + len(sizes))
        for kept in (0, 1, len(sizes) - 2):
            writer.memory.data[:] = bytes([FILL]) * SIZE
            told = await writer.write(tensor, 64, "random", sum(sizes[: kept + 1]) - 1)
            assert told.faults == [(number, OVF) for number in numbers[kept:]]
            assert told.words == sum(len(b) // 16 for b in tensor["blocks"][:kept])
            assert told.modes == tensor["modes"]
            assert writer.memory.data == image(tensor, 64, kept), f"{kept} blocks should lie there"
        if not tensor["slot"]:  # a word too little of the index
            words = len(tensor["index"]) // 16
            for room in (words, words - 1, 0):
                writer.memory.data[:] = bytes([FILL]) * SIZE
                told = await writer.write(tensor, 64, "random", tensor["capacity"], room)
                assert [kind for _, kind in told.faults[:1]] == [OVF] * (room < words), room
                at = INDEX + 8 * room
                assert writer.memory.data[at : at + 64] == bytes([FILL]) * 64, "beyond the index"
        places = [64, 64 + 8 * sum(sizes[:2])] + [INDEX] * (not tensor["slot"])
        for turn, place in enumerate(places):
            writer.memory.answer = (AxiResp.SLVERR, AxiResp.DECERR)[turn % 2]
            writer.memory.broken = [range(place, place + 8)]
            told = await writer.write(tensor, 64, "none", tensor["capacity"])
            assert [kind for _, kind in told.faults] == [AXI], f"{told.faults} at {place}"
            assert told.faults[0][0] in numbers
            assert told.faults[0][0] >= numbers[(0, 2, -1)[turn]]
            writer.memory.broken = []
        writer.memory.broken = [range(SIZE)]  # nothing gets there
        told = await writer.write(tensor, 64, "none", tensor["capacity"])
        assert len(told.faults) >= len(sizes)
        assert {kind for _, kind in told.faults} == {AXI}
        writer.memory.broken = []
        writer.memory.data[:] = bytes([FILL]) * SIZE
        check(tensor, await writer.write(tensor, 64, "none", tensor["capacity"]), "the next one")
        assert writer.memory.data == image(tensor, 64, len(sizes))


@cocotb.test()
async def many_small_blocks_fill_an_index_and_meet_answers(dut: Any) -> None:
    """An index of several writes, and answers in error in every cycle beside blocks."""
    writer = Writer(dut)
    await writer.start()
    await writer.load(0)
    tensor = next(t for t in TENSORS if t["name"] == "column")
    words = len(tensor["index"]) // 16
    assert words > 16
    for room in (words, words - 1, 16, 15, 7, 0):
        writer.memory.data[:] = bytes([FILL]) * SIZE
        told = await writer.write(tensor, 64, "none", tensor["capacity"], room)
        assert [kind for _, kind in told.faults[:1]] == [OVF] * (room < words), room
        at = INDEX + 8 * room
        assert writer.memory.data[at : at + 64] == bytes([FILL]) * 64, f"beyond room {room}"
    writer.memory.broken = [range(SIZE)]
    for turn in range(8):
        writer.slave.pause("none", SEED + turn, late=9 + 4 * turn)
        told = await writer.write(tensor, 64, "none", tensor["capacity"])
        assert len(told.modes) == len(tensor["blocks"])
        assert {kind for _, kind in told.faults} == {AXI}
