# SPDX-License-Identifier: Apache-2.0
"""Report of a design as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from hwgen.cost.advice import ROUTED_OVER_COST
from hwgen.cost.calibration import ErrorBar
from hwgen.cost.figures import RESOURCES, Figures
from hwgen.errors import count_of

_TERMS = {
    "maxima": "maxima",
    "multipliers": "multipliers",
    "requantizers": "requantizers",
    "selects": "selects",
    "thresholds": "thresholds",
    "tables": "truth tables",
    "chains": "carry chains of single bits",
}
_WIDE = 100  # columns; longer notes are cut


def build_report(figures: Figures) -> str:
    """Return the report of a design: a block of headline figures, then one line a stage.

    Args:
        figures: of the design, as `hwgen.report.figures.figures` gives them.
    """
    lines = [f"{name:<9} {text}".rstrip() for name, text in _head(figures)]
    return "\n".join([*lines, "", *_stages(figures)]) + "\n"


def _head(figures: Figures) -> list[tuple[str, str]]:
    cycles, crossings = figures.latency_cycles, figures.latency_crossings
    terms = figures.terms
    logic = [f"{count_of(terms['adders'] + terms['ternary_adders'], 'adder')}"]
    three = f"; {terms['ternary_adders']:,} of three operands" if terms["ternary_adders"] else ""
    logic[0] += f" ({count_of(terms['adder_bits'], 'carry bit')}{three})"
    logic += [term_count(terms[key], name) for key, name in _TERMS.items() if terms.get(key)]
    zeros, weights = figures.zeros, figures.weights
    inputs = figures.input_bits
    widths = sorted(set(inputs.values()))
    wide = (
        f"inputs of {count_of(widths[0], 'bit')}"
        if len(widths) == 1
        else "inputs of " + ", ".join(f"{bits} ({name})" for name, bits in inputs.items()) + " bits"
    )
    late = f"{count_of(cycles, 'cycle')} = {time_text(figures.latency_ns)}"
    if figures.style != "stream":  # made for frames, not for triggers
        late += f" = {count_of(crossings, 'bunch crossing')} of 25 ns"
    return [
        ("design", f"{figures.name}  ({figures.style}, model {figures.model[:8]})"),
        ("board", f"{figures.board}, {figures.part}, {figures.clock_mhz:g} MHz"),
        ("latency", late),
        ("interval", f"{figures.interval:,}: {rate_text(figures.rate_mhz)}"),
        ("packaged", packaged_line(figures)),
        *((key.upper(), _taken(figures, key)) for key in RESOURCES),
        *_vendor(figures),
        ("Fmax", _fmax(figures)),
        ("logic", ", ".join(logic)),
        (
            "weights",
            f"{weights:,} of {figures.parameters:,} parameters; zero on the integers: {zeros:,}"
            + (f" ({100 * zeros / weights:.0f} %)" if weights else ""),
        ),
        ("BOPs", f"{figures.bops:,} ({wide})"),
        ("EBOPs", f"{figures.ebops:,}" + _live(figures)),
    ]


def _vendor(figures: Figures) -> list[tuple[str, str]]:
    """Return what a vendor's tool may report, where anybody knows."""
    found = figures.vendor
    if found is None:
        return []
    least, most = ROUTED_OVER_COST
    told = (
        f"{found.low:,} to {found.high:,} LUT expected of Vivado: {found.positions:,} carry bits "
        f"times {least} to {most}, as of {found.designs} routed designs of another generator"
    )
    return [("vendor", told)]


def _live(figures: Figures) -> str:
    """Return the EBOPs of live weights, where they are fewer."""
    if figures.ebops_live == figures.ebops:
        return ""
    return f"; {figures.ebops_live:,} of weights that an output depends on"


def rate_text(mhz: float, form: str = "g") -> str:
    """Return a rate: in millions a second, or whole samples where that is less than one."""
    if mhz < 1:
        return f"{1e6 * mhz:,.0f} samples a second"
    return f"{mhz:{form}} million samples a second"


