# SPDX-License-Identifier: Apache-2.0
"""Blocks of a coded file, one by one: what `hwgen codec inspect` shows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from hwgen.api.codec_files import container
from hwgen.api.results import VerbResult
from hwgen.codec.tensor import Coded
from hwgen.codec.wire import Fault, Mode
from hwgen.errors import VerifyError, count_of


@dataclass(frozen=True)
class Block:
    """Block of a coded map.

    Attributes:
        map, block: their numbers.
        at: place of its first value (y, x, c).
        values: how many.
        mode: ``raw``, ``zero`` or ``coded``; empty where its header is damaged.
        bytes: coded.
        sub_streams: bytes of each.
        fault: its name; ``NONE`` where there is none.
    """

    map: int
    block: int
    at: tuple[int, ...]
    values: int
    mode: str
    bytes: int
    sub_streams: tuple[int, ...]
    fault: str

    def __str__(self) -> str:
        subs = " ".join(str(n) for n in self.sub_streams)
        fault = "" if self.fault == "NONE" else self.fault
        return (
            f"{self.map:>4} {self.block:>5} {','.join(map(str, self.at)):>14} "
            f"{self.values:>6} {self.mode:>5} {self.bytes:>5} "
            f"{8 * self.bytes / self.values:>6.2f} {subs:>19}  {fault}"
        ).rstrip()


@dataclass(frozen=True, repr=False)
class Inspected(VerbResult):
    """Blocks of a coded file.

    Attributes:
        maps: how many.
        blocks: all of them, or the damaged ones.
        damaged: how many are.
        bytes: that a reader fetches.
        heading: what all blocks share, in two lines.
        total: how many blocks there are.
    """

    maps: int
    blocks: tuple[Block, ...]
    damaged: int
    bytes: int
    heading: tuple[str, ...]
    total: int

    def as_dict(self) -> dict[str, object]:
        """Return the figures."""
        return {
            "maps": self.maps,
            "blocks": [asdict(block) for block in self.blocks],
            "damaged": self.damaged,
            "bytes": self.bytes,
        }

    def text(self) -> str:
        """Return a line a block."""
        head = (
            f"{'map':>4} {'block':>5} {'at y,x,c':>14} {'values':>6} {'mode':>5} {'bytes':>5} "
            f"{'bits':>6} {'sub-streams':>19}  fault"
        )
        damaged = f"{self.damaged} damaged" if self.damaged else "none damaged"
        last = f"{count_of(self.total, 'block')}, {damaged}"
        return "\n".join([*self.heading, "", head, *map(str, self.blocks), last])


def inspect_file(data: Path, only_damaged: bool = False) -> Inspected:
    """Return the blocks of an ``.hfm`` file, with what is wrong with each.

    Args:
        data: the file.
        only_damaged: leave the good ones out.

    Raises:
        ConfigError: it cannot be read, or what all blocks need is damaged.
        VerifyError: blocks are damaged; the error carries the table.
    """
    made = container(data)
    grid, form, choice = made.choice.grid, made.choice.format(made.tables), made.choice
    rows = tuple(row for i, coded in enumerate(made.maps) for row in _blocks(i, coded))
    damaged = tuple(row for row in rows if row.fault != "NONE")
    shape = "x".join(map(str, made.shape))
    traffic = sum(coded.traffic for coded in made.maps)
    values = grid.size * len(made.maps)
    layout = "slotted" if made.maps[0].slot else "packed"
    heading = (
        f"{shape} {made.dtype}: {count_of(len(made.maps), 'map')} of "
        f"{'x'.join(map(str, choice.shape))}, {choice.mode}, {form.coder.name.lower()}, "
        f"{form.bits} bits{' signed' if form.signed else ''}, {layout}, key {form.key:08x}",
        f"blocks of {'x'.join(map(str, choice.block))}, {grid.blocks} a map; "
        f"{traffic} bytes, {8 * traffic / values:.3f} bits a value",
    )
    shown = damaged if only_damaged else rows
    found = Inspected(len(made.maps), shown, len(damaged), traffic, heading, len(rows))
    if damaged:
        what = f"{count_of(len(damaged), 'block')} of {len(rows)} damaged"
        raise VerifyError(what, str(data)).carrying(found)
    return found


def _blocks(number: int, coded: Coded) -> list[Block]:
    rows = []
    for block in range(coded.grid.blocks):
        header, used, fault = coded.examine(block)
        if not fault:
            fault = coded.decode_block(block)[1]
        place = coded.grid.where(block)
        h, w, c = coded.grid.shape(block)
        subs: list[int] = []
        if header is not None and header.mode == Mode.CODED and fault in (Fault.NONE, Fault.STATE):
            subs = [*header.subs, header.words - sum(header.subs)]
        rows.append(
            Block(
                map=number,
                block=block,
                at=tuple(side.start for side in place),
                values=h * w * c,
                mode="" if header is None else Mode(header.mode).name.lower(),
                bytes=used,
                sub_streams=tuple(2 * n for n in subs),
                fault=fault.name,
            )
        )
    return rows
