# SPDX-License-Identifier: Apache-2.0
"""What a mapped netlist computes, takes and lasts: small ones by hand."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from hwgen.errors import ToolFailed
from hwgen.plan.board import load_board
from hwgen.synth.count import Measured, count
from hwgen.synth.netlist import Bits, Cell, Netlist, table
from hwgen.synth.path import PathModel, longest_path

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


def test_lattice_cells_are_counted_as_they_are() -> None:
    cells = [
        cell("a", "CCU2C"), cell("b", "LUT4"), cell("c", "LUT4"), cell("d", "TRELLIS_FF"),
    ]  # fmt: skip
    assert count(netlist(cells, {}, {})) == Measured(4, 4, 2, 1)


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
