# SPDX-License-Identifier: Apache-2.0
"""Scripts for Vivado: out-of-context synthesis of a design, and a project with its sources.

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
