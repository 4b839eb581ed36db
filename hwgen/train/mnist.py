# SPDX-License-Identifier: Apache-2.0
"""Train two CNNs on MNIST: one with a residual block, one of separable convolutions.

Run as ``python -m hwgen.train.mnist DATA.npz FOLDER``; writes ``mnist_residual.h5``,
``mnist_separable.h5`` and a NOTICE with their accuracy. Tests and benches of the stream style build
both. The images themselves are not written: their licence asks for the same licence again.
TensorFlow promises no equal bits across machines or versions, so a second training elsewhere gives
models as good, not the same ones.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.api.load import load
from hwgen.api.predict import predict
from hwgen.arrays import load_table
from hwgen.cost.estimate import zeros
from hwgen.files import make_folder, write_files

SEED = 2026
SPARSITY = 0.5  # of every kernel but depthwise ones; quantisation rounds some more to zero
BATCH, EPOCHS, RATE = 128, 10, 4e-3
PIXEL_BITS = 4  # of 8: a pixel is rounded to sixteenths and saturates at fifteen of them

NOTICE = """\
Two CNNs for handwritten digits
===============================

Trained by this project with QKeras (hwgen/train/mnist.py, seed {seed}): 28x28 images of {bits}-bit
pixels in, ten logits out. Batch normalisation stands behind every convolution.

{models}
Accuracy of hwgen's integer reference on the {test:,} images of the test set:

{accuracy}
Data: MNIST, Y. LeCun, C. Cortes, C. J. C. Burges. No image is in this folder.
"""


class Layers:
    """Layers of one network, each with its quantizers, made one behind the other.

    Args:
        pixels: the Keras tensor that the network begins with.
    """

    def __init__(self, pixels: Any) -> None:
        import qkeras
        import tensorflow as tf

        self.tensor = pixels
        self._keras, self._q = tf.keras.layers, qkeras

    def relu(self, name: str, bits: int = 4, whole: int = 2) -> Layers:
        """Add a rectifier of *bits* bits, *whole* of them in front of the point."""
        return self._add(self._q.QActivation(self._q.quantized_relu(bits, whole), name=name))

    def bits(self, name: str, bits: int, whole: int) -> Layers:
        """Add a signed quantizer of *bits* bits, *whole* of them between sign and point."""
        quantizer = self._q.quantized_bits(bits, whole, alpha=1)
        return self._add(self._q.QActivation(quantizer, name=name))

    def conv(self, name: str, filters: int, kernel: int, stride: int = 1, bits: int = 5) -> Layers:
        """Add a convolution of *bits*-bit weights, padding 'same', and its normalisation."""
        self._add(
            self._q.QConv2D(
                filters, kernel, strides=stride, padding="same", use_bias=False, name=name,
                kernel_quantizer=self._q.quantized_bits(bits, 0, alpha=1),
            )
        )  # fmt: skip
        return self._normal(name)

    def depthwise(self, name: str, stride: int = 1, bits: int = 5) -> Layers:
        """Add a depthwise 3x3 convolution of *bits*-bit weights and its normalisation."""
        self._add(
            self._q.QDepthwiseConv2D(
                3, strides=stride, padding="same", use_bias=False, name=name,
                depthwise_quantizer=self._q.quantized_bits(bits, 0, alpha=1),
            )
        )  # fmt: skip
        return self._normal(name)

    def halve(self, name: str) -> Layers:
        """Add a 2x2 maximum pool."""
        return self._add(self._keras.MaxPooling2D(2, name=name))

    def plus(self, name: str, other: Any) -> Layers:
        """Add the sum with another tensor."""
        self.tensor = self._keras.Add(name=name)([self.tensor, other])
        return self

    def digits(self) -> Any:
        """Return the ten logits of what is there, a dense layer of 6-bit weights."""
        quantizer = self._q.quantized_bits(6, 0, alpha=1)
        self._add(self._keras.Flatten(name="flat"))
        self._add(
            self._q.QDense(10, kernel_quantizer=quantizer, bias_quantizer=quantizer, name="digit")
        )
        return self.tensor

    def _normal(self, name: str) -> Layers:
        return self._add(self._keras.BatchNormalization(momentum=0.9, name=f"{name}_norm"))

    def _add(self, layer: Any) -> Layers:
        self.tensor = layer(self.tensor)
        return self


def residual(net: Layers) -> Any:
    """Return the logits of a network with one residual block (about 300,000 products an image)."""
    net.conv("conv1", 8, 3, bits=6).relu("relu1").halve("pool1")  # 14 x 14 x 8
    skip = net.tensor
    net.conv("conv2", 8, 3).relu("relu2").conv("conv3", 8, 3).bits("branch", 5, 2)
    net.plus("sum", skip).relu("relu3").halve("pool2")  # 7 x 7 x 8
    net.conv("conv4", 16, 3).relu("relu4").halve("pool3")  # 3 x 3 x 16
    return net.digits()


def separable(net: Layers) -> Any:
    """Return the logits of a network of depthwise and pointwise convolutions (140,000 products)."""
    net.conv("conv1", 8, 3, stride=2, bits=6).relu("relu1")  # 14 x 14 x 8
    net.depthwise("depth2").relu("relu2").conv("point2", 16, 1).relu("relu3")
    net.depthwise("depth3", stride=2).relu("relu4").conv("point3", 32, 1).relu(
        "relu5"
    )  # 7 x 7 x 32
    net.depthwise("depth4").relu("relu6").conv("point4", 32, 1).relu("relu7").halve("pool")
    return net.digits()


NETWORKS: Mapping[str, Callable[[Layers], Any]] = {
    "mnist_residual": residual,
    "mnist_separable": separable,
}


def pixels(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return images as a network takes them: (samples, 28, 28, 1), a pixel over 256."""
    made: npt.NDArray[np.float32] = np.ldexp(images[..., None].astype("f4"), -8)
    return made


