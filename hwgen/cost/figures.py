# SPDX-License-Identifier: Apache-2.0
"""Figures of a planned design: the values that reports, triggers and explorations work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Protocol

from hwgen.cost.advice import VendorRange
from hwgen.cost.calibration import ErrorBar
from hwgen.target.board import Budget

RESOURCES = ("lut", "ff", "dsp", "bram")


class Takes(Protocol):
    """Anything that says what it takes of a device."""

    @property
    def lut(self) -> int:
        """Look-up tables."""

    @property
    def ff(self) -> int:
        """Flip-flops."""

    @property
    def dsp(self) -> int:
        """DSP blocks."""

    @property
    def bram(self) -> int:
        """Block memories."""


def exceeded(taken: Takes, budget: Budget) -> list[str]:
    """Return the resources of which more is taken than there is; none where it fits."""
    return [key for key in RESOURCES if getattr(taken, key) > getattr(budget, key)]


@dataclass(frozen=True)
class Resources:
    """Resources of a device: look-up tables, flip-flops, DSP blocks, block memories."""

    lut: int
    ff: int
    dsp: int
    bram: int


@dataclass(frozen=True)
class StageFigures:
    """Figures of one stage; ``top`` is what lies around the stages.

    Attributes:
        name: of the layer.
        note: shape, weights and zeros in words.
        start, end: cycles since the network input; of a stream design 0 and the stage's interval.
        cycles: that the stage adds to the latency; of branches side by side, a cycle counts for
            the first. Of a stream design, from its first word in to its first word out.
        lut, ff, dsp, bram: modelled.
    """

    name: str
    note: str
    start: int
    end: int
    cycles: int
    lut: int
    ff: int
    dsp: int
    bram: int


@dataclass(frozen=True)
class ZeroCount:
    """Zero weights of a layer, and all of its weights."""

    zeros: int
    weights: int


@dataclass(frozen=True)
class Fmax:
    """Clock that the delay model gives.

    Attributes:
        mhz: the clock.
        error: of the model, where it was measured.
        holds: whether it is the clock that was asked for, or a faster one.
    """

    mhz: float
    error: ErrorBar | None
    holds: bool


@dataclass(frozen=True)
class PackagedFigures:
    """Figures of the core behind AXI-Stream.

    Attributes:
        data_width: bits of a beat.
        latency_cycles: from the first beat of a sample to the first beat of its result; of a stream
            design to the last beat, at most.
        interval: cycles between two samples.
        limit: what the interval comes from: ``input beats``, ``output beats`` or ``core``.
        modelled: resources, the core's included.
        buffers: the share of its buffers.
        registers: what the registers of the packaged IP, with their places in the streams, take
            more.
    """

    data_width: int
    latency_cycles: int
    interval: int
    limit: str
    modelled: Resources
    buffers: Resources
    registers: Resources


@dataclass(frozen=True)
class Figures:
    """Figures of a planned design, before anything is synthesised.

    Attributes:
        name: of the design.
        model: digest of the model.
        style: ``parallel`` or ``stream``.
        board, part: what it is planned for.
        clock_mhz: the clock that was asked for.
        latency_cycles, latency_ns, latency_crossings: from an input to its output; a crossing is
            one of the LHC, 25 ns.
        interval: cycles between two samples.
        terms: adders, thresholds, tables and other logic, counted.
        weights, zeros, parameters: of the integer network.
        layers: the same of each layer.
        input_bits: width of each input.
        bops, ebops: bit operations, and the effective ones.
        ebops_live: the effective ones of weights that an output depends on.
        modelled: resources by the cost model.
        packaged: of the core behind AXI-Stream.
        budget: of the device.
        lut_error: how far the cost model was off; None where nothing was measured.
        vendor: what AMD's tool may report of an adder network; None of any other design.
        fmax: by the delay model.
        stages: of the design, in order.
        notes: of the front end, and on layers that are dear.
    """

    name: str
    model: str
    style: str
    board: str
    part: str
    clock_mhz: float
    latency_cycles: int
    latency_ns: float
    latency_crossings: int
    interval: int
    terms: Mapping[str, int]
    weights: int
    zeros: int
    parameters: int
    layers: Mapping[str, ZeroCount]
    input_bits: Mapping[str, int]
    bops: int
    ebops: int
    ebops_live: int
    modelled: Resources
    packaged: PackagedFigures
    budget: Budget
    lut_error: ErrorBar | None
    vendor: VendorRange | None
    fmax: Fmax
    stages: tuple[StageFigures, ...]
    notes: tuple[str, ...]

    @property
    def held_mhz(self) -> float:
        """Clock that the design holds: the one that was asked for, or what is left of it."""
        return self.clock_mhz if self.fmax.holds else self.fmax.mhz

    @property
    def rate_mhz(self) -> float:
        """Samples that are taken, in millions a second."""
        return self.held_mhz / self.interval

    def as_dict(self) -> dict[str, object]:
        """Return the figures as plain data."""
        return asdict(self)
