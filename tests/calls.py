# SPDX-License-Identifier: Apache-2.0
"""Counts of function calls: what a bound on work says where a bound on seconds would be a gamble.

The count is the same on a slow machine, a fast one and a busy one. Loops inside numpy and C++ count
as one call, so it bounds the work that Python does.
"""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from typing import Any


def calls_of(function: Callable[[], Any]) -> int:
    """Return how many functions are called while *function* runs."""
    profile = cProfile.Profile()
    profile.runcall(function)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]
