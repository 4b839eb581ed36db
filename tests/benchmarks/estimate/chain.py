# SPDX-License-Identifier: Apache-2.0
"""Graphs of the corpus, written down operation by operation."""

from __future__ import annotations

import numpy as np

import hwgen.ops as ops
from hwgen.ir.fixed import Fixed
from hwgen.ops import builder


class Chain(builder.GraphBuilder):
    """A chain that knows of inputs, channels, and of the shifts that trained networks have."""

    def input(self, shape: tuple[int, ...], text: str, name: str = "x") -> str:
        """Put an input of a format such as ``s8.0``."""
        return self.put(name, ops.Input.of(shape, Fixed.parse(text)), ())

    @property
    def channels(self) -> int:
        """Return the last axis of the last tensor."""
        return self.nodes[-1].type.shape[-1]

    def drop(self, rng: np.random.Generator, bits: int) -> int:
        """Return a shift that leaves sums in about *bits* bits, as trained networks do.

        Sums reach their proven bounds hardly ever: what saturates is what lies beyond four
        standard deviations of independent inputs.
        """
        node = self.nodes[-1]
        wide = (node.type.hi - node.type.lo).astype(np.float64)
        terms = 1
        if isinstance(node.op, ops.Matmul):
            terms = max(int(np.count_nonzero(node.op.weight)) // node.op.bias.size, 1)
        spread = float(np.median(wide)) / np.sqrt(12 * terms) * 8
        return max(0, round(float(np.log2(max(spread, 1.0)))) - bits + int(rng.integers(0, 2)))
