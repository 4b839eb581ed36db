# SPDX-License-Identifier: Apache-2.0
"""What holds for every unit of rtl/; a new one is found by its file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from hwgen.units.header import Unit
from hwgen.units.library import units, with_uses
from tests.rtl.corners import CORNERS

# Units without a bench of their own, each with a unit that instantiates it and has one.
TESTED_INSIDE = {
    "hwg_codec_block_buffer": "hwg_codec_decode",
    "hwg_codec_crc": "hwg_codec_block_parse",
    "hwg_codec_entropy_encode": "hwg_codec_encode_lane",
    "hwg_codec_magnitude": "hwg_codec_value",
    "hwg_codec_table": "hwg_codec_tans_decode",
    "hwg_codec_token": "hwg_codec_encode_lane",
    "hwg_constants": "hwg_stream_mulshift",
    "hwg_dma_forward": "hwg_codec_dma",
    "hwg_dma_map_in": "hwg_codec_dma",
    "hwg_dma_narrow": "hwg_dma_fetch",
    "hwg_dma_places": "hwg_dma_fetch",
    "hwg_dma_widen": "hwg_dma_store",
    "hwg_reg_bank": "hwg_dma_descriptor",
}


def named_in_benches(root: Path) -> set[str]:
    """Return the modules that a test with a simulator names: alone, as a file, or instantiated."""
    pattern = re.compile(r"\bhwg_\w+(?=$|\.sv$|\s*#\(|\s+\w+\s*\()")
    names: set[str] = set()
    for file in sorted((root / "tests").rglob("test_*.py")):
        text = file.read_text("utf-8")
        if "pytest.mark.sim" not in text or file == Path(__file__):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                names |= set(pattern.findall(node.value))
    return names


def without_bench(library: Iterable[Unit], named: set[str]) -> list[str]:
    """Return the units that no bench names and no unit with a bench stands for."""
    return [
        unit.module
        for unit in library
        if unit.module not in named and TESTED_INSIDE.get(unit.module) not in named
    ]


# Units that C++ needs no twin of, and why.
_STEPS = "the loop over the digits of a word counts and begins by itself"
_REGISTERS = "an HLS tool makes the registers of arguments itself"
NEEDS_NO_TWIN = {
    "hwg_serial_admit": "a function is called for every sample",
    "hwg_serial_const": "a constant, taken apart by serial_unpack.h",
    "hwg_serial_count": _STEPS,
    "hwg_serial_first": _STEPS,
    "hwg_serial_gate": "the start of a line, serial_delay.h",
    "hwg_serial_phase": _STEPS,
    "hwg_serial_requant": "rounding is of whole words: requant.h",
    "hwg_table_pair": "two look-ups of table.h",
    "hwg_delay": "an HLS tool places registers itself",
    "hwg_link_delay": "an HLS tool places registers itself",
    "hwg_valid": "an HLS tool makes the handshake of a function itself",
    "hwg_constants": "an array of constants, which an HLS tool places itself",
    "hwg_line": "an array, which an HLS tool places itself",
    "hwg_tap_lines": "arrays, which an HLS tool places itself",
    "hwg_fifo": "a stream, to which an HLS tool gives a FIFO",
    "hwg_cdc_fifo": "an HLS design has one clock",
    "hwg_reset_sync": "an HLS design has one clock",
    "hwg_reset_pair": "an HLS design has one clock",
    "hwg_level_sync": "an HLS design has one clock",
    "hwg_axis_cross": "an HLS design has one clock",
    "hwg_skid": "an HLS tool registers handshakes itself",
    "hwg_fork": "a loop that is printed in its stage: a word is read once and written to each",
    "hwg_stream_concat": "a loop that is printed in its stage: it reads each stream in its turn",
    "hwg_join": "a function that reads two streams waits for both",
    "hwg_flow_buffer": "a pipeline of an HLS tool stalls by itself",
    "hwg_stream_check": "watches handshakes, which an HLS tool makes itself",
    "hwg_bist": "tests a bitstream of the RTL",
    "hwg_bist_sink": "tests a bitstream of the RTL",
    "hwg_bist_source": "tests a bitstream of the RTL",
    "hwg_harness": "makes room for a bitstream of the RTL",
    "hwg_dma_bank": _REGISTERS,
    "hwg_dma_regs": _REGISTERS,
    "hwg_dma_descriptor": _REGISTERS,
    "hwg_dma_transform": _REGISTERS,
    "hwg_dma_tables": _REGISTERS,
    "hwg_dma_status": "counters in a struct that reader and writer return, lang/tensor.h",
    "hwg_dma_run": "a function ends by itself, and cannot be given up",
    "hwg_dma_source": "a function takes the values of one tensor, and waits for them",
    "hwg_dma_deliver": "a function that begins a tensor ends it",
    "hwg_dma_narrow": "the bus adapter of an HLS tool has the width of the bus",
    "hwg_dma_widen": "the bus adapter of an HLS tool has the width of the bus",
    "hwg_axil_regs": _REGISTERS,
    "hwg_axil_slave": _REGISTERS,
    "hwg_reg_bank": _REGISTERS,
}


def covered(header: str, text: str) -> set[str]:
    """Return the units that a C++ header is a twin of: its own, and those that it covers."""
    said = re.search(r"^/// Covers:(.*?)^/// (?:Function|[A-Z]\w+):", text, re.M | re.S)
    return {f"hwg_{header}"} | set(re.findall(r"hwg_\w+", said[1] if said else ""))


def without_unit(twins: Iterable[str], modules: Iterable[str]) -> list[str]:
    """Return the units that C++ headers are said to be twins of, and that do not exist."""
    known = set(modules)
    return [twin for twin in twins if twin not in known]


def test_every_unit_has_a_corner_list() -> None:
    assert [module for module in units() if module not in CORNERS] == []
    assert [module for module in CORNERS if module not in units()] == []


@pytest.mark.parametrize("module", units())
def test_corners_are_legal_parameters(module: str) -> None:
    parameters = {parameter.name: parameter for parameter in units()[module].parameters}
    for corner in CORNERS[module]:
        for name, value in corner.items():
            assert name in parameters
            if isinstance(value, int):
                least, most = parameters[name].least, parameters[name].most
                assert least is None or value >= least, name
                assert most is None or value <= most, name


def test_every_unit_has_a_bench(root: Path) -> None:
    named = named_in_benches(root)
    assert without_bench(units().values(), named) == []
    for module, user in TESTED_INSIDE.items():
        assert module not in named, f"{module} has a bench of its own now"
        assert module in {unit.module for unit in with_uses([user])}, f"{user} has no {module}"


def test_a_unit_without_a_bench_is_told_by_name(root: Path) -> None:
    stranger = Unit("hwg_stranger", "arith", (), ())
    assert without_bench([stranger], named_in_benches(root)) == ["hwg_stranger"]


def twins_of(root: Path) -> list[str]:
    """Return all units that the C++ headers are twins of, with repetitions."""
    headers = sorted((root / "hls_templates/include/hwg").glob("*.h"))
    return [unit for h in headers for unit in sorted(covered(h.stem, h.read_text("utf-8")))]


def without_twin(modules: Iterable[str], twins: Iterable[str]) -> list[str]:
    """Return the units that have neither a C++ twin nor a reason to have none."""
    have = set(twins)
    return [module for module in modules if module not in have and module not in NEEDS_NO_TWIN]


def test_every_unit_has_a_twin_or_a_reason(root: Path) -> None:
    twins = twins_of(root)
    assert without_unit(twins, units()) == []
    assert len(twins) == len(set(twins)), "a unit has two twins"
    assert without_twin(units(), twins) == []
    assert without_unit(["hwg_fifo", "hwg_stranger"], units()) == ["hwg_stranger"]
    assert without_twin(["hwg_max", "hwg_stranger"], twins) == ["hwg_stranger"]


def test_reasons_to_have_no_twin_are_of_units_without_one(root: Path) -> None:
    twins = twins_of(root)
    for module, reason in NEEDS_NO_TWIN.items():
        assert module in units(), module
        assert module not in twins, module
        assert reason


@pytest.mark.parametrize("module", units())
def test_source_keeps_the_house_rules(module: str) -> None:
    text = units()[module].path.read_text()
    assert text.startswith("// SPDX-License-Identifier: Apache-2.0\n///")
    for word in ("/// Function:", "/// Timing:", "/// Parameters:", "`default_nettype none"):
        assert word in text
    assert text.endswith("`default_nettype wire\n")
    assert "lint_off" not in text
    assert "`timescale" not in text
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize("module", units())
def test_every_number_has_a_legal_range(module: str) -> None:
    unchecked = [
        parameter.name
        for parameter in units()[module].parameters
        if not parameter.vector and parameter.least is None
    ]
    assert unchecked == []


def test_units_come_after_what_they_use() -> None:
    order = [unit.module for unit in with_uses(units())]
    assert sorted(order) == sorted(units())
    for unit in units().values():
        assert all(order.index(used) < order.index(unit.module) for used in unit.uses)
