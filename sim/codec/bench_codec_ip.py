# SPDX-License-Identifier: Apache-2.0
"""Bench of the packaged feature-map engine: what a driver does to its registers, on the hardware.

Fed by a job file (environment ``HWG_JOB``): ``seed``, ``bytes`` (of a beat), and ``sessions`` by
claim: a list of steps, each a list of what to do and its arguments:

- ``write``, offset, word: of a register, as all offsets are;
- ``refused``, offset, word: the same, answered with an error;
- ``expect``, offset, word;
- ``memory``, address, hex: put there;
- ``compare``, address, hex: is there;
- ``clear``: the memory;
- ``send``, hex: a tensor goes into the stream while the next steps run;
- ``take``, hex, users: a tensor comes out of the stream, with these marks of its beats;
- ``wait``: until the interrupt;
- ``pause``, pattern: of every bus but the registers'.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cocotb
from axi_memory import Memory, Slave
from axis import pauses
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

JOB: dict[str, Any] = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
SEED, BEAT = int(JOB["seed"]), int(JOB["bytes"])
SIZE, FILL = 1 << 16, 0xA5
LIMIT = 1_000_000  # nanoseconds that any step may take


class Core:
    """Masters, a memory and streams on every bus of the core."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        reset = (dut.aclk, dut.aresetn, False)
        self.memory = Memory(SIZE, FILL)
        self.slave = Slave(dut, self.memory, "m_axi_gmem", dut.m_axi_gmem_aresetn)
        self.lite = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi_control"), *reset)
        for part in (self.lite.write_if, self.lite.read_if):
            part.log.setLevel("WARNING")
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis_values"), *reset)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis_values"), *reset)

    async def start(self) -> None:
        """Start the clock, and reset."""
        self.dut.aresetn.value = self.dut.m_axi_gmem_aresetn.value = 0
        Clock(self.dut.aclk, 10, "ns").start()
        await ClockCycles(self.dut.aclk, 4)
        self.dut.aresetn.value = self.dut.m_axi_gmem_aresetn.value = 1
        await ClockCycles(self.dut.aclk, 2)

    async def pause(self, pattern: str) -> None:
        """Pause every bus but the registers' from now on."""
        self.slave.pause(pattern, SEED)
        self.source.set_pause_generator(pauses(pattern, SEED + 1, 29))
        self.sink.set_pause_generator(pauses(pattern, SEED + 2, 31))

    async def write(self, offset: int, word: int, answer: AxiResp = AxiResp.OKAY) -> None:
        """Write a register, and look at the answer."""
        got = await self.lite.write(offset, word.to_bytes(4, "little"))
        assert got.resp == answer, f"a write to {offset:#x} answers {got.resp}"

    async def refused(self, offset: int, word: int) -> None:
        """Write what is answered with an error."""
        await self.write(offset, word, AxiResp.SLVERR)

    async def expect(self, offset: int, word: int) -> None:
        """Read a register."""
        answer = await self.lite.read(offset, 4)
        found = int.from_bytes(answer.data, "little")
        assert answer.resp == AxiResp.OKAY, f"a read of {offset:#x} answers {answer.resp}"
        assert found == word, f"{offset:#x} reads {found:#x}, expected {word:#x}"

    async def memory_step(self, address: int, text: str) -> None:
        """Put bytes into the memory."""
        data = bytes.fromhex(text)
        self.memory.data[address : address + len(data)] = data

    async def compare(self, address: int, text: str) -> None:
        """Compare bytes of the memory."""
        data = bytes.fromhex(text)
        found = bytes(self.memory.data[address : address + len(data)])
        wrong = [i for i, (a, b) in enumerate(zip(found, data, strict=True)) if a != b]
        assert not wrong, f"memory differs at {address + wrong[0]:#x}, in {len(wrong)} bytes"

    async def clear(self) -> None:
        """Fill the memory anew."""
        self.memory.data[:] = bytes([FILL]) * SIZE

    async def send(self, text: str) -> None:
        """Offer a tensor; it goes while other steps run."""
        self.source.send_nowait(AxiStreamFrame(bytes.fromhex(text)))

    async def take(self, text: str, users: list[int]) -> None:
        """Take a tensor, and compare."""
        frame = await self.sink.recv(compact=False)
        assert bytes(frame.tdata) == bytes.fromhex(text), "other values came"
        assert frame.tuser[::BEAT] == users, "other marks came"

    async def wait(self) -> None:
        """Wait for the interrupt."""
        while not int(self.dut.irq.value):
            await RisingEdge(self.dut.aclk)

    async def hold(self, beats: int) -> None:
        """Let the source stop when so many beats are taken."""
        self.source.set_pause_generator(_stopping(self.dut, beats))

    async def halt(self) -> None:
        """Let the sink stop."""
        self.sink.clear_pause_generator()
        self.sink.pause = True

    async def release(self) -> None:
        """Let source and sink go on."""
        for end in (self.source, self.sink):
            end.clear_pause_generator()
            end.pause = False

    async def sent(self) -> None:
        """Wait until all is taken of what the source was given."""
        await self.source.wait()

    async def idle(self, cycles: int) -> None:
        """Let cycles pass."""
        await ClockCycles(self.dut.aclk, cycles)

    async def given_up(self) -> None:
        """Take a tensor that ends with a beat without values, at fault."""
        frame = await self.sink.recv(compact=False)
        assert frame.tuser[-1] == 3, f"the last beat is marked {frame.tuser[-1]:#x}"

    async def run(self, steps: list[list[Any]]) -> None:
        """Run the steps of a session."""
        for number, (what, *arguments) in enumerate(steps):
            step = getattr(self, "memory_step" if what == "memory" else what)
            try:
                await with_timeout(step(*arguments), LIMIT, "ns")
            except Exception as problem:
                raise AssertionError(f"step {number}, {what}: {problem}") from problem
        assert self.sink.empty()


def _stopping(dut: Any, beats: int) -> Iterator[bool]:
    """Yield pauses of a source that stops when so many beats are taken."""
    while beats > 1:
        taken = int(dut.s_axis_values_tvalid.value) and int(dut.s_axis_values_tready.value)
        beats -= taken
        yield False
    while True:
        yield True


async def _session(dut: Any, name: str) -> None:
    core = Core(dut)
    await core.start()
    await core.run(JOB["sessions"][name])


@cocotb.test()
async def tensors_come_back_and_damage_is_told(dut: Any) -> None:
    await _session(dut, "tensors_come_back_and_damage_is_told")


@cocotb.test()
async def a_tensor_is_given_up_and_the_next_one_is_right(dut: Any) -> None:
    await _session(dut, "a_tensor_is_given_up_and_the_next_one_is_right")


@cocotb.test()
async def a_tensor_it_cannot_do_is_refused(dut: Any) -> None:
    await _session(dut, "a_tensor_it_cannot_do_is_refused")
