# SPDX-License-Identifier: Apache-2.0
"""Window generator in simulation: cycles a map over the ideal, beside FINN's generators."""

from __future__ import annotations

import json
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np

from tests.rtl.map_bench import run_cases
from tests.rtl.test_window import Geometry

# Cycles a map of FINN's parallel generator behind its padding unit, 3x3 'same', by side and stride;
# measured in Icarus, frames back to back, nobody pausing (FINN of 2026-04-14).
FINN = {
    (4, 1): 37, (8, 1): 101, (16, 1): 325, (32, 1): 1157,
    (4, 2): 36, (8, 2): 100, (16, 2): 324, (32, 2): 1156,
}  # fmt: skip


def main() -> tuple[list[str], bool]:
    """Print the table; return it, and whether a map takes as many cycles as it has pixels."""
    geometries = {
        (side, stride): Geometry(
            (side, side), stride=(stride, stride),
            pads=(1, 1, 1, 1) if stride == 1 else (0, 0, 1, 1),
        )
        for side, stride in FINN
    }  # fmt: skip
    rng = np.random.default_rng(1)
    cases = {key: one.case(rng, 1) for key, one in geometries.items()}
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "intervals.json"
        with redirect_stdout(StringIO()):  # what the simulator says
            failed = run_cases(Path(name), 1, list(cases.values()), intervals=file)
        found = json.loads(file.read_text("utf-8"))
    lines = [
        "| map | stride | cycles a map | over the pixels | FINN | over the pixels |",
        "|---|---|---|---|---|---|",
    ]
    good = not failed
    for (side, stride), case in cases.items():
        pixels, cycles = side * side, set(found[case.name])
        good &= cycles == {pixels}
        mean, theirs = sum(found[case.name]) / len(found[case.name]), FINN[side, stride]
        lines.append(
            f"| {side}x{side} | {stride} | {mean:g} | {mean / pixels:.3f} | {theirs} "
            f"| {theirs / pixels:.3f} |"
        )
    print("\n".join(lines))
    return lines, good
