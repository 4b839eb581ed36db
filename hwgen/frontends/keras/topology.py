# SPDX-License-Identifier: Apache-2.0
"""Topology: a Keras model configuration as a flat list of layer calls.

Sequential and functional models of Keras 2 and Keras 3 come out alike: every call has a layer, the
tensors it reads and the tensor it makes. Nested models are inlined, wrappers that change nothing at
inference (pruning) are peeled off, and so is TimeDistributed around layers that treat every
position alike anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hwgen.errors import ModelError, UnsupportedLayer
from hwgen.frontends.keras.calls import Inbound, Ref, inbound, refs_of
from hwgen.frontends.keras.layer_classes import (
    MODELS,
    PACKAGES,
    WRAPPERS,
    package_of,
)
from hwgen.frontends.keras.network import TRAINING, Call, Layer, Network, Wrapper

_MAX_DEPTH = 8
_MODEL = "Model"
# Entries beside a class and its settings; all but the first line are for rebuilding and training.
_RECORD = {
    *("class_name", "config", "name", "inbound_nodes", "module", "registered_name"),
    *("build_config", "compile_config", "shared_object_id", "keras_version", "backend"),
}
_SAVE = "save the model again with Keras; the file may have been edited or cut"


def parse(config: Mapping[str, Any], where: str) -> Network:
    """Flatten a model configuration ``{"class_name": ..., "config": ...}``.

    Raises:
        ModelError: the configuration is no Sequential or functional model, or contradicts itself.
    """
    cls, subclass = _bare(config.get("class_name")), ""
    if cls not in MODELS and _lists_layers(config.get("config")):
        # A functional model of a class with a training step of its own.
        subclass = cls
        config = {"class_name": "Functional", "config": config["config"]}
        cls = "Functional"
    if cls not in MODELS:
        raise UnsupportedLayer(
            f"model class {cls!r} is not supported; hwgen reads Sequential and functional models",
            where,
            "subclassed models have no layer graph in the file: rebuild the model with the "
            "functional API",
        )
    walker = _Walker(where)
    try:
        ins, outs = walker.model(config, _Scope())
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
        raise ModelError(
            f"the model configuration is malformed ({type(error).__name__}: {error})",
            where,
            _SAVE,
        ) from error
    inner = config.get("config")
    name = inner.get("name", "model") if isinstance(inner, Mapping) else "model"
    problems = tuple(walker.problems)
    return Network(str(name), tuple(walker.calls), tuple(ins), tuple(outs), problems, subclass)


def _lists_layers(config: Any) -> bool:
    if not isinstance(config, Mapping) or not isinstance(config.get("layers"), list):
        return False
    return "input_layers" in config and "output_layers" in config


Rim = list[tuple[str, str]]


@dataclass(frozen=True)
class _Scope:
    """A model being inlined: its place, the arguments of its call, the tensors that it is given.

    Attributes:
        prefix: of the keys of its layers.
        depth: how deep it is nested.
        arguments: those of its call that its layers inherit.
        feeds: tensors at its inputs; None for the outermost model, which makes its own.
        keys: names of the feeds, where they came in a dictionary.
    """

    prefix: str = ""
    depth: int = 0
    arguments: Mapping[str, Any] = field(default_factory=dict)
    feeds: tuple[str, ...] | None = None
    keys: tuple[str, ...] = ()


class _Walker:
    """The calls of a model in order, collected while its nested models are inlined."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.calls: list[Call] = []
        self.tensors: set[str] = set()
        self.problems: list[ModelError] = []

    def model(self, spec: Mapping[str, Any], scope: _Scope) -> tuple[Rim, Rim]:
        """Inline one model; return its inputs and outputs, each as (name, tensor)."""
        self.look_at(spec, scope.prefix.rstrip("/"))
        if scope.depth > _MAX_DEPTH:
            raise ModelError(
                f"models are nested more than {_MAX_DEPTH} deep",
                self.where,
                "write it as one functional model",
            )
        if _bare(spec["class_name"]) == "Sequential":
            return self.sequential(spec["config"], scope)
        return self.functional(spec["config"], scope)

    def sequential(self, config: Any, scope: _Scope) -> tuple[Rim, Rim]:
        specs = config["layers"] if isinstance(config, Mapping) else config
        if not specs:
            raise ModelError("the model has no layers", self.where, _SAVE)
        first = _layer(specs[0], scope.prefix)
        if first.cls != "InputLayer":
            shape = _shape_of(specs[0])
            if shape is None and isinstance(config, Mapping):
                shape = config.get("build_input_shape")
            if shape is None and scope.feeds is None:
                raise ModelError(
                    "the model does not say its input shape",
                    self.where,
                    "build it with an Input layer or input_shape=..., then save it again",
                )
            name = f"{_name(specs[0])}_input"
            stated = {"batch_input_shape": shape and list(shape), "dtype": _input_dtype(specs[0])}
            first = Layer("InputLayer", name, scope.prefix + name, stated)
        tensor = self.enter(first, config, scope, 0)
        ins = [(first.name, tensor)]
        for i, spec in enumerate(specs):
            if _bare(spec["class_name"]) == "InputLayer":
                if i:
                    raise ModelError(
                        f"input layer {_name(spec)!r} stands behind other layers", self.where, _SAVE
                    )
            else:
                (tensor, *_) = self.call(spec, scope, Inbound(()), (tensor,), 0)
        return ins, [(_name(specs[-1]), tensor)]

    def functional(self, config: Any, scope: _Scope) -> tuple[Rim, Rim]:
        specs = {str(s.get("name") or _name(s)): s for s in config["layers"]}
        inputs = refs_of(config["input_layers"])
        scope = replace(scope, feeds=_in_order(config["input_layers"], inputs, scope))
        tensors: dict[Ref, str] = {}
        ins = []
        for i, (name, node, index) in enumerate(inputs):
            if name not in specs:
                raise ModelError(f"input layer {name!r} is not in the model", self.where, _SAVE)
            if _bare(specs[name]["class_name"]) != "InputLayer":
                raise ModelError(f"input layer {name!r} is no InputLayer", self.where, _SAVE)
            tensor = self.enter(_layer(specs[name], scope.prefix), config, scope, i)
            tensors[name, node, index] = tensor
            ins.append((name, tensor))
        calls = {name: inbound(spec) for name, spec in specs.items()}
        outputs = refs_of(config["output_layers"])
        used = [r for found in calls.values() for c in found for r in (*c.refs, *c.others)]
        pending = [
            (name, node, one)
            for name, found in calls.items()
            if name not in {r[0] for r in inputs}
            for node, one in enumerate(
                found,
                _first_node(
                    specs[name], len(found), {r[1] for r in (*used, *outputs) if r[0] == name}
                ),
            )
        ]
        while pending:
            ready = [p for p in pending if all(r in tensors for r in (*p[2].refs, *p[2].others))]
            if not ready:
                stuck, _, one = pending[0]
                missing = [r[0] for r in (*one.refs, *one.others) if r not in tensors]
                raise ModelError(
                    f"layer {stuck!r} reads {missing}, which no layer makes",
                    self.where,
                    f"{_SAVE}; Keras also writes this of a layer that is in a nested model and "
                    "outside of it: give each place a layer of its own",
                )
            for name, node, one in ready:
                feeds = tuple(tensors[r] for r in one.refs)
                for index, out in enumerate(self.call(specs[name], scope, one, feeds, node)):
                    tensors[name, node, index] = out
            pending = [p for p in pending if p not in ready]
        if not outputs:
            raise ModelError("the model has no outputs", self.where, _SAVE)
        missing = [r[0] for r in outputs if r not in tensors]
        if missing:
            raise ModelError(f"output layers {missing} are not in the model", self.where, _SAVE)
        return ins, [(r[0], tensors[r]) for r in outputs]

    def enter(self, layer: Layer, config: Any, scope: _Scope, index: int) -> str:
        """Add an input: of the network, or of a nested model, where Keras looks at it again."""
        settings = config if isinstance(config, Mapping) else {}
        layer = replace(layer, wrappers=(Wrapper(_MODEL, settings),))
        inputs = () if scope.feeds is None else (scope.feeds[index],)
        return self.add(Call(layer, inputs, layer.key))

    def call(
        self,
        spec: Mapping[str, Any],
        scope: _Scope,
        stated: Inbound,
        feeds: tuple[str, ...],
        node: int,
    ) -> list[str]:
        """Add one call of a layer, or inline one of a model; return the tensors that it makes."""
        arguments = {**scope.arguments, **stated.arguments}
        if _bare(spec["class_name"]) in MODELS:
            name = scope.prefix + _name(spec)
            inherited = {k: v for k, v in arguments.items() if k == TRAINING}
            if stated.constant or len(arguments) > len(inherited):
                given = "numbers" if stated.constant else min(set(arguments) - set(inherited))
                self.problems.append(
                    UnsupportedLayer(
                        f"the model is called with {given} beside its tensors",
                        f"{name} ({_bare(spec['class_name'])})",
                        "call it with tensors alone, and save the model again",
                    )
                )
            inner = _Scope(f"{name}/", scope.depth + 1, inherited, feeds, stated.keys)
            return [tensor for _, tensor in self.model(spec, inner)[1]]
        layer = _layer(spec, scope.prefix)
        output = layer.key + (f"@{node}" if node else "")
        return [self.add(Call(layer, feeds, output, arguments, stated.constant))]

    def look_at(self, spec: Mapping[str, Any], name: str) -> None:
        """Keep what a model's own record states and inlining it would ignore."""
        where = f"{name or self.where} ({_bare(spec['class_name'])})"
        if (package := package_of(spec)) not in PACKAGES:
            self.problems.append(
                UnsupportedLayer(
                    f"the model class of the package {package!r} need not do what Keras' own does",
                    where,
                    "rebuild it as a Sequential or functional model",
                )
            )
        for entry in (spec, *_layer_specs(spec)):
            for key in sorted(set(entry) - _RECORD):
                self.problems.append(
                    UnsupportedLayer(
                        f"hwgen does not know the entry {key!r} of a layer's record",
                        where if entry is spec else f"{name}/{_name(entry)}".lstrip("/"),
                        f"leave {key} out, or save the model with Keras 2, Keras 3 or QKeras 0.9",
                    )
                )

    def add(self, call: Call) -> str:
        # A shared model is inlined once a call, so the call's number within it is not enough.
        output, count = call.output, 0
        while output in self.tensors:
            count += 1
            output = f"{call.output}#{count}"
        self.tensors.add(output)
        self.calls.append(replace(call, output=output))
        return output


