# SPDX-License-Identifier: Apache-2.0
"""Pictures and networks of the benchmark."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.api.load import load
from hwgen.ir.graph import Graph
from hwgen.ir.tensor import Codes

TRAIN, TEST = 12000, 2000  # of MNIST
CALIBRATE, RATE, ERROR = 64, 32, 256  # samples: for tables and choices, for rates, for errors
BITS = (8, 6, 4)


@dataclass(frozen=True)
class Net:
    """A network with samples.

    Attributes:
        name: for the tables.
        graph: integers.
        calibrate: codes of the input, for tables and choices.
        test: others, for rates and errors.
    """

    name: str
    graph: Graph
    calibrate: Mapping[str, Codes]
    test: Mapping[str, Codes]


def images(shared: Path, out: Path) -> Path:
    """Return the file of training and test pictures: MNIST, or scikit-learn's digits without it."""
    source = shared / "data" / "mnist.npz"
    file = out / ("mnist.npz" if source.is_file() else "digits.npz")
    if not file.is_file():
        out.mkdir(parents=True, exist_ok=True)
        found = _mnist(source) if source.is_file() else _digits()
        np.savez(file, **found)
    return file


def _mnist(source: Path) -> dict[str, Any]:
    with np.load(source) as data:
        x, y = data["x_train"], data["y_train"]
        some = np.random.default_rng(0).permutation(len(x))[:TRAIN]
        test = {"x_test": data["x_test"][:TEST], "y_test": data["y_test"][:TEST]}
        return {"x_train": x[some], "y_train": y[some], **test}


def _digits() -> dict[str, Any]:
    from sklearn.datasets import load_digits

    found = load_digits()
    small = found.images * 15.9375  # 0 to 255
    large = np.kron(small, np.ones((3, 3)))
    soft = sum(np.roll(large, (a, b), (1, 2)) for a in (-1, 0, 1) for b in (-1, 0, 1)) / 9
    x = np.rint(np.pad(soft, ((0, 0), (2, 2), (2, 2)))).astype(np.uint8)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order], found.target[order]
    return {"x_train": x[:1400], "y_train": y[:1400], "x_test": x[1400:], "y_test": y[1400:]}


def trained(pictures: Path, bits: int, out: Path) -> Net:
    """Return a network of our own, trained if it is not there yet."""
    file = out / f"{pictures.stem}_{bits}b.h5"
    if not file.is_file():
        words = ["-m", "tests.benchmarks.codec.train", str(pictures), str(bits), str(file)]
        env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, env=env)
        if done.returncode:
            raise RuntimeError(done.stderr)
        print(f"trained {file.name}: {done.stdout.splitlines()[-1]}", flush=True)
    graph = load(file)
    with np.load(pictures) as data:
        x, test = data["x_train"][..., None], data["x_test"][..., None]
    name = graph.inputs[0].name
    return Net(
        f"CNN, {bits}-bit ReLUs",
        graph,
        {name: x[:CALIBRATE].astype(np.int64)},
        {name: test[:ERROR].astype(np.int64)},
    )


def rn06(shared: Path, seed: int = 0) -> Net | None:
    """Return RN06 on crops of scikit-learn's two photographs; None without its file.

    The *seed* is that of the crops.

    It was trained on CIFAR-10, whose pictures may not be passed on. Tables come from the left
    three fifths of the photographs, rates and errors from the rest.
    """
    file = shared / "models" / "RN06_resnet_cifar10_8b.h5"
    if not file.is_file():
        return None
    graph = load(file, input_format="u8.8")
    name = graph.inputs[0].name
    photos = photographs()
    rng = np.random.default_rng(seed)
    return Net(
        "RN06, 8-bit ReLUs",
        graph,
        {name: crops(photos, 2 * CALIBRATE, rng, left=True)},
        {name: crops(photos, ERROR, rng, left=False)},
    )


def photographs() -> list[Any]:
    """Return scikit-learn's two photographs, as floats from 0 to 255."""
    import sklearn
    import tensorflow as tf

    folder = Path(sklearn.__file__).parent / "datasets" / "images"
    files = [folder / name for name in ("china.jpg", "flower.jpg")]
    return [tf.io.decode_jpeg(file.read_bytes()).numpy().astype(np.float64) for file in files]


def crops(photos: list[Any], count: int, rng: np.random.Generator, left: bool) -> Any:
    """Return 32 x 32 pictures: crops of 64 to 192 pixels, averaged down, some mirrored."""
    made = []
    for _ in range(count):
        photo = photos[rng.integers(len(photos))]
        cut = int(photo.shape[1] * 0.6)
        photo = photo[:, :cut] if left else photo[:, cut:]
        factor = int(rng.integers(2, 7))
        side = 32 * factor
        y = rng.integers(photo.shape[0] - side + 1)
        x = rng.integers(photo.shape[1] - side + 1)
        crop = photo[y : y + side, x : x + side].reshape(32, factor, 32, factor, 3).mean((1, 3))
        made.append(crop[:, ::-1] if rng.random() < 0.5 else crop)
    return np.rint(made).astype(np.int64)
