# SPDX-License-Identifier: Apache-2.0
"""Bench of the registers of the feature-map DMA, against their description.

Fed by a job file (environment ``HWG_JOB``): ``seed``, ``addr_width``, ``count_width`` (bits of the
tally's counters) and ``registers``, by name: ``offset`` and ``fields`` with ``name``, ``low``,
``width``, ``reset``, ``write`` and ``hardware`` (software, hardware can change it), ``pulse`` (acts
once), ``clear`` (a 1 clears).
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import cocotb
from axis import value
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly
from cocotbext.axi import AxiResp

JOB: dict[str, Any] = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
REGISTERS: dict[str, dict[str, Any]] = JOB["registers"]
ADDR = int(JOB["addr_width"])
RNG = random.Random(int(JOB["seed"]))
INPUTS = (
    "aw_valid", "aw_addr", "w_valid", "w_data", "w_strb", "b_ready", "ar_valid", "ar_addr",
    "r_ready", "busy", "done", "tail", "table_known", "block", "block_mode", "fault", "fault_kind",
    "fault_number", "word", "stall",
)  # fmt: skip
# Where the fields of a tensor come out: port and bits of it.
TENSOR = {
    ("data", "addr"): ("data_addr", ADDR), ("index", "addr"): ("index_addr", ADDR),
    ("capacity", "words"): ("capacity", 32), ("blocks", "count"): ("blocks", 32),
    ("layout", "slot"): ("slot", 16), ("layout", "slotted"): ("slotted", 1),
    ("pixels", "width"): ("width", 16), ("pixels", "height"): ("height", 16),
    ("channels", "count"): ("channels", 16), ("block_pixels", "bw"): ("bw", 13),
    ("block_pixels", "bh"): ("bh", 13), ("block_channels", "bc"): ("bc", 13),
    ("format", "bits"): ("bits", 4), ("format", "is_signed"): ("is_signed", 1),
    ("format", "transformed"): ("transformed", 1), ("format", "stored"): ("stored", 1),
    ("format", "coder"): ("tans", 1), ("format", "set"): ("set", 4), ("key", "key"): ("key", 32),
    ("first", "first"): ("first", 32), ("index_room", "words"): ("room", 32),
}  # fmt: skip
# The same of a transform.
TRANSFORM = {
    ("form", "kind"): ("kind", 2), ("form", "klt"): ("klt", 1), ("form", "down"): ("down", 5),
    ("form", "shift"): ("shift", 5), ("map_pixels", "width"): ("map_width", 16),
    ("map_pixels", "height"): ("map_height", 16), ("lo", "value"): ("lo", 32),
    ("hi", "value"): ("hi", 32),
}  # fmt: skip
FACTORS = (("factors", "first"), ("factors", "second"), ("factor", "third"))


class Registers:
    """The unit and its bus."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.edge = FallingEdge(dut.aclk)

    @classmethod
    async def start(cls, dut: Any) -> Registers:
        """Start the clock and reset."""
        for name in INPUTS:
            getattr(dut, name).value = 0
        dut.table_known.value = 1
        dut.aresetn.value = 0
        Clock(dut.aclk, 10, "ns").start()
        made = cls(dut)
        for _ in range(3):
            await made.edge
        dut.aresetn.value = 1
        await made.edge
        return made

    async def poke(self, offset: int, word: int, strobe: int = 15, skew: int = 0) -> int:
        """Write; address *skew* cycles before the data, or behind; return the answer."""
        dut = self.dut
        dut.aw_addr.value, dut.w_data.value, dut.w_strb.value = offset, word, strobe
        dut.aw_valid.value, dut.w_valid.value = int(skew >= 0), int(skew <= 0)
        for _ in range(abs(skew)):
            await ReadOnly()
            assert not value(dut.aw_ready)
            assert not value(dut.w_ready)
            await self.edge
        dut.aw_valid.value = dut.w_valid.value = 1
        await ReadOnly()
        assert value(dut.aw_ready)
        assert value(dut.w_ready)
        await self.edge
        dut.aw_valid.value = dut.w_valid.value = 0
        await ReadOnly()
        assert value(dut.b_valid)
        await self.edge
        answer = value(dut.b_resp)
        dut.b_ready.value = 1
        await self.edge
        dut.b_ready.value = 0
        await ReadOnly()
        assert not value(dut.b_valid)
        await self.edge
        return answer

    async def peek(self, offset: int) -> tuple[int, int]:
        """Read; return the word and the answer."""
        dut = self.dut
        dut.ar_addr.value, dut.ar_valid.value = offset, 1
        await ReadOnly()
        assert value(dut.ar_ready)
        await self.edge
        dut.ar_valid.value = 0
        for _ in range(1 + RNG.randrange(3)):
            await self.edge
        assert value(dut.r_valid)
        found = value(dut.r_data), value(dut.r_resp)
        dut.r_ready.value = 1
        await self.edge
        dut.r_ready.value = 0
        return found

    async def write(self, name: str, word: int, strobe: int = 15) -> None:
        """Write a register."""
        assert await self.poke(REGISTERS[name]["offset"], word, strobe) == AxiResp.OKAY, name

    async def read(self, name: str) -> int:
        """Read a register."""
        word, answer = await self.peek(REGISTERS[name]["offset"])
        assert answer == AxiResp.OKAY, name
        return word


