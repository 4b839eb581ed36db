# SPDX-License-Identifier: Apache-2.0
"""The job that a bench runs: its files, its claims, and the record that it writes.

``HWG_JOB`` names a JSON file with the paths of design.json, vectors.npz and of the result to write,
the seed of the stalls, and optionally the path of the expected stage links.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import cocotb
import numpy as np

JOB = json.loads(Path(os.environ["HWG_JOB"]).read_text(encoding="utf-8"))
DESIGN = json.loads(Path(JOB["design"]).read_text(encoding="utf-8"))
LATENCY, INTERVAL = int(DESIGN["latency"]), int(DESIGN["interval"])
SEED = int(JOB["seed"])
STREAM = any(link["kind"] == "stream" for link in DESIGN["links"])

with np.load(JOB["vectors"], allow_pickle=False) as _file:
    INPUTS = [_file[f"in_{port['name']}"] for port in DESIGN["inputs"]]
    OUTPUTS = [_file[f"out_{port['name']}"] for port in DESIGN["outputs"]]
ROWS = len(INPUTS[0])
# The layers of all pipelines, and by the name of a link the values in its word, lowest bits first.
_PARTS = [part for stage in DESIGN["stages"] for part in stage["parts"]]
LAYERS = [layer for part in _PARTS for layer in part.get("layers", ())]
FIELDS = {
    link["name"]: [
        dict(zip(link["fields"], column, strict=True))
        for column in zip(*link["fields"].values(), strict=True)
    ]
    for link in DESIGN["links"]
}
_RESULT: dict[str, dict[str, Any]] = {}


class Failed(AssertionError):
    """A claim does not hold; the parts go into the record."""

    def __init__(self, violation: str = "", **parts: Any) -> None:
        super().__init__(violation or json.dumps(parts))
        self.parts = {"violation": violation, **parts} if violation else parts


Body = Callable[[Any, dict[str, Any]], Coroutine[Any, Any, None]]


def claim(body: Body) -> Any:
    """Make a cocotb test of *body*, whose record is written whatever happens."""

    async def run(dut: Any) -> None:
        record = _RESULT[body.__name__] = {"sent": 0, "checked": 0, "mismatches": 0}
        try:
            await body(dut, record)
        except Failed as failure:
            record.update(failure.parts)
            raise
        finally:
            Path(JOB["result"]).write_text(json.dumps(_RESULT), encoding="utf-8")

    run.__name__ = run.__qualname__ = body.__name__
    run.__module__ = body.__module__
    run.__doc__ = body.__doc__
    return cocotb.test()(run)


def count_of(port: dict[str, Any]) -> int:
    return int(np.prod(port["shape"], dtype=np.int64))


def differing(
    row: int, index: int, got: Sequence[int], expected: Sequence[int], raw: str = ""
) -> dict[str, Any]:
    """Describe the first differing element of output port *index*."""
    port = DESIGN["outputs"][index]
    width = int(port["width"])
    place = next((i for i, (g, e) in enumerate(zip(got, expected, strict=True)) if g != e), 0)
    text = format(got[place] & ((1 << width) - 1), f"0{width}b")
    if raw:  # most significant bit first
        text = raw[len(raw) - (place + 1) * width : len(raw) - place * width]
    return {
        "row": row,
        "port": port["name"],
        "element": [int(i) for i in np.unravel_index(place, port["shape"])]
        if port["shape"]
        else [],
        "expected": int(expected[place]),
        "got": None if raw else int(got[place]),
        "got_bits": text,
        "width": width,
    }
