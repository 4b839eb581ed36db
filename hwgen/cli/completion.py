# SPDX-License-Identifier: Apache-2.0
"""Completion of the command line in a shell."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from hwgen.errors import ToolMissing


@dataclass(frozen=True)
class Completion:
    """Script that completes verbs and options, for one shell."""

    shell: str
    script: str

    def as_dict(self) -> dict[str, object]:
        """Return shell and script."""
        return {"shell": self.shell, "script": self.script}

    def text(self) -> str:
        """Return the script."""
        return self.script


def completion(parser: argparse.ArgumentParser, shell: str) -> Completion:
    """Return the script of a shell.

    Args:
        parser: of the command line.
        shell: ``bash`` or ``zsh``.

    Raises:
        ToolMissing: shtab is not installed.
    """
    try:
        import shtab
    except ImportError:
        raise ToolMissing(
            "shtab is not installed", "completion", "pip install 'hwgen[completion]'"
        ) from None
    return Completion(shell, shtab.complete(parser, shell))
