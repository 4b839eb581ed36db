# SPDX-License-Identifier: Apache-2.0
"""The list of readers: who takes which file, what a build ships of it, and what nobody takes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hwgen.errors import ConfigError, ModelError
from hwgen.frontends import READERS, read, reader_of, sources
from hwgen.frontends.bundle import write_bundle
from hwgen.frontends.keras.layer_classes import CLASSES
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.registry import HANDLERS
from hwgen.ir.fixed import Fixed
from tests.frontends.keras_files import archive, full_h5, json_file, layer, model, weights_h5
from tests.frontends.table_files import random_net

S8 = {"": Fixed.parse("s8.4")}
FLAT = model(layer("InputLayer", "in", batch_input_shape=[None, 2, 3]), layer("Flatten", "f"))


def flat(folder: Path, name: str = "m.h5") -> Path:
    return full_h5(folder / name, FLAT, {"in": {}, "f": {}})


def test_every_file_has_one_reader(tmp_path: Path, rng: np.random.Generator) -> None:
    bundle = tmp_path / "b.json"
    write_bundle((read(flat(tmp_path), Options(S8)), bundle))
    files = {
        flat(tmp_path): "keras",
        archive(tmp_path / "z.keras"): "keras",
        json_file(tmp_path / "a.json"): "keras",
        bundle: "bundle",
        random_net(rng, [2, 2], [3, 3]).write(tmp_path / "tables"): "tables",
    }
    for path, name in files.items():
        assert [r.name for r in READERS if r.sniff(path)] == [name]
        assert reader_of(path).name == name


def test_a_bundle_is_the_graph_that_was_written(tmp_path: Path) -> None:
    graph = read(flat(tmp_path), Options(S8))
    write_bundle((graph, tmp_path / "b.json"))
    assert read(tmp_path / "b.json") == graph
    assert sources(tmp_path / "b.json") == {}


def test_the_files_of_a_keras_model_are_shipped(tmp_path: Path) -> None:
    path, weights = json_file(tmp_path / "my model.json", FLAT), weights_h5(tmp_path / "w.h5")
    shipped = sources(path, Options(weights=weights))
    assert shipped["model/keras/my_model.json"] == path.read_bytes()
    assert shipped["model/keras/w.h5"] == weights.read_bytes()
    names = json.loads(shipped["model/source.json"])
    assert names == {"model": "my_model.json", "weights": "w.h5"}
    with pytest.raises(ConfigError, match="one file name"):
        sources(path, Options(weights=path))


def test_a_file_that_nobody_reads_is_told_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "m.npy"
    path.write_bytes(b"\x93NUMPY\x01")
    with pytest.raises(ModelError) as caught:
        read(path)
    assert caught.value.what == "this is a numpy .npy array"
    for reader in READERS:
        assert reader.reads in caught.value.hint


def test_every_handler_has_a_record_with_its_kernels() -> None:
    assert set(HANDLERS) <= set(CLASSES)
    for name, record in CLASSES.items():
        stored = {v.name for v in record.variables or ()}
        assert set(record.kernels) <= stored, name
        assert not (record.merges and record.alike), name
