# SPDX-License-Identifier: Apache-2.0
"""The report of a build as plain text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hwgen.plan.board import Board
from hwgen.plan.cost import estimate_stages
from hwgen.plan.design import Design


def build_report(facts: Mapping[str, Any], design: Design, board: Board) -> str:
    """Return the report: one block of headline figures, one line a stage.

    Args:
        facts: as `hwgen.project.figures` gives them.
        design: the planned design.
        board: what it was planned for.
    """
    terms = facts["terms"]
    zero, weights = facts["zeros"], facts["weights"]
    share = f" ({100 * zero / weights:.0f} %)" if weights else ""
    head = [
        ("design", f"{facts['name']}  ({facts['style']}, model {facts['model'][:8]})"),
        ("board", f"{board.name}, {board.part}, {facts['clock_mhz']:g} MHz"),
        (
            "latency",
            f"{facts['latency_cycles']} cycles = {facts['latency_ns']:g} ns, "
            f"interval {facts['interval']}",
        ),
        (
            "logic",
            f"{terms['adders']:,} adders ({terms['adder_bits']:,} carry bits), "
            + ", ".join(
                f"{count:,} {kind}"
                for kind, count in terms.items()
                if kind not in ("adders", "adder_bits") and count
            ),
        ),
        ("weights", f"{weights:,}, zero {zero:,}{share}"),
        ("BOPs", f"{facts['bops']:,}"),
        ("EBOPs", f"{facts['ebops']:,}"),
        (
            "modelled",
            f"{facts['modelled']['lut']:,} LUT of {board.budget.lut:,}, "
            f"{facts['modelled']['ff']:,} FF of {board.budget.ff:,} (not synthesised)",
        ),
    ]
    lines = [f"{name:<9} {text.rstrip(', ')}" for name, text in head]
    parts = estimate_stages(design, board.family)
    width = max(len(name) for name in ("stage", *parts))
    lines += ["", f"{'stage':<{width}}  cycles     LUT      FF  what"]
    spans = {s.name: f"{s.start:>2} ..{s.end:>2}" for s in design.stages}
    notes = {s.name: s.note for s in design.stages}
    lines += [
        f"{name:<{width}}  {spans.get(name, ''):>6}  {part.lut:>6,}  {part.ff:>6,}  "
        f"{notes.get(name, '')}".rstrip()
        for name, part in parts.items()
    ]
    return "\n".join(lines) + "\n"
