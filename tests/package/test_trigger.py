# SPDX-License-Identifier: Apache-2.0
"""The wrappers for trigger firmware agree with each other and with the core."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
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


def test_verilog_component_and_entity_have_the_same_ports(packed: Packed) -> None:
    hdl, name = packed.ip / "hdl", packed.core.trigger
    wrapper = verilog_ports((hdl / f"{name}.v").read_text("utf-8"))
    package = (hdl / f"{name}_pkg.vhd").read_text("utf-8")
    entity = (hdl / f"{name}_vhdl.vhd").read_text("utf-8")
    types = array_types(package)
    assert len(types) == len(packed.core.inputs) + len(packed.core.outputs)
    assert vhdl_ports(package, types) == wrapper
    assert vhdl_ports(entity, types) == wrapper
    flow = verilog_ports((hdl / f"{packed.core.flow}.sv").read_text("utf-8"))
    assert sorted(v for k, v in wrapper.items()) == sorted(v for k, v in flow.items())


def test_constants_are_those_of_the_design(packed: Packed) -> None:
    package = (packed.ip / "hdl" / f"{packed.core.trigger}_pkg.vhd").read_text("utf-8")
    assert f"LATENCY  : positive := {packed.core.latency};" in package
    assert f"INTERVAL : positive := {packed.core.interval};" in package
    for stream in (*packed.core.inputs, *packed.core.outputs):
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
    core = dataclasses.replace(tiny.core, flow=None)
    with pytest.raises(ConfigError, match="no flow ports"):
        wrappers(core)


@pytest.mark.vendor
@pytest.mark.parametrize("standard", ["93", "08"])
def test_ghdl_accepts_the_vhdl(standard: str, packed: Packed, tmp_path: Path) -> None:
    # The component stays without an entity here: it is the Verilog module.
    ghdl = os.environ.get("GHDL") or shutil.which("ghdl")
    assert ghdl
    hdl, name = packed.ip / "hdl", packed.core.trigger
    files = [str(hdl / f"{name}_{part}.vhd") for part in ("pkg", "vhdl")]
    for step in (["-a", *files], ["-e", f"{name}_vhdl"]):
        command = [ghdl, step[0], f"--std={standard}", "-Wno-binding", *step[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
