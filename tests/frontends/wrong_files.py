# SPDX-License-Identifier: Apache-2.0
"""Makers of wrong files, and what must be said of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hwgen.errors import HwgenError
from hwgen.frontends.keras.file import read_keras
from tests.frontends.keras_files import Variables, full_h5, json_file, weights_h5

# Returns the model file and the weights file, if one is given.
Maker = Callable[[Path], tuple[Path, Path | None]]


class Wrong:
    """The wrong files of one test file, by name."""

    def __init__(self) -> None:
        self.cases: dict[str, tuple[Maker, type[HwgenError], str, str, str]] = {}

    def error(
        self, kind: type[HwgenError], what: str, where: str, hint: str
    ) -> Callable[[Maker], Maker]:
        """Register a maker of a wrong file with the words its error must contain."""

        def register(maker: Maker) -> Maker:
            assert maker.__name__ not in self.cases
            self.cases[maker.__name__] = (maker, kind, what, where, hint)
            return maker

        return register

    def check(self, name: str, folder: Path) -> None:
        maker, kind, what, where, hint = self.cases[name]
        path, weights = maker(folder)
        with pytest.raises(HwgenError) as caught:
            read_keras(path, weights)
        assert type(caught.value) is kind
        assert what in caught.value.what
        assert where in caught.value.where
        assert hint in caught.value.hint
        assert bool(hint) == bool(caught.value.hint)
        assert str(folder) not in str(caught.value)  # the file's name, not where it lies


def with_dense(folder: Path, weights: Mapping[str, Variables]) -> tuple[Path, None]:
    return full_h5(folder / "m.h5", weights=weights), None


def with_config(folder: Path, config: Any) -> tuple[Path, Path]:
    return json_file(folder / "m.json", config), weights_h5(folder / "w.h5")


def with_bytes(folder: Path, data: bytes) -> tuple[Path, None]:
    (folder / "m.h5").write_bytes(data)
    return folder / "m.h5", None
