# SPDX-License-Identifier: Apache-2.0
"""Terms of a solver (z3): words whose equality is decided for all inputs at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hwgen.errors import ToolMissing, Unproven
from hwgen.verify.prove.syntax import HINT, integer, ports
from hwgen.verify.prove.walk import Walk

_MILLISECONDS = 60_000


def _z3() -> Any:
    try:
        import z3
    except ImportError as error:
        raise ToolMissing("z3-solver, which proves units, is not installed", "", HINT) from error
    return z3


@dataclass(frozen=True, eq=False)
class Term:
    """Word as a term.

    Attributes:
        bits: a bit vector.
        width: bits.
    """

    bits: Any
    width: int

    def within(self, lo: int, hi: int) -> list[Any]:
        """Return that it lies in an interval, as a number with a sign."""
        return [self.bits >= lo, self.bits <= hi]


class Terms:
    """Operators on terms."""

    def __init__(self) -> None:
        self.z3 = _z3()

    def free(self, name: str, width: int) -> Term:
        """Return a word that may be anything."""
        return Term(self.z3.BitVec(name, width), width)

    def _bit(self, truth: Any) -> Term:
        one, zero = self.z3.BitVecVal(1, 1), self.z3.BitVecVal(0, 1)
        return Term(self.z3.If(truth, one, zero), 1)

    def const(self, value: int, width: int) -> Term:
        """Return a constant, given as its bits."""
        return Term(self.z3.BitVecVal(value, width), width)

    def extend(self, a: Term, width: int, signed: bool) -> Term:
        """Return a word cut off or extended."""
        if width <= a.width:
            return self.slice(a, 0, width)
        longer = self.z3.SignExt if signed else self.z3.ZeroExt
        return Term(longer(width - a.width, a.bits), width)

    def slice(self, a: Term, low: int, bits: int) -> Term:
        """Return some bits of a word."""
        return Term(self.z3.Extract(low + bits - 1, low, a.bits), bits)

    def join(self, words: Sequence[Term]) -> Term:
        """Return words beside each other as one, the first in the lowest bits."""
        if len(words) == 1:
            return words[0]
        width = sum(word.width for word in words)
        return Term(self.z3.Concat(*(word.bits for word in reversed(words))), width)

    def binary(self, op: str, a: Term, b: Term, signed: bool) -> Term:
        """Return a binary operator of two words of one width."""
        z3, x, y = self.z3, a.bits, b.bits
        match op:
            case "add":
                return Term(x + y, a.width)
            case "sub":
                return Term(x - y, a.width)
            case "mul":
                return Term(x * y, a.width)
            case "and":
                return Term(x & y, a.width)
            case "or":
                return Term(x | y, a.width)
            case "xor":
                return Term(x ^ y, a.width)
            case "eq":
                return self._bit(x == y)
            case "ne":
                return self._bit(x != y)
            case "lt":
                return self._bit(x < y if signed else z3.ULT(x, y))
            case "le":
                return self._bit(x <= y if signed else z3.ULE(x, y))
            case "gt":
                return self._bit(x > y if signed else z3.UGT(x, y))
            case _:
                return self._bit(x >= y if signed else z3.UGE(x, y))

    def unary(self, op: str, a: Term) -> Term:
        """Return a unary operator of a word."""
        match op:
            case "neg":
                return Term(-a.bits, a.width)
            case "not":
                return Term(~a.bits, a.width)
            case "any":
                return self._bit(a.bits != 0)
            case "none":
                return self._bit(a.bits == 0)
            case "all":
                return self._bit(a.bits == self.z3.BitVecVal(-1, a.width))
            case _:
                parity = self.slice(a, 0, 1)
                for i in range(1, a.width):
                    parity = self.binary("xor", parity, self.slice(a, i, 1), False)
                return parity

    def shift(self, op: str, a: Term, by: int, signed: bool) -> Term:
        """Return a word shifted by a constant."""
        if op == "left":
            return Term(a.bits << by, a.width)
        if op == "arithmetic" and signed:
            return Term(a.bits >> by, a.width)
        return Term(self.z3.LShR(a.bits, by), a.width)

    def mux(self, chosen: Term, a: Term, b: Term) -> Term:
        """Return *a* where a bit is 1, else *b*."""
        return Term(self.z3.If(chosen.bits != 0, a.bits, b.bits), a.width)

    def choose(self, a: Term, address: Term) -> Term:
        """Return the bit of a word that an address chooses."""
        width = max(a.width, address.width)
        wide, by = self.extend(a, width, False), self.extend(address, width, False)
        return self.slice(Term(self.z3.LShR(wide.bits, by.bits), width), 0, 1)

    def lookup(self, bits: int, size: int, address: Term) -> Term:
        """Return the bit of a constant that an address chooses."""
        return self.choose(self.const(bits, size), address)

    def half_even(self, a: Term, shift: int) -> Term:
        """Return a signed number over ``2 ** shift``, rounded half to even; *shift* is not 0."""
        down = self.shift("arithmetic", a, shift, True)
        odd = self.extend(self.slice(down, 0, 1), a.width, False)
        less = self.const((1 << (shift - 1)) - 1, a.width)
        up = self.binary("add", self.binary("add", a, less, True), odd, True)
        return self.shift("arithmetic", up, shift, True)

    def differ(self, *pairs: tuple[Term, Term], given: Sequence[Any] = ()) -> str:
        """Return an input at which two words differ, as text; empty where none exists.

        Raises:
            Unproven: the solver does not tell in time.
        """
        found = self.differs(pairs, given, _MILLISECONDS)
        if found is None:
            raise Unproven("the solver does not tell in time")
        return found

    def differs(
        self, pairs: Sequence[tuple[Term, Term]], given: Sequence[Any], limit: int
    ) -> str | None:
        """Return the same as `differ`; None where the solver does not tell in *limit* ms."""
        solver = self.z3.Solver()
        solver.set("timeout", limit)
        solver.add(*given)
        solver.add(self.z3.Or(*(a.bits != b.bits for a, b in pairs)))
        answer = solver.check()
        if answer == self.z3.unsat:
            return ""
        if answer == self.z3.sat:
            model = solver.model()
            return "at " + ", ".join(sorted(f"{d} = {model[d]}" for d in model.decls()))
        return None


def opened(instance: Any) -> tuple[Terms, Walk[Term], dict[str, Term], dict[str, int]]:
    """Return a unit with free inputs: its operators, walk, inputs, and parameters."""
    terms = Terms()
    walk: Walk[Term] = Walk(terms, instance)
    inputs = {}
    for port in instance.body.portList:
        if port.direction.name == "In":
            symbol = port.internalSymbol
            inputs[port.name] = terms.free(port.name, symbol.type.bitWidth)
            walk.give(symbol, [inputs[port.name]])
    params = {p.name: integer(p.value) or 0 for p in instance.body.parameters}
    return terms, walk, inputs, params


def largest_is_right(instance: Any) -> str:
    """Return where `hwg_max` is not the maximum, or minimum, of its operands; else nothing."""
    terms, walk, inputs, params = opened(instance)
    wide = max(params["AWidth"], params["BWidth"], params["OutWidth"]) + 2
    a = terms.extend(inputs["a_i"], wide, bool(params["ASigned"]))
    b = terms.extend(inputs["b_i"], wide, bool(params["BSigned"]))
    first = terms.binary("lt" if params["Least"] else "gt", a, b, True)
    meant = terms.slice(terms.mux(first, a, b), 0, params["OutWidth"])
    return terms.differ((walk.whole(walk.value(ports(instance)["data_o"])), meant))


def chain_is_right(instance: Any) -> str:
    """Return where `hwg_chain` is not the sum of its terms; else nothing."""
    terms, walk, inputs, params = opened(instance)
    bits, leave = params["Bits"], params["Leave"]
    out = walk.whole(walk.value(ports(instance)["data_o"]))
    total = terms.const(0, bits + 4)
    for row, digits in (("a_i", "A"), ("b_i", "B"), ("c_i", "C")):
        found = []
        for i in range(bits):
            truth = (params[digits] >> (4 * i)) & 15
            address = terms.join([terms.slice(inputs[n], i, 1) for n in (row, "gate_i")])
            found.append(terms.lookup(truth, 4, address))
        total = terms.binary("add", total, terms.extend(terms.join(found), bits + 4, False), False)
    given = []
    if not params["Majority"]:
        given.append(inputs["majority_i"].bits == 0)
    for name in ("carry_i", "majority_i"):
        total = terms.binary("add", total, terms.extend(inputs[name], bits + 4, False), False)
    pairs = [(terms.slice(out, 0, bits), terms.slice(total, 0, bits))]
    above = terms.slice(total, bits, 4)
    if leave == 2:
        parts = [terms.extend(terms.slice(out, bits + n, 1), 4, False) for n in (0, 1)]
        pairs.append((terms.binary("add", parts[0], parts[1], False), above))
    elif leave == 1:
        pairs.append((terms.slice(out, bits, 1), terms.slice(above, 0, 1)))
    return terms.differ(*pairs, given=given)


def delay_is_right(instance: Any) -> str:
    """Return what is wrong with a chain of registers: `hwg_delay` or `hwg_valid`; else nothing.

    From any state, what enters in a cycle leaves so many cycles later; a reset empties the chain.
    """
    terms = Terms()
    inside = ports(instance)
    params = {p.name: integer(p.value) or 0 for p in instance.body.parameters}
    cycles, resets = params["Cycles"], "rst_ni" in inside
    given, out = ("valid_i", "valid_o") if resets else ("data_i", "data_o")
    width = inside[given].type.bitWidth
    walk: Walk[Term] = Walk(terms, instance)
    registers = [d for some in walk.drivers.values() for d in some if d.register]
    kept = {d.symbol for d in registers}
    state = {s: terms.free(f"state_{s.name}", s.type.bitWidth) for s in kept}
    fed: list[Term] = []
    for cycle in range(2 * cycles + 1):
        walk.forget()
        # The first half runs; in cycle `cycles` a reset comes, and nothing may leave behind it.
        reset = resets and cycle == cycles
        fed.append(terms.free(f"in{cycle}", width))
        walk.give(inside[given], [fed[-1]])
        if resets:
            walk.give(inside["rst_ni"], [terms.const(int(not reset), 1)])
        for symbol, word in state.items():
            walk.give(symbol, [word])
        leaves = walk.whole(walk.value(inside[out]))
        if cycle >= cycles:
            behind = resets and cycle - cycles <= cycles and cycle > cycles
            meant = terms.const(0, width) if behind else fed[cycle - cycles]
            problem = terms.differ((leaves, meant))
            if problem:
                return f"{problem}, in cycle {cycle}"
        state = {s: _next(terms, walk, registers, s, word) for s, word in state.items()}
    return ""


def _next(terms: Terms, walk: Walk[Term], registers: Sequence[Any], symbol: Any, now: Term) -> Term:
    """Return the state of a register after a clock edge."""
    result = now
    for driver in (d for d in registers if d.symbol is symbol):
        if driver.low or driver.width != now.width:
            raise Unproven(f"a register {symbol.name} of several parts")
        value = walk.whole(walk.expression(driver.value))
        for asked, wanted in driver.conditions:
            truth = walk.whole(walk.expression(asked))
            value = terms.mux(truth, value, result) if wanted else terms.mux(truth, result, value)
        result = value
    return result
