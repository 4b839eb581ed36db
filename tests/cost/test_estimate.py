# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hwgen.cost.calibration import calibrated, grade_of, path_ns
from hwgen.cost.estimate import (
    Estimate,
    estimate,
    estimate_layers,
    fmax,
    logic_terms,
    longest_ns,
    lut_cost,
)
from hwgen.cost.steps import distinct_columns
from hwgen.cost.terms import TERMS, terms_of
from hwgen.design.assemble import of_pipeline
from hwgen.design.names import ModuleNames
from hwgen.design.source_list import read_list
from hwgen.design.types import Design, Heading, Layer, Pipeline, Port, Source, Tap
from hwgen.emit.verilog.design import emit_rtl
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.tensor import TensorType
from hwgen.logic.builder import Builder, Logic
from hwgen.logic.nodes import adder_positions
from hwgen.ops.base import Op
from hwgen.ops.conv import Conv
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.merge import Add as AddOp
from hwgen.ops.pool import MaxPool
from hwgen.ops.requantize import Requantize
from hwgen.ops.thresholds import Thresholds
from hwgen.plan.parallel.schedule import schedule
from hwgen.synth.count import count
from hwgen.synth.yosys import map_design
from hwgen.target.board import boards, load_board


def adder(a: tuple[int, int], b: tuple[int, int], shifts: tuple[int, int], sub: bool) -> int:
    builder = Builder()
    x, y = builder.input("x", 0, *a), builder.input("x", 1, *b)
    made = builder.add(x, y, *shifts, sub)
    return adder_positions(Logic.of(builder, [("y", [made])]), 2)


U4, S4 = (0, 15), (-8, 7)


@pytest.mark.parametrize(
    ("a", "b", "shifts", "sub", "bits"),
    [
        (U4, U4, (0, 0), False, 4),  # the top bit is the carry that leaves the chain
        (S4, S4, (0, 0), False, 5),
        (U4, U4, (2, 0), False, 4),  # 7 bits, the lowest two are wiring
        (U4, U4, (0, 2), False, 4),
        (U4, U4, (4, 0), False, 0),  # side by side
        (U4, U4, (0, 5), False, 0),
        (S4, U4, (4, 0), False, 0),  # a signed value above an unsigned one
        (U4, S4, (4, 0), False, 5),  # the sign of the lower one reaches up: 9 bits, 4 of them free
        (U4, U4, (0, 2), True, 4),  # the minuend's low bits are wiring, and so is the borrow
        (U4, U4, (2, 0), True, 6),  # the subtrahend's are not
        (S4, S4, (0, 0), True, 5),
    ],
)
def test_carry_positions(
    a: tuple[int, int], b: tuple[int, int], shifts: tuple[int, int], sub: bool, bits: int
) -> None:
    assert adder(a, b, shifts, sub) == bits


def terms(make: object, k: int, held: bool = False) -> dict[str, int]:
    builder = Builder()
    x = builder.input("x", 0, -128, 127)
    y = builder.input("x", 1, -8, 7)
    z = builder.input("x", 2, 0, 7)
    assert callable(make)
    logic = Logic.of(builder, [("y", [make(builder, x, y, z)])])
    wires = range(len(logic.nodes))
    found = terms_of(logic, wires, k, {len(logic.nodes) - 1} if held else ())
    return {term: count for term, count in found.items() if count}


WIDE = range(-99, 99, 7)


