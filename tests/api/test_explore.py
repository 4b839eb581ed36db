# SPDX-License-Identifier: Apache-2.0
"""The exploration: every point once, whatever interrupts it; the front; the workers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from hwgen.api import explore as explore_file
from hwgen.api.estimate import examine
from hwgen.api.explore import Space, explore
from hwgen.api.explore_space import Lists
from hwgen.api.workers import crew
from hwgen.cli import run
from hwgen.errors import ConfigError, ToolError, count_of
from hwgen.report.pareto import front, plot, table
from tests.cli.models import OPEN, pair, tiny_h5

Capture = pytest.CaptureFixture[str]
# What third parties warn of that is no concern of ours.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def small(folder: Path, **more: Any) -> Space:
    settings: dict[str, Any] = {"clocks": "100MHz,400MHz", "efforts": "0,1", **more}
    return Lists([str(tiny_h5(folder / "m.h5"))], "vu13p", **settings).space()


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is measured, in order."""
    made: list[Any] = []
    real = explore_file.measure

    def counted(ask: Any) -> dict[str, Any]:
        made.append(ask)
        return real(ask)

    monkeypatch.setattr(explore_file, "measure", counted)
    return made


def files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix != ".journal"}


def test_a_grid_is_swept_and_written(tmp_path: Path) -> None:
    space = small(tmp_path, latencies="none,1ns")
    made = explore(space, tmp_path / "out")
    assert len(made.points) == 2 * 2 * 2
    assert made.new == made.trials == 8
    none = [p for p in made.points if p["latency"] == "1ns"]
    assert all(not p["fits"] and p["says"] and not p["pareto"] for p in none)
    for point in (p for p in made.points if p["fits"]):
        facts = examine(space.ask(point)).figures
        assert point["lut"] == facts.modelled.lut
        assert point["latency_ns"] == facts.latency_ns
    best = min(p["latency_ns"] for p in made.points if p["fits"])
    assert best in [p["latency_ns"] for p in made.front]
    folder = tmp_path / "out" / "explore"
    stored = json.loads((folder / "explore.json").read_text())
    assert tuple(stored["points"]) == made.points
    rows = list(csv.DictReader(io.StringIO((folder / "explore.csv").read_text())))
    assert [row["lut"] for row in rows] == [str(p.get("lut", "")) for p in made.points]
    ElementTree.fromstring((folder / "pareto.svg").read_text())
    assert made.text() == (folder / "explore.txt").read_text().rstrip("\n")


def test_going_on_does_nothing_twice(tmp_path: Path, measured: list[Any]) -> None:
    space = small(tmp_path)
    first = explore(space, tmp_path / "out", trials=3)
    assert (first.new, first.trials, len(measured)) == (3, 3, 3)
    second = explore(space, tmp_path / "out")
    assert (second.new, second.trials, len(measured)) == (1, 4, 4)
    kept = files(tmp_path / "out" / "explore")
    third = explore(space, tmp_path / "out")
    assert (third.new, len(measured)) == (0, 4)
    assert files(tmp_path / "out" / "explore") == kept
    # Another study in the same folder takes what it needs from the first.
    more = explore(small(tmp_path, clocks="100MHz,300MHz,400MHz"), tmp_path / "out")
    assert (more.new, len(measured)) == (2, 6)
    # In one go it comes out the same.
    explore(space, tmp_path / "new")
    assert files(tmp_path / "new" / "explore") == kept


def test_an_interruption_keeps_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space, real, made = small(tmp_path), explore_file.measure, list[Any]()

    def twice(ask: Any) -> dict[str, Any]:
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(ask)
        return real(ask)

    with monkeypatch.context() as patch:
        patch.setattr(explore_file, "measure", twice)
        with pytest.raises(KeyboardInterrupt):
            explore(space, tmp_path / "out")
    stored = json.loads((tmp_path / "out" / "explore" / "explore.json").read_text())
    assert len(stored["points"]) == 2
    again = explore(space, tmp_path / "out")
    assert (again.new, again.trials) == (2, 4)
    whole = explore(space, tmp_path / "new")
    assert again.points == whole.points
    assert files(tmp_path / "out" / "explore") == files(tmp_path / "new" / "explore")


