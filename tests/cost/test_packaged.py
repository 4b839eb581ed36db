# SPDX-License-Identifier: Apache-2.0
"""Figures of the core behind AXI-Stream, beside what Yosys makes of it.

That interval and latency are true is asserted by the simulation of every design
(sim/design/bench_design.py, axis_matches_reference).
"""

from __future__ import annotations

from pathlib import Path

import pytest

import hwgen
from hwgen.api.folder import BuildFolder
from hwgen.cost.estimate import Estimate, estimate
from hwgen.cost.figures import PackagedFigures
from hwgen.cost.packaged import packaged
from hwgen.design.names import ModuleNames
from hwgen.design.source_list import read_list
from hwgen.design.types import Design, Port
from hwgen.ir.fixed import Fixed
from hwgen.package.network.top import UNITS
from hwgen.synth.count import Measured, count
from hwgen.synth.yosys import map_design
from hwgen.target.board import load_board
from hwgen.target.family import Family
from hwgen.units.library import unit_files, with_uses
from tests.cli.models import act, branchy_h5, dense, sequential, source, variables
from tests.frontends.keras_files import full_h5

ULX3S = load_board("ulx3s").family
SHARE = 0.15  # of tables and registers of the buffers


def ports(
    ins: int, outs: int, interval: int = 1, data_width: int = 64, family: Family = ULX3S
) -> PackagedFigures:
    """The figures of a design with so many elements of 8 bits."""
    byte = Fixed(8, 0, True)
    given, made = (Port("x", (ins,), byte),), (Port("y", (outs,), byte),)
    design = Design("net", "ulx3s", 100.0, "0" * 64, given, made, (), (), 5, interval, data_width)
    return packaged(design, Estimate(lut=1000, ff=200, latency=5, interval=interval), family)


@pytest.mark.parametrize(
    ("ins", "outs", "core", "width", "interval", "limit"),
    [
        (784, 10, 1, 64, 98, "input beats"),
        (784, 10, 1, 512, 13, "input beats"),
        (8, 8, 1, 64, 1, "core"),
        (8, 784, 1, 64, 98, "output beats"),
        (784, 10, 200, 64, 200, "core"),
        (784, 10, 98, 64, 98, "core"),
        (9, 17, 2, 64, 3, "output beats"),
    ],
)
def test_the_slowest_of_beats_and_core_sets_the_interval(
    ins: int, outs: int, core: int, width: int, interval: int, limit: str
) -> None:
    found = ports(ins, outs, core, width)
    assert (found.interval, found.limit) == (interval, limit)
    assert found.latency_cycles == -(-8 * ins // width) + 5 + 2
    assert found.modelled.lut == 1000 + found.buffers.lut
    assert found.modelled.ff == 200 + found.buffers.ff
    assert found.buffers.ff > 8 * (ins + outs)


def wide_h5(path: Path) -> Path:
    """Write a model of 40 inputs and 20 outputs: several beats each way."""
    config = sequential(
        source(shape=(40,)),
        act("q", "quantized_bits(8,2,1,alpha=1)"),
        dense("fc", 20),
        act("relu"),
        name="wide",
    )
    return full_h5(path, config, variables({"fc": (40, 20)}))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {"branchy": branchy_h5(folder / "b.h5"), "wide": wide_h5(folder / "w.h5")}


@pytest.mark.ci
@pytest.mark.parametrize("board", ["ulx3s", "pynq_z2", "vcu118", "crosslink_nx_evn"])
def test_registers_take_what_is_estimated(board: str) -> None:
    family = load_board(board).family
    taken = [_mapped_unit(unit, family.name) for unit in UNITS]
    found = ports(8, 8, family=family).registers
    assert found.lut == pytest.approx(sum(unit.plut for unit in taken), rel=0.05)
    assert found.ff == sum(unit.ff for unit in taken)


def _mapped_unit(module: str, family: str) -> Measured:
    files = [unit_files()[unit.module] for unit in with_uses([module])]
    return count(map_design(files, module, family))


@pytest.mark.ci
@pytest.mark.parametrize("model", ["branchy", "wide"])
@pytest.mark.parametrize("board", ["ulx3s", "pynq_z2", "vcu118", "crosslink_nx_evn"])
def test_buffers_take_what_is_estimated(
    model: str, board: str, models: dict[str, Path], tmp_path: Path
) -> None:
    hwgen.build(models[model], tmp_path / "out", board=board)
    design, family = BuildFolder.open(tmp_path / "out").design, load_board(board).family
    rtl = tmp_path / "out" / "rtl"
    files = [rtl / name for name in read_list((rtl / "files.f").read_text("utf-8"))]
    tops = ModuleNames.of(design).tops

    def mapped(top: str) -> Measured:
        return count(map_design(files, tops[top], family.name))

    bare, whole = mapped("flow"), mapped("axis")
    found = packaged(design, estimate(design, family), family).buffers
    assert found.lut == pytest.approx(whole.plut - bare.plut, rel=SHARE)
    assert found.ff == pytest.approx(whole.ff - bare.ff, rel=SHARE)
    assert 2 * found.bram == pytest.approx(whole.bram - bare.bram, abs=1)
