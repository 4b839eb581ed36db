# SPDX-License-Identifier: Apache-2.0
"""Three readers of our Verilog: Verilator, slang and Yosys, none of which may complain."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hwgen import tools
from hwgen.design.source_list import read_list
from hwgen.emit.verilog.design import emit_rtl
from hwgen.errors import ToolFailed
from hwgen.synth.yosys import run_script
from hwgen.units.library import units, with_uses
from tests.golden.test_golden import DESIGNS, emit
from tests.plan.nets import planned
from tests.plan.test_stream_joins import everything
from tests.rtl.corners import CORNERS
from tests.rtl.slang import complaints
from tests.verify.conftest import small_net, two_ways, write

UnitFiles = Callable[[str], list[Path]]
Params = Mapping[str, object]
BAD = "module hwg_bad (input logic [3:0] a_i, output logic o); assign o = a_i; endmodule\n"


# Engines of so many units that Verilator takes seconds for each corner.
LARGE = tuple(module for module in units() if len(with_uses([module])) > 40)


def at_corners(
    module: str, corners: Iterable[Params], lint: Callable[..., None], files: Sequence[Path]
) -> None:
    """Lint a unit at each corner, with its assertions too where it has any."""
    asserts = any("HWG_ASSERT" in file.read_text("utf-8") for file in files)
    for params in corners:
        for defines in ([], ["HWG_ASSERT"]) if asserts else ([],):
            lint(files, module, params, *defines)


@pytest.mark.parametrize("module", units())
def test_unit_is_free_of_warnings(
    module: str, lint: Callable[..., None], unit_files: UnitFiles
) -> None:
    corners = [] if module in LARGE else CORNERS[module]
    at_corners(module, [{}, *corners], lint, unit_files(module))


@pytest.mark.ci
@pytest.mark.parametrize("module", LARGE)
def test_large_unit_is_free_of_warnings_at_its_corners(
    module: str, lint: Callable[..., None], unit_files: UnitFiles
) -> None:
    at_corners(module, CORNERS[module], lint, unit_files(module))


def test_slang_accepts_every_unit(unit_files: UnitFiles) -> None:
    found = [
        f"{module} {dict(params)}: {text}"
        for module in units()
        for params in [{}, *CORNERS[module]]
        for defines in ([], ["HWG_ASSERT"])
        for text in complaints(unit_files(module), module, params, *defines)
    ]
    assert found == []


STREAM_UNITS = tuple(
    module
    for module, unit in units().items()
    if unit.folder in ("binary", "matmul", "pool", "stream", "window")
)


@pytest.mark.ci
@pytest.mark.parametrize("module", STREAM_UNITS)
def test_yosys_reads_a_stream_unit_at_its_corners(module: str, tmp_path: Path) -> None:
    names = []
    for unit in with_uses([module]):
        names.append(f"{unit.module}.sv")
        (tmp_path / names[-1]).write_bytes(unit.path.read_bytes())
    script = []
    for params in ({}, *CORNERS[module]):
        script += ["design -reset", *(f"read_verilog -sv {name}" for name in names)]
        chosen = "".join(f" -set {name} {value}" for name, value in params.items())
        script += [f"chparam{chosen} {module}"] if chosen else []
        script += [f"hierarchy -check -top {module}", "proc", "flatten", "check -assert"]
        script.append("select -assert-none t:$dlatch t:$_DLATCH_*")
    text = run_script(script, tmp_path, what=module)
    assert "Warning" not in text, text[-3000:]


def test_linter_would_tell(lint: Callable[..., None], tmp_path: Path) -> None:
    bad = tmp_path / "hwg_bad.sv"
    bad.write_text(BAD)
    with pytest.raises(ToolFailed, match="WIDTHTRUNC"):
        lint([bad], "hwg_bad", {})


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("logic [1:0] y; assign y = a_i;", "implicit conversion truncates"),
        ("assign o = b; logic b; assign b = a_i[0];", "used before its declaration"),
        ("logic b; assign b = a_i[0];", "never used"),
        ("assign o = missing;", "undeclared identifier"),
    ],
)
def test_slang_would_tell(body: str, complaint: str, tmp_path: Path) -> None:
    bad = tmp_path / "hwg_bad.sv"
    bad.write_text(
        f"module hwg_bad (input wire logic [3:0] a_i, output logic o);\n{body}\nendmodule\n"
    )
    assert complaint in " ".join(complaints([bad], "hwg_bad", {}))


def test_slang_is_given_the_parameters(unit_files: UnitFiles) -> None:
    assert complaints(unit_files("hwg_fifo"), "hwg_fifo", {"Width": "no_such_name"})
    assert complaints(unit_files("hwg_fifo"), "hwg_fifo", {"Depth": 0})


def _sources(folder: Path) -> list[Path]:
    return [folder / "rtl" / line for line in read_list((folder / "rtl" / "files.f").read_text())]


@pytest.mark.parametrize("name", [*DESIGNS, "tiny", "twoway"])
def test_slang_accepts_generated_tops(name: str, tmp_path: Path) -> None:
    if name in DESIGNS:
        files = emit(DESIGNS[name]()).write(tmp_path / "out")
    else:
        graph = small_net() if name == "tiny" else two_ways()
        files = write(graph, tmp_path / "out", samples=2).out
    tops = json.loads((files / "design.json").read_text())["tops"]
    for top in tops.values():
        for defines in ([], ["HWG_ASSERT"]):
            assert complaints(_sources(files), top, {}, *defines) == []


@pytest.mark.parametrize("seed", range(6))
def test_generated_tops_are_free_of_warnings(
    seed: int, random_design: Callable[..., Any], lint: Callable[..., None], tmp_path: Path
) -> None:
    files = _sources(emit_rtl(random_design(seed)).write(tmp_path / "out"))
    for top in ("hwg_net", "hwg_net_axis"):
        for defines in ([], ["HWG_ASSERT"]):
            lint(files, top, {}, *defines)
            assert complaints(files, top, {}, *defines) == []


def test_a_top_of_two_clocks_is_free_of_warnings(
    random_design: Callable[..., Any], lint: Callable[..., None], tmp_path: Path
) -> None:
    design = replace(random_design(2), axi_mhz=77.5)
    files = _sources(emit_rtl(design).write(tmp_path / "out"))
    for defines in ([], ["HWG_ASSERT"]):
        lint(files, "hwg_net_cdc", {}, *defines)
        assert complaints(files, "hwg_net_cdc", {}, *defines) == []


@pytest.mark.parametrize("top", ["hwg_net", "hwg_net_axis", "hwg_net_cdc"])
def test_yosys_reads_a_generated_top(
    top: str, random_design: Callable[..., Any], tmp_path: Path
) -> None:
    design = replace(random_design(3), axi_mhz=77.5 if top == "hwg_net_cdc" else None)
    folder = emit_rtl(design).write(tmp_path / "out") / "rtl"
    files = " ".join(str(folder / line) for line in read_list((folder / "files.f").read_text()))
    script = (
        f"read_verilog -sv {files}",
        f"hierarchy -check -top {top}",
        "proc",
        "flatten",
        "check -assert",
        "select -assert-none t:$dlatch t:$_DLATCH_*",
        f"select -assert-min 1 {top}/t:$add {top}/t:$sub",
    )
    # In a process of its own: Yosys must not share one with other libraries.
    code = (
        "import sys\nfrom pyosys import libyosys\ndesign = libyosys.Design()\n"
        "for line in sys.argv[1:]: libyosys.run_pass(line, design)\nprint('all passes done')"
    )
    text = tools.run([sys.executable, "-c", code, *script], what=top)
    assert "all passes done" in text
    assert "Warning" not in text, text[-3000:]


@pytest.mark.ci
def test_a_top_of_joined_maps_is_free_of_warnings(
    lint: Callable[..., None], tmp_path: Path
) -> None:
    files = _sources(emit_rtl(planned(everything(), 500)).write(tmp_path / "out"))
    for top in ("hwg_net", "hwg_net_axis"):
        for defines in ([], ["HWG_ASSERT"]):
            lint(files, top, {}, *defines)
            assert complaints(files, top, {}, *defines) == []
