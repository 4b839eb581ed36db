# SPDX-License-Identifier: Apache-2.0
"""What `make bench-binary` builds of constant weights, and the plain Verilog of the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tests.benchmarks.adders.cases import Case, Ints, Layer
from tests.benchmarks.adders.designs import Port, Text


@dataclass(frozen=True)
class Row:
    """One layer of constant signs.

    Attributes:
        case: what is built.
        bar: look-up tables that it may take at most; 0 for no bar.
        seconds: of the processor that text and synthesis may take; 0 for no bar.
        others: whether the plain form and the rivals are mapped as well.
        fused: whether the plain form goes through Yosys' own flow too, which for a layer takes
            minutes and gives half the size of a chain an addition, at best.
    """

    case: Case
    bar: int = 0
    seconds: float = 0.0
    others: bool = False
    fused: bool = True


def signs(inputs: int, outputs: int, zeros: float = 0.0) -> Case:
    """Return random signs with thresholds near the middle of every sum."""
    rng = np.random.default_rng(1)
    weight = rng.choice([-1, 1], (inputs, outputs))
    weight[rng.random(weight.shape) < zeros] = 0
    middle = weight.sum(axis=0) // 2
    steps: Ints = middle + rng.integers(-3, 4, outputs)
    layer = Layer(weight, np.zeros(outputs, np.int64), steps=steps)
    kind = f", {zeros:.0%} zero" if zeros else ""
    title = f"{inputs} to {outputs}{kind}" if outputs > 1 else f"neuron of {inputs}{kind}"
    name = f"b{inputs}x{outputs}" + (f"z{round(100 * zeros)}" if zeros else "")
    return Case(name, title, (layer,), 1, signed=False)


def rows() -> Iterator[Row]:
    """Yield the rows."""
    for size, bar in ((64, 36), (256, 138), (1024, 525)):
        yield Row(signs(size, 1), bar, others=size < 1024)
    yield Row(signs(64, 32), 944, 25.0, others=True, fused=False)
    yield Row(signs(64, 128), 2564)
    yield Row(signs(256, 64), 5184)
    yield Row(signs(64, 32, 0.1))
    yield Row(signs(64, 32, 0.5))


def bare(case: Case) -> Case:
    """Return the sums alone, as the rivals have them."""
    (layer,) = case.layers
    name = f"{case.name}_sums"
    return Case(name, case.title, (Layer(layer.weight, layer.bias),), case.bits, case.signed)


def naive(case: Case) -> Text:
    """Return a sum of all bits and a comparison an output, as one writes them down."""
    (layer,) = case.layers
    inputs, outputs = layer.weight.shape
    bits = inputs.bit_length()
    lines = [f"module naive (input wire [{inputs - 1}:0] x, output wire [{outputs - 1}:0] y);"]
    for j in range(outputs):
        column = layer.weight[:, j]
        terms = [
            f"{{{bits - 1}'d0, {'' if sign > 0 else '~'}x[{i}]}}"
            for i, sign in enumerate(column)
            if sign
        ]
        assert layer.steps is not None
        least = int(layer.steps[j]) + int((column < 0).sum())
        lines.append(f"  wire [{bits - 1}:0] p{j} = {' + '.join(terms)};")
        lines.append(f"  assign y[{j}] = p{j} >= {bits}'d{least};")
    text = "\n".join([*lines, "endmodule", ""])
    return Text({"naive.sv": text}, "naive", port("x", inputs), port("y", outputs), (), 0.0)


def port(name: str, size: int) -> Port:
    """Return a port of single bits."""
    return Port(name, (1,) * size, (False,) * size, (0,) * size)
