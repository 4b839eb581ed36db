# SPDX-License-Identifier: Apache-2.0
"""The wrappers for trigger firmware agree with each other and with the core."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwgen.design.assemble import of_pipeline
from hwgen.design.types import Heading, Pipeline, Port
from hwgen.errors import ConfigError
from hwgen.files import FileSet
from hwgen.ir.fixed import Fixed
from hwgen.logic.builder import Builder, Logic
from hwgen.package.formats.trigger import TRIGGER
from hwgen.package.network.core import NetworkCore
from hwgen.package.network.ip import network_ip
from tests.package.conftest import Packed

Ports = dict[str, tuple[str, int]]


def verilog_ports(text: str) -> Ports:
    """Return port to direction and width of a Verilog module."""
    line = r"^  (input|output) +(?:wire logic|wire|logic) +(?:\[(\d+):0\])? *(\w+)"
    found = re.findall(line, text, re.M)
    return {name: (way.removesuffix("put"), int(high or 0) + 1) for way, high, name in found}


def vhdl_ports(text: str, types: dict[str, int]) -> Ports:
    """Return port to direction and width from the first port clause of a VHDL text."""
    clause = re.search(r"port \((.*?)\n    \);", text, re.S)
    assert clause
    made = {}
    for line in clause[1].strip().splitlines():
        match = re.fullmatch(r"\s*(\w+)\s*: (in|out)\s+([\w ()]+?);?(?:\s*--.*)?", line)
        assert match, line
        kind = match[3]
        vector = re.fullmatch(r"std_logic_vector\((\d+) downto 0\)", kind)
        width = 1 if kind == "std_logic" else int(vector[1]) + 1 if vector else types[kind]
        made[match[1]] = (match[2], width)
    return made


def array_types(text: str) -> dict[str, int]:
    """Return array type to the bits that it takes."""
    found = re.findall(
        r"type (\w+) is array \(0 to (\d+)\) of (?:un)?signed\((\d+) downto 0\);", text
    )
    return {name: (int(last) + 1) * (int(high) + 1) for name, last, high in found}


def test_verilog_component_and_entity_have_the_same_ports(wrapped: Packed) -> None:
    hdl, name = wrapped.ip / "hdl", wrapped.core.trigger
    wrapper = verilog_ports((hdl / f"{name}.v").read_text("utf-8"))
    package = (hdl / f"{name}_pkg.vhd").read_text("utf-8")
    entity = (hdl / f"{name}_vhdl.vhd").read_text("utf-8")
    types = array_types(package)
    assert len(types) == len(wrapped.core.inputs) + len(wrapped.core.outputs)
    assert vhdl_ports(package, types) == wrapper
    assert vhdl_ports(entity, types) == wrapper
    flow = verilog_ports((hdl / f"{wrapped.core.flow}.sv").read_text("utf-8"))
    assert sorted(v for k, v in wrapper.items()) == sorted(v for k, v in flow.items())


def test_constants_are_those_of_the_design(wrapped: Packed) -> None:
    package = (wrapped.ip / "hdl" / f"{wrapped.core.trigger}_pkg.vhd").read_text("utf-8")
    name = wrapped.core.trigger
    assert re.search(rf"constant {name}_LATENCY +: positive := {wrapped.core.latency};", package)
    assert re.search(rf"constant {name}_INTERVAL +: positive := {wrapped.core.interval};", package)
    for stream in (*wrapped.core.inputs, *wrapped.core.outputs):
        kind = "signed" if stream.fixed.signed else "unsigned"
        assert (
            f"array (0 to {stream.size - 1}) of {kind}({stream.fixed.width - 1} downto 0)"
            in package
        )


def wrappers(core: NetworkCore) -> FileSet:
    return TRIGGER.files(network_ip(core))


def test_names_that_differ_in_case_alone_are_kept_apart(branchy: Packed) -> None:
    inputs, outputs = (
        [Port(name, (1,), Fixed(4, 0, True)) for name in names] for names in ("xX", "y")
    )
    builder = Builder()
    logic = Logic.of(builder, [("y", [builder.const(3)])])
    heading = Heading("net", "board", 100.0, "0" * 64, 8)
    design = of_pipeline(heading, inputs, outputs, Pipeline(logic, (0,), (), 1))
    codes = {name: np.zeros((1, 1), np.int64) for name in "xXy"}
    ins, outs = {name: codes[name] for name in "xX"}, {"y": codes["y"]}
    core = NetworkCore.of(design, branchy.core.board, "0.1.0", {}, ins, outs)
    files = wrappers(core)
    ports = verilog_ports(files["hdl/hwg_net_trigger.v"].decode())
    assert len({name.lower() for name in ports}) == len(ports) == 7
    package = files["hdl/hwg_net_trigger_pkg.vhd"].decode()
    assert vhdl_ports(package, array_types(package)) == ports


def test_a_core_without_flow_ports_has_no_wrapper(tiny: Packed) -> None:
    core = replace(tiny.core, flow=None)
    with pytest.raises(ConfigError, match="no flow ports"):
        wrappers(core)


# ------------------------------------------------------------------ GHDL


def ghdl(folder: Path, standard: str, files: Sequence[Path], top: str) -> None:
    """Analyse and elaborate VHDL; the component stays unbound, as it is the Verilog module."""
    program = os.environ.get("GHDL") or shutil.which("ghdl")
    assert program, "GHDL is missing: apt-get install ghdl, or name it with GHDL="
    for step in (["-a", *map(str, files)], ["-e", top]):
        command = [program, step[0], f"--std={standard}", "-Wno-binding", *step[1:]]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def vhdl_of(core: NetworkCore, folder: Path) -> list[Path]:
    """Write the VHDL of a core's wrapper and return the files in compile order."""
    written = []
    for path, text in wrappers(core):
        if path.endswith(".vhd"):
            written.append(folder / path.rpartition("/")[2])
            written[-1].write_bytes(text)
    return written


