# SPDX-License-Identifier: Apache-2.0
"""`report.html`: one page that needs nothing beside itself, drawn from `report.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from hwgen.cost.figures import RESOURCES, Figures
from hwgen.design.source_list import SPDX
from hwgen.errors import count_of
from hwgen.report import charts
from hwgen.report.sheet import Sheet
from hwgen.report.text import packaged_line, time_text


def render(sheet: Sheet) -> bytes:
    """Return the page of a report.

    Args:
        sheet: of the build, with the results so far.
    """
    style = Path(__file__).with_name("page.css").read_text("utf-8")
    name = escape(sheet.figures.name)
    span = "Interval" if sheet.figures.style == "stream" else "Latency"
    body = "\n".join(
        [
            _head(sheet),
            _tiles(sheet),
            *(f'<p class="note">{escape(note)}</p>' for note in sheet.figures.notes),
            _section("Verification", _verification(sheet)),
            _section("Resources", _resources(sheet)),
            '<div class="two">',
            _section("Network", f'<div class="tall">{_network(sheet)}</div>'),
            "<div>",
            _section(span, _latency(sheet)),
            _section("Reachable intervals", _ranges(sheet)),
            "</div></div>",
            _section("Layers", _layers(sheet)),
            _section("Weights", _weights(sheet)),
            _section("Provenance", _provenance(sheet)),
        ]
    )
    return (
        f'<!doctype html>\n<!-- {SPDX} -->\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}: hwgen report</title>\n<style>\n{style}</style></head>\n"
        f"<body><main>\n{body}\n</main></body></html>\n"
    ).encode()


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>" if content else ""


def _head(sheet: Sheet) -> str:
    badges = []
    found, figures = sheet.results, sheet.figures
    if not figures.fmax.holds:
        words = f"clock missed: {figures.fmax.mhz:g} MHz modelled"
        badges.append(f'<span class="badge bad">{words}</span>')
    for what, words in (("sim", "RTL = reference"), ("verify", "reference = QKeras")):
        result = found.get(what)
        if result is None:
            badges.append(f'<span class="badge">{words}: not run</span>')
        elif result["mismatches"] or result.get("failed"):
            badges.append(f'<span class="badge bad">{words}: failed</span>')
        else:
            edited, kind = (", edited files", "") if result.get("changed") else ("", " ok")
            count = f"{result['samples']:,} samples{edited}"
            badges.append(f'<span class="badge{kind}">{words}: {count}</span>')
    if "proof" in found:
        proven = found["proof"]["proven"]
        said, kind = ("proven", "ok") if proven else ("not proven", "bad")
        badges.append(f'<span class="badge {kind}">RTL = model, every input: {said}</span>')
    if "synth" in found:
        badges.append('<span class="badge ok">synthesised</span>')
    return (
        f"<h1>{escape(sheet.figures.name)}</h1>"
        f'<p class="sub">{escape(sheet.board_title)}: {escape(sheet.figures.part)}, '
        f"{sheet.figures.clock_mhz:g} MHz, style {escape(sheet.figures.style)}</p>{''.join(badges)}"
    )


def _tiles(sheet: Sheet) -> str:
    figures = sheet.figures
    synth = sheet.results.get("synth", {})
    beside = (f"{figures.latency_crossings} BX", "bunch crossings of 25 ns")
    if figures.style == "stream":  # made for frames, not for triggers
        beside = (f"{1e6 * figures.rate_mhz:,.0f}", "samples a second")
    tiles = [
        (time_text(figures.latency_ns), f"latency, {count_of(figures.latency_cycles, 'cycle')}"),
        beside,
        (f"{figures.interval:,}", "initiation interval, cycles"),
        _resource(sheet, "lut"),
        _resource(sheet, "ff"),
        _speed(figures, synth.get("route")),
        (f"{figures.weights:,}", f"weights, {_share(figures.zeros, figures.weights)} zero"),
        (f"{figures.ebops:,}", f"EBOPs; BOPs {figures.bops:,}"),
    ]
    made = "".join(f'<div class="tile"><b>{b}</b><span>{s}</span></div>' for b, s in tiles)
    return f'<div class="tiles">{made}</div>'


def _resource(sheet: Sheet, kind: str) -> tuple[str, str]:
    """Return a tile of what the design takes: as synthesised where that is known, else modelled."""
    modelled, whole = getattr(sheet.figures.modelled, kind), getattr(sheet.figures.budget, kind)
    total = sheet.results.get("synth", {}).get("total")
    if total is None:
        return f"{modelled:,}", f"{kind.upper()} modelled, {_share(modelled, whole)}"
    count = total[kind]
    said = f"{kind.upper()} synthesised, {_share(count, whole)}; {modelled:,} modelled"
    return f"{count:,}", said


def _speed(figures: Figures, route: Mapping[str, Any] | None) -> tuple[str, str]:
    modelled = f"{figures.fmax.mhz:g} MHz"
    if route is not None:
        return f"{route['fmax_mhz']:g} MHz", f"Fmax placed and routed; {modelled} modelled"
    return modelled, f"Fmax modelled; {figures.clock_mhz:g} MHz wanted"


def _share(part: float, whole: float) -> str:
    if not whole:
        return "none"
    share = 100 * part / whole
    return f"{share:.2g} %" if share < 10 else f"{share:.0f} %"


_HLS = (("hls", "HLS C++ against the integer reference", "hwgen verify OUT --against hls"),)


def _proof(found: Mapping[str, Any]) -> list[list[str]]:
    """Return the row of a proof, where one was tried."""
    if "proof" not in found:
        return []
    proof = found["proof"]
    said = f"proven for {count_of(proof['outputs'], 'output element')}"
    if not proof["proven"]:
        said = f"not proven: {escape(proof['problems'][0])}"
    how = f"{count_of(proof['wires'], 'wire')} read back, {proof['values']:,} values of functions"
    return [["RTL against the model's graph, every input", said, how, ""]]


def _deviation(found: Mapping[str, Any]) -> list[list[str]]:
    """Return a row an output of a deviation from the float model, where one was measured."""
    if "deviation" not in found:
        return []
    rows = []
    for out in found["deviation"]["outputs"]:
        same = out["same_class"]
        said = f"mean {out['mean']:.3g}, largest {out['largest']:.3g}"
        said += "" if same is None else f", same class {same:.2%}"
        title = f"build against the float model, output {escape(out['output'])}"
        samples = count_of(found["deviation"]["samples"], "sample")
        rows.append([title, said, f"{samples} of the data given to the build", ""])
    return rows


def _verification(sheet: Sheet) -> str:
    found = sheet.results
    rows = []
    for what, title, run in (
        ("sim", "RTL against the integer reference", "hwgen sim OUT"),
        ("verify", "integer reference against QKeras, float32", "hwgen verify OUT"),
        *(_HLS if "hls" in found else ()),
    ):
        result = found.get(what)
        if result is None:
            rows.append([title, "not run", f"<code>{run}</code>", ""])
            continue
        equal = result["samples"] - result["mismatches"]
        apart = result.get("announced", 0)
        said = f"{equal - apart:,} of {result['samples']:,} samples equal"
        said += f", {apart:,} differ as announced" if apart else ""
        if result.get("failed"):
            said = escape(str(result["failed"]).splitlines()[0])
        how = ", ".join(
            [
                *([str(result["simulator"])] if "simulator" in result else []),
                f"seed {result['seed']}",
            ]
        )
        measured = f"{result['latency_cycles']} cycles" if "latency_cycles" in result else ""
        rows.append([title, said, escape(how), measured])
    rows += [*_proof(found), *_deviation(found)]
    return _table(["what", "result", "how", "latency measured"], rows, set()) + _reached(sheet)


def _reached(sheet: Sheet) -> str:
    """Return a line about the share of each layer's codes that the samples reached."""
    found = [
        sheet.results[what].get("reached", {})
        for what in ("sim", "verify")
        if what in sheet.results
    ]
    most = {name: max(f.get(name, 0.0) for f in found) for f in found for name in f}
    if not most:
        return ""
    told = ", ".join(f"{escape(name)} {100 * share:.0f} %" for name, share in most.items())
    return f'<p class="key">Codes that the samples reached, of those that can occur: {told}</p>'


