# SPDX-License-Identifier: Apache-2.0
"""The example in C runs against the packaged Verilog: registers, streams, the network's results."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from hwgen.verify import simulators
from tests.package.c_library import FLAGS, HOOKS
from tests.package.conftest import VERILATOR_OPTIONS, Packed

pytestmark = [pytest.mark.sim, pytest.mark.ci]
SYSTEM = Path(__file__).with_name("c_system.cpp")


def ran(command: Sequence[str], folder: Path, **env: str) -> None:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


@pytest.mark.parametrize("name", ["tiny", "crossed"])
def test_the_example_runs_on_the_packaged_core(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    packed: Packed = request.getfixturevalue(name)
    source, base = packed.ip / "drivers" / "c", packed.core.base
    (tmp_path / "hooks.h").write_text(HOOKS)
    objects = []
    for file in (base, "main"):
        objects.append(tmp_path / f"{file}.o")
        compiled = ["-c", str(source / f"{file}.c"), "-o", str(objects[-1])]
        hooks = ["-include", str(tmp_path / "hooks.h"), "-DBASE=0x1000u", "-DTRIES=100u"]
        ran(["gcc", *FLAGS, "-fPIC", *hooks, "-Dmain=example_main", *compiled], tmp_path)
    verilator = simulators.verilator()
    command = [
        str(verilator.path), "--cc", "--exe", "--build", "--prefix", "Vdut", "-Wno-fatal",
        "--top-module", packed.core.ip, *map(str, packed.sources()), str(SYSTEM),
        *map(str, objects),
    ]  # fmt: skip
    command += ["-CFLAGS", "-DCROSSED"] if packed.core.cdc else []
    ran(command, tmp_path, **verilator.env, MAKEFLAGS=" ".join(VERILATOR_OPTIONS))
    program = str(tmp_path / "obj_dir" / "Vdut")
    assert subprocess.run([program], check=False, timeout=300).returncode == 0
    assert subprocess.run([program, "spoil"], check=False, timeout=300).returncode == 5
