# SPDX-License-Identifier: Apache-2.0
"""Bare-metal driver of a network in C, with an example that checks itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hwgen.files import fill_template
from hwgen.package.ip_core import AxisPort, Driver
from hwgen.package.network.core import NetworkCore
from hwgen.package.text import template

SAMPLES = 4  # of the build's vectors in the example, at most
_COLUMNS = 12  # numbers of a line
_LEAST = -(1 << 63)  # has no literal in C
_DMA = 0x40400000  # where Vivado puts the first AXI DMA
_APART = 0x10000


@dataclass(frozen=True)
class _Port:
    """Input or output of the network in C.

    Attributes:
        base: name of the driver.
        port: of the network.
        given: whether it is an input.
        beat: bytes of a beat.
    """

    base: str
    port: AxisPort
    given: bool
    beat: int

    @property
    def type(self) -> str:
        """Type of a code: that of its container, at most 64 bits."""
        sign = "" if self.port.fixed.signed else "u"
        return f"{sign}int{min(self.port.container, 64)}_t"

    @property
    def tag(self) -> str:
        """First part of its macros."""
        side = "IN" if self.given else "OUT"
        return f"{self.base.upper()}_{side}_{self.port.label.upper()}"

    @property
    def name(self) -> str:
        """Name of its arrays in the example."""
        return f"{'in' if self.given else 'out'}_{self.port.label}"

    @property
    def head(self) -> str:
        """Declaration of the function that packs or unpacks it."""
        verb, first, second = (
            ("pack", f"const {self.type} *codes", "uint8_t *bytes")
            if self.given
            else ("unpack", "const uint8_t *bytes", f"{self.type} *codes")
        )
        return (
            f"void {self.base}_{verb}_{self.port.label}({first}, size_t samples, size_t stride, "
            f"{second})"
        )

    @property
    def quantize(self) -> str:
        """Declaration of the function that makes codes of values."""
        name = f"{self.base}_quantize_{self.port.label}"
        return f"void {name}(const double *values, size_t samples, {self.type} *codes)"

    def quantizer(self) -> list[str]:
        """Return the function that makes codes of values."""
        port = self.port
        arrays, lo, hi = [], str(port.lo[0]), str(port.hi[0])
        if len({*port.lo}) > 1 or len({*port.hi}) > 1:
            arrays = [_array("lo", port.lo), _array("hi", port.hi)]
            lo, hi = f"lo[i % {port.size}u]", f"hi[i % {port.size}u]"
        scaled = "values[i]"
        if port.scaler is not None:
            scale, offset = port.scaler
            arrays += [_array("scale", scale), _array("offset", offset)]
            scaled = f"values[i] * scale[i % {len(scale)}u]"
        done = "" if port.scaler is None else f" + offset[i % {len(port.scaler[1])}u]"
        return [
            self.quantize,
            "{",
            *(f"    {line}" for line in arrays),
            f"    for (size_t i = 0; i < samples * {port.size}u; i++) {{",
            f"        volatile double value = {scaled};",
            *([f"        value = value{done};"] if done else []),
            f"        codes[i] = ({self.type})code_of(value * {float(2.0**port.fixed.frac)!r}, "
            f"(double){lo}, (double){hi});",
            "    }",
            "}",
            "",
        ]

    def sizes(self) -> list[str]:
        """Return the macros of its sizes."""
        port = self.port
        return [
            f"/* {port.name}: {port.dims} of {port.fixed}, containers of {port.container} bits */",
            f"#define {self.tag}_ELEMENTS {port.size}",
            f"#define {self.tag}_BYTES {port.bytes} /* of a sample */",
            f"#define {self.tag}_BATCH_BYTES {port.beats * self.beat} "
            "/* of a sample in a frame of several */",
        ]

    def body(self) -> list[str]:
        """Return the function that packs or unpacks it."""
        port, bits = self.port, min(self.port.container, 64)
        negative = "codes[i] < 0" if port.fixed.signed else "0"
        call = f"put(bytes + at, (uint64_t)codes[i], {port.container // 8}, {negative});"
        flush = ["    HWG_CACHE_FLUSH((uintptr_t)bytes, samples * stride);"]
        invalidate: list[str] = []
        if not self.given:
            call = f"codes[i] = ({self.type})get(bytes + at, {bits // 8});"
            invalidate = ["    HWG_CACHE_INVALIDATE((uintptr_t)bytes, samples * stride);"]
            flush = []
        return [
            self.head,
            "{",
            *invalidate,
            f"    for (size_t i = 0; i < samples * {port.size}u; i++) {{",
            f"        const size_t at = i / {port.size}u * stride + "
            f"i % {port.size}u * {port.container // 8}u;",
            f"        {call}",
            "    }",
            *flush,
            "}",
            "",
        ]

    def array(self, codes: Sequence[int]) -> list[str]:
        """Return the array of its codes in the example."""
        words = ["INT64_MIN" if code == _LEAST else str(code) for code in codes]
        rows = [
            "    " + " ".join(f"{word}," for word in words[at : at + _COLUMNS])
            for at in range(0, len(words), _COLUMNS)
        ]
        name = f"{self.name}[SAMPLES * {self.tag}_ELEMENTS]"
        return [f"static const {self.type} {name} = {{", *rows, "};"]

    def buffers(self) -> list[str]:
        """Return the memory that a DMA moves, and that of results."""
        size = f"[LINES(SAMPLES * {self.tag}_BATCH_BYTES)]"
        lines = [f"static _Alignas(LINE) uint8_t {self.name}_bytes{size};"]
        if not self.given:
            found = f"{self.name}_found[SAMPLES * {self.tag}_ELEMENTS]"
            lines.append(f"static {self.type} {found};")
        return lines

    def moves(self) -> str:
        """Return the statement by which a DMA is told of its memory."""
        verb, count = "send" if self.given else "receive", f"SAMPLES * {self.tag}_BATCH_BYTES"
        return f"{verb}(DMA_{self.name.upper()}, {self.name}_bytes, {count});"

    def converts(self) -> str:
        """Return the call that packs or unpacks it."""
        verb, first, second = (
            ("pack", self.name, f"{self.name}_bytes")
            if self.given
            else ("unpack", f"{self.name}_bytes", f"{self.name}_found")
        )
        stride = f"{self.tag}_BATCH_BYTES"
        return f"{self.base}_{verb}_{self.port.label}({first}, SAMPLES, {stride}, {second});"


def _array(name: str, values: Sequence[float]) -> str:
    return f"static const double {name}[] = {{{', '.join(repr(float(v)) for v in values)}}};"


def _addresses(ports: Sequence[_Port]) -> list[str]:
    """Return the macros of the DMAs' addresses: one DMA where one of each port is there."""
    alone = sum(p.given for p in ports) == 1 == sum(not p.given for p in ports)
    lines = []
    for number, p in enumerate(ports):
        address = _DMA if alone else _DMA + number * _APART
        name = f"DMA_{p.name.upper()}"
        lines += [f"#ifndef {name}", f"#define {name} 0x{address:08X}u", "#endif"]
    return lines


