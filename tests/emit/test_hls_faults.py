# SPDX-License-Identifier: Apache-2.0
"""Seeded faults in the C++: one at a time, each has to be found."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hwgen.design.names import ModuleNames
from hwgen.errors import ToolFailed
from hwgen.ir.graph import Graph
from hwgen.verify.compile_hls import run_hls
from tests.emit.test_hls import GRAPHS, gpp, write
from tests.verify.conftest import small_net

KINDS = ("sign", "shift", "wire", "parameter", "constant")


def mutant(lines: list[str], kind: str, rng: random.Random) -> tuple[int, str] | None:
    """Return a line with one fault, and where it stands; None where no place was found."""
    places = [
        i for i, line in enumerate(lines) if re.match(r"  const [su]i<\d+> \w+ = [su]i<", line)
    ]
    for _ in range(200):
        at = rng.choice(places)
        code, bar, note = lines[at].partition("  //")
        head, value = code.split(" = ", 1)
        edit = _edited(value, kind, rng, lines[:at], head.split()[-1])
        if edit is not None and edit != value:
            return at, f"{head} = {edit}{bar}{note}"
    return None


def _edited(value: str, kind: str, rng: random.Random, above: list[str], own: str) -> str | None:
    match kind:
        case "sign":
            if re.search(r"hwg::(table|bits)<|\w_0 \+ |ui<1>\(", value):
                return None  # of the topmost bit of a word, plus and minus are the same
            found = list(re.finditer(r" ([+-]) ", value))
            swap = {"+": "-", "-": "+"}
            return _put(value, found, rng, lambda m: f" {swap[m[1]]} ")
        case "shift":  # a zero that is shifted is zero
            found = list(re.finditer(r"shl_([su])<(\d+), (\d+)>(?!\(ui<1>\(0\)\))", value))

            def moved(m: re.Match[str]) -> str:
                by = rng.choice((-1, 1)) if int(m[3]) > 1 else 1
                return f"shl_{m[1]}<{int(m[2]) + by}, {int(m[3]) + by}>"

            return _put(value, found, rng, moved)
        case "wire":
            names = [m[1] for line in above[-40:] if (m := re.match(r"  const \S+ (\w+) =", line))]
            found = list(re.finditer(r"\b(n\d+|x\d+|\w+_y\d+)\b", value))
            others = [n for n in names if n != own]
            return _put(value, found, rng, lambda m: rng.choice(others)) if others else None
        case "parameter":
            found = list(re.finditer(r"requant<[^>]*?(-?\d+)>", value))

            def bound(m: re.Match[str]) -> str:
                numbers = m[0][8:-1].split(", ")
                # A bound that is not asked for is no fault.
                places = [2] + [k for k, asked in ((7, 5), (8, 6)) if numbers[asked] == "1"]
                place = rng.choice(places)
                numbers[place] = str(int(numbers[place]) + rng.choice((-1, 1)))
                return f"requant<{', '.join(numbers)}>"

            return _put(value, found, rng, bound)
        case _:
            found = list(re.finditer(r"[su]i<\d+>\((\d+)\)", value))
            return _put(value, found, rng, lambda m: f"si<9>({int(m[1]) + 1})")


def _put(
    value: str, found: list[re.Match[str]], rng: random.Random, made: Callable[[re.Match[str]], str]
) -> str | None:
    if not found:
        return None
    m = rng.choice(found)
    return value[: m.start()] + made(m) + value[m.end() :]


def caught(graph: Graph, folder: Path, count: int, seed: int) -> tuple[int, list[str]]:
    """Return how many faults were made, and those that no sample showed."""
    design, vectors = write(graph, folder, samples=10_000)
    source = folder / "hls" / f"{ModuleNames.of(design).top}.cpp"
    good = source.read_text().splitlines()
    rng, made, missed = random.Random(seed), 0, []
    for turn in range(count):
        found = mutant(good, KINDS[turn % len(KINDS)], rng)
        if found is None:
            continue
        at, line = found
        source.write_text("\n".join([*good[:at], line, *good[at + 1 :]]))
        made += 1
        try:
            values = run_hls(folder, design, vectors, gpp())
        except ToolFailed:  # a compiler, or a static_assert, refuses it
            continue
        if all(np.array_equal(values[p], codes) for p, codes in vectors.outputs.items()):
            missed.append(f"{good[at].strip()} -> {line.strip()}")
    shutil.rmtree(folder)
    return made, missed


def test_a_few_seeded_faults_are_caught(tmp_path: Path) -> None:
    made, missed = caught(small_net(), tmp_path / "out", 5, seed=3)
    assert missed == []
    assert made >= 4


@pytest.mark.slow
def test_a_hundred_seeded_faults_are_caught(tmp_path: Path) -> None:
    made, missed = 0, list[str]()
    for seed, name in enumerate(("tiny", "dense", "twoway")):
        some, unseen = caught(GRAPHS[name](), tmp_path / name, 36, seed=seed)
        made, missed = made + some, missed + unseen
    assert missed == []
    assert made >= 100
