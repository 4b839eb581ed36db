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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cocotb
from blocks import BlockBench, Offer, Watch

JOB: dict[str, Any] = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
SEED, BITS = int(JOB["seed"]), int(JOB["bits"])
SETTINGS = ("bits", "signed", "set", "transformed", "key")
PATIENCE = 40_000  # cycles without a move: a block of 4096 pixels of one channel takes 32,768


class Decoder(BlockBench):
    """The unit; of a block come values, fault and mode."""

    inputs = ("block_valid", "word_valid", "out_ready")
    patience = PATIENCE

    async def describe(self, tensor: dict[str, Any]) -> None:
        """Set the format of the blocks to come."""
        for name in SETTINGS:
            getattr(self.dut, f"{name}_i").value = tensor[name]

    async def run(self, session: dict[str, Any], cycles: int = 0) -> list[Any]:
        """Run a session in its mode: strict, or fast."""
        await self.edge
        self.dut.strict_i.value = int(session["strict"])
        return await super().run(session, cycles)

    def links(
        self, tensor: dict[str, Any], came: list[Any], stops: Sequence[Iterator[bool]]
    ) -> Sequence[Offer | Watch]:
        """Return the links of blocks, of their words, and of values."""
        dut, values = self.dut, []

        def put_block(block: dict[str, Any]) -> None:
            dut.block_number_i.value = block["number"]
            for name, side in zip("hwc", block["shape"], strict=True):
                getattr(dut, f"block_{name}_i").value = side
            dut.block_fault_i.value = block["given"]

        def put_word(word: tuple[int, int, int]) -> None:
            dut.word_data_i.value, dut.word_last_i.value, dut.word_error_i.value = word

        def block_taken(block: dict[str, Any]) -> None:
            last = len(block["words"]) - 1
            words.queue += [
                (word, int(i == last), int(i == block["error"]))
                for i, word in enumerate(block["words"])
            ]

        def came_out(found: tuple[int, ...]) -> None:
            data, count, last, fault, mode = found
            for _ in range(count):
                values.append(data & ((1 << BITS) - 1))
                data >>= BITS
            if last:
                came.append([values.copy(), fault, mode])
                values.clear()

        words = Offer(dut, "word", stops[1], put_word)
        return (
            Offer(dut, "block", stops[0], put_block, tensor["blocks"], block_taken),
            words,
            Watch(dut, "out", stops[2], ("data", "count", "last", "fault", "mode"), came_out),
        )


async def started(dut: Any) -> Decoder:
    """Return the unit after its reset, with its tables."""
    decoder = Decoder(dut, SEED)
    await decoder.start(table=JOB["tables"], weight=JOB["weights"])
    return decoder


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
    decoder = await started(dut)
    await decoder.all(JOB["sessions"][claim], compare)


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
    decoder = await started(dut)
    session = JOB["sessions"]["decodes_as_software_does"][0]
    await decoder.recover(session, (7, 40, 150, 400), compare)
