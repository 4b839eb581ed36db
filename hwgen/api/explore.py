# SPDX-License-Identifier: Apache-2.0
"""Exploration: a sweep over models, formats, boards, clocks and efforts, and its Pareto front.

What was found is kept in an Optuna journal below the output folder: a later run goes on where the
last one ended, whether that was interrupted or asked for fewer trials. Workers may end in any
order; what comes out depends on the seed alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from hwgen import __version__
from hwgen.api.estimate import examine
from hwgen.api.explore_space import Point, Space
from hwgen.api.results import VerbResult
from hwgen.api.settings import Ask, from_names
from hwgen.api.workers import crew
from hwgen.cost.figures import Figures, Resources, StageFigures
from hwgen.errors import ConfigError, DoesNotFit, ToolFailed, ToolMissing
from hwgen.files import json_bytes, write_files
from hwgen.ops.serial import digest
from hwgen.plan.trigger_budget import Condition, judge, parse_trigger
from hwgen.progress import Progress, silent
from hwgen.report.pareto import csv_bytes, front, plot, table
from hwgen.report.plain import read
from hwgen.target.board import Budget

METHODS = ("grid", "tpe", "nsga2")
# All of them are better the smaller they are, but the score.
OBJECTIVES = (
    "latency_ns", "latency_cycles", "lut", "ff", "dsp", "bram", "ebops", "bops", "score",
)  # fmt: skip
_BATCH = 8  # trials that are asked for before any of them is told


@dataclass(frozen=True)
class SearchSettings:
    """Settings of a sweep.

    Attributes:
        method: ``grid`` for every point, or Optuna's search ``tpe`` or ``nsga2``.
        trials: how many are made in all, those of earlier runs included; all points by default.
        seed: of the search.
        objectives: some of `OBJECTIVES`, the first two for the plot.
        trigger: conditions; what does not meet them is left out of the front.
    """

    method: str = "grid"
    trials: int | None = None
    seed: int = 1
    objectives: Sequence[str] = ("latency_ns", "lut")
    trigger: str | None = None


@dataclass(frozen=True, repr=False)
class Explored(VerbResult):
    """Exploration: a row a point, with its settings and its figures.

    Attributes:
        points: all of them; those that do not fit have ``says`` instead of figures.
        front: those that no other one beats.
        files: paths that were written.
        new: trials that this run made.
        trials: in all.
        objectives: of the front.
    """

    points: tuple[Point, ...]
    front: tuple[Point, ...]
    files: tuple[str, ...]
    new: int
    trials: int
    objectives: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the rows and the paths."""
        return {
            "points": list(self.points), "front": list(self.front), "files": list(self.files),
            "new": self.new, "trials": self.trials,
        }  # fmt: skip

    def text(self) -> str:
        """Return the front as a table."""
        return table(self.points, self.objectives)


def explore(
    space: Space,
    out: Path,
    *,
    jobs: int = 0,
    scheduler: str | None = None,
    progress: Progress = silent,
    **settings: Any,
) -> Explored:
    """Sweep, and write ``explore/`` below *out*: tables, the Pareto front, a plot, the journal.

    Args:
        space: what is swept over.
        out: folder; what is there already is gone on with.
        jobs: processes on this machine, as `hwgen.api.workers.crew` takes them.
        scheduler: of a Dask cluster, instead.
        progress: called with every batch.
        settings: as `SearchSettings` has them.

    Raises:
        ConfigError, ToolMissing, ToolFailed: see `hwgen.errors`.
    """
    wanted = from_names(SearchSettings, settings)
    _check(wanted, space)
    conditions = parse_trigger(wanted.trigger) if wanted.trigger is not None else ()
    space.check()
    points = space.points() if wanted.method == "grid" else []
    count = len(points) if wanted.trials is None else wanted.trials
    folder = out / "explore"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be made ({error.strerror or error})", "--out", "choose another place"
        ) from error
    search = _Search(space, folder, wanted, points)
    try:
        with crew(jobs, scheduler) as run:
            while (missing := count - search.finished()) > 0:
                search.step(min(missing, _BATCH), run)
                progress("explore", f"{search.finished()} of {count} trials, {search.made} new")
    finally:  # an interruption keeps what is done
        objectives = tuple(wanted.objectives)
        rows = _rows(search.found(), space, conditions, objectives)
        files = _write(rows, folder, objectives)
    best = tuple(row for row in rows if row["pareto"])
    return Explored(tuple(rows), best, files, search.made, search.finished(), objectives)