@pytest.mark.parametrize(
    ("make", "six", "four"),
    [
        # Nine positions; a chain of small tables has two ends.
        (lambda b, x, y, z: b.add(x, y), {"add": 9}, {"add": 9, "chain": 1}),
        # Three positions and the carry that leaves the chain: small tables.
        (lambda b, x, y, z: b.add(z, b.shl(z, 1)), {"add": 3}, {"short_add": 7}),
        (lambda b, x, y, z: b.shl(x, 2), {}, {}),
        # Eight bits are compared and chosen.
        (lambda b, x, y, z: b.max(x, y), {"order": 8}, {"order": 8, "chain": 1}),
        # The tables of a sum choose a maximum that nothing else reads; small ones cannot.
        (
            lambda b, x, y, z: b.add(b.max(x, y), z),
            {"order": 8, "add": 9, "mux": -4},
            {"order": 8, "add": 9, "chain": 2},
        ),
        (lambda b, x, y, z: b.mul(x, y), {"product": 32, "product_sum": 12}, None),
        (lambda b, x, y, z: b.select(x, y, b.const(3)), {"mux": 2}, {"mux": 4}),
        # It has room for one of two.
        (
            lambda b, x, y, z: b.add(b.max(x, y), b.max(x, z), sub=True),
            {"order": 16, "add": 9, "mux": -4},
            {"order": 16, "add": 9, "chain": 3},
        ),
        # Of two constants the sign alone is left.
        (lambda b, x, y, z: b.select(x, b.const(6), b.const(3)), {}, {}),
        # Five kept bits are rounded and need one more; nothing saturates.
        (
            lambda b, x, y, z: b.requant(x, 3, -99, 99),
            {"round": 6},
            {"round": 6, "chain": 1, "decide": 1},
        ),
        # Clipped to [-4, 3]: two comparisons of a quotient of five bits share their tables.
        (
            lambda b, x, y, z: b.requant(x, 3, -4, 3),
            {"round": 3, "mux": 2, "compare": 2},
            {
                "short_round": 1,
                "short_round_bits": 3,
                "decide": 1,
                "gate": 3,
                "compare": 2,
            },
        ),
        # A sign needs no comparison.
        (
            lambda b, x, y, z: b.requant(x, 3, 0, 99),
            {"round": 5, "mux": 3},
            {"round": 5, "chain": 1, "decide": 1, "gate": 5},
        ),
        # One threshold on eight bits; its lowest bit is set, or its lowest four are not.
        (
            lambda b, x, y, z: b.thresh(x, [5], [0, 1]),
            {"compare": 2},
            {"long_compare": 8, "chain": 1},
        ),
        (lambda b, x, y, z: b.thresh(x, [16], [0, 1]), {"compare": 1}, {"compare": 1}),
        # Four inputs: a table an output, two of them in one of six inputs.
        (
            lambda b, x, y, z: b.thresh(y, range(-7, 8), [3, -1] * 8),
            {"compare": 1},
            {"compare": 1},
        ),
    ],
)
def test_terms_by_hand(make: object, six: dict[str, int], four: dict[str, int] | None) -> None:
    assert terms(make, 6) == six
    if four is not None:
        assert terms(make, 4) == four


def match(reads_difference: bool) -> Callable[[Builder, int, int, int], int]:
    """Return a match of an arg max: the larger value, and an index by the sign of a difference."""

    def make(b: Builder, x: int, y: int, z: int) -> int:
        ahead = b.add(x, y, sub=True)
        index = b.select(ahead, z, b.const(3))
        larger = b.shl(b.max(x, y), 8)
        return b.add(larger, b.shl(ahead, 30) if reads_difference else index)

    return make


def test_a_maximum_compares_for_an_arg_max() -> None:
    # Three bits of an index beside the eight of the maximum, which a shift reads.
    assert terms(match(False), 6) == {"order": 8, "mux": 2}
    assert terms(match(False), 4) == {"order": 8, "chain": 1, "mux": 3}
    # A difference that something else reads is a sum of its own.
    assert terms(match(True), 6)["add"] >= 9


def test_a_register_behind_a_rectifier_is_reset_by_the_sign() -> None:
    made = terms(lambda b, x, y, z: b.requant(x, 3, 0, 99), 6, held=True)
    assert made == {"round": 5}
    both = terms(lambda b, x, y, z: b.requant(x, 3, 0, 9), 6, held=True)
    assert both["mux"] == 2  # it saturates above as well


def test_the_sides_of_a_leaky_rectifier_are_not_looked_up() -> None:
    builder = Builder()
    x = builder.input("x", 0, -128, 127)
    above, below = builder.requant(x, 0, 0, 15), builder.requant(x, 2, -8, 0)
    logic = Logic.of(builder, [("y", [builder.select(x, below, above)])])
    whole = terms_of(logic, range(len(logic.nodes)), 6, family="ultrascale_plus")
    # Four kept bits of -8..0 rounded, two tables of bounds, four bits chosen twice.
    assert {term: count for term, count in whole.items() if count} == {
        "round": 4, "compare": 2, "mux": 4,
    }  # fmt: skip
    assert set(terms_of(logic, [above], 6, family="ultrascale_plus")) == {"requant"}


def test_many_steps_of_few_bits_are_looked_up() -> None:
    def steps(b: Builder, x: int, y: int, z: int) -> int:
        return b.thresh(x, WIDE, list(range(len(WIDE) + 1)))

    looked_up, searched = terms(steps, 6), terms(steps, 4)
    assert set(looked_up) == {"step_low", "step_high", "step_table"}
    assert 5 <= looked_up["step_table"] < 5 * len(WIDE) < 5 * searched["step_long"]


