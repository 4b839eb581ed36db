# SPDX-License-Identifier: Apache-2.0
"""The emulator: the same numbers as the reference, from Python, from C, from many threads."""

from __future__ import annotations

import resource
import subprocess
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import hwgen
import hwgen.api.emulate
from hwgen import paths
from hwgen.api.emulator import Emulator
from hwgen.emit.emulator.layer_form import LayerForm
from hwgen.emit.emulator.library import of_graph, sides
from hwgen.errors import ConfigError, ToolFailed, ToolMissing
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ops import (
    OPS,
    Add,
    Conv,
    Dense,
    EdgeConv,
    EdgeTables,
    Input,
    MaxPool,
    Requantize,
    Reshape,
)  # fmt: skip
from hwgen.verify import compile_emulator
from hwgen.verify.emulation import emulator_of
from hwgen.verify.self_check import make_vectors
from tests.emit.test_hls import GRAPHS, made
from tests.golden.test_golden import DESIGNS
from tests.verify.conftest import make_graph, small_net, two_ways

STRICT = ("-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of this module's own."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setattr(compile_emulator, "FLAGS", (*compile_emulator.FLAGS, *STRICT))
        yield folder / "hwgen" / "emulator"


@pytest.fixture(scope="module")
def tiny() -> Emulator:
    return hwgen.emulate(small_net())


def equal(emulator: Emulator, graph: Graph, samples: int = 700) -> None:
    vectors = make_vectors(graph, samples, 1)
    found = emulator.run(vectors.inputs)
    assert set(found) == set(vectors.outputs)
    for name, codes in vectors.outputs.items():
        assert np.array_equal(found[name], codes), name


@pytest.mark.parametrize("name", ["binary", "merge", "tables", "twoway", "heaps"])
def test_codes_equal_the_reference(name: str) -> None:
    graph = GRAPHS[name]()
    design = made(graph) if name in DESIGNS or name == "heaps" else None
    equal(Emulator(graph, emulator_of(graph, design)), graph)


def every_example(kind: str) -> tuple[Graph, list[str]]:
    """Return one graph of the examples whose numbers are of a C type, and the operations in it."""
    nodes, outputs, seen = [], [], []
    for op_kind, op in OPS.items():
        if issubclass(op, Input):
            continue
        for index, example in enumerate(op.examples()):
            names = [f"{op_kind}{index}_{k}" for k in range(len(example.types))]
            own = [
                Node(name, Input(t.shape, t.fixed, t.lo, t.hi), (), t, name)
                for name, t in zip(names, example.types, strict=True)
            ]
            made = example.op.infer(list(example.types))
            name = f"{op_kind}{index}"
            own.append(Node(name, example.op, tuple(names), made, name))
            out = Output(f"{name}_out", name, (1.0,))
            try:
                if LayerForm(Graph("one", tuple(own), (out,)), (), ()).type != kind:
                    continue
                sides(Graph("one", tuple(own), (out,)))
            except ConfigError:
                continue  # wider than the emulator
            nodes += own
            outputs.append(out)
            seen.append(op_kind)
    return Graph(f"every_{kind}", tuple(nodes), tuple(outputs)), seen


@pytest.mark.parametrize(
    ("kind", "used"),
    [
        ("float", "float"),
        ("double", "double"),
        ("double", "int64_t"),
        pytest.param("float", "int64_t", marks=pytest.mark.ci),
    ],
)
def test_layers_equal_the_reference(kind: str, used: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, seen = every_example(kind)
    assert len(set(seen)) > (17 if kind == "float" else 3)
    assert kind != "float" or {EdgeConv.kind, EdgeTables.kind} <= set(seen)
    # Compiled without optimising: it is one function a layer and there are a hundred.
    flags = ("-std=c++17", "-O0", "-fPIC", "-shared", "-DHWG_NATIVE", *STRICT)
    monkeypatch.setattr(compile_emulator, "FLAGS", flags)
    monkeypatch.setattr(LayerForm, "_type", lambda _: used)
    equal(Emulator(graph, of_graph(graph, "0" * 64)), graph, samples=40)


def small_cnn() -> Graph:
    """A convolution with a rim, a pool, steps, a residual sum, a dense layer over all."""
    rng = np.random.default_rng(5)
    return make_graph(
        "cnn",
        [
            ("x", Input.of((9, 7, 3), Fixed(6, 3, True)), ()),
            ("c1", Conv(rng.integers(-5, 6, (3, 3, 3, 20)), rng.integers(-9, 9, 20),
                        padding=((1, 1), (1, 1))), ("x",)),
            ("r1", Requantize(3, 0, 31), ("c1",)),
            ("c2", Conv(rng.integers(-3, 4, (3, 1, 20, 20)), np.zeros(20, int),
                        padding=((1, 1), (0, 0))), ("r1",)),
            ("r2", Requantize(4, -16, 15), ("c2",)),
            ("sum", Add((1, 1)), ("r2", "r2")),
            ("p", MaxPool((2, 2)), ("sum",)),
            ("flat", Reshape((4 * 3 * 20,)), ("p",)),
            ("fc", Dense(rng.integers(-3, 4, (240, 5)), rng.integers(-9, 9, 5)), ("flat",)),
        ],
        ["fc"],
    )  # fmt: skip


def test_macros_of_the_flags_are_those_of_the_text() -> None:
    text = (paths.hls_templates() / "project" / "emulator.cpp.in").read_text("utf-8")
    macros = [flag[2:] for flag in compile_emulator.FLAGS if flag.startswith("-D")]
    assert macros == ["HWG_NATIVE"]
    assert all(f"defined({macro})" in text for macro in macros)


def test_a_network_of_windows(rng: np.random.Generator) -> None:
    graph = small_cnn()
    emulator = hwgen.emulate(graph)
    for samples in (1, 7, 8, 9, 50):
        equal(emulator, graph, samples)
    x = rng.normal(0, 2, (30, 9, 7, 3)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.array_equal(emulator.predict(x, threads=2), hwgen.predict(graph, x))


def test_any_number_of_samples(tiny: Emulator) -> None:
    vectors = make_vectors(tiny.graph, 600, 1)
    want = vectors.outputs["fc3_out"]
    for count in (1, 2, 31, 32, 33, 255, 256, 257, 512, 513):
        for threads in (1, 2, 5):
            some = {"x": vectors.inputs["x"][:count]}
            assert np.array_equal(tiny.run(some, threads)["fc3_out"], want[:count])


def test_values_equal_predict(tiny: Emulator, rng: np.random.Generator) -> None:
    graph = tiny.graph
    for x in (
        rng.normal(0, 3, (500, 5)).astype(np.float32),
        rng.normal(0, 3, (500, 5)),
        np.ldexp(rng.integers(-64, 64, (500, 5)) + 0.5, -3),  # ties, all of them
        np.array([[np.finfo(np.float32).max, -1e30, 1e-40, -0.0, 3.999]], np.float32),
        np.array([[np.finfo(np.float64).max, -1e300, 5e-324, 1e19, -1e19]]),
        rng.integers(-5, 5, (10, 5)),
    ):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            want = hwgen.predict(graph, x)
            got = tiny.predict(x, threads=2)
        assert got.dtype == want.dtype
        assert np.array_equal(got, want)
        said = [str(one.message) for one in told]
        assert said[: len(said) // 2] == said[len(said) // 2 :]  # the same warning, or none


def test_several_ports_and_scales(rng: np.random.Generator) -> None:
    graph = two_ways()
    emulator = hwgen.emulate(graph)
    x = {"x": rng.normal(0, 30, (300, 3)), "z": rng.uniform(0, 7, (300, 2, 9))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got, want = emulator.predict(x), hwgen.predict(graph, x)
    assert set(got) == set(want)
    for name in want:
        assert np.array_equal(got[name], want[name])


def test_samples_that_do_not_fit_are_refused(tiny: Emulator) -> None:
    with pytest.raises(ConfigError, match="expected \\(samples, 5\\)"):
        tiny.predict(np.zeros((3, 4)))
    with pytest.raises(ConfigError, match="finite"):
        tiny.predict(np.array([[0, 0, np.nan, 0, 0]], np.float32))
    with pytest.raises(ConfigError, match="finite"):
        tiny.predict(np.array([[0, 0, np.inf, 0, 0]]))
    with pytest.raises(ConfigError, match="finite"):
        tiny.predict(np.zeros((2, 5), complex))
    with pytest.raises(ConfigError, match="interval"):
        tiny.run({"x": np.full((1, 5), 16)})
    with pytest.raises(ConfigError, match="integers"):
        tiny.run({"x": np.zeros((1, 5))})
    with pytest.raises(ConfigError, match="the inputs are x"):
        tiny.predict({"y": np.zeros((1, 5))})


def test_it_is_compiled_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = hwgen.emulate(small_net())
    assert first.path.parent == cache
    monkeypatch.setattr(compile_emulator.tools, "run", _refuse)
    assert hwgen.emulate(small_net()).path == first.path
    monkeypatch.setattr(compile_emulator, "processor", lambda: "another machine")
    with pytest.raises(ToolFailed, match="not now"):
        hwgen.emulate(small_net())
    assert not [p for p in cache.iterdir() if p.name.startswith(".new")]


def _refuse(command: list[str], *_: object, **__: object) -> str:
    if command[-1] in ("--version", "-V"):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    raise ToolFailed("not now")


def test_without_a_compiler_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile_emulator.shutil, "which", lambda *_, **__: None)
    with pytest.raises(ToolMissing, match=r"hwgen\.predict"):
        hwgen.emulate(two_ways())


def test_without_a_home_it_lives_as_long_as_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(compile_emulator, "FLAGS", ("-std=c++17", "-O0", "-fPIC", "-shared"))
    graph = DESIGNS["dense"]()
    equal(hwgen.emulate(graph), graph)


def test_numbers_that_are_too_wide_are_refused() -> None:
    big = [
        ("x", Input.of((2,), Fixed(40, 0, True)), ()),
        ("fc", Dense(np.array([[1 << 30], [3]]), np.zeros(1, np.int64)), ("x",)),
        ("cut", Requantize(40, -128, 127), ("fc",)),
    ]
    graph = make_graph("wide", [*big], ["cut"])
    with pytest.raises(ConfigError, match=r"more than 64 bits.*\n.*hwgen\.predict"):
        hwgen.emulate(graph)
    last = make_graph("wider", [("x", Input.of((2,), Fixed(70, 0, True)), ())], ["x"])
    with pytest.raises(ConfigError, match="70 bits"):
        hwgen.emulate(last)


def test_many_threads_at_once(tiny: Emulator) -> None:
    vectors = make_vectors(tiny.graph, 3000, 1)
    want, wrong = vectors.outputs["fc3_out"], []

    def work(first: int) -> None:
        for _ in range(20):
            rows = {"x": vectors.inputs["x"][first:]}
            if not np.array_equal(tiny.run(rows)["fc3_out"], want[first:]):
                wrong.append(first)

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 1, 77, 1500)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == []


def test_it_loads_and_unloads_without_growth() -> None:
    graph = DESIGNS["dense"]()  # no other test keeps it loaded
    library = emulator_of(graph)
    path = compile_emulator.compiled(library)
    codes = {"x_in": np.zeros((3, 4), np.int16)}
    want = None

    def turn() -> None:
        nonlocal want
        loaded = compile_emulator.Loaded(library, path)
        found = loaded.run(codes)["logits_out"]
        loaded.close()
        want = found if want is None else want
        assert np.array_equal(found, want)

    for _ in range(300):
        turn()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(2000):
        turn()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1024  # KiB
    assert path.name not in Path("/proc/self/maps").read_text()


@pytest.mark.ci
@pytest.mark.parametrize("march", ["x86-64-v3", "x86-64"])
def test_narrower_vectors_equal_the_reference(march: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "avx2" not in compile_emulator.processor():
        pytest.skip("this processor has no such vectors")
    monkeypatch.setattr(compile_emulator, "NATIVE", (f"-march={march}",))
    equal(hwgen.emulate(small_net()), small_net(), 700)
