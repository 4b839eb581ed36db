# SPDX-License-Identifier: Apache-2.0
"""The reference walks a graph in the quickest exact carriers; results never depend on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen.errors import ConfigError
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.tensor import int_array
from hwgen.ops import (
    Add,
    Concat,
    Conv,
    Dense,
    Input,
    MaxPool,
    Multiply,
    Requantize,
    Reshape,
    ShiftLeft,
    Thresholds,
)
from hwgen.ops.reference import Reference, run_reference


def grown(*steps, outputs):
    """Build a graph from (name, op, inputs)."""
    nodes = {}
    for name, op, inputs in steps:
        nodes[name] = Node(name, op, tuple(inputs), op.infer([nodes[i].type for i in inputs]))
    made = Graph("toy", tuple(nodes.values()), tuple(Output(o, n, (1.0,)) for o, n in outputs))
    made.check()
    return made


def network(seed=1, scale=1):
    """Return two inputs, a convolution, a residual, steps, and two outputs; *scale* widens it."""
    rng = np.random.default_rng(seed)
    image, line = Input.of((6, 2), Fixed(5, 2, True)), Input.of((3,), Fixed(4, 2))
    kernel = rng.integers(-9, 10, (3, 2, 2)).astype(object) * scale
    wide = rng.integers(-9, 10, (9, 4)).astype(object) * scale
    return grown(
        ("a", image, ()),
        ("b", line, ()),
        ("conv", Conv(kernel, rng.integers(-9, 9, 2), (1,), ((1, 1),)), ("a",)),
        ("q", Requantize(4, -8, 7, 6, -4), ("conv",)),
        ("up", ShiftLeft(1), ("a",)),
        ("down", Requantize(5, -16, 15), ("up",)),
        ("sum", Add((1, -1)), ("q", "down")),
        ("pool", MaxPool((2,)), ("sum",)),
        ("flat", Reshape((6,)), ("pool",)),
        ("shift", ShiftLeft(0), ("flat",)),
        ("b2", Requantize(4, 0, 15), ("b",)),
        ("cat", Concat(-1), ("shift", "b2")),
        ("fc", Dense(wide, rng.integers(-99, 99, 4)), ("cat",)),
        ("steps", Thresholds(np.sort(rng.integers(-99, 99, (4, 7))), np.arange(8), 0), ("fc",)),
        ("unused", Multiply(), ("b", "b")),
        outputs=(("y", "steps"), ("logits", "fc")),
    )  # fmt: skip


def samples(graph, rng, count):
    return {
        n.name: rng.integers(n.type.lo, n.type.hi + 1, (count, *n.type.shape)) for n in graph.inputs
    }


@pytest.mark.parametrize("bits", [0, 12, 40, 60, 90])
def test_every_width_equals_the_oracle(bits, oracle, rng):
    graph = network(scale=1 << bits)
    inputs = samples(graph, rng, 9)
    values = {}
    for node in graph.nodes:
        ins = [values[i] for i in node.inputs] or [inputs[node.name]]
        values[node.name] = oracle(node.op, ins)
    got = run_reference(graph, inputs)
    assert list(got) == ["y", "logits"]
    for name, node in (("y", "steps"), ("logits", "fc")):
        wide = graph[node].type.peak >= 1 << 62
        assert got[name].dtype == (object if wide else np.int64)
        assert np.array_equal(got[name].astype(object), values[node])
    kept = run_reference(graph, inputs, keep=[n.name for n in graph.nodes])
    assert list(kept) == [n.name for n in graph.nodes]
    for name, codes in kept.items():
        assert np.array_equal(codes.astype(object), values[name]), name


def test_chunks_do_not_show(rng):
    graph = network()
    inputs = samples(graph, rng, 100)
    whole = run_reference(graph, inputs)
    for chunk in (1, 7, 99, 100, 1000):
        reference = Reference(graph)
        reference._chunk = chunk
        got = reference.run(inputs)
        assert all(np.array_equal(got[name], whole[name]) for name in whole)


def test_many_samples_equal_single_ones(rng):
    graph = network()
    inputs = samples(graph, rng, 9000)
    whole = run_reference(graph, inputs)["y"]
    for at in (0, 1, 4097, 8999):
        one = run_reference(graph, {k: v[at : at + 1] for k, v in inputs.items()})["y"]
        assert np.array_equal(one[0], whole[at])


def test_narrow_networks_run_in_float32_and_wide_ones_do_not():
    used = {s.node.name: s.dtype.name for s in Reference(network())._steps}
    assert set(used.values()) == {"float32"}
    assert "unused" not in used
    used = {s.node.name: s.dtype.name for s in Reference(network(scale=1 << 21))._steps}
    assert used["fc"] == "float64"
    used = {s.node.name: s.dtype.name for s in Reference(network(scale=1 << 90))._steps}
    assert used["fc"] == "object"
    assert used["pool"] == "float32"


def test_no_samples_give_no_samples():
    graph = network()
    got = run_reference(graph, {"a": np.zeros((0, 6, 2), int), "b": np.zeros((0, 3), int)})
    assert got["y"].shape == (0, 4)
    assert got["y"].dtype == np.int64


@settings(derandomize=True, deadline=None, database=None, max_examples=30)
@given(st.sampled_from(["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "O", "?"]))
def test_any_integer_dtype_is_taken(dtype):
    graph = grown(("x", Input.of((2,), Fixed(1)), ()), outputs=[("y", "x")])
    x = np.array([[0, 1], [1, 1]]).astype(dtype)
    got = run_reference(graph, {"x": x})["y"]
    assert got.dtype == np.int64
    assert np.array_equal(got, [[0, 1], [1, 1]])


@pytest.mark.parametrize(
    ("dtype", "code"),
    [
        ("i8", 16),
        ("i8", -17),
        ("i8", (1 << 24) + 1),
        ("i8", -(1 << 63)),
        ("i8", (1 << 63) - 1),
        ("u8", (1 << 64) - 1),
        ("O", 1 << 64),
        ("O", -(1 << 200)),
    ],
)
def test_a_code_outside_its_interval_is_named(dtype, code):
    graph = network()
    a = np.zeros((5000, 6, 2), dtype)
    b = np.zeros((5000, 3), int)
    a[4321, 3, 1] = code
    with pytest.raises(ConfigError, match=r"sample 4321, element \(3, 1\)") as error:
        run_reference(graph, {"a": a, "b": b})
    assert error.value.where == "input a"
    assert "[-16, 15]" in error.value.what
    assert error.value.hint


def test_intervals_are_checked_element_by_element():
    op = Input((2,), Fixed(4), int_array([0, 3]), int_array([5, 15]))
    graph = grown(("x", op, ()), outputs=[("y", "x")])
    run_reference(graph, {"x": np.array([[5, 3], [0, 15]])})
    for wrong in ([6, 3], [5, 2]):
        with pytest.raises(ConfigError, match="sample 1, element"):
            run_reference(graph, {"x": np.array([[0, 3], wrong])})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda i: {"a": i["a"]}, "do not match"),
        (lambda i: {**i, "c": i["a"]}, "do not match"),
        (lambda i: {}, "inputs none"),
        (lambda i: {**i, "a": i["a"][0]}, "of shape"),
        (lambda i: {**i, "a": 3}, "of shape"),
        (lambda i: {**i, "a": i["a"].reshape(4, 12)}, "of shape"),
        (lambda i: {**i, "a": i["a"] * 0.5}, "must be integers, not float64"),
        (lambda i: {**i, "a": np.full((4, 6, 2), None)}, "must be integers, not object"),
        (lambda i: {**i, "b": i["b"][:3]}, "differ in samples"),
    ],
)
def test_unfit_inputs_are_config_errors(change, said, rng):
    graph = network()
    with pytest.raises(ConfigError, match=said) as error:
        run_reference(graph, change(samples(graph, rng, 4)))
    assert error.value.hint


def test_an_unknown_node_to_keep_is_a_config_error():
    with pytest.raises(ConfigError, match="no node is named nobody"):
        Reference(network(), keep=["nobody"])


def test_a_graph_of_constants_needs_no_inputs_of_use(rng):
    graph = network()
    dead = replace(graph, outputs=(Output("y", "b", (1.0,)),))
    inputs = samples(dead, rng, 3)
    assert np.array_equal(run_reference(dead, inputs)["y"], inputs["b"])


def test_the_callers_arrays_are_left_alone(rng):
    graph = network()
    inputs = samples(graph, rng, 5)
    kept = {k: v.copy() for k, v in inputs.items()}
    got = run_reference(graph, inputs, keep=["a"])["a"]
    got[:] = 0
    assert all(np.array_equal(inputs[k], kept[k]) for k in kept)
