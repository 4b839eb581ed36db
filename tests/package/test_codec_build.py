# SPDX-License-Identifier: Apache-2.0
"""`hwgen codec build`: what it writes, whether it works, and what it refuses."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import shutil
import tkinter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from hwgen import paths, tools
from hwgen.api.codec_core import codec_build, codec_core
from hwgen.cli import run
from hwgen.codec.plan import CodingPlan
from hwgen.codec.wire import Coder
from hwgen.errors import ConfigError, DoesNotFit, HwgenError, ToolMissing
from hwgen.package.build import choices_of
from hwgen.package.build import package as packaged
from hwgen.package.codec_engine.ip import codec_ip
from hwgen.package.codec_engine.tables import memories
from hwgen.package.codec_engine.top import codec_ports
from hwgen.package.text import counted
from hwgen.target.board import boards
from hwgen.verify import simulators
from tests.package.codec_package import (
    KINDS,
    MODEL,
    Built,
    built,
    package,
    plan_file,
    some_plan,
)
from tests.package.test_fusesoc import fusesoc
from tests.package.test_ipxact import NS, header
from tests.package.test_vivado import MOCK


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return package(tmp_path_factory.mktemp("planned"), "planned")


@pytest.fixture(scope="module", params=list(KINDS))
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return package(tmp_path_factory.mktemp(str(request.param)), str(request.param))


def contents(made: Built) -> dict[str, bytes]:
    return {p.relative_to(made.ip).as_posix(): p.read_bytes()
            for p in made.ip.rglob("*") if p.is_file()}  # fmt: skip


# ------------------------------------------------------------------ what is written


def test_the_same_engine_gives_the_same_bytes(made: Built, tmp_path: Path) -> None:
    ip = codec_ip(made.core)
    assert contents(made) == dict(packaged(ip, choices_of(ip)))
    given = next(given for kind, given in KINDS.items() if made.core == codec_core(
        some_plan() if kind == "planned" else None, **given))  # fmt: skip
    again = built(tmp_path, made.plan, **given)
    assert contents(again) == contents(made)


def test_no_file_tells_a_place_or_a_time_and_every_text_has_its_licence(made: Built) -> None:
    for path, content in contents(made).items():
        text = content.decode("utf-8")
        assert str(made.ip) not in text, path
        assert not re.search(r"\b20\d\d-\d\d-\d\d\b|/tmp/|/home/|/root/", text), path
        if Path(path).suffix not in (".json", ".xml", ".md", ".f"):
            assert "SPDX-License-Identifier: Apache-2.0" in text, path


def test_manifest_lists_every_file(made: Built) -> None:
    files = contents(made)
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["files"] == {p: hashlib.sha256(c).hexdigest() for p, c in files.items()}
    assert (manifest["kind"], manifest["vlnv"]) == ("codec", "hwgen:ip:hwg_codec:0.1.0")
    assert manifest["model"] == (MODEL if made.plan else "")
    assert manifest["parameters"]["LANES"] == made.core.lanes


def test_only_what_the_engine_needs_is_in_it(made: Built) -> None:
    names = [path.name for path in made.sources()]
    assert len(names) == len(set(names)) > 30
    assert names[-2:] == ["hwg_codec_dma.sv", "hwg_codec_ip.v"]
    for path in made.sources()[:-1]:
        source = next(paths.rtl().rglob(path.name))
        assert path.read_bytes() == source.read_bytes()
    used = {p.name for p in (made.ip / "tables").iterdir()}
    sets = 2 if made.plan else 1
    expected = {"tables.json"}
    for number in range(sets):
        expected |= {f"set{number}_{name}.hex" for name, there in (
            ("decode", made.core.reader), ("encode", made.core.writer),
            ("states", made.core.writer), ("weights", made.core.weighted)) if there}  # fmt: skip
    assert used == expected


def test_arrays_in_c_are_the_files(planned: Built) -> None:
    text = (planned.ip / "drivers" / "c" / "hwg_codec_tables.c").read_text("utf-8")
    arrays = {
        name: [int(n) for n in body.replace("\n", " ").split(",")[:-1]]
        for name, body in re.findall(r"const \w+ (set\d_\w+)\[\d+\] = \{(.*?)\};", text, re.S)
    }
    for number, content in enumerate(planned.core.table_sets):
        for memory in memories(planned.core, content):
            name = f"set{number}_{memory.name}"
            lines = (planned.ip / "tables" / f"{name}.hex").read_text("utf-8").splitlines()
            words = [int(line, 16) for line in lines if not line.startswith("//")]
            assert words == arrays[name] == list(memory.rom.words)


def test_the_packaged_sources_are_free_of_warnings(made: Built) -> None:
    verilator = simulators.verilator()
    command = [str(verilator.path), "--lint-only", "-Wall", "--top-module", made.core.ip]
    text = tools.run([*command, *map(str, made.sources())], env=verilator.env, what=made.core.ip)
    assert "%Warning" not in text


def test_the_top_is_plain_verilog(planned: Built) -> None:
    text = (planned.ip / "hdl" / "hwg_codec_ip.v").read_text("utf-8")
    code = re.sub(r"//.*", "", text)
    assert not re.search(r"\b(logic|always_ff|always_comb|int|'0)\b|\b\w+'\(", code)
    assert "hwg_codec_dma #(" in code


def test_readme_tells_figures_streams_maps_and_registers(made: Built) -> None:
    text = (made.ip / "README.md").read_text("utf-8")
    core = made.core
    for register in made.registers:
        assert f"| 0x{register.offset:02X} | `{register.name}` |" in text
    for path in re.findall(r"^\| `([\w./]+)` \|", text, re.M):
        if "/" in path or "." in path:
            assert (made.ip / path).exists(), path
    assert ("`s_axis_values`" in text, "`m_axis_values`" in text) == (core.writer, core.reader)
    assert f"| {counted(core.sets, 'table set')} |" in text
    assert f"at most {core.burst} beats" in text
    for each in core.maps:
        assert f"| `{each.name}` |" in text
        assert f"{each.fingerprint:08x}" in text
    assert (MODEL in text) == bool(made.plan)
    assert not any(line != line.rstrip() for line in text.splitlines())


# ------------------------------------------------------------------ what tools make of it


def test_component_is_valid_and_true(made: Built, schema: Any) -> None:
    root = etree.parse(str(made.ip / "component.xml"))
    schema.assertValid(root)
    told = {}
    for port in root.findall(".//x:port", NS):
        left = port.find(".//x:left", NS)
        span = "" if left is None else f"[{left.text}:{port.find('.//x:right', NS).text}]"
        told[port.find("x:name", NS).text] = (port.find(".//x:direction", NS).text, span)
    assert told == header((made.ip / "hdl" / "hwg_codec_ip.v").read_text("utf-8"))
    assert list(told) == [port.name for port in codec_ports(made.core)]
    mapped = [name.text for name in root.findall(".//x:physicalPort/x:name", NS)]
    assert sorted(mapped) == sorted(told)
    sides = {
        found.find("x:name", NS).text: next(
            side for side in ("master", "slave") if found.find(f"x:{side}", NS) is not None
        )
        for found in root.findall(".//x:busInterface", NS)
    }
    assert sides.pop("m_axi_gmem") == sides.pop("irq") == "master"
    for name in ("s_axi_control", "aclk", "aresetn", "m_axi_gmem_aresetn"):
        assert sides.pop(name) == "slave"
    assert sides == {
        **({"s_axis_values": "slave"} if made.core.writer else {}),
        **({"m_axis_values": "master"} if made.core.reader else {}),
    }
    registers = [
        (r.find("x:name", NS).text, int(r.find("x:addressOffset", NS).text[2:], 16))
        for r in root.findall(".//x:register", NS)
    ]
    assert registers == [(r.name, r.offset) for r in made.registers]
    files = [name.text for name in root.findall(".//x:file/x:name", NS)]
    extra = {"README.md", "manifest.json", "component.xml", "hdl/files.f"}
    extra |= {"hwg_codec.core", "hwg_codec.eda.yml"}
    assert sorted([*files, *extra]) == sorted(contents(made))


def test_vivados_script_packages_every_source_and_every_bus(made: Built) -> None:
    streams = [bus for bus, there in (("s_axis_values", made.core.writer),
                                      ("m_axis_values", made.core.reader)) if there]  # fmt: skip
    buses = ["s_axi_control", "m_axi_gmem", *streams]

    def calls(known: str) -> list[tuple[str, ...]]:
        tcl = tkinter.Tcl()
        tcl.eval("namespace eval ipx {}")
        tcl.eval(MOCK)
        tcl.eval(f"set known {{{known}}}; set argc 0; set argv {{}}")
        tcl.eval(f"source {{{made.ip / 'vivado' / 'package_ip.tcl'}}}")
        return [tuple(tcl.splitlist(call)) for call in tcl.splitlist(tcl.eval("format %s $calls"))]

    found = calls(" ".join(buses))
    added = [Path(c[-1]) for c in found if c[0] == "add_files"]
    assert [path for path in added if path.suffix != ".xdc"] == made.sources()
    assert len(added) - len(made.sources()) == (made.core.board is not None)
    told = [c[2] for c in found if c[0] == "ipx::associate_bus_interfaces"]
    assert told == buses
    assert [c[1] for c in found if c[0] == "ipx::add_register"] == [r.name for r in made.registers]
    assert [c[0] for c in found][-3:] == ["ipx::save_core", "close_project", "puts"]
    with pytest.raises(tkinter.TclError, match="the bus m_axi_gmem was not found"):
        calls("s_axi_control")


@pytest.mark.ci
def test_fusesoc_reads_the_core_and_lints_it(planned: Built, tmp_path: Path) -> None:
    shutil.copytree(planned.ip, tmp_path / "ip")
    assert fusesoc(tmp_path, "library", "add", "mine", str(tmp_path / "ip")).returncode == 0
    done = fusesoc(tmp_path, "core", "show", planned.vlnv)
    assert done.returncode == 0, done.stderr
    for target in ("default", "lint", "sim"):
        assert target in done.stdout
    done = fusesoc(tmp_path, "run", "--target=lint", planned.vlnv)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "%Warning" not in done.stdout + done.stderr


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"lanes": 17}, "17 is no number of lanes.*1 to 16"),
        ({"lanes": 0}, "1 to 16"),
        ({"bits": 15}, "values of 15 bits.*tans carries 1 to 14 bits, --coder huffman carries 15"),
        ({"bits": 16, "coder": "huffman"}, "values of 16 bits.*huffman carries 1 to 15"),
        ({"bits": 0}, "values of 0 bits"),
        ({"bus": 32}, "a bus of 32 bits.*64 or 128"),
        ({"sets": 3}, "3 table sets.*a power of two"),
        ({"sets": 32}, "1 to 16"),
        ({"burst": 257}, "257 is no number of burst.*1 to 256"),
        ({"burst": 32, "board": "pynq_z2"}, "bursts of 32 beats.*pynq_z2 take at most 16"),
        ({"outstanding": 0}, "1 to 16"),
        ({"writer": False, "reader": False}, "neither writer nor reader is left"),
        ({"name": "My core"}, "is no name for a core"),
        ({"name": "9"}, "is no name for a core"),
        ({"board": "abacus"}, "abacus"),
    ],
)
def test_engines_that_cannot_be_are_refused(
    given: dict[str, Any], text: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=f"(?s){text}"):
        codec_build(tmp_path / "ip", **given)
    assert not list(tmp_path.iterdir())


def _plans() -> Mapping[str, tuple[CodingPlan, dict[str, Any], str]]:
    plan = some_plan()
    haar = plan.choices[2]
    assert haar.transform
    other = replace(haar, name="relu3", transform=replace(haar.transform, weights=(1,) * 128))
    none = replace(haar, name="relu3", transform=replace(haar.transform, weights=()))
    mixed = (*plan.choices[:2], replace(haar, coder=Coder.HUFFMAN))
    return {
        "bits": (plan, {"bits": 7}, "relu1 has values of 8 bits, the engine 7"),
        "coder": (plan, {"coder": "huffman"}, "relu1 is coded with tans"),
        "sets": (plan, {"sets": 1}, "the plan has 2 table sets, the engine 1"),
        "weights": (replace(plan, choices=(haar, other)), {}, "relu3 has other context weights"),
        "no weights": (replace(plan, choices=(haar, none)), {}, "relu3 has other context weights"),
        "coders": (replace(plan, choices=mixed), {}, "the plan uses both coders"),
    }


@pytest.mark.parametrize("name", list(_plans()))
def test_a_plan_that_does_not_fit_is_refused(name: str, tmp_path: Path) -> None:
    plan, given, text = _plans()[name]
    with pytest.raises(DoesNotFit, match=text):
        codec_build(tmp_path / "ip", plan=plan_file(tmp_path, plan), **given)
    assert [p.name for p in tmp_path.iterdir()] == ["plan.json"]


def test_every_board_and_both_coders_can_be_asked_for() -> None:
    for board in boards():
        core = codec_core(None, board=board.name, coder="huffman", burst=8)
        assert core.bus in (64, 128)
        assert core.address_bits == (board.dma.address_bits if board.dma else 64)
    plan = some_plan(Coder.HUFFMAN)
    core = codec_core(plan)
    assert (core.coder, core.bits, core.sets, core.weighted) == (Coder.HUFFMAN, 8, 2, True)
    # Weights that nobody uses cost nothing.
    assert not codec_core(replace(plan, choices=plan.choices[:2])).weighted


def test_folders_are_replaced_only_when_asked_and_only_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ip = tmp_path / "ip"
    codec_build(ip)
    before = (ip / "manifest.json").read_bytes()
    with pytest.raises(ConfigError, match=r"there is a codec core already(?s:.*)--overwrite"):
        codec_build(ip, lanes=2)
    assert (ip / "manifest.json").read_bytes() == before
    assert codec_build(ip, lanes=2, overwrite=True).parameters["Lanes"] == 2
    assert (ip / "manifest.json").read_bytes() != before
    for kind in ("ip", None):
        manifest = {"hwgen": "0", "schema": 1, "files": {}} | ({"kind": kind} if kind else {})
        (ip / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(ConfigError, match="something else that hwgen made"):
            codec_build(ip, overwrite=True)
    (ip / "manifest.json").unlink()
    with pytest.raises(ConfigError, match="not overwritten"):
        codec_build(ip, overwrite=True)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ToolMissing, match="PeakRDL"):
        codec_build(tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_build_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(plan_file(tmp_path, some_plan()))
    words = ["codec", "build", "--plan", file, "-o", str(tmp_path / "out"), "--lanes", "2",
             "--bus", "128", "--no-writer", "--name", "deep", "-q"]  # fmt: skip
    assert run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["maps"] == ["relu1", "pool \u00e9", "relu2"]
    assert told["vlnv"] == "hwgen:ip:hwg_deep:0.1.0"
    assert told["parameters"] | {"Writer": 0, "DataWidth": 128, "Sets": 2} == told["parameters"]
    assert (tmp_path / "out" / "hdl" / "hwg_deep_ip.v").is_file()
    own = ["--vendor", "cern.ch", "--ip-name", "maps", "--ip-version", "2.1"]
    assert run([*words, *own, "--overwrite", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["vlnv"] == "cern.ch:ip:maps:2.1"
    assert run(words) == ConfigError.exit_code
    assert "--overwrite" in capsys.readouterr().err
    assert run([*words, "--overwrite", "--bits", "7"]) == DoesNotFit.exit_code
    assert "relu1 has values of 8 bits" in capsys.readouterr().err
    assert run([*words, "--overwrite"]) == 0
    with pytest.raises(HwgenError, match="cannot be read as a plan"):
        codec_build(tmp_path / "none", plan=tmp_path / "absent.json")
