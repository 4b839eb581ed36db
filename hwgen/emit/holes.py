# SPDX-License-Identifier: Apache-2.0
"""Flat templates with named holes, ``@{name}``: no loops, no conditions.

Repeated text is printed by code into one hole. A hole without a value, or a value without a hole,
is a bug and stops.
"""

from __future__ import annotations

import re

_HOLE = re.compile(r"@\{(\w+)\}")


def fill(template: str, **values: str) -> str:
    """Return *template* with every hole filled.

    A hole that stands alone on its line takes that line's indent for every line of its value, and
    vanishes with its line when the value is empty.

    >>> fill("a = @{x};", x="1")
    'a = 1;'
    """
    names = set(_HOLE.findall(template))
    assert names == set(values), f"holes and values differ: {sorted(names ^ set(values))}"
    out = []
    for line in template.splitlines():
        alone = re.fullmatch(r"(\s*)@\{(\w+)\}", line)
        if alone:
            value = values[alone[2]].splitlines()
            out += [alone[1] + part if part else "" for part in value]
        else:
            out.append(_HOLE.sub(lambda match: values[match[1]], line))
    return "\n".join(out) + ("\n" if template.endswith("\n") else "")
