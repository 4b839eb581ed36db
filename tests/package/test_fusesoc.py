# SPDX-License-Identifier: Apache-2.0
"""FuseSoC takes the core file, and its simulation really runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hwgen.verify import simulators
from tests.package.conftest import VERILATOR_OPTIONS, Packed

FUSESOC = Path(sys.executable).parent / "fusesoc"


def fusesoc(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run FuseSoC in a folder that knows no core but those it is told of."""
    verilator = simulators.verilator()
    env = {
        **os.environ,
        **verilator.env,
        "PATH": os.pathsep.join(
            [str(verilator.path.parent), str(FUSESOC.parent), os.environ["PATH"]]
        ),
        "MAKEFLAGS": " ".join(VERILATOR_OPTIONS),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_DATA_HOME": str(folder / "data"),
    }
    command = [str(FUSESOC), *words]
    return subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=900
    )


def copied(packed: Packed, folder: Path) -> Path:
    """A copy of the package as a FuseSoC library."""
    ip = folder / "ip"
    shutil.copytree(packed.ip, ip)
    done = fusesoc(folder, "library", "add", "mine", str(ip))
    assert done.returncode == 0, done.stderr
    return ip


def test_fusesoc_reads_the_core(packed: Packed, tmp_path: Path) -> None:
    copied(packed, tmp_path)
    done = fusesoc(tmp_path, "core", "show", packed.whole.identity.vlnv)
    assert done.returncode == 0, done.stderr
    for target in ("default", "lint", "sim", "sim_icarus"):
        assert target in done.stdout
    assert ("sim_trigger" in done.stdout) == (packed.core.flow is not None)
    text = (packed.ip / f"{packed.core.base}.core").read_text("utf-8")
    assert ("tool_vivado? (crossing)" in text) == bool(packed.core.cdc)
    assert packed.core.model in done.stdout
    assert "error" not in (done.stdout + done.stderr).lower()


@pytest.mark.sim
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("branchy", marks=pytest.mark.ci),
        pytest.param("crossed", marks=pytest.mark.slow),
    ],
)
def test_fusesoc_lints_and_simulates_the_core(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    packed: Packed = request.getfixturevalue(name)
    copied(packed, tmp_path)
    done = fusesoc(tmp_path, "run", "--target=lint", packed.whole.identity.vlnv)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "%Warning" not in done.stdout + done.stderr
    done = fusesoc(tmp_path, "run", "--target=sim", packed.whole.identity.vlnv)
    assert done.returncode == 0, done.stdout + done.stderr
    samples = len(packed.core.rows[0][1])
    assert f"{packed.core.ip}: PASSED, {samples} samples" in done.stdout


@pytest.mark.sim
@pytest.mark.slow
def test_fusesoc_simulates_the_trigger_wrapper(branchy: Packed, tmp_path: Path) -> None:
    copied(branchy, tmp_path)
    done = fusesoc(tmp_path, "run", "--target=sim_trigger", branchy.whole.identity.vlnv)
    assert done.returncode == 0, done.stdout + done.stderr
    latency = f"latency {branchy.core.latency}, interval {branchy.core.interval}"
    assert f"{branchy.core.trigger}: PASSED" in done.stdout
    assert latency in done.stdout


# Target, file and what is broken in it.
FAULTS = {
    "result": ("sim", "sim/m_axis_head.mem", None),
    "digest": ("sim", "hdl/hwg_branchy_ip.v", (".DigestHi (32'h", ".DigestHi (~32'h")),
    "identity": ("sim", "hdl/hwg_branchy_ip.v", (".Latency  (32'h0", ".Latency  (32'h8")),
    "keep": ("sim", "hdl/units/hwg_axis_join.sv", ("many ? '1 : in_keep_i", "'1")),
    "last": ("sim", "hdl/units/hwg_axis_split.sv", ("in_last_i | cut", "cut")),
    "drop": ("sim", "hdl/units/hwg_axis_unpack.sv", ("out_bad_d = ~good_end;", "out_bad_d = '0;")),
    "word": ("sim_trigger", "sim/trigger/trigger_out_data_rz.mem", None),
    "late": ("sim_trigger", "hdl/hwg_branchy_pkg.sv", ("LATENCY = ", "LATENCY = 1 + ")),
    "swap": ("sim_trigger", "hdl/hwg_branchy_trigger.v", ("(~rst)", "(rst)")),
}  # fmt: skip


@pytest.mark.sim
@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_the_simulation_fails_where_something_is_wrong(
    fault: str, branchy: Packed, tmp_path: Path
) -> None:
    target, name, edit = FAULTS[fault]
    file = copied(branchy, tmp_path) / name
    text = file.read_text("utf-8")
    if edit is None:  # one bit of the expected results
        head, last = text.rstrip("\n").rsplit("\n", 1)
        broken = f"{head}\n{int(last, 16) ^ 1:0{len(last)}x}\n"
    else:
        assert text.count(edit[0]) == 1, edit[0]
        broken = text.replace(*edit)
    file.write_text(broken, "utf-8")
    done = fusesoc(tmp_path, "run", f"--target={target}", branchy.whole.identity.vlnv)
    assert done.returncode != 0
    assert "PASSED" not in done.stdout
    assert "FAIL" in done.stdout + done.stderr or "missing" in done.stdout + done.stderr
