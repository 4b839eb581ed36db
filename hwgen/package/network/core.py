# SPDX-License-Identifier: Apache-2.0
"""Network as packages see it: the facts of a build, and the names of what a package adds.

This is the one place that reads the design of a build.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwgen.design.frame import Frame
from hwgen.design.names import ModuleNames
from hwgen.design.ranges import Range, ranges
from hwgen.design.types import Design, Port
from hwgen.errors import ConfigError
from hwgen.ir.graph import InputScaler
from hwgen.ir.names import Names
from hwgen.package.ip_core import LICENCE, AxisPort, Rows
from hwgen.package.text import commented
from hwgen.target.board import Board

ADDRESS_WIDTH = 12  # bits of an AXI4-Lite address: a page of 4 KiB, the least a system maps


@dataclass(frozen=True)
class NetworkCore:
    """Built network.

    Attributes:
        name: of the design; the modules begin with ``hwg_<name>``.
        axis: module of the AXI-Stream top.
        flow: module of the flow top; None where the core has none.
        ip: module that is packaged: the AXI-Stream top behind its registers.
        trigger: module of the trigger wrapper.
        board: it was planned for.
        clock_mhz, latency, interval: of the core, as planned.
        data_width: bits of an AXI-Stream beat.
        inputs, outputs: the streams.
        model: digest of the model.
        version: the hwgen that built it.
        sources: files of the core in compile order, below the package's ``hdl/``.
        rows: input and output codes by port, as the reference has them.
        stream: whether a sample is worked on while it comes, so that a broken frame has a result.
        cdc: module of the AXI-Stream top with two clocks; empty where there is one.
        axi_mhz: clock of the AXI ports, as planned, where they have one of their own.
    """

    name: str
    axis: str
    flow: str | None
    ip: str
    trigger: str
    board: Board
    clock_mhz: float
    latency: int
    interval: int
    data_width: int
    inputs: tuple[AxisPort, ...]
    outputs: tuple[AxisPort, ...]
    model: str
    version: str
    sources: tuple[tuple[str, bytes], ...]
    rows: tuple[tuple[str, Rows], ...]
    stream: bool
    cdc: str
    axi_mhz: float | None

    @classmethod
    def of(
        cls,
        design: Design,
        board: Board,
        version: str,
        sources: Mapping[str, bytes],
        inputs: Mapping[str, Rows],
        outputs: Mapping[str, Rows],
        scalers: Sequence[InputScaler] = (),
    ) -> NetworkCore:
        """Describe a built design.

        Args:
            design: as the build planned it.
            board: it was planned for.
            version: the hwgen that built it.
            sources: path to content, in the order of ``files.f``.
            inputs: codes by port, as in ``vectors.npz``.
            outputs: the same of the outputs.
            scalers: what the model does to its inputs outside the core.

        Raises:
            ConfigError: the design has more ports than the registers can tell.
        """
        for kind, ports in (("inputs", design.inputs), ("outputs", design.outputs)):
            if not 0 < len(ports) < 256:
                what = f"{len(ports)} {kind}, and a package has 1 to 255"
                raise ConfigError(what, design.name)
        tops = ModuleNames.of(design).tops
        base = tops["axis"].removesuffix("_axis")
        given, leaving = ranges(design)
        # A layer may be called "ip" or "flow"; then the name of ours gives way.
        modules = Names(path.rsplit("/", 1)[-1].removesuffix(".sv") for path in sources)
        ip, trigger = (f"{base}_{modules.take(what, base + '_')}" for what in ("ip", "trigger"))
        rows = [(f"in_{name}", rows) for name, rows in inputs.items()]
        rows += [(f"out_{name}", rows) for name, rows in outputs.items()]
        return cls(
            name=design.name,
            axis=tops["axis"],
            flow=tops.get("flow"),
            ip=ip,
            trigger=trigger,
            board=board,
            clock_mhz=design.clock_mhz,
            latency=design.latency,
            interval=design.interval,
            data_width=design.data_width,
            inputs=_scaled(_streams(design, design.inputs, given, "s_axis"), scalers),
            outputs=_streams(design, design.outputs, leaving, "m_axis"),
            model=design.model,
            version=version,
            sources=tuple(sources.items()),
            rows=tuple(rows),
            stream=design.style == "stream",
            cdc=tops.get("cdc", ""),
            axi_mhz=design.axi_mhz,
        )

    @property
    def bus_mhz(self) -> float:
        """Clock of the AXI ports, as planned."""
        return self.axi_mhz or self.clock_mhz

    @property
    def base(self) -> str:
        """The name with the house's prefix, ``hwg_jet``: what packages and drivers are called."""
        return self.axis.removesuffix("_axis")

    def codes(self, name: str) -> Rows:
        """Return the codes of ``in_<port>`` or ``out_<port>``."""
        return dict(self.rows)[name]

    @property
    def streams(self) -> tuple[AxisPort, ...]:
        """All ports, inputs first."""
        return (*self.inputs, *self.outputs)

    @property
    def clock_khz(self) -> int:
        """The planned clock, rounded to kHz."""
        return round(self.clock_mhz * 1000)

    @property
    def origin(self) -> str:
        """The line by which every generated file tells where it comes from."""
        return (
            f"Generated by hwgen {self.version} from model {self.model[:16]}. Do not edit: change "
            "the model, then run `hwgen build` and `hwgen pack`."
        )

    def banner(self, mark: str, *lines: str) -> str:
        """Return the first lines of a file, each behind the comment mark of its language."""
        return commented(mark, LICENCE, self.origin, *lines)


def _scaled(ports: Sequence[AxisPort], scalers: Sequence[InputScaler]) -> tuple[AxisPort, ...]:
    """Return input ports with their scalers; several of one input become one."""
    known: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {}
    sizes = {port.name: math.prod(port.shape) for port in ports}
    for scaler in scalers:
        scale, offset = scaler.scale, scaler.offset
        if scaler.input in known:
            size = sizes[scaler.input]
            parts = (*known[scaler.input], scale, offset)
            factor, term, mul, add = (np.resize(np.array(part), size) for part in parts)
            scale, offset = (tuple(p.tolist()) for p in (factor * mul, term * mul + add))
        known[scaler.input] = scale, offset
    return tuple(replace(port, scaler=known.get(port.name)) for port in ports)


def _streams(
    design: Design, ports: Sequence[Port], ends: Mapping[str, Range], side: str
) -> tuple[AxisPort, ...]:
    names = Names()  # VHDL knows no case
    made = []
    for port in ports:
        alone, frame = len(ports) == 1, Frame.of(port, design.data_width)
        low, high = ends[port.name]
        made.append(
            AxisPort(
                name=port.name,
                prefix=side if alone else f"{side}_{port.name}",
                wrapped="" if alone else f"_{names.take(port.name)}",
                shape=port.shape,
                fixed=port.fixed,
                lo=tuple(low),
                hi=tuple(high),
                scale=port.scale,
                offset=port.offset,
                container=frame.container,
                bytes=frame.bytes,
                beats=frame.beats,
            )
        )
    return tuple(made)
