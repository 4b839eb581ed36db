# SPDX-License-Identifier: Apache-2.0
"""Drives the flow top of a design and compares what comes out.

Everything is written and read at the falling edge: outputs are registered, so what is read in step
n follows from the steps before n, and latency is a difference of steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from axis import Codes, bits, pack, unpack, value
from bench_job import DESIGN, INPUTS, LATENCY, OUTPUTS, ROWS, Failed, count_of, differing
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

RESET = -1  # in a schedule: this cycle the reset is asserted


Seen = tuple[int, tuple[int, ...]]  # step, packed words of the outputs


def _words(codes: Sequence[Codes], ports: Sequence[dict[str, Any]]) -> list[tuple[int, ...]]:
    packed = (pack(c, int(p["width"])) for c, p in zip(codes, ports, strict=True))
    return list(zip(*packed, strict=True))


class Flow:
    """Drives a flow top by a schedule: a row, None for a bubble, or RESET, one entry a cycle."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.edge = FallingEdge(dut.clk_i)
        self.inputs = [getattr(dut, f"{p['name']}_data_i") for p in DESIGN["inputs"]]
        self.outputs = [getattr(dut, f"{p['name']}_data_o") for p in DESIGN["outputs"]]
        self.words = _words(INPUTS, DESIGN["inputs"])
        self.expected = _words(OUTPUTS, DESIGN["outputs"])
        self.ones = [(1 << (p["width"] * count_of(p))) - 1 for p in DESIGN["inputs"]]
        self.raw: dict[int, list[str]] = {}  # of results with an X: their bits

    async def start(self) -> None:
        """Start the clock and reset."""
        Clock(self.dut.clk_i, 10, unit="ns").start()
        self.dut.in_valid_i.value = 0
        for handle in self.inputs:
            handle.value = 0
        self.dut.rst_ni.value = 0
        for _ in range(3):
            await self.edge
        self.dut.rst_ni.value = 1

    async def play(self, schedule: Sequence[int | None]) -> list[Seen]:
        """Play *schedule* and drain; return ``(step, output words)`` of every valid output."""
        dut, edge, out_valid = self.dut, self.edge, self.dut.out_valid_o
        seen: list[Seen] = []
        was_valid: int | None = None
        in_reset = False
        drain: list[int | None] = [None] * (LATENCY + 8)
        for step, entry in enumerate([*schedule, *drain]):
            await edge
            flag = value(out_valid)
            if flag == 1:
                words = tuple(value(handle) for handle in self.outputs)
                if -1 in words:
                    self.raw[len(seen)] = [bits(handle) for handle in self.outputs]
                seen.append((step, words))
            elif flag != 0:
                raise Failed(f"out_valid_o is {bits(out_valid)} in step {step}")
            if in_reset != (entry == RESET):
                in_reset = entry == RESET
                dut.rst_ni.value = int(not in_reset)
            valid = int(entry is not None)
            if valid != was_valid:
                was_valid = valid
                dut.in_valid_i.value = valid
            # In a bubble, and in reset, the wires carry the opposite of a sample: data that is held
            # would hide a missing register.
            row = step % ROWS if entry is None or entry == RESET else entry
            for handle, word, ones in zip(self.inputs, self.words[row], self.ones, strict=True):
                handle.value = word if valid and not in_reset else word ^ ones
        return seen

    def told(self) -> bool:
        """Tell whether the core says that a sample came too early."""
        return value(self.dut.interval_error_o) == 1

    def compare(self, rows: Sequence[int], seen: Sequence[Seen], record: dict[str, Any]) -> None:
        """Check the outputs of *rows*, in order, and record counts and the first difference."""
        record["sent"] += len(rows)
        wrong = []
        for place, (row, (_, words)) in enumerate(zip(rows, seen, strict=False)):
            if words != self.expected[row]:
                wrong.append((place, row, words))
        record["checked"] += min(len(rows), len(seen))
        record["mismatches"] += len({row for _, row, _ in wrong})
        if wrong:
            place, row, words = wrong[0]
            raise Failed(first=self._difference(place, row, words))
        if len(seen) != len(rows):
            raise Failed(f"{len(rows)} samples went in, {len(seen)} results came out")

    def _difference(self, place: int, row: int, words: tuple[int, ...]) -> dict[str, Any]:
        index = next(i for i, word in enumerate(words) if word != self.expected[row][i])
        port, expected = DESIGN["outputs"][index], OUTPUTS[index][row].reshape(-1).tolist()
        size = count_of(port)
        if words[index] != -1:
            got = unpack(words[index], [port["width"]] * size, [port["signed"]] * size)
            return differing(row, index, got, expected)
        raw = self.raw[place][index]
        width, end = int(port["width"]), len(raw)
        elements = (raw[end - (i + 1) * width : end - i * width] for i in range(size))
        known = [set(element) <= {"0", "1"} for element in elements]
        got = [e if k else e - 1 for e, k in zip(expected, known, strict=True)]
        return differing(row, index, got, expected, raw)

    def on_time(self, schedule: Sequence[int | None], seen: Sequence[Seen]) -> None:
        """Check that every result comes exactly LATENCY steps after its sample."""
        steps = [step for step, entry in enumerate(schedule) if entry is not None]
        for step, (when, _) in zip(steps, seen, strict=False):
            if when - step != LATENCY:
                raise Failed(f"latency is {when - step} cycles, claimed are {LATENCY}")
