# SPDX-License-Identifier: Apache-2.0
"""Size of a graph before anything is unrolled: zeros, bit operations, and a least size."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hwgen.errors import DoesNotFit, count_of
from hwgen.ir.fixed import bits_for
from hwgen.ir.graph import Graph, Node
from hwgen.ir.tensor import Codes
from hwgen.logic.cmvm.columns import digit_count
from hwgen.logic.truth_tables import LIMIT
from hwgen.ops.base import Matmul, Taps
from hwgen.ops.thresholds import Thresholds
from hwgen.target.board import Board, boards

# The most that sharing between the outputs of one matrix has saved so far is a factor of 4.1 (64x64
# of +-1); a size that is refused has to be out of reach of any sharing.
SHARING = 5
USUAL = 2  # what it saves of most networks, about


@dataclass(frozen=True)
class MatmulTerms:
    """The size of one matrix-vector layer, unrolled.

    Attributes:
        layer: node name.
        positions: places at which the matrix is applied.
        weights, zeros: of the matrix.
        digits: nonzero canonical signed digits over all positions, taps in the padding left out.
        adders: without any sharing.
        luts: a number of look-up tables that its adders cannot undercut. Columns that may become
            truth tables count nothing.
    """

    layer: str
    positions: int
    weights: int
    zeros: int
    digits: int
    adders: int
    luts: int


@dataclass(frozen=True, eq=False)
class _Layer:
    """A matrix-vector layer: its node, the use of its weights, and the bits of its input format."""

    node: Node
    taps: Taps
    act_bits: int

    @property
    def positions(self) -> int:
        return math.prod(self.node.type.shape[:-1])


def zeros(graph: Graph) -> dict[str, tuple[int, int]]:
    """Return the zero weights and all weights of every matrix-vector layer."""
    return {
        node.name: (int(np.sum(node.op.weight == 0)), int(node.op.weight.size))
        for node in graph.nodes
        if isinstance(node.op, Matmul)
    }


def parameters(graph: Graph) -> int:
    """Return the trained numbers: weights and biases, factors and terms of normalisations."""
    return sum(node.op.parameters() for node in graph.nodes)


def bops(graph: Graph) -> float:
    """Return the bit operations of one inference.

    A layer of n inputs and m outputs a position, with k taps and a share f of zero weights, counts
    ``m n k ((1 - f) b_a b_w + b_a + b_w + log2(n k))`` at every position: Baskin et al., "UNIQ:
    uniform noise injection for non-uniform quantization of neural networks" (2018), with the
    pruning term of Hawks et al., "Ps and Qs: quantization-aware pruning for efficient low latency
    neural network inference" (2021). ``b_a`` is the width of the layer's input format, ``b_w`` that
    of the narrowest word which holds all its weights.
    """
    total = 0.0
    for layer in _layers(graph):
        weight, fan_in, act_bits = layer.taps.weight, layer.taps.fan_in, layer.act_bits
        used = float(np.count_nonzero(weight)) / weight.size
        b_w = bits_for(int(weight.min()), int(weight.max()))
        inner = used * act_bits * b_w + act_bits + b_w + math.log2(fan_in)
        total += layer.node.type.size * fan_in * inner
    return total


def ebops(graph: Graph) -> int:
    """Return the effective bit operations of one inference.

    After HGQ: Sun et al., "Gradient-based automatic mixed precision quantization for neural
    networks on-chip" (2024). Every product of a weight and an activation counts the weight's bits
    from its highest to its lowest nonzero one times the activation's bits, at every position; a
    zero weight counts nothing. The bits of an activation are those of its own exact interval, sign
    included; one that never changes counts nothing.
    """
    return sum(ebops_of(layer.taps) for layer in _layers(graph))


def ebops_of(taps: Taps, counted: npt.NDArray[np.bool_] | bool = True) -> int:
    """Return the effective bit operations of a layer; of the weights that are *counted*."""
    return int((taps.bits[..., None] * _each(taps.weight, _span) * counted).sum())


def matmul_terms(graph: Graph) -> tuple[MatmulTerms, ...]:
    """Return the size of every matrix-vector layer if it is unrolled in full."""
    out = []
    for layer in _layers(graph):
        taps, act_bits = layer.taps, layer.act_bits
        weight, summed = taps.weight, taps.summed
        digits = _each(weight, digit_count)
        alive = int(np.count_nonzero(digits.sum(axis=summed)))
        count = int((taps.uses[..., None] * digits).sum())
        sums = alive * layer.positions
        # Bits that tell the values of an element apart: of steps one may do.
        steps = isinstance(graph[layer.node.inputs[0]].op, Thresholds)
        least = np.minimum(taps.bits // np.maximum(taps.uses, 1), 1 if steps else act_bits)
        wide = ((weight != 0) * least[..., None]).sum(axis=summed) > LIMIT
        bits = int((taps.bits[..., None] * digits * wide).sum())
        added = int(np.count_nonzero(digits.sum(axis=summed) * wide)) * layer.positions
        out.append(
            MatmulTerms(
                layer=layer.node.name,
                positions=layer.positions,
                weights=int(weight.size),
                zeros=int(np.sum(weight == 0)),
                digits=count,
                adders=max(count - sums, 0),
                luts=max(bits - added * act_bits, 0) // SHARING,
            )
        )
    return tuple(out)


def unshared_adders(graph: Graph) -> int:
    """Return the adders of all layers, if every layer is unrolled and none is shared."""
    return sum(terms.adders for terms in matmul_terms(graph))


def likely_luts(graph: Graph) -> int:
    """Return the look-up tables that adders take, about, if every layer is unrolled."""
    return sum(t.luts for t in matmul_terms(graph)) * SHARING // USUAL


def check_parallel(graph: Graph, board: Board) -> None:
    """Refuse a graph that cannot fit when every layer is unrolled, before the unrolling is tried.

    Raises:
        DoesNotFit: the least number of look-up tables is above the board's; lists the layers.
    """
    terms = sorted(matmul_terms(graph), key=lambda t: (-t.luts, t.layer))
    total = sum(t.luts for t in terms)
    if total <= board.budget.lut:
        return
    lines = [
        f"the parallel style would take at least {total:,} LUTs for its adders;"
        f" {board.name} has {board.budget.lut:,}"
    ]
    shown = [t for t in terms if t.luts][:8]
    lines += [
        f"  - {t.layer}: at least {t.luts:,} LUTs ("
        f"{count_of(t.positions, 'position')}, {count_of(t.weights, 'weight')}, {t.zeros:,} zero)"
        for t in shown
    ]
    rest = terms[len(shown) :]
    if any(t.luts for t in rest):
        lines.append(f"  - {len(rest)} more: at least {sum(t.luts for t in rest):,} LUTs")
    # A bound says which boards are too small, and of none that it is large enough: none is named.
    most = max(b.budget.lut for b in boards())
    away = f"no known board has as many, the largest {most:,}; " if total > most else ""
    raise DoesNotFit(
        "\n".join(lines),
        terms[0].layer,
        f"{away}this style builds every position of every layer side by side: prune more, use fewer"
        " bits, or a smaller input",
    )


def _layers(graph: Graph) -> Iterator[_Layer]:
    for node in graph.nodes:
        if isinstance(node.op, Matmul):
            (source,) = graph.types(node)
            yield _Layer(node, node.op.taps(source), source.fixed.width)


def _each(weight: Codes, function: Callable[[int], int]) -> npt.NDArray[np.int64]:
    """Apply a function of the magnitude to every weight, once a distinct value."""
    values, index = np.unique(np.abs(weight).reshape(-1), return_inverse=True)
    table = np.array([function(int(v)) for v in values], np.int64)
    return table[index].reshape(weight.shape)


def _span(magnitude: int) -> int:
    """Return the bits from the highest to the lowest nonzero one."""
    return (magnitude // (magnitude & -magnitude)).bit_length() if magnitude else 0
