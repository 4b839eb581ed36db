# SPDX-License-Identifier: Apache-2.0
"""Neurons as truth tables, where that takes less than their adders.

A neuron is a column of a matrix, its bias, and what follows element by element: a rectifier, a
rounding, steps. If the inputs that it weighs have few bits, it is a table of those bits. A layer is
lowered to adders alone and with some of its neurons as tables; the cheapest is kept.

The values of a table are those of the reference operations at every address. At every build each
is compared with the adders' logic as well, at every address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hwgen.cost.calibration import calibrated
from hwgen.cost.terms import table_terms, terms_of
from hwgen.errors import ConfigError, DoesNotFit, HwgenError
from hwgen.ir.graph import Graph, Node
from hwgen.ir.tensor import INT64_SAFE, Codes
from hwgen.logic.builder import Builder, Logic
from hwgen.logic.enumeration import Word, cone, enumerated, table, word
from hwgen.logic.evaluate import evaluate
from hwgen.logic.nodes import Node as LogicNode
from hwgen.logic.nodes import Shl, Table, Wire, Wires
from hwgen.logic.truth_tables import LIMIT, levels
from hwgen.ops.base import Elementwise, Mask, Matmul
from hwgen.target.family import Family

ALWAYS = 8  # address bits of tables that are tried for all neurons at once, and need no excuse
_LARGEST = 1 << 23  # entries of a layer's matrix, positions unrolled, up to which it is looked at


@dataclass(frozen=True)
class Prices:
    """Prices of logic on a family.

    Attributes:
        inputs: of its largest look-up table.
        factors: look-up tables a unit of each term; one that is missing counts as its formula says.
        levels: look-up tables in a row that a clock leaves time for; a table cannot be cut.
    """

    inputs: int
    factors: Mapping[str, float]
    levels: int = LIMIT

    @classmethod
    def on(cls, family: Family) -> Prices:
        """Return the prices of a family, by its calibration."""
        return cls(family.lut_inputs, calibrated(family).factors)

    def of(self, logic: Logic, wires: Sequence[Wire]) -> float:
        """Return the look-up tables that some nodes take."""
        return self._sum(terms_of(logic, wires, self.inputs))

    def table(self, node: Table) -> float:
        """Return the look-up tables that a truth table takes."""
        return self._sum(table_terms(node, self.inputs))

    def doubt(self, node: LogicNode) -> float:
        """Return what a long table has to be cheaper by, and 0 of any other node.

        The model of adders is above what synthesis makes of a few narrow ones, by a sixth or more.
        """
        if not isinstance(node, Table) or len(node.picks) <= ALWAYS:
            return 0.0
        return self.table(node) / 6

    def _sum(self, terms: Mapping[str, float]) -> float:
        return sum(self.factors.get(term, 1.0) * count for term, count in terms.items())


@dataclass(frozen=True)
class _Neuron:
    """One output element: its channel, its table, the inputs' words and the values they give."""

    channel: int
    node: Table
    bits: int


def chains(graph: Graph) -> dict[str, tuple[Node, ...]]:
    """Return, by the name of their last node, matrices with the functions behind that alone read.

    None of the nodes in between leaves the network or is read by another one.
    """
    readers: dict[str, list[Node]] = {node.name: [] for node in graph.nodes}
    for node in graph.nodes:
        for source in node.inputs:
            readers[source].append(node)
    leaving = {output.node for output in graph.outputs}
    found = {}
    for node in graph.nodes:
        chain = [node]
        while chain[-1].name not in leaving and len(readers[chain[-1].name]) == 1:
            (reader,) = readers[chain[-1].name]
            if not isinstance(reader.op, Elementwise):
                break
            chain.append(reader)
        if isinstance(node.op, Matmul) and len(chain) > 1:
            found[chain[-1].name] = tuple(chain)
    return found


