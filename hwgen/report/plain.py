# SPDX-License-Identifier: Apache-2.0
"""Plain data: frozen dataclasses read back from what `dataclasses.asdict` made of them."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def read(kind: type[T], data: object) -> T:
    """Return a dataclass of *kind* from plain data, such as a JSON file holds.

    Fields may be plain values, dataclasses, tuples of one kind, tables by name, or any of these or
    None. Keys that the dataclass does not have are passed over.

    Raises:
        TypeError, KeyError: *data* is of another shape.
    """
    return cast(T, _read(kind, data))


def _read(kind: Any, data: object) -> object:
    if kind is Any:
        return data
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        inner = next(one for one in arguments if one is not type(None))
        return None if data is None else _read(inner, data)
    if origin is tuple:
        if not isinstance(data, list | tuple):
            raise TypeError(f"a list is expected, not {type(data).__name__}")
        return tuple(_read(arguments[0], one) for one in data)
    if origin is Mapping:
        return {str(key): _read(arguments[1], one) for key, one in _table(data).items()}
    if isinstance(kind, type) and is_dataclass(kind):
        hints, table = get_type_hints(kind), _table(data)
        return kind(**{f.name: _read(hints[f.name], table[f.name]) for f in fields(kind)})
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if isinstance(kind, type) and not isinstance(data, kind):
        raise TypeError(f"{kind.__name__} is expected, not {type(data).__name__}")
    return data


def _table(data: object) -> Mapping[str, object]:
    if not isinstance(data, Mapping):
        raise TypeError(f"a table is expected, not {type(data).__name__}")
    return data
