# SPDX-License-Identifier: Apache-2.0
"""HLS C++ in a build: written when it is asked for, compared by `verify`, guarded like the RTL."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import hwgen
from hwgen.api import verify as verb
from hwgen.cli import run
from hwgen.errors import ConfigError, Mismatch, ToolFailed
from hwgen.verify import compile_hls
from tests.verify.conftest import small_net


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hls") / "out"
    hwgen.build(small_net(), out, board="vcu118", hls=True)
    return out


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile with g++ and plain integers alone."""
    (way,) = (
        how for how in compile_hls.compilations()
        if how.compiler.name == "g++" and how.integers.include is None
    )  # fmt: skip
    way = replace(way, integers=replace(way.integers, speed={"g++": "-O0"}))
    monkeypatch.setattr(verb, "compilations", lambda: (way,))


def test_a_build_has_hls_only_when_asked(built: Path) -> None:
    plain = hwgen.build(small_net(), board="vcu118")
    assert not [path for path in plain.files.paths if path.startswith("hls")]
    asked = hwgen.build(small_net(), board="vcu118", hls=True)
    hls = [path for path in asked.files.paths if path.startswith("hls")]
    for name in ("hwg_tiny.cpp", "hwg_tiny.h", "hwg_tiny_bench.cpp", "hwg_tiny_vectors.dat",
                 "hwg/requant.h", "hls_config.cfg", "vitis_hls.tcl", "vivado_hls.tcl",
                 "catapult.tcl"):  # fmt: skip
        assert f"hls/{name}" in hls
    again = {path: content for path, content in asked.files if path.startswith("rtl/")}
    assert again == {path: content for path, content in plain.files if path.startswith("rtl/")}
    for script in ("hls_config.cfg", "vitis_hls.tcl", "vivado_hls.tcl", "catapult.tcl"):
        text = asked.files[f"hls/{script}"].decode()
        assert asked.board.part in text
        assert "@" not in text


def test_the_configuration_file_repeats_it(built: Path, tmp_path: Path) -> None:
    config = built / "config.toml"
    assert "\nhls = true\n" in config.read_text()
    again = hwgen.build(small_net(), tmp_path / "again", config=config)
    assert (tmp_path / "again" / "hls" / "hwg_tiny.cpp").read_bytes() == (
        built / "hls" / "hwg_tiny.cpp"
    ).read_bytes()
    assert again.files.digest() == hwgen.build(small_net(), board="vcu118", hls=True).files.digest()
    wrong = tmp_path / "config.toml"
    wrong.write_text(config.read_text().replace("hls = true", 'hls = "yes"'))
    with pytest.raises(ConfigError, match="true or false"):
        hwgen.build(small_net(), board="vcu118", config=wrong)
    with pytest.raises(ConfigError, match="True or False"):
        hwgen.build(small_net(), board="vcu118", hls="yes")


@pytest.mark.usefixtures("quick")
def test_verify_compares_the_code(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(built), "--against", "hls", "--samples", "400", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["mismatches"] == 0
    assert said["samples"] > 400
    assert said["compilations"] == [
        f"g++ with plain integers: {said['samples']} of {said['samples']} samples equal, "
        f"{said['samples']} in frames"
    ]
    assert "HLS C++ against the integer reference" in (built / "report.html").read_text()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("style", ["serial", pytest.param("stream", marks=pytest.mark.ci)])
def test_verify_compares_other_styles(style: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = hwgen.build(small_net(), out, board="vcu118", hls=True, style=style, interval=4)
    assert made.design.style == style
    found = hwgen.verify(out, against="hls", samples=40)
    assert found.mismatches == 0
    (line,) = found.compilations
    assert f"{found.samples} in frames" in line
    assert ("20 with a thread a stage and bounded FIFOs" in line) == (style == "stream")
    source = out / "hls" / "hwg_tiny_axis.cpp"  # right numbers in wrong frames
    good = source.read_text()
    source.write_text(good.replace("frame_error = true", "frame_error = false"))
    assert source.read_text() != good
    with pytest.raises(Mismatch):
        hwgen.verify(out, against="hls", samples=40, allow_changed=True)
    source.write_text(good)
    source = out / "hls" / "hwg" / "requant.h"
    text = source.read_text()
    assert "above ? sum_t(Hi)" in text
    source.write_text(text.replace("above ? sum_t(Hi)", "above ? sum_t(Hi - 1)"))
    with pytest.raises(Mismatch, match="first: g\\+\\+ with plain integers, output fc3_out"):
        hwgen.verify(out, against="hls", samples=40, allow_changed=True)


@pytest.mark.usefixtures("quick")
def test_a_fault_is_found_and_named(built: Path, tmp_path: Path) -> None:
    hwgen.build(small_net(), tmp_path / "out", board="vcu118", hls=True)
    source = tmp_path / "out" / "hls" / "hwg_tiny.cpp"
    good = source.read_text()
    source.write_text(re.sub(r"(= si<\d+>\(\S+ )- ", r"\1+ ", good, count=1))
    assert source.read_text() != good
    with pytest.raises(ConfigError, match=r"hls/hwg_tiny\.cpp was changed"):
        hwgen.verify(tmp_path / "out", against="hls", samples=200)
    with pytest.raises(
        Mismatch, match="first: g\\+\\+ with plain integers, output fc3_out"
    ) as found:
        hwgen.verify(tmp_path / "out", against="hls", samples=200, allow_changed=True)
    assert 0 < found.value.mismatches <= found.value.samples
    assert "--against hls --samples 200 --seed 1" in found.value.hint
    source.write_text(good.replace("HWG_LAYER", "HWG_LAYER nonsense", 1))
    with pytest.raises(ToolFailed, match="nonsense"):
        hwgen.verify(tmp_path / "out", against="hls", samples=200, allow_changed=True)


def test_a_build_without_it_says_how(tmp_path: Path) -> None:
    hwgen.build(small_net(), tmp_path / "out", board="vcu118")
    with pytest.raises(ConfigError, match="--hls"):
        hwgen.verify(tmp_path / "out", against="hls", samples=10)
    with pytest.raises(ConfigError, match="qkeras and hls"):
        hwgen.verify(tmp_path / "out", against="c++")


def test_a_machine_without_a_compiler_says_so(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile_hls.shutil, "which", lambda *_, **__: None)
    with pytest.raises(hwgen.errors.ToolMissing, match="no C\\+\\+ compiler"):
        hwgen.verify(built, against="hls", samples=10)