def _check(wanted: SearchSettings, space: Space) -> None:
    method, objectives, trials = wanted.method, wanted.objectives, wanted.trials
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
        self, space: Space, folder: Path, wanted: SearchSettings, points: Sequence[Point]
    ) -> None:
        try:
            import optuna
        except ImportError:
            raise ToolMissing(
                "Optuna is not installed", "explore", "pip install 'hwgen[explore]'"
            ) from None
        self.optuna, self.space, self.method, self.seed = optuna, space, wanted.method, wanted.seed
        self.objectives, self.made = tuple(wanted.objectives), 0
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
            self.known: dict[str, Mapping[str, Any]] = {}
            for other in self.storage.get_all_studies():
                for trial in self.storage.get_all_trials(other._study_id, deepcopy=False):
                    if "found" in trial.user_attrs:
                        self.known[trial.user_attrs["key"]] = trial.user_attrs["found"]
            self.study = optuna.create_study(
                storage=self.storage, study_name=self._name(),
                directions=["maximize" if o == "score" else "minimize" for o in self.objectives],
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
        found: dict[int, Mapping[str, Any]] = {}
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

        def done(place: int, result: Mapping[str, Any]) -> None:
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

    def _point(self, params: Mapping[str, Any]) -> Point:
        return {
            axis: next(v for v in values if _plain(v) == params[axis])
            for axis, values in self.space.axes.items()
        }

    def _values(self, point: Mapping[str, Any], result: Mapping[str, Any]) -> list[float] | None:
        if "says" in result:
            return None
        known = {
            **result,
            **result["modelled"],
            "score": self.space.scores.get(point["model"], 0.0),
        }
        return [float(known[name]) for name in self.objectives]

    def found(self) -> list[tuple[Point, Mapping[str, Any]]]:
        """Return every point of this study with its figures, once, in the grid's order."""
        made: dict[tuple[Any, ...], tuple[Point, Mapping[str, Any]]] = {}
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


@dataclass(frozen=True)
class Measured:
    """Figures of a point that an exploration keeps; *modelled* are lut, ff, dsp and bram."""

    clock_mhz: float
    latency_cycles: int
    latency_ns: float
    latency_crossings: int
    interval: int
    weights: int
    zeros: int
    bops: int
    ebops: int
    budget: Budget
    modelled: Resources
    fmax_mhz: float
    rate_mhz: float
    stages: tuple[StageFigures, ...]

    @classmethod
    def of(cls, figures: Figures) -> Measured:
        """Return what is kept of a design's figures."""
        same = {f.name: getattr(figures, f.name) for f in fields(cls) if f.name != "fmax_mhz"}
        return cls(**same, fmax_mhz=figures.fmax.mhz)


def measure(ask: Ask) -> Mapping[str, Any]:
    """Return the figures of a point as the journal keeps them, or why there are none."""
    try:
        made = examine(ask)
    except DoesNotFit as error:
        return {"says": error.what.splitlines()[0]}
    if made.refusal is not None:
        return {"says": made.refusal.what.splitlines()[0]}
    return asdict(Measured.of(made.figures))


def _rows(
    found: Sequence[tuple[Point, Mapping[str, Any]]],
    space: Space,
    conditions: Sequence[Condition],
    objectives: Sequence[str],
) -> list[Point]:
    """Return a row a point: its settings, its figures, whether it fits and is on the front."""
    rows = []
    for point, result in found:
        row: dict[str, Any] = {**point, "fits": "says" not in result}
        if not row["fits"]:
            rows.append({**row, "pareto": False, "says": result["says"]})
            continue
        row |= {
            k: v for k, v in result.items() if k not in ("stages", "budget", "modelled", "rate_mhz")
        }
        row |= result["modelled"]
        if space.scores:
            row["score"] = space.scores.get(point["model"], 0.0)
        if conditions:
            answers = judge(conditions, read(Measured, result))
            row["trigger"] = all(answer.holds for answer in answers)
        rows.append(row)
    best = front([r for r in rows if r["fits"] and r.get("trigger", True)], objectives)
    return [{**row, "pareto": any(row is b for b in best)} for row in rows]


def _write(rows: Sequence[Point], folder: Path, objectives: Sequence[str]) -> tuple[str, ...]:
    """Write the tables and the drawing; return their paths."""
    files = {
        "explore.json": json_bytes({"objectives": list(objectives), "points": list(rows)}),
        "explore.csv": csv_bytes(rows),
        "explore.txt": (table(rows, objectives) + "\n").encode(),
        "pareto.svg": plot(rows, objectives),
    }
    write_files({folder / name: content for name, content in files.items()}, "--out")
    return tuple(str(folder / name) for name in files)
