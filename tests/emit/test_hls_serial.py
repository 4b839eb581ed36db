# SPDX-License-Identifier: Apache-2.0
"""HLS C++ of serial designs: digits in loops, words between layers, stages of both kinds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hwgen.design.types import Design
from hwgen.emit.hls.design import emit_hls
from hwgen.emit.hls.serial_stages import SerialText, serial_code
from hwgen.errors import ConfigError, ToolFailed
from hwgen.ir.graph import Graph
from hwgen.verify.compile_hls import Compilation, Compiled, compilations
from hwgen.verify.self_check import make_vectors
from hwgen.verify.vectors import Vectors
from tests.emit.hls_lint import problems
from tests.emit.test_hls import DEVICE, gpp
from tests.emit.test_hls_lint import HOST
from tests.plan.test_serial import planned
from tests.plan.test_tables import network
from tests.rtl.serial_nets import random_design, vectors_of
from tests.rtl.twins import STRICT
from tests.verify.conftest import small_net, two_ways
from tests.verify.test_every_operation import graph_of_examples

NETS: dict[str, tuple[Callable[[], Graph], int]] = {
    "stages": (small_net, 4),
    "twoway": (two_ways, 5),
    "slowly": (two_ways, 13),
    "layers": (lambda: network((6, 8, 5), (2, 3), seed=2), 6),
}


def net(name: str, samples: int = 300) -> tuple[Design, Vectors]:
    """Return a design by name, or a random graph of every kind of node by its number."""
    if name.isdecimal():
        design, logic = random_design(int(name), digit=1 + int(name) % 5)
        return design, vectors_of(logic, design, samples)
    make, interval = NETS[name]
    graph = make()
    return planned(graph, interval), make_vectors(graph, samples, 1)


def write(folder: Path, design: Design, vectors: Vectors) -> None:
    emit_hls(design, DEVICE, vectors.inputs, vectors.outputs).write(folder)


def check(folder: Path, design: Design, vectors: Vectors, how: Compilation) -> None:
    scratch = folder / "objects"
    scratch.mkdir()
    more = () if how.integers.include else STRICT
    made = Compiled(folder, design, how, scratch, more=more)
    found = made.run(vectors)
    for port, codes in vectors.outputs.items():
        assert np.array_equal(found[port], codes), (port, how)
    assert "PASS" in made.run_axis(vectors.rows(0, 30))


def marked(name: str) -> object:
    """Return a net with the mark of the run it belongs to."""
    if name in ("stages", "3"):
        return name
    mark = pytest.mark.ci if name in ("slowly", "layers", "0", "1") else pytest.mark.slow
    return pytest.param(name, marks=mark)


@pytest.mark.parametrize("name", [marked(name) for name in (*NETS, *map(str, range(10)))])
def test_digits_equal_the_reference(name: str, tmp_path: Path) -> None:
    design, vectors = net(name)
    write(tmp_path, design, vectors)
    if name == "stages":
        assert isinstance(serial_code(design), SerialText)
    for path in sorted((tmp_path / "hls").rglob("*")):
        if path.suffix in (".cpp", ".h") and "_bench" not in path.name:
            text = path.read_text()
            assert problems(text) == HOST.get(path.name, []), path
            assert "/hwg/" in str(path) or max(map(len, text.splitlines())) <= 130
    check(tmp_path, design, vectors, gpp())


@pytest.mark.ci
def test_a_rounding_beyond_its_numbers_is_refused_by_name() -> None:
    design = planned(graph_of_examples(), 2)
    with pytest.raises(ConfigError, match="more than HLS") as told:
        emit_hls(design, DEVICE, {}, {})
    assert told.value.where.startswith("mul_shift")
    assert "without --hls" in told.value.hint


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stages", "twoway", "3", "6"])
def test_every_compiler_and_kind_of_integers(name: str, tmp_path: Path) -> None:
    design, vectors = net(name, samples=50)
    for index, how in enumerate(compilations()):
        folder = tmp_path / str(index)
        write(folder, design, vectors)
        check(folder, design, vectors, how)


@pytest.mark.slow
def test_sanitizers_find_nothing(tmp_path: Path) -> None:
    design, vectors = net("6")
    write(tmp_path, design, vectors)
    flags = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    made = Compiled(tmp_path, design, gpp(), tmp_path, more=flags)
    found = made.run(vectors)
    assert vectors.equal(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("header", "old", "new"),
    [
        ("serial_add.h", "carry(Start)", "carry(0)"),
        ("serial_add.h", "bits<Digit, 1>(total)", "carry"),
        ("serial_add3.h", "bits<Digit, 2>(total)", "ui<2>(bits<Digit, 1>(total))"),
        ("serial_delay.h", "past(start)", "past(0)"),
        ("serial_delay.h", "Bits - Shift", "Bits - 1"),
        ("serial_unpack.h", "held >> Digit", "(held >> Digit) & 1"),
        ("serial_pack.h", "HELD>(digit)", "HELD - Digit>(digit)"),
    ],
)
def test_a_fault_in_a_twin_is_found(header: str, old: str, new: str, tmp_path: Path) -> None:
    design, vectors = net("6")  # digits of two bits; sums of three, and constants in shifts
    write(tmp_path, design, vectors)
    file = tmp_path / "hls" / "hwg" / header
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises((AssertionError, ToolFailed)):
        check(tmp_path, design, vectors, gpp())
