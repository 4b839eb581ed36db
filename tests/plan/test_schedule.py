# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from hwgen.cost.timing import layer_ns
from hwgen.design.check import check
from hwgen.design.types import Design, Heading, Tap, cycles_text
from hwgen.errors import DoesNotFit
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.tensor import TensorType
from hwgen.logic.builder import Builder
from hwgen.logic.evaluate import evaluate
from hwgen.logic.matvec import matvec
from hwgen.logic.nodes import Add, Const, In, Max, Mul, Requant, Select, Shl, Thresh
from hwgen.ops.input_ import Input
from hwgen.plan.parallel.schedule import schedule

SEEDS = range(12)


@dataclass(frozen=True)
class Family:
    """A plain delay model: 0.3 ns and 0.05 ns a bit an adder, 0.4 ns a table."""

    overhead_ns: float = 0.2
    adder_operands: int = 2

    def adder_ns(self, width: int) -> float:
        return 0.3 + 0.05 * width

    def logic_ns(self, levels: int) -> float:
        return 0.4 * levels


class LogicOp:
    """A test operation that is nothing but its lowering; its type is found by lowering it."""

    def __init__(self, lowering: Callable[[Builder, Sequence[np.ndarray]], np.ndarray], **fields):
        self.lowering = lowering
        self.kind = "test"
        self.__dict__.update(fields)

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        b = Builder()
        ins = []
        for k, t in enumerate(types):
            bounds = zip(t.lo.reshape(-1), t.hi.reshape(-1), strict=True)
            flat = [b.input(f"t{k}", i, int(lo), int(hi)) for i, (lo, hi) in enumerate(bounds)]
            ins.append(np.array(flat).reshape(t.shape))
        out = self.lowering(b, ins)
        lo = np.array([b.lo[w] for w in out.reshape(-1)], object).reshape(out.shape)
        hi = np.array([b.hi[w] for w in out.reshape(-1)], object).reshape(out.shape)
        return TensorType.covering(out.shape, 0, lo, hi)

    def lower(self, b: Builder, ins: Sequence[np.ndarray]) -> np.ndarray:
        return self.lowering(b, ins)

    def note(self) -> str:
        return "of a test"


