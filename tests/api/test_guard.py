# SPDX-License-Identifier: Apache-2.0
"""A build folder: who may write into it, what a rebuild keeps, and what an edit needs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import hwgen
from hwgen.api.guard import LOCK, at_work
from hwgen.api.results import read_sheet
from hwgen.cli import run
from hwgen.errors import ConfigError
from tests.cli.models import tiny_h5

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    hwgen.build(tiny_h5(tmp_path / "m.h5"), tmp_path / "out", board="vcu118")
    return tmp_path / "out"


def edit(out: Path) -> str:
    """Edit the RTL; return its path in the build."""
    file = next((out / "rtl").glob("hwg_m_fc1.sv"))
    file.write_text(file.read_text("utf-8") + '// $system("date")\n', "utf-8")
    return file.relative_to(out).as_posix()


@pytest.mark.parametrize(
    "words",
    [
        ["sim", "out"],
        ["verify", "out"],
        ["predict", "out", "x.npy", "-o", "y.npy"],
        ["synth", "out"],
        ["report", "out"],
        ["pack", "out"],
    ],
)
def test_no_verb_trusts_edited_rtl(
    words: list[str], out: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(out.parent)
    np.save("x.npy", np.zeros((2, 4)))
    path = edit(out)
    assert run([*words, "--json", "-q"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert f"{path} was changed after the build" in answer["what"]
    assert ("--allow-changed" in answer["hint"]) or words[0] == "pack"


@pytest.mark.sim
def test_an_edit_that_is_allowed_is_told_in_the_report(out: Path, capsys: Capture) -> None:
    path = edit(out)
    made = hwgen.sim(out, samples=20, allow_changed=True)
    assert made.changed == (path,)
    assert f"edited after the build: {path}" in made.text()
    assert read_sheet(out).results["sim"]["changed"] == [path]
    page = (out / "report.html").read_text("utf-8")
    assert 'class="badge">RTL = reference' in page
    assert "edited files" in page


@pytest.mark.sim
@pytest.mark.parametrize("name", ["my design", "Größe-δ", "it's (1)"])
def test_a_path_of_any_letters_simulates(name: str, tmp_path: Path) -> None:
    out = tmp_path / name / "out"
    hwgen.build(tiny_h5(tmp_path / "m.h5"), out, board="vcu118")
    assert hwgen.sim(out, samples=20).mismatches == 0


def test_a_rebuild_keeps_what_is_not_its_own(out: Path, tmp_path: Path) -> None:
    (out / "notes").mkdir()
    (out / "notes" / "thesis.txt").write_text("years of work")
    (out / "vivado.bit").write_bytes(b"\0\1")
    hwgen.build(tiny_h5(tmp_path / "m.h5"), out, board="vcu118", clock="100MHz")
    assert (out / "notes" / "thesis.txt").read_text() == "years of work"
    assert (out / "vivado.bit").read_bytes() == b"\0\1"
    assert read_sheet(out).figures.clock_mhz == 100
    assert not list(tmp_path.glob(".hwgen-*"))


def test_what_a_rebuild_would_lose_is_refused_by_name(out: Path, tmp_path: Path) -> None:
    model = tiny_h5(tmp_path / "m.h5")
    path = edit(out)
    with pytest.raises(ConfigError, match=f"would lose: {path} .edited") as caught:
        hwgen.build(model, out, board="vcu118")
    assert "--overwrite" in caught.value.hint
    hwgen.build(model, out, board="vcu118", overwrite=True)
    (out / "synth").mkdir()
    (out / "synth" / "m.bit").write_bytes(b"hours")
    hwgen.build(model, out, board="vcu118")  # the same RTL: its results stay
    assert (out / "synth" / "m.bit").is_file()
    with pytest.raises(ConfigError, match=r"synth/m\.bit .of another design"):
        hwgen.build(model, out, board="vcu118", clock="500MHz", latency="100cycles")
    hwgen.build(model, out, board="vcu118", clock="500MHz", overwrite=True)
    assert not (out / "synth").exists()


def test_nothing_but_verbs_writes_into_a_build(out: Path, tmp_path: Path, capsys: Capture) -> None:
    np.save(tmp_path / "x.npy", np.zeros((2, 4)))
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    for to in ("vectors.npz", "sub.npy"):
        words = ["predict", str(out), str(tmp_path / "x.npy"), "-o", str(out / to), "--json"]
        assert run(words) == 2
        assert "lies in the build" in json.loads(capsys.readouterr().out)["what"]
    with pytest.raises(ConfigError, match="lies in the build"):
        hwgen.build(tiny_h5(tmp_path / "m.h5"), out / "rtl" / "again", board="vcu118")
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


def test_the_folder_that_the_shell_is_in_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_h5(tmp_path / "m.h5")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for out in (".", tmp_path / "here", ".."):
        with pytest.raises(ConfigError, match=r"the one that you are in|not empty"):
            hwgen.build(model, out, board="vcu118")
    hwgen.build(model, "out", board="vcu118")
    assert Path.cwd() == tmp_path / "here"


def test_two_verbs_at_a_time_are_told_apart(out: Path, tmp_path: Path) -> None:
    with at_work(out, "hwgen synth"):
        for verb in (
            lambda: hwgen.sim(out, samples=5),
            lambda: hwgen.build(tmp_path / "m.h5", out, board="vcu118"),
        ):
            with pytest.raises(ConfigError, match=r"hwgen synth .process .* is at work"):
                verb()
        assert len(hwgen.predict(out, np.zeros((2, 4)))) == 2  # which only reads
    assert not (out / LOCK).exists()
    hwgen.build(tmp_path / "m.h5", out, board="vcu118")


def test_a_lock_that_a_crash_left_holds_nobody(out: Path) -> None:
    (out / LOCK).write_text("hwgen sim (process 1)")
    copy = shutil.copytree(out, out.parent / "copy")
    with at_work(copy, "hwgen synth"):
        pass
