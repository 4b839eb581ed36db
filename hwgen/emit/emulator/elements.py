# SPDX-License-Identifier: Apache-2.0
"""Layers of an emulator that go element by element: rounding, steps, sums, movements."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from hwgen.emit.hls import cpp
from hwgen.errors import ConfigError
from hwgen.ir.graph import Graph, Node
from hwgen.ir.names import Names
from hwgen.ir.tensor import Codes
from hwgen.ops import Add, MulShift, Multiply, Requantize, Thresholds

_COMPARED = 24  # thresholds that are compared one by one
_SHIFT = 62  # bits that are dropped at most: of longer shifts the sign alone is left


class Elements:
    """Writer of what goes element by element, and of constants.

    Args:
        graph: what is emulated.

    Attributes:
        names: of the layers in C, by node.
        type: the C type of every number.
        constants: arrays that were entered so far.
    """

    type = "float"

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        names = Names()
        self.names = {node.name: names.take(node.name) for node in graph.nodes}
        self.constants: list[str] = []

    def array(self, node: str) -> str:
        """Return the name of the array that holds a node's values."""
        return f"{self.names[node]}_values"

    def constant(self, node: Node, label: str, values: Codes, kind: str = "") -> str:
        """Enter an array of constants and return its name."""
        name = f"{self.names[node.name].upper()}_{label}"
        flat = np.asarray(values).reshape(-1).tolist()
        head = f"alignas(64) const {kind or self.type} {name}[{len(flat)}]"
        self.constants += cpp.table(head, map(cpp.number, flat))
        return name

    def param(self, node: Node, label: str, values: Codes) -> str:
        """Return a parameter of an element: a number, or an array by channel or by element."""
        array = np.asarray(values)
        shape = node.type.shape
        if (array == array.reshape(-1)[0]).all():
            return f"{self.type}({cpp.number(int(array.reshape(-1)[0]))})"
        if array.size == array.shape[-1]:
            name = self.constant(node, label, np.broadcast_to(array.reshape(-1), shape[-1:]))
            return f"{name}[c]"
        return f"{self.constant(node, label, np.broadcast_to(array, shape))}[e]"

    def each(self, node: Node, value: str) -> Iterator[str]:
        """Yield the loop of a function of one element *v*, with *c* its channel."""
        size, channels = node.type.size, node.type.shape[-1] if node.type.shape else 1
        source = self.array(node.inputs[0])
        unread = "" if re.search(r"\bv\b", value) else "  (void)v;"  # the same for every input
        yield "for (int s = 0; s < count; ++s) {"
        yield f"  const {self.type}* __restrict from = scratch.{source}[s];"
        yield f"  {self.type}* __restrict to = scratch.{self.array(node.name)}[s];"
        if "[c]" in value or "c * " in value:
            yield f"  for (int p = 0; p < {size}; p += {channels})"
            yield f"    for (int c = 0; c < {channels}; ++c) {{"
            yield f"      const {self.type} v = from[p + c];{unread}"
            yield f"      to[p + c] = {value};"
            yield "    }"
        else:
            yield f"  for (int e = 0; e < {size}; ++e) {{"
            yield f"    const {self.type} v = from[e];{unread}"
            yield f"    to[e] = {value};"
            yield "  }"
        yield "}"

    def requantize(self, op: Requantize) -> str:
        """Return the value of a requantizer, of *v*."""

        def branch(shift: int, lo: int, hi: int) -> str:
            text = f"v * {cpp.number(1 << -shift)}" if shift < 0 else "v"
            if shift > _SHIFT and self.type == "int64_t":
                text = "0"  # less than half a step
            elif shift > 0:
                text = f"hwg::rounded<{min(shift, _SHIFT)}>(v)"
            return f"hwg::clipped<{self.type}>({text}, {cpp.number(lo)}, {cpp.number(hi)})"

        above = branch(op.shift, op.lo, op.hi)
        if op.neg_shift is None:
            return above
        return f"v < 0 ? {branch(op.neg_shift, op.neg_lo, 0)} : {above}"

    def steps(self, node: Node, op: Thresholds) -> str:
        """Return the value of a step function, of *v*: comparisons, or a search where it has many.

        Raises:
            ConfigError: thresholds are shared in a way that loops do not have.
        """
        count = op.thresholds.shape[-1]
        if count <= _COMPARED:
            text = self.param(node, "V0", op.values[..., 0])
            for k in range(count):
                limit = self.param(node, f"T{k}", op.thresholds[..., k])
                value = self.param(node, f"V{k + 1}", op.values[..., k + 1])
                text = f"v >= {limit} ? {value} : ({text})"
            # The last threshold that is reached decides, so the highest one is asked first.
            return text
        lead = np.broadcast_shapes(op.thresholds.shape[:-1], op.values.shape[:-1])
        limits = self.constant(node, "T", np.broadcast_to(op.thresholds, (*lead, count)))
        values = self.constant(node, "V", np.broadcast_to(op.values, (*lead, count + 1)))
        rows = int(np.prod(lead))
        channels = node.type.shape[-1]
        if rows not in (1, channels, node.type.size):
            raise ConfigError(
                f"step functions for {lead} of {node.type.shape}; the emulator takes one, one a "
                "channel or one an element",
                node.name,
                "use hwgen.predict, which has every operation",
            )
        at = "0" if rows == 1 else "c" if rows == channels else "e"
        return f"hwg::step_of(v, {limits} + {at} * {count}, {values} + {at} * {count + 1}, {count})"

    def mul_shift(self, node: Node, op: MulShift) -> str:
        """Return the value of an affine map with a shift, of *v*."""
        mult, add = self.param(node, "MULT", op.mult), self.param(node, "ADD", op.add)
        text = f"v * {mult} + {add}"
        text = f"hwg::floored<{min(op.shift, _SHIFT)}>({text})" if op.shift else text
        return f"hwg::clipped<{self.type}>({text}, {cpp.number(op.lo)}, {cpp.number(op.hi)})"

    def largest(self, node: Node) -> Iterator[str]:
        """Yield the loop of the index of the largest element along the last axis, the first one."""
        (kind,) = self.graph.types(node)
        row = kind.shape[-1]
        yield "for (int s = 0; s < count; ++s)"
        yield f"  for (int e = 0; e < {node.type.size}; ++e) {{"
        yield f"    const {self.type}* from = scratch.{self.array(node.inputs[0])}[s] + e * {row};"
        yield "    int found = 0;"
        yield f"    for (int i = 1; i < {row}; ++i) found = from[i] > from[found] ? i : found;"
        yield f"    scratch.{self.array(node.name)}[s][e] = {self.type}(found);"
        yield "  }"

    def across(self, node: Node, sums: bool) -> Iterator[str]:
        """Yield the loop of the sum, or of the largest element, along the last axis."""
        row = node.type.shape[-1]
        source, to = (
            f"scratch.{self.array(n)}[s] + e * {row}" for n in (node.inputs[0], node.name)
        )
        joined = "found + from[i]" if sums else "hwg::larger<false>(found, from[i])"
        yield "for (int s = 0; s < count; ++s)"
        yield f"  for (int e = 0; e < {node.type.size // row}; ++e) {{"
        yield f"    const {self.type}* from = {source};"
        yield f"    {self.type}* to = {to};"
        yield f"    {self.type} found = from[0];"
        yield f"    for (int i = 1; i < {row}; ++i) found = {joined};"
        yield f"    for (int i = 0; i < {row}; ++i) to[i] = found;"
        yield "  }"

    # Several inputs, and movements

    def merge(self, node: Node) -> Iterator[str]:
        """Yield the loop of a sum, a product or an extremum of several inputs."""
        op, terms = node.op, []
        for k, (name, kind) in enumerate(zip(node.inputs, self.graph.types(node), strict=True)):
            places = np.arange(kind.size).reshape(kind.shape)
            aligned = np.broadcast_to(places, node.type.shape).reshape(-1)
            if np.array_equal(aligned, np.arange(node.type.size)):
                terms.append(f"scratch.{self.array(name)}[s][e]")
            else:
                index = self.constant(node, f"PLACES{k}", aligned, "int")
                terms.append(f"scratch.{self.array(name)}[s][{index}[e]]")
        if isinstance(op, Add):
            signs = ["+" if sign > 0 else "-" for sign in op.signs]
            text = " ".join(f"{sign} {term}" for sign, term in zip(signs, terms, strict=True))
            text = text.removeprefix("+ ")
        elif isinstance(op, Multiply):
            text = " * ".join(terms)
        else:
            order = "true" if getattr(op, "least", False) else "false"
            text = terms[0]
            for term in terms[1:]:
                text = f"hwg::larger<{order}>({text}, {term})"
        yield "for (int s = 0; s < count; ++s)"
        yield f"  for (int e = 0; e < {node.type.size}; ++e)"
        yield from cpp.statement(f"scratch.{self.array(node.name)}[s][e] = {text};", indent="    ")

    def move(self, node: Node) -> Iterator[str]:
        """Yield a movement: a copy, or a table of places; what comes from nowhere is zero."""
        sizes = [kind.size for kind in self.graph.types(node)]
        at, ins = 1, []
        for kind in self.graph.types(node):  # a number an element, and zero for none
            ins.append(np.arange(at, at + kind.size).reshape(1, *kind.shape))
            at += kind.size
        places = np.asarray(node.op.run(ins)).reshape(-1) - 1
        to = f"scratch.{self.array(node.name)}[s]"
        yield "for (int s = 0; s < count; ++s) {"
        if len(sizes) == 1 and np.array_equal(places, np.arange(sizes[0])):
            source = f"scratch.{self.array(node.inputs[0])}[s]"
            yield f"  memcpy({to}, {source}, sizeof({self.type}) * {node.type.size});"
        else:
            first = 0
            index = self.constant(node, "PLACES", places, "int")
            if (places < 0).any():
                yield f"  memset({to}, 0, sizeof({self.type}) * {node.type.size});"
            for name, size in zip(node.inputs, sizes, strict=True):
                yield f"  for (int e = 0; e < {node.type.size}; ++e)"
                yield (
                    f"    if ({index}[e] >= {first} && {index}[e] < {first + size}) {to}[e] = "
                    f"scratch.{self.array(name)}[s][{index}[e] - {first}];"
                )
                first += size
        yield "}"
