# SPDX-License-Identifier: Apache-2.0
"""Graphs survive JSON; damaged documents are told apart from bugs."""

from __future__ import annotations

import copy
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from hwgen.errors import ModelError
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.tensor import int_array
from hwgen.ops import OPS, Add, Conv, Dense, Example, Input, Requantize, Reshape, Thresholds
from hwgen.ops.serial import digest, graph_from_json, graph_to_json


def grown(*steps, outputs, **more):
    """Build a graph from (name, op, inputs)."""
    nodes = {}
    for name, op, inputs in steps:
        found = op.infer([nodes[i].type for i in inputs])
        nodes[name] = Node(name, op, tuple(inputs), found, f"layer/{name}", "said")
    made = Graph("toy", tuple(nodes.values()), outputs, **more)
    made.check()
    return made


@pytest.fixture
def graph():
    image = Input((4, 2), Fixed(4, 3, True), int_array(-8), int_array([[7, 3]]))
    kernel = np.arange(12).reshape(3, 2, 2) - 5
    return grown(
        ("x", image, ()),
        ("conv", Conv(kernel, np.array([1, -2]), (1,), ((1, 1),)), ("x",)),
        ("q", Requantize(2, -8, 7, 3, -8), ("conv",)),
        ("up", Requantize(-1, -16, 15), ("x",)),
        ("flat", Reshape((8,)), ("q",)),
        ("fc", Dense(np.eye(8, 3, dtype=int), int_array([1 << 80, 0, -1])), ("flat",)),
        ("steps", Thresholds(int_array([0, 1 << 70]), int_array([0, 1, 2]), 0), ("fc",)),
        outputs=(
            Output("y", "steps", (0.1,)),
            Output("z", "fc", (1.0, 0.5, 0.25), (0.0, 1e-9, 3.0)),
        ),
        notes=("softmax dropped",),
        scaler_mean=(0.1, 0.2),
        scaler_std=(1.0, 3.3),
    )  # fmt: skip


