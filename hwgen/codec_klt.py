# SPDX-License-Identifier: Apache-2.0
"""A KLT over all channels as two networks over a pixel: what `hwgen codec klt` writes.

The transform-coding paper folds the forward one into the convolution before it and leaves the
inverse a C x C product of its own (Chmiel et al., Feature Map Transform Coding, "folded"). Both are
1 x 1 convolutions with constant weights, hence adder graphs, built like any network.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hwgen.codec.order import FULL_KLT
from hwgen.codec.transform import MATRIX_BITS, Transform
from hwgen.coded import read_plan
from hwgen.errors import ConfigError
from hwgen.ir.fixed import Fixed, bits_for
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.tensor import Codes
from hwgen.ops import Dense, Input, Op, Requantize
from hwgen.project import write_bundle

WORD = 16  # bits of a coefficient before its quantiser
_LO, _HI = -(1 << WORD - 1), (1 << WORD - 1) - 1


def write_klt(plan: Path | str, out: Path | str, name: str | None = None) -> dict[str, Any]:
    """Write ``OUT_forward.json`` and ``OUT_inverse.json``, bundles that `hwgen build` takes.

    Args:
        plan: what calibration wrote (``--paper``).
        out: what their names begin with.
        name: of the map; may be left out where only one has such a KLT.

    Returns:
        ``files``; ``map``; ``source``, the node that is coded; ``channels``; ``text``.

    Raises:
        ConfigError: the plan has no such map, or it has no KLT over all channels; or the files
            cannot be written.
    """
    known = read_plan(Path(plan))
    full = [c for c in known.choices if c.transform and c.transform.code & FULL_KLT]
    names = ", ".join(c.name for c in full)
    if name is None and len(full) > 1:
        raise ConfigError("which map of the plan is it?", "--map", f"there are {names}")
    if name is not None:
        full = [choice for choice in (known[name],) if choice in full]
    if not full:
        raise ConfigError(
            "there is no KLT over all channels", name or str(plan),
            f"those of {names} are" if names else "'hwgen codec calibrate --paper' makes them",
        )  # fmt: skip
    (choice,) = full
    assert choice.transform is not None
    forward, inverse = klt_graphs(choice.transform)
    stem = Path(out)
    files = [stem.with_name(f"{stem.name}_{side}.json") for side in ("forward", "inverse")]
    write_bundle((forward, files[0]), (inverse, files[1]))
    count = choice.shape[2]
    names = " and ".join(map(str, files))
    return {
        "files": [str(file) for file in files], "map": choice.name, "source": choice.source,
        "channels": count,
        "text": f"{names}: {count} x {count}, of map {choice.name} (codes of {choice.source})",
    }  # fmt: skip


def klt_graphs(transform: Transform) -> tuple[Graph, Graph]:
    """Return the KLT over all channels of a pixel, and the way back.

    Between the two stands what `hwgen.codec.order.folded` leaves of the transform. The forward one
    takes C codes from the transform's limits and gives 16-bit coefficients; the other undoes it
    and clips to the limits. Both are exact: what `Transform` computes.

    Raises:
        ConfigError: there is no such KLT.
    """
    if not transform.code & FULL_KLT:
        raise ConfigError("the transform has no KLT over all channels")
    count, order = transform.channels, np.array(transform.order)
    matrix = np.array(transform.matrices, np.int64).reshape(count, count)
    means = np.array(transform.means, np.int64)
    lo, hi, down = transform.lo, transform.hi, transform.down

    forward = _Chain(count, Fixed(bits_for(lo, hi), 0, lo < 0))
    if down or lo < _LO or hi > _HI:
        forward.shifted(np.eye(count, dtype=np.int64), np.zeros(count, np.int64), down)
    weight, bias = np.empty_like(matrix), np.empty_like(means)
    weight[order] = matrix.T
    forward.shifted(weight, -(matrix @ means), MATRIX_BITS)

    inverse = _Chain(count, Fixed(WORD, 0, signed=True))
    weight = np.empty_like(matrix)
    weight[:, order], bias[order] = matrix, means << MATRIX_BITS
    inverse.shifted(weight, bias, MATRIX_BITS)
    inverse.put("limits", Requantize(-down, lo, hi))
    return forward.graph("klt_forward"), inverse.graph("klt_inverse")


class _Chain:
    """A network in a line."""

    def __init__(self, count: int, fixed: Fixed) -> None:
        self._nodes: list[Node] = []
        self.put("x", Input.of((count,), fixed))

    def put(self, name: str, op: Op) -> None:
        before = self._nodes[-1:]
        made = op.infer([node.type for node in before])
        self._nodes.append(Node(name, op, tuple(node.name for node in before), made, name))

    def shifted(self, weight: Codes, bias: Codes, shift: int) -> None:
        """Put ``sat16((weight' x + bias + half) >> shift)``, which rounds ties up.

        A requantizer rounds ties to even, so it sees twice the sum and one more: never a tie.
        """
        number = len(self._nodes)
        self.put(f"mix{number}", Dense(2 * weight, 2 * bias + 1))
        self.put(f"round{number}", Requantize(shift + 1, _LO, _HI))

    def graph(self, name: str) -> Graph:
        last = self._nodes[-1]
        made = Graph(name, tuple(self._nodes), (Output("y", last.name, (1.0,)),))
        made.check()
        return made
