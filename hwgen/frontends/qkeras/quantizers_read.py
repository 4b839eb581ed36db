# SPDX-License-Identifier: Apache-2.0
"""Reading of stored quantizers: call strings and dictionaries, brought to name and arguments.

Nothing is evaluated: a call string is parsed, and its arguments must be literals.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hwgen.errors import UnsupportedQuantizer
from hwgen.frontends.keras.layer_classes import PACKAGES, package_of

_TRAINING = {"qnoise_factor": 1.0, "var_name": None, "use_ste": True, "use_variables": False}

PARAMETERS: dict[str, dict[str, Any]] = {
    "quantized_bits": {
        "bits": 8,
        "integer": 0,
        "symmetric": 0,
        "keep_negative": True,
        "alpha": None,
        "use_stochastic_rounding": False,
        "scale_axis": None,
        **_TRAINING,
    },
    "quantized_relu": {
        "bits": 8,
        "integer": 0,
        "use_sigmoid": 0,
        "negative_slope": 0.0,
        "use_stochastic_rounding": False,
        "relu_upper_bound": None,
        "is_quantized_clip": True,
        **_TRAINING,
    },
    "quantized_tanh": {
        "bits": 8,
        "use_stochastic_rounding": False,
        "symmetric": False,
        "use_real_tanh": False,
    },
    "quantized_sigmoid": {
        "bits": 8,
        "symmetric": False,
        "use_real_sigmoid": False,
        "use_stochastic_rounding": False,
    },
    "binary": {"use_01": False, "alpha": None, "use_stochastic_rounding": False},
    "ternary": {
        "alpha": None,
        "threshold": None,
        "use_stochastic_rounding": False,
        "number_of_unrolls": 5,
    },
    "stochastic_binary": {"alpha": None, "temperature": 6.0, "use_real_sigmoid": True},
    "stochastic_ternary": {
        "alpha": None,
        "threshold": None,
        "temperature": 8.0,
        "use_real_sigmoid": True,
        "number_of_unrolls": 5,
    },
    "quantized_po2": {
        "bits": 8,
        "max_value": None,
        "use_stochastic_rounding": False,
        "quadratic_approximation": False,
        "log2_rounding": "rnd",
        **_TRAINING,
    },
    "quantized_relu_po2": {
        "bits": 8,
        "max_value": None,
        "negative_slope": 0,
        "use_stochastic_rounding": False,
        "quadratic_approximation": False,
        "log2_rounding": "rnd",
        **_TRAINING,
    },
}
"""The constructors of QKeras 0.9: names, order and defaults, as its call strings rely on them."""

_CALL = re.compile(r"""[A-Za-z_]\w*\s*(\([\w\s.,=+\-'"]*\))?""")
_LONGEST = 500


@dataclass(frozen=True)
class Stored:
    """A stored quantizer: its name, the arguments that are given, and whether Keras 3 wrote it."""

    name: str
    arguments: dict[str, Any]
    keras_3: bool = False


def read(spec: Any, where: str) -> Stored:
    """Return the name and the arguments of a stored quantizer.

    Raises:
        UnsupportedQuantizer: if the form is none of Keras' own.
    """
    if isinstance(spec, str):
        return _read_call(spec.strip(), where)
    if isinstance(spec, Mapping) and isinstance(spec.get("class_name"), str):
        config = spec.get("config") or {}
        if (package := package_of(spec)) not in PACKAGES:
            raise UnsupportedQuantizer(
                f"{spec['class_name']} of the package {package!r} need not do what that of QKeras "
                "does",
                where,
                "use the quantizer of QKeras",
            )
        if isinstance(config, Mapping):
            keras_3 = str(spec.get("registered_name") or "").startswith("qkeras>")
            arguments = {str(name): _number(value) for name, value in config.items()}
            return Stored(spec["class_name"].rpartition(">")[2], arguments, keras_3)
    raise UnsupportedQuantizer(
        f"not a stored quantizer: {short(spec)}",
        where,
        "expected a call such as 'quantized_relu(6,0)', or a dictionary of class_name and config",
    )


def _number(value: Any) -> Any:
    """Return the number in what Keras writes for a scalar of numpy or TensorFlow."""
    if isinstance(value, Mapping) and value.get("class_name") in ("__numpy__", "__tensor__"):
        inner = value.get("config")
        number = inner.get("value") if isinstance(inner, Mapping) else None
        return number if isinstance(number, int | float) else value
    return value


def short(value: Any) -> str:
    """Return a value's text, cut to a length that fits a message."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _read_call(text: str, where: str) -> Stored:
    tree: ast.expr | None = None
    if len(text) <= _LONGEST and _CALL.fullmatch(text):
        try:
            tree = ast.parse(text, mode="eval").body
        except SyntaxError:
            tree = None
    if isinstance(tree, ast.Name):
        return Stored(tree.id, {})
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        raise UnsupportedQuantizer(
            f"cannot read the quantizer {short(text)}",
            where,
            "expected a call such as 'quantized_bits(6,0,1,alpha=1)'",
        )
    name = tree.func.id
    try:
        positional = [ast.literal_eval(node) for node in tree.args]
        keywords = [(str(node.arg), ast.literal_eval(node.value)) for node in tree.keywords]
    except ValueError as error:
        raise UnsupportedQuantizer(
            f"an argument of {short(text)} is no plain number, True, False, None or string",
            where,
            "write literal values",
        ) from error
    order = list(PARAMETERS.get(name, ()))
    if name in PARAMETERS and len(positional) > len(order):
        raise UnsupportedQuantizer(
            f"{short(text)} has {len(positional)} arguments",
            where,
            f"{name} takes at most {len(order)}",
        )
    arguments = dict(zip(order, positional, strict=False))
    for key, value in keywords:
        if key in arguments:
            raise UnsupportedQuantizer(f"{short(text)} gives {key} twice", where, "give it once")
        arguments[key] = value
    return Stored(name, arguments)
