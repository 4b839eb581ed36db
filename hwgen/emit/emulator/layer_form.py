# SPDX-License-Identifier: Apache-2.0
"""The layers of a graph as C++: matrices, pools and steps on whole tensors, sample by sample.

For networks whose windows slide over maps, where the graph of the hardware would be written out
once a window. Method: outputs of a matrix lie side by side in vectors, and several windows share
each weight that is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from hwgen.emit.emulator.lanes import Body, Side
from hwgen.emit.hls import cpp
from hwgen.errors import ConfigError
from hwgen.ir.graph import Graph, Node
from hwgen.ir.names import Names
from hwgen.ir.tensor import Codes, TensorType
from hwgen.ops import (
    Add,
    Conv,
    Dense,
    DepthwiseConv,
    Input,
    Maximum,
    MaxPool,
    Movement,
    MulShift,
    Multiply,
    Requantize,
    ShiftLeft,
    SumPool,
    Thresholds,
)  # fmt: skip
from hwgen.ops.exact_dtype import carrier
from hwgen.ops.windows import Window

_HEADER = "hwg_layers.h"
_CACHE = 1 << 20  # bytes that the tensors of all samples of a turn should take
_COMPARED = 24  # thresholds that are compared one by one
_SHIFT = 62  # bits that are dropped at most: of longer shifts the sign alone is left
_TYPES = {"float32": "float", "float64": "double", "int64": "int64_t"}


class LayerForm:
    """Writer of the layer form.

    Args:
        graph: what is emulated.
        inputs, outputs: its ports.
    """

    def __init__(self, graph: Graph, inputs: Sequence[Side], outputs: Sequence[Side]) -> None:
        self.graph, self.inputs, self.outputs = graph, inputs, outputs
        names = Names()
        self.names = {node.name: names.take(node.name) for node in graph.nodes}
        self.type = self._type()
        bytes_ = sum(n.type.size for n in graph.nodes) * (4 if self.type == "float" else 8)
        self.block = next((n for n in (8, 4, 2) if n * bytes_ <= _CACHE), 1)
        self.scratch: list[str] = []
        self.constants: list[str] = []

    def body(self) -> Body:
        """Return the code.

        Raises:
            ConfigError: an operation that this form does not have, or numbers beyond 63 bits.
        """
        functions = []
        for node in self.graph.nodes:
            self.scratch.append(f"{self.type} {self._array(node.name)}[BLOCK][{node.type.size}]")
            if not isinstance(node.op, Input):
                functions.append(list(self._function(node)))
        calls = list(self._calls())
        return Body(self.block, self.scratch, self.constants, functions, calls, (_HEADER,))

    def _array(self, node: str) -> str:
        return f"{self.names[node]}_values"

    def _type(self) -> str:
        """Return the C type that holds every number exactly, and rounds it by an addition."""
        need = 1
        for node in self.graph.nodes:
            types = self.graph.types(node)
            bound = int(node.op.bound(types, node.type)) if types else node.type.peak
            need = max(need, bound, node.type.peak)
            shifts = [getattr(node.op, "shift", 0), getattr(node.op, "neg_shift", 0)]
            # The addition that rounds takes what is a quarter of the type's range.
            need = max([need, *(4 * bound >> s for s in shifts if s and s > 0)])
        kind = _TYPES.get(str(carrier(need)))
        if kind is None:
            raise ConfigError(
                "numbers of more than 63 bits; the emulator holds no wider ones",
                self.graph.name,
                "use hwgen.predict, which computes with integers of any width",
            )
        return kind

    # The driver

    def _calls(self) -> Iterator[str]:
        yield "const int count = int(samples);"
        for node, side in zip(self.graph.inputs, self.inputs, strict=True):
            yield "for (int s = 0; s < count; ++s)"
            yield f"  for (int i = 0; i < {side.size}; ++i)"
            yield (
                f"    scratch.{self._array(node.name)}[s][i] = "
                f"{self.type}({side.name}[s * {side.size} + i]);"
            )
        for node in self.graph.nodes:
            if not isinstance(node.op, Input):
                yield f"{self.names[node.name]}_layer(scratch, count);"
        for out, side in zip(self.graph.outputs, self.outputs, strict=True):
            yield "for (int s = 0; s < count; ++s)"
            yield f"  for (int i = 0; i < {side.size}; ++i)"
            yield (
                f"    {side.name}[s * {side.size} + i] = "
                f"{side.ctype}(scratch.{self._array(out.node)}[s][i]);"
            )

    # A layer

    def _function(self, node: Node) -> Iterator[str]:
        yield f"// {cpp.comment(f'{node.name}: {node.op.kind} {node.op.note()}')}"
        # Samples that are missing from the last turn are computed too, on what is left of others.
        lines = list(self._lines(node))
        used = any("count" in line for line in lines)
        yield (
            f"HWG_LANES void {self.names[node.name]}_layer(Scratch& scratch, "
            f"int{' count' if used else ''}) {{"
        )
        yield from (f"  {line}" for line in lines)
        yield "}"

    def _lines(self, node: Node) -> Iterator[str]:
        op = node.op
        match op:
            case Dense():
                yield from self._dense(node, op)
            case Conv():
                yield from self._conv(node, op)
            case DepthwiseConv():
                yield from self._depthwise(node, op)
            case MaxPool() | SumPool():
                yield from self._pool(node, op)
            case Requantize():
                yield from self._each(node, self._requantize(op))
            case Thresholds():
                yield from self._each(node, self._steps(node, op))
            case MulShift():
                yield from self._each(node, self._mul_shift(node, op))
            case ShiftLeft():
                yield from self._each(node, f"v * {cpp.number(1 << op.bits)}")
            case Add() | Multiply() | Maximum():
                yield from self._merge(node)
            case Movement():
                yield from self._move(node)
            case _:
                raise ConfigError(
                    f"the emulator has no {op.kind} among layers of windows",
                    node.name,
                    "use hwgen.predict, which has every operation",
                )

    def _constant(self, node: Node, label: str, values: Codes, kind: str = "") -> str:
        """Enter an array of constants and return its name."""
        name = f"{self.names[node.name].upper()}_{label}"
        flat = np.asarray(values).reshape(-1).tolist()
        head = f"alignas(64) const {kind or self.type} {name}[{len(flat)}]"
        self.constants += cpp.table(head, map(cpp.number, flat))
        return name

    def _param(self, node: Node, label: str, values: Codes) -> str:
        """Return a parameter of an element: a number, or an array by channel or by element."""
        array = np.asarray(values)
        shape = node.type.shape
        if (array == array.reshape(-1)[0]).all():
            return f"{self.type}({cpp.number(int(array.reshape(-1)[0]))})"
        if array.size == array.shape[-1]:
            name = self._constant(node, label, np.broadcast_to(array.reshape(-1), shape[-1:]))
            return f"{name}[c]"
        return f"{self._constant(node, label, np.broadcast_to(array, shape))}[e]"

    def _each(self, node: Node, value: str) -> Iterator[str]:
        """Yield the loop of a function of one element *v*, with *c* its channel."""
        size, channels = node.type.size, node.type.shape[-1] if node.type.shape else 1
        source = self._array(node.inputs[0])
        unread = "" if re.search(r"\bv\b", value) else "  (void)v;"  # the same for every input
        yield "for (int s = 0; s < count; ++s) {"
        yield f"  const {self.type}* __restrict from = scratch.{source}[s];"
        yield f"  {self.type}* __restrict to = scratch.{self._array(node.name)}[s];"
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

    def _requantize(self, op: Requantize) -> str:
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

    def _steps(self, node: Node, op: Thresholds) -> str:
        count = op.thresholds.shape[-1]
        if count <= _COMPARED:
            text = self._param(node, "V0", op.values[..., 0])
            for k in range(count):
                limit = self._param(node, f"T{k}", op.thresholds[..., k])
                value = self._param(node, f"V{k + 1}", op.values[..., k + 1])
                text = f"v >= {limit} ? {value} : ({text})"
            # The last threshold that is reached decides, so the highest one is asked first.
            return text
        lead = np.broadcast_shapes(op.thresholds.shape[:-1], op.values.shape[:-1])
        limits = self._constant(node, "T", np.broadcast_to(op.thresholds, (*lead, count)))
        values = self._constant(node, "V", np.broadcast_to(op.values, (*lead, count + 1)))
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

    def _mul_shift(self, node: Node, op: MulShift) -> str:
        mult, add = self._param(node, "MULT", op.mult), self._param(node, "ADD", op.add)
        text = f"v * {mult} + {add}"
        text = f"hwg::floored<{min(op.shift, _SHIFT)}>({text})" if op.shift else text
        return f"hwg::clipped<{self.type}>({text}, {cpp.number(op.lo)}, {cpp.number(op.hi)})"

    # Matrices

    def _weights(self, node: Node, matrix: Codes, bias: Codes) -> tuple[str, str, int]:
        """Enter weights of (inputs, outputs) in chunks of outputs; return names and the chunk."""
        inputs, outputs = matrix.shape
        chunk = 16 if outputs <= 16 else 32
        padded = -(-outputs // chunk) * chunk
        wide = np.zeros((inputs, padded), object)
        wide[:, :outputs] = matrix
        wide = wide.reshape(inputs, padded // chunk, chunk).transpose(1, 0, 2)
        terms = np.zeros(padded, object)
        terms[:outputs] = bias
        return self._constant(node, "WEIGHT", wide), self._constant(node, "BIAS", terms), chunk

    def _dense(self, node: Node, op: Dense) -> Iterator[str]:
        inputs, outputs = op.weight.shape
        weight, bias, chunk = self._weights(node, op.weight, op.bias)
        none = self._constant(node, "OFFSETS", np.zeros(1, int), "int")
        rows = node.type.size // outputs
        source, to = self._array(node.inputs[0]), self._array(node.name)
        head = f"hwg::matrix<{self.type}, {inputs}, 1, {outputs}, {chunk}"
        if rows == 1:  # samples share the weights
            yield (
                f"{head}, BLOCK>(scratch.{source}[0], {inputs}, {none}, {weight}, {bias}, "
                f"scratch.{to}[0], {outputs});"
            )
            return
        yield "for (int s = 0; s < count; ++s)"
        yield (
            f"  {head}, {rows}>(scratch.{source}[s], {inputs}, {none}, {weight}, {bias}, "
            f"scratch.{to}[s], {outputs});"
        )

    def _conv(self, node: Node, op: Conv) -> Iterator[str]:
        """Yield a convolution: the input with its rim of zeros, then rows of windows."""
        window, source = op.window, self.graph.types(node)[0]
        height, width, channels = _plane(source)
        kernel_y, kernel_x = _pair(window.kernel)
        stride_y, stride_x = _pair(window.strides)
        dilation_y, dilation_x = _pair(window.dilation)
        (top, bottom), (left, right) = _pads(window)
        full = width + left + right
        tall = height + top + bottom
        rows, columns, outputs = _plane(node.type)
        weight, bias, chunk = self._weights(node, op.matrix, op.bias)
        line = full * channels
        if dilation_x == 1:  # a row of the kernel lies in one piece
            segment = kernel_x * channels
            offsets = [j * dilation_y * line for j in range(kernel_y)]
        else:
            segment = channels
            offsets = [
                j * dilation_y * line + i * dilation_x * channels
                for j in range(kernel_y)
                for i in range(kernel_x)
            ]
        places = self._constant(node, "OFFSETS", np.array(offsets), "int")
        rimmed = f"{self.names[node.name]}_rimmed"
        padded = top or bottom or left or right
        if padded:
            self.scratch.append(f"{self.type} {rimmed}[{tall * line}]")
        yield "for (int s = 0; s < count; ++s) {"
        if padded:
            yield f"  for (int y = 0; y < {height}; ++y)"
            yield (
                f"    memcpy(scratch.{rimmed} + (y + {top}) * {line} + {left * channels}, "
                f"scratch.{self._array(node.inputs[0])}[s] + y * {width * channels}, "
                f"{width * channels} * sizeof({self.type}));"
            )
        from_ = f"scratch.{rimmed}" if padded else f"scratch.{self._array(node.inputs[0])}[s]"
        yield f"  for (int y = 0; y < {rows}; ++y)"
        yield (
            f"    hwg::matrix<{self.type}, {segment}, {len(offsets)}, {outputs}, {chunk}, "
            f"{columns}>("
        )
        yield (
            f"        {from_} + y * {stride_y * line}, {stride_x * channels}, {places}, {weight}, "
            f"{bias},"
        )
        yield f"        scratch.{self._array(node.name)}[s] + y * {columns * outputs}, {outputs});"
        yield "}"

    def _geometry(self, node: Node, window: Window) -> str:
        height, width, _ = _plane(self.graph.types(node)[0])
        rows, columns, _ = _plane(node.type)
        (top, _), (left, _) = _pads(window)
        numbers = [height, width, rows, columns, *_pair(window.kernel), *_pair(window.strides)]
        numbers += [*_pair(window.dilation), top, left]
        return f"const hwg::Plane plane = {{{', '.join(map(str, numbers))}}};"

    def _depthwise(self, node: Node, op: DepthwiseConv) -> Iterator[str]:
        channels, times = op.weight.shape[-2:]
        weight = self._constant(node, "WEIGHT", op.weight)
        bias, outputs = self._constant(node, "BIAS", op.bias), channels * times
        yield self._geometry(node, op.window)
        yield from self._from_to(node)
        yield f"  for (int i = 0; i < {node.type.size}; ++i) to[i] = {bias}[i % {outputs}];"
        yield "  hwg::each_tap(plane, [&](int out, int in, int tap) {"
        yield f"    for (int c = 0; c < {channels}; ++c)"
        yield f"      for (int m = 0; m < {times}; ++m)"
        yield f"        to[out * {outputs} + c * {times} + m] +="
        yield f"            from[in * {channels} + c] *"
        yield f"            {weight}[(tap * {channels} + c) * {times} + m];"
        yield "  });"
        yield "}"

    def _pool(self, node: Node, op: MaxPool | SumPool) -> Iterator[str]:
        channels = node.type.shape[-1]
        yield self._geometry(node, op.window)
        yield from self._from_to(node)
        if isinstance(op, MaxPool):
            least = int(self.graph.types(node)[0].lo.min())
            yield f"  for (int i = 0; i < {node.type.size}; ++i) to[i] = {cpp.number(least)};"
            text = "to[o + c] = to[o + c] > from[i + c] ? to[o + c] : from[i + c];"
        else:
            yield f"  for (int i = 0; i < {node.type.size}; ++i) to[i] = 0;"
            text = "to[o + c] += from[i + c];"
        yield "  hwg::each_tap(plane, [&](int out, int in, int) {"
        yield f"    const int o = out * {channels}, i = in * {channels};"
        yield f"    for (int c = 0; c < {channels}; ++c) {text}"
        yield "  });"
        yield "}"

    def _from_to(self, node: Node) -> Iterator[str]:
        yield "for (int s = 0; s < count; ++s) {"
        yield f"  const {self.type}* from = scratch.{self._array(node.inputs[0])}[s];"
        yield f"  {self.type}* to = scratch.{self._array(node.name)}[s];"

    # Several inputs, and movements

    def _merge(self, node: Node) -> Iterator[str]:
        op, terms = node.op, []
        for k, (name, kind) in enumerate(zip(node.inputs, self.graph.types(node), strict=True)):
            places = np.arange(kind.size).reshape(kind.shape)
            aligned = np.broadcast_to(places, node.type.shape).reshape(-1)
            if np.array_equal(aligned, np.arange(node.type.size)):
                terms.append(f"scratch.{self._array(name)}[s][e]")
            else:
                index = self._constant(node, f"PLACES{k}", aligned, "int")
                terms.append(f"scratch.{self._array(name)}[s][{index}[e]]")
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
        yield from cpp.statement(f"scratch.{self._array(node.name)}[s][e] = {text};", indent="    ")

    def _move(self, node: Node) -> Iterator[str]:
        """Yield a movement: a copy, or a table of places; what comes from nowhere is zero."""
        sizes = [kind.size for kind in self.graph.types(node)]
        at, ins = 1, []
        for kind in self.graph.types(node):  # a number an element, and zero for none
            ins.append(np.arange(at, at + kind.size).reshape(1, *kind.shape))
            at += kind.size
        places = np.asarray(node.op.run(ins)).reshape(-1) - 1
        to = f"scratch.{self._array(node.name)}[s]"
        yield "for (int s = 0; s < count; ++s) {"
        if len(sizes) == 1 and np.array_equal(places, np.arange(sizes[0])):
            source = f"scratch.{self._array(node.inputs[0])}[s]"
            yield f"  memcpy({to}, {source}, sizeof({self.type}) * {node.type.size});"
        else:
            first = 0
            index = self._constant(node, "PLACES", places, "int")
            if (places < 0).any():
                yield f"  memset({to}, 0, sizeof({self.type}) * {node.type.size});"
            for name, size in zip(node.inputs, sizes, strict=True):
                yield f"  for (int e = 0; e < {node.type.size}; ++e)"
                yield (
                    f"    if ({index}[e] >= {first} && {index}[e] < {first + size}) {to}[e] = "
                    f"scratch.{self._array(name)}[s][{index}[e] - {first}];"
                )
                first += size
        yield "}"


def _pair(values: Sequence[int]) -> tuple[int, int]:
    """Return entries of two axes; along one axis alone the first is 1."""
    return (1, values[0]) if len(values) == 1 else (values[0], values[1])


def _pads(window: Window) -> tuple[tuple[int, int], tuple[int, int]]:
    pads = window.padding
    return ((0, 0), pads[0]) if len(pads) == 1 else (pads[0], pads[1])


def _plane(kind: TensorType) -> tuple[int, int, int]:
    """Return height, width and channels of a map."""
    shape = kind.shape
    return (1, *shape) if len(shape) == 2 else shape  # type: ignore[return-value]
