# SPDX-License-Identifier: Apache-2.0
"""Reference: the integers that the hardware must compute, by walking ``Op.run``.

Each node runs in the quickest carrier that is exact for it: float32 or float64 (so that matrix
products go through BLAS), int64, or Python ints. The proof is the node's `bound`: no intermediate
exceeds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwgen.errors import ConfigError
from hwgen.ir.graph import Graph, Node
from hwgen.ir.tensor import INT64_SAFE, Codes, TensorType
from hwgen.ops.exact_dtype import carrier, cast

# Elements of the widest node in one chunk: about what stays in a core's own cache.
_CHUNK = 1 << 17


@dataclass(frozen=True)
class _Step:
    node: Node
    dtype: np.dtype[Any]
    drops: tuple[str, ...]  # values nobody reads after this step


class Reference:
    """Reference of a graph: computes its outputs, or chosen nodes, for batches of codes.

    Args:
        graph: what to compute.
        keep: node names; when given, `run` returns these nodes' codes instead of the outputs.

    Raises:
        ConfigError: *keep* names no node.
    """

    def __init__(self, graph: Graph, keep: Iterable[str] | None = None) -> None:
        self.graph = graph
        self._inputs = graph.inputs
        types = {n.name: n.type for n in graph.nodes}
        if keep is None:
            self._wanted = [(o.name, o.node) for o in graph.outputs]
        else:
            self._wanted = [(name, name) for name in keep]
        for name, node in self._wanted:
            if node not in types:
                known = ", ".join(types)
                raise ConfigError(f"no node is named {name}", hint=f"there are {known}")
        self._types = types
        self._steps = _plan(graph, {node for _, node in self._wanted})
        widest = max((n.type.size for n in graph.nodes), default=1)
        self._chunk = max(1, min(_CHUNK // widest, 8192))

    def run(
        self,
        inputs: Mapping[str, Any],
        change: Mapping[str, Callable[[Codes], Codes]] | None = None,
    ) -> dict[str, Codes]:
        """Return the codes of every output (or kept node), shape ``(batch, *shape)``.

        They are int64, or Python ints where the type is wider.

        Args:
            inputs: integer codes of every network input, shape ``(batch, *shape)``.
            change: by node name, what is done to its codes (int64) before anyone reads them, such
                as a lossy coder; the results must stay within the node's interval.

        Raises:
            ConfigError: an input is missing, unknown, of the wrong shape or dtype, or holds a code
                outside its interval.
        """
        arrays = self._arrays(inputs)
        batch = len(next(iter(arrays.values()))) if arrays else 1
        result = {
            name: np.empty((batch, *self._types[node].shape), _dtype_of(self._types[node]))
            for name, node in self._wanted
        }
        for start in range(0, batch, self._chunk):
            part = slice(start, min(start + self._chunk, batch))
            chunk = {name: a[part] for name, a in arrays.items()}
            values = self._walk(chunk, start, change or {})
            for name, node in self._wanted:
                target = result[name]
                target[part] = cast(values[node], target.dtype)
        return result

    def _walk(
        self,
        inputs: Mapping[str, Codes],
        start: int,
        change: Mapping[str, Callable[[Codes], Codes]],
    ) -> dict[str, Codes]:
        values: dict[str, Codes] = {}
        for step in self._steps:
            node = step.node
            if node.name in inputs:
                codes = cast(inputs[node.name], step.dtype)
                _check_interval(node, codes, start)
                values[node.name] = codes
            else:
                ins = [cast(values[name], step.dtype) for name in node.inputs]
                values[node.name] = node.op.run(ins)
            if node.name in change:
                codes = change[node.name](cast(values[node.name], np.dtype(np.int64)))
                values[node.name] = cast(codes, step.dtype)
            for name in step.drops:
                del values[name]
        return values

    def _arrays(self, inputs: Mapping[str, Any]) -> dict[str, Codes]:
        names = [n.name for n in self._inputs]
        if set(inputs) != set(names):
            got = ", ".join(sorted(inputs)) or "none"
            raise ConfigError(
                f"inputs {got} do not match the network's inputs {', '.join(names)}",
                hint="give one array of integer codes for each input, by name",
            )
        arrays = {n.name: _as_codes(n, inputs[n.name]) for n in self._inputs}
        sizes = {name: len(a) for name, a in arrays.items()}
        if len(set(sizes.values())) > 1:
            raise ConfigError(
                f"inputs differ in samples: {', '.join(f'{k} {v}' for k, v in sizes.items())}",
                hint="give as many samples to every input",
            )
        return arrays


def run_reference(
    graph: Graph, inputs: Mapping[str, Any], keep: Iterable[str] | None = None
) -> dict[str, Codes]:
    """Run the reference once; see `Reference`."""
    return Reference(graph, keep).run(inputs)


def _plan(graph: Graph, wanted: set[str]) -> tuple[_Step, ...]:
    live = set(wanted) | {n.name for n in graph.inputs}  # inputs are checked, used or not
    last: dict[str, str] = {}
    for node in reversed(graph.nodes):
        if node.name in live:
            live.update(node.inputs)
            for name in node.inputs:
                last.setdefault(name, node.name)
    steps = []
    for node in graph.nodes:
        if node.name in live:
            drops = {i for i in node.inputs if last[i] == node.name and i not in wanted}
            steps.append(_Step(node, carrier(_bound(graph, node)), tuple(sorted(drops))))
    return tuple(steps)


def _bound(graph: Graph, node: Node) -> int:
    types: Sequence[TensorType] = graph.types(node)
    bound: int = node.op.bound(types, node.type)
    return max([bound, node.type.peak, *(t.peak for t in types)])


def _dtype_of(t: TensorType) -> np.dtype[Any]:
    return np.dtype(np.int64 if t.peak < INT64_SAFE else object)


def _as_codes(node: Node, values: Any) -> Codes:
    codes = np.asarray(values)
    if codes.shape[1:] != node.type.shape or codes.ndim == 0:
        raise ConfigError(
            f"codes of shape {codes.shape} do not fit (samples, *{node.type.shape})",
            where=f"input {node.name}",
            hint="the first axis counts samples, the others are the input's shape",
        )
    whole = codes.dtype.kind in "iub"
    if codes.dtype == object:
        whole = all(isinstance(v, int | np.integer) for v in codes.flat)
    if not whole:
        raise ConfigError(
            f"codes must be integers, not {codes.dtype}",
            where=f"input {node.name}",
            hint=f"divide values by the step {node.type.fixed.lsb} and round first",
        )
    if codes.dtype == np.uint64:  # would wrap in int64 before its interval is checked
        codes = codes.astype(object)
    if codes.dtype == object and node.type.peak < INT64_SAFE:
        # Anything beyond int64 is beyond the interval too; this keeps it so.
        limit = INT64_SAFE
        clipped = [min(max(int(v), -limit), limit) for v in codes.flat]
        codes = np.array(clipped, np.int64).reshape(codes.shape)
    return codes


def _check_interval(node: Node, codes: Codes, start: int) -> None:
    lo, hi = (cast(np.ascontiguousarray(b), codes.dtype) for b in (node.type.lo, node.type.hi))
    if not codes.size or (codes.min() >= lo.max() and codes.max() <= hi.min()):
        return
    wrong = (codes < lo) | (codes > hi)
    if not wrong.any():
        return
    sample, *index = (int(i) for i in np.argwhere(wrong)[0])
    at = tuple(index)
    raise ConfigError(
        f"sample {start + sample}, element {at}: code {int(codes[(sample, *at)])} is outside "
        f"[{int(node.type.lo[at])}, {int(node.type.hi[at])}]",
        where=f"input {node.name}",
        hint=f"codes of {node.type.fixed} must be clipped to the input's interval first",
    )
