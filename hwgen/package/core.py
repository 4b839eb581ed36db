# SPDX-License-Identifier: Apache-2.0
"""What a packager must know of a built design, and the names of what it adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.errors import ConfigError
from hwgen.ir.fixed import Fixed
from hwgen.ir.names import Names
from hwgen.package.named import Released, Timed, commented
from hwgen.target.board import Board

Rows = npt.NDArray[np.int64]
ADDRESS_WIDTH = 12  # bits of an AXI4-Lite address: a page of 4 KiB, the least a system maps


@dataclass(frozen=True)
class AxisPort:
    """An input or output of the core, as flow port and as AXI-Stream.

    Attributes:
        name: of the port.
        prefix: of its AXI-Stream signals, ``s_axis`` or ``m_axis_logits``.
        wrapped: what stands behind ``in_data`` or ``out_data`` in the trigger wrapper: nothing, or
            an underscore and a name.
        shape: of a sample.
        fixed: format of an element.
        lo, hi: of every element, the least and the largest code that may go in or come out.
        scale, offset: value = code * scale + offset, one for all or one per last axis.
        container: bits of an element in a frame.
        bytes, beats: of a sample in a frame.
    """

    name: str
    prefix: str
    wrapped: str
    shape: tuple[int, ...]
    fixed: Fixed
    lo: tuple[int, ...]
    hi: tuple[int, ...]
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    container: int
    bytes: int
    beats: int

    @property
    def size(self) -> int:
        """Elements of a sample."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def bits(self) -> int:
        """Bits of a sample in a flow port."""
        return self.size * self.fixed.width

    @property
    def label(self) -> str:
        """The name in code that tells upper from lower case, and in code that does not."""
        return self.wrapped.removeprefix("_") or self.name

    @property
    def dims(self) -> str:
        """The shape in words."""
        return "x".join(map(str, self.shape)) or "1"


@dataclass(frozen=True)
class Core(Released, Timed):
    """A built design, as packages describe it.

    Attributes:
        name: of the design; the modules begin with ``hwg_<name>``.
        axis: module of the AXI-Stream top.
        flow: module of the flow top; None where the core has none.
        ip: module that is packaged: the AXI-Stream top behind its registers.
        trigger: module of the trigger wrapper.
        board: it was planned for.
        clock_mhz, latency, interval: as planned.
        data_width: bits of an AXI-Stream beat.
        inputs, outputs: the streams.
        model: digest of the model.
        version: the hwgen that built it.
        sources: files of the core in compile order, below the package's ``hdl/``.
        rows: input and output codes by port, as the reference has them.
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

    @classmethod
    def of(
        cls,
        design: Mapping[str, Any],
        board: Board,
        version: str,
        sources: Mapping[str, bytes],
        inputs: Mapping[str, Rows],
        outputs: Mapping[str, Rows],
    ) -> Core:
        """Describe a built design.

        Args:
            design: content of ``design.json``.
            board: it was planned for.
            version: the hwgen that built it.
            sources: path to content, in the order of ``files.f``.
            inputs: codes by port, as in ``vectors.npz``.
            outputs: likewise.

        Raises:
            ConfigError: the design has more ports than the registers can tell.
        """
        for kind in ("inputs", "outputs"):
            if not 0 < len(design[kind]) < 256:
                raise ConfigError(
                    f"{len(design[kind])} {kind}, and a package has 1 to 255", design["name"]
                )
        axis = str(design["tops"]["axis"])
        base = axis.removesuffix("_axis")
        # A layer may be called "ip" or "flow"; then the name of ours gives way.
        modules = Names(path.rsplit("/", 1)[-1].removesuffix(".sv") for path in sources)
        ip, trigger = (f"{base}_{modules.take(what, base + '_')}" for what in ("ip", "trigger"))
        rows = [(f"in_{name}", rows) for name, rows in inputs.items()]
        rows += [(f"out_{name}", rows) for name, rows in outputs.items()]
        return cls(
            name=str(design["name"]),
            axis=axis,
            flow=design["tops"].get("flow"),
            ip=ip,
            trigger=trigger,
            board=board,
            clock_mhz=float(design["clock_mhz"]),
            latency=int(design["latency"]),
            interval=int(design["interval"]),
            data_width=int(design["axis"]["data_width"]),
            inputs=_streams(design, "inputs", "s_axis"),
            outputs=_streams(design, "outputs", "m_axis"),
            model=str(design["model"]),
            version=version,
            sources=tuple(sources.items()),
            rows=tuple(rows),
        )

    @property
    def base(self) -> str:
        """The name with the house's prefix, ``hwg_jet``: what packages and drivers are called."""
        return self.axis.removesuffix("_axis")

    def codes(self, name: str) -> Rows:
        """Return the codes of ``in_<port>`` or ``out_<port>``."""
        return dict(self.rows)[name]

    def banner(self, mark: str, *lines: str) -> str:
        """Return the first lines of a file, each behind the comment mark of its language."""
        return commented(
            mark,
            "SPDX-License-Identifier: Apache-2.0",
            f"Generated by hwgen {self.version} from model {self.model[:16]}. Do not edit: change "
            "the model, then run `hwgen build` and `hwgen pack`.",
            *lines,
        )


def counted(number: int, what: str) -> str:
    """Return ``1 beat``, ``3 beats``."""
    return f"{number} {what}" + ("" if number == 1 else "s")


def _streams(design: Mapping[str, Any], kind: str, side: str) -> tuple[AxisPort, ...]:
    ports, frames = design[kind], design["axis"][kind]
    names = Names()  # VHDL knows no case
    made = []
    for port, frame in zip(ports, frames, strict=True):
        alone = len(ports) == 1
        made.append(
            AxisPort(
                name=str(port["name"]),
                prefix=side if alone else f"{side}_{port['name']}",
                wrapped="" if alone else f"_{names.take(port['name'])}",
                shape=tuple(int(n) for n in port["shape"]),
                fixed=Fixed(int(port["width"]), int(port["frac"]), bool(port["signed"])),
                lo=tuple(map(int, port["lo"])),
                hi=tuple(map(int, port["hi"])),
                scale=tuple(float(v) for v in port["scale"]),
                offset=tuple(float(v) for v in port["offset"]),
                container=int(frame["container"]),
                bytes=int(frame["bytes"]),
                beats=int(frame["beats"]),
            )
        )
    return tuple(made)
