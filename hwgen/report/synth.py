# SPDX-License-Identifier: Apache-2.0
"""The result of a synthesis as plain text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hwgen.design.types import Design
from hwgen.target.board import Board

_COLUMNS = (
    ("lut", "LUT"),
    ("ff", "FF"),
    ("carry", "carry"),
    ("dsp", "DSP"),
    ("bram", "BRAM"),
    ("depth", "depth"),
)


def synth_text(found: Mapping[str, Any], board: Board, design: Design) -> str:
    """Return the table of layers, the total beside the estimate, and what the other tools said.

    Args:
        found: as `hwgen.api.synth.synth` returns it.
        board: it was synthesised for.
        design: what was synthesised.
    """
    expected = found.get("estimate", {"stages": {}, "total": {}})
    head = ["layer", *(title for _, title in _COLUMNS)]
    if expected["total"]:
        head += ["LUT model", "error"]
    rows = [_row(name, row, expected["stages"].get(name)) for name, row in found["stages"].items()]
    parts = {
        kind: sum(row[kind] for row in found["stages"].values())
        for kind in ("lut", "ff", "carry", "dsp", "bram")
    }
    parts["depth"] = max(row["depth"] for row in found["stages"].values())
    rows.append(_row("sum", parts, None))
    rows.append(_row("whole", found["total"], expected["total"] or None))
    lines = [
        f"{design.name} for {board.title} ({board.part}), top {found['top']}, {found['tool']}",
        "",
        *_aligned([head, *rows]),
        "",
        "carry: positions of carry chains, each with its LUT; depth: LUTs in a row, a chain as one",
        f"whole, flat: {_shares(found['total'], board)}",
    ]
    if "route" in found:
        lines += _route(found["route"])
    if "vivado" in found:
        made = found["vivado"]
        speed = f", {made['fmax_mhz']:g} MHz" if "fmax_mhz" in made else ""
        done = "placed and routed" if made["routed"] else "synthesised"
        lines.append(f"Vivado ({done}): {made['lut']:,} LUT, {made['ff']:,} FF{speed}")
    if "vitis" in found:
        made = found["vitis"]
        lines.append(
            f"Vitis HLS (estimated): {made['lut']:,} LUT, {made['ff']:,} FF, {made['ns']:g} ns, "
            f"latency {made['latency']}, interval {made['interval']}"
        )
    if "bitstream" in found:
        made = found["bitstream"]
        lines += [
            f"bitstream {made['file']}: {made['bytes']:,} bytes; the core is tested with "
            f"{made['samples']} samples at {made['clock_mhz']:g} MHz",
            f"  reaches {made['fmax_mhz']:g} MHz (seed {made['seed']}), {made['lut']:,} LUT and "
            f"{made['bram']} BRAM with the test; LED 0 lit: all equal, LED 1 lit: a difference",
        ]
    return "\n".join(lines)


def _route(route: Mapping[str, Any]) -> list[str]:
    seeds = route["seeds"]
    rates = ", ".join(f"{rate:g}" for rate in seeds.values())
    many = f", the median of {len(seeds)} seeds ({rates})" if len(seeds) > 1 else ", one seed"
    return [
        f"placed and routed: {route['fmax_mhz']:g} MHz{many}; {route['goal_mhz']:g} MHz wanted; "
        f"{route['tool']}",
        f"  {route['lut']:,} LUT, {route['ff']:,} FF, with the shift registers of the harness",
    ]


def _shares(total: Mapping[str, Any], board: Board) -> str:
    said = []
    for kind in ("lut", "ff", "dsp", "bram"):
        there = getattr(board.budget, kind)
        if total[kind] or kind in ("lut", "ff"):
            share = f" ({100 * total[kind] / there:.1f} %)" if there else ""
            said.append(f"{total[kind]:,} {kind.upper()} of {there:,}{share}")
    return ", ".join(said)


def _row(name: str, row: Mapping[str, Any], expected: Mapping[str, Any] | None) -> list[str]:
    cells = [name, *(f"{row[kind]:,}" for kind, _ in _COLUMNS)]
    if expected is not None:
        off = 100 * (expected["lut"] / row["lut"] - 1) if row["lut"] else 0.0
        cells += [f"{expected['lut']:,}", f"{off:+.1f} %" if row["lut"] else ""]
    return cells


def _aligned(rows: list[list[str]]) -> list[str]:
    """Return lines of right-aligned columns, the first left-aligned."""
    most = max(len(row) for row in rows)
    full = [row + [""] * (most - len(row)) for row in rows]
    widths = [max(len(row[k]) for row in full) for k in range(most)]
    return [
        "  ".join(
            cell.ljust(widths[k]) if k == 0 else cell.rjust(widths[k]) for k, cell in enumerate(row)
        ).rstrip()
        for row in full
    ]
