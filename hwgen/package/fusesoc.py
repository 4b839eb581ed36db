# SPDX-License-Identifier: Apache-2.0
"""The FuseSoC core file (CAPI2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hwgen.package.core import Core

_KINDS = {".sv": "systemVerilogSource", ".v": "verilogSource-2005", ".vhd": "vhdlSource-2008"}


def file_set(name: str, paths: Sequence[str]) -> list[str]:
    """Return the lines of a file set; memories lie beside the simulator, and so do their names."""
    lines = [f"  {name}:", "    files:"]
    for path in paths:
        ending = path[path.rfind(".") :]
        base = path.rsplit("/", 1)[-1]
        if ending == ".mem":  # the bench reads it where the simulator runs
            lines.append(f"      - {path}: {{file_type: user, copyto: {base}}}")
        else:
            lines.append(f"      - {path}: {{file_type: {_KINDS[ending]}}}")
    return lines


_TOOLS = {
    "verilator": "mode: binary, verilator_options: [--timing, --assert, -Wno-fatal]",
    "icarus": "iverilog_options: [-g2012]",
}


def simulation(name: str, text: str, sets: Sequence[str], top: str, tool: str) -> list[str]:
    """Return the lines of a target that simulates *top* with a tool."""
    return [
        f"  {name}:",
        f"    description: {text}",
        "    flow: sim",
        f"    flow_options: {{tool: {tool}, {_TOOLS[tool]}}}",
        f"    filesets: [{', '.join(sets)}]",
        f"    toplevel: {top}",
    ]


def plain_targets(top: str) -> list[str]:
    """Return the lines of the targets that every core has."""
    return [
        "  default:",
        "    filesets: [rtl]",
        f"    toplevel: {top}",
        "  lint:",
        "    description: lint with Verilator",
        "    flow: lint",
        "    flow_options: {tool: verilator, verilator_options: [-Wall]}",
        "    filesets: [rtl]",
        f"    toplevel: {top}",
    ]


def core_file(core: Core, sets: Mapping[str, Sequence[str]]) -> str:
    """Return ``<name>.core``.

    Args:
        core: what is packaged.
        sets: name of a file set to paths beside the core file: ``rtl``, ``sim`` and, where the core
            has flow ports, ``trigger`` and ``trigger_sim``.
    """
    lines = ["filesets:"]
    for name, paths in sets.items():
        lines += file_set(name, paths)
    lines += [
        "targets:",
        *plain_targets(core.ip),
    ]
    for target, tool in (("sim", "verilator"), ("sim_icarus", "icarus")):
        text = "drive all buses, compare every beat with the reference"
        lines += simulation(target, text, ("rtl", "sim"), f"tb_{core.ip}", tool)
    if "trigger" in sets:
        lines += simulation(
            "sim_trigger", "drive the trigger wrapper, compare every bit and the latency",
            ("rtl", "trigger", "trigger_sim"), f"tb_{core.trigger}", "verilator",
        )  # fmt: skip
    head = [
        "CAPI=2:",
        "",
        *core.banner("#").splitlines(),
        f"name: {core.vlnv}",
        f"description: neural network {core.name}, model {core.model}",
    ]
    return "\n".join([*head, *lines, ""])
