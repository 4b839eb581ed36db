# SPDX-License-Identifier: Apache-2.0
"""Instances of small units in a layer: parameters, ports, and the parameters that all share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hwgen.emit.verilog import sv
from hwgen.emit.verilog.wires import Wires
from hwgen.ir.fixed import bits_for
from hwgen.logic.nodes import Add3, Chain, Max, Mul, Requant, Thresh, Wire

Pairs = list[tuple[str, str]]
_FLAG = re.compile("Signed$|^Sat|^Half$|^Least$")
CHAIN_UNIT = "hwg_chain"
_APART = ("hwg_add3", CHAIN_UNIT)  # each is another sum
_SIGNED = re.compile(r"-?(\d+)'sd\d+")


@dataclass(frozen=True)
class Instance:
    """Instance of a unit that makes one wire.

    Attributes:
        module: of the unit.
        params: name and value, as text.
        ports: inputs and what they are connected to.
    """

    module: str
    params: Pairs
    ports: Pairs


def instance_of(
    wires: Wires, wire: Wire, constants: Mapping[Wire, tuple[str, str]]
) -> Instance | None:
    """Return the instance that makes a wire; None where an expression does.

    *constants* names the thresholds and the values of a threshold node.
    """
    node, at, width = wires.logic.nodes[wire], wires.cycle[wire], wires.width[wire]
    out = ("OutWidth", str(width))
    match node:
        case Add3():
            return _sum_of_three(wires, node, at, out)
        case Chain():
            return _chain(wires, node, at)
        case Mul(a, b) | Max(a, b):
            params = [*wires.format("A", a), *wires.format("B", b), out]
            if isinstance(node, Max):
                params.append(("Least", str(int(node.least))))
            ports = [("a_i", wires.whole(a, at)), ("b_i", wires.whole(b, at))]
            return Instance("hwg_max" if isinstance(node, Max) else "hwg_mul", params, ports)
        case Requant(a, shift, lo, hi, half):
            lowest, highest = map(node.rounded, (wires.logic.lo[a], wires.logic.hi[a]))
            params = [
                *wires.format("In", a),
                ("Shift", str(shift)),
                *([("Half", "1")] if half else []),
                out,
                ("SatLo", str(int(lowest < lo))),
                ("SatHi", str(int(highest > hi))),
                ("Lo", sv.signed_literal(lo, width + 1)),
                ("Hi", sv.signed_literal(hi, width + 1)),
            ]
            return Instance("hwg_requant", params, [("data_i", wires.whole(a, at))])
        case Thresh(a, thresholds, _):
            limits, values = constants[wire]
            params = [
                *wires.format("In", a),
                ("N", str(len(thresholds))),
                out,
                ("Thresholds", limits),
                ("Values", values),
            ]
            return Instance("hwg_thresholds", params, [("data_i", wires.whole(a, at))])
        case _:
            return None


def _sum_of_three(wires: Wires, node: Add3, at: int, out: tuple[str, str]) -> Instance:
    params: Pairs = []
    ports: Pairs = []
    terms = (
        ("A", node.a, node.shift_a, None),
        ("B", node.b, node.shift_b, node.sub_b),
        ("C", node.c, node.shift_c, node.sub_c),
    )
    for name, term, shift, sub in terms:
        value = wires.const(term)
        if value:  # a constant starts at its lowest one: the carry chain may start later
            zeros = (value & -value).bit_length() - 1
            value, shift = value >> zeros, shift + zeros
            width = bits_for(value, value)
            params += [(f"{name}Width", str(width)), (f"{name}Signed", str(int(value < 0)))]
            ports.append((f"{name.lower()}_i", sv.literal(value, width)))
        else:
            params += wires.format(name, term)
            ports.append((f"{name.lower()}_i", wires.whole(term, at)))
        params.append((f"{name}Shift", str(shift)))
        if sub is not None:
            params.append((f"{name}Sub", str(int(sub))))
    return Instance("hwg_add3", [*params, out], ports)


def _chain(wires: Wires, node: Chain, at: int) -> Instance:
    digits = ["".join(f"{truth:x}" for truth in node.truths[k::3][::-1]) for k in range(3)]
    params: Pairs = [("Bits", str(node.positions))]
    params += [
        (name, f"{4 * node.positions}'h{word}") for name, word in zip("ABC", digits, strict=True)
    ]
    params += [("Majority", str(int(node.majorities[0]))), ("Leave", str(node.leave))]
    ports: Pairs = []
    for k, name in enumerate(("a_i", "b_i", "c_i", "gate_i")):
        ports.append((name, _side_by_side(wires, node, node.picks[k::4], at)))
    for name, pick in zip(("carry_i", "majority_i"), node.enter, strict=True):
        ports.append((name, wires.bit(node, pick, at)))
    return Instance(CHAIN_UNIT, params, ports)


def _side_by_side(wires: Wires, node: Chain, picks: Sequence[tuple[int, int]], at: int) -> str:
    """Return bits as one word; the bits of a whole wire in order are that wire.

    Yosys stops where a concatenation is all of a signed wire.
    """
    place = picks[0][0]
    whole = [(place, bit) for bit in range(wires.width[node.ins[place]])] if place >= 0 else []
    if list(picks) == whole:
        return wires.whole(node.ins[place], at)
    return sv.concat([wires.bit(node, pick, at) for pick in picks], "      ")


@dataclass(frozen=True)
class Shared:
    """Parameters that all instances of a unit in a layer have in common.

    Attributes:
        names: of the constant, by module, parameter and value.
        lines: their declarations, for the head of the layer.
    """

    names: Mapping[tuple[str, str, str], str]
    lines: tuple[str, ...]


def shared(instances: Sequence[Instance]) -> Shared:
    """Return the parameters that several instances of a unit share.

    Flags stay where they are, and so do sums, each of which is another one.
    """
    modules = list(dict.fromkeys(i.module for i in instances if i.module not in _APART))
    names: dict[tuple[str, str, str], str] = {}
    lines: list[str] = []
    for module in modules:
        ours = [i for i in instances if i.module == module]
        common = set(ours[0].params).intersection(*(i.params for i in ours))
        if len(ours) < 2:
            continue
        prefix = f"{module.removeprefix('hwg_').upper()}_" if len(modules) > 1 else ""
        kept = [pair for pair in ours[0].params if pair in common and not _FLAG.search(pair[0])]
        found = list(_declared(prefix, kept))
        lines += [f"  // of every {module} below"] if found else []
        for param, value, name, line in found:
            names[module, param, value] = name
            lines.append(line)
    return Shared(names, tuple(lines))


def _declared(prefix: str, params: Pairs) -> Iterator[tuple[str, str, str, str]]:
    """Yield parameter, value, name of the constant and its declaration."""
    for param, value in params:
        name = prefix + re.sub(r"(?<=.)(?=[A-Z][a-z])", "_", param).upper()
        signed = _SIGNED.fullmatch(value)
        if signed:
            kind = f"logic signed {sv.span(int(signed[1]))}"
        elif value.isdecimal():
            kind = "int"
        else:  # a constant of the package has a name already
            continue
        yield param, value, name, f"  localparam {kind} {name} = {value};"
