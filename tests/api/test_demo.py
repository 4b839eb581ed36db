# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen import paths
from hwgen.api import demo
from hwgen.api.build import build
from hwgen.api.demo import Accuracy, jet_tagger, shipped
from hwgen.api.load import load
from hwgen.api.predict import predict
from hwgen.api.samples import to_codes
from hwgen.api.sim import Simulated
from hwgen.api.verify import Verdict
from hwgen.cost.estimate import zeros
from hwgen.errors import DoesNotFit, ToolMissing
from hwgen.target.board import boards
from hwgen.train import magic


def figures() -> dict[str, int]:
    """The numbers written down in the NOTICE."""
    text = (paths.demo() / "NOTICE").read_text("utf-8")
    found = {
        "zero": r"(\S+) of \S+\s+weights zero",
        "weights": r"\S+ of (\S+)\s+weights zero",
        "right": r"(\S+) of the 1,000 events here",
        "right_test": r"(\S+) of the 3,804 events of the whole",
    }
    return {
        name: int(re.search(pattern, text)[1].replace(",", ""))  # type: ignore[index]
        for name, pattern in found.items()
    }


def test_shipped_files_are_small_and_name_their_source() -> None:
    files = {file.name: file for file in paths.demo().iterdir()}
    assert set(files) == {"magic.h5", "events.npy", "labels.npy", "NOTICE"}
    assert files["magic.h5"].stat().st_size < 100_000
    assert sum(file.stat().st_size for file in files.values()) < 150_000
    notice = files["NOTICE"].read_text("utf-8")
    for word in ("CC BY 4.0", "UCI", "Bock", "516 (2004) 511", "trained by this project"):
        assert word in notice


def test_shipped_events_are_on_the_input_grid() -> None:
    subject = shipped()
    graph = load(subject.model)
    assert subject.events is not None
    assert subject.labels is not None
    events, labels = np.load(subject.events), np.load(subject.labels)
    assert events.shape == (1000, 10)
    assert events.dtype == np.float32
    assert to_codes(graph, {graph.inputs[0].name: events})[1].count == 0
    assert len(np.unique(events, axis=0)) > 900
    assert set(np.unique(labels)) == {0, 1}


def test_shipped_model_is_as_accurate_as_written_down() -> None:
    subject = shipped()
    graph = load(subject.model)
    counts = zeros(graph).values()
    assert sum(none for none, _ in counts) == figures()["zero"]
    assert sum(size for _, size in counts) == figures()["weights"]
    logits = predict(graph, np.load(subject.events))[:, 0]
    right = int(np.count_nonzero((logits > 0) == (np.load(subject.labels) == 1)))
    assert right == figures()["right"]
    assert right > 850


QUICK = ("icebreaker", "ulx3s", "vcu118")


@pytest.mark.parametrize(
    "board",
    [pytest.param(b.name, marks=[] if b.name in QUICK else pytest.mark.ci) for b in boards()],
)
def test_shipped_model_builds_on_every_board_that_holds_it(board: str) -> None:
    if board in ("icebreaker", "tangnano20k", "tangnano9k"):  # told what would do
        with pytest.raises(DoesNotFit, match="LUT") as refused:
            build(shipped().model, board=board, style="parallel")
        assert "board" in refused.value.hint
        return
    made = build(shipped().model, board=board)
    assert "rtl/hwg_magic.sv" in made.files.paths
    assert made.figures.zeros == figures()["zero"]


@pytest.mark.keras
def test_shipped_model_equals_its_float32_forward_pass() -> None:
    from hwgen.frontends.keras.live import oracle

    subject = shipped()
    graph = load(subject.model)
    events = np.load(subject.events)
    (logits,) = oracle(subject.model, None, {graph.inputs[0].name: events}, 1)
    assert np.array_equal(logits.astype(np.float64), predict(graph, events))


def test_jet_tagger_is_taken_where_it_lies_beside_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "checkout"
    models = tmp_path / "shared" / "models"
    (root / "hwgen").mkdir(parents=True)
    models.mkdir(parents=True)
    monkeypatch.setattr(paths, "_PACKAGE", root / "hwgen")
    (models / "qkeras_3layer.json").touch()
    assert jet_tagger() is None  # no weights
    (models / "qkeras_3layer_weights.h5").touch()
    assert jet_tagger() is None  # an installed package, no checkout
    (root / "pyproject.toml").touch()
    subject = jet_tagger()
    assert subject is not None
    assert subject.model == models / "qkeras_3layer.json"
    assert subject.weights == models / "qkeras_3layer_weights.h5"
    assert subject.input_format == "s16.10"


