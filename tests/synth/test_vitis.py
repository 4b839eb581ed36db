# SPDX-License-Identifier: Apache-2.0
"""Vitis HLS: the script, the command line, and the report in its form."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwgen.api import synth
from hwgen.errors import ConfigError, ToolFailed, ToolMissing
from hwgen.synth.cache import Cache
from hwgen.synth.vitis import REPORT, parse
from hwgen.target.board import load_board
from tests.synth.conftest import MakeBuild, fake

pytestmark = pytest.mark.usefixtures("canned")

FILE = Path(__file__).with_name("vitis") / REPORT
TEXT = FILE.read_text("utf-8")


@pytest.fixture(scope="module")
def plain(make_build: MakeBuild, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_build(tmp_path_factory.mktemp("vitis") / "small", board="vcu118")


@pytest.fixture(scope="module")
def with_cpp(make_build: MakeBuild, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_build(tmp_path_factory.mktemp("with_cpp") / "small", board="vcu118", hls=True)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return Cache(tmp_path_factory.mktemp("cache"))


def test_the_report_is_read() -> None:
    made = parse(TEXT)
    assert (made.measured.plut, made.measured.ff, made.measured.dsp) == (2345, 812, 2)
    assert made.measured.bram == 2  # of 36 kbit, where the report counts halves
    assert made.measured.ns == pytest.approx(4.271)
    assert (made.latency, made.interval) == (4, 1)


def test_a_latency_that_is_not_fixed_is_none() -> None:
    loose = "<Worst-caseLatency>undef</Worst-caseLatency>"
    assert parse(TEXT.replace("<Worst-caseLatency>4</Worst-caseLatency>", loose)).latency is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no report", "not understood"),
        ("<profile/>", "names no resources"),
        (TEXT.replace("LUT>", "Lut>"), "no LUT"),
        (TEXT.replace("812", "many"), "not understood"),
    ],
)
def test_a_report_without_figures_is_refused(text: str, said: str) -> None:
    with pytest.raises(ToolFailed, match=said):
        parse(text)


@pytest.mark.parametrize(
    ("tool", "words"),
    [("vitis-run", "--mode hls --tcl hls.tcl"), ("vitis_hls", "-f hls.tcl")],
)
def test_either_name_of_the_tool_runs_the_script(
    tool: str, words: str, with_cpp: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    fake(tmp_path / "bin", tool, f'echo "$@" > {tmp_path}/said; cp {FILE} .')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    made = synth.synth(with_cpp, run_vitis=True, jobs=1, cache=cache)
    assert (tmp_path / "said").read_text().strip() == words
    assert made.found.vitis is not None
    assert (made.found.vitis.lut, made.found.vitis.latency) == (2345, 4)
    assert "Vitis HLS (estimated): 2,345 LUT" in made.text()
    text = (with_cpp / "synth" / "vitis" / "hls.tcl").read_text("utf-8")
    assert f"set_part {load_board('vcu118').part}\n" in text
    (top,) = (line for line in text.splitlines() if line.startswith("set_top "))
    added = [line for line in text.splitlines() if line.startswith("add_files ")]
    assert [line.split()[1] for line in added] == [f"$here/../../hls/{top.split()[1]}.cpp"]
    assert top.split()[1].startswith("hwg_")
    assert all("-DHWG_AP -DHWG_VITIS" in line for line in added)
    assert str(tmp_path) not in text


def test_without_it_the_script_is_there_and_it_is_said(
    with_cpp: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for name in ("XILINX_HLS", "XILINX_VITIS"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ToolMissing):
        synth.synth(with_cpp, run_vitis=True, jobs=1, cache=cache)
    assert (with_cpp / "synth" / "vitis" / "hls.tcl").is_file()


@pytest.mark.parametrize("script", ["echo 'ERROR: licence'; exit 1", "exit 0"])
def test_one_that_fails_or_says_nothing_is_told(
    script: str, with_cpp: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake(tmp_path / "bin", "vitis_hls", script)
    monkeypatch.setenv("XILINX_HLS", str(tmp_path))
    with pytest.raises(ToolFailed, match=r"licence|wrote no csynth"):
        synth.synth(with_cpp, run_vitis=True, jobs=1, cache=cache)


def test_what_cannot_be_compiled_is_refused(plain: Path, with_cpp: Path, cache: Cache) -> None:
    with pytest.raises(ConfigError, match="holds no C"):
        synth.synth(plain, run_vitis=True, cache=cache)
    with pytest.raises(ConfigError, match="--vitis"):
        synth.synth(with_cpp, board="ulx3s", run_vitis=True, cache=cache)
