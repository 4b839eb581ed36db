# SPDX-License-Identifier: Apache-2.0
"""Networks of tables: what is read, what is shipped, and what is refused, all at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hwgen.api.load import load
from hwgen.api.predict import predict
from hwgen.errors import ConfigError, ModelError, ModelProblems
from hwgen.frontends import read, reader_of, sources
from hwgen.frontends.options import options
from hwgen.ops.edge_tables import EdgeTables
from tests.frontends.table_files import TableNet, random_net

SHARED = Path(__file__).resolve().parents[3] / "shared" / "models" / "kan"
SIZES = ([3, 4, 2], [4, 3, 5])


@pytest.fixture
def net(rng: np.random.Generator) -> TableNet:
    return random_net(rng, *SIZES)


def test_a_network_of_tables_is_its_own_arithmetic(net, rng, tmp_path) -> None:
    path = net.write(tmp_path, vectors=net.samples(rng, 5))
    assert reader_of(path).name == "tables"
    graph = load(path)
    x = net.samples(rng, 200)
    assert np.array_equal(predict(graph, x), [net.run(row) for row in x.tolist()])
    assert str(graph.inputs[0].type) == "3 u4.0 [0, 15]"
    layers = [node.op for node in graph.nodes if isinstance(node.op, EdgeTables)]
    assert [(op.first, op.lo, op.hi) for op in layers] == [(0, -4, 3), (-4, -16, 15)]
    assert all(op.edges < op.bias.size * op.values.shape[0] for op in layers)


def test_the_files_are_shipped_as_they_came(net, rng, tmp_path) -> None:
    path = net.write(tmp_path)
    plain = {f"model/tables/{name}" for name in ("truth_tables.json", "config.json")}
    assert set(sources(path)) == plain
    net.write(tmp_path, vectors=net.samples(rng, 3))
    shipped = sources(path)
    vectors = {f"model/tables/vectors_{end}.txt" for end in ("in", "out")}
    assert set(shipped) == plain | vectors
    for name, content in shipped.items():
        assert content == (tmp_path / Path(name).name).read_bytes()


@pytest.mark.parametrize("name", ["jets", "rl"])
def test_the_published_vectors_come_out(name: str) -> None:
    if not SHARED.is_dir():
        pytest.skip("no shared models beside the checkout")
    folder = SHARED / name
    graph = load(folder / "truth_tables.json")
    x, y = (np.loadtxt(folder / f"vectors_{end}.txt", int, ndmin=2) for end in ("in", "out"))
    assert len(x) == 10
    assert np.array_equal(predict(graph, x), y)


# ------------------------------------------------------------------------------- what is refused


def problems(path: Path) -> list[ModelError]:
    with pytest.raises(ModelError) as caught:
        read(path)
    error = caught.value
    found = list(error.problems) if isinstance(error, ModelProblems) else [error]
    assert all(one.what and one.where and one.hint for one in found)
    return found


def edge(name: str, **values: object) -> Callable[[TableNet], None]:
    return lambda net: net.edges[name].update(values)


def rename(name: str, new: str) -> Callable[[TableNet], None]:
    def change(net: TableNet) -> None:
        net.edges[new] = net.edges.pop(name)

    return change


WRONG: dict[str, tuple[Callable[[TableNet], object], str, str]] = {
    "short": (edge("0_1_2", values_int=[1] * 15), "15 values, not 16", "edge 0_1_2"),
    "long": (edge("1_1_1", values_int=[1] * 16), "16 values, not 8", "edge 1_1_1"),
    "float": (edge("0_0_0", values_int=[0.5] * 16), "no list of integers", "edge 0_0_0"),
    "bool": (edge("0_0_0", values_int=[True] * 16), "no list of integers", "edge 0_0_0"),
    "text": (edge("0_0_0", values_int="0" * 16), "no list of integers", "edge 0_0_0"),
    "huge value": (edge("0_0_0", values_int=[1 << 50] * 16, acive=1), "51 bits", "edge 0_0_0"),
    "not active": (edge("0_0_0", values_int=[1] * 16, acive=0), "not active", "edge 0_0_0"),
    "active how": (edge("0_0_0", acive="yes"), "active is 'yes'", "edge 0_0_0"),
    "key": (edge("0_0_0", scale=2), "unknown keys 'scale'", "edge 0_0_0"),
    "no table": (lambda net: net.edges.update({"0_0_0": [1]}), "no table", "edge 0_0_0"),
    "no such layer": (lambda net: net.edges.update({"2_0_0": {}}), "unknown edges '2_0_0'", ""),
    "no such input": (lambda net: net.edges.update({"0_3_0": {}}), "unknown edges '0_3_0'", ""),
    "no such output": (lambda net: net.edges.update({"1_0_2": {}}), "unknown edges '1_0_2'", ""),
    "no edge": (lambda net: net.edges.update({"scale": {}}), "unknown edges 'scale'", ""),
    "leading zero": (rename("0_0_1", "0_0_01"), "unknown edges '0_0_01'", ""),
    "missing": (lambda net: net.edges.pop("1_3_1"), "edge is missing of 3-4-2: '1_3_1'", ""),
    "width 0": (lambda net: net.widths.__setitem__(1, 0), "'layers_bitwidth' is no", "config.json"),
    "width 13": (lambda net: net.widths.__setitem__(0, 13), "out of range", "config.json"),
    "width 33": (lambda net: net.widths.__setitem__(2, 33), "out of range", "config.json"),
    "widths": (lambda net: net.widths.append(3), "3 figures in 'layers' and 4", "config.json"),
    "layers": (lambda net: net.layers.__setitem__(0, "3"), "'layers' is no list", "config.json"),
    "one layer": (lambda net: net.layers.__delitem__(slice(1, 3)), "'layers' is no", "config.json"),
    "far too many": (lambda net: net.layers.__setitem__(0, 1 << 40), "entries", "config.json"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_tables_are_refused(name: str, net: TableNet, tmp_path: Path) -> None:
    change, what, where = WRONG[name]
    change(net)
    found = problems(net.write(tmp_path))
    assert any(what in one.what and where in one.where for one in found), [str(f) for f in found]


def test_all_problems_are_told_at_once(net, rng, tmp_path) -> None:
    vectors = net.samples(rng, 4)
    net.write(tmp_path, vectors)
    for name in ("short", "float", "no such layer", "missing"):
        WRONG[name][0](net)
    path = net.write(tmp_path)
    (tmp_path / "vectors_in.txt").write_text("1 2\n")
    whats = " | ".join(one.what for one in problems(path))
    for part in ("15 values", "no list of integers", "unknown edges", "is missing of", "line 1"):
        assert part in whats


def test_an_edge_that_is_there_twice_is_refused(net, tmp_path) -> None:
    path = net.write(tmp_path)
    again = json.dumps({"0_0_0": net.edges["0_0_0"]})
    path.write_text(path.read_text()[:-1] + ", " + again[1:])
    assert "'0_0_0' is there more than once" in problems(path)[0].what


def test_a_file_without_its_config_is_refused(net, tmp_path) -> None:
    path = net.write(tmp_path)
    (tmp_path / "config.json").unlink()
    assert "config.json is missing" in problems(path)[0].what


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "\xff", '{"layers": 3}'])
def test_a_config_that_is_none_is_refused(text, net, tmp_path) -> None:
    path = net.write(tmp_path)
    (tmp_path / "config.json").write_text(text, "latin-1")
    assert problems(path)[0].where == "config.json"


@pytest.mark.parametrize("cut", [1, 200, 1000])
def test_tables_that_end_early_are_refused(cut, net, tmp_path) -> None:
    path = net.write(tmp_path)
    path.write_text(path.read_text()[:-cut])
    assert "not JSON" in problems(path)[0].what


VECTORS: dict[str, tuple[str, str, str]] = {
    "word": ("in", "1 2 x\n", "no lines of integers"),
    "count": ("in", "1 2\n", "line 1 is not 3 integers from 0 to 15"),
    "wide": ("in", "1 2 16\n", "line 1 is not 3 integers from 0 to 15"),
    "sign": ("in", "1 2 -1\n", "line 1 is not 3 integers"),
    "output": ("out", "1 16\n", "line 1 is not 2 integers from -16 to 15"),
    "lines": ("out", "1 1\n", "4 inputs and 1 output"),
}


@pytest.mark.parametrize("name", VECTORS)
def test_wrong_vectors_are_refused(name, net, rng, tmp_path) -> None:
    end, text, what = VECTORS[name]
    path = net.write(tmp_path, net.samples(rng, 4))
    (tmp_path / f"vectors_{end}.txt").write_text(text)
    assert what in problems(path)[0].what


def test_vectors_that_the_tables_do_not_compute_are_refused(net, rng, tmp_path) -> None:
    x = net.samples(rng, 4)
    path = net.write(tmp_path, x)
    rows = [net.run(row) for row in x.tolist()]
    rows[2][1] ^= 1
    text = "\n".join(" ".join(map(str, row)) for row in rows)
    (tmp_path / "vectors_out.txt").write_text(text)
    (found,) = problems(path)
    assert found.what.startswith(f"line 3 says that output 1 is {rows[2][1]}, the tables compute")
    assert "1 of 4 lines differ" in found.what
    (tmp_path / "vectors_in.txt").unlink()
    assert "vectors_in.txt is missing" in problems(path)[0].what


@pytest.mark.parametrize("given", [{"input_format": "s8.4"}, {"weights": Path("w.h5")}])
def test_options_of_other_readers_are_refused(given, net, tmp_path) -> None:
    path = net.write(tmp_path)
    with pytest.raises(ConfigError, match="leave"):
        load(path, weights=given.get("weights"), options=options(given.get("input_format")))
