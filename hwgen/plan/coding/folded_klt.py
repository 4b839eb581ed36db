# SPDX-License-Identifier: Apache-2.0
"""A KLT over all channels as two networks over a pixel: what `hwgen codec klt` writes.

The transform-coding paper folds the forward one into the convolution before it and leaves the
inverse a C x C product of its own (Chmiel et al., Feature Map Transform Coding, "folded"). Both are
1 x 1 convolutions with constant weights, hence adder graphs, built like any network.
"""

from __future__ import annotations

import numpy as np

from hwgen.codec.block_scan import FULL_KLT
from hwgen.codec.transform import MATRIX_BITS, Transform
from hwgen.errors import ConfigError
from hwgen.ir.fixed import Fixed, bits_for
from hwgen.ir.graph import Graph
from hwgen.ir.tensor import Codes
from hwgen.ops import Dense, Input, Requantize
from hwgen.ops.builder import GraphBuilder

WORD = 16  # bits of a coefficient before its quantiser
_LO, _HI = -(1 << WORD - 1), (1 << WORD - 1) - 1


def klt_graphs(transform: Transform) -> tuple[Graph, Graph]:
    """Return the KLT over all channels of a pixel, and the way back.

    Between the two stands what `hwgen.codec.block_scan.folded` leaves of the transform. The
    forward one takes C codes from the transform's limits and gives 16-bit coefficients; the other
    undoes it and clips to the limits. Both are exact: what `Transform` computes.

    Raises:
        ConfigError: there is no such KLT.
    """
    if not transform.code & FULL_KLT:
        raise ConfigError("the transform has no KLT over all channels")
    count, order = transform.channels, np.array(transform.order)
    matrix = np.array(transform.matrices, np.int64).reshape(count, count)
    means = np.array(transform.means, np.int64)
    lo, hi, down = transform.lo, transform.hi, transform.down

    forward = GraphBuilder("klt_forward")
    forward.put("x", Input.of((count,), Fixed(bits_for(lo, hi), 0, lo < 0)))
    if down or lo < _LO or hi > _HI:
        _shifted(forward, np.eye(count, dtype=np.int64), np.zeros(count, np.int64), down)
    weight, bias = np.empty_like(matrix), np.empty_like(means)
    weight[order] = matrix.T
    _shifted(forward, weight, -(matrix @ means), MATRIX_BITS)

    inverse = GraphBuilder("klt_inverse")
    inverse.put("x", Input.of((count,), Fixed(WORD, 0, signed=True)))
    weight = np.empty_like(matrix)
    weight[:, order], bias[order] = matrix, means << MATRIX_BITS
    _shifted(inverse, weight, bias, MATRIX_BITS)
    inverse.put("limits", Requantize(-down, lo, hi))
    return forward.graph(1.0), inverse.graph(1.0)


def _shifted(chain: GraphBuilder, weight: Codes, bias: Codes, shift: int) -> None:
    """Put ``sat16((weight' x + bias + half) >> shift)``, which rounds ties up.

    A requantizer rounds ties to even, so it sees twice the sum and one more: never a tie.
    """
    number = len(chain.nodes)
    chain.put(f"mix{number}", Dense(2 * weight, 2 * bias + 1))
    chain.put(f"round{number}", Requantize(shift + 1, _LO, _HI))
