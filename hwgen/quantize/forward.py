# SPDX-License-Identifier: Apache-2.0
"""Forward pass of a Keras model in float64, in numpy: what calibration and deviations are made of.

It follows the definition of every layer at inference. Quantizers of QKeras are applied where the
model has them. A final softmax or sigmoid is left out, as in the core.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from hwgen.errors import UnsupportedLayer
from hwgen.frontends.exact.steps import CURVES, Rectify, real
from hwgen.frontends.keras.file import KerasModel
from hwgen.frontends.keras.layer_classes import CLASSES
from hwgen.frontends.keras.network import Call, Layer, Network
from hwgen.frontends.keras.topology import parse
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.activations import read_activation
from hwgen.frontends.qkeras.chosen_outputs import cut
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.quantizers import Quantizer, parse_quantizer
from hwgen.frontends.qkeras.weights import OWN_QUANTIZER, pruned, weight
from hwgen.quantize import functions_linear, functions_shape
from hwgen.quantize.registry import F64, FUNCTIONS

Hook: TypeAlias = Callable[[Call, F64], F64]
Weights: TypeAlias = Mapping[str, F64]
# Importing a module of functions enters them.
FUNCTION_MODULES = (functions_linear, functions_shape)


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
    def of(cls, model: KerasModel, options: Options | None = None) -> Forward:
        """Return the forward pass of a model, or of the outputs and with the masks of *options*."""
        options = options or Options()
        whole = parse(model.config, model.source)
        network = cut(whole, options.outputs)
        pruned = Options(masks=options.masks)
        return cls(model, network, Conversion(model, network, pruned, whole), {})

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
        if name in CLASSES[layer.cls].kernels:
            spec = OWN_QUANTIZER.get(layer.cls, spec)
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
