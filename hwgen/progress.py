# SPDX-License-Identifier: Apache-2.0
"""How long work reports its progress: one call a stage, with a headline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Say: TypeAlias = Callable[[str, str], None]


def silent(stage: str, headline: str) -> None:
    """Say nothing; the default."""
