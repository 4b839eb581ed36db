# SPDX-License-Identifier: Apache-2.0
"""A network with its feature maps tapped: which maps there are, and what coding does to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hwgen.codec.plan import CodingPlan, MapCoding
from hwgen.codec.wire import Ints
from hwgen.errors import ConfigError
from hwgen.ir.graph import Graph
from hwgen.ir.tensor import Codes, TensorType
from hwgen.ops.base import Activation
from hwgen.ops.reference import Reference
from hwgen.ops.requantize import Requantize
from hwgen.ops.serial import digest

PROBE = 0.25  # of a map's deviation: the step that tells how sensitive the outputs are
Changes = Mapping[str, Callable[[Codes], Codes]]


@dataclass(frozen=True)
class FeatureMap:
    """A feature map that may leave the chip.

    Attributes:
        name: the node whose codes it holds: an activation.
        source: the node in front of that activation, or *name* itself.
        shape: height, width, channels; missing axes in front are 1.
        shift: bits the activation drops between the two.
    """

    name: str
    source: str
    shape: tuple[int, int, int]
    shift: int


def maps_of(graph: Graph, names: Sequence[str] = ()) -> tuple[FeatureMap, ...]:
    """Return the maps of a network: the activations that have pixels, in order.

    Args:
        graph: the network.
        names: only these nodes, activations or not.

    Raises:
        ConfigError: no such node, or there is nothing to code.
    """
    table = {node.name: node for node in graph.nodes}
    unknown = [name for name in names if name not in table]
    if unknown:
        known = ", ".join(n.name for n in graph.nodes if len(n.type.shape) <= 3)
        raise ConfigError(f"no node is named {unknown[0]}", "--maps", f"there are {known}")
    inputs = {node.name for node in graph.inputs}
    found = []
    for node in graph.nodes:
        shape = node.type.shape
        rank = len(shape)
        is_map = isinstance(node.op, Activation) and 2 <= rank <= 3 and node.inputs[0] not in inputs
        if node.name not in names and (names or not is_map):
            continue
        if rank > 3:
            raise ConfigError(f"{node.name} has {rank} axes; a map has three", "--maps")
        alone = sum(node.inputs.count(n) for n in table) == 1 and isinstance(node.op, Requantize)
        source = node.inputs[0] if alone and node.inputs[0] not in inputs else node.name
        shift = node.op.shift if source != node.name else 0
        whole = (*(1,) * (3 - rank), *shape)
        found.append(FeatureMap(node.name, source, (whole[0], whole[1], whole[2]), shift))
    if not found:
        raise ConfigError(
            "the network has no feature maps",
            graph.name,
            "maps are activations behind a convolution; name other nodes with --maps",
        )
    return tuple(found)


def lossy(graph: Graph, nodes: Sequence[str]) -> Graph:
    """Return the graph when a lossy coder may stand behind *nodes*: their intervals are uniform.

    What comes out of a coder may be any code between the lowest and the highest of the whole map.
    """
    types: dict[str, TensorType] = {}
    made = []
    for node in graph.nodes:
        kind = node.op.infer([types[name] for name in node.inputs])
        if node.name in nodes:
            lo, hi = int(kind.lo.min()), int(kind.hi.max())
            kind = TensorType.covering(kind.shape, kind.frac, lo, hi)
        types[node.name] = kind
        made.append(replace(node, type=kind))
    return replace(graph, nodes=tuple(made))


def changes(plan: CodingPlan) -> dict[str, Callable[[Codes], Codes]]:
    """Return what a plan does to the codes of each node it codes with loss."""
    return {c.source: change_of(c) for c in plan.choices if c.transform is not None}


def change_of(choice: MapCoding) -> Callable[[Codes], Codes]:
    """Return what one choice does to the codes it codes."""

    def change(codes: Codes) -> Codes:
        maps = codes.reshape(-1, *choice.shape)
        made = [choice.values(choice.coefficients(one)) for one in maps]
        return np.stack(made).reshape(codes.shape)

    return change


class SensitivityModel:
    """A network with sample inputs: its maps, and what coding does to its outputs.

    Args:
        graph: the network.
        inputs: codes of every input.
        maps: which maps may be coded.
    """

    def __init__(
        self, graph: Graph, inputs: Mapping[str, Codes], maps: Sequence[FeatureMap]
    ) -> None:
        self.maps = tuple(maps)
        self.model = digest(graph)
        nodes = {m.name for m in maps} | {m.source for m in maps}
        self.graph = lossy(graph, tuple(nodes))
        self._inputs = inputs
        outputs = dict.fromkeys(out.node for out in graph.outputs)
        self._reference = Reference(self.graph, outputs)
        self.codes = Reference(self.graph, sorted(nodes)).run(inputs)
        self._plain = self.outputs({})
        spread = self._plain - self._plain.mean(axis=0)
        self._power = float((spread**2).mean()) or 1.0

    def part(self, samples: int) -> SensitivityModel:
        """Return the maps of the first samples only; errors are still those of all of them."""
        made = copy(self)
        made.codes = {name: codes[:samples] for name, codes in self.codes.items()}
        return made

    def outputs(self, change: Changes) -> Any:
        """Return the outputs as values, shape (samples, all), with nodes changed."""
        found = self._reference.run(self._inputs, change)
        parts = []
        for out in self.graph.outputs:
            values = found[out.node].astype(np.float64) * np.array(out.scale) + np.array(out.offset)
            parts.append(values.reshape(len(values), -1))
        return np.concatenate(parts, axis=1)

    def error(self, change: Changes) -> float:
        """Return the mean squared error of the outputs, as a share of their variance."""
        return float(((self.outputs(change) - self._plain) ** 2).mean()) / self._power

    def agreement(self, change: Changes) -> float:
        """Return the share of samples whose largest output stays the same one."""
        return float((self.outputs(change).argmax(1) == self._plain.argmax(1)).mean())

    def values(self, one: FeatureMap, before: bool = False) -> Ints:
        """Return the codes of a map of all samples, or what is in front of its activation."""
        codes = self.codes[one.source if before else one.name]
        return np.asarray(codes, np.int64).reshape(-1, *one.shape)

    def limits(self, one: FeatureMap, before: bool = False) -> tuple[int, int]:
        """Return the lowest and the highest code there can be."""
        kind = self.graph[one.source if before else one.name].type
        return int(kind.lo.min()), int(kind.hi.max())

    def sensitivity(self, one: FeatureMap) -> float:
        """Return the error of the outputs for a mean squared error of 1 in the codes of a map."""
        codes = self.values(one).astype(np.float64)
        lo, hi = self.limits(one)
        step = max(2.0, PROBE * float(codes.std()))

        def change(values: Codes) -> Codes:
            found: Codes = np.clip(np.rint(np.rint(values / step) * step), lo, hi).astype(np.int64)
            return found

        noise = float(((change(codes) - codes) ** 2).mean())
        return self.error({one.name: change}) / noise if noise else 0.0

    def activated(self, one: FeatureMap, values: Ints) -> Ints:
        """Return the codes of a map from what is in front of its activation."""
        found: Ints = np.asarray(self.graph[one.name].op.run([values]), np.int64)
        return found