def stub(monkeypatch: pytest.MonkeyPatch, compared: Any) -> dict[str, Any]:
    """Let the demo run without simulator and Keras; return what it asks them for."""
    asked: dict[str, Any] = {}

    def sim(out: Path, **options: Any) -> Simulated:
        asked["sim"] = {"out": out, **options}
        return Simulated(1037, 0, 9, 1, "none", 1)

    def verify(out: Path, **options: Any) -> Verdict:
        asked["verify"] = {"out": out, **options}
        if isinstance(compared, Exception):
            raise compared
        assert isinstance(compared, Verdict)
        return compared

    monkeypatch.setattr(demo, "sim", sim)
    monkeypatch.setattr(demo, "verify", verify)
    return asked


def test_demo_tells_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = stub(monkeypatch, Verdict(11037, 0, 1, "magic.h5"))
    said: list[str] = []
    result = demo.demo(tmp_path / "demo", 37, lambda stage, _: said.append(stage), shipped())
    text, facts = result.text(), result.built.figures
    assert asked["sim"]["samples"] == 37
    assert asked["sim"]["data"] == asked["verify"]["data"] == shipped().events
    assert asked["verify"]["samples"] == 370
    assert {"load", "schedule", "write"} <= set(said)
    assert f"{facts.latency_cycles} cycles = {facts.latency_ns:g} ns" in text
    assert f"{facts.terms['adders']:,} adders" in text
    assert f"{facts.zeros:,} of them zero" in text
    assert f"{facts.bops:,}   EBOPs {facts.ebops:,}" in text
    assert "1,037/1,037 samples: RTL" in text
    assert "11,037/11,037 samples: integer reference" in text
    assert result.accuracy == Accuracy(figures()["right"], 1000)
    assert f"{figures()['right']} of 1,000 test events" in text
    shown = [line.split()[0] for line in text.split("open next\n")[1].splitlines()]
    for file in shown[:-1]:
        assert Path(file).is_file(), file
    assert max(len(line) for line in text.replace(str(tmp_path), "out").splitlines()) <= 100


def test_demo_does_without_tensorflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub(monkeypatch, ToolMissing("TensorFlow is not installed", "", "pip install 'hwgen[keras]'"))
    result = demo.demo(tmp_path / "demo", 10, subject=shipped())
    assert result.verified is None
    told = "not compared, TensorFlow is not installed (pip install 'hwgen[keras]')"
    assert told in result.text()


@pytest.mark.sim
@pytest.mark.keras
@pytest.mark.slow
def test_demo_in_earnest(tmp_path: Path) -> None:
    result = demo.demo(tmp_path / "demo", 20)
    assert result.verified is not None
    assert result.simulated.mismatches == result.verified.mismatches == 0
    assert result.simulated.samples > 20
    assert result.verified.samples > 200
    assert result.simulated.latency_cycles == result.built.figures.latency_cycles


def test_training_data_goes_onto_the_grid() -> None:
    made = magic.on_grid([[1.0, 100.0, -100.0, 2.02]], 1.0, [[2.0, 2.0, 2.0, 1.0]])
    assert made.dtype == np.float32
    assert made.tolist() == [[0.0, 4.0 - 2.0**-5, -4.0, 1.03125]]


@pytest.mark.ci
@pytest.mark.keras
# Keras 2.14 draws its layers' seeds below 1e9, a float.
@pytest.mark.filterwarnings("ignore:non-integer arguments to randrange:DeprecationWarning")
def test_training_makes_a_pruned_model_that_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    arrays: dict[str, Any] = {"train_mean": np.zeros(10), "train_std": np.ones(10)}
    for part, count in (("train", 640), ("test", 1200)):
        arrays[f"x_{part}"] = rng.normal(size=(count, 10)).astype(np.float32)
        arrays[f"y_{part}"] = (arrays[f"x_{part}"][:, 0] > 0).astype(np.int8)
    np.savez(tmp_path / "data.npz", **arrays)
    for name, value in (("DENSE_EPOCHS", 20), ("PRUNE_EPOCHS", 12), ("HIDDEN", (16, 8))):
        monkeypatch.setattr(magic, name, value)
    made = magic.make(tmp_path / "data.npz", tmp_path)
    graph = load(tmp_path / "magic.h5")
    assert all(none * 2 >= size for none, size in zeros(graph).values())
    assert made.right_test > 0.8 * made.test
    events = np.load(tmp_path / "events.npy")
    right = (predict(graph, events)[:, 0] > 0) == (np.load(tmp_path / "labels.npy") == 1)
    assert f"{right.sum()} of the 1,000 events" in (tmp_path / "NOTICE").read_text("utf-8")
