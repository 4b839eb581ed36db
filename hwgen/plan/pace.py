# SPDX-License-Identifier: Apache-2.0
"""Pace of a design: how often it takes a sample, and what it may cost, as a user writes them.

Every style obeys the same words. ``--interval 8`` allows eight cycles between two samples, and
``--rate 40MHz`` as many as the clock has for that rate. ``--interval auto`` leaves the number to
the planner, which takes the fewest cycles whose design meets ``--budget`` and ``--latency``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from hwgen.errors import ConfigError, DoesNotFit, count_of
from hwgen.plan.trigger_budget import Condition, parse_conditions

AUTO = "auto"
MAX_INTERVAL = 1 << 31  # cycles
_RATE = re.compile(r"((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(/s|hz|khz|mhz|ghz)", re.IGNORECASE)
_PER_SECOND = {"/s": 1.0, "hz": 1.0, "khz": 1e3, "mhz": 1e6, "ghz": 1e9}
_INTERVAL_HINT = "write a number of cycles such as 8, or auto"
_RATE_HINT = "write a rate such as 40MHz or 5000/s"
# 40 MHz at 360 MHz are nine cycles, whatever the rounding of the division.
_SLACK = 1e-9


@dataclass(frozen=True)
class Pace:
    """Pace that a design must keep.

    Attributes:
        interval: cycles between two samples, at most; None where the planner chooses.
        budget: what the design may cost.
        told: whether somebody asked for the interval; else every style has its own.
    """

    interval: int | None = 1
    budget: tuple[Condition, ...] = ()
    told: bool = True

    def of_style(self, style: str) -> Pace:
        """Return the pace that a style keeps.

        Where nobody asked for one, that is a sample a cycle in the parallel style, and the shortest
        interval that the board has room for in another one.
        """
        return self if self.told else Pace(1 if style == "parallel" else None, self.budget)

    @property
    def text(self) -> str:
        """The interval as ``--interval`` takes it."""
        return AUTO if self.interval is None else str(self.interval)


ONE_A_CYCLE = Pace()


def pace_of(
    clock_mhz: float,
    interval: str | int | None = None,
    rate: str | None = None,
    fps: str | float | None = None,
    budget: str | None = None,
) -> Pace:
    """Return the pace that the options ask for; one that is not `Pace.told` where none is given.

    Args:
        clock_mhz: the clock, which turns a rate into cycles.
        interval: as ``--interval`` takes it: ``8`` or ``auto``.
        rate: as ``--rate`` takes it: ``40MHz`` or ``5000/s``.
        fps: as ``--fps`` takes it: samples a second.
        budget: as ``--budget`` takes it: ``lut<2000, ff<5000``.

    Raises:
        ConfigError: another form, or more than one of interval, rate and fps.
        DoesNotFit: the rate is above the clock.
    """
    told = {"--interval": interval, "--rate": rate, "--fps": fps}
    given = [name for name, value in told.items() if value is not None]
    if len(given) > 1:
        raise ConfigError(
            f"{' and '.join(given)} say the same thing twice", given[-1], "give one of them"
        )
    allowed = () if budget is None else parse_conditions(budget, "--budget")
    if fps is not None:
        rate, option = f"{fps}/s", "--fps"
    else:
        option = "--rate"
    if rate is not None:
        return Pace(cycles_for(parse_rate(rate, option), clock_mhz, option), allowed)
    if interval is None:
        return Pace(1, allowed, told=False)
    return Pace(parse_interval(interval), allowed)


def parse_interval(text: str | int) -> int | None:
    """Return a number of cycles, or None for ``auto``.

    Raises:
        ConfigError: another form, or a number out of range.
    """
    said = str(text).strip()
    if said.lower() == AUTO:
        return None
    if not re.fullmatch(r"\d+", said) or isinstance(text, bool):
        raise ConfigError(f"{said!r} is no interval", "--interval", _INTERVAL_HINT)
    cycles = int(said)
    if not 1 <= cycles <= MAX_INTERVAL:
        raise ConfigError(
            f"an interval of {count_of(cycles, 'cycle')} is not possible",
            "--interval",
            _INTERVAL_HINT,
        )
    return cycles


def parse_intervals(text: str | int) -> tuple[int | None, ...]:
    """Return the intervals that a text lists, separated by commas, each once.

    Raises:
        ConfigError: as `parse_interval`, or there is none.
    """
    found = [parse_interval(part) for part in str(text).split(",") if part.strip()]
    if not found:
        raise ConfigError("no interval is given", "--interval", _INTERVAL_HINT)
    return tuple(dict.fromkeys(found))


def parse_rate(text: str, option: str = "--rate") -> float:
    """Return the samples a second of a rate such as ``40MHz`` or ``5000/s``.

    Raises:
        ConfigError: another form, or not positive.
    """
    match = _RATE.fullmatch(text.strip())
    if not match:
        hint = _RATE_HINT if option == "--rate" else "write a number such as 5000"
        raise ConfigError(f"{text!r} is no rate: a number with a unit is expected", option, hint)
    rate = float(match[1]) * _PER_SECOND[match[2].lower()]
    if not 0 < rate < math.inf:
        raise ConfigError(f"a rate must be positive, not {text!r}", option, _RATE_HINT)
    return rate


def cycles_for(rate: float, clock_mhz: float, option: str = "--rate") -> int:
    """Return the most cycles between two samples that keep a rate.

    Args:
        rate: samples a second.
        clock_mhz: the clock.
        option: that asked for the rate.

    Raises:
        DoesNotFit: not a whole cycle is left.
    """
    cycles = math.floor(clock_mhz * 1e6 / rate * (1 + _SLACK))
    if cycles < 1:
        raise DoesNotFit(
            f"{rate:,.0f} samples a second are more than the clock of {clock_mhz:g} MHz has cycles",
            option,
            f"ask for a clock of {rate / 1e6:g} MHz or more, or split the samples over copies",
        )
    return min(cycles, MAX_INTERVAL)
