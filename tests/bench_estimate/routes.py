# SPDX-License-Identifier: Apache-2.0
"""The clock that a design reaches after place and route, against the delay model's longest path."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from hwgen.emit.layout import ModuleNames
from hwgen.emit.rtl import emit_rtl
from hwgen.plan.board import load_board
from hwgen.plan.cost import longest_ns
from hwgen.plan.design import Design
from hwgen.synth import nextpnr, yosys
from hwgen.synth.measure import flow_digest
from tests.bench_estimate.calibrate import described, fit_path, split
from tests.bench_estimate.corpus import BOARDS, cases
from tests.bench_estimate.measure import planned

FAMILIES = ("ecp5",)
KINDS = ("mlp", "bnn", "residual", "sparse", "conv1d")
EACH = 2  # designs of each
SEEDS = (1, 2, 3)  # the middle one of these placements counts


def measured(family: str, cache: Path) -> list[dict[str, Any]]:
    """Place and route part of the corpus; what is known by digest is not routed again.

    Raises:
        ToolMissing, ToolFailed: from Yosys or nextpnr.
    """
    found = {
        case.name: case
        for case in cases(family)
        if case.kind in KINDS and int(case.name[-2:]) < EACH
    }
    designs = {name: planned(case) for name, case in found.items()}
    kinds = {name: case.kind for name, case in found.items()}
    held = split({n: d.model for n, d in designs.items()}, kinds)
    rows = []
    for name, design in designs.items():
        mhz = [_routed(design, seed, cache) for seed in SEEDS]
        print(f"{family:16} {name:14} {', '.join(f'{m:.1f}' for m in mhz)} MHz", flush=True)
        rows.append(
            {
                "name": name, "held": name in held, "mhz": mhz, "tool": nextpnr.version(family),
                "model_ns": round(longest_ns(design, load_board(BOARDS[family]).family), 4),
            }
        )  # fmt: skip
    return rows


def _routed(design: Design, seed: int, cache: Path) -> float:
    board = load_board(design.board)
    assert board.device is not None
    made = emit_rtl(design)
    names = [n for n in made["rtl/files.f"].decode().split() if "axi" not in n]
    tools = (board.device, seed, yosys.version(), nextpnr.version("ecp5"), flow_digest())
    state = hashlib.sha256(repr(tools).encode())
    for name in names:
        state.update(name.encode() + made[f"rtl/{name}"])
    kept = cache / f"{state.hexdigest()[:20]}.json"
    if not kept.is_file():
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for i, name in enumerate(names):
                files.append(Path(folder) / f"{i:03}_{Path(name).name}")
                files[-1].write_bytes(made[f"rtl/{name}"])
            routed = nextpnr.place_and_route(
                files, ModuleNames.of(design).top, board.device, board.family.name, seed=seed,
                freq_mhz=design.clock_mhz,
            )  # fmt: skip
        cache.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(routed.fmax_mhz))
    return float(json.loads(kept.read_text()))


def calibration(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a family's ``fmax`` of ``calibration.json``: the path's fit, and the error left."""
    pairs = {row["name"]: (row["model_ns"], 1000.0 / median(row["mhz"])) for row in rows}
    factor, term = fit_path([pairs[row["name"]] for row in rows if not row["held"]])
    errors = [
        routed / (factor * model + term) - 1
        for row in rows
        if row["held"]
        for model, routed in [pairs[row["name"]]]
    ]
    mid, worst = described(errors)
    return {
        "path": [factor, term],
        "error": {
            "designs": len(errors), "layers": 0, "median": mid, "worst": worst,
            "layer_median": 0.0, "layer_worst": 0.0, "tool": rows[0]["tool"],
        },
    }  # fmt: skip
