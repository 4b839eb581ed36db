# SPDX-License-Identifier: Apache-2.0
"""Order of the variables of a nested model in the HDF5 layout of Keras 2.

Keras lists the variables of a nested model in one row and gives them back by their place in it:
first what is trained, layer after layer in the order of the config, then the rest likewise
(``_legacy_weights`` in keras/src/saving/legacy/hdf5_format.py). A frozen layer stands in the second
part whole. A variable's path keeps the name that its layer had when it was built, so a path that
names another layer than its place does is refused: one of the two is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hwgen.errors import ModelError
from hwgen.frontends.keras.layer_classes import CLASSES, PRUNING
from hwgen.frontends.keras.variables import LayerEntry, is_pruned, listed, named, wrapped

# Kept by training, and not trained.
_KEPT = re.compile(r"moving_(mean|variance)|iteration")
# What a pruning wrapper and renormalisation add behind a layer's own variables.
_ADDED = re.compile(r"moving_stddev|renorm_\w+|(mask|threshold)(_\d+)?|pruning_step")
_LAST = "pruning_step"
_HINT = (
    "save it in the .keras format, which counts the layers; or name the layers of the inner model "
    "before they are built, each by a name of its own"
)


def owners(model: LayerEntry, paths: Sequence[str], where: str) -> dict[str, list[str]]:
    """Return the paths of every layer inside a nested model, by the key of the layer.

    Args:
        model: the nested model.
        paths: its variables as the file lists them, such as ``fc/kernel:0``.
        where: the file, for messages.

    Raises:
        ModelError: the row has too few, too many or other variables than the layers have, or a
            path names another layer than the one whose place it has.
    """
    place = f"{where}, layer {model.key}"
    leaves = tuple(model.leaves())
    found: dict[str, list[str]] = {}
    row: list[str] = []
    for path in paths:
        speaks = _named_by(path, leaves)
        if len(speaks) == 1 and listed(speaks[0].kind, speaks[0].config) is None:
            found.setdefault(speaks[0].key, []).append(path)  # a class whose variables are unknown
        else:
            row.append(path)
    at = 0
    for leaf, names, more in _parts(leaves):
        mine = row[at : at + len(names)]
        if sorted(named(leaf, mine)) != sorted(names):
            raise ModelError(
                f"at the place of {', '.join(names)} of layer {leaf.key} the file holds "
                f"{', '.join(mine) or 'nothing'}",
                place,
                _HINT,
            )
        while more and _added(row, at + len(mine)):
            mine.append(row[at + len(mine)])
            more = _short(mine[-1]) != _LAST
        for path in mine:
            speaks = _named_by(path, leaves)
            if speaks and leaf not in speaks:
                raise ModelError(
                    f"{path} is at the place of layer {leaf.key} and has the name of "
                    f"{speaks[0].key}: layers were named anew, or frozen, after it was built",
                    place,
                    _HINT,
                )
        found.setdefault(leaf.key, []).extend(mine)
        at += len(mine)
    if at < len(row):
        raise ModelError(
            f"the file holds {row[at]}, for which the layers of the model have no place",
            place,
            _HINT,
        )
    return {key: names for key, names in found.items() if names}


def _parts(leaves: Sequence[LayerEntry]) -> Iterator[tuple[LayerEntry, list[str], bool]]:
    """Yield layer, names of its variables and whether more may follow, in the order of the row."""
    rest: list[tuple[LayerEntry, list[str], bool]] = []
    for leaf in leaves:
        names, trained = listed(leaf.kind, leaf.config) or (), _trained(leaf)
        yield leaf, trained, False
        more = is_pruned(leaf) or bool(leaf.config.get("renorm"))
        rest.append((leaf, [n for n in names if n not in trained], more))
    yield from rest


def _trained(leaf: LayerEntry) -> list[str]:
    """Return the variables of a layer that training changes, none of a frozen one."""
    kind, config = leaf.kind, leaf.config
    while (inner := wrapped(config)) is not None:
        if kind != PRUNING and not config.get("trainable", True):
            return []
        kind, config = inner
    frozen = not config.get("trainable", True)
    variables = CLASSES[kind].variables if kind in CLASSES else None
    # QKeras hands the setting on to the normalisation in a folded layer, and ignores it itself.
    folded = any(v.inner for v in variables or ())
    inside = {v.name for v in variables or () if v.inner or not folded}
    names = [n for n in listed(kind, config) or () if not _KEPT.fullmatch(n)]
    return [n for n in names if not (frozen and n in inside)]


def _added(row: Sequence[str], at: int) -> bool:
    return at < len(row) and _ADDED.fullmatch(_short(row[at])) is not None


def _short(path: str) -> str:
    return path.rpartition("/")[2].partition(":")[0]


def _named_by(path: str, leaves: Sequence[LayerEntry]) -> list[LayerEntry]:
    """Return the layers of which a path speaks: those that its outermost such scope names."""
    scopes = path.split("/")[:-1]
    for start in range(len(scopes)):
        behind = "/".join(scopes[start:]) + "/"
        found = [f for f in leaves if any(behind.startswith(f"{a}/") for a in f.aliases)]
        if found:
            return found
    return []
