# SPDX-License-Identifier: Apache-2.0
"""Small serial networks of every kind of node, drawn at random."""

from __future__ import annotations

import numpy as np

from hwgen.design.types import Design, Heading, Port, cycles_text
from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes
from hwgen.logic.builder import Builder, Logic
from hwgen.logic.evaluate import evaluate
from hwgen.logic.links import NO_REGISTERS, LinkRegisters
from hwgen.logic.nodes import Wire
from hwgen.logic.serial.constants import absorb
from hwgen.logic.serial.convert import serial_graph
from hwgen.logic.serial.graph import SerialGraph
from hwgen.plan.serial.schedule import assembled
from hwgen.verify.vectors import Vectors

FORMATS = {"x": ((2, 3), Fixed(6, 2, True)), "y_in": ((4,), Fixed(5, 0, False))}


def random_logic(seed: int, nodes: int = 24, arity: int = 3) -> Logic:
    """Return sums of two and three, shifts and all kinds of requantizers, in layers."""
    rng = np.random.default_rng(seed)
    builder = Builder(arity)
    wires: list[Wire] = []
    for port, (shape, fixed) in FORMATS.items():
        size = int(np.prod(shape))
        wires += [builder.input(port, i, fixed.lo, fixed.hi) for i in range(size) if i != 2]
    for made in range(nodes):
        builder.layer = f"layer{made * 4 // nodes}"
        recent = wires[-14:]
        a, b, c = (int(w) for w in rng.choice(recent, 3))
        if rng.random() < 0.25:
            b = builder.const(int(rng.integers(-40, 41)))
        wide = max(builder.width(w) for w in (a, b, c)) > 11
        shifts = [int(v) for v in rng.integers(0, 5, 3)]
        subs = [bool(v) for v in rng.integers(0, 2, 2)]
        kind = int(rng.integers(0, 4))
        if kind == 0 or wide:
            wires.append(_rounded(builder, a, rng))
        elif kind == 1 and arity == 3:
            wires.append(builder.add3((a, b, c), shifts, subs))
        elif kind == 2:
            wires.append(builder.neg(builder.shl(a, shifts[1])))
        else:
            wires.append(builder.add(a, b, shifts[0], shifts[1], subs[0]))
    live = [w for w in wires if builder.lo[w] < builder.hi[w]]
    outputs = [
        ("z", [int(w) for w in live[-5:]]),
        ("u", [builder.const(-3), live[0], builder.shl(live[-1], 2)]),
    ]
    return Logic.of(builder, outputs)


def _rounded(builder: Builder, wire: Wire, rng: np.random.Generator) -> Wire:
    low, high = builder.range(wire)
    shift = int(rng.integers(0, 5))
    ends = round(low / 2**shift), round(high / 2**shift)
    bits = int(rng.integers(1, 6))
    lo, hi = (
        (0, (1 << bits) - 1),
        (-(1 << bits), (1 << bits) - 1),
        (1 - (1 << bits), (1 << bits) - 1),
        (-5, 11),
        (ends[0] - 1, ends[1] + 1),
        (ends[0] + 1, ends[1] + 1),
        (2, 9),
    )[int(rng.integers(0, 7))]
    half = bool(shift and rng.integers(2))
    return builder.requant(wire, shift, min(lo, hi), max(lo, hi), half)


def random_graph(seed: int, digit: int, arity: int = 3) -> tuple[Logic, SerialGraph]:
    """Return a random logic, and its serial form with digits of so many bits."""
    logic = random_logic(seed, arity=arity)
    graph = absorb(serial_graph(logic).with_digit(digit)).with_digit(digit)
    return logic, graph


def random_codes(rng: np.random.Generator, samples: int) -> dict[str, Codes]:
    """Return samples of the inputs, corners among them."""
    codes = {}
    for port, (shape, fixed) in FORMATS.items():
        values = rng.integers(fixed.lo, fixed.hi + 1, (samples, *shape))
        values[0], values[1], values[2] = fixed.lo, fixed.hi, 0
        codes[port] = values
    return codes


def random_design(
    seed: int,
    digit: int,
    arity: int = 3,
    name: str = "net",
    links: LinkRegisters = NO_REGISTERS,
) -> tuple[Design, Logic]:
    """Return the design of a random serial graph, and the logic whose values it has."""
    logic, graph = random_graph(seed, digit, arity)
    ports = []
    for port, wires in logic.outputs:
        lo, hi = min(logic.lo[w] for w in wires), max(logic.hi[w] for w in wires)
        ports.append(Port(port, (len(wires),), Fixed.covering(lo, hi)))
    design = assembled(
        Heading(name, "test_board", 250.0, "0123456789abcdef0123456789abcdef"),
        [Port(n, shape, fixed) for n, (shape, fixed) in FORMATS.items()],
        ports,
        graph,
        lambda _, start, end: f"test layer, {cycles_text(start, end)}",
        links=links,
    )
    return design, logic


def vectors_of(logic: Logic, design: Design, samples: int, seed: int = 5) -> Vectors:
    """Return samples with the values of the logic on whole words."""
    codes = random_codes(np.random.default_rng(seed), samples)
    found = evaluate(logic, codes, check=True)
    outputs = {p.name: found[p.name].reshape(-1, *p.shape) for p in design.outputs}
    return Vectors(codes, {}, (("random", samples),)).with_outputs(outputs)
