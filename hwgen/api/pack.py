# SPDX-License-Identifier: Apache-2.0
"""IP package of a build."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hwgen.api.folder import BuildFolder
from hwgen.api.guard import at_work
from hwgen.api.results import VerbResult
from hwgen.design.serial import AGAIN
from hwgen.design.source_list import read_list
from hwgen.errors import ConfigError
from hwgen.files import FileSet, refuse_foreign
from hwgen.package.build import CHOICES, choices_of, package
from hwgen.package.identity import Listing
from hwgen.package.ip_core import IpCore
from hwgen.package.network.core import NetworkCore
from hwgen.package.network.ip import KIND, network_ip
from hwgen.progress import Progress, silent
from hwgen.target.board import board_from
from hwgen.verify.vectors import Vectors

FOLDER = "ip"  # below the build
_AS_HWGEN_SAYS = Listing()


@dataclass(frozen=True, repr=False)
class Packed(VerbResult):
    """IP package of a build.

    Attributes:
        ip: the folder.
        vlnv: vendor, library, name and version.
        formats: that it holds.
        files: how many.
        digest: over all of them.
    """

    ip: str
    vlnv: str
    formats: tuple[str, ...]
    files: int
    digest: str

    def text(self) -> str:
        """Return the folder and its content in a line."""
        return f"{self.ip}  {self.vlnv}, {self.files} files: {', '.join(self.formats)}"


def pack(
    out: Path | str,
    to: Path | str | None = None,
    formats: Sequence[str] = (),
    listing: Listing = _AS_HWGEN_SAYS,
    progress: Progress = silent,
) -> Packed:
    """Write the IP package of a build, whole or not at all.

    Args:
        out: a folder that `build` wrote, its RTL as it was written.
        to: folder to write; ``OUT/ip`` if None.
        formats: of `hwgen.package.build.CHOICES`; none or ``all``: all that the core can have.
        listing: vendor, library, name, version and revision in catalogues, where they are not to be
            hwgen's.
        progress: called with every step.

    Raises:
        ConfigError: no such build, one whose RTL was edited, an unknown format, a name that some
            catalogue would not take, or a folder that is someone else's.
        ToolMissing: PeakRDL is not installed.
    """
    build = Path(out)
    target = build / FOLDER if to is None else Path(to)
    core = network_ip(open_core(build)).listed(listing)
    chosen = _chosen(core, formats)
    _refuse_build(target)
    files = package(core, chosen)
    progress("pack", f"{len(files.paths)} files: {', '.join(chosen)}")
    with at_work(build, "hwgen pack"):
        files.write(target)
    vlnv = core.identity.vlnv
    return Packed(str(target), vlnv, chosen, len(files.paths), files.digest())


def packed(
    out: Path | str, formats: Sequence[str] = (), listing: Listing = _AS_HWGEN_SAYS
) -> FileSet:
    """Return the files that `pack` writes, without writing them.

    Raises: as `pack`.
    """
    core = network_ip(open_core(Path(out))).listed(listing)
    return package(core, _chosen(core, formats))


def open_core(build: Path) -> NetworkCore:
    """Read a build folder as packages see it.

    Raises:
        ConfigError: it is no such folder, or its RTL was edited.
    """
    opened = BuildFolder.open(build)
    known = json.loads((build / "manifest.json").read_text("utf-8"))["files"]
    board = board_from(json.loads((build / "board.json").read_text("utf-8")))
    listing = read_list(_whole(build, known, "rtl/files.f").decode("utf-8"))
    sources = {path: _whole(build, known, f"rtl/{path}") for path in listing}
    vectors = Vectors.load(build / "vectors.npz")
    scalers = opened.graph.input_scalers
    return NetworkCore.of(
        opened.design, board, opened.version, sources, vectors.inputs, vectors.outputs, scalers
    )


def _whole(build: Path, known: dict[str, str], path: str) -> bytes:
    """Return a file of the build, as the build wrote it."""
    try:
        content = (build / path).read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} is missing from the build", str(build), AGAIN) from error
    if hashlib.sha256(content).hexdigest() != known.get(path):
        raise ConfigError(
            f"{path} was changed after the build, and a package carries the model's digest",
            str(build),
            AGAIN,
        )
    return content


def _chosen(core: IpCore, formats: Sequence[str]) -> tuple[str, ...]:
    for name in formats:
        if name not in (*CHOICES, "all"):
            raise ConfigError(
                f"unknown format {name!r}", "--format", f"one of {', '.join((*CHOICES, 'all'))}"
            )
    if formats and "all" not in formats:
        return tuple(name for name in CHOICES if name in formats)
    return choices_of(core)


def _refuse_build(target: Path) -> None:
    """Raise unless *target* may be replaced by a package; a build is hwgen's own, and may not."""
    refuse_foreign(target.absolute())
    manifest = target / "manifest.json"
    if manifest.is_file() and json.loads(manifest.read_bytes()).get("kind") != KIND:
        raise ConfigError(
            "this folder holds a build, and a package would replace it",
            str(target),
            f"leave -o out, which writes to OUT/{FOLDER}, or choose another folder",
        )
