# SPDX-License-Identifier: Apache-2.0
"""Bench of the decoder of coded feature maps: blocks in, values out, against what software says.

Fed by a job file (environment ``HWG_JOB``): ``seed``, ``lanes``, ``bits``, ``tables`` (words of the
tables' memory from address 0 on), ``weights`` and ``sessions`` by claim. A session has ``strict``,
``stalls`` (patterns of blocks, words and values), ``bound`` (cycles it may take, 0 for any number)
and ``tensors``; a tensor its settings and ``blocks``; a block what comes with it, its ``words``,
and what must come out: ``values``, ``fault``, ``mode``.
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
SEED, LANES, BITS = int(JOB["seed"]), int(JOB["lanes"]), int(JOB["bits"])
SETTINGS = ("bits", "signed", "set", "transformed", "key")
PATIENCE = 40_000  # cycles without a move: a block of 4096 pixels of one channel takes 32,768


class Decoder:
    """The unit, stepped a cycle at a time."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.edge = FallingEdge(dut.clk_i)
        self.cycle = 0

    async def start(self) -> None:
        """Start the clock, reset, and load the tables."""
        dut = self.dut
        for name in ("table_write", "weight_write", "block_valid", "word_valid", "out_ready"):
            getattr(dut, f"{name}_i").value = 0
        Clock(dut.clk_i, 10, unit="ns").start()
        await self.reset(3)
        for kind in ("table", "weight"):
            getattr(dut, f"{kind}_write_i").value = 1
            for addr, word in enumerate(JOB[f"{kind}s"]):
                getattr(dut, f"{kind}_addr_i").value = addr
                getattr(dut, f"{kind}_data_i").value = word
                await self.edge
            getattr(dut, f"{kind}_write_i").value = 0

    async def reset(self, cycles: int) -> None:
        """Reset, and withdraw what was offered."""
        await self.edge
        self.dut.rst_ni.value = 0
        self.dut.block_valid_i.value = self.dut.word_valid_i.value = 0
        for _ in range(cycles):
            await self.edge
        self.dut.rst_ni.value = 1

    async def run(self, session: dict[str, Any], cycles: int = 0) -> list[list[Any]]:
        """Run a session to its end, or for some cycles.

        Returns:
            Of every block that came out values, fault and mode.
        """
        dut = self.dut
        await self.edge
        dut.strict_i.value = int(session["strict"])
        came: list[list[Any]] = []
        stop = [pauses(p, SEED + i, 37) for i, p in enumerate(session["stalls"])]
        began = self.cycle
        for tensor in session["tensors"]:
            await self.edge
            for name in SETTINGS:
                getattr(dut, f"{name}_i").value = tensor[name]
            wanted = len(came) + len(tensor["blocks"])
            await self._tensor(tensor["blocks"], came, wanted, stop, cycles and began + cycles)
            if cycles and self.cycle >= began + cycles:
                return came
        taken = self.cycle - began
        bound = int(session["bound"])
        assert not bound or taken <= bound, f"{taken} cycles, at most {bound} expected"
        return came

    async def _tensor(
        self, blocks: list[Any], came: list[list[Any]], wanted: int, stop: list[Iterator[bool]],
        until: int,
    ) -> None:  # fmt: skip
        dut = self.dut
        ahead = deque(blocks)
        words: deque[tuple[int, int, int]] = deque()
        values: list[int] = []
        held: int | None = None
        quiet = 0
        block_valid = word_valid = False
        while len(came) < wanted and (self.cycle < until or not until):
            await self.edge
            if not block_valid and ahead and not next(stop[0]):
                block_valid = True
                block = ahead[0]
                dut.block_number_i.value = block["number"]
                for name, side in zip("hwc", block["shape"], strict=True):
                    getattr(dut, f"block_{name}_i").value = side
                dut.block_fault_i.value = block["given"]
            if not word_valid and words and not next(stop[1]):
                word_valid = True
                dut.word_data_i.value, dut.word_last_i.value, dut.word_error_i.value = words[0]
            willing = not next(stop[2])
            dut.block_valid_i.value, dut.word_valid_i.value = int(block_valid), int(word_valid)
            dut.out_ready_i.value = int(willing)
            await ReadOnly()
            self.cycle += 1
            quiet += 1
            if block_valid and value(dut.block_ready_o):
                block_valid, quiet = False, 0
                block = ahead.popleft()
                last = len(block["words"]) - 1
                words += [
                    (word, int(i == last), int(i == block["error"]))
                    for i, word in enumerate(block["words"])
                ]
            if word_valid and value(dut.word_ready_o):
                word_valid, quiet = False, 0
                words.popleft()
            if value(dut.out_valid_o):
                data = value(dut.out_data_o)
                assert held in (None, data), "a word changed while it was stalled"
                held = None if willing else data
                if willing:
                    quiet = 0
                    for _ in range(value(dut.out_count_o)):
                        values.append(data & ((1 << BITS) - 1))
                        data >>= BITS
                    if value(dut.out_last_o):
                        came.append([values, value(dut.out_fault_o), value(dut.out_mode_o)])
                        values = []
            else:
                assert held is None, "a word was withdrawn"
            assert quiet < PATIENCE, f"hangs after {len(came)} of {wanted} blocks"


def compare(session: dict[str, Any], came: list[list[Any]]) -> None:
    """Hold what came out against what software says."""
    blocks = [(t, b) for t in session["tensors"] for b in t["blocks"]]
    for i, ((tensor, block), (values, fault, mode)) in enumerate(zip(blocks, came, strict=True)):
        where = f"{session['name']}, block {i} {block['shape']}, {tensor['bits']} bits"
        assert fault == block["fault"], f"{where}: fault {fault}, not {block['fault']}"
        assert len(values) == len(block["values"]), f"{where}: {len(values)} values"
        if session["strict"] or not fault or block["early"]:
            for place, (got, want) in enumerate(zip(values, block["values"], strict=True)):
                want &= (1 << BITS) - 1
                assert got == want, f"{where}: value {place} is {got}, not {want}"
        if not fault:
            assert mode == block["mode"], f"{where}: mode {mode}, not {block['mode']}"


async def _all(dut: Any, claim: str) -> None:
    decoder = Decoder(dut)
    await decoder.start()
    assert JOB["sessions"][claim]
    for session in JOB["sessions"][claim]:
        compare(session, await decoder.run(session))


@cocotb.test()
async def decodes_as_software_does(dut: Any) -> None:
    await _all(dut, "decodes_as_software_does")


@cocotb.test()
async def runs_at_full_rate(dut: Any) -> None:
    await _all(dut, "runs_at_full_rate")


@cocotb.test()
async def delivers_zeros_for_damage(dut: Any) -> None:
    await _all(dut, "delivers_zeros_for_damage")


@cocotb.test()
async def recovers_from_reset_midstream(dut: Any) -> None:
    decoder = Decoder(dut)
    await decoder.start()
    session = JOB["sessions"]["decodes_as_software_does"][0]
    for length in (7, 40, 150, 400):
        await decoder.run(session, length)
        await decoder.reset(1)
        compare(session, await decoder.run(session))
