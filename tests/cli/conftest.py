# SPDX-License-Identifier: Apache-2.0
"""A small build, made once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

import hwgen
from tests.cli.models import branchy_h5, tiny_h5


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of the tiny model; copy it before changing it."""
    folder = tmp_path_factory.mktemp("tiny")
    hwgen.build(tiny_h5(folder / "tiny.h5"), folder / "out", board="vcu118")
    return folder / "out"


@pytest.fixture(scope="session")
def branchy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of the model with two inputs and two outputs."""
    folder = tmp_path_factory.mktemp("branchy")
    hwgen.build(branchy_h5(folder / "branchy.h5"), folder / "out", board="ecp5_evn")
    return folder / "out"
