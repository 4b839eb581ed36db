# SPDX-License-Identifier: Apache-2.0
"""Report of a build: its page, drawn again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwgen.api.folder import BuildFolder
from hwgen.api.guard import at_work
from hwgen.api.results import VerbResult, current_sheet, write_sheet


@dataclass(frozen=True, repr=False)
class Report(VerbResult):
    """Report of a build.

    Attributes:
        page, data: paths of ``report.html`` and ``report.json``.
        results: what was found about the build so far, by verb.
    """

    page: str
    data: str
    results: Mapping[str, Mapping[str, Any]]

    def text(self) -> str:
        """Return where the page lies, and which results it shows."""
        return f"{self.page}  (results: {', '.join(self.results) or 'nothing yet'})"


def report(out: Path | str, allow_changed: bool = False) -> Report:
    """Draw ``report.html`` of a build from its ``report.json``.

    Args:
        out: folder of the build.
        allow_changed: go on where RTL or bench were edited; results of other RTL leave the report.

    Raises:
        ConfigError: the report is missing or not one of hwgen's, or cannot be written.
    """
    folder = BuildFolder.open(Path(out), allow_changed).folder
    with at_work(folder, "hwgen report"):
        sheet = current_sheet(folder)
        write_sheet(folder, sheet)
    return Report(str(folder / "report.html"), str(folder / "report.json"), sheet.results)
