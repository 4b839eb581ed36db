# SPDX-License-Identifier: Apache-2.0
"""From a Keras model configuration to a flat list of layer calls.

Sequential and functional models of Keras 2 and Keras 3 come out alike: every call has a layer, the
tensors it reads and the tensor it makes. Nested models are inlined, wrappers that change nothing at
inference (pruning) are peeled off, and so is TimeDistributed around layers that treat every
position alike anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hwgen.errors import ModelError, UnsupportedLayer
from hwgen.frontends.exact.builder import Origin
from hwgen.frontends.keras.layer_classes import ALIKE, MODELS, PRUNING, TIMED, WRAPPERS

_MAX_DEPTH = 8
_SAVE = "save the model again with Keras; the file may have been edited or cut"


@dataclass(frozen=True)
class Layer:
    """A layer as the file describes it.

    Attributes:
        cls: class name, package prefixes removed.
        name: the model's own name, for messages.
        key: where its weights are found in `KerasModel.weights`.
        config: its settings.
        pruned: it sat in a pruning wrapper, so its weight map may hold a mask.
        timed: it sat in TimeDistributed.
    """

    cls: str
    name: str
    key: str
    config: Mapping[str, Any]
    pruned: bool = False
    timed: bool = False

    @property
    def where(self) -> str:
        """How messages name the layer."""
        return f"{self.key} ({self.cls})"

    @property
    def at(self) -> Origin:
        """The layer as the place that operations come from."""
        return Origin(self.name, self.where)


@dataclass(frozen=True)
class Call:
    """One use of a layer: tensors in, one tensor out."""

    layer: Layer
    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True)
class Network:
    """Calls in topological order, and the tensors at the rim.

    Attributes:
        inputs: (port name, tensor) of the network inputs; their calls have class ``InputLayer``.
        outputs: (port name, tensor).
    """

    name: str
    calls: tuple[Call, ...]
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]


def parse(config: Mapping[str, Any], where: str) -> Network:
    """Flatten a model configuration ``{"class_name": ..., "config": ...}``.

    Raises:
        ModelError: the configuration is no Sequential or functional model, or contradicts itself.
    """
    cls = _bare(config.get("class_name"))
    if cls not in MODELS:
        raise UnsupportedLayer(
            f"model class {cls!r} is not supported; hwgen reads Sequential and functional models",
            where,
            "subclassed models have no layer graph in the file: rebuild the model with the "
            "functional API",
        )
    walker = _Walker(where)
    try:
        ins, outs = walker.model(config, "", None, 0)
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
        raise ModelError(
            f"the model configuration is malformed ({type(error).__name__}: {error})",
            where,
            _SAVE,
        ) from error
    inner = config.get("config")
    name = inner.get("name", "model") if isinstance(inner, Mapping) else "model"
    return Network(str(name), tuple(walker.calls), tuple(ins), tuple(outs))


class _Walker:
    def __init__(self, where: str) -> None:
        self.where = where
        self.calls: list[Call] = []
        self.tensors: set[str] = set()

    def model(
        self, spec: Mapping[str, Any], prefix: str, feeds: Sequence[str] | None, depth: int
    ) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Inline one model; *feeds* are the tensors at its inputs, None for the outermost."""
        if depth > _MAX_DEPTH:
            raise ModelError(
                f"models are nested more than {_MAX_DEPTH} deep",
                self.where,
                "write it as one functional model",
            )
        config = spec["config"]
        if _bare(spec["class_name"]) == "Sequential":
            return self.sequential(config, prefix, feeds, depth)
        return self.functional(config, prefix, feeds, depth)

    def sequential(
        self, config: Any, prefix: str, feeds: Sequence[str] | None, depth: int
    ) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        specs = config["layers"] if isinstance(config, Mapping) else config
        if not specs:
            raise ModelError("the model has no layers", self.where, _SAVE)
        ins: list[tuple[str, str]] = []
        if feeds is not None:
            tensor = feeds[0]
        elif _bare(specs[0]["class_name"]) != "InputLayer":
            tensor = self.implied_input(specs[0], config)
            ins = [(tensor, tensor)]
        else:
            tensor = ""
        for spec in specs:
            if _bare(spec["class_name"]) == "InputLayer":
                if feeds is None:
                    name = _name(spec)
                    tensor = self.call(spec, prefix, (), name, depth)
                    ins = [(name, tensor)]
                continue
            tensor = self.call(spec, prefix, (tensor,), "", depth)
        last = _name(specs[-1])
        return ins, [(last, tensor)]

    def implied_input(self, first: Mapping[str, Any], config: Any) -> str:
        shape = _shape_of(first)
        if shape is None and isinstance(config, Mapping):
            shape = config.get("build_input_shape")
        if shape is None:
            raise ModelError(
                "the model does not say its input shape",
                self.where,
                "build it with an Input layer or input_shape=..., then save it again",
            )
        name = f"{_name(first)}_input"
        layer = Layer("InputLayer", name, name, {"batch_input_shape": list(shape)})
        self.tensors.add(name)
        self.calls.append(Call(layer, (), name))
        return name

    def functional(
        self, config: Any, prefix: str, feeds: Sequence[str] | None, depth: int
    ) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        specs = {str(s.get("name") or _name(s)): s for s in config["layers"]}
        input_refs = _refs(config["input_layers"])
        tensors: dict[tuple[str, int, int], str] = {}
        ins = []
        for i, (name, node, index) in enumerate(input_refs):
            if name not in specs:
                raise ModelError(f"input layer {name!r} is not in the model", self.where, _SAVE)
            if _bare(specs[name]["class_name"]) != "InputLayer":
                raise ModelError(f"input layer {name!r} is no InputLayer", self.where, _SAVE)
            if feeds is None:
                tensors[name, node, index] = self.call(specs[name], prefix, (), name, depth)
                ins.append((name, tensors[name, node, index]))
            else:
                tensors[name, node, index] = feeds[i]
        inbound = {name: _inbound(spec) for name, spec in specs.items()}
        outputs = _refs(config["output_layers"])
        used = [r for calls in inbound.values() for refs in calls for r in refs] + outputs
        pending = [
            (name, node, refs)
            for name, calls in inbound.items()
            if name not in {r[0] for r in input_refs}
            for node, refs in enumerate(
                calls, _first_node(specs[name], len(calls), {r[1] for r in used if r[0] == name})
            )
        ]
        while pending:
            ready = [p for p in pending if all(r in tensors for r in p[2])]
            if not ready:
                stuck = pending[0]
                raise ModelError(
                    f"layer {stuck[0]!r} reads {[r[0] for r in stuck[2] if r not in tensors]}, "
                    "which no layer makes",
                    self.where,
                    _SAVE,
                )
            for name, node, refs in ready:
                outs = self.call_all(
                    specs[name], prefix, tuple(tensors[r] for r in refs), node, depth
                )
                for index, out in enumerate(outs):
                    tensors[name, node, index] = out
            pending = [p for p in pending if p not in ready]
        if not outputs:
            raise ModelError("the model has no outputs", self.where, _SAVE)
        missing = [r[0] for r in outputs if r not in tensors]
        if missing:
            raise ModelError(f"output layers {missing} are not in the model", self.where, _SAVE)
        return ins, [(r[0], tensors[r]) for r in outputs]

    def call(
        self, spec: Mapping[str, Any], prefix: str, feeds: tuple[str, ...], name: str, depth: int
    ) -> str:
        return self.call_all(spec, prefix, feeds, 0, depth)[0]

    def call_all(
        self, spec: Mapping[str, Any], prefix: str, feeds: tuple[str, ...], node: int, depth: int
    ) -> list[str]:
        if _bare(spec["class_name"]) in MODELS:
            inner_prefix = f"{prefix}{_name(spec)}/"
            _, outs = self.model(spec, inner_prefix, feeds, depth + 1)
            return [tensor for _, tensor in outs]
        layer = _layer(spec, prefix)
        # A shared model is inlined once a call, so the call's number within it is not enough.
        output = base = f"{prefix}{layer.name}" + (f"@{node}" if node else "")
        count = 0
        while output in self.tensors:
            count += 1
            output = f"{base}#{count}"
        self.tensors.add(output)
        self.calls.append(Call(layer, feeds, output))
        return [output]


