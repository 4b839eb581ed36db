# SPDX-License-Identifier: Apache-2.0
"""A small Verilog writer: names, widths and columns; no knowledge of designs.

Every function returns text or lines of text. It knows module, port, instance, literal and
concatenation, and shall not grow into a language of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hwgen.design.source_list import SPDX

LINE = 110  # columns after which lists are wrapped


@dataclass(frozen=True)
class PortDecl:
    """A module port.

    Attributes:
        direction: ``input`` or ``output``.
        width: bits; None for a single bit without a range.
        name: with its ``_i`` or ``_o``.
        comment: what it carries.
    """

    direction: str
    width: int | None
    name: str
    comment: str = ""


def literal(value: int, width: int) -> str:
    """Return a sized decimal literal, ``4'd9`` or ``-4'sd3``; the value must fit the word.

    >>> literal(-3, 4)
    "-4'sd3"
    """
    assert -(1 << (width - 1)) <= value < (1 << width), f"{value} does not fit {width} bits"
    return f"-{width}'sd{-value}" if value < 0 else f"{width}'d{value}"


def signed_literal(value: int, width: int) -> str:
    """Return a sized signed literal, for parameters of a signed type."""
    assert -(1 << (width - 1)) <= value < (1 << (width - 1)), f"{value} does not fit {width} bits"
    return f"-{width}'sd{-value}" if value < 0 else f"{width}'sd{value}"


def span(width: int) -> str:
    """Return the range of a vector, ``[7:0]``."""
    return f"[{width - 1}:0]"


def bits(name: str, low: int, width: int, total: int) -> str:
    """Return a part of a vector of *total* bits: the whole, one bit, or ``name[high:low]``."""
    if low == 0 and width == total:
        return name
    return f"{name}[{low}]" if width == 1 else f"{name}[{low + width - 1}:{low}]"


def wrap(items: Sequence[str], indent: str) -> list[str]:
    """Return *items*, separated by commas, in lines of at most `LINE` columns."""
    lines: list[str] = []
    line = ""
    last = len(items) - 1
    for i, item in enumerate(items):
        word = item if i == last else item + ","
        if line and len(indent) + len(line) + 1 + len(word) > LINE:
            lines.append(indent + line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    lines.append(indent + line)
    return lines


def concat(lowest_first: Sequence[str], indent: str = "  ") -> str:
    """Return a concatenation; the first item lands in the lowest bits.

    Short ones stay on one line; long ones are wrapped, the closing brace at *indent*.
    """
    if len(lowest_first) == 1:
        return lowest_first[0]
    items = lowest_first[::-1]
    if len(items) <= 16:
        line = "{" + ", ".join(items) + "}"
        if len(line) + len(indent) + 20 <= LINE:
            return line
    return "\n".join(["{", *wrap(items, indent + "  "), indent + "}"])


def unused(name: str, reads: Sequence[str]) -> list[str]:
    """Return a sink for bits that nothing reads; linters know ``unused`` in a name."""
    lines = [f"  logic unused_{name};"]
    return [*lines, f"  assign unused_{name} = ^{_braced(concat(reads))};"]


def _braced(text: str) -> str:
    return text if text.startswith("{") else "{" + text + "}"


def instance(
    module: str,
    name: str,
    params: Sequence[tuple[str, str]],
    ports: Sequence[tuple[str, str]],
) -> list[str]:
    """Return an instance with one named, aligned connection a line."""
    lines = [f"  {module} #("] if params else [f"  {module} {name} ("]
    if params:
        lines += [*_aligned(params), f"  ) {name} ("]
    return [*lines, *_aligned(ports), "  );"]


def unit(
    module: str,
    name: str,
    params: Sequence[tuple[str, str]],
    ports: Sequence[tuple[str, str]],
) -> list[str]:
    """Return an instance of a small unit in two lines, or more where it has much to tell."""
    given = [f".{k}({v})" for k, v in params]
    wired = ", ".join(f".{k}({v})" for k, v in ports)
    head = [f"  {module} #({', '.join(given)})"]
    if len(head[0]) > LINE:
        head = [f"  {module} #(", *wrap(given, "    "), "  )"]
    if max(map(len, f"    {name} ({wired});".split("\n"))) > LINE or "\n" in wired:
        last = len(ports) - 1
        rows = [f"      .{k}({v}){'' if i == last else ','}" for i, (k, v) in enumerate(ports)]
        return [*head, f"    {name} (", *rows, "    );"]
    return [*head, f"    {name} ({wired});"]


def _aligned(pairs: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(k) for k, _ in pairs)
    last = len(pairs) - 1
    return [f"    .{k:<{width}}({v}){'' if i == last else ','}" for i, (k, v) in enumerate(pairs)]


def module(name: str, ports: Sequence[PortDecl], body: Iterable[str]) -> list[str]:
    """Return a module with aligned ports."""
    heads = []
    for port in ports:
        kind = "input  wire logic" if port.direction == "input" else "output logic"
        heads.append((kind, "" if port.width is None else span(port.width), port))
    wide = max((len(s) for _, s, _ in heads), default=0)
    lines = [f"module {name} ("]
    for i, (kind, size, port) in enumerate(heads):
        comma = "" if i == len(heads) - 1 else ","
        comment = f"  // {port.comment}" if port.comment else ""
        gap = f"{size:<{wide}} " if wide else ""
        lines.append(f"  {kind:<17} {gap}{port.name}{comma}{comment}")
    return [*lines, ");", "", *body, "", "endmodule"]


def file(header: Sequence[str], body: Sequence[str]) -> str:
    """Return a source file: licence, banner, then *body* with implicit nets switched off."""
    return "\n".join(
        [
            f"// {SPDX}",
            *(f"// {line}".rstrip() for line in header),
            "`default_nettype none",
            "",
            *body,
            "",
            "`default_nettype wire",
            "",
        ]
    )


def plain(text: str) -> str:
    """Return *text* on one line, for a comment; line breaks become blanks."""
    return " ".join(text.split())
