# SPDX-License-Identifier: Apache-2.0
"""``component.xml``: the packaged module in IP-XACT, IEEE 1685-2014.

Buses go by the definitions that FPGA tools know (``xilinx.com:interface:axis`` and ``aximm``), and
the clock names the buses that it times (``ASSOCIATED_BUSIF``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from hwgen.emit.verilog.sv import PortDecl
from hwgen.package.core import ADDRESS_WIDTH, AxisPort, Core
from hwgen.package.registers import Field, Register
from hwgen.package.top import BEAT, LITE, ip_ports

NAMESPACE = "http://www.accellera.org/XMLSchema/IPXACT/1685-2014"
_SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"
REGISTERS, _BLOCK = "registers", "control"
_KINDS = {
    ".sv": "systemVerilogSource",
    ".v": "verilogSource",
    ".vhd": "vhdlSource",
    ".tcl": "tclSource",
    ".py": "user:python",
    ".c": "cSource",
    ".h": "cSource",
    ".rdl": "user:systemRDL",
    ".xdc": "user:xdc",
}

Node = Any  # an element, a text, or nothing


def node(tag: str, *children: Node, **attributes: str) -> ET.Element:
    """Return an element; a text among *children* is its content, None is left out."""
    made = ET.Element(f"ipxact:{tag}", attributes)
    for child in children:
        if isinstance(child, str):
            made.text = child
        elif child is not None:
            made.append(child)
    return made


def _group(tag: str, children: Sequence[Node]) -> Node:
    """Return an element round *children*, or nothing where there are none."""
    return node(tag, *children) if children else None


def _vlnv(tag: str, vendor: str, library: str, name: str, version: str = "1.0") -> ET.Element:
    return node(tag, vendor=vendor, library=library, name=name, version=version)


def _parameters(values: Mapping[str, tuple[str, str]], owner: str = "core") -> Node:
    """Return ``parameters`` from name to (kind, value); *owner* makes their identifiers unique."""
    return _group(
        "parameters",
        [
            node("parameter", node("name", name), node("value", value),
                  parameterId=f"{owner}.{name}", **({"type": kind} if kind else {}))
            for name, (kind, value) in values.items()
        ],
    )  # fmt: skip


def bus(
    name: str, kind: tuple[str, str], ports: Mapping[str, str], side: Node,
    facts: Mapping[str, tuple[str, str]] | None = None, text: str = "",
) -> ET.Element:  # fmt: skip
    """Return a bus interface.

    Args:
        name: of it.
        kind: library and name of the bus definition; its abstraction is called ``<name>_rtl``.
        ports: logical to physical.
        side: ``master`` or ``slave``.
        facts: parameters.
        text: description.
    """
    library, definition = kind
    maps = [
        node(
            "portMap",
            node("logicalPort", node("name", logical)),
            node("physicalPort", node("name", physical)),
        )
        for logical, physical in ports.items()
    ]
    return node(
        "busInterface",
        node("name", name),
        node("description", text) if text else None,
        _vlnv("busType", "xilinx.com", library, definition),
        node(
            "abstractionTypes",
            node(
                "abstractionType",
                _vlnv("abstractionRef", "xilinx.com", library, f"{definition}_rtl"),
                node("portMaps", *maps),
            ),
        ),
        side,
        _parameters(facts or {}, name),
    )


def _buses(core: Core) -> Iterator[ET.Element]:
    streams = (*core.inputs, *core.outputs)
    names = ":".join(["s_axil", *(s.prefix for s in streams)])
    yield bus(
        "aclk", ("signal", "clock"), {"CLK": "aclk"}, node("slave"),
        {
            "ASSOCIATED_BUSIF": ("", names),
            "ASSOCIATED_RESET": ("", "aresetn"),
            "FREQ_HZ": ("longint", str(core.clock_khz * 1000)),
        },
        "times everything",
    )  # fmt: skip
    yield bus(
        "aresetn", ("signal", "reset"), {"RST": "aresetn"}, node("slave"),
        {"POLARITY": ("", "ACTIVE_LOW")}, "synchronous",
    )  # fmt: skip
    yield bus(
        "s_axil", ("interface", "aximm"), {n.upper(): f"s_axil_{n}" for n, *_ in LITE},
        node("slave", node("memoryMapRef", memoryMapRef=REGISTERS)),
        {"PROTOCOL": ("", "AXI4LITE"), "DATA_WIDTH": ("int", "32")}, "control and status registers",
    )  # fmt: skip
    for stream in streams:
        side = "slave" if stream in core.inputs else "master"
        yield bus(
            stream.prefix,
            ("interface", "axis"),
            {n.upper(): f"{stream.prefix}_{n}" for n in BEAT},
            node(side),
            {
                "TDATA_NUM_BYTES": ("int", str(core.data_width // 8)),
                "HAS_TKEEP": ("int", "1"),
                "HAS_TLAST": ("int", "1"),
                "HAS_TREADY": ("int", "1"),
            },
            _framing(stream),
        )


def _framing(stream: AxisPort) -> str:
    return (
        f"{stream.name}: {stream.dims} of {stream.fixed} in containers of {stream.container} bits, "
        f"a sample takes {stream.bytes} bytes"
    )


def _field(field: Field) -> ET.Element:
    reset = None
    if field.reset is not None:
        reset = node("resets", node("reset", node("value", f"'h{field.reset:X}")))
    return node(
        "field",
        node("name", field.name),
        node("description", field.text),
        node("bitOffset", str(field.low)),
        reset,
        node("bitWidth", str(field.width)),
        node("volatile", "true") if field.reset is None or field.pulse else None,
        node("access", "read-write" if field.writable else "read-only"),
    )


def _memory_map(registers: Sequence[Register], span: int) -> ET.Element:
    rows = [
        node(
            "register",
            node("name", register.name),
            node("displayName", register.title),
            node("description", register.text),
            node("addressOffset", f"'h{register.offset:02X}"),
            node("size", "32"),
            node("access", "read-write" if register.writable else "read-only"),
            *(_field(field) for field in register.fields),
        )
        for register in registers
    ]
    block = node(
        "addressBlock",
        node("name", _BLOCK),
        node("baseAddress", "0"),
        node("range", str(span)),
        node("width", "32"),
        node("usage", "register"),
        *rows,
    )
    return node("memoryMap", node("name", REGISTERS), block, node("addressUnitBits", "8"))


def _port(port: PortDecl) -> ET.Element:
    vectors = None
    if port.width is not None:
        vector = node("vector", node("left", str(port.width - 1)), node("right", "0"))
        vectors = node("vectors", vector)
    direction = node("direction", "in" if port.direction == "input" else "out")
    return node("port", node("name", port.name), node("wire", direction, vectors))


def _model(ip: str, ports: Sequence[PortDecl], sets: Mapping[str, Sequence[str]]) -> ET.Element:
    views, instantiations = [], []
    for view, name, module, language in (
        ("rtl", "rtl", ip, "verilog"),
        ("simulation", "sim", f"tb_{ip}", "systemVerilog"),
    ):
        if not sets.get(name):
            continue
        views.append(
            node(
                "view",
                node("name", view),
                node("envIdentifier", f":*{'Synthesis' if name == 'rtl' else 'Simulation'}:"),
                node("componentInstantiationRef", view),
            )
        )
        needed = ["rtl"] if name == "rtl" else ["rtl", name]
        instantiations.append(
            node(
                "componentInstantiation",
                node("name", view),
                node("language", language),
                node("moduleName", module),
                *(node("fileSetRef", node("localName", used)) for used in needed),
            )
        )
    return node(
        "model",
        node("views", *views),
        node("instantiations", *instantiations),
        node("ports", *(_port(port) for port in ports)),
    )


def _file(path: str) -> ET.Element:
    ending = path[path.rfind(".") :]
    kind, _, user = _KINDS.get(ending, "user:text").partition(":")
    return node(
        "file", node("name", path), node("fileType", kind, **({"user": user} if user else {}))
    )


def component(core: Core, registers: Sequence[Register], sets: Mapping[str, Sequence[str]]) -> str:
    """Return ``component.xml``.

    Args:
        core: what is packaged.
        registers: its map.
        sets: name of a file set (``rtl``, ``sim``, ...) to paths beside component.xml, in order.
    """
    facts = {
        "MODEL_DIGEST": ("string", core.model),
        "LATENCY": ("int", str(core.latency)),
        "INTERVAL": ("int", str(core.interval)),
        "CLOCK_KHZ": ("int", str(core.clock_khz)),
        "DATA_WIDTH": ("int", str(core.data_width)),
    }
    text = (
        f"Neural network {core.name}, generated by hwgen {core.version} from model "
        f"{core.model[:16]}: latency {core.latency} cycles, interval {core.interval}, planned "
        f"for {core.board.name} at {core.clock_mhz:g} MHz."
    )
    return document(
        (core.ip, core.release, text), tuple(_buses(core)), registers, ip_ports(core), sets, facts
    )


def document(
    names: tuple[str, str, str], buses: Sequence[ET.Element], registers: Sequence[Register],
    ports: Sequence[PortDecl], sets: Mapping[str, Sequence[str]],
    facts: Mapping[str, tuple[str, str]], spaces: Sequence[ET.Element] = (),
    span: int = 1 << ADDRESS_WIDTH,
) -> str:  # fmt: skip
    """Return the text of a component.

    Args:
        names: the module's, its version, a description.
        buses: its bus interfaces.
        registers: behind its bus, in a memory map called `REGISTERS`.
        ports: of the module.
        sets: as in `component`.
        facts: parameters: name to kind and value.
        spaces: address spaces of its masters.
        span: bytes of the memory map.
    """
    name, release, text = names
    root = node(
        "component",
        node("vendor", "hwgen"),
        node("library", "ip"),
        node("name", name),
        node("version", release),
        node("busInterfaces", *buses),
        _group("addressSpaces", spaces),
        node("memoryMaps", _memory_map(registers, span)),
        _model(name, ports, sets),
        node(
            "fileSets",
            *(node("fileSet", node("name", name), *map(_file, paths))
              for name, paths in sets.items() if paths),
        ),
        node("description", text),
        _parameters(facts),
        **{
            "xmlns:ipxact": NAMESPACE,
            "xmlns:xsi": _SCHEMA,
            "xsi:schemaLocation": f"{NAMESPACE} {NAMESPACE}/index.xsd",
        },
    )  # fmt: skip
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'
