# SPDX-License-Identifier: Apache-2.0
"""Check that no float operator remains in a graph: every constant of every operation is integer."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import Any

import numpy as np

from hwgen.errors import count_of
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph


def integers_only(graph: Graph) -> str:
    """Return a line that says so, and what is computed outside of the core.

    Raises:
        AssertionError: an operation holds a float; a bug in hwgen.
    """
    for node in graph.nodes:
        for field in fields(node.op):
            value = getattr(node.op, field.name)
            assert _integer(value), f"{node.name}: {field.name} of {node.op.kind} holds a float"
    kinds = Counter(node.op.kind for node in graph.nodes if node.inputs)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    total = count_of(sum(kinds.values()), "operator")
    outside = [f"the scaler of input {s.input} ({s.layer})" for s in graph.input_scalers]
    outside += [f"scale and offset of output {out.name}" for out in graph.outputs if not out.exact]
    said = f"; in float, outside of it: {', '.join(outside)}" if outside else ""
    return f"no float operator remains in the core: {total}, all on integers ({listed}){said}"


def _integer(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iub" or all(isinstance(v, int) for v in value.flat)
    if isinstance(value, tuple):
        return all(_integer(v) for v in value)
    return value is None or isinstance(value, int | str | np.integer | Fixed)
