# SPDX-License-Identifier: Apache-2.0
"""Weights in Keras HDF5 files: laid out by names (Keras 2) or numbered (Keras 2.12+ and 3).

A truncated file ends in a ModelError. Flipped bytes inside an .h5 may crash the HDF5 library,
which has no checksum over them; those of a .keras archive are caught by the archive's.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.errors import ModelError, count_of
from hwgen.frontends.keras.order import owners
from hwgen.frontends.keras.variables import LayerEntry, check_names, expected, named, numbered

MAX_BYTES = 4 << 30
MAX_CONFIG = 64 << 20
_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
_MAX_DEPTH = 16
_MAX_OBJECTS = 50_000

Array = np.ndarray[Any, np.dtype[Any]]
Weights = dict[str, dict[str, Array]]


@contextmanager
def _whole(where: str) -> Iterator[None]:
    """Turn what h5py raises on a truncated or corrupt file into a ModelError."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        reason = (str(error).strip("'\"").splitlines() or [type(error).__name__])[0][:120]
        raise ModelError(
            f"the HDF5 data is truncated or damaged ({reason})",
            where,
            "copy or save the file again",
        ) from error


@contextmanager
def open_h5(source: Path | bytes, where: str) -> Iterator[H5File]:
    """Open an HDF5 file, or the bytes of one, for reading."""
    import h5py  # late: `import hwgen` must cost numpy only

    with _whole(where):
        handle = h5py.File(io.BytesIO(source) if isinstance(source, bytes) else source, "r")
    try:
        yield H5File(handle, where)
    finally:
        handle.close()


class H5File:
    """An open HDF5 file that follows no link out of itself and reads no more than `MAX_BYTES`."""

    def __init__(self, root: Any, where: str) -> None:
        self.root = root
        self.where = where
        self._left = MAX_BYTES
        self._objects = _MAX_OBJECTS

    def child(self, group: Any, path: str) -> Any:
        """Return the object at a path below a group, or None."""
        for part in path.split("/"):
            with _whole(self.where):
                if not hasattr(group, "keys") or not part or part == "." or part not in group:
                    return None
                if type(group.get(part, getlink=True)).__name__ == "ExternalLink":
                    raise ModelError(
                        f"{part!r} is a link to another file",
                        self.where,
                        "save the weights in one file",
                    )
                group = group[part]
        return group

    def keys(self, group: Any) -> tuple[str, ...]:
        """Return the names in a group; a dataset has none."""
        with _whole(self.where):
            names = tuple(group.keys()) if hasattr(group, "keys") else ()
        self._objects -= len(names)  # hard links can make a small file an endless tree
        if self._objects < 0:
            raise ModelError(f"the HDF5 file lists more than {_MAX_OBJECTS} objects", self.where)
        return names

    def text(self, group: Any, attribute: str) -> str:
        """Return an attribute as text, "" if it is absent."""
        with _whole(self.where):
            if attribute not in group.attrs:
                return ""
            return _decode(group.attrs[attribute], self.where)

    def texts(self, group: Any, attribute: str) -> list[str] | None:
        """Return an attribute that lists names; Keras cuts long lists into numbered pieces."""
        with _whole(self.where):
            if attribute in group.attrs:
                return [
                    _decode(item, self.where) for item in np.asarray(group.attrs[attribute]).ravel()
                ]
            found: list[str] = []
            piece = 0
            while f"{attribute}{piece}" in group.attrs:
                values = np.asarray(group.attrs[f"{attribute}{piece}"]).ravel()
                found += [_decode(item, self.where) for item in values]
                piece += 1
            return found if piece else None

    def array(self, dataset: Any, layer: str, variable: str) -> Array:
        """Return a variable as a native, read-only array, floats as float32 where that is exact."""
        place = f"{self.where}, layer {layer}"
        with _whole(place):
            dtype, size = dataset.dtype, int(dataset.size or 0) * dataset.dtype.itemsize
            # Keras 3 says so in an attribute; Keras 2 stores two bytes that no other type of it is.
            bfloat16 = _decode(dataset.attrs.get("dtype", ""), place) == "bfloat16"
            bfloat16 |= dtype.kind == "V" and dtype.itemsize == 2 and dtype.fields is None
            linked = dataset.is_virtual or dataset.external
        if linked:
            raise ModelError(
                f"{variable} is stored in another file", place, "save the weights in one file"
            )
        self._left -= size
        if self._left < 0:
            raise ModelError(
                f"the weights take more than {MAX_BYTES >> 30} GiB",
                place,
                "this is no model for an FPGA",
            )
        if dtype.kind not in "fiub" and not (bfloat16 and dtype.itemsize == 2):
            raise ModelError(
                f"{variable} has the type {dtype}, expected real numbers",
                place,
                "save it as float32",
            )
        with _whole(place):
            if dataset.shape is None:
                raise ValueError(f"{variable} is empty")
            values = np.asarray(dataset[()])
        if values.dtype.kind not in "iub" or bfloat16:
            values = _plain_floats(values, bfloat16, variable, place)
        values = np.ascontiguousarray(values, values.dtype.newbyteorder("=")).reshape(values.shape)
        values.flags.writeable = False
        return values


