# SPDX-License-Identifier: Apache-2.0
"""The packaging script runs against commands that record what Vivado would be told."""

from __future__ import annotations

import tkinter
from pathlib import Path

import pytest

from hwgen.design.source_list import read_list
from tests.package.conftest import Packed

# Vivado's commands, as much of them as the script uses: each call is kept; objects are their names.
MOCK = r"""
set calls {}
proc keep {args} { lappend ::calls $args; return [lindex $args end] }
foreach name {create_project add_files set_property update_compile_order close_project} {
  proc $name {args} "keep $name {*}\$args"
}
foreach name {
  package_project associate_bus_interfaces add_register create_xgui_files
  update_checksums check_integrity save_core
} { proc ipx::$name {args} "keep ipx::$name {*}\$args" }
proc ipx::infer_bus_interface {ports definition core} {
  keep ipx::infer_bus_interface $ports $definition $core
  lappend ::known [string map {_tdata ""} [lindex $ports 0]]
}
proc ipx::add_bus_parameter {name bus} { keep ipx::add_bus_parameter $name $bus; return $name@$bus }
proc ipx::add_user_parameter {name core} { keep ipx::add_user_parameter $name; return $name }
proc ipx::current_core {} { return core }
proc ipx::get_bus_interfaces {name args} { return [expr {$name in $::known ? $name : ""}] }
proc ipx::get_memory_maps {args} { return s_axil }
proc ipx::get_address_blocks {args} { return reg0 }
proc get_files {args} { return files }
proc current_fileset {} { return sources_1 }
proc puts {args} { lappend ::calls [list puts {*}$args] }
"""


def run(script: Path, known: str, *arguments: str) -> list[tuple[str, ...]]:
    """Run the script and return the calls it made."""
    tcl = tkinter.Tcl()
    tcl.eval("namespace eval ipx {}")
    tcl.eval(MOCK)
    tcl.eval(f"set known {{{known}}}")
    tcl.eval(f"set argc {len(arguments)}; set argv {{{' '.join(arguments)}}}")
    tcl.eval(f"source {{{script}}}")
    # As text: a Tcl object would come as whatever it was last used as.
    return [tuple(tcl.splitlist(call)) for call in tcl.splitlist(tcl.eval("format %s $calls"))]


@pytest.mark.parametrize("inferred", [True, False])
def test_script_packages_every_source_and_every_bus(packed: Packed, inferred: bool) -> None:
    core, script = packed.core, packed.ip / "vivado" / "package_ip.tcl"
    streams = [s.prefix for s in (*core.inputs, *core.outputs)]
    clocks = " ".join(clock for clock, _ in packed.whole.clocks)
    calls = run(script, f"{clocks} s_axil " + (" ".join(streams) if inferred else ""))
    made = next(c for c in calls if c[0] == "create_project")
    assert made[1:3] == ("-in_memory", "-part")
    assert made[3] == (core.board.part if core.board.family.vendor == "amd" else "xc7z020clg400-1")

    added = [Path(c[-1]) for c in calls if c[0] == "add_files"]
    assert all(path.is_file() for path in added), added
    listing = read_list((packed.ip / "hdl" / "files.f").read_text("utf-8"))
    wanted = [packed.ip / "hdl" / name for name in listing if "trigger" not in name]
    assert [path for path in added if path.suffix != ".xdc"] == wanted
    assert [path.suffix for path in added].count(".xdc") == 1 + bool(core.cdc)

    assert ("set_property", "top", core.ip, "sources_1") in calls
    project = next(c for c in calls if c[0] == "ipx::package_project")
    assert project[project.index("-root_dir") + 1] == str(packed.ip / "vivado" / core.ip)
    told = {c[2] for c in calls if c[0] == "ipx::associate_bus_interfaces" if c[1] == "-busif"}
    assert told == {*streams, "s_axil"}
    guessed = [c for c in calls if c[0] == "ipx::infer_bus_interface"]
    assert len(guessed) == (0 if inferred else len(streams))
    for clock, mhz in packed.whole.clocks:
        assert ("set_property", "value", str(round(mhz * 1e6)), f"FREQ_HZ@{clock}") in calls

    registers = [c[1] for c in calls if c[0] == "ipx::add_register"]
    assert registers == [r.name for r in packed.registers]
    offsets = [int(c[2], 16) for c in calls if c[:2] == ("set_property", "address_offset")]
    assert offsets == [r.offset for r in packed.registers]
    assert ("set_property", "value", core.model, "MODEL_DIGEST") in calls
    assert [c[0] for c in calls][-3:] == ["ipx::save_core", "close_project", "puts"]


def test_script_takes_another_folder(tiny: Packed, tmp_path: Path) -> None:
    calls = run(
        tiny.ip / "vivado" / "package_ip.tcl", "aclk s_axil s_axis m_axis", str(tmp_path / "repo")
    )
    project = next(c for c in calls if c[0] == "ipx::package_project")
    assert project[project.index("-root_dir") + 1] == str(tmp_path / "repo")
