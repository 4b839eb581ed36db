# SPDX-License-Identifier: Apache-2.0
"""Timing between the stages of a design whose links are flow links."""

from __future__ import annotations

from hwgen.design.types import Design


def arrivals(design: Design) -> dict[str, int]:
    """Return, of every flow link between stages, the cycle in which its words are there.

    A stage begins when the last of the words that it reads is there.
    """
    at = {port.link: 0 for port in design.inputs}
    for stage in design.stages:
        begin = max(at[link] for link in stage.reads)
        at |= {link: begin + stage.latency for link in stage.writes}
    return at


def begins(design: Design) -> list[int]:
    """Return the cycle in which each stage begins, in their order."""
    at = arrivals(design)
    return [max(at[link] for link in stage.reads) for stage in design.stages]
