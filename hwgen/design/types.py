# SPDX-License-Identifier: Apache-2.0
"""The design: everything that will exist in hardware. Pure data: `plan` makes it, `emit` prints it.

A design is a set of *stages* joined by *links*. A stage is a pipeline of logic (`Pipeline`), an
instance of a hand-written unit (`UnitRef`), or several of them. A design in the parallel style is
one stage with one pipeline.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np

from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes
from hwgen.logic.builder import Logic
from hwgen.logic.links import NO_REGISTERS, LinkRegisters
from hwgen.logic.nodes import Wire
from hwgen.logic.serial.graph import SerialGraph
from hwgen.logic.serial.offsets import Offsets
from hwgen.units.memories import RamStyle

DATA_WIDTH = 64  # bits of an AXI-Stream beat, unless asked otherwise


class LinkKind(Enum):
    """Handshake of a link; docs/links.md tells each in full.

    ``FLOW``: valid only, fixed latency. ``SERIAL``: flow, `Link.digit_bits` bits of every field a
    cycle, least significant first; valid marks the first digit of a word. ``STREAM``: valid and
    ready, the words of a map one after the other.
    """

    FLOW = "flow"
    SERIAL = "serial"
    STREAM = "stream"


@dataclass(frozen=True)
class Field:
    """One value in a word of a link.

    Attributes:
        label: the value by the model's names, ``relu2[7]``: for comments and messages.
        width: bits.
        signed: whether it is two's complement.
        cycle: of a flow link: registers between the network input and the value.
    """

    label: str
    width: int
    signed: bool
    cycle: int = 0


@dataclass(frozen=True)
class Link:
    """Values that travel together from a port or a stage to its readers.

    Attributes:
        name: legal in every language that is printed, unique in the design.
        kind: the handshake.
        fields: of one word, the first in the lowest bits.
        words: of one sample.
        depth, ram_style: of a stream: words of FIFO in front of the reader, and its `RamStyle`.
        digit_bits: of a serial link: bits of every field a cycle; else 0.
        coding: of a stream through memory: name of the feature map's coding; else None.
    """

    name: str
    kind: LinkKind
    fields: tuple[Field, ...]
    words: int = 1
    depth: int = 0
    digit_bits: int = 0
    coding: str | None = None
    ram_style: int = RamStyle.ANY.value

    @property
    def bits(self) -> int:
        """Width of a word."""
        return sum(field.width for field in self.fields)


@dataclass(frozen=True)
class Port:
    """A network input or output.

    Attributes:
        name: a legal identifier, as the model has it.
        shape: of one sample; elements are packed row-major, element 0 in the lowest bits.
        fixed: format of every element; element i is ``data[i*width +: width]``.
        scale, offset: value = code * scale + offset (per last axis, or one for all).
        interval: cycles between two samples at this port, at least.
        link: name of the link that enters or leaves here; empty until the design is put together.
    """

    name: str
    shape: tuple[int, ...]
    fixed: Fixed
    scale: tuple[float, ...] = (1.0,)
    offset: tuple[float, ...] = (0.0,)
    interval: int = 1
    link: str = ""

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

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
    """A link that a layer reads, and what it reads of it.

    Attributes:
        link: name of the link.
        taps: ascending; of a network input: its ``In`` nodes.
    """

    link: str
    taps: tuple[Tap, ...]


@dataclass(frozen=True)
class Layer:
    """One layer's part of a pipeline. Its registers are those behind its own wires.

    A pipeline boundary need not fall between two layers, so what a layer reads and gives need not
    be of one cycle. Cycle numbers count registers since the pipeline's input; 0 is the input.

    Attributes:
        name: of the layer in the model.
        link: name of the link that it writes.
        note: the one-line comment of the layer (shape, formats, zeros, latency).
        wires: the logic nodes of the layer, ascending.
        sources: the links it reads.
        exports: the fields of its link: what later layers or network outputs read, ascending, the
            first in the lowest bits, each in its exact width.
        start: cycle of the first source that arrives.
        end: cycle of the last export that leaves.
        realisation: of a layer with weights: ``adders``, ``tables`` or ``serial``; else empty.
    """

    name: str
    link: str
    note: str
    wires: tuple[Wire, ...]
    sources: tuple[Source, ...]
    exports: tuple[Tap, ...]
    start: int
    end: int
    realisation: str = ""

    @property
    def latency(self) -> int:
        """Cycles between the layer's first source and its last export."""
        return self.end - self.start


def cycles_text(start: int, end: int) -> str:
    """Return ``cycle 3`` or ``cycles 0 to 1``, as notes and comments tell it."""
    return f"cycle {start}" if start == end else f"cycles {start} to {end}"


@dataclass(frozen=True)
class Pipeline:
    """Adder graphs, tables and small operations, retimed as one; a sample every cycle.

    Attributes:
        logic: all nodes; ``In`` nodes name the links that the stage reads.
        cycle: of every wire, the number of registers between the pipeline's input and its node.
        layers: in data-flow order.
        latency: cycles from an accepted input to its output; outputs are registered: at least 1.
        links: registers on the links between its layers; *cycle* holds them.
    """

    logic: Logic
    cycle: tuple[int, ...]
    layers: tuple[Layer, ...]
    latency: int
    links: LinkRegisters = NO_REGISTERS

    def arrives(self, tap: Tap) -> int:
        """Return the cycle of a tap."""
        return self.cycle[tap.wire] + tap.delay

    def width(self, tap: Tap) -> int:
        """Return the bits of a tap."""
        return 1 if tap.sign else self.logic.width(tap.wire)

    def tap_of(self, wire: Wire) -> Tap:
        """Return how the rank of output registers reads a wire that leaves the pipeline."""
        return Tap(wire, self.latency - 1 - self.cycle[wire])


