# SPDX-License-Identifier: Apache-2.0
"""Damaged files of every kind: whatever a byte says, the answer is an error of the family or none.

Flipped bytes are kept away from .h5 files: HDF5 has no checksum over them and its C library may
crash. A .h5 is cut; the one inside a .keras archive is guarded by the archive's checksum.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hwgen.cli import run
from tests.cli.models import SIZES, TINY, branchy_h5, grid, pair, tiny_h5
from tests.frontends.keras_files import keras_zip_file, numbered_h5
from tests.frontends.table_files import random_net

BOARDS = Path(__file__).resolve().parents[2] / "boards"
ROUNDS = [25, pytest.param(400, marks=pytest.mark.ci)]
# Of the families: fine, configuration, model, does not fit. Never 1, which is a bug.
ALLOWED = {0, 2, 3, 4}
# Prepares a folder; returns the file to damage and the words to say.
Maker = Callable[[Path], tuple[str, list[str]]]
KINDS: dict[str, Maker] = {}


def kind(make: Maker) -> Maker:
    KINDS[make.__name__] = make
    return make


@kind
def full_h5(folder):
    branchy_h5(folder / "m.h5")
    return "m.h5", ["show", "m.h5"]


@kind
def weights_h5(folder):
    pair(folder)
    return "tiny_weights.h5", ["show", "tiny.json", "--weights", "tiny_weights.h5"]


@kind
def architecture(folder):
    pair(folder)
    return "tiny.json", ["show", "tiny.json", "--weights", "tiny_weights.h5"]


@kind
def keras_archive(folder):
    arrays = {}
    for number, (n_in, n_out) in enumerate(SIZES.values()):
        slot = f"layers/q_dense_{number}" if number else "layers/q_dense"
        arrays[f"{slot}/vars/0"] = grid((n_in, n_out), number)
        arrays[f"{slot}/vars/1"] = grid((n_out,), number + 50)
    members = {
        "metadata.json": {"keras_version": "3.5.0"},
        "config.json": TINY,
        "model.weights.h5": numbered_h5(arrays),
    }
    keras_zip_file(folder / "m.keras", members)
    return "m.keras", ["show", "m.keras"]


def bundled(folder: Path) -> None:
    assert run(["load", str(tiny_h5(folder / "m.h5")), "-o", str(folder / "b.json")]) == 0


@kind
def bundle_json(folder):
    bundled(folder)
    return "b.json", ["show", "b.json"]


def table_net(folder: Path) -> Path:
    rng = np.random.default_rng(4)
    net = random_net(rng, [3, 2, 2], [3, 2, 4])
    return net.write(folder, net.samples(rng, 3))


@kind
def tables(folder):
    table_net(folder)
    return "truth_tables.json", ["show", "truth_tables.json"]


@kind
def tables_config(folder):
    table_net(folder)
    return "config.json", ["show", "truth_tables.json"]


@kind
def tables_vectors(folder):
    table_net(folder)
    return "vectors_out.txt", ["show", "truth_tables.json"]


@kind
def bundle_npz(folder):
    bundled(folder)
    return "b.npz", ["show", "b.json"]


@kind
def masks(folder):
    tiny_h5(folder / "m.h5")
    np.savez(folder / "masks.npz", fc1=np.ones((4, 5)), fc2=np.ones((5, 3)))
    return "masks.npz", ["show", "m.h5", "--masks", "masks.npz"]


@kind
def scaler(folder):
    tiny_h5(folder / "m.h5")
    np.savez_compressed(folder / "scaler.npz", mean=np.zeros(4), std=np.ones(4))
    return "scaler.npz", ["show", "m.h5", "--scaler", "scaler.npz"]


@kind
def board(folder):
    tiny_h5(folder / "m.h5")
    (folder / "vcu118.toml").write_bytes((BOARDS / "vcu118.toml").read_bytes())
    return "vcu118.toml", ["estimate", "m.h5", "-b", "vcu118.toml"]


def built(folder: Path) -> None:
    model, out = str(tiny_h5(folder / "m.h5")), str(folder / "out")
    assert run(["build", model, "-b", "vcu118", "-q", "-o", out]) == 0


@kind
def samples(folder):
    built(folder)
    np.save(folder / "x.npy", np.linspace(-4, 4, 12).reshape(3, 4))
    return "x.npy", ["predict", "out", "x.npy", "-o", "y.npy"]


@kind
def manifest(folder):
    built(folder)
    np.save(folder / "x.npy", np.zeros((3, 4)))
    return "out/manifest.json", ["predict", "out", "x.npy", "-o", "y.npy"]


def damaged(content: bytes, rng: np.random.Generator, cut: bool) -> bytes:
    """Return the content with a few bits or bytes changed, or cut."""
    if cut or rng.random() < 0.1:
        return content[: int(rng.integers(len(content)))]
    made = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(len(made)))
        made[at] ^= 1 << int(rng.integers(8)) if rng.random() < 0.7 else int(rng.integers(1, 256))
    return bytes(made)


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("name", KINDS)
def test_no_damage_is_met_as_a_bug(
    name: str,
    rounds: int,
    seed: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    file, words = KINDS[name](tmp_path)
    whole = Path(file).read_bytes()
    assert run([*words, "-q"]) == 0
    there = {str(p) for p in tmp_path.rglob("*")}
    for number in range(rounds):
        rng = np.random.default_rng([seed, number, *name.encode()])
        Path(file).write_bytes(damaged(whole, rng, file.endswith(".h5")))
        capsys.readouterr()
        code = run([*words, "-q", "--json"])
        said, told = capsys.readouterr()
        assert code in ALLOWED, f"round {number}: {told}"
        answer = json.loads(said)
        assert answer["ok"] is (code == 0)
        assert {str(p) for p in tmp_path.rglob("*")} == there
    Path(file).write_bytes(whole)
    assert run([*words, "-q"]) == 0
