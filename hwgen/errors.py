# SPDX-License-Identifier: Apache-2.0
"""Exception family: every failure a user can meet is one of these; anything else is a bug.

A message has three parts: *what* is wrong, *where* (layer, file, key), and a *hint* that says what
to do.
Exit codes by family: 2 config, 3 model, 4 does not fit, 5 tool, 6 verification; 1 is a bug.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any, Protocol, TypeVar

E = TypeVar("E", bound="HwgenError")


class Result(Protocol):
    """Result of a verb: figures for scripts, text for people."""

    def as_dict(self) -> dict[str, object]:
        """Return the figures as plain data."""

    def text(self) -> str:
        """Return the figures as lines of text."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Return "did you mean ...? " for a name that is near a known one, else nothing."""
    near = get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]!r}? " if near else ""


def count_of(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun, and what the noun does.

    >>> count_of(1, "map"), count_of(1200, "map"), count_of(1, "mask is", "masks are")
    ('1 map', '1,200 maps', '1 mask is')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


_LISTED = 8  # places that share one problem and are named


class HwgenError(Exception):
    """Base of every error that hwgen raises on purpose.

    Args:
        what: what is wrong, with what was expected.
        where: the layer, file, option or key it concerns; may be empty.
        hint: the way out; may be empty. A function of nothing where it takes long to find: it is
            asked once, when somebody reads the hint.

    Attributes:
        result: figures of a refusal, where there are some (the estimate of a design that is too
            large, the samples that differ); None otherwise.
    """

    exit_code = 1
    result: Result | None = None

    def __init__(self, what: str, where: str = "", hint: str | Callable[[], str] = "") -> None:
        super().__init__(what, where)
        self.what = what
        self.where = where
        self._hint = hint

    @property
    def hint(self) -> str:
        """The way out; may be empty."""
        if not isinstance(self._hint, str):
            self._hint = self._hint()
        return self._hint

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how a copy is made in another process, where the hint is a text."""
        state = {**self.__dict__, "_hint": self.hint}
        return _empty, (type(self),), state

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  hint: {self.hint}" if self.hint else head

    def carrying(self: E, result: Result) -> E:
        """Return this error with the figures that it refuses."""
        self.result = result
        return self

    def as_dict(self) -> dict[str, object]:
        """Return the parts for machine output."""
        return {
            "error": type(self).__name__,
            "what": self.what,
            "where": self.where,
            "hint": self.hint,
        }


def _empty(kind: type[E]) -> E:
    """Return an error without its parts, which are set behind."""
    return kind.__new__(kind)


class ConfigError(HwgenError):
    """A wrong option, board, clock, path or configuration key."""

    exit_code = 2


class ModelError(HwgenError):
    """A model that cannot be read, or cannot be represented exactly."""

    exit_code = 3


class UnsupportedLayer(ModelError):
    """A layer, or a setting of one, that has no exact integer form here."""


class UnsupportedQuantizer(ModelError):
    """A quantizer, or a setting of one, that has no exact integer form here."""


class ModelProblems(ModelError):
    """Every problem of one model, told at once: equal ones together, a shared hint once."""

    def __init__(self, where: str, problems: Sequence[ModelError]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = [f"{count_of(count, 'problem')} in this model"]
        groups: dict[str, dict[str, list[str]]] = {}
        for problem in self.problems:
            groups.setdefault(problem.hint, {}).setdefault(problem.what, []).append(problem.where)
        for hint, found in groups.items():
            for what, wheres in found.items():
                first, *rest = f"{_listed(wheres)}{what}".splitlines()
                lines += [f"  - {first}", *(f"    {line}" for line in rest)]
            if hint:
                lines.append(f"      hint: {hint}")
        super().__init__("\n".join(lines), where)

    def as_dict(self) -> dict[str, object]:
        """Return the parts and the single problems for machine output."""
        return {**super().as_dict(), "problems": [p.as_dict() for p in self.problems]}


def _listed(wheres: list[str]) -> str:
    named = [where for where in dict.fromkeys(wheres) if where]
    more = f" and {len(named) - _LISTED} more" if len(named) > _LISTED else ""
    return f"{', '.join(named[:_LISTED])}{more}: " if named else ""


class DoesNotFit(HwgenError):
    """A correct model that the board, clock, latency or style cannot hold."""

    exit_code = 4


class ToolError(HwgenError):
    """An external tool is absent or failed."""

    exit_code = 5


class ToolMissing(ToolError):
    """A tool that this step needs is not installed."""


class ToolFailed(ToolError):
    """A tool ended with an error; the tail of its log is in *what*."""


class VerifyError(HwgenError):
    """Two executions of one design disagree."""

    exit_code = 6


class Mismatch(VerifyError):
    """A value differs from the reference.

    Args:
        what, where, hint: as for every error.
        samples: how many were compared; 0 if unknown.
        mismatches: how many of them differ.
    """

    def __init__(
        self, what: str, where: str = "", hint: str = "", samples: int = 0, mismatches: int = 0
    ) -> None:
        super().__init__(what, where, hint)
        self.samples = samples
        self.mismatches = mismatches

    def as_dict(self) -> dict[str, object]:
        """Return the parts and the figures for machine output."""
        return {**super().as_dict(), "samples": self.samples, "mismatches": self.mismatches}


class Unproven(VerifyError):
    """A proof meets what it cannot follow."""


class ProtocolViolation(VerifyError):
    """A handshake, latency or interval differs from the claim."""