def train(name: str, data: Mapping[str, Any], to: Path, epochs: int = EPOCHS) -> None:
    """Train a network of `NETWORKS` and save it, pruning stripped, as *to* (.h5).

    Args:
        name: of the network.
        data: ``x_train`` and ``y_train`` as MNIST has them.
        to: file to write.
        epochs: of all images; weights are pruned from the second fifth of them to the fourth.
    """
    import qkeras
    import tensorflow as tf
    import tensorflow_model_optimization as tfmot

    tf.keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    keras, sparsity = tf.keras, tfmot.sparsity.keras
    x, y = pixels(data["x_train"]), np.asarray(data["y_train"])
    steps = -(-len(x) // BATCH) * epochs
    image = keras.layers.Input((28, 28, 1), name="image")
    net = Layers(image).relu("grid", PIXEL_BITS, 0)
    model = keras.Model(image, NETWORKS[name](net), name=name)
    schedule = sparsity.PolynomialDecay(
        initial_sparsity=0.0, final_sparsity=SPARSITY, begin_step=steps // 5,
        end_step=4 * steps // 5, frequency=max(steps // 40, 1),
    )  # fmt: skip

    def prunable(layer: Any) -> Any:
        if not isinstance(layer, qkeras.QConv2D | qkeras.QDense):
            return layer
        return sparsity.prune_low_magnitude(layer, pruning_schedule=schedule)

    pruned = keras.models.clone_model(model, clone_function=prunable)
    pruned.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    callbacks = [sparsity.UpdatePruningStep()]
    pruned.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=2, callbacks=callbacks)
    sparsity.strip_pruning(pruned).save(to, include_optimizer=False, save_format="h5")


@dataclass(frozen=True)
class Trained:
    """Trained network.

    Attributes:
        name: of the network.
        content: of its file.
        zero, weights: how many weights are zero, of how many.
        right, test: images of the test set in the right class, of how many.
    """

    name: str
    content: bytes
    zero: int
    weights: int
    right: int
    test: int


def trained(name: str, data: Mapping[str, Any]) -> Trained:
    """Return a network of `NETWORKS`, trained and tested."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / f"{name}.h5"
        train(name, data, file)
        content, graph = file.read_bytes(), load(file)
    found = np.asarray(predict(graph, pixels(data["x_test"]))).argmax(axis=-1)
    counts = zeros(graph).values()
    return Trained(
        name,
        content,
        sum(none for none, _ in counts),
        sum(size for _, size in counts),
        int((found == data["y_test"]).sum()),
        len(found),
    )


def make(data: Path, folder: Path) -> tuple[Trained, ...]:
    """Train both networks; write their files and the NOTICE.

    Raises:
        ConfigError: the data file cannot be read, or the folder cannot be written.
    """
    names = ("x_train", "y_train", "x_test", "y_test")
    arrays = load_table(data, "data", names, "give mnist.npz")
    made = tuple(trained(name, arrays) for name in NETWORKS)
    models = (f"{m.name}.h5: {m.zero:,} of {m.weights:,} weights are zero" for m in made)
    accuracy = (f"{m.name}: {m.right:,} ({100 * m.right / m.test:.2f} %)" for m in made)
    notice = NOTICE.format(
        seed=SEED, bits=PIXEL_BITS, test=made[0].test,
        models="".join(f"{line}\n" for line in models),
        accuracy="".join(f"{line}\n" for line in accuracy),
    )  # fmt: skip
    files = {f"{m.name}.h5": m.content for m in made} | {"NOTICE": notice.encode()}
    make_folder(folder)
    write_files({folder / name: content for name, content in files.items()}, "folder")
    return made


if __name__ == "__main__":
    _parser = argparse.ArgumentParser(prog="python -m hwgen.train.mnist", description=__doc__)
    _parser.add_argument("data", type=Path, help="mnist.npz")
    _parser.add_argument("folder", type=Path, help="where the files go")
    _args = _parser.parse_args()
    make(_args.data, _args.folder)