@pytest.mark.parametrize("method", ["tpe", pytest.param("nsga2", marks=pytest.mark.ci)])
def test_a_search_depends_on_its_seed_alone(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = small(tmp_path, clocks="60MHz:440MHz:40MHz")
    whole = explore(space, tmp_path / "whole", method=method, trials=12, seed=3)
    assert whole.trials == 12
    assert whole.new == len(whole.points) <= 12

    @contextmanager
    def backwards(jobs: int, scheduler: str | None = None) -> Iterator[Any]:
        def work(
            function: Callable[..., Any],
            tasks: Sequence[tuple[Any, ...]],
            done: Callable[[int, Any], None],
        ) -> None:
            for i in reversed(range(len(tasks))):
                done(i, function(*tasks[i]))

        yield work

    monkeypatch.setattr(explore_file, "crew", backwards)
    explore(space, tmp_path / "parts", method=method, trials=8, seed=3)
    parts = explore(space, tmp_path / "parts", method=method, trials=12, seed=3)
    assert parts.points == whole.points
    other = explore(space, tmp_path / "other", method=method, trials=12, seed=4)
    assert other.points != whole.points


def test_variants_of_a_model_with_their_scores(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    models = [str(tiny_h5(tmp_path / "m.h5", OPEN)), str(tiny_h5(tmp_path / "b" / "m.h5", OPEN))]
    space = Lists(
        models, "vu13p", input_formats=["s8.4", "s5.2"], scores=[0.75, 0.5], clocks="200MHz"
    ).space()
    assert list(space.axes["model"]) == ["m.h5", "m.h5#2"]
    made = explore(space, tmp_path / "out", objectives=("lut", "score"), trigger="lut<50%")
    assert len(made.points) == 4
    assert all(p["trigger"] for p in made.points)
    # The same network twice: only the better score stays, in its smaller format.
    assert [(p["model"], p["input_format"]) for p in made.front] == [("m.h5", "s5.2")]
    text = (tmp_path / "out" / "explore" / "explore.txt").read_text()
    assert "4 points, 4 fit, 4 meet the trigger, 1 on the Pareto front of lut, score" in text
    assert str(tmp_path) not in text


@pytest.mark.ci
@pytest.mark.parametrize("jobs", [1])
def test_workers_find_the_same(jobs: int, tmp_path: Path) -> None:
    space = small(tmp_path)
    here = explore(space, tmp_path / "here", jobs=0)
    there = explore(space, tmp_path / "there", jobs=jobs)
    assert there.points == here.points
    assert files(tmp_path / "there" / "explore") == files(tmp_path / "here" / "explore")


def test_a_scheduler_that_is_not_there_is_a_tool_error(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwgen.api.workers._PATIENCE", 0.5)
    words = ["explore", str(tiny_h5(tmp_path / "m.h5")), "-b", "vu13p", "-o", str(tmp_path / "o")]
    assert run([*words, "--scheduler", "tcp://127.0.0.1:9", "--json", "-q"]) == 5
    answer = json.loads(capsys.readouterr().out)
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in answer["what"]
    assert "dask worker" in answer["hint"]
    assert issubclass(ToolError, Exception)
    with pytest.raises(ConfigError, match="is no address"), crew(1, "nowhere"):
        pass


# --- wrong use ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "where", "what"),
    [
        ({"method": "luck"}, "--method", "luck"),
        ({"objectives": ("speed",)}, "--objectives", "speed"),
        ({"objectives": ("lut", "lut")}, "--objectives", "twice"),
        ({"objectives": ("lut", "score")}, "--objectives", "no model has a score"),
        ({"trials": 0}, "--trials", "0 trials"),
        ({"method": "tpe"}, "--trials", "number of trials"),
        ({"trigger": "lut"}, "--trigger", "no condition"),
    ],
)
def test_a_wrong_wish_is_refused_before_work(
    more: dict[str, Any], where: str, what: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=what) as caught:
        explore(small(tmp_path), tmp_path / "out", **more)
    assert caught.value.where == where
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("more", "where", "what"),
    [
        ({"clocks": "fast"}, "--clock", "fast"),
        ({"clocks": "100MHz:50MHz:10MHz"}, "--clock", "no range"),
        ({"clocks": "1MHz:400MHz:1kHz"}, "--clock", "clocks"),
        ({"efforts": "much"}, "--effort", "much"),
        ({"efforts": ","}, "--effort", "empty"),
        ({"weights": ["a", "b"]}, "--weights", "2 for 1 models"),
    ],
)
def test_a_wrong_list_is_refused(
    more: dict[str, Any], where: str, what: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=what) as caught:
        small(tmp_path, **more)
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("more", "where"),
    [({"latencies": "soon"}, "--latency"), ({"efforts": "9"}, "--effort")],
)
def test_a_wrong_goal_is_refused_before_work(
    more: dict[str, Any], where: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        explore(small(tmp_path, **more), tmp_path / "out")
    assert caught.value.where == where
    assert not (tmp_path / "out").exists()


def test_a_journal_that_is_none_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "explore"
    folder.mkdir(parents=True)
    (folder / "study.journal").write_text("not JSON\nat all\n")
    with pytest.raises(ToolError, match="journal"):
        explore(small(tmp_path), tmp_path / "out")


def test_the_verb(tmp_path: Path, capsys: Capture) -> None:
    model, weights = (str(p) for p in pair(tmp_path))
    words = ["explore", model, "--weights", weights, "-b", "vu13p", "--jobs", "0", "-q"]
    assert run([*words, "--clock", "100MHz,200MHz", "-o", str(tmp_path / "o"), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["new"] == len(answer["points"]) == 2
    assert all(Path(file).is_file() for file in answer["files"])


# --- the front ------------------------------------------------------------------------------------


def rows(*pairs: tuple[float, int]) -> list[dict[str, Any]]:
    base = {"model": "m", "input_format": "", "board": "b", "latency": None, "style": "parallel"}
    return [
        {**base, "clock": str(i), "effort": 1, "fits": True, "latency_ns": ns, "lut": lut}
        for i, (ns, lut) in enumerate(pairs)
    ]


def test_the_front_is_what_nothing_beats() -> None:
    points = rows((5, 10), (4, 20), (6, 10), (4, 21), (9, 1), (5, 10))
    best = front(points, ("latency_ns", "lut"))
    assert [(r["latency_ns"], r["lut"]) for r in best] == [(5, 10), (4, 20), (9, 1), (5, 10)]
    scored = [{**r, "score": s} for r, s in zip(rows((1, 5), (1, 5)), (0.1, 0.9), strict=True)]
    assert front(scored, ("lut", "score")) == [scored[1]]


def test_the_front_is_drawn_with_names_from_zero_on() -> None:
    points = [{**row, "pareto": True} for row in rows((95.0, 1000), (99.0, 900))]
    drawn = plot(points, ("latency_ns", "lut")).decode()
    texts = [
        node.text for node in ElementTree.fromstring(drawn).iter() if node.tag.endswith("text")
    ]
    assert texts.count("0") == 3  # neither axis is cut off; one is a name
    assert {"0", "1"} <= set(texts)  # the setting that tells them apart


@pytest.mark.parametrize("pairs", [[], [(5.0, 10)], [(5.0, 10), (5.0, 10)], [(0.0, 0), (9.0, 3)]])
def test_few_points_are_drawn_too(pairs: list[tuple[float, int]]) -> None:
    points = [{**row, "pareto": True} for row in rows(*pairs)]
    drawn = plot(points, ("latency_ns", "lut"))
    ElementTree.fromstring(drawn.decode())
    assert drawn.count(b"<circle") == len(points)
    assert count_of(len(points), "point") in table(points, ("latency_ns", "lut"))
