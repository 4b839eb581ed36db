# SPDX-License-Identifier: Apache-2.0
"""The word of a link in a few words: how many values, and in which cycle each arrives."""

from __future__ import annotations

from collections import Counter, defaultdict

from hwgen.design.types import Link


def described(link: Link) -> str:
    """Return a comment on the word of a flow link.

    ``32 values in cycle 2``; ``32 values, each in cycle 2 and again in cycle 3``;
    ``64 values: 8 in cycle 0, 56 in cycle 1``; with values that are there in several cycles
    ``64 values, some repeated: 64 in cycle 1, 18 in cycle 2``.
    """
    cycles: dict[str, list[int]] = defaultdict(list)
    for field in link.fields:
        cycles[field.label].append(field.cycle)
    count = f"{len(cycles)} value{'s' if len(cycles) > 1 else ''}"
    kinds = {tuple(sorted(found)) for found in cycles.values()}
    if len(kinds) == 1:
        first, *later = kinds.pop()
        if not later:
            return f"{count} in cycle {first}"
        again = " and ".join(f"again in cycle {cycle}" for cycle in later)
        return f"{count}, each in cycle {first} and {again}"
    each = Counter(field.cycle for field in link.fields)
    told = ", ".join(f"{each[cycle]} in cycle {cycle}" for cycle in sorted(each))
    repeated = ", some repeated" if len(link.fields) > len(cycles) else ""
    return f"{count}{repeated}: {told}"
