# SPDX-License-Identifier: Apache-2.0
"""Stored graphs: a JSON document plus named integer arrays, written and read.

Intervals are not stored: `infer` finds them again (an input's own are fields of its operation). The
same graph gives the same bytes; integers beyond 64 bits are written as decimal strings.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from hwgen.errors import ConfigError, ModelError, count_of
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, InputScaler, Node, Output
from hwgen.ir.tensor import Codes, TensorType, int_array
from hwgen.ops.base import OPS, Op, stored_fields

SCHEMA = 1
_HINT = "the file is damaged or was not written by hwgen; make it again from the model"
_INT64 = range(-(1 << 63), 1 << 63)
_BIG_DIGITS = 4000  # decimal digits of the longest integer that is read

Document = dict[str, Any]


def graph_to_json(graph: Graph) -> tuple[Document, dict[str, Codes]]:
    """Return the document, ready for ``json.dumps``, and the arrays it names."""
    arrays: dict[str, Codes] = {}
    nodes = [
        {
            "name": node.name,
            "kind": node.op.kind,
            "inputs": list(node.inputs),
            "layer": node.layer,
            "note": node.note,
            "fields": _fields_to_json(node, arrays),
        }
        for node in graph.nodes
    ]
    outputs = [
        {"name": o.name, "node": o.node, "scale": list(o.scale), "offset": list(o.offset)}
        for o in graph.outputs
    ]
    scalers = [
        {"input": s.input, "layer": s.layer, "scale": list(s.scale), "offset": list(s.offset)}
        for s in graph.input_scalers
    ]
    document: Document = {
        "hwgen": "graph",
        "schema": SCHEMA,
        "name": graph.name,
        "nodes": nodes,
        "outputs": outputs,
        "notes": list(graph.notes),
        "scaler_mean": list(graph.scaler_mean),
        "scaler_std": list(graph.scaler_std),
        **({"input_scalers": scalers} if scalers else {}),
    }
    return document, dict(sorted(arrays.items()))


def graph_from_json(document: Any, arrays: Mapping[str, Any]) -> Graph:
    """Return the graph that `graph_to_json` wrote.

    Raises:
        ModelError: the document is not one, or its operations do not fit together.
    """
    top = _Reader(document, "graph")
    if top.take("hwgen", str) != "graph":
        raise ModelError("this is no graph document", hint=_HINT)
    schema = top.take("schema", int)
    if schema != SCHEMA:
        raise ModelError(
            f"the graph has schema {schema}; this hwgen reads {SCHEMA}",
            hint="use the hwgen that wrote it, or make it again from the model",
        )
    types: dict[str, TensorType] = {}
    nodes = tuple(_node(entry, arrays, types) for entry in top.take("nodes", list))
    outputs = tuple(_output(entry, types) for entry in top.take("outputs", list))
    names = [o.name for o in outputs]
    if not outputs or len(set(names)) != len(names):
        raise ModelError(f"outputs {names}: none, or two of one name", "graph", _HINT)
    graph = Graph(
        _identifier(top.take("name", str), "graph"),
        nodes,
        outputs,
        tuple(top.strings("notes")),
        tuple(top.floats("scaler_mean")),
        tuple(top.floats("scaler_std")),
        tuple(_scaler(entry, nodes) for entry in top.take_or("input_scalers", list, [])),
    )
    top.finish()
    return graph


def digest(graph: Graph) -> str:
    """Return the SHA-256 of all that matters to the hardware: everything but the notes."""
    document, arrays = graph_to_json(graph)
    document["notes"] = []
    for node in document["nodes"]:
        node["note"] = ""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    state = hashlib.sha256(text.encode())
    for name, array in sorted(arrays.items()):
        state.update(f"\n{name} {array.shape}\n".encode())
        state.update(np.ascontiguousarray(array, "<i8").tobytes())
    return state.hexdigest()


def _fields_to_json(node: Node, arrays: dict[str, Codes]) -> Document:
    encoded: Document = {}
    planned = {f.name: f.default for f in fields(node.op) if f.metadata.get("planned")}
    if planned:
        unplanned = node.op.changed(**planned) == node.op
        assert unplanned, f"{node.name}: a graph that is being planned is not stored"
    for field in stored_fields(node.op):
        value = getattr(node.op, field)
        if isinstance(value, np.ndarray) and value.dtype != object:
            name = f"{node.name}.{field}"
            arrays[name] = value
            encoded[field] = {"array": name}
        elif isinstance(value, np.ndarray):
            encoded[field] = {"shape": list(value.shape), "ints": [str(v) for v in value.flat]}
        else:
            encoded[field] = _plain(value)
    return encoded


def _plain(value: Any) -> Any:
    if isinstance(value, Fixed):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, bool) or value is None:
        return value
    number = int(value)
    return number if number in _INT64 else str(number)


class _Reader:
    """Reader of a JSON object, key by key: one missing, wrong or left over is a ModelError."""

    def __init__(self, document: Any, where: str) -> None:
        self.where = where
        if not isinstance(document, dict):
            raise self.error(f"an object was expected, not {type(document).__name__}")
        self._left = dict(document)

    def error(self, what: str) -> ModelError:
        return ModelError(what, self.where, _HINT)

    def take(self, key: str, kind: type) -> Any:
        if key not in self._left:
            raise self.error(f"key {key!r} is missing")
        value = self._left.pop(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise self.error(f"{key!r} must be {kind.__name__}, not {type(value).__name__}")
        return value

    def take_or(self, key: str, kind: type, default: Any) -> Any:
        return self.take(key, kind) if key in self._left else default

    def strings(self, key: str) -> list[str]:
        values = self.take(key, list)
        if not all(isinstance(v, str) for v in values):
            raise self.error(f"{key!r} must hold strings")
        return list(values)

    def floats(self, key: str) -> list[float]:
        values = self.take(key, list)
        if not all(type(v) in (int, float) and math.isfinite(v) for v in values):
            raise self.error(f"{key!r} must hold finite numbers")
        return [float(v) for v in values]

    def finish(self) -> None:
        if self._left:
            raise self.error(f"unknown keys {sorted(map(str, self._left))}")


def _identifier(name: str, where: str) -> str:
    if not (name.isidentifier() and name.isascii()):
        raise ModelError(f"{name!r} is no identifier", where, _HINT)
    return name


def _node(entry: Any, arrays: Mapping[str, Any], types: dict[str, TensorType]) -> Node:
    reader = _Reader(entry, "a node")
    name = reader.where = _identifier(reader.take("name", str), "a node")
    if name in types:
        raise reader.error("two nodes have this name")
    kind = reader.take("kind", str)
    if kind not in OPS:
        raise ModelError(f"unknown operation {kind!r}", name, f"there are {', '.join(sorted(OPS))}")
    inputs = reader.strings("inputs")
    for source in inputs:
        if source not in types:
            raise reader.error(f"reads {source!r}, which is no earlier node")
    op = _operation(OPS[kind], _Reader(reader.take("fields", dict), name), arrays)
    layer, note = reader.take("layer", str), reader.take("note", str)
    reader.finish()
    try:
        type_ = types[name] = op.infer([types[source] for source in inputs])
    except ModelError as error:
        raise ModelError(f"{error.where}: {error.what}", name, error.hint) from error
    return Node(name, op, tuple(inputs), type_, layer, note)


def _operation(cls: type[Op], reader: _Reader, arrays: Mapping[str, Any]) -> Op:
    values = {}
    stored = set(stored_fields(cls))
    for field in fields(cls):  # type: ignore[arg-type]
        if field.name not in stored:
            continue
        raw = reader.take(field.name, object)
        decode = _DECODE[str(field.type)]
        try:
            values[field.name] = decode(raw, arrays)
        except (ModelError, ConfigError) as error:
            raise reader.error(f"field {field.name!r}: {error.what}") from error
    reader.finish()
    try:
        return cls(**values)
    except ModelError as error:
        raise ModelError(f"{error.where}: {error.what}", reader.where, error.hint) from error


def _output(entry: Any, types: Mapping[str, TensorType]) -> Output:
    reader = _Reader(entry, "an output")
    name = reader.where = _identifier(reader.take("name", str), "an output")
    node = reader.take("node", str)
    scale, offset = reader.floats("scale"), reader.floats("offset")
    reader.finish()
    if node not in types:
        raise reader.error(f"names an unknown node {node!r}")
    channels = types[node].shape[-1] if types[node].shape else 1
    for values in (scale, offset):
        if len(values) not in (1, channels):
            raise reader.error(f"{len(values)} scales or offsets do not fit {channels} channels")
    return Output(name, node, tuple(scale), tuple(offset))


def _scaler(entry: Any, nodes: tuple[Node, ...]) -> InputScaler:
    reader = _Reader(entry, "an input scaler")
    name, layer = reader.take("input", str), reader.take("layer", str)
    scale, offset = reader.floats("scale"), reader.floats("offset")
    reader.finish()
    shapes = {node.name: node.type.shape for node in nodes if not node.inputs}
    if name not in shapes:
        raise reader.error(f"names an unknown input {name!r}")
    counts = (1, shapes[name][-1], math.prod(shapes[name]))
    if any(len(part) not in counts for part in (scale, offset)):
        raise reader.error(f"{len(scale)} scales and {len(offset)} offsets do not fit {name}")
    return InputScaler(name, layer, tuple(scale), tuple(offset))


# A reader's complaint names no place: `_operation` adds node and field.


def _int(raw: Any, arrays: Mapping[str, Any]) -> int:
    if isinstance(raw, str) and len(raw) <= _BIG_DIGITS:
        digits = raw.removeprefix("-")
        if digits.isascii() and digits.isdigit():
            return int(raw)
    if type(raw) is not int:
        raise ModelError(f"an integer was expected, not {str(raw)[:40]!r}")
    return raw


def _bool(raw: Any, arrays: Mapping[str, Any]) -> bool:
    if not isinstance(raw, bool):
        raise ModelError(f"true or false was expected, not {str(raw)[:40]!r}")
    return raw


def _fixed(raw: Any, arrays: Mapping[str, Any]) -> Fixed:
    if not isinstance(raw, str):
        raise ModelError(f"a number format was expected, not {str(raw)[:40]!r}")
    return Fixed.parse(raw)


def _ints(raw: Any, arrays: Mapping[str, Any]) -> tuple[int, ...]:
    if not isinstance(raw, list):
        raise ModelError(f"a list of integers was expected, not {str(raw)[:40]!r}")
    return tuple(_int(v, arrays) for v in raw)


def _pairs(raw: Any, arrays: Mapping[str, Any]) -> tuple[tuple[int, ...], ...]:
    if not isinstance(raw, list):
        raise ModelError(f"a list of pairs was expected, not {str(raw)[:40]!r}")
    return tuple(_ints(v, arrays) for v in raw)


def _codes(raw: Any, arrays: Mapping[str, Any]) -> Codes:
    if isinstance(raw, dict) and set(raw) == {"array"} and isinstance(raw["array"], str):
        if raw["array"] not in arrays:
            raise ModelError(f"array {raw['array']!r} is missing")
        array = np.asarray(arrays[raw["array"]])
        if array.dtype.kind not in "iu":
            raise ModelError(f"array {raw['array']!r} holds {array.dtype}, not integers")
        return int_array(array)
    if isinstance(raw, dict) and set(raw) == {"shape", "ints"}:
        shape, flat = _ints(raw["shape"], arrays), _ints(raw["ints"], arrays)
        if any(n < 0 for n in shape) or math.prod(shape) != len(flat):
            raise ModelError(
                f"{count_of(len(flat), 'integer does', 'integers do')} not fill shape {shape}"
            )
        codes = np.empty(len(flat), object)
        codes[:] = flat
        return int_array(codes.reshape(shape))
    raise ModelError("an array was expected")


# One reader for each way an operation declares a field; a new way needs a new line here.
_DECODE: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "int": _int,
    "int | None": lambda raw, arrays: None if raw is None else _int(raw, arrays),
    "bool": _bool,
    "Fixed": _fixed,
    "Codes": _codes,
    "tuple[int, ...]": _ints,
    "tuple[tuple[int, int], ...]": _pairs,
}
