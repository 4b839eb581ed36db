# SPDX-License-Identifier: Apache-2.0
"""Packing, pause patterns, and AXI-Stream drivers and monitors for every bench.

The drivers are plain objects stepped by one loop: all of them write at the falling edge, and once
the wires have settled all of them look. What they see then is what the next rising edge sees, so
that a ready which depends on a valid (or on another ready) is judged as the hardware judges it.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

WIRES = ("tvalid", "tready", "tdata", "tkeep", "tlast")

Codes = npt.NDArray[np.int64]


def pack(codes: Codes, width: int) -> list[int]:
    """Return one integer a row: element i of ``codes[row]`` in bits ``[i*width, (i+1)*width)``."""
    rows = np.ascontiguousarray(codes, np.int64).reshape(len(codes), -1)
    # An arithmetic shift by 63 is the sign, which is what fills a word wider than int64.
    shifts = np.minimum(np.arange(width), 63)
    packed: list[int] = []
    for start in range(0, len(rows), 256):
        part = rows[start : start + 256]
        bits = ((part[:, :, None] >> shifts) & 1).astype(np.uint8)
        lines = np.packbits(bits.reshape(len(part), -1), axis=1, bitorder="little")
        packed += [int.from_bytes(line.tobytes(), "little") for line in lines]
    return packed


def unpack(word: int, widths: Sequence[int], signed: Sequence[bool]) -> list[int]:
    """Split a packed word into its elements, first one in the lowest bits."""
    elements = []
    for width, negative in zip(widths, signed, strict=True):
        value = word & ((1 << width) - 1)
        if negative and value >> (width - 1):
            value -= 1 << width
        elements.append(value)
        word >>= width
    return elements


def beats(values: list[list[int]], lanes: int, bits: int) -> deque[int]:
    """Return the beats that carry the blocks of a tensor: each begins with a new one."""
    mask = (1 << bits) - 1
    return deque(
        sum((v & mask) << bits * i for i, v in enumerate(block[at : at + lanes]))
        for block in values
        for at in range(0, len(block), lanes)
    )


def bits(handle: Any) -> str:
    """Return a signal's value as a string of 0, 1 and, in a four-state simulator, X and Z."""
    return str(handle.value)


def value(handle: Any) -> int:
    """Return a signal's bits as an unsigned integer; -1 if any of them is X or Z."""
    try:
        return int(handle.value)
    except ValueError:
        return -1


def elements(handle: Any, fields: Sequence[dict[str, Any]]) -> list[int | None]:
    """Split a signal into fields of a width and a sign; None where a bit of one is X or Z."""
    text = bits(handle)
    widths, signed = [int(f["width"]) for f in fields], [bool(f["signed"]) for f in fields]
    codes = unpack(int("".join(c if c in "01" else "0" for c in text), 2), widths, signed)
    vague = unpack(int("".join(str(int(c not in "01")) for c in text), 2), widths, signed)
    return [None if x else code for code, x in zip(codes, vague, strict=True)]


def pauses(pattern: str, seed: int = 0, stall: int = 64) -> Iterator[bool]:
    """Yield, cycle by cycle, whether to pause.

    Args:
        pattern: ``none``, ``alternate``, ``random`` (half of the cycles, in runs), ``long_stall``
            (*stall* cycles at the start and after every 2 * *stall* cycles) or ``trickle`` (all
            but one of *stall* cycles).
        seed: of ``random``.
        stall: length of a long stall, in cycles.
    """
    rng = random.Random(seed)
    paused, cycle = False, 0
    while True:
        if pattern == "none":
            paused = False
        elif pattern == "alternate":
            paused = not paused
        elif pattern == "random":
            paused = rng.random() < (0.6 if paused else 0.35)
        elif pattern == "long_stall":
            paused = cycle % (3 * stall) < stall
        elif pattern == "trickle":
            paused = cycle % stall != 0
        else:
            raise ValueError(f"no pause pattern {pattern!r}")
        cycle += 1
        yield paused


@dataclass(frozen=True)
class Beat:
    """One transfer of an AXI-Stream."""

    data: int
    keep: int
    last: bool


