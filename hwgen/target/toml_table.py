# SPDX-License-Identifier: Apache-2.0
"""Checked TOML: a file that is plain data, held against a table of its keys and kinds.

An unknown key, a missing one or one of a wrong kind is an error that names the file and the key,
and suggests the nearest key there is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwgen.errors import ConfigError, suggest


@dataclass(frozen=True)
class Maybe:
    """A key that may be left out; it is then None.

    Attributes:
        kind: of its value, where it is there.
    """

    kind: Any


def power_of_two(where: str, key: str, width: int) -> None:
    """Raise ConfigError unless *width* is 8, 16, 32 ...; *where* names the file."""
    if width < 8 or width & (width - 1):
        raise ConfigError(
            f"a power of two of at least 8 is expected, not {width}", f"{where}: {key}"
        )


def read(path: Path, spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the file's table, checked against *spec*.

    Args:
        path: of the file; its stem must be its ``name``.
        spec: key to kind: ``str``, ``int``, ``float``, ``list``, a table of the same form, or a
            `Maybe` of one of these.

    Raises:
        ConfigError: naming file and key.
    """
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
    except (OSError, ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError
        raise ConfigError(f"cannot be read: {error}", str(path)) from error
    checked = _check(data, spec, path.name, "")
    if checked["name"] != path.stem:
        raise ConfigError(
            f"the name {checked['name']!r} differs from the file's", f"{path.name}: name"
        )
    return checked


def _check(data: Mapping[str, Any], spec: Mapping[str, Any], file: str, at: str) -> dict[str, Any]:
    for key in data:
        if key not in spec:
            raise ConfigError(
                "unknown key",
                f"{file}: {at}{key}",
                f"{suggest(key, spec)}keys here: {', '.join(spec)}",
            )
    out: dict[str, Any] = {}
    for key, kind in spec.items():
        where = f"{file}: {at}{key}"
        if key not in data:
            if isinstance(kind, Maybe):
                out[key] = None
                continue
            raise ConfigError("missing key", where, f"keys here: {', '.join(spec)}")
        value = data[key]
        if isinstance(kind, Maybe):
            kind = kind.kind
        if isinstance(kind, Mapping):
            if not isinstance(value, Mapping):
                raise ConfigError(f"a table is expected, not {value!r}", where)
            out[key] = _check(value, kind, file, f"{at}{key}.")
            continue
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:  # a bool is no number here
            raise ConfigError(f"{kind.__name__} is expected, not {value!r}", where)
        if value == "":
            raise ConfigError("is empty", where)
        out[key] = value
    return out


def positive(where: str, table: Mapping[str, Any], at: str, *keys: str) -> None:
    """Raise ConfigError unless the *keys* of the table *at* are above zero and finite."""
    for key in keys:
        if not 0 < table[key] < float("inf"):
            raise ConfigError(f"must be positive, not {table[key]}", f"{where}: {at}.{key}")


def sources(data: Mapping[str, Any], at: str = "") -> tuple[tuple[str, str], ...]:
    """Return every ``source`` of a table with the key it speaks for."""
    found: list[tuple[str, str]] = []
    for key, value in data.items():
        if key == "source":
            found.append((at.rstrip(".") or "part", value))
        elif isinstance(value, Mapping):
            found += sources(value, f"{at}{key}.")
    return tuple(found)
