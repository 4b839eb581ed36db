# SPDX-License-Identifier: Apache-2.0
"""Estimate of a model before anything is built: figures, a trigger's answers, comparisons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hwgen.api.designed import designed
from hwgen.api.deviation import Deviation
from hwgen.api.load import top_name
from hwgen.api.results import VerbResult
from hwgen.api.settings import Ask
from hwgen.cost.figures import Figures
from hwgen.design.types import Design
from hwgen.errors import ConfigError, DoesNotFit, suggest
from hwgen.frontends.options import Options
from hwgen.frontends.options import options as options_of
from hwgen.ir.graph import Graph
from hwgen.plan.alternatives import quicker, roomier
from hwgen.plan.goal import Goal
from hwgen.plan.serial.choice import kept_whole
from hwgen.plan.trigger_budget import Answer, judge, parse_trigger
from hwgen.report.comparison import Column, comparison
from hwgen.report.text import build_report
from hwgen.target.board import Board

SETTINGS = (
    "model", "weights", "input-format", "board", "clock", "latency", "style", "effort", "seed",
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class Estimated(VerbResult):
    """Estimate of a model on a board.

    Attributes:
        graph, design, board, goal: the stations of the line.
        figures: of the design.
        answers: to a trigger's conditions; empty where none were given.
        refusal: why it cannot be built, or why the trigger says no; None if all is well.
        deviation: from the model itself, where data were given.
        why: the style was chosen; empty where it was asked for or is the parallel one.
    """

    graph: Graph
    design: Design
    board: Board
    goal: Goal
    figures: Figures
    answers: tuple[Answer, ...] = ()
    refusal: DoesNotFit | None = None
    deviation: Deviation | None = None
    why: str = ""

    @property
    def holds(self) -> bool:
        """Whether every condition of the trigger is met."""
        return all(answer.holds for answer in self.answers)

    def as_dict(self) -> dict[str, object]:
        """Return the figures, and under ``trigger`` the answers to its conditions."""
        conditions = [
            {
                "condition": a.condition.text, "holds": a.holds, "value": a.value,
                "unit": a.condition.unit, "layer": a.layer, "share": round(a.share, 4),
            }
            for a in self.answers
        ]  # fmt: skip
        told = {"trigger": {"holds": self.holds, "conditions": conditions}} if conditions else {}
        off = {} if self.deviation is None else {"deviation": self.deviation.as_dict()}
        return {**self.figures.as_dict(), **told, **off}

    def text(self) -> str:
        """Return the report, the trigger's answers and the notes of the front end."""
        lines = [build_report(self.figures).rstrip("\n")]
        if self.answers:
            lines.append(f"trigger   {'yes' if self.holds else 'no'}")
            lines += [f"          {answer}" for answer in self.answers]
        lines += [] if self.deviation is None else self.deviation.lines()
        why = [f"{self.design.style}: {self.why}"] if self.why else []
        why += kept_whole(self.design, self.goal)
        return "\n".join([*lines, *(f"note: {note}" for note in [*why, *self.figures.notes])])


def estimate(model: Any, *, board: str, **settings: Any) -> Estimated:
    """Return the estimate of a model on a board, writing nothing.

    Args:
        model: as `hwgen.api.build.build` takes it.
        board: name or file of the board.
        settings: as `hwgen.api.build.build` takes them.

    Raises:
        ConfigError, ModelError: see `hwgen.errors`.
        DoesNotFit: the clock or the latency is out of reach, or the board is too small.
    """
    found = examine(Ask.of(model, board, settings))
    if found.refusal is not None:
        raise found.refusal
    return found


def examine(ask: Ask, trigger: str | None = None) -> Estimated:
    """Return everything about one model on one board.

    A design that its board cannot hold, or that a trigger refuses, is estimated all the same: the
    error is its `refusal`, which carries the estimate.

    Args:
        ask: model, board and goal.
        trigger: conditions, as `hwgen.plan.trigger_budget.parse_trigger` takes them.

    Raises:
        ConfigError, ModelError: see `hwgen.errors`.
        DoesNotFit: there is no design to tell anything about.
    """
    conditions = parse_trigger(trigger) if trigger is not None else ()
    board, goal = ask.target()
    graph = ask.load()
    done = designed(ask, graph, board, goal, top_name(ask.model))
    design, goal, refusal = done.planned.design, done.goal, done.refusal
    answers = judge(conditions, done.figures)
    refused = [answer for answer in answers if not answer.holds]
    if refused and refusal is None:
        refusal = _refusal(graph, design, board, goal, refused)
    told = Estimated(
        graph,
        design,
        board,
        goal,
        done.figures,
        answers,
        deviation=done.deviation,
        why=done.planned.why,
    )
    return told if refusal is None else replace(told, refusal=refusal.carrying(told))


