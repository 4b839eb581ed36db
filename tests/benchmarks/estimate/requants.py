# SPDX-License-Identifier: Apache-2.0
"""Common requantizers by themselves through synthesis: the table that the cost model looks into."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hwgen import paths
from hwgen.cost.requantizers import COPIES, KINDS, Kind
from hwgen.synth import yosys
from hwgen.synth.count import count
from hwgen.synth.netlist import Netlist
from hwgen.target.board import load_board
from tests.benchmarks.estimate.corpus import BOARDS

BATCH = 40  # larger ones take more than in proportion


def measured(family: str, cache: Path) -> dict[str, list[list[list[int]]]]:
    """Return by kind, shift, bits of the result and bits dropped the LUT of `COPIES`.

    What is known by digest is not mapped again.

    Raises:
        ToolMissing, ToolFailed: from Yosys.
    """
    small = load_board(BOARDS[family]).family.lut_inputs < 6
    kinds = {name: kind for name, kind in KINDS.items() if small or not kind.small}
    rows = [(name, *row) for name, kind in kinds.items() for row in kind.rows()]
    counts: list[int] = []
    for start in range(0, len(rows), BATCH):
        counts += _kept(rows[start : start + BATCH], family, cache)
        print(f"{family:16} {len(counts)} of {len(rows)} requantizers", flush=True)
    left = iter(counts)
    return {
        name: [[[next(left) for _ in kind.drops] for _ in kind.outs] for _ in kind.shifts]
        for name, kind in kinds.items()
    }


def _kept(rows: Sequence[tuple[str, int, int, int]], family: str, cache: Path) -> list[int]:
    unit = paths.rtl() / "arith" / "hwg_requant.sv"
    texts = [_module(f"m{i}", KINDS[row[0]], *row[1:]) for i, row in enumerate(rows)]
    state = hashlib.sha256(repr(yosys.script_for(family, [], "bench")).encode())
    state.update(unit.read_bytes() + "".join([yosys.version(), *texts]).encode())
    file = cache / f"{state.hexdigest()[:20]}.json"
    if not file.is_file():
        counts = list(_map(texts, unit, family))
        cache.mkdir(parents=True, exist_ok=True)
        file.with_suffix(".part").write_text(json.dumps(counts))
        file.with_suffix(".part").replace(file)
    return [int(count) for count in json.loads(file.read_text())]


def _map(texts: Sequence[str], unit: Path, family: str) -> Iterator[int]:
    lines = [f"  (* keep *) m{i} u{i} ();" for i in range(len(texts))]
    whole = [*texts, "\n".join(["module bench;", *lines, "endmodule", ""])]
    with tempfile.TemporaryDirectory() as name:
        source, made = Path(name) / "bench.sv", Path(name) / "netlist.json"
        source.write_text("\n".join(whole))
        yosys.write_netlist([unit, source], "bench", family, made)
        modules: dict[str, Any] = json.loads(made.read_bytes())["modules"]
        for i in range(len(texts)):
            alone = Path(name) / "alone.json"
            alone.write_text(json.dumps({"modules": {f"m{i}": modules[f"m{i}"]}}))
            yield count(Netlist.read(alone, f"m{i}", family)).plut


def _module(name: str, kind: Kind, shift: int, out: int, drop: int) -> str:
    """Return the text of some copies of a requantizer, with registers behind them where held."""
    width = shift + out + drop
    low, high = kind.bounds(out)
    values = {
        "InWidth": width, "InSigned": 1, "Shift": shift, "Half": int(kind.half),
        "OutWidth": out, "SatLo": int(kind.below), "SatHi": int(kind.above),
        "Lo": f"{'-' if low < 0 else ''}{out + 1}'sd{abs(low)}", "Hi": f"{out + 1}'sd{high}",
    }  # fmt: skip
    params = ", ".join(f".{key}({value})" for key, value in values.items())
    lines = [
        f"(* keep_hierarchy *) module {name} (input wire clk_i,",
        f"  input wire [{COPIES * width - 1}:0] x_i, output logic [{COPIES * out - 1}:0] y_o);",
        f"  wire [{COPIES * out - 1}:0] y;",
    ]
    lines += [
        f"  hwg_requant #({params}) u{i} (.data_i(x_i[{i * width} +: {width}]), "
        f".data_o(y[{i * out} +: {out}]));"
        for i in range(COPIES)
    ]
    lines.append("  always_ff @(posedge clk_i) y_o <= y;" if kind.held else "  assign y_o = y;")
    return "\n".join([*lines, "endmodule", ""])
