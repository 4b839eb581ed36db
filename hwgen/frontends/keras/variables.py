# SPDX-License-Identifier: Apache-2.0
"""Variables of a Keras model: the tree of its layers and the names of their weights.

Keras 2 stores variables under their names, the newer archives only number them. Both are brought
to the same short names here, and what a file holds is checked against what its config asks for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hwgen.errors import ModelError
from hwgen.frontends.keras.layer_classes import CLASSES, PRUNING, WRAPPERS, Variable

_MAX_NESTING = 16
_STEP = "pruning_step"
_PRUNED = re.compile(r"(mask|threshold)(_\d+)?|pruning_step")


@dataclass(frozen=True)
class LayerEntry:
    """One layer of a config; `layers` is set when the layer is itself a model."""

    key: str
    name: str
    kind: str
    config: Mapping[str, Any]
    layers: tuple[LayerEntry, ...] | None = None

    def leaves(self) -> Iterator[LayerEntry]:
        """Yield the layers that can own variables: itself, or those inside a nested model."""
        if self.layers is None:
            yield self
        else:
            for layer in self.layers:
                yield from layer.leaves()

    @property
    def aliases(self) -> frozenset[str]:
        """The scopes its variables may be in: its own name and those of wrapped layers."""
        names, config = {self.name}, self.config
        while (inner := wrapped(config)) is not None:
            config = inner[1]
            names.add(str(config.get("name")))
        return frozenset(names)


def class_name(raw: str) -> str:
    """Return a class name without the package that Keras puts before registered ones.

    >>> class_name("Custom>Scale")
    'Scale'
    """
    return raw.rpartition(">")[2]


def wrapped(config: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """Return class and config of the layer inside a wrapper's config, None if there is none."""
    inner = config.get("layer")
    if not isinstance(inner, dict) or not isinstance(inner.get("class_name"), str):
        return None
    inner_config = inner.get("config")
    return class_name(inner["class_name"]), inner_config if isinstance(inner_config, dict) else {}


def layer_entries(
    model: Mapping[str, Any], where: str, outer: tuple[str, ...] = ()
) -> tuple[LayerEntry, ...]:
    """Return the layers of a serialised model in the order of its config."""
    if len(outer) > _MAX_NESTING:
        raise ModelError(f"models are nested deeper than {_MAX_NESTING}", where)
    config = model["config"]
    # Keras before 2.2.3 wrote a Sequential's config as the bare list of its layers.
    raw = config if isinstance(config, list) else config.get("layers")
    if not isinstance(raw, list):
        raise ModelError("the config of this model has no list of layers", where)
    entries: dict[str, LayerEntry] = {}
    for index, item in enumerate(raw):
        entry = _entry(item, index, where, outer)
        if entry.name in entries:
            raise ModelError(
                f"two layers are named {entry.name!r}", where, "layer names must be unique"
            )
        entries[entry.name] = entry
    leaves = [leaf.key for entry in entries.values() for leaf in entry.leaves()]
    for key, count in Counter(leaves).items():
        if count > 1:
            raise ModelError(
                f"two layers have the path {key!r}: a name with a slash reads like a layer of a "
                "nested model",
                where,
                "rename the layer whose name has the slash, and save the model again",
            )
    return tuple(entries.values())


def _entry(item: object, index: int, where: str, outer: tuple[str, ...]) -> LayerEntry:
    kind = item.get("class_name") if isinstance(item, dict) else None
    config = item.get("config") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(kind, str):
        raise ModelError(f"layer number {index} of the config has no class_name", where)
    inner = config.get("layers") if isinstance(config, dict) else config
    name = config.get("name", item.get("name")) if isinstance(config, dict) else item.get("name")
    if isinstance(config, list):
        # A nested Sequential of the oldest form carries no name.
        name = name or f"layer{index}"
    if not isinstance(name, str) or not name or not isinstance(config, dict | list):
        raise ModelError(
            f"layer number {index} of the config ({kind}) has no name or no config", where
        )
    key = "/".join((*outer, name))
    if isinstance(inner, list):
        layers = layer_entries(item, where, (*outer, name))
        return LayerEntry(
            key, name, class_name(kind), {} if isinstance(config, list) else config, layers
        )
    assert isinstance(config, dict)
    depth, below = 0, wrapped(config)
    while below is not None:
        depth, below = depth + 1, wrapped(below[1])
    if depth > _MAX_NESTING:
        raise ModelError(f"wrappers are nested deeper than {_MAX_NESTING}", f"{where}, layer {key}")
    return LayerEntry(key, name, class_name(kind), config)


