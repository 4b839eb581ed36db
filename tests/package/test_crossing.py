# SPDX-License-Identifier: Apache-2.0
"""What passes between two clocks: every path is one that the constraints name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from hwgen.package.crossing import FIFO, LEVEL, RESET, Crossing, lpf, reset_pair, sdc, xdc
from hwgen.package.formats.constraints import CONSTRAINTS
from hwgen.package.network.core import NetworkCore
from hwgen.package.network.ip import network_ip
from hwgen.package.network.top import ip_crossings
from hwgen.synth.yosys import run_script
from hwgen.target.board import boards
from hwgen.units.library import find_unit
from tests.package.conftest import Packed

BETWEEN = Crossing("u_core/u_fifo", 4.0, 2.5)
ALL = [BETWEEN, *reset_pair("u_resets"), Crossing("u_level", unit=LEVEL)]


def test_every_path_between_the_clocks_has_a_limit() -> None:
    text = xdc(ALL)
    for start, end in (("in_gray_q", "in_meet_q"), ("out_gray_q", "out_meet_q")):
        assert re.search(
            rf"set_max_delay -datapath_only -from .*u_core/u_fifo/{start}_reg\[\*\].*"
            rf"-to .*u_core/u_fifo/{end}_reg\[\*\].* 2\.500\n",
            text,
        )
    assert text.count("set_false_path -to") == 5
    assert "u_resets/u_a_seen/release_q_reg[*]/CLR" in text
    assert "u_level/meet_q_reg[0]/D" in text
    assert text.count("set_max_delay") == 3
    both = sdc(ALL)
    assert both.count("set_max_skew") == 2
    assert "*u_core|u_fifo|in_gray_q[*]" in both
    assert both.count("set_max_delay") == 3
    plain = sdc(ALL, "get_regs", skew=False)
    assert "set_max_skew" not in plain
    assert "[get_regs {*u_core/u_fifo/in_gray_q[*]}]" in plain
    assert lpf(ALL).count("MAXDELAY FROM CELL") == 3
    assert lpf(ALL).count("BLOCK PATH TO CELL") == 5


def test_registers_are_those_of_the_units() -> None:
    source = "".join(find_unit(unit).path.read_text() for unit in (FIFO, RESET, LEVEL))
    text = xdc(ALL) + sdc(ALL)
    registers = set(re.findall(r"\b(\w+_q)(?:_reg|\b)", text))
    counts = {"in_gray_q", "in_meet_q", "out_gray_q", "out_meet_q", "mem_q"}
    assert registers == {*counts, "release_q", "meet_q"}
    for register in registers:
        assert re.search(rf"\b{register}\b\s*(<=|\[[^\]]*\]+\s*<=)", source), register
    pair = find_unit("hwg_reset_pair").path.read_text()
    for one in reset_pair("u"):
        assert f"{one.instance.removeprefix('u/')} (" in pair


def test_every_board_limits_the_paths_in_its_own_language(crossed: Packed) -> None:
    endings = {"ecp5": ".lpf", "nexus": ".pdc", "gowin": ".sdc", "ice40": ".sdc"}
    for board in boards():
        core: NetworkCore = replace(crossed.core, board=board)
        made = {path: text.decode() for path, text in CONSTRAINTS.files(network_ip(core))}
        ending = endings.get(board.family.name, ".xdc")
        limits = made.pop(f"constraints/{core.ip}_cdc{ending}")
        clocks = "".join(made.values())
        for clock in ("aclk", "core_aclk"):
            assert re.search(rf"\b{clock}\b", clocks), (board.name, clock)
        assert limits.lower().count("6.666") >= 6, board.name  # the faster period, 150 MHz
        assert "clock_groups" not in limits


# --- the netlist --------------------------------------------------------------------------------

CLOCKS = ("aclk", "core_aclk")
_REGISTER = re.compile(r"\$(a|s|al)?dff(sr)?(c?e)?$")


@dataclass(frozen=True)
class Passage:
    """Path from a register of one clock to a pin of a register of the other."""

    start: str
    end: str
    pin: str


def crossing_paths(netlist: Mapping[str, Any]) -> set[Passage]:
    """Return the paths between the two clocks of a flattened netlist of Yosys."""
    names: dict[int, str] = {}
    register = re.compile(r"_q(\[\d+\])?$")  # a memory's words are registers, too
    for name, net in netlist["netnames"].items():
        for at, bit in enumerate(net["bits"]):
            if isinstance(bit, int) and (bit not in names or register.search(name)):
                names[bit] = f"{name}[{at}]"
    clock_of = {netlist["ports"][clock]["bits"][0]: clock for clock in CLOCKS}
    drivers: dict[int, tuple[str, list[int]]] = {}  # of a bit: clock or nothing, bits behind it
    for port, facts in netlist["ports"].items():  # what comes from outside, by the clock of its bus
        if facts["direction"] == "input" and port not in CLOCKS:
            clock = CLOCKS[port.startswith("core_")]
            drivers |= {bit: (clock, []) for bit in facts["bits"]}
    ends: list[tuple[str, str, str, int]] = []  # clock, register, pin, bit that it reads
    for cell in netlist["cells"].values():
        pins, ways = cell["connections"], cell["port_directions"]
        if _REGISTER.match(cell["type"]):
            clock = clock_of[pins["CLK"][0]]
            for bit, data in zip(pins["Q"], pins["D"], strict=True):
                drivers[bit] = clock, []
                ends.append((clock, names[bit], "D", data))
                for pin in set(pins) - {"CLK", "D", "Q"}:
                    ends += [(clock, names[bit], pin, b) for b in pins[pin]]
            continue
        assert "CLK" not in pins, cell["type"]
        reads = [b for pin in pins if ways[pin] == "input" for b in pins[pin] if isinstance(b, int)]
        for pin in pins:
            for bit in pins[pin] if ways[pin] == "output" else ():
                drivers[bit] = "", reads
    starts: dict[int, frozenset[tuple[str, str]]] = {}

    def behind(bit: int) -> frozenset[tuple[str, str]]:
        """Clock and name of the registers that a bit depends on."""
        todo, seen, found = [bit], set(), set()
        while todo:
            at = todo.pop()
            if at in seen or at not in drivers:
                continue
            seen.add(at)
            clock, reads = drivers[at]
            if clock:
                found.add((clock, names[at]))
            todo += reads
        return frozenset(found)

    paths = set()
    for clock, register, pin, bit in ends:
        if not isinstance(bit, int):
            continue
        if bit not in starts:
            starts[bit] = behind(bit)
        paths |= {Passage(s, register, pin) for other, s in starts[bit] if other != clock}
    return paths


def netlist_of(packed: Packed, folder: Path, edit: Callable[[str, str], str]) -> Any:
    files = []
    for path in packed.sources():
        files.append(folder / path.name)
        files[-1].write_text(edit(path.name, path.read_text("utf-8")), "utf-8")
    top = packed.core.ip
    run_script(
        [f"read_verilog -sv {' '.join(map(str, files))}", f"hierarchy -top {top}", "proc",
         "flatten", "memory_map", "opt_dff", "opt_clean", f"write_json {folder / 'net.json'}"],
        folder,
    )  # fmt: skip
    return json.loads((folder / "net.json").read_text())["modules"][top]


def named(crossings: tuple[Crossing, ...], path: Passage) -> Crossing | None:
    """Return the crossing whose constraint holds a path, if one does."""
    start, end = path.start.replace(".", "/"), path.end.replace(".", "/")
    for one in crossings:
        at = f"{one.instance}/"
        if one.unit == RESET and end.startswith(f"{at}release_q") and path.pin == "ARST":
            return one
        if one.unit == LEVEL and end == f"{at}meet_q[0]" and path.pin == "D":
            return one
        if one.unit == FIFO and start.startswith(at):
            counts = (("in_gray_q", "in_meet_q"), ("out_gray_q", "out_meet_q"))
            register = start.removeprefix(at).split("[")[0]
            if (register, end.removeprefix(at).split("[")[0]) in counts or register == "mem_q":
                return one
    return None


@pytest.mark.ci
def test_no_path_between_the_clocks_is_without_a_constraint(
    crossed: Packed, tmp_path: Path
) -> None:
    paths = crossing_paths(netlist_of(crossed, tmp_path, lambda _, text: text))
    crossings = ip_crossings(crossed.core)
    held = {path: named(crossings, path) for path in paths}
    assert [path for path, one in held.items() if one is None] == []
    assert set(held.values()) == set(crossings), "a constraint of nothing"


FAULTS = {
    "no synchroniser": ("hwg_cdc_fifo.sv",
        "in_seen     = in_meet_q[(Stages-1)*COUNT_WIDTH +: COUNT_WIDTH]",
        "in_seen     = in_gray_q"),
    "the other clock": ("hwg_cnn_cdc.sv", ".aclk         (core_aclk)", ".aclk         (aclk)"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_path_without_a_constraint_is_found(fault: str, crossed: Packed, tmp_path: Path) -> None:
    file, good, bad = FAULTS[fault]

    def edit(name: str, text: str) -> str:
        assert name != file or text.count(good) == 1
        return text.replace(good, bad) if name == file else text

    paths = crossing_paths(netlist_of(crossed, tmp_path, edit))
    assert any(named(ip_crossings(crossed.core), path) is None for path in paths)
