# SPDX-License-Identifier: Apache-2.0
"""Heads and chosen outputs: arg max, softmax by its specification, and what is cut off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hwgen.errors import ConfigError, ModelProblems
from hwgen.frontends.heads import HEADS, softmax_codes, with_head, with_outputs
from hwgen.frontends.options import Options, settled
from hwgen.frontends.qkeras.convert import convert
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.tensor import TensorType
from hwgen.ops.input_ import Input
from hwgen.ops.reference import run_reference
from hwgen.passes import run_passes
from tests.frontends.test_convert import S8, act, dense, functional, kernel, layer, norm


def logits(
    lo: Any, hi: Any, scale: tuple[float, ...] = (2.0**-6,), offset: tuple[float, ...] = (0.0,)
) -> Graph:
    """Return a graph whose output is its input."""
    t = TensorType.covering(np.shape(lo), 6, lo, hi)
    op = Input(t.shape, t.fixed, t.lo, t.hi)
    return Graph("g", (Node("x", op, (), t, "top"),), (Output("y", "x", scale, offset),))


def run(graph: Graph, x: Any) -> Any:
    graph = run_passes(graph)
    graph.check()
    return run_reference(graph, {"x": x})["y"]


def codes(rng: np.random.Generator, shape: tuple[int, ...], peak: int) -> Any:
    """Random logits: wide, close together, equal."""
    x = rng.integers(-peak, peak + 1, shape)
    third = len(x) // 3
    x[:third] = np.clip(rng.integers(-3, 4, x[:third].shape) + x[:third, ..., :1], -peak, peak)
    x[third : third + 50] = x[third : third + 50, ..., :1]
    return x


@pytest.mark.parametrize("shape", [(2,), (5,), (10,), (3, 4), (2, 3, 3)])
def test_argmax_is_numpys(shape: tuple[int, ...]) -> None:
    peak = 500
    graph = with_head(logits(np.full(shape, -peak), np.full(shape, peak)), "argmax")
    x = codes(np.random.default_rng(1), (600, *shape), peak)
    found = run(graph, x)
    assert np.array_equal(found.reshape(600, -1), x.argmax(-1).reshape(600, -1))
    (out,) = graph.outputs
    assert (out.scale, out.offset) == ((1.0,), (0.0,))


@pytest.mark.parametrize("classes", [2, 3, 5, 10, 100])
@pytest.mark.parametrize("scale", [2.0**-6, 2.0**-14, 0.013, 2.0])
def test_softmax_is_its_specification_and_never_turns_classes_round(
    classes: int, scale: float
) -> None:
    peak = min(int(10 / scale) + 2, 1 << 20)
    graph = with_head(logits(np.full(classes, -peak), np.full(classes, peak), (scale,)), "softmax")
    x = codes(np.random.default_rng(classes), (900, classes), peak)
    found = run(graph, x)
    assert np.array_equal(found, softmax_codes(x, scale))
    assert np.array_equal(found.argmax(1), x.argmax(1))
    order = np.argsort(x, axis=1, kind="stable")
    assert (np.diff(np.take_along_axis(found, order, 1), axis=1) >= 0).all()
    equal = np.take_along_axis(x, order, 1)[:, 1:] == np.take_along_axis(x, order, 1)[:, :-1]
    assert (np.diff(np.take_along_axis(found, order, 1), axis=1)[equal] == 0).all()
    exact = np.exp((x - x.max(1, keepdims=True)) * scale)
    exact /= exact.sum(1, keepdims=True)
    assert np.abs(found / 1024 - exact).max() < 0.02
    assert any("within 0.0" in note for note in graph.notes)


def test_a_bias_on_a_finer_grid_is_compared_exactly() -> None:
    lo, hi = np.full(3, -4), np.full(3, 4)
    offset = (0.0, 2.0**-9, -(2.0**-20))
    graph = with_head(logits(lo, hi, offset=offset), "argmax")
    x = np.random.default_rng(2).integers(-4, 5, (300, 3))
    assert np.array_equal(run(graph, x)[:, 0], (x * 2.0**-6 + offset).argmax(1))


@pytest.mark.parametrize(
    ("scale", "offset", "shape", "said"),
    [
        ((1.0, 2.0), (0.0,), (2,), "differs between channels"),
        ((-1.0,), (0.0,), (2,), "differs between channels"),
        ((0.3,), (0.1, 0.2), (2,), "on no grid"),
        ((1.0,), (0.0,), (1,), "has one element"),
    ],
)
def test_outputs_that_cannot_have_a_head(
    scale: tuple[float, ...], offset: tuple[float, ...], shape: tuple[int, ...], said: str
) -> None:
    graph = logits(np.full(shape, -4), np.full(shape, 4), scale, offset)
    with pytest.raises(ConfigError, match=said) as caught:
        with_head(graph, "argmax")
    assert caught.value.hint
    assert "--format top=s16.9" in caught.value.hint or "sign" in caught.value.hint


@pytest.mark.parametrize("axis", [-1, 2, [2], 1, [1, 2]])
def test_a_head_goes_along_the_axis_of_a_last_softmax(axis: Any) -> None:
    square = layer("Reshape", "r", "x", target_shape=[2, 2])
    m = functional(square, layer("Softmax", "s", "r", axis=axis), outputs=["s"])
    plain = convert(m, S8)
    if axis in (-1, 2, [2]):
        assert convert(m, settled(S8, head="argmax")) == plain
        return
    with pytest.raises(ModelProblems, match="chooses along the last one") as caught:
        convert(m, settled(S8, head="argmax"))
    assert "leave --head out" in str(caught.value)


def test_a_head_that_does_not_exist() -> None:
    with pytest.raises(ConfigError, match="unknown head 'max'"):
        with_head(logits([-1, -1], [1, 1]), "max")
    assert with_head(logits([-1, -1], [1, 1]), HEADS[0]).outputs[0].scale == (2.0**-6,)


# --- chosen outputs ---------------------------------------------------------------------------


def two() -> Any:
    return functional(
        dense("a", "x"), layer("Softmax", "s", "a"), layer("BatchNormalization", "bn", "x"),
        layer("Dense", "b", "bn"), outputs=["s", "b"],
        weights={"a": kernel(4, 3), "bn": norm(4), "b": kernel(4, 2)},
    )  # fmt: skip


@pytest.mark.parametrize("name", ["s", "a"])
def test_what_is_left_out_needs_no_integer_form(name: str) -> None:
    with pytest.raises(ModelProblems):
        convert(two(), S8)
    graph = convert(two(), settled(S8, outputs=name))
    assert [out.name for out in graph.outputs] == ["a"]
    assert [node.name for node in graph.nodes] == ["x", "a"]


def test_an_output_that_does_not_exist() -> None:
    with pytest.raises(ConfigError, match="no output 'c'") as caught:
        convert(two(), settled(S8, outputs="c,b"))
    assert "its outputs are s, a, b" in caught.value.hint
    with pytest.raises(ConfigError, match="no output 'z'"):
        with_outputs(logits([-1, -1], [1, 1]), ("z",))


def test_the_kept_output_is_the_same() -> None:
    m = functional(
        dense("a", "x"), act("q", "quantized_relu(4,1)", "a"), dense("b", "q"),
        outputs=["q", "b"], weights={"a": kernel(4, 3), "b": kernel(3, 2)},
    )  # fmt: skip
    whole, part = convert(m, S8), convert(m, settled(S8, outputs="q"))
    x = np.random.default_rng(1).integers(-128, 128, (200, 4))
    both, one = run_reference(whole, {"x": x}), run_reference(part, {"x": x})
    assert np.array_equal(both["q"], one["q"])
    assert [n.name for n in part.nodes] == ["x", "a", "q"]
    assert convert(m, Options(S8.input_formats)).outputs == whole.outputs
