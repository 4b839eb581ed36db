# SPDX-License-Identifier: Apache-2.0
"""Feature-map engine as an IP core: what `hwgen codec build` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hwgen import __version__
from hwgen.api.results import VerbResult
from hwgen.api.settings import from_names
from hwgen.codec.plan import CodingPlan
from hwgen.codec.tables import Tables
from hwgen.codec.wire import Coder
from hwgen.errors import ConfigError
from hwgen.files import MARKER, refuse_foreign, refuse_in_build
from hwgen.package.build import choices_of, package
from hwgen.package.codec_engine.core import (
    BUSES,
    CodecCore,
    TableSet,
    coder_of,
    power,
    served,
    turns_of,
)
from hwgen.package.codec_engine.ip import CODEC_KIND, codec_ip
from hwgen.package.identity import Listing
from hwgen.progress import Progress, silent
from hwgen.target.board import Board, load_board

_AS_HWGEN_SAYS = Listing()
BITS = 8  # of the widest values, where no plan tells


@dataclass(frozen=True)
class EngineSettings:
    """Settings of the engine.

    Attributes:
        name: of the core.
        lanes: values of a cycle.
        coder: ``tans`` or ``huffman``; the plan's when left out, else tANS.
        bits: of the widest values; the plan's when left out, else 8.
        bus: bits of the bus to memory; the board's when left out, else 64.
        sets: table sets; what the plan takes when left out, else 1.
        burst: beats of a burst.
        outstanding: bursts under way, each way.
        writer, reader: whether it has them.
        transform: whether it does the transforms of the plan; without, it carries coefficients.
        board: name or file of the board.
    """

    name: str = "codec"
    lanes: int = 4
    coder: str | None = None
    bits: int | None = None
    bus: int | None = None
    sets: int | None = None
    burst: int = 16
    outstanding: int = 4
    writer: bool = True
    reader: bool = True
    transform: bool = True
    board: str | None = None


@dataclass(frozen=True, repr=False)
class CodecBuild(VerbResult):
    """Engine that was written as an IP core.

    Attributes:
        out: the folder.
        vlnv: vendor, library, name and version.
        parameters: of the top module.
        maps: of the plan that it serves.
        files: how many.
        digest: over all of them.
        title: the core in a few words.
        filled: table sets with contents, and table sets.
    """

    out: str
    vlnv: str
    parameters: Mapping[str, int]
    maps: tuple[str, ...]
    files: int
    digest: str
    title: str
    filled: tuple[int, int]

    def as_dict(self) -> dict[str, object]:
        """Return the figures."""
        return {k: v for k, v in asdict(self).items() if k not in ("title", "filled")}

    def text(self) -> str:
        """Return the folder and its content in a line."""
        filled, sets = self.filled
        tables = f"{filled} of {sets} table sets filled"
        return f"{self.out}  {self.vlnv}: {self.title}, {tables}, {self.files} files"


def codec_build(
    out: Path | str,
    *,
    plan: Path | str | None = None,
    overwrite: bool = False,
    listing: Listing = _AS_HWGEN_SAYS,
    progress: Progress = silent,
    **settings: Any,
) -> CodecBuild:
    """Write the engine as an IP core, whole or not at all.

    Args:
        out: folder to write.
        plan: what calibration wrote; its tables and maps go with the core.
        overwrite: replace what an earlier `codec_build` wrote there.
        listing: vendor, library, name, version and revision in catalogues, where they are not to be
            hwgen's.
        progress: called with every step.
        settings: as `EngineSettings` has them.

    Raises:
        ConfigError: parameters that no engine has, or a folder that holds something.
        DoesNotFit: the plan needs another engine.
        ToolMissing: PeakRDL is not installed.
    """
    target = Path(out)
    _refuse(target, overwrite)
    core = codec_core(CodingPlan.read(Path(plan)) if plan is not None else None, **settings)
    ip = codec_ip(core).listed(listing)
    files = package(ip, choices_of(ip))
    progress("codec", f"{len(files.paths)} files: {core.title}")
    files.write(target)
    return CodecBuild(
        out=str(target),
        vlnv=ip.identity.vlnv,
        parameters=core.params,
        maps=tuple(each.name for each in core.maps),
        files=len(files.paths),
        digest=files.digest(),
        title=core.title,
        filled=(len(core.table_sets), core.sets),
    )


def codec_core(plan: CodingPlan | None = None, **settings: Any) -> CodecCore:
    """Return the engine that is asked for.

    Args:
        plan: to be served.
        settings: as `EngineSettings` has them.

    Raises:
        ConfigError, DoesNotFit: as `codec_build`.
    """
    asked = from_names(EngineSettings, settings)
    on = load_board(asked.board) if asked.board is not None else None
    own = coder_of(plan.choices) if plan else None
    kind = Coder[asked.coder.upper()] if asked.coder else Coder.TANS if own is None else own
    forms = [choice.format(plan.tables_of(choice)) for choice in plan.choices] if plan else []
    wide = max((form.bits for form in forms), default=BITS) if asked.bits is None else asked.bits
    many = power(len(plan.tables) if plan else 1) if asked.sets is None else asked.sets
    core = CodecCore(
        asked.name, __version__, asked.lanes, kind, wide,
        _bus(on) if asked.bus is None else asked.bus, many, asked.burst, asked.outstanding,
        asked.writer, asked.reader, table_sets=(TableSet(Tables.generic()),), board=on,
    )  # fmt: skip
    if plan is None:
        return core
    turns = turns_of(plan) if asked.transform else None
    contents, maps = served(plan, core.coder, core.bits, core.sets, turns is not None)
    return replace(
        core, turns=turns, table_sets=tuple(contents), maps=tuple(maps), model=plan.model,
        weighted=any(form.weights for form in forms),
    )  # fmt: skip


def _bus(board: Board | None) -> int:
    """Return the bits of the bus to the board's memory, as near as an engine has it."""
    wide = board.dma.data_width if board and board.dma else BUSES[0]
    return BUSES[-1] if wide >= BUSES[-1] else BUSES[0]


def _refuse(target: Path, overwrite: bool) -> None:
    """Raise unless *target* may be written.

    Raises:
        ConfigError: it is someone else's, another thing of hwgen's, or there without *overwrite*.
    """
    refuse_foreign(target.absolute())
    refuse_in_build(target, "--out")
    manifest = target / MARKER
    if not manifest.is_file():
        return
    if json.loads(manifest.read_bytes()).get("kind") != CODEC_KIND:
        hint = "choose another folder with -o"
        raise ConfigError("this folder holds something else that hwgen made", str(target), hint)
    if not overwrite:
        raise ConfigError("there is a codec core already", str(target), "--overwrite replaces it")
