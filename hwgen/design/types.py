# SPDX-License-Identifier: Apache-2.0
"""The design: what will exist in hardware. Pure data, made by `plan.schedule`, printed by `emit`.

It lives here and not in ir/ because a stage holds a logic block, and logic is to the left of ir
(docs/decisions/0001).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hwgen.ir.fixed import Fixed
from hwgen.logic.builder import Logic
from hwgen.logic.nodes import Wire


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


class Tap(NamedTuple):
    """A wire as it is some registers behind its node.

    Attributes:
        wire: the node.
        delay: registers in between.
        sign: whether only the sign bit is meant; no tap of the whole word has the same delay then.
    """

    wire: Wire
    delay: int = 0
    sign: bool = False


@dataclass(frozen=True)
class Source:
    """A link that a stage reads.

    Attributes:
        name: the stage, or the network input port, whose link it is.
        taps: what is read of it (ascending); of a port: its ``In`` nodes.
    """

    name: str
    taps: tuple[Tap, ...]


@dataclass(frozen=True)
class Stage:
    """One layer's logic block. Its registers are those behind its own wires.

    A pipeline boundary need not fall between two layers, so what a stage reads and gives need not
    be of one cycle. Cycle numbers count registers since the network input; 0 is the input itself.

    Attributes:
        name: instance and module suffix, named after the layer.
        note: the one-line comment of the layer (shape, formats, zeros, latency).
        wires: the logic nodes of the block, ascending.
        sources: where its inputs come from.
        exports: what later stages or network outputs read of the block, ascending; its output link
            is their concatenation, first tap in the lowest bits, each in its exact width.
        start: cycle of the first source that arrives.
        end: cycle of the last export that leaves.
    """

    name: str
    note: str
    wires: tuple[Wire, ...]
    sources: tuple[Source, ...]
    exports: tuple[Tap, ...]
    start: int
    end: int

    @property
    def latency(self) -> int:
        """Cycles between the block's first source and its last export."""
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

    def arrives(self, tap: Tap) -> int:
        """Return the cycle of a tap."""
        return self.cycle[tap.wire] + tap.delay

    def width(self, tap: Tap) -> int:
        """Return the bits of a tap."""
        return 1 if tap.sign else self.logic.width(tap.wire)

    def tap_of(self, wire: Wire) -> Tap:
        """Return how the rank of output registers reads a wire that leaves the design."""
        return Tap(wire, self.latency - 1 - self.cycle[wire])

    @property
    def latency_ns(self) -> float:
        """Latency in nanoseconds at the planned clock."""
        return self.latency * 1000.0 / self.clock_mhz
