# SPDX-License-Identifier: Apache-2.0
"""Drives the stream top of a design: samples enter and leave as words, each port at its pace."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from axis import bits, pack, pauses, unpack, value
from bench_job import DESIGN, INPUTS, INTERVAL, LATENCY, OUTPUTS, SEED, Failed, differing
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

_LINKS = {link["name"]: link for link in DESIGN["links"]}


class WordSource:
    """Offers words; once valid, a word stays until it is taken.

    Attributes:
        queue: words still to be offered.
        times: the cycle in which each was taken.
    """

    def __init__(self, dut: Any, name: str, width: int) -> None:
        self._valid, self._ready = getattr(dut, f"{name}_valid_i"), getattr(dut, f"{name}_ready_o")
        self._data, self._ones = getattr(dut, f"{name}_data_i"), (1 << width) - 1
        self.queue: deque[int] = deque()
        self.times: list[int] = []
        self.pattern = pauses("none")
        self.idle()

    def idle(self) -> None:
        """Withdraw everything: for reset."""
        self.queue.clear()
        self.times.clear()
        self._offered = False
        self._valid.value = 0
        self._data.value = 0

    @property
    def busy(self) -> bool:
        """True while a word is offered or waits."""
        return self._offered or bool(self.queue)

    def drive(self) -> None:
        """Write this cycle's values."""
        paused = next(self.pattern)
        if self._offered:
            return
        if paused or not self.queue:
            # Data without valid must not matter: show the opposite of what comes next.
            self._valid.value = 0
            self._data.value = (self.queue[0] if self.queue else 0) ^ self._ones
        else:
            self._offered = True
            self._valid.value = 1
            self._data.value = self.queue[0]

    def look(self, cycle: int) -> None:
        """Note whether the word is taken at the coming edge."""
        if self._offered and value(self._ready) == 1:
            self._offered = False
            self.queue.popleft()
            self.times.append(cycle)


class WordSink:
    """Takes words and watches the handshake.

    Attributes:
        taken: words in order; -1 where a bit was X.
        raw: of words with an X, by their place: their bits.
        times: the cycle in which each was taken.
        violation: the first breach of the handshake, or empty.
    """

    def __init__(self, dut: Any, name: str) -> None:
        self.name = name
        self._valid, self._ready = getattr(dut, f"{name}_valid_o"), getattr(dut, f"{name}_ready_i")
        self._data = getattr(dut, f"{name}_data_o")
        self.pattern: Iterator[bool] | None = pauses("none")
        self.idle()

    def idle(self) -> None:
        """Forget everything: for reset."""
        self._held: int | None = None
        self._willing = False
        self._ready.value = 0
        self.taken: list[int] = []
        self.raw: dict[int, str] = {}
        self.times: list[int] = []
        self.violation = ""

    def drive(self) -> None:
        """Write this cycle's ready; without a pattern, ready waits for valid."""
        willing = self._held is not None if self.pattern is None else not next(self.pattern)
        if willing != self._willing:
            self._willing = willing
            self._ready.value = int(willing)

    def look(self, cycle: int) -> None:
        """Note what happens at the coming edge."""
        valid = value(self._valid)
        if valid != 1:
            if valid == -1:
                self._breach(cycle, "valid is X")
            elif self._held is not None:
                self._breach(cycle, "valid fell before ready")
            self._held = None
            return
        word = value(self._data)
        if self._held is not None and word != self._held:
            self._breach(cycle, "data changed while stalled")
        self._held = word
        if self._willing:
            if word == -1:
                self.raw[len(self.taken)] = bits(self._data)
            self._held = None
            self.taken.append(word)
            self.times.append(cycle)

    def _breach(self, cycle: int, what: str) -> None:
        self.violation = self.violation or f"output {self.name}: {what} (cycle {cycle})"


