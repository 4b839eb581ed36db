# SPDX-License-Identifier: Apache-2.0
"""Layer classes of Keras and QKeras: one record each, read by everything that asks about a class.

A record says which variables a file stores for a layer, which of them are kernels and by which
settings they are quantized, and how the layer may be moved about. Adding a layer is a record here
and a handler in ``frontends/qkeras``; a class without a handler has a record when its variables
must be read (and a message must name it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MODELS = ("Sequential", "Functional", "Model")
PRUNING, TIMED = "PruneLowMagnitude", "TimeDistributed"
WRAPPERS = (PRUNING, TIMED)


@dataclass(frozen=True)
class Variable:
    """A variable of a layer; present when the setting *when* is true, always without one.

    Attributes:
        name: its short name.
        when: a setting whose default is true.
        inner: an inner batch normalisation holds it, so archives number it apart.
    """

    name: str
    when: str = ""
    inner: bool = False


@dataclass(frozen=True)
class LayerClass:
    """What is known of a layer class.

    Attributes:
        variables: in the order of ``get_weights()``; None when they are not known.
        kernels: variable name to the settings that may hold its quantizer, the first one wins.
        more_with: a setting under which further variables are stored, so that none is checked.
        merges: the layer takes several tensors.
        transparent: the layer moves values or does nothing, so that a quantizer behind it may as
            well stand in front.
        alike: the layer treats every position alike: TimeDistributed around it changes nothing.
    """

    variables: tuple[Variable, ...] | None = None
    kernels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    more_with: str = ""
    merges: bool = False
    transparent: bool = False
    alike: bool = False


_BIAS = Variable("bias", "use_bias")
_AFFINE = (Variable("gamma", "scale"), Variable("beta", "center"))
_MOVING = (Variable("moving_mean"), Variable("moving_variance"))
_DEPTHWISE_KERNEL = {"depthwise_kernel": ("depthwise_quantizer", "kernel_quantizer")}


def _folded(kernel: str, kernels: Mapping[str, tuple[str, ...]]) -> LayerClass:
    """Return the record of a convolution with a batch normalisation folded into its kernel."""
    inside = tuple(Variable(v.name, v.when, inner=True) for v in (*_AFFINE, *_MOVING))
    names = (Variable(kernel), _BIAS, *inside[:2], Variable("iteration"), *inside[2:])
    return LayerClass(names, kernels)


_KERNEL = {"kernel": ("kernel_quantizer",)}
_DENSE = LayerClass((Variable("kernel"), _BIAS), _KERNEL, alike=True)
_CONV = LayerClass((Variable("kernel"), _BIAS), _KERNEL)
_DEPTHWISE = LayerClass((Variable("depthwise_kernel"), _BIAS), _DEPTHWISE_KERNEL)
_SEPARABLE = LayerClass(
    (Variable("depthwise_kernel"), Variable("pointwise_kernel"), _BIAS),
    {**_DEPTHWISE_KERNEL, "pointwise_kernel": ("pointwise_quantizer",)},
)
_NORM = LayerClass((*_AFFINE, *_MOVING), more_with="renorm")
_PLAIN, _ALIKE = LayerClass(), LayerClass(alike=True)
_MOVES, _MERGES = LayerClass(transparent=True), LayerClass(merges=True)

CLASSES: Mapping[str, LayerClass] = {
    "InputLayer": _PLAIN,
    # products
    "Dense": _DENSE,
    "QDense": _DENSE,
    "Conv1D": _CONV,
    "Conv2D": _CONV,
    "QConv1D": _CONV,
    "QConv2D": _CONV,
    "DepthwiseConv1D": _DEPTHWISE,
    "DepthwiseConv2D": _DEPTHWISE,
    "QDepthwiseConv2D": _DEPTHWISE,
    "SeparableConv1D": _SEPARABLE,
    "SeparableConv2D": _SEPARABLE,
    "QSeparableConv1D": _SEPARABLE,
    "QSeparableConv2D": _SEPARABLE,
    "QConv2DBatchnorm": _folded("kernel", _KERNEL),
    "QDepthwiseConv2DBatchnorm": _folded("depthwise_kernel", _DEPTHWISE_KERNEL),
    "BatchNormalization": _NORM,
    "SyncBatchNormalization": _NORM,
    "QBatchNormalization": _NORM,
    # activations
    "Activation": _ALIKE,
    "QActivation": _ALIKE,
    "ReLU": _ALIKE,
    "LeakyReLU": _ALIKE,
    "Softmax": _ALIKE,
    # nothing at inference
    "Dropout": LayerClass(transparent=True, alike=True),
    "SpatialDropout1D": _MOVES,
    "SpatialDropout2D": _MOVES,
    "AlphaDropout": _PLAIN,
    "GaussianDropout": _MOVES,
    "GaussianNoise": _MOVES,
    "ActivityRegularization": _PLAIN,
    # pooling
    "MaxPooling1D": _PLAIN,
    "MaxPooling2D": _PLAIN,
    "AveragePooling1D": _PLAIN,
    "AveragePooling2D": _PLAIN,
    "QAveragePooling2D": _PLAIN,
    "GlobalMaxPooling1D": _PLAIN,
    "GlobalMaxPooling2D": _PLAIN,
    "GlobalAveragePooling1D": _PLAIN,
    "GlobalAveragePooling2D": _PLAIN,
    "QGlobalAveragePooling2D": _PLAIN,
    # moving elements
    "Flatten": _MOVES,
    "Reshape": _MOVES,
    "Permute": _MOVES,
    "Cropping1D": _MOVES,
    "Cropping2D": _MOVES,
    "ZeroPadding1D": _MOVES,
    "ZeroPadding2D": _MOVES,
    "UpSampling1D": _MOVES,
    "UpSampling2D": _MOVES,
    # merging
    "Add": _MERGES,
    "Subtract": _MERGES,
    "Average": _MERGES,
    "Multiply": _MERGES,
    "Maximum": _MERGES,
    "Minimum": _MERGES,
    "Concatenate": _MERGES,
    # read, but without a handler
    "BinaryDense": _DENSE,
    "TernaryDense": _DENSE,
    "Conv3D": _CONV,
    "Conv1DTranspose": _CONV,
    "Conv2DTranspose": _CONV,
    "Conv3DTranspose": _CONV,
    "QConv2DTranspose": _CONV,
    "PReLU": LayerClass((Variable("alpha"),)),
}

ALIKE = frozenset(name for name, record in CLASSES.items() if record.alike)