def _resources(sheet: Sheet) -> str:
    budget, synth = sheet.figures.budget, sheet.results.get("synth")
    made = []
    for kind in RESOURCES:
        modelled = getattr(sheet.figures.modelled, kind)
        if not modelled and not (synth and synth["total"].get(kind)):
            continue
        made.append(_bar(f"{kind.upper()}", modelled, getattr(budget, kind), "modelled", ""))
        if synth:
            made.append(
                _bar("", synth["total"].get(kind, 0), getattr(budget, kind), "synthesised", "b")
            )
    title = escape(sheet.figures.part)
    key = f'<p class="key">Share of {title}: <i></i>modelled <i class="b"></i>synthesised</p>'
    key += f'<p class="sub">Packaged: {escape(packaged_line(sheet.figures))}</p>'
    if not synth:
        return (
            "".join(made) + key + '<p class="sub">Not synthesised: <code>hwgen synth OUT</code></p>'
        )
    lut, got = sheet.figures.modelled.lut, synth["total"]["lut"]
    off = f"model against synthesis {100 * (lut / got - 1):+.1f} % LUT. " if got else ""
    routed = synth.get("route")
    speed = f"Post-route {routed['fmax_mhz']:g} MHz. " if routed else ""
    return "".join(made) + key + f'<p class="sub">{escape(off + speed + synth["tool"])}</p>'


def _bar(title: str, value: float, whole: float, said: str, colour: str) -> str:
    share = value / whole if whole else 0.0
    kind = "over" if share > 1 else colour
    width = f"{min(100 * share, 100):.3g}"
    return (
        f'<div class="bar"><span>{title}</span><div class="track"><div class="fill {kind}" '
        f'style="width:{width}%"></div></div><span class="said">{value:,} {said}, '
        f"{_share(value, whole)}</span></div>"
    )


