# SPDX-License-Identifier: Apache-2.0
"""The oracle of a model with given formats: Keras' layers in double precision, one by one.

Where a user gave formats, the model that is built is not the one in the file. This is that model,
made of Keras' own layers: their float64 twins, with the weights rounded as ``--weight-format`` says
and a rounding behind every layer that has a format. A factor in front of a format keeps the bits
that `factor_bits` says. Quantizers of QKeras are given float32, as they are in the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.frontends.exact.given_format import factor_bits, rounded_factor
from hwgen.frontends.exact.steps import CURVES
from hwgen.frontends.formats import rule_of
from hwgen.frontends.keras.live import Opened, import_tensorflow, opened
from hwgen.frontends.keras.network import Call, Network
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.chosen_outputs import cut
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.given import given_format
from hwgen.ir.fixed import Fixed

F64 = npt.NDArray[np.float64]
# A tensor, whose waiting factors are rounded to some bits, or to none.
Tensor = Callable[[int | None], Any]
_PLAIN = {
    "QDense": "Dense", "QConv1D": "Conv1D", "QConv2D": "Conv2D",
    "QDepthwiseConv2D": "DepthwiseConv2D",
}  # fmt: skip
_BIAS_MORE = 8


@dataclass(frozen=True)
class _Oracle:
    """A loaded Keras model, and what the user gave."""

    tf: Any
    model: Any
    network: Network
    conversion: Conversion
    options: Options
    outside: frozenset[str]

    def run(self, inputs: Mapping[str, F64]) -> list[F64]:
        """Return the outputs for inputs behind the layers that are outside the core."""
        arrays = dict(zip((t for _, t in self.network.inputs), inputs.values(), strict=True))
        values: dict[str, Tensor] = {}
        for call in self.network.calls:
            if call.output in arrays:
                values[call.output] = _given(self.tf.constant(arrays[call.output]))
                continue
            made = self._call(call, [values[name] for name in call.inputs])
            fixed = given_format(self.conversion, call)
            if fixed is not None and call.layer.name not in self.outside:
                made = _given(_rounded(self.tf, made(factor_bits(fixed)), fixed))
            values[call.output] = made
        return [np.asarray(values[tensor](None), np.float64) for _, tensor in self.network.outputs]

    def _call(self, call: Call, ins: Sequence[Tensor]) -> Tensor:
        if call.layer.cls == "InputLayer":
            return ins[0]
        outside = call.layer.name in self.outside
        if outside and "Average" not in call.layer.cls:
            return ins[0]
        layer = self._layer(call)
        twin = _Twin(self.tf, layer, call, self._final(call))
        twin.round_weights(rule_of(self.options.weight_formats, (call.layer.name, call.layer.key)))
        if outside:
            return lambda bits: twin.summed(ins[0](bits))
        memo: dict[int | None, Any] = {}

        def value(bits: int | None) -> Any:
            bits = None if twin.curves else bits  # what goes into a table is not rounded
            if bits not in memo:
                memo[bits] = twin([x(bits) for x in ins], bits)
            return memo[bits]

        return _given(value(None)) if twin.quantizes else value

    def _final(self, call: Call) -> bool:
        return call.output in self.network.leaving and call.output not in self.conversion.readers

    def _layer(self, call: Call) -> Any:
        found = _find(self.model, call.layer.key.split("/"), call.layer.key)
        while hasattr(found, "layer") and type(found).__name__ in (
            "TimeDistributed", "PruneLowMagnitude",
        ):  # fmt: skip
            found = found.layer
        return found


def _find(model: Any, parts: Sequence[str], key: str) -> Any:
    for layer in model.layers:
        if layer.name == key or layer.name == parts[0]:
            inner = layer
            while hasattr(inner, "layer") and not hasattr(inner, "layers"):
                inner = inner.layer
            nested = hasattr(inner, "layers") and len(parts) > 1
            return _find(inner, parts[1:], "/".join(parts[1:])) if nested else layer
    for layer in model.layers:  # wrapped layers go under the name of what they hold
        inner = getattr(layer, "layer", None)
        if inner is not None and inner.name in (key, parts[-1]):
            return layer
    raise KeyError(key)


def _given(value: Any) -> Tensor:
    return lambda bits: value


def _rounded(tf: Any, x: Any, fixed: Fixed) -> Any:
    unit = 2.0**fixed.frac
    return tf.clip_by_value(tf.round(x * unit), float(fixed.lo), float(fixed.hi)) / unit


class _Twin:
    """A layer of Keras in double precision.

    Attributes:
        quantizes: it ends in a quantizer of QKeras, so that no factor waits behind it.
        curves: it ends in a curve, which becomes a table.
    """

    def __init__(self, tf: Any, layer: Any, call: Call, final: bool) -> None:
        self.tf, self.layer, self.cls = tf, layer, call.layer.cls
        activation = getattr(layer, "activation", None)
        name = type(activation).__name__
        self.quantizer: Any = activation if hasattr(activation, "get_config") else None
        self.quantizes = self.quantizer is not None and name != "function"
        self.plain: Any = None
        self.curves = False
        if self.cls == "QActivation":
            self.quantizer, self.quantizes = layer.quantizer, True
            return
        if self.cls.startswith("Q") and self.cls not in _PLAIN:
            return
        keras = tf.keras
        config = {**layer.get_config(), "dtype": "float64"}
        kind = type(layer)
        if self.cls in _PLAIN:
            kind = getattr(keras.layers, _PLAIN[self.cls])
            known = kind(**_needed(config, self.cls)).get_config()
            config = {key: config[key] for key in known if key in config}
            for key in list(config):
                if key.endswith(("_initializer", "_constraint", "_regularizer")):
                    del config[key]
        named = getattr(activation, "__name__", "")
        self.curves = named in CURVES or self.cls == "ELU"
        if self.quantizes or (final and named in ("softmax", "sigmoid")):
            config["activation"] = "linear"
        self.dropped = final and self.cls == "Softmax"
        self.plain = kind.from_config(config)
        self.weights = [np.asarray(w, np.float64) for w in self._weights()]

    def _weights(self) -> list[Any]:
        if self.cls not in _PLAIN:
            return list(self.layer.get_weights())
        part = "depthwise" if "Depthwise" in self.cls else "kernel"
        stored = self.layer.depthwise_kernel if part == "depthwise" else self.layer.kernel
        quantizer = getattr(self.layer, f"{part}_quantizer_internal", None)
        kernel = stored if quantizer is None else quantizer(stored)
        if not getattr(self.layer, "use_bias", True):
            return [kernel]
        bias = self.layer.bias
        if getattr(self.layer, "bias_quantizer_internal", None) is not None:
            bias = self.layer.bias_quantizer_internal(bias)
        return [kernel, bias]

    def round_weights(self, rule: tuple[Fixed, bool] | None) -> None:
        """Round float kernels and biases as ``--weight-format`` does."""
        if rule is None or self.plain is None or self.cls.startswith("Q"):
            return
        fixed = rule[0]
        for i, variable in enumerate(self.layer.weights):
            if "kernel" in variable.name:
                units = np.rint(np.ldexp(self.weights[i], fixed.frac))
                self.weights[i] = np.ldexp(np.clip(units, fixed.lo, fixed.hi), -fixed.frac)
            elif "bias" in variable.name:
                frac = fixed.frac + _BIAS_MORE
                self.weights[i] = np.ldexp(np.rint(np.ldexp(self.weights[i], frac)), -frac)

    def __call__(self, ins: list[Any], bits: int | None) -> Any:
        tf = self.tf
        x: Any = ins if len(ins) > 1 else ins[0]
        if self.plain is None:
            if self.cls == "QBatchNormalization":
                return self._normalised(ins[0], bits)
            single = [tf.cast(v, tf.float32) for v in ins]
            layer = self.layer.quantizer if self.cls == "QActivation" else self.layer
            return tf.cast(layer(single if len(single) > 1 else single[0]), tf.float64)
        if self.dropped:
            return x
        if self.cls in ("BatchNormalization", "SyncBatchNormalization"):
            return self._normalised(ins[0], bits)
        if self.cls == "Rescaling":
            scale, offset = (np.float32(getattr(self.layer, k)) for k in ("scale", "offset"))
            return ins[0] * _snapped(scale, bits) + np.float64(offset)
        if self.cls == "Normalization":
            mean, variance = (np.float32(getattr(self.layer, k)) for k in ("mean", "variance"))
            spread = np.maximum(np.sqrt(variance), np.float32(1e-7)).astype(np.float64)
            return (ins[0] - np.float64(mean)) * _snapped(1.0 / spread, bits)
        if "Average" in self.cls and bits is not None:
            return self._mean(ins, bits)
        if self.cls in ("ReLU", "LeakyReLU", "PReLU"):
            return self._rectified(ins[0], bits)
        if self.weights and not self.plain.built:
            self.plain.build(x.shape)
        if self.weights:
            self.plain.set_weights(self.weights)
        done = self.plain(x)
        if self.quantizes:
            done = tf.cast(self.quantizer(tf.cast(done, tf.float32)), tf.float64)
        return done

    def _normalised(self, x: Any, bits: int | None) -> Any:
        layer = self.layer
        parts = {}
        for name, stored in (
            ("gamma", layer.gamma), ("beta", layer.beta),
            ("mean", layer.moving_mean), ("variance", layer.moving_variance),
        ):  # fmt: skip
            quantizer = getattr(layer, f"{name}_quantizer_internal", None)
            value = stored if quantizer is None or stored is None else quantizer(stored)
            default = 0.0 if name == "beta" else 1.0
            parts[name] = np.asarray(default if value is None else value, np.float32)
        total = np.float32(parts["variance"] + np.float32(layer.epsilon)).astype(np.float64)
        factor = _snapped(parts["gamma"].astype(np.float64) / np.sqrt(total), bits)
        mean, beta = (parts[name].astype(np.float64) for name in ("mean", "beta"))
        return (x - mean) * factor + beta

    def _rectified(self, x: Any, bits: int | None) -> Any:
        config, tf = self.layer.get_config(), self.tf
        slope = config.get("alpha", config.get("negative_slope")) or 0.0
        slope = self.layer.alpha.numpy() if self.cls == "PReLU" else slope
        top = config.get("max_value")
        above = tf.maximum(x, 0.0) if top is None else tf.clip_by_value(x, 0.0, float(top))
        return above + _snapped(np.float32(slope), bits) * tf.minimum(x, 0.0)

    def _mean(self, ins: list[Any], bits: int | None) -> Any:
        if self.cls == "Average":
            return self.tf.add_n(ins) * _snapped(1.0 / np.float64(len(ins)), bits)
        total, count = self._sums(ins[0])
        return total * _snapped(1.0 / np.asarray(count, np.float64), bits)

    def summed(self, x: Any) -> Any:
        """Return what the core computes of a mean: its sum over the power of two below."""
        total, count = self._sums(x)
        return total / 2.0 ** np.floor(np.log2(np.max(count)))

    def _sums(self, x: Any) -> tuple[Any, Any]:
        tf, layer = self.tf, self.layer
        axes = list(range(1, len(x.shape) - 1))
        if self.cls.startswith("Global"):
            keep = getattr(layer, "keepdims", False)
            return tf.reduce_sum(x, axes, keepdims=keep), int(np.prod([x.shape[a] for a in axes]))
        flat = len(axes) == 1
        pool, strides = ([*np.ravel(v).tolist()] for v in (layer.pool_size, layer.strides))
        if flat:
            pool, strides = [*pool, 1], [*strides, 1]
        image = x[:, :, None, :] if flat else x
        kernel = np.ones((*pool, int(x.shape[-1]), 1))

        def window(values: Any) -> Any:
            padding = layer.padding.upper()
            made = tf.nn.depthwise_conv2d(values, kernel, [1, *strides, 1], padding)
            return made[:, :, 0, :] if flat else made

        if strides[0] != strides[1]:
            raise NotImplementedError("a mean whose strides differ between the axes")
        return window(image), window(tf.ones_like(image[:1]))


def _snapped(values: Any, bits: int | None) -> F64:
    exact = np.asarray(values, np.float64)
    return exact if bits is None else rounded_factor(exact, bits)


def _needed(config: Mapping[str, Any], cls: str) -> dict[str, Any]:
    keys = {"QDense": ("units",), "QDepthwiseConv2D": ("kernel_size",)}
    return {key: config[key] for key in keys.get(cls, ("filters", "kernel_size"))}


def oracle(
    path: Path, options: Options, inputs: Mapping[str, F64], outside: Sequence[str] = ()
) -> list[F64]:
    """Return the float64 outputs of a model with the formats of *options*, logits at its end.

    Args:
        path: the model file, loaded by Keras itself.
        options: formats, weight formats and the weights file.
        inputs: values by input name, in the model's order, as the core takes them.
        outside: names of layers that scalers of inputs stand for.

    Raises:
        ToolMissing: TensorFlow or QKeras is not installed.
        ToolFailed: this Keras cannot load the file.
    """
    return outputs_of(opened(path, options.weights), options, inputs, outside)


def outputs_of(
    found: Opened, options: Options, inputs: Mapping[str, F64], outside: Sequence[str] = ()
) -> list[F64]:
    """Return the float64 outputs of a model that is open, as `oracle` does."""
    network = cut(found.network, options.outputs)
    conversion = Conversion(found.stored, network, options)
    tf = import_tensorflow().framework
    made = _Oracle(tf, found.model, network, conversion, options, frozenset(outside))
    return made.run({name: np.asarray(x, np.float64) for name, x in inputs.items()})
