# SPDX-License-Identifier: Apache-2.0
"""Bench of the transforms of mode T, there or back: blocks of values in, blocks out, as software.

Fed by a job file (environment ``HWG_JOB``): ``seed``, ``settings`` (names of the ports that say
what a tensor is, and their widths), ``in_width`` and ``out_width`` (bits of a value) and
``sessions`` by claim. A session has ``stalls`` (patterns of blocks, values in and values out),
``bound`` (cycles it may take, 0 for any number) and ``tensors``; a tensor ``rows`` (of the
matrices, from address 0 on), ``settings`` and ``blocks``; a block its ``shape`` in pixels, the
values ``given`` and those ``wanted``, null where any will do.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cocotb
from axis import pauses, value
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

JOB: dict[str, Any] = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
SEED = int(JOB["seed"])
IN_MASK, OUT_MASK = ((1 << int(JOB[f"{way}_width"])) - 1 for way in ("in", "out"))
PATIENCE = 10_000  # cycles without a move: a block of 4096 values takes 4096

Block = dict[str, Any]


class Unit:
    """The unit, stepped a cycle at a time."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.edge = FallingEdge(dut.clk_i)
        self.cycle = 0

    async def start(self) -> None:
        """Start the clock and reset."""
        self.dut.row_write_i.value = 0
        Clock(self.dut.clk_i, 10, unit="ns").start()
        await self.reset(3)

    async def reset(self, cycles: int) -> None:
        """Reset, and withdraw what was offered."""
        await self.edge
        self.dut.rst_ni.value = 0
        self.dut.block_valid_i.value = self.dut.in_valid_i.value = 0
        self.dut.out_ready_i.value = 0
        for _ in range(cycles):
            await self.edge
        self.dut.rst_ni.value = 1

    async def load(self, tensor: dict[str, Any]) -> None:
        """Tell what the next tensor is."""
        dut = self.dut
        await self.edge
        for name, width in JOB["settings"].items():
            getattr(dut, f"{name}_i").value = tensor["settings"][name] & (1 << width) - 1
        for addr, row in enumerate(tensor["rows"]):
            dut.row_write_i.value = 1
            dut.row_addr_i.value = addr
            dut.row_data_i.value = int(row, 16)
            await self.edge
        dut.row_write_i.value = 0

    async def run(self, session: dict[str, Any], cycles: int = 0) -> list[list[int]]:
        """Run a session to its end, or for some cycles, and return the blocks that came out."""
        came: list[list[int]] = []
        stop = [pauses(p, SEED + i, 37) for i, p in enumerate(session["stalls"])]
        began = self.cycle
        for tensor in session["tensors"]:
            await self.load(tensor)
            wanted = len(came) + len(tensor["blocks"])
            await self._tensor(tensor["blocks"], came, wanted, stop, cycles and began + cycles)
            if cycles and self.cycle >= began + cycles:
                return came
        taken, bound = self.cycle - began, int(session["bound"])
        assert not bound or taken <= bound, f"{taken} cycles, at most {bound} expected"
        return came

    async def _tensor(
        self, blocks: list[Block], came: list[list[int]], wanted: int, stop: list[Iterator[bool]],
        until: int,
    ) -> None:  # fmt: skip
        dut = self.dut
        ahead = deque(blocks)
        data = deque(v & IN_MASK for block in blocks for v in block["given"])
        values: list[int] = []
        held: tuple[int, int] | None = None
        quiet = 0
        block_valid = in_valid = False
        while len(came) < wanted and (self.cycle < until or not until):
            await self.edge
            if not block_valid and ahead and not next(stop[0]):
                block_valid = True
                for name, side in zip("hwc", ahead[0]["shape"], strict=True):
                    getattr(dut, f"block_{name}_i").value = side
            if not in_valid:
                # What lies there without valid must not matter.
                in_valid = bool(data) and not next(stop[1])
                dut.in_value_i.value = data[0] if in_valid else (self.cycle * 77) & IN_MASK
            willing = not next(stop[2])
            dut.block_valid_i.value, dut.in_valid_i.value = int(block_valid), int(in_valid)
            dut.out_ready_i.value = int(willing)
            await ReadOnly()
            self.cycle += 1
            quiet += 1
            if block_valid and value(dut.block_ready_o):
                block_valid, quiet = False, 0
                ahead.popleft()
            if in_valid and value(dut.in_ready_o):
                in_valid, quiet = False, 0
                data.popleft()
            if value(dut.out_valid_o):
                found = (value(dut.out_value_o), value(dut.out_last_o))
                assert held in (None, found), "a value changed while it was stalled"
                held = None if willing else found
                if willing:
                    quiet = 0
                    values.append(found[0])
                    if found[1]:
                        came.append(values)
                        values = []
            else:
                assert held is None, "a value was withdrawn"
            assert quiet < PATIENCE, f"hangs after {len(came)} of {wanted} blocks"


def compare(session: dict[str, Any], came: list[list[int]]) -> None:
    """Hold what came out against what software says."""
    blocks = [(t, b) for t in session["tensors"] for b in t["blocks"]]
    for i, ((tensor, block), values) in enumerate(zip(blocks, came, strict=True)):
        where = f"{session['name']}, block {i} {block['shape']}, {tensor['settings']}"
        assert len(values) == len(block["wanted"]), f"{where}: {len(values)} values"
        for place, (got, want) in enumerate(zip(values, block["wanted"], strict=True)):
            good = want is None or got == want & OUT_MASK
            assert good, f"{where}: value {place} is {got}, not {want}"


async def _all(dut: Any, claim: str) -> None:
    unit = Unit(dut)
    await unit.start()
    assert JOB["sessions"][claim]
    for session in JOB["sessions"][claim]:
        compare(session, await unit.run(session))


@cocotb.test()
async def transforms_as_software_does(dut: Any) -> None:
    await _all(dut, "transforms_as_software_does")


@cocotb.test()
async def keeps_its_rate(dut: Any) -> None:
    await _all(dut, "keeps_its_rate")


@cocotb.test()
async def recovers_from_reset_midstream(dut: Any) -> None:
    unit = Unit(dut)
    await unit.start()
    session = JOB["sessions"]["transforms_as_software_does"][0]
    for length in (7, 60, 200, 500):
        await unit.run(session, length)
        await unit.reset(1)
        compare(session, await unit.run(session))
