# SPDX-License-Identifier: Apache-2.0
"""Switching activity: a waveform (VCD) counted bit by bit, and written as a SAIF file.

The format is that of IEEE 1801 (SAIF 2.0): of every bit the time at 0, at 1 and unknown, and how
often it changed. Tools for power read it; none is run here, and no watts are claimed. The window is
the whole run of a bench; the header of the file says so, in the field for the program's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hwgen.errors import ToolFailed

# What the times and changes are of; it stands in the file and beside its path.
WINDOW = "whole run of the bench, with its gaps, stalls and resets"


@dataclass
class Bit:
    """Bit of a signal, as time passes.

    Attributes:
        value: that it has now: ``0``, ``1`` or ``x``.
        since: time at which it got that.
        at: time spent at 0, at 1 and unknown.
        changes: between 0 and 1.
    """

    value: str = "x"
    since: int = 0
    at: dict[str, int] = field(default_factory=lambda: {"0": 0, "1": 0, "x": 0})
    changes: int = 0

    def becomes(self, value: str, now: int) -> None:
        """Take a value."""
        value = value if value in "01" else "x"
        if value != self.value:
            self.at[self.value] += now - self.since
            self.changes += {value, self.value} == {"0", "1"}
            self.value, self.since = value, now

    def end(self, now: int) -> None:
        """Count the time up to the end."""
        self.at[self.value] += now - self.since
        self.since = now


@dataclass
class Scope:
    """Instance in a waveform: its nets by name, and the instances in it."""

    nets: dict[str, list[Bit]] = field(default_factory=dict)
    inside: dict[str, Scope] = field(default_factory=dict)


@dataclass(frozen=True)
class Activity:
    """Switching activity of a simulation.

    Attributes:
        timescale: of all times, as the waveform says it.
        duration: of the simulation.
        top: nameless scope around everything.
    """

    timescale: str
    duration: int
    top: Scope

    def saif(self) -> str:
        """Return the text of a SAIF file; the same run gives the same bytes."""
        lines = [
            "(SAIFILE",
            '(SAIFVERSION "2.0")',
            '(DIRECTION "backward")',
            "(DESIGN )",
            '(VENDOR "hwgen")',
            f'(PROGRAM_NAME "hwgen sim --activity: {WINDOW}")',
            "(DIVIDER / )",
            f"(TIMESCALE {self.timescale})",
            f"(DURATION {self.duration})",
            *_written(self.top, 0),
            ")",
        ]
        return "\n".join(lines) + "\n"


def _written(scope: Scope, depth: int) -> Iterator[str]:
    pad = "  " * depth
    if scope.nets:
        yield f"{pad}(NET"
        for name, bits in scope.nets.items():
            for place, bit in enumerate(bits):
                label = name if len(bits) == 1 else f"{name}\\[{place}\\]"
                zero, one, unknown = (bit.at[v] for v in "01x")
                yield f"{pad}  ({label}"
                yield f"{pad}    (T0 {zero}) (T1 {one}) (TX {unknown}) (TC {bit.changes}) (IG 0)"
                yield f"{pad}  )"
        yield f"{pad})"
    for name, inner in scope.inside.items():
        yield f"{pad}(INSTANCE {name}"
        yield from _written(inner, depth + 1)
        yield f"{pad})"


def read_vcd(file: Path) -> Activity:
    """Count the activity of a waveform; it is read line by line, whatever its length.

    Raises:
        ToolFailed: it is no VCD, or it ends within its declarations.
    """
    top, codes, timescale = Scope(), dict[str, list[Bit]](), ""
    with file.open(encoding="ascii", errors="replace") as lines:
        words = (word for line in lines for word in line.split())
        stack = [top]
        for word in words:
            if not word.startswith("$"):
                raise _damaged(file)
            inside = []
            for other in words:
                if other == "$end":
                    break
                inside.append(other)
            match word:
                case "$timescale":
                    timescale = _timescale("".join(inside))
                case "$scope":
                    stack.append(stack[-1].inside.setdefault(inside[1], Scope()))
                case "$upscope":
                    stack.pop()
                case "$var" if inside[0] not in ("real", "parameter", "event"):
                    bits = codes.setdefault(inside[2], [Bit() for _ in range(int(inside[1]))])
                    stack[-1].nets[inside[3]] = bits
                case "$enddefinitions":
                    break
        else:
            raise _damaged(file)
        now = _counted(lines, codes)
    for bits in codes.values():
        for bit in bits:
            bit.end(now)
    return Activity(timescale or "1 ns", now, top)


def _counted(lines: Iterator[str], codes: dict[str, list[Bit]]) -> int:
    """Follow the changes, and return the time of the last."""
    now = 0
    for line in lines:
        first = line[:1]
        if first == "#":
            now = int(line[1:])
        elif first in "bB":
            value, code = line[1:].split()
            bits = codes.get(code, [])
            filled = value.rjust(len(bits), "0" if value[0] in "01" else value[0])
            for bit, digit in zip(bits, reversed(filled), strict=False):
                if digit != bit.value:
                    bit.becomes(digit, now)
        elif first in "01xXzZ":
            for bit in codes.get(line[1:].strip(), []):
                bit.becomes(first, now)
    return now


def _timescale(text: str) -> str:
    number = "".join(c for c in text if c.isdigit())
    return f"{number} {text[len(number) :]}"


def _damaged(file: Path) -> ToolFailed:
    return ToolFailed("the simulator's waveform is no VCD", str(file), "simulate again")


def write_saif(vcd: Path) -> Path:
    """Write the activity of a waveform beside it, and return the file."""
    made = vcd.with_name("activity.saif")
    part = made.with_suffix(".part")
    part.write_text(read_vcd(vcd).saif(), encoding="ascii")
    part.replace(made)
    return made