@pytest.mark.parametrize(
    ("values", "count"),
    [([0, 1], 1), ([-1, 1], 1), ([-1, 0, 1], 2), ([3, 0], 1), ([0, 1, 2, 3], 2), ([5, 5, 7], 1)],
)
def test_bits_of_steps_that_differ(values: list[int], count: int) -> None:
    assert len(distinct_columns(values)) == count


def test_every_term_has_a_factor() -> None:
    for board in boards():
        known = calibrated(board.family)
        assert set(known.factors) == set(TERMS)
        assert known.own == (board.family.name in ("ultrascale_plus", "ecp5"))


def test_estimates_add_up_in_sequence() -> None:
    total = Estimate(1, 2, 3, 4, 5, 6) + Estimate(10, 20, 30, 40, 50, 1)
    assert total == Estimate(11, 22, 33, 44, 55, 6)


def by_hand() -> Design:
    """Two layers: ``s = a + b`` then ``y = (s + a < 0) ? s : a``, with registers placed at will."""
    builder = Builder()
    a, b = builder.input("x", 0, -8, 7), builder.input("x", 1, -8, 7)
    s = builder.add(a, b)  # 5 bits
    t = builder.add(s, a)  # 6 bits
    y = builder.select(t, s, a)  # 5 bits
    logic = Logic.of(builder, [("y", [y])])
    assert len(logic.nodes) == 5
    port = Port("x", (2,), Fixed(4, 0, True))
    out = Port("y", (1,), Fixed(5, 0, True))
    layers = (
        Layer(
            "one", "one", "", (s,), (Source("x", (Tap(a), Tap(b))),), (Tap(s, 3), Tap(s, 4)), 0, 4
        ),
        Layer(
            "two", "two", "", (t, y),
            (Source("x", (Tap(a, 3), Tap(a, 4))), Source("one", (Tap(s, 3), Tap(s, 4)))),
            (Tap(y, 2),), 3, 6,
        ),
    )  # fmt: skip
    cycle = (0, 0, 0, 3, 4)
    heading = Heading("hand", "vcu118", 200.0, "0" * 64)
    return of_pipeline(heading, [port], [out], Pipeline(logic, cycle, layers, 7))


def test_registers_are_counted_where_they_are_placed() -> None:
    design = by_hand()
    parts = estimate_layers(design, load_board("vcu118").family)
    assert parts["one"].ff == 4 * 5  # y reads s in cycle 4
    # of t only the sign is kept, for one cycle; y waits from cycle 4 for the rank behind cycle 6
    assert parts["two"].ff == 1 + 2 * 5
    # y reads a in cycle 4; the outputs' own rank; valid
    assert parts["top"].ff == 4 * 4 + 5 + 7
    whole = estimate(design, load_board("vcu118").family)
    assert whole.ff == sum(part.ff for part in parts.values())
    family = load_board("vcu118").family
    assert parts["one"].lut == lut_cost({"add": 5}, family)
    assert parts["two"].lut == lut_cost({"add": 6, "mux": 3}, family)
    assert whole.lut == parts["one"].lut + parts["two"].lut
    assert (whole.latency, whole.interval) == (7, 1)
    assert sum(part.latency for part in parts.values()) == 7


def test_terms_are_counted_by_kind() -> None:
    design = by_hand()
    terms = logic_terms(design)
    assert terms == {
        "adders": 2,
        "ternary_adders": 0,
        "maxima": 0,
        "multipliers": 0,
        "requantizers": 0,
        "selects": 1,
        "thresholds": 0,
        "adder_bits": 11,
    }


def chain(name: str, shape: tuple[int, ...], steps: list[tuple[str, Op, tuple[str, ...]]]) -> Graph:
    source = TensorType.of(shape, Fixed(6, 0, True))
    head = Input(shape, source.fixed, source.lo, source.hi)
    nodes = [Node("x", head, (), head.infer([]))]
    for step, op, reads in steps:
        types = {node.name: node.type for node in nodes}
        nodes.append(Node(step, op, reads, op.infer([types[r] for r in reads])))
    return Graph(name, tuple(nodes), (Output("y", nodes[-1].name, (1.0,)),))


def mlp(rng: np.random.Generator) -> Graph:
    w = rng.integers(-31, 32, (6, 8)) * rng.integers(0, 2, (6, 8))
    return chain(
        "mlp",
        (6,),
        [
            ("fc1", Dense(w, rng.integers(-31, 32, 8)), ("x",)),
            ("act1", Requantize(4, 0, 15), ("fc1",)),
            ("fc2", Dense(rng.integers(-31, 32, (8, 4)), rng.integers(-31, 32, 4)), ("act1",)),
        ],
    )


