# SPDX-License-Identifier: Apache-2.0
"""Network: a Keras model as a flat list of calls, and what the file says of its layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hwgen.errors import ModelError, UnsupportedLayer
from hwgen.frontends.exact.builder import Origin
from hwgen.frontends.keras.layer_classes import ALIKE, TIMED

TRAINING = "training"  # the argument of a call that puts a layer into training mode


@dataclass(frozen=True)
class Wrapper:
    """A wrapper around a layer, or the model around an input: class and settings."""

    cls: str
    config: Mapping[str, Any]


@dataclass(frozen=True)
class Layer:
    """A layer as the file describes it.

    Attributes:
        cls: class name, package prefixes removed.
        name: the model's own name, for messages.
        key: where its weights are found in `KerasModel.weights`.
        config: its settings.
        wrappers: what it sat in, outermost first: wrappers, or for an input its model.
        package: of the class, where the file names one.
    """

    cls: str
    name: str
    key: str
    config: Mapping[str, Any]
    wrappers: tuple[Wrapper, ...] = ()
    package: str = ""

    @property
    def where(self) -> str:
        """Name of the layer in messages."""
        return f"{self.key} ({self.cls})"

    @property
    def at(self) -> Origin:
        """The layer as the place that operations come from."""
        return Origin(self.name, self.where)

    @property
    def wrapped_in(self) -> frozenset[str]:
        """The classes of its wrappers."""
        return frozenset(w.cls for w in self.wrappers)


@dataclass(frozen=True)
class Call:
    """One use of a layer: tensors in, one tensor out.

    Attributes:
        layer: what is called; an ``InputLayer`` with an input is that of a nested model.
        inputs, output: names of tensors.
        arguments: given beside the tensors, those of a nested model's call included.
        constant: numbers are given among the tensors.
    """

    layer: Layer
    inputs: tuple[str, ...]
    output: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    constant: bool = False


@dataclass(frozen=True)
class Network:
    """Calls in topological order, and the tensors that enter and leave.

    Attributes:
        inputs: (port name, tensor) of the network inputs; their calls have class ``InputLayer``.
        outputs: (port name, tensor).
        problems: calls of nested models that mean something else than inlining them.
        subclass: class of a script that the model has, "" for one of Keras' own.
    """

    name: str
    calls: tuple[Call, ...]
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    problems: tuple[ModelError, ...] = ()
    subclass: str = ""

    @cached_property
    def leaving(self) -> frozenset[str]:
        """The tensors that leave."""
        return frozenset(tensor for _, tensor in self.outputs)


def check_wrapper(layer: Layer) -> None:
    """Refuse TimeDistributed around a layer that would do something else without it.

    Raises:
        UnsupportedLayer: as said.
    """
    if TIMED in layer.wrapped_in and layer.cls not in ALIKE:
        raise UnsupportedLayer(
            f"TimeDistributed({layer.cls}) is not supported",
            layer.where,
            f"TimeDistributed may hold {', '.join(sorted(ALIKE))}",
        )
