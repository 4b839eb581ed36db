# SPDX-License-Identifier: Apache-2.0
"""Layers of signs as a binary unit sees them: one bit an element, biases by kind of position.

Where a step function gives -1 and +1 and its one reader is a binary unit, the map between them
travels as bits: 1 is +1 and 0 is -1. What stands beside the map is given as bits 0, and the bias of
a position makes good for it: a position's kind tells which taps of its window are beside the map.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hwgen.design.types import UnitRef
from hwgen.errors import count_of
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node
from hwgen.ir.tensor import Codes, TensorType
from hwgen.ops.pool import Pool
from hwgen.ops.thresholds import Thresholds
from hwgen.ops.windows import Window
from hwgen.plan.stream.folded import FoldedLayer, can_fold, columns_of
from hwgen.plan.stream.segments import Cut, Segment
from hwgen.plan.stream.units import BLOCK_BITS, Facts, Fold, in_memory
from hwgen.units.facts import facts, with_defaults
from hwgen.units.geometry import folds

UNIT = "hwg_xnor_matvec"


def gives_signs(segment: Segment) -> bool:
    """Tell whether the last function of a segment is a step function to -1 and +1 alone."""
    op = segment.nodes[-1].op
    return isinstance(op, Thresholds) and set(op.values.reshape(-1).tolist()) <= {-1, 1}


def reads_signs(graph: Graph, parts: Cut, segment: Segment) -> bool:
    """Tell whether a layer can be a binary unit: weights and inputs are signs, and it alone reads.

    A weight may be 0, an input may not.
    """
    head = segment.head
    if not can_fold(head) or set(np.unique(np.asarray(head.op.weight))) - {-1, 0, 1}:
        return False
    depthwise = columns_of(head, graph.types(head)[0]).depthwise
    return not depthwise and bool(signs_in_front(parts, segment))


def signs_in_front(parts: Cut, segment: Segment) -> tuple[str, ...]:
    """Return the segments whose maps of signs a layer alone reads: a step function to signs.

    A pool may stand between: the greatest of some signs is the greatest of their bits. Empty where
    what it reads is no map of signs, or others read it.
    """
    known, found = {one.name: one for one in parts.segments}, list[str]()
    while True:
        before = parts.behind(segment.head.inputs[0])
        if before not in known or parts.reads.get(before, 0) != 1:
            return ()
        segment = known[before]
        found.append(before)
        if gives_signs(segment):
            return tuple(found)
        op, made = segment.head.op, segment.head.type.shape
        if segment.tail or not isinstance(op, Pool) or op.sums or not op.in_blocks(made):
            return ()


def as_bits(segment: Segment) -> Segment:
    """Return a segment that gives bits where it gave signs."""
    *others, last = segment.nodes
    op, kind = last.op, last.type
    if isinstance(op, Thresholds):
        op = op.changed(values=(op.values + 1) // 2)
    bits = TensorType(kind.shape, Fixed(1, kind.frac), (kind.lo + 1) // 2, (kind.hi + 1) // 2)
    nodes = [*others, replace(last, op=op, type=bits)]
    return Segment(nodes[0], tuple(nodes[1:]))


@dataclass(frozen=True)
class Signs:
    """Layer of signs as a binary unit multiplies by it.

    Attributes:
        weight: (columns, rows) of -1, 0 and 1, the columns in the order in which they travel.
        bias: (kinds, rows), what is added to twice the matches, or with *sign_only* to the matches.
        row_kinds, column_kinds: of every row and column of positions; one where all are alike.
        sum_bits: of a result, two's complement; with *sign_only* of the sum whose sign it is.
        positions: vectors of a sample.
        sign_only: whether one bit leaves.
    """

    weight: Codes
    bias: Codes
    row_kinds: tuple[int, ...]
    column_kinds: tuple[int, ...]
    sum_bits: int
    positions: int
    sign_only: bool


def step_of(segment: Segment) -> Thresholds | None:
    """Return the step function that a binary unit can do itself: one threshold a channel."""
    if len(segment.tail) != 1 or not gives_signs(segment):
        return None
    op = segment.tail[0].op
    leads = [*op.thresholds.shape[:-2], *op.values.shape[:-2]]
    one = op.thresholds.shape[-1] == 1 and all(size == 1 for size in leads)
    return op if one else None


def signs_of(
    head: Node, layer: FoldedLayer, lanes: int, step: Thresholds | None, sum_bits: int
) -> Signs:
    """Return the matrix and the biases of a layer.

    Args:
        head: the layer.
        layer: of it.
        lanes: channels of a group; a window of one group follows that of another.
        step: function that the unit does itself; None where sums leave.
        sum_bits: of a sum, two's complement.
    """
    weight = np.asarray(head.op.weight, np.int64).reshape(layer.taps, layer.channels, layer.rows)
    bias = np.asarray(head.op.bias, np.int64)
    low: Codes | None = None
    if step is not None:
        low = np.broadcast_to(step.thresholds, (layer.rows, 1))[:, 0].astype(np.int64)
        values = np.broadcast_to(step.values, (layer.rows, 2))
        falling = values[:, 1] < values[:, 0]
        # +1 below the threshold: the negative sum reaches the negative of what is below.
        weight, bias = np.where(falling, -weight, weight), np.where(falling, -bias, bias)
        low = np.where(falling, 1 - low, low)
        most = layer.columns + int(np.abs(bias).max()) + 1
        low = np.where(values[:, 1] == values[:, 0], -most * values[:, 0], low.clip(-most, most))
    rows, columns, beside = _kinds(layer.window, layer)
    # Beside the map is -1 for 0: bit 0 stands for -1.
    made_good = np.array([weight.sum(axis=1)[taps].sum(axis=0) for taps in beside])
    offset = bias + made_good - np.count_nonzero(weight, axis=(0, 1))
    if low is not None:
        offset = (offset - low) >> 1
        peak = int(np.abs(offset).max()) + layer.columns
        sum_bits = peak.bit_length() + 1
    matrix = layer.ordered(weight, lanes)
    return Signs(matrix, offset, rows, columns, sum_bits, layer.positions, step is not None)


def _kinds(
    window: Window | None, layer: FoldedLayer
) -> tuple[tuple[int, ...], tuple[int, ...], list[Codes]]:
    """Return kinds of rows and columns of positions, and of each pair which taps are beside."""
    if window is None or not any(sum(pair) for pair in window.padding):
        return (0,), (0,), [np.zeros(layer.taps, bool)]
    axes = []
    for axis in range(window.rank):
        reach = window.kernel[axis], window.strides[axis], window.dilation[axis]
        axes.append(_beside(layer.sides[axis], window.padding[axis], reach))
    if window.rank == 1:
        axes.insert(0, [(False,)])
    found = []
    for sides in axes:
        known = list(dict.fromkeys(sides))
        found.append((tuple(known.index(one) for one in sides), known))
    (rows, tall), (columns, wide) = found
    beside = [np.logical_or.outer(y, x).reshape(-1) for y in tall for x in wide]
    return rows, columns, beside


def _beside(
    side: int, padding: tuple[int, int], reach: tuple[int, int, int]
) -> list[tuple[bool, ...]]:
    """Return of every position along an axis which taps of its window are beside the map."""
    kernel, stride, dilation = reach
    count = (side + sum(padding) - (kernel - 1) * dilation - 1) // stride + 1
    return [
        tuple(not 0 <= at * stride + tap * dilation - padding[0] < side for tap in range(kernel))
        for at in range(count)
    ]


def params_of(signs: Signs, fold: Fold) -> dict[str, int]:
    """Return the parameters of a binary unit, and what its memory is made of."""
    columns, rows = signs.weight.shape
    held = -(-columns // fold.simd) * fold.simd
    wide = max(signs.column_kinds) + 1
    kinds = (max(signs.row_kinds) + 1) * wide
    most = max(*signs.row_kinds, *signs.column_kinds)
    return {
        "PE": fold.pe, "SIMD": fold.simd, "Rows": rows, "Columns": columns,
        "AccWidth": max(signs.sum_bits, 2), "SignOnly": int(signs.sign_only),
        "Masked": int((signs.weight == 0).any()), "Height": len(signs.row_kinds),
        "Width": len(signs.column_kinds), "KindBits": max(most.bit_length(), 1), "KindsX": wide,
        "Kinds": kinds, "BufferRam": 2 if held >= BLOCK_BITS else 1,
        "BlockRom": int(fold.memory == "block"), "WWidth": 1,
    }  # fmt: skip


def unit_of(signs: Signs, fold: Fold) -> Facts:
    """Return a binary unit with its weights in the order of the memory beside it."""
    columns, rows = signs.weight.shape
    params = params_of(signs, fold)
    turns, steps = folds(params)
    parts: list[Codes] = [signs.weight > 0, signs.weight != 0]
    memory = [in_memory(part, fold) for part in parts[: 1 + params["Masked"]]]
    bias = np.zeros((params["Kinds"], turns * fold.pe), np.int64)
    bias[:, :rows] = signs.bias
    constants = {
        "Weights": np.concatenate(memory, axis=1), "Bias": bias.reshape(-1),
        "RowKinds": np.array(signs.row_kinds), "ColumnKinds": np.array(signs.column_kinds),
    }  # fmt: skip
    kinds = f", {count_of(params['Kinds'], 'kind')} of positions" if params["Kinds"] > 1 else ""
    note = (
        f"signs of {columns} x {rows}, {count_of(fold.pe, 'row')} by "
        f"{count_of(fold.simd, 'column')} a cycle, {count_of(turns * steps, 'cycle')} a "
        f"vector{kinds}"
    )
    return Facts(
        UnitRef(UNIT, params, constants),
        fold.pe,
        signs.positions * turns,
        steps - 1 + facts(UNIT).latency(with_defaults(UNIT, params)),
        signs.positions * turns * steps,
        note,
    )