def expected(kind: str, config: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the variables of a layer class as `get_weights()` orders them; None if unknown.

    >>> expected("BatchNormalization", {"scale": False})
    ('beta', 'moving_mean', 'moving_variance')
    """
    if kind in WRAPPERS and (inner := wrapped(config)) is not None:
        return expected(*inner)
    record = CLASSES.get(kind)
    return None if record is not None and config.get(record.more_with) else listed(kind, config)


def listed(kind: str, config: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the variables that are known of a layer class, where a setting adds more too.

    >>> listed("BatchNormalization", {"renorm": True, "scale": False})
    ('beta', 'moving_mean', 'moving_variance')
    """
    if kind in WRAPPERS and (inner := wrapped(config)) is not None:
        return listed(*inner)
    record = CLASSES.get(kind)
    if record is None or record.variables is None:
        return None
    return tuple(v.name for v in _present(record.variables, config))


def _present(variables: tuple[Variable, ...], config: Mapping[str, Any]) -> tuple[Variable, ...]:
    return tuple(v for v in variables if not v.when or config.get(v.when, True))


def named(entry: LayerEntry, paths: list[str]) -> list[str]:
    """Return the short names of variables stored under their Keras paths, one for each path.

    >>> named(LayerEntry("a", "a", "Dense", {}), ["a_1/kernel:0", "a_1/bias:0"])
    ['kernel', 'bias']
    """
    full = [
        path.rpartition(":")[0] if path.rpartition(":")[2].isdigit() else path for path in paths
    ]
    short = [path.rpartition("/")[2] for path in full]
    # Two cells of one layer may share a name (Bidirectional): the whole path tells them apart.
    short = [f if short.count(s) > 1 else s for f, s in zip(full, short, strict=True)]
    kind, config = entry.kind, entry.config
    while (inner := wrapped(config)) is not None:
        kind, config = inner
    # Keras 3 calls the depthwise kernel plainly "kernel"; one name is enough for the front end.
    names = expected(kind, config) or ()
    plain = "depthwise_kernel" in names and "pointwise_kernel" not in names
    return ["depthwise_kernel" if plain and name == "kernel" else name for name in short]


def numbered(kind: str, config: Mapping[str, Any], paths: list[str]) -> dict[str, str]:
    """Map the paths of numbered variables inside a layer's group to short names.

    Paths that no table explains keep their own form, without the "vars" level. A path that only
    repeats another variable maps to "".

    >>> numbered("Dense", {}, ["vars/0", "vars/1"])
    {'vars/0': 'kernel', 'vars/1': 'bias'}
    """
    result = {p: "/".join(part for part in p.split("/") if part != "vars") for p in paths}
    if kind in WRAPPERS and (inner := wrapped(config)) is not None:
        below = [p.removeprefix("layer/") for p in paths if p.startswith("layer/")]
        result |= {f"layer/{p}": name for p, name in numbered(*inner, below).items()}
        own = sorted((p for p in paths if not p.startswith("layer/")), key=_number)
        if kind == PRUNING:
            result |= dict(zip(own, _pruning(len(own)), strict=False))
        return result
    record = CLASSES.get(kind)
    if record is None or record.variables is None:
        return result
    # Under a setting that adds variables, they follow.
    stored = _present(record.variables, config)
    inside = tuple(v.name for v in stored if v.inner)
    outside = tuple(v.name for v in stored if not v.inner)
    table = {f"vars/{i}": n for i, n in enumerate(outside)}
    table |= {f"batchnorm/vars/{i}": n for i, n in enumerate(inside)}
    result |= {p: n for p, n in table.items() if p in result}
    if inside and {"vars/iteration", f"vars/{len(outside) - 1}"} <= result.keys():
        # qkeras-v3 stores the step of a depthwise layer twice, by number and by name.
        result[f"vars/{len(outside) - 1}"] = ""
    return result


def _pruning(count: int) -> list[str]:
    """Return the names of a pruning wrapper's own variables, of which there are so many.

    It lists the pruned weights again, then a mask and a threshold for each, then the step.

    >>> _pruning(7)
    ['', '', 'mask', 'threshold', 'mask_1', 'threshold_1', 'pruning_step']
    """
    weights, rest = divmod(count - 1, 3)
    if rest:
        return []
    ends = [f"_{i}" if i else "" for i in range(weights)]
    return [""] * weights + [f"{n}{e}" for e in ends for n in ("mask", "threshold")] + [_STEP]


def _number(path: str) -> tuple[int, str]:
    last = path.rpartition("/")[2]
    return (int(last), "") if last.isdecimal() else (1 << 30, path)


def mask_names(stored: Iterable[str]) -> list[str]:
    """Return the names of the pruning masks among a layer's variables, in the order of the file.

    >>> mask_names(["kernel", "wrap/mask_1", "mask", "masked"])
    ['wrap/mask_1', 'mask']
    """
    return [name for name in stored if re.fullmatch(r"mask(_\d+)?", name.rpartition("/")[2])]


def check_names(entry: LayerEntry, found: Mapping[str, object], where: str) -> None:
    """Raise ModelError unless a layer of a known class has exactly the variables it should."""
    names = expected(entry.kind, entry.config)
    if names is None:
        return
    place = f"{where}, layer {entry.key}"
    hint = "the weights belong to another model: give the pair that was saved together"
    if names and not found and where.endswith(".keras"):
        hint += (
            "; an archive also lacks them of a layer that several models share, and Keras cannot "
            "load it either: give each model a layer of its own, or save it as .h5"
        )
    if names and not found:
        raise ModelError(
            f"no weights are stored for this {entry.kind}, which needs {', '.join(names)}",
            place,
            hint,
        )
    missing = [n for n in names if n not in found]
    if missing:
        raise ModelError(
            f"this {entry.kind} needs {', '.join(missing)}, which the file does not hold",
            place,
            hint,
        )
    extra = [n for n in found if n not in names and not (is_pruned(entry) and _PRUNED.fullmatch(n))]
    if extra:
        raise ModelError(
            f"the file holds {', '.join(extra)}, which a {entry.kind} of this config has not",
            place,
            hint,
        )


def is_pruned(entry: LayerEntry) -> bool:
    """Tell whether a layer, or one that it wraps, is in a pruning wrapper."""
    kind, config = entry.kind, entry.config
    while kind != PRUNING:
        if (inner := wrapped(config)) is None:
            return False
        kind, config = inner
    return True
