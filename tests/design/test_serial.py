# SPDX-License-Identifier: Apache-2.0
"""A design that is stored and opened again is the same, or is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwgen.design.assemble import of_pipeline
from hwgen.design.serial import ARRAYS, DOCUMENT, SCHEMA, design_files, read_design
from hwgen.design.types import (
    Design,
    Field,
    Heading,
    Layer,
    Link,
    LinkKind,
    Pipeline,
    Port,
    Source,
    Stage,
    Tap,
    UnitRef,
)
from hwgen.emit.verilog.design import emit_rtl
from hwgen.errors import ConfigError
from hwgen.ir.fixed import Fixed
from hwgen.logic.builder import Builder, Logic
from tests.golden.test_golden import DESIGNS, planned


@pytest.mark.parametrize("name", DESIGNS)
def test_a_design_opened_again_is_equal_and_prints_the_same(name: str, tmp_path: Path) -> None:
    design = planned(DESIGNS[name]())
    files = emit_rtl(design)
    files.write(tmp_path / "out")
    again = read_design(tmp_path / "out")
    assert again == design
    assert emit_rtl(again) == files
    notes = [getattr(node, "note", "") for node in design.pipeline.logic.nodes]
    assert [getattr(node, "note", "") for node in again.pipeline.logic.nodes] == notes


def wide() -> Design:
    """Numbers beyond 64 bits in every place that holds numbers."""
    builder = Builder()
    builder.layer = "one"
    x = builder.input("x", 0, -(1 << 70), (1 << 70) - 1)
    y = builder.thresh(builder.add(x, builder.const(1 << 66)), [-(1 << 69), 1 << 69], [0, 1, 2])
    logic = Logic.of(builder, [("y", [y])])
    last = len(logic.nodes) - 1
    source, out = Source("x", (Tap(0),)), (Tap(last),)
    layer = Layer("one", "one", "wide", tuple(range(2, last + 1)), (source,), out, 0, 0)
    pipeline = Pipeline(logic, (0,) * len(logic.nodes), (layer,), 1)
    ports = Port("x", (1,), Fixed(71, 0, True)), Port("y", (1,), Fixed(2, 0, False))
    return of_pipeline(Heading("wide", "board", 123.4567, "0"), ports[:1], ports[1:], pipeline)


def streaming() -> Design:
    """Units, several parts in a stage, and every kind of link."""
    word = (Field("x[0]", 4, True), Field("x[1]", 4, True))
    links = (
        Link("x", LinkKind.STREAM, word, words=8, depth=16, coding="klt"),
        Link("digits", LinkKind.SERIAL, word, words=8, digit_bits=2),
        Link("y", LinkKind.STREAM, word, words=8),
    )
    codes = np.array([[3, -4], [1 << 80, 0]], object)
    units = (UnitRef("hwg_a", {"N": 3}, {"Weights": codes}), UnitRef("hwg_b", {}))
    ports = [Port(n, (8, 2), Fixed(4, 1, True), (0.1,), (1 / 3,), 9, n) for n in ("x", "y")]
    stages = (
        Stage("first", units, ("x",), ("digits",), 20, 9, "two units"),
        Stage("second", (units[1],), ("digits",), ("y",), 3, 9),
        Stage("third", units[1], ("digits",), (), 3, 9),
    )
    return Design("s", "b", 200.0, "0", (ports[0],), (ports[1],), links, stages, 30, 9, 32)


@pytest.mark.parametrize("make", [wide, streaming])
def test_nothing_of_a_design_is_lost(make: Callable[[], Design], tmp_path: Path) -> None:
    design = make()
    files = design_files(design)
    files.write(tmp_path / "out")
    again = read_design(tmp_path / "out")
    assert again == design
    assert design_files(again) == files


def test_units_of_other_constants_differ() -> None:
    unit = UnitRef("hwg_a", {"N": 3}, {"Weights": np.array([1, 2])})
    assert unit == replace(unit, constants={"Weights": np.array([1, 2])})
    assert unit != replace(unit, constants={"Weights": np.array([1, 3])})
    assert unit != replace(unit, constants={})
    assert unit != replace(unit, params={"N": 4})
    assert unit != replace(unit, unit="hwg_b")


def spoiled(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        document = json.loads((folder / DOCUMENT).read_text())
        change(document)
        (folder / DOCUMENT).write_text(json.dumps(document))

    return spoil


REFUSED = {
    "there is no design.json": lambda folder: (folder / DOCUMENT).unlink(),
    "cannot read design.json": lambda folder: (folder / DOCUMENT).write_text("{"),
    "design.json has schema 1, and this hwgen": spoiled(lambda d: d.update(schema=1)),
    "design.json has schema None": lambda folder: (folder / DOCUMENT).write_text("[]"),
    "cannot be read \\(FileNotFound": lambda folder: (folder / ARRAYS).unlink(),
    "cannot be read \\(KeyError: 'links'": spoiled(lambda d: d.pop("links")),
    "cannot be read \\(ValueError": lambda folder: (folder / ARRAYS).write_bytes(b"PK"),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_read_is_refused(message: str, tmp_path: Path) -> None:
    assert SCHEMA == 3
    folder = design_files(planned(DESIGNS["dense"]())).write(tmp_path / "out")
    REFUSED[message](folder)
    with pytest.raises(ConfigError, match=message) as caught:
        read_design(folder)
    assert "hwgen build" in caught.value.hint
