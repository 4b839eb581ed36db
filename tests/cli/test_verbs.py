# SPDX-License-Identifier: Apache-2.0
"""What every verb says: to people, to scripts (one JSON object), and in its help."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwgen
from hwgen.api.predict import predict
from hwgen.cli import VERBS, run
from hwgen.errors import Mismatch
from hwgen.frontends.qkeras.convert import supported_layers
from tests.cli.models import (
    GRID,
    act,
    branchy_h5,
    dense,
    grid,
    pair,
    sequential,
    source,
    tiny_h5,
)
from tests.frontends.keras_files import layer

Capture = pytest.CaptureFixture[str]
FIGURES = {
    "name", "model", "style", "board", "part", "clock_mhz", "latency_cycles", "latency_ns",
    "interval", "terms", "weights", "zeros", "layers", "bops", "ebops", "ebops_live", "modelled",
    "notes", "latency_crossings", "parameters", "input_bits", "budget", "lut_error", "fmax",
    "stages", "packaged", "vendor",
}  # fmt: skip


def answer(capsys: Capture, *words: str) -> dict[str, Any]:
    """Run a verb that goes well and return its JSON."""
    capsys.readouterr()
    assert run([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.pop("ok") is True
    return dict(found)


def text(capsys: Capture, *words: str) -> str:
    capsys.readouterr()
    assert run(words) == 0
    return capsys.readouterr().out


def soft_h5(path: Path) -> Path:
    """Write a model whose final softmax is dropped with a note."""
    layers = (act("q", GRID), dense("fc1", 5), act("relu1"), dense("fc2", 3))
    return tiny_h5(path, sequential(source(), *layers, layer("Softmax", "sm")))


# --- figures for scripts --------------------------------------------------------------------------


def test_build_answers_with_its_figures(tmp_path: Path, capsys: Capture) -> None:
    model, out = str(soft_h5(tmp_path / "m.h5")), str(tmp_path / "out")
    found = answer(capsys, "build", model, "-b", "vcu118", "-o", out)
    assert set(found) == FIGURES | {"out"}
    assert (found["out"], found["name"], found["interval"]) == (out, "m", 1)
    assert found["latency_ns"] == pytest.approx(found["latency_cycles"] * 5.0)
    assert found["layers"]["fc1"] == {"zeros": 8, "weights": 20}
    assert (found["weights"], found["zeros"]) == (35, 15)
    assert set(found["modelled"]) == {"lut", "ff", "dsp", "bram"}
    assert "softmax is dropped" in found["notes"][0]
    told = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert {k: told[k] for k in found if k != "out"} == {
        k: v for k, v in found.items() if k != "out"
    }
    estimated = answer(capsys, "estimate", model, "-b", "vcu118")
    assert estimated == {k: v for k, v in found.items() if k != "out"}


def test_load_and_show_answer_with_the_graph(tmp_path: Path, capsys: Capture) -> None:
    model, bundle = str(soft_h5(tmp_path / "m.h5")), str(tmp_path / "b.json")
    shown = answer(capsys, "show", model)
    assert set(shown) == {"graph", "nodes", "notes"}
    assert shown["nodes"][0].startswith("x")
    assert shown["nodes"][-1].startswith("output")
    loaded = answer(capsys, "load", model, "-o", bundle)
    assert loaded == {"graph": "tiny", "nodes": 4, "notes": shown["notes"], "out": bundle}
    assert answer(capsys, "show", bundle) == shown
    assert "out" not in answer(capsys, "load", model)
    # A bundle may be written again over itself.
    assert answer(capsys, "load", model, "-o", bundle) == loaded


def test_boards_ops_and_doctor_answer_with_lists(capsys: Capture) -> None:
    boards = {b["name"]: b for b in answer(capsys, "boards")["boards"]}
    assert {"vcu118", "ecp5_evn"} <= set(boards)
    assert boards["vcu118"]["lut"] == 1182240
    assert set(boards["vcu118"]) == {
        "name", "title", "part", "family", "default_mhz", "max_mhz", "lut", "ff", "dsp", "bram",
        "uram",
    }  # fmt: skip
    ops = answer(capsys, "ops")
    assert ops["layers"] == supported_layers()
    assert {"InputLayer", "QDense", "Concatenate"} <= set(ops["layers"])
    assert {"quantized_bits", "binary", "quantized_po2"} <= set(ops["quantizers"])
    assert {"dense", "requantize"} <= {op["kind"] for op in ops["ops"]}
    assert all(op["what"] for op in ops["ops"])
    checks = {c["name"]: c for c in answer(capsys, "doctor")["checks"]}
    assert checks["numpy"] == {
        "name": "numpy", "found": True, "version": np.__version__, "enables": "everything",
    }  # fmt: skip


@pytest.mark.sim
def test_sim_answers_with_its_figures(tiny: Path, tmp_path: Path, capsys: Capture) -> None:
    np.save(tmp_path / "x.npy", np.linspace(-4, 3, 28).reshape(7, 4))
    words = ("sim", str(tiny), "--samples", "20", "--data", str(tmp_path / "x.npy"), "--seed", "5")
    found = answer(capsys, *words)
    assert set(found) == {
        "samples", "mismatches", "latency_cycles", "interval", "simulator", "seed",
    }  # fmt: skip
    design = json.loads((tiny / "design.json").read_text("utf-8"))
    assert found["samples"] > 27  # corners come on top
    assert (found["mismatches"], found["interval"], found["seed"]) == (0, 1, 5)
    assert found["latency_cycles"] == design["latency"]
    assert f"{found['samples']}/{found['samples']} samples match" in text(capsys, *words)


@pytest.mark.sim
def test_a_wrong_constant_is_found_with_its_layer(
    tmp_path: Path, capsys: Capture, root: Path
) -> None:
    out = tmp_path / "out"
    board = (root / "boards" / "vcu118.toml").read_text("utf-8").replace('"vcu118"', '"mine"')
    (tmp_path / "mine.toml").write_text(board, "utf-8")
    hwgen.build(tiny_h5(tmp_path / "m.h5"), out, board=str(tmp_path / "mine.toml"))
    (tmp_path / "mine.toml").unlink()  # a build folder stands on its own
    path = out / "rtl" / "hwg_m_fc2.sv"
    text = path.read_text("utf-8")
    wrong = re.sub(r"(\.A\(\d+'h[0-9a-f]*)a\b", r"\g<1>5", text, count=1)  # a bit is inverted
    assert wrong != text
    path.write_text(wrong, "utf-8")
    capsys.readouterr()
    assert run(["sim", str(out), "--samples", "50", "--json", "-q", "--allow-changed"]) == 6
    said, told = capsys.readouterr()
    found = json.loads(said)
    assert (found["ok"], found["error"], found["where"]) == (False, "Mismatch", "layer fc2")
    assert "expected" in found["what"]
    assert f"hwgen sim {out} --samples=50 --seed=1 --allow-changed --only" in found["hint"]
    assert "Traceback" not in told


# --- verify ---------------------------------------------------------------------------------------


@pytest.mark.keras
def test_verify_answers_with_its_figures(tiny: Path, capfd: Capture) -> None:
    found = answer(capfd, "verify", str(tiny), "--against", "qkeras", "--samples", "300")
    assert set(found) == {"samples", "mismatches", "seed"}
    assert found["samples"] > 300
    assert found["mismatches"] == 0
    said = text(capfd, "verify", str(tiny), "--samples", "30")
    assert "samples equal the float32 forward pass of tiny.h5" in said


@pytest.mark.keras
def test_verify_tells_how_many_differ(
    tiny: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hwgen.frontends.keras import live

    real = live.logits

    def wrong(*given: Any) -> Any:
        (found,) = real(*given)
        found[3, 1] += 1 / 128  # one least significant bit
        found[7] = np.nan
        print("a library that talks")
        return [found]

    monkeypatch.setattr(live, "logits", wrong)
    capsys.readouterr()
    assert run(["verify", str(tiny), "--samples", "30", "--json"]) == 6
    said, told = capsys.readouterr()
    found = json.loads(said)
    assert (found["ok"], found["error"], found["exit_code"]) == (False, "Mismatch", 6)
    assert found["mismatches"] == 2
    assert found["samples"] > 30
    assert "output fc2, sample 3 (corner), element 1" in found["what"]
    assert "a library that talks" in told
    with pytest.raises(Mismatch, match="sample 3"):
        hwgen.verify(tiny, samples=30)


@pytest.mark.usefixtures("impatient")
def test_verify_proves_the_verilog(tiny: Path, capfd: Capture, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(tiny, out)
    found = answer(capfd, "verify", str(out), "--prove")
    assert found["proven"] is True
    assert found["problems"] == []
    assert found["outputs"] > 0
    assert "proven: hwg_tiny equals the model's integer graph" in text(
        capfd, "verify", str(out), "--prove"
    )
    assert "RTL = model, every input: proven" in (out / "report.html").read_text("utf-8")


@pytest.mark.usefixtures("impatient")
def test_verify_says_what_it_cannot_prove(tiny: Path, capfd: Capture, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(tiny, out)
    file = out / "rtl" / "hwg_tiny.sv"
    file.write_text(file.read_text("utf-8").replace("::LATENCY", "::LATENCY + 1"), "utf-8")
    capfd.readouterr()
    assert run(["verify", str(out), "--prove", "--allow-changed", "--json"]) == 6
    found = json.loads(capfd.readouterr().out)
    assert (found["ok"], found["proven"]) == (False, False)
    (problem,) = found["problems"]
    assert re.fullmatch(r"out_valid_o comes in cycle \d+, not in \d+", problem)
    assert run(["verify", str(out), "--prove", "--allow-changed"]) == 6
    told = "".join(capfd.readouterr())
    assert told.count(problem) == 1
    assert "hwg_tiny is not proven, for 1 reason" in told


@pytest.mark.parametrize("style", ["serial", "stream"])
def test_styles_without_a_proof_are_told(capfd: Capture, tmp_path: Path, style: str) -> None:
    model, out = tiny_h5(tmp_path / "tiny.h5"), tmp_path / "out"
    hwgen.build(model, out, board="vcu118", style=style, interval=4)
    capfd.readouterr()
    assert run(["verify", str(out), "--prove", "--json"]) == 6
    found = json.loads(capfd.readouterr().out)
    assert (found["ok"], found["proven"]) == (False, False)
    first, second = found["problems"]
    assert first == f"there is no proof of a whole design in the {style} style yet"
    assert second.startswith("held otherwise: the ")


# --- predict --------------------------------------------------------------------------------------


def test_predict_keeps_to_the_grid(tiny: Path, tmp_path: Path, capsys: Capture) -> None:
    rng = np.random.default_rng(4)
    x = rng.integers(-31, 32, (50, 4)) / 8
    np.save(tmp_path / "x.npy", x)
    files = str(tmp_path / "x.npy"), "-o", str(tmp_path / "y.npy")
    found = answer(capsys, "predict", str(tiny), *files)
    assert found == {
        "samples": 50, "moved": 0, "rounded": 0, "saturated": 0, "to": files[2],
    }  # fmt: skip
    y = np.load(tmp_path / "y.npy")
    assert y.shape == (50, 3)
    assert np.array_equal(y * 128, np.rint(y * 128))
    # The same by hand: two layers in exact arithmetic.
    w1, b1, w2, b2 = grid((4, 5), 0), grid((5,), 50), grid((5, 3), 1), grid((3,), 51)
    hidden = np.clip(np.rint((x @ w1 + b1) * 8), 0, 15) / 8
    assert np.array_equal(y, hidden @ w2 + b2)
    assert np.array_equal(y, predict(tiny, x))


def test_predict_rounds_and_saturates_with_a_note(
    tiny: Path, tmp_path: Path, capsys: Capture
) -> None:
    x = np.array([[0.0625, 0.1875, 99.0, -1e300], [0, 0, 0, 0]])
    np.save(tmp_path / "x.npy", x)
    words = ("predict", str(tiny), str(tmp_path / "x.npy"), "-o", str(tmp_path / "y.npy"))
    found = answer(capsys, *words)
    assert (found["moved"], found["rounded"], found["saturated"]) == (4, 2, 2)
    said = text(capsys, *words)
    assert "2 input values lie beyond the input's range and were saturated" in said
    assert "2 input values were not on the input's grid and were rounded to it" in said
    on_grid = np.array([[0.0, 0.25, 31 / 8, -31 / 8], [0, 0, 0, 0]])
    with pytest.warns(UserWarning, match="2 input values lie beyond the input's range"):
        y = predict(tiny, x)
    assert np.array_equal(y, predict(tiny, on_grid))


def test_predict_with_several_inputs_and_outputs(
    branchy: Path, tmp_path: Path, capsys: Capture
) -> None:
    rng = np.random.default_rng(5)
    x = {"x": rng.integers(-31, 32, (9, 4)) / 8, "z": rng.integers(-3, 4, (9, 3)) / 4}
    np.savez(tmp_path / "x.npz", **x)
    answer(capsys, "predict", str(branchy), str(tmp_path / "x.npz"), "-o", str(tmp_path / "y.npz"))
    with np.load(tmp_path / "y.npz") as found:
        assert {name: found[name].shape for name in found.files} == {"head": (9, 2), "rz": (9, 5)}
        expected = predict(branchy, x)
        assert all(np.array_equal(found[name], expected[name]) for name in found.files)


def test_the_scaler_is_shipped_and_applied(tmp_path: Path, capsys: Capture) -> None:
    mean, std = np.array([1.0, -2, 0, 3]), np.array([2.0, 4, 1, 0.5])
    np.savez(tmp_path / "scaler.npz", mean=mean, std=std)
    model, out = tiny_h5(tmp_path / "m.h5"), tmp_path / "out"
    words = ["--scaler", str(tmp_path / "scaler.npz"), "-b", "vcu118", "-q", "-o", str(out)]
    assert run(["build", str(model), *words]) == 0
    x = np.random.default_rng(6).integers(-15, 16, (20, 4)) / 8
    np.save(tmp_path / "raw.npy", x * std + mean)
    files = str(tmp_path / "raw.npy"), "-o", str(tmp_path / "y.npy"), "--apply-scaler"
    assert answer(capsys, "predict", str(out), *files)["moved"] == 0
    assert np.array_equal(np.load(tmp_path / "y.npy"), predict(out, x))


# --- words for people -----------------------------------------------------------------------------


def test_progress_goes_to_standard_error_alone(tmp_path: Path, capsys: Capture) -> None:
    model, out = str(soft_h5(tmp_path / "m.h5")), str(tmp_path / "out")
    words = ["build", model, "-b", "vcu118", "-o", out]
    assert run(words) == 0
    said, told = capsys.readouterr()
    assert [w for line in told.splitlines() if (w := line.split()[0]) != "..."] == [
        "load", "schedule", "check", "emit", "write",
    ]  # fmt: skip
    assert "note: sm: the final softmax is dropped" in said
    assert said.startswith((tmp_path / "out" / "report.txt").read_text("utf-8").rstrip())
    assert run([*words, "-q"]) == 0
    assert capsys.readouterr() == (said, "")


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_every_verb(verb: str, capsys: Capture) -> None:
    said = text(capsys, *verb.split(), "--help")
    assert said.startswith(f"usage: hwgen {verb}")
    assert VERBS[verb][1][1:] in said.replace("\n", " ")
    assert "--json" in said
    lines = said.split("options:")[1].splitlines()
    for line, behind in zip(lines, [*lines[1:], ""], strict=True):
        assert len(line) <= 80
        # No option without a word about it, beside it or below.
        beside = len([w for w in line.split("  ") if w.strip()]) > 1
        assert not line.startswith("  -") or beside or behind.startswith(" " * 20)


def test_help_of_all(capsys: Capture) -> None:
    said = text(capsys, "--help")
    assert all(re.search(rf"\n    {verb.split()[0]}\s", said) for verb in VERBS)
    assert "exit codes" in said
    assert text(capsys, "--version") == f"hwgen {hwgen.__version__}\n"


def test_tables_for_people(tmp_path: Path, capsys: Capture) -> None:
    model, weights = pair(tmp_path)
    shown = text(capsys, "show", str(model), "--weights", str(weights))
    assert [line.split()[0] for line in shown.splitlines()] == [
        "x",
        "fc1",
        "relu1",
        "fc2",
        "output",
    ]
    assert "vcu118" in text(capsys, "boards")
    assert "QDense" in text(capsys, "ops")
    assert "numpy" in text(capsys, "doctor")
    assert "latency" in text(capsys, "estimate", str(branchy_h5(tmp_path / "b.h5")), "-b", "vcu118")


def test_a_bug_is_told_in_one_line_and_in_full_on_demand(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr("hwgen.api.show.load", broken)
    assert run(["show", "m.h5", "--json"]) == 1
    said, told = capsys.readouterr()
    assert json.loads(said)["error"] == "Bug"
    assert "ZeroDivisionError: of all things" in told
    assert "Traceback" not in told
    assert run(["show", "m.h5", "-v"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_error_in_full_on_demand_keeps_its_code(capsys: Capture) -> None:
    assert run(["show", "gone.h5", "-v"]) == 2
    assert "Traceback" in capsys.readouterr().err
