# SPDX-License-Identifier: Apache-2.0
"""Wires of a pipeline as text: their names, their kinds, and operands of a width."""

from __future__ import annotations

import numpy as np

from hwgen.design.types import Design, Tap
from hwgen.emit.verilog import sv
from hwgen.ir.fixed import bits_for
from hwgen.ir.names import Names
from hwgen.logic.nodes import Chain, Const, Gather, In, Requant, Wire


class Wires:
    """Names and widths of the wires of a design's pipeline.

    An output of a layer goes by its channel, ``fc1_y7``, an element of the network input by its
    place, ``x3`` (``jets_x3`` where there are several inputs), and everything between by its number
    in the logic, ``n33``.

    Attributes:
        names: of every wire.
        width: bits of every wire.
        half: of sums that hold half a step of the rounding behind them: that half step.
    """

    def __init__(self, design: Design) -> None:
        pipeline = design.pipeline
        self.logic, self.cycle = pipeline.logic, pipeline.cycle
        ends = zip(self.logic.lo, self.logic.hi, strict=True)
        self.width = [bits_for(lo, hi) for lo, hi in ends]
        self.names = _named(design)
        self.half = {
            node.a: 1 << (node.shift - 1)
            for node in self.logic.nodes
            if isinstance(node, Requant) and node.half
        }

    def at(self, wire: Wire, delay: int) -> str:
        """Return the name of a wire some registers later."""
        return f"{self.names[wire]}_q{delay}" if delay else self.names[wire]

    def sign(self, tap: Tap) -> str:
        """Return the name of a sign that travels without its word."""
        return f"{self.names[tap.wire]}_neg" + (f"_q{tap.delay}" if tap.delay else "")

    def kind(self, wire: Wire) -> str:
        """Return sign and range of a wire, as they stand in a declaration."""
        sign = "signed " if self.logic.lo[wire] < 0 else ""
        return f"{sign}{sv.span(self.width[wire])}"

    def const(self, wire: Wire) -> int | None:
        """Return the value of a constant, None for what is none."""
        node = self.logic.nodes[wire]
        return node.value if isinstance(node, Const) else None

    def whole(self, wire: Wire, cycle: int) -> str:
        """Return an operand in its own width and sign, as it is in a cycle."""
        value = self.const(wire)
        if value is None:
            return self.at(wire, cycle - self.cycle[wire])
        return sv.literal(value, self.width[wire])

    def bit(self, node: Chain | Gather, pick: tuple[int, int], cycle: int) -> str:
        """Return a bit that a node of single bits reads, as it is in a cycle."""
        place, at = pick
        if place < 0:
            return f"1'b{at}"
        wire = node.ins[place]
        value = self.const(wire)
        if value is not None:
            return f"1'b{value >> at & 1}"
        return sv.bits(self.whole(wire, cycle), at, 1, self.width[wire])

    def cast(self, wire: Wire, cycle: int, width: int, shift: int = 0) -> str:
        """Return ``wire << shift`` as a term of *width* bits; exact modulo ``2**width``."""
        value = self.const(wire)
        if value is not None:
            value <<= shift
            fits = -(1 << (width - 1)) <= value < (1 << width)
            return sv.literal(value if fits else value % (1 << width), width)
        name = self.whole(wire, cycle)
        term = name if self.width[wire] == width else f"{width}'({name})"
        return f"({term} << {shift})" if shift else term

    def format(self, prefix: str, wire: Wire) -> list[tuple[str, str]]:
        """Return width and sign of an operand as parameters of a unit."""
        signed = int(self.logic.lo[wire] < 0)
        return [(f"{prefix}Width", str(self.width[wire])), (f"{prefix}Signed", str(signed))]


def _named(design: Design) -> list[str]:
    pipeline, logic = design.pipeline, design.pipeline.logic
    layers = {layer.name: layer.link for layer in pipeline.layers}
    others = Names(link.name for link in design.links)  # of layers without logic of their own
    shapes = {port.link: port.shape for port in design.inputs}
    prefixes = {port.link: f"{port.link}_x" for port in design.inputs}
    if len(prefixes) == 1:
        prefixes = dict.fromkeys(prefixes, "x")
    made: list[str] = []
    taken: set[str] = set()
    for wire, node in enumerate(logic.nodes):
        name = f"n{wire}"
        label = logic.labels[wire] if logic.labels else ""
        if isinstance(node, In):
            place = np.unravel_index(node.index, shapes[node.port])
            name = prefixes[node.port] + "_".join(map(str, place))
        elif label:
            layer, _, index = label.removesuffix("]").rpartition("[")
            if layer not in layers:
                layers[layer] = others.take(layer)
            own = f"{layers[layer]}_y{index.replace(',', '_')}"
            name = own if own not in taken else name  # two wires may be one element
        taken.add(name)
        made.append(name)
    return made
