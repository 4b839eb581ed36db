# SPDX-License-Identifier: Apache-2.0
"""Announced differences: granted where a note says so, followed exactly, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwgen
from hwgen.api.load import load
from hwgen.errors import Mismatch
from hwgen.frontends.keras import live
from hwgen.ir.graph import Graph, Output
from hwgen.ops.reference import Reference
from hwgen.verify.announced import differing, follow, places
from tests.cli.models import GRID, act, dense, sequential, source, variables
from tests.frontends.keras_files import full_h5

LAYERS = [act("q", GRID), dense("fc1", 6), act("a1"), dense("fc2", 5), act("a2"), dense("fc3", 3)]
SIZES = {"fc1": (4, 6), "fc2": (6, 5), "fc3": (5, 3)}
NOTE = "fc1: Keras' float32 sums round"


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    path = tmp_path_factory.mktemp("net") / "m.h5"
    return load(full_h5(path, sequential(source(), *LAYERS), variables(SIZES)))


def samples(graph: Graph, count: int = 50) -> dict[str, Any]:
    (x,) = graph.inputs
    rng = np.random.default_rng(4)
    return {x.name: rng.integers(x.type.lo, x.type.hi + 1, (count, *x.type.shape))}


def theirs(graph: Graph, inputs: Any, at: str, row: int, by: int) -> tuple[Any, Any]:
    """Return values of a node and of the outputs in a framework that computes other codes there."""
    kept: list[Any] = []

    def move(codes: Any) -> Any:
        moved = codes.copy()
        moved[row, 1] += by if codes[row, 1] + by <= graph[at].type.hi[1] else -by
        kept.append(moved)
        return moved

    outputs = Reference(graph).run(inputs, {at: move})
    values = np.ldexp(np.concatenate(kept).astype(np.float32), -graph[at].type.frac)
    return values, [outputs[o.name] * np.array(o.scale) for o in graph.outputs]


def test_places_are_the_first_known_nodes_behind_a_note(graph: Graph) -> None:
    assert places(graph, [NOTE], {"a1": 0, "a2": 0}) == {"a1": 1}
    assert places(graph, [NOTE], {"a2": 0, "fc3": 0}) == {"a2": 1}
    assert places(graph, ["a2: thresholds"], {"a1": 0, "a2": 0, "fc3": 0}) == {"a2": 1}
    assert places(graph, ["fc3: sums"], {"a1": 0}) == {"fc3": 1}, "an output is a place as it is"
    assert places(graph, [], {"a1": 0}) == {}


def test_one_code_that_grows_is_followed(graph: Graph) -> None:
    inputs = samples(graph)
    room = places(graph, [NOTE], {"a1": 0, "a2": 0})
    grown = 0.0
    for row in range(20):
        values, found = theirs(graph, inputs, "a1", row, 1)
        done = follow(graph, inputs, {"a1": values}, room)
        assert not done.strayed.any()
        assert not differing(graph.outputs, done.outputs, found).any()
        plain = Reference(graph).run(inputs)[graph.outputs[0].name]
        grown = max(grown, np.abs(plain - found[0] / graph.outputs[0].scale[0]).max())
    assert grown > 1, "an example that does not grow proves nothing"


def test_two_codes_are_a_fault(graph: Graph) -> None:
    inputs = samples(graph)
    values, _ = theirs(graph, inputs, "a1", 7, 2)
    done = follow(graph, inputs, {"a1": values}, {"a1": 1})
    assert np.flatnonzero(done.strayed).tolist() == [7]


def test_a_value_off_the_grid_or_beyond_the_interval_is_a_fault(graph: Graph) -> None:
    inputs = samples(graph)
    values, _ = theirs(graph, inputs, "a1", 7, 0)
    step = 2.0 ** -graph["a1"].type.frac
    values[3, 0] += step / 2
    values[4, 0] = np.ldexp(graph["a1"].type.lo[0] - 1, -graph["a1"].type.frac)
    done = follow(graph, inputs, {"a1": values}, {"a1": 1 << 20})
    assert np.flatnonzero(done.strayed).tolist() == [3, 4]


def test_a_difference_elsewhere_is_not_granted(graph: Graph) -> None:
    inputs = samples(graph)
    _, found = theirs(graph, inputs, "a2", 7, 1)
    plain = Reference(graph).run(inputs, {"a1": lambda codes: codes})
    kept = np.ldexp(
        Reference(graph, ["a1"]).run(inputs)["a1"].astype(float), -graph["a1"].type.frac
    )
    done = follow(graph, inputs, {"a1": kept}, {"a1": 1})
    assert (done.outputs[graph.outputs[0].name] == plain[graph.outputs[0].name]).all()
    assert np.flatnonzero(differing(graph.outputs, done.outputs, found)).tolist() == [7]


def test_scale_and_offset_of_a_port_may_round_and_a_dead_channel_has_no_code() -> None:
    out = Output("y", "fc", (0.3, 0.0), (1.0, 2.0))
    codes = {"y": np.array([[3_000_000, 5], [3_000_000, 5], [3, 5], [3, 5]])}
    values = np.array([[900_001.0, 2.0], [900_002.0, 2.0], [1.9, 2.0], [1.9, 2.5]], np.float32)
    assert differing([out], codes, [values]).tolist() == [False, True, False, True]


@pytest.mark.keras
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_deep_network_with_a_scale_of_no_power_of_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Codes that float32 sums round otherwise grow to several at the output: none is a fault."""
    config = sequential(source(), act("q", "quantized_bits(12,5,1,alpha=1)"), *deep())
    sizes = {"fc0": (4, 16), "fc1": (16, 16), "fc2": (16, 16), "fc3": (16, 4)}
    rng = np.random.default_rng(3)
    drawn = {
        n: (rng.normal(0, 0.5, s).astype(np.float32), rng.normal(0, 0.5, s[1:]).astype(np.float32))
        for n, s in sizes.items()
    }
    model = full_h5(tmp_path / "m.h5", config, variables(sizes, **drawn))
    made = hwgen.build(model, tmp_path / "out", board="vcu118")
    verdict = hwgen.verify(tmp_path / "out", samples=20000)
    assert verdict.mismatches == 0
    assert verdict.announced > 0
    assert all("float32 sums round" in note for note in verdict.because)
    true = live.logits

    def spoiled(*given: Any) -> list[Any]:
        (values,) = true(*given)
        values[100, 2] += 2 * np.float32(made.graph.outputs[0].scale[0])
        return [values]

    monkeypatch.setattr(live, "logits", spoiled)
    with pytest.raises(Mismatch, match=r"sample 100 .*, element 2") as caught:
        hwgen.verify(tmp_path / "out", samples=20000)
    assert caught.value.mismatches == 1


def deep() -> list[dict[str, Any]]:
    bits = "quantized_bits(6,0,1,alpha='auto')"
    made = []
    for n, units in enumerate((16, 16, 16, 4)):
        made += [dense(f"fc{n}", units, kernel=bits), act(f"a{n}", GRID)]
    return made