@dataclass(frozen=True)
class Framing:
    """Frames in which the samples of one port travel: see docs/links.md.

    Attributes:
        signed: two's complement, sign-extended into its container; else zero-extended.
        count: elements of a sample.
        container: bits an element takes in the frame, a multiple of 8.
        data_width: bits of a beat.
    """

    signed: bool
    count: int
    container: int
    data_width: int

    @property
    def beats(self) -> int:
        """Beats of a frame."""
        return -(-self.count * self.container // self.data_width)

    @property
    def full(self) -> int:
        """TKEEP of every beat but the last."""
        return (1 << (self.data_width // 8)) - 1

    @property
    def final(self) -> int:
        """TKEEP of the last beat: the bytes used."""
        used = self.count * self.container - (self.beats - 1) * self.data_width
        return (1 << (used // 8)) - 1

    def frames(self, codes: Codes) -> list[list[Beat]]:
        """Return the frame of every sample."""
        return [self.split(word) for word in pack(codes, self.container)]

    def split(self, word: int) -> list[Beat]:
        """Cut the containers of one sample into beats."""
        mask = (1 << self.data_width) - 1
        pieces = [(word >> (i * self.data_width)) & mask for i in range(self.beats)]
        final = pieces.pop()
        return [*(Beat(piece, self.full, False) for piece in pieces), Beat(final, self.final, True)]

    def elements(self, frame: Sequence[Beat]) -> list[int]:
        """Return the containers of a received frame as signed or unsigned integers."""
        word = sum(beat.data << (i * self.data_width) for i, beat in enumerate(frame))
        return unpack(word, [self.container] * self.count, [self.signed] * self.count)


def keep_mask(keep: int) -> int:
    """Return the data bits that a TKEEP marks."""
    mask, byte = 0, 0
    while keep >> byte:
        if keep >> byte & 1:
            mask |= 0xFF << (8 * byte)
        byte += 1
    return mask


class AxisSource:
    """Offers beats; once valid, a beat stays until it is taken.

    Attributes:
        queue: beats still to be offered.
        sent: beats taken.
    """

    def __init__(self, dut: Any, prefix: str, data_width: int) -> None:
        self._valid, self._ready, self._data, self._keep, self._last = (
            getattr(dut, f"{prefix}_{name}") for name in WIRES
        )
        self._ones = (1 << data_width) - 1
        self._offered: Beat | None = None
        self.queue: deque[Beat] = deque()
        self.sent = 0
        self.pattern = pauses("none")
        self.idle()

    def idle(self) -> None:
        """Withdraw everything: for reset."""
        self.queue.clear()
        self._offered = None
        self._valid.value = 0
        self._put(Beat(0, 0, False))

    @property
    def busy(self) -> bool:
        """True while a beat is offered or waits."""
        return bool(self.queue) or self._offered is not None

    def drive(self) -> None:
        """Write this cycle's values."""
        if self._offered is not None:
            next(self.pattern)
        elif next(self.pattern) or not self.queue:
            # What lies on the bus without tvalid must not matter: show the opposite of a good beat.
            self._valid.value = 0
            beat = self.queue[0] if self.queue else Beat(0, 0, False)
            self._put(Beat(beat.data ^ self._ones, beat.keep, not beat.last))
        else:
            self._offered = self.queue.popleft()
            self._valid.value = 1
            self._put(self._offered)

    def look(self) -> None:
        """Note whether the beat is taken at the coming edge."""
        if self._offered is not None and value(self._ready) == 1:
            self._offered = None
            self.sent += 1

    def _put(self, beat: Beat) -> None:
        self._data.value = beat.data
        self._keep.value = beat.keep
        self._last.value = int(beat.last)


class AxisSink:
    """Takes beats and watches the handshake.

    Attributes:
        taken: beats in order; data is -1 where a bit was X.
        times: the cycle in which each was taken.
        violation: the first breach of the handshake, or empty.
    """

    def __init__(self, dut: Any, prefix: str) -> None:
        self._prefix = prefix
        self._valid, self._ready, self._data, self._keep, self._last = (
            getattr(dut, f"{prefix}_{name}") for name in WIRES
        )
        self.pattern: Iterator[bool] | None = pauses("none")
        self.idle()

    def idle(self) -> None:
        """Forget everything: for reset."""
        self._held: Beat | None = None
        self._willing = False
        self._ready.value = 0
        self.taken: list[Beat] = []
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
                self._breach(cycle, "tvalid is X")
            elif self._held is not None:
                self._breach(cycle, "tvalid fell before tready")
            self._held = None
            return
        beat = self._beat()
        if self._held is not None and beat != self._held:
            self._breach(cycle, "tdata, tkeep or tlast changed while stalled")
        self._held = beat
        if self._willing:
            self._held = None
            self.taken.append(beat)
            self.times.append(cycle)

    def _beat(self) -> Beat:
        return Beat(value(self._data), value(self._keep), value(self._last) == 1)

    def _breach(self, cycle: int, what: str) -> None:
        self.violation = self.violation or f"{self._prefix}: {what} (cycle {cycle})"
