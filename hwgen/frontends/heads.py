# SPDX-License-Identifier: Apache-2.0
"""Heads: what is made of the outputs of a network, and which of them are built.

``logits`` leaves them alone. ``argmax`` gives the index of the largest, the lowest of equal ones.
``softmax`` is exact to this integer specification, where z are the codes of one position:

1. ``d = max(z) - z``, and ``k = min(round(d / 2**s), 255)`` with s so that a step of k is worth
   from 1/45 to 1/23; halves go to even.
2. ``e = round(2**14 * exp(-k * step))``, at least 0, a table.
3. ``r``, a table of 256 entries: ``2**26 / S`` for a number S near ``sum(e)``, rounded; its steps
   are geometric, so that S is within ``n**(1/255)`` of the sum, n being the number of classes.
4. ``p = (e * r) >> 16``, at most 1023, in units of ``2**-10``; then one more where ``d = 0``.

Every table falls and every step rises, so no order of two classes is ever turned round; by the
last addition the winner stays ahead of all that were behind it, however little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hwgen.errors import ConfigError
from hwgen.frontends.formats import check_names
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.names import node_name
from hwgen.ir.tensor import Codes
from hwgen.ops.across import Across
from hwgen.ops.argmax import ArgMax
from hwgen.ops.base import Op
from hwgen.ops.merge import Add, Multiply
from hwgen.ops.mulshift import MulShift
from hwgen.ops.requantize import Requantize
from hwgen.ops.shape import ShiftLeft
from hwgen.ops.thresholds import Thresholds

HEADS = ("logits", "argmax", "softmax")
_LEVELS = 256
_EXP_BITS, _INVERSE_BITS, _OUT_BITS = 14, 12, 10
_STEP = 1 / 32
_FINEST = 64  # fraction bits of an offset, at most


def with_outputs(graph: Graph, names: Sequence[str]) -> Graph:
    """Return a graph with some of its outputs alone; all where none is named.

    Raises:
        ConfigError: there is no such output.
    """
    if not names:
        return graph
    check_names(names, [out.name for out in graph.outputs], "--outputs", "output")
    return replace(graph, outputs=tuple(out for out in graph.outputs if out.name in names))


def check_head(head: str) -> None:
    """Refuse a head that does not exist.

    Raises:
        ConfigError: as said.
    """
    if head not in HEADS:
        raise ConfigError(f"unknown head {head!r}", "--head", f"there are {', '.join(HEADS)}")


def with_head(graph: Graph, head: str = "logits") -> Graph:
    """Return a graph with a head on each of its outputs.

    Args:
        graph: of a reader.
        head: of `HEADS`.

    Raises:
        ConfigError: an unknown head, or one that an output cannot have.
    """
    check_head(head)
    make = _MADE.get(head)
    if make is None:
        return graph
    work = _Work(graph)
    outputs = tuple(make(work, out) for out in graph.outputs)
    return replace(
        graph, nodes=tuple(work.nodes), outputs=outputs, notes=(*graph.notes, *work.notes)
    )


class _Work:
    """A graph under extension."""

    def __init__(self, graph: Graph) -> None:
        self.nodes = list(graph.nodes)
        self.table = {node.name: node for node in graph.nodes}
        self.notes: list[str] = []

    def emit(self, name: str, op: Op, *inputs: Node) -> Node:
        base, count = node_name(name), 1
        unique = base
        while unique in self.table:
            count += 1
            unique = f"{base}_{count}"
        kind = op.infer([node.type for node in inputs])
        layer = inputs[0].layer
        node = Node(unique, op, tuple(n.name for n in inputs), kind, layer)
        self.nodes.append(node)
        self.table[unique] = node
        return node

    def argmax(self, out: Output) -> Output:
        """Put an arg max on an output."""
        node, _ = self._logits(out, "argmax", exact=True)
        made = self.emit(f"{out.name}_argmax", ArgMax(), node)
        self.notes.append(
            f"output {out.name}: the index of its largest element, the lowest of equal ones"
        )
        return Output(out.name, made.name, (1.0,))

    def softmax(self, out: Output) -> Output:
        """Put a softmax on an output."""
        logits, scale = self._logits(out, "softmax", exact=False)
        name, classes = out.name, logits.type.shape[-1]
        peak = self.emit(f"{name}_peak", Across(), logits)
        behind = self.emit(f"{name}_behind", Add((1, -1)), peak, logits)
        shift = round(math.log2(_STEP / scale))
        near = self.emit(f"{name}_near", Requantize(shift, 0, _LEVELS - 1), behind)
        exp = self.emit(f"{name}_exp", exp_table(scale * 2.0**shift), near)
        total = self.emit(f"{name}_total", Across(sums=True), exp)
        inverse = self.emit(f"{name}_inverse", inverse_table(classes), total)
        product = self.emit(f"{name}_product", Multiply(), exp, inverse)
        drop = _EXP_BITS + _INVERSE_BITS - _OUT_BITS
        top = (1 << _OUT_BITS) - 1
        share = self.emit(
            f"{name}_share", MulShift(np.array(1), np.array(0), drop, 0, top, _OUT_BITS), product
        )
        first = Thresholds(np.array([1]), np.array([1, 0]), _OUT_BITS)
        ahead = self.emit(f"{name}_ahead", first, behind)
        made = self.emit(f"{name}_softmax", Add((1, 1)), share, ahead)
        worst = deviation(scale, int(np.asarray(behind.type.hi).max()), classes)
        self.notes.append(
            f"output {name}: softmax of {_OUT_BITS} fraction bits by its integer specification; "
            f"within {worst:.2g} of the float one on 1,000 random samples; the order of classes is "
            "that of the logits"
        )
        return Output(name, made.name, (2.0**-_OUT_BITS,))

    def _logits(self, out: Output, head: str, exact: bool) -> tuple[Node, float]:
        """Return a node whose codes are in the order of an output's values, and their step."""
        node = self.table[out.node]
        if not node.type.shape or node.type.shape[-1] < 2:
            raise ConfigError(
                f"output {out.name} has one element, so there is nothing to choose from",
                "--head",
                "leave --head out; the sign of the logit is the class",
            )
        scale = out.scale[0]
        way_out = f"give the last layer a format: --format {node.layer or out.name}=s16.9"
        if len(set(out.scale)) > 1 or scale <= 0:
            raise ConfigError(
                f"the scale of output {out.name} differs between channels, so codes cannot be "
                f"compared for {head}",
                "--head",
                way_out,
            )
        if not any(out.offset):
            return node, scale
        steps = [offset / scale for offset in out.offset]
        fine = max(_fraction_bits(step) for step in steps)
        if math.frexp(scale)[0] != 0.5 or fine > _FINEST:
            if exact:
                raise ConfigError(
                    f"the offsets of output {out.name} are on no grid, so codes cannot be compared "
                    "exactly",
                    "--head",
                    way_out,
                )
            fine = 6
        terms: Codes = np.array([round(math.ldexp(step, fine)) for step in steps], object)
        moved = node if not fine else self.emit(f"{out.name}_fine", ShiftLeft(fine), node)
        made = self.emit(f"{out.name}_biased", Add((1,), terms), moved)
        return made, scale * 2.0**-fine


