# SPDX-License-Identifier: Apache-2.0
"""Elaborated source of a design: slang's reading of the Verilog, and who drives which bits.

All that a proof knows of the hardware comes from here: from the text of the files, by an
independent reader of SystemVerilog, and from nothing that hwgen knows of the design.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwgen.errors import ToolFailed, ToolMissing, Unproven

if TYPE_CHECKING:
    from pyslang.ast import InstanceSymbol

HINT = "install them with: pip install 'hwgen[prove]'"


@dataclass(frozen=True, eq=False)
class Driver:
    """Driver of some bits of a net or a variable.

    Attributes:
        symbol: the net or variable.
        low, width: the bits.
        value: an expression; or the instance whose output it is.
        port: of an instance, name of its output.
        register: whether the bits take the value at the next clock edge.
        conditions: of a register: what must hold, expression and whether it is to be true.
    """

    symbol: Any
    low: int
    width: int
    value: Any
    port: str = ""
    register: bool = False
    conditions: tuple[tuple[Any, bool], ...] = ()


def elaborate(files: Sequence[Path], top: str) -> tuple[InstanceSymbol, object]:
    """Return the top instance of a design, and what must be kept while it is in use.

    Raises:
        ToolMissing: slang is not installed.
        ToolFailed: slang refuses the text; the first errors are told.
    """
    try:
        from pyslang import driver
    except ImportError as error:
        raise ToolMissing("pyslang, which reads the Verilog, is not installed", "", HINT) from error
    slang = driver.Driver()
    slang.addStandardArgs()
    quoted = " ".join(f'"{file}"' for file in files)
    if not (
        slang.parseCommandLine(f"slang --top {top} {quoted}")
        and slang.processOptions()
        and slang.parseAllSources()
    ):
        raise ToolFailed("slang cannot read the files of the design", top)
    compilation = slang.createCompilation()
    told = []
    for found in compilation.getAllDiagnostics():
        if slang.diagEngine.getSeverity(found.code, found.location).name in ("Error", "Fatal"):
            file = Path(slang.sourceManager.getFileName(found.location)).name
            line = slang.sourceManager.getLineNumber(found.location)
            told.append(f"{file}:{line}: {slang.diagEngine.formatMessage(found)}")
    if told:
        raise ToolFailed("slang refuses the Verilog: " + "; ".join(told[:3]), top)
    (instance,) = compilation.getRoot().topInstances
    return instance, (slang, compilation)


def members(scope: Any) -> Iterator[Any]:
    """Yield the members of a body, those of its generate blocks included."""
    for member in scope:
        if member.kind.name in ("GenerateBlock", "GenerateBlockArray"):
            if not getattr(member, "isUninstantiated", False):
                yield from members(member)
        else:
            yield member


def parameters(instance: Any) -> tuple[tuple[str, str], ...]:
    """Return the parameters of an instance as text."""
    return tuple((p.name, str(p.value)) for p in instance.body.parameters)


def ports(instance: Any) -> Mapping[str, Any]:
    """Return the nets and variables inside an instance that are its ports, by name."""
    return {port.name: port.internalSymbol for port in instance.body.portList}


def drivers(instance: Any, context: Any) -> Iterator[Driver]:
    """Yield the drivers within one instance; those inside the instances in it are not looked at."""
    for member in members(instance.body):
        match member.kind.name:
            case "Net" | "Variable" if member.initializer is not None:
                width = member.type.bitWidth
                yield Driver(member, 0, width, member.initializer)
            case "ContinuousAssign":
                left = member.assignment.left
                yield Driver(*target(left, context), member.assignment.right)
            case "ProceduralBlock":
                if member.procedureKind.name == "Initial":
                    raise Unproven(f"an initial block of {instance.hierarchicalPath}")
                yield from _clocked(member, context)
            case "Instance":
                for connection in member.portConnections:
                    if connection.port.direction.name != "Out":
                        continue
                    if connection.expression is not None:
                        place = target(connection.expression.left, context)
                        yield Driver(*place, member, connection.port.name)
            case _:
                pass


def _clocked(block: Any, context: Any) -> Iterator[Driver]:
    if block.procedureKind.name != "AlwaysFF" or block.body.kind.name != "Timed":
        raise Unproven(f"a block {block.procedureKind.name}")
    timing = block.body.timing
    if timing.kind.name != "SignalEvent" or timing.edge.name != "PosEdge":
        raise Unproven("a block that waits for more than one rising edge")
    yield from _statements(block.body.stmt, context, ())


def _statements(
    statement: Any, context: Any, conditions: tuple[tuple[Any, bool], ...]
) -> Iterator[Driver]:
    match statement.kind.name:
        case "Block":
            yield from _statements(statement.body, context, conditions)
        case "List":
            for one in statement.list:
                yield from _statements(one, context, conditions)
        case "Conditional" if len(statement.conditions) == 1:
            asked = statement.conditions[0].expr
            yield from _statements(statement.ifTrue, context, (*conditions, (asked, True)))
            if statement.ifFalse is not None:
                yield from _statements(statement.ifFalse, context, (*conditions, (asked, False)))
        case "ExpressionStatement" if statement.expr.kind.name == "Assignment":
            if not statement.expr.isNonBlocking:
                raise Unproven("a blocking assignment in a clocked block")
            place = target(statement.expr.left, context)
            yield Driver(*place, statement.expr.right, "", True, conditions)
        case kind:
            raise Unproven(f"a statement {kind}")


def target(left: Any, context: Any) -> tuple[Any, int, int]:
    """Return what an expression on the left assigns: the symbol, its lowest bit, bits."""
    if left.kind.name == "NamedValue":
        return left.symbol, 0, left.type.bitWidth
    if left.kind.name not in ("ElementSelect", "RangeSelect"):
        raise Unproven(f"an assignment to {left.kind.name}")
    symbol, low, _ = target(left.value, context)
    return symbol, low + place(left, context), left.type.bitWidth


def place(select: Any, context: Any) -> int:
    """Return the lowest bit that a selection with constant bounds reads."""
    if select.kind.name == "ElementSelect":
        first = constant(select.selector, context)
        if first is None:
            raise Unproven("an assignment to a bit that an address chooses")
    else:
        one, two = (constant(e, context) for e in (select.left, select.right))
        if one is None or two is None:
            raise Unproven("a part of a word that an address chooses")
        match select.selectionKind.name:
            case "Simple":
                first = two
            case "IndexedUp":
                first = one
            case _:
                first = one - two + 1
    low: int = first - select.value.type.range.right
    if select.value.type.range.left < select.value.type.range.right:
        raise Unproven("a word that counts its bits upwards")
    if low < 0 or low + select.type.bitWidth > select.value.type.bitWidth:
        raise Unproven(f"a selection of bits beyond {select.value.type}")
    return low


def constant(expression: Any, context: Any) -> int | None:
    """Return the value of an expression that is constant, as its type means it; else None."""
    value = expression.constant
    if value is None:
        value = expression.eval(context)
    return integer(value)


def integer(value: Any) -> int | None:
    """Return a constant of slang as a number; None where it is none, or holds an X."""
    try:
        return int(value.value)
    except (AttributeError, TypeError, ValueError):
        return None


def context_of(instance: Any) -> Any:
    """Return what constants of an instance are evaluated in."""
    from pyslang import ast

    return ast.EvalContext(ast.ASTContext(instance.body, ast.LookupLocation.max))
