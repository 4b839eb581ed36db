# SPDX-License-Identifier: Apache-2.0
"""What a mapped netlist computes, takes and lasts: small ones by hand."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hwgen.errors import ConfigError, ToolFailed
from hwgen.synth.count import Measured, count
from hwgen.synth.levels import depth
from hwgen.synth.netlist import Bits, Cell, Netlist, table
from hwgen.synth.path import PathModel, longest_path
from hwgen.target.board import load_board

MODEL = PathModel(lut=1.0, net=10.0, into_chain=0.5, per_bit=0.01, out_of_chain=0.25, majority=4.0)


def cell(name: str, kind: str, params: Mapping[str, int] | None = None, **pins: Any) -> Cell:
    bits = {p: b if isinstance(b, tuple) else (b,) for p, b in pins.items()}
    return Cell(name, kind, bits, params or {})


def netlist(cells: list[Cell], ins: Mapping[str, Bits], outs: Mapping[str, Bits]) -> Netlist:
    ports = {n: (True, b) for n, b in ins.items()} | {n: (False, b) for n, b in outs.items()}
    return Netlist(tuple(cells), ports)


def lut(name: str, init: int, ins: tuple[Any, ...], out: int) -> Cell:
    pins = {f"I{i}": b for i, b in enumerate(ins)}
    return cell(name, f"LUT{len(ins)}", {"INIT": init}, O=out, **pins)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6])
def test_a_table_gives_the_bit_its_inputs_spell(size: int, rng: np.random.Generator) -> None:
    count_of = 1 << size
    every = (1 << count_of) - 1
    ins = tuple(sum((k >> i & 1) << k for k in range(count_of)) for i in range(size))
    inits = [0, every, 1, every - 1, *ins]
    inits += [int.from_bytes(rng.bytes(8), "little") & every for _ in range(50)]
    for init in inits:
        assert table(init, ins, every) == init


def subtractor(width: int) -> Netlist:
    """``y = a - b`` of four bits on one carry chain."""
    a, b, y = (tuple(range(base, base + width)) for base in (10, 20, 30))
    s = tuple(range(40, 40 + width))
    tables = [lut(f"l{i}", 0b1001, (a[i], b[i]), s[i]) for i in range(width)]
    chain = cell("c", "CARRY4", CI="0", CYINIT="1", S=s, DI=a, O=y, CO=tuple(range(50, 50 + width)))
    return netlist([*tables, chain], {"a": a, "b": b}, {"y": y})


def test_a_chain_subtracts() -> None:
    made = subtractor(4)
    pairs = list(itertools.product(range(16), repeat=2))
    rows = {
        name: np.array([[p[k] >> i & 1 for i in range(4)] for p in pairs], np.uint8)
        for k, name in enumerate("ab")
    }
    got = made.run(rows)["y"] @ np.array([1, 2, 4, 8])
    assert got.tolist() == [(x - y) % 16 for x, y in pairs]


def test_a_dual_table_has_two_outputs() -> None:
    # O5 = and of the first two, O6 = xor of the first and the fourth where I5 is one.
    low = sum(1 << k for k in range(32) if k & 3 == 3)
    high = sum(1 << k for k in range(32) if (k ^ k >> 3) & 1)
    dual = cell(
        "d", "LUT6_2", {"INIT": high << 32 | low},
        I0=1, I1=2, I2="0", I3=3, I4="0", I5=4, O5=5, O6=6,
    )  # fmt: skip
    made = netlist([dual], {"x": (1, 2, 3, 4)}, {"y": (5, 6)})
    words = list(itertools.product((0, 1), repeat=4))
    got = made.run({"x": np.array(words, np.uint8)})["y"].tolist()
    assert got == [[a & b, a ^ d if i5 else a & b] for a, b, d, i5 in words]


def test_registers_delay_and_force() -> None:
    cells = [
        cell("q", "FDRE", C=9, CE="1", D=1, R="0", Q=3),
        cell("r", "FDRE", {"IS_R_INVERTED": 1}, C=9, CE="1", D=3, R=2, Q=4),
        cell("s", "FDSE", C=9, CE="1", D=3, S=2, Q=5),
    ]
    made = netlist(cells, {"d": (1,), "f": (2,)}, {"y": (3, 4, 5)})
    d, f = [1, 0, 1, 1, 0, 0], [0, 1, 1, 0, 0, 1]
    rows = {"d": np.array(d, np.uint8)[:, None], "f": np.array(f, np.uint8)[:, None]}
    first, low, high = made.run(rows)["y"].T.tolist()
    assert first == [0, *d[:-1]]
    assert low == [0, *(x & y for x, y in zip(first, f, strict=True))][:-1]
    assert high == [0, *(x | y for x, y in zip(first, f, strict=True))][:-1]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (cell("b", "RAM64", D=1, Q=2), "no model of cell RAM64"),
        (cell("q", "FDRE", C=9, CE=1, D=1, R="0", Q=2), "enable"),
        (lut("l", 1, (2,), 2), "loop"),
    ],
)
def test_what_cannot_be_run_is_refused(bad: Cell, said: str) -> None:
    made = netlist([bad], {"x": (1,)}, {"y": (2,)})
    with pytest.raises(ToolFailed, match=said):
        made.run({"x": np.zeros((3, 1), np.uint8)})


def test_a_chain_takes_a_site_a_position() -> None:
    assert count(subtractor(4)) == Measured(4, 4, 4, 0)


def test_a_table_of_two_positions_is_there_twice() -> None:
    made = subtractor(4)
    tables = [c for c in made.cells if c.name not in ("l3", "c")]
    (chain,) = [c for c in made.cells if c.name == "c"]
    pins = {**chain.pins, "S": (40, 41, 42, 42)}
    twice = Netlist((*tables, Cell("c", "CARRY4", pins, {})), made.ports)
    assert count(twice) == Measured(4, 4, 4, 0)


def test_positions_without_use_or_table_are_free() -> None:
    made = subtractor(4)
    (chain,) = [c for c in made.cells if c.name == "c"]
    tables = [c for c in made.cells if c.name != "c"]
    pins = {**chain.pins, "S": (40, 41, 42, "0")}  # the last lets the carry out
    out = Netlist((*tables[:3], Cell("c", "CARRY4", pins, {})), made.ports)
    assert count(out) == Measured(3, 3, 3, 0)
    short = Netlist(made.cells, {**made.ports, "y": (False, (30, 31))})  # the upper two go nowhere
    assert count(short).carry == 2


def test_an_inverter_that_is_the_first_sum_is_free() -> None:
    made = subtractor(4)
    ports = {**made.ports, "y": (False, (60, 31, 32, 33))}
    inverter = cell("i", "INV", I=40, O=60)
    assert count(Netlist((*made.cells, inverter), ports)) == Measured(4, 4, 4, 0)
    # With the sum read as well, it is one more.
    both = {**ports, "z": (False, (30,))}
    assert count(Netlist((*made.cells, inverter), both)).lut == 5


def test_an_inverter_behind_a_dual_table_is_part_of_it() -> None:
    pins = {f"I{i}": i + 1 for i in range(6)}
    dual = cell("d", "LUT6_2", {"INIT": 6 << 32 | 6}, O5=10, O6=11, **pins)
    inverter = cell("i", "INV", I=11, O=12)
    ins = {"x": tuple(range(1, 7))}
    alone = netlist([dual, inverter], ins, {"y": (10, 12)})
    assert count(alone) == Measured(1, 1, 0, 0)
    beside = netlist([dual, inverter], ins, {"y": (10, 11, 12)})
    assert count(beside).lut == 2
    assert longest_path(alone, MODEL) == pytest.approx(10 + 1 + 0.25)
    assert longest_path(beside, MODEL) == pytest.approx(10 + 1 + 10 + 1)


@pytest.mark.parametrize(
    ("reads", "sites"),
    [
        ([(1, 2, 3), (3, 4, 5)], 1),
        ([(1, 2, 3), (4, 5, 6)], 2),  # nothing shared: never brought together
        ([(1, 2, 3, 4), (3, 4, 5, 6)], 2),  # six nets
        ([(1, 2, 3, 4, 5, 6), (1, 2)], 2),  # a table of six has no second half
        ([(1, 2), (1, 3), (1, 4), (1, 5)], 2),
    ],
)
def test_tables_share_a_site(reads: list[tuple[int, ...]], sites: int) -> None:
    tables = [lut(f"t{i}", 1, ins, 100 + i) for i, ins in enumerate(reads)]
    ins = {"x": tuple(range(1, 7))}
    made = netlist(tables, ins, {"y": tuple(range(100, 100 + len(reads)))})
    assert count(made) == Measured(len(reads), sites, 0, 0)


def of(family: str, cells: list[Cell], outs: Mapping[str, Bits] | None = None) -> Netlist:
    made = netlist(cells, {}, outs or {})
    return replace(made, family=family)


def pair(name: str, cin: Any, cout: Any, **sums: Any) -> Cell:
    outs = frozenset({"S0", "S1", "COUT"})
    pins = {"CIN": (cin,), "COUT": (cout,), **{pin: (bit,) for pin, bit in sums.items()}}
    return Cell(name, "CCU2C", pins, {}, outs)


def test_ecp5_cells_are_counted_as_nextpnr_places_them() -> None:
    others = [cell("b", "LUT4"), cell("c", "LUT4"), cell("d", "TRELLIS_FF"), cell("m", "PFUMX")]
    chain = [pair("p", "x", 7, S0=1), pair("q", 7, "x", S0=2)]
    assert count(of("ecp5", [*chain, *others])) == Measured(6, 6, 4, 1)
    # A carry from elsewhere, or one that is read elsewhere, takes a pair more.
    fed = [pair("p", "0", 7), pair("q", 7, "x")]
    assert count(of("ecp5", fed)).lut == 4 + 2
    read = [pair("p", "x", 7), pair("q", 7, 8)]
    assert count(of("ecp5", read, {"y": (8,)})).lut == 4 + 2


def test_an_ice40_carry_shares_its_cell_with_the_table_that_reads_what_it_reads() -> None:
    def table_of(name: str, *ins: Any) -> Cell:
        return cell(name, "SB_LUT4", I0="0", I1=ins[0], I2=ins[1], I3=ins[2], O=90)

    carry = cell("c", "SB_CARRY", I0=1, I1=2, CI=3, CO=4)
    assert count(of("ice40", [carry, table_of("t", 1, 2, 3)])) == Measured(1, 1, 1, 0)
    assert count(of("ice40", [carry, table_of("t", 2, 1, 3)])).lut == 2
    assert count(of("ice40", [carry, carry, table_of("t", 1, 2, 3)])).lut == 2


@pytest.mark.parametrize(
    ("family", "kinds", "dsp", "bram", "lut", "ff"),
    [
        ("ultrascale_plus", ["DSP48E2", "RAMB36E2", "RAMB18E2", "RAM32M", "FDRE"], 1, 2, 4, 1),
        ("series7", ["DSP48E1", "RAMB18E1", "RAMB18E1", "FDSE", "MUXF7"], 1, 1, 0, 1),
        ("ecp5", ["MULT18X18D", "MULT9X9D", "DP16KD", "TRELLIS_DPR16X4"], 2, 1, 6, 0),
        ("nexus", ["MULT18X36", "PDP16K_MODE", "WIDEFN9", "INV", "FD1P3IX"], 2, 1, 3, 1),
        ("gowin", ["MULT18X18", "SDPB", "LUT3", "ALU", "DFFR", "MUX2_LUT5"], 1, 1, 2, 1),
        ("ice40", ["SB_MAC16", "SB_RAM40_4K", "SB_LUT4", "SB_DFFSR"], 1, 1, 1, 1),
    ],
)
def test_blocks_are_counted_as_budgets_count_them(
    family: str, kinds: list[str], dsp: int, bram: int, lut: int, ff: int
) -> None:
    cells = [cell(f"c{i}", kind) for i, kind in enumerate(kinds)]
    made = count(of(family, cells))
    assert (made.dsp, made.bram, made.plut, made.ff) == (dsp, bram, lut, ff)


def test_a_multiplexer_reads_the_tables_of_its_own_slice() -> None:
    """A table is copied for every F7 that reads it, with all below it for every F8."""
    six = (1, 2, 3, 4, 5, 6)
    tables = [lut(name, 3 + i, six, 20 + i) for i, name in enumerate("abc")]

    def mux(name: str, kind: str, i0: int, i1: int, out: int) -> Cell:
        return cell(name, kind, I0=i0, I1=i1, S=7, O=out)

    apart = [mux("p", "MUXF7", 20, 21, 30)]
    assert count(of("ultrascale_plus", [*tables, *apart], {"y": (30,)})).plut == 3
    shared = [*apart, mux("q", "MUXF7", 21, 22, 31)]
    assert count(of("ultrascale_plus", [*tables, *shared], {"y": (30, 31)})).plut == 4
    through = [*apart, mux("q", "MUXF7", 21, 5, 31)]  # an input passes through a table
    assert count(of("ultrascale_plus", [*tables, *through], {"y": (30, 31)})).plut == 5
    deep = [*shared, mux("r", "MUXF8", 30, 31, 40), mux("s", "MUXF8", 31, 30, 41)]
    assert count(of("ultrascale_plus", [*tables, *deep], {"y": (40, 41)})).plut == 4 + 2 * 2


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(ConfigError, match="stratix"):
        count(of("stratix", []))


def test_depth_counts_tables_and_a_chain_once() -> None:
    assert depth(subtractor(4)) == 1
    tables = [lut("a", 1, (1, 2), 3), lut("b", 1, (3, 1), 4)]
    assert depth(netlist(tables, {"x": (1, 2)}, {"y": (4,)})) == 2
    registers = [
        lut("a", 1, (1, 2), 3), cell("q", "FDRE", C=9, CE="1", D=3, R="0", Q=4),
        lut("b", 1, (4,), 5), lut("c", 1, (5,), 6),
    ]  # fmt: skip
    assert depth(netlist(registers, {"x": (1, 2)}, {"y": (6,)})) == 2
    # A chain that a carry runs along, then a table behind its sum.
    chain = [
        pair("p", "x", 7, S0=1, A0=20), pair("q", 7, "x", S0=2, A0=21),
        Cell("l", "LUT4", {"A": (2,), "Z": (3,)}, {}, frozenset({"Z"})),
    ]  # fmt: skip
    assert depth(of("ecp5", chain)) == 2
    # An adder of iCE40 is one level: the carry is none, the table that takes the sum out is.
    adder = [
        cell("c", "SB_CARRY", I0=1, I1=2, CI="0", CO=4),
        cell("t", "SB_LUT4", I1=5, I2=6, I3=4, O=7),
    ]  # fmt: skip
    assert depth(of("ice40", adder)) == 1


def test_depth_ends_at_blocks_and_boxes_and_sees_through_memory_of_tables() -> None:
    box = cell("b", "hwg_box", I=1, O=2)
    made = netlist([lut("a", 1, (9,), 1), box, lut("c", 1, (2,), 3)], {"x": (9,)}, {"y": (3,)})
    assert depth(made) == 1
    words = Cell(
        "m", "RAM32M", {"ADDRA": (1,), "DIA": (3,), "DOA": (2,)}, {}, frozenset({"DOA"})
    )  # fmt: skip
    # What is written may depend on what is read: no loop, the word waits for the clock.
    looped = netlist([lut("a", 1, (9,), 1), words, lut("c", 1, (2,), 3)], {"x": (9,)}, {"y": (3,)})
    assert depth(looped) == 3


def test_a_loop_has_no_depth() -> None:
    made = netlist([lut("l", 1, (2,), 2)], {"x": (1,)}, {"y": (2,)})
    with pytest.raises(ToolFailed, match="loop"):
        depth(made)


def test_a_path_through_two_tables_pays_two_nets() -> None:
    tables = [lut("a", 1, (1, 2), 3), lut("b", 1, (3, 1), 4)]
    made = netlist(tables, {"x": (1, 2)}, {"y": (4,)})
    assert longest_path(made, MODEL) == pytest.approx(22.0)


def test_a_register_ends_a_path() -> None:
    cells = [
        lut("a", 1, (1, 2), 3), cell("q", "FDRE", C=9, CE="1", D=3, R="0", Q=4),
        lut("b", 1, (4,), 5), lut("c", 1, (5,), 6),
    ]  # fmt: skip
    made = netlist(cells, {"x": (1, 2)}, {"y": (6,)})
    assert longest_path(made, MODEL) == pytest.approx(22.0)


def test_a_chain_pays_its_way_in_along_and_out() -> None:
    # net, table, into the chain at bit 0, two positions on, out of the chain at bit 3
    assert longest_path(subtractor(4), MODEL) == pytest.approx(10 + 1 + 0.5 + 2 * 0.01 + 0.25)


def test_a_sum_without_a_table_pays_a_net_and_a_pass() -> None:
    chain = cell(
        "c", "CARRY4", CI="0", CYINIT="0", S=(1, 2, 3, 4), DI=("0",) * 4,
        O=(11, 12, 13, 14), CO=(15, 16, 17, 18),
    )  # fmt: skip
    made = netlist([chain], {"x": (1, 2, 3, 4)}, {"y": (11,)})
    assert longest_path(made, MODEL) == pytest.approx(10 + 1 + 0.25)


def test_a_majority_takes_the_short_net_and_only_where_it_matters() -> None:
    # O5 = I0, O6 = I0 ^ I3: the second table waits for the first one's O5 on I3 alone.
    low, high = 0xAAAAAAAA, 0x55AA55AA
    init = {"INIT": high << 32 | low}
    spare = {"I1": "0", "I2": "0", "I4": "0", "I5": "1"}
    cells = [
        cell("a", "LUT6_2", init, I0=1, I3=2, O5=3, O6=4, **spare),
        cell("b", "LUT6_2", init, I0=1, I3=3, O5=5, O6=6, **spare),
    ]
    made = netlist(cells, {"x": (1, 2)}, {"y": (6,)})
    assert longest_path(made, MODEL) == pytest.approx(10 + 1 + 4 + 1)
    other = netlist(cells, {"x": (1, 2)}, {"y": (5,)})  # O5 does not depend on I3
    assert longest_path(other, MODEL) == pytest.approx(10 + 1)


def test_the_ratio_of_the_two_adders_is_what_was_asked_for() -> None:
    family = load_board("vcu118").family
    two = family.adder_ns(10)
    for ratio in (1.27, 1.7):
        model = PathModel.of(family, ratio)
        assert (two + model.lut + model.majority) / two == pytest.approx(ratio)
    default = PathModel.of(family)
    assert default.lut + default.majority == pytest.approx(family.third_operand)
    assert "majority" in str(default)
