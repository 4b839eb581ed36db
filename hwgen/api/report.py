# SPDX-License-Identifier: Apache-2.0
"""Report of a build: its page, drawn again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def report(out: Path | str) -> Report:
    """Draw ``report.html`` of a build from its ``report.json``.

    Raises:
        ConfigError: the report is missing or not one of hwgen's, or cannot be written.
    """
    folder = Path(out)
    sheet = current_sheet(folder)
    write_sheet(folder, sheet)
    return Report(str(folder / "report.html"), str(folder / "report.json"), sheet.results)
