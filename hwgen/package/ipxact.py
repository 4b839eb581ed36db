# SPDX-License-Identifier: Apache-2.0
"""``component.xml``: the packaged module in IP-XACT, IEEE 1685-2014.

Buses go by the definitions that FPGA tools know (``xilinx.com:interface:axis`` and ``aximm``), and
the clock names the buses that it times (``ASSOCIATED_BUSIF``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from hwgen.emit.sv import PortDecl
from hwgen.package.core import ADDRESS_WIDTH, Core, Stream
from hwgen.package.registers import Field, Register
from hwgen.package.top import BEAT, LITE, ip_ports

NAMESPACE = "http://www.accellera.org/XMLSchema/IPXACT/1685-2014"
_SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"
_REGISTERS, _BLOCK = "registers", "control"
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


def _node(tag: str, *children: Node, **attributes: str) -> ET.Element:
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
    return _node(tag, *children) if children else None


def _vlnv(tag: str, vendor: str, library: str, name: str, version: str = "1.0") -> ET.Element:
    return _node(tag, vendor=vendor, library=library, name=name, version=version)


def _parameters(values: Mapping[str, tuple[str, str]], owner: str = "core") -> Node:
    """Return ``parameters`` from name to (kind, value); *owner* makes their identifiers unique."""
    return _group(
        "parameters",
        [
            _node("parameter", _node("name", name), _node("value", value),
                  parameterId=f"{owner}.{name}", **({"type": kind} if kind else {}))
            for name, (kind, value) in values.items()
        ],
    )  # fmt: skip


def _bus(
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
    library, bus = kind
    maps = [
        _node(
            "portMap",
            _node("logicalPort", _node("name", logical)),
            _node("physicalPort", _node("name", physical)),
        )
        for logical, physical in ports.items()
    ]
    return _node(
        "busInterface",
        _node("name", name),
        _node("description", text) if text else None,
        _vlnv("busType", "xilinx.com", library, bus),
        _node(
            "abstractionTypes",
            _node(
                "abstractionType",
                _vlnv("abstractionRef", "xilinx.com", library, f"{bus}_rtl"),
                _node("portMaps", *maps),
            ),
        ),
        side,
        _parameters(facts or {}, name),
    )


def _buses(core: Core) -> Iterator[ET.Element]:
    streams = (*core.inputs, *core.outputs)
    names = ":".join(["s_axil", *(s.prefix for s in streams)])
    yield _bus(
        "aclk", ("signal", "clock"), {"CLK": "aclk"}, _node("slave"),
        {
            "ASSOCIATED_BUSIF": ("", names),
            "ASSOCIATED_RESET": ("", "aresetn"),
            "FREQ_HZ": ("longint", str(core.clock_khz * 1000)),
        },
        "times everything",
    )  # fmt: skip
    yield _bus(
        "aresetn", ("signal", "reset"), {"RST": "aresetn"}, _node("slave"),
        {"POLARITY": ("", "ACTIVE_LOW")}, "synchronous",
    )  # fmt: skip
    yield _bus(
        "s_axil", ("interface", "aximm"), {n.upper(): f"s_axil_{n}" for n, *_ in LITE},
        _node("slave", _node("memoryMapRef", memoryMapRef=_REGISTERS)),
        {"PROTOCOL": ("", "AXI4LITE"), "DATA_WIDTH": ("int", "32")}, "control and status registers",
    )  # fmt: skip
    for stream in streams:
        side = "slave" if stream in core.inputs else "master"
        yield _bus(
            stream.prefix,
            ("interface", "axis"),
            {n.upper(): f"{stream.prefix}_{n}" for n in BEAT},
            _node(side),
            {
                "TDATA_NUM_BYTES": ("int", str(core.data_width // 8)),
                "HAS_TKEEP": ("int", "1"),
                "HAS_TLAST": ("int", "1"),
                "HAS_TREADY": ("int", "1"),
            },
            _framing(stream),
        )


def _framing(stream: Stream) -> str:
    return (
        f"{stream.name}: {stream.dims} of {stream.fixed} in containers of {stream.container} bits, "
        f"a sample takes {stream.bytes} bytes"
    )


def _field(field: Field) -> ET.Element:
    reset = None
    if field.reset is not None:
        reset = _node("resets", _node("reset", _node("value", f"'h{field.reset:X}")))
    return _node(
        "field",
        _node("name", field.name),
        _node("description", field.text),
        _node("bitOffset", str(field.low)),
        reset,
        _node("bitWidth", str(field.width)),
        _node("volatile", "true") if field.reset is None or field.pulse else None,
        _node("access", "read-write" if field.writable else "read-only"),
    )


def _memory_map(registers: Sequence[Register]) -> ET.Element:
    rows = [
        _node(
            "register",
            _node("name", register.name),
            _node("displayName", register.title),
            _node("description", register.text),
            _node("addressOffset", f"'h{register.offset:02X}"),
            _node("size", "32"),
            _node("access", "read-write" if register.writable else "read-only"),
            *(_field(field) for field in register.fields),
        )
        for register in registers
    ]
    block = _node(
        "addressBlock",
        _node("name", _BLOCK),
        _node("baseAddress", "0"),
        _node("range", str(1 << ADDRESS_WIDTH)),
        _node("width", "32"),
        _node("usage", "register"),
        *rows,
    )
    return _node("memoryMap", _node("name", _REGISTERS), block, _node("addressUnitBits", "8"))


def _port(port: PortDecl) -> ET.Element:
    vectors = None
    if port.width is not None:
        vector = _node("vector", _node("left", str(port.width - 1)), _node("right", "0"))
        vectors = _node("vectors", vector)
    direction = _node("direction", "in" if port.direction == "input" else "out")
    return _node("port", _node("name", port.name), _node("wire", direction, vectors))


def _model(core: Core, sets: Mapping[str, Sequence[str]]) -> ET.Element:
    views, instantiations = [], []
    for view, name, module, language in (
        ("rtl", "rtl", core.ip, "verilog"),
        ("simulation", "sim", f"tb_{core.ip}", "systemVerilog"),
    ):
        if not sets.get(name):
            continue
        views.append(
            _node(
                "view",
                _node("name", view),
                _node("envIdentifier", f":*{'Synthesis' if name == 'rtl' else 'Simulation'}:"),
                _node("componentInstantiationRef", view),
            )
        )
        needed = ["rtl"] if name == "rtl" else ["rtl", name]
        instantiations.append(
            _node(
                "componentInstantiation",
                _node("name", view),
                _node("language", language),
                _node("moduleName", module),
                *(_node("fileSetRef", _node("localName", used)) for used in needed),
            )
        )
    return _node(
        "model",
        _node("views", *views),
        _node("instantiations", *instantiations),
        _node("ports", *(_port(port) for port in ip_ports(core))),
    )


def _file(path: str) -> ET.Element:
    ending = path[path.rfind(".") :]
    kind, _, user = _KINDS.get(ending, "user:text").partition(":")
    return _node(
        "file", _node("name", path), _node("fileType", kind, **({"user": user} if user else {}))
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
    root = _node(
        "component",
        _node("vendor", "hwgen"),
        _node("library", "ip"),
        _node("name", core.ip),
        _node("version", core.release),
        _node("busInterfaces", *_buses(core)),
        _node("memoryMaps", _memory_map(registers)),
        _model(core, sets),
        _node(
            "fileSets",
            *(_node("fileSet", _node("name", name), *map(_file, paths))
              for name, paths in sets.items() if paths),
        ),
        _node(
            "description",
            f"Neural network {core.name}, generated by hwgen {core.version} from model "
            f"{core.model[:16]}: latency {core.latency} cycles, interval {core.interval}, planned "
            f"for {core.board.name} at {core.clock_mhz:g} MHz.",
        ),
        _parameters(facts),
        **{
            "xmlns:ipxact": NAMESPACE,
            "xmlns:xsi": _SCHEMA,
            "xsi:schemaLocation": f"{NAMESPACE} {NAMESPACE}/index.xsd",
        },
    )  # fmt: skip
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'
