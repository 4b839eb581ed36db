# SPDX-License-Identifier: Apache-2.0
"""Refusals of what a file states about a layer and its calls, whatever the input is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hwgen.errors import ModelError, UnsupportedLayer
from hwgen.frontends.keras.layer_classes import CLASSES, PACKAGES, WRAPPERS, LayerClass
from hwgen.frontends.keras.layer_settings import refused_settings
from hwgen.frontends.keras.network import TRAINING, Call, Layer
from hwgen.frontends.keras.precision import FloatFormat, compute_format, variable_format

_HGQ = ("hgq", "HGQ")
_HGQ_KEYS = ("iq_conf", "kq_conf", "bq_conf", "oq_conf", "kernel_quantizer_config", "paq_conf")


def refuse_class(layer: Layer) -> None:
    """Refuse a class of another package than Keras and QKeras, whatever its name is.

    Raises:
        UnsupportedLayer: as said.
    """
    if is_hgq(layer):
        raise UnsupportedLayer(
            "this is a layer of HGQ, whose files hwgen does not read",
            layer.where,
            "rebuild the model of QKeras layers (QDense, QConv2D, QActivation) with the bit widths "
            "that HGQ found, and copy its quantized weights",
        )
    if layer.package not in PACKAGES:
        raise UnsupportedLayer(
            f"layer class {layer.cls!r} of the package {layer.package!r} is not supported: it need "
            "not do what Keras' own does",
            layer.where,
            "use the layer of Keras or QKeras",
        )


def is_hgq(layer: Layer) -> bool:
    """Tell whether a layer is one of HGQ (high-granularity quantization)."""
    return layer.package in _HGQ or any(key in layer.config for key in _HGQ_KEYS)


def stated_problems(call: Call) -> Iterator[ModelError]:
    """Yield what a file states about a known layer, or a call of it, that would be ignored."""
    layer = call.layer
    if not isinstance(layer.config, Mapping):
        yield ModelError("its settings are no table", layer.where, "save the model again")
        return
    for cls, config in [(w.cls, w.config) for w in layer.wrappers if w.cls in WRAPPERS]:
        yield from refused_settings(cls, config, CLASSES[cls].settings, layer.where)
    known = CLASSES.get(layer.cls, LayerClass()).settings
    yield from refused_settings(layer.cls, layer.config, known, layer.where)
    try:
        formats_of(layer)
    except ModelError as error:
        yield error
    yield from _arguments(call)


def _arguments(call: Call) -> Iterator[ModelError]:
    layer = call.layer
    if call.constant:
        yield UnsupportedLayer(
            "the layer is called with numbers among its tensors",
            layer.where,
            "make the constant a trained part of the model, such as the bias of a layer",
        )
    for name, value in call.arguments.items():
        if name != TRAINING:
            yield UnsupportedLayer(
                f"the layer is called with {name}={value!r:.60} beside its tensors",
                layer.where,
                f"call it without {name}, and save the model again",
            )
        elif value and (layer.wrapped_in & set(WRAPPERS) or _trains(layer)):
            yield UnsupportedLayer(
                f"the layer is called with training={value!r:.20}, which keeps it in training mode "
                "at inference: its output has no exact integer form",
                layer.where,
                "call it (and the models around it) without training=True, and save the model "
                "again",
            )


def _trains(layer: Layer) -> bool:
    quantized = any("quant" in str(layer.config.get(key)) for key in ("activation",))
    return CLASSES.get(layer.cls, LayerClass()).trains or quantized


def formats_of(layer: Layer) -> list[FloatFormat]:
    """Return the float formats in which a layer and its wrappers compute, each once.

    Raises:
        UnsupportedLayer: one of them is no float format that hwgen knows.
    """
    own: Any = variable_format if layer.cls == "InputLayer" else compute_format
    made = [own(layer.config.get("dtype"), layer.where)]
    made += [compute_format(w.config.get("dtype"), layer.where) for w in layer.wrappers]
    return list(dict.fromkeys(made))
