# SPDX-License-Identifier: Apache-2.0
"""Random networks of tables: reference, logic and RTL against the tables' own arithmetic.

Expected outputs are made by `TableNet.run` from the files alone. Seeded faults are put into one
simulated network.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from hwgen.api.build import build
from hwgen.api.folder import BuildFolder
from hwgen.errors import Mismatch
from hwgen.ir.graph import Graph
from hwgen.logic.evaluate import evaluate
from hwgen.ops.reference import Reference
from hwgen.verify.simulate import BenchSettings, simulate
from hwgen.verify.vectors import Vectors
from tests.frontends.table_files import TableNet, random_net

QUICK, CI, LONG = range(6), range(6, 26), range(26, 126)
TARGETS = (("vu13p", "200MHz"), ("vu13p", "400MHz"), ("ulx3s", "60MHz"), ("arty_a7_35t", "150MHz"))
CLAIM = "matches_reference"


def drawn(seed: int) -> tuple[TableNet, np.random.Generator]:
    """Return a network of one to three layers of up to twelve bits."""
    rng = np.random.default_rng(seed)
    depth = int(rng.integers(1, 4))
    layers = rng.integers(1, 7, depth + 1).tolist()
    widths = rng.integers(1, 8, depth + 1).tolist()
    if seed % 5 == 0:
        widths[int(rng.integers(depth))] = int(rng.integers(9, 13))
        layers = [min(n, 3) for n in layers]
    return random_net(rng, layers, widths, alive=float(rng.uniform(0.3, 1))), rng


def built(net: TableNet, folder: Path, seed: int) -> BuildFolder:
    board, clock = TARGETS[seed % len(TARGETS)]
    build(net.write(folder / "model"), folder / "out", board=board, clock=clock)
    return BuildFolder.open(folder / "out")


def vectors_of(graph: Graph, net: TableNet, x: np.ndarray) -> Vectors:
    """Return samples with the outputs of the tables' own arithmetic."""
    y = np.array([net.run(row) for row in x.tolist()])
    (source,), (out,) = graph.inputs, graph.outputs
    return Vectors({source.name: x}, {out.name: y}, (("tables", len(x)),))


def check(seed: int, folder: Path, simulated: bool) -> None:
    net, rng = drawn(seed)
    opened = built(net, folder, seed)
    vectors = vectors_of(opened.graph, net, net.samples(rng, 300))
    ((name, want),) = vectors.outputs.items()
    assert np.array_equal(Reference(opened.graph).run(vectors.inputs)[name], want)
    got = evaluate(opened.design.pipeline.logic, vectors.inputs, check=True)[name]
    assert np.array_equal(got, want)
    if simulated:
        bench = BenchSettings(tests=(CLAIM,))
        assert simulate(opened.folder, vectors, bench).samples == len(want)


@pytest.mark.parametrize("seed", QUICK)
def test_logic_is_the_tables_arithmetic(seed: int, tmp_path: Path) -> None:
    check(seed, tmp_path, simulated=False)


@pytest.mark.sim
@pytest.mark.parametrize(
    "seed",
    [
        3,
        *(pytest.param(seed, marks=pytest.mark.ci) for seed in CI),
        *(pytest.param(seed, marks=[pytest.mark.slow, pytest.mark.fuzz]) for seed in LONG),
    ],
)
def test_rtl_is_the_tables_arithmetic(seed: int, tmp_path: Path) -> None:
    check(seed, tmp_path, simulated=True)


# --------------------------------------------------------------------------------- seeded faults

LAYER0, LAYER1 = (rf"rtl/\w+_layer{n}\.sv" for n in (0, 1))
# File, the kind of place, which of them, what is there instead.
FAULTS = {
    "first bit of the first table": (LAYER0, r"'h[0-9a-f]*([0-9a-f])\)", 0, lambda v: v ^ 1),
    "a bit of the last table": (LAYER1, r"'h([0-9a-f])[0-9a-f]*\)", -1, lambda v: v ^ 1),
    "address bits": (LAYER0, r"x_data_i\[7:4\];", 0, "x_data_i[6:3];"),
    "a term of a chain": (LAYER1, r"\.A\(\d+'h([0-9a-f])", 0, lambda v: v ^ 0b0101),
    "a gate or an inversion": (LAYER1, r"\.B\(\d+'h[0-9a-f]*([1-9a-f])", -1, lambda v: v ^ 0b1111),
    "a third term": (LAYER0, r"\.C\(\d+'h[0-9a-f]*([1-9a-f])", 0, lambda v: v ^ 0b1111),
    "a carry that enters": (LAYER1, r"\.carry_i\(\w+\[\d\]\)", 0, ".carry_i(1'b0)"),
}


@pytest.fixture(scope="module")
def faultless(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Vectors]:
    """A network that never saturates, so that no fault hides behind a bound; and its vectors."""
    rng = np.random.default_rng(11)
    net = random_net(rng, [3, 3, 2], [4, 4, 9], alive=1.0)
    for name, edge in net.edges.items():
        top = 2 if name[0] == "0" else 100
        edge["values_int"] = rng.integers(-top, top + 1, len(edge["values_int"])).tolist()
    folder = tmp_path_factory.mktemp("faults")
    build(net.write(folder / "model"), folder / "out", board="vu13p", clock="200MHz")
    graph = BuildFolder.open(folder / "out").graph
    every = np.stack(np.meshgrid(*[np.arange(16)] * 3), -1).reshape(-1, 3)
    return folder / "out", vectors_of(graph, net, every)


@pytest.mark.sim
@pytest.mark.ci
@pytest.mark.parametrize("name", FAULTS)
def test_seeded_faults_are_caught(name: str, faultless, tmp_path: Path) -> None:
    build_folder, vectors = faultless
    file_name, pattern, nth, put = FAULTS[name]
    out = tmp_path / "out"
    shutil.copytree(build_folder, out)
    (file,) = (f for f in out.rglob("*.sv") if re.search(file_name, f.as_posix()))
    text = file.read_text("utf-8")
    place = list(re.finditer(pattern, text))[nth]
    if callable(put):
        wrong = f"{put(int(place[1], 16)):x}"
        start, end = place.span(1)
    else:
        wrong, (start, end) = put, place.span()
    assert text[start:end] != wrong
    file.write_text(text[:start] + wrong + text[end:], "utf-8")
    with pytest.raises(Mismatch):
        simulate(out, vectors, BenchSettings(tests=(CLAIM,)))


@pytest.mark.sim
@pytest.mark.ci
def test_the_network_of_the_faults_has_none(faultless) -> None:
    out, vectors = faultless
    result = simulate(out, vectors, BenchSettings(tests=(CLAIM,)))
    assert result.samples == len(vectors) == 16**3
