# SPDX-License-Identifier: Apache-2.0
"""The report's drawings, as SVG text. Colours are classes of page.css."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from hwgen.cost.figures import StageFigures
from hwgen.report.sheet import Histogram, NamedOutput, NodeFigures

_RAIL = 6  # between links that pass by side by side
_COLOURS = {"input": "c", "activation": "b"}  # by role; "a" is any other node


def _svg(width: float, height: float, parts: Sequence[str], label: str) -> str:
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    mark = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}"{mark}>{escape(text)}</text>'


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def number_format(node: NodeFigures) -> str:
    """Return a node's number format, such as ``s8.4``."""
    return f"{'s' if node.signed else 'u'}{node.width}.{node.frac}"


def network(nodes: Sequence[NodeFigures], outputs: Sequence[NamedOutput]) -> str:
    """Draw the graph from top to bottom; nodes of equal depth stand side by side."""
    wide, high, gap_x, gap_y = 260, 52, 24, 28
    depth: dict[str, int] = {}
    for node in nodes:
        depth[node.name] = max((depth[i] + 1 for i in node.inputs), default=0)
    rows: dict[int, list[str]] = {}
    for name, level in depth.items():
        rows.setdefault(level, []).append(name)
    columns = max(len(row) for row in rows.values())
    total: float = columns * (wide + gap_x)  # half a gap at both sides, where links pass by
    place = {
        name: (
            (total - len(row) * (wide + gap_x) + gap_x) / 2 + k * (wide + gap_x),
            level * (high + gap_y),
        )
        for level, row in rows.items()
        for k, name in enumerate(row)
    }
    leaving = {out.node: out.name for out in outputs}
    parts, around = list[str](), list[tuple[float, int, float, int]]()
    for node in nodes:
        x, y = place[node.name]
        for source in node.inputs:
            sx, sy = place[source][0] + wide / 2, place[source][1] + high
            tx = x + wide / 2
            if any(_between(place[name], sx, (sy, y), wide) for name in place):
                around.append((sx, sy, tx, y))
                continue
            middle = (sy + y) / 2
            parts.append(
                f'<path class="edge" d="M{sx:g} {sy:g} C{sx:g} {middle:g} {tx:g} {middle:g} '
                f'{tx:g} {y:g}"/>'
            )
    # Around what stands between: out at the side, down, and in from above.
    rails, bend = _rails([(max(sx, tx), sy, y) for sx, sy, tx, y in around]), gap_y / 4
    for (sx, sy, tx, ty), rail in zip(around, rails, strict=True):
        side = max(sx, tx) + (wide + gap_x) / 2 + _RAIL * rail
        parts.append(
            f'<path class="edge" d="M{sx:g} {sy:g} v{bend:g} H{side:g} V{ty - bend:g} H{tx:g} '
            f'V{ty:g}"/>'
        )
    total += _RAIL * (max(rails) + 1) if rails else 0
    for node in nodes:
        x, y = place[node.name]
        kind, colour = node.kind, _COLOURS.get(node.role, "a")
        shape = "\u00d7".join(str(n) for n in node.shape)
        parts += [
            f'<rect class="box" x="{x:g}" y="{y:g}" width="{wide}" height="{high}" rx="8"/>',
            f'<rect class="{colour}" x="{x:g}" y="{y:g}" width="5" height="{high}" rx="2"/>',
            _text(x + 16, y + 21, _short(node.name, 22), "strong"),
            _text(x + 16, y + 40, _short(f"{kind}, {shape} of {number_format(node)}", 40), "soft"),
        ]
        if node.name in leaving:
            parts.append(_text(x + wide - 10, y + 21, "output", "soft r"))
    height = len(rows) * (high + gap_y) - gap_y
    return _svg(total, height, parts, "the network")


def _rails(spans: Sequence[tuple[float, float, float]]) -> list[int]:
    """Return a rail for each link that goes around: 0 the innermost; no two share a piece of one.

    Args:
        spans: where each goes down, and from which height to which.
    """
    found = [0] * len(spans)
    done: list[int] = []
    for i in sorted(range(len(spans)), key=lambda i: spans[i][2] - spans[i][1]):
        at, top, end = spans[i]
        near = [k for k in done if spans[k][0] == at and spans[k][1] < end and top < spans[k][2]]
        taken = {found[k] for k in near}
        found[i] = next(rail for rail in range(len(spans)) if rail not in taken)
        done.append(i)
    return found


