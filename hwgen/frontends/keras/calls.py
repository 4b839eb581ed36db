# SPDX-License-Identifier: Apache-2.0
"""Calls of layers as a Keras file states them: the tensors, and the arguments beside them.

Keras numbers the tensors of a structure by walking it: lists in order, dictionaries by sorted key,
at every level. Files keep a dictionary in the order in which it was written, so the walk is
repeated here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# A layer, the number of its call, and the number of the tensor among those that the call makes.
Ref = tuple[str, int, int]
CONSTANT = "_CONSTANT_VALUE"
TENSOR = "a tensor"
_TENSOR_3 = "__keras_tensor__"
# Names that Keras gives the first argument of a layer's call.
_FIRST = ("inputs", "input", "x")


@dataclass(frozen=True)
class Inbound:
    """One call of a layer.

    Attributes:
        refs: the tensors of the first argument, in Keras' order.
        keys: their names, where the first argument is a flat dictionary.
        others: tensors among the other arguments.
        constant: the first argument holds numbers beside the tensors.
        arguments: the other arguments that are given; a tensor is `TENSOR`.
    """

    refs: tuple[Ref, ...]
    keys: tuple[str, ...] = ()
    others: tuple[Ref, ...] = ()
    constant: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)


def refs_of(structure: Any) -> list[Ref]:
    """Return the tensors that ``input_layers`` or ``output_layers`` name, in Keras' order."""
    return [_ref(leaf) for leaf in _leaves(structure)]


def inbound(spec: Mapping[str, Any]) -> list[Inbound]:
    """Return the calls of a layer in the order in which the file lists them."""
    return [_inbound(entry) for entry in spec.get("inbound_nodes", ())]


def _inbound(entry: Any) -> Inbound:
    if isinstance(entry, Mapping) and isinstance(entry.get("kwargs"), Mapping):  # Keras 3
        args, arguments = list(entry.get("args", ())), dict(entry["kwargs"])
        first = args[0] if args else next((arguments.pop(k) for k in _FIRST if k in arguments), [])
        arguments |= {f"argument {i + 2}": value for i, value in enumerate(args[1:])}
    else:  # Keras 2: leaves [name, node, tensor, arguments]
        first, arguments = entry, {}
        for leaf in _leaves(entry):
            arguments |= leaf[3] if len(leaf) > 3 else {}
    leaves = list(_leaves(first))
    tensors = [leaf for leaf in leaves if _is_tensor(leaf)]
    flat = isinstance(first, Mapping) and not _is_leaf(first) and all(map(_is_leaf, first.values()))
    given = {name: _argument(value) for name, value in sorted(arguments.items())}
    return Inbound(
        tuple(_ref(leaf) for leaf in tensors),
        tuple(sorted(first)) if flat else (),
        tuple(_ref(t) for v in arguments.values() for t in _leaves(v) if _is_tensor(t)),
        len(tensors) < len(leaves),
        {name: value for name, value in given.items() if value is not None},
    )


def _leaves(structure: Any) -> Iterator[Any]:
    """Yield what a structure holds, in Keras' order; None is nothing."""
    if _is_leaf(structure):
        yield structure
    elif isinstance(structure, Mapping):
        for key in sorted(structure):
            yield from _leaves(structure[key])
    elif isinstance(structure, list | tuple):
        for item in structure:
            yield from _leaves(item)
    elif structure is not None:
        yield structure


def _is_leaf(item: Any) -> bool:
    if isinstance(item, Mapping):
        return isinstance(item.get("class_name"), str) and "config" in item
    return (
        isinstance(item, list | tuple)
        and len(item) in (3, 4)
        and isinstance(item[0], str)
        and isinstance(item[1], int)
    )


def _is_tensor(leaf: Any) -> bool:
    if isinstance(leaf, Mapping):
        return bool(leaf["class_name"] == _TENSOR_3)
    return _is_leaf(leaf) and bool(leaf[0] != CONSTANT)


def _ref(leaf: Any) -> Ref:
    name, node, index = leaf["config"]["keras_history"] if isinstance(leaf, Mapping) else leaf[:3]
    return str(name), int(node), int(index)


def _argument(value: Any) -> Any:
    """Return an argument, None where nothing is given, `TENSOR` where it holds one."""
    leaves = list(_leaves(value))
    if any(map(_is_tensor, leaves)):
        return TENSOR
    return value if leaves else None