_MADE = {"argmax": _Work.argmax, "softmax": _Work.softmax}


def _fraction_bits(value: float) -> int:
    return value.as_integer_ratio()[1].bit_length() - 1


def exp_table(step: float) -> Thresholds:
    """Return step 2 of the specification, for k from 0 to 255."""
    k = np.arange(_LEVELS)
    values = np.rint(2.0**_EXP_BITS * np.exp(-k * step)).astype(np.int64)
    return Thresholds(k[1:], values, _EXP_BITS)


def inverse_table(classes: int) -> Thresholds:
    """Return step 3 of the specification, for sums of *classes* terms, one of them 2**14."""
    least, ratio = 2.0**_EXP_BITS, classes ** (1 / (_LEVELS - 1))
    edges = np.ceil(least * ratio ** np.arange(1, _LEVELS)).astype(np.int64)
    centres = least * ratio ** (np.arange(_LEVELS) + 0.5)
    values = np.rint(2.0 ** (_EXP_BITS + _INVERSE_BITS) / centres).astype(np.int64)
    return Thresholds(edges, values, _INVERSE_BITS)


def softmax_codes(codes: Codes, scale: float) -> Codes:
    """Return the specification on codes of logits, ``(..., classes)``, as plain integers.

    Args:
        codes: logits.
        scale: value of their least significant bit.
    """
    shift = round(math.log2(_STEP / scale))
    behind = codes.max(axis=-1, keepdims=True) - codes
    k = np.clip(np.rint(behind * 2.0**-shift), 0, _LEVELS - 1).astype(np.int64)
    e = np.rint(2.0**_EXP_BITS * np.exp(-k * scale * 2.0**shift)).astype(np.int64)
    table = inverse_table(codes.shape[-1])
    index = np.searchsorted(table.thresholds, e.sum(axis=-1, keepdims=True), side="right")
    share = (e * table.values[index]) >> (_EXP_BITS + _INVERSE_BITS - _OUT_BITS)
    made: Codes = np.minimum(share, (1 << _OUT_BITS) - 1) + (behind == 0)
    return made


def deviation(scale: float, reach: int, classes: int) -> float:
    """Return the largest distance from the float softmax on random logits.

    Args:
        scale: value of a logit's least significant bit.
        reach: the largest code behind a maximum.
        classes: how many.
    """
    rng = np.random.default_rng(1)
    spread = min(reach * scale, 8.0)
    values = rng.uniform(0, 1, (1000, classes)) * spread * rng.uniform(0, 1, (1000, 1))
    codes = np.rint(values / scale).astype(np.int64)
    made = softmax_codes(codes, scale) * 2.0**-_OUT_BITS
    exact = np.exp(codes * scale - (codes * scale).max(axis=1, keepdims=True))
    return float(np.abs(made - exact / exact.sum(axis=1, keepdims=True)).max())
