# SPDX-License-Identifier: Apache-2.0
"""Terms of a node: the structures that synthesis builds of it, and pays for.

A term is what a formula below says of the structure that Yosys builds on a family; what one unit of
it takes in look-up tables is a factor, fitted to synthesis (`hwgen.cost.calibration`). With tables
of k inputs:

- ``add``, ``add3``: carry positions (hwgen.logic.carry). Low bits that only one operand reaches are
  wiring, unless they are subtracted; operands that do not overlap are wiring altogether;
- ``mux``: bits that are chosen from two, two of them in a table where k >= 6; ``gate``: bits that
  the bounds of a requantizer choose, where tables are small;
- ``round``: bits of a quotient on the carry chain that rounds it; ``decide``: tables of the
  decision to round up, beyond those that the chain's first position hides;
- ``compare``: tables of a comparison with a constant, each taking k - 1 more bits above the lowest
  one of the constant; ``long_compare``: positions of a carry chain that compares, where the word is
  too long for tables (AMD: a position takes k bits; else one, in pairs);
- ``order``: bits of the larger, or the smaller, of two variables: a comparison on a carry chain
  (AMD: three bits in two tables), and a choice of every bit by its carry. A difference of the same
  two variables whose sign alone is read is that comparison, and takes nothing;
- ``table``: tables of a function of few inputs, told by its own values;
- ``heap``: positions of the carry chains of heaps of bits, counted and not fitted;
- ``lookup``: tables of a truth table (hwgen.logic.truth_tables), counted and not fitted;
- ``requant``: tables of four copies of a common requantizer (`hwgen.cost.requantizers`); only
  others are taken apart into the terms above;
- ``product``: bits of a product of two variables, row by row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hwgen.cost.placed import in_common
from hwgen.cost.requantizers import common, looked_up
from hwgen.logic.builder import Logic
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
    "mux",
    "round",
    "decide",
    "compare",
    "long_compare",
    "order",
    "table",
    "decode",
    "product",
    "product_sum",
    "chain",
    "gate",
    "short_add",
    "short_round",
    "short_round_bits",
)
# What a family with small tables builds of those, not of a carry chain: positions to tables.
_SHORT_TABLES = (0, 1, 2, 4, 7)
_SHORT = len(_SHORT_TABLES) - 1
_FEW = 3  # thresholds that stay comparisons
_LOOKED_UP = 12  # bits of a step function's input up to which its own values are looked at


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
    for wire in sorted(set(wires) - compared):
        node = logic.nodes[wire]
        tables = None
        if isinstance(node, Requant) and wire not in merged:
            tables = _common(logic, wire, node, wire in registered, family)
        if tables is None:
            _enter(logic, wire, k, wire in registered, wire in merged, terms)
        else:
            terms["requant"] += tables
        if k >= 6 and wire in chosen and wire not in registered:
            terms["mux"] -= muxes(logic.width(wire), k)
    if k >= 6 and terms["lookup"]:
        terms["lookup"] -= in_common(logic, wires)
    return terms


def _sides(logic: Logic, wires: Iterable[Wire]) -> set[Wire]:
    """Return both requantizers of every leaky rectifier: one table a bit clips and chooses."""
    merged: set[Wire] = set()
    for wire in wires:
        node = logic.nodes[wire]
        if isinstance(node, Select):
            sides = [logic.nodes[side] for side in (node.on_pos, node.on_neg)]
            if all(isinstance(side, Requant) and side.a == node.a for side in sides):
                merged.update((node.on_pos, node.on_neg))
    return merged


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


def _common(logic: Logic, wire: Wire, node: Requant, registered: bool, family: str) -> int | None:
    """Return the tables of a requantizer that was recorded, else None."""
    bounds = (logic.lo[node.a], logic.hi[node.a])
    shape = common(node, bounds, logic.width(node.a), logic.width(wire), registered)
    return looked_up(family, *shape) if shape and family else None


def _enter(
    logic: Logic, wire: Wire, k: int, registered: bool, side: bool, terms: Counter[str]
) -> None:
    node, out = logic.nodes[wire], logic.width(wire)
    match node:
        case Add(a, b, shift_a, shift_b):
            positions = adder_positions(logic, wire)
            peak = max(logic.width(a) + shift_a, logic.width(b) + shift_b)
            if k < 6 and positions and out > peak and logic.lo[a] >= 0 <= logic.lo[b]:
                positions += 1  # a carry that leaves the chain takes a position here
            _chain("add", positions, k, terms)
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
            _thresh(logic, node, k, terms)
        case Chain():
            terms["heap"] += node.luts
        case Gather():
            pass  # wiring
        case PlacedTable():
            terms["lookup"] += placed_luts(node.values, k)
        case Table():
            terms["lookup"] += luts(node.values, k)


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
    side: bool,
    terms: Counter[str],
) -> None:
    lo, hi, out = logic.lo[node.a], logic.hi[node.a], logic.width(wire)
    low, high = map(node.rounded, (lo, hi))
    below, above = low < node.lo, high > node.hi
    if node.half:  # the sum has rounded; the last bit looks at those that fall off
        terms["compare"] += 1 + ceil(node.shift - 3, k - 1)
    elif node.shift:
        # The topmost bit of an unsigned power of two is the carry that leaves the chain.
        kept = out - (low >= 0 and node.hi == 1 << (out - 1))
        if k >= 6 or kept > _SHORT:
            _chain("round", kept, k, terms)
        else:
            terms["short_round"] += 1
            terms["short_round_bits"] += kept
        terms["decide"] += ceil(node.shift - k + 1, k - 1) if k >= 6 else ceil(node.shift - 2, 2)
    if not (below or above):
        return
    if above or node.lo or not registered:  # else the register behind it is reset by the sign
        terms["mux" if k >= 6 else "gate"] += muxes(out, k)
    floor = max(logic.width(node.a) - node.shift, 1)
    # The sign alone tells what is below zero, and what is not.
    sides = (below and node.lo != 0) + (above and node.hi != 0)
    plain = all(v & (v + 1) == 0 for v in (node.hi, -node.lo - 1) if v > 0)
    whole = node.half or not node.shift  # else the bound itself stays what rounding would pass
    if k < 6 and plain:
        terms["compare"] += ceil(floor - (out if whole else 0), 3)
    elif side and plain:  # the choice knows the sign
        terms["compare"] += ceil(floor - out, k - 1)
    elif whole and floor <= (2 * k if plain else k + 1):
        terms["compare"] += ceil(floor - out, 3)
    elif sides:
        _compare(floor, sides, k, terms)


def _chain(term: str, positions: int, k: int, terms: Counter[str]) -> None:
    """Enter a carry chain; one that is short is built of small tables, and one has two ends."""
    if k >= 6:
        terms[term] += positions
    elif positions > _SHORT:
        terms[term] += positions
        terms["chain"] += 1
    else:
        terms[f"short_{term}"] += _SHORT_TABLES[positions]


def _compare(width: int, sides: int, k: int, terms: Counter[str], zeros: int = 0) -> None:
    """Enter the comparison of a word with one constant, or with two that bound an interval."""
    if k < 6 and width - zeros > _SHORT:
        for _ in range(sides):
            _chain("long_compare", width - zeros, k, terms)
    elif k >= 6 and width > 2 * k:
        terms["long_compare"] += 2 * ceil(width, k) + 2 * sides - 3
    else:
        terms["compare"] += max(ceil(width - zeros - 1, k - 1), 1) + sides - 1


def _thresh(logic: Logic, node: Thresh, k: int, terms: Counter[str]) -> None:
    lo, hi = logic.lo[node.a], logic.hi[node.a]
    width, columns = logic.width(node.a), distinct_columns(node.values)
    if width <= k:
        # Two outputs of at most five inputs share a table of six.
        terms["compare"] += muxes(len(columns), k) if width < k else len(columns)
        return
    turns = sum(sum(a != b for a, b in pairwise(column)) for column in columns)
    steps: Counter[str] = Counter()
    for bound in node.thresholds:
        zeros = (bound & -bound).bit_length() - 1 if bound else width - 2
        _compare(width, 1, k, steps, zeros)
    if len(node.thresholds) > _FEW and width <= _LOOKED_UP:
        # What the mapper leaves of many comparisons: a table a step of an output, or what the
        # outputs take when each is looked up; it finds the second one never quite.
        looked_up = ceil(7 * _table(node, lo, hi, width, k), 3 if k >= 6 else 2)
        if k >= 6 or looked_up < steps["long_compare"]:
            terms["table"] += min(turns, looked_up) if k >= 6 else looked_up
            return
    terms.update(steps)
    if k >= 6 and width > 2 * k and len(node.thresholds) > 1:
        terms["long_compare"] -= len(node.thresholds)  # they share what they look at
    terms["decode"] += turns - len(columns)


def distinct_columns(values: Iterable[int]) -> set[tuple[int, ...]]:
    """Return the bits of a table's outputs that differ from each other and are not fixed."""
    words = list(values)
    width = max(max(v.bit_length(), (~v).bit_length() if v < 0 else 0) for v in words) + 1
    columns = {tuple(v >> k & 1 for v in words) for k in range(width)}
    return {column for column in columns if 0 < sum(column) < len(words)}


