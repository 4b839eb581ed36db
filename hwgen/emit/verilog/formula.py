# SPDX-License-Identifier: Apache-2.0
"""Formulas for comments: what a node computes, in the names of its operands."""

from __future__ import annotations

from hwgen.emit.verilog.wires import Wires
from hwgen.logic.nodes import Add, Add3, Max, Mul, Requant, Select, Shl, Thresh, Wire


def formula(wires: Wires, wire: Wire) -> str:
    """Return what a node computes, ``n33 - (n32 << 3)``; empty where its text says it itself."""
    node, at = wires.logic.nodes[wire], wires.cycle[wire]

    def name(operand: Wire) -> str:
        value = wires.const(operand)
        return wires.at(operand, at - wires.cycle[operand]) if value is None else str(value)

    match node:
        case Add(a, b, shift_a, shift_b, sub):
            return _sum(wires, at, [(a, shift_a, False), (b, shift_b, sub)])
        case Add3():
            return _sum(wires, at, _terms(node))
        case Shl(a, shift):
            return f"{name(a)} << {shift}"
        case Mul(a, b):
            return f"{name(a)} * {name(b)}"
        case Max(a, b, least):
            return f"{'min' if least else 'max'}({name(a)}, {name(b)})"
        case Select(a, on_neg, on_pos):
            return f"{name(a)} < 0 ? {name(on_neg)} : {name(on_pos)}"
        case Thresh(a):
            return f"steps of {name(a)}"
        case Requant(a):
            return _rounded(wires, node, name(a))
        case _:
            return ""


def _terms(node: Add3) -> list[tuple[Wire, int, bool]]:
    return [
        (node.a, node.shift_a, False),
        (node.b, node.shift_b, node.sub_b),
        (node.c, node.shift_c, node.sub_c),
    ]


def _sum(wires: Wires, at: int, terms: list[tuple[Wire, int, bool]]) -> str:
    """Return a sum; constants last, zeros left out, the first term with its sign."""
    parts: list[tuple[bool, str]] = []
    total = 0
    for wire, shift, sub in terms:
        value = wires.const(wire)
        if value is not None:
            total += -(value << shift) if sub else value << shift
            continue
        name = wires.at(wire, at - wires.cycle[wire])
        parts.append((sub, f"({name} << {shift})" if shift else name))
    if total:
        parts.append((total < 0, str(abs(total))))
    parts.sort(key=lambda part: part[0])  # what is added before what is subtracted
    text = "".join(f" {'-' if sub else '+'} {term}" for sub, term in parts)
    return text.removeprefix(" + ") if text.startswith(" + ") else "-" + text.removeprefix(" - ")


def _rounded(wires: Wires, node: Requant, name: str) -> str:
    low, high = map(node.rounded, (wires.logic.lo[node.a], wires.logic.hi[node.a]))
    inner = f"({name} - {1 << (node.shift - 1)})" if node.half else name
    text = f"round({inner} / {1 << node.shift})" if node.shift else name
    return f"{text}, clipped" if low < node.lo or high > node.hi else text
