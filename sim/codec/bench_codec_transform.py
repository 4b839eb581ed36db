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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cocotb
from blocks import BlockBench, Offer, Watch, pour

JOB: dict[str, Any] = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
SEED = int(JOB["seed"])
IN_MASK, OUT_MASK = ((1 << int(JOB[f"{way}_width"])) - 1 for way in ("in", "out"))
PATIENCE = 10_000  # cycles without a move: a block of 4096 values takes 4096

Block = dict[str, Any]


class Unit(BlockBench):
    """The unit; of a block come its values."""

    inputs = ("block_valid", "in_valid", "out_ready", "row_write")
    patience = PATIENCE

    async def describe(self, tensor: dict[str, Any]) -> None:
        """Set what the next tensor is, and write its rows."""
        for name, width in JOB["settings"].items():
            getattr(self.dut, f"{name}_i").value = tensor["settings"][name] & (1 << width) - 1
        await pour(self.dut, self.edge, "row", [int(row, 16) for row in tensor["rows"]], "_i")

    def links(
        self, tensor: dict[str, Any], came: list[Any], stops: Sequence[Iterator[bool]]
    ) -> Sequence[Offer | Watch]:
        """Return the links of blocks, and of values on both sides."""
        dut, values = self.dut, []

        def put_block(block: Block) -> None:
            for name, side in zip("hwc", block["shape"], strict=True):
                getattr(dut, f"block_{name}_i").value = side

        def put_value(code: int) -> None:
            dut.in_value_i.value = code

        def idle() -> None:  # what lies there without valid must not matter
            put_value((self.cycle * 77) & IN_MASK)

        def came_out(found: tuple[int, ...]) -> None:
            values.append(found[0])
            if found[1]:
                came.append(values.copy())
                values.clear()

        given = [v & IN_MASK for block in tensor["blocks"] for v in block["given"]]
        return (
            Offer(dut, "block", stops[0], put_block, tensor["blocks"]),
            Offer(dut, "in", stops[1], put_value, given, idle=idle),
            Watch(dut, "out", stops[2], ("value", "last"), came_out),
        )


async def started(dut: Any) -> Unit:
    """Return the unit after its reset."""
    unit = Unit(dut, SEED)
    await unit.start()
    return unit


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
    unit = await started(dut)
    await unit.all(JOB["sessions"][claim], compare)


@cocotb.test()
async def transforms_as_software_does(dut: Any) -> None:
    await _all(dut, "transforms_as_software_does")


@cocotb.test()
async def keeps_its_rate(dut: Any) -> None:
    await _all(dut, "keeps_its_rate")


@cocotb.test()
async def recovers_from_reset_midstream(dut: Any) -> None:
    unit = await started(dut)
    session = JOB["sessions"]["transforms_as_software_does"][0]
    await unit.recover(session, (7, 60, 200, 500), compare)
