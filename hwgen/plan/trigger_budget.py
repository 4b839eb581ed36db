# SPDX-License-Identifier: Apache-2.0
"""Conditions that a trigger sets, such as ``latency<100ns, rate=40MHz, lut<5%``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from hwgen.cost.figures import Resources, StageFigures
from hwgen.errors import ConfigError, suggest
from hwgen.target.board import Budget

CROSSING_NS = 25.0  # between two bunch crossings of the LHC

_OPTION = "--trigger"
_RESOURCES = ("lut", "ff", "dsp", "bram", "uram")
# Of every key: unit to (what it is measured in, factor into that).
_TIMES = {"ps": 1e-3, "ns": 1.0, "us": 1e3, "µs": 1e3}
_UNITS: dict[str, dict[str, tuple[str, float]]] = {
    "latency": {
        **{unit: ("ns", factor) for unit, factor in _TIMES.items()},
        **dict.fromkeys(("cycle", "cycles"), ("cycles", 1.0)),
        **dict.fromkeys(("bx", "bxs"), ("bx", 1.0)),
    },
    "rate": {"hz": ("MHz", 1e-6), "khz": ("MHz", 1e-3), "mhz": ("MHz", 1.0), "ghz": ("MHz", 1e3)},
    **{key: {"%": ("%", 1.0), "": ("", 1.0)} for key in _RESOURCES},
}
_EXAMPLES = {"latency": "latency<100ns, latency<=20cycles or latency<=4bx", "rate": "rate=40MHz"}
_FORM = re.compile(
    r"\s*([a-z_]+)\s*(<=|>=|<|>|=)\s*((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-zµ%]*)\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Condition:
    """One condition.

    Attributes:
        text: as it was written, without blanks.
        key: ``latency``, ``rate`` or a resource.
        least: whether the value has to be at least the limit, not at most.
        strict: whether the limit itself is excluded.
        limit: in *unit*.
        unit: ``ns``, ``cycles``, ``bx`` (bunch crossings), ``MHz``, ``%``, or nothing for a count.
    """

    text: str
    key: str
    least: bool
    strict: bool
    limit: float
    unit: str

    def holds(self, value: float) -> bool:
        """Tell whether a value, in this condition's unit, meets it."""
        if math.isclose(value, self.limit, rel_tol=1e-12):
            return not self.strict
        return value > self.limit if self.least else value < self.limit


@dataclass(frozen=True)
class Answer:
    """Answer to a condition.

    Attributes:
        condition: it.
        value: of the design, in the condition's unit.
        holds: whether the condition is met.
        layer: of which the value has most; empty where no layer decides.
        share: of that layer in the value, 0 to 1.
    """

    condition: Condition
    value: float
    holds: bool
    layer: str = ""
    share: float = 0.0

    @property
    def shown(self) -> str:
        """The value with its unit."""
        return f"{_number(self.value, self.condition.unit)}{_space(self.condition.unit)}"

    def __str__(self) -> str:
        cond = self.condition
        text = f"{'yes' if self.holds else 'no':<3}  {cond.text:<20}  {cond.key} is {self.shown}"
        return f"{text}; {self.blame}" if self.layer and not self.holds else text

    @property
    def blame(self) -> str:
        """Which layer takes the most of it."""
        return f"{self.layer} takes the most of it, {100 * self.share:.0f} %" if self.layer else ""


def _space(unit: str) -> str:
    return f" {unit}" if unit else ""


def _number(value: float, unit: str) -> str:
    return f"{value:,.0f}" if unit in ("", "cycles", "bx") else f"{value:.4g}"


class Judged(Protocol):
    """Figures that conditions are about, as `hwgen.cost.figures.Figures` has them."""

    @property
    def clock_mhz(self) -> float:
        """The clock."""

    @property
    def rate_mhz(self) -> float:
        """Samples that are taken, in millions a second."""

    @property
    def latency_cycles(self) -> int:
        """Cycles from an input to its output."""

    @property
    def modelled(self) -> Resources:
        """Resources of the design."""

    @property
    def budget(self) -> Budget:
        """Resources of the device."""

    @property
    def stages(self) -> tuple[StageFigures, ...]:
        """Figures of each stage."""


