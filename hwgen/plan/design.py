# SPDX-License-Identifier: Apache-2.0
"""The design: what will exist in hardware. Pure data, made by `plan.schedule`, printed by `emit`.

It lives here and not in ir/ because a stage holds a logic block, and logic is to the left of ir
(docs/decisions/0001).
"""

from __future__ import annotations

from dataclasses import dataclass

from hwgen.ir.fixed import Fixed
from hwgen.logic.graph import Logic, Wire


@dataclass(frozen=True)
class Port:
    """A network input or output on the design's rim.

    Attributes:
        name: a legal identifier.
        shape: of one sample; elements are packed row-major, element 0 in the lowest bits.
        fixed: format of every element; element i is ``data[i*width +: width]``.
        scale, offset: value = code * scale + offset (per last axis, or one for all).
    """

    name: str
    shape: tuple[int, ...]
    fixed: Fixed
    scale: tuple[float, ...] = (1.0,)
    offset: tuple[float, ...] = (0.0,)

    @property
    def size(self) -> int:
        """Number of elements."""
        n = 1
        for dim in self.shape:
            n *= dim
        return n

    @property
    def bits(self) -> int:
        """Width of the packed data."""
        return self.size * self.fixed.width


@dataclass(frozen=True)
class Source:
    """A link that a stage reads.

    Attributes:
        name: the stage, or the network input port, whose link it is.
        wires: which of its exported wires are read (ascending); of a port: its ``In`` nodes.
        delay: cycles the link is delayed so that all of a stage's sources are of one sample.
    """

    name: str
    wires: tuple[Wire, ...]
    delay: int


@dataclass(frozen=True)
class Stage:
    """One layer's logic block: its sources arrive in cycle `start`, its exports leave in `end`.

    Cycle numbers count registers since the network input; 0 is the input itself.

    Attributes:
        name: instance and module suffix, named after the layer.
        note: the one-line comment of the layer (shape, formats, zeros, latency).
        wires: the logic nodes of the block, ascending.
        sources: where its inputs come from.
        exports: wires of the block that later stages or network outputs read, ascending; its output
            link is their concatenation, first wire in the lowest bits, each in its exact width.
        start, end: cycles; ``latency = end - start``.
    """

    name: str
    note: str
    wires: tuple[Wire, ...]
    sources: tuple[Source, ...]
    exports: tuple[Wire, ...]
    start: int
    end: int

    @property
    def latency(self) -> int:
        """Registers between the block's sources and its exports."""
        return self.end - self.start


@dataclass(frozen=True)
class Design:
    """A parallel design: flow links, interval 1.

    Attributes:
        name: of the top module (prefix ``hwg_`` is added by the emitter).
        style: ``parallel``.
        board, clock_mhz: what it was planned for.
        model: digest of the graph.
        inputs, outputs: the rim.
        logic: all nodes.
        cycle: of every wire, the number of registers between the network input and its node.
        stages: in data-flow order.
        latency: cycles from an accepted input to its output; outputs are registered, so at least 1.
        interval: cycles between two inputs.
    """

    name: str
    style: str
    board: str
    clock_mhz: float
    model: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    logic: Logic
    cycle: tuple[int, ...]
    stages: tuple[Stage, ...]
    latency: int
    interval: int = 1

    @property
    def latency_ns(self) -> float:
        """Latency in nanoseconds at the planned clock."""
        return self.latency * 1000.0 / self.clock_mhz
