# SPDX-License-Identifier: Apache-2.0
"""Units that take tensors block by block, stepped a cycle at a time: links, sessions, recovery.

All links write at the falling edge, and once the wires have settled all of them look: what they see
then is what the next rising edge sees (as in axis.py).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from axis import pauses, value
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

Put = Callable[[Any], None]
Session = dict[str, Any]
Tensor = dict[str, Any]


def nothing(_: Any) -> None:
    """Do nothing with what came."""


def always() -> bool:
    """Be willing."""
    return True


async def pour(dut: Any, edge: Any, kind: str, words: Sequence[int], tail: str = "") -> None:
    """Write a memory from address 0 on, a word a cycle.

    Args:
        dut: has ``<kind>_write``, ``<kind>_addr`` and ``<kind>_data``.
        edge: to wait for.
        kind: of the memory.
        words: its contents.
        tail: of the names of the wires.
    """
    for address, word in enumerate(words):
        getattr(dut, f"{kind}_write{tail}").value = 1
        getattr(dut, f"{kind}_addr{tail}").value = address
        getattr(dut, f"{kind}_data{tail}").value = word
        await edge
    getattr(dut, f"{kind}_write{tail}").value = 0


class Offer:
    """A link into the unit: what is queued is offered, and stays until it is taken.

    Attributes:
        queue: what is still to be taken.
    """

    def __init__(
        self, dut: Any, name: str, stop: Iterator[bool], put: Put, items: Iterable[Any] = (),
        taken: Put = nothing, idle: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """Make a link.

        Args:
            dut: has ``<name>_valid_i`` and ``<name>_ready_o``.
            name: of the link.
            stop: whether it pauses, cycle by cycle.
            put: writes the wires of an item.
            items: that are queued.
            taken: is told of an item when it is taken.
            idle: writes the wires of a cycle in which nothing is offered.
        """
        self._valid, self._ready = getattr(dut, f"{name}_valid_i"), getattr(dut, f"{name}_ready_o")
        self._stop, self._put, self._taken, self._idle = stop, put, taken, idle
        self._offered = False
        self.queue: deque[Any] = deque(items)

    def drive(self) -> None:
        """Write this cycle's wires."""
        if not self._offered:
            if self.queue and not next(self._stop):
                self._offered = True
                self._put(self.queue[0])
            else:
                self._idle()
        self._valid.value = int(self._offered)

    def look(self) -> bool:
        """Tell whether the item is taken at the coming edge."""
        if not (self._offered and value(self._ready)):
            return False
        self._offered = False
        self._taken(self.queue.popleft())
        return True


class Watch:
    """A link out of the unit: what is offered must stay as it is until it is taken."""

    def __init__(
        self, dut: Any, name: str, stop: Iterator[bool], fields: Sequence[str], taken: Put,
        willing: Callable[[], bool] = always,
    ) -> None:  # fmt: skip
        """Make a link.

        Args:
            dut: has ``<name>_valid_o``, ``<name>_ready_i`` and ``<name>_<field>_o``.
            name: of the link.
            stop: whether it pauses, cycle by cycle.
            fields: that belong to an item.
            taken: is told of the fields of an item when it is taken.
            willing: whether one may be taken at all.
        """
        self._valid, self._ready = getattr(dut, f"{name}_valid_o"), getattr(dut, f"{name}_ready_i")
        self._wires = [getattr(dut, f"{name}_{field}_o") for field in fields]
        self._stop, self._taken, self._may, self._name = stop, taken, willing, name
        self._willing = False
        self._held: tuple[int, ...] | None = None

    def drive(self) -> None:
        """Write this cycle's ready."""
        self._willing = not next(self._stop) and self._may()
        self._ready.value = int(self._willing)

    def look(self) -> bool:
        """Tell whether an item is taken at the coming edge."""
        if not value(self._valid):
            assert self._held is None, f"{self._name}: a word was withdrawn"
            return False
        found = tuple(value(wire) for wire in self._wires)
        changed = f"{self._name}: a word changed while it was stalled"
        assert self._held in (None, found), changed
        self._held = None if self._willing else found
        if self._willing:
            self._taken(found)
        return self._willing


