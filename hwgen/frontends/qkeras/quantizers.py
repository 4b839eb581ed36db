# SPDX-License-Identifier: Apache-2.0
"""Quantizers of QKeras files, which compute in numpy what QKeras 0.9 computes.

``parse_quantizer`` takes every form that Keras stores (dictionaries of Keras 2 and 3, call strings,
bare names) and returns a ``Quantizer``. What has no exact integer form at inference is refused with
a reason and a way out.

Assumed: the hard sigmoid, QKeras' default. ``set_internal_sigmoid`` is a global of the training
script and is not in the model file.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Never

from hwgen.errors import UnsupportedQuantizer
from hwgen.frontends.exact.codes import Codes
from hwgen.frontends.qkeras.quantizers_base import Quantizer, is_po2
from hwgen.frontends.qkeras.quantizers_fixed import (
    QuantizedBits,
    QuantizedRelu,
    QuantizedSigmoid,
    QuantizedTanh,
)
from hwgen.frontends.qkeras.quantizers_po2 import QuantizedPo2, QuantizedReluPo2
from hwgen.frontends.qkeras.quantizers_read import PARAMETERS, Stored, read, short
from hwgen.frontends.qkeras.quantizers_sign import Binary, Ternary

__all__ = [
    "Binary",
    "Codes",
    "QuantizedBits",
    "QuantizedPo2",
    "QuantizedRelu",
    "QuantizedReluPo2",
    "QuantizedSigmoid",
    "QuantizedTanh",
    "Quantizer",
    "Ternary",
    "parse_quantizer",
]

_KERAS_3_EXTRAS = frozenset(
    {
        "scale_axis",
        "elements_per_scale",
        "min_po2_exponent",
        "max_po2_exponent",
        "post_training_scale",
        "is_quantized_clip",
        "enable_bn_folding",
        "name",
        "dtype",
    }
)
"""Keys of later QKeras releases; harmless while they are None."""

_REFUSED = {
    "bernoulli": (
        "it draws random numbers at inference too",
        "use binary() or stochastic_binary()",
    ),
    "quantized_ulaw": (
        "its levels are logarithms, on no integer grid",
        "use quantized_bits or quantized_po2",
    ),
    "quantized_hswish": ("it multiplies two functions of x before rounding", "use quantized_relu"),
    "quantized_linear": (
        "QKeras 0.9 has no such quantizer to compare with",
        "use quantized_bits with alpha=1",
    ),
}

_MAX_BITS = 24


def parse_quantizer(spec: Any, where: str) -> Quantizer:
    """Return the quantizer that a Keras configuration describes.

    Args:
        spec: a dictionary with ``class_name`` and ``config``, or a string such as
            ``quantized_relu(6,0)`` or ``binary``.
        where: the layer, for messages.

    Raises:
        UnsupportedQuantizer: for an unknown name or setting, or one without an exact integer form.
    """
    stored = read(spec, where)
    name = stored.name
    if name in _REFUSED:
        reason, hint = _REFUSED[name]
        raise UnsupportedQuantizer(f"{name}: {reason}", where, hint)
    if name not in PARAMETERS:
        close = difflib.get_close_matches(name, PARAMETERS, n=1)
        guess = f"did you mean {close[0]}? " if close else ""
        raise UnsupportedQuantizer(
            f"unknown quantizer {name!r}",
            where,
            f"{guess}known are {', '.join(sorted(PARAMETERS))}",
        )
    return _BUILDERS[name](_Settings(stored, where))


class _Settings:
    """The checked constructor arguments of one quantizer."""

    def __init__(self, stored: Stored, where: str) -> None:
        self.name, self.where, self.keras_3 = stored.name, where, stored.keras_3
        given, defaults = stored.arguments, PARAMETERS[stored.name]
        for key, value in given.items():
            if key not in defaults and not (key in _KERAS_3_EXTRAS and value is None):
                self.refuse(
                    f"unknown setting {key}={short(value)}", f"known are {', '.join(defaults)}"
                )
        self.values = {
            **defaults,
            **{key: value for key, value in given.items() if key in defaults},
        }
        if "qnoise_factor" in defaults and self.number("qnoise_factor") != 1:
            self.refuse(
                f"qnoise_factor={self.values['qnoise_factor']} mixes in the unquantized value",
                "set qnoise_factor to 1 and train to the end",
            )

    def refuse(self, what: str, hint: str) -> Never:
        raise UnsupportedQuantizer(f"{self.name}: {what}", self.where, hint)

    def flag(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, (bool, int, float)) or value not in (0, 1):
            self.refuse(
                f"{key}={short(value)}, expected True or False", f"correct {key} in the model"
            )
        return bool(value)

    def clip(self) -> int:
        """Return *symmetric* of a tanh or sigmoid: a number, by which the low end moves up."""
        value = self.values["symmetric"]
        return int(value) if isinstance(value, bool) else self.integer("symmetric", 0, 2**_MAX_BITS)

    def number(self, key: str) -> float:
        value = self.values[key]
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not math.isfinite(value)
        ):
            self.refuse(
                f"{key}={short(value)}, expected a finite number", f"correct {key} in the model"
            )
        return float(value)

    def number_or_none(self, key: str) -> float | None:
        return None if self.values[key] is None else self.number(key)

    def integer(self, key: str, low: int, high: int) -> int:
        value = self.number(key)
        if not value.is_integer() or not low <= value <= high:
            self.refuse(
                f"{key}={value:g}, expected an integer from {low} to {high}",
                f"retrain with such a {key}",
            )
        return int(value)

    def alpha(self) -> float | str | None:
        value = self.values["alpha"]
        if value is None or (isinstance(value, str) and value in ("auto", "auto_po2")):
            return value
        if isinstance(value, (str, list, tuple, dict)):
            self.refuse(
                f"alpha={short(value)}",
                "alpha may be None, a positive number, 'auto' or 'auto_po2'; of quantized_bits on "
                "weights a list of powers of two, one a channel",
            )
        number = float(value) if isinstance(value, bool) else self.number("alpha")
        if number <= 0:
            self.refuse(f"alpha={number:g} is not positive", "use a positive alpha")
        return number

    def alphas(self) -> float | str | tuple[float, ...] | None:
        """Return alpha of quantized_bits, which may be a list of powers of two, one a channel."""
        value = self.values["alpha"]
        if not isinstance(value, (list, tuple)):
            return self.alpha()
        flat = [v for item in value for v in (item if isinstance(item, (list, tuple)) else [item])]
        fits = [isinstance(v, (int, float)) and not isinstance(v, bool) and v > 0 for v in flat]
        if not flat or not all(fits) or not all(is_po2(float(v)) for v in flat):
            self.refuse(
                f"alpha={short(value)}, expected positive powers of two, one a channel",
                "give such a list, a number, 'auto' or 'auto_po2'",
            )
        alphas = tuple(float(v) for v in flat)
        return alphas[0] if len(set(alphas)) == 1 else alphas

    def slope(self) -> float:
        slope = self.number("negative_slope")
        if slope and (slope < 0 or slope > 1 or not is_po2(slope)):
            self.refuse(
                f"negative_slope={slope:g}, expected 0 or a power of two up to 1",
                "use a slope such as 0.25 or 0.125",
            )
        return slope


def _bits(s: _Settings) -> Quantizer:
    keep_negative = s.flag("keep_negative")
    axis = None if s.values["scale_axis"] is None else s.integer("scale_axis", 0, 7)
    alpha = s.alphas()
    return QuantizedBits(
        where=s.where,
        bits=s.integer("bits", 1, _MAX_BITS),
        integer=s.integer("integer", -64, 64),
        # a fitted scale is always symmetric
        symmetric=s.flag("symmetric") or isinstance(alpha, str),
        keep_negative=keep_negative,
        alpha_spec=alpha,
        scale_axis=axis,
        use_ste=s.flag("use_ste"),
        rechecks_codes=s.keras_3,
    )


def _relu(s: _Settings) -> Quantizer:
    bits, integer, slope = s.integer("bits", 1, _MAX_BITS), s.integer("integer", -64, 64), s.slope()
    magnitude_bits = bits - (slope != 0)
    if slope and s.flag("use_sigmoid"):
        s.refuse("use_sigmoid together with negative_slope", "use one of them")
    if slope and slope * 2**magnitude_bits < 1:
        s.refuse(
            f"negative_slope={slope:g} ends below one least significant bit",
            f"use a slope of at least {2.0**-magnitude_bits:g}, or 0",
        )
    clips = s.flag("is_quantized_clip")
    # QKeras looks at the bound only when it does not clip
    bound = None if clips else s.number_or_none("relu_upper_bound")
    if bound is not None and (
        bound < 0 or not (bound * 2.0 ** (magnitude_bits - integer)).is_integer()
    ):
        s.refuse(
            f"relu_upper_bound={bound:g} is not on the grid of 2**{integer - magnitude_bits}",
            "use a bound that is a multiple of the least significant bit",
        )
    return QuantizedRelu(
        where=s.where,
        bits=bits,
        integer=integer,
        use_sigmoid=s.flag("use_sigmoid"),
        negative_slope=slope,
        upper_bound=bound,
        clips_first=clips,
        use_ste=s.flag("use_ste"),
    )


def _tanh(s: _Settings) -> Quantizer:
    if s.flag("use_real_tanh"):
        s.refuse("use_real_tanh computes a float32 tanh, exact on no integer grid", _HARD)
    return QuantizedTanh(where=s.where, bits=s.integer("bits", 1, _MAX_BITS), symmetric=s.clip())


def _sigmoid(s: _Settings) -> Quantizer:
    if s.flag("use_real_sigmoid"):
        s.refuse(
            "use_real_sigmoid computes a float32 exponential, exact on no integer grid",
            _HARD,
        )
    return QuantizedSigmoid(where=s.where, bits=s.integer("bits", 1, _MAX_BITS), symmetric=s.clip())


_HARD = "leave the option out: the default is the hard form, which is exact"


def _binary(s: _Settings) -> Quantizer:
    return Binary(where=s.where, use_01=s.flag("use_01"), alpha_spec=s.alpha(), kind_name=s.name)


def _ternary(s: _Settings) -> Quantizer:
    alpha, threshold = s.alpha(), s.number_or_none("threshold")
    if isinstance(alpha, str) and threshold is not None:
        s.refuse(
            "a threshold together with a fitted alpha; QKeras stops on it",
            "leave the threshold out",
        )
    if not isinstance(alpha, str) and s.flag("use_stochastic_rounding"):
        s.refuse(
            "use_stochastic_rounding without a fitted alpha; QKeras stops on it",
            "leave it out, or alpha='auto'",
        )
    return Ternary(
        where=s.where,
        alpha_spec=alpha,
        threshold=threshold,
        number_of_unrolls=s.integer("number_of_unrolls", 1, 100),
        kind_name=s.name,
    )


@dataclass(frozen=True)
class _Po2Settings:
    """The settings that both power-of-two quantizers share."""

    bits: int
    max_value: float | None
    quadratic: bool


def _po2_settings(s: _Settings, sign_bits: int) -> _Po2Settings:
    if s.values["log2_rounding"] != "rnd":
        s.refuse(
            f"log2_rounding={short(s.values['log2_rounding'])} depends on the last bit of a "
            "float32 logarithm",
            "use log2_rounding='rnd'",
        )
    max_value = s.number_or_none("max_value")
    if max_value is not None and max_value <= 0:
        s.refuse(
            f"max_value={max_value:g} is not positive", "leave max_value out, or make it positive"
        )
    least = sign_bits + (max_value is None or max_value > 1)
    return _Po2Settings(
        s.integer("bits", max(1, least), 8), max_value, s.flag("quadratic_approximation")
    )


def _po2(s: _Settings) -> Quantizer:
    p = _po2_settings(s, 1)
    return QuantizedPo2(
        where=s.where,
        bits=p.bits,
        max_value=p.max_value,
        quadratic_approximation=p.quadratic,
        use_ste=s.flag("use_ste"),
    )


def _relu_po2(s: _Settings) -> Quantizer:
    p = _po2_settings(s, 0)
    return QuantizedReluPo2(
        where=s.where,
        bits=p.bits,
        max_value=p.max_value,
        quadratic_approximation=p.quadratic,
        use_ste=s.flag("use_ste"),
        negative_slope=s.slope(),
    )


_BUILDERS: dict[str, Callable[[_Settings], Quantizer]] = {
    "quantized_bits": _bits,
    "quantized_relu": _relu,
    "quantized_tanh": _tanh,
    "quantized_sigmoid": _sigmoid,
    "binary": _binary,
    "stochastic_binary": _binary,
    "ternary": _ternary,
    "stochastic_ternary": _ternary,
    "quantized_po2": _po2,
    "quantized_relu_po2": _relu_po2,
}
