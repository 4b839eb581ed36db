# SPDX-License-Identifier: Apache-2.0
"""IP core: a packaged module as catalogues, simulators, drivers and readers are told of it.

`hwgen.package.network` makes one of a build, `hwgen.package.codec_engine` one of the feature-map
engine. The modules of `hwgen.package.formats` write files for either, and know nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.emit.verilog.sv import PortDecl
from hwgen.ir.fixed import Fixed
from hwgen.package.crossing import Crossing
from hwgen.package.identity import Identity, Listing
from hwgen.package.registers import RegisterMap
from hwgen.package.text import commented
from hwgen.target.board import Board

Rows = npt.NDArray[np.int64]
Texts = tuple[tuple[str, str], ...]  # name of a file and its text
LICENCE = "SPDX-License-Identifier: Apache-2.0"


class BusKind(Enum):
    """Kind of a bus interface; AXI4 and AXI4-Lite are told apart by a parameter of the bus."""

    CLOCK = "clock"
    RESET = "reset"
    INTERRUPT = "interrupt"
    AXI = "aximm"
    STREAM = "axis"


@dataclass(frozen=True)
class Bus:
    """Bus interface: ports of the module that belong together.

    Attributes:
        name: of it, ``s_axil``.
        kind: the protocol.
        master: whether the core drives it.
        signals: name in the protocol and port of the module, ``("TDATA", "s_axis_tdata")``.
        parameters: name, kind (``int``, ``longint`` or nothing) and value.
        text: one line for readers.
        target: what a memory-mapped bus leads to: the registers, or an address space.
    """

    name: str
    kind: BusKind
    master: bool
    signals: Texts
    parameters: tuple[tuple[str, str, str], ...]
    text: str
    target: str = ""


REGISTERS = "registers"  # target of the bus with the registers


RESET = "aresetn"
CORE_CLOCK, CORE_RESET = "core_aclk", "core_aresetn"  # where AXI has a clock of its own


def clock_bus(
    timed: Sequence[str],
    hertz: int | None = None,
    resets: Sequence[str] = (RESET,),
    text: str = "times everything",
    port: str = "aclk",
) -> Bus:
    """Return the bus interface of a clock.

    Args:
        timed: names of the buses that it times; none of the core's own clock.
        hertz: its planned rate, if there is one.
        resets: ports that reset what it times.
        text: what it times, for readers.
        port: of the module.
    """
    facts = [("ASSOCIATED_BUSIF", "", ":".join(timed))] if timed else []
    facts.append(("ASSOCIATED_RESET", "", ":".join(resets)))
    if hertz is not None:
        facts.append(("FREQ_HZ", "longint", str(hertz)))
    return Bus(port, BusKind.CLOCK, False, (("CLK", port),), tuple(facts), text)


def reset_bus(port: str = RESET, text: str = "synchronous") -> Bus:
    """Return the bus interface of a reset, ``aresetn`` unless another port is named."""
    facts = (("POLARITY", "", "ACTIVE_LOW"),)
    return Bus(port, BusKind.RESET, False, (("RST", port),), facts, text)


@dataclass(frozen=True)
class AddressSpace:
    """Address space of a memory-mapped master.

    Attributes:
        name: of it; a bus has it as target.
        address_bits, width: bits of an address, bits of a word.
    """

    name: str
    address_bits: int
    width: int


@dataclass(frozen=True)
class AxisPort:
    """Input or output of a network, as flow port and as AXI-Stream.

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
        scaler: scale and offset that a driver applies to what the model takes, one for all or one
            a channel of the last axis; None where the core takes it as it is.
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
    scaler: tuple[tuple[float, ...], tuple[float, ...]] | None = None

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


def period_ns(mhz: float) -> float:
    """Return one period of a clock, to the picosecond below: never slower than planned."""
    return int(1e6 / mhz) / 1000


def sample_words(rows: Rows, step: int) -> list[int]:
    """Return each sample as one number: element i from bit ``i * step`` on, cut to *step* bits."""
    mask = (1 << step) - 1
    # Through text, since the time of shifts would grow with the square of the elements.
    return [
        int("".join(f"{code & mask:0{step}b}" for code in reversed(row)), 2)
        for row in rows.reshape(len(rows), -1).tolist()
    ]


@dataclass(frozen=True)
class FlowCore:
    """Core of a network with plain ports: clock, valid and data, no back-pressure.

    Attributes:
        module: of the flow top.
        wrapper: module of the wrapper for trigger firmware.
        name: of the network.
        latency, interval: in cycles.
        clock_mhz: as planned.
        inputs, outputs: its data ports.
        codes: of ``in_<port>`` and ``out_<port>``, as the integer reference has them.
    """

    module: str
    wrapper: str
    name: str
    latency: int
    interval: int
    clock_mhz: float
    inputs: tuple[AxisPort, ...]
    outputs: tuple[AxisPort, ...]
    codes: Mapping[str, Rows]


@dataclass(frozen=True)
class Bench:
    """Self-checking test bench of the packaged module.

    Attributes:
        top: its module; it ends with PASSED, or with ``$fatal``.
        text: what it does, in half a line.
        tools: simulators that run it, the first one by default.
        files: sources and memories, below ``sim/``.
    """

    top: str
    text: str
    tools: tuple[str, ...]
    files: Texts


