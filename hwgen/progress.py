# SPDX-License-Identifier: Apache-2.0
"""Progress callback of long work: one call a stage, with a headline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, str], None]


def silent(stage: str, headline: str) -> None:
    """Progress callback that does nothing; the default."""
