# SPDX-License-Identifier: Apache-2.0
"""Train the demo's own model: gamma or hadron, from the ten Hillas parameters of a MAGIC image.

Run as ``python -m hwgen.train.magic DATA.npz FOLDER``; writes the model, its events, their labels
and a NOTICE. What the package ships was made by this file. TensorFlow promises no equal bits across
machines or versions, so a second training elsewhere gives a model as good, not the same one.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.api.load import load
from hwgen.api.predict import predict
from hwgen.arrays import load_table
from hwgen.cost.estimate import zeros
from hwgen.files import write_files

SEED = 2026
EVENTS = 1000  # shipped with the model, drawn from the test split
SPARSITY = 0.5  # of every kernel; quantisation rounds some more weights to zero
HIDDEN = (64, 32, 32)
ARRAYS = ("x_train", "y_train", "x_test", "y_test", "train_mean", "train_std")
FRAC = 5  # the input is quantized_bits(8, 2): sign, 2 integer bits, 5 fraction bits
LO, HI = -4.0, 4.0 - 2.0**-FRAC
BATCH, DENSE_EPOCHS, PRUNE_EPOCHS = 128, 30, 40

NOTICE = """\
The gamma/hadron model of the hwgen demo
========================================

magic.h5     10 -> {hidden} -> 1; weights, biases and activations of 6 bits, {zero} of {weights}
             weights zero; trained by this project with QKeras (hwgen/train/magic.py, seed {seed}).
             The output is a logit: above zero means gamma.
events.npy   {events:,} events of the test split: float32, standardised with the mean and the
             deviation of the training split, clipped and rounded to the input grid (s8.5).
labels.npy   their classes: 1 gamma, 0 hadron.

Accuracy of hwgen's integer reference:
  {right_shipped} of the {events:,} events here ({share_shipped:.1f} %)
  {right_test:,} of the {test:,} events of the whole test split ({share_test:.2f} %)

