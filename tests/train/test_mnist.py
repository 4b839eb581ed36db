# SPDX-License-Identifier: Apache-2.0
"""The two CNNs that ship: what their notice says, Keras' own numbers, and how they are made."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import hwgen.demo
from hwgen.api.load import load
from hwgen.api.predict import predict
from hwgen.cost.estimate import zeros
from hwgen.errors import ConfigError
from hwgen.train import magic, mnist
from tests.train.digits import MNIST, enlarged, images

FOLDER = Path(hwgen.demo.__path__[0]) / "mnist"
NOTICE = (FOLDER / "NOTICE").read_text("utf-8")
NAMES = sorted(mnist.NETWORKS)


def logits(name: str, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the integer reference and Keras say of some images."""
    tf = pytest.importorskip("tensorflow", reason="no Keras to ask on this Python")
    from qkeras.utils import _add_supported_quantized_objects

    known: dict[str, object] = {}
    _add_supported_quantized_objects(known)
    file = FOLDER / f"{name}.h5"
    model = tf.keras.models.load_model(file, custom_objects=known, compile=False)
    x = mnist.pixels(pictures)
    theirs = model.predict(x, batch_size=500, verbose=0)
    with pytest.warns(UserWarning, match="input's grid"):  # 256 grays to 16: both do it
        ours = predict(load(file), x)
    return np.asarray(ours), theirs.astype(np.float64)


@pytest.mark.parametrize("name", NAMES)
def test_the_notice_tells_what_ships(name: str) -> None:
    graph = load(FOLDER / f"{name}.h5")
    counts = zeros(graph).values()
    none, every = (sum(column) for column in zip(*counts, strict=True))
    assert f"{name}.h5: {none:,} of {every:,} weights are zero" in NOTICE
    assert none / every > 0.4
    (image,) = graph.inputs
    assert (image.type.shape, str(image.type.fixed)) == ((28, 28, 1), "u4.4")
    kinds = {node.op.kind for node in graph.nodes}
    assert {"add" if name == "mnist_residual" else "depthwise_conv", "thresholds"} <= kinds
    assert (FOLDER / f"{name}.h5").stat().st_size < 200_000


@pytest.mark.ci
@pytest.mark.parametrize("name", NAMES)
def test_keras_gives_the_same_logits(name: str) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (100, 28, 28), np.uint8)
    ours, theirs = logits(name, np.concatenate([images(300), noise]))
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
@pytest.mark.skipif(not MNIST.is_file(), reason="MNIST is not beside this checkout")
@pytest.mark.parametrize("name", NAMES)
def test_all_images_of_the_test_set(name: str) -> None:
    ours, theirs = logits(name, images(10_000))
    np.testing.assert_array_equal(ours, theirs)
    with np.load(MNIST, allow_pickle=False) as file:
        right = int((ours.argmax(axis=-1) == file["y_test"]).sum())
    told = re.search(rf"^{name}: ([\d,]+) ", NOTICE, re.M)
    assert told is not None
    assert right == int(told[1].replace(",", "")) > 9_800


@pytest.mark.slow
def test_a_short_training_learns_and_prunes(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow_model_optimization")
    x, y = enlarged()
    mnist.train("mnist_separable", {"x_train": x, "y_train": y}, tmp_path / "m.h5", epochs=8)
    graph = load(tmp_path / "m.h5")
    found = np.asarray(predict(graph, mnist.pixels(x))).argmax(axis=-1)
    assert (found == y).mean() > 0.8
    counts = zeros(graph)
    assert counts["digit"][0] >= counts["digit"][1] // 2


def test_data_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "half.npz", x_train=np.zeros(3))
    np.save(tmp_path / "one.npy", np.zeros(3))
    whole = (tmp_path / "half.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    broken = bytearray(whole)
    broken[60] ^= 255
    (tmp_path / "broken.npz").write_bytes(broken)
    for name in ("gone.npz", "half.npz", "cut.npz", "broken.npz", "one.npy"):
        for made, wanted in ((mnist, "give mnist.npz"), (magic, "give magic04.npz")):
            with pytest.raises(ConfigError) as caught:
                made.make(tmp_path / name, tmp_path / "out")
            assert caught.value.hint == wanted
            assert not (tmp_path / "out").exists()
