# SPDX-License-Identifier: Apache-2.0
"""Style auto, the default: side by side where that fits, a stream where not, and it is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hwgen.cli import run
from tests.cli import models
from tests.cli.models import act, dense, sequential, source
from tests.frontends.keras_files import full_h5


def layers(folder: Path, *sizes: int) -> str:
    """Write a model of dense layers, and return its file."""
    names = [f"fc{i}" for i in range(1, len(sizes))]
    between = [layer for n, k in zip(names, sizes[1:], strict=True) for layer in
               (dense(n, k), act(f"{n}_act"))][:-1]  # fmt: skip
    config = sequential(source("x", (sizes[0],)), act("q", models.GRID), *between)
    shapes = {n: sizes[i : i + 2] for i, n in enumerate(names)}
    full_h5(folder / "m.h5", config, models.variables(shapes))
    return str(folder / "m.h5")


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any], str]:
    capsys.readouterr()
    code = run([*words, "--json"])
    out, told = capsys.readouterr()
    return code, json.loads(out), told


def test_what_fits_is_built_side_by_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = layers(tmp_path, 6, 5)
    code, made, told = said(["build", model, "-b", "icebreaker", "-o", f"{tmp_path}/o"], capsys)
    assert (code, made["style"], made["interval"]) == (0, "parallel", 1)
    assert "stream" not in told


def test_what_does_not_fit_is_a_stream_and_a_line_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = layers(tmp_path, 40, 60), f"{tmp_path}/o"
    code, made, told = said(["build", model, "-b", "icebreaker", "-o", out], capsys)
    assert (code, made["style"]) == (0, "stream")
    assert made["interval"] > 1
    (line,) = [row for row in told.splitlines() if row.startswith("style")]
    assert "stream: " in line
    assert "icebreaker has 5,280" in line
    config = (tmp_path / "o" / "config.toml").read_text("utf-8")
    assert 'style = "stream"' in config
    assert 'interval = "auto"' in config
    words = ["build", model, "--config", f"{out}/config.toml", "-o", f"{tmp_path}/p"]
    assert said(words, capsys)[0] == 0
    files = [sorted(p for p in (tmp_path / n).rglob("*") if p.is_file()) for n in "op"]
    assert [p.read_bytes() for p in files[0]] == [p.read_bytes() for p in files[1]]


def test_what_fits_in_no_style_is_refused_with_both_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = layers(tmp_path, 300, 300)
    code, told, _ = said(["estimate", model, "-b", "icebreaker"], capsys)
    assert code == 4
    assert "no other style is left: side by side the adders would take about" in told["what"]
    assert "the smallest board that holds it is" in told["hint"]