Data: MAGIC gamma telescope data set, UCI Machine Learning Repository, licensed CC BY 4.0
(https://creativecommons.org/licenses/by/4.0/). Changed as said above.
Cite: R. K. Bock et al., "Methods for multidimensional event classification: a case study using
images from a Cherenkov gamma-ray telescope", Nucl. Instrum. Meth. A 516 (2004) 511.
"""


def on_grid(x: Any, mean: Any, std: Any) -> npt.NDArray[np.float32]:
    """Return raw features standardised, clipped and rounded to the input grid."""
    scaled = np.clip((np.asarray(x, np.float64) - mean) / std, LO, HI)
    made: npt.NDArray[np.float32] = np.ldexp(np.rint(np.ldexp(scaled, FRAC)), -FRAC).astype("f4")
    return made


def train(data: Mapping[str, Any], to: Path, seed: int = SEED) -> None:
    """Train on the arrays of the data file and save the stripped model as *to* (.h5)."""
    import qkeras
    import tensorflow as tf
    import tensorflow_model_optimization as tfmot

    tf.keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    keras, sparsity = tf.keras, tfmot.sparsity.keras
    x, y = on_grid(data["x_train"], data["train_mean"], data["train_std"]), data["y_train"]
    steps = -(-len(x) // BATCH)

    def dense(width: int, name: str) -> Any:
        return qkeras.QDense(
            width,
            kernel_quantizer=qkeras.quantized_bits(6, 0, alpha=1),
            bias_quantizer=qkeras.quantized_bits(6, 0, alpha=1),
            name=name,
        )

    tensor = inputs = keras.layers.Input((x.shape[1],), name="hillas")
    tensor = qkeras.QActivation(qkeras.quantized_bits(8, 2, alpha=1), name="grid")(tensor)
    for i, width in enumerate(HIDDEN, 1):
        tensor = dense(width, f"fc{i}")(tensor)
        tensor = qkeras.QActivation(qkeras.quantized_relu(6, 1), name=f"relu{i}")(tensor)
    model = keras.Model(inputs, dense(1, "gamma")(tensor), name="magic")

    def fit(trained: Any, epochs: int, rate: float, callbacks: list[Any]) -> None:
        decay = keras.optimizers.schedules.CosineDecay(rate, epochs * steps)
        trained.compile(
            keras.optimizers.Adam(decay), keras.losses.BinaryCrossentropy(from_logits=True)
        )
        trained.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=callbacks)

    fit(model, DENSE_EPOCHS, 3e-3, [])
    schedule = sparsity.PolynomialDecay(
        initial_sparsity=0.0, final_sparsity=SPARSITY, begin_step=0,
        end_step=PRUNE_EPOCHS * steps // 2, frequency=steps // 4,
    )  # fmt: skip

    def prunable(layer: Any) -> Any:
        if not isinstance(layer, qkeras.QDense):
            return layer
        return sparsity.prune_low_magnitude(layer, pruning_schedule=schedule)

    pruned = keras.models.clone_model(model, clone_function=prunable)
    for layer in model.layers:
        if isinstance(layer, qkeras.QDense):
            pruned.get_layer(f"prune_low_magnitude_{layer.name}").layer.set_weights(
                layer.get_weights()
            )
    fit(pruned, PRUNE_EPOCHS, 2e-3, [sparsity.UpdatePruningStep()])
    sparsity.strip_pruning(pruned).save(to, include_optimizer=False, save_format="h5")


@dataclass(frozen=True)
class Trained:
    """Figures of the shipped model, as its NOTICE has them.

    Attributes:
        hidden: sizes of the hidden layers.
        zero, weights: how many weights are zero, of how many.
        seed: of the training.
        events, test: how many are shipped, and how many the whole test set has.
        right_shipped, right_test: of these, in the right class.
        share_shipped, share_test: the same in percent.
    """

    hidden: str
    zero: int
    weights: int
    seed: int
    events: int
    test: int
    right_shipped: int
    share_shipped: float
    right_test: int
    share_test: float


def make(data: Path, folder: Path, seed: int = SEED) -> Trained:
    """Train and write the four files of the shipped model; return the figures of the NOTICE.

    Raises:
        ConfigError: the data file cannot be read, or the folder cannot be written.
    """
    arrays = load_table(data, "data", ARRAYS, "give magic04.npz")
    x = on_grid(arrays["x_test"], arrays["train_mean"], arrays["train_std"])
    y = arrays["y_test"].astype(np.int8)
    chosen = np.sort(np.random.default_rng(seed).choice(len(x), EVENTS, replace=False))
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch) / "magic.h5"
        train(arrays, model, seed)
        content = model.read_bytes()
        graph = load(model)
    right = (np.asarray(predict(graph, x))[:, 0] > 0) == (y == 1)
    counts = zeros(graph).values()
    figures = Trained(
        hidden="-".join(map(str, HIDDEN)),
        zero=sum(none for none, _ in counts),
        weights=sum(size for _, size in counts),
        seed=seed,
        events=EVENTS,
        test=len(x),
        right_shipped=int(right[chosen].sum()),
        share_shipped=100 * float(right[chosen].mean()),
        right_test=int(right.sum()),
        share_test=100 * float(right.mean()),
    )
    write_files(
        {
            folder / "magic.h5": content,
            folder / "events.npy": _npy(x[chosen]),
            folder / "labels.npy": _npy(y[chosen]),
            folder / "NOTICE": NOTICE.format(**asdict(figures)).encode(),
        },
        "folder",
    )
    return figures


def _npy(array: npt.NDArray[Any]) -> bytes:
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    return content.getvalue()


if __name__ == "__main__":
    _parser = argparse.ArgumentParser(prog="python -m hwgen.train.magic", description=__doc__)
    _parser.add_argument("data", type=Path, help="magic04.npz")
    _parser.add_argument("folder", type=Path, help="where the four files go")
    _args = _parser.parse_args()
    make(_args.data, _args.folder)
