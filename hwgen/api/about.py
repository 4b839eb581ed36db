# SPDX-License-Identifier: Apache-2.0
"""Lists about hwgen itself: boards, layers and operations, tools that were found."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from hwgen.api.results import VerbResult
from hwgen.doctor import Check
from hwgen.doctor import doctor as look
from hwgen.target.board import Board
from hwgen.target.board import boards as known_boards


@dataclass(frozen=True, repr=False)
class BoardList(VerbResult):
    """Boards that are known."""

    boards: tuple[Board, ...]

    def as_dict(self) -> dict[str, object]:
        """Return name, part, clocks and resources of each."""
        rows = [
            {
                "name": b.name, "title": b.title, "part": b.part, "family": b.family.name,
                "default_mhz": b.default_mhz, "max_mhz": b.max_mhz, **asdict(b.budget),
            }
            for b in self.boards
        ]  # fmt: skip
        return {"boards": rows}

    def text(self) -> str:
        """Return a line a board."""
        return "\n".join(
            f"{b.name:<16} {b.budget.lut:>9,} LUT  {b.default_mhz:g} MHz (max {b.max_mhz:g})  "
            f"{b.title}"
            for b in self.boards
        )


def boards() -> BoardList:
    """Return the boards."""
    return BoardList(known_boards())


@dataclass(frozen=True)
class Operation:
    """Operation of the integer graph: its kind, and what it does in a line."""

    kind: str
    what: str


@dataclass(frozen=True, repr=False)
class Supported(VerbResult):
    """Layers, quantizers and integer operations that are supported."""

    layers: tuple[str, ...]
    quantizers: tuple[str, ...]
    ops: tuple[Operation, ...]

    def text(self) -> str:
        """Return three lists."""
        return "\n".join(
            [
                "Keras and QKeras layers:",
                *(f"  {name}" for name in self.layers),
                "quantizers:",
                *(f"  {name}" for name in self.quantizers),
                "integer operations:",
                *(f"  {op.kind:<14} {op.what}" for op in self.ops),
            ]
        )


def ops() -> Supported:
    """Return what models may hold."""
    from hwgen.frontends.qkeras.convert import supported_layers
    from hwgen.frontends.qkeras.quantizers_read import PARAMETERS
    from hwgen.ops import OPS

    return Supported(
        tuple(supported_layers()),
        tuple(sorted(PARAMETERS)),
        tuple(Operation(k, (OPS[k].__doc__ or "").splitlines()[0]) for k in sorted(OPS)),
    )


@dataclass(frozen=True, repr=False)
class Tools(VerbResult):
    """Tools and libraries: whether they were found, and what each is for."""

    checks: tuple[Check, ...]

    def text(self) -> str:
        """Return a line a tool."""
        words = {True: "found  ", False: "missing"}
        wide = max(len(check.name) for check in self.checks)
        high = max(len(check.version) for check in self.checks)
        return "\n".join(
            f"{words[c.found]} {c.name:<{wide}} {c.version:<{high}} {c.enables}"
            for c in self.checks
        )


def doctor() -> Tools:
    """Return what is installed on this machine."""
    return Tools(tuple(look()))