def mask(register: dict[str, Any], *, kept: bool = False) -> int:
    """Return the bits of a register's fields; or of those that keep what is written."""
    fields = register["fields"]
    if kept:
        fields = [f for f in fields if f["write"] and not f["pulse"] and not f["clear"]]
    return sum(((1 << f["width"]) - 1) << f["low"] for f in fields)


def kept(name: str) -> int:
    """Return the bits of a register that keep what is written in a core of this address width."""
    bits = mask(REGISTERS[name], kept=True)
    if name in ("transform0_lo", "transform0_hi", "tensor1_index_room"):
        return 0
    if name.startswith("tensor") and name.endswith("_hi"):
        bits &= (1 << max(ADDR - 32, 0)) - 1
    return 0 if name == "table_data" else bits


@cocotb.test()
async def every_register_is_as_described(dut: Any) -> None:
    bus = await Registers.start(dut)
    state = {}
    for name, register in REGISTERS.items():
        state[name] = sum(f["reset"] << f["low"] for f in register["fields"])
        assert await bus.read(name) == state[name], f"{name} after reset"
    for _ in range(10):
        for name in RNG.sample(sorted(REGISTERS), len(REGISTERS)):
            register = REGISTERS[name]
            word, strobe = RNG.getrandbits(32), RNG.randrange(16)
            if name == "control":
                word &= ~mask(register)
            told = await bus.poke(register["offset"] + RNG.randrange(4), word, strobe,
                                  RNG.randrange(-2, 3))  # fmt: skip
            assert told == AxiResp.OKAY, name
            lanes = sum(0xFF << 8 * i for i in range(4) if strobe >> i & 1)
            state[name] = state[name] & ~(lanes & kept(name)) | word & lanes & kept(name)
            if name == "table_data":  # counts the address up
                low = state["table_addr"] + 1 & 0xFFFF
                state["table_addr"] = state["table_addr"] & ~0xFFFF | low
            for other in (name, RNG.choice(sorted(REGISTERS))):
                assert await bus.read(other) == state[other], f"{other} after {name}"
    for name in REGISTERS:
        assert await bus.read(name) == state[name], f"{name} at last"


@cocotb.test()
async def other_addresses_are_refused(dut: Any) -> None:
    bus = await Registers.start(dut)
    taken = {register["offset"] for register in REGISTERS.values()}
    others = [offset for offset in range(0, 512, 4) if offset not in taken]
    assert len(others) > 40
    before = {name: await bus.read(name) for name in REGISTERS}
    for offset in others:
        assert await bus.poke(offset, 0xFFFF_FFFF) == AxiResp.SLVERR, hex(offset)
        assert await bus.peek(offset) == (0, AxiResp.SLVERR), hex(offset)
    assert {name: await bus.read(name) for name in REGISTERS} == before


