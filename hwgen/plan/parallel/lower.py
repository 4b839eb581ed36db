# SPDX-License-Identifier: Apache-2.0
"""Lowering: from a graph to logic, node by node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwgen.errors import ConfigError
from hwgen.ir.graph import Graph, Node
from hwgen.logic.builder import GRAPHS_ALONE, Builder, Logic
from hwgen.logic.nodes import Wires
from hwgen.ops.base import Mask
from hwgen.ops.input_ import Input
from hwgen.ops.thresholds import Thresholds
from hwgen.passes.half_step import join_half_steps
from hwgen.plan.mapping import ADDERS, TABLES, Realisation, layers_of
from hwgen.plan.parallel.steps import as_tables
from hwgen.plan.parallel.truth_tables import Prices, chains, tabulated


@dataclass(frozen=True)
class Depth:
    """Worth of few adders in a row where sums are chosen; both as `Builder` has them."""

    haste: int = 0
    level: float = 0.0


AREA = Depth()


@dataclass(frozen=True)
class Lowered:
    """Logic of a graph, and how its layers are realised.

    Attributes:
        logic: its nodes carry the name of the graph node that made them.
        realised: ``adders`` or ``tables``, by layer with weights.
        heaps: whether heaps of bits were priced, so that depth and area were weighed.
    """

    logic: Logic
    realised: Mapping[str, str]
    heaps: bool = False


def lower(
    graph: Graph,
    arity: int = 2,
    effort: int = 1,
    seed: int = 1,
    tables: Prices | None = None,
    mapping: Mapping[str, Realisation] | None = None,
    depth: Depth = AREA,
    alike: bool = False,
) -> Lowered:
    """Return the logic of a graph.

    Args:
        graph: what to build.
        arity: how many operands one adder of the target takes.
        effort: of the search for adder graphs.
        seed: of that search.
        tables: prices of the target's logic; without them no neuron becomes a truth table.
        mapping: how layers shall be realised; the cheaper way where it does not say.
        depth: what sums give for few adders in a row.
        alike: whether adders of all widths cost the same, as in a serial design, which puts half
            steps of roundings into its sums later.

    Raises:
        ConfigError: a layer shall be of tables and cannot.
    """
    builder = Builder(arity, effort, seed, GRAPHS_ALONE if alike else depth.haste, alike)
    builder.level = depth.level
    graph = graph if alike else join_half_steps(graph, arity)
    ends = chains(graph) if tables else {}
    compared = _only_compared(graph)
    wanted = {name: chosen.kind for name, chosen in (mapping or {}).items()}
    realised = {name: ADDERS for name in layers_of(graph)}
    _check_tables(wanted, {chain[0].name for chain in ends.values()})
    wires: dict[str, Wires] = {}
    for node in graph.nodes:
        builder.layer = node.name
        if isinstance(node.op, Input):
            made = builder.tensor(node.name, node.type)
        else:
            builder.compares = node.name in compared
            made = _lowered(builder, node, [wires[i] for i in node.inputs], tables)
            chain = ends.get(node.name)
            if chain and tables:
                head, ins = chain[0].name, wires[chain[0].inputs[0]]
                again = _without(builder, chain, ins, tables)
                made, realised[head] = tabulated(
                    builder, chain, ins, made, again, tables, wanted.get(head, "")
                )
        assert made.shape == node.type.shape, f"{node.name}: wires {made.shape} for {node.type}"
        builder.label(node.name, made)
        wires[node.name] = made
    outputs = [(o.name, [int(w) for w in wires[o.node].reshape(-1)]) for o in graph.outputs]
    return Lowered(Logic.of(builder, outputs), realised, builder.heaps)


def _only_compared(graph: Graph) -> set[str]:
    """Return the nodes that one step function reads, and nothing else."""
    readers = Counter(source for node in graph.nodes for source in node.inputs)
    steps = {node.inputs[0] for node in graph.nodes if isinstance(node.op, Thresholds)}
    leaving = {output.node for output in graph.outputs}
    return {name for name in steps if readers[name] == 1 and name not in leaving}


def _check_tables(wanted: Mapping[str, str], possible: Collection[str]) -> None:
    for name, kind in wanted.items():
        if kind == TABLES and name not in possible:
            raise ConfigError(
                f"layer {name} cannot be made of truth tables: no activation or rounding that it "
                "alone feeds stands behind it",
                f"layers.{name}",
                "choose adders",
            )


def _without(
    b: Builder, chain: Sequence[Node], ins: Wires, prices: Prices
) -> Callable[[Mask], Wires]:
    """Return what lowers a chain anew, the masked channels of its matrix zero."""

    def again(mask: Mask) -> Wires:
        head = replace(chain[0], op=chain[0].op.without(mask))
        made = ins
        for node in (head, *chain[1:]):
            b.layer, b.compares = node.name, node is head and isinstance(chain[1].op, Thresholds)
            made = _lowered(b, node, [made], prices)
            b.label(node.name, made)
        return made

    return again


def _lowered(b: Builder, node: Node, ins: Sequence[Wires], prices: Prices | None) -> Wires:
    made = np.asarray(node.op.lower(b, ins), np.int64)
    if prices and isinstance(node.op, Thresholds):
        return as_tables(b, made, lambda logic: prices.of(logic, range(len(logic.nodes))))
    return made
