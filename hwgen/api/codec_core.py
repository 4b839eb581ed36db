# SPDX-License-Identifier: Apache-2.0
"""The feature-map engine as an IP core: what `hwgen codec build` does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from hwgen import __version__
from hwgen.codec.plan import CodingPlan
from hwgen.codec.tables import Tables
from hwgen.codec.wire import Coder
from hwgen.errors import ConfigError
from hwgen.files import MARKER, refuse_foreign
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
from hwgen.progress import Say, silent
from hwgen.target.board import Board, load_board

BITS = 8  # of the widest values, where no plan tells


def codec_build(
    out: Path | str,
    *,
    plan: Path | str | None = None,
    overwrite: bool = False,
    say: Say = silent,
    **given: Any,
) -> dict[str, Any]:
    """Write the engine as an IP core, whole or not at all.

    Args:
        out: folder to write.
        plan: what calibration wrote; its tables and maps go with the core.
        overwrite: replace what an earlier `codec_build` wrote there.
        say: told the progress.
        given: as `codec_core` takes them.

    Returns:
        ``out``, the folder; ``vlnv``; ``parameters``; ``maps``; ``files``, how many; ``digest``
        over all of them; ``text``.

    Raises:
        ConfigError: parameters that no engine has, or a folder that holds something.
        DoesNotFit: the plan needs another engine.
        ToolMissing: PeakRDL is not installed.
    """
    target = Path(out)
    _refuse(target, overwrite)
    core = codec_core(CodingPlan.read(Path(plan)) if plan is not None else None, **given)
    ip = codec_ip(core)
    files = package(ip, choices_of(ip))
    say("codec", f"{len(files.paths)} files: {core.title}")
    files.write(target)
    maps = [each.name for each in core.maps]
    tables = f"{len(core.table_sets)} of {core.sets} table sets filled"
    text = f"{target}  {ip.identity.vlnv}: {core.title}, {tables}, {len(files.paths)} files"
    return {
        "out": str(target),
        "vlnv": ip.identity.vlnv,
        "parameters": core.params,
        "maps": maps,
        "files": len(files.paths),
        "digest": files.digest(),
        "text": text,
    }


def codec_core(
    plan: CodingPlan | None = None,
    *,
    name: str = "codec",
    lanes: int = 4,
    coder: str | None = None,
    bits: int | None = None,
    bus: int | None = None,
    sets: int | None = None,
    burst: int = 16,
    outstanding: int = 4,
    writer: bool = True,
    reader: bool = True,
    transform: bool = True,
    board: str | None = None,
) -> CodecCore:
    """Return the engine that is asked for.

    Args:
        plan: to be served.
        name: of the core.
        lanes: values of a cycle.
        coder: ``tans`` or ``huffman``; the plan's when left out, else tANS.
        bits: of the widest values; the plan's when left out, else 8.
        bus: bits of the bus to memory; the board's when left out, else 64.
        sets: table sets; what the plan takes when left out, else 1.
        burst: beats of a burst.
        outstanding: bursts under way, each way.
        writer: whether it has one.
        reader: likewise.
        transform: whether it does the transforms of the plan; without, it carries coefficients.
        board: name or file of the board.

    Raises:
        ConfigError, DoesNotFit: as `codec_build`.
    """
    on = load_board(board) if board is not None else None
    own = coder_of(plan.choices) if plan else None
    kind = Coder[coder.upper()] if coder else Coder.TANS if own is None else own
    forms = [choice.format(plan.tables_of(choice)) for choice in plan.choices] if plan else []
    wide = bits if bits is not None else max((form.bits for form in forms), default=BITS)
    many = sets if sets is not None else power(len(plan.tables) if plan else 1)
    core = CodecCore(
        name, __version__, lanes, kind, wide, _bus(on) if bus is None else bus, many, burst,
        outstanding, writer, reader, table_sets=(TableSet(Tables.generic()),), board=on,
    )  # fmt: skip
    if plan is None:
        return core
    turns = turns_of(plan) if transform else None
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
    manifest = target / MARKER
    if not manifest.is_file():
        return
    if json.loads(manifest.read_bytes()).get("kind") != CODEC_KIND:
        hint = "choose another folder with -o"
        raise ConfigError("this folder holds something else that hwgen made", str(target), hint)
    if not overwrite:
        raise ConfigError("there is a codec core already", str(target), "--overwrite replaces it")
