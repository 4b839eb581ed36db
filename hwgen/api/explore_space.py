# SPDX-License-Identifier: Apache-2.0
"""What an exploration sweeps over, from what a user writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hwgen.api.explore import Space
from hwgen.api.load import load
from hwgen.errors import ConfigError
from hwgen.frontends.options import options
from hwgen.ir.graph import Graph
from hwgen.plan.goal import parse_clock

_MOST = 1000  # clocks of a range


def space_from(
    models: Sequence[str],
    boards: str,
    *,
    weights: Sequence[str] | None = None,
    input_formats: Sequence[str] | None = None,
    clocks: str | None = None,
    latencies: str | None = None,
    efforts: str = "1",
    styles: str = "parallel",
    scores: Sequence[float] | None = None,
    seed: int = 1,
) -> Space:
    """Return the space of some models and lists of settings; every model is loaded here.

    Args:
        models: files.
        boards: names or files, separated by commas.
        weights: one file a model, or none.
        input_formats: variants, each as ``--input-format`` of a build takes it.
        clocks: separated by commas; a range is ``100MHz:400MHz:50MHz``.
        latencies: caps, separated by commas; ``none`` sets no cap.
        efforts: separated by commas.
        styles: separated by commas.
        scores: one a model, or none.
        seed: of the search for adder graphs.

    Raises:
        ConfigError, ModelError: with what is wrong.
    """
    for option, given in (("--weights", weights), ("--score", scores)):
        if given and len(given) != len(models):
            raise ConfigError(
                f"{len(given)} for {len(models)} models", option, "give one a model, in order"
            )
    names = _names(models)
    formats = tuple(dict.fromkeys(input_formats or [""]))
    graphs: dict[tuple[str, str], Graph] = {}
    for i, (name, file) in enumerate(zip(names, models, strict=True)):
        for text in formats:
            told = options(text or None)
            graphs[name, text] = load(file, weights[i] if weights else None, told)
    return Space(
        graphs,
        {
            "model": tuple(names),
            "input_format": formats,
            "board": _list(boards, "--board"),
            "clock": _clocks(clocks) if clocks else (None,),
            "latency": _caps(latencies) if latencies else (None,),
            "style": _list(styles, "--style"),
            "effort": tuple(_whole(text) for text in _list(efforts, "--effort")),
        },
        dict(zip(names, scores, strict=True)) if scores else {},
        seed,
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
        if count > _MOST:
            raise ConfigError(f"{part!r} has {count:,} clocks", "--clock", "take a larger step")
        made += [f"{first + i * step:.10g}MHz" for i in range(count)]
    return tuple(dict.fromkeys(made))
