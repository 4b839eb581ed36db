# SPDX-License-Identifier: Apache-2.0
"""Train the networks whose maps are measured: QKeras CNNs, half of the weights pruned.

Run as ``python -m tests.benchmarks.codec.train IMAGES.npz BITS MODEL.h5``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

SEED = 2026
SPARSITY = 0.5
BATCH, DENSE_EPOCHS, PRUNED_EPOCHS = 64, 2, 2
INTEGER = 2  # bits of an activation in front of the point
# Channels of each convolution, and whether pooling follows.
LAYERS = ((16, False), (16, True), (32, False), (32, True), (64, False), (64, False))


def model(bits: int) -> Any:
    """Return the network: six 3x3 convolutions, ReLUs of that many bits, a dense layer."""
    import qkeras
    import tensorflow as tf

    weights = {"kernel_quantizer": qkeras.quantized_bits(6, 0, alpha=1)}
    biases = {"bias_quantizer": qkeras.quantized_bits(8, 1, alpha=1)}
    first = x = tf.keras.layers.Input((28, 28, 1), name="image")
    x = qkeras.QActivation(qkeras.quantized_bits(8, 0, alpha=1, keep_negative=0), name="grid")(x)
    for i, (channels, pooled) in enumerate(LAYERS):
        x = qkeras.QConv2D(channels, 3, padding="same", name=f"conv{i}", **weights, **biases)(x)
        x = qkeras.QActivation(qkeras.quantized_relu(bits, INTEGER), name=f"relu{i}")(x)
        if pooled:
            x = tf.keras.layers.MaxPooling2D(2, name=f"pool{i}")(x)
    x = tf.keras.layers.Flatten(name="flat")(x)
    return tf.keras.Model(first, qkeras.QDense(10, name="logits", **weights, **biases)(x))


def train(images: Path, bits: int, to: Path) -> float:
    """Train, prune, train on; save the model; return the accuracy on the test images."""
    import qkeras
    import tensorflow as tf

    tf.keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    with np.load(images) as data:
        x, y, test_x, test_y = (data[n] for n in ("x_train", "y_train", "x_test", "y_test"))
    made = model(bits)
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def fit(rate: float, epochs: int, callbacks: list[Any]) -> None:
        made.compile(tf.keras.optimizers.Adam(rate), loss, ["accuracy"])
        made.fit(grid(x), y, batch_size=BATCH, epochs=epochs, verbose=2, callbacks=callbacks)

    fit(2e-3, DENSE_EPOCHS, [])
    pruned = [n for n in made.layers if isinstance(n, qkeras.QConv2D)]
    masks = [_largest(np.abs(layer.kernel.numpy())) for layer in pruned]

    class Keep(tf.keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            for layer, mask in zip(pruned, masks, strict=True):
                layer.kernel.assign(layer.kernel * mask)

    fit(7e-4, PRUNED_EPOCHS, [Keep()])
    right = float(made.evaluate(grid(test_x), test_y, verbose=0)[1])
    made.save(to)
    return right


def grid(images: Any) -> Any:
    """Return 8-bit images as the values of the input grid: x / 256."""
    return (np.asarray(images, np.float32) / 256)[..., None]


def _largest(size: Any) -> Any:
    return (size >= np.quantile(size, SPARSITY)).astype(np.float32)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print(f"accuracy {train(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])):.4f}")
