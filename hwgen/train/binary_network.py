# SPDX-License-Identifier: Apache-2.0
"""Binary networks in Keras and QKeras: every matrix product is of one-bit operands.

The block is that of BCNN (Redfern, Zhu, Newquist, arXiv 2010.00704) as ReActNet (arXiv 2003.03488)
and FracBNN (arXiv 2012.12206) state it in their sources: a 3x3 and a 1x1 convolution, each with a
shortcut of its own around it,

    x + shift(PReLU(BN(conv(sign(shift(x))))))

where a smaller map is a 2x2 mean on the shortcut and twice the channels are the shortcut joined
with itself, so no shortcut has a product. What is added to the shortcut is rounded to a grid
(``Network.branch``), so a map is integers, and a shift with a sign behind it is one threshold a
channel. (FracBNN has a batch norm in front of the sign. On a map of few values that is brittle: a
mean that moves a little takes a threshold past one of them, and with it much of a channel.)

A network is made three times with equal variables, for the steps of the procedure in
`hwgen.train.bcnn`: ``float``, ``activations`` (these are one bit), ``weights`` (these too); and
once more for its file, of layers that Keras and QKeras have.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any, Literal, TypeAlias

import numpy as np

Step: TypeAlias = Literal["float", "activations", "weights", "file"]
PIXELS, LEVELS = 28, 256


@dataclass(frozen=True)
class Network:
    """A binary network for square pictures of 8-bit pixels.

    Attributes:
        name: of the model.
        bits: thermometer bits a pixel: bit i is +1 from ``(i + 1/2) * 256 / bits`` on. FracBNN has
            32 a colour; MNIST pictures are nearly black and white.
        pool: side of the window whose mean replaces the pixels; 1 keeps them.
        stem: channels of the first convolution, 3x3 with stride 2; 0 makes a dense network.
        blocks: channels behind every block; a block with twice the channels halves the map.
        hidden: widths of the dense layers in front of the last.
        branch: grid of what a block adds to its shortcut, as quantized_bits(bits, integer bits).
            FracBNN has 4 bits on the shortcuts of its larger network.
        classes: outputs of the last layer.
        offset: bits of its offsets, which count in its sums.
        temperature: the logits are the sums of the last layer times ``2**-temperature``. About half
            the logarithm of their terms, so that they begin near one; no decision depends on it.
    """

    name: str
    bits: int = 8
    pool: int = 1
    stem: int = 24
    blocks: tuple[int, ...] = (24, 48)
    hidden: tuple[int, ...] = ()
    branch: tuple[int, int] = (4, 1)
    classes: int = 10
    offset: int = 8
    temperature: int = 5


CNN = Network("bcnn")
MLP = Network("bmlp", bits=2, pool=2, stem=0, blocks=(), hidden=(64, 64), temperature=3)
NETWORKS = {"cnn": CNN, "mlp": MLP}


@cache
def layers() -> SimpleNamespace:
    """Return the layers of training: `Sign` and `Shift`."""
    import tensorflow as tf

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def sign(x: Any) -> tuple[Any, Any]:
        # The derivative of a piecewise polynomial near the sign: Bi-Real Net, arXiv 1808.00278.
        return tf.where(x >= 0, 1.0, -1.0), lambda up: up * tf.nn.relu(2.0 - 2.0 * tf.abs(x))

    class Sign(tf.keras.layers.Layer):  # type: ignore[misc]
        """Sign of each element, +1 at zero."""

        def call(self, inputs: Any) -> Any:
            return sign(inputs)

    class Shift(tf.keras.layers.Layer):  # type: ignore[misc]
        """A trained term a channel."""

        def build(self, shape: Any) -> None:
            self.term = self.add_weight("term", shape[-1:], initializer="zeros")

        def call(self, inputs: Any) -> Any:
            return inputs + self.term

    return SimpleNamespace(Sign=Sign, Shift=Shift)


class _Builder:
    """Layers of one network for one step, each with the name that it has in all of them."""

    def __init__(self, network: Network, step: Step, terms: dict[str, list[float]], decay: float):
        import qkeras
        import tensorflow as tf

        self.q, self.keras, self.k = qkeras, tf.keras, tf.keras.layers
        self.network, self.step, self.terms, self.decay = network, step, terms, decay
        self.count = 0

    def bits(self, x: Any) -> Any:
        """Return thermometer bits of the pixels in place of their channel."""
        network = self.network
        if network.pool > 1:
            x = self.k.AveragePooling2D(network.pool, name="pool")(x)
        copies = x if network.bits == 1 else self.k.Concatenate(name="copies")([x] * network.bits)
        steps = [-(i + 0.5) * LEVELS / network.bits for i in range(network.bits)]
        moved = self.k.Rescaling(1.0, steps, name="levels")(copies)
        if self.step == "file":
            return self.q.QActivation("binary(alpha=1)", name="bits")(moved)
        return layers().Sign(name="bits")(moved)

    def shift(self, x: Any, name: str) -> Any:
        """Return x with a trained term a channel."""
        if self.step == "file":
            return self.k.Rescaling(1.0, self.terms[name], name=name)(x)
        return layers().Shift(name=name)(x)

    def sign(self, x: Any, name: str) -> Any:
        """Return the sign; a ReLU stands in its place in the float network."""
        if self.step == "float":
            return self.k.ReLU(name=f"{name}_sign")(x)
        if self.step == "file":
            return self.q.QActivation("binary(alpha=1)", name=f"{name}_sign")(x)
        return layers().Sign(name=f"{name}_sign")(x)

    def norm(self, x: Any, name: str) -> Any:
        """Return the batch normalisation."""
        return self.k.BatchNormalization(momentum=0.95, name=name)(x)

    def product(self, scale: float = 1.0) -> dict[str, Any]:
        """Return the settings of a layer with weights, its start values drawn from its number."""
        self.count += 1
        start = self.keras.initializers.GlorotUniform(self.count)
        made: dict[str, Any] = {"kernel_quantizer": None, "kernel_initializer": start}
        if self.step in ("weights", "file"):
            made["kernel_quantizer"] = self.q.binary(alpha=scale)
        if self.step == "activations" and self.decay:
            made["kernel_regularizer"] = self.keras.regularizers.L2(self.decay / 2)
        return made

    def conv(self, x: Any, filters: int, size: int, stride: int, name: str) -> Any:
        """Return a convolution with zeros around the map."""
        settings = {"use_bias": False, "name": name, **self.product()}
        return self.q.QConv2D(filters, size, stride, "same", **settings)(x)

    def branch(self, x: Any, name: str) -> Any:
        """Return BN, PReLU and shift of a convolution, rounded to the grid of the shortcut."""
        x = self.norm(x, f"{name}_bn")
        x = self.k.PReLU(
            self.keras.initializers.Constant(0.25),
            alpha_constraint=self.keras.constraints.NonNeg(),
            shared_axes=[1, 2],
            name=f"{name}_prelu",
        )(x)
        x = self.shift(x, f"{name}_shift")
        bits, integer = self.network.branch
        if self.step == "float":
            return x
        grid = self.q.quantized_bits(bits, integer, alpha=1)
        return self.q.QActivation(grid, name=f"{name}_grid")(x)

    def half(self, x: Any, channels: int, size: int, stride: int, name: str) -> Any:
        """Return one convolution of a block with its shortcut."""
        bits = self.sign(self.shift(x, f"{name}_level"), name)
        made = self.conv(bits, channels, size, stride, name)
        short = x if stride == 1 else self.k.AveragePooling2D(stride, name=f"{name}_mean")(x)
        if channels == 2 * x.shape[-1]:
            short = self.k.Concatenate(name=f"{name}_twice")([short, short])
        return self.k.Add(name=f"{name}_sum")([self.branch(made, name), short])

    def block(self, x: Any, channels: int, name: str) -> Any:
        """Return a block: 3x3, then 1x1."""
        width = x.shape[-1]
        if channels not in (width, 2 * width):
            raise ValueError(f"{name}: {channels} channels behind {width}")
        x = self.half(x, width, 3, 1 if channels == width else 2, f"{name}_3x3")
        return self.half(x, channels, 1, 1, f"{name}_1x1")

    def last(self, x: Any) -> Any:
        """Return the logits: sums of bits, and an offset a class."""
        bits, fraction = self.network.offset, self.network.temperature
        settings = self.product(2.0**-fraction)
        if self.step in ("weights", "file"):
            settings["bias_quantizer"] = self.q.quantized_bits(bits, bits - 1 - fraction, alpha=1)
        return self.q.QDense(self.network.classes, name="classes", **settings)(x)

    def model(self) -> Any:
        """Return the whole network."""
        network = self.network
        first = x = self.k.Input((PIXELS, PIXELS, 1), name="pixels")
        if self.step == "file":
            grid = self.q.quantized_bits(8, 8, keep_negative=False, alpha=1)
            x = self.q.QActivation(grid, name="grid")(x)
        x = self.bits(x)
        if network.stem:
            x = self.branch(self.conv(x, network.stem, 3, 2, "stem"), "stem")
        for i, channels in enumerate(network.blocks, 1):
            x = self.block(x, channels, f"block{i}")
        if network.stem:
            x = self.sign(self.shift(x, "last_level"), "last")
        x = self.k.Flatten(name="flat")(x)
        for i, width in enumerate(network.hidden, 1):
            x = self.q.QDense(width, use_bias=False, name=f"fc{i}", **self.product())(x)
            x = self.sign(self.norm(x, f"fc{i}_bn"), f"fc{i}")
        return self.keras.Model(first, self.last(x), name=network.name)


def make(network: Network, step: Step, decay: float = 0.0) -> Any:
    """Return a network for a step of training, its variables at their start values.

    Args:
        network: what to make.
        step: of the procedure.
        decay: factor of the squares of real kernels in the loss, with binary activations.
    """
    return _Builder(network, step, {}, decay).model()


def for_file(network: Network, trained: Any) -> Any:
    """Return a trained network of the last step in layers that Keras and QKeras have."""
    terms = {
        layer.name: [float(t) for t in np.asarray(layer.term)]
        for layer in trained.layers
        if isinstance(layer, layers().Shift)
    }
    model = _Builder(network, "file", terms, 0.0).model()
    adopt(model, trained)
    return model


def adopt(model: Any, source: Any) -> None:
    """Give every layer the variables of the layer of that name."""
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(source.get_layer(layer.name).get_weights())
