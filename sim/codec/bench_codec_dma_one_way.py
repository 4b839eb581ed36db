# SPDX-License-Identifier: Apache-2.0
"""Bench of a feature-map DMA that only writes, or only reads.

Fed by a job file (environment ``HWG_JOB``): what codec_dma_driver.py needs, ``writer`` (1 if that
is what there is), ``tensor`` as in bench_codec_dma.py, and ``constants``, registers and what they
read.
"""

from __future__ import annotations

from typing import Any

import cocotb
from cocotbext.axi import AxiResp
from codec_dma_driver import AT, FILL, JOB, READER, SIZE, WRITER, Engine, image, lay

CFG = 9


@cocotb.test()
async def the_core_tells_what_it_is_and_does_what_it_can(dut: Any) -> None:
    engine, tensor = Engine(dut), JOB["tensor"]
    await engine.start()
    assert len(JOB["constants"]) == 4
    for name, word in JOB["constants"].items():
        assert await engine.read(name) == word, name
    tables = JOB["tables"][0]
    for kind, words in enumerate(tables):  # those of the missing engine are not there
        if (kind >= 2) != JOB["writer"]:
            await engine.write("table_addr", kind << 16)
            assert await engine.poke(AT["table_data"], 0) == AxiResp.SLVERR
            words.clear()
    await engine.load(0)
    here, missing = (WRITER, READER) if JOB["writer"] else (READER, WRITER)
    await engine.describe(missing, tensor, 0)
    await engine.begin(missing)
    assert await engine.end(missing)
    tally = await engine.tally(missing)
    assert (tally["kind"], tally["faults"]) == (CFG, 1)
    # A block of more values than the core was built for.
    _, _, _, bh, bw, _ = tensor["sizes"]
    await engine.describe(here, tensor, 0, block_channels=256 // (bh * bw) + 1)
    await engine.begin(here)
    assert await engine.end(here)
    if JOB["writer"]:
        tally = await engine.store(tensor, 0)
        want = bytearray([FILL]) * SIZE
        image(tensor, 0, want)
        assert engine.memory.data == want
    else:
        lay(engine.memory, tensor, 0)
        blocks, faults, tally = await engine.fetch(tensor, 0)
        assert blocks == tensor["values"]
        assert not any(faults)
    assert tally["faults"] == 0
    assert tally["words"] == sum(len(block) // 16 for block in tensor["blocks"])
