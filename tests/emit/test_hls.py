# SPDX-License-Identifier: Apache-2.0
"""HLS C++ of small designs: compiled, compared with the reference, linted, broken on purpose."""

from __future__ import annotations

import ast
import random
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from hwgen import paths
from hwgen.design.names import ModuleNames
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
from hwgen.verify.compile_hls import Compilation, Integers, compilations, run_axis, run_hls
from hwgen.verify.self_check import make_vectors
from hwgen.verify.vectors import Vectors
from tests.emit.hls_lint import problems
from tests.golden.test_golden import DESIGNS, planned
from tests.verify.conftest import heaps, small_net, two_ways

DEVICE = Device("xcvu9p-flga2104-2L-e", 200.0)
NETS: dict[str, Callable[[], Graph]] = {"tiny": small_net, "twoway": two_ways, "heaps": heaps}
GRAPHS = {**DESIGNS, **NETS}
STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-pedantic", "-Werror")
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
        ("hwg/axis_unpack.h", "while (!last)", "while (false)"),
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


@pytest.mark.ci
@pytest.mark.parametrize("name", GRAPHS)
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
    for name in ("binary", "merge", "tables", "tiny"):
        folder = tmp_path / name
        design, vectors = write(GRAPHS[name](), folder)
        for how in compilations():
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


# ------------------------------------------------------------------------------------------ lint


# What the lint finds and is meant: the queue of streams on the host, and a loop that ends with a
# frame, however long that is.
HOST = {
    "stream.h": ["the standard library", "an exception"],
    "axis_unpack.h": ["a loop without a counter"],
}


@pytest.mark.parametrize("name", GRAPHS)
def test_generated_code_keeps_the_dialect(name: str) -> None:
    graph = GRAPHS[name]()
    vectors = make_vectors(graph, 4, 1)
    for path, content in emit_hls(planned(graph), DEVICE, vectors.inputs, vectors.outputs):
        text = content.decode()
        if path.endswith((".cpp", ".h")) and "_bench" not in path:
            assert problems(text) == HOST.get(Path(path).name, []), path
            assert text.isascii()
        if "/hwg/" not in path and path.endswith((".cpp", ".h")):
            longest = max(text.splitlines(), key=len)
            assert len(longest) <= 130, f"{path}: {longest}"


def test_twins_keep_the_dialect() -> None:
    headers = sorted((paths.hls_templates() / "include").rglob("*.h"))
    assert len(headers) >= 8
    for header in headers:
        text = header.read_text("utf-8")
        assert text.startswith("// SPDX-License-Identifier: Apache-2.0\n///"), header.name
        assert problems(text) == HOST.get(header.name, []), header.name


OFFENCES = {
    "int* p = new int[4];": "dynamic memory",
    "std::vector<int> v;": "the standard library",
    "#include <vector>": "the standard library",
    "struct A { virtual void f(); };": "a virtual function",
    "void f() { throw 1; }": "an exception",
    "void f(A* a) { dynamic_cast<B*>(a); }": "run-time type information",
    "void f(int* a) { long b = *(long*)a; }": "a pointer cast",
    "void f(int** a);": "a pointer to a pointer",
    "void (*g)(int);": "a pointer to a function",
    "void f() { goto end; end: ; }": "a jump",
    'void f() { asm("nop"); }': "assembler",
    "thread_local int x;": "a thread",
    "void f() { const float x = 1; }": "floating point",
    "void f(int n) { while (n > 0) --n; }": "a loop without a counter",
    "#pragma HLS pipeline": "a pragma that is no macro",
    "void f() { auto x = 1; }": "C++14 or later",
    "template <int N> void f() { if constexpr (N > 1) return; }": "C++14 or later",
    "int counter = 0;": "a variable of the whole program",
    "void f(int n) { for (int i = 0; i < n; ++i) g(i); }": "bound is no constant",
    "void f() { for (int i = 1; i < 4; ++i) g(i); }": "does not begin at 0",
    "void f() { for (int i = 0; i < 4; i += 2) g(i); }": "does not count by one",
    "void f(int n) { if (n) f(n - 1); }": "recursion of f",
    "void f(int n) { g(n); }\nvoid g(int n) { f(n); }": "recursion of f",
}


@pytest.mark.parametrize("source", OFFENCES)
def test_an_offence_is_found(source: str) -> None:
    assert any(OFFENCES[source] in problem for problem in problems(source)), problems(source)


# ---------------------------------------------------------------------------------------- faults


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
            found = list(re.finditer(r" ([+-]) ", value))
            swap = {"+": "-", "-": "+"}
            return _put(value, found, rng, lambda m: f" {swap[m[1]]} ")
        case "shift":
            found = list(re.finditer(r"shl_([su])<(\d+), (\d+)>", value))

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
                place = rng.choice((2, 7, 8))
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
    for seed, name in enumerate(("tiny", "dense", "twoway", "heaps")):
        some, unseen = caught(GRAPHS[name](), tmp_path / name, 27, seed=seed)
        made, missed = made + some, missed + unseen
    assert missed == []
    assert made >= 100