def _table(node: Thresh, lo: int, hi: int, width: int, k: int) -> int:
    """Return the tables of a function of *width* bits, split at its highest bits.

    Equal parts are built once; a part that ignores some of its inputs is smaller.
    """
    codes = np.arange(lo, hi + 1)
    picked = np.array(node.values)[np.searchsorted(np.array(node.thresholds), codes, side="right")]
    size = 1 << width
    whole = np.empty(size, np.int64)
    whole[:] = picked[0]
    whole[codes % size] = picked
    total = 0
    small: set[bytes] = set()
    for k_bit in range(int(np.ptp(picked)).bit_length() + 1):
        column = (whole >> k_bit & 1).astype(np.uint8)
        if column.min() == column.max():
            continue
        leaves = min(k, width)
        parts = {p.tobytes() for p in column.reshape(-1, 1 << leaves) if p.min() != p.max()}
        small |= parts
        nodes = 0
        level = column.reshape(-1, 1 << leaves)
        rows = level.reshape(len(level), -1)
        while len(rows) > 1:
            rows = rows.reshape(len(rows) // 2, -1)
            nodes += len({r.tobytes() for r in rows if not _halves_equal(r)})
        total += ceil(nodes, 3 if k >= 6 else 1)
    return total + len(small)


def _halves_equal(row: npt.NDArray[np.uint8]) -> bool:
    half = len(row) // 2
    return bool(np.array_equal(row[:half], row[half:]))


def muxes(width: int, k: int) -> int:
    """Return the tables that choose a word from two."""
    return ceil(width, 2) if k >= 6 else width


def ceil(a: int, b: int) -> int:
    """Return a / b, rounded up; 0 for what is negative."""
    return -(-max(a, 0) // b)
