# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hwgen.logic.bit_origins import NOTHING, Span, origins, output_bits, reads, register_bits
from hwgen.logic.builder import Builder, Logic
from hwgen.logic.evaluate import evaluate_wires
from hwgen.logic.links import LinkRegisters
from hwgen.logic.nodes import Add, Add3, Const, In, Select, Shl
from hwgen.logic.pipeline import link_waits
from hwgen.logic.retime import least_latency, retime


def scribble(seed: int, size: int, inputs: int = 3) -> Logic:
    """Random nodes of every kind, mostly sums, on random operands."""
    rng = np.random.default_rng(seed)
    b = Builder(3)
    b.layer = "all"
    pool = []
    for i in range(inputs):
        lo = int(rng.integers(-20, 3))
        pool.append(b.input("x", i, lo, lo + int(rng.integers(1, 30))))
    pool.append(b.const(int(rng.integers(-12, 13))))
    for _ in range(2 * size):
        if len(pool) > inputs + size:
            break
        # Later nodes are picked more often: graphs are deep.
        p, q, r = (pool[int(i)] for i in len(pool) * (1 - rng.random(3) ** 2))
        s, t, u = (int(v) for v in rng.integers(0, 5, 3))
        kind = int(rng.integers(0, 12))
        if kind < 3:
            made = b.add(p, q, s, t, sub=bool(kind == 2))
        elif kind < 7:
            made = b.add3((p, q, r), (s, t, u), (bool(kind & 1), bool(kind & 2)))
        elif kind == 7:
            made = b.shl(p, 1 + s)
        elif kind == 8:
            made = b.select(p, q, r)
        elif kind == 9:
            cuts = sorted({4 * int(v) for v in rng.integers(-20, 20, 3)})
            made = b.thresh(p, cuts, [int(v) for v in rng.integers(-30, 30, len(cuts) + 1)])
        elif kind == 10:
            made = b.max(p, q, least=bool(s & 1))
        else:
            made = b.requant(p, s, -9, 17, half=bool(s and t & 1))
        made = b.requant(made, 0, -500, 500)
        if b.lo[made] < b.hi[made]:
            pool.append(made)
    outs = [pool[-1], *(pool[int(i)] for i in rng.integers(0, len(pool), 2))]
    return Logic.of(b, [("y", outs)])


def values(logic: Logic, count: int, seed: int) -> dict[int, np.ndarray]:
    rng = np.random.default_rng(seed)
    lo, hi = np.full(8, 0), np.full(8, 0)
    for wire, node in enumerate(logic.nodes):
        if isinstance(node, In):
            lo[node.index], hi[node.index] = logic.lo[wire], logic.hi[wire]
    data = rng.integers(lo, hi + 1, (count, 8))
    return evaluate_wires(logic, {"x": data}, range(len(logic.nodes)))


@pytest.mark.parametrize("seed", range(30))
def test_a_bit_is_what_its_origin_is(seed: int) -> None:
    logic = scribble(seed, 40)
    found = values(logic, 200, seed)
    repeated = 0
    for wire, spans in enumerate(origins(logic)):
        assert sum(span.bits for span in spans) == logic.width(wire)
        at = 0
        for origin, low, bits in spans:
            repeated += bits if origin not in (wire, NOTHING) else 0
            for bit in range(bits):
                here = (found[wire] >> (at + bit)) & 1
                if origin == NOTHING:
                    assert len(set(here)) == 1
                else:
                    assert Span(origin, low + bit, 1) in _own(logic, origin)
                    assert np.array_equal(here, (found[origin] >> (low + bit)) & 1)
            at += bits
    assert repeated


def _own(logic: Logic, wire: int) -> set[Span]:
    """Return the bits that a node computes, one by one."""
    mine = [s for s in origins(logic)[wire] if s.origin == wire]
    return {Span(wire, s.low + i, 1) for s in mine for i in range(s.bits)}


@pytest.mark.parametrize("seed", range(30))
def test_bits_that_are_not_read_do_not_matter(seed: int) -> None:
    logic = scribble(seed, 40)
    made, found = origins(logic), values(logic, 400, seed)
    for wire, node in enumerate(logic.nodes):
        if not isinstance(node, Add | Add3 | Select):
            continue
        seen: dict[int, int] = {}
        for source, low, bits in reads(logic, wire):
            seen[source] = seen.get(source, 0) | ((1 << bits) - 1) << low
        own = sum(((1 << s.bits) - 1) << s.low for s in made[wire] if s.origin == wire)
        known: dict[tuple[int, ...], int] = {}
        words = [found[o] & seen.get(o, 0) for o in node.operands]
        for key, value in zip(zip(*words, strict=True), found[wire] & own, strict=True):
            assert known.setdefault(tuple(map(int, key)), int(value)) == int(value)


