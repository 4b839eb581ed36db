# SPDX-License-Identifier: Apache-2.0
"""Models with given formats against Keras' own layers in double precision, through ``verify``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwgen
from hwgen.errors import Mismatch
from hwgen.frontends.keras import live, live_double
from tests.cli.models import sequential, source
from tests.frontends.keras_files import full_h5, layer

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:non-integer arguments to randrange:DeprecationWarning"),
]
Config = dict[str, Any]


def dense(name: str, units: int, **more: Any) -> Config:
    return layer("Dense", name, units=units, activation="linear", **more)


def norm(width: int, seed: int) -> Mapping[str, Any]:
    rng = np.random.default_rng(seed)
    low = {"gamma": -1.5, "beta": -1, "moving_mean": -1, "moving_variance": 0.1}
    return {f"{n}:0": rng.uniform(v, 2, width).astype(np.float32) for n, v in low.items()}


def floats(*shape: int, seed: int) -> Any:
    return np.random.default_rng(seed).normal(0, 0.6, shape).astype(np.float32)


def product(*shape: int, seed: int) -> Mapping[str, Any]:
    return {"kernel:0": floats(*shape, seed=seed), "bias:0": floats(shape[-1], seed=seed + 1)}


ONE = sequential(
    source(), layer("BatchNormalization", "bn0"), dense("fc1", 6),
    layer("BatchNormalization", "bn1"), layer("LeakyReLU", "leaky", alpha=0.3),
    dense("fc2", 5), layer("Activation", "t", activation="tanh"),
    layer("Dense", "fc3", units=3, activation="softmax"),
)  # fmt: skip
ONE_WEIGHTS = {
    "bn0": norm(4, 1), "fc1": product(4, 6, seed=2), "bn1": norm(6, 3),
    "fc2": product(6, 5, seed=4), "fc3": product(5, 3, seed=6),
}  # fmt: skip
TWO = sequential(
    source(shape=(7, 6, 2)), layer("Conv2D", "conv", filters=3, kernel_size=[3, 3],
                                   padding="same", activation="relu"),
    layer("AveragePooling2D", "mean", pool_size=[3, 3], strides=[2, 2], padding="same"),
    layer("SeparableConv2D", "sep", filters=4, kernel_size=[2, 2], activation="relu6"),
    layer("QActivation", "q", activation="quantized_relu(5,2)"),
    layer("BatchNormalization", "bn"), layer("PReLU", "p", shared_axes=[1, 2]),
    layer("GlobalAveragePooling2D", "top"), dense("fc", 3),
)  # fmt: skip
TWO_WEIGHTS = {
    "conv": product(3, 3, 2, 3, seed=1),
    "sep": {
        "depthwise_kernel:0": floats(2, 2, 3, 1, seed=3),
        "pointwise_kernel:0": floats(1, 1, 3, 4, seed=4), "bias:0": floats(4, seed=5),
    },
    "bn": norm(4, 6), "p": {"alpha:0": np.float32([[[0.3, 0.0, 1.7, 0.125]]])},
    "fc": product(4, 3, seed=7),
}  # fmt: skip


def built(folder: Path, config: Config, weights: Any, **settings: Any) -> Path:
    named = {n: {f"{n}/{k}": v for k, v in parts.items()} for n, parts in weights.items()}
    model = full_h5(folder / "m.h5", config, named)
    settings = {"input_format": "s9.5", "weight_formats": ["*=s7.5"], "effort": 0, **settings}
    hwgen.build(model, folder / "out", board="vcu118", best_effort=True, **settings)
    return folder / "out"


@pytest.mark.parametrize(
    ("config", "weights", "formats"),
    [
        (ONE, ONE_WEIGHTS, ["*=s10.5", "t=s7.6"]),
        (ONE, ONE_WEIGHTS, ["bn0=s8.4", "fc1=s12.6", "leaky=s9.3", "t=s8.7"]),
        (TWO, TWO_WEIGHTS, ["*=s12.6"]),
        (TWO, TWO_WEIGHTS, ["mean=s11.7", "bn=s9.5", "p=s10.5", "top=s14.9", "fc=s10.6"]),
    ],
)
def test_the_core_is_the_model_with_its_formats(
    tmp_path: Path, config: Config, weights: Any, formats: list[str]
) -> None:
    out = built(tmp_path, config, weights, formats=formats)
    verdict = hwgen.verify(out, samples=400)
    assert (verdict.mismatches, verdict.announced) == (0, 0)
    assert verdict.deviation is not None
    (deviation,) = verdict.deviation.outputs
    assert 0 < deviation.mean <= deviation.largest
    again = hwgen.build(
        out / "model/keras/m.h5", board="vcu118", config=out / "config.toml", best_effort=True
    )
    assert again.files["rtl/hwg_m.sv"] == (out / "rtl/hwg_m.sv").read_bytes()


def test_a_wrong_factor_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = built(tmp_path, ONE, ONE_WEIGHTS, formats=["*=s10.5", "t=s7.6"])
    own = live_double.rounded_factor
    monkeypatch.setattr(live_double, "rounded_factor", lambda v, bits: own(v, bits - 2))
    with pytest.raises(Mismatch) as caught:
        hwgen.verify(out, samples=400)
    assert "double precision" in caught.value.what


def test_what_saturates_is_told_with_its_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model is read once, and loaded once by Keras."""
    read, reads = live.read_keras, list[Any]()
    monkeypatch.setattr(live, "read_keras", lambda *a: reads.append(a) or read(*a))
    out = built(tmp_path, ONE, ONE_WEIGHTS, formats=["leaky=s4.3", "t=s8.6"])
    data = tmp_path / "x.npy"
    np.save(data, np.random.default_rng(1).normal(0, 1, (200, 4)))
    verdict = hwgen.verify(out, samples=50, data=data)
    assert len(reads) == 1
    assert verdict.deviation is not None
    assert (verdict.deviation.samples, verdict.deviation.data) == (200, True)
    assert 0 < verdict.deviation.saturated["leaky"] <= 1
    assert "of the samples saturate" in verdict.text()
    assert "on 200 samples of the data" in verdict.text()


def test_predict_applies_the_scaler_of_the_input(tmp_path: Path) -> None:
    out = built(tmp_path, ONE, ONE_WEIGHTS, formats=["*=s16.9", "t=s8.7"], input_format="s16.10",
                weight_formats=["*=s16.12"])  # fmt: skip
    x = np.random.default_rng(2).normal(0, 1, (300, 4))
    (own,) = live.oracle(tmp_path / "m.h5", None, {"x": x}, 1)
    assert np.abs(hwgen.predict(out, x) - own).mean() < 0.02
