# SPDX-License-Identifier: Apache-2.0
"""Cases of wrong use: what is given, and what the command line must answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hwgen.cli import run

FAMILY = {
    2: {"ConfigError"},
    3: {"ModelError", "ModelProblems", "UnsupportedLayer", "UnsupportedQuantizer"},
    4: {"DoesNotFit"},
    5: {"ToolMissing", "ToolFailed"},
}
# Makes what is needed in a folder, breaks what is to be broken, and returns the words to type.
Maker = Callable[[Path, pytest.MonkeyPatch], list[str]]


@dataclass(frozen=True)
class Case:
    """A maker, the exit code, and a text from each part of the message."""

    name: str
    make: Maker
    code: int
    what: str
    where: str
    hint: str


class Cases(list[Case]):
    """The cases of one file; `bad` enters a maker."""

    def bad(self, code: int, what: str, where: str, hint: str) -> Callable[[Maker], Maker]:
        def enter(make: Maker) -> Maker:
            self.append(Case(make.__name__, make, code, what, where, hint))
            return make

        return enter

    def each(
        self, code: int, table: dict[str, tuple[list[str], str, str, str]], before: list[str]
    ) -> None:
        """Enter a case for every row of name to (words, what, where, hint)."""
        for name, (words, what, where, hint) in table.items():

            def make(folder: Path, _: pytest.MonkeyPatch, words: list[str] = words) -> list[str]:
                return [w.format(folder) for w in (*before, *words)]

            self.append(Case(name, make, code, what, where, hint))


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return everything below a folder with its content."""
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None
        for p in sorted(folder.rglob("*"))
    }


def check(
    case: Case, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run one case and hold the answer against what it must be."""
    patch.chdir(folder)
    words = case.make(folder, patch)
    before = tree(folder)
    capsys.readouterr()
    code = run([*words, "--json"])
    said, told = capsys.readouterr()
    print(told)
    answer = json.loads(said)  # one object and nothing else
    assert answer["ok"] is False
    assert answer["exit_code"] == code == case.code
    assert answer["error"] in FAMILY[code]
    assert case.what in answer["what"]
    assert case.where in answer["where"]
    assert case.hint in answer["hint"] + str(answer.get("problems"))
    assert answer["hint"] or answer.get("problems") or not case.hint
    assert "Traceback" not in told
    assert answer["what"] in told
    assert tree(folder) == before  # nothing written, nothing left, nothing lost
