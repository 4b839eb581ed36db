# SPDX-License-Identifier: Apache-2.0
"""Lanes and phases of a serial module as text: delayed digits, phase signals, the chain of firsts.

``n33_q2`` is the digit of ``n33`` two cycles later; ``n33_q2_0`` its lane 0 alone, where the lanes
are read at unlike delays. ``first_i[k]`` is high in the cycle of a first digit; ``phase5_3`` from
cycle 5 on, for three digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hwgen.emit.verilog import sv
from hwgen.logic.nodes import Wire
from hwgen.logic.serial.lines import SHIFT_REGISTER, LaneRead, lines, linked, steps


class Lanes:
    """Delay lines of a module.

    Attributes:
        names: of the wires that it reads or makes.
        digit: lanes of each.
    """

    def __init__(self, names: Mapping[Wire, str], digit: int, reads: Iterable[LaneRead]) -> None:
        self.names, self.digit = names, digit
        every = list(reads)
        self.lines, self.linked = lines(every), linked(every)

    def _alike(self, wire: Wire) -> bool:
        """Tell whether all lanes of a wire are read at the same delays."""
        lanes = self.lines[wire]
        return len(lanes) == self.digit and len(set(lanes)) == 1

    def bit(self, wire: Wire, lane: int, delay: int) -> str:
        """Return a lane so many cycles later."""
        name = self.names[wire]
        if delay and not self._alike(wire):
            return f"{name}_q{delay}_{lane}" if self.digit > 1 else f"{name}_q{delay}"
        at = f"{name}_q{delay}" if delay else name
        return f"{at}[{lane}]"

    def word(self, reads: Sequence[LaneRead]) -> str:
        """Return the lanes of an operand, the first one lowest."""
        wire, delay = reads[0].wire, reads[0].shared
        in_order = all(r.lane == i and r.shared == delay for i, r in enumerate(reads))
        if in_order and (not delay or self._alike(wire)):
            return f"{self.names[wire]}_q{delay}" if delay else self.names[wire]
        if self.digit == 1:
            return f"{self.names[wire]}_q{delay}" if delay else self.names[wire]
        return sv.concat([self.bit(r.wire, r.lane, r.shared) for r in reads], "    ")

    def registers(self, wire: Wire) -> Iterator[str]:
        """Yield the delay lines of a wire."""
        if wire not in self.lines or not any(self.lines[wire]):
            return
        name = self.names[wire]
        if self._alike(wire) or self.digit == 1:
            lanes = [(self.lines[wire][0], f"{sv.span(self.digit)} ", "", name)]
        else:
            lanes = [
                (delays, "", f"_{lane}", f"{name}[{lane}]")
                for lane, delays in enumerate(self.lines[wire])
            ]
        for delays, kind, suffix, source in lanes:
            width = self.digit if kind else 1
            for begin, end in steps(delays):
                before = f"{name}_q{begin}{suffix}" if begin else source
                out, cycles = f"{name}_q{end}{suffix}", end - begin
                if not begin and self.linked.get(wire):
                    yield from _delay("hwg_link_delay", kind, width, cycles, before, out)
                elif cycles >= SHIFT_REGISTER:
                    yield from _delay("hwg_serial_delay", kind, width, cycles, before, out)
                else:
                    chain = [f"{name}_q{d}{suffix}" for d in range(begin + 1, end + 1)]
                    yield from _flops(chain, kind, before)


def _delay(module: str, kind: str, width: int, cycles: int, before: str, out: str) -> Iterator[str]:
    yield f"  logic {kind}{out};"
    params = [("Width", str(width)), ("Cycles", str(cycles))]
    ports = [("clk_i", "clk_i"), ("data_i", before), ("data_o", out)]
    yield from sv.unit(module, f"u_{out}", params, ports)


def _flops(chain: Sequence[str], kind: str, before: str) -> Iterator[str]:
    yield f"  logic {kind}{', '.join(chain)};"
    moves = " ".join(f"{b} <= {a};" for a, b in zip([before, *chain], chain, strict=False))
    yield (
        f"  always_ff @(posedge clk_i) {moves}"
        if len(chain) == 1
        else f"  always_ff @(posedge clk_i) begin {moves} end"
    )


class Phases:
    """Phase signals of a module: they begin with the first digit of a word and travel with it.

    Cycles are those behind the sample. Of ``first_i`` the module has the part that it needs.
    """

    def __init__(self) -> None:
        self.used: set[int] = set()
        self.made: dict[tuple[int, int], None] = {}

    def first(self, cycle: int) -> str:
        """Return the signal that is high in one cycle."""
        assert cycle >= 0, "a phase before the sample"
        self.used.add(cycle)
        return f"first[{cycle}]"

    def over(self, cycle: int, digits: int) -> str:
        """Return the signal that is high in some cycles from one on."""
        assert digits >= 1
        if digits == 1:
            return self.first(cycle)
        if cycle == 0:  # the sample itself is the first of them
            return f"({self.first(0)} | {self.over(1, digits - 1)})"
        self.used.update((cycle - 1, cycle + digits - 1))
        self.made[cycle, digits] = None
        return f"phase{cycle}_{digits}"

    def span(self, begin: int, end: int) -> str:
        """Return the firsts of all cycles from *begin* to *end*."""
        self.used.update(range(begin, end + 1))
        return f"first[{end}:{begin}]"

    @property
    def ends(self) -> tuple[int, int]:
        """The first and the last cycle whose first digit the module knows."""
        return min(self.used), max(self.used)

    def declared(self) -> Iterator[str]:
        """Yield the units that make the phases."""
        for cycle, digits in sorted(self.made):
            name = f"phase{cycle}_{digits}"
            yield f"  logic {name};"
            ports = [
                ("clk_i", "clk_i"),
                ("start_i", f"first[{cycle - 1}]"),
                ("stop_i", f"first[{cycle + digits - 1}]"),
                ("phase_o", name),
            ]
            yield from (f"  hwg_serial_phase u_{name} ({_wired(ports)});",)

    def text(self, registers: int) -> tuple[list[str], tuple[int, int] | None]:
        """Return the lines that make all phases, and the bits of the chain that they come from.

        Args:
            registers: on the link from the layer before. Where there are some, a single bit comes
                in, so many cycles ahead, and the chain is made anew from it.
        """
        if not self.used:
            return [], None
        low, high = self.ends
        begin = max(low - registers, 0) if registers else low
        taken = (begin, begin) if registers else (low, high)
        lines = ["  // first[k]: the first digit of a word that begins in cycle k is here"]
        if registers and high > begin:
            lines.append(f"  logic [{high}:{begin}] first;")
            ports = [("clk_i", "clk_i"), ("rst_ni", "rst_ni"), ("valid_i", "first_i")]
            made = [("Cycles", str(high - begin))]
            lines += sv.unit("hwg_serial_first", "u_first", made, [*ports, ("first_o", "first")])
        else:
            lines.append(f"  wire [{high}:{begin}] first = first_i;")
        unread = [f"first[{k}]" for k in range(begin, high + 1) if k not in self.used]
        lines += sv.unused("first", unread) if unread else []
        return [*lines, *(["", *self.declared()] if self.made else [])], taken


def _wired(ports: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f".{k}({v})" for k, v in ports)
