# SPDX-License-Identifier: Apache-2.0
"""Float formats that a file states: exact where every value fits, else refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hwgen.errors import UnsupportedLayer
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.convert import convert
from hwgen.ir.fixed import Fixed
from tests.frontends.test_calls import X, inner_input, nested
from tests.frontends.test_convert import (
    act,
    dense,
    functional,
    kernel,
    layer,
    model,
    norm,
    only,
)

GRID = "quantized_bits(8,3,1,alpha=1)"


POLICY = {"class_name": "Policy", "config": {"name": "mixed_float16"}}
POLICY_3 = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "bfloat16"}}
HALF = ["float16", "bfloat16", "mixed_float16", POLICY, POLICY_3]


def exact_dense(dtype: Any, bits: int) -> Any:
    """Return a plain Dense with weights 1 and 2 on an input of so many bits."""
    weights = {"z": {"kernel": np.tile([1.0, 2.0], (4, 1)), "bias": np.zeros(2)}}
    m = model(layer("Dense", "z", dtype=dtype), weights=weights)
    return m, Options({"": Fixed.parse(f"s{bits}.0")})


@pytest.mark.parametrize("dtype", HALF)
def test_half_precision_is_exact_or_refused(dtype: Any) -> None:
    assert convert(*exact_dense(dtype, 4))
    found = only(*exact_dense(dtype, 12))
    assert isinstance(found, UnsupportedLayer)
    assert "bits do not hold every value" in found.what
    assert "dtype float32" in found.hint


def test_the_limit_of_float16_is_that_of_its_fraction() -> None:
    """Four times 2 times 2**8 is 2**11: the last whole number below which none is missing."""
    assert convert(*exact_dense("float16", 9))
    assert "whose 11 bits" in only(*exact_dense("float16", 10)).what
    assert convert(*exact_dense("bfloat16", 6))
    assert "whose 8 bits" in only(*exact_dense("bfloat16", 7)).what


def test_double_precision_holds_sums_but_no_float32_steps() -> None:
    assert convert(*exact_dense("float64", 12))
    bn = layer("BatchNormalization", "bn", dtype="float64")
    found = only(model(bn, act("q", GRID), weights={"bn": norm(4)}))
    assert "it computes in float64, and its output is on no integer grid" in found.what


@pytest.mark.parametrize("dtype", ["float16", "float64", POLICY])
@pytest.mark.parametrize("cls", ["QDense", "QActivation"])
def test_quantizers_compute_in_float32_alone(cls: str, dtype: Any) -> None:
    made = dense("z", dtype=dtype) if cls == "QDense" else act("z", GRID)
    made["config"]["dtype"] = dtype
    found = only(model(made, weights={"z": kernel(4, 3)}))
    assert found.what.startswith("it quantizes in ")


@pytest.mark.parametrize("dtype", ["int32", "complex64", {"class_name": "QuantizedDTypePolicy"}])
def test_other_formats_are_refused_by_name(dtype: Any) -> None:
    m = model(layer("Flatten", "f", dtype=dtype))
    name = dtype if isinstance(dtype, str) else "QuantizedDTypePolicy"
    assert name in only(m).what
    m.config["config"]["layers"][1]["config"].pop("dtype")
    m.config["config"]["layers"][0]["config"]["dtype"] = dtype
    assert name in only(m).what


def test_inputs_wrappers_and_models_state_formats_too() -> None:
    wide = Options({"": Fixed.parse("s13.4")})
    m = model(act("q", GRID))
    m.config["config"]["layers"][0]["config"]["dtype"] = "float16"
    assert only(m, wide).where == "x (InputLayer)"
    assert convert(m, Options({"": Fixed.parse("s12.4")}))
    m = model(layer("Flatten", "f"))
    m.config["config"]["dtype"] = POLICY_3  # a Sequential of Keras 3 casts what it is given
    assert only(m, wide).where == "x (InputLayer)"
    timed = layer("TimeDistributed", "t", layer=layer("ReLU", "r"), dtype="float16")
    assert only(model(timed, shape=(None, 3, 4)), wide).where == "t (ReLU)"
    inner = nested(inner_input("i", dtype="float16"), layer("Flatten", "f", "i"),
                   inputs=[["i", 0, 0]], outputs=[["f", 0, 0]], call=[X])  # fmt: skip
    assert only(functional(inner, outputs=["enc"]), wide).where == "enc/i (InputLayer)"


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_weights_stored_in_double_precision_are_rounded_as_keras_does(dtype: str) -> None:
    weights = {"z": {"kernel": np.full((4, 2), 0.5 + 1e-12), "bias": np.zeros(2)}}
    m = model(layer("Dense", "z", dtype=dtype), weights=weights)
    graph = convert(m, Options({"": Fixed.parse("s4.0")}))
    assert np.asarray(graph["z"].op.weight).tolist() == np.ones((4, 2)).tolist()


def test_a_layer_in_double_precision_needs_weights_that_float32_holds() -> None:
    m = model(layer("Dense", "z", dtype="float64"), weights={"z": {"kernel": np.eye(4) + 1e-12}})
    m.config["config"]["layers"][1]["config"]["use_bias"] = False
    assert "16 of 16 values are no exact float32" in only(m).what
    m = model(layer("PReLU", "z", dtype="float64"), weights={"z": {"alpha": np.ones(4) + 1e-12}})
    assert "4 of 4 values are no exact float32" in only(m).what


def test_weights_too_large_for_float32_are_infinite_in_keras() -> None:
    m = model(dense("z"), weights={"z": {"kernel": np.full((4, 3), 1e300), "bias": np.zeros(3)}})
    assert "holds NaN or infinity" in only(m).what


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_a_layer_of_another_format_behind_a_refused_one(dtype: str) -> None:
    made = layer("Dense", "z", dtype=dtype, use_bias=False)
    m = model(act("a", "nothing(3)"), made, weights={"z": {"kernel": np.eye(4)}})
    assert only(m).where == "a (QActivation)"
