# SPDX-License-Identifier: Apache-2.0
"""Bench of the AXI4 masters: what is streamed into one and out of the other, against a memory.

Fed by a job file (environment ``HWG_JOB``): ``seed``, ``data_width``, ``max_burst``.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import cocotb
from axi_memory import ORDERS, Memory, Slave
from axis import pauses, value
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

JOB: dict[str, Any] = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
SEED, WIDTH, BURST = int(JOB["seed"]), int(JOB["data_width"]), int(JOB["max_burst"])
BYTES = WIDTH // 8
SIZE = 1 << 16
FILL = 0xA5
PATTERNS = ("none", "random", "alternate", "long_stall")

Command = tuple[int, int]  # address, beats


async def start(dut: Any) -> tuple[Memory, Slave]:
    memory = Memory(SIZE, FILL)
    for name in (
        "wcmd_valid",
        "rcmd_valid",
        "in_valid",
        "out_ready",
        "in_last",
        "wflush",
        "rflush",
    ):
        getattr(dut, name).value = 0
    dut.aresetn.value = 0
    Clock(dut.aclk, 10, "ns").start()
    slave = Slave(dut, memory)
    for _ in range(4):
        await FallingEdge(dut.aclk)
    dut.aresetn.value = 1
    return memory, slave


def commands(rng: random.Random, count: int) -> list[Command]:
    """Return places that do not overlap: short ones, long ones, ones across 4 KiB."""
    made, at = [], 0
    for _ in range(count):
        at += BYTES * rng.choice((0, 0, 1, 3, 4096 // BYTES - 5))
        beats = rng.choice((1, 2, BURST, BURST + 1, 3 * BURST + rng.randrange(7), 60))
        if at + beats * BYTES > SIZE:
            break
        made.append((at, beats))
        at += beats * BYTES
    return made


async def write(dut: Any, work: list[tuple[int, list[tuple[int, int]]]], pattern: str) -> int:
    """Write (address, [(data, strobe)]), wait for all answers, return the error pulses."""
    stop = pauses(pattern, SEED + 1, 29)
    errors = 0
    commands = [address for address, _ in work]
    beats = [(d, s, k == len(b) - 1) for _, b in work for k, (d, s) in enumerate(b)]
    while commands or beats or not value(dut.widle):
        await FallingEdge(dut.aclk)
        dut.wcmd_valid.value = int(bool(commands))
        dut.wcmd_addr.value = commands[0] if commands else 0
        offered = bool(beats) and not next(stop)
        dut.in_valid.value = int(offered)
        if offered:
            dut.in_data.value, dut.in_strb.value, dut.in_last.value = (
                beats[0][0], beats[0][1], int(beats[0][2]),
            )  # fmt: skip
        await ReadOnly()
        errors += value(dut.werror)
        if commands and value(dut.wcmd_ready):
            commands.pop(0)
        if offered and value(dut.in_ready):
            beats.pop(0)
    await FallingEdge(dut.aclk)
    dut.wcmd_valid.value = dut.in_valid.value = 0
    return errors


async def read(dut: Any, work: list[Command], pattern: str) -> tuple[list[tuple[bytes, int]], int]:
    """Read and return (bytes, beats in error) of every command, and the cycles it took."""
    stop = pauses(pattern, SEED + 2, 29)
    found: list[tuple[bytes, int]] = []
    waiting, cycles = list(work), 0
    data, errors = b"", 0
    while len(found) < len(work):
        await FallingEdge(dut.aclk)
        cycles += 1
        dut.rcmd_valid.value = int(bool(waiting))
        if waiting:
            dut.rcmd_addr.value, dut.rcmd_beats.value = waiting[0]
        ready = not next(stop)
        dut.out_ready.value = int(ready)
        await ReadOnly()
        if waiting and value(dut.rcmd_ready):
            waiting.pop(0)
        if ready and value(dut.out_valid):
            data += max(value(dut.out_data), 0).to_bytes(BYTES, "little")
            errors += value(dut.out_error)
            if value(dut.out_last):
                found.append((data, errors))
                data, errors = b"", 0
    await FallingEdge(dut.aclk)
    dut.rcmd_valid.value = dut.out_ready.value = 0
    return found, cycles


@cocotb.test()
async def writes_and_reads_are_exact_under_stalls(dut: Any) -> None:
    memory, slave = await start(dut)
    rng = random.Random(SEED)
    for pattern in PATTERNS:
        for own in PATTERNS[:3]:
            slave.pause(pattern, rng.getrandbits(30))
            work = commands(rng, 12)
            memory.data[:] = bytes([FILL]) * SIZE
            expected = bytearray(memory.data)
            sent = []
            for address, beats in work:
                words = []
                for k in range(beats):
                    data = rng.getrandbits(WIDTH)
                    full = (1 << BYTES) - 1
                    strobe = full if k < beats - 1 else full >> rng.randrange(0, BYTES, 4)
                    words.append((data, strobe))
                    for i in range(BYTES):
                        if strobe >> i & 1:
                            expected[address + k * BYTES + i] = data >> 8 * i & 255
                sent.append((address, words))
            assert await write(dut, sent, own) == 0
            assert memory.data == expected, f"written otherwise: {pattern}, {own}"
            found, _ = await read(dut, work, own)
            for (address, beats), (got, errors) in zip(work, found, strict=True):
                assert got == bytes(expected[address : address + beats * BYTES]), "read otherwise"
                assert not errors
            assert value(dut.ridle)


def random_words(rng: random.Random, beats: int) -> list[tuple[int, int]]:
    return [(rng.getrandbits(WIDTH), (1 << BYTES) - 1) for _ in range(beats)]


def lay(memory: bytearray, address: int, words: list[tuple[int, int]]) -> None:
    for k, (word, _) in enumerate(words):
        memory[address + k * BYTES : address + (k + 1) * BYTES] = word.to_bytes(BYTES, "little")


@cocotb.test()
async def every_order_of_the_channels_is_served(dut: Any) -> None:
    """A slave may want the address first, the data first, or both at once, and answer late."""
    memory, slave = await start(dut)
    rng = random.Random(SEED + 7)
    for order in ORDERS:
        for late in (0, 60):
            for pattern in ("none", "random"):
                slave.pause(pattern, rng.getrandbits(30), order, late)
                memory.data[:] = bytes([FILL]) * SIZE
                expected = bytearray(memory.data)
                sent = []
                for address, beats in commands(rng, 6):
                    sent.append((address, random_words(rng, beats)))
                    lay(expected, *sent[-1])
                spoilt = sent[rng.randrange(len(sent))][0]
                assert await write(dut, sent, pattern) == 0
                assert memory.data == expected, f"{order}, {late}, {pattern}"
                memory.broken = [range(spoilt, spoilt + BYTES)]  # one place, so one burst
                assert await write(dut, sent, "none") == 1, f"{order}, {late}, {pattern}"
                memory.broken = []


async def interrupted(dut: Any, rng: random.Random, flush: Any, cycles: int) -> None:
    """Offer commands and beats at random, then give up."""
    for cycle in range(cycles + 1):
        await FallingEdge(dut.aclk)
        flush.value = int(cycle == cycles)
        dut.wcmd_valid.value = dut.rcmd_valid.value = 1
        dut.wcmd_addr.value = dut.rcmd_addr.value = BYTES * rng.randrange(SIZE // BYTES // 2)
        dut.rcmd_beats.value = rng.randint(1, 80)
        dut.in_valid.value, dut.in_last.value = rng.randrange(2), int(rng.random() < 0.1)
        dut.in_data.value, dut.in_strb.value = rng.getrandbits(WIDTH), (1 << BYTES) - 1
        dut.out_ready.value = rng.randrange(2)
    await FallingEdge(dut.aclk)
    flush.value = 0
    for name in ("wcmd_valid", "rcmd_valid", "in_valid", "in_last", "out_ready"):
        getattr(dut, name).value = 0


@cocotb.test()
async def what_is_given_up_ends_on_the_bus(dut: Any) -> None:
    """After a flush at any moment the next commands are served as if nothing had been before."""
    memory, slave = await start(dut)
    rng = random.Random(SEED + 9)
    for turn in range(60):
        order, pattern = rng.choice(ORDERS), rng.choice(PATTERNS)
        slave.pause(pattern, rng.getrandbits(30), order, rng.choice((0, 50)))
        memory.broken = [range(SIZE)] if turn % 3 == 0 else []  # answers in error are nobody's
        flush, idle = ((dut.wflush, dut.widle), (dut.rflush, dut.ridle))[turn % 2]
        other = (dut.rflush, dut.wflush)[turn % 2]
        await interrupted(dut, rng, flush, rng.randrange(3, 90))
        other.value = 1
        await FallingEdge(dut.aclk)
        other.value = 0
        cycles = 0
        while not (value(dut.widle) and value(dut.ridle)):
            await FallingEdge(dut.aclk)
            assert not value(dut.werror), "an error of what was given up"
            assert not value(dut.out_valid), "a beat of what was given up"
            cycles += 1
            assert cycles < 20_000, f"a flush hangs: turn {turn}, {order}, {pattern}"
        assert value(idle)
        memory.broken = []
        memory.data[:] = bytes([FILL]) * SIZE
        expected = bytearray(memory.data)
        work = [(BYTES * rng.randrange(8), random_words(rng, rng.randint(1, 3 * BURST)))]
        lay(expected, *work[0])
        assert await write(dut, work, "random") == 0
        assert memory.data == expected, f"turn {turn}"
        found, _ = await read(dut, [(work[0][0], len(work[0][1]))], "random")
        at = work[0][0]
        assert found == [(bytes(expected[at : at + BYTES * len(work[0][1])]), 0)], f"turn {turn}"


@cocotb.test()
async def reads_at_full_rate(dut: Any) -> None:
    _, slave = await start(dut)
    slave.pause("none", 0)
    beats = 24 * BURST if BURST > 1 else 64
    _, cycles = await read(dut, [(0, beats)], "none")
    if BURST >= 16:  # the model needs a few cycles between bursts
        assert cycles <= beats * 1.25 + 40, f"{cycles} cycles for {beats} beats"


@cocotb.test()
async def bus_errors_are_told(dut: Any) -> None:
    memory, slave = await start(dut)
    for pattern in ("none", "random"):
        slave.pause(pattern, SEED)
        memory.broken = [range(4096, 4096 + BYTES)]
        words = [(7, (1 << BYTES) - 1)] * (2 * BURST)
        at = 4096 - BURST * BYTES
        assert await write(dut, [(at, words)], "none") == 1
        found, _ = await read(dut, [(at, 2 * BURST), (0, 3)], "none")
        assert found[0][1] == 1
        assert found[1][1] == 0
        memory.broken = []
        assert await write(dut, [(at, words)], "none") == 0