def _refusal(
    graph: Graph, design: Design, board: Board, goal: Goal, refused: Sequence[Answer]
) -> DoesNotFit:
    """Return the answer no, with the layer that breaks each condition, and the nearest way out."""
    said, hints = [], []
    for answer in refused:
        cond = answer.condition
        blame = f"; {answer.blame}" if answer.blame else ""
        said.append(f"{cond.key} is {answer.shown}, not {cond.text.removeprefix(cond.key)}{blame}")
        if cond.key == "latency":
            hints.append(quicker(graph, board, goal, cond))
        elif cond.key == "rate":
            hints.append(_faster(board, cond.limit))
        else:
            hints.append(roomier(graph, design, board, goal, cond))
    return DoesNotFit("\n".join(said), "--trigger", "; ".join(dict.fromkeys(hints)))


def _faster(board: Board, mhz: float) -> str:
    """Return what to do about a rate: these designs take a sample a cycle."""
    if mhz <= board.max_mhz:
        return f"ask for a clock of {mhz:g} MHz or more"
    return f"{board.name} has no clock above {board.max_mhz:g} MHz: split the samples over copies"


@dataclass(frozen=True, repr=False)
class Comparison(VerbResult):
    """Comparison of models or settings, the one asked for first.

    Attributes:
        columns: of the table, one each.
        estimates: behind the columns; None where none could be planned.
    """

    columns: tuple[Column, ...]
    estimates: tuple[Estimated | None, ...]

    def as_dict(self) -> dict[str, object]:
        """Return ``variants``: figures each, with ``says`` where one does not fit."""
        return {"variants": [*map(_plain, self.columns, self.estimates)]}

    def text(self) -> str:
        """Return the table."""
        return comparison(self.columns)


def _plain(column: Column, found: Estimated | None) -> dict[str, object]:
    made: dict[str, object] = {"variant": column.variant, "fits": column.fits}
    says = {"says": column.says} if column.says else {}
    return made | (found.as_dict() if found else {}) | says


def compare(base: Ask, others: Sequence[str], trigger: str | None = None) -> Comparison:
    """Return models or settings side by side: the one asked for first, then each of *others*.

    Args:
        base: what the others differ from.
        others: model files, or settings such as ``clock=200MHz,board=ulx3s``; keys are those of
            `SETTINGS`.
        trigger: conditions that each is held against.

    Raises:
        ConfigError, ModelError: one of them is wrong.
        DoesNotFit: none of them fits.
    """
    asks = [("", base), *((text, varied(base, text)) for text in others)]
    columns: list[Column] = []
    estimates: list[Estimated | None] = []
    graphs: dict[tuple[str, str, str], Graph] = {}
    refusals: list[DoesNotFit] = []
    for text, ask in asks:
        label = text or _label(base)
        file = "" if isinstance(ask.model, Graph) else str(ask.model)
        key = (file, str(ask.weights), repr(ask.options and ask.options.input_formats))
        if key not in graphs:
            graphs[key] = ask.load()
        try:
            found = examine(replace(ask, graph=graphs[key]), trigger)
        except DoesNotFit as error:
            refusals.append(error)
            columns.append(Column(label, False, error.what))
            estimates.append(None)
            continue
        says = found.refusal.what if found.refusal else ""
        holds = found.holds if found.answers else None
        columns.append(Column(label, not says, says, found.figures, holds))
        estimates.append(found)
    if len(refusals) == len(asks):
        raise refusals[0]
    return Comparison(tuple(columns), tuple(estimates))


def _label(ask: Ask) -> str:
    return ask.model.name if isinstance(ask.model, Graph) else Path(ask.model).name


def varied(base: Ask, text: str) -> Ask:
    """Return what a variant asks for.

    Args:
        base: where the rest comes from.
        text: a model file, or settings ``key=value`` separated by commas; a bare word among them is
            a model file.

    Raises:
        ConfigError: an unknown key, a key twice, or a value of the wrong kind.
    """
    found: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        key, mark, value = (p.strip() for p in part.partition("="))
        if not mark:
            key, value = "model", part
        if key not in SETTINGS:
            meant = suggest(key, SETTINGS)
            raise ConfigError(
                f"unknown setting {key!r}", f"variant {text!r}", f"{meant}{', '.join(SETTINGS)}"
            )
        if key in found:
            raise ConfigError(f"{key} is set twice", f"variant {text!r}", "set it once")
        if not value:
            raise ConfigError(f"{key} has no value", f"variant {text!r}", f"write {key}=...")
        found[key] = value
    if not found:
        raise ConfigError("is empty", f"variant {text!r}", "write a model file, or clock=200MHz")
    if "model" in found:  # its weights are its own
        base = replace(base, weights=None)
    if "input-format" in found:
        given = options_of(found.pop("input-format"))
        kept = base.options or Options()
        base = replace(base, options=replace(kept, input_formats=given.input_formats))
    for key in ("effort", "seed"):
        if key in found and not re.fullmatch(r"\d+", found[key]):
            raise ConfigError(
                f"{key} is a whole number, not {found[key]!r}", f"variant {text!r}", f"{key}=1"
            )
    settings: dict[str, Any] = {
        k: int(v) if k in ("effort", "seed") else v for k, v in found.items()
    }
    if settings:
        base = replace(base, register_clock=None)  # it belongs to the settings that it came with
    return replace(base, **settings)