def through_files(graph):
    """Write and read as a bundle would."""
    document, arrays = graph_to_json(graph)
    file = io.BytesIO()
    np.savez(file, **arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        return graph_from_json(json.loads(json.dumps(document, allow_nan=False)), dict(stored))


def test_a_graph_comes_back_equal(graph):
    again = through_files(graph)
    again.check()
    assert again == graph
    assert digest(again) == digest(graph)
    assert json.dumps(graph_to_json(again)[0]) == json.dumps(graph_to_json(graph)[0])


CASES = [
    pytest.param(example, id=f"{kind}-{number}")
    for kind, cls in sorted(OPS.items())
    for number, example in enumerate(cls.examples())
]


@pytest.mark.parametrize("example", CASES)
def test_every_operation_comes_back_equal(example: Example):
    inputs = [
        (f"x{n}", Input(t.shape, t.fixed, t.lo, t.hi), ()) for n, t in enumerate(example.types)
    ]
    steps = [*inputs, ("y", example.op, tuple(name for name, *_ in inputs))]
    graph = grown(*steps, outputs=(Output("y", "y", (1.0,)),))
    again = through_files(graph)
    assert again == graph
    assert digest(again) == digest(graph)


def test_the_digest_ignores_notes_alone(graph):
    first, *rest = graph.nodes
    silent = replace(graph, notes=(), nodes=(replace(first, note="other"), *rest))
    assert digest(silent) == digest(graph)
    conv = replace(graph["conv"], op=replace(graph["conv"].op, bias=np.array([1, -3])))
    seen = {digest(graph)}
    for other in (
        replace(graph, name="other"),
        replace(graph, outputs=graph.outputs[:1]),
        replace(graph, outputs=(replace(graph.outputs[0], scale=(0.2,)), graph.outputs[1])),
        replace(graph, scaler_mean=(0.1, 0.3)),
        replace(graph, nodes=tuple(conv if n.name == "conv" else n for n in graph.nodes)),
        replace(graph, nodes=(replace(first, layer="renamed"), *rest)),
    ):
        seen.add(digest(other))
    assert len(seen) == 7


def test_the_digest_is_the_same_on_every_machine():
    graph = grown(
        ("x", Input((2,), Fixed(3), int_array(0), int_array(7)), ()),
        ("y", Dense(np.array([[1, -2], [3, 4]]), np.array([5, 6])), ("x",)),
        outputs=(Output("y", "y", (0.5,)),),
    )
    assert digest(graph) == "ed45c469973f3794714a617b1b23e2b74cc7fc76c66eb9f90cf9bc28a847a4da"


def spoil(document, path, value):
    target = document
    for key in path[:-1]:
        target = target[key]
    if value is KeyError:
        del target[path[-1]]
    else:
        target[path[-1]] = value


SPOILED = [
    (("hwgen",), "0.1.0", "no graph document"),
    (("hwgen",), KeyError, "'hwgen' is missing"),
    (("schema",), 2, "schema 2"),
    (("schema",), True, "'schema' must be int"),
    (("name",), "a b", "no identifier"),
    (("name",), "prüf", "no identifier"),
    (("nodes",), {}, "'nodes' must be list"),
    (("nodes", 1), 7, "an object was expected"),
    (("nodes", 1, "name"), "x", "two nodes have this name"),
    (("nodes", 1, "kind"), "lambda", "unknown operation 'lambda'"),
    (("nodes", 1, "inputs"), ["q"], "no earlier node"),
    (("nodes", 1, "inputs"), [], "takes 1 input, not 0"),
    (("nodes", 1, "inputs"), [3], "must hold strings"),
    (("nodes", 1, "layer"), None, "'layer' must be str"),
    (("nodes", 1, "extra"), 1, "unknown keys"),
    (("nodes", 1, "fields", "weight"), KeyError, "'weight' is missing"),
    (("nodes", 1, "fields", "colour"), 1, "unknown keys"),
    (("nodes", 1, "fields", "weight"), {"array": "none.weight"}, "'none.weight' is missing"),
    (("nodes", 1, "fields", "weight"), [[1]], "an array was expected"),
    (("nodes", 1, "fields", "bias"), {"shape": [3], "ints": ["1"]}, "does not fill"),
    (("nodes", 1, "fields", "bias"), {"shape": [-1], "ints": ["1"]}, "does not fill"),
    (("nodes", 1, "fields", "bias"), {"shape": [1], "ints": ["1"]}, "bias of shape"),
    (("nodes", 1, "fields", "bias"), {"shape": [2], "ints": ["1", "x"]}, "an integer was expected"),
    (("nodes", 1, "fields", "strides"), "1", "a list of integers was expected"),
    (("nodes", 1, "fields", "strides"), [1.5], "an integer was expected"),
    (("nodes", 1, "fields", "padding"), [1, 1], "a list of integers was expected"),
    (("nodes", 1, "fields", "padding"), [[1]], "padding"),
    (("nodes", 2, "fields", "shift"), True, "an integer was expected"),
    (("nodes", 2, "fields", "lo"), 99, "is above hi"),
    (("nodes", 0, "fields", "fixed"), "q4", "no number format"),
    (("nodes", 0, "fields", "fixed"), 4, "a number format was expected"),
    (("nodes", 0, "fields", "shape"), [4, 10**12], "out of range"),
    (("nodes", 0, "fields", "shape"), [0, 2], "out of range"),
    (("nodes", 0, "fields", "lo"), {"shape": [], "ints": [-99]}, "leaves the format"),
    (("outputs",), [], "outputs"),
    (("outputs", 0, "name"), "z", "two of one name"),
    (("outputs", 0, "node"), "nobody", "unknown node"),
    (("outputs", 1, "scale"), [1.0, 2.0], "do not fit 3 channels"),
    (("outputs", 0, "scale"), ["a"], "finite numbers"),
    (("outputs", 0, "scale"), [float("nan")], "finite numbers"),
    (("notes",), "text", "'notes' must be list"),
    (("scaler_std",), [None], "finite numbers"),
    (("surprise",), 1, "unknown keys"),
]


@pytest.mark.parametrize(("path", "value", "said"), SPOILED)
def test_a_damaged_document_is_a_model_error(graph, path, value, said):
    document, arrays = graph_to_json(graph)
    document = copy.deepcopy(document)
    spoil(document, path, value)
    with pytest.raises(ModelError, match=said) as error:
        graph_from_json(document, arrays)
    assert error.value.hint


@pytest.mark.parametrize("document", [None, [], "graph", 3, {}])
def test_what_is_no_document_is_a_model_error(document):
    with pytest.raises(ModelError):
        graph_from_json(document, {})


def test_damaged_arrays_are_model_errors(graph):
    document, arrays = graph_to_json(graph)
    for name in arrays:
        for wrong in (np.zeros(3), np.array("text"), np.zeros((2, 2, 2, 2, 2), int)):
            with pytest.raises(ModelError):
                graph_from_json(document, {**arrays, name: wrong})
        with pytest.raises(ModelError, match="is missing"):
            graph_from_json(document, {k: v for k, v in arrays.items() if k != name})


def test_any_single_deletion_is_a_model_error(graph):
    document, arrays = graph_to_json(graph)

    def keys(value, path=()):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield (*path, key)
                yield from keys(inner, (*path, key))
        elif isinstance(value, list):
            for n, inner in enumerate(value):
                yield from keys(inner, (*path, n))

    paths = list(keys(document))
    assert len(paths) > 60
    for path in paths:
        damaged = copy.deepcopy(document)
        spoil(damaged, path, KeyError)
        with pytest.raises(ModelError):
            graph_from_json(damaged, arrays)


NASTY = [
    None, True, False, 0, 1, -1, 2, 10**6, -(10**30), 1e300, "",
    "x", "7", "-9" * 50, "s8.4", "u1.-9", [], [0], [1, 1], [[1, 1]],
    [[0, 0], [0, 0]], {}, {"array": "x.lo"}, {"array": "y.weight"},
    {"shape": [0], "ints": []}, {"shape": [], "ints": ["5"]}, {"shape": [2, 1], "ints": ["5", 3]},
]  # fmt: skip


@pytest.mark.parametrize("example", CASES)
def test_nasty_field_values_are_model_errors_or_harmless(example):
    inputs = [
        (f"x{n}", Input(t.shape, t.fixed, t.lo, t.hi), ()) for n, t in enumerate(example.types)
    ]
    steps = [*inputs, ("y", example.op, tuple(name for name, *_ in inputs))]
    document, arrays = graph_to_json(grown(*steps, outputs=(Output("y", "y", (1.0,)),)))
    fields = document["nodes"][-1]["fields"]
    refused = 0
    for name in [*fields, None]:
        for value in NASTY:
            damaged = copy.deepcopy(document)
            if name is None:
                damaged["nodes"][-1]["inputs"] = value
            else:
                damaged["nodes"][-1]["fields"][name] = value
            try:
                graph_from_json(damaged, arrays).check()
            except ModelError:
                refused += 1
    assert refused


def test_a_merge_of_different_fractions_names_both(graph):
    with pytest.raises(ModelError, match="different fraction bits: 3, 4") as error:
        Add((1, 1)).infer([graph["x"].type, graph["up"].type])
    assert "ShiftLeft" in error.value.hint
