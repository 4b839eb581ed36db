# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from hwgen.doctor import doctor


def test_what_is_there_is_found_with_its_version() -> None:
    found = {check.name: check for check in doctor()}
    assert len(found) == len(doctor())
    for name in ("numpy", "h5py"):
        assert found[name].found
        assert found[name].version == version(name)
    assert all(check.enables for check in found.values())
    assert all(bool(check.version) == check.found for check in found.values())


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not {c.name for c in doctor() if c.found} & {"g++", "make", "iverilog"}
    tool = tmp_path / "iverilog"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    (check,) = (c for c in doctor() if c.name == "iverilog")
    assert (check.found, check.version) == (True, str(tool))


def test_nothing_heavy_is_imported_to_look() -> None:
    code = (
        "import sys; from hwgen.doctor import doctor; doctor();"
        "print(*{'tensorflow', 'qkeras', 'hls4ml', 'cocotb', 'pyosys', 'h5py'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
