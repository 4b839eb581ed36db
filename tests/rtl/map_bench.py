# SPDX-License-Identifier: Apache-2.0
"""Test bench of the units that work on maps: side by side under sim/units/bench_map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.emit.verilog import sv
from tests.rtl.cocotb_bench import simulate

TIMES = "keeps_interval_and_latency"
CLAIMS = (
    "loses_nothing_under_stalls_and_gaps",
    TIMES,
    "waits_for_no_word_of_the_next_frame",
    "recovers_from_reset_in_a_frame",
)
Words = list[int]


@dataclass(frozen=True)
class Frame:
    """Words of a frame: a list a link, going in and coming out."""

    ins: Sequence[Words]
    outs: Sequence[Words]


@dataclass(frozen=True)
class Case:
    """A unit at some parameters, what it is given and what it must answer.

    Attributes:
        module: the unit.
        params: as text or numbers.
        ins, outs: bits of a word of each link.
        frames: sent one after the other.
        interval: cycles a frame; 0: not claimed.
        needs: word of the first link from which on the latency counts.
        latency: cycles up to the first word that comes out; -1: not claimed.
        links: names of its links in and out; None where *wires* has them, and no clock either.
        more: lines beside the instance, ``{i}`` is the number of the channel.
        wires: further ports of the instance.
    """

    module: str
    params: Mapping[str, int | str]
    ins: Sequence[int]
    outs: Sequence[int]
    frames: Sequence[Frame]
    interval: int = 0
    needs: int = 0
    latency: int = -1
    links: tuple[Sequence[str], Sequence[str]] | None = (("in",), ("out",))
    more: Sequence[str] = ()
    wires: Sequence[tuple[str, str]] = ()
    modules: Sequence[str] = field(default=())

    @property
    def name(self) -> str:
        """Unit and parameters, for messages."""
        given = ", ".join(f"{k}={v}" for k, v in self.params.items() if len(str(v)) < 12)
        return f"{self.module} {given}"


def words(elements: npt.NDArray[Any], width: int) -> Words:
    """Pack the elements of each row into a word, the first in the lowest bits."""
    mask = (1 << width) - 1
    rows = elements.reshape(len(elements), -1).tolist()
    return [sum((int(e) & mask) << (width * i) for i, e in enumerate(row)) for row in rows]


def vector(elements: Sequence[int], width: int) -> str:
    """Write elements as a constant, the first in the lowest bits."""
    mask = (1 << width) - 1
    word = sum((int(e) & mask) << (width * i) for i, e in enumerate(elements))
    return f"{width * len(elements)}'h{word:x}"


def bench_text(cases: Sequence[Case]) -> tuple[str, list[str]]:
    """Return a module with all units side by side, and its ports."""
    ports = [sv.PortDecl("input", None, "clk_i"), sv.PortDecl("input", None, "rst_ni")]
    body: list[str] = []
    for i, case in enumerate(cases):
        wires = [] if case.links is None else [("clk_i", "clk_i"), ("rst_ni", "rst_ni")]
        sides = (("s", "input", "output", case.ins), ("m", "output", "input", case.outs))
        for side, (letter, ahead, back, widths) in enumerate(sides):
            for k, width in enumerate(widths):
                port = f"{letter}{i}_{k}"
                ports += [
                    sv.PortDecl(ahead, None, f"{port}_valid"),
                    sv.PortDecl(back, None, f"{port}_ready"),
                    sv.PortDecl(ahead, width, f"{port}_data"),
                ]
                if case.links is not None:
                    name = case.links[side][k]
                    wires += [
                        (f"{name}_valid_{ahead[0]}", f"{port}_valid"),
                        (f"{name}_ready_{back[0]}", f"{port}_ready"),
                        (f"{name}_data_{ahead[0]}", f"{port}_data"),
                    ]
        body += [line.format(i=i) for line in case.more]
        wires += [(name, wire.format(i=i)) for name, wire in case.wires]
        given = [(name, str(value)) for name, value in case.params.items()]
        body += sv.instance(case.module, f"u_{i}", given, wires)
    return sv.file(["test bench"], sv.module("tb", ports, body)), [port.name for port in ports]


def run_cases(
    folder: Path, seed: int, cases: Sequence[Case], edit: Callable[[Path], None] | None = None,
    intervals: Path | None = None,
) -> set[str]:  # fmt: skip
    """Run all claims on all cases in one simulation and return the names of those that fail.

    With *intervals*, a file, only times are looked at, and what was measured is written there.
    """
    text, ports = bench_text(cases)
    channels = [
        {
            "name": case.name, "ins": list(case.ins), "outs": list(case.outs),
            "frames": [{"in": list(f.ins), "out": list(f.outs)} for f in case.frames],
            "interval": case.interval, "needs": case.needs, "latency": case.latency,
        }
        for case in cases
    ]  # fmt: skip
    modules = sorted({module for case in cases for module in (case.module, *case.modules)})
    facts: dict[str, Any] = {"seed": seed, "channels": channels}
    if intervals is None:
        return simulate(folder, "bench_map", text, ports, modules, facts, CLAIMS, edit)
    facts["intervals"] = str(intervals)
    return simulate(folder, "bench_map", text, ports, modules, facts, (TIMES,), edit, others=True)


def random_words(rng: np.random.Generator, count: int, width: int) -> Words:
    """Return random words of any width."""
    return [
        int.from_bytes(rng.bytes((width + 7) // 8), "little") >> (-width % 8) for _ in range(count)
    ]
