# SPDX-License-Identifier: Apache-2.0
"""Sparse networks of few bits, as pruned QKeras models are, and the naive text of one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

import hwgen.ops as ops
from hwgen.cost.calibration import calibrated
from hwgen.design.types import Design, Heading
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.plan.parallel.schedule import schedule
from hwgen.plan.parallel.truth_tables import Prices
from hwgen.target.board import load_board
from tests.synth.equivalence import Product


def network(
    sizes: Sequence[int], fan_in: Sequence[int], bits: int = 2, seed: int = 1, last: int = 3
) -> Graph:
    """Return dense layers, each neuron with one of so many inputs, rectifiers of *bits* between.

    Weights are of four bits; the outputs are rectified to *last* bits.
    """
    rng = np.random.default_rng(seed)
    head = ops.Input.of((sizes[0],), Fixed(bits, 0))
    nodes = [Node("x", head, (), head.infer([]), "x")]

    def put(name: str, op: ops.Op) -> None:
        nodes.append(Node(name, op, (nodes[-1].name,), op.infer([nodes[-1].type]), name))

    for layer, (n, m) in enumerate(pairwise(sizes), 1):
        weight = np.zeros((n, m), np.int64)
        for j in range(m):
            some = rng.choice(n, int(rng.choice(fan_in)), replace=False)
            weight[some, j] = rng.integers(1, 8, len(some)) * rng.choice([-1, 1], len(some))
        put(f"fc{layer}", ops.Dense(weight, rng.integers(-3, 4, m)))
        keep = last if layer == len(sizes) - 1 else bits
        peak = np.abs(weight).sum(0).mean() * ((1 << bits) - 1) / 2
        shift = max(round(float(np.log2(peak / (1 << keep)))), 0)
        put(f"relu{layer}", ops.Requantize(shift, 0, (1 << keep) - 1))
    graph = Graph("prod", tuple(nodes), (Output("y", nodes[-1].name, (1.0,)),))
    graph.check()
    return graph


def planned(
    graph: Graph, *, tables: bool = True, board: str = "vcu118", clock_mhz: float = 400.0
) -> Design:
    """Plan a network with or without truth tables."""
    target = load_board(board)
    factors = calibrated(target.family).factors
    prices = Prices(target.family.lut_inputs, factors) if tables else None
    heading = Heading(graph.name, target.name, clock_mhz, "0" * 64)
    return schedule(graph, heading, target.family, tables=prices)


def by_hand(graph: Graph, design: Design) -> str:
    """Return products, sums, roundings and bounds as one would write them, with 14 bits each."""
    (x,), (y,) = design.inputs, design.outputs
    n, lines = x.fixed.width, []
    for i in range(x.size):
        part = f"x[{n * i + n - 1}:{n * i}]"
        lines.append(f"  wire signed [13:0] x_{i} = {part};")
    for node in graph.nodes[1:]:
        (source,) = node.inputs
        op = node.op
        for j in range(node.type.size):
            if isinstance(op, ops.Dense):
                column = op.weight[:, j].tolist()
                terms = [f"14'sd{abs(c)} * {source}_{i}" for i, c in enumerate(column)]
                total = " ".join(f"{'-+'[c > 0]} {t}" for c, t in zip(column, terms, strict=True))
                bias = int(op.bias[j])
                text = f"{'-' if bias < 0 else ''}14'sd{abs(bias)} {total}"
            else:
                assert isinstance(op, ops.Requantize)
                lines.append(f"  wire signed [13:0] {node.name}_r{j} = {_rounded(source, j, op)};")
                r = f"{node.name}_r{j}"
                text = f"{r} < {op.lo} ? 14'sd{op.lo} : {r} > {op.hi} ? 14'sd{op.hi} : {r}"
            lines.append(f"  wire signed [13:0] {node.name}_{j} = {text};")
    w, end = y.fixed.width, graph.nodes[-1].name
    for j in range(y.size):
        lines.append(f"  assign y[{w * j + w - 1}:{w * j}] = {end}_{j}[{w - 1}:0];")
    nothing = np.zeros((0, 0))
    return Product(nothing, nothing, design)._module("\n".join(lines))


def _rounded(source: str, j: int, op: ops.Requantize) -> str:
    """Return half up, less one where a tie made it odd: half to even."""
    name = f"{source}_{j}"
    if not op.shift:
        return name
    half = 1 << (op.shift - 1)
    low = f"{name}[{op.shift - 1}:0]"
    up = f"(({name} + 14'sd{half}) >>> {op.shift})"
    return f"{up} - (({low} == {half} && !{name}[{op.shift}]) ? 14'sd1 : 14'sd0)"
