# SPDX-License-Identifier: Apache-2.0
"""HLS C++ of small designs: compiled, compared with the reference, linted, broken on purpose."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from hwgen.design.types import Design, Heading
from hwgen.emit.emulator import graph_form
from hwgen.emit.hls import nodes as hls_nodes
from hwgen.emit.hls.design import emit_hls
from hwgen.emit.hls.project import Device
from hwgen.errors import ConfigError, Mismatch, ToolFailed
from hwgen.ir.graph import Graph
from hwgen.logic import nodes
from hwgen.logic.nodes import Chain, Gather, PlacedTable
from hwgen.plan.parallel.schedule import schedule
from hwgen.target.board import load_board
from hwgen.tools import run
from hwgen.verify.compile_hls import (
    Compilation,
    Integers,
    compilations,
    run_axis,
    run_hls,
)
from hwgen.verify.self_check import make_vectors
from hwgen.verify.vectors import Vectors
from tests.emit.hls_models import MODELS, compare, without_warnings
from tests.golden.test_golden import DESIGNS, planned
from tests.rtl.twins import STRICT
from tests.verify.conftest import heaps, small_net, two_ways

DEVICE = Device("xcvu9p-flga2104-2L-e", 200.0)
NETS: dict[str, Callable[[], Graph]] = {"tiny": small_net, "twoway": two_ways, "heaps": heaps}
GRAPHS = {**DESIGNS, **NETS}
QUICK = Integers("plain integers", speed={"g++": "-O0"})


def made(graph: Graph) -> Design:
    """Plan a graph; one of heaps for a family whose adders take three operands."""
    if graph.name != "heaps":
        return planned(graph)
    heading = Heading(graph.name, "vcu118", 250.0, "0" * 32, 32)
    design = schedule(graph, heading, load_board("vcu118").family)
    kinds = {type(node) for node in design.pipeline.logic.nodes}
    assert kinds >= {Chain, Gather, PlacedTable}
    return design


def write(graph: Graph, folder: Path, samples: int = 600) -> tuple[Design, Vectors]:
    design, vectors = made(graph), make_vectors(graph, samples, 1)
    emit_hls(design, DEVICE, vectors.inputs, vectors.outputs).write(folder)
    return design, vectors


def gpp() -> Compilation:
    (found,) = (c for c in compilations() if c.compiler.name == "g++" and not c.integers.include)
    return replace(found, integers=QUICK)


def differing(folder: Path, design: Design, vectors: Vectors, how: Compilation) -> int:
    """Return how many samples differ from the reference."""
    found = run_hls(folder, design, vectors, how, more=STRICT)
    rows = np.zeros(len(vectors), bool)
    for port, codes in vectors.outputs.items():
        rows |= (found[port] != codes).reshape(len(vectors), -1).any(axis=1)
    return int(rows.sum())


@pytest.mark.parametrize("name", GRAPHS)
def test_plain_integers_equal_the_reference(name: str, tmp_path: Path) -> None:
    design, vectors = write(GRAPHS[name](), tmp_path / "out")
    assert differing(tmp_path / "out", design, vectors, gpp()) == 0


def test_every_node_has_its_text_in_both_forms() -> None:
    classes = [getattr(nodes, name) for name in nodes.__all__]
    classes = [kind for kind in classes if isinstance(kind, type) and issubclass(kind, nodes.Node)]
    kinds = {kind.__name__ for kind in classes} - {"PlacedTable"}  # that is a Table
    for module in (hls_nodes, graph_form):
        assert kinds - {"Node", "In", "Const"} - names_in(module) == set()


def names_in(module: ModuleType) -> set[str]:
    """Return the classes that a module matches."""
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
    found = {ast.unparse(n.cls) for n in ast.walk(tree) if isinstance(n, ast.MatchClass)}
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    calls = [n for n in calls if ast.unparse(n.func) == "isinstance"]
    return found | {word for n in calls for word in ast.unparse(n.args[1]).split(" | ")}


@pytest.mark.parametrize("name", ["twoway", "tiny"])
def test_frames_equal_the_reference_and_broken_ones_are_dropped(name: str, tmp_path: Path) -> None:
    design, vectors = write(GRAPHS[name](), tmp_path / "out", samples=100)
    assert "PASS" in run_axis(tmp_path / "out", design, vectors, gpp(), more=STRICT)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("hwg/axis_unpack.h", "last == (b == BEATS - 1)", "last == last"),
        ("hwg/axis_unpack.h", "|| kept(word, i)", "|| true"),
        ("hwg/lang/frame.h", "while (!last)", "while (false)"),
        ("hwg/axis_pack.h", "word.last = b == BEATS - 1", "word.last = b == 0"),
        ("hwg/axis_pack.h", "b * LANES + i < BYTES", "true"),
        ("hwg_twoway_axis.cpp", "frame_error = true", "frame_error = false"),
        ("hwg_twoway_axis.cpp", "x_good && z_good", "x_good"),
    ],
)
def test_a_fault_in_the_frames_is_found(file: str, old: str, new: str, tmp_path: Path) -> None:
    design, vectors = write(two_ways(), tmp_path / "out", samples=30)
    source = tmp_path / "out" / "hls" / file
    text = source.read_text()
    assert old in text
    source.write_text(text.replace(old, new))
    with pytest.raises((Mismatch, ToolFailed)):  # a stream that is read when empty ends it, too
        run_axis(tmp_path / "out", design, vectors, gpp())


MATRIX = [
    pytest.param(name, marks=pytest.mark.ci if name in ("heaps", "twoway") else pytest.mark.slow)
    for name in GRAPHS
]


@pytest.mark.parametrize("name", MATRIX)
def test_every_compiler_and_kind_of_integers(name: str, tmp_path: Path) -> None:
    design, vectors = write(GRAPHS[name](), tmp_path / "out")
    ways = compilations()
    assert {w.compiler.name for w in ways} >= {"g++"}
    assert {w.integers.define for w in ways} == {"", "HWG_AP", "HWG_AC"}
    for how in ways:
        if how.integers.include is not None:  # inlined, their own code is warned of as ours
            how = replace(
                how, integers=replace(how.integers, speed={"g++": "-O0", "clang++": "-O0"})
            )
        assert differing(tmp_path / "out", design, vectors, how) == 0, how
        if how.compiler.name == "g++":
            assert "PASS" in run_axis(tmp_path / "out", design, vectors.rows(0, 100), how)


@pytest.mark.ci
def test_sanitizers_find_nothing(tmp_path: Path) -> None:
    sanitize = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    for name in ("merge", "heaps"):
        folder = tmp_path / name
        design, vectors = write(GRAPHS[name](), folder)
        for how in compilations():
            if how.compiler.name != "g++":  # the other's runtime is a package of its own
                continue
            # The shifts of ap_int's own code are defined from C++20 on.
            standard = "-std=c++20" if how.integers.define == "HWG_AP" else "-std=c++17"
            run_hls(folder, design, vectors, how, more=(*sanitize, standard))


def test_the_bench_of_a_build_passes_and_fails(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write(DESIGNS["dense"](), folder, samples=5)
    hls = folder / "hls"

    def bench() -> str:
        run(["g++", "-std=c++11", "-I.", "hwg_dense.cpp", "hwg_dense_bench.cpp", "-o", "b"], hls)
        return run(["./b"], hls)

    assert "PASS" in bench()
    vectors = hls / "hwg_dense_vectors.dat"
    good = vectors.read_text()
    head, first, *rest = good.splitlines()
    for edited in (
        "",
        "0 4 2\n",
        "\n".join([head, first]),  # samples are missing
        "\n".join([head.replace(" 4 ", " 5 "), first, *rest]),
        "\n".join([head, first[:-1] + str((int(first[-1]) + 1) % 10), *rest]),  # another number
        "\n".join([head, "word", *rest]),
    ):
        vectors.write_text(edited)
        with pytest.raises(ToolFailed, match="FAIL"):
            run(["./b"], hls)
    vectors.unlink()
    with pytest.raises(ToolFailed, match="no vectors"):
        run(["./b"], hls)


def test_a_bench_that_cannot_fail_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    design, vectors = write(DESIGNS["dense"](), folder, samples=200)
    bench = folder / "hls" / "hwg_dense_bench.cpp"
    bench.write_text(bench.read_text().replace("found == wanted", "found == found"))
    source = folder / "hls" / "hwg_dense.cpp"
    source.write_text(source.read_text().replace("ui<3>(7) - x0", "ui<3>(1) - x0"))
    with pytest.raises(ToolFailed, match="does not say what its numbers say"):
        run_hls(folder, design, vectors, gpp())


def test_a_style_that_is_not_printed_is_refused(tmp_path: Path) -> None:
    design = planned(DESIGNS["dense"]())
    wide = replace(design.inputs[0], fixed=replace(design.inputs[0].fixed, width=64))
    with pytest.raises(ConfigError, match="up to 63"):
        emit_hls(replace(design, inputs=(wide,)), DEVICE, {}, {})


@pytest.mark.ci
def test_models_are_compiled_without_warnings_that_they_would_have(tmp_path: Path) -> None:
    write(DESIGNS["dense"](), tmp_path, samples=5)
    hls = tmp_path / "hls"
    for how in compilations():
        without_warnings(hls, how)
    source = hls / "hwg_dense.cpp"
    source.write_text(source.read_text() + "\nshort cut(int x) { return x; }\n")
    for how in compilations():
        with pytest.raises(ToolFailed, match="conversion"):
            without_warnings(hls, how)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_models_in_every_compilation(name: str, tmp_path: Path) -> None:
    found = compare(MODELS[name], tmp_path)
    if found is None:
        pytest.skip("no models beside the checkout")
    assert set(found.mismatches.values()) == {0}, found.mismatches
    assert {how.split(" with ")[1].split()[0] for how in found.mismatches} == {
        "plain", "ap_int", "ac_int"
    }  # fmt: skip
    assert len(found.clean) >= 5
