# SPDX-License-Identifier: Apache-2.0
"""Ports of the top function: an array each, ``jets_in`` and ``logits_out``."""

from __future__ import annotations

from hwgen.design.types import Port
from hwgen.emit.hls import cpp


def input_name(port: Port) -> str:
    """Return the argument of an input."""
    return f"{port.name}_in"


def output_name(port: Port) -> str:
    """Return the argument of an output."""
    return f"{port.name}_out"


def kind(port: Port) -> str:
    """Return the type of an element."""
    return f"hwg::{cpp.typed(port.fixed.width, port.fixed.signed)}"


def input_argument(port: Port) -> str:
    """Return the declaration of an input as an argument."""
    return f"const {kind(port)} {input_name(port)}[{port.size}]"


def output_argument(port: Port) -> str:
    """Return the declaration of an output as an argument."""
    return f"{kind(port)} {output_name(port)}[{port.size}]"


def told(what: str, port: Port) -> str:
    """Return a line about a port: shape and format."""
    shape = "x".join(str(n) for n in port.shape)
    return f"{what} {port.name}: {shape} of {port.fixed}, row-major"
