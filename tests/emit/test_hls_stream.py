# SPDX-License-Identifier: Apache-2.0
"""HLS C++ of stream designs: words, frames, bounded FIFOs; faults that each of them finds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwgen.design.types import Design, UnitRef
from hwgen.emit.hls.design import emit_hls
from hwgen.emit.hls.stream_units import parameters
from hwgen.errors import ConfigError, Mismatch, ToolFailed
from hwgen.ir.graph import Graph
from hwgen.plan.pace import Pace
from hwgen.units.library import find_unit
from hwgen.units.models import MODELS
from hwgen.verify.compile_hls import Compiled, compilations
from hwgen.verify.self_check import make_vectors
from hwgen.verify.vectors import Vectors
from tests.emit.hls_lint import problems
from tests.emit.test_hls import DEVICE, gpp
from tests.emit.test_hls_lint import HOST
from tests.plan.branches import branchy
from tests.plan.test_stream import GOAL, moving_net, planned, residual_cnn, separable_cnn
from tests.plan.test_stream_binary import FOLDS, cnn
from tests.plan.test_stream_joins import everything
from tests.plan.test_stream_stairs import numbers
from tests.rtl.twins import STRICT
from tests.verify.conftest import small_net, two_ways

NETS: dict[str, tuple[Callable[[], Graph], int]] = {
    "folded": (residual_cnn, 700),
    "quick": (residual_cnn, 48),
    "slow": (residual_cnn, 3000),
    "chain": (small_net, 2),
    "twoway": (two_ways, 2),
    "depthwise": (separable_cnn, 3000),
    "movements": (moving_net, 3000),
    "branches": (lambda: branchy(3), 400),
    "joins": (everything, 500),
    "binary": (lambda: cnn(np.random.default_rng(5), stride=2, zeros=0.3), 4000),
    "signs": (lambda: cnn(np.random.default_rng(6), (2, 0)), 4000),
    "stairs": (numbers, 400),
}
CHOSEN = {"binary": FOLDS, "signs": FOLDS}  # realisations, where the planner takes others
IN_CI = ("folded", "binary", "joins")


def write(name: str, folder: Path, samples: int = 40) -> tuple[Design, Vectors]:
    make, interval = NETS[name]
    graph = make()
    design = planned(graph, replace(GOAL, pace=Pace(interval)), CHOSEN.get(name, {}))
    vectors = make_vectors(graph, samples, 1)
    emit_hls(design, DEVICE, vectors.inputs, vectors.outputs).write(folder)
    return design, vectors


def check(folder: Path, design: Design, vectors: Vectors, scratch: Path) -> None:
    scratch.mkdir()
    made = Compiled(folder, design, gpp(), scratch, more=STRICT)
    assert vectors.equal(made.run(vectors))
    assert "PASS" in made.run_axis(vectors)
    few = vectors.rows(0, 10)
    assert few.equal(made.run_bounded(few))


def test_a_cnn_equals_the_reference(tmp_path: Path) -> None:
    design, vectors = write("folded", tmp_path / "out")
    units = {
        part.unit for stage in design.stages for part in stage.parts if isinstance(part, UnitRef)
    }
    assert units >= {"hwg_fork", "hwg_narrow", "hwg_window", "hwg_matvec", "hwg_pool_blocks"}
    made = Compiled(tmp_path / "out", design, gpp(), tmp_path, more=STRICT)
    assert vectors.equal(made.run(vectors))
    for path in sorted((tmp_path / "out" / "hls").rglob("*")):
        if path.suffix in (".cpp", ".h") and "_bench" not in path.name:
            assert problems(path.read_text()) == HOST.get(path.name, []), path


@pytest.mark.parametrize(
    "name",
    [
        n
        if n == "chain"
        else pytest.param(n, marks=getattr(pytest.mark, "ci" if n in IN_CI else "slow"))
        for n in NETS
    ],
)
def test_designs_equal_the_reference(name: str, tmp_path: Path) -> None:
    design, vectors = write(name, tmp_path / "out")
    check(tmp_path / "out", design, vectors, tmp_path / "objects")


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_every_compiler_and_kind_of_integers(name: str, tmp_path: Path) -> None:
    design, vectors = write(name, tmp_path / "out")
    for index, how in enumerate(compilations()):
        scratch = tmp_path / str(index)
        scratch.mkdir()
        made = Compiled(tmp_path / "out", design, how, scratch)
        assert vectors.equal(made.run(vectors)), how
        if how.compiler.name == "g++":
            assert "PASS" in made.run_axis(vectors.rows(0, 20)), how


@pytest.mark.slow
def test_sanitizers_find_nothing(tmp_path: Path) -> None:
    design, vectors = write("folded", tmp_path / "out")
    for index, sanitize in enumerate(("address,undefined", "thread")):
        scratch = tmp_path / str(index)
        scratch.mkdir()
        flags = (f"-fsanitize={sanitize}", "-fno-sanitize-recover=all", "-g")
        made = Compiled(tmp_path / "out", design, gpp(), scratch, more=flags)
        few = vectors.rows(0, 10)
        assert few.equal(made.run(few))
        assert few.equal(made.run_bounded(few))
        assert "PASS" in made.run_axis(few)


FAULTS = {
    "words": [
        ("hwg/narrow.h", "p * Lanes + i", "i"),
        ("hwg/window.h", "(ky * KernelW + kx) * Lanes", "(kx * KernelH + ky) * Lanes"),
        ("hwg_cnn_constants.h", r"(_WEIGHTS\[\d+\] = \{\s*)-?\d", r"\g<1>5"),
        ("hwg_cnn_constants.h", r"(_PAD\[\d+\] = \{\s*)-?\d", r"\g<1>3"),
    ],
    "frames": [
        ("hwg/axis_to_words.h", "here ? byte_of(word, place + i) : ui<8>(0)", "ui<8>(0)"),
        ("hwg/axis_to_words.h", "good && here && kept(word, place + i)", "good"),
        ("hwg/axis_to_words.h", "turn * Grain / BEAT_BYTES == BEATS - 1", "last"),
        ("hwg/lang/frame.h", "while (!last)", "while (false)"),
        ("hwg/axis_from_words.h", "place + i, used)", "place + i, true)"),
        ("hwg/axis_from_words.h", "word.last = ", "word.last = true || "),
    ],
    "bounded": [("hwg_cnn.cpp", r"(HWG_DEPTH\(a1_to1_words, )\d+", r"\g<1>2")],
}  # fmt: skip


@pytest.mark.ci
@pytest.mark.parametrize("kind", FAULTS)
def test_faults_are_found(kind: str, tmp_path: Path) -> None:
    design, vectors = write("folded", tmp_path / "out", samples=10)
    for index, (file, old, new) in enumerate(FAULTS[kind]):
        source = tmp_path / "out" / "hls" / file
        good = source.read_text()
        pattern = old if "(" in old and "\\" in old else re.escape(old)
        bad = re.sub(pattern, new if "\\g" in new else new.replace("\\", r"\\"), good, count=1)
        assert bad != good, old
        source.write_text(bad)
        scratch = tmp_path / f"objects{index}"
        scratch.mkdir()
        try:
            made = Compiled(tmp_path / "out", design, gpp(), scratch)
            if kind == "words":
                assert not vectors.equal(made.run(vectors)), old
            else:
                run = made.run_axis if kind == "frames" else made.run_bounded
                told = "." if kind == "frames" else "deadlock"
                with pytest.raises((Mismatch, ToolFailed), match=told):
                    run(vectors.rows(0, 6))
        finally:
            source.write_text(good)


def test_parameters_of_twins_are_those_of_their_units() -> None:
    for unit in sorted(MODELS):
        if unit in ("hwg_fork", "hwg_stream_concat"):  # a loop that is printed in its stage
            continue
        own = {parameter.name for parameter in find_unit(unit).parameters}
        assert set(parameters(unit.removeprefix("hwg_"))) <= own, unit


@pytest.mark.parametrize("name", CHOSEN)
def test_binary_layers_are_calls_of_their_twin(name: str, tmp_path: Path) -> None:
    write(name, tmp_path, samples=2)
    text = (tmp_path / "hls" / "hwg_cnn.cpp").read_text()
    assert text.count("hwg::xnor_matvec<") == 3
    for path in (tmp_path / "hls").rglob("*.h"):
        assert problems(path.read_text()) == HOST.get(path.name, []), path


def test_a_unit_without_a_twin_is_refused_by_name(tmp_path: Path) -> None:
    graph = small_net()
    design = planned(graph, replace(GOAL, pace=Pace(2)))
    stage = replace(design.stages[0], body=UnitRef("hwg_stranger", {}))
    with pytest.raises(ConfigError, match="hwg_stranger is not printed") as told:
        emit_hls(replace(design, stages=(stage, *design.stages[1:])), DEVICE, {}, {})
    assert "--hls" in told.value.hint