@dataclass(frozen=True)
class SerialPipeline:
    """Adder graphs of which every cycle computes one digit, scheduled as one.

    Whole words come in and leave; between its layers are serial links. `interval` is its pace.

    Attributes:
        graph: all nodes; `Word` nodes name the links that the stage reads.
        offsets: when each value begins.
        layers: in data-flow order. Taps have no delays: what reads a value late delays it.
        latency: cycles from an accepted input to its output.
    """

    graph: SerialGraph
    offsets: Offsets
    layers: tuple[Layer, ...]
    latency: int

    @property
    def interval(self) -> int:
        """Cycles between two samples, at least."""
        return self.graph.digits

    @property
    def out_digits(self) -> int:
        """Digits of the widest word that leaves."""
        return self.latency - self.offsets.end


@dataclass(frozen=True, eq=False)
class UnitRef:
    """An instance of a hand-written unit.

    Attributes:
        unit: ``hwg_requant``: rtl/ and hls_templates/ know it by this name.
        params: of the instance.
        constants: integer arrays by parameter; a printer decides what they become.
    """

    unit: str
    params: Mapping[str, int]
    constants: Mapping[str, Codes] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        """Tell whether the other is the same unit with equal parameters and constants."""
        if not isinstance(other, UnitRef) or set(self.constants) != set(other.constants):
            return False
        alike = (np.array_equal(a, other.constants[k]) for k, a in self.constants.items())
        return self.unit == other.unit and dict(self.params) == dict(other.params) and all(alike)

    def __hash__(self) -> int:
        """Return the same number for equal ones."""
        return hash((self.unit, *sorted(self.params.items())))


Part: TypeAlias = Pipeline | SerialPipeline | UnitRef


@dataclass(frozen=True)
class Stage:
    """A part of a design between links.

    Attributes:
        name: unique in the design.
        body: what it is made of.
        reads, writes: names of links; of a pipeline in the order of the logic's inputs and outputs.
        latency: cycles from the first word of a sample to the first word of its result.
        interval: cycles between two samples.
        note: a line for the reader.
    """

    name: str
    body: Part | tuple[Part, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    latency: int
    interval: int
    note: str = ""

    @property
    def parts(self) -> tuple[Part, ...]:
        """Parts of the body, as a tuple."""
        return self.body if isinstance(self.body, tuple) else (self.body,)


@dataclass(frozen=True)
class Heading:
    """Whose design it is, and what it is planned for.

    Attributes:
        name, target, clock_mhz, model, data_width, axi_mhz: as of `Design`.
    """

    name: str
    target: str
    clock_mhz: float
    model: str
    data_width: int = DATA_WIDTH
    axi_mhz: float | None = None


@dataclass(frozen=True)
class Design:
    """Everything that will exist in hardware, in any style.

    Attributes:
        name: of the design; a printer puts ``hwg_`` before it.
        target, clock_mhz: the board and the clock that it was planned for; every path meets that.
        model: digest of the graph.
        inputs, outputs: ports of the network.
        links: all of them, also those between the layers of a pipeline.
        stages: in data-flow order.
        latency: cycles from an accepted input to its output; of a stream design, from the first
            word of a sample to the last word of its result, while nobody pauses.
        interval: cycles between two inputs.
        data_width: bits of an AXI-Stream beat.
        axi_mhz: clock of the AXI ports where they have one of their own; else None.
    """

    name: str
    target: str
    clock_mhz: float
    model: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    links: tuple[Link, ...]
    stages: tuple[Stage, ...]
    latency: int
    interval: int = 1
    data_width: int = DATA_WIDTH
    axi_mhz: float | None = None

    def link(self, name: str) -> Link:
        """Return a link by its name."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> Mapping[str, Link]:
        return {link.name: link for link in self.links}

    @property
    def serial(self) -> SerialPipeline | None:
        """The pipeline of a serial design of one stage, which is all it consists of; else None."""
        parts = [part for stage in self.stages for part in stage.parts]
        alone = len(parts) == 1 and isinstance(parts[0], SerialPipeline)
        return parts[0] if alone and isinstance(parts[0], SerialPipeline) else None

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Layers of all pipelines, in data-flow order."""
        parts = (part for stage in self.stages for part in stage.parts)
        return tuple(x for part in parts if not isinstance(part, UnitRef) for x in part.layers)

    @property
    def pipelines(self) -> tuple[Pipeline, ...]:
        """All pipelines, in data-flow order."""
        parts = (part for stage in self.stages for part in stage.parts)
        return tuple(part for part in parts if isinstance(part, Pipeline))

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline of a parallel design, which is all it consists of."""
        ((part,),) = (stage.parts for stage in self.stages)
        assert isinstance(part, Pipeline)
        return part

    @property
    def style(self) -> str:
        """``stream`` where words enter with valid and ready; else ``serial`` or ``parallel``."""
        links = (self._by_name.get(port.link) for port in self.inputs)
        if any(link is not None and link.kind is LinkKind.STREAM for link in links):
            return "stream"
        parts = (part for stage in self.stages for part in stage.parts)
        return "serial" if any(isinstance(p, SerialPipeline) for p in parts) else "parallel"

    @property
    def latency_ns(self) -> float:
        """Latency in nanoseconds at the planned clock."""
        return self.latency * 1000.0 / self.clock_mhz
