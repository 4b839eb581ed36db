# SPDX-License-Identifier: Apache-2.0
"""Float64 forward pass of layers that quantize themselves, against Keras' own float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.frontends.keras import live
from hwgen.frontends.keras.file import read_keras
from hwgen.quantize.forward import Forward

pytestmark = [
    pytest.mark.ci,
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore:non-integer arguments to randrange:DeprecationWarning"),
]
Q4, Q6, RELU = "quantized_bits(4,0,1)", "quantized_bits(6,1,1)", "quantized_relu(4,1)"


def image(k: Any, q: Any) -> Any:
    first = k.Input((6, 6, 2), name="x")
    own = {"bias_quantizer": Q6, "use_bias": True}
    x = q.QConv2DBatchnorm(3, 3, kernel_quantizer=Q4, name="a", **own)(first)
    x = q.QActivation(RELU)(x)
    x = q.QDepthwiseConv2DBatchnorm(2, depthwise_quantizer=Q4, name="b", **own)(x)
    x = q.QActivation(RELU)(x)
    x = q.QAveragePooling2D(2, 1, average_quantizer="quantized_bits(8,0,1)", name="m")(x)
    x = q.QGlobalAveragePooling2D(average_quantizer="quantized_bits(7,0,1)", name="g")(x)
    return k.Model(first, k.layers.Dense(3, name="top")(x))


def rows(k: Any, q: Any) -> Any:
    first = k.Input((5,), name="x")
    x = q.QDense(6, kernel_quantizer="binary(alpha=1)", bias_quantizer=Q6, name="a")(first)
    x = q.QBatchNormalization(beta_quantizer=Q6, gamma_quantizer=Q6, name="n")(x)
    x = q.QActivation(RELU)(x)
    x = q.QBatchNormalization(mean_quantizer=Q6, variance_quantizer=Q6, scale=False)(x)
    return k.Model(first, k.layers.Dense(3, activation="softmax", name="top")(x))


@pytest.mark.parametrize("make", [image, rows])
def test_it_is_what_keras_computes(make: Any, tmp_path: Path) -> None:
    found = live.import_tensorflow()
    import qkeras

    keras = found.framework.keras
    keras.backend.clear_session()
    model = make(keras, qkeras)
    rng = np.random.default_rng(5)
    for layer in model.layers:
        layer.set_weights(
            [
                rng.uniform(0.4, 1.5, w.shape)
                if any(part in v.name for part in ("variance", "gamma"))
                else w if "iteration" in v.name else rng.normal(0, 0.5, w.shape)
                for v, w in zip(layer.weights, layer.get_weights(), strict=True)
            ]
        )  # fmt: skip
    path = tmp_path / "m.h5"
    model.save(path, save_format="h5")
    x = rng.normal(0, 1, (200, *model.input_shape[1:]))
    (own,) = live.oracle(path, None, {"x": x}, 1)
    forward = Forward.of(read_keras(path))
    mine = forward.run({"x": x})[forward.network.outputs[0][1]]
    near = np.isclose(mine, own, atol=1e-4, rtol=1e-4).all(axis=1)
    assert near.mean() > 0.97  # a value on the edge of a quantizer goes either way
    assert np.std(own) > 0.1
