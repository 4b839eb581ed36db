# SPDX-License-Identifier: Apache-2.0
"""Random models against Keras: equal to the last bit, or refused; never wrong, never a crash.

A handful runs with every test run, a share before every landing, all of them in the long run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.fuzz.compare_models import FORMS, keras_roof, outcome

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore::UserWarning"),  # of QKeras' initialisers, Keras' policies
    pytest.mark.filterwarnings("ignore:non-integer arguments to randrange:DeprecationWarning"),
]

QUICK = range(4)
SHARE = range(100, 140)
ALL = range(1000, 1300)
STRANGE = 0.06  # share of the layers with a float format or an argument of their call


@pytest.fixture(scope="module")
def k() -> Iterator[SimpleNamespace]:
    roof = keras_roof()
    yield roof
    roof.tf.keras.backend.clear_session()


def check(k: SimpleNamespace, folder: Path, seeds: range) -> None:
    wrong, built, made = [], 0, 0
    for seed in seeds:
        place = folder / str(seed)
        place.mkdir()
        found = outcome(k, seed, FORMS[seed % len(FORMS)], place, STRANGE)
        wrong += [f"seed {seed}: {found.said}"] if found.wrong else []
        built, made = built + found.built, made + found.made
    assert wrong == []
    assert built >= made / 2, "most models must have an exact integer form to prove anything"


def test_a_handful_of_models(k: SimpleNamespace, tmp_path: Path) -> None:
    check(k, tmp_path, QUICK)


@pytest.mark.ci
def test_a_share_of_the_models(k: SimpleNamespace, tmp_path: Path) -> None:
    check(k, tmp_path, SHARE)


@pytest.mark.fuzz
def test_all_models(k: SimpleNamespace, tmp_path: Path) -> None:
    check(k, tmp_path, ALL)
