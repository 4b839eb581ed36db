# SPDX-License-Identifier: Apache-2.0
"""Run a logic graph in numpy, over a batch of samples: one vector operation a node."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from hwgen.ir.tensor import INT64_SAFE, Codes
from hwgen.logic.builder import Logic
from hwgen.logic.nodes import (
    Add,
    Add3,
    Const,
    In,
    Max,
    Mul,
    Node,
    Requant,
    Select,
    Shl,
    Table,
    Thresh,
    Wire,
    operands,
)


def evaluate(logic: Logic, inputs: Mapping[str, Codes], *, check: bool = False) -> dict[str, Codes]:
    """Return the outputs, port to ``(batch, n)``, for inputs, port to ``(batch, *shape)``.

    With *check*, assert that every node's values stay inside its interval.
    """
    wanted = [w for _, wires in logic.outputs for w in wires]
    table = evaluate_wires(logic, inputs, wanted, check=check)
    batch = len(next(iter(inputs.values())))
    out: dict[str, Codes] = {}
    for port, wires in logic.outputs:
        columns = [table[w] for w in wires]
        wide = any(c.dtype == object for c in columns)
        out[port] = np.empty((batch, len(columns)), object if wide else np.int64)
        for i, column in enumerate(columns):
            out[port][:, i] = column
    return out


def evaluate_wires(
    logic: Logic, inputs: Mapping[str, Codes], wires: Sequence[Wire], *, check: bool = False
) -> dict[Wire, Codes]:
    """Return the values of chosen *wires*, each of shape ``(batch,)``."""
    flat = {p: np.reshape(x, (len(x), math.prod(np.shape(x)[1:]))) for p, x in inputs.items()}
    sizes = {len(x) for x in flat.values()}
    assert len(sizes) == 1, f"inputs of {sorted(sizes)} samples"
    (batch,) = sizes
    wanted = set(wires)
    needed = set(wanted)
    last: dict[Wire, Wire] = {}  # the last reader of every wire: its memory can go afterwards
    for wire in range(max(wanted, default=-1), -1, -1):
        if wire in needed:
            for operand in operands(logic.nodes[wire]):
                needed.add(operand)
                last.setdefault(operand, wire)
    values: dict[Wire, Codes] = {}
    for wire in sorted(needed):
        node = logic.nodes[wire]
        value = _compute(logic, wire, node, values, flat, batch)
        if check and batch:
            low, high = int(value.min()), int(value.max())
            said = f"wire {wire} ({node}) takes [{low}, {high}]"
            assert low >= logic.lo[wire], f"{said}, below {logic.lo[wire]}"
            assert high <= logic.hi[wire], f"{said}, above {logic.hi[wire]}"
        values[wire] = value
        for operand in set(operands(node)):
            if last[operand] == wire and operand not in wanted:
                del values[operand]
    return {w: values[w] for w in wanted}


def _reach(logic: Logic, wire: Wire, node: Node) -> int:
    """Return a magnitude that no intermediate of the node's formula exceeds."""

    def peak(w: Wire) -> int:
        return max(abs(logic.lo[w]), abs(logic.hi[w]))

    match node:
        case Add(a, b, shift_a, shift_b):
            return (peak(a) << shift_a) + (peak(b) << shift_b)
        case Add3(a, b, c, shift_a, shift_b, shift_c):
            return (peak(a) << shift_a) + (peak(b) << shift_b) + (peak(c) << shift_c)
        case Mul(a, b):
            return peak(a) * peak(b)
        case Requant(a, shift, lo, hi):
            return max(peak(a) + (2 << shift), abs(lo), abs(hi))
        case Thresh(a, thresholds, values):
            return max(peak(a), *map(abs, thresholds), *map(abs, values))
        case _:
            return max([peak(wire), *(peak(w) for w in operands(node))])


def _compute(
    logic: Logic,
    wire: Wire,
    node: Node,
    values: Mapping[Wire, Codes],
    inputs: Mapping[str, Codes],
    batch: int,
) -> Codes:
    if isinstance(node, In):
        return inputs[node.port][:, node.index]
    wide = _reach(logic, wire, node) >= INT64_SAFE
    ins = [values[w].astype(object) if wide else values[w] for w in operands(node)]
    if not wide:
        # An operand may be held as Python ints because its own formula was wider than its value.
        ins = [x.astype(np.int64) if x.dtype == object else x for x in ins]
    match node:
        case Const(value):
            return np.full(batch, value, object if wide else np.int64)
        case Shl(_, shift):
            return ins[0] << shift
        case Add(_, _, shift_a, shift_b, sub):
            left, right = ins[0] << shift_a, ins[1] << shift_b
            return left - right if sub else left + right
        case Add3(_, _, _, shift_a, shift_b, shift_c, sub_b, sub_c):
            left, middle, right = ins[0] << shift_a, ins[1] << shift_b, ins[2] << shift_c
            left = left - middle if sub_b else left + middle
            return left - right if sub_c else left + right
        case Mul():
            product: Codes = ins[0] * ins[1]
            return product
        case Max(least=least):
            return np.minimum(*ins) if least else np.maximum(*ins)
        case Requant(_, shift, lo, hi, half):
            x = ins[0] - (1 << shift >> 1) if half else ins[0]
            if shift:
                x = (x + ((1 << (shift - 1)) - 1) + ((x >> shift) & 1)) >> shift
            return np.minimum(np.maximum(x, lo), hi)
        case Select():
            return np.where(ins[0] < 0, ins[1], ins[2])
        case Thresh(_, thresholds, outs):
            kind = object if wide else np.int64
            count = np.searchsorted(np.array(thresholds, kind), ins[0], side="right")
            out: Codes = np.array(outs, kind)[count]
            return out
        case Table(_, picks, outs):
            address = np.zeros(batch, np.int64)
            for k, (place, bit) in enumerate(picks):
                address |= (ins[place] >> bit & 1).astype(np.int64) << k
            looked_up: Codes = np.array(outs, object if wide else np.int64)[address]
            return looked_up
