# SPDX-License-Identifier: Apache-2.0
"""Walk through an elaborated design: the value of every net, in any kind of words.

The words may be forms (`words.Words`), numbers at many inputs (`arrays.Arrays`), or terms of a
solver (`solver.Terms`): the reading of SystemVerilog is one and the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from hwgen.errors import Unproven
from hwgen.verify.prove.syntax import (
    Driver,
    constant,
    context_of,
    drivers,
    integer,
    place,
    ports,
)


class Sized(Protocol):
    """Word of a known width."""

    @property
    def width(self) -> int:
        """Bits."""


W = TypeVar("W", bound=Sized)
Value = list[W]  # words beside each other, the first in the lowest bits


class Kind(Protocol[W]):
    """Operators on one kind of words."""

    def const(self, value: int, width: int) -> W: ...  # noqa: D102
    def extend(self, a: W, width: int, signed: bool) -> W: ...  # noqa: D102
    def slice(self, a: W, low: int, bits: int) -> W: ...  # noqa: D102
    def join(self, words: Sequence[W]) -> W: ...  # noqa: D102
    def binary(self, op: str, a: W, b: W, signed: bool) -> W: ...  # noqa: D102
    def unary(self, op: str, a: W) -> W: ...  # noqa: D102
    def shift(self, op: str, a: W, by: int, signed: bool) -> W: ...  # noqa: D102
    def mux(self, chosen: W, a: W, b: W) -> W: ...  # noqa: D102
    def choose(self, a: W, address: W) -> W: ...  # noqa: D102
    def lookup(self, bits: int, size: int, address: W) -> W: ...  # noqa: D102


BINARY = {
    "Add": "add",
    "Subtract": "sub",
    "Multiply": "mul",
    "BinaryAnd": "and",
    "BinaryOr": "or",
    "BinaryXor": "xor",
    "Equality": "eq",
    "Inequality": "ne",
    "LessThan": "lt",
    "LessThanEqual": "le",
    "GreaterThan": "gt",
    "GreaterThanEqual": "ge",
    "LogicalAnd": "land",
    "LogicalOr": "lor",
}
COMPARES = ("eq", "ne", "lt", "le", "gt", "ge")
SHIFTS = {
    "LogicalShiftLeft": "left",
    "ArithmeticShiftLeft": "left",
    "LogicalShiftRight": "logical",
    "ArithmeticShiftRight": "arithmetic",
}
UNARY = {"Minus": "neg", "BitwiseNot": "not"}
REDUCED = {
    "BitwiseAnd": ("all", False),
    "BitwiseOr": ("any", False),
    "BitwiseXor": ("parity", False),
    "BitwiseNor": ("none", False),
    "LogicalNot": ("none", False),
    "BitwiseNand": ("all", True),
    "BitwiseXnor": ("parity", True),
}

# What an instance is to the walk: None where it is walked into, else the words of its outputs.
Unit = Callable[["Walk[W]", Any], "Mapping[str, Value[W]] | None"]


class Walk(Generic[W]):
    """Values of nets and variables, each computed when it is first asked for.

    Args:
        kind: the operators.
        top: the instance; its ports are given with `give`.
        unit: tells of an instance what leaves it; without one every instance is walked into.
        register: what a register makes of the word it takes; without one there are none.
        settled: called with every value of a net or variable that one driver drives whole, if it
            is one word or an expression of this module; it returns what is taken for it.
    """

    def __init__(
        self,
        kind: Kind[W],
        top: Any,
        unit: Unit[W] | None = None,
        register: Callable[[W], W] | None = None,
        settled: Callable[[Any, Value[W]], Value[W]] | None = None,
    ) -> None:
        self.kind, self.top = kind, top
        self._unit, self._register, self._settled = unit, register, settled
        self.drivers: dict[Any, list[Driver]] = {}
        self._contexts: dict[Any, Any] = {}
        self._given: dict[Any, Value[W]] = {}
        self._known: dict[int, Value[W]] = {}
        self._outside: dict[Any, Mapping[str, Value[W]] | None] = {}
        self._busy: set[int] = set()
        self._scan(top)

    def _scan(self, instance: Any) -> None:
        self._context = context_of(instance)
        for driver in drivers(instance, self._context):
            self.drivers.setdefault(driver.symbol, []).append(driver)

    def give(self, symbol: Any, words: Value[W]) -> None:
        """Set the value of a net or variable, such as a port of the top."""
        self._given[symbol] = words

    def forget(self) -> None:
        """Forget every computed value."""
        self._known.clear()
        self._outside = {unit: None for unit, given in self._outside.items() if given is None}

    def value(self, symbol: Any, low: int = 0, width: int | None = None) -> Value[W]:
        """Return some bits of a net or variable; all of them by default.

        Raises:
            Unproven: nothing drives them, or they drive themselves.
        """
        width = symbol.type.bitWidth - low if width is None else width
        if symbol in self._given:
            return self.part(self._given[symbol], low, width)
        found: Value[W] = []
        at = low
        for driver in sorted(self.drivers.get(symbol, ()), key=lambda d: d.low):
            end = driver.low + driver.width
            if end <= low or driver.low >= low + width:
                continue
            if driver.low > at or (driver.low < at and at != low):
                break
            upto = min(end, low + width)
            found += self.part(self._driven(driver), at - driver.low, upto - at)
            at = upto
        if at != low + width:
            raise Unproven(f"bits of {symbol.hierarchicalPath} have no driver, or two")
        return found

    def _driven(self, driver: Driver) -> Value[W]:
        key = id(driver)
        if key in self._known:
            return self._known[key]
        if key in self._busy:
            raise Unproven(f"{driver.symbol.hierarchicalPath} depends on itself")
        self._busy.add(key)
        try:
            found = self._leaving(driver) if driver.port else self.expression(driver.value)
            if driver.register:
                if self._register is None or driver.conditions:
                    raise Unproven(f"the register {driver.symbol.hierarchicalPath}")
                found = [self._register(word) for word in found]
            whole = driver.width == driver.symbol.type.bitWidth
            made_here = not (driver.port or driver.register)
            if self._settled is not None and whole and (len(found) == 1 or made_here):
                found = self._settled(driver.symbol, found)
        except Unproven as error:
            if error.where:
                raise
            raise Unproven(error.what, driver.symbol.hierarchicalPath) from error
        finally:
            self._busy.discard(key)
        self._known[key] = found
        return found

    def _leaving(self, driver: Driver) -> Value[W]:
        """Return what leaves an instance at a port, in the width of what it drives."""
        instance = driver.value
        if instance not in self._outside:
            given = self._unit(self, instance) if self._unit is not None else None
            self._outside[instance] = given
            if given is None:
                self._scan(instance)
                for connection in instance.portConnections:
                    if connection.port.direction.name == "In":
                        symbol = connection.port.internalSymbol
                        width = symbol.type.bitWidth
                        if connection.expression is None:
                            raise Unproven(f"{symbol.hierarchicalPath} is not connected")
                        made = Driver(symbol, 0, width, connection.expression)
                        self.drivers.setdefault(symbol, []).append(made)
        given = self._outside[instance]
        symbol = ports(instance)[driver.port]
        words = self.value(symbol) if given is None else given[driver.port]
        return self.resized(words, driver.width, symbol.type.isSigned)

    # Values of several words

    def part(self, words: Value[W], low: int, width: int) -> Value[W]:
        """Return some bits."""
        found: Value[W] = []
        at = 0
        for word in words:
            first, last = max(low, at), min(low + width, at + word.width)
            if first < last:
                whole = first == at and last == at + word.width
                some = word if whole else self.kind.slice(word, first - at, last - first)
                found.append(some)
            at += word.width
        return found

    def whole(self, words: Value[W]) -> W:
        """Return a value as one word."""
        return words[0] if len(words) == 1 else self.kind.join(words)

    def resized(self, words: Value[W], width: int, signed: bool) -> Value[W]:
        """Return a value cut off or extended."""
        now = sum(word.width for word in words)
        if width <= now:
            return self.part(words, 0, width) if width < now else words
        if signed or len(words) == 1:
            return [self.kind.extend(self.whole(words), width, signed)]
        return [*words, self.kind.const(0, width - now)]

    # Expressions

    def expression(self, e: Any) -> Value[W]:
        """Return the value of an expression."""
        kind = e.kind.name
        match kind:
            case "NamedValue" | "HierarchicalValue":
                if e.symbol.kind.name in ("Parameter", "EnumValue"):
                    return [self._constant(integer(e.symbol.value), e)]
                return self.value(e.symbol)
            case "IntegerLiteral" | "UnbasedUnsizedIntegerLiteral":
                return [self._constant(constant(e, self._context), e)]
            case "Conversion":
                propagated = e.conversionKind.name == "Propagated"
                signed = e.type.isSigned if propagated else e.operand.type.isSigned
                return self.resized(self.expression(e.operand), e.type.bitWidth, signed)
            case "BinaryOp":
                return [self._binary(e)]
            case "UnaryOp":
                return [self._unary(e)]
            case "ConditionalOp" if len(e.conditions) == 1:
                asked = self.whole(self.expression(e.conditions[0].expr))
                if asked.width > 1:
                    asked = self.kind.unary("any", asked)
                left, right = (self.whole(self.expression(x)) for x in (e.left, e.right))
                return [self.kind.mux(asked, left, right)]
            case "Concatenation":
                return [word for x in reversed(e.operands) for word in self.expression(x)]
            case "Replication":
                count = constant(e.count, self._context) or 0
                return self.expression(e.concat) * count
            case "RangeSelect":
                low = place(e, self._context)
                return self._selected(e.value, low, e.type.bitWidth)
            case "ElementSelect":
                return self._element(e)
            case "Call":
                if str(e.subroutineName) in ("$signed", "$unsigned"):
                    return self.expression(e.arguments[0])
        raise Unproven(f"an expression {kind}")

    def _constant(self, number: int | None, e: Any) -> W:
        if number is None:
            raise Unproven("a constant that is no number")
        width = e.type.bitWidth
        return self.kind.const(number & ((1 << width) - 1), width)

    def _selected(self, base: Any, low: int, width: int) -> Value[W]:
        if base.kind.name == "NamedValue" and base.symbol.kind.name != "Parameter":
            return self.value(base.symbol, low, width)
        if base.kind.name == "NamedValue":  # of a long constant, only the part
            number = integer(base.symbol.value)
            if number is None:
                raise Unproven("a constant that is no number")
            return [self.kind.const((number >> low) & ((1 << width) - 1), width)]
        return self.part(self.expression(base), low, width)

    def _element(self, e: Any) -> Value[W]:
        if constant(e.selector, self._context) is not None:
            return self._selected(e.value, place(e, self._context), e.type.bitWidth)
        address = self.whole(self.expression(e.selector))
        size = e.value.type.bitWidth
        if e.type.bitWidth != 1 or e.value.type.range.right != 0:
            raise Unproven("an address that chooses words")
        if e.value.kind.name == "NamedValue" and e.value.symbol.kind.name == "Parameter":
            bits = (integer(e.value.symbol.value) or 0) & ((1 << size) - 1)
            return [self.kind.lookup(bits, size, address)]
        return [self.kind.choose(self.whole(self.expression(e.value)), address)]

    def _binary(self, e: Any) -> W:
        op, signed = e.op.name, e.left.type.isSigned and e.right.type.isSigned
        left = self.expression(e.left)
        if op in SHIFTS:
            by = constant(e.right, self._context)
            if by is None or by < 0:
                raise Unproven("a shift by a variable")
            return self.kind.shift(SHIFTS[op], self.whole(left), by, e.type.isSigned)
        if op not in BINARY:
            raise Unproven(f"an operator {op}")
        right = self.expression(e.right)
        name = BINARY[op]
        if name in ("and", "or", "xor") and len(left) > 1 and len(left) == len(right):
            pairs = list(zip(left, right, strict=True))
            if all(a.width == b.width for a, b in pairs):
                return self.kind.join([self.kind.binary(name, a, b, False) for a, b in pairs])
        if name in ("land", "lor"):
            bits = [self.kind.unary("any", self.whole(side)) for side in (left, right)]
            return self.kind.binary(name[1:], bits[0], bits[1], False)
        return self.kind.binary(name, self.whole(left), self.whole(right), signed)

    def _unary(self, e: Any) -> W:
        words = self.expression(e.operand)
        if e.op.name == "Plus":
            return self.whole(words)
        if e.op.name in UNARY:
            return self.kind.unary(UNARY[e.op.name], self.whole(words))
        if e.op.name not in REDUCED:
            raise Unproven(f"an operator {e.op.name}")
        op, inverted = REDUCED[e.op.name]
        # A long word is reduced part by part.
        join = {"all": "and", "any": "or", "none": "or", "parity": "xor"}[op]
        first = "any" if op == "none" else op
        total = self.kind.unary(first, words[0])
        for word in words[1:]:
            total = self.kind.binary(join, total, self.kind.unary(first, word), False)
        return self.kind.unary("not", total) if inverted or op == "none" else total
