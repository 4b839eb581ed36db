# SPDX-License-Identifier: Apache-2.0
"""Terms of a node: the structures that synthesis builds of it, and pays for.

A term is what a formula below says of the structure that Yosys builds on a family; what one unit of
it takes in look-up tables is a factor, fitted to synthesis (`hwgen.cost.calibration`). With tables
of k inputs:

- ``add``, ``add3``: carry positions (hwgen.logic.carry). Low bits that only one operand reaches are
  wiring, unless they are subtracted; operands that do not overlap are wiring altogether;
- ``mux``: bits that are chosen from two, two of them in a table where k >= 6; ``gate``: bits that
  the bounds of a requantizer choose, where tables are small;
- ``mask``: tables of bits that are zero or one by a sign alone, counted and not fitted;
- ``round``: bits of a quotient on the carry chain that rounds it; ``decide``: tables of the
  decision to round up, beyond those that the chain's first position hides;
- ``compare``: tables of a comparison with a constant, each taking k - 1 more bits above the lowest
  one of the constant; ``long_compare``: positions of a carry chain that compares, where the word is
  too long for tables (AMD: a position takes k bits; else one, in pairs);
- ``order``: bits of the larger, or the smaller, of two variables: a comparison on a carry chain
  (AMD: three bits in two tables), and a choice of every bit by its carry. A difference of the same
  two variables whose sign alone is read is that comparison, and takes nothing;
- ``step_long``, ``step_turn``: of a step function of many bits (AMD: over twice k), thresholds, or
  where tables are small groups of bits that are compared, and outputs or their changes;
- ``step_low``, ``step_high``, ``step_table``: of a shorter one, thresholds that differ in their k
  lowest bits, bits above those that are compared, and what the outputs take when each is looked up:
  the mapper mixes all three;
- ``heap``: positions of the carry chains of heaps of bits, counted and not fitted;
- ``lookup``: tables of a truth table (hwgen.logic.truth_tables), counted and not fitted; of one
  that small tables do not hold, ``cover`` are those of a cover (hwgen.logic.covers), and ``choice``
  the choices between two functions that it covers;
- ``requant``: tables of four copies of a common requantizer (`hwgen.cost.requantizers`); only
  others are taken apart into the terms above; ``edge``: bits of one whose bounds differ in sign
  alone;
- ``product``: bits of a product of two variables, row by row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

from hwgen.cost.placed import in_common
from hwgen.cost.requantizers import common, looked_up
from hwgen.cost.steps import enter_steps
from hwgen.cost.structures import SHORT, ceil, enter_chain, enter_compare, muxes, zeros_below
from hwgen.logic.builder import Logic
from hwgen.logic.covers import cover
from hwgen.logic.nodes import (
    Add,
    Add3,
    Chain,
    Gather,
    Max,
    Mul,
    Node,
    PlacedTable,
    Requant,
    Select,
    Table,
    Thresh,
    Wire,
    adder_positions,
)
from hwgen.logic.truth_tables import luts, placed_luts

TERMS = (
    "add",
    "add3",
    "requant",
    "edge",
    "mux",
    "round",
    "decide",
    "compare",
    "long_compare",
    "order",
    "decode",
    "product",
    "product_sum",
    "chain",
    "gate",
    "short_add",
    "short_round",
    "short_round_bits",
    "step_low",
    "step_high",
    "step_table",
    "step_long",
    "step_turn",
    "cover",
    "choice",
)


def terms_of(
    logic: Logic, wires: Iterable[Wire], k: int, registered: Collection[Wire] = (), family: str = ""
) -> Counter[str]:
    """Return the terms of some nodes.

    Args:
        logic: with the nodes.
        wires: the nodes.
        k: inputs of a table.
        registered: those that only registers read.
        family: whose recorded requantizers count; without it all are taken apart.
    """
    terms: Counter[str] = Counter()
    wires = list(wires)
    merged = _sides(logic, wires)
    compared, chosen = _maxima(logic, wires)
    clips = _clips(logic, wires)
    for wire in sorted(set(wires) - compared - clips):
        node = logic.nodes[wire]
        known = None
        if isinstance(node, Requant) and wire not in merged:
            known = _common(logic, wire, node, k, wire in registered, family)
        if known is None:
            _enter(logic, wire, k, wire in registered, merged.get(wire), terms)
        else:
            terms.update(known)
        if k >= 6 and wire in chosen and wire not in registered:
            terms["mux"] -= muxes(logic.width(wire), k)
    if k >= 6 and terms["lookup"]:
        terms["lookup"] -= in_common(logic, wires)
    return terms


def _sides(logic: Logic, wires: Iterable[Wire]) -> dict[Wire, bool]:
    """Return both requantizers of every leaky rectifier: one table a bit clips and chooses.

    With each, whether its own choice of a bound is free where it never saturates below: the other
    one is the word as it stands.
    """
    merged: dict[Wire, bool] = {}
    for wire in wires:
        node = logic.nodes[wire]
        if isinstance(node, Select):
            pos, neg = logic.nodes[node.on_pos], logic.nodes[node.on_neg]
            if isinstance(pos, Requant) and isinstance(neg, Requant) and pos.a == neg.a == node.a:
                merged |= {node.on_pos: False, node.on_neg: not pos.shift}
    return merged


def _clips(logic: Logic, wires: Iterable[Wire]) -> set[Wire]:
    """Return both clips of every leaky rectifier that rounds before: the choice does them too."""
    clips: set[Wire] = set()
    for wire in wires:
        node = logic.nodes[wire]
        if isinstance(node, Select):
            sides = [logic.nodes[side] for side in (node.on_pos, node.on_neg)]
            if all(isinstance(x, Requant) and x.a != node.a and not x.shift for x in sides):
                clips.update((node.on_pos, node.on_neg))
    return clips


def _maxima(logic: Logic, wires: Iterable[Wire]) -> tuple[set[Wire], set[Wire]]:
    """Return what the carry chains of maxima and minima do besides, and what others do for them.

    Returns:
        differences that are the comparison of a maximum: choices read their sign, and nothing
        reads the rest; maxima that one sum alone reads, one a sum: its tables choose as well.
    """
    ordered = {frozenset(n.operands) for w in wires if isinstance(n := logic.nodes[w], Max)}
    if not ordered:
        return set(), set()
    read = {wire: [-1] for _, outputs in logic.outputs for wire in outputs}
    for reader, node in enumerate(logic.nodes):
        for source in node.operands[1:] if isinstance(node, Select) else node.operands:
            read.setdefault(source, []).append(reader)
    compared = {w for w in wires if w not in read and _difference(logic.nodes[w]) in ordered}
    chosen: dict[Wire, Wire] = {}  # a sum: one of its maxima
    for wire in wires:
        readers = read.get(wire, [])
        if isinstance(logic.nodes[wire], Max) and len(readers) == 1 and readers[0] >= 0:
            summed = isinstance(logic.nodes[readers[0]], Add)
            if summed and adder_positions(logic, readers[0]):
                chosen[readers[0]] = wire
    return compared, set(chosen.values())


def _difference(node: Node) -> frozenset[Wire] | None:
    """Return the two operands of a plain difference; None of anything else."""
    plain = isinstance(node, Add) and node.sub and not node.shift_a and not node.shift_b
    return frozenset(node.operands) if plain else None


def _common(
    logic: Logic, wire: Wire, node: Requant, k: int, registered: bool, family: str
) -> Counter[str] | None:
    """Return the terms of a requantizer that was recorded, else None.

    Bounds that differ in sign alone, as symmetric quantizers have them, are those of a recorded one
    but for the lowest code.
    """
    bounds, out = (logic.lo[node.a], logic.hi[node.a]), logic.width(wire)
    symmetric = node.lo == -node.hi and node.hi > 0 and not node.hi & (node.hi + 1)
    whole = replace(node, lo=node.lo - 1) if symmetric else node
    shape = common(whole, bounds, logic.width(node.a), out, registered, k)
    tables = looked_up(family, k, *shape) if shape and family else None
    if tables is None:
        return None
    return Counter(requant=tables, edge=out) if symmetric else Counter(requant=tables)


def _enter(
    logic: Logic, wire: Wire, k: int, registered: bool, side: bool | None, terms: Counter[str]
) -> None:
    node, out = logic.nodes[wire], logic.width(wire)
    match node:
        case Add(a, b, shift_a, shift_b):
            positions = adder_positions(logic, wire)
            peak = max(logic.width(a) + shift_a, logic.width(b) + shift_b)
            if k < 6 and positions and out > peak and logic.lo[a] >= 0 <= logic.lo[b]:
                positions += 1  # a carry that leaves the chain takes a position here
            enter_chain("add", positions, k, terms)
        case Add3():
            terms["add3"] += adder_positions(logic, wire)
        case Max(a, b):
            if logic.width(a) + logic.width(b) <= k:
                terms["compare"] += max(out - 1, 1)  # a table of all inputs each, but the topmost
            else:
                terms["order"] += max(logic.width(a), logic.width(b))
                if k < 6:
                    terms["chain"] += 1
        case Mul(a, b):
            terms["product"] += logic.width(a) * logic.width(b)
            terms["product_sum"] += out
        case Select(a, on_neg, on_pos):
            taken = logic.nodes[on_pos]
            if not (isinstance(taken, Requant) and taken.a == a):  # else its own choice does it too
                # Where both are fixed, a bit is the sign, its inverse, or fixed as well.
                vary = max(_varying(logic, on_neg), _varying(logic, on_pos))
                terms["mux"] += muxes(min(out, vary), k)
        case Requant():
            _requant(logic, wire, node, k, registered, side, terms)
        case Thresh():
            enter_steps(logic, node, k, terms)
        case Chain():
            terms["heap"] += node.luts
        case Gather():
            pass  # wiring
        case PlacedTable() | Table():
            terms.update(table_terms(node, k))


def table_terms(node: Table, k: int) -> Counter[str]:
    """Return the terms of a truth table."""
    if k >= 6:
        count = placed_luts if isinstance(node, PlacedTable) else luts
        return Counter(lookup=count(node.values))
    found = cover(node.values, k)
    return Counter(lookup=found.single, cover=found.tables, choice=found.choices)


def _varying(logic: Logic, wire: Wire) -> int:
    """Return the bits of a word that its interval leaves open, all below the first that it does."""
    lo, hi = logic.lo[wire], logic.hi[wire]
    return (lo ^ hi).bit_length() if lo >= 0 or hi < 0 else logic.width(wire)


def _requant(
    logic: Logic,
    wire: Wire,
    node: Requant,
    k: int,
    registered: bool,
    side: bool | None,
    terms: Counter[str],
) -> None:
    free = bool(side) and k >= 6
    lo, hi, out = logic.lo[node.a], logic.hi[node.a], logic.width(wire)
    low, high = map(node.rounded, (lo, hi))
    below, above = low < node.lo, high > node.hi
    if node.half:  # the sum has rounded; the last bit looks at those that fall off
        terms["compare"] += 1 + ceil(node.shift - 3, k - 1)
    elif node.shift:
        # The topmost bit of an unsigned power of two is the carry that leaves the chain.
        kept = out - (low >= 0 and node.hi == 1 << (out - 1))
        if k >= 6 or kept > SHORT:
            enter_chain("round", kept, k, terms)
        else:
            terms["short_round"] += 1
            terms["short_round_bits"] += kept
        terms["decide"] += ceil(node.shift - k + 1, k - 1) if k >= 6 else ceil(node.shift - 2, 2)
    if not (below or above):
        return
    if side is None and not (node.shift or above or node.lo or registered):
        terms["mask"] += muxes(out, k)
        return
    plain = all(v & (v + 1) == 0 for v in (node.hi, -node.lo - 1) if v > 0)
    if k >= 6 and registered and node.lo and below and above and not plain:
        _held_bounds(node, logic.width(node.a) - node.shift, out, k, terms)
        return
    if (above or node.lo or not registered) and (below or not free):
        # Else the register behind it is reset by the sign.
        terms["mux" if k >= 6 else "gate"] += muxes(out, k)
    floor = max(logic.width(node.a) - node.shift, 1)
    # The sign alone tells what is below zero, and what is not.
    sides = (below and node.lo != 0) + (above and node.hi != 0)
    whole = node.half or not node.shift  # else the bound itself stays what rounding would pass
    if k < 6 and plain:
        terms["compare"] += ceil(floor - (out if whole else 0), 3)
    elif side is not None and plain:  # the choice knows the sign
        terms["compare"] += ceil(floor - out, k - 1)
    elif whole and floor <= (2 * k if plain else k + 1):
        terms["compare"] += ceil(floor - out, 3)
    elif sides:
        enter_compare(floor, sides, k, terms)


def _held_bounds(node: Requant, width: int, out: int, k: int, terms: Counter[str]) -> None:
    """Enter two bounds before registers, which are reset or set where both bounds agree.

    Each bound is told by itself, and either of them; only the other bits are chosen.
    """
    for bound in (node.lo, node.hi + 1):
        terms["compare"] += max(ceil(width - zeros_below(bound, width) - 1, k - 1), 1)
    terms["compare"] += 2
    terms["mux"] += muxes(((node.lo ^ node.hi) & ((1 << out) - 1)).bit_count(), k)