def delays_of(logic: Logic, seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    free = [isinstance(node, In | Const) for node in logic.nodes]
    return [0.0 if f else float(rng.choice([0.0, 0.5, 1.0, 1.7])) for f in free]


def placements(logic: Logic, delays: list[float], budget: float, cycles: int):
    """Yield every legal placement: (cycle of every wire)."""
    ins = [[o for o in n.operands if not isinstance(logic.nodes[o], Const)] for n in logic.nodes]

    def grow(cycle: tuple[int, ...], time: tuple[float, ...]):
        wire = len(cycle)
        if wire == len(ins):
            yield cycle
            return
        first = max((cycle[o] for o in ins[wire]), default=0)
        still = isinstance(logic.nodes[wire], In | Const)
        for at in range(1) if still else range(first, cycles):
            before = max((time[o] for o in ins[wire] if cycle[o] == at), default=0.0)
            if before + delays[wire] <= budget:
                yield from grow((*cycle, at), (*time, before + delays[wire]))

    yield from grow((), ())


@pytest.mark.parametrize("seed", range(8))
def test_registers_on_links_are_kept_and_the_fewest(seed: int) -> None:
    """Nodes of two layers are some cycles apart, beside what the clock asks for."""
    logic = scribble(seed, 7)
    rng = np.random.default_rng(seed)
    home = [str(h) for h in np.sort(rng.integers(0, 3, len(logic.nodes)))]
    logic = replace(logic, layers=tuple(home))
    waits = link_waits(logic, LinkRegisters(1 + seed % 2))
    assert waits == {
        (o, w): 1 + seed % 2
        for w, node in enumerate(logic.nodes)
        for o in node.operands
        if not isinstance(logic.nodes[o], In | Const) and homes(logic)[o] != homes(logic)[w]
    }
    delays, budget = delays_of(logic, seed), 2.2
    latency = least_latency(logic, delays, budget, waits)
    cycle, took = retime(logic, delays, budget, waits=waits)
    assert took == latency
    assert (cycle, took) == retime(logic, delays, budget, waits=waits, compiled=False)
    assert is_legal(logic, cycle, delays, budget, latency)

    def kept(placed: tuple[int, ...]) -> bool:
        return all(placed[v] >= placed[u] + n for (u, v), n in waits.items())

    legal = [c for c in placements(logic, delays, budget, latency) if kept(c)]
    assert kept(cycle)
    if latency > 1:
        assert not any(map(kept, placements(logic, delays, budget, latency - 1)))
    assert bits_of(logic, cycle, latency) == min(bits_of(logic, c, latency) for c in legal)


def homes(logic: Logic) -> list[str]:
    """Return the layer of every node; a shift goes with what it shifts."""
    found: list[str] = []
    for wire, node in enumerate(logic.nodes):
        found.append(found[node.a] if isinstance(node, Shl) else logic.layers[wire])
        if isinstance(node, Shl) and isinstance(logic.nodes[node.a], In | Const):
            found[-1] = logic.layers[wire]
    return found


def is_legal(
    logic: Logic, cycle: tuple[int, ...], delays: list[float], budget: float, cycles: int
) -> bool:
    time = [0.0] * len(cycle)
    for wire, node in enumerate(logic.nodes):
        for source in node.operands:
            if isinstance(logic.nodes[source], Const):
                continue
            if cycle[source] > cycle[wire]:
                return False
            if cycle[source] == cycle[wire]:
                time[wire] = max(time[wire], time[source])
        time[wire] += delays[wire]
    return max(time) <= budget and max(cycle) < cycles


def bits_of(logic: Logic, cycle: tuple[int, ...], latency: int) -> int:
    return sum(register_bits(logic, cycle, latency))


@pytest.mark.parametrize("more", [0, 2])
@pytest.mark.parametrize("seed", range(12))
def test_no_other_placement_has_fewer_registers(seed: int, more: int) -> None:
    logic = scribble(seed, 7)
    delays, budget = delays_of(logic, seed), 2.2
    latency = least_latency(logic, delays, budget) + more
    cycle, took = retime(logic, delays, budget, latency)
    assert took == latency
    assert is_legal(logic, cycle, delays, budget, latency)
    legal = list(placements(logic, delays, budget, latency))
    cost = {c: bits_of(logic, c, latency) for c in legal}
    least = min(cost.values())
    assert cost[cycle] == least
    # Of equals the earliest, wire by wire: that is what makes the answer the only one.
    assert cycle == tuple(map(min, zip(*(c for c in legal if cost[c] == least), strict=True)))


@pytest.mark.parametrize("seed", range(6))
def test_the_core_gives_what_the_specification_gives(seed: int) -> None:
    logic = scribble(seed, 300, 8)
    delays = delays_of(logic, seed)
    quick = retime(logic, delays, 3.0, compiled=True)
    assert quick == retime(logic, delays, 3.0, compiled=False)
    assert is_legal(logic, quick[0], delays, 3.0, quick[1])
    early = _soonest(logic, delays, 3.0)
    assert bits_of(logic, quick[0], quick[1]) < bits_of(logic, early, quick[1])


def _soonest(logic: Logic, delays: list[float], budget: float) -> tuple[int, ...]:
    cycle, time = [0] * len(delays), [0.0] * len(delays)
    for wire, node in enumerate(logic.nodes):
        at = max(((cycle[o], time[o]) for o in node.operands), default=(0, 0.0))
        late = at[1] + delays[wire] > budget
        cycle[wire] = at[0] + late
        time[wire] = delays[wire] + (0.0 if late else at[1])
    return tuple(cycle)


def test_registers_are_counted_by_bit_and_shared() -> None:
    b = Builder()
    x, z = b.input("x", 0, 0, 7), b.input("x", 1, 0, 7)
    b.layer = "all"
    moved = b.shl(x, 2)
    total = b.add(z, x, 0, 2)  # z, and x two bits up: the lower two bits are only z's
    sign = b.add(x, z, 0, 0, sub=True)
    picked = b.select(sign, moved, total)
    logic = Logic.of(b, [("y", [picked, moved])])
    cycle = [0] * len(logic.nodes)
    picks = logic.outputs[0][1][0]
    cycle[picks] = 2
    # The selection waits two cycles for the sum's four upper bits and two of z, for three of x and
    # for one sign; then there is one cycle to the output's own rank for both, x needing a third.
    assert sum(register_bits(logic, cycle, 4)) == 2 * (4 + 2 + 1) + 3 * 3 + 1 * 6
    assert output_bits(logic) == 6 + 3