def _between(at: tuple[float, float], x: float, rows: tuple[float, float], wide: float) -> bool:
    """Tell whether a box stands in the way of a line at *x* from one height down to another."""
    return at[0] < x < at[0] + wide and rows[0] < at[1] < rows[1]


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.4g}%"


def waterfall(stages: Sequence[StageFigures], cycles: int, period_ns: float) -> str:
    """Draw which cycles each stage takes; a stage without registers is a tick in its cycle.

    Bars and axis are boxes of the page, in shares of its width, so that they fit any screen.
    """
    span = max(cycles, 1)
    every = -(-span // 5)  # few enough that no label meets its neighbour
    scale, unit = (1.0, "ns") if span * period_ns < 1000 else (1000.0, "us")
    rows = []
    for stage in stages:
        spent = stage.end - stage.start
        at = _share(stage.start, span)
        said = f"{spent} cycle{'s' * (spent != 1)}" if spent else "no register"
        bar = (
            f'<div class="fill a" style="left:{at};width:{_share(spent, span)}"></div>'
            if spent
            else f'<div class="fill b tick" style="left:{at}"></div>'
        )
        rows.append(_row(stage.name, bar, said))
    ticks = "".join(
        f'<div class="mark" style="left:{_share(c, span)}"><span>{c}</span>'
        f"<span>{c * period_ns / scale:.3g}</span></div>"
        for c in range(0, span + 1, every)
    )
    axis = (
        f'<div class="span axis"><span>cycle<br>{unit}</span>'
        f'<div class="track">{ticks}</div><span></span></div>'
    )
    return f'<div class="spans">{"".join(rows)}{axis}</div>'


def _row(name: str, bar: str, said: str) -> str:
    return (
        f'<div class="span"><span title="{escape(name)}">{escape(_short(name, 18))}</span>'
        f'<div class="track">{bar}</div><span class="said">{escape(said)}</span></div>'
    )


def histogram(bins: Histogram) -> str:
    """Draw how often each weight occurs; the bar of zero is cut off where it towers."""
    counts, low, step = bins.counts, bins.low, bins.step
    width, height = 230, 96
    zero = -low // step if low <= 0 < low + step * len(counts) else -1
    most = max((n for k, n in enumerate(counts) if k != zero), default=0) or max(counts)
    bar = width / len(counts)
    parts = []
    for k, count in enumerate(counts):
        tall = 60 * min(count / most, 1.15)
        parts.append(
            f'<rect class="{"c" if k == zero else "a"}" x="{k * bar:.4g}" y="{76 - tall:.4g}" '
            f'width="{max(bar - 0.8, 0.8):.4g}" height="{max(tall, 0.6 if count else 0):.4g}"/>'
        )
    scale = 2.0**-bins.frac
    parts.append(f'<line class="grid" x1="0" y1="76" x2="{width}" y2="76"/>')
    if zero >= 0 and counts[zero] > most:
        middle = (zero + 0.5) * bar
        right = middle > width / 2
        at, kind = (middle - 8, "soft r") if right else (middle + 8, "soft")
        parts.append(_text(at, 12, f"0: {counts[zero]:,} times", kind))
    parts.append(_text(0, 91, f"{low * scale:g}", "soft"))
    high = low + step * len(counts) - 1
    parts.append(_text(width, 91, f"{high * scale:g}", "soft r"))
    return _svg(width, height, parts, "weights")


def ranges(nodes: Sequence[NodeFigures]) -> str:
    """Draw each node's reachable interval inside what its number format could hold."""
    rows = []
    for node in nodes:
        low = -(1 << node.width - 1) if node.signed else 0
        high = (1 << node.width - 1) - 1 if node.signed else (1 << node.width) - 1
        room = max(high - low, 1)
        place = f"left:{_share(node.lo - low, room)};width:{_share(node.hi - node.lo, room)}"
        bar = f'<div class="fill b" style="{place}"></div>'
        rows.append(_row(node.name, bar, f"{number_format(node)} [{node.lo}, {node.hi}]"))
    return f'<div class="spans long">{"".join(rows)}</div>'