def time_text(ns: float) -> str:
    """Return a time: in nanoseconds, or where that is ten thousand or more in microseconds."""
    return f"{ns:g} ns" if ns < 10_000 else f"{ns / 1000:,.5g} us"


def term_count(number: int, name: str) -> str:
    """Return a number of terms, which are named in the plural.

    >>> term_count(1, "maxima"), term_count(2, "maxima"), term_count(1, "ternary_adders")
    ('1 maximum', '2 maxima', '1 ternary_adder')
    """
    return count_of(number, "maximum" if name == "maxima" else name.removesuffix("s"), name)


def packaged_line(figures: Figures) -> str:
    """Return the line of the core behind AXI-Stream."""
    core = figures.packaged
    taken, rate = core.modelled, rate_text(figures.held_mhz / core.interval, ".4g")
    blocks = f", {taken.bram:,} BRAM" if taken.bram else ""
    return (
        f"AXI-Stream, {core.data_width} bit: interval "
        f"{count_of(core.interval, 'cycle')}, limited by the {core.limit}, {rate}, "
        f"latency {count_of(core.latency_cycles, 'cycle')}; {taken.lut:,} LUT, "
        f"{taken.ff:,} FF{blocks}; the registers of the IP take {core.registers.lut:,} LUT, "
        f"{core.registers.ff:,} FF more"
    )


def _taken(figures: Figures, key: str) -> str:
    count, there = getattr(figures.modelled, key), getattr(figures.budget, key)
    text = f"{count:>9,} of {there:>9,}  {share(count, there):>7}"
    if key == "lut":
        text += f"   modelled; {error_bar(figures.lut_error)}"
    return text if key == "lut" or count else f"{count:>9,} of {there:>9,}"


def share(count: float, whole: float) -> str:
    """Return ``12.3 %``; what is next to nothing is not called nothing."""
    if not count:
        return "0 %"
    if not whole:
        return "none there"
    percent = 100 * count / whole
    return f"{percent:.1f} %" if percent >= 0.1 else "< 0.1 %"


def error_bar(error: ErrorBar | None) -> str:
    """Return how far the LUT model was off on layers and designs that it was not fitted to."""
    if error is None:
        return "no synthesis to compare with"
    of = "" if error.own else f", measured on {error.family}"
    return (
        f"off by {100 * error.layer_median:.1f} % (median) to {ceil(100 * error.layer_worst)} % "
        f"(worst) a layer, {100 * error.median:.1f} to {ceil(100 * error.worst)} % a design, "
        f"on {count_of(error.designs, 'design')}{of}"
    )


def _fmax(figures: Figures) -> str:
    text, error = f"{figures.fmax.mhz:g} MHz by the delay model", figures.fmax.error
    if not figures.fmax.holds:
        text = f"MISSED: {text}, {figures.clock_mhz:g} MHz wanted"
    if error is None:
        return f"{text}; never compared with place and route on this family"
    return (
        f"{text}; off by {100 * error.median:.0f} % (median) to {ceil(100 * error.worst)} % "
        f"(worst) from {error.tool} on {count_of(error.designs, 'design')}"
    )


def _stages(figures: Figures) -> list[str]:
    stream = figures.style == "stream"
    span = "interval" if stream else "cycles"
    rows = [["stage", span, "LUT", "FF", "DSP", "BRAM", "of LUT", "what"]]
    whole = figures.modelled.lut
    for stage in figures.stages:
        counts = [f"{getattr(stage, key):,}" for key in RESOURCES]
        span = f"{stage.start}..{stage.end}" if stage.name != "top" else ""
        span = f"{stage.end:,}" if stream else span
        rows.append([stage.name, span, *counts, share(stage.lut, whole), stage.note])
    if not any(stage.dsp or stage.bram for stage in figures.stages):
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
