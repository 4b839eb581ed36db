# SPDX-License-Identifier: Apache-2.0
"""Units with an AXI4 master in the form that the memory of sim/lib/axi_memory.py takes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hwgen.units.library import find_unit
from tests.rtl.test_axi import axi_wires

NAMES = {
    "clk_i": "aclk", "rst_ni": "aresetn", "bus_rst_ni": "m_axi_aresetn",
    "signed_i": "is_signed", "signed_o": "is_signed",
}  # fmt: skip

# Of a unit that is not taken from the bus nor given up.
ALONE = {"bus_rst_ni": "aresetn", "flush_i": "1'b0"}


def plain(
    module: str, params: Mapping[str, int], tied: Mapping[str, str] | None = None
) -> tuple[str, list[str]]:
    """Return a module ``tb`` around a unit, and its ports.

    Its ports are the unit's without ``_i`` and ``_o``. Channels and IDs of AXI4 that the unit does
    not have are there and do nothing.

    Args:
        module: name of the unit.
        params: those that are not the unit's own.
        tied: inputs that are no ports, by name, and what each of them is.
    """
    tied = tied or {}
    source = find_unit(module).path.read_text()
    head = re.search(rf"module {module} .*?\n\);\n", source, re.S)
    assert head
    text = re.sub(r"//.*", "", head[0]).replace(f"module {module}", "module tb", 1)
    for name, number in params.items():
        text, count = re.subn(
            rf"(parameter int +{name}\s*=) *[^,\n]+?( *,? *\n)", rf"\1 {number}\2", text
        )
        assert count == 1, name
    for port in tied:
        text, count = re.subn(rf"\n[^\n]*\b{port} *,[^\n]*", "", text)
        assert count == 1, port
    ports = [port.name for port in find_unit(module).ports if port.name not in tied]
    names = {port: NAMES.get(port, re.sub(r"_[io]$", "", port)) for port in ports}
    for port, name in names.items():
        text, count = re.subn(rf"\b{port}\b", name, text)
        assert count == 1, port
    wires = axi_wires(int(params.get("DataWidth", 64)))
    wires |= {"awid": (1, True), "arid": (1, True), "bid": (1, False), "rid": (1, False)}
    more = {f"m_axi_{n}": w for n, w in wires.items() if f"m_axi_{n}" not in names.values()}
    ports = "".join(
        f",\n  {'output logic' if out else 'input wire logic'} [{bits - 1}:0] {name}"
        for name, (bits, out) in more.items()
    )
    text = text.rstrip().removesuffix(");").rstrip() + f"{ports}\n);\n"
    text += "".join(f"  assign {name} = '0;\n" for name, (_, out) in more.items() if out)
    given = ", ".join(f".{p.name}({p.name})" for p in find_unit(module).parameters if not p.vector)
    links = ", ".join(f".{port}({name})" for port, name in {**names, **tied}.items())
    text += f"  {module} #({given}) u_dut ({links});\nendmodule\n"
    return text, [*names.values(), *more]