def residual(rng: np.random.Generator) -> Graph:
    return chain(
        "res",
        (6, 2),
        [
            ("c1", Conv(rng.integers(-7, 8, (3, 2, 3)), [1, 2, 3], padding=((1, 1),)), ("x",)),
            ("r1", Requantize(3, -8, 7, 4, -2), ("c1",)),
            ("c2", Conv(rng.integers(-7, 8, (3, 3, 3)), [1, 2, 3], padding=((1, 1),)), ("r1",)),
            ("a", AddOp((1, -1)), ("c2", "r1")),
            ("p", MaxPool((2,), (2,), ((0, 0),)), ("a",)),
        ],
    )


def binary(rng: np.random.Generator) -> Graph:
    signs = rng.choice([-1, 1], (6, 12)), rng.choice([-1, 1], (12, 6))
    return chain(
        "bin",
        (6,),
        [
            ("fc1", Dense(signs[0], rng.integers(-3, 4, 12)), ("x",)),
            ("s1", Thresholds(np.zeros((12, 1), int), np.array([-1, 1]), 0), ("fc1",)),
            ("fc2", Dense(signs[1], rng.integers(-3, 4, 6)), ("s1",)),
            ("s2", Thresholds(np.zeros((6, 1), int), np.array([0, 1]), 0), ("fc2",)),
        ],
    )


def planned(graph: Graph, board: str, mhz: float) -> Design:
    heading = Heading(graph.name, board, mhz, "0" * 64)
    return schedule(graph, heading, load_board(board).family)


def mapped(design: Design, folder: Path) -> int:
    """Return the flip-flops that synthesis leaves."""
    files = emit_rtl(design)
    names = [name for name in read_list(files["rtl/files.f"].decode()) if "axi" not in name]
    paths = []
    for i, name in enumerate(names):
        paths.append(folder / f"{i}_{Path(name).name}")
        paths[-1].write_bytes(files[f"rtl/{name}"])
    family = load_board(design.target).family.name
    return count(map_design(paths, ModuleNames.of(design).top, family)).ff


@pytest.mark.parametrize(
    ("make", "board", "mhz"),
    [
        ("mlp", "ecp5_evn", 100),
        ("binary", "ecp5_evn", 100),  # sums whose lowest bit never changes
        pytest.param("residual", "ecp5_evn", 90, marks=pytest.mark.slow),  # kept in two places
        pytest.param("mlp", "vcu118", 500, marks=pytest.mark.slow),
        pytest.param("residual", "vcu118", 300, marks=pytest.mark.slow),
        pytest.param("binary", "vcu118", 400, marks=pytest.mark.slow),
    ],
)
def test_estimated_registers_are_those_that_synthesis_leaves(
    make: str, board: str, mhz: float, rng: np.random.Generator, tmp_path: Path
) -> None:
    design = planned({"mlp": mlp, "residual": residual, "binary": binary}[make](rng), board, mhz)
    found, modelled = mapped(design, tmp_path), estimate(design, load_board(board).family).ff
    assert found > 50
    assert modelled == pytest.approx(found, rel=0.065)


def test_a_faster_clock_takes_more_registers_and_the_same_logic(rng: np.random.Generator) -> None:
    graph, family = mlp(rng), load_board("vcu118").family
    slow, fast = (estimate(planned(graph, "vcu118", mhz), family) for mhz in (100, 500))
    assert slow.lut == pytest.approx(fast.lut, rel=0.15)  # a register may do a choice for nothing
    assert slow.ff < fast.ff
    assert slow.latency < fast.latency


def test_the_clock_follows_from_the_longest_path(rng: np.random.Generator) -> None:
    graph = mlp(rng)
    for name, mhz in (("vcu118", 300.0), ("ecp5_evn", 80.0), ("ulx3s", 80.0)):
        board = load_board(name)
        design = planned(graph, name, mhz)
        longest, known = longest_ns(design, board.family), calibrated(board.family)
        assert longest <= 1000 / mhz + 1e-9
        lut = estimate(design, board.family).lut
        if known.path:
            longest = path_ns(known.path, longest, lut)
            longest *= known.grades[grade_of(board)]
        assert fmax(design, board, lut) == pytest.approx(1000 / longest)
    assert known.grades["6"] > known.grades["8 5G"] == 1
