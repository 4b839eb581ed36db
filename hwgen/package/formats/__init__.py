# SPDX-License-Identifier: Apache-2.0
"""Packaging formats: each module writes the files of one format, for every core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hwgen.files import FileSet
from hwgen.package.ip_core import IpCore


def no_section(core: IpCore) -> str:
    """Return the section of a format that the README does not speak of."""
    return ""


@dataclass(frozen=True)
class Format:
    """Packaging format.

    Attributes:
        name: by which users choose it.
        files: writes its files; paths are in the package.
        section: of the README, Markdown.
        optional: whether users choose it; else it is in every package.
    """

    name: str
    files: Callable[[IpCore], FileSet]
    section: Callable[[IpCore], str] = no_section
    optional: bool = True
