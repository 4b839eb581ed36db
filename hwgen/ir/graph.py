# SPDX-License-Identifier: Apache-2.0
"""Graph: a network as integer operations. Front ends make it, passes change it, nobody by hand.

Operations are opaque here (rooms to the right are not imported); an object with ``kind``,
``infer``, ``run`` and ``note`` will do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hwgen.ir.tensor import TensorType


@dataclass(frozen=True)
class Node:
    """One operation applied.

    Attributes:
        name: unique, a legal Verilog identifier, named after the model's layer.
        op: what is done.
        inputs: names of earlier nodes.
        type: output type; always ``op.infer`` of the input types.
        layer: the model's own name of the layer this came from.
        note: what a reader of the generated Verilog wants to know (formats, zeros).
    """

    name: str
    op: Any
    inputs: tuple[str, ...]
    type: TensorType
    layer: str = ""
    note: str = ""


@dataclass(frozen=True)
class Output:
    """A network output: value = code * scale + offset, with both per last axis or one for all.

    Attributes:
        name: port name.
        node: the node whose codes leave.
        scale: one factor, or one a channel of the last axis.
        offset: one term, or one a channel of the last axis; not 0 behind a batch normalisation or
            bias that no quantizer follows.
    """

    name: str
    node: str
    scale: tuple[float, ...]
    offset: tuple[float, ...] = (0.0,)

    @property
    def exact(self) -> bool:
        """True when every scale is a power of two and nothing is added: values are code * 2**n."""
        return not any(self.offset) and all(math.frexp(s)[0] == 0.5 for s in self.scale)


@dataclass(frozen=True)
class InputScaler:
    """Scaler of an input: what a model does to its input first, and the core does not.

    The core takes ``x * scale + offset`` on the grid of the input; drivers and `predict` apply it.

    Attributes:
        input: name of the input.
        layer: the model's layer that it stands for.
        scale, offset: one figure, or one a channel of the last axis, or one an element in row-major
            order.
    """

    input: str
    layer: str
    scale: tuple[float, ...]
    offset: tuple[float, ...]


@dataclass(frozen=True)
class Graph:
    """A network: its nodes in topological order, and its outputs.

    Attributes:
        name: a legal identifier.
        nodes: each after its inputs; those that read nothing are inputs of the network.
        outputs: what leaves.
        notes: what the front end did that the user should know (softmax dropped, ...).
        scaler_mean, scaler_std: training scaler of the first input, shipped along; may be empty.
        input_scalers: layers behind inputs that are computed outside the core.
    """

    name: str
    nodes: tuple[Node, ...]
    outputs: tuple[Output, ...]
    notes: tuple[str, ...] = ()
    scaler_mean: tuple[float, ...] = ()
    scaler_std: tuple[float, ...] = ()
    input_scalers: tuple[InputScaler, ...] = ()

    def __getitem__(self, name: str) -> Node:
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The input nodes, in the model's order."""
        return tuple(n for n in self.nodes if not n.inputs)

    def types(self, node: Node) -> tuple[TensorType, ...]:
        """Return the types that reach *node*."""
        table = {n.name: n.type for n in self.nodes}
        return tuple(table[i] for i in node.inputs)

    def check(self) -> None:
        """Assert the invariants: order, unique names, types as inferred, known outputs."""
        table: dict[str, TensorType] = {}
        for node in self.nodes:
            assert node.name.isidentifier(), f"{node.name!r} is no identifier"
            assert node.name not in table, f"two nodes named {node.name}"
            missing = [i for i in node.inputs if i not in table]
            assert not missing, f"{node.name} reads {missing} before they exist"
            inferred = node.op.infer([table[i] for i in node.inputs])
            assert inferred == node.type, f"{node.name}: type is not what infer says"
            table[node.name] = node.type
        assert self.outputs, "a graph needs an output"
        names = [o.name for o in self.outputs]
        assert len(set(names)) == len(names), "two outputs of one name"
        for out in self.outputs:
            assert out.node in table, f"output {out.name} names an unknown node {out.node}"

    def lines(self) -> Iterator[str]:
        """Yield one line a node."""
        width = max(len(n.name) for n in self.nodes)
        for node in self.nodes:
            source = f" <- {', '.join(node.inputs)}" if node.inputs else ""
            said = ", ".join(filter(None, (node.op.note(), node.note)))
            note = f"   # {said}" if said else ""
            yield f"{node.name:<{width}}  {node.type}  {node.op.kind}{source}{note}"
        for out in self.outputs:
            yield f"{'output':<{width}}  {out.name} = {out.node}"

    def show(self) -> str:
        """Return the graph as text, one line a node."""
        return "\n".join(self.lines())
