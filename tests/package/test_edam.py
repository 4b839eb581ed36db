# SPDX-License-Identifier: Apache-2.0
"""Edalize takes the EDAM file: its projects name every source, in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from edalize.edatool import get_edatool

from hwgen.package.build import CHOICES
from tests.package.conftest import Packed


def project(packed: Packed, tool: str, folder: Path) -> str:
    """The text of the files that Edalize writes for a tool."""
    base = packed.core.base
    edam: dict[str, Any] = yaml.safe_load((packed.ip / f"{base}.eda.yml").read_text("utf-8"))
    get_edatool(tool)(edam=edam, work_root=str(folder)).configure()
    return "".join(p.read_text("utf-8") for p in sorted(folder.iterdir()) if p.is_file())


@pytest.mark.parametrize(
    ("name", "tool"), [("tiny", "vivado"), ("tiny", "icarus"), ("branchy", "icarus")]
)
def test_a_project_has_every_source_in_order(
    request: pytest.FixtureRequest, tmp_path: Path, name: str, tool: str
) -> None:
    packed: Packed = request.getfixturevalue(name)
    text = project(packed, tool, tmp_path)
    listed = [path.relative_to(packed.ip).as_posix() for path in packed.sources()]
    places = [text.find(path) for path in listed if "_trigger" not in path]
    assert len(places) > 5
    assert min(places) >= 0
    assert places == sorted(places)
    assert packed.whole.top in text


def test_the_help_names_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    from hwgen.cli import run

    assert run(["pack", "--help"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert all(f"{name}," in words or f"{name} or" in words for name in CHOICES), words
