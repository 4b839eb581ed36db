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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cocotb
from axis import beats
from blocks import BlockBench, Offer, Watch

JOB: dict[str, Any] = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
SEED, LANES, BITS = int(JOB["seed"]), int(JOB["lanes"]), int(JOB["bits"])
SETTINGS = ("bits", "signed", "set", "transformed", "stored", "key")
PATIENCE = 100_000  # cycles without a move: two blocks of 4096 pixels of one channel take 65,536

Block = dict[str, Any]


class Encoder(BlockBench):
    """The unit; of a block come how long it was told to be, mode, final, and its words."""

    inputs = ("block_valid", "in_valid", "out_block_ready", "out_ready")
    patience = PATIENCE

    async def describe(self, tensor: dict[str, Any]) -> None:
        """Set the format of the blocks to come."""
        for name in SETTINGS:
            getattr(self.dut, f"{name}_i").value = tensor[name]

    def links(
        self, tensor: dict[str, Any], came: list[Any], stops: Sequence[Iterator[bool]]
    ) -> Sequence[Offer | Watch]:
        """Return the links of blocks, of their values, of blocks that are told, of words."""
        dut, final = self.dut, tensor["blocks"][-1]
        told: list[tuple[int, ...]] = []  # at most one
        words: list[int] = []

        def put_block(block: Block) -> None:
            dut.block_number_i.value = block["number"]
            for name, side in zip("hwc", block["shape"], strict=True):
                getattr(dut, f"block_{name}_i").value = side
            dut.block_values_i.value = len(block["values"])
            dut.block_final_i.value = int(block is final)

        def put_beat(beat: int) -> None:
            dut.in_data_i.value = beat

        def block_taken(block: Block) -> None:
            data.queue += beats([block["values"]], LANES, BITS)

        def word_came(found: tuple[int, ...]) -> None:
            assert told, "words before their block was told of"
            words.append(found[0])
            if found[1]:
                came.append((*told.pop(), words.copy()))
                words.clear()

        data = Offer(dut, "in", stops[1], put_beat)
        return (
            Offer(dut, "block", stops[0], put_block, tensor["blocks"], block_taken),
            data,
            Watch(dut, "out_block", stops[2], ("words", "mode", "final"), told.append,
                  lambda: not told),
            Watch(dut, "out", stops[3], ("data", "last"), word_came),
        )  # fmt: skip


async def started(dut: Any) -> Encoder:
    """Return the unit after its reset, with its tables."""
    encoder = Encoder(dut, SEED)
    await encoder.start(**{kind: JOB[kind] for kind in ("table", "states", "weight")})
    return encoder


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
    encoder = await started(dut)
    await encoder.all(JOB["sessions"][claim], compare)


@cocotb.test()
async def encodes_as_software_does(dut: Any) -> None:
    await _all(dut, "encodes_as_software_does")


@cocotb.test()
async def keeps_its_rate(dut: Any) -> None:
    await _all(dut, "keeps_its_rate")


@cocotb.test()
async def recovers_from_reset_midstream(dut: Any) -> None:
    encoder = await started(dut)
    session = JOB["sessions"]["encodes_as_software_does"][0]
    await encoder.recover(session, (7, 60, 200, 500), compare)
