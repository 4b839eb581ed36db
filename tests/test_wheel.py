# SPDX-License-Identifier: Apache-2.0
"""The wheel carries what the package reads at run time, and works away from the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.ci


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=root,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("hwgen-*.whl")
    return path


def shipped(root: Path, folder: str) -> set[str]:
    return {
        f"hwgen/_data/{file.relative_to(root).as_posix()}"
        for file in (root / folder).rglob("*")
        if file.suffix in {".py", ".sv", ".toml"}
    }


def test_wheel_holds_units_benches_and_boards(root: Path, wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("rtl", "sim", "boards"):
        files = shipped(root, folder)
        assert files, folder
        assert files <= names
    assert {"hwgen/paths.py", "hwgen/target/board.py"} <= names
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]


def test_wheel_names_version_and_command(root: Path, wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (info,) = {n.split("/")[0] for n in archive.namelist() if ".dist-info/" in n}
    metadata = archive.read(f"{info}/METADATA").decode()
    version = metadata.split("\nVersion: ")[1].split("\n")[0]
    assert f'__version__ = "{version}"' in (root / "hwgen" / "__init__.py").read_text("utf-8")
    assert "hwgen = hwgen.cli:main" in archive.read(f"{info}/entry_points.txt").decode()
    assert "License-Expression: Apache-2.0" in metadata


def test_unpacked_wheel_finds_its_data(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from hwgen import paths\n"
        "from hwgen.target.board import boards\n"
        "print(paths.rtl(), paths.sim(), paths.boards(), *(b.name for b in boards()), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    rtl, sim, boards, *names = done.stdout.splitlines()
    for found, name in ((rtl, "rtl"), (sim, "sim"), (boards, "boards")):
        assert Path(found) == tmp_path / "hwgen" / "_data" / name
    assert {"vcu118", "ecp5_evn"} <= set(names)
