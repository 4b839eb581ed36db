# SPDX-License-Identifier: Apache-2.0
"""Software's view of the feature-map DMA: its registers, its value streams, the memory behind it.

What a bench must know stands in its job file (environment ``HWG_JOB``): ``seed``, ``lanes``,
``bits``, ``coder``, ``origin`` (address of the memory), ``registers`` (offset by name) and
``tables`` (words by the memory's kind, of each load); ``word`` (bits of a value in the streams) if
it is not ``bits``. A tensor that the engine transforms has ``turn``: of each engine the words of
its registers and rows; ``given``, the values of the map's blocks that go in, while ``values`` are
those that come out, null where any will do.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from axi_memory import Memory, Slave
from axis import value
from cocotb.clock import Clock
from cocotb.task import Task
from cocotb.triggers import FallingEdge, ReadOnly
from cocotbext.axi import AxiResp
from value_streams import Feeder, Taken, Taker, Values

JOB: dict[str, Any] = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
SEED, SHAPE = int(JOB["seed"]), (int(JOB["lanes"]), int(JOB.get("word", JOB["bits"])))
AT: dict[str, int] = JOB["registers"]
ROWS = 5  # kind of the memories of rows, of the writer and of the reader
SIZE, INDEX, FILL = 1 << 18, 1 << 16, 0xA5  # of the memory; index behind data; what was there
HALF = SIZE // 2  # room of a tensor, index and all
WRITER, READER = 0, 1
MODES = ("raw", "zero", "coded")
WATCHDOG = 120_000  # cycles
Tensor = dict[str, Any]


class Engine:
    """Software's view of the engine."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.edge = FallingEdge(dut.aclk)
        self.memory = Memory(SIZE, FILL)
        self.memory.origin = int(JOB["origin"])
        self.events = 0  # seen, and not yet asked for

    async def start(self) -> None:
        """Start clock and memory, reset, and let all events interrupt."""
        dut = self.dut
        for name in ("awvalid", "wvalid", "arvalid"):
            getattr(dut, f"s_axil_{name}").value = 0
        dut.s_axil_bready.value = dut.s_axil_rready.value = 1
        dut.aresetn.value = dut.m_axi_aresetn.value = 0
        Clock(dut.aclk, 10, "ns").start()
        self.slave = Slave(dut, self.memory, reset=dut.m_axi_aresetn)
        self.feeder, self.taker = Feeder(dut, *SHAPE), Taker(dut, *SHAPE)
        for _ in range(4):
            await self.edge
        dut.aresetn.value = dut.m_axi_aresetn.value = 1
        await self.edge
        await self.write("irq_enable", 0xF)

    async def poke(self, offset: int, word: int) -> int:
        """Write a word; return the answer."""
        dut = self.dut
        dut.s_axil_awaddr.value, dut.s_axil_wdata.value, dut.s_axil_wstrb.value = offset, word, 0xF
        dut.s_axil_awvalid.value = dut.s_axil_wvalid.value = 1
        while True:
            await ReadOnly()
            taken = value(dut.s_axil_awready) and value(dut.s_axil_wready)
            await self.edge
            if taken:
                break
        dut.s_axil_awvalid.value = dut.s_axil_wvalid.value = 0
        await ReadOnly()
        assert value(dut.s_axil_bvalid) == 1
        answer = value(dut.s_axil_bresp)
        await self.edge
        return answer

    async def write(self, name: str, word: int) -> None:
        """Write a register."""
        assert await self.poke(AT[name], word) == AxiResp.OKAY, name

    async def read(self, name: str) -> int:
        """Read a register."""
        dut = self.dut
        dut.s_axil_araddr.value, dut.s_axil_arvalid.value = AT[name], 1
        await ReadOnly()
        assert value(dut.s_axil_arready) == 1
        await self.edge
        dut.s_axil_arvalid.value = 0
        await self.edge
        await ReadOnly()
        assert (value(dut.s_axil_rvalid), value(dut.s_axil_rresp)) == (1, AxiResp.OKAY), name
        word = value(dut.s_axil_rdata)
        await self.edge
        return word

    async def load(self, which: int) -> None:
        """Load tables; none if *which* is negative."""
        for kind, words in enumerate(JOB["tables"][which] if which >= 0 else []):
            if words:
                await self.write("table_addr", kind << 16)
                await self._pour(AT["table_data"], words)
                assert await self.read("table_addr") == kind << 16 | len(words) & 0xFFFF
                # The memory ends here.
                assert await self.poke(AT["table_data"], 1) == AxiResp.SLVERR
            else:
                await self.write("table_addr", kind << 16)
                assert await self.poke(AT["table_data"], 1) == AxiResp.SLVERR, "no such memory"

    async def _pour(self, offset: int, words: list[int]) -> None:
        """Write words to one register, one a cycle."""
        dut = self.dut
        dut.s_axil_awaddr.value, dut.s_axil_wstrb.value = offset, 0xF
        dut.s_axil_awvalid.value = dut.s_axil_wvalid.value = 1
        for word in words:
            dut.s_axil_wdata.value = word
            await self.edge
        dut.s_axil_awvalid.value = dut.s_axil_wvalid.value = 0
        await self.edge

    async def describe(self, which: int, tensor: Tensor, base: int, **other: int) -> None:
        """Write the registers of a tensor that is to lie, or lies, at *base* in memory."""
        data = other.pop("data", base) + self.memory.origin
        index = other.pop("index", base + INDEX) + self.memory.origin
        height, width, channels, bh, bw, bc = tensor["sizes"]
        layout = tensor["slot"] | (1 << 16 if tensor["slot"] else 0)
        shape = tensor["bits"] | int(tensor["signed"]) << 4 | tensor["transformed"] << 5
        shape |= tensor["stored"] << 6 | JOB["coder"] << 7 | tensor["set"] << 8
        words = {
            "data_lo": data & 0xFFFF_FFFF, "data_hi": data >> 32,
            "index_lo": index & 0xFFFF_FFFF, "index_hi": index >> 32,
            "capacity": tensor["capacity"], "blocks": len(tensor["values"]), "layout": layout,
            "pixels": height << 16 | width, "channels": channels, "block_pixels": bh << 16 | bw,
            "block_channels": bc, "format": shape, "key": tensor["key"], "first": 0,
            **({} if which else {"index_room": index_words(tensor)}), **other,
        }  # fmt: skip
        for name, word in words.items():
            await self.write(f"tensor{which}_{name}", word)
        if "turn" in tensor:
            await self.turn(which, **tensor["turn"][which])

    async def turn(self, which: int, registers: dict[str, int], rows: list[int]) -> None:
        """Write registers and rows of a transform."""
        for name, word in registers.items():
            await self.write(name, word)
        if rows:
            await self.write("table_addr", (ROWS + which) << 16)
            await self._pour(AT["table_data"], rows)
            assert await self.read("table_addr") == (ROWS + which) << 16 | len(rows)

    async def begin(self, which: int) -> None:
        """Start an engine."""
        self.events &= ~(0b0101 << which)
        await self.write("control", 1 << which)

    async def end(self, which: int) -> bool:
        """Wait for the interrupt that an engine is done; return whether it told of a fault."""
        cycles = 0
        while not self.events >> which & 1:
            while not value(self.dut.irq):
                await self.edge
                cycles += 1
                assert cycles < WATCHDOG, f"engine {which} hangs"
            seen = await self.read("irq_status")
            assert seen
            await self.write("irq_status", seen)
            self.events |= seen
        assert not (await self.read("status")) >> which & 1
        return bool(self.events >> (2 + which) & 1)

    async def tally(self, which: int) -> dict[str, int]:
        """Return what was counted, and the first fault, 0 for none."""
        names = ("faults", "words", "stalls", *MODES)
        found = {name: await self.read(f"tally{which}_{name}") for name in names}
        fault = await self.read(f"tally{which}_fault")
        assert fault in (0, *range(17, 30)), "a kind without a fault"
        found["kind"] = fault & 15
        found["block"] = await self.read(f"tally{which}_fault_block")
        assert bool(fault) == bool((await self.read("status")) >> (2 + which) & 1)
        return found

    async def store(
        self, tensor: Tensor, base: int, pattern: str = "none", **other: int
    ) -> dict[str, int]:
        """Write a tensor to memory; return the tally."""
        await self.describe(WRITER, tensor, base, **other)
        task = self.feeder.feed(given(tensor), pattern, SEED + 1)
        await self.begin(WRITER)
        fault = await self.end(WRITER)
        await self.given(task)
        tally = await self.tally(WRITER)
        assert fault == (tally["faults"] > 0)
        return tally

    async def given(self, task: Task[None]) -> None:
        """See that all values are taken."""
        for _ in range(3):
            await self.edge
        assert task.done(), "done before all values are taken"

    async def under_way(
        self, old: Tensor, new: Tensor, bases: tuple[int, int], pattern: str, seed: int
    ) -> tuple[Task[None], Task[Taken]]:
        """Begin to read a tensor and to write another one; return what feeds and what takes."""
        await self.describe(READER, old, bases[READER])
        await self.describe(WRITER, new, bases[WRITER])
        giving = self.feeder.feed(given(new), pattern, seed)
        taking = self.taker.take(signed(old), pattern, seed)
        self.events = 0
        await self.write("control", 0b11)
        return giving, taking

    async def both(self, old: Tensor, new: Tensor, bases: tuple[int, int], seed: int) -> Values:
        """Read a tensor while another one is written; return the values that were read."""
        giving, taking = await self.under_way(old, new, bases, "random", seed)
        assert not await self.end(READER)
        assert taking.done()
        assert not await self.end(WRITER)
        await self.given(giving)
        return taking.result()[0]

    async def cut_short(self, tensor: Tensor, cycles: int) -> None:
        """Begin to read and to write a tensor, and reset after some cycles."""
        tasks = await self.under_way(tensor, tensor, (HALF, 0), "random", SEED)
        for _ in range(cycles):
            await self.edge
        for task in tasks:
            task.cancel()
        dut = self.dut
        dut.s_values_valid.value = dut.m_values_ready.value = 0
        dut.aresetn.value = dut.m_axi_aresetn.value = 0
        await self.edge
        await self.edge
        dut.aresetn.value = dut.m_axi_aresetn.value = 1
        await self.edge
        assert await self.read("status") == 0
        await self.write("irq_enable", 0xF)
        self.events = 0

    async def steady(self, tensor: Tensor) -> tuple[Values, int]:
        """Read and write a tensor at full rate; return the values read, and the cycles."""
        giving, taking = await self.under_way(tensor, tensor, (HALF, 0), "none", SEED)
        cycles = 0
        while (await self.read("status")) & 3:
            cycles += 2
            assert cycles < WATCHDOG
        assert giving.done()
        for way in (WRITER, READER):
            assert not (await self.tally(way))["faults"]
        return taking.result()[0], cycles

    async def fetch(
        self, tensor: Tensor, base: int, pattern: str = "none", **other: int
    ) -> tuple[list[list[int]], list[int], dict[str, int]]:
        """Read a tensor; return values of its blocks, which are at fault, and the tally."""
        await self.describe(READER, tensor, base, **other)
        task = self.taker.take(signed(tensor), pattern, SEED + 2)
        await self.begin(READER)
        fault = await self.end(READER)
        assert task.done(), "done before all values are given"
        blocks, faults, stalls = task.result()
        tally = await self.tally(READER)
        assert fault == (tally["faults"] > 0)
        assert tally["stalls"] == stalls
        return blocks, faults, tally


