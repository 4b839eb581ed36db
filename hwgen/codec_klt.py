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
from hwgen.ir.graph import Graph
from hwgen.ir.tensor import Codes
from hwgen.ops import Dense, Input, Requantize
from hwgen.ops.chain import Chain
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
    full = {c.name: c for c in known.choices if c.transform and c.transform.code & FULL_KLT}
    names = ", ".join(full)
    if name is None and len(full) > 1:
        raise ConfigError("which map of the plan is it?", "--map", f"there are {names}")
    asked = next(iter(full), "") if name is None else known[name].name
    if asked not in full:
        raise ConfigError(
            "there is no KLT over all channels", asked or str(plan),
            f"those of {names} are" if names else "'hwgen codec calibrate --paper' makes them",
        )  # fmt: skip
    choice = full[asked]
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

    forward = Chain("klt_forward")
    forward.put("x", Input.of((count,), Fixed(bits_for(lo, hi), 0, lo < 0)))
    if down or lo < _LO or hi > _HI:
        _shifted(forward, np.eye(count, dtype=np.int64), np.zeros(count, np.int64), down)
    weight, bias = np.empty_like(matrix), np.empty_like(means)
    weight[order] = matrix.T
    _shifted(forward, weight, -(matrix @ means), MATRIX_BITS)

    inverse = Chain("klt_inverse")
    inverse.put("x", Input.of((count,), Fixed(WORD, 0, signed=True)))
    weight = np.empty_like(matrix)
    weight[:, order], bias[order] = matrix, means << MATRIX_BITS
    _shifted(inverse, weight, bias, MATRIX_BITS)
    inverse.put("limits", Requantize(-down, lo, hi))
    return forward.graph(1.0), inverse.graph(1.0)


def _shifted(chain: Chain, weight: Codes, bias: Codes, shift: int) -> None:
    """Put ``sat16((weight' x + bias + half) >> shift)``, which rounds ties up.

    A requantizer rounds ties to even, so it sees twice the sum and one more: never a tie.
    """
    number = len(chain.nodes)
    chain.put(f"mix{number}", Dense(2 * weight, 2 * bias + 1))
    chain.put(f"round{number}", Requantize(shift + 1, _LO, _HI))