def _example(core: NetworkCore, ports: Sequence[_Port]) -> str:
    """Return ``main.c``."""
    ins, outs = [p for p in ports if p.given], [p for p in ports if not p.given]
    count = min(SAMPLES, len(core.rows[0][1]))
    arrays: list[str] = []
    for p in ports:
        codes = core.codes(f"{'in' if p.given else 'out'}_{p.port.name}")[:count]
        arrays += p.array(codes.reshape(-1).tolist())
    compares: list[str] = []
    for p in outs:
        compares += [
            f"for (size_t i = 0; i < sizeof {p.name} / sizeof {p.name}[0]; i++) {{",
            f"    wrong += {p.name}_found[i] != {p.name}[i];",
            "}",
        ]
    done = [f"sent(DMA_{p.name.upper()})" for p in ins]
    done += [f"received(DMA_{p.name.upper()})" for p in outs]
    return fill_template(
        template("main.c.in"),
        name=core.base,
        NAME=core.base.upper(),
        samples=str(count),
        addresses="\n".join(_addresses(ports)),
        dma=template("axi_dma.c.in"),
        arrays="\n".join(arrays),
        buffers="\n".join(line for p in ports for line in p.buffers()),
        resets=" && ".join(
            [f"reset_dma(DMA_{p.name.upper()}, SEND)" for p in ins]
            + [f"reset_dma(DMA_{p.name.upper()}, RECEIVE)" for p in outs]
        ),
        starts="\n".join(
            [f"start_sending(DMA_{p.name.upper()});" for p in ins]
            + [f"start_receiving(DMA_{p.name.upper()});" for p in outs]
        ),
        packs="\n".join(p.converts() for p in ins),
        moves="\n".join(p.moves() for p in (*outs, *ins)),
        done=" && ".join(done),
        unpacks="\n".join(p.converts() for p in outs),
        compares="\n".join(compares),
    )


def c_driver(core: NetworkCore) -> Driver:
    """Return the bare-metal driver, without the header of its registers."""
    beat = core.data_width // 8
    ports = [_Port(core.base, port, True, beat) for port in core.inputs]
    ports += [_Port(core.base, port, False, beat) for port in core.outputs]
    names = {"name": core.base, "NAME": core.base.upper()}
    header = fill_template(
        template("driver.h.in"),
        **names,
        guard=f"{names['NAME']}_H",
        sizes="\n".join(line for p in ports for line in p.sizes()),
        heads="\n".join(f"{p.head};" for p in ports),
        quantizers="\n".join(f"{p.quantize};" for p in ports if p.given),
        model=core.model[:16],
        broken="its result means nothing" if core.stream else "it was dropped",
        latency=str(core.latency),
        interval=str(core.interval),
        digest_hi=core.model[:8],
        digest_lo=core.model[8:16],
    )
    bodies = "\n".join(line for p in ports for line in p.body())
    bodies += "\n" + "\n".join(line for p in ports if p.given for line in p.quantizer())
    source = fill_template(template("driver.c.in"), **names, bodies=bodies)
    first, last = core.inputs[0].label, core.outputs[0].label
    usage = fill_template(
        template("readme_c.md.in"),
        base=core.base,
        BASE=core.base.upper(),
        source=first,
        SOURCE=first.upper(),
        sink=last,
        SINK=last.upper(),
    )
    files = (
        (f"{core.base}.h", header),
        (f"{core.base}.c", source),
        ("main.c", _example(core, ports)),
    )
    return Driver(files, usage)