async def ready(dut: Any) -> Engine:
    """Return an engine that was reset, with the first tables in it."""
    engine = Engine(dut)
    await engine.start()
    await engine.load(0)
    return engine


def index_words(tensor: Tensor) -> int:
    """Return the words that its index takes."""
    return 0 if tensor["slot"] else (len(tensor["values"]) + 2) // 2


def signed(tensor: Tensor) -> bool:
    """Tell whether its values are; those of a map that is transformed always are."""
    return "turn" in tensor or bool(tensor["signed"])


def given(tensor: Tensor) -> list[list[int]]:
    """Return the values of its blocks that go in."""
    values: list[list[int]] = tensor["given" if "turn" in tensor else "values"]
    return values


def image(tensor: Tensor, base: int, whole: bytearray) -> None:
    """Lay a tensor into a picture of the memory as the engine leaves it."""
    place = base
    for block in map(bytes.fromhex, tensor["blocks"]):
        whole[place : place + len(block)] = block
        place += 8 * tensor["slot"] or len(block)
    index = bytes.fromhex(tensor["index"])
    whole[base + INDEX : base + INDEX + len(index)] = index


def lay(memory: Memory, tensor: Tensor, base: int) -> None:
    """Lay a tensor into memory as it is, damaged or not; zeros behind it."""
    data, index = bytes.fromhex(tensor["data"]), bytes.fromhex(tensor["index"])
    memory.data[base : base + HALF] = bytes(HALF)
    memory.data[base : base + len(data)] = data
    memory.data[base + INDEX : base + INDEX + len(index)] = index
