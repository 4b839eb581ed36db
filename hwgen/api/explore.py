# SPDX-License-Identifier: Apache-2.0
"""A sweep over models, formats, boards, clocks and efforts, and what is best of it.

What was found is kept in an Optuna journal below the output folder: a later run goes on where the
last one ended, whether that was interrupted or asked for fewer trials. Workers may end in any
order; what comes out depends on the seed alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from hwgen import __version__
from hwgen.api.estimate import Ask, examine
from hwgen.api.workers import crew
from hwgen.cost.calibration import calibrated
from hwgen.errors import ConfigError, DoesNotFit, ToolFailed, ToolMissing
from hwgen.files import json_bytes, write_files
from hwgen.ir.graph import Graph
from hwgen.ops.serial import digest
from hwgen.plan.goal import goal_for
from hwgen.plan.trigger_budget import Condition, judge, parse_trigger
from hwgen.progress import Say, silent
from hwgen.report.pareto import csv_bytes, front, plot, table
from hwgen.target.board import load_board

METHODS = ("grid", "tpe", "nsga2")
# All of them are better the smaller they are, but the score.
OBJECTIVES = (
    "latency_ns", "latency_cycles", "lut", "ff", "dsp", "bram", "ebops", "bops", "score",
)  # fmt: skip
_AXES = ("model", "input_format", "board", "clock", "latency", "style", "effort")
_BATCH = 8  # trials that are asked for before any of them is told
_MOST = 100_000  # points of a grid


@dataclass(frozen=True)
class Space:
    """What is swept over: every combination of these.

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

    def points(self) -> list[dict[str, Any]]:
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
                goal_for(load_board(board), clock, latency, style, effort, self.seed)
            except DoesNotFit:
                continue  # that is an answer

    def ask(self, point: Mapping[str, Any]) -> Ask:
        """Return what a point asks for."""
        graph = self.models[point["model"], point["input_format"]]
        return Ask(
            graph, point["board"], None, point["clock"], point["latency"], point["style"],
            point["effort"], self.seed,
        )  # fmt: skip

    def key(self, point: Mapping[str, Any]) -> str:
        """Return what decides a point's figures."""
        ask = self.ask(point)
        assert isinstance(ask.model, Graph)
        board = load_board(ask.board)
        known = calibrated(board.family)
        parts = [digest(ask.model), repr(replace(ask, model="")), repr(board), repr(known)]
        return hashlib.sha256("\n".join([__version__, *parts]).encode()).hexdigest()


def explore(
    space: Space,
    out: Path,
    *,
    method: str = "grid",
    trials: int | None = None,
    seed: int = 1,
    objectives: Sequence[str] = ("latency_ns", "lut"),
    trigger: str | None = None,
    jobs: int = 0,
    scheduler: str | None = None,
    say: Say = silent,
) -> dict[str, Any]:
    """Sweep, and write ``explore/`` below *out*: tables, the Pareto front, a plot, the journal.

    Args:
        space: what is swept over.
        out: folder; what is there already is gone on with.
        method: ``grid`` for every point, or Optuna's search ``tpe`` or ``nsga2``.
        trials: how many are made in all, those of earlier runs included; all points by default.
        seed: of the search.
        objectives: some of `OBJECTIVES`, the first two for the plot.
        trigger: conditions; what does not meet them is left out of the front.
        jobs: processes on this machine, as `hwgen.api.workers.crew` takes them.
        scheduler: of a Dask cluster, instead.
        say: told of every batch.

    Returns:
        ``points``, ``front``, ``new``, ``text`` and the paths that were written.

    Raises:
        ConfigError, ToolMissing, ToolFailed: see `hwgen.errors`.
    """
    _check(method, objectives, trials, space)
    conditions = parse_trigger(trigger) if trigger is not None else ()
    space.check()
    points = space.points() if method == "grid" else []
    wanted = len(points) if trials is None else trials
    folder = out / "explore"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be made ({error.strerror or error})", "--out", "choose another place"
        ) from error
    search = _Search(space, folder, method, seed, objectives, points)
    try:
        with crew(jobs, scheduler) as run:
            while (missing := wanted - search.finished()) > 0:
                search.step(min(missing, _BATCH), run)
                say("explore", f"{search.finished()} of {wanted} trials, {search.made} new")
    finally:  # an interruption keeps what is done
        rows = _rows(search.found(), space, conditions, objectives)
        result = _written(rows, folder, objectives)
    return {**result, "new": search.made, "trials": search.finished()}


