# SPDX-License-Identifier: Apache-2.0
"""Ports of the top function: an array each, ``jets_in`` and ``logits_out``; its declaration."""

from __future__ import annotations

from hwgen.design.types import Design, Port
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


def signature(design: Design, top: str) -> str:
    """Return the head of a function of a sample on arrays."""
    arguments = [*map(input_argument, design.inputs), *map(output_argument, design.outputs)]
    return cpp.call(f"void {top}", arguments)


def header(
    design: Design, top: str, how: str = "one sample a call, codes in and codes out."
) -> str:
    """Return the header file of a function of a sample on arrays.

    Args:
        design: whose ports it has.
        top: the function.
        how: it works, for the comment.
    """
    lines = [
        f"{design.name}: {how}",
        *(told("input", port) for port in design.inputs),
        *(told("output", port) for port in design.outputs),
    ]
    body = ['#include "hwg/lang/int.h"', "", f"{signature(design, top)};"]
    return cpp.header(top, cpp.banner(design.model, lines), body)
