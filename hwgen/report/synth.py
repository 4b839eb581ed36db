# SPDX-License-Identifier: Apache-2.0
"""Result of a synthesis as plain text."""

from __future__ import annotations

from hwgen.cost.figures import RESOURCES, Resources
from hwgen.errors import count_of
from hwgen.report.text import aligned
from hwgen.synth.results import Routes, Synthesis, Taken
from hwgen.target.board import Board

_COLUMNS = (
    ("lut", "LUT"),
    ("ff", "FF"),
    ("carry", "carry"),
    ("dsp", "DSP"),
    ("bram", "BRAM"),
    ("depth", "depth"),
)


def synth_text(found: Synthesis, board: Board, name: str) -> str:
    """Return the table of layers, the total beside the estimate, and what the other tools said.

    Args:
        found: result of the synthesis.
        board: it was synthesised for.
        name: of the design.
    """
    model = found.estimate
    head = ["layer", *(title for _, title in _COLUMNS)]
    if model:
        head += ["LUT model", "error"]
    rows = [
        _row(layer, row, model.stages.get(layer) if model else None)
        for layer, row in found.stages.items()
    ]
    parts = found.stages.values()
    kinds = ("lut", "ff", "carry", "dsp", "bram")
    sums = {kind: sum(getattr(row, kind) for row in parts) for kind in kinds}
    rows.append(_row("sum", Taken(**sums, depth=max(row.depth or 0 for row in parts)), None))
    rows.append(_row("whole", found.total, model.total if model else None))
    lines = [
        f"{name} for {board.title} ({board.part}), top {found.top}, {found.tool}",
        "",
        *aligned(_filled([head, *rows])),
        "",
        "carry: positions of carry chains, each with its LUT; depth: LUTs in a row, a chain as one",
        f"whole, flat: {_shares(found.total, board)}",
    ]
    if found.route:
        lines += _route(found.route)
    if found.vivado:
        run = found.vivado
        speed = f", {run.fmax_mhz:g} MHz" if run.fmax_mhz is not None else ""
        done = "placed and routed" if run.routed else "synthesised"
        lines.append(f"Vivado ({done}): {run.lut:,} LUT, {run.ff:,} FF{speed}")
    if found.vitis:
        hls = found.vitis
        lines.append(
            f"Vitis HLS (estimated): {hls.lut:,} LUT, {hls.ff:,} FF, {hls.ns:g} ns, "
            f"latency {hls.latency}, interval {hls.interval}"
        )
    if found.bitstream:
        bits = found.bitstream
        lines += [
            f"bitstream {bits.file}: {bits.bytes:,} bytes; the core is tested with "
            f"{count_of(bits.samples, 'sample')} at {bits.clock_mhz:g} MHz",
            f"  reaches {bits.fmax_mhz:g} MHz (seed {bits.seed}), {bits.lut:,} LUT and "
            f"{bits.bram} BRAM with the test; LED 0 lit: all equal, LED 1 lit: a difference",
        ]
    return "\n".join(lines)


def _route(route: Routes) -> list[str]:
    rates = ", ".join(f"{rate:g}" for rate in route.seeds.values())
    count = len(route.seeds)
    many = f", the median of {count} seeds ({rates})" if count > 1 else ", one seed"
    return [
        f"placed and routed: {route.fmax_mhz:g} MHz{many}; {route.goal_mhz:g} MHz wanted; "
        f"{route.tool}",
        f"  {route.lut:,} LUT, {route.ff:,} FF, with the shift registers of the harness",
    ]


def _shares(total: Taken, board: Board) -> str:
    said = []
    for kind in RESOURCES:
        count, there = getattr(total, kind), getattr(board.budget, kind)
        if count or kind in ("lut", "ff"):
            share = f" ({100 * count / there:.1f} %)" if there else ""
            said.append(f"{count:,} {kind.upper()} of {there:,}{share}")
    return ", ".join(said)


def _row(name: str, row: Taken, expected: Resources | None) -> list[str]:
    cells = [name, *(f"{getattr(row, kind):,}" for kind, _ in _COLUMNS)]
    if expected is not None:
        off = 100 * (expected.lut / row.lut - 1) if row.lut else 0.0
        cells += [f"{expected.lut:,}", f"{off:+.1f} %" if row.lut else ""]
    return cells


def _filled(rows: list[list[str]]) -> list[list[str]]:
    """Return rows of equal length."""
    most = max(len(row) for row in rows)
    return [row + [""] * (most - len(row)) for row in rows]
