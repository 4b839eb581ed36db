# SPDX-License-Identifier: Apache-2.0
"""Deviation of a build from the model that it was made of, where a user gave formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.api.samples import read_data, spread, to_codes
from hwgen.errors import count_of
from hwgen.frontends.keras import live
from hwgen.frontends.keras.live import Opened
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.chosen_outputs import chosen
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
        kind = f"{count_of(self.samples, 'sample')} of the data"
        if not self.data:
            kind = f"{count_of(self.samples, 'random sample')} (give --data for real ones)"
        made = []
        for out in self.outputs:
            same = "" if out.same_class is None else f", same class {out.same_class:.2%}"
            made.append(
                f"deviation from the original model on {kind}: {out.output} mean "
                f"{out.mean:.3g}, largest {out.largest:.3g}, where its values spread by "
                f"{out.spread:.3g}{same}"
            )
        made += [
            f"{name}: {share:.2%} of the samples saturate" for name, share in self.saturated.items()
        ]
        return made


def own_outputs(
    model: Opened, options: Options, inputs: Mapping[str, npt.NDArray[Any]]
) -> list[npt.NDArray[Any]]:
    """Return the float32 outputs of a model itself, those that are built alone."""
    found = live.logits(model, inputs)
    return [found[i] for i in chosen(model.network, options.outputs)]


@dataclass(frozen=True)
class HeadCheck:
    """Comparison of a head with what floats make of the same logits.

    Attributes:
        head: ``argmax`` or ``softmax``.
        samples: how many.
        largest: distance from the float softmax; None for an arg max.
        flipped: samples whose class is another than that of the logits.
    """

    head: str
    samples: int
    largest: float | None
    flipped: npt.NDArray[np.bool_]

    def as_dict(self) -> dict[str, object]:
        """Return the figures as plain data."""
        return {
            "head": self.head, "samples": self.samples, "largest": self.largest,
            "flipped": int(self.flipped.sum()),
        }  # fmt: skip

    def line(self) -> str:
        """Return the figures as a line of text."""
        same = self.samples - int(self.flipped.sum())
        away = self.largest
        off = "" if away is None else f"; largest distance from float {away:.2g}"
        return f"{self.head}: {same}/{self.samples} samples have the class of their logits{off}"


def check_head(headed: Graph, plain: Graph, inputs: Mapping[str, Codes], head: str) -> HeadCheck:
    """Compare the outputs of a graph with a head with those of the same graph without.

    Args:
        headed: the graph with it.
        plain: the graph without.
        inputs: codes by input.
        head: what was made of the outputs.
    """
    with_it, without = Reference(headed).run(inputs), Reference(plain).run(inputs)
    count = len(next(iter(inputs.values())))
    flipped = np.zeros(count, bool)
    largest: float | None = None
    for out, made in zip(plain.outputs, headed.outputs, strict=True):
        logits = without[out.name].astype(np.float64) * np.array(out.scale) + out.offset
        codes = with_it[made.name]
        best = logits.argmax(axis=-1).reshape(count, -1)
        if codes.size == best.size:  # the class itself
            flipped |= (codes.reshape(count, -1) != best).any(axis=1)
            continue
        flipped |= (codes.argmax(axis=-1).reshape(count, -1) != best).any(axis=1)
        exact = np.exp(logits - logits.max(axis=-1, keepdims=True))
        exact /= exact.sum(axis=-1, keepdims=True)
        away = float(np.abs(codes * np.array(made.scale) - exact).max())
        largest = max(largest or 0.0, away)
    return HeadCheck(head, count, largest, flipped)


def measured(
    graph: Graph,
    model: Opened,
    options: Options,
    floats: Mapping[str, npt.NDArray[Any]],
    data: Path | None,
) -> Deviation:
    """Compare with the float32 forward pass of the model itself.

    Args:
        graph: of the build.
        model: its file, opened.
        options: the outputs that are built.
        floats: inputs of the core, by name; used where there are no data.
        data: a user's samples, as the model takes them.
    """
    if data is not None:
        raw = {name: np.asarray(x, np.float64) for name, x in read_data(graph, data).items()}
    else:  # what the scalers make these inputs of
        raw = dict(floats)
        for scaler in reversed(graph.input_scalers):
            shape = graph[scaler.input].type.shape
            scale, offset = (spread(part, shape) for part in (scaler.scale, scaler.offset))
            raw[scaler.input] = (raw[scaler.input] - offset) / np.where(scale == 0, 1.0, scale)
    codes, _ = to_codes(graph, raw)
    ordered = {node.name: raw[node.name] for node in graph.inputs}
    original = own_outputs(model, options, ordered)
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
