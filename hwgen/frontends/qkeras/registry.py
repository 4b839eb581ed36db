# SPDX-License-Identifier: Apache-2.0
"""HANDLERS: the function that converts a layer, by Keras layer class.

A handler turns the `Value` at a layer's input into the one at its output, emitting integer
operations. Its class has a record in ``keras/layer_classes.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from hwgen.frontends.exact.steps import Value
from hwgen.frontends.keras.layer_classes import CLASSES
from hwgen.frontends.keras.network import Layer
from hwgen.frontends.qkeras.conversion import Conversion

Handler: TypeAlias = Callable[[Conversion, Layer, list[Value]], Value]
HANDLERS: dict[str, Handler] = {}


def handles(*classes: str) -> Callable[[Handler], Handler]:
    """Enter a handler for Keras layer classes."""

    def enter(handler: Handler) -> Handler:
        for cls in classes:
            assert cls in CLASSES, f"{cls} has no record in keras/layer_classes.py"
            assert cls not in HANDLERS, f"{cls} has two handlers"
            HANDLERS[cls] = handler
        return handler

    return enter
