# SPDX-License-Identifier: Apache-2.0
"""The layers of a graph as C++: matrices, pools and steps on whole tensors, sample by sample.

For networks whose windows slide over maps, where the graph of the hardware would be written out
once a window. Method: outputs of a matrix lie side by side in vectors, and several windows share
each weight that is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hwgen.emit.emulator.elements import Elements
from hwgen.emit.emulator.lanes import Body, Side
from hwgen.emit.hls import cpp
from hwgen.errors import ConfigError
from hwgen.ir.graph import Graph, Node
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
)
from hwgen.ops.across import Across
from hwgen.ops.argmax import ArgMax
from hwgen.ops.edge_conv import EdgeConv
from hwgen.ops.edge_tables import EdgeTables
from hwgen.ops.exact_dtype import carrier
from hwgen.ops.windows import Window

_HEADER = "hwg_layers.h"
_CACHE = 1 << 20  # bytes that the tensors of all samples of a turn should take
_TYPES = {"float32": "float", "float64": "double", "int64": "int64_t"}


class LayerForm(Elements):
    """Writer of the layer form.

    Args:
        graph: what is emulated.
        inputs, outputs: its ports.
    """

    def __init__(self, graph: Graph, inputs: Sequence[Side], outputs: Sequence[Side]) -> None:
        super().__init__(graph)
        self.inputs, self.outputs = inputs, outputs
        self.type = self._type()
        bytes_ = sum(n.type.size for n in graph.nodes) * (4 if self.type == "float" else 8)
        self.block = next((n for n in (8, 4, 2) if n * bytes_ <= _CACHE), 1)
        self.scratch: list[str] = []

    def body(self) -> Body:
        """Return the code.

        Raises:
            ConfigError: an operation that this form does not have, or numbers beyond 63 bits.
        """
        functions = []
        for node in self.graph.nodes:
            self.scratch.append(f"{self.type} {self.array(node.name)}[BLOCK][{node.type.size}]")
            if not isinstance(node.op, Input):
                functions.append(list(self._function(node)))
        calls = list(self._calls())
        return Body(self.block, self.scratch, self.constants, functions, calls, (_HEADER,))

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
                f"    scratch.{self.array(node.name)}[s][i] = "
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
                f"{side.ctype}(scratch.{self.array(out.node)}[s][i]);"
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
            case EdgeTables():
                yield from self._edge_tables(node, op)
            case EdgeConv():
                yield from self._edge_conv(node, op)
            case MaxPool() | SumPool():
                yield from self._pool(node, op)
            case Requantize():
                yield from self.each(node, self.requantize(op))
            case Thresholds():
                yield from self.each(node, self.steps(node, op))
            case MulShift():
                yield from self.each(node, self.mul_shift(node, op))
            case ShiftLeft():
                yield from self.each(node, f"v * {cpp.number(1 << op.bits)}")
            case Across():
                yield from self.across(node, op.sums)
            case ArgMax():
                yield from self.largest(node)
            case Add() | Multiply() | Maximum():
                yield from self.merge(node)
            case Movement():
                yield from self.move(node)
            case _:
                raise ConfigError(
                    f"the emulator has no {op.kind} among layers of windows",
                    node.name,
                    "use hwgen.predict, which has every operation",
                )

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
        return self.constant(node, "WEIGHT", wide), self.constant(node, "BIAS", terms), chunk

    def _dense(self, node: Node, op: Dense) -> Iterator[str]:
        inputs, outputs = op.weight.shape
        weight, bias, chunk = self._weights(node, op.weight, op.bias)
        none = self.constant(node, "OFFSETS", np.zeros(1, int), "int")
        rows = node.type.size // outputs
        source, to = self.array(node.inputs[0]), self.array(node.name)
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
        places = self.constant(node, "OFFSETS", np.array(offsets), "int")
        rimmed = f"{self.names[node.name]}_rimmed"
        padded = top or bottom or left or right
        if padded:
            self.scratch.append(f"{self.type} {rimmed}[{tall * line}]")
        yield "for (int s = 0; s < count; ++s) {"
        if padded:
            yield f"  for (int y = 0; y < {height}; ++y)"
            yield (
                f"    memcpy(scratch.{rimmed} + (y + {top}) * {line} + {left * channels}, "
                f"scratch.{self.array(node.inputs[0])}[s] + y * {width * channels}, "
                f"{width * channels} * sizeof({self.type}));"
            )
        from_ = f"scratch.{rimmed}" if padded else f"scratch.{self.array(node.inputs[0])}[s]"
        yield f"  for (int y = 0; y < {rows}; ++y)"
        yield (
            f"    hwg::matrix<{self.type}, {segment}, {len(offsets)}, {outputs}, {chunk}, "
            f"{columns}>("
        )
        yield (
            f"        {from_} + y * {stride_y * line}, {stride_x * channels}, {places}, {weight}, "
            f"{bias},"
        )
        yield f"        scratch.{self.array(node.name)}[s] + y * {columns * outputs}, {outputs});"
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
        weight = self.constant(node, "WEIGHT", op.weight)
        bias, outputs = self.constant(node, "BIAS", op.bias), channels * times
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

    def _edge_sum(self, op: EdgeTables, table: str) -> tuple[str, str]:
        """Return what adds the values of edge ``e`` at ``x`` to ``to`` from ``o`` on; the clip."""
        outputs, entries = op.values.shape[1:]
        entry = f"int(x) - {cpp.number(op.first)}"
        add = f"const {self.type}* met = {table} + (e * {entries} + ({entry})) * {outputs}; "
        add += f"for (int j = 0; j < {outputs}; ++j) to[o + j] += met[j];"
        low, high = cpp.number(op.lo), cpp.number(op.hi)
        return add, f"to[i] = to[i] < {low} ? {low} : to[i] > {high} ? {high} : to[i];"

    def _edge_tables(self, node: Node, op: EdgeTables) -> Iterator[str]:
        inputs, outputs, _ = op.values.shape
        table = self.constant(node, "VALUES", op.values.transpose(0, 2, 1))
        bias = self.constant(node, "BIAS", op.bias)
        add, clip = self._edge_sum(op, table)
        yield from self._from_to(node)
        yield f"  for (int i = 0; i < {node.type.size}; ++i) to[i] = {bias}[i % {outputs}];"
        yield f"  for (int o = 0; o < {node.type.size}; o += {outputs})"
        yield f"    for (int e = 0; e < {inputs}; ++e) {{"
        yield f"      const {self.type} x = from[o / {outputs} * {inputs} + e];"
        yield f"      {add}"
        yield "    }"
        yield f"  for (int i = 0; i < {node.type.size}; ++i) {clip}"
        yield "}"

    def _edge_conv(self, node: Node, op: EdgeConv) -> Iterator[str]:
        channels, outputs, _ = op.values.shape[-3:]
        table = self.constant(node, "VALUES", op.dense.values.transpose(0, 2, 1))
        bias = self.constant(node, "BIAS", op.bias)
        add, clip = self._edge_sum(op.dense, table)
        yield self._geometry(node, op.window)
        yield from self._from_to(node)
        yield f"  for (int i = 0; i < {node.type.size}; ++i) to[i] = {bias}[i % {outputs}];"
        yield "  hwg::each_tap(plane, [&](int out, int in, int tap) {"
        yield f"    const int o = out * {outputs};"
        yield f"    for (int c = 0; c < {channels}; ++c) {{"
        yield f"      const int e = tap * {channels} + c;"
        yield f"      const {self.type} x = from[in * {channels} + c];"
        yield f"      {add}"
        yield "    }"
        yield "  });"
        yield f"  for (int i = 0; i < {node.type.size}; ++i) {clip}"
        yield "}"

    def _from_to(self, node: Node) -> Iterator[str]:
        yield "for (int s = 0; s < count; ++s) {"
        yield f"  const {self.type}* from = scratch.{self.array(node.inputs[0])}[s];"
        yield f"  {self.type}* to = scratch.{self.array(node.name)}[s];"


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
