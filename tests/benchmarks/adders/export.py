# SPDX-License-Identifier: Apache-2.0
"""Run inside the rivals' own environment: one case through the public API of alkaid or da4ml.

Usage: export.py CASE.json OUT_DIR. The case names tool, options and layers; OUT_DIR receives the
Verilog as the tool writes it and ``info.json`` (formats of inputs and outputs, seconds, version).
Where the options list several ``methods``, each is tried, and the one whose program the tool itself
finds the cheapest is written; its time alone counts.
Times are of the processor, after imports and a first small matrix. The kernel ends the process when
it has had ``cap`` seconds. Not part of hwgen, never imported by it, and it imports nothing of it.
"""

from __future__ import annotations

import importlib.metadata
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


def best(tool: str, case: dict[str, Any]) -> tuple[Any, float, str]:
    """Return the cheapest program of a case by the tool's own cost, its seconds and its method."""
    options = dict(case["options"])
    found: list[tuple[float, Any, float, str]] = []
    for method in options.pop("methods", [""]):
        asked = {**options, "method0": method} if method else options
        start = time.process_time()
        program = traced(tool, case, asked)
        took = time.process_time() - start
        if not found or program.cost < found[0][0]:
            found = [(program.cost, program, took, method)]
    _, program, took, method = found[0]
    return program, took, method


def traced(tool: str, case: dict[str, Any], options: dict[str, Any]) -> Any:
    """Return the tool's combinational program for a case."""
    n = len(case["layers"][0]["weight"])
    one = np.ones(n, int)
    signed, bits = int(case["signed"]), case["bits"]
    if tool == "alkaid":
        from alkaid.trace import FVArray, trace

        x = FVArray.from_kif(one * signed, one * (bits - signed), one * 0, solver_options=options)
    else:
        from da4ml.trace import FixedVariableArray, HWConfig
        from da4ml.trace import comb_trace as trace

        x = FixedVariableArray.from_kif(
            one * signed, one * (bits - signed), one * 0, HWConfig(1, -1, -1), 0.0, options
        )
    h = x
    for layer in case["layers"]:
        h = h @ np.array(layer["weight"], np.float32)
        if any(layer["bias"]):
            h = h + np.array(layer["bias"], np.float64)
        if layer["drop"] is not None:
            h = rounded(tool, h, layer["drop"], layer["keep"])
    return trace(x, h)


def rounded(tool: str, h: Any, drop: int, keep: int) -> Any:
    """Return ``clip(round_half_even(h / 2**drop), 0, 2**keep - 1)``."""
    h = h * 2.0**-drop
    if tool == "alkaid":
        return h.quantize(0, keep, 0, overflow_mode="SAT", round_mode="RND_CONV")
    if drop:  # da4ml rounds half up only: a bit below a half more, and the rest if the floor is odd
        shape = np.ones(h.shape, int)
        odd = h.quantize(shape * 0, shape, shape * 0) * 2.0**-drop
        h = h + odd + (0.5 - 2.0**-drop)
    shape = np.ones(h.shape, int)
    return h.quantize(shape * 0, shape * keep, shape * 0, "SAT", "TRN")


def written(tool: str, program: Any, case: dict[str, Any], out: Path) -> list[Path]:
    """Write the Verilog and return its files."""
    cutoff = case["cutoff"]
    if tool == "alkaid":
        from alkaid.codegen import RTLModel

        RTLModel(
            program, out / "top", "top", latency_cutoff=cutoff, n_stages=case["stages"],
            ternary_fuse=case["ternary"],
        ).write()  # fmt: skip
        base = out / "top" / "src"
    else:
        from da4ml.codegen import RTLModel

        RTLModel(program, "top", out, latency_cutoff=cutoff).write()
        base = out / "src"
    files = [*sorted(base.glob("*.v")), *sorted((base / "static").glob("*.v"))]
    return [f for f in files if "wrapper" not in f.name]


def formats(program: Any, which: str) -> list[list[int]]:
    """Return (signed, integer bits, fraction bits) of every input or output."""
    return [[int(v) for v in row] for row in np.array(getattr(program, f"{which}_kifs")).T]


def main() -> None:
    """Run one case."""
    case = json.loads(Path(sys.argv[1]).read_text())
    out = Path(sys.argv[2])
    tool = case["tool"]
    layer = {"weight": [[3, -5], [7, 1]], "bias": [0, 0], "drop": None}
    first = {**case, "layers": [layer], "bits": 8, "signed": True, "cutoff": -1, "stages": -1}
    written(tool, best(tool, first)[0], first, out / "first")
    if case["cap"]:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (case["cap"], case["cap"] + 5))
    program, took, method = best(tool, case)
    start = time.process_time()
    files = written(tool, program, case, out)
    info = {
        "seconds": round(took + time.process_time() - start, 3),
        "solve_seconds": round(took, 3),
        "method": method,
        "version": importlib.metadata.version(tool),
        "files": [str(f.relative_to(out)) for f in files],
        "inputs": formats(program, "inp"),
        "outputs": formats(program, "out"),
        "own_cost": float(program.cost),
    }
    (out / "info.json").write_text(json.dumps(info))


if __name__ == "__main__":
    main()
