# SPDX-License-Identifier: Apache-2.0
"""Random float models: through ``--format`` and through quantization, exact against Keras' layers.

The oracle is Keras itself: its layers in double precision, with the quantized weights written into
the model and a rounding behind every layer that has a format. What is printed as the deviation is
compared with Keras' own float32 forward pass.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.api.load import load
from hwgen.api.quantize import quantize
from hwgen.api.samples import to_codes
from hwgen.frontends.keras import live, live_double
from hwgen.frontends.keras.file import KerasModel, read_keras
from hwgen.frontends.options import Options, options
from hwgen.frontends.qkeras.convert import convert
from hwgen.ops.reference import run_reference
from hwgen.passes import run_passes
from hwgen.quantize.forward import Forward
from hwgen.quantize.model import Recipe
from tests.fuzz.float_models import float_model

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:non-integer arguments to randrange:DeprecationWarning"),
]
SAMPLES = 120
SEEDS = [
    *(pytest.param(seed, id=str(seed)) for seed in range(2)),
    *(pytest.param(seed, marks=pytest.mark.ci, id=str(seed)) for seed in range(2, 22)),
    *(pytest.param(seed, marks=pytest.mark.slow, id=str(seed)) for seed in range(22, 122)),
]


def exact(path: Path, graph: Any, given: Options, x: Any) -> None:
    """Assert that the reference is what Keras' layers compute, for samples *x*."""
    codes, _ = to_codes(graph, {"x": x})
    (node,) = graph.inputs
    floats = {"x": np.ldexp(codes["x"].astype(np.float64), -node.type.frac)}
    outside = [scaler.layer for scaler in graph.input_scalers]
    (theirs,) = live_double.oracle(path, given, floats, outside)
    (out,) = graph.outputs
    mine = run_reference(graph, codes)[out.name]
    found = (theirs - np.array(out.offset)) / np.array(out.scale)
    assert np.array_equal(mine, np.rint(found))
    assert np.abs(found - np.rint(found)).max() < 1e-6


def store(model: Any, quantized: KerasModel, path: Path) -> None:
    """Write the quantized weights into the Keras model and save it."""
    for layer in model.layers:
        if layer.weights:
            table = quantized.weights[layer.name]
            names = [v.name.rpartition("/")[2].partition(":")[0] for v in layer.weights]
            layer.set_weights([table[name] for name in names])
    model.save(path, save_format="h5")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_float_model(seed: int, tmp_path: Path) -> None:
    import tensorflow as tf

    tf.keras.backend.clear_session()
    model = float_model(tf.keras, seed)
    rng = np.random.default_rng(seed)
    x = rng.normal(0.2, 1, (SAMPLES, *model.input_shape[1:]))
    path = tmp_path / "m.h5"
    model.save(path, save_format="h5")
    stored = read_keras(path)
    (own,) = live.oracle(path, None, {"x": x}, 1)
    forward = Forward.of(stored)
    mine = forward.run({"x": x})[forward.network.outputs[0][1]]
    np.testing.assert_allclose(mine, own, atol=2e-4, rtol=2e-4)

    names = [layer.name for layer in model.layers if layer.name.endswith(("_tanh", "_elu"))]
    width, frac = int(rng.integers(8, 15)), int(rng.integers(4, 9))
    given = options(
        f"s{width}.{frac}",
        formats=[f"*=s{width}.{frac}", *(f"{name}=s8.6" for name in names)],
        weight_formats=[f"*=s{int(rng.integers(5, 10))}.{int(rng.integers(4, 8))}"],
    )
    exact(path, load(path, options=given), given, x)

    recipe = Recipe(
        int(rng.integers(3, 9)), int(rng.integers(4, 9)), 8,
        str(rng.choice(["mse", "aciq", "minmax"])), bool(rng.integers(2)), bool(rng.integers(2)),
    )  # fmt: skip
    made = quantize(path, {"x": x}, recipe=recipe)
    done, graph = made.quantized, made.graph
    assert graph == run_passes(convert(done.model, done.options))
    changed = tmp_path / "q.h5"
    store(model, done.model, changed)
    exact(changed, graph, done.options, x)
    codes, _ = to_codes(graph, {"x": x})
    out = graph.outputs[0]
    values = run_reference(graph, codes)[out.name] * np.array(out.scale) + np.array(out.offset)
    (told,) = made.deviation.outputs
    assert told.largest == pytest.approx(np.abs(values - own).max(), abs=1e-3)
    assert told.mean == pytest.approx(np.abs(values - own).mean(), abs=1e-3)
