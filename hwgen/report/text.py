# SPDX-License-Identifier: Apache-2.0
"""Figures as plain text: of one design, and of several side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

Facts = Mapping[str, Any]
_COUNTED = ("lut", "ff", "dsp", "bram")
_TERMS = {
    "maxima": "maxima",
    "multipliers": "multipliers",
    "requantizers": "requantizers",
    "selects": "selects",
    "thresholds": "thresholds",
    "tables": "truth tables",
}
_WIDE = 100  # columns; longer notes are cut


def build_report(facts: Facts) -> str:
    """Return the report of a design: a block of headline figures, then one line a stage.

    Args:
        facts: as `hwgen.report.figures.figures` gives them.
    """
    lines = [f"{name:<9} {text}".rstrip() for name, text in _head(facts)]
    return "\n".join([*lines, "", *_stages(facts)]) + "\n"


def _head(facts: Facts) -> list[tuple[str, str]]:
    cycles, crossings = facts["latency_cycles"], facts["latency_crossings"]
    rate = facts["clock_mhz"] / facts["interval"]
    terms = facts["terms"]
    logic = [f"{terms['adders'] + terms['ternary_adders']:,} adders"]
    three = f"; {terms['ternary_adders']:,} of three operands" if terms["ternary_adders"] else ""
    logic[0] += f" ({terms['adder_bits']:,} carry bits{three})"
    logic += [f"{terms[key]:,} {name}" for key, name in _TERMS.items() if terms.get(key)]
    zeros, weights = facts["zeros"], facts["weights"]
    inputs = facts["input_bits"]
    widths = sorted(set(inputs.values()))
    wide = (
        f"inputs of {widths[0]} bit{'s' if widths[0] > 1 else ''}"
        if len(widths) == 1
        else "inputs of " + ", ".join(f"{bits} ({name})" for name, bits in inputs.items()) + " bits"
    )
    return [
        ("design", f"{facts['name']}  ({facts['style']}, model {facts['model'][:8]})"),
        ("board", f"{facts['board']}, {facts['part']}, {facts['clock_mhz']:g} MHz"),
        (
            "latency",
            f"{cycles} cycle{'s' if cycles != 1 else ''} = {facts['latency_ns']:g} ns = {crossings}"
            f" bunch crossing{'s' if crossings != 1 else ''} of 25 ns",
        ),
        ("interval", f"{facts['interval']}: {rate:g} million samples a second"),
        *((key.upper(), _taken(facts, key)) for key in _COUNTED),
        ("Fmax", _fmax(facts)),
        ("logic", ", ".join(logic)),
        (
            "weights",
            f"{weights:,} of {facts['parameters']:,} parameters; zero on the integers: {zeros:,}"
            + (f" ({100 * zeros / weights:.0f} %)" if weights else ""),
        ),
        ("BOPs", f"{facts['bops']:,} ({wide})"),
        ("EBOPs", f"{facts['ebops']:,}"),
    ]


def _taken(facts: Facts, key: str) -> str:
    count, there = facts["modelled"][key], facts["budget"][key]
    text = f"{count:>9,} of {there:>9,}  {share(count, there):>7}"
    if key == "lut":
        text += f"   modelled; {error_bar(facts['lut_error'])}"
    return text if key == "lut" or count else f"{count:>9,} of {there:>9,}"


def share(count: float, whole: float) -> str:
    """Return ``12.3 %``; what is next to nothing is not called nothing."""
    if not count:
        return "0 %"
    if not whole:
        return "none there"
    percent = 100 * count / whole
    return f"{percent:.1f} %" if percent >= 0.1 else "< 0.1 %"


def error_bar(error: Facts | None) -> str:
    """Return how far the LUT model was off on layers and designs that it was not fitted to."""
    if error is None:
        return "no synthesis to compare with"
    of = "" if error["own"] else f", measured on {error['family']}"
    shares = [error[key] for key in ("layer_median", "layer_worst", "median", "worst")]
    layer, layer_worst, design, design_worst = (100 * share for share in shares)
    return (
        f"off by {layer:.1f} % (median) to {ceil(layer_worst)} % (worst) a layer, {design:.1f} to "
        f"{ceil(design_worst)} % a design, on {error['designs']} designs{of}"
    )


def _fmax(facts: Facts) -> str:
    text, error = f"{facts['fmax']['mhz']:g} MHz by the delay model", facts["fmax"]["error"]
    if error is None:
        return f"{text}; never compared with place and route on this family"
    return (
        f"{text}; off by {100 * error['median']:.0f} % (median) to {ceil(100 * error['worst'])} % "
        f"(worst) from {error['tool']} on {error['designs']} designs"
    )


def _stages(facts: Facts) -> list[str]:
    rows = [["stage", "cycles", "LUT", "FF", "DSP", "BRAM", "of LUT", "what"]]
    whole = facts["modelled"]["lut"]
    for stage in facts["stages"]:
        counts = [f"{stage[key]:,}" for key in _COUNTED]
        span = f"{stage['start']}..{stage['end']}" if stage["name"] != "top" else ""
        rows.append([stage["name"], span, *counts, share(stage["lut"], whole), stage["note"]])
    if not any(stage["dsp"] or stage["bram"] for stage in facts["stages"]):
        rows = [row[:4] + row[6:] for row in rows]
    return aligned(rows, left=(0, len(rows[0]) - 1))


def aligned(rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> list[str]:
    """Return a table's lines; all columns but *left* are set to the right."""
    width = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = (
            f"{cell:<{width[i]}}" if i in left else f"{cell:>{width[i]}}"
            for i, cell in enumerate(row)
        )
        lines.append("  ".join(cells).rstrip())
    return lines


def comparison(columns: Sequence[Facts]) -> str:
    """Return variants side by side, a column each.

    Args:
        columns: figures with ``variant`` and ``fits``; of one that cannot be planned only those and
            ``says``, its reason.
    """
    rows: list[list[str]] = [["", *(_cut(c["variant"], 24) for c in columns)]]

    def row(title: str, value: Any) -> None:
        rows.append([title, *(value(c) if "name" in c else "-" for c in columns)])

    row("board", lambda c: c["board"])
    row("clock, MHz", lambda c: f"{c['clock_mhz']:g}")
    row("latency, cycles", lambda c: f"{c['latency_cycles']:,}")
    row("latency, ns", lambda c: f"{c['latency_ns']:g}")
    row("bunch crossings", lambda c: f"{c['latency_crossings']:,}")
    row("interval", lambda c: f"{c['interval']:,}")
    for key in _COUNTED:
        row(key.upper(), lambda c, key=key: f"{c['modelled'][key]:,}")
        if key in ("lut", "ff"):
            row(
                f"{key.upper()} of the part",
                lambda c, key=key: share(c["modelled"][key], c["budget"][key]),
            )
    row("Fmax, MHz", lambda c: f"{c['fmax']['mhz']:g}")
    row("parameters", lambda c: f"{c['parameters']:,}")
    row("zero weights", lambda c: share(c["zeros"], c["weights"]))
    row("BOPs", lambda c: f"{c['bops']:,}")
    row("EBOPs", lambda c: f"{c['ebops']:,}")
    rows.append(["fits", *("yes" if c["fits"] else "no" for c in columns)])
    if any("trigger" in c for c in columns):
        row("trigger", lambda c: "yes" if c["trigger"]["holds"] else "no")
    lines = aligned(rows)
    lines += [f"{c['variant']}: {c['says'].splitlines()[0]}" for c in columns if c.get("says")]
    return "\n".join(lines)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
