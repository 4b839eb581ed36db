# SPDX-License-Identifier: Apache-2.0
"""Evaluation of a logic graph in numpy, over a batch of samples: one vector operation a node."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from hwgen.ir.tensor import INT64_SAFE, Codes
from hwgen.logic.builder import Logic
from hwgen.logic.nodes import In, Wire

_INT64, _OBJECT = np.dtype(np.int64), np.dtype(object)


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
            for operand in logic.nodes[wire].operands:
                needed.add(operand)
                last.setdefault(operand, wire)
    values: dict[Wire, Codes] = {}
    for wire in sorted(needed):
        node = logic.nodes[wire]
        value = _value(logic, wire, values, flat, batch)
        if check and batch:
            low, high = int(value.min()), int(value.max())
            said = f"wire {wire} ({node}) takes [{low}, {high}]"
            assert low >= logic.lo[wire], f"{said}, below {logic.lo[wire]}"
            assert high <= logic.hi[wire], f"{said}, above {logic.hi[wire]}"
        values[wire] = value
        for operand in node.operands:
            if last[operand] == wire and operand not in wanted:
                values.pop(operand, None)  # it may be read twice
    return {w: values[w] for w in wanted}


def _value(
    logic: Logic,
    wire: Wire,
    values: Mapping[Wire, Codes],
    inputs: Mapping[str, Codes],
    batch: int,
) -> Codes:
    """Return the values of one node, computed in int64 or, where that may overflow, in objects."""
    node = logic.nodes[wire]
    if isinstance(node, In):
        return node.run([inputs[node.port]], _INT64)
    lo, hi, reads = logic.lo, logic.hi, node.operands
    reach = node.reach([max(-lo[w], hi[w]) for w in reads])
    dtype = _INT64 if max(reach, -lo[wire], hi[wire]) < INT64_SAFE else _OBJECT
    # An operand may be held as Python ints because its own formula was wider than its value.
    ins = [values[w] if values[w].dtype == dtype else values[w].astype(dtype) for w in reads]
    value = node.run(ins, dtype)
    return value if reads else np.full(batch, value, dtype)
