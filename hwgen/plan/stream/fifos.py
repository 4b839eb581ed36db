# SPDX-License-Identifier: Apache-2.0
"""Depths of FIFOs: how many words must be able to wait on each link so that no rate is lost.

A schedule at the wanted rate is made without bounds, and each link gets the most words that wait on
it in that schedule, those inside its writer's pipeline included. Stages take and give numbers of
words that depend on neither data nor time, so the real design, which waits for nothing but words
and places, is never later than that schedule: it keeps the rate and cannot deadlock (Lee and
Messerschmitt, "Synchronous data flow", 1987; the argument holds for any schedule that is feasible,
so it may be one that is chosen for short FIFOs). What comes out is run once more, with its bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hwgen.design.flow_core import BUFFER, buffer_of, pipeline_of
from hwgen.design.types import Design, Stage, UnitRef
from hwgen.plan.stream.tokens import FRAMES, interval, run

_OPEN = 1 << 40  # places of a FIFO without a bound


def with_fifos(design: Design) -> Design:
    """Return the design with the depth of every FIFO and of every buffer behind a flow core.

    The design's interval is kept: words of a sample enter evenly spread over it.

    Raises:
        AssertionError: the stages themselves are slower than the design's interval.
    """
    inner = {name for stage in design.stages for name in stage.writes}
    queued = [name for name in inner if not _by_core(design, name)]
    free = _bounded(design, dict.fromkeys(queued, _OPEN), _OPEN)
    times = run(free, FRAMES, paced=True).times
    depths = {name: times[name].depth for name in inner}
    made = _bounded(design, {n: depths[n] for n in queued if depths[n] > 1}, 0, depths)
    if interval(run(made, FRAMES), made) <= design.interval:
        return made
    made = _bounded(design, {n: depths[n] + 1 for n in queued}, 0, depths)
    got = interval(run(made, FRAMES), made)
    assert got <= design.interval, f"{got} cycles a sample, not {design.interval}"
    return made


def _by_core(design: Design, link: str) -> bool:
    """Tell whether a link is written by a flow core, whose buffer is its FIFO."""
    return any(link in stage.writes and pipeline_of(stage) for stage in design.stages)


def _bounded(
    design: Design, fifos: Mapping[str, int], open_: int, depths: Mapping[str, int] | None = None
) -> Design:
    """Return the design with FIFOs of some depths.

    Args:
        design: to change.
        fifos: depths by link; the others have none.
        open_: places of every buffer behind a core; 0 for those of *depths*.
        depths: places by link.
    """
    links = tuple(replace(link, depth=fifos.get(link.name, 0)) for link in design.links)

    def deep(stage: Stage) -> Stage:
        if pipeline_of(stage) is None:
            return stage
        depth = open_ or (depths or {})[stage.writes[0]]
        buffer = buffer_of(stage)
        body = tuple(
            replace(part, params={**buffer.params, "Depth": depth})
            if isinstance(part, UnitRef) and part.unit == BUFFER
            else part
            for part in stage.parts
        )
        return replace(stage, body=body)

    return replace(design, links=links, stages=tuple(map(deep, design.stages)))
