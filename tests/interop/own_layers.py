# SPDX-License-Identifier: Apache-2.0
"""Layers of hwgen inside a project of hls4ml's Vitis backend: a program of its own.

``python -m tests.interop.own_layers`` converts small networks, with hls4ml's layers and with
hwgen's, compiles both with hls4ml's own call of g++, and prints as JSON what is equal.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

Layers = list[dict[str, Any]]


def converted(layers: Layers, precision: dict[str, dict[str, str]], io_type: str) -> Any:
    """Return hls4ml's graph of some layers, for its Vitis backend."""
    from hls4ml.model import ModelGraph

    named = {name: {"Precision": types} for name, types in precision.items()}
    default = {"Precision": {"default": "fixed<24,10>"}, "ReuseFactor": 1, "Strategy": "Latency"}
    config = {
        "OutputDir": tempfile.mkdtemp(), "ProjectName": "prj", "Backend": "Vitis",
        "IOType": io_type, "Part": "xcvu9p", "ClockPeriod": 5, "ClockUncertainty": "27%",
        "HLSConfig": {"Model": default, "LayerName": named},
    }  # fmt: skip
    copies = [dict(layer) for layer in layers]
    return ModelGraph.from_layer_list(config, copies, inputs=["x"], outputs=[layers[-1]["name"]])


def dense(name: str, source: str, weight: Any, bias: Any, **more: Any) -> dict[str, Any]:
    """Return a dense layer as hls4ml's readers give it."""
    n_in, n_out = weight.shape
    return {
        "class_name": "Dense", "name": name, "n_in": n_in, "n_out": n_out, "inputs": [source],
        "weight_data": weight, "bias_data": bias, **more,
    }  # fmt: skip


def main() -> dict[str, object]:
    """Return what is equal and what is refused."""
    from hls4ml.model.quantizers import BinaryQuantizer

    from hwgen.errors import HwgenError
    from hwgen.interop.hls4ml_layers import realise

    rng = np.random.default_rng(1)
    start: dict[str, Any] = {"class_name": "InputLayer", "name": "x", "input_shape": [12]}
    n, eighth = 9, {"weight": "fixed<8,2>", "bias": "fixed<8,2>"}
    w1, b1 = rng.integers(-16, 16, (12, n)) / 16.0, rng.integers(-8, 8, n) / 16.0
    w2, b2 = rng.integers(-16, 16, (n, 5)) / 16.0, rng.integers(-8, 8, 5) / 8.0
    w3 = rng.integers(0, 2, (n, 5)) * 2.0 - 1
    x = np.ldexp(rng.integers(-512, 512, (500, 12)), -6).astype(np.float32)
    relu = {"class_name": "Activation", "name": "act", "activation": "relu", "n_in": n}
    first = dense("fc1", "x", w1, b1)
    plain = [start, first, {**relu, "inputs": ["fc1"]}, dense("fc2", "act", w2, b2)]
    types = {"x": {"result": "fixed<10,4>"}, "fc1": eighth, "fc2": eighth}
    types = {**types, "act": {"result": "ufixed<8,4>"}}
    theirs, ours = (converted(plain, types, "io_parallel") for _ in range(2))
    realise(ours, {"fc1": "adders", "fc2": "adders"}, clock="5ns")
    for model in (theirs, ours):
        model.compile()
    found: dict[str, object] = {"adders": bool(np.array_equal(theirs.predict(x), ours.predict(x)))}
    # A cast of the exact sum to few bits wraps and truncates as hls4ml's does.
    sign = {**relu, "activation": "binary_tanh", "inputs": ["fc1"]}
    binary = BinaryQuantizer(bits=1)
    signs = [start, first, sign, dense("fc2", "act", w3, b2, weight_quantizer=binary)]
    want = np.where(x @ w1 + b1 >= 0, 1.0, -1.0) @ w3 + b2
    for name, kind in (("xnor, two bits", "int<2>"), ("xnor, one bit", "uint<1>")):
        model = converted(signs, {**types, "fc2": {}, "act": {"result": kind}}, "io_parallel")
        realise(model, {"fc2": "xnor"})
        model.compile()
        found[name] = bool(np.array_equal(model.predict(x), want))
    # A bit that no sign is in is 0 or 1.
    bits = {**types, "act": {"result": "ufixed<1,1>"}}
    counted = [*plain[:3], dense("fc2", "act", w3, b2)]
    theirs, ours = (converted(counted, bits, "io_parallel") for _ in range(2))
    realise(ours, {"fc2": "adders"})
    for model in (theirs, ours):
        model.compile()
    found["adders, bits"] = bool(np.array_equal(theirs.predict(x), ours.predict(x)))
    refused = []
    for used, layers, choice, io_type in (
        (types, plain, {"fc2": "xnor"}, "io_parallel"),
        (bits, counted, {"fc2": "xnor"}, "io_parallel"),
        (types, plain, {"act": "adders"}, "io_parallel"),
        (types, plain, {"fc3": "adders"}, "io_parallel"),
        (types, plain, {"fc1": "tables"}, "io_parallel"),
        (types, plain, {"fc1": "adders"}, "io_stream"),
    ):  # fmt: skip
        try:
            realise(converted(layers, used, io_type), choice)
        except HwgenError as error:
            refused.append(str(error))
    kept = converted(plain, types, "io_parallel")
    with contextlib.suppress(HwgenError):
        realise(kept, {"fc1": "adders", "fc2": "xnor"})  # the second is refused
    found["as it was"] = all(node.class_name != "HwgenDense" for node in kept.get_layers())
    return {**found, "refused": refused}


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()):
        result = main()
    print(json.dumps(result))
