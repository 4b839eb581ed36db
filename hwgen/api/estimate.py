# SPDX-License-Identifier: Apache-2.0
"""What a model takes before anything is built: figures, a trigger's conditions, side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hwgen.api.load import load, top_name
from hwgen.cost.estimate import Estimate
from hwgen.cost.estimate import estimate as estimate_design
from hwgen.design.types import Design
from hwgen.errors import ConfigError, DoesNotFit
from hwgen.frontends.options import Options, settled
from hwgen.frontends.options import options as options_of
from hwgen.ir.graph import Graph
from hwgen.plan.alternatives import quicker, roomier, too_large
from hwgen.plan.goal import Goal, goal_for
from hwgen.plan.planner import plan
from hwgen.plan.trigger_budget import Answer, judge, parse_trigger
from hwgen.report.figures import figures
from hwgen.report.text import build_report, comparison
from hwgen.target.board import Board, load_board

SETTINGS = (
    "model", "weights", "input-format", "board", "clock", "latency", "style", "effort", "seed",
)  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """What is to be estimated.

    Attributes:
        model: file, or a graph that is loaded already.
        board: name or file.
        weights: weights file of an architecture in JSON.
        clock, latency, style, effort, seed: as `hwgen.plan.goal.goal_for` takes them.
        options: input formats, masks, scaler.
        graph: of the model, where it is loaded already.
    """

    model: Path | str | Graph
    board: str
    weights: Path | str | None = None
    clock: str | None = None
    latency: str | None = None
    style: str = "parallel"
    effort: int = 1
    seed: int = 1
    options: Options | None = None
    graph: Graph | None = None

    def load(self) -> Graph:
        """Return the model's graph."""
        if isinstance(self.model, Graph):
            return self.model
        return self.graph or load(self.model, self.weights, self.options)


@dataclass(frozen=True)
class Estimated:
    """What came out.

    Attributes:
        graph, design, board, goal: the stations of the line.
        facts: the figures, plain data; with ``trigger`` where conditions were given.
        text: the report.
        failure: why it cannot be built, or why the trigger says no; None if all is well.
    """

    graph: Graph
    design: Design
    board: Board
    goal: Goal
    facts: dict[str, Any]
    text: str
    failure: DoesNotFit | None = None


def estimate(
    model: Path | str | Graph,
    *,
    board: str,
    weights: Path | str | None = None,
    clock: str | None = None,
    latency: str | None = None,
    style: str = "parallel",
    options: Options | None = None,
    input_format: str | Mapping[str, str] | None = None,
    effort: int = 1,
    seed: int = 1,
) -> tuple[dict[str, Any], str]:
    """Return (figures, report text) of a model on a board, writing nothing.

    Raises:
        ConfigError, ModelError: see `hwgen.errors`.
        DoesNotFit: the clock or the latency is out of reach, or the board is too small.
    """
    found = examine(
        Ask(
            model, board, weights, clock, latency, style, effort, seed,
            settled(options, input_format),
        )
    )  # fmt: skip
    if found.failure is not None:
        raise found.failure
    return found.facts, found.text


def examine(ask: Ask, trigger: str | None = None) -> Estimated:
    """Return everything about one model on one board.

    A design that is larger than its board is estimated all the same, with the error as `failure`.

    Args:
        ask: model, board and goal.
        trigger: conditions, as `hwgen.plan.trigger_budget.parse_trigger` takes them.

    Raises:
        ConfigError, ModelError: see `hwgen.errors`.
        DoesNotFit: there is no design to tell anything about.
    """
    conditions = parse_trigger(trigger) if trigger is not None else ()
    board = load_board(ask.board)
    goal = goal_for(board, ask.clock, ask.latency, ask.style, ask.effort, ask.seed)
    graph = ask.load()
    design = plan(graph, board, goal, top_name(ask.model))
    taken = estimate_design(design, board.family)
    facts = figures(graph, design, taken, board, goal)
    failure = too_large(graph, taken, board, goal)
    text = build_report(facts)
    if conditions:
        answers = judge(conditions, facts)
        refused = [answer for answer in answers if not answer.holds]
        facts["trigger"] = {
            "holds": not refused,
            "conditions": [
                {
                    "condition": a.condition.text, "holds": a.holds, "value": a.value,
                    "unit": a.condition.unit, "layer": a.layer, "share": round(a.share, 4),
                }
                for a in answers
            ],
        }  # fmt: skip
        verdict = "no" if refused else "yes"
        lines = [f"trigger   {verdict}", *(f"          {answer}" for answer in answers)]
        text += "\n" + "\n".join(lines) + "\n"
        if refused and failure is None:
            failure = _refusal(graph, board, goal, taken, refused)
    return Estimated(graph, design, board, goal, facts, text, failure)


def _refusal(
    graph: Graph, board: Board, goal: Goal, taken: Estimate, refused: Sequence[Answer]
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
            hints.append(roomier(graph, board, goal, taken, cond))
    return DoesNotFit("\n".join(said), "--trigger", "; ".join(dict.fromkeys(hints)))


def _faster(board: Board, mhz: float) -> str:
    """Return what to do about a rate: these designs take a sample a cycle."""
    if mhz <= board.max_mhz:
        return f"ask for a clock of {mhz:g} MHz or more"
    return f"{board.name} has no clock above {board.max_mhz:g} MHz: split the samples over copies"


def compare(base: Ask, others: Sequence[str], trigger: str | None = None) -> dict[str, Any]:
    """Return models or settings side by side: the one asked for first, then each of *others*.

    Args:
        base: what the others differ from.
        others: model files, or settings such as ``clock=200MHz,board=ulx3s``; keys are those of
            `SETTINGS`.
        trigger: conditions that each is held against.

    Returns:
        ``variants``, one table of figures each, with ``says`` where one does not fit, and ``text``.

    Raises:
        ConfigError, ModelError: one of them is wrong.
        DoesNotFit: none of them fits.
    """
    asks = [("", base), *((text, varied(base, text)) for text in others)]
    columns: list[dict[str, Any]] = []
    graphs: dict[tuple[str, str, str], Graph] = {}
    failures: list[DoesNotFit] = []
    for text, ask in asks:
        label = text or _label(base)
        file = "" if isinstance(ask.model, Graph) else str(ask.model)
        key = (file, str(ask.weights), repr(ask.options and ask.options.input_formats))
        if key not in graphs:
            graphs[key] = ask.load()
        try:
            found = examine(replace(ask, graph=graphs[key]), trigger)
        except DoesNotFit as error:
            failures.append(error)
            columns.append({"variant": label, "fits": False, "says": error.what})
            continue
        failed = found.failure
        column = {"variant": label, "fits": failed is None, **found.facts}
        columns.append(column | ({"says": failed.what} if failed else {}))
    if len(failures) == len(asks):
        raise failures[0]
    return {"variants": columns, "text": comparison(columns)}


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
            near = get_close_matches(key, SETTINGS, n=1)
            meant = f"did you mean {near[0]!r}? " if near else ""
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
    return replace(base, **settings)
