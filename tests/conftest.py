# SPDX-License-Identifier: Apache-2.0
"""Fixtures of every test: the repository, seeded randomness, blessing of golden files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.precompiled import use_precompiled_headers

# Before TensorFlow is imported anywhere: no log, no GPU probing, the same sums on any machine.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--bless", action="store_true", help="rewrite the golden files instead of comparing"
    )
    parser.addoption("--seed", type=int, default=1, help="seed of the rng fixture")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # workers of xdist inherit the environment
        use_precompiled_headers()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    minutes = sum(os.times()[:4]) / 60
    terminalreporter.write_line(f"{minutes:.1f} CPU minutes (user and system, of all that ran)")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture
def bless(request: pytest.FixtureRequest) -> bool:
    """True when golden files are to be rewritten."""
    return bool(request.config.getoption("--bless"))


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of this run; printed by pytest when a test that uses it fails."""
    value = int(request.config.getoption("--seed"))
    print(f"--seed {value}")
    return value


@pytest.fixture
def rng(seed: int) -> np.random.Generator:
    """Seeded randomness."""
    return np.random.default_rng(seed)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a proof from ports to ports give up at once: what else is proven is what counts."""
    from hwgen.verify.prove import whole

    monkeypatch.setattr(whole, "MILLISECONDS", 200)