def parse_trigger(text: str) -> tuple[Condition, ...]:
    """Return the conditions of ``--trigger``; see `parse_conditions`."""
    return parse_conditions(text, _OPTION)


def parse_conditions(text: str, option: str) -> tuple[Condition, ...]:
    """Return the conditions that a text lists, separated by commas.

    A trigger asks whether a design meets them, a budget makes the planner choose one that does.
    ``<`` and ``<=`` are for latency and resources, ``>=`` and ``>`` for the rate. ``=`` takes the
    side that is wanted: at least that rate, at most that latency or that many resources.

    Args:
        text: such as ``latency<100ns, lut<5%``.
        option: that takes the text, for messages.

    Raises:
        ConfigError: another form, an unknown key or unit, or no condition at all.
    """
    found = [_condition(part, option) for part in text.split(",") if part.strip()]
    if not found:
        raise ConfigError("no condition is given", option, _hint())
    return tuple(found)


def _hint() -> str:
    return "write such as latency<100ns, rate=40MHz, lut<5%"


def _condition(part: str, option: str) -> Condition:
    match = _FORM.fullmatch(part)
    if not match:
        raise ConfigError(f"{part.strip()!r} is no condition", option, _hint())
    key, sign, number, unit = match[1].lower(), match[2], float(match[3]), match[4].lower()
    if key not in _UNITS:
        meant = suggest(key, _UNITS)
        raise ConfigError(
            f"{key!r} is nothing that a condition is about", option, f"{meant}{', '.join(_UNITS)}"
        )
    example = _EXAMPLES.get(key, f"{key}<5% or {key}<20000")
    if unit not in _UNITS[key]:
        raise ConfigError(
            f"{part.strip()!r} has {f'an unknown unit {unit!r}' if unit else 'no unit'}",
            option,
            f"write such as {example}",
        )
    least = key == "rate"
    if sign[0] == ("<" if least else ">"):
        raise ConfigError(
            f"{part.strip()!r} asks for {'little' if least else 'much'}; "
            f"a condition wants {key} to be at {'least' if least else 'most'} something",
            option,
            f"write such as {example}",
        )
    if not math.isfinite(number):
        raise ConfigError(f"{part.strip()!r}: the number is too large", option, _hint())
    shown, factor = _UNITS[key][unit]
    strict = sign in ("<", ">")
    return Condition("".join(part.split()), key, least, strict, number * factor, shown)


def judge(conditions: Sequence[Condition], figures: Judged) -> tuple[Answer, ...]:
    """Return what becomes of each condition.

    Args:
        conditions: of `parse_trigger`.
        figures: of the design.
    """
    return tuple(_answer(condition, figures) for condition in conditions)


def _answer(condition: Condition, figures: Judged) -> Answer:
    key, unit = condition.key, condition.unit
    if key == "rate":
        rate = figures.rate_mhz
        return Answer(condition, rate, condition.holds(rate))
    if key == "latency":
        cycles = figures.latency_cycles
        # Not from the rounded figure that is shown: a limit may be hit exactly.
        ns = cycles * 1000.0 / figures.clock_mhz
        value = {"ns": ns, "cycles": cycles, "bx": crossings(ns)}[unit]
        parts = {stage.name: stage.cycles for stage in figures.stages}
        return _blamed(condition, value, parts, cycles)
    count = getattr(figures.modelled, key, 0)
    value = float(count)
    if unit == "%":
        budget = getattr(figures.budget, key, 0)
        value = 100.0 * count / budget if budget else math.inf if count else 0.0
    return _blamed(condition, value, {s.name: getattr(s, key, 0) for s in figures.stages}, count)


def _blamed(condition: Condition, value: float, parts: Mapping[str, int], whole: float) -> Answer:
    layer = max(parts, key=lambda name: parts[name], default="")
    if not layer or not parts[layer] or not whole:
        return Answer(condition, value, condition.holds(value))
    return Answer(condition, value, condition.holds(value), layer, parts[layer] / whole)


def crossings(ns: float) -> int:
    """Return the bunch crossings that a time takes, a begun one as whole."""
    return math.ceil(ns / CROSSING_NS - 1e-9)
