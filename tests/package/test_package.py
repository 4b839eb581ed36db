# SPDX-License-Identifier: Apache-2.0
"""`hwgen pack`: what it writes, and what it refuses."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hwgen
from hwgen import tools
from hwgen.api import pack
from hwgen.cli import run
from hwgen.errors import ConfigError, ToolMissing
from hwgen.files import fill_template
from hwgen.package.build import CHOICES, choices_of, package
from hwgen.package.formats.constraints import CONSTRAINTS
from hwgen.package.network.core import NetworkCore
from hwgen.package.network.ip import network_ip
from hwgen.package.network.registers import network_registers
from hwgen.package.text import triple
from hwgen.target.board import boards, load_board
from hwgen.verify import simulators
from tests.cli.models import act, branchy_h5, dense, sequential, source, tiny_h5
from tests.frontends.keras_files import full_h5
from tests.package.conftest import Packed

# ------------------------------------------------------------------ what is written


def test_the_same_build_gives_the_same_bytes(tiny: Packed, tmp_path: Path) -> None:
    first = pack.packed(tiny.build)
    again = hwgen.build(tiny_h5(tmp_path / "tiny.h5"), tmp_path / "other", board="pynq_z2")
    assert pack.packed(tmp_path / "other") == first
    assert again.design.model == tiny.core.model
    written = {p.relative_to(tiny.ip).as_posix(): p.read_bytes()
               for p in tiny.ip.rglob("*") if p.is_file()}  # fmt: skip
    assert written == dict(first)


def test_no_file_tells_a_place_or_a_time(packed: Packed) -> None:
    for path, content in pack.packed(packed.build):
        text = content.decode("utf-8")
        assert str(packed.build) not in text, path
        assert not re.search(r"\b20\d\d-\d\d-\d\d\b|/tmp/|/home/|/root/", text), path


def test_manifest_lists_every_file_and_names_the_model(packed: Packed) -> None:
    manifest = json.loads((packed.ip / "manifest.json").read_text("utf-8"))
    assert (manifest["kind"], manifest["model"]) == ("ip", packed.core.model)
    digits = packed.core.model[:8]
    assert manifest["vlnv"] == f"hwgen:ip:{packed.core.base}_{digits}:0.1.0"
    assert manifest["formats"] == list(choices_of(packed.whole))
    there = {
        p.relative_to(packed.ip).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in packed.ip.rglob("*")
        if p.is_file() and p.name != "manifest.json"
    }
    assert there == manifest["files"]


def test_every_text_names_the_model_and_its_licence(packed: Packed) -> None:
    for path, content in pack.packed(packed.build):
        text = content.decode("utf-8")
        if path.startswith("hdl/units/"):
            continue
        if path == "hdl/files.f":
            assert text.startswith("// SPDX-License-Identifier: ")
            continue
        assert packed.core.model[:16] in text, path
        if path.startswith(("hdl/hwg_", "README", "manifest", "component")) and "_ip" not in path:
            continue  # as the build has them, or data
        assert "SPDX-License-Identifier: Apache-2.0" in text, path


def lint(packed: Packed, top: str) -> None:
    verilator = simulators.verilator()
    command = [str(verilator.path), "--lint-only", "-Wall", "--top-module", top]
    text = tools.run([*command, *map(str, packed.sources())], env=verilator.env, what=top)
    assert "%Warning" not in text


def test_the_packaged_sources_are_free_of_warnings(packed: Packed) -> None:
    lint(packed, packed.core.ip)


def test_the_trigger_wrapper_is_free_of_warnings(wrapped: Packed) -> None:
    lint(wrapped, wrapped.core.trigger)


def test_yosys_reads_the_packaged_module(branchy: Packed) -> None:
    from hwgen.synth.yosys import run_script

    files = " ".join(map(str, branchy.sources()))
    script = [f"read_verilog -sv {files}", f"hierarchy -check -top {branchy.core.ip}", "proc",
              "flatten", "check -assert", "select -assert-none t:$dlatch"]  # fmt: skip
    text = run_script(script, branchy.build)
    assert "Warning" not in text, text[-2000:]


def test_readme_tells_ports_registers_and_uses(packed: Packed) -> None:
    text = (packed.ip / "README.md").read_text("utf-8")
    for stream in (*packed.core.inputs, *packed.core.outputs):
        assert f"| `{stream.name}` | `{stream.prefix}` |" in text
        assert str(stream.fixed) in text
    for register in packed.registers:
        assert f"| 0x{register.offset:02X} | `{register.name}` |" in text
    assert packed.core.model in text
    for name in re.findall(r"^\| `([\w./]+)` \|", text, re.M):
        if "/" in name or "." in name:
            assert (packed.ip / name).exists(), name
    for title in ("FuseSoC", "Vivado", "PYNQ", "Bare metal"):
        assert f"## {title}\n" in text
    assert ("## Trigger firmware\n" in text) == (packed.core.flow is not None)
    assert ("`core_aclk`, planned for 150 MHz" in text) == bool(packed.core.cdc)
    assert ("a result all the same" if packed.core.stream else "dropped whole") in text


# ------------------------------------------------------------------ formats


@pytest.mark.parametrize(
    ("formats", "has", "lacks"),
    [
        (("ip-xact",), {"component.xml"}, {"hwg_tiny.core", "drivers", "vivado"}),
        (("fusesoc",), {"hwg_tiny.core"}, {"component.xml", "hdl/hwg_tiny_trigger.v"}),
        (("edam",), {"hwg_tiny.eda.yml"}, {"component.xml", "vivado"}),
        (("vivado",), {"vivado/package_ip.tcl", "constraints/hwg_tiny_ip_ooc.xdc"}, {"drivers"}),
        (("pynq", "c"), {"drivers/pynq/hwg_tiny.py", "drivers/c/hwg_tiny.c"}, {"component.xml"}),
        (("trigger",), {"hdl/hwg_tiny_trigger_vhdl.vhd", "sim/trigger"}, {"drivers"}),
    ],
)
def test_formats_add_what_they_name(
    tiny: Packed, formats: tuple[str, ...], has: set[str], lacks: set[str]
) -> None:
    files = pack.packed(tiny.build, formats)
    names = set(files.paths) | {p.rsplit("/", n)[0] for p in files.paths for n in (1, 2)}
    assert has <= names
    assert not lacks & names
    common = {"README.md", "manifest.json", "hdl/hwg_tiny_ip.v", "regs/hwg_tiny_regs.rdl"}
    assert common | {"sim/tb_hwg_tiny_ip.sv"} <= names
    readme = files["README.md"].decode()
    assert ("## Trigger" in readme) == ("trigger" in formats)
    assert json.loads(files["manifest.json"])["formats"] == [f for f in CHOICES if f in formats]


def test_a_layer_named_as_a_module_of_ours_is_kept_apart(tmp_path: Path) -> None:
    model = sequential(source(), act("q", "quantized_bits(6,2,1,alpha=1)"), dense("ip", 5),
                       act("relu1"), dense("trigger", 3), name="net")  # fmt: skip
    from tests.cli.models import variables

    full_h5(tmp_path / "net.h5", model, variables({"ip": (4, 5), "trigger": (5, 3)}))
    hwgen.build(tmp_path / "net.h5", tmp_path / "out", board="vcu118")
    core = pack.open_core(tmp_path / "out")
    modules = [p.rsplit("/", 1)[-1].removesuffix(".sv") for p, _ in core.sources]
    assert {"hwg_net_ip", "hwg_net_trigger"} <= set(modules)
    assert (core.ip, core.trigger) == ("hwg_net_ipb", "hwg_net_triggerb")
    names = package(network_ip(core), CHOICES).paths
    assert {"hdl/hwg_net_ip.sv", "hdl/hwg_net_ipb.v", "sim/tb_hwg_net_ipb.sv"} <= set(names)


def test_a_core_without_flow_ports_is_packaged_without_the_wrapper(
    tiny: Packed, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = dataclasses.replace(tiny.core, flow=None)
    monkeypatch.setattr(pack, "open_core", lambda _: core)
    files = pack.packed(tiny.build)
    assert not [p for p in files.paths if "trigger" in p]
    with pytest.raises(ConfigError, match="no flow ports") as caught:
        pack.packed(tiny.build, ["trigger"])
    assert caught.value.where == "--format"


# ------------------------------------------------------------------ registers and clocks


def test_description_carries_the_designs_figures(packed: Packed) -> None:
    core = packed.core
    found = {r.name: r for r in network_registers(core).registers}
    assert found["latency"].reset == core.latency
    assert found["clock"].reset == round(core.clock_mhz * 1000)
    assert f"{found['digest_hi'].reset:08x}{found['digest_lo'].reset:08x}" == core.model[:16]
    fields = {f.name: f.reset for f in found["ports"].fields}
    assert fields == {
        "data_width": core.data_width, "inputs": len(core.inputs), "outputs": len(core.outputs)
    }  # fmt: skip
    assert f"addrmap {core.base}_regs #(" in network_registers(core).rdl


def test_versions_of_any_form_fit_the_register(tiny: Packed) -> None:
    for version, numbers in (
        ("0.1.0", (0, 1, 0)),
        ("2.10", (2, 10, 0)),
        ("1.2.3.dev4+g9", (1, 2, 3)),
    ):
        core = dataclasses.replace(tiny.core, version=version)
        assert triple(version) == numbers
        registers = network_registers(core).registers
        fields = {f.name: f.reset for f in registers[1].fields}
        assert (fields["major"], fields["minor"], fields["patch"]) == numbers


def on(core: NetworkCore, board: str, mhz: float) -> dict[str, str]:
    ip = network_ip(dataclasses.replace(core, board=load_board(board), clock_mhz=mhz))
    return {path: text.decode() for path, text in CONSTRAINTS.files(ip)}


def test_every_board_gets_constraints_in_its_own_language(tiny: Packed) -> None:
    wanted = {"amd": {".xdc"}, "ecp5": {".lpf"}, "ice40": {".pcf"}, "nexus": {".pdc"},
              "gowin": {".cst", ".sdc"}}  # fmt: skip
    for board in boards():
        made = on(tiny.core, board.name, board.default_mhz)
        family = "amd" if board.family.vendor == "amd" else board.family.name
        assert {name[name.rindex(".") :] for name in made} == wanted[family], board.name


@pytest.mark.parametrize(
    ("board", "mhz", "lines"),
    [
        ("pynq_z2", 100.0, ["create_clock -name aclk -period 10.000 [get_ports {aclk}]"]),
        ("vu13p", 360.0, ["create_clock -name aclk -period 2.777 [get_ports {aclk}]"]),
        ("ulx3s", 25.0, ['FREQUENCY PORT "aclk" 25.000000 MHZ;', 'LOCATE COMP "aclk" SITE "G2";']),
        ("icebreaker", 12.0, ["set_frequency aclk 12.000000", "set_io aclk 35"]),
        ("tangnano9k", 27.0, ['IO_LOC "aclk" 52;', "-period 37.037 "]),
        ("crosslink_nx_evn", 12.0, ["-period 83.333 ", "ldc_set_location -site {L13}"]),
    ],
)
def test_the_clock_is_constrained(tiny: Packed, board: str, mhz: float, lines: list[str]) -> None:
    text = "".join(on(tiny.core, board, mhz).values())
    for line in lines:
        assert line in text
    # Another clock than the oscillator's needs a PLL, so its pin is not the core's.
    other = "".join(on(tiny.core, board, 2 * mhz).values())
    assert not re.search("LOCATE|set_io|IO_LOC|ldc_set", other)


def test_a_template_with_a_missing_or_unused_hole_is_a_bug() -> None:
    assert fill_template("a @{x}\n  @{y}\nend\n", x="1", y="b\n\nc") == "a 1\n  b\n\n  c\nend\n"
    assert fill_template("a\n  @{y}\nend\n", y="") == "a\nend\n"
    for values in ({}, {"x": "1", "z": "2"}):
        with pytest.raises(AssertionError, match="differ"):
            fill_template("a @{x}", **values)


# ------------------------------------------------------------------ what is refused

Spoil = Callable[[Path], None]


def edited(folder: Path) -> None:
    (folder / "rtl" / "hwg_tiny.sv").write_text("module hwg_tiny; endmodule\n")


def lost(folder: Path) -> None:
    (folder / "rtl" / "hwg_tiny_fc1.sv").unlink()


def relisted(folder: Path) -> None:
    (folder / "rtl" / "files.f").write_text("../../../etc/passwd\n")


def no_build(folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (edited, "hwg_tiny.sv was changed after the build"),
        (lost, "hwg_tiny_fc1.sv is missing"),
        (relisted, "files.f was changed"),
        (no_build, "no folder that hwgen built"),
    ],
)
def test_a_build_that_was_touched_is_refused(
    tiny: Packed, tmp_path: Path, spoil: Spoil, what: str
) -> None:
    shutil.copytree(tiny.build, tmp_path / "out", ignore=shutil.ignore_patterns("ip"))
    spoil(tmp_path / "out")
    with pytest.raises(ConfigError, match=re.escape(what)):
        pack.pack(tmp_path / "out")
    assert not (tmp_path / "out" / "ip").exists()


def test_foreign_folders_and_builds_are_not_overwritten(tiny: Packed, tmp_path: Path) -> None:
    foreign = tmp_path / "mine"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("x")
    with pytest.raises(ConfigError, match="not overwritten"):
        pack.pack(tiny.build, foreign)
    assert [p.name for p in foreign.iterdir()] == ["thesis.tex"]
    with pytest.raises(ConfigError, match="holds a build"):
        pack.pack(tiny.build, tiny.build)
    assert (tiny.build / "design.json").is_file()
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="must be a folder"):
        pack.pack(tiny.build, tmp_path / "file")


def test_a_package_is_replaced_whole(tiny: Packed, tmp_path: Path) -> None:
    pack.pack(tiny.build, tmp_path / "p", ["c"])
    (tmp_path / "p" / "left.txt").write_text("x")
    told = pack.pack(tiny.build, tmp_path / "p", ["pynq"])
    names = {p.name for p in (tmp_path / "p").rglob("*")}
    assert not {"left.txt", "hwg_tiny.c"} & names
    assert "hwg_tiny.py" in names
    assert told.formats == ("pynq",)
    assert told.files == sum(p.is_file() for p in (tmp_path / "p").rglob("*"))


def test_without_peakrdl_the_extra_is_named(tiny: Packed, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "systemrdl" else found(name)
    )
    with pytest.raises(ToolMissing) as caught:
        network_registers(tiny.core)
    assert "hwgen[pack]" in caught.value.hint


# ------------------------------------------------------------------ the command line


def test_pack_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    hwgen.build(branchy_h5(tmp_path / "b.h5"), tmp_path / "out", board="ulx3s")
    monkeypatch.chdir(tmp_path)
    assert run(["pack", "out", "--json", "-q"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"]
    assert told["ip"] == "out/ip"
    assert told["formats"] == list(CHOICES)
    assert re.fullmatch(r"[0-9a-f]{64}", told["digest"])
    assert (tmp_path / "out" / "ip" / "component.xml").is_file()
    assert run(["pack", "out", "-o", "some", "--format", "c", "--format", "fusesoc", "-q"]) == 0
    assert re.match(r"some  hwgen:ip:hwg_b_[0-9a-f]{8}:0.1.0, ", capsys.readouterr().out)
    assert not (tmp_path / "some" / "component.xml").exists()
    assert run(["pack", "out", "--format", "ipxact"]) == 2
    assert "one of trigger, fusesoc, edam" in capsys.readouterr().err
    own = ["--vendor", "cern.ch", "--library", "l1", "--ip-name", "jet", "--ip-version", "2.1"]
    assert run(["pack", "out", "-o", "own", "--revision", "7", *own, "-q"]) == 0
    assert capsys.readouterr().out.startswith("own  cern.ch:l1:jet:2.1, ")
    assert run(["pack", "out", "--vendor", "my lab"]) == 2
    assert "--vendor" in capsys.readouterr().err
    assert run(["pack", "nowhere"]) == 2
    assert not (tmp_path / "nowhere").exists()
