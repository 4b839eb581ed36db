# SPDX-License-Identifier: Apache-2.0
"""FuseSoC core file (CAPI2)."""

from __future__ import annotations

from collections.abc import Sequence

from hwgen.files import FileSet, fill_template
from hwgen.package.formats import Format
from hwgen.package.identity import Identity
from hwgen.package.ip_core import IpCore
from hwgen.package.text import template

_KINDS = {
    ".sv": "systemVerilogSource",
    ".v": "verilogSource-2005",
    ".vhd": "vhdlSource-2008",
    ".xdc": "xdc",
}
_SETS = ("rtl", "sim", "trigger", "trigger_sim")
_CROSSING = "_cdc.xdc"  # limits of paths between two clocks: wherever the core is used
_TOOLS = {
    "verilator": "mode: binary, verilator_options: [--timing, --assert, -Wno-fatal]",
    "icarus": "iverilog_options: [-g2012]",
}


def _file_set(name: str, paths: Sequence[str]) -> list[str]:
    """Return the lines of a file set; memories lie where the simulator runs, by their names."""
    lines = [f"  {name}:", "    files:"]
    for path in paths:
        ending = path[path.rfind(".") :]
        if ending == ".mem":
            base = path.rsplit("/", 1)[-1]
            lines.append(f"      - {path}: {{file_type: user, copyto: {base}}}")
        else:
            lines.append(f"      - {path}: {{file_type: {_KINDS[ending]}}}")
    return lines


def _simulation(name: str, text: str, sets: Sequence[str], top: str, tool: str) -> list[str]:
    """Return the lines of a target that simulates *top* with a tool."""
    return [
        f"  {name}:",
        f"    description: {text}",
        "    flow: sim",
        f"    flow_options: {{tool: {tool}, {_TOOLS[tool]}}}",
        f"    filesets: [{', '.join(sets)}]",
        f"    toplevel: {top}",
    ]


def _plain_targets(top: str, limited: bool) -> list[str]:
    """Return the lines of the targets that simulate nothing; *limited*: there are two clocks."""
    sets = 'rtl, "tool_vivado? (crossing)"' if limited else "rtl"
    return [
        "  default:",
        f"    filesets: [{sets}]",
        f"    toplevel: {top}",
        "  lint:",
        "    description: lint with Verilator",
        "    flow: lint",
        "    flow_options: {tool: verilator, verilator_options: [-Wall]}",
        "    filesets: [rtl]",
        f"    toplevel: {top}",
    ]


def core_name(identity: Identity) -> str:
    """Return the name of a core as FuseSoC writes it; a first revision is not told."""
    revision = f"-r{identity.revision}" if identity.revision > 1 else ""
    return identity.vlnv + revision


def files(core: IpCore) -> FileSet:
    """Return ``<base>.core``."""
    sets = core.file_sets()
    lines = ["filesets:"]
    for name in _SETS:
        if name in sets:
            lines += _file_set(name, sets[name])
    limits = [path for path in sets.get("constraints", ()) if path.endswith(_CROSSING)]
    lines += _file_set("crossing", limits) if limits else []
    lines += ["targets:", *_plain_targets(core.top, bool(limits))]
    bench = core.bench
    for i, tool in enumerate(bench.tools):
        target = f"sim_{tool}" if i else "sim"
        lines += _simulation(target, bench.text, ("rtl", "sim"), bench.top, tool)
    if "trigger" in sets and core.flow:
        text = "drives the trigger wrapper and compares every bit and the latency"
        parts, top = ("rtl", "trigger", "trigger_sim"), f"tb_{core.flow.wrapper}"
        lines += _simulation("sim_trigger", text, parts, top, "verilator")
    head = [
        "CAPI=2:",
        "",
        *core.banner("#").splitlines(),
        f"name: {core_name(core.identity)}",
        f"description: {core.title}",
    ]
    return FileSet.of({f"{core.base}.core": "\n".join([*head, *lines, ""])})


def section(core: IpCore) -> str:
    """Return the commands that simulate the core."""
    more = ""
    if "icarus" in core.bench.tools:
        more += "; `sim_icarus` is the same with Icarus Verilog"
    if "trigger" in core.file_sets():
        more += ", `sim_trigger` the trigger wrapper"
    return fill_template(
        template("readme_fusesoc.md.in"),
        base=core.base,
        vlnv=core_name(core.identity),
        text=core.bench.text,
        more=more,
    )


FUSESOC = Format("fusesoc", files, section)