def tabulated(
    b: Builder,
    chain: Sequence[Node],
    ins: Wires,
    adders: Wires,
    again: Callable[[Mask], Wires],
    prices: Prices,
    wanted: str = "",
) -> tuple[Wires, str]:
    """Return the outputs of a chain of nodes, some from tables if that is cheaper, and which it is.

    Everything is tried whatever is wanted, so that a choice that was made by price before gives the
    same wires when it is asked for.

    Args:
        b: what grows.
        chain: a matrix and what follows.
        ins: its input.
        adders: its output as adders.
        again: lowers the chain anew without some channels, of which it gives anything.
        prices: of the family.
        wanted: ``adders`` or ``tables``; what costs less if empty.

    Raises:
        ConfigError: tables are wanted, and no neuron can be one.
        DoesNotFit: neurons could be tables at a slower clock.
    """
    neurons = _neurons(b, chain, ins, adders)
    slow = {
        neuron.channel
        for neuron in neurons.values()
        if levels(neuron.node.values, prices.inputs) > prices.levels
    }
    neurons = {place: neuron for place, neuron in neurons.items() if neuron.channel not in slow}
    if not neurons:
        if wanted == "tables":
            raise _no_table(chain[0].name, bool(slow))
        return adders, "adders"
    layers = {node.name for node in chain}

    def made(channels: frozenset[int]) -> Wires:
        mask = np.isin(np.arange(adders.shape[-1]), sorted(channels))
        rest = adders if mask.all() else again(mask)
        wires = np.where(mask, adders, rest).reshape(-1)
        b.layer = chain[0].name
        for place, neuron in neurons.items():
            if neuron.channel in channels:
                wires[place] = b.table(neuron.node)
        return wires.reshape(adders.shape)

    def price(wires: Wires) -> float:
        logic = Logic.of(b, [("y", wires.reshape(-1).tolist())])
        own = [w for w, layer in enumerate(logic.layers) if layer in layers]
        return prices.of(logic, own) + sum(prices.doubt(logic.nodes[w]) for w in own)

    effort = b.effort
    b.effort = min(effort, 1)  # to choose by
    choices = _choices(b, neurons, adders, layers, prices)
    tried = [(price(made(channels)), channels) for channels in choices]
    none = price(made(frozenset()) if effort > 1 else adders), frozenset[int]()
    every = 0.0, frozenset(neuron.channel for neuron in neurons.values())
    candidates = (tried or [every]) if wanted == "tables" else [*tried, none]
    _, best = min(candidates, key=lambda pair: (pair[0], -len(pair[1])))
    b.effort = effort
    if not best:
        return adders, "adders"
    final = made(best)
    cheaper = "tables" if price(final) <= price(adders) else "adders"
    kind = wanted or cheaper
    return (final if kind == "tables" else adders), kind


def _no_table(layer: str, slow: bool) -> HwgenError:
    """Return why no neuron of a layer can be a truth table."""
    where, what = f"layers.{layer}", f"no neuron of {layer} can be a truth table"
    if slow:
        hint = "choose adders, or a slower clock"
        return DoesNotFit(f"{what} at this clock: a table cannot be cut in two", where, hint)
    hint = "choose adders, or give fewer bits to its inputs"
    return ConfigError(f"{what}: each reads more than {LIMIT} bits", where, hint)


def _choices(
    b: Builder, neurons: Mapping[int, _Neuron], adders: Wires, layers: set[str], prices: Prices
) -> list[frozenset[int]]:
    """Return sets of channels that are worth a try as tables."""
    logic = Logic.of(b, [("y", adders.reshape(-1).tolist())])
    ((_, outs),) = logic.outputs
    readers = [0] * len(logic.nodes)  # the channels that need a node, as bits
    for place, wire in enumerate(outs):
        readers[wire] |= 1 << (place % adders.shape[-1])
    alone: dict[int, float] = {}
    shared: dict[int, float] = {}
    for wire in range(len(logic.nodes) - 1, -1, -1):
        for source in logic.nodes[wire].operands:
            readers[source] |= readers[wire]
        if logic.layers[wire] in layers:
            cost, left = prices.of(logic, [wire]), readers[wire]
            while left:
                channel = (left & -left).bit_length() - 1
                shared[channel] = shared.get(channel, 0.0) + cost
                if readers[wire] == 1 << channel:
                    alone[channel] = alone.get(channel, 0.0) + cost
                left &= left - 1
    cost_of: dict[int, float] = {}
    bits: dict[int, int] = {}
    for neuron in neurons.values():
        own = prices.table(neuron.node) + prices.doubt(neuron.node)
        cost_of[neuron.channel] = cost_of.get(neuron.channel, 0.0) + own
        bits[neuron.channel] = max(bits.get(neuron.channel, 0), neuron.bits)
    sets = (
        {c for c in bits if bits[c] <= ALWAYS},
        {c for c in bits if cost_of[c] <= shared.get(c, 0.0)},
        {c for c in bits if cost_of[c] <= alone.get(c, 0.0)},
        {c for c in bits if bits[c] <= prices.inputs},
    )
    return list(dict.fromkeys(frozenset(s) for s in sets if s))


