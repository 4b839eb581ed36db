# SPDX-License-Identifier: Apache-2.0
"""Deviation of a build from the model that it was made of, where a user gave formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.api.samples import read_data, to_codes
from hwgen.frontends.keras import live
from hwgen.ir.graph import Graph
from hwgen.ir.tensor import Codes
from hwgen.ops.reference import Reference
from hwgen.ops.requantize import Requantize

# End of the names of nodes that round to a given format.
_GIVEN = "_fmt"


@dataclass(frozen=True)
class OutputDeviation:
    """Deviation of one output.

    Attributes:
        output: its name.
        largest, mean: of the absolute difference.
        spread: standard deviation of the model's own values, to compare these with.
        same_class: share of samples whose largest element is the same; None for one element.
    """

    output: str
    largest: float
    mean: float
    spread: float
    same_class: float | None


@dataclass(frozen=True)
class Deviation:
    """Deviation of a build from the model without given formats.

    Attributes:
        samples: how many were compared.
        data: whether they are a user's; random codes else, which no model was trained for.
        outputs: one record an output.
        saturated: share of samples that saturate at a given format, by node; those that do not
            are left out.
    """

    samples: int
    data: bool
    outputs: tuple[OutputDeviation, ...]
    saturated: Mapping[str, float]

    def as_dict(self) -> dict[str, object]:
        """Return the figures as plain data."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the figures as lines of text."""
        kind = "samples of the data" if self.data else "random samples (give --data for real ones)"
        made = []
        for out in self.outputs:
            same = "" if out.same_class is None else f", same class {out.same_class:.2%}"
            made.append(
                f"deviation from the original model on {self.samples} {kind}: {out.output} mean "
                f"{out.mean:.3g}, largest {out.largest:.3g}, where its values spread by "
                f"{out.spread:.3g}{same}"
            )
        made += [
            f"{name}: {share:.2%} of the samples saturate" for name, share in self.saturated.items()
        ]
        return made


def measured(
    graph: Graph,
    model: Path,
    weights: Path | None,
    floats: Mapping[str, npt.NDArray[Any]],
    data: Path | None,
) -> Deviation:
    """Compare with the float32 forward pass of the model itself.

    Args:
        graph: of the build.
        model: its file.
        weights: a file with its weights, or None.
        floats: inputs of the core, by name; used where there are no data.
        data: a user's samples, as the model takes them.
    """
    if data is not None:
        raw = {name: np.asarray(x, np.float64) for name, x in read_data(graph, data).items()}
    else:  # what the scalers make these inputs of
        raw = dict(floats)
        for scaler in graph.input_scalers:
            scale, offset = np.array(scaler.scale), np.array(scaler.offset)
            raw[scaler.input] = (raw[scaler.input] - offset) / np.where(scale == 0, 1.0, scale)
    codes, _ = to_codes(graph, raw)
    ordered = {node.name: raw[node.name] for node in graph.inputs}
    original = live.oracle(model, weights, ordered, len(graph.outputs))
    return deviation(graph, codes, original, data is not None)


def deviation(
    graph: Graph, inputs: Mapping[str, Codes], original: Sequence[npt.NDArray[Any]], data: bool
) -> Deviation:
    """Compare the reference of *graph* with the outputs of the original model.

    Args:
        graph: of the build.
        inputs: codes by input.
        original: outputs of the model itself, in order.
        data: the samples are a user's.
    """
    nodes = [n.name for n in graph.nodes if n.name.endswith(_GIVEN)]
    sources = {name: _source(graph, name) for name in nodes}
    keep = dict.fromkeys([*(o.node for o in graph.outputs), *(s for s in sources.values() if s)])
    found = Reference(graph, keep).run(inputs)
    rows = []
    for out, values in zip(graph.outputs, original, strict=True):
        mine = found[out.node].astype(np.float64) * np.array(out.scale) + np.array(out.offset)
        theirs = np.asarray(values, np.float64).reshape(mine.shape)
        off = np.abs(mine - theirs)
        same = None
        if mine.ndim == 2 and mine.shape[1] > 1:
            same = float(np.mean(mine.argmax(1) == theirs.argmax(1)))
        rows.append(
            OutputDeviation(
                out.name, float(off.max()), float(off.mean()), float(theirs.std()), same
            )
        )
    saturated = {}
    for name, source in sources.items():
        if source and (share := _beyond(graph, name, found[source])):
            saturated[name.removesuffix(_GIVEN)] = share
    count = len(next(iter(inputs.values())))
    return Deviation(count, data, tuple(rows), saturated)


def _source(graph: Graph, name: str) -> str:
    node = graph[name]
    return node.inputs[0] if isinstance(node.op, Requantize) else ""


def _beyond(graph: Graph, name: str, codes: Codes) -> float:
    """Return the share of samples with an element beyond the ends of a format.

    What a ReLU cuts at zero is no overflow.
    """
    op = graph[name].op
    values = np.ldexp(codes.astype(np.float64), -op.shift).reshape(len(codes), -1)
    wrong = np.rint(values) > op.hi
    if op.lo < 0:
        wrong |= np.rint(values) < op.lo
    return float(np.mean(wrong.any(axis=1)))
