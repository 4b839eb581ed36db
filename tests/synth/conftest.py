# SPDX-License-Identifier: Apache-2.0
"""A small build to synthesise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import hwgen
import hwgen.ops
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.synth import measure
from hwgen.synth.count import Measured

MakeBuild = Callable[..., Path]


def _graph(bump: int) -> Graph:
    """Two dense layers; *bump* changes the second one alone."""
    rng = np.random.default_rng(3)
    head = Input.of((3,), Fixed(5, 0, True))
    x = Node("x", head, (), head.infer([]), "x")
    one = Dense(rng.integers(-7, 8, (3, 4)), rng.integers(-9, 10, 4))
    first = Node("first", one, ("x",), one.infer([x.type]), "first")
    weight = rng.integers(-7, 8, (4, 2))
    weight[0, 0] += bump
    two = Dense(weight, np.array([1, -2]))
    second = Node("second", two, ("first",), two.infer([first.type]), "second")
    return Graph("pair", (x, first, second), (Output("y", "second", (1.0,)),))


def fake(folder: Path, name: str, script: str) -> None:
    """Put a stand-in for a tool into a folder."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def canned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put figures in place of Yosys, for tests of what comes after it."""
    figures = Measured(lut=40, plut=36, carry=20, ff=12, depth=2)
    monkeypatch.setattr(measure, "synthesise", lambda *_, **__: figures)


@pytest.fixture(scope="session")
def make_build() -> MakeBuild:
    def make(
        folder: Path,
        board: str = "ulx3s",
        bump: int = 0,
        clock: str | None = None,
        hls: bool = False,
    ) -> Path:
        hwgen.build(_graph(bump), folder, board=board, clock=clock, name="pair", hls=hls)
        return folder

    return make
