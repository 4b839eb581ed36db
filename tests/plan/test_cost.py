# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hwgen.emit.rtl import emit_rtl
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.tensor import TensorType
from hwgen.logic.carry import adder_positions
from hwgen.logic.graph import Builder, Logic
from hwgen.ops.base import Op
from hwgen.ops.conv import Conv
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.merge import Add as AddOp
from hwgen.ops.pool import MaxPool
from hwgen.ops.requantize import Requantize
from hwgen.plan.board import load_board
from hwgen.plan.cost import Estimate, estimate, estimate_stages, logic_terms, lut_cost
from hwgen.plan.design import Design, Port, Source, Stage
from hwgen.plan.schedule import schedule


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
        (U4, U4, (0, 2), True, 5),  # the minuend's low bits are wiring
        (U4, U4, (2, 0), True, 7),  # the subtrahend's are not
        (S4, S4, (0, 0), True, 5),
    ],
)
def test_carry_positions(
    a: tuple[int, int], b: tuple[int, int], shifts: tuple[int, int], sub: bool, bits: int
) -> None:
    assert adder(a, b, shifts, sub) == bits


def cost(make: object, k: int) -> int:
    builder = Builder()
    x = builder.input("x", 0, -128, 127)
    y = builder.input("x", 1, -8, 7)
    assert callable(make)
    logic = Logic.of(builder, [("y", [make(builder, x, y)])])
    return lut_cost(logic, len(logic.nodes) - 1, k)


def test_cost_of_every_kind_by_hand() -> None:
    # a comparator of 8 bits and a multiplexer of 8
    assert cost(lambda b, x, y: b.max(x, y), 4) == 8 + 8
    assert cost(lambda b, x, y: b.max(x, y), 6) == 8 + 4
    assert cost(lambda b, x, y: b.mul(x, y), 6) == 8 * 4
    assert cost(lambda b, x, y: b.select(x, y, b.const(3)), 4) == 4
    # 5 kept bits, a rounding decision over 4 inputs, no saturation
    assert cost(lambda b, x, y: b.requant(x, 3, -99, 99), 4) == 5 + 2
    # the same, clipped to [-4, 3]: two overflow detections and a multiplexer of 3 bits
    assert cost(lambda b, x, y: b.requant(x, 3, -4, 3), 4) == 5 + 2 + 2 * 2 + 3
    # clipped at a bound that no single bit shows
    assert cost(lambda b, x, y: b.requant(x, 3, -99, 5), 4) == 5 + 2 + 5 + 5
    # one threshold on 8 bits is a comparator; many on 4 bits are a table
    assert cost(lambda b, x, y: b.thresh(x, [5], [0, 1]), 4) == 3
    assert cost(lambda b, x, y: b.thresh(y, range(-7, 8), [3, -1] * 8), 4) == 3
    assert cost(lambda b, x, y: b.shl(x, 2), 4) == 0


def test_estimates_add_up_in_sequence() -> None:
    total = Estimate(1, 2, 3, 4, 5, 6) + Estimate(10, 20, 30, 40, 50, 1)
    assert total == Estimate(11, 22, 33, 44, 55, 6)


def by_hand() -> Design:
    """Two stages: ``s = a + b`` then ``y = (s + a < 0) ? s : a``, with registers placed at will."""
    builder = Builder()
    a, b = builder.input("x", 0, -8, 7), builder.input("x", 1, -8, 7)
    s = builder.add(a, b)  # 5 bits
    t = builder.add(s, a)  # 6 bits
    y = builder.select(t, s, a)  # 5 bits
    logic = Logic.of(builder, [("y", [y])])
    assert len(logic.nodes) == 5
    port = Port("x", (2,), Fixed(4, 0, True))
    out = Port("y", (1,), Fixed(5, 0, True))
    stages = (
        Stage("one", "", (s,), (Source("x", (a, b), 0),), (s,), 0, 1),
        Stage("two", "", (t, y), (Source("x", (a,), 2), Source("one", (s,), 1)), (y,), 2, 5),
    )
    cycle = (0, 0, 0, 3, 4)
    model = "0" * 64
    return Design(
        "hand", "parallel", "vcu118", 200.0, model, (port,), (out,), logic, cycle, stages, 7
    )


