# SPDX-License-Identifier: Apache-2.0
"""The clock that a design reaches after place and route, against the delay model's longest path."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from tests.benchmarks.estimate.calibrate import described, fit_path
from tests.benchmarks.estimate.corpus import BOARDS, cases, large
from tests.benchmarks.estimate.measure import planned

FAMILIES = ("ecp5",)
KINDS = ("mlp", "bnn", "residual", "sparse", "conv1d")
EACH = 2  # designs of each
SEED = 1
OWN_GRADE = "8 5G"  # of all designs
GRADES = {OWN_GRADE: "ecp5_evn", "6": "ulx3s", "8": "orangecrab_85"}  # boards with such parts
ALL_GRADES = ("conv1d-00", "mlp-01")  # designs that are placed in the others too


@dataclass(frozen=True)
class Route:
    """A design that was placed and routed.

    Attributes:
        name, grade: of the design, and of the part.
        lut, model_ns: look-up tables and longest path by the models.
        mhz: clock that was reached.
        tool: that routed.
    """

    name: str
    grade: str
    lut: int
    model_ns: float
    mhz: float
    tool: str


def measured(family: str, cache: Path) -> Iterator[Route]:
    """Place and route part of the corpus; what is known by digest is not routed again.

    Raises:
        ToolMissing, ToolFailed: from Yosys or nextpnr.
    """
    small = [c for c in cases(family) if c.kind in KINDS and int(c.name[-2:]) < EACH]
    known = load_board(BOARDS[family]).family
    for case in (*small, *large(family)):
        design = planned(case)
        for grade in GRADES if case.name in ALL_GRADES else (OWN_GRADE,):
            mhz = routed(design, grade, SEED, cache)
            print(f"{family:16} {case.name:14} grade {grade} {mhz:.1f} MHz", flush=True)
            yield Route(
                case.name, grade, estimate(design, known).lut,
                round(longest_ns(design, known), 4), mhz, nextpnr.version(family),
            )  # fmt: skip


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


def calibration(rows: Sequence[Route]) -> dict[str, Any]:
    """Return a family's ``fmax`` of ``calibration.json``: the path's fit, and its error.

    The error of a design is that of the fit to all others.
    """
    path, grades = fit(rows)
    errors = []
    for row in rows:
        others, ratios = fit([other for other in rows if other.name != row.name])
        modelled = path_ns(others, row.model_ns, row.lut) * ratios[row.grade]
        errors.append(1000 / row.mhz / modelled - 1)
    mid, worst = described(errors)
    return {
        "path": list(path),
        "grades": grades,
        "error": {
            "designs": len(errors), "layers": 0, "median": mid, "worst": worst,
            "layer_median": 0.0, "layer_worst": 0.0, "tool": rows[0].tool,
        },
    }  # fmt: skip


def fit(rows: Sequence[Route]) -> tuple[tuple[float, float], dict[str, float]]:
    """Return what `path_ns` takes, and delays of each speed grade over those of `OWN_GRADE`."""
    own = {row.name: row for row in rows if row.grade == OWN_GRADE}
    path = fit_path((row.model_ns, row.lut, 1000 / row.mhz) for row in own.values())
    ratios: dict[str, list[float]] = {}
    for row in rows:
        ratios.setdefault(row.grade, []).append(own[row.name].mhz / row.mhz)
    return path, {grade: round(median(found), 4) for grade, found in sorted(ratios.items())}
