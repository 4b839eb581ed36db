# SPDX-License-Identifier: Apache-2.0
"""IP-XACT description, IEEE 1685-2014: ``component.xml``.

Buses go by the definitions that FPGA tools know (``xilinx.com:interface:axis`` and ``aximm``), and
the clock names the buses that it times (``ASSOCIATED_BUSIF``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from hwgen.emit.verilog.sv import PortDecl
from hwgen.files import FileSet
from hwgen.package.formats import Format
from hwgen.package.ip_core import LICENCE, REGISTERS, AddressSpace, Bus, BusKind, IpCore
from hwgen.package.registers import Field, RegisterMap

NAMESPACE = "http://www.accellera.org/XMLSchema/IPXACT/1685-2014"
_SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"
_BLOCK = "control"
# Library and name of a bus definition; its abstraction is called ``<name>_rtl``.
_DEFINITIONS = {
    BusKind.CLOCK: ("signal", "clock"),
    BusKind.RESET: ("signal", "reset"),
    BusKind.INTERRUPT: ("signal", "interrupt"),
    BusKind.AXI: ("interface", "aximm"),
    BusKind.STREAM: ("interface", "axis"),
}
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
    """Return an element round *children*, or nothing without any."""
    return node(tag, *children) if children else None


def _vlnv(tag: str, vendor: str, library: str, name: str, version: str = "1.0") -> ET.Element:
    return node(tag, vendor=vendor, library=library, name=name, version=version)


def _parameters(values: Sequence[tuple[str, str, str]], owner: str = "core") -> Node:
    """Return ``parameters`` from names, kinds and values; *owner* makes identifiers unique."""
    rows = []
    for name, kind, value in values:
        facts = {"parameterId": f"{owner}.{name}", **({"type": kind} if kind else {})}
        rows.append(node("parameter", node("name", name), node("value", value), **facts))
    return _group("parameters", rows)


def _target(bus: Bus) -> Node:
    """Return the side of a bus, with what a memory-mapped one leads to."""
    if not bus.target:
        return node("master" if bus.master else "slave")
    if bus.master:
        return node("master", node("addressSpaceRef", addressSpaceRef=bus.target))
    return node("slave", node("memoryMapRef", memoryMapRef=bus.target))


def _bus(bus: Bus) -> ET.Element:
    """Return a bus interface."""
    library, definition = _DEFINITIONS[bus.kind]
    maps = [
        node(
            "portMap",
            node("logicalPort", node("name", logical)),
            node("physicalPort", node("name", physical)),
        )
        for logical, physical in bus.signals
    ]
    return node(
        "busInterface",
        node("name", bus.name),
        node("description", bus.text) if bus.text else None,
        _vlnv("busType", "xilinx.com", library, definition),
        node(
            "abstractionTypes",
            node(
                "abstractionType",
                _vlnv("abstractionRef", "xilinx.com", library, f"{definition}_rtl"),
                node("portMaps", *maps),
            ),
        ),
        _target(bus),
        _parameters(bus.parameters, bus.name),
    )


def _space(space: AddressSpace) -> ET.Element:
    return node(
        "addressSpace",
        node("name", space.name),
        node("range", str(1 << space.address_bits)),
        node("width", str(space.width)),
        node("addressUnitBits", "8"),
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


def _memory_map(registers: RegisterMap) -> ET.Element:
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
        for register in registers.registers
    ]
    block = node(
        "addressBlock",
        node("name", _BLOCK),
        node("baseAddress", "0"),
        node("range", str(registers.span)),
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


def _model(core: IpCore, sets: Mapping[str, Sequence[str]]) -> ET.Element:
    views, instantiations = [], []
    for view, name, module, language in (
        ("rtl", "rtl", core.top, "verilog"),
        ("simulation", "sim", core.bench.top, "systemVerilog"),
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
        node("ports", *(_port(port) for port in core.ports)),
    )


def _file(path: str) -> ET.Element:
    ending = path[path.rfind(".") :]
    kind, _, user = _KINDS.get(ending, "user:text").partition(":")
    return node(
        "file", node("name", path), node("fileType", kind, **({"user": user} if user else {}))
    )


def files(core: IpCore) -> FileSet:
    """Return ``component.xml``, which lists all files of the package but those that describe it."""
    identity, sets = core.identity, core.file_sets()
    root = node(
        "component",
        node("vendor", identity.vendor),
        node("library", identity.library),
        node("name", identity.name),
        node("version", identity.version),
        node("busInterfaces", *map(_bus, core.buses)),
        _group("addressSpaces", [_space(space) for space in core.spaces]),
        node("memoryMaps", _memory_map(core.registers)),
        _model(core, sets),
        node(
            "fileSets",
            *(
                node("fileSet", node("name", name), *map(_file, paths))
                for name, paths in sets.items()
            ),
        ),
        node("description", core.description),
        _parameters(core.parameters),
        **{
            "xmlns:ipxact": NAMESPACE,
            "xmlns:xsi": _SCHEMA,
            "xsi:schemaLocation": f"{NAMESPACE} {NAMESPACE}/index.xsd",
        },
    )
    ET.indent(root)
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- {LICENCE} -->\n'
    text = ET.tostring(root, encoding="unicode")
    return FileSet.of({"component.xml": f"{head}{text}\n"})


IPXACT = Format("ip-xact", files)