@dataclass(frozen=True)
class Driver:
    """Driver in one language.

    Attributes:
        files: sources, without the first lines that every file has.
        usage: section of the README, Markdown.
    """

    files: Texts
    usage: str


@dataclass(frozen=True)
class IpCore:
    """IP core, complete: all that a format may need to know.

    Attributes:
        identity: in catalogues.
        kind: in the manifest: ``ip`` is a network, ``codec`` the feature-map engine.
        name: of the network or the engine, ``jet``.
        base: the name with the house's prefix, ``hwg_jet``: what files and drivers are called.
        top: the packaged module.
        title: what it is, in one line.
        description: what it is, in a sentence or two.
        origin: second line of every generated file: what made it, and that it is not to be edited.
        hwgen: version of the hwgen that made it.
        model: digest of the model; empty for a core without one.
        board: that it is planned for, or None.
        clock_mhz: of ``aclk``, as planned, or None.
        ports: of the module.
        buses: every port belongs to one.
        spaces: of its memory-mapped masters.
        parameters: name, kind (``int`` or ``string``) and value.
        registers: behind its AXI4-Lite bus.
        sources: path below ``hdl/`` and content, in compile order.
        data: path and content of other files that belong to it.
        bench: of the module.
        flow: the same network for trigger firmware, or None.
        pynq, c: drivers.
        readme: Markdown before and behind the table of folders.
        manifest: further entries of manifest.json.
        core_mhz: of ``core_aclk``, as planned; None where there is one clock.
        crossings: between the two, as instances below the module.
        packaged: paths of the package so far; `hwgen.package.build.package` fills it in.
        sections: of the README so far; `package` fills them in, too.
    """

    identity: Identity
    kind: str
    name: str
    base: str
    top: str
    title: str
    description: str
    origin: str
    hwgen: str
    model: str
    board: Board | None
    clock_mhz: float | None
    ports: tuple[PortDecl, ...]
    buses: tuple[Bus, ...]
    spaces: tuple[AddressSpace, ...]
    parameters: tuple[tuple[str, str, str], ...]
    registers: RegisterMap
    sources: tuple[tuple[str, bytes], ...]
    data: Texts
    bench: Bench
    flow: FlowCore | None
    pynq: Driver
    c: Driver
    readme: tuple[str, str]
    manifest: tuple[tuple[str, Any], ...]
    core_mhz: float | None = None
    crossings: tuple[Crossing, ...] = ()
    packaged: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()

    def banner(self, mark: str, *lines: str) -> str:
        """Return the first lines of a file, each behind the comment mark of its language."""
        return commented(mark, LICENCE, self.origin, *lines)

    @property
    def clock_khz(self) -> int:
        """The planned clock, rounded to kHz."""
        return round((self.clock_mhz or 0.0) * 1000)

    @property
    def clocks(self) -> tuple[tuple[str, float], ...]:
        """Ports of the clocks, and what is planned for them in MHz."""
        planned = (("aclk", self.clock_mhz), (CORE_CLOCK, self.core_mhz))
        return tuple((port, mhz) for port, mhz in planned if mhz is not None)

    def streams(self) -> tuple[Bus, ...]:
        """Return the AXI-Stream buses."""
        return tuple(bus for bus in self.buses if bus.kind is BusKind.STREAM)

    def listed(self, listing: Listing) -> IpCore:
        """Return the core under the identity that a user sets.

        Raises:
            ConfigError: a part that some catalogue would not take.
        """
        return replace(self, identity=self.identity.changed(listing))

    def with_part(self, paths: Sequence[str], section: str) -> IpCore:
        """Return the core with a part of its package written."""
        sections = (*self.sections, section) if section else self.sections
        return replace(self, packaged=(*self.packaged, *paths), sections=sections)

    def file_sets(self) -> dict[str, list[str]]:
        """Return name of a file set to its paths in the package; sources are in compile order."""
        order = [f"hdl/{path}" for path, _ in self.sources]
        order += [f"sim/{name}" for name, _ in self.bench.files]
        rank = {path: i for i, path in enumerate(order)}
        sets: dict[str, list[str]] = {name: [] for name in FILE_SETS.values()}
        for path in sorted(self.packaged, key=lambda path: (rank.get(path, len(rank)), path)):
            folder, ending = path.rpartition("/")[0], path[path.rfind(".") :]
            # Beside the sources of the module lie the wrappers for trigger firmware.
            key = folder.partition("/")[0] if path in rank else folder
            if folder == "hdl" and path not in rank:
                key += ending
            if key in FILE_SETS:
                sets[FILE_SETS[key]].append(path)
        return {name: paths for name, paths in sets.items() if paths}


# Folder of the package to the file set that IP-XACT and FuseSoC know its files by, in their order.
FILE_SETS = {
    "hdl": "rtl",
    "regs": "registers",
    "sim": "sim",
    "tables": "tables",
    "constraints": "constraints",
    "hdl.v": "trigger",
    "hdl.vhd": "trigger_vhdl",
    "sim/trigger": "trigger_sim",
    "drivers/pynq": "driver_pynq",
    "drivers/c": "driver_c",
    "vivado": "vivado",
}