def _in_order(stated: Any, inputs: list[Ref], scope: _Scope) -> tuple[str, ...] | None:
    """Return the feeds in the order of a model's inputs; a dictionary is matched by its keys."""
    if scope.feeds is None or not scope.keys:
        return scope.feeds
    by_key = dict(zip(scope.keys, scope.feeds, strict=True))
    names = sorted(stated) if isinstance(stated, Mapping) else [name for name, _, _ in inputs]
    return tuple(by_key[n] for n in names) if set(names) <= set(by_key) else scope.feeds


def _layer(spec: Mapping[str, Any], prefix: str) -> Layer:
    name, wrappers = _name(spec), []
    while (cls := _bare(spec["class_name"])) in WRAPPERS:
        wrappers.append(Wrapper(cls, spec["config"]))
        spec = spec["config"]["layer"]  # the name stays the wrapper's
    return Layer(cls, name, prefix + name, spec["config"], tuple(wrappers), package_of(spec))


def _shape_of(spec: Any) -> Any:
    """Return the batch input shape that a layer, or the first one inside it, carries; or None."""
    while isinstance(spec, Mapping) and isinstance(config := spec.get("config"), Mapping):
        shape = config.get("batch_input_shape") or config.get("batch_shape")
        if shape:
            return shape
        layers = config.get("layers") or [config.get("layer")]
        spec = layers[0]
    return None


