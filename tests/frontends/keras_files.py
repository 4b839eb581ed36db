# SPDX-License-Identifier: Apache-2.0
"""Keras files made by hand, with h5py and json alone: what the tests of readers and verbs feed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Variables = dict[str, Any]
KERNEL = np.arange(12, dtype=np.float32).reshape(4, 3) - 5.5
BIAS = np.array([0.5, -0.0, 3.0], np.float32)


def layer(kind: str, name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": name, **config}}


def model(*layers: dict[str, Any], kind: str = "Sequential") -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": "m", "layers": list(layers)}}


DENSE = model(layer("InputLayer", "in"), layer("Dense", "fc", units=3), layer("Softmax", "sm"))
WEIGHTS = {"in": {}, "fc": {"fc/kernel:0": KERNEL, "fc/bias:0": BIAS}, "sm": {}}
NUMBERED = {"layers/dense/vars/0": KERNEL, "layers/dense/vars/1": BIAS}


def put(group: h5py.Group, weights: Mapping[str, Variables]) -> None:
    """Write the layout of Keras 2: layer groups whose variables are listed by name."""
    group.attrs["layer_names"] = [name.encode() for name in weights]
    for name, variables in weights.items():
        own = group.create_group(name)
        own.attrs["weight_names"] = [path.encode() for path in variables]
        for path, value in variables.items():
            own[path] = value


def full_h5(path: Path, config: Any = DENSE, weights: Mapping[str, Variables] = WEIGHTS) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = config if isinstance(config, bytes) else json.dumps(config)
        file.attrs["keras_version"] = "2.4.0"
        put(file.create_group("model_weights"), weights)
    return path


def weights_h5(path: Path, weights: Mapping[str, Variables] = WEIGHTS) -> Path:
    with h5py.File(path, "w") as file:
        put(file, weights)
    return path


def json_file(path: Path, config: Any = DENSE) -> Path:
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def numbered_h5(arrays: Mapping[str, Any], names: Mapping[str, str] | None = None) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.create_group("vars")
        for path, value in arrays.items():
            file[path] = value
        for path, name in (names or {}).items():
            file.require_group(f"{path}/vars").attrs["name"] = name
    return stream.getvalue()


def keras_zip_file(path: Path, members: Mapping[str, Any]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members.items():
            archive.writestr(name, value if isinstance(value, bytes) else json.dumps(value))
    return path


def archive(path: Path, config: Any = DENSE, arrays: Mapping[str, Any] = NUMBERED) -> Path:
    meta = {"keras_version": "3.5.0"}
    stored = numbered_h5(arrays)
    members = {"metadata.json": meta, "config.json": config, "model.weights.h5": stored}
    return keras_zip_file(path, members)