@cocotb.test()
async def fields_come_out_where_they_belong(dut: Any) -> None:
    bus = await Registers.start(dut)
    names = [name for name in REGISTERS if name.startswith("tensor")]
    assert {f for name in names for f in
            [(name[8:].removesuffix("_lo").removesuffix("_hi"), x["name"])
             for x in REGISTERS[name]["fields"]]} == set(TENSOR)  # fmt: skip
    words = {}
    for name in names:
        words[name] = RNG.getrandbits(32)
        await bus.write(name, words[name])
    for i in range(2):
        for (register, name), (port, width) in TENSOR.items():
            if name == "addr":
                want = words[f"tensor{i}_{register}_lo"] | words[f"tensor{i}_{register}_hi"] << 32
            else:
                each = REGISTERS[f"tensor{i}_{register}"]["fields"]
                low = next(f["low"] for f in each if f["name"] == name)
                want = words[f"tensor{i}_{register}"] >> low
            if i == 1 and register == "index_room":
                want = 0  # the reader writes no index
            got = value(getattr(dut, port)) >> i * width
            assert (got ^ want) & (1 << width) - 1 == 0, f"{register}.{name} of {i}"
    await transforms_come_out(dut, bus)
    for fast in (1, 0):
        await bus.write("mode", fast)
        assert value(dut.fast) == fast
    limit = RNG.getrandbits(32)
    await bus.write("timeout", limit)
    assert value(dut.limit) == limit
    for tail in (1, 0):
        dut.tail.value = tail
        assert await bus.read("status") == tail << 4
    await bus.write("table_addr", 5 << 16 | 0xFFFE)
    dut.aw_addr.value, dut.w_strb.value = REGISTERS["table_data"]["offset"], 15
    for address, known in ((0xFFFE, 1), (0xFFFF, 0), (0xFFFF, 1), (0, 1)):
        word = RNG.getrandbits(32)
        dut.table_known.value, dut.w_data.value = known, word
        dut.aw_valid.value = dut.w_valid.value = dut.b_ready.value = 1
        await ReadOnly()
        assert value(dut.table_write) == known
        told = [value(getattr(dut, f"table_{part}")) for part in ("kind", "addr", "data")]
        assert told == [5, address, word]
        await bus.edge
        assert value(dut.b_resp) == (AxiResp.OKAY if known else AxiResp.SLVERR)
    dut.aw_valid.value = dut.w_valid.value = 0
    await bus.edge
    dut.b_ready.value = 0
    assert await bus.read("table_addr") == 5 << 16 | 1


async def transforms_come_out(dut: Any, bus: Registers) -> None:
    """Look at the ports of the transforms, if there are any."""
    names = [name for name in REGISTERS if name.startswith("transform")]
    found = {(name[11:], x["name"]) for name in names for x in REGISTERS[name]["fields"]
             if name != "transforms"}  # fmt: skip
    assert found in (set(), {*TRANSFORM, *FACTORS})
    if not found:
        for port, _ in TRANSFORM.values():
            assert value(getattr(dut, port)) == 0
        assert value(dut.factors) == 0
        return
    words = {}
    for name in names:
        words[name] = RNG.getrandbits(32)
        await bus.write(name, words[name])
    for i in range(2):
        ports = {key: (port, i * width, width) for key, (port, width) in TRANSFORM.items()}
        ports |= {key: ("factors", 48 * i + 16 * j, 16) for j, key in enumerate(FACTORS)}
        for (register, name), (port, place, width) in ports.items():
            each = REGISTERS[f"transform{i}_{register}"]["fields"]
            low = next(f["low"] for f in each if f["name"] == name)
            want = words[f"transform{i}_{register}"] >> low & (1 << width) - 1
            if i == 0 and register in ("lo", "hi"):
                want = 0
            got = value(getattr(dut, port)) >> place & (1 << width) - 1
            assert got == want, f"{register}.{name} of {i}"


@cocotb.test()
async def what_is_in_use_is_locked(dut: Any) -> None:
    bus = await Registers.start(dut)
    for busy in range(4):
        dut.busy.value = busy
        assert await bus.read("status") == busy
        for name, register in REGISTERS.items():
            mine = name.startswith(("tensor0", "transform0", "timeout"))
            other = name.startswith(("tensor1", "transform1", "mode"))
            locked = (mine and busy & 1) or (other and busy & 2)
            if name == "control":
                continue
            before = await bus.read(name)
            word = ~before & mask(register)
            told = await bus.poke(register["offset"], word)
            assert told == (AxiResp.SLVERR if locked else AxiResp.OKAY), (name, busy)
            if name == "irq_status" or not kept(name):
                continue
            after = before if locked else before & ~kept(name) | word & kept(name)
            assert await bus.read(name) == after, (name, busy)