def _check(method: str, objectives: Sequence[str], trials: int | None, space: Space) -> None:
    if method not in METHODS:
        raise ConfigError(f"unknown method {method!r}", "--method", f"one of {', '.join(METHODS)}")
    for name in objectives:
        if name not in OBJECTIVES:
            raise ConfigError(
                f"unknown objective {name!r}", "--objectives", f"some of {', '.join(OBJECTIVES)}"
            )
    if len(set(objectives)) != len(objectives) or not objectives:
        raise ConfigError(
            "an objective is missing or named twice", "--objectives", "latency_ns,lut"
        )
    if "score" in objectives and not space.scores:
        raise ConfigError("no model has a score", "--objectives", "give one a model with --score")
    if trials is not None and trials < 1:
        raise ConfigError(f"{trials} trials are none", "--trials", "ask for at least 1")
    if trials is None and method != "grid":
        raise ConfigError("a search needs a number of trials", "--trials", "such as --trials 50")


class _Search:
    """An Optuna study whose trials are made in batches."""

    def __init__(
        self,
        space: Space,
        folder: Path,
        method: str,
        seed: int,
        objectives: Sequence[str],
        points: Sequence[Mapping[str, Any]],
    ) -> None:
        try:
            import optuna
        except ImportError:
            raise ToolMissing(
                "Optuna is not installed", "explore", "pip install 'hwgen[explore]'"
            ) from None
        self.optuna, self.space, self.method, self.seed = optuna, space, method, seed
        self.objectives, self.made = tuple(objectives), 0
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        import optuna.storages.journal as journal

        self.choices: dict[str, Any] = {
            axis: optuna.distributions.CategoricalDistribution([_plain(v) for v in values])
            for axis, values in space.axes.items()
        }
        try:
            self.storage = optuna.storages.JournalStorage(
                journal.JournalFileBackend(str(folder / "study.journal"))
            )
            # A trial that any study of this folder has made need not be made again.
            self.known: dict[str, dict[str, Any]] = {}
            for other in self.storage.get_all_studies():
                for trial in self.storage.get_all_trials(other._study_id, deepcopy=False):
                    if "found" in trial.user_attrs:
                        self.known[trial.user_attrs["key"]] = trial.user_attrs["found"]
            self.study = optuna.create_study(
                storage=self.storage, study_name=self._name(),
                directions=["maximize" if o == "score" else "minimize" for o in objectives],
                load_if_exists=True,
            )  # fmt: skip
        except (OSError, ValueError, KeyError) as error:
            raise ToolFailed(
                f"the journal of an earlier run cannot be read: {error}", str(folder),
                "delete study.journal to start anew",
            ) from error  # fmt: skip
        queued = len(self.study.get_trials(deepcopy=False))
        for point in points[queued:]:
            self.study.enqueue_trial({axis: _plain(v) for axis, v in point.items()})

    def _name(self) -> str:
        graphs = {"/".join(key): digest(graph) for key, graph in self.space.models.items()}
        axes = {axis: [str(v) for v in values] for axis, values in self.space.axes.items()}
        settings = [self.method, self.seed, self.space.seed, self.objectives, self.space.scores]
        text = json.dumps([__version__, graphs, axes, settings], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def finished(self) -> int:
        """Return how many trials have ended, well or not."""
        return sum(t.state.is_finished() for t in self.study.get_trials(deepcopy=False))

    def step(self, count: int, run: Any) -> None:
        """Make a batch of trials: those that an interruption left over, then new ones."""
        state = self.optuna.trial.TrialState
        running = self.study.get_trials(deepcopy=False, states=(state.RUNNING,))
        # A sampler of its own for every batch: going on is the same as never having stopped.
        self.study.sampler = self._sampler(len(running) + self.finished())
        asked = [self.optuna.trial.Trial(self.study, t._trial_id) for t in running][:count]
        while len(asked) < count:
            asked.append(self.study.ask(self.choices))
        found: dict[int, dict[str, Any]] = {}
        points = [self._point(trial.params) for trial in asked]
        keys = [self.space.key(point) for point in points]
        tasks: dict[str, int] = {}
        for i, (trial, key) in enumerate(zip(asked, keys, strict=True)):
            trial.set_user_attr("key", key)
            if key in self.known:
                found[i] = self.known[key]
            else:
                tasks.setdefault(key, i)
        order = list(tasks.values())

        def done(place: int, result: dict[str, Any]) -> None:
            i = order[place]
            self.known[keys[i]] = found[i] = result
            asked[i].set_user_attr("found", result)
            self.made += 1

        run(measure, [(self.space.ask(points[i]),) for i in order], done)
        for trial, point, key in zip(asked, points, keys, strict=True):
            result = self.known[key]
            trial.set_user_attr("found", result)
            values = self._values(point, result)
            if values is None:
                self.study.tell(trial, state=state.FAIL)
            else:
                self.study.tell(trial, values)

    def _sampler(self, past: int) -> Any:
        seed = self.seed + past
        if self.method == "nsga2":
            return self.optuna.samplers.NSGAIISampler(seed=seed, population_size=_BATCH)
        return self.optuna.samplers.TPESampler(seed=seed, n_startup_trials=_BATCH)

    def _point(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {
            axis: next(v for v in values if _plain(v) == params[axis])
            for axis, values in self.space.axes.items()
        }

    def _values(self, point: Mapping[str, Any], result: Mapping[str, Any]) -> list[float] | None:
        if "says" in result:
            return None
        known = {**result, "score": self.space.scores.get(point["model"], 0.0)}
        return [float(known[name]) for name in self.objectives]

    def found(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Return every point of this study with its figures, once, in the grid's order."""
        made: dict[tuple[Any, ...], tuple[dict[str, Any], dict[str, Any]]] = {}
        for trial in self.study.get_trials(deepcopy=False):
            if "found" in trial.user_attrs:
                point = self._point(trial.params)
                made[tuple(point.values())] = (point, trial.user_attrs["found"])
        axes = {axis: list(values) for axis, values in self.space.axes.items()}
        return sorted(
            made.values(), key=lambda row: [axes[axis].index(row[0][axis]) for axis in axes]
        )


def _plain(value: Any) -> Any:
    return "" if value is None else value


def measure(ask: Ask) -> dict[str, Any]:
    """Return the figures of a point that an exploration keeps, or why there are none."""
    try:
        made = examine(ask)
    except DoesNotFit as error:
        return {"says": error.what.splitlines()[0]}
    if made.failure is not None:
        return {"says": made.failure.what.splitlines()[0]}
    facts = made.facts
    kept = ("clock_mhz", "latency_cycles", "latency_ns", "latency_crossings", "interval")
    return {
        **{key: facts[key] for key in (*kept, "weights", "zeros", "bops", "ebops", "budget")},
        **facts["modelled"],
        "modelled": facts["modelled"],
        "fmax_mhz": facts["fmax"]["mhz"],
        "stages": [{k: v for k, v in stage.items() if k != "note"} for stage in facts["stages"]],
    }


def _rows(
    found: Sequence[tuple[dict[str, Any], dict[str, Any]]],
    space: Space,
    conditions: Sequence[Condition],
    objectives: Sequence[str],
) -> list[dict[str, Any]]:
    """Return a row a point: its settings, its figures, whether it fits and is on the front."""
    rows = []
    for point, result in found:
        row: dict[str, Any] = {**point, "fits": "says" not in result}
        if not row["fits"]:
            rows.append({**row, "pareto": False, "says": result["says"]})
            continue
        row |= {k: v for k, v in result.items() if k not in ("stages", "budget", "modelled")}
        if space.scores:
            row["score"] = space.scores.get(point["model"], 0.0)
        if conditions:
            row["trigger"] = all(answer.holds for answer in judge(conditions, result))
        rows.append(row)
    best = front([r for r in rows if r["fits"] and r.get("trigger", True)], objectives)
    return [{**row, "pareto": any(row is b for b in best)} for row in rows]


def _written(
    rows: Sequence[Mapping[str, Any]], folder: Path, objectives: Sequence[str]
) -> dict[str, Any]:
    text = table(rows, objectives)
    files = {
        "explore.json": json_bytes({"objectives": list(objectives), "points": list(rows)}),
        "explore.csv": csv_bytes(rows),
        "explore.txt": (text + "\n").encode(),
        "pareto.svg": plot(rows, objectives),
    }
    write_files({folder / name: content for name, content in files.items()}, "--out")
    return {
        "points": list(rows),
        "front": [row for row in rows if row["pareto"]],
        "files": [str(folder / name) for name in files],
        "text": text,
    }