class BlockBench(ABC):
    """A unit, and sessions that are run on it.

    A session has ``stalls`` (a pattern of pauses for each link), ``bound`` (cycles that it may
    take; 0: any number) and ``tensors``, each with ``blocks``.

    Attributes:
        dut: the unit.
        edge: between two cycles.
        cycle: that were run.
    """

    inputs: tuple[str, ...]  # wires that are 0 in reset
    patience: int  # cycles without a move, after which the unit hangs

    def __init__(self, dut: Any, seed: int) -> None:
        self.dut, self.seed = dut, seed
        self.edge = FallingEdge(dut.clk_i)
        self.cycle = 0

    @abstractmethod
    async def describe(self, tensor: Tensor) -> None:
        """Tell the unit what the next tensor is."""

    @abstractmethod
    def links(
        self, tensor: Tensor, came: list[Any], stops: Sequence[Iterator[bool]]
    ) -> Sequence[Offer | Watch]:
        """Return the links of a tensor; blocks that come out go into *came*."""

    async def start(self, **memories: Sequence[int]) -> None:
        """Start the clock, reset, and write memories, each by the name of its wires."""
        for kind in memories:
            getattr(self.dut, f"{kind}_write_i").value = 0
        Clock(self.dut.clk_i, 10, unit="ns").start()
        await self.reset(3)
        for kind, words in memories.items():
            await pour(self.dut, self.edge, kind, words, "_i")

    async def reset(self, cycles: int) -> None:
        """Reset, and withdraw what was offered."""
        await self.edge
        self.dut.rst_ni.value = 0
        for name in self.inputs:
            getattr(self.dut, f"{name}_i").value = 0
        for _ in range(cycles):
            await self.edge
        self.dut.rst_ni.value = 1

    async def run(self, session: Session, cycles: int = 0) -> list[Any]:
        """Run a session to its end, or for some cycles; return the blocks that came out."""
        came: list[Any] = []
        stops = [pauses(p, self.seed + i, 37) for i, p in enumerate(session["stalls"])]
        began = self.cycle
        until = cycles and began + cycles
        for tensor in session["tensors"]:
            await self.edge
            await self.describe(tensor)
            wanted = len(came) + len(tensor["blocks"])
            await self._step(self.links(tensor, came, stops), came, wanted, until)
            if until and self.cycle >= until:
                return came
        taken, bound = self.cycle - began, int(session["bound"])
        assert not bound or taken <= bound, f"{taken} cycles, at most {bound} expected"
        return came

    async def _step(
        self, links: Sequence[Offer | Watch], came: list[Any], wanted: int, until: int
    ) -> None:
        quiet = 0
        while len(came) < wanted and (self.cycle < until or not until):
            await self.edge
            for link in links:
                link.drive()
            await ReadOnly()
            self.cycle += 1
            moved = [link.look() for link in links]
            quiet = 0 if any(moved) else quiet + 1
            assert quiet < self.patience, f"hangs after {len(came)} of {wanted} blocks"

    async def all(
        self, sessions: Sequence[Session], compare: Callable[[Session, list[Any]], None]
    ) -> None:
        """Run sessions, and hold each against what is known of it."""
        assert sessions
        for session in sessions:
            compare(session, await self.run(session))

    async def recover(
        self, session: Session, lengths: Sequence[int],
        compare: Callable[[Session, list[Any]], None],
    ) -> None:  # fmt: skip
        """Reset in the middle of a session, after so many cycles each time, and run it whole."""
        for length in lengths:
            await self.run(session, length)
            await self.reset(1)
            compare(session, await self.run(session))
