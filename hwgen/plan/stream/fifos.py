# SPDX-License-Identifier: Apache-2.0
"""Depths of FIFOs: how many words must be able to wait on each link so that no rate is lost.

A schedule at the wanted rate is made without bounds, and each link gets the most words that wait on
it in that schedule, those inside its writer's pipeline included. Stages take and give numbers of
words that depend on neither data nor time, so the real design, which waits for nothing but words
and places, is never later than that schedule: it keeps the rate and cannot deadlock (Lee and
Messerschmitt, "Synchronous data flow", 1987; the argument holds for any schedule that is feasible,
so it may be one that is chosen for short FIFOs). What comes out is run once more, with its bounds.

Most links need no FIFO, since a unit that cannot go on lets its writer wait. So those of branches
are tried alone first; where that loses rate, all links get one, and one after the other is taken
away or made shorter as long as the rate holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hwgen.design.flow_core import BUFFER, buffer_of, pipeline_of, unit_of
from hwgen.design.types import Design, Stage, UnitRef
from hwgen.plan.stream.adders import ROUND_TRIP
from hwgen.plan.stream.tokens import FRAMES, interval, run

_OPEN = 1 << 40  # places of a FIFO without a bound
_EVENTS = 150_000  # words of a run up to which FIFOs are made as short as possible


@dataclass(frozen=True)
class _Depths:
    """Places of FIFOs by link, none where there is none, and of the buffers behind flow cores."""

    fifos: Mapping[str, int]
    buffers: Mapping[str, int]


def with_fifos(design: Design) -> Design:
    """Return the design with the depth of every FIFO and of every buffer behind a flow core.

    The design's interval is kept: words of a sample enter evenly spread over it.

    Raises:
        AssertionError: the stages themselves are slower than the design's interval.
    """
    inner = [name for stage in design.stages for name in stage.writes]
    cores = {
        stage.writes[0]: pipeline.latency
        for stage in design.stages
        if (pipeline := pipeline_of(stage)) is not None
    }
    forks = [
        name
        for stage in design.stages
        if (unit := unit_of(stage)) and unit.unit == "hwg_fork"
        for name in stage.writes
    ]
    queued = [name for name in inner if name not in cores]
    floor = {name: latency + ROUND_TRIP for name, latency in cores.items()}
    for links, open_ in ((forks, False), (queued, False), (queued, True)):
        depths = _needed(design, links, floor, open_)
        if _keeps(design, depths):
            return _with(design, _shorter(design, depths, floor))
    fifos = {name: depths.fifos.get(name, 0) + 1 for name in queued}
    more = _Depths(fifos, {name: depth + 1 for name, depth in depths.buffers.items()})
    assert _keeps(design, more), f"the stages take more than {design.interval} cycles a sample"
    return _with(design, _shorter(design, more, floor))


def _needed(design: Design, links: Sequence[str], floor: Mapping[str, int], open_: bool) -> _Depths:
    """Return the depths that a schedule without bounds asks for.

    Args:
        design: to size.
        links: that have FIFOs; the others have none.
        floor: least places of the buffers behind cores.
        open_: whether those have no bound either.
    """
    buffers = dict.fromkeys(floor, _OPEN) if open_ else dict(floor)
    free = _with(design, _Depths(dict.fromkeys(links, _OPEN), buffers))
    times = run(free, FRAMES, paced=True).times
    deep = {name: times[name].depth for name in links}
    if open_:
        buffers = {name: max(times[name].depth, least) for name, least in floor.items()}
    return _Depths({name: depth for name, depth in deep.items() if depth > 1}, buffers)


def _keeps(design: Design, depths: _Depths) -> bool:
    """Tell whether the design keeps its interval with some depths, and comes to an end."""
    made = _with(design, depths)
    return interval(run(made, FRAMES), made) <= design.interval


def _shorter(design: Design, depths: _Depths, floor: Mapping[str, int]) -> _Depths:
    """Return depths that are no longer than they must be, the largest memories looked at first."""
    words = sum(link.words for link in design.links) * FRAMES
    places = {**depths.fifos, **{n: d for n, d in depths.buffers.items() if d > floor[n]}}
    size = {name: depth * design.link(name).bits for name, depth in places.items()}

    def tried(name: str, depth: int) -> _Depths:
        if name in floor:
            return replace(depths, buffers={**depths.buffers, name: depth})
        others = {key: value for key, value in depths.fifos.items() if key != name}
        return replace(depths, fifos={**others, **({name: depth} if depth else {})})

    for name in sorted(size, key=lambda name: (-size[name], name)):
        least = floor.get(name, 0)
        if _keeps(design, tried(name, least)):
            depths = tried(name, least)
        elif words <= _EVENTS:
            low, high = least + 1, places[name]
            while low < high:
                middle = (low + high) // 2
                if _keeps(design, tried(name, middle)):
                    high = middle
                else:
                    low = middle + 1
            depths = tried(name, high)
    return depths


def _with(design: Design, depths: _Depths) -> Design:
    links = tuple(replace(link, depth=depths.fifos.get(link.name, 0)) for link in design.links)

    def deep(stage: Stage) -> Stage:
        if pipeline_of(stage) is None:
            return stage
        buffer = buffer_of(stage)
        params = {**buffer.params, "Depth": depths.buffers[stage.writes[0]]}
        body = tuple(
            replace(part, params=params)
            if isinstance(part, UnitRef) and part.unit == BUFFER
            else part
            for part in stage.parts
        )
        return replace(stage, body=body)

    return replace(design, links=links, stages=tuple(map(deep, design.stages)))
