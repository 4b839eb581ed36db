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

from hwgen.cost.calibration import grade_of, path_ns
from hwgen.cost.estimate import estimate, longest_ns
from hwgen.design.names import ModuleNames
from hwgen.design.source_list import read_list
from hwgen.design.types import Design
from hwgen.emit.verilog.design import emit_rtl
from hwgen.synth import nextpnr, placement, yosys
from hwgen.synth.measure import flow_digest
from hwgen.target.board import load_board
from tests.benchmarks.estimate.calibrate import described, fit_path, split
from tests.benchmarks.estimate.corpus import BOARDS, cases, large
from tests.benchmarks.estimate.measure import planned

FAMILIES = ("ecp5",)
KINDS = ("mlp", "bnn", "residual", "sparse", "conv1d")
EACH = 2  # designs of each
SEEDS = (1, 2, 3)  # the middle one of these placements counts
OWN_GRADE = "8 5G"  # of the small designs; large ones are placed once in each grade
GRADES = {OWN_GRADE: "ecp5_evn", "6": "ulx3s"}  # and a board with such a part


def measured(family: str, cache: Path) -> list[dict[str, Any]]:
    """Place and route part of the corpus; what is known by digest is not routed again.

    Raises:
        ToolMissing, ToolFailed: from Yosys or nextpnr.
    """
    small = [c for c in cases(family) if c.kind in KINDS and int(c.name[-2:]) < EACH]
    found = {case.name: case for case in (*small, *large(family))}
    designs = {name: planned(case) for name, case in found.items()}
    kinds = {name: case.kind for name, case in found.items()}
    held = split({n: d.model for n, d in designs.items()}, kinds)
    known = load_board(BOARDS[family]).family
    rows = []
    for name, design in designs.items():
        wide = found[name] not in small
        for grade in GRADES if wide else (OWN_GRADE,):
            seeds = SEEDS[:1] if wide else SEEDS
            mhz = [routed(design, grade, seed, cache) for seed in seeds]
            told = ", ".join(f"{m:.1f}" for m in mhz)
            print(f"{family:16} {name:14} grade {grade} {told} MHz", flush=True)
            rows.append(
                {
                    "name": name, "held": name in held, "grade": grade, "mhz": mhz,
                    "tool": nextpnr.version(family), "lut": estimate(design, known).lut,
                    "model_ns": round(longest_ns(design, known), 4),
                }
            )  # fmt: skip
    return rows


def routed(design: Design, grade: str, seed: int, cache: Path) -> float:
    """Return the clock in MHz that a placement of a design reaches; kept by digest."""
    board = load_board(GRADES[grade])
    device = board.device
    assert device is not None
    assert grade_of(board) == grade
    made = emit_rtl(design)
    names = [n for n in read_list(made["rtl/files.f"].decode()) if "axi" not in n]
    tools = (device, seed, yosys.version(), nextpnr.version("ecp5"), flow_digest())
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
            found = nextpnr.place_and_route(
                files, ModuleNames.of(design).top, device, board.family.name,
                placement.Placement(seed, design.clock_mhz),
            )  # fmt: skip
        cache.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(found.fmax_mhz))
    return float(json.loads(kept.read_text()))


def calibration(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a family's ``fmax`` of ``calibration.json``: the path's fit, and the error left."""
    ns = {(row["name"], row["grade"]): 1000.0 / median(row["mhz"]) for row in rows}
    own = [row for row in rows if row["grade"] == OWN_GRADE]
    seen = [row for row in own if not row["held"]]
    path = fit_path([(row["model_ns"], row["lut"], ns[row["name"], OWN_GRADE]) for row in seen])
    grades = {}
    for grade in sorted({row["grade"] for row in rows}):
        both = [row["name"] for row in seen if (row["name"], grade) in ns]
        grades[grade] = round(median(ns[n, grade] / ns[n, OWN_GRADE] for n in both), 4)
    errors = [
        ns[row["name"], row["grade"]]
        / (grades[row["grade"]] * path_ns(path, row["model_ns"], row["lut"]))
        - 1
        for row in rows
        if row["held"]
    ]
    mid, worst = described(errors)
    return {
        "path": list(path),
        "grades": grades,
        "error": {
            "designs": len(errors), "layers": 0, "median": mid, "worst": worst,
            "layer_median": 0.0, "layer_worst": 0.0, "tool": rows[0]["tool"],
        },
    }  # fmt: skip
