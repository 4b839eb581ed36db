# SPDX-License-Identifier: Apache-2.0
"""Given formats on a Keras model: behind which layers one is applied, and how it is told.

A plain name is taken at its word. A pattern leaves out the layers that only move or choose
elements, those that end in a quantizer, and those whose value goes on through normalisations,
ReLUs or quantizers alone: it rounds behind these, once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hwgen.errors import ConfigError, ModelError
from hwgen.frontends.exact.given_format import round_to
from hwgen.frontends.exact.steps import Rectify, Value
from hwgen.frontends.formats import Rules, check_rules, rule_of
from hwgen.frontends.keras.layer_classes import CLASSES
from hwgen.frontends.keras.network import Call, Layer
from hwgen.frontends.qkeras.activations import read_activation
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.quantizers import Quantizer
from hwgen.ir.fixed import Fixed

FORMAT, WEIGHT_FORMAT = "--format", "--weight-format"
_NORMS = ("BatchNormalization", "SyncBatchNormalization", "QBatchNormalization")
_FOLLOWS = ("Activation", "QActivation", "ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax", *_NORMS)
_COMPUTES = (
    *_FOLLOWS, "AveragePooling1D", "AveragePooling2D", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "QAveragePooling2D", "QGlobalAveragePooling2D", "Add", "Subtract",
    "Average", "Multiply", "Rescaling", "Normalization",
)  # fmt: skip


def check_given(c: Conversion) -> None:
    """Refuse formats that name no layer, or one that has its own.

    Raises:
        ConfigError: as said.
    """
    calls = [call for call in c.network.calls if call.layer.cls != "InputLayer"]
    names = [n for call in calls for n in dict.fromkeys((call.layer.name, call.layer.key))]
    inputs = {name for name, _ in c.network.inputs}
    problems: list[ConfigError] = []
    for rules, option, own in (
        (c.options.formats, FORMAT, _last_quantizer),
        (c.options.weight_formats, WEIGHT_FORMAT, _kernel_quantizers),
    ):
        if found := sorted(inputs & set(rules)):
            what = f"{', '.join(found)} is an input of the network"
            hint = f"give the format of an input with --input-format {found[0]}=s8.4"
            problems.append(ConfigError(what, option, hint))
        try:
            check_rules({n: f for n, f in rules.items() if n not in inputs}, names, option)
        except ConfigError as error:
            problems.append(error)
        said = [(call.layer.where, _own(rules, call.layer, own(call.layer))) for call in calls]
        if wrong := [f"{where} {why}" for where, why in said if why]:
            hint = "leave that layer out: its format is that of its quantizer"
            problems.append(ConfigError("; ".join(dict.fromkeys(wrong)), option, hint))
    if problems:
        raise _together(problems)


def _together(problems: Sequence[ConfigError]) -> ConfigError:
    """Return several problems as one error; a single one as it is."""
    if len(problems) == 1:
        return problems[0]
    what = "; ".join(f"{problem.where}: {problem.what}" for problem in problems)
    return ConfigError(what, "", "; ".join(dict.fromkeys(p.hint for p in problems if p.hint)))


def _own(rules: Rules, layer: Layer, said: str) -> str:
    rule = rule_of(rules, (layer.name, layer.key))
    return said if rule is not None and rule[1] else ""


def _kernel_quantizers(layer: Layer) -> str:
    kernels = CLASSES[layer.cls].kernels if layer.cls in CLASSES else {}
    if not kernels:
        return "has no kernel"
    found = [layer.config[k] for keys in kernels.values() for k in keys if layer.config.get(k)]
    return "quantizes its kernel itself" if found else ""


def _last_quantizer(layer: Layer) -> str:
    """Tell of the quantizer that a layer ends in, "" without one."""
    try:
        made = read_activation(layer.config.get("activation"), layer)
    except ModelError:  # told where the layer is converted
        return ""
    return f"has a quantizer of its own, {made}" if isinstance(made, Quantizer) else ""


def given_format(c: Conversion, call: Call) -> Fixed | None:
    """Return the format that is applied behind a call, or None."""
    layer = call.layer
    rule = rule_of(c.options.formats, (layer.name, layer.key))
    if rule is None or layer.cls == "InputLayer" or layer.cls not in CLASSES:
        return None
    fixed, named = rule
    if named:
        return fixed
    computes = layer.cls in _COMPUTES or bool(CLASSES[layer.cls].kernels)
    if not computes or _last_quantizer(layer):
        return None
    if call.output in c.network.leaving:
        return fixed
    readers = list(_readers(c, call.output))
    follow = readers and all(reader.layer.cls in _FOLLOWS for reader in readers)
    return None if follow else fixed


def _readers(c: Conversion, tensor: str) -> Iterator[Call]:
    """Yield the calls that compute with a tensor, behind layers that only move it."""
    for call in c.readers.get(tensor, ()):
        known = CLASSES.get(call.layer.cls)
        if known is not None and known.transparent and call.output not in c.network.leaving:
            yield from _readers(c, call.output)
        else:
            yield call


def apply_format(c: Conversion, call: Call, value: Value) -> Value:
    """Return the value behind a call in the format that was given for it, if one was."""
    fixed = given_format(c, call)
    if fixed is None or call.output in c.outside:
        return value
    at = call.layer.at
    done = round_to(c, value, fixed, at, f"{at.name}_fmt")
    plain = all(isinstance(step, Rectify) and step.plain for step in value.steps)
    if not plain or done.node != value.node:
        c.given.setdefault(str(fixed), []).append(at.name)
    return done


def note_given(c: Conversion) -> None:
    """Tell of every format that was applied."""
    for text, names in c.given.items():
        layers = ", ".join(dict.fromkeys(names))
        c.note(
            f"{layers}: rounded to {text}, as given, where the model has no quantizer: an "
            "approximation"
        )
    for text, names in c.rounded.items():
        c.note(
            f"{', '.join(dict.fromkeys(names))}: weights rounded to {text} as {WEIGHT_FORMAT} says"
        )