def test_registers_are_counted_where_they_are_placed() -> None:
    design = by_hand()
    parts = estimate_stages(design, load_board("vcu118").family)
    assert parts["one"].ff == 5  # s waits for the end of the stage
    # t reads s and a one cycle late; y two; of t only the sign is kept, for one; y waits for one
    assert parts["two"].ff == 2 * 5 + 2 * 4 + 1 + 5
    # links: a two cycles, s one; output y from cycle 5 to 7; valid
    assert parts["top"].ff == 2 * 4 + 5 + 2 * 5 + 7
    whole = estimate(design, load_board("vcu118").family)
    assert whole.ff == sum(part.ff for part in parts.values())
    assert whole.lut == parts["one"].lut + parts["two"].lut == 5 + 6 + 3
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


def planned(graph: Graph, board: str, mhz: float) -> Design:
    return schedule(
        graph,
        name=graph.name,
        board_name=board,
        family=load_board(board).family,
        clock_mhz=mhz,
        model_digest="0" * 64,
    )


def registers_of(design: Design, folder: Path) -> int:
    """Return the register bits of the emitted RTL after Yosys merged equal ones."""
    files = emit_rtl(design)
    for name, content in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    script = [
        f"read_verilog -sv {'' if name.endswith('_pkg.sv') else '-defer '}rtl/{name}"
        for name in files["rtl/files.f"].decode().split()
    ]
    script += [
        f"hierarchy -check -top hwg_{design.name}",
        "proc",
        "flatten",
        "opt",
        "dffunmap",
        "simplemap t:$dff t:$sdff",
        "opt_merge",
        "opt_clean",
        "tee -q -o stat.json stat -json",
    ]
    # In a process of its own: loading Yosys exports its symbols, which breaks TensorFlow's.
    code = (
        "import sys\nfrom pyosys import libyosys\nnetlist = libyosys.Design()\n"
        "for line in sys.argv[1:]:\n    libyosys.run_pass(line, netlist)"
    )
    subprocess.run(
        [sys.executable, "-c", code, *script], cwd=folder, check=True, capture_output=True
    )
    cells = json.loads((folder / "stat.json").read_text())["design"]["num_cells_by_type"]
    return sum(count for cell, count in cells.items() if "DFF" in cell)


@pytest.mark.parametrize(("board", "mhz"), [("vcu118", 150), ("vcu118", 500), ("ecp5_evn", 100)])
def test_estimated_registers_are_those_of_the_emitted_rtl(
    board: str, mhz: float, rng: np.random.Generator, tmp_path: Path
) -> None:
    design = planned(mlp(rng), board, mhz)
    emitted = registers_of(design, tmp_path)
    # Low bits pass an adder of three unchanged: Yosys keeps one register of such a bit, not two.
    assert emitted <= estimate(design, load_board(board).family).ff <= 1.03 * emitted


def test_a_value_kept_in_two_places_is_counted_in_both(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    # Tools merge the copies of one value in the link and in a block; the estimate stays above.
    design = planned(residual(rng), "vcu118", 300)
    kept = registers_of(design, tmp_path)
    assert kept <= estimate(design, load_board("vcu118").family).ff <= 1.1 * kept


def test_a_faster_clock_takes_more_registers_and_the_same_logic(rng: np.random.Generator) -> None:
    graph, family = mlp(rng), load_board("vcu118").family
    slow, fast = (estimate(planned(graph, "vcu118", mhz), family) for mhz in (100, 500))
    assert slow.lut == fast.lut
    assert slow.ff < fast.ff
    assert slow.latency < fast.latency
