# SPDX-License-Identifier: Apache-2.0
"""What was found out about a build after it was made: kept in its report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hwgen.errors import ConfigError
from hwgen.files import json_bytes, write_files
from hwgen.report.page import render


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
    sheet = _current(folder)
    bound = {} if what == "verify" else {"rtl": rtl_digest(folder)}  # that one runs no RTL
    sheet["results"] = dict(sorted({**sheet["results"], what: {**result, **bound}}.items()))
    _write(folder, sheet)


def draw(folder: Path) -> dict[str, Any]:
    """Draw ``report.html`` from ``report.json``.

    Returns:
        ``page`` and ``data``, the two paths, ``results``, what has been found out so far, and
        ``text`` for people.

    Raises: as `record`.
    """
    sheet = _current(folder)
    _write(folder, sheet)
    page, data = folder / "report.html", folder / "report.json"
    known = ", ".join(sheet["results"]) or "nothing yet"
    return {
        "page": str(page), "data": str(data), "results": sheet["results"],
        "text": f"{page}  (results: {known})",
    }  # fmt: skip


def _current(folder: Path) -> dict[str, Any]:
    """Return the report without the results of another RTL."""
    sheet = read_sheet(folder)
    rtl = rtl_digest(folder)
    kept = {k: v for k, v in sheet["results"].items() if v.get("rtl") in (None, rtl)}
    return {**sheet, "results": kept}


def _write(folder: Path, sheet: Mapping[str, Any]) -> None:
    files = {"report.json": json_bytes(sheet), "report.html": render(sheet)}
    write_files({folder / name: content for name, content in files.items()}, str(folder))


def read_sheet(folder: Path) -> dict[str, Any]:
    """Return what ``report.json`` says.

    Raises:
        ConfigError: it is missing or not one of this hwgen's.
    """
    try:
        sheet = json.loads((folder / "report.json").read_text("utf-8"))
        if isinstance(sheet["results"], dict) and sheet["network"]:
            return dict(sheet)
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
