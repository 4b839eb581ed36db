# SPDX-License-Identifier: Apache-2.0
"""Forward pass of a Keras model in float64, in numpy: what calibration and deviations are made of.

It follows the definition of every layer at inference. Quantizers of QKeras are applied where the
model has them. A final softmax or sigmoid is left out, as in the core.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from hwgen.errors import UnsupportedLayer
from hwgen.frontends.exact.steps import CURVES, Leak, Rectify, f32, real
from hwgen.frontends.keras.file import KerasModel
from hwgen.frontends.keras.layer_classes import CLASSES
from hwgen.frontends.keras.network import Call, Layer, Network
from hwgen.frontends.keras.settings import number, pairs, whole, wholes
from hwgen.frontends.keras.topology import parse
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.activations import read_activation
from hwgen.frontends.qkeras.chosen_outputs import cut
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.layers_linear import padding
from hwgen.frontends.qkeras.quantizers import Quantizer, parse_quantizer
from hwgen.frontends.qkeras.weights import pruned, weight

F64: TypeAlias = npt.NDArray[np.float64]
Hook: TypeAlias = Callable[[Call, F64], F64]
Weights: TypeAlias = Mapping[str, F64]
Function: TypeAlias = Callable[["Forward", Layer, Sequence[F64]], F64]
# What a layer computes, by class, its activation left out.
FUNCTIONS: dict[str, Function] = {}


def _computes(*classes: str) -> Callable[[Function], Function]:
    def enter(function: Function) -> Function:
        FUNCTIONS.update(dict.fromkeys(classes, function))
        return function

    return enter


@dataclass(frozen=True)
class Forward:
    """A Keras model that can be run.

    Attributes:
        model: as read.
        network: its calls.
        conversion: for weights as the model stores them.
        changed: weights that take the place of the stored ones, by ``layer key/variable``.
    """

    model: KerasModel
    network: Network
    conversion: Conversion
    changed: Weights

    @classmethod
    def of(
        cls, model: KerasModel, changed: Weights | None = None, options: Options | None = None
    ) -> Forward:
        """Return the forward pass of a model, or of the outputs and with the masks of *options*."""
        options = options or Options()
        whole = parse(model.config, model.source)
        network = cut(whole, options.outputs)
        pruned = Options(masks=options.masks)
        return cls(
            model,
            network,
            Conversion(model, network, pruned, whole),
            {} if changed is None else changed,
        )

    def weight(self, layer: Layer, name: str) -> F64:
        """Return a weight array, quantized where the model quantizes it."""
        key = f"{layer.key}/{name}"
        if key in self.changed:
            return self.changed[key]
        kernel = name in CLASSES[layer.cls].kernels
        floats = (pruned if kernel else weight)(self.conversion, layer, name)
        if (q := self.quantizer(layer, name)) is not None:
            return q.quantize(floats, kernel=kernel).value()
        return floats.astype(np.float64)

    def quantizer(self, layer: Layer, name: str) -> Quantizer | None:
        """Return the quantizer of a weight array, None without one."""
        keys = CLASSES[layer.cls].kernels.get(name, (f"{name}_quantizer",))
        spec = next((layer.config[k] for k in keys if layer.config.get(k)), None)
        return None if spec is None else parse_quantizer(spec, layer.where)

    def bias(self, layer: Layer) -> F64 | float:
        """Return the bias of a layer, 0 without one."""
        changed = f"{layer.key}/bias" in self.changed
        uses = layer.config.get("use_bias", True)
        return self.weight(layer, "bias") if uses or changed else 0.0

    def run(self, inputs: Mapping[str, F64], after: Hook | None = None) -> dict[str, F64]:
        """Return every tensor of the network.

        Args:
            inputs: by input name, ``(samples, *shape)``.
            after: what is done to the output of every call.

        Raises:
            UnsupportedLayer: a layer that this pass does not know.
        """
        names = {tensor: name for name, tensor in self.network.inputs}
        values: dict[str, F64] = {}
        for call in self.network.calls:
            if call.output in names:
                made = np.asarray(inputs[names[call.output]], np.float64)
            elif call.layer.cls == "InputLayer":
                made = values[call.inputs[0]]
            else:
                made = self.call(call, [values[name] for name in call.inputs])
            values[call.output] = made if after is None else after(call, made)
        return values

    def call(self, call: Call, ins: Sequence[F64]) -> F64:
        """Return the output of one call."""
        layer = call.layer
        if layer.cls not in FUNCTIONS:
            raise UnsupportedLayer(
                f"a {layer.cls} cannot be calibrated",
                layer.where,
                "quantize the model with QKeras layers; hwgen ops lists what is read",
            )
        return self.activated(layer, FUNCTIONS[layer.cls](self, layer, ins), self.final(call))

    def final(self, call: Call) -> bool:
        """Tell whether a call's output leaves the network and is read by nothing in it."""
        leaves = call.output in self.network.leaving
        return leaves and call.output not in self.conversion.readers

    def activated(self, layer: Layer, x: F64, final: bool) -> F64:
        """Return a value behind the activation of a layer, a final softmax or sigmoid left out."""
        spec = layer.config.get("activation")
        text = spec.get("config") if isinstance(spec, Mapping) else spec
        if isinstance(text, str) and text in CURVES and not (text == "sigmoid" and final):
            return CURVES[text](x)
        made = read_activation(spec, layer)
        if isinstance(made, Rectify):
            return real(made, x)
        if isinstance(made, str) and not final:
            raise UnsupportedLayer(
                f"{made} inside the network has no exact integer form",
                layer.where,
                "only a final one can be left out",
            )
        if made is None or isinstance(made, str):
            return x
        return np.ldexp(made.code(x).astype(np.float64), -made.frac) * made.alpha