@pytest.mark.slow
@pytest.mark.parametrize("standard", ["93", "08"])
def test_ghdl_accepts_the_vhdl(standard: str, wrapped: Packed, tmp_path: Path) -> None:
    files = vhdl_of(wrapped.core, tmp_path)
    ghdl(tmp_path, standard, files, f"{wrapped.core.trigger}_vhdl")


@pytest.mark.slow
@pytest.mark.parametrize("standard", ["93", "08"])
def test_two_wrappers_can_be_used_together(
    standard: str, tiny: Packed, branchy: Packed, tmp_path: Path
) -> None:
    first, second = tiny.core.trigger, branchy.core.trigger
    files = [*vhdl_of(tiny.core, tmp_path), *vhdl_of(branchy.core, tmp_path)]
    user = tmp_path / "user.vhd"
    user.write_text(
        f"""library ieee;
use ieee.std_logic_1164.all;
use work.{first}_pkg.all;
use work.{second}_pkg.all;
entity user is
  port (clk, rst, valid : in std_logic; x : in {first}_in_t; z : in {second}_in_z_t);
end entity user;
architecture both of user is
  signal y : {first}_out_t;
  constant CYCLES : positive := {first}_LATENCY + {second}_LATENCY;
begin
  u_net : entity work.{first}_vhdl
    port map (clk => clk, rst => rst, in_valid => valid, in_data => x, out_data => y);
end architecture both;
"""
    )
    ghdl(tmp_path, standard, [*files, user], "user")


@pytest.mark.slow
def test_ghdl_accepts_names_that_would_clash(branchy: Packed, tmp_path: Path) -> None:
    core = clashing(branchy.core)
    ghdl(tmp_path, "08", vhdl_of(core, tmp_path), f"{core.trigger}_vhdl")


# ------------------------------------------------------------------ names


def clashing(core: NetworkCore) -> NetworkCore:
    """A core whose ports, with what the wrapper puts before and behind, would meet."""
    x, z = core.inputs
    ins = (replace(x, wrapped="_x"), replace(z, wrapped="_x_flat"))
    outs = [replace(port, wrapped=name) for port, name in
            zip(core.outputs, ("_x", "_X_FLAT"), strict=True)]  # fmt: skip
    return replace(core, inputs=ins, outputs=tuple(outs))


def test_names_are_declared_once(branchy: Packed) -> None:
    files = wrappers(clashing(branchy.core))
    text = files[f"hdl/{branchy.core.trigger}_vhdl.vhd"].decode()
    signals = re.findall(r"^  signal (\w+) :", text, re.M)
    ports = re.findall(r"^ +(\w+) +: (?:in|out) ", text, re.M)
    labels = re.findall(r"^  (\w+) : for ", text, re.M)
    names = [name.lower() for name in (*signals, *ports, *labels)]
    assert len(signals) == len(labels) == len(ports) - 4 == 4
    assert len(set(names)) == len(names), names
    assert {"in_data_x_flat", "in_data_x_flatb"} <= set(names)
    for name in names:
        assert not re.search("__|_$", name)
