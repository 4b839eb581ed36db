# SPDX-License-Identifier: Apache-2.0
"""component.xml: valid against the official schema, and true."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from tests.package.conftest import Packed

NS = {"x": "http://www.accellera.org/XMLSchema/IPXACT/1685-2014"}


def tree(packed: Packed) -> Any:
    return etree.parse(str(packed.ip / "component.xml"))


def test_component_is_valid(packed: Packed, schema: Any) -> None:
    schema.assertValid(tree(packed))


def test_the_schema_would_tell(packed: Packed, schema: Any) -> None:
    broken = tree(packed)
    port = broken.find(".//x:port", NS)
    port.getparent().append(port.__copy__())  # two ports of one name
    assert not schema.validate(broken)
    broken = tree(packed)
    broken.find(".//x:direction", NS).text = "sideways"
    assert not schema.validate(broken)


def header(text: str) -> dict[str, tuple[str, str]]:
    """Return port to direction and range of a Verilog module."""
    found = re.findall(r"^  (input|output) wire +(\[\d+:0\])? *(\w+)", text, re.M)
    return {name: (way.removesuffix("put"), span) for way, span, name in found}


def test_ports_are_those_of_the_module(packed: Packed) -> None:
    told = {}
    for port in tree(packed).findall(".//x:port", NS):
        left = port.find(".//x:left", NS)
        span = "" if left is None else f"[{left.text}:{port.find('.//x:right', NS).text}]"
        told[port.find("x:name", NS).text] = (port.find(".//x:direction", NS).text, span)
    assert told == header((packed.ip / "hdl" / f"{packed.core.ip}.v").read_text("utf-8"))
    assert len(told) > 20


def test_every_port_is_in_one_bus_and_the_clock_times_every_bus(packed: Packed) -> None:
    root = tree(packed)
    ports = {name.text for name in root.findall(".//x:ports/x:port/x:name", NS)}
    mapped = [name.text for name in root.findall(".//x:physicalPort/x:name", NS)]
    assert sorted(mapped) == sorted(ports)
    buses = {bus.find("x:name", NS).text: bus for bus in root.findall(".//x:busInterface", NS)}
    facts = {
        clock: {
            p.find("x:name", NS).text: p.find("x:value", NS).text
            for p in buses[clock].findall(".//x:parameter", NS)
        }
        for clock in buses
        if clock.endswith("aclk")
    }
    signals = {*facts, *(name for name in buses if name.endswith("aresetn"))}
    assert set(facts["aclk"]["ASSOCIATED_BUSIF"].split(":")) == set(buses) - signals
    assert facts["aclk"]["ASSOCIATED_RESET"] == "aresetn"
    assert int(facts["aclk"]["FREQ_HZ"]) == packed.core.bus_mhz * 1e6
    assert ("core_aclk" in facts) == bool(packed.core.cdc)
    if packed.core.cdc:
        assert "ASSOCIATED_BUSIF" not in facts["core_aclk"]
        assert facts["core_aclk"]["ASSOCIATED_RESET"] == "core_aresetn"
        assert int(facts["core_aclk"]["FREQ_HZ"]) == packed.core.clock_mhz * 1e6
    sides = {name: [c for c in ("master", "slave") if bus.find(f"x:{c}", NS) is not None]
             for name, bus in buses.items()}  # fmt: skip
    for stream in packed.core.inputs:
        assert sides[stream.prefix] == ["slave"]
    for stream in packed.core.outputs:
        assert sides[stream.prefix] == ["master"]


def test_the_memory_map_is_the_description(packed: Packed) -> None:
    told = []
    for register in tree(packed).findall(".//x:register", NS):
        fields = [
            (
                field.find("x:name", NS).text,
                int(field.find("x:bitOffset", NS).text),
                int(field.find("x:bitWidth", NS).text),
                field.find("x:access", NS).text,
            )
            for field in register.findall("x:field", NS)
        ]
        offset = int(register.find("x:addressOffset", NS).text.removeprefix("'h"), 16)
        told.append((register.find("x:name", NS).text, offset, fields))
    assert told == [
        (
            r.name,
            r.offset,
            [(f.name, f.low, f.width, "read-write" if f.writable else "read-only")
             for f in r.fields],
        )
        for r in packed.registers
    ]  # fmt: skip
    assert len(told) == 16


def test_every_file_is_there(packed: Packed) -> None:
    files = [name.text for name in tree(packed).findall(".//x:file/x:name", NS)]
    assert len(files) == len(set(files)) > 20
    assert [name for name in files if not (packed.ip / name).is_file()] == []
    listed = set(files) | {"README.md", "manifest.json", "component.xml", "hdl/files.f"}
    listed |= {f"{packed.core.base}.core", f"{packed.core.base}.eda.yml"}
    there = {p.relative_to(packed.ip).as_posix() for p in packed.ip.rglob("*") if p.is_file()}
    assert there == listed


def test_ipyxact_reads_it(packed: Packed) -> None:
    from ipyxact.ipyxact import Component

    component = Component()
    component.load(str(packed.ip / "component.xml"))
    found = (component.vendor, component.library, component.name, component.version)
    assert ":".join(found) == packed.whole.identity.vlnv
    # It groups what it read by kind.
    block = component.memoryMaps.memoryMap[0].addressBlock[0]
    assert [r.name for r in block.register] == [r.name for r in packed.registers]
    wanted = {"rtl", "sim", *(("trigger",) if packed.core.flow else ())}
    assert {s.name for s in component.fileSets.fileSet} >= wanted