def _network(sheet: Sheet) -> str:
    return charts.network(sheet.network, sheet.outputs)


def _latency(sheet: Sheet) -> str:
    stages = [stage for stage in sheet.figures.stages if stage.name != "top"]
    if sheet.figures.style == "stream":
        period = 1000.0 / sheet.figures.clock_mhz
        drawn = charts.waterfall(stages, sheet.figures.interval, period)
        return (
            f'{drawn}<p class="key"><i></i>cycles that a stage needs for a sample; all stages '
            "work at once, and the longest sets the interval</p>"
        )
    drawn = charts.waterfall(stages, sheet.figures.latency_cycles, 1000.0 / sheet.figures.clock_mhz)
    return (
        f'{drawn}<p class="key"><i></i>cycles of the layer '
        '<i class="b"></i>no register inside: it shares its cycle. Outputs are registered.</p>'
    )


def _ranges(sheet: Sheet) -> str:
    drawn = charts.ranges(sheet.network)
    return (
        f'{drawn}<p class="key"><i class="b"></i>codes that can occur, '
        "proven, inside what the format could hold</p>"
    )


def _layers(sheet: Sheet) -> str:
    synth = sheet.results.get("synth")
    measured = synth["stages"] if synth else {}
    stream = sheet.figures.style == "stream"
    span = "interval" if stream else "cycles"
    blocks = [k for k in ("dsp", "bram") if getattr(sheet.figures.modelled, k)]
    head = ["stage", span, "LUT", "FF", *map(str.upper, blocks), "weights", "zero", "what"]
    place = 4 + len(blocks)
    if synth:
        head[place:place] = ["LUT synth.", "FF synth."]
    rows = []
    for stage in sheet.figures.stages:
        name = stage.name
        counts = sheet.figures.layers.get(name)
        row = [
            escape(name),
            f"{stage.end:,}" if stream else f"{stage.start} … {stage.end}",
            f"{stage.lut:,}",
            f"{stage.ff:,}",
            *(f"{getattr(stage, key):,}" for key in blocks),
            f"{counts.weights:,}" if counts else "",
            _share(counts.zeros, counts.weights) if counts else "",
            escape(stage.note),
        ]
        if synth:
            got = measured.get(name, {})
            row[place:place] = [f"{got['lut']:,}" if got else "", f"{got['ff']:,}" if got else ""]
        rows.append(row)
    modelled = sheet.figures.modelled
    whole = f"{sheet.figures.interval:,}" if stream else f"0 … {sheet.figures.latency_cycles}"
    total = ["all", whole, f"{modelled.lut:,}", f"{modelled.ff:,}"]
    total += [f"{getattr(modelled, key):,}" for key in blocks]
    if synth:
        total += [f"{synth['total']['lut']:,}", f"{synth['total']['ff']:,}"]
    total += [f"{sheet.figures.weights:,}", _share(sheet.figures.zeros, sheet.figures.weights), ""]
    return _table(head, [*rows, total], set(range(2, len(head) - 1)), total=True)


def _weights(sheet: Sheet) -> str:
    drawn = [
        f"<div><p><b>{escape(name)}</b></p>{charts.histogram(bins)}</div>"
        for name, bins in sheet.weight_codes.items()
    ]
    if not drawn:
        return ""
    return (
        f'<div class="many">{"".join(drawn)}</div><p class="key"><i></i>how often a weight occurs '
        '<i class="c"></i>zero: nothing is built for it</p>'
    )


def _provenance(sheet: Sheet) -> str:
    known = {**sheet.provenance, "board": sheet.figures.board, "family": sheet.family}
    synth = sheet.results.get("synth")
    if synth:
        known["synthesis"] = synth["tool"]
    rows = "".join(
        f"<dt>{escape(key)}</dt><dd><code>{escape(str(value))}</code></dd>"
        for key, value in known.items()
    )
    return f"<dl>{rows}</dl>"


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], numbers: set[int], total: bool = False
) -> str:
    """Return a table of cells that are HTML already."""

    def cells(tag: str, row: Sequence[str]) -> str:
        made = []
        for k, cell in enumerate(row):
            kinds = ["n"] * (k in numbers) + ["void"] * (not cell)
            kind = f' class="{" ".join(kinds)}"' if kinds else ""
            # Narrow screens show a row as a list, each cell behind its heading.
            title = f' data-head="{escape(head[k])}"' if tag == "td" else ""
            made.append(f"<{tag}{kind}{title}>{cell}</{tag}>")
        return "".join(made)

    lines = []
    for k, row in enumerate(rows):
        mark = ' class="sum"' if total and k == len(rows) - 1 else ""
        lines.append(f"<tr{mark}>{cells('td', row)}</tr>")
    return (
        f"<table><thead><tr>{cells('th', head)}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )
