# SPDX-License-Identifier: Apache-2.0
"""Accuracy on 1,000 real jets: the network of tables beside a network of adders, row by row.

The rows are of the test part of the LHC jet set, standardised (Zenodo 10.5281/zenodo.3602260). The
tables take codes of six bits; what turns a feature into a code is not in their files but in the
checkpoint that their makers publish beside them: a batch normalization, one bias for all features
and a quantizer. Nothing is fitted to the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, sqrt

import numpy as np
import numpy.typing as npt

import hwgen
from hwgen.frontends.options import options
from hwgen.ir.graph import Graph
from hwgen.ops.reference import Reference
from tests.benchmarks.tables.rows import KAN

MODELS, ROWS = KAN.parent, KAN.parents[1] / "data" / "jets1000.npz"
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

# The input layer of KANELÉ's jet network, float32, from the checkpoint of epoch 977 in
# benchmarks/JSC_OpenML/models/official of Duchstf/KANELE at 9b9621f1 (MIT): scale, bias, running
# mean and running variance of the batch normalization of every feature; a bias; the quantizer's
# range, which 32 codes of either sign divide.
# fmt: off
WEIGHT = (
    0.6494739, 0.6225725, 0.82729137, 1.7496417, 0.89029306, 1.4815698,
    0.5998829, 0.8329378, 0.59554213, 0.7561255, 0.66686785, 1.0262846,
    0.63450235, 1.0349565, 0.9897132, 0.6333662,
)
BIAS = (
    0.011988342, 0.5105532, -0.12880401, 0.08463562, 0.024740957, 0.057097226,
    -0.16173306, -0.21842349, -0.058214005, -0.057974257, 0.039791252, 0.3382424,
    -0.072259426, 0.27993804, -0.15229084, -0.3435038,
)
MEAN = (
    0.017059946, -0.0204951, -0.021234391, -0.019887496, -0.016866105, -0.011530055,
    0.013318035, 0.013719714, 0.013318035, -0.007071951, -0.013459179, -0.009085878,
    -0.003880703, 0.0010591119, -0.018227318, -0.008884313,
)
VARIANCE = (
    1.0039984, 1.0422006, 0.9808215, 0.9684075, 0.9890557, 0.98953456,
    1.0413603, 1.0255238, 1.0413603, 0.99438775, 0.9929118, 1.0003844,
    1.0015222, 1.0049936, 0.9928865, 1.0058935,
)
# fmt: on
EPSILON, SHIFT, RANGE, HALF = 1e-5, -0.2785681, 1.7226646, 32


@dataclass(frozen=True)
class Paired:
    """Two classifiers on the same rows.

    Attributes:
        one, other: which rows each of them gets right.
    """

    one: npt.NDArray[np.bool_]
    other: npt.NDArray[np.bool_]

    @property
    def alone(self) -> tuple[int, int]:
        """Rows that only the first gets right, and only the second."""
        return int((self.one & ~self.other).sum()), int((self.other & ~self.one).sum())

    @property
    def difference(self) -> tuple[float, float]:
        """Difference of their accuracies, and half of its interval at 95 %."""
        (b, c), n = self.alone, len(self.one)
        return (b - c) / n, 1.96 * sqrt(b + c - (b - c) ** 2 / n) / n

    @property
    def chance(self) -> float:
        """Chance of so great a difference of equally good ones: McNemar's exact test, two sides."""
        b, c = self.alone
        tail = sum(comb(b + c, k) for k in range(min(b, c) + 1)) / 2.0 ** (b + c)
        return min(1.0, 2 * tail)


def codes(x: Floats) -> Ints:
    """Return the codes that the tables take of standardised features (rows, 16)."""
    scale = np.array(WEIGHT, np.float32) / np.sqrt(np.array(VARIANCE, np.float32) + EPSILON)
    normal = (x - np.array(MEAN, np.float32)) * scale + np.array(BIAS, np.float32) + SHIFT
    level = np.round(normal / np.float32(RANGE / HALF))
    found: Ints = (np.clip(level, -HALF, HALF - 1) + HALF).astype(np.int64)
    return found


def compared() -> Paired:
    """Return which rows the tables and ``qkeras_3layer`` get right."""
    data = np.load(ROWS)
    x, y = data["x"], data["y"]
    tables = hwgen.load(KAN / "jets" / "truth_tables.json")
    weights = MODELS / "qkeras_3layer_weights.h5"
    adders = hwgen.load(MODELS / "qkeras_3layer.json", weights, options("s8.4"))
    fixed = adders.inputs[0].type.fixed
    grid: Ints = np.clip(np.round(x * 2.0**fixed.frac), fixed.lo, fixed.hi).astype(np.int64)
    return Paired(_right(tables, codes(x), y), _right(adders, grid, y))


def _right(graph: Graph, x: Ints, y: Ints) -> npt.NDArray[np.bool_]:
    (source,), (out,) = graph.inputs, graph.outputs
    got = Reference(graph).run({source.name: x.reshape(len(x), *source.type.shape)})[out.name]
    found: npt.NDArray[np.bool_] = got.reshape(len(x), -1).argmax(axis=1) == y
    return found


def text(found: Paired) -> str:
    """Return the comparison as text."""
    (one, other), (off, half) = found.alone, found.difference
    return (
        f"jets1000, {len(found.one):,} rows: kan/jets {found.one.mean():.1%} right, qkeras_3layer "
        f"{found.other.mean():.1%}; {one} rows the first alone, {other} the second alone; paired "
        f"difference {off:+.1%} +- {half:.1%} (95 %), p = {found.chance:.2f} (McNemar, exact)"
    )
