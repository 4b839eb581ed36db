# SPDX-License-Identifier: Apache-2.0
"""Bench of the encoder of feature maps: values in, blocks out, against software's bytes.

Fed by a job file (environment ``HWG_JOB``): ``seed``, ``lanes``, ``bits``, ``table``, ``states``
and ``weight`` (words of memories from address 0 on) and ``sessions`` by claim. A session has
``stalls`` (patterns of blocks, values, lengths and words), ``bound`` (cycles it may take, 0 for any
number) and ``tensors``; a tensor its settings and ``blocks``; a block its ``number``, ``shape`` and
``values``, and what must come out: ``words`` and ``mode``.
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
SETTINGS = ("bits", "signed", "set", "transformed", "stored", "key")
PATIENCE = 100_000  # cycles without a move: two blocks of 4096 pixels of one channel take 65,536

Block = dict[str, Any]


class Encoder:
    """The unit, stepped a cycle at a time."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.edge = FallingEdge(dut.clk_i)
        self.cycle = 0

    async def start(self) -> None:
        """Start the clock, reset, and load the tables."""
        dut = self.dut
        for name in ("table_write", "states_write", "weight_write", "block_valid", "in_valid"):
            getattr(dut, f"{name}_i").value = 0
        Clock(dut.clk_i, 10, unit="ns").start()
        await self.reset(3)
        for kind in ("table", "states", "weight"):
            for addr, word in enumerate(JOB[kind]):
                getattr(dut, f"{kind}_write_i").value = 1
                getattr(dut, f"{kind}_addr_i").value = addr
                getattr(dut, f"{kind}_data_i").value = word
                await self.edge
            getattr(dut, f"{kind}_write_i").value = 0

    async def reset(self, cycles: int) -> None:
        """Reset, and withdraw what was offered."""
        await self.edge
        self.dut.rst_ni.value = 0
        self.dut.block_valid_i.value = self.dut.in_valid_i.value = 0
        self.dut.out_block_ready_i.value = self.dut.out_ready_i.value = 0
        for _ in range(cycles):
            await self.edge
        self.dut.rst_ni.value = 1

    async def run(self, session: dict[str, Any], cycles: int = 0) -> list[tuple[Any, ...]]:
        """Run a session to its end, or for some cycles.

        Returns:
            Of every block that came out how long it was told to be, mode, final, and its words.
        """
        came: list[tuple[Any, ...]] = []
        stop = [pauses(p, SEED + i, 37) for i, p in enumerate(session["stalls"])]
        began = self.cycle
        for tensor in session["tensors"]:
            await self.edge
            for name in SETTINGS:
                getattr(self.dut, f"{name}_i").value = tensor[name]
            wanted = len(came) + len(tensor["blocks"])
            await self._tensor(tensor["blocks"], came, wanted, stop, cycles and began + cycles)
            if cycles and self.cycle >= began + cycles:
                return came
        taken = self.cycle - began
        bound = int(session["bound"])
        assert not bound or taken <= bound, f"{taken} cycles, at most {bound} expected"
        return came

    async def _tensor(
        self, blocks: list[Block], came: list[tuple[Any, ...]], wanted: int,
        stop: list[Iterator[bool]], until: int,
    ) -> None:  # fmt: skip
        dut = self.dut
        ahead = deque(blocks)
        data: deque[int] = deque()
        told: tuple[Any, ...] = ()
        words: list[int] = []
        held: int | None = None
        quiet = 0
        block_valid = in_valid = False
        while len(came) < wanted and (self.cycle < until or not until):
            await self.edge
            if not block_valid and ahead and not next(stop[0]):
                block_valid = True
                block = ahead[0]
                dut.block_number_i.value = block["number"]
                for name, side in zip("hwc", block["shape"], strict=True):
                    getattr(dut, f"block_{name}_i").value = side
                dut.block_values_i.value = len(block["values"])
                dut.block_final_i.value = int(len(ahead) == 1)
            if not in_valid and data and not next(stop[1]):
                in_valid = True
                dut.in_data_i.value = data[0]
            hears, willing = not next(stop[2]), not next(stop[3])
            dut.block_valid_i.value, dut.in_valid_i.value = int(block_valid), int(in_valid)
            dut.out_block_ready_i.value = int(hears and not told)
            dut.out_ready_i.value = int(willing)
            await ReadOnly()
            self.cycle += 1
            quiet += 1
            if block_valid and value(dut.block_ready_o):
                block_valid, quiet = False, 0
                data += packed(ahead.popleft()["values"])
            if in_valid and value(dut.in_ready_o):
                in_valid, quiet = False, 0
                data.popleft()
            if hears and not told and value(dut.out_block_valid_o):
                told = tuple(
                    value(getattr(dut, f"out_block_{name}_o"))
                    for name in ("words", "mode", "final")
                )
            if value(dut.out_valid_o):
                word = value(dut.out_data_o)
                assert told, "words before their block was told of"
                assert held in (None, word), "a word changed while it was stalled"
                held = None if willing else word
                if willing:
                    quiet = 0
                    words.append(word)
                    if value(dut.out_last_o):
                        came.append((*told, words))
                        told, words = (), []
            else:
                assert held is None, "a word was withdrawn"
            assert quiet < PATIENCE, f"hangs after {len(came)} of {wanted} blocks"


def packed(values: list[int]) -> list[int]:
    """Return the words that carry a block's values."""
    mask = (1 << BITS) - 1
    return [
        sum((v & mask) << BITS * i for i, v in enumerate(values[at : at + LANES]))
        for at in range(0, len(values), LANES)
    ]


def compare(session: dict[str, Any], came: list[tuple[Any, ...]]) -> None:
    """Hold what came out against what software says."""
    expected = [
        (tensor, block, block is tensor["blocks"][-1])
        for tensor in session["tensors"]
        for block in tensor["blocks"]
    ]
    for i, ((tensor, block, final), (count, mode, last, words)) in enumerate(
        zip(expected, came, strict=True)
    ):
        where = f"{session['name']}, block {i} {block['shape']}, {tensor['bits']} bits"
        assert mode == block["mode"], f"{where}: mode {mode}, not {block['mode']}"
        assert count == len(words) == len(block["words"]), f"{where}: {count}, {len(words)} words"
        assert last == int(final), f"{where}: final"
        for place, (got, want) in enumerate(zip(words, block["words"], strict=True)):
            assert got == want, f"{where}: word {place} is {got:016x}, not {want:016x}"


async def _all(dut: Any, claim: str) -> None:
    encoder = Encoder(dut)
    await encoder.start()
    assert JOB["sessions"][claim]
    for session in JOB["sessions"][claim]:
        compare(session, await encoder.run(session))


@cocotb.test()
async def encodes_as_software_does(dut: Any) -> None:
    await _all(dut, "encodes_as_software_does")


@cocotb.test()
async def keeps_its_rate(dut: Any) -> None:
    await _all(dut, "keeps_its_rate")


@cocotb.test()
async def recovers_from_reset_midstream(dut: Any) -> None:
    encoder = Encoder(dut)
    await encoder.start()
    session = JOB["sessions"]["encodes_as_software_does"][0]
    for length in (7, 60, 200, 500):
        await encoder.run(session, length)
        await encoder.reset(1)
        compare(session, await encoder.run(session))
