# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from hwgen.cost.estimate import bops, check_parallel, ebops, matmul_terms, zeros
from hwgen.errors import DoesNotFit
from hwgen.ir.fixed import Fixed, bits_for
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.tensor import TensorType
from hwgen.ops.base import Op
from hwgen.ops.conv import Conv
from hwgen.ops.dense import Dense
from hwgen.ops.depthwise import DepthwiseConv
from hwgen.ops.input_ import Input
from hwgen.target.board import load_board

S4 = Fixed(4, 0, True)


def graph_of(source: TensorType, op: Op) -> Graph:
    head = Input(source.shape, source.fixed, source.lo, source.hi)
    nodes = (
        Node("x", head, (), head.infer([])),
        Node("y", op, ("x",), op.infer([source])),
    )
    return Graph("one", nodes, (Output("y", "y", (1.0,)),))


def mixed(shape: tuple[int, ...], rng: np.random.Generator) -> TensorType:
    """A type whose elements differ in their bits; one of them never changes."""
    lo = rng.integers(-8, 1, shape)
    hi = rng.integers(0, 8, shape)
    lo.reshape(-1)[0] = hi.reshape(-1)[0] = 3
    return TensorType(shape, S4, lo, hi)


def weights(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    made = rng.integers(-20, 21, shape)
    made[rng.random(shape) < 0.4] = 0
    return made


def span(value: int) -> int:
    text = bin(abs(value))[2:]
    return len(text.strip("0"))


def signed_digits(value: int) -> int:
    """Nonzero digits of the canonical form, by its usual algorithm."""
    count, value = 0, abs(value)
    while value:
        if value & 1:
            value -= 2 - (value & 3)
            count += 1
        value >>= 1
    return count


def products(source: TensorType, op: Op) -> list[tuple[int, int, object]]:
    """Every (weight, bits of the element it meets, output) of one inference, by plain loops."""

    def bits(at: tuple[int, ...]) -> int:
        lo, hi = int(source.lo[at]), int(source.hi[at])
        return 0 if lo == hi else bits_for(lo, hi)

    found: list[tuple[int, int, object]] = []
    if isinstance(op, Dense):
        for lead in np.ndindex(*source.shape[:-1]):
            for i, j in np.ndindex(*op.weight.shape):
                found.append((int(op.weight[i, j]), bits((*lead, i)), (lead, j)))
        return found
    assert isinstance(op, Conv | DepthwiseConv)
    out = op.infer([source]).shape[:-1]
    kernel = op.weight.shape[:-2]
    for at in product(*map(range, out)):
        for tap in product(*map(range, kernel)):
            place = tuple(
                p * s + t * d - pad[0]
                for p, s, t, d, pad in zip(
                    at, op.strides, tap, op.dilation, op.padding, strict=True
                )
            )
            if all(0 <= p < n for p, n in zip(place, source.shape[:-1], strict=True)):
                for c, m in np.ndindex(*op.weight.shape[-2:]):
                    to = (at, m) if isinstance(op, Conv) else (at, c, m)
                    found.append((int(op.weight[(*tap, c, m)]), bits((*place, c)), to))
    return found


def cases() -> list[tuple[str, TensorType, Op]]:
    rng = np.random.default_rng(5)
    line, image, rim = mixed((7, 2), rng), mixed((5, 4, 2), rng), ((1, 1), (1, 1))
    dense, rows = weights((6, 4), rng), mixed((3, 6), rng)
    plane, odd, deep = (weights(s, rng) for s in ((3, 3, 2, 3), (2, 3, 2, 3), (3, 3, 2, 2)))
    return [
        ("dense", mixed((6,), rng), Dense(dense, [1, 0, 2, 3])),
        ("dense rows", rows, Dense(dense, [1, 0, 2, 3])),
        ("conv1d", line, Conv(weights((3, 2, 3), rng), [0] * 3, (2,), ((1, 1),))),
        ("dilated", line, Conv(weights((2, 2, 3), rng), [0] * 3, dilation=(3,))),
        ("same", image, Conv(plane, [0] * 3, padding=rim)),
        ("strided", image, Conv(odd, [0] * 3, (2, 1), ((0, 1), (1, 1)))),
        ("depthwise", image, DepthwiseConv(deep, [0] * 4, padding=rim)),
    ]


@pytest.mark.parametrize(("source", "op"), [c[1:] for c in cases()], ids=[c[0] for c in cases()])
def test_counts_agree_with_plain_loops(source: TensorType, op: Op) -> None:
    graph = graph_of(source, op)
    found = products(source, op)
    assert ebops(graph) == sum(span(w) * bits for w, bits, _ in found)
    (terms,) = matmul_terms(graph)
    assert terms.digits == sum(signed_digits(w) for w, _, _ in found)
    alive: dict[object, int] = {}
    for w, _, to in found:
        alive[to] = alive.get(to, 0) + signed_digits(w)
    # Without sharing, an output of n digits takes n - 1 adders; at a rim all of an output's taps
    # may be in the padding, so the closed form may count one fewer there.
    exact = sum(max(n - 1, 0) for n in alive.values())
    assert exact - terms.positions <= terms.adders <= exact
    weight = op.weight  # type: ignore[attr-defined]
    assert zeros(graph) == {"y": (int((weight == 0).sum()), weight.size)}
    assert (terms.zeros, terms.weights) == zeros(graph)["y"]


def test_bops_of_a_dense_layer_by_hand() -> None:
    # 4 inputs of 4 bits, 2 outputs, weights of 3 bits, half of them zero
    weight = np.array([[3, 0], [0, -4], [1, 0], [0, 2]])
    graph = graph_of(TensorType.of((4,), S4), Dense(weight, [0, 0]))
    assert bops(graph) == 2 * 4 * (0.5 * 4 * 3 + 4 + 3 + 2)


def test_bops_of_a_convolution_by_hand() -> None:
    # 9 positions, 3 x 3 taps, 2 inputs, 5 outputs; no zeros; weights of 2 bits
    weight = np.resize([1, -2], (3, 3, 2, 5))
    graph = graph_of(TensorType.of((5, 5, 2), S4), Conv(weight, [0] * 5))
    each = 4 * 2 + 4 + 2 + math.log2(2 * 9)
    assert bops(graph) == pytest.approx(9 * 5 * 2 * 9 * each)


def test_weights_of_more_than_64_bits_are_counted() -> None:
    weight = np.array([[(1 << 80) - 1], [0]], dtype=object)
    graph = graph_of(TensorType.of((2,), S4), Dense(weight, [0]))
    assert ebops(graph) == 80 * 4
    assert matmul_terms(graph)[0].digits == 2


def test_a_layer_of_zeros_costs_nothing() -> None:
    graph = graph_of(TensorType.of((3,), S4), Dense(np.zeros((3, 2), int), [1, 2]))
    assert ebops(graph) == 0
    (terms,) = matmul_terms(graph)
    assert (terms.digits, terms.adders, terms.luts) == (0, 0, 0)
    assert bops(graph) > 0


def test_a_small_graph_passes_and_a_hopeless_one_is_refused_with_its_layers() -> None:
    board = load_board("ecp5_evn")
    rng = np.random.default_rng(3)
    small = graph_of(TensorType.of((16,), S4), Dense(rng.integers(-31, 32, (16, 64)), [0] * 64))
    check_parallel(small, board)
    image = TensorType.of((32, 32, 16), Fixed(8))
    conv = Conv(rng.integers(-127, 128, (3, 3, 16, 16)), [0] * 16, padding=((1, 1), (1, 1)))
    with pytest.raises(DoesNotFit) as caught:
        check_parallel(graph_of(image, conv), board)
    text = str(caught.value)
    (terms,) = matmul_terms(graph_of(image, conv))
    assert terms.luts > board.budget.lut
    assert f"at least {terms.luts:,} LUTs for its adders; ecp5_evn has 83,640" in text
    assert f"- y: at least {terms.luts:,} LUTs (1,024 positions, 2,304 weights, " in text
    assert "hint: no known board has as many" in text
    assert "this style builds every position" in text


def test_the_biggest_layer_is_listed_first() -> None:
    rng = np.random.default_rng(4)
    source = TensorType.of((64,), Fixed(8))
    head = Input(source.shape, source.fixed, source.lo, source.hi)
    nodes = [Node("x", head, (), head.infer([]))]
    for i, n in enumerate((200, 2000, 300)):
        op = Dense(rng.integers(-127, 128, (nodes[-1].type.shape[-1], n)), [0] * n)
        nodes.append(Node(f"fc{i}", op, (nodes[-1].name,), op.infer([nodes[-1].type])))
    graph = Graph("deep", tuple(nodes), (Output("y", "fc2", (1.0,)),))
    with pytest.raises(DoesNotFit) as caught:
        check_parallel(graph, load_board("ecp5_evn"))
    order = [line.split(":")[0].strip(" -") for line in caught.value.what.splitlines()[1:]]
    assert order == [t.layer for t in sorted(matmul_terms(graph), key=lambda t: -t.luts)]
    assert len(order) == 3
    assert caught.value.exit_code == 4
