# SPDX-License-Identifier: Apache-2.0
"""Results of verbs: frozen values that print in one line; a build's report keeps some of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any, cast

from hwgen.errors import ConfigError
from hwgen.files import json_bytes, write_files
from hwgen.report.page import render
from hwgen.report.sheet import Sheet


class VerbResult:
    """Base of what verbs return; every one of them is a frozen dataclass."""

    def as_dict(self) -> dict[str, object]:
        """Return the figures as plain data, as ``--json`` prints them."""
        return asdict(cast(Any, self))

    def text(self) -> str:
        """Return the result as lines of text, as the command line prints it."""
        raise NotImplementedError

    def __repr__(self) -> str:
        first = next(iter(self.text().splitlines()), "")
        return f"<{type(self).__name__}: {first.strip()}>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return f"<pre>{escape(self.text())}</pre>"


def record(folder: Path, what: str, result: Mapping[str, Any]) -> None:
    """Enter a result into ``report.json`` and draw ``report.html`` again.

    A result holds for the RTL it was found with: where the RTL has changed since, older results
    leave the report.

    Args:
        folder: of the build.
        what: ``sim``, ``verify`` or ``synth``.
        result: plain data.

    Raises:
        ConfigError: the report is missing or not one of hwgen's, or cannot be written.
    """
    content = current_sheet(folder).as_dict()
    bound = {} if what == "verify" else {"rtl": rtl_digest(folder)}  # that one runs no RTL
    known = content["results"]
    assert isinstance(known, dict)
    if _beats(known.get(what), result):
        return
    content["results"] = dict(sorted({**known, what: {**result, **bound}}.items()))
    write_sheet(folder, Sheet.from_dict(content))


def _beats(kept: Mapping[str, Any] | None, result: Mapping[str, Any]) -> bool:
    """Tell whether a kept run says more than a new one, of the same RTL: it saw more samples.

    A run that found a fault enters in any case.
    """
    if kept is None or "samples" not in kept or result.get("failed") or result.get("mismatches"):
        return False
    return bool(kept["samples"] > result["samples"])


def current_sheet(folder: Path) -> Sheet:
    """Return the report of a build without the results of another RTL.

    Raises:
        ConfigError: as `read_sheet`.
    """
    content = read_sheet(folder).as_dict()
    rtl, known = rtl_digest(folder), content["results"]
    assert isinstance(known, dict)
    content["results"] = {k: v for k, v in known.items() if v.get("rtl") in (None, rtl)}
    return Sheet.from_dict(content)


def write_sheet(folder: Path, sheet: Sheet) -> None:
    """Write the report of a build, and draw its page.

    Raises:
        ConfigError: they cannot be written.
    """
    files = {"report.json": json_bytes(sheet.as_dict()), "report.html": render(sheet)}
    write_files({folder / name: content for name, content in files.items()}, str(folder))


def read_sheet(folder: Path) -> Sheet:
    """Return the content of ``report.json``.

    Raises:
        ConfigError: it is missing or not one of this hwgen's.
    """
    try:
        sheet = Sheet.from_dict(json.loads((folder / "report.json").read_text("utf-8")))
        if sheet.network:
            return sheet
        reason = "it lists no network"
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        reason = str(error) or type(error).__name__
    raise ConfigError(
        f"report.json is not one of this hwgen's ({reason})",
        str(folder),
        "build it again with: hwgen build MODEL -b BOARD -o OUT",
    )


def rtl_digest(folder: Path) -> str:
    """Return the digest of the RTL as it is now."""
    found = hashlib.sha256()
    for path in sorted((folder / "rtl").rglob("*")):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            found.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return found.hexdigest()
