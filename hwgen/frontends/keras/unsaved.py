# SPDX-License-Identifier: Apache-2.0
"""Unsaved facts: what a Keras model in memory knows and its files do not say.

Files drop some settings of QKeras' quantizers, write the bare name of an activation function
whatever module it comes from, and turn the keys of dictionaries into text, which sorts otherwise.
"""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from hwgen.errors import ModelError
from hwgen.frontends.qkeras.quantizers_read import PARAMETERS, read

_KERAS = ("keras", "tensorflow", "tf_keras", "qkeras")
# Attributes under which a layer keeps a quantizer beside those of its weights.
_ACTIVATIONS = ("quantizer", "activation")
_WEIGHTS = "_quantizer_internal"
# Constructor arguments that name or store the noise of training, which is in the files.
_TRAINING = ("self", "var_name", "use_variables")


def refuse_unsaved(model: Any, config: Mapping[str, Any], where: str) -> None:
    """Refuse what becomes another model in a file, which says *config*.

    Raises:
        ModelError: as said.
    """
    quantizers = sys.modules.get("qkeras.quantizers")
    hard = getattr(quantizers, "hard_sigmoid", None)
    text = str(config)
    if getattr(quantizers, "_sigmoid", hard) is not hard and ("sigmoid" in text or "tanh" in text):
        raise ModelError(
            "QKeras' set_internal_sigmoid is not 'hard', so its sigmoid and tanh are on no grid",
            where,
            "call qkeras.set_internal_sigmoid('hard') and train again",
        )
    for one in _models(model):
        other = next((k for k in _keys(list(_structures(one))) if not isinstance(k, str)), None)
        if other is not None:
            # Keras numbers tensors by the sorted keys, and as text 10 sorts in front of 2.
            raise ModelError(
                f"a dictionary of tensors of {one.name} has keys that are no text, such as "
                f"{other!r}; as text they are in another order",
                where,
                f"use text as keys, such as {str(other)!r}",
            )


def with_unsaved(model: Any, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the configuration of a file with what the model in memory knows beyond it."""
    made = copy.deepcopy(dict(config))
    _add(model, made)
    return made


def _models(model: Any) -> Iterator[Any]:
    yield model
    for layer in getattr(model, "layers", ()):
        if hasattr(layer, "layers"):
            yield from _models(layer)


def _structures(model: Any) -> Iterator[Any]:
    """Yield the structures of tensors at a model's rim and at the calls of its layers."""
    for name in ("_nested_inputs", "_nested_outputs", "_inputs_struct", "_outputs_struct"):
        yield getattr(model, name, None)
    for layer in getattr(model, "layers", ()):
        for node in getattr(layer, "_inbound_nodes", ()):
            yield from getattr(node, "call_args", None) or ()
            yield getattr(getattr(node, "arguments", None), "args", None)


def _keys(structure: Any) -> Iterator[Any]:
    if isinstance(structure, Mapping):
        yield from structure
        structure = list(structure.values())
    if isinstance(structure, list | tuple):
        for item in structure:
            yield from _keys(item)


def _add(layer: Any, spec: dict[str, Any]) -> None:
    config = spec["config"]
    if isinstance(config, dict):
        _add_function(layer, config)
        _add_quantizers(layer, config)
    if hasattr(layer, "layers"):
        inside = {one.name: one for one in layer.layers}
        for one in config["layers"] if isinstance(config, Mapping) else config:
            name = one["config"].get("name") if isinstance(one["config"], Mapping) else None
            if name in inside:
                _add(inside[name], one)
    elif hasattr(layer, "layer") and isinstance(config.get("layer"), dict):
        _add(layer.layer, config["layer"])


def _add_function(layer: Any, config: dict[str, Any]) -> None:
    """Add the module of an activation that a script defines under the name of Keras' own."""
    name, own = config.get("activation"), getattr(layer, "activation", None)
    module = str(getattr(own, "__module__", "") or "")
    if isinstance(name, str) and callable(own) and not module.startswith(_KERAS):
        config["activation"] = {"class_name": "function", "config": name, "module": module}


def _add_quantizers(layer: Any, config: dict[str, Any]) -> None:
    """State the quantizers as they are now: a call string keeps what the script once wrote."""
    held: list[tuple[str, Any]] = [
        ("activation", getattr(layer, name, None)) for name in _ACTIVATIONS
    ]
    held += [
        (n.removesuffix("_internal"), q) for n, q in vars(layer).items() if n.endswith(_WEIGHTS)
    ]
    for key, q in held:
        if key in config and type(q).__module__.startswith("qkeras") and hasattr(q, "get_config"):
            record = config[key] if isinstance(config[key], Mapping) else {}
            inner = _plain({**q.get_config(), **_lost(q)})
            made = {"class_name": type(q).__name__, **record, "config": inner}
            if _settings(made) != _settings(config[key]):
                config[key] = made


def _settings(spec: Any) -> dict[str, Any] | None:
    """Return every setting of a stored quantizer, None where it is not one of QKeras'."""
    try:
        stored = read(spec, "")
    except ModelError:
        return None
    return {"": stored.name, **PARAMETERS.get(stored.name, {}), **stored.arguments}


def _lost(q: Any) -> dict[str, Any]:
    """Return the settings of a quantizer that its own configuration drops, but for the defaults."""
    kept = q.get_config()
    return {
        name: getattr(q, name)
        for name, one in inspect.signature(type(q).__init__).parameters.items()
        if name not in kept
        and name not in _TRAINING
        and hasattr(q, name)
        and getattr(q, name) != one.default
    }


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with numpy's numbers and TensorFlow's as those that a file would hold."""
    made = {name: v.numpy() if hasattr(v, "numpy") else v for name, v in settings.items()}
    return {name: v.tolist() if hasattr(v, "tolist") else v for name, v in made.items()}
