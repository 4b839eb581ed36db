# SPDX-License-Identifier: Apache-2.0
"""Space of an exploration, from the lists that a user writes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

from hwgen import __version__
from hwgen.api.load import load
from hwgen.api.settings import Ask
from hwgen.cost.calibration import calibrated
from hwgen.errors import ConfigError, DoesNotFit
from hwgen.frontends.options import options
from hwgen.ir.graph import Graph
from hwgen.ops.serial import digest
from hwgen.plan.goal import goal_for, parse_clock
from hwgen.plan.mapping import of_style
from hwgen.plan.pace import AUTO, parse_intervals
from hwgen.target.board import load_board

_AXES = (
    "model",
    "input_format",
    "board",
    "clock",
    "latency",
    "interval",
    "style",
    "effort",
)
# Of each axis, a value; and of a result, a figure a column.
Point: TypeAlias = Mapping[str, Any]
_MOST_CLOCKS = 1000  # of a range
_MOST = 100_000  # points of a grid


@dataclass(frozen=True)
class Space:
    """Space of an exploration: every combination of these is tried.

    Attributes:
        models: name to graph, of every model and input format.
        axes: of each of `_AXES`, the values to try.
        scores: of each model, a figure to maximise (an accuracy, as it was measured elsewhere).
        seed: of the search for adder graphs.
    """

    models: Mapping[tuple[str, str], Graph]
    axes: Mapping[str, tuple[Any, ...]]
    scores: Mapping[str, float] = field(default_factory=dict)
    seed: int = 1

    def points(self) -> list[Point]:
        """Return all of it, in order.

        Raises:
            ConfigError: that would be too many.
        """
        size = 1
        for values in self.axes.values():
            size *= len(values)
        if size > _MOST:
            raise ConfigError(
                f"the grid has {size:,} points", "--method", "search it with tpe or nsga2"
            )
        return [
            dict(zip(self.axes, values, strict=True)) for values in product(*self.axes.values())
        ]

    def check(self) -> None:
        """Refuse a board or goal that cannot be read, before any work is done.

        Raises:
            ConfigError: with the text that is wrong.
        """
        axes = self.axes
        for board, clock, latency, style, effort in product(
            *(axes[key] for key in ("board", "clock", "latency", "style", "effort"))
        ):
            try:
                of_style(style)
                goal_for(load_board(board), clock, latency, effort, self.seed)
            except DoesNotFit:
                continue  # that is an answer

    def ask(self, point: Point) -> Ask:
        """Return what a point asks for."""
        graph = self.models[point["model"], point["input_format"]]
        return Ask(
            graph, point["board"], None, point["clock"], point["latency"], point["style"],
            point["effort"], self.seed, interval=point.get("interval"),
        )  # fmt: skip

    def key(self, point: Point) -> str:
        """Return what decides a point's figures."""
        ask = self.ask(point)
        assert isinstance(ask.model, Graph)
        board = load_board(ask.board)
        known = calibrated(board.family)
        parts = [digest(ask.model), repr(replace(ask, model="")), repr(board), repr(known)]
        return hashlib.sha256("\n".join([__version__, *parts]).encode()).hexdigest()


@dataclass(frozen=True)
class Lists:
    """Lists of settings as a user writes them; a space is every combination of their values.

    Attributes:
        models: files.
        boards: names or files, separated by commas.
        weights: one file a model, or none.
        input_formats: variants, each as ``--input-format`` of a build takes it.
        clocks: separated by commas; a range is ``100MHz:400MHz:50MHz``.
        latencies: caps, separated by commas; ``none`` sets no cap.
        intervals: cycles between two samples, at most, separated by commas, or ``auto``.
        efforts, styles: separated by commas.
        scores: one a model, or none.
        seed: of the search for adder graphs.
    """

    models: Sequence[str]
    boards: str
    weights: Sequence[str] | None = None
    input_formats: Sequence[str] | None = None
    clocks: str | None = None
    latencies: str | None = None
    intervals: str | None = None
    efforts: str = "1"
    styles: str = "auto"
    scores: Sequence[float] | None = None
    seed: int = 1

    def space(self) -> Space:
        """Return the space; every model is loaded here.

        Raises:
            ConfigError, ModelError: with what is wrong.
        """
        for option, given in (("--weights", self.weights), ("--score", self.scores)):
            if given and len(given) != len(self.models):
                count = f"{len(given)} for {len(self.models)} models"
                raise ConfigError(count, option, "give one a model, in order")
        names = _names(self.models)
        formats = tuple(dict.fromkeys(self.input_formats or [""]))
        graphs: dict[tuple[str, str], Graph] = {}
        for i, (name, file) in enumerate(zip(names, self.models, strict=True)):
            for text in formats:
                weights = self.weights[i] if self.weights else None
                graphs[name, text] = load(file, weights, options(text or None))
        return Space(
            graphs,
            {
                "model": tuple(names),
                "input_format": formats,
                "board": _list(self.boards, "--board"),
                "clock": _clocks(self.clocks) if self.clocks else (None,),
                "latency": _caps(self.latencies) if self.latencies else (None,),
                "interval": _intervals(self.intervals) if self.intervals else (None,),
                "style": _list(self.styles, "--style"),
                "effort": tuple(_whole(text) for text in _list(self.efforts, "--effort")),
            },
            dict(zip(names, self.scores, strict=True)) if self.scores else {},
            self.seed,
        )


def _names(models: Sequence[str]) -> list[str]:
    """Return the files' names, told apart by number where two are the same."""
    made: list[str] = []
    for file in models:
        name, count = Path(file).name, 1
        while name in made:
            count += 1
            name = f"{Path(file).name}#{count}"
        made.append(name)
    return made


def _list(text: str, option: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not found:
        raise ConfigError("the list is empty", option, "write values separated by commas")
    return found


def _caps(text: str) -> tuple[str | None, ...]:
    return tuple(None if cap == "none" else cap for cap in _list(text, "--latency"))


def _intervals(text: str) -> tuple[str, ...]:
    return tuple(AUTO if n is None else str(n) for n in parse_intervals(text))


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise ConfigError(f"{text!r} is no whole number", "--effort", "such as 0,1,2")
    return int(text)


def _clocks(text: str) -> tuple[str, ...]:
    made: list[str] = []
    for part in _list(text, "--clock"):
        ends: list[Any] = [parse_clock(end) for end in part.split(":")]
        if len(ends) == 1:
            made.append(part)
            continue
        if len(ends) != 3 or ends[1] < ends[0]:
            raise ConfigError(
                f"{part!r} is no range", "--clock", "write first:last:step, 100MHz:400MHz:50MHz"
            )
        first, last, step = ends
        count = int((last - first) / step + 1e-9) + 1
        if count > _MOST_CLOCKS:
            raise ConfigError(f"{part!r} has {count:,} clocks", "--clock", "take a larger step")
        made += [f"{first + i * step:.10g}MHz" for i in range(count)]
    return tuple(dict.fromkeys(made))