def _decode(value: object, where: str) -> str:
    if isinstance(value, np.ndarray) and value.shape == ():
        value = value.item()
    if not isinstance(value, str | bytes):
        raise ModelError(f"expected text in an attribute, found {type(value).__name__}", where)
    try:
        # h5py hides bytes that are no text in surrogates; encoding brings them out.
        return (value.encode() if isinstance(value, str) else value).decode()
    except UnicodeError as error:
        raise ModelError(
            "a text in this file is not UTF-8", where, "save the model again"
        ) from error


def _plain_floats(values: Array, bfloat16: bool, variable: str, place: str) -> Array:
    """Return finite values as float32 where that is exact, else as they are stored."""
    if bfloat16:
        # A bfloat16 is the upper half of a float32.
        values = (values.view("<u2").astype(np.uint32) << np.uint32(16)).view(np.float32)
    bad = int(values.size - np.count_nonzero(np.isfinite(values)))
    if bad:
        what = f"{variable} is NaN or infinite in {bad} of {count_of(values.size, 'value')}"
        raise ModelError(what, place, "the training diverged: take an earlier checkpoint")
    with np.errstate(over="ignore", under="ignore"):
        single = values.astype(np.float32)
    return single if np.array_equal(single, values) else values


def parse_json(text: str, where: str) -> Any:
    """Return the value of a JSON text, or raise ModelError."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ModelError("the JSON is nested too deeply", where) from error
    except ValueError as error:
        raise ModelError(
            f"this is not JSON ({error})", where, "the file may be truncated; save it again"
        ) from error


def h5_config(file: H5File) -> Mapping[str, Any] | None:
    """Return the architecture stored in a full Keras .h5, or None in a file of weights alone."""
    text = file.text(file.root, "model_config")
    if len(text) > MAX_CONFIG:
        raise ModelError(f"the config is larger than {MAX_CONFIG >> 20} MiB", file.where)
    if not text:
        return None
    config = parse_json(text, file.where)
    return config if isinstance(config, dict) else {}


def h5_version(file: H5File) -> str:
    """Return the Keras version noted in the file, "" if it has none."""
    for place in ("", "model_weights"):
        group = file.child(file.root, place) if place else file.root
        if group is not None and (version := file.text(group, "keras_version")):
            return version
    return ""


def h5_weights(file: H5File, entries: tuple[LayerEntry, ...], own: bool = False) -> Weights:
    """Return the variables of every layer that has any, in the order of the config.

    Args:
        file: the open file.
        entries: the layers of the architecture.
        own: the file was written together with the config, so layer names noted in it must agree.
    """
    found: Weights = {}
    for place in (file.root, file.child(file.root, "model_weights")):
        if place is not None and (names := file.texts(place, "layer_names")) is not None:
            found = _by_name(file, place, names, entries)
            break
    else:
        if not any(name in file.keys(file.root) for name in (*_CONTAINERS, "vars")):
            raise ModelError(
                "this HDF5 file holds no Keras weights", file.where, "give a file that Keras saved"
            )
        unknown = _by_number(file, file.root, entries, found, own)
        _refuse_unknown(unknown, file.where)
    leaves = [leaf for entry in entries for leaf in entry.leaves()]
    for leaf in leaves:
        check_names(leaf, found.get(leaf.key, {}), file.where)
    return {leaf.key: found[leaf.key] for leaf in leaves if found.get(leaf.key)}


def _refuse_unknown(names: list[str], where: str) -> None:
    if names:
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        hint = "the weights belong to another architecture: give the pair that was saved together"
        raise ModelError(
            f"it holds weights for {shown}, which the architecture does not have", where, hint
        )


def _by_name(file: H5File, top: Any, names: list[str], entries: tuple[LayerEntry, ...]) -> Weights:
    known = {entry.name: entry for entry in entries}
    unknown: list[str] = []
    order: list[str] = []
    found: Weights = {}
    for name in dict.fromkeys([*names, "top_level_model_weights"]):
        group = file.child(top, name)
        paths = (file.texts(group, "weight_names") if group is not None else None) or []
        if not paths:
            continue
        if name not in known:
            unknown.append(name)
            continue
        order.append(name)
        leaves = {leaf.key: leaf for leaf in known[name].leaves()}
        nested = known[name].layers is not None
        for key, mine in (
            owners(known[name], paths, file.where) if nested else {name: paths}
        ).items():
            for variable, path in zip(named(leaves[key], mine), mine, strict=True):
                dataset = file.child(group, path)
                if dataset is None or not hasattr(dataset, "shape"):
                    raise ModelError(
                        f"{path} is listed but not stored",
                        f"{file.where}, layer {key}",
                        "save it again",
                    )
                found.setdefault(key, {})[variable] = file.array(dataset, key, variable)
    _refuse_unknown(unknown, file.where)
    config = [entry.name for entry in entries if entry.name in order]
    for name, other in zip(order, config, strict=True):
        if name != other:  # Keras takes the first for the other: it goes by the order
            raise ModelError(
                f"its weights follow in another order than the layers of the config: {name} where "
                f"{other} should be",
                file.where,
                "save config and weights together, of one model: model.save('model.h5')",
            )
    return found


def _by_number(
    file: H5File, group: Any, entries: tuple[LayerEntry, ...], found: Weights, own: bool
) -> list[str]:
    """Fill `found` from a group whose layers are counted by class; return what nobody owns."""
    container = next(
        (c for name in _CONTAINERS if (c := file.child(group, name)) is not None), None
    )
    groups = file.keys(container) if container is not None else ()
    counts: dict[str, int] = {}
    used: set[str] = set()
    unknown: list[str] = []
    for entry in entries:
        base = snake_case("Functional" if entry.kind == "Model" else entry.kind)
        count = counts.get(base, 0)
        counts[base] = count + 1
        slot = f"{base}_{count}" if count else base
        used.add(slot)
        if slot not in groups:
            continue
        inner = file.child(container, slot)
        stored = file.child(inner, "vars")
        noted = file.text(stored, "name") if own and stored is not None else ""
        if noted and noted != entry.name:
            raise ModelError(
                f"its weights are stored under the name {noted}", f"{file.where}, layer {entry.key}"
            )
        if entry.layers is not None:
            unknown += [
                f"{entry.key}/{u}" for u in _by_number(file, inner, entry.layers, found, own)
            ]
            continue
        datasets = dict(_datasets(file, inner))
        names = numbered(entry.kind, entry.config, list(datasets))
        arrays = {n: file.array(datasets[p], entry.key, n) for p, n in names.items() if n}
        order = [n for n in expected(entry.kind, entry.config) or () if n in arrays]
        found[entry.key] = {n: arrays[n] for n in dict.fromkeys([*order, *arrays])}
    return unknown + [
        g for g in groups if g not in used and any(_datasets(file, file.child(container, g)))
    ]


def _datasets(file: H5File, group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield path and dataset of everything below a group, seeds of random generators left out."""
    if prefix.count("/") > _MAX_DEPTH:
        raise ModelError(f"groups are nested deeper than {_MAX_DEPTH}", file.where)
    for name in file.keys(group):
        child = file.child(group, name)
        if hasattr(child, "keys"):
            if not name.startswith("seed_generator"):
                yield from _datasets(file, child, f"{prefix}{name}/")
        elif hasattr(child, "shape"):
            yield prefix + name, child


def snake_case(name: str) -> str:
    """Return the form in which Keras writes a class name into its numbered layout.

    An underscore goes before a capital that follows a small letter or that a small letter follows.

    >>> snake_case("QConv2DTranspose"), snake_case("PReLU")
    ('q_conv2d_transpose', 'p_re_lu')
    """
    text = ""
    for i, letter in enumerate(name):
        after_small = i > 0 and name[i - 1].islower()
        before_small = i > 0 and name[i + 1 : i + 2].islower()
        text += "_" if letter.isupper() and (after_small or before_small) else ""
        text += letter
    return text.lower()
