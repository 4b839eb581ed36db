# SPDX-License-Identifier: Apache-2.0
"""Scripts for Vivado and Vitis HLS: out-of-context synthesis, a project, C synthesis.

Paths are relative to the script's own folder, so that a build can be carried to the machine that
has the tool.
"""

from __future__ import annotations

from collections.abc import Sequence

_HEAD = """\
# {what} of {top}, written by hwgen. Run it with:
#   vivado -mode batch -source {name} -nojournal
set here [file dirname [file normalize [info script]]]
set part {part}
set top  {top}
set sources [list \\
{sources}
]
"""
_SYNTH = """\
cd $here
create_project -in_memory -part $part
read_verilog -sv $sources
read_xdc -mode out_of_context $here/clock.xdc
synth_design -top $top -part $part -mode out_of_context -flatten_hierarchy rebuilt
report_utilization -hierarchical -file layers.rpt
"""
_ROUTE = """\
opt_design
place_design
phys_opt_design
route_design
"""
_REPORT = """\
report_utilization -file utilization.rpt
report_timing_summary -no_header -file timing_summary.rpt
report_timing -max_paths 1 -file timing.rpt
write_checkpoint -force $top.dcp
"""
_PROJECT = """\
create_project -force $top $here/project -part $part
add_files -norecurse $sources
add_files -fileset constrs_1 -norecurse $here/clock.xdc
set_property used_in {out_of_context synthesis implementation} [get_files clock.xdc]
set_property top $top [current_fileset]
set_property -name {STEPS.SYNTH_DESIGN.ARGS.MORE OPTIONS} -value {-mode out_of_context} \\
  -objects [get_runs synth_1]
update_compile_order -fileset sources_1
"""
_HLS = """\
# C synthesis of {top}, written by hwgen. Run it with:
#   vitis-run --mode hls --tcl hls.tcl      (vitis_hls -f hls.tcl before 2024.2)
set here [file dirname [file normalize [info script]]]
cd $here
open_project -reset hls
set_top {top}
{sources}
open_solution -reset -flow_target vivado solution
set_part {part}
create_clock -period {period:.3f} -name default
csynth_design
file copy -force hls/solution/syn/report/csynth.xml csynth.xml
export_design -format ip_catalog -rtl verilog -output $here/{top}.zip
exit
"""


def hls_script(
    top: str, sources: Sequence[str], include: str, part: str, clock_mhz: float
) -> dict[str, str]:
    """Return ``hls.tcl``: C synthesis of a function, its report beside the script, and the IP.

    Args:
        top: function.
        sources: of C++, relative to the script.
        include: folder of their headers, relative to the script.
        part: as Vitis names it.
        clock_mhz: of the constraint.
    """
    flags = f'-cflags "-std=c++11 -I$here/{include} -DHWG_AP -DHWG_VITIS"'
    listed = "\n".join(f"add_files $here/{source} {flags}" for source in sources)
    period = 1000 / clock_mhz
    return {"hls.tcl": _HLS.format(top=top, sources=listed, part=part, period=period)}


def vivado_scripts(
    top: str, sources: Sequence[str], part: str, clock_mhz: float, clock: str, *, route: bool
) -> dict[str, str]:
    """Return ``synth.tcl``, ``project.tcl`` and ``clock.xdc``.

    Args:
        top: module.
        sources: in dependency order, relative to the scripts.
        part: as Vivado names it.
        clock_mhz: of the constraint.
        clock: port.
        route: place and route as well, so that utilisation and timing are those of the result.
    """
    listed = "\n".join(f"  $here/{source} \\" for source in sources)

    def head(what: str, name: str) -> str:
        return _HEAD.format(what=what, top=top, name=name, part=part, sources=listed)

    flow = _SYNTH + (_ROUTE if route else "") + _REPORT
    return {
        "synth.tcl": head("Out-of-context synthesis", "synth.tcl") + flow,
        "project.tcl": head("A project", "project.tcl") + _PROJECT,
        "clock.xdc": f"create_clock -name {clock} -period {1000 / clock_mhz:.3f} "
        f"[get_ports {clock}]\n",
    }