@cocotb.test()
async def starts_and_events_are_single(dut: Any) -> None:
    bus = await Registers.start(dut)
    for busy in range(4):
        for word in range(4):
            dut.busy.value = busy
            await bus.edge
            dut.aw_addr.value, dut.w_strb.value = REGISTERS["control"]["offset"], 15
            dut.w_data.value, dut.b_ready.value = word, 1
            dut.aw_valid.value = dut.w_valid.value = 1
            await bus.edge
            dut.aw_valid.value = dut.w_valid.value = 0
            seen = []
            for _ in range(4):
                seen.append(value(dut.start))
                await bus.edge
            assert seen == [word & ~busy, 0, 0, 0], (busy, word)
            dut.b_ready.value = 0
    dut.busy.value = 0
    for word in range(8):  # aborts, and the reset of the bus
        dut.aw_addr.value, dut.w_strb.value = REGISTERS["control"]["offset"], 15
        dut.w_data.value, dut.b_ready.value = word << 2, 1
        dut.aw_valid.value = dut.w_valid.value = 1
        await bus.edge
        dut.aw_valid.value = dut.w_valid.value = 0
        for pulse in (word, 0, 0):
            assert (value(dut.start), value(dut.forget) << 2 | value(dut.abort)) == (0, pulse)
            await bus.edge
        dut.b_ready.value = 0
    await bus.edge
    await bus.write("irq_status", 15)
    for enable in (0, 15, 5):
        await bus.write("irq_enable", enable)
        for event in range(4):
            source, bit = (dut.done, event) if event < 2 else (dut.fault, event - 2)
            source.value = 1 << bit
            await bus.edge
            source.value = 0
            await bus.edge
            assert value(dut.irq) == enable >> event & 1
            assert await bus.read("irq_status") == 1 << event
            await bus.write("irq_status", 15 ^ 1 << event)
            assert await bus.read("irq_status") == 1 << event
            # One that comes in the very cycle in which it is cleared is not lost.
            dut.aw_addr.value = REGISTERS["irq_status"]["offset"]
            dut.w_data.value, dut.w_strb.value, dut.b_ready.value = 1 << event, 15, 1
            dut.aw_valid.value = dut.w_valid.value = 1
            source.value = 1 << bit
            await bus.edge
            dut.aw_valid.value = dut.w_valid.value = 0
            source.value = 0
            await bus.edge
            dut.b_ready.value = 0
            assert await bus.read("irq_status") == 1 << event
            await bus.write("irq_status", 1 << event)
            assert await bus.read("irq_status") == 0
            assert not value(dut.irq)


@cocotb.test()
async def tallies_count(dut: Any) -> None:
    bus = await Registers.start(dut)
    most = (1 << int(JOB["count_width"])) - 1
    names = ("faults", "words", "raw", "zero", "coded", "stalls")
    for run in range(3):
        want = [dict.fromkeys((*names, "fault", "fault_block"), 0) for _ in range(2)]
        for i in range(2):
            await bus.write("control", 1 << i)
        await bus.edge
        for _ in range((60, 9000, 700)[run]):
            drive = {name: 0 for name in ("block", "block_mode", "fault", "fault_kind",
                                          "fault_number", "word", "stall")}  # fmt: skip
            for i in range(2):
                block, stall = RNG.randrange(2), RNG.randrange(2)
                fault = int(RNG.random() < (0.2, 0.0, 0.8)[run])
                mode, kind = RNG.randrange(3), RNG.randrange(1, 10)
                number, words = RNG.getrandbits(32), RNG.randrange(2)
                for name, word, width in (
                    ("block", block, 1), ("block_mode", mode, 2), ("fault", fault, 1),
                    ("fault_kind", kind, 4), ("fault_number", number, 32), ("word", words, 1),
                    ("stall", stall, 1),
                ):  # fmt: skip
                    drive[name] |= word << i * width
                count = want[i]
                if fault and not count["fault"]:
                    count["fault"], count["fault_block"] = 16 | kind, number
                count["faults"] += fault
                if not fault:
                    count[("raw", "zero", "coded")[mode]] += block
                count["words"] += words
                count["stalls"] += stall
            for name, word in drive.items():
                getattr(dut, name).value = word
            await bus.edge
        for name in drive:
            getattr(dut, name).value = 0
        await bus.edge
        status = await bus.read("status")
        for i in range(2):
            for name, number in want[i].items():
                number = min(number, most) if name in names else number
                assert await bus.read(f"tally{i}_{name}") == number, (run, i, name)
            assert status >> (2 + i) & 1 == int(want[i]["fault"] > 0)
    await bus.write("control", 1)  # clears the writer's alone
    for name in (*names, "fault", "fault_block"):
        assert await bus.read(f"tally0_{name}") == 0
    assert await bus.read("tally1_faults")
