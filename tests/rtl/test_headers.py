# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest

from hwgen import paths
from hwgen.units.library import UNITS, with_uses

SOURCES = sorted(paths.rtl().rglob("*.sv"))


def _header(text: str) -> tuple[str, dict[str, str], list[str]]:
    """Return module name, parameters with their types, and port names of a source."""
    code = re.sub(r"//.*", "", text)
    match = re.search(r"\bmodule\s+(\w+)\s+#\((.*?)\n\)\s*\((.*?)\n\);", code, re.S)
    assert match, "no module header of the house's form"
    params = {
        name: kind.split()[0]
        for kind, name in re.findall(r"parameter\s+(int|logic[^=]*?)\s+(\w+)\s*=", match[2])
    }
    ports = re.findall(r"(\w+)\s*(?:,|$)", re.sub(r"\[[^\]]*\]", "", match[3]).strip())
    return match[1], params, ports


def test_every_source_has_a_spec_and_every_spec_a_source() -> None:
    files = {str(path.relative_to(paths.rtl())) for path in SOURCES}
    assert files == {spec.file for spec in UNITS.values()}


@pytest.mark.parametrize("module", UNITS)
def test_header_says_what_the_spec_says(module: str) -> None:
    spec = UNITS[module]
    text = (paths.rtl() / spec.file).read_text()
    name, params, ports = _header(text)
    assert name == module
    assert list(params) == [p.name for p in spec.params]
    assert [kind == "logic" for kind in params.values()] == [p.vector for p in spec.params]
    assert tuple(ports) == spec.ports
    used = set(re.findall(r"^ +(hwg_\w+) #?\(", text, re.M))
    assert used == set(spec.uses)


@pytest.mark.parametrize("module", UNITS)
def test_source_keeps_the_house_rules(module: str) -> None:
    text = (paths.rtl() / UNITS[module].file).read_text()
    assert text.startswith("// SPDX-License-Identifier: Apache-2.0\n///")
    for word in ("/// Function:", "/// Timing:", "/// Parameters:", "`default_nettype none"):
        assert word in text
    assert text.endswith("`default_nettype wire\n")
    assert "lint_off" not in text
    assert "`timescale" not in text
    assert max(map(len, text.splitlines())) <= 110
    for param in UNITS[module].params:
        # A flag may be any integer; everything with a lower limit is checked at elaboration.
        if param.least is not None and (param.least, param.most) != (0, 1):
            assert re.search(rf"if \(.*\b{param.name} (<|% )", text), f"{param.name} is not checked"


def test_units_come_after_what_they_use() -> None:
    order = [spec.module for spec in with_uses(UNITS)]
    assert sorted(order) == sorted(UNITS)
    for spec in UNITS.values():
        assert all(order.index(used) < order.index(spec.module) for used in spec.uses)
