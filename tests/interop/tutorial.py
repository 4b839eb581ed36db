# SPDX-License-Identifier: Apache-2.0
"""The calls of hls4ml's tutorial, with the backend's name changed: a program of its own.

``python -m tests.interop.tutorial IO_TYPE MODEL [WEIGHTS]`` prints what it found as JSON. The model
``few-bits`` is made here, of binary and ternary layers.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
FEW = "few-bits"


def few_bits() -> Any:
    """Return a model of binary and ternary layers: those of scripts, and those of QKeras.

    hls4ml and hwgen know BinaryDense and TernaryDense by their names.
    """
    import tensorflow as tf
    from qkeras import QActivation, QDense

    class BinaryDense(tf.keras.layers.Dense):  # type: ignore[misc]
        pass

    class TernaryDense(tf.keras.layers.Dense):  # type: ignore[misc]
        pass

    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            BinaryDense(32, use_bias=False, input_shape=(16,), name="fc1"),
            layers.BatchNormalization(name="bn1"),
            QActivation("binary(alpha=1)", name="act1"),
            TernaryDense(24, use_bias=False, name="fc2"),
            layers.BatchNormalization(name="bn2"),
            QActivation("ternary(alpha=1, threshold=0.5)", name="act2"),
            QDense(
                5, kernel_quantizer="binary(alpha=1)", name="fc3",
                bias_quantizer="quantized_bits(4, 0, alpha=1)",
            ),
        ]
    )  # fmt: skip
    rng = np.random.default_rng(2)
    kinds = {"moving_variance": (1, 9), "gamma": (0.5, 2)}
    for layer in model.layers:
        given = []
        for weight in layer.weights:
            ends = kinds.get(weight.name.split("/")[-1].split(":")[0], (-1, 1))
            given.append(rng.uniform(*ends, weight.shape))
        layer.set_weights(given)
    return model


def main(io_type: str, model_path: Path, weights: Path | None) -> dict[str, object]:
    warnings.simplefilter("ignore")
    import hls4ml

    import hwgen
    from hwgen.frontends.keras.live import loaded

    model = few_bits() if model_path.name == FEW else loaded(model_path, weights)
    folder = Path(tempfile.mkdtemp())
    # From here on: the tutorial's own lines.
    config = hls4ml.utils.config_from_keras_model(model, granularity="name", backend="HWGen")
    for layer in config["LayerName"]:
        config["LayerName"][layer]["Trace"] = True
    hls_model = hls4ml.converters.convert_from_keras_model(
        model, hls_config=config, backend="HWGen", output_dir=str(folder / "prj"),
        part="xcu250-figd2104-2L-e", clock_period=10, io_type=io_type,
    )  # fmt: skip
    hls_model.compile()
    shape = model.input_shape[1:]
    rng = np.random.default_rng(1)
    # On any grid of at least five fraction bits; hls4ml's default has ten.
    x = np.ldexp(rng.integers(-64, 64, (300, *shape)), -5).astype(np.float32)
    y = hls_model.predict(np.ascontiguousarray(x))
    one = hls_model.predict(np.ascontiguousarray(x[:1]))
    traced, layers = hls_model.trace(np.ascontiguousarray(x))
    hls_model.write()
    report = hls_model.build(csim=True, synth=True, cosim=False)
    profiled = model_path.name == FEW  # hls4ml's own profiling knows no single bits
    if not profiled:
        # As hls4ml's users call it; its plots need a screen unless told otherwise.
        import matplotlib

        matplotlib.use("Agg")
        from hls4ml.model import profiling

        profiling.numerical(model=model, hls_model=hls_model, X=x[:100])
        profiled = profiling.compare(model, hls_model, x[:100]) is not None
    # What hwgen says of the same model.
    graph = hls_model.hwgen_project.graph
    want = hwgen.predict(graph, x).reshape(len(x), -1)
    last = next(name for name in reversed(layers))
    return {
        "equal": bool(np.array_equal(y, want.astype(np.float32))),
        "one": bool(np.array_equal(one, y[0])),
        "traced": bool(np.array_equal(traced, y)),
        "last": bool(np.array_equal(layers[last].reshape(len(x), -1), y)),
        "layers": list(layers),
        "profiled": profiled,
        "hls4ml_layers": [layer.name for layer in hls_model.get_layers()],
        "files": sorted(p.name for p in (folder / "prj").iterdir()),
        "report": report,
    }


if __name__ == "__main__":
    given = [Path(word) for word in sys.argv[2:]]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        result = main(sys.argv[1], given[0], given[1] if len(given) > 1 else None)
    print(json.dumps({**result, "said": said.getvalue()}))
