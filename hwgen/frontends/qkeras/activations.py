# SPDX-License-Identifier: Apache-2.0
"""Activations: plain functions and quantizers behind a layer, applied to an exact value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hwgen.errors import ModelError, UnsupportedLayer
from hwgen.frontends.exact.quantizer import quantize as exact_quantize
from hwgen.frontends.exact.steps import CURVES, Curve, Rectify, Value, exponent
from hwgen.frontends.formats import rule_of
from hwgen.frontends.keras.layer_classes import CLASSES, PACKAGES, package_of
from hwgen.frontends.keras.network import Layer
from hwgen.frontends.keras.variables import class_name
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.quantizers import Quantizer, parse_quantizer

_STEPS = {"relu": Rectify(), "relu6": Rectify(ceiling=6.0)}
_FINAL = ("softmax", "sigmoid")
# Activations of hls4ml's example models, whose script defined them, as quantizers of QKeras.
_OF_SCRIPTS = {
    "binary_tanh": "binary(alpha=1)",
    "ternary_tanh": "ternary(alpha=1,threshold=0.5000001)",
}
_NO_INTEGER_FORM = {
    "tanh": "quantized_tanh (hard)",
    "hard_sigmoid": "quantized_sigmoid (hard)",
    "log_softmax": "a final softmax, which is dropped",
    "elu": "quantized_relu with a negative slope",
    "selu": "quantized_relu with a negative slope",
    "leaky_relu": "quantized_relu with a negative slope, or a LeakyReLU layer",
    "gelu": "quantized_relu",
    "mish": "quantized_relu",
    "silu": "quantized_relu",
    "swish": "quantized_relu",
    "softplus": "quantized_relu",
    "softsign": "quantized_tanh (hard)",
    "exponential": "quantized_relu",
}


def activate(c: Conversion, value: Value, spec: Any, layer: Layer, name: str = "") -> Value:
    """Apply what a config calls an activation: none, a plain function, or a quantizer.

    One that has no exact integer form is told, and zeros stand in for its output.

    Args:
        c: the conversion.
        value: the input.
        spec: as stored.
        layer: the layer.
        name: of the node; by default the layer's with ``_act``.
    """
    name = name or f"{layer.name}_act"
    try:
        if (curve := _curve(c, spec, layer)) is not None:
            return value.after(curve)
        made = read_activation(spec, layer)
        if made is None:
            return value
        if isinstance(made, Rectify):
            return value.after(Rectify(made.slope, made.ceiling, name, layer.where))
        if isinstance(made, str):
            return final(c, value, made, layer)
        return quantize(c, value, made, layer, name)
    except ModelError as error:
        c.problem(error)
        return c.stand_in(value.type.shape)


def _curve(c: Conversion, spec: Any, layer: Layer) -> Curve | None:
    """Return the curve that an activation is, where the user gave the layer a format for it."""
    text = spec.get("config") if isinstance(spec, Mapping) else spec
    if not isinstance(text, str) or text not in CURVES:
        return None
    if rule_of(c.options.formats, (layer.name, layer.key)) is None:
        return None
    last = text == "sigmoid" and all(
        call.output not in c.readers for call in c.network.calls if call.layer.key == layer.key
    )
    return None if last else Curve(text, layer.where)


def read_activation(spec: Any, layer: Layer) -> Quantizer | Rectify | str | None:
    """Return the quantizer, the step, or the name of a function that may only be the last.

    Raises:
        UnsupportedLayer, UnsupportedQuantizer: it has no exact integer form.
    """
    if isinstance(spec, Mapping) and spec.get("class_name") == "function":  # Keras 3
        if (package := package_of(spec)) not in PACKAGES:
            raise UnsupportedLayer(
                f"activation {spec.get('config')!r} is a function of the package {package!r}",
                layer.where,
                "use an activation of Keras or a quantizer of QKeras",
            )
        spec = spec.get("config")
    if isinstance(spec, Mapping) and "class_name" not in spec and "value" in spec:  # of a lambda
        raise UnsupportedLayer(
            "its activation is a function of a script, which is never executed",
            layer.where,
            "use an activation of Keras or a quantizer of QKeras",
        )
    if isinstance(spec, Mapping) and (cls := class_name(str(spec.get("class_name")))) in CLASSES:
        raise UnsupportedLayer(
            f"its activation is a {cls} layer",
            layer.where,
            f"put the {cls} behind it as a layer of its own",
        )
    if spec is None or spec == "linear":
        return None
    if isinstance(spec, str) and spec in _STEPS:
        return _STEPS[spec]
    if isinstance(spec, str) and spec in _FINAL:
        return spec
    if isinstance(spec, str) and spec in _NO_INTEGER_FORM:
        raise UnsupportedLayer(
            f"activation {spec!r} has no exact integer form",
            layer.where,
            f"use {_NO_INTEGER_FORM[spec]}"
            + (f"; or round it: --format {layer.name}=s8.5" if spec in CURVES else ""),
        )
    if isinstance(spec, str):
        spec = _OF_SCRIPTS.get(spec, spec)
    q = parse_quantizer(spec, layer.where)
    q.check_activation(layer.where)
    return q


def final(c: Conversion, value: Value, kind: str, layer: Layer) -> Value:
    """Drop a softmax or sigmoid at the very end; refuse it anywhere else."""
    outputs = c.network.leaving
    ours = [call.output for call in c.network.calls if call.layer.key == layer.key]
    if any(t not in outputs or t in c.readers for t in ours):
        raise UnsupportedLayer(
            f"{kind} inside the network has no exact integer form",
            layer.where,
            "only a final one can be dropped; use quantized_sigmoid (hard)"
            + (f", or round it: --format {layer.name}=u8.8" if kind in CURVES else ""),
        )
    c.note(f"{layer.name}: the final {kind} is dropped; the outputs are the logits in front of it")
    c.dropped.update(ours)
    return value


def quantize(c: Conversion, value: Value, q: Quantizer, layer: Layer, name: str) -> Value:
    """Apply an activation quantizer to exact codes with waiting steps, its constant alpha too."""
    done = exact_quantize(c, value, q, layer.at, name)
    return c.scaled(done, exponent(q.alpha) or 0, layer.at)
