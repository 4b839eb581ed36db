# SPDX-License-Identifier: Apache-2.0
"""Small texts that all parts of a package share."""

from __future__ import annotations

import re
from importlib.resources import files


def template(name: str) -> str:
    """Return a template that ships with this package."""
    return (files("hwgen.package") / "templates" / name).read_text("utf-8")


def commented(mark: str, *lines: str) -> str:
    """Return lines, each behind the comment mark of its language."""
    return "".join(f"{mark} {line}".rstrip() + "\n" for line in lines)


def counted(number: int, what: str) -> str:
    """Return ``1 beat``, ``3 beats``."""
    return f"{number} {what}" + ("" if number == 1 else "s")


def class_name(base: str) -> str:
    """Return the name of a driver's class: ``hwg_jet`` gives ``HwgJet``."""
    return "".join(part.capitalize() for part in base.split("_"))


def triple(version: str) -> tuple[int, int, int]:
    """Return a version as three numbers."""
    parts = [int(n) for n in re.findall(r"\d+", version)[:3]]
    major, minor, patch = (*parts, 0, 0, 0)[:3]
    return major, minor, patch


def release(version: str) -> str:
    """Return a version as packages write it, three numbers."""
    return ".".join(map(str, triple(version)))