class Net:
    """Grows a graph by name."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def input(self, name: str, lo: Sequence[int], hi: Sequence[int]) -> str:
        type_ = TensorType.covering((len(lo),), 2, lo, hi)
        self.nodes.append(
            Node(name, Input(type_.shape, type_.fixed, type_.lo, type_.hi), (), type_)
        )
        return name

    def add(self, name: str, lowering, *ins: str, **fields) -> str:
        op = LogicOp(lowering, **fields)
        types = [n.type for i in ins for n in self.nodes if n.name == i]
        self.nodes.append(Node(name, op, ins, op.infer(types)))
        return name

    def graph(self, *outputs: str) -> Graph:
        return Graph(
            "net", tuple(self.nodes), tuple(Output(f"out_{n}", n, (0.5,)) for n in outputs)
        )


def dense(weight: np.ndarray):
    return lambda b, ins: np.array(matvec(b, weight, ins[0].reshape(-1).tolist()))


def clip(b: Builder, ins: Sequence[np.ndarray]) -> np.ndarray:
    return np.array([b.requant(int(w), 1, -20, 20) for w in ins[0]])


def add_all(b: Builder, ins: Sequence[np.ndarray]) -> np.ndarray:
    return np.array([b.add(int(p), int(q)) for p, q in zip(*ins, strict=True)])


def scribble(seed: int, size: int):
    """Random nodes of every kind on random operands, narrow enough to stay in int64."""

    def lowering(b: Builder, ins: Sequence[np.ndarray]) -> np.ndarray:
        rng = np.random.default_rng(seed)
        pool = [int(w) for x in ins for w in x.reshape(-1)]
        pool.append(b.const(int(rng.integers(-5, 6))))
        for _ in range(size):
            p, q, r = (pool[int(i)] for i in rng.integers(0, len(pool), 3))
            s = int(rng.integers(0, 3))
            kind = int(rng.integers(0, 8))
            if kind == 0:
                made = b.shl(p, s)
            elif kind <= 2:
                made = b.add(p, q, s, int(rng.integers(0, 3)), sub=kind == 2)
            elif kind == 3:
                made = b.max(p, q, least=bool(s & 1))
            elif kind == 4:
                made = b.select(p, q, r)
            elif kind == 5:
                cuts = sorted({int(v) for v in rng.integers(-20, 20, 4)})
                made = b.thresh(p, cuts, [int(v) for v in rng.integers(-30, 30, len(cuts) + 1)])
            elif kind == 6:
                made = b.mul(b.requant(p, 0, -8, 7), b.requant(q, 0, -3, 12))
            else:
                made = b.requant(p, s, -9, 17, half=bool(s and rng.integers(2)))
            pool.append(b.requant(made, 0, -200, 200))
        picked = rng.integers(max(0, len(pool) - size), len(pool), 4)
        return np.array([pool[int(i)] for i in picked])

    return lowering


def random_graph(seed: int) -> Graph:
    rng = np.random.default_rng(seed)
    net = Net()
    names = []
    for k in range(int(rng.integers(1, 4))):
        lo = rng.integers(-20, 5, 4)
        names.append(net.input(f"in{k}", lo.tolist(), (lo + rng.integers(0, 30, 4)).tolist()))
    for k in range(int(rng.integers(2, 9))):
        ins = rng.choice(names, size=int(rng.integers(1, 3)))
        lowering = scribble(1000 * seed + k, int(rng.integers(1, 25)))
        names.append(net.add(f"layer{k}", lowering, *map(str, ins)))
    outputs = {names[-1], *map(str, rng.choice(names, size=2))}
    return net.graph(*sorted(outputs))


def plan(graph: Graph, clock_mhz: float = 250.0, **more) -> Design:
    return schedule(graph, Heading("net", "bench", clock_mhz, "0"), Family(), **more)


def python(node, x: list[np.ndarray]) -> np.ndarray:
    """A second evaluation of a node, element by element, with wrap-around nowhere."""

    def one(*v: int) -> int:
        match node:
            case Shl(_, shift):
                return v[0] << shift
            case Add(_, _, sa, sb, sub):
                return (v[0] << sa) + (-(v[1] << sb) if sub else v[1] << sb)
            case Mul():
                return v[0] * v[1]
            case Max(_, _, least):
                return min(v) if least else max(v)
            case Requant(_, shift, lo, hi, half):
                return min(max(round(Fraction(2 * v[0] - (half << shift), 2 << shift)), lo), hi)
            case Select():
                return v[1] if v[0] < 0 else v[2]
            case Thresh(_, thresholds, values):
                return values[sum(t <= v[0] for t in thresholds)]
        raise AssertionError(node)

    return np.array([one(*(int(e) for e in row)) for row in zip(*x, strict=True)], object)


def run_registers(design: Design, inputs: dict[str, np.ndarray], rng) -> dict[str, np.ndarray]:
    """Stream one sample a cycle through the registers of a design, wire by wire.

    Entry t of an array is the value of a wire in clock cycle t. A register chain of n shifts it by
    n and brings in what the registers held before: anything.
    """
    pipeline, logic = design.pipeline, design.pipeline.logic
    length = len(next(iter(inputs.values())))

    def delayed(x: np.ndarray, cycles: int) -> np.ndarray:
        assert cycles >= 0
        before = np.array([int(v) for v in rng.integers(-99, 99, cycles)], object)
        return np.concatenate([before, x])[:length]

    links: dict[str, dict[Tap, np.ndarray]] = {}
    for wire, node in enumerate(logic.nodes):
        if isinstance(node, In):
            fed = inputs[node.port][:, node.index].astype(object)
            chain = {Tap(wire, n): delayed(fed, n) for n in range(design.latency)}
            links[node.port] = links.get(node.port, {}) | chain
    for layer in pipeline.layers:
        here: dict[Tap, np.ndarray] = {}
        for source in layer.sources:
            here |= {tap: links[source.link][tap] for tap in source.taps}
        own = set(layer.wires)
        for wire in layer.wires:
            ins = []
            for place, operand in enumerate(logic.nodes[wire].operands):
                node = logic.nodes[operand]
                late = pipeline.cycle[wire] - pipeline.cycle[operand]
                if isinstance(node, Const):
                    ins.append(np.full(length, node.value, object))
                elif operand in own:
                    ins.append(delayed(here[Tap(operand)], late))
                elif Tap(operand, late) in here:
                    ins.append(here[Tap(operand, late)])
                else:  # the sign is enough to select
                    assert isinstance(logic.nodes[wire], Select)
                    assert place == 0
                    ins.append(np.where(here[Tap(operand, late, sign=True)], -1, 1))
            here[Tap(wire)] = python(logic.nodes[wire], ins)
        links[layer.link] = {}
        for tap in layer.exports:
            word = delayed(here[Tap(tap.wire)], tap.delay)
            links[layer.link][tap] = word < 0 if tap.sign else word
    found = {tap: x for taps in links.values() for tap, x in taps.items()}
    out = {}
    for port, wires in logic.outputs:
        columns = []
        for wire in wires:
            node = logic.nodes[wire]
            if isinstance(node, Const):
                columns.append(np.full(length, node.value, object))
            else:
                columns.append(delayed(found[pipeline.tap_of(wire)], 1))
        out[port] = np.stack(columns, 1)
    return out


def samples(graph: Graph, n: int, rng) -> dict[str, np.ndarray]:
    return {
        node.name: rng.integers(node.type.lo, node.type.hi + 1, (n, *node.type.shape))
        for node in graph.inputs
    }


@pytest.mark.parametrize("clock_mhz", [100.0, 330.0])
@pytest.mark.parametrize("number", SEEDS)
def test_registers_line_up(number: int, clock_mhz: float, rng) -> None:
    graph = random_graph(number)
    design = plan(graph, clock_mhz)
    check(design)
    assert max(layer_ns(design.pipeline, Family()), default=0) <= 1000 / clock_mhz + 1e-6
    inputs = samples(graph, 40 + design.latency, rng)
    out = run_registers(design, inputs, rng)
    expected = evaluate(design.pipeline.logic, inputs, check=True)
    for port, y in out.items():
        late = len(y) - design.latency
        assert np.array_equal(y[design.latency :], expected[port][:late])


def test_random_graphs_reach_what_they_are_for() -> None:
    designs = [plan(random_graph(seed), 330.0) for seed in SEEDS]
    pipelines = [d.pipeline for d in designs]
    kinds = {type(node) for p in pipelines for node in p.logic.nodes}
    assert kinds == {In, Const, Shl, Add, Mul, Max, Requant, Select, Thresh}
    sources = [source for p in pipelines for layer in p.layers for source in layer.sources]
    taps = {tap for source in sources for tap in source.taps}
    assert {0, 1, 2, 3} < {tap.delay for tap in taps}
    assert {tap.sign for tap in taps} == {True, False}
    assert any(len(d.inputs) > 1 and len(d.outputs) > 1 for d in designs)
    assert any(layer.latency == 0 for p in pipelines for layer in p.layers)
    outputs = [p.logic.nodes[w] for p in pipelines for _, ws in p.logic.outputs for w in ws]
    assert {Const, In} < {type(node) for node in outputs}


def residual() -> Graph:
    rng = np.random.default_rng(3)
    net = Net()
    x = net.input("x", [-8] * 4, [7] * 4)
    fc = net.add("fc", dense(rng.integers(-9, 10, (4, 6))), x)
    act = net.add("act", clip, fc)
    deep = net.add("deep", dense(rng.integers(-9, 10, (6, 6))), act)
    return net.graph(net.add("sum", add_all, deep, act), "fc")


def test_stages_read_like_the_model() -> None:
    design = plan(residual(), 330.0)
    layers = design.pipeline.layers
    assert [layer.name for layer in layers] == ["fc", "act", "deep", "sum"]
    last = layers[-1]
    by_name = {layer.name: layer for layer in layers}
    assert [source.link for source in last.sources] == ["deep", "act"]
    skipped = next(source.taps for source in last.sources if source.link == "act")
    assert all(tap.delay > 0 for tap in skipped)  # the registers of the skip stand in its producer
    assert set(skipped) <= set(by_name["act"].exports)
    assert by_name["act"].end >= last.start
    assert design.latency == max(layer.end for layer in layers) + 1
    cycles = cycles_text(last.start, last.end)
    assert last.note == f"test of a test, output 6 {design.outputs[0].fixed}, {cycles}"
    assert [p.name for p in design.outputs] == ["out_sum", "out_fc"]
    assert design.inputs[0].scale == (0.25,)
    assert design.inputs[0].fixed == Fixed(4, 2, True)
    assert design.outputs[0].scale == (0.5,)


def test_a_layer_that_vanishes_makes_no_stage() -> None:
    net = Net()
    x = net.input("x", [0] * 3, [7] * 3)
    turned = net.add("turn", lambda b, ins: ins[0][::-1], x)
    same = net.add("same", lambda b, ins: np.array([b.requant(int(w), 0, 0, 9) for w in ins[0]]), x)
    design = plan(net.graph(turned, same))
    assert design.pipeline.layers == ()
    assert design.latency == 1


def test_constant_and_raw_outputs(rng) -> None:
    net = Net()
    x = net.input("x", [-3, 2], [3, 2])
    zero = net.add("zero", dense(np.zeros((2, 3), np.int64)), x)
    graph = net.graph(x, zero)
    design = plan(graph)
    inputs = samples(graph, 10, rng)
    out = run_registers(design, inputs, rng)
    assert np.array_equal(out["out_x"][1:], inputs["x"][:-1])
    assert np.array_equal(out["out_zero"], np.zeros((10, 3)))


def test_latency_cap_is_told_with_a_way_out() -> None:
    graph = residual()
    free = plan(graph, 420.0)
    assert plan(graph, 420.0, max_cycles=free.latency) == free
    assert free.latency == 5
    with pytest.raises(DoesNotFit) as caught:
        plan(graph, 420.0, max_cycles=4)
    assert caught.value.where == "latency"
    assert caught.value.what == "needs 5 cycles (11.9 ns) at 420 MHz; allowed: 4 (9.524 ns)"
    assert caught.value.hint == (
        "allow 5 cycles; lower the clock: at 357 MHz it takes 3 cycles, 8.403 ns; "
        "or give fewer bits to weights and activations"
    )
    assert plan(graph, 357.0).latency == 3
    with pytest.raises(DoesNotFit, match="fewer bits") as caught:
        plan(graph, 400.0, max_cycles=1)
    assert "lower the clock" not in caught.value.hint


def test_an_impossible_clock_names_the_layer() -> None:
    with pytest.raises(DoesNotFit, match="the fastest clock this design can take is"):
        plan(residual(), 900.0)


def test_planning_is_deterministic() -> None:
    assert plan(random_graph(5)) == plan(random_graph(5))