def _bare(cls: Any) -> str:
    """Return ``QDense`` of ``qkeras>QDense``, ``Custom>QDense`` or ``qkeras.qlayers.QDense``."""
    return str(cls).rpartition(">")[2].rpartition(".")[2]


def _name(spec: Mapping[str, Any]) -> str:
    config = spec["config"]
    name = config.get("name") if isinstance(config, Mapping) else None
    return str(name or spec.get("name") or _bare(spec["class_name"]).lower())


def _first_node(spec: Mapping[str, Any], calls: int, used: set[int]) -> int:
    """Return the number of a layer's first call: 1 for a model whose own input was call 0."""
    if _bare(spec["class_name"]) not in MODELS or 0 in used:
        return 0
    return int(max(used, default=0) >= calls or _shape_of(spec) is not None)


def _input_dtype(spec: Mapping[str, Any]) -> Any:
    """Return the dtype of the input that Keras puts in front of a first layer."""
    config = spec["config"]
    layers = config.get("layers") if isinstance(config, Mapping) else None
    if isinstance(layers, list) and layers:
        return _input_dtype(layers[0])
    return config.get("dtype") if isinstance(config, Mapping) else None


def _layer_specs(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    config = spec["config"]
    layers = config["layers"] if isinstance(config, Mapping) else config
    return [layer for layer in layers if _bare(layer["class_name"]) not in MODELS]