class Words:
    """Sources on every input, sinks on every output of the stream top."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.edge = FallingEdge(dut.clk_i)
        ins, outs = DESIGN["inputs"], DESIGN["outputs"]
        self.sources = [WordSource(dut, p["name"], _width(p)) for p in ins]
        self.sinks = [WordSink(dut, p["name"]) for p in outs]
        self.frames = [_frames(codes, p) for codes, p in zip(INPUTS, ins, strict=True)]
        self.expected = [_frames(codes, p) for codes, p in zip(OUTPUTS, outs, strict=True)]
        self.drivers: list[WordSource | WordSink] = [*self.sources, *self.sinks]
        self.valids = [getattr(dut, f"{p['name']}_valid_o") for p in outs]
        self.stall = min(4 * (LATENCY + INTERVAL), 400) + 32
        self.cycle = 0

    async def start(self) -> None:
        """Start the clock and reset."""
        self.dut.rst_ni.value = 0
        Clock(self.dut.clk_i, 10, unit="ns").start()
        await self.reset(3)

    async def reset(self, length: int) -> None:
        """Reset; what was offered is withdrawn."""
        await self.edge
        self.dut.rst_ni.value = 0
        for driver in self.drivers:
            driver.idle()
        for _ in range(length):
            await self.edge
        for port, handle in zip(DESIGN["outputs"], self.valids, strict=True):
            if value(handle) != 0:
                raise Failed(f"valid of {port['name']} is {bits(handle)} in reset")
        self.dut.rst_ni.value = 1

    def patterns(self, source: str, sink: str | None) -> None:
        """Choose how sources and sinks pause; a sink without pattern waits for valid."""
        for i, src in enumerate(self.sources):
            src.pattern = pauses(source, SEED + i, self.stall)
        for i, snk in enumerate(self.sinks):
            snk.pattern = None if sink is None else pauses(sink, SEED + 50 + i, self.stall)

    def send(self, rows: Sequence[int]) -> None:
        """Queue the words of *rows* on every input."""
        for source, frames in zip(self.sources, self.frames, strict=True):
            for row in rows:
                source.queue.extend(frames[row])

    async def step(self) -> None:
        """Run one cycle."""
        await self.edge
        for driver in self.drivers:
            driver.drive()
        await ReadOnly()
        for driver in self.drivers:
            driver.look(self.cycle)
        self.cycle += 1

    async def drain(self) -> None:
        """Run until nothing has moved for so long that nothing will."""
        words = max(len(s.queue) for s in self.sources)
        frames = max(
            len(s.queue) // words_of(p) for s, p in zip(self.sources, DESIGN["inputs"], strict=True)
        )
        limit = self.cycle + 8 * (words + (frames + 2) * INTERVAL) + 8 * LATENCY + 20 * self.stall
        patience = 2 * (self.stall + LATENCY + INTERVAL)
        quiet, before = 0, -1
        while quiet < patience:
            if self.cycle > limit:
                raise Failed(f"the stream does not come to rest after {frames} samples")
            await self.step()
            moved = sum(len(s.times) for s in self.drivers)
            quiet = 0 if moved != before else quiet + 1
            before = moved
        for sink in self.sinks:
            if sink.violation:
                raise Failed(sink.violation)

    def _outs(self) -> list[tuple[WordSink, dict[str, Any]]]:
        return list(zip(self.sinks, DESIGN["outputs"], strict=True))

    def compare(self, rows: Sequence[int], record: dict[str, Any]) -> None:
        """Check that exactly the words of *rows* were taken, and forget them."""
        record["sent"] += len(rows)
        wrong: set[int] = set()
        first: Failed | None = None
        checked = len(rows)
        for index, (sink, port) in enumerate(self._outs()):
            size = words_of(port)
            checked = min(checked, len(sink.taken) // size)
            for place, row in enumerate(rows[: len(sink.taken) // size]):
                got = sink.taken[place * size : (place + 1) * size]
                if got != self.expected[index][row]:
                    wrong.add(place)
                    first = first or _difference(index, row, sink, place * size)
            if first is None and len(sink.taken) != size * len(rows):
                stuck = ", an input is stuck" if any(s.busy for s in self.sources) else ""
                came = f"{size * len(rows)} words expected, {len(sink.taken)} came"
                first = Failed(f"output {port['name']}: {came}{stuck}")
        record["checked"] += checked
        record["mismatches"] += len(wrong)
        if first is not None:
            raise first
        for sink in self.sinks:
            sink.taken.clear()
            sink.raw.clear()
            sink.times.clear()
        for source in self.sources:
            source.times.clear()

    async def check(self, rows: Sequence[int], record: dict[str, Any]) -> None:
        """Send *rows*, run dry, compare."""
        self.send(rows)
        await self.drain()
        self.compare(rows, record)


def _difference(index: int, row: int, sink: WordSink, start: int) -> Failed:
    port = DESIGN["outputs"][index]
    lanes, width = len(_LINKS[port["link"]]["fields"]["width"]), int(port["width"])
    words = sink.taken[start : start + words_of(port)]
    expected = OUTPUTS[index][row].reshape(-1).tolist()
    raw = [sink.raw.get(start + i, "") for i in range(len(words))]
    if not any(raw):
        got: list[int] = []
        for word in words:
            got += unpack(word, [width] * lanes, [bool(port["signed"])] * lanes)
        return Failed(first=differing(row, index, got, expected))
    texts = [r or format(w, f"0{lanes * width}b") for r, w in zip(raw, words, strict=True)]
    text = "".join(reversed(texts))  # element 0 in the last characters
    parts = [
        text[len(text) - (i + 1) * width : len(text) - i * width] for i in range(len(expected))
    ]
    known = [set(part) <= {"0", "1"} for part in parts]
    got = [e if k else e - 1 for e, k in zip(expected, known, strict=True)]
    return Failed(first=differing(row, index, got, expected, text))


def words_of(port: dict[str, Any]) -> int:
    """Return the words of a sample."""
    return int(_LINKS[port["link"]]["words"])


def _width(port: dict[str, Any]) -> int:
    return sum(_LINKS[port["link"]]["fields"]["width"])


def _frames(codes: Any, port: dict[str, Any]) -> list[list[int]]:
    """Return the words of every sample."""
    words = words_of(port)
    packed = pack(codes.reshape(len(codes) * words, -1), int(port["width"]))
    return [packed[i * words : (i + 1) * words] for i in range(len(codes))]
