# SPDX-License-Identifier: Apache-2.0
"""Layer classes of Keras and QKeras: one record each, read by everything that asks about a class.

A record says which variables a file stores for a layer, which of them are kernels and by which
settings they are quantized, and how the layer may be moved about. Adding a layer is a record here
and a handler in ``frontends/qkeras``; a class without a handler has a record when its variables
must be read (and a message must name it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

MODELS = ("Sequential", "Functional", "Model")
PRUNING, TIMED = "PruneLowMagnitude", "TimeDistributed"
WRAPPERS = (PRUNING, TIMED)
# Packages under which Keras, QKeras and the pruning toolkit register what they define. "Custom" is
# what Keras writes when a script names none.
PACKAGES = frozenset(
    {
        *("", "Custom", "Keras", "keras", "tf_keras", "tensorflow", "qkeras", "builtins"),
        *("tensorflow_model_optimization", "tfmot"),
    }
)


def package_of(spec: Mapping[str, Any]) -> str:
    """Return the package under which a class or function is registered, "" where none is named.

    >>> package_of({"class_name": "qkeras>QDense"}), package_of({"module": "keras.layers"})
    ('qkeras', 'keras')
    """
    for text in (spec.get("registered_name"), spec.get("class_name")):
        package, mark, _ = str(text or "").rpartition(">")
        if mark:
            return package
    module = spec.get("module")
    return module.partition(".")[0] if isinstance(module, str) else ""


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
    """Record of a layer class: all that is known of it.

    Attributes:
        variables: in the order of ``get_weights()``; None when they are not known.
        kernels: variable name to the settings that may hold its quantizer, the first one wins.
        more_with: a setting under which further variables are stored, so that none is checked.
        merges: the layer takes several tensors.
        transparent: the layer moves values or does nothing, so that a quantizer behind it may as
            well stand in front.
        alike: the layer treats every position alike: TimeDistributed around it changes nothing.
        trains: the layer does something else in training mode, or holds what does.
        settings: the keys of its settings, besides those that every layer may carry.
    """

    variables: tuple[Variable, ...] | None = None
    kernels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    more_with: str = ""
    merges: bool = False
    transparent: bool = False
    alike: bool = False
    trains: bool = False
    settings: tuple[str, ...] = ()


_BIAS = Variable("bias", "use_bias")
_AFFINE = (Variable("gamma", "scale"), Variable("beta", "center"))
_MOVING = (Variable("moving_mean"), Variable("moving_variance"))
_KERNEL = {"kernel": ("kernel_quantizer",)}
_DEPTHWISE_KERNEL = {"depthwise_kernel": ("depthwise_quantizer", "kernel_quantizer")}


def _of(*parts: str) -> tuple[str, ...]:
    """Return the settings that Keras keeps of every trained part."""
    ends = ("initializer", "regularizer", "constraint")
    return tuple(f"{part}_{end}" for part in parts for end in ends)


_PRODUCT = ("activation", "use_bias", *_of("bias"), "activity_regularizer")
_WINDOW = ("kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups")
_Q_BIAS = ("bias_quantizer", "bias_range")
_Q_KERNEL = ("kernel_quantizer", "kernel_range", *_Q_BIAS)
_Q_DEPTHWISE = ("depthwise_quantizer", "depthwise_range", *_Q_BIAS)
_NORMS = (
    *("axis", "momentum", "epsilon", "center", "scale", *_of("beta", "gamma")),
    *("moving_mean_initializer", "moving_variance_initializer"),
)
_RENORM = ("renorm", "renorm_clipping", "renorm_momentum", "fused", "virtual_batch_size")
_FOLDING = ("ema_freeze_delay", "folding_mode")
_POOL = ("pool_size", "strides", "padding", "data_format")
_AVERAGE = ("average_quantizer", "activation")
_GLOBAL = ("data_format", "keepdims")


def _product(*settings: str, trains: bool = False, alike: bool = False) -> LayerClass:
    keys = (*_PRODUCT, *_of("kernel"), *settings)
    variables = (Variable("kernel"), _BIAS)
    return LayerClass(variables, _KERNEL, alike=alike, trains=trains, settings=keys)


def _depthwise(*settings: str, trains: bool = False) -> LayerClass:
    # Keras keeps the kernel's own settings beside the depthwise ones in some releases.
    keys = (*_PRODUCT, *_WINDOW, "depth_multiplier", *_of("depthwise", "kernel"), *settings)
    variables = (Variable("depthwise_kernel"), _BIAS)
    return LayerClass(variables, _DEPTHWISE_KERNEL, trains=trains, settings=keys)


def _separable(*settings: str, trains: bool = False) -> LayerClass:
    parts = _of("depthwise", "pointwise", "kernel")
    return LayerClass(
        (Variable("depthwise_kernel"), Variable("pointwise_kernel"), _BIAS),
        {**_DEPTHWISE_KERNEL, "pointwise_kernel": ("pointwise_quantizer",)},
        trains=trains,
        settings=(*_PRODUCT, *_WINDOW, "filters", "depth_multiplier", *parts, *settings),
    )


def _folded(kernel: str, plain: LayerClass) -> LayerClass:
    """Return the record of a convolution with a batch normalisation folded into its kernel."""
    inside = tuple(Variable(v.name, v.when, inner=True) for v in (*_AFFINE, *_MOVING))
    names = (Variable(kernel), _BIAS, *inside[:2], Variable("iteration"), *inside[2:])
    return replace(plain, variables=names, settings=(*plain.settings, *_NORMS, *_FOLDING))


def _norm(*settings: str) -> LayerClass:
    keys = (*_NORMS, *settings)
    return LayerClass((*_AFFINE, *_MOVING), more_with="renorm", trains=True, settings=keys)


def _moves(*settings: str) -> LayerClass:
    return LayerClass(transparent=True, settings=settings)


def _noise(*settings: str, transparent: bool = True, alike: bool = False) -> LayerClass:
    keys = (*settings, "seed", "noise_shape", "data_format")
    return LayerClass(transparent=transparent, alike=alike, trains=True, settings=keys)


def _plain(*settings: str) -> LayerClass:
    return LayerClass(settings=settings)


def _alike(*settings: str, trains: bool = False) -> LayerClass:
    return LayerClass(alike=True, trains=trains, settings=settings)


_CONV = _product("filters", *_WINDOW)
_Q_CONV = _product("filters", *_WINDOW, *_Q_KERNEL, "mask", trains=True)
_CONV_TRANSPOSE = _product("filters", *_WINDOW, "output_padding")
_Q_DEPTH = _depthwise(*_Q_DEPTHWISE, trains=True)
_Q_SEPARABLE = _separable("depthwise_quantizer", "pointwise_quantizer", *_Q_BIAS, trains=True)
_MERGES = LayerClass(merges=True)
_MULTIPLIERS = ("H", "kernel_lr_multiplier", "bias_lr_multiplier")

CLASSES: Mapping[str, LayerClass] = {
    "InputLayer": _moves("sparse", "ragged", "optional"),
    PRUNING: LayerClass(
        trains=True,
        settings=(
            *("layer", "pruning_schedule", "block_size", "block_pooling_type"),
            "sparsity_m_by_n",
        ),
    ),
    TIMED: _plain("layer"),
    "Sequential": _plain("layers", "build_input_shape"),
    "Functional": _plain("layers", "input_layers", "output_layers"),
    "Model": _plain("layers", "input_layers", "output_layers", "build_input_shape"),
    # products
    "Dense": _product("units", "quantization_config", alike=True),
    "QDense": _product("units", "quantization_config", *_Q_KERNEL, trains=True, alike=True),
    "Conv1D": _CONV,
    "Conv2D": _CONV,
    "QConv1D": _Q_CONV,
    "QConv2D": _Q_CONV,
    "DepthwiseConv1D": _depthwise(),
    "DepthwiseConv2D": _depthwise(),
    "QDepthwiseConv2D": _Q_DEPTH,
    "SeparableConv1D": _separable(),
    "SeparableConv2D": _separable(),
    "QSeparableConv1D": _Q_SEPARABLE,
    "QSeparableConv2D": _Q_SEPARABLE,
    "QConv2DBatchnorm": _folded("kernel", _Q_CONV),
    "QDepthwiseConv2DBatchnorm": _folded("depthwise_kernel", _Q_DEPTH),
    "QDenseBatchnorm": _folded("kernel", _product("units", *_Q_KERNEL, trains=True)),
    "BatchNormalization": _norm("synchronized", *_RENORM),
    "SyncBatchNormalization": _norm("synchronized", *_RENORM),
    "QBatchNormalization": _norm(
        *("beta_quantizer", "gamma_quantizer", "mean_quantizer", "variance_quantizer"),
        *("inverse_quantizer", "beta_range", "gamma_range", *_RENORM, "synchronized"),
    ),
    "Rescaling": _alike("scale", "offset"),
    "Normalization": LayerClass(
        (Variable("mean"), Variable("variance"), Variable("count")),
        more_with="variance",  # given as a setting, there are no variables
        settings=("axis", "mean", "variance", "invert"),
    ),
    # activations
    "Activation": _alike("activation"),
    "QActivation": _alike("activation", trains=True),
    "ReLU": _alike("max_value", "negative_slope", "threshold"),
    "LeakyReLU": _alike("alpha", "negative_slope"),
    "ELU": _alike("alpha"),
    "PReLU": LayerClass((Variable("alpha"),), settings=(*_of("alpha"), "shared_axes")),
    "Softmax": _alike("axis"),
    # nothing at inference
    "Dropout": _noise("rate", alike=True),
    "SpatialDropout1D": _noise("rate"),
    "SpatialDropout2D": _noise("rate"),
    "AlphaDropout": _noise("rate", transparent=False),
    "GaussianDropout": _noise("rate"),
    "GaussianNoise": _noise("stddev"),
    "ActivityRegularization": _plain("l1", "l2", "activity_regularizer"),
    # pooling
    "MaxPooling1D": _plain(*_POOL),
    "MaxPooling2D": _plain(*_POOL),
    "AveragePooling1D": _plain(*_POOL),
    "AveragePooling2D": _plain(*_POOL),
    "QAveragePooling2D": LayerClass(trains=True, settings=(*_POOL, *_AVERAGE)),
    "GlobalMaxPooling1D": _plain(*_GLOBAL),
    "GlobalMaxPooling2D": _plain(*_GLOBAL),
    "GlobalAveragePooling1D": _plain(*_GLOBAL),
    "GlobalAveragePooling2D": _plain(*_GLOBAL),
    "QGlobalAveragePooling2D": LayerClass(trains=True, settings=(*_GLOBAL, *_AVERAGE)),
    # moving elements
    "Flatten": _moves("data_format"),
    "Reshape": _moves("target_shape"),
    "Permute": _moves("dims"),
    "Cropping1D": _moves("cropping", "data_format"),
    "Cropping2D": _moves("cropping", "data_format"),
    "ZeroPadding1D": _moves("padding", "data_format"),
    "ZeroPadding2D": _moves("padding", "data_format"),
    "UpSampling1D": _moves("size"),
    "UpSampling2D": _moves("size", "data_format", "interpolation"),
    # merging
    "Add": _MERGES,
    "Subtract": _MERGES,
    "Average": _MERGES,
    "Multiply": _MERGES,
    "Maximum": _MERGES,
    "Minimum": _MERGES,
    "Concatenate": LayerClass(merges=True, settings=("axis",)),
    # of hls4ml's examples, whose script defined them
    "BinaryDense": _product("units", *_MULTIPLIERS),
    "TernaryDense": _product("units", *_MULTIPLIERS),
    # read, but without a handler
    "Conv3D": _CONV,
    "Conv1DTranspose": _CONV_TRANSPOSE,
    "Conv2DTranspose": _CONV_TRANSPOSE,
    "Conv3DTranspose": _CONV_TRANSPOSE,
    "QConv2DTranspose": _product("filters", *_WINDOW, "output_padding", *_Q_KERNEL),
}

ALIKE = frozenset(name for name, record in CLASSES.items() if record.alike)
