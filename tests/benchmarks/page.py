# SPDX-License-Identifier: Apache-2.0
"""Marks of a page between which a benchmark writes its tables.

``<!-- name -->`` opens what is written, ``<!-- /name -->`` closes it; where nothing closes it, it
goes to the end of the page.
"""

from __future__ import annotations

from pathlib import Path


def marked(page: Path, name: str) -> str:
    """Return what a page has between the marks of a name.

    Raises:
        ValueError: it has no such mark.
    """
    return _parted(page, name)[1]


def write_marked(page: Path, name: str, body: str) -> None:
    """Put a text between the marks of a name.

    Raises:
        ValueError: the page has no such mark.
    """
    head, _, tail = _parted(page, name)
    page.write_text(f"{head}{body.rstrip()}\n{tail}", "utf-8")


def _parted(page: Path, name: str) -> tuple[str, str, str]:
    """Return a page up to the first mark, between the marks, and from the second one on."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    head, found, rest = page.read_text("utf-8").partition(begin)
    if not found:
        raise ValueError(f"{page.name} has no mark {begin.strip()}")
    body, closed, tail = rest.partition(end)
    return head + begin, body, closed + tail