def _neurons(b: Builder, chain: Sequence[Node], ins: Wires, adders: Wires) -> dict[int, _Neuron]:
    """Return the elements whose channel can be tables everywhere, by their place in the output."""
    head, size = chain[0], int(np.prod(ins.shape))
    weights = head.op.weight.reshape(-1, len(head.op.bias))
    few = np.count_nonzero(weights, axis=0) <= LIMIT
    if (
        not few.any()
        or size * max(size, adders.size) > _LARGEST
        or _peak(b, chain, ins) >= INT64_SAFE
    ):
        return {}
    impulses = np.eye(size, dtype=np.int64).reshape(size, *ins.shape)
    bias = head.op.run([np.zeros((1, *ins.shape), np.int64)]).reshape(-1)
    matrix = head.op.run([impulses]).reshape(size, -1) - bias
    wires, shifts = _unshifted(b, ins)
    words: dict[Wire, Word | None] = {}
    parts: dict[int, list[Word]] = {}
    channels = adders.shape[-1]
    whole = few.copy()
    for place in range(adders.size):
        channel = place % channels
        if not whole[channel]:
            continue
        read = sorted({wires[i] for i in np.flatnonzero(matrix[:, place]).tolist()})
        live = [w for w in read if b.lo[w] < b.hi[w]]
        for w in live:
            if w not in words:
                words[w] = word(b, w)
        known = [words[w] for w in live]
        found = [one for one in known if one is not None]
        if len(found) < len(known) or sum(len(one.bits) for one in found) > LIMIT:
            whole[channel] = False
        parts[place] = found
    parts = {place: found for place, found in parts.items() if whole[place % channels] and found}
    return _filled(b, chain, parts, matrix, bias, wires, shifts, adders)


def _filled(
    b: Builder,
    chain: Sequence[Node],
    parts: Mapping[int, Sequence[Word]],
    matrix: Codes,
    bias: Codes,
    wires: Sequence[Wire],
    shifts: Sequence[int],
    adders: Wires,
) -> dict[int, _Neuron]:
    """Enumerate all neurons side by side with the reference operations."""
    if not parts:
        return {}
    most = max(sum(len(one.bits) for one in found) for found in parts.values())
    sums = np.zeros((1 << most, adders.size), np.int64)
    at: dict[Wire, list[int]] = {}
    for i, wire in enumerate(wires):
        at.setdefault(wire, []).append(i)
    codes: dict[int, Codes] = {}
    for place, found in parts.items():
        live = {one.wire for one in found}
        total = np.full(1, bias[place])
        codes[place] = enumerated(found)
        for k, one in enumerate(found):
            factor = sum(int(matrix[i, place]) << shifts[i] for i in at[one.wire])
            total = total + codes[place][:, k] * factor
        for wire in {wires[i] for i in np.flatnonzero(matrix[:, place]).tolist()} - live:
            for i in at[wire]:  # one that never changes
                total = total + (b.lo[wire] << shifts[i]) * matrix[i, place]
        sums[:, place] = np.resize(total, len(sums))
    made = sums.reshape(len(sums), *adders.shape)
    for node in chain[1:]:
        made = node.op.run([made.copy()])
    values = made.reshape(len(sums), -1)
    stops = set(wires)
    neurons = {}
    for place, found in parts.items():
        bits = sum(len(one.bits) for one in found)
        own = values[: 1 << bits, place].tolist()
        _prove(b, int(adders.reshape(-1)[place]), found, codes[place], own, stops)
        index = np.unravel_index(place, adders.shape)
        label = f"{chain[0].name}[{', '.join(map(str, index))}]"
        neurons[place] = _Neuron(place % adders.shape[-1], table(found, own, label), bits)
    return neurons


def _prove(
    b: Builder, wire: Wire, words: Sequence[Word], codes: Codes, values: Codes, stops: set[Wire]
) -> None:
    """Assert that the adders' logic gives the same at every address.

    What it reads besides cancels out, and is tried at both ends. If it does not, a part of the sum
    was another input already; then that one is a part of the neuron, and there is no saying.
    """
    logic, read = cone(b, wire, stops)
    where = {one.wire: k for k, one in enumerate(words)}
    answers = []
    besides = any(w not in where for w in read)
    for ends in (b.lo, b.hi) if besides else (b.lo,):
        x = np.empty((len(codes), max(len(read), 1)), np.int64)
        for i, w in enumerate(read):
            x[:, i] = codes[:, where[w]] if w in where else ends[w]
        answers.append(evaluate(logic, {"x": x}, check=True)["y"][:, 0])
    if np.array_equal(answers[0], answers[-1]):
        assert np.array_equal(answers[0], values), "a table is not what its adders compute"


def _unshifted(b: Builder, ins: Wires) -> tuple[list[Wire], list[int]]:
    wires, shifts = [], []
    for wire in ins.reshape(-1).tolist():
        node = b.nodes[wire]
        wires.append(node.a if isinstance(node, Shl) else wire)
        shifts.append(node.shift if isinstance(node, Shl) else 0)
    return wires, shifts


def _peak(b: Builder, chain: Sequence[Node], ins: Wires) -> int:
    """Return a bound on what the reference meets."""
    peak: int = max(max(-b.lo[w], b.hi[w], 1) for w in ins.reshape(-1).tolist())
    weight, bias = (np.abs(v.astype(object)) for v in (chain[0].op.weight, chain[0].op.bias))
    bound: int = int(weight.sum()) * peak + int(bias.max())
    types = [node.type for node in chain]
    for node, before, after in zip(chain[1:], types, types[1:], strict=False):
        bound = max(bound, int(node.op.bound([before], after)))
    return bound
