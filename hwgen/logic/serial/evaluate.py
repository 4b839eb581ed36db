# SPDX-License-Identifier: Apache-2.0
"""Evaluation of a serial graph in numpy, digit by digit, as its adders and requantizers do it.

Samples follow each other without a gap, so that what a shift brings in is the end of the sample
before. A difference between this and the values of the graph is an error of the plan: of a gate, of
a carry's start, or of the length of a word.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from hwgen.ir.tensor import Codes
from hwgen.logic.nodes import Wire
from hwgen.logic.serial.graph import (
    Bank,
    Fixed,
    Round,
    SerialGraph,
    Sum,
    Term,
    Word,
    banks,
    fill_lanes,
    shifted,
)

Bits = npt.NDArray[np.uint8]  # of shape (samples, digits * digit_bits), the lowest first


def evaluate(graph: SerialGraph, inputs: Mapping[str, Codes]) -> dict[str, Codes]:
    """Return the words that leave, by link, of shape (samples, elements).

    Args:
        graph: with the width of its digits.
        inputs: codes of the links that it reads, of shape (samples, elements).
    """
    values = Digits(graph, inputs).run()
    out = {}
    for link, results in graph.outputs:
        columns = [
            np.full(_samples(inputs), result.value, object)
            if result.wire < 0
            else _whole(values[result.wire], graph, result.wire) * (1 << result.value)
            for result in results
        ]
        out[link] = np.stack(columns, axis=1)
    return out


def _samples(inputs: Mapping[str, Codes]) -> int:
    return next(len(codes) for codes in inputs.values())


def _whole(bits: Bits, graph: SerialGraph, wire: Wire) -> Codes:
    """Return the numbers of a value from the bits that a word of it keeps."""
    width = graph.width(wire)
    bits = bits[:, :width].astype(object)
    weights = np.array([1 << p for p in range(width)], object)
    if graph.lo[wire] < 0:
        weights[-1] = -weights[-1]
    codes: Codes = bits @ weights
    return codes


class Digits:
    """Streams of a graph on some samples, one after the other without a gap."""

    def __init__(self, graph: SerialGraph, inputs: Mapping[str, Codes]) -> None:
        self.graph = graph
        self.inputs = {k: np.asarray(v, object).reshape(len(v), -1) for k, v in inputs.items()}
        self.bits = graph.digits * graph.digit_bits
        self.bank: dict[Wire, Bank] = {w: bank for bank in banks(graph) for w in bank.wires}

    def run(self) -> dict[Wire, Bits]:
        """Return the bits of every value."""
        values: dict[Wire, Bits] = {}
        for wire, node in enumerate(self.graph.nodes):
            match node:
                case Word(link, index):
                    values[wire] = self._split(self.inputs[link][:, index])
                case Fixed(value):
                    count = _samples(self.inputs)
                    values[wire] = self._split(np.full(count, value, object))
                case Sum():
                    values[wire] = self._sum(node, values)
                case Round():
                    values[wire] = self._round(self.bank[wire], values[node.a])
        return values

    def _split(self, codes: Codes) -> Bits:
        places = np.array([codes >> p & 1 for p in range(self.bits)], np.uint8)
        return np.ascontiguousarray(places.T)

    def _operand(self, term: Term, values: Mapping[Wire, Bits]) -> Bits:
        """Return the lanes of a shifted term: gated digits are the fill, others an older digit."""
        digit = self.graph.digit_bits
        source = values[term.wire]
        # The stream as one row: a word behind the other.
        flat = source.reshape(-1, digit)
        fill = fill_lanes(term.fill, term.shift, digit)
        assert fill is not None, f"{term}: no such constant"
        made = np.empty_like(flat)
        for b, read in enumerate(shifted(term, digit)):
            late = read.lag
            lane = flat[:, read.lane]
            made[:, b] = np.roll(lane, late)
            words = made[:, b].reshape(-1, self.graph.digits)
            words[:, : read.gated] = fill[b]
        return made.reshape(source.shape) ^ np.uint8(term.sub)

    def _sum(self, node: Sum, values: Mapping[Wire, Bits]) -> Bits:
        operands = [self._operand(term, values) for term in node.terms]
        assert len(operands) <= 3, f"{node}: more operands than an adder has"
        assert 0 <= node.carry < node.ways, f"{node}: no such carry"
        out = np.empty_like(operands[0])
        carry = np.full(len(out), node.carry, np.uint8)
        for place in range(self.bits):
            total = carry.copy()
            for x in operands:
                total += x[:, place]
            out[:, place] = total & np.uint8(1)
            carry = total >> np.uint8(1)
        return out

    def _round(self, bank: Bank, x: Bits) -> Bits:
        shift, width = bank.shift, bank.width
        assert shift + width <= self.bits, "a word is too short for a rounded number"
        y = x[:, shift : shift + width].copy()
        below = x[:, :shift]
        if shift and bank.half:
            y[:, 0] &= below.any(axis=1)
        elif shift:
            carry = below[:, -1] & (below[:, :-1].any(axis=1) | y[:, 0])
            for place in range(width):
                y[:, place], carry = y[:, place] ^ carry, y[:, place] & carry
        weights = np.array([1 << p for p in range(width)], object)
        if bank.signed:
            weights[-1] = -weights[-1]
        number = y.astype(object) @ weights
        low = bank.lo if bank.sat_lo else None
        high = bank.hi if bank.sat_hi else None
        clipped = number if low is None and high is None else np.clip(number, low, high)
        return self._split(clipped)
