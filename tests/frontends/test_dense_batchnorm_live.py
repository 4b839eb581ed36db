# SPDX-License-Identifier: Apache-2.0
"""QDenseBatchnorm in files that Keras wrote: read here, and compared with the model's own output.

QKeras 0.9 has no such layer yet; its later sources have. The class below is made of the same parts,
so that its files have the same settings, variables and names: a QDense with a BatchNormalization
inside and a counter of steps, whose settings are those of both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.api.load import load
from hwgen.api.samples import to_codes
from hwgen.ops.reference import run_reference

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:non-integer arguments to randrange:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The initializer .* is unseeded:UserWarning"),
]

BITS = "quantized_bits(8,3,1,alpha=1)"


def dense_batchnorm() -> Any:
    """Return the class."""
    import tensorflow as tf
    from qkeras import QDense

    keras = tf.keras
    own = set(keras.layers.BatchNormalization().get_config()) - {"name", "trainable", "dtype"}

    class QDenseBatchnorm(QDense):  # type: ignore[misc]
        def __init__(
            self, units: int, folding_mode: str = "ema_stats_folding", **more: Any
        ) -> None:
            inner = {key: more.pop(key) for key in own & set(more)}
            super().__init__(units, **more)
            self.batchnorm = keras.layers.BatchNormalization(**inner)
            self.ema_freeze_delay, self.folding_mode = None, folding_mode

        def build(self, shape: Any) -> None:
            super().build(shape)
            self._iteration = tf.Variable(-1, trainable=False, name="iteration", dtype=tf.int64)
            self.batchnorm.build((None, self.units))

        def call(self, inputs: Any, training: Any = None) -> Any:
            norm = self.batchnorm
            inv = tf.math.rsqrt(norm.moving_variance + norm.epsilon)
            inv = inv if norm.gamma is None else inv * norm.gamma
            bias = self.bias if self.use_bias else 0
            moved = inv * (bias - norm.moving_mean)
            moved = moved if norm.beta is None else moved + norm.beta
            kernel = self.kernel_quantizer_internal(inv * self.kernel)
            quantizer = self.bias_quantizer_internal
            return inputs @ kernel + (moved if quantizer is None else quantizer(moved))

        def get_config(self) -> dict[str, Any]:
            kept = {"ema_freeze_delay": self.ema_freeze_delay, "folding_mode": self.folding_mode}
            config = {**super().get_config(), **self.batchnorm.get_config(), **kept}
            return {**config, "name": self.name}

    QDenseBatchnorm.__module__ = "qkeras.qdense_batchnorm"  # which a .keras file states
    return QDenseBatchnorm


@pytest.mark.parametrize("file", ["m.h5", "m.keras"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        pytest.param(
            {"use_bias": False, "folding_mode": "batch_stats_folding"}, marks=pytest.mark.ci
        ),
        pytest.param({"scale": False, "epsilon": 0.02}, marks=pytest.mark.ci),
        pytest.param({"center": False}, marks=pytest.mark.ci),
        {"use_bias": False, "scale": False, "center": False, "bias_quantizer": BITS},
    ],
    ids=lambda settings: "-".join(settings) or "plain",
)
def test_dense_with_a_normalisation_inside(
    settings: dict[str, Any], file: str, tmp_path: Path
) -> None:
    import tensorflow as tf
    from qkeras import QActivation

    keras = tf.keras
    made = dense_batchnorm()
    first = keras.Input((6,))
    x = QActivation("quantized_bits(8,3,alpha=1)")(first)
    x = made(5, kernel_quantizer=BITS, name="fc1", **settings)(x)
    x = QActivation("quantized_relu(6,2)")(x)
    x = made(3, kernel_quantizer=BITS, name="fc2", **settings)(x)
    model = keras.Model(first, QActivation("quantized_bits(10,5,alpha=1)")(x))
    rng = np.random.default_rng(3)
    for variable in model.variables:
        if "iteration" not in variable.name:
            low = 0.1 if "variance" in variable.name or "gamma" in variable.name else -1
            variable.assign(rng.uniform(low, 1.5, variable.shape))
    model.save(tmp_path / file)
    graph = load(tmp_path / file)
    values = rng.normal(0, 4, (500, 6)).astype(np.float32)
    codes, _ = to_codes(graph, {graph.inputs[0].name: values})
    (out,) = graph.outputs
    ours = run_reference(graph, codes)[out.name] * np.array(out.scale) + np.array(out.offset)
    assert np.array_equal(ours, model.predict(values, batch_size=500, verbose=0))
    assert len(np.unique(ours)) > 100
