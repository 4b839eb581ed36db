# SPDX-License-Identifier: Apache-2.0
"""Serial designs in a simulator: digits of every width, both bodies of the units, every phase."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hwgen.design.serial import read_design
from hwgen.design.source_list import read_list
from hwgen.emit.verilog.design import emit_rtl
from hwgen.errors import Mismatch, ProtocolViolation
from hwgen.logic.links import LinkRegisters
from hwgen.verify.simulate import (
    FLOW_CLAIMS,
    SERIAL_CLAIMS,
    BenchSettings,
    SimResult,
    simulate,
)
from tests.rtl.serial_nets import random_design, vectors_of

PRIMITIVES = sorted((Path(__file__).parent / "amd").glob("*.sv"))
CLAIMS = (*FLOW_CLAIMS, *SERIAL_CLAIMS)
# Units that stand in every one of these designs, and have no bench but these.
UNITS = (
    "hwg_serial_add", "hwg_serial_add3", "hwg_serial_admit", "hwg_serial_const",
    "hwg_serial_count", "hwg_serial_delay", "hwg_serial_first", "hwg_serial_gate",
    "hwg_serial_pack", "hwg_serial_phase", "hwg_serial_requant", "hwg_serial_unpack",
)  # fmt: skip


def run(
    folder: Path, seed: int, digit: int, amd: bool = False, arity: int = 3, samples: int = 60
) -> SimResult:
    """Simulate a random design; with AMD's primitives in the place of plain bodies."""
    design, logic = random_design(seed, digit, arity)
    out = emit_rtl(design).write(folder / "out")
    if amd:
        for file in PRIMITIVES:
            shutil.copy(file, out / "rtl" / file.name)
        listing = out / "rtl" / "files.f"
        define = out / "rtl" / "define.sv"
        define.write_text("`define HWG_AMD_PRIMITIVES\n")
        names = ["define.sv", *(file.name for file in PRIMITIVES)]
        listing.write_text("".join(f"{n}\n" for n in names) + listing.read_text())
    claims = CLAIMS if design.interval > 1 else CLAIMS[:-1]
    result = simulate(out, vectors_of(logic, design, samples), BenchSettings(tests=claims))
    assert (result.samples, result.mismatches) == (samples, 0)
    assert (result.latency_cycles, result.interval) == (design.latency, design.interval)
    return result


@pytest.mark.sim
@pytest.mark.parametrize(("seed", "digit", "amd"), [(5, 1, True), (4, 2, False), (5, 3, True)])
def test_a_serial_design_equals_its_logic(seed: int, digit: int, amd: bool, tmp_path: Path) -> None:
    run(tmp_path, seed, digit, amd)  # each of them has ties that round to even


@pytest.mark.sim
@pytest.mark.ci
@pytest.mark.parametrize("digit", range(1, 17))
def test_digits_of_every_width(digit: int, tmp_path: Path) -> None:
    run(tmp_path, 20 + digit, digit, bool(digit % 2), 2 + digit % 2)


def test_every_unit_is_in_these_designs() -> None:
    found: set[str] = set()
    for digit in (1, 2, 3):
        files = emit_rtl(random_design(3, digit)[0])
        found |= {path.removesuffix(".sv") for path in files.paths if "/units/" in path}
    assert {f"rtl/units/{unit}" for unit in UNITS} <= found


def test_a_stored_serial_design_is_read_as_it_was(tmp_path: Path) -> None:
    for seed, digit in ((3, 1), (4, 2), (5, 7)):
        design, _ = random_design(seed, digit)
        out = emit_rtl(design).write(tmp_path / str(seed))
        assert read_design(out) == design


@pytest.mark.parametrize(
    ("seed", "digit", "registers"), [(3, 1, 0), (4, 2, 1), (5, 3, 0), (6, 8, 3)]
)
def test_generated_text_is_free_of_warnings(
    seed: int, digit: int, registers: int, lint: Callable[..., None], tmp_path: Path
) -> None:
    design, _ = random_design(seed, digit, links=LinkRegisters(registers))
    out = emit_rtl(design).write(tmp_path / "out")
    files = [out / "rtl" / line for line in read_list((out / "rtl" / "files.f").read_text())]
    for top in ("hwg_net", "hwg_net_axis"):
        lint(files, top, {})


FAULTS = {
    "carry not restarted": ("hwg_serial_add", "carry_q <= ahead_i ?", "carry_q <= 1'b0 ?"),
    "gate of the wrong operand": ("hwg_serial_add", "gate_i[i] ? Fill[i] : b_i[i]", "b_i[i]"),
    "sticky bit lost": ("hwg_serial_requant", "state_q | (|x)", "(|x)"),
    "sign too early": ("hwg_serial_requant", "first_i[LAST] ? round", "first_i[LAST-1] ? round"),
    "chain not reset": ("hwg_serial_first", "if (!rst_ni) first_q", "if (1'b0) first_q"),
    "early sample admitted": ("hwg_serial_admit", "valid_i & free_o & rst_ni", "valid_i & rst_ni"),
    "load a cycle late": ("hwg_serial_unpack", "load_i ? data_i", "!load_i ? data_i"),
}  # fmt: skip


@pytest.mark.sim
@pytest.mark.ci
@pytest.mark.parametrize("name", FAULTS)
def test_seeded_faults_are_found(name: str, tmp_path: Path) -> None:
    unit, text, wrong = FAULTS[name]
    design, logic = random_design(11 if "sticky" in name else 12, 1, 2)
    out = emit_rtl(design).write(tmp_path / "out")
    file = out / "rtl" / "units" / f"{unit}.sv"
    before = file.read_text()
    assert text in before
    file.write_text(before.replace(text, wrong))
    with pytest.raises((Mismatch, ProtocolViolation)):
        simulate(out, vectors_of(logic, design, 60), BenchSettings(tests=CLAIMS))
