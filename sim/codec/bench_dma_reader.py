# SPDX-License-Identifier: Apache-2.0
"""Bench of the DMA's reader: coded tensors in memory to values, against what software decodes.

Fed by a job file (environment ``HWG_JOB``): ``seed``, ``lanes``, ``bits``, ``table``, ``weights``
and ``tensors``, each with ``sizes``, ``slot``, ``bits``, ``signed``, ``transformed``, ``set``,
``key``, ``data`` and ``index`` as hex, ``capacity``, ``blocks``, and what must come out: ``values``
(a list a block) and ``faults`` (a number a block).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import cocotb
from axi_memory import Memory, Slave
from axis import pauses, value
from blocks import pour
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

JOB: dict[str, Any] = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
SEED, LANES, BITS = int(JOB["seed"]), int(JOB["lanes"]), int(JOB["bits"])
TENSORS: list[dict[str, Any]] = JOB["tensors"]
SIZE, INDEX = 1 << 19, 1 << 18  # of the memory; where the index goes
SIZES = ("height", "width", "channels", "bh", "bw", "bc")
WATCHDOG = 120_000  # cycles


async def start(dut: Any) -> tuple[Memory, Slave]:
    memory = Memory(SIZE, 0)
    for name in ("start", "fast", "table_write", "weight_write", "out_ready"):
        getattr(dut, name).value = 0
    dut.aresetn.value = 0
    Clock(dut.aclk, 10, "ns").start()
    slave = Slave(dut, memory)
    for _ in range(4):
        await FallingEdge(dut.aclk)
    dut.aresetn.value = 1
    for name, words in (("table", JOB["table"]), ("weight", JOB["weights"])):
        await pour(dut, FallingEdge(dut.aclk), name, words)
    return memory, slave


def place(dut: Any, memory: Memory, tensor: dict[str, Any], base: int) -> None:
    """Lay a tensor into memory and tell the engine of it."""
    data, index = bytes.fromhex(tensor["data"]), bytes.fromhex(tensor["index"])
    memory.data[:] = bytes(SIZE)
    memory.data[base : base + len(data)] = data
    memory.data[INDEX : INDEX + len(index)] = index
    for name, size in zip(SIZES, tensor["sizes"], strict=True):
        getattr(dut, name).value = size
    dut.data_addr.value, dut.index_addr.value = base, INDEX
    dut.slotted.value, dut.slot.value = int(tensor["slot"] > 0), tensor["slot"]
    dut.is_signed.value, dut.first.value = int(tensor["signed"]), 0
    for name in ("bits", "capacity", "blocks", "transformed", "set", "key"):
        getattr(dut, name).value = tensor[name]


async def deliver(dut: Any, tensor: dict[str, Any], pattern: str) -> tuple[Any, list[int], int]:
    """Return the values of every block, its fault, and the cycles from first to last beat."""
    stop = pauses(pattern, SEED + 3, 41)
    await FallingEdge(dut.aclk)
    dut.start.value = 1
    await FallingEdge(dut.aclk)
    dut.start.value = 0
    blocks: list[list[int]] = [[]]
    faults: list[int] = []
    done, cycles, first = False, 0, 0
    while not done:
        await FallingEdge(dut.aclk)
        cycles += 1
        assert cycles < WATCHDOG, "the reader hangs"
        ready = not next(stop)
        dut.out_ready.value = int(ready)
        await ReadOnly()
        if not (ready and value(dut.out_valid)):
            continue
        first = first or cycles
        word, count = value(dut.out_data), value(dut.out_count)
        assert 1 <= count <= LANES
        for k in range(count):
            code = word >> (k * BITS) & ((1 << BITS) - 1)
            if tensor["signed"] and code >> (BITS - 1):
                code -= 1 << BITS
            blocks[-1].append(code)
        if value(dut.out_block):
            kind = value(dut.fault_kind) if value(dut.fault) else 0
            assert bool(kind) == bool(value(dut.out_fault))
            assert not kind or value(dut.fault_number) == len(faults)
            faults.append(kind)
            blocks.append([])
        done = bool(value(dut.out_last))
    await FallingEdge(dut.aclk)
    dut.out_ready.value = 0
    spent = cycles - first
    while value(dut.busy):
        await FallingEdge(dut.aclk)
        cycles += 1
        assert cycles < WATCHDOG, "the reader stays busy"
    assert not blocks.pop()
    return blocks, faults, spent


@cocotb.test()
async def tensors_come_back_as_software_decodes_them(dut: Any) -> None:
    memory, slave = await start(dut)
    for number, tensor in enumerate(TENSORS):
        pattern = ("none", "random", "long_stall", "none")[number % 4]
        own = ("none", "none", "random", "long_stall")[number % 4]
        slave.pause(pattern, SEED + number)
        place(dut, memory, tensor, 64 * (number % 5) + 4096 * (number % 2))
        fast = number % 3 == 2 and not any(tensor["faults"]) and not tensor.get("timed")
        dut.fast.value = int(fast)
        blocks, faults, spent = await deliver(dut, tensor, own)
        assert faults == tensor["faults"], (number, tensor["name"])
        for k, (got, want) in enumerate(zip(blocks, tensor["values"], strict=True)):
            assert got == want, f"tensor {number} ({tensor['name']}), block {k}"
        # A block that leaves while it is decoded leaves at its lane's pace.
        if tensor.get("timed") and pattern == own == "none" and not fast:
            total = sum(map(len, blocks))
            dut._log.info("%s: %d values in %d cycles", tensor["name"], total, spent)
            assert spent <= total / LANES * 1.03 + 60, f"{total} values took {spent} cycles"
