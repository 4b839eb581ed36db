# SPDX-License-Identifier: Apache-2.0
"""The calls of hls4ml's tutorial, with the backend's name changed: a program of its own.

``python -m tests.interop.tutorial IO_TYPE MODEL [WEIGHTS]`` prints what it found as JSON.
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

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")


def main(io_type: str, model_path: Path, weights: Path | None) -> dict[str, object]:
    warnings.simplefilter("ignore")
    import hls4ml

    import hwgen
    from hwgen.frontends.keras.live import loaded

    model = loaded(model_path, weights)
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
    # Profiling, as hls4ml's users call it; its plots need a screen unless told otherwise.
    import matplotlib

    matplotlib.use("Agg")
    from hls4ml.model import profiling

    profiling.numerical(model=model, hls_model=hls_model, X=x[:100])
    figure = profiling.compare(model, hls_model, x[:100])
    # What hwgen says of the same model.
    graph = hls_model.hwgen_project.graph
    want = hwgen.predict(graph, x).reshape(len(x), -1)
    logits = next(name for name in reversed(layers))
    return {
        "equal": bool(np.array_equal(y, want.astype(np.float32))),
        "one": bool(np.array_equal(one, y[0])),
        "traced": bool(np.array_equal(traced, y)),
        "last": bool(np.array_equal(layers[logits].reshape(len(x), -1), y)),
        "layers": list(layers),
        "profiled": figure is not None,
        "hls4ml_layers": [layer.name for layer in hls_model.get_layers()],
        "files": sorted(p.name for p in (folder / "prj").iterdir()),
        "report": report,
    }


if __name__ == "__main__":
    given = [Path(word) for word in sys.argv[2:]]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        result = main(sys.argv[1], given[0], given[1] if len(given) > 1 else None)
    print(json.dumps({**result, "said": said.getvalue()}))
