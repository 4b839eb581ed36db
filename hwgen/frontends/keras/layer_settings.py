# SPDX-License-Identifier: Apache-2.0
"""Settings of layers: every key that a Keras or QKeras file states, and what becomes of it.

A key is honoured, or it cannot change a number at inference, or only the listed values are taken.
A key of a known layer class that stands in no list is refused: nobody has looked at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hwgen.errors import ModelError, UnsupportedLayer

HONOURED, IRRELEVANT, LIMITED = "honoured", "irrelevant", "limited"


@dataclass(frozen=True)
class Setting:
    """One key of a layer's settings.

    Attributes:
        use: `HONOURED`, `IRRELEVANT` or `LIMITED`.
        why: how it is honoured, why it changes nothing, or what the other values would mean.
        only: the values that are taken, if it is limited.
        hint: the way out for others.
    """

    use: str
    why: str
    only: tuple[Any, ...] = ()
    hint: str = ""


def _training(names: Iterable[str], kind: str) -> dict[str, Setting]:
    setting = Setting(IRRELEVANT, kind)
    return {name: setting for name in names}


_PARTS = ("kernel", "bias", "depthwise", "pointwise", "gamma", "beta", "alpha")
_MOVING = ("moving_mean", "moving_variance")
_START = "start values; the file holds the trained ones"
_LOSS = "a term of the training loss"
_CLIP = "applied to the variable after a training step"
_SHAPE = "held against the shape of the stored weights"
_WINDOW = "geometry of the window"
_NOISE = "of the noise while training"
_STATISTICS = "of the statistics while training"
_PRUNES = "of the mask while training; the stored mask is applied"

SETTINGS: Mapping[str, Setting] = {
    "name": Setting(HONOURED, "names nodes, notes and ports"),
    "trainable": Setting(IRRELEVANT, "training only; a call with training=True is refused anyway"),
    "dtype": Setting(
        HONOURED,
        "float32; in another float format every value must provably be exact, or it is refused",
    ),
    "batch_input_shape": Setting(HONOURED, "shape of the network input"),
    "batch_shape": Setting(HONOURED, "shape of the network input"),
    "sparse": Setting(LIMITED, "a sparse tensor", (False, None), "give a dense input"),
    "ragged": Setting(LIMITED, "rows of different length", (False, None), "give a fixed shape"),
    "optional": Setting(IRRELEVANT, "the input of a core is always there"),
    "layer": Setting(HONOURED, "the wrapped layer"),
    "layers": Setting(HONOURED, "inlined"),
    "input_layers": Setting(HONOURED, "inputs, dictionaries in the order of their sorted keys"),
    "output_layers": Setting(HONOURED, "outputs, dictionaries in the order of their sorted keys"),
    "build_input_shape": Setting(HONOURED, "shape of the network input"),
    # products
    "units": Setting(HONOURED, _SHAPE),
    "filters": Setting(HONOURED, _SHAPE),
    "kernel_size": Setting(HONOURED, _SHAPE),
    "depth_multiplier": Setting(HONOURED, _SHAPE),
    "use_bias": Setting(HONOURED, "without it no bias is read"),
    "activation": Setting(HONOURED, "a quantizer, or a function with an exact integer form"),
    "strides": Setting(HONOURED, _WINDOW),
    "padding": Setting(HONOURED, _WINDOW),
    "dilation_rate": Setting(HONOURED, _WINDOW),
    "groups": Setting(HONOURED, "a block-diagonal kernel; the depthwise layers state 1"),
    "output_padding": Setting(HONOURED, "of a transposed convolution, which is refused"),
    "data_format": Setting(HONOURED, "channels_last; channels_first is refused"),
    "kernel_quantizer": Setting(HONOURED, "applied to the kernel"),
    "depthwise_quantizer": Setting(HONOURED, "applied to the depthwise kernel"),
    "pointwise_quantizer": Setting(HONOURED, "applied to the pointwise kernel"),
    "bias_quantizer": Setting(HONOURED, "applied to the bias, a zero bias too"),
    "H": Setting(LIMITED, "a scale of binary or ternary weights", (1, 1.0), "train with H=1"),
    "quantization_config": Setting(
        LIMITED, "quantization by Keras itself", (None,), "save the model in front of quantize()"
    ),
    "mask": Setting(
        LIMITED,
        "a fixed mask of the kernel, which QKeras 0.9 has not",
        (None,),
        "prune with the pruning wrappers, or give the mask with --masks",
    ),
    # normalisation
    "axis": Setting(HONOURED, "the last one, or that of a concatenation; unused by a last softmax"),
    "epsilon": Setting(HONOURED, "added to the variance"),
    "center": Setting(HONOURED, "without it beta is 0"),
    "scale": Setting(HONOURED, "without it gamma is 1; the factor of a Rescaling"),
    "offset": Setting(HONOURED, "the term of a Rescaling"),
    "gamma_quantizer": Setting(HONOURED, "applied to gamma"),
    "beta_quantizer": Setting(HONOURED, "applied to beta"),
    "mean_quantizer": Setting(HONOURED, "applied to the moving mean"),
    "variance_quantizer": Setting(HONOURED, "applied to the moving variance"),
    "inverse_quantizer": Setting(
        LIMITED, "another order of quantizing", (None,), "leave it out; QKeras 0.9 has none"
    ),
    "fused": Setting(HONOURED, "decides the order of float32 operations"),
    "virtual_batch_size": Setting(LIMITED, "groups of samples", (None,), "leave it out"),
    "folding_mode": Setting(
        LIMITED,
        "an unknown way to fold",
        ("ema_stats_folding", "batch_stats_folding"),
        "both ways of QKeras are the same at inference",
    ),
    # the rest
    "max_value": Setting(HONOURED, "ceiling of a ReLU"),
    "negative_slope": Setting(HONOURED, "slope of a ReLU"),
    "alpha": Setting(HONOURED, "slope of a LeakyReLU, factor of an ELU"),
    "mean": Setting(HONOURED, "of a Normalization that was not adapted to data"),
    "variance": Setting(HONOURED, "of a Normalization that was not adapted to data"),
    "invert": Setting(LIMITED, "a Normalization that is undone", (False, None), "leave it out"),
    "threshold": Setting(HONOURED, "0 for a ReLU; another is refused"),
    "average_quantizer": Setting(HONOURED, "applied to one over the window's area"),
    "pool_size": Setting(HONOURED, _WINDOW),
    "keepdims": Setting(HONOURED, "keeps the spatial axes"),
    "target_shape": Setting(HONOURED, "shape of the output"),
    "dims": Setting(HONOURED, "order of the axes"),
    "size": Setting(HONOURED, "repetitions of every element"),
    "cropping": Setting(HONOURED, "elements that go at both ends"),
    "interpolation": Setting(HONOURED, "nearest; another is refused"),
    "shared_axes": Setting(HONOURED, "axes along which a PReLU has one slope"),
    "activity_regularizer": Setting(IRRELEVANT, _LOSS),
    "l1": Setting(IRRELEVANT, _LOSS),
    "l2": Setting(IRRELEVANT, _LOSS),
    **_training((f"{part}_initializer" for part in (*_PARTS, *_MOVING)), _START),
    **_training((f"{part}_regularizer" for part in _PARTS), _LOSS),
    **_training((f"{part}_constraint" for part in _PARTS), _CLIP),
    **_training(
        (f"{part}_range" for part in ("kernel", "bias", "depthwise", "gamma", "beta")),
        "deprecated in QKeras and unused",
    ),
    **_training(("rate", "stddev", "seed", "noise_shape"), _NOISE),
    **_training(
        ("momentum", "synchronized", "renorm", "renorm_clipping", "renorm_momentum"), _STATISTICS
    ),
    "ema_freeze_delay": Setting(IRRELEVANT, _STATISTICS),
    **_training(("kernel_lr_multiplier", "bias_lr_multiplier"), "of the training rate"),
    **_training(
        ("pruning_schedule", "block_size", "block_pooling_type", "sparsity_m_by_n"), _PRUNES
    ),
}
# Keys that any layer may carry.
COMMON = ("name", "trainable", "dtype", "batch_input_shape", "batch_shape")


def refused_settings(
    cls: str, config: Mapping[str, Any], known: Iterable[str], where: str
) -> Iterator[ModelError]:
    """Yield a refusal for every setting that nobody has looked at, or whose value is not taken.

    Args:
        cls: the layer class.
        config: its settings.
        known: the settings of that class, besides the common ones.
        where: the layer, for messages.
    """
    taken = {*COMMON, *known}
    for key, value in config.items():
        if key not in taken:
            yield UnsupportedLayer(
                f"hwgen does not know the setting {key}={_short(value)} of a {cls}, so it cannot "
                "tell whether it changes a number",
                where,
                f"leave {key} out if the layer does the same without it (edit the config and save "
                "the model again), or save the model with Keras 2, Keras 3 or QKeras 0.9",
            )
            continue
        setting = SETTINGS[key]
        if setting.use == LIMITED and not any(value is v or value == v for v in setting.only):
            yield UnsupportedLayer(
                f"{key}={_short(value)} is not supported: {setting.why}", where, setting.hint
            )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
