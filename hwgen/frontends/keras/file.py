# SPDX-License-Identifier: Apache-2.0
"""Reader of Keras model files without Keras: architecture as stored, weights as numpy arrays.

Nothing found in a file is executed: pickles are refused, the code of a Lambda layer stays text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.errors import ConfigError, ModelError
from hwgen.frontends.keras.h5 import (
    Weights,
    h5_config,
    h5_version,
    h5_weights,
    open_h5,
    parse_json,
)
from hwgen.frontends.keras.variables import LayerEntry, class_name, layer_entries
from hwgen.frontends.keras.zip import CONFIG, METADATA, WEIGHTS, read_members
from hwgen.frontends.kinds import file_kind, read_json, refusal, utf8

READS = "a Keras .h5, a .json with a weights .h5, a .keras archive"


@dataclass(frozen=True)
class KerasModel:
    """A Keras model as stored.

    Attributes:
        config: `{"class_name": ..., "config": ...}` exactly as in the file, wrappers untouched.
            Before Keras 2.2.3 the inner config of a Sequential is a list of layers.
        weights: layer name to short variable name to read-only array, in the order of the config;
            layers without variables are absent, those of a nested model are keyed "outer/inner".
        source: the file name, for messages.
        keras: the Keras version noted in the file, "" if unknown.
    """

    config: Mapping[str, Any]
    weights: Mapping[str, Mapping[str, np.ndarray[Any, np.dtype[Any]]]]
    source: str
    keras: str


def read_keras(path: Path, weights: Path | None = None) -> KerasModel:
    """Read architecture and weights of a Keras or QKeras model.

    Args:
        path: a full `.h5`, a `.json` architecture, or a `.keras` archive.
        weights: a file with weights (`.h5` of either layout, or `.keras`); needed with a
            `.json`, and used instead of the model's own weights otherwise.

    Raises:
        ConfigError: a file cannot be opened, or `weights` is needed or of the wrong kind.
        ModelError: a file is damaged, is no Keras model, or does not fit the other.
    """
    kind, where = file_kind(path), path.name
    if kind == "json":
        config = read_json(path)
        entries = _entries(config, where)
        if weights is None:
            hint = "give the weights file too: --weights model_weights.h5"
            raise ConfigError("this is an architecture without weights", where, hint)
        version = config.get("keras_version")
        return KerasModel(
            config, _weights(weights, entries), where, version if isinstance(version, str) else ""
        )
    if kind == "h5":
        with open_h5(path, where) as file:
            stored = h5_config(file)
            if stored is None:
                hint = (
                    f"give the .json architecture as the model and this file as --weights {where}"
                )
                raise ModelError("this HDF5 file holds no architecture", where, hint)
            entries = _entries(stored, where)
            found = h5_weights(file, entries) if weights is None else _weights(weights, entries)
            return KerasModel(stored, found, where, h5_version(file))
    if kind == "zip":
        members = read_members(path)
        if CONFIG not in members:
            raise ModelError(
                f"this archive has no {CONFIG}, so it is no Keras model",
                where,
                f"hwgen reads {READS}",
            )
        config = parse_json(utf8(members[CONFIG], where), f"{where}, {CONFIG}")
        entries = _entries(config, where)
        found = (
            _zip_weights(members, entries, where, True)
            if weights is None
            else _weights(weights, entries)
        )
        return KerasModel(config, found, where, _zip_version(members, where))
    raise refusal(kind, where, READS)


def _entries(config: object, where: str) -> tuple[LayerEntry, ...]:
    kind = config.get("class_name") if isinstance(config, dict) else None
    if not isinstance(config, dict) or not isinstance(kind, str) or "config" not in config:
        hint = "expected the text of model.to_json()"
        raise ModelError(
            "this JSON is not a Keras model: it has no class_name and config", where, hint
        )
    inner = config["config"]
    layers = inner.get("layers") if isinstance(inner, dict) else inner
    if not isinstance(layers, list):
        hint = "rebuild it as a Sequential or functional model; hwgen does not run model code"
        raise ModelError(f"the {class_name(kind)} in this file has no list of layers", where, hint)
    if not layers:
        raise ModelError("this model has no layers", where)
    return layer_entries(config, where)


def _weights(path: Path, entries: tuple[LayerEntry, ...]) -> Weights:
    """Read the weights out of a file given for them alone."""
    kind, where = file_kind(path), path.name
    if kind == "h5":
        with open_h5(path, where) as file:
            return h5_weights(file, entries)
    if kind == "zip":
        return _zip_weights(read_members(path), entries, where, False)
    if kind == "json":
        hint = "give the .json as the model and the .h5 as --weights"
        raise ConfigError("this is JSON, expected a file of weights", where, hint)
    raise refusal(kind, where, READS)


def _zip_weights(
    members: dict[str, bytes], entries: tuple[LayerEntry, ...], where: str, own: bool
) -> Weights:
    if WEIGHTS not in members:
        raise ModelError(f"this archive has no {WEIGHTS}", where, "save the model with its weights")
    with open_h5(members[WEIGHTS], where) as file:
        return h5_weights(file, entries, own)


def _zip_version(members: dict[str, bytes], where: str) -> str:
    meta = parse_json(utf8(members.get(METADATA, b"{}"), where), f"{where}, {METADATA}")
    version = meta.get("keras_version") if isinstance(meta, dict) else None
    return version if isinstance(version, str) else ""
