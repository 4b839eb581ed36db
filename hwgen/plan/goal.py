# SPDX-License-Identifier: Apache-2.0
"""The goal of a build: clock, latency cap, effort, seed; and how a user writes them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from hwgen.errors import ConfigError, DoesNotFit, count_of
from hwgen.plan.pace import Pace
from hwgen.target.board import Board

EFFORTS = range(4)
MAX_SEED = (1 << 31) - 1
MAX_REGISTERS = 64  # on a link between two layers
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-zµ]+)", re.IGNORECASE)
_MHZ = {"hz": 1e-6, "khz": 1e-3, "mhz": 1.0, "ghz": 1e3}
_NS = {"ps": 1e-3, "ns": 1.0, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9}
_CYCLES = ("cycle", "cycles")
# A cap of 20 cycles must stay 20 cycles after the way through nanoseconds and back.
_SLACK = 1e-6


@dataclass(frozen=True)
class Search:
    """Search for adder graphs: how hard, and from which seed on."""

    effort: int = 1
    seed: int = 1


@dataclass(frozen=True)
class Goal:
    """Goal that a build must reach.

    Attributes:
        clock_mhz: clock to meet.
        max_latency_ns: from an accepted input to its output; None when any will do.
        effort: how hard adder graphs are searched for, one of `EFFORTS`.
        seed: of that search.
        style: of the design: ``parallel``, ``serial``, ``stream`` or ``auto``, where it is chosen.
        pace: cycles between two samples, and what the design may cost.
        register_links: registers on every link between layers; their cycles are latency.
        axi_mhz: clock of the AXI ports where they have one of their own; else None.
    """

    clock_mhz: float
    max_latency_ns: float | None = None
    effort: int = 1
    seed: int = 1
    style: str = "parallel"
    pace: Pace = field(default_factory=Pace)
    register_links: int = 0
    axi_mhz: float | None = None

    @property
    def search(self) -> Search:
        """Effort and seed of the search."""
        return Search(self.effort, self.seed)

    @property
    def period_ns(self) -> float:
        """One clock period."""
        return 1000.0 / self.clock_mhz

    @property
    def max_cycles(self) -> int | None:
        """The latency cap in whole cycles, or None."""
        return cycles(self)


def cycles(goal: Goal) -> int | None:
    """Return how many whole cycles fit under the goal's latency cap; None without a cap."""
    if goal.max_latency_ns is None:
        return None
    return math.floor(goal.max_latency_ns * goal.clock_mhz / 1000.0 + _SLACK)


def goal_for(
    board: Board,
    clock: str | None = None,
    latency: str | None = None,
    effort: int = 1,
    seed: int = 1,
) -> Goal:
    """Return the goal that the options ask for, checked against the board.

    Args:
        board: what is built for; gives the clock when *clock* is None.
        clock: as ``--clock`` takes it, e.g. ``200MHz`` or the period ``5ns``.
        latency: as ``--latency`` takes it, e.g. ``100ns`` or ``20cycles``.
        effort: 0 quick, 1 the default, 2 searches for seconds a layer, 3 for minutes.
        seed: of that search.

    Raises:
        ConfigError: a text that is no clock or time; an effort or a seed out of range.
        DoesNotFit: a clock above the board's maximum, or a latency of less than one cycle.
    """
    if effort not in EFFORTS:
        raise ConfigError(
            f"effort {effort} is out of range",
            "--effort",
            "0 is quick, 1 the default; 2 searches for seconds a layer, 3 for minutes",
        )
    check_seed(seed)
    mhz = board.default_mhz if clock is None else clock_on(board, clock)
    cap = None if latency is None else parse_time(latency, mhz)
    goal = Goal(mhz, cap, effort, seed)
    if goal.max_cycles is not None and goal.max_cycles < 1:
        raise DoesNotFit(
            f"{latency} is less than one cycle at {mhz:g} MHz ({goal.period_ns:g} ns)",
            "--latency",
            "allow more time, or raise the clock",
        )
    return goal


def clock_on(board: Board, clock: str, option: str = "--clock") -> float:
    """Return the MHz of a clock that a board can have.

    Raises:
        ConfigError: a text that is no clock.
        DoesNotFit: above the board's maximum.
    """
    mhz = parse_clock(clock, option)
    if mhz > board.max_mhz * (1 + 1e-9):
        raise DoesNotFit(
            f"{board.name} runs at most at {board.max_mhz:g} MHz, not at {mhz:g} MHz",
            option,
            f"ask for {board.max_mhz:g} MHz or less; the default is {board.default_mhz:g} MHz",
        )
    return mhz


def check_register_links(count: int) -> None:
    """Refuse a number of registers that no link has.

    Raises:
        ConfigError: it is out of range.
    """
    if not 0 <= count <= MAX_REGISTERS:
        raise ConfigError(
            f"{count_of(count, 'register')} on a link {'is' if count == 1 else 'are'} not possible",
            "--register-links",
            f"choose 0 to {MAX_REGISTERS}; a crossing of dies takes one or two",
        )


def check_seed(seed: int) -> None:
    """Refuse a seed that not every generator of random numbers takes.

    Raises:
        ConfigError: it is out of range.
    """
    if not 0 <= seed <= MAX_SEED:
        raise ConfigError(f"seed {seed} is out of range", "--seed", f"choose 0 to {MAX_SEED}")


def parse_clock(text: str, option: str = "--clock") -> float:
    """Return the MHz of a frequency (``200MHz``, ``0.2GHz``, ``200e6Hz``) or of a period (``5ns``).

    Raises:
        ConfigError: another form, or not positive.
    """
    hint = "write a frequency such as 200MHz or 0.2GHz, or a period such as 5ns"
    number, unit = _quantity(text, option, "clock", hint)
    if unit in _MHZ:
        mhz = number * _MHZ[unit]
    elif unit in _NS:
        mhz = 1000.0 / (number * _NS[unit]) if number else 0.0
    else:
        raise ConfigError(f"{text!r} is no clock: unknown unit {unit!r}", option, hint)
    if not 0 < mhz < math.inf:
        raise ConfigError(f"a clock must be positive, not {text!r}", option, hint)
    return mhz


def parse_time(text: str, clock_mhz: float) -> float:
    """Return the nanoseconds of a time (``100ns``, ``0.1us``) or of cycles (``20cycles``).

    Raises:
        ConfigError: another form, or not positive.
    """
    hint = "write a time such as 100ns or 0.1us, or a count such as 20cycles"
    number, unit = _quantity(text, "--latency", "time", hint)
    if unit in _CYCLES:
        if number != int(number):
            raise ConfigError(f"whole cycles are expected, not {text!r}", "--latency", hint)
        ns = number * 1000.0 / clock_mhz
    elif unit in _NS:
        ns = number * _NS[unit]
    else:
        raise ConfigError(f"{text!r} is no time: unknown unit {unit!r}", "--latency", hint)
    if not 0 < ns < math.inf:
        raise ConfigError(f"a latency must be positive, not {text!r}", "--latency", hint)
    return ns


def _quantity(text: str, option: str, what: str, hint: str) -> tuple[float, str]:
    match = _QUANTITY.fullmatch(text.strip())
    if not match:
        raise ConfigError(f"{text!r} is no {what}: a number with a unit is expected", option, hint)
    number = float(match[1])
    if not math.isfinite(number):
        raise ConfigError(f"{text!r} is no {what}: the number is too large", option, hint)
    return number, match[2].lower()