# -------------------------------------------------------------------- products


@_computes("Dense", "QDense")
def _dense(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    return np.asarray(ins[0] @ f.weight(layer, "kernel") + f.bias(layer))


def _windows(
    layer: Layer, x: F64, window: tuple[int, ...], strides: tuple[int, ...], fill: float = 0.0
) -> F64:
    """Return ``(samples, *places, channels, *window)``."""
    rank = len(window)
    dilation = wholes(layer, "dilation_rate", 1, rank)
    pads = padding(layer, x.shape[1:-1], window, strides, dilation)
    padded = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=fill)
    reach = tuple((k - 1) * d + 1 for k, d in zip(window, dilation, strict=True))
    axes = tuple(range(1, rank + 1))
    views: Any = sliding_window_view(padded, reach, axis=axes)  # type: ignore[call-overload]
    picks = [slice(None), *(slice(None, None, s) for s in strides), slice(None)]
    picks += [slice(None, None, d) for d in dilation]
    return np.asarray(views[tuple(picks)])


def _product(f: Forward, layer: Layer, x: F64, kernel: F64) -> F64:
    *window, cin, cout = kernel.shape
    rank = len(window)
    views = _windows(layer, x, tuple(window), wholes(layer, "strides", 1, rank))
    groups = whole(layer, "groups", 1)
    axes = [rank + 1 + i for i in range(rank + 1)]  # channels, then the window
    turned = np.moveaxis(kernel, -2, 0)
    parts = []
    for g in range(groups):
        part: Any = (..., slice(g * cin, (g + 1) * cin), *[slice(None)] * rank)
        own = views[part]
        outs = slice(g * (cout // groups), (g + 1) * (cout // groups))
        parts.append(np.tensordot(own, turned[..., outs], (axes, list(range(rank + 1)))))
    return np.concatenate(parts, axis=-1)


@_computes("Conv1D", "Conv2D", "QConv1D", "QConv2D")
def _conv(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    return np.asarray(_product(f, layer, ins[0], f.weight(layer, "kernel")) + f.bias(layer))


def _per_channel(layer: Layer, x: F64, kernel: F64) -> F64:
    """Return the depthwise product."""
    *window, cin, multiplier = kernel.shape
    rank = len(window)
    views = _windows(layer, x, tuple(window), wholes(layer, "strides", 1, rank))
    turned = np.moveaxis(kernel, -2, 0)  # channels, *window, multiplier
    letters = "uvw"[:rank]
    made = np.einsum(f"...c{letters},c{letters}m->...cm", views, turned, optimize=True)
    return np.asarray(made.reshape(*made.shape[:-2], cin * multiplier))


@_computes("DepthwiseConv1D", "DepthwiseConv2D", "QDepthwiseConv2D")
def _depthwise(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    made = _per_channel(layer, ins[0], f.weight(layer, "depthwise_kernel"))
    return np.asarray(made + f.bias(layer))


@_computes("SeparableConv1D", "SeparableConv2D", "QSeparableConv1D", "QSeparableConv2D")
def _separable(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    middle = _per_channel(layer, ins[0], f.weight(layer, "depthwise_kernel"))
    pointwise = f.weight(layer, "pointwise_kernel")
    return np.asarray(middle @ pointwise.reshape(pointwise.shape[-2:]) + f.bias(layer))


# -------------------------------------------------------------------- normalisation, activations


def norm_line(f: Forward, layer: Layer) -> tuple[F64, F64]:
    """Return factor and term of a batch normalisation."""
    mean, variance = f.weight(layer, "moving_mean"), f.weight(layer, "moving_variance")
    gamma = f.weight(layer, "gamma") if layer.config.get("scale", True) else np.ones_like(mean)
    beta = f.weight(layer, "beta") if layer.config.get("center", True) else np.zeros_like(mean)
    factor = gamma / np.sqrt(variance + number(layer, "epsilon", 1e-3))
    return factor, beta - mean * factor


@_computes("BatchNormalization", "SyncBatchNormalization")
def _norm(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    factor, term = norm_line(f, layer)
    return np.asarray(ins[0] * factor + term)


@_computes("Rescaling")
def _rescaling(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    scale, offset = (np.asarray(layer.config.get(k, d)) for k, d in (("scale", 1), ("offset", 0)))
    return np.asarray(ins[0] * scale.astype(np.float64) + offset.astype(np.float64))


@_computes("ReLU")
def _relu(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    slope, top = number(layer, "negative_slope", 0.0), number(layer, "max_value", np.inf)
    return real(Rectify(slope, top), ins[0])


@_computes("LeakyReLU")
def _leaky(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    key = "alpha" if "alpha" in layer.config else "negative_slope"
    return real(Rectify(number(layer, key, 0.3)), ins[0])


@_computes("PReLU")
def _prelu(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    return real(Leak(f32(f.weight(layer, "alpha"))), ins[0])


@_computes(
    "Activation", "QActivation", "Softmax", "Dropout", "SpatialDropout1D", "SpatialDropout2D",
    "AlphaDropout", "GaussianDropout", "GaussianNoise", "ActivityRegularization",
)  # fmt: skip
def _same(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    return ins[0]


# -------------------------------------------------------------------- pooling


def _pool(layer: Layer, x: F64, fill: float) -> F64:
    rank = x.ndim - 2
    pool = wholes(layer, "pool_size", 2, rank)
    views = _windows(layer, x, pool, wholes(layer, "strides", pool, rank), fill)
    return views.reshape(*views.shape[:-rank], -1)


@_computes("MaxPooling1D", "MaxPooling2D")
def _max(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    return np.asarray(_pool(layer, ins[0], -np.inf).max(axis=-1))


@_computes("AveragePooling1D", "AveragePooling2D")
def _mean(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    count = _pool(layer, np.ones_like(ins[0][:1]), 0.0).sum(axis=-1)
    return np.asarray(_pool(layer, ins[0], 0.0).sum(axis=-1) / count)


def _over_all(layer: Layer, x: F64, by: Callable[..., F64]) -> F64:
    keep = bool(layer.config.get("keepdims"))
    return np.asarray(by(x, axis=tuple(range(1, x.ndim - 1)), keepdims=keep))


@_computes("GlobalMaxPooling1D", "GlobalMaxPooling2D")
def _global_max(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    return _over_all(layer, ins[0], np.max)


@_computes("GlobalAveragePooling1D", "GlobalAveragePooling2D")
def _global_mean(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    return _over_all(layer, ins[0], np.mean)


# -------------------------------------------------------------------- moving and merging


@_computes("Flatten")
def _flatten(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    return ins[0].reshape(len(ins[0]), -1)


@_computes("Reshape")
def _reshape(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    return ins[0].reshape(len(ins[0]), *wholes(layer, "target_shape", (), least=-1))


@_computes("Permute")
def _permute(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    return np.transpose(ins[0], (0, *wholes(layer, "dims", ())))


@_computes("ZeroPadding1D", "ZeroPadding2D")
def _zeros(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    return np.pad(ins[0], [(0, 0), *pairs(layer, "padding", ins[0].ndim - 2), (0, 0)])


@_computes("Cropping1D", "Cropping2D")
def _crop(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    ends = pairs(layer, "cropping", ins[0].ndim - 2)
    cuts = [slice(a, n - b) for (a, b), n in zip(ends, ins[0].shape[1:-1], strict=True)]
    return ins[0][(slice(None), *cuts)]


@_computes("UpSampling1D", "UpSampling2D")
def _upsample(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    made = ins[0]
    for axis, times in enumerate(wholes(layer, "size", 2, made.ndim - 2), start=1):
        made = np.repeat(made, times, axis=axis)
    return made


def _folded(by: Callable[[F64, F64], F64]) -> Function:
    def merge(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
        made = ins[0]
        for x in ins[1:]:
            made = by(made, x)
        return made

    return merge


for _cls, _by in (
    ("Add", np.add), ("Subtract", np.subtract), ("Multiply", np.multiply),
    ("Maximum", np.maximum), ("Minimum", np.minimum),
):  # fmt: skip
    FUNCTIONS[_cls] = _folded(_by)


@_computes("Average")
def _average(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    return np.asarray(sum(ins) / np.float64(len(ins)))


@_computes("Concatenate")
def _concatenate(f: Forward, layer: Layer, ins: Sequence[F64]) -> F64:
    return np.concatenate(ins, axis=whole(layer, "axis", -1, None))