def _layer(spec: Mapping[str, Any], prefix: str) -> Layer:
    cls, config, name = _bare(spec["class_name"]), spec["config"], _name(spec)
    pruned = timed = False
    while cls in WRAPPERS:
        pruned |= cls == PRUNING
        timed |= cls == TIMED
        inner = config["layer"]
        cls, config = _bare(inner["class_name"]), inner["config"]  # the name stays the wrapper's
    return Layer(cls, name, prefix + name, config, pruned, timed)


def check_wrapper(layer: Layer) -> None:
    """Refuse TimeDistributed around a layer that would do something else without it.

    Raises:
        UnsupportedLayer: as said.
    """
    if layer.timed and layer.cls not in ALIKE:
        raise UnsupportedLayer(
            f"TimeDistributed({layer.cls}) is not supported",
            layer.where,
            f"TimeDistributed may hold {', '.join(sorted(ALIKE))}",
        )


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


def _refs(spec: Any) -> list[tuple[str, int, int]]:
    """Return (layer, node, tensor) triples of ``[["x", 0, 0], ...]`` or ``["x", 0, 0]``."""
    if isinstance(spec, Mapping):
        spec = list(spec.values())
    if spec and isinstance(spec[0], str):
        spec = [spec]
    return [(str(s[0]), int(s[1]), int(s[2])) for s in spec]


def _first_node(spec: Mapping[str, Any], calls: int, used: set[int]) -> int:
    """Return the number of a layer's first call: 1 for a model whose own input was call 0."""
    if _bare(spec["class_name"]) not in MODELS or 0 in used:
        return 0
    return int(max(used, default=0) >= calls or _shape_of(spec) is not None)


def _inbound(spec: Mapping[str, Any]) -> list[list[tuple[str, int, int]]]:
    """Return, for every call of a layer, the tensors it reads."""
    calls = []
    for entry in spec.get("inbound_nodes", ()):
        if isinstance(entry, Mapping):  # Keras 3
            calls.append(_histories([entry.get("args", ()), entry.get("kwargs", {})]))
        else:  # Keras 2: [[name, node, tensor, kwargs], ...], or one of them unwrapped
            items = [entry] if entry and isinstance(entry[0], str) else entry
            refs = []
            for item in items:
                refs.append((str(item[0]), int(item[1]), int(item[2])))
                for value in (item[3] if len(item) > 3 else {}).values():
                    if isinstance(value, list) and len(value) == 3 and isinstance(value[0], str):
                        refs.append((value[0], int(value[1]), int(value[2])))
            calls.append(refs)
    return calls


def _histories(value: Any) -> list[tuple[str, int, int]]:
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            name, node, index = value["config"]["keras_history"]
            return [(str(name), int(node), int(index))]
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [ref for item in value for ref in _histories(item)]
    return []
