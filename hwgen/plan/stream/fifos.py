# SPDX-License-Identifier: Apache-2.0
"""Depths of FIFOs: how many words must be able to wait on each link so that no rate is lost.

A schedule at the wanted rate is made without bounds, and each link gets the most words that wait on
it in that schedule, those inside its writer's pipeline included. Stages take and give numbers of
words that depend on neither data nor time, so the real design, which waits for nothing but words
and places, is never later than that schedule: it keeps the rate and cannot deadlock (Lee and
Messerschmitt, "Synchronous data flow", 1987; the argument holds for any schedule that is feasible,
so it may be one that is chosen for short FIFOs). What comes out is run once more, with its bounds.

One unit does not follow that rule: a window generator pushes the last windows of a frame out by
itself only while the next frame has not begun; once it has, they leave with its pixels. So a branch
may hold the end of a frame until as many words more have come as its windows lag behind, and the
other branches must take those words meanwhile. No FIFO behind a fork is shorter than that
(`held_back`), whatever the schedule says.

Most links need no FIFO, since a unit that cannot go on lets its writer wait. So those of branches
are tried alone first; where that loses rate, all links get one, and one after the other is taken
away or made shorter as long as the rate holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hwgen.design.flow_core import BUFFER, buffer_of, pipeline_of, unit_of
from hwgen.design.types import Design, Stage, UnitRef
from hwgen.plan.stream.adders import ROUND_TRIP
from hwgen.plan.stream.tokens import interval, on_time, run, samples_of
from hwgen.units.models import window_lags

_OPEN = 1 << 40  # places of a FIFO without a bound
_LONG = 64  # samples over which a rate must last, where they are small
_GROWTHS = 8  # times that FIFOs are made longer where a schedule's are not enough
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
    buffers = {name: latency + ROUND_TRIP for name, latency in cores.items()}
    held = held_back(design)
    floor = buffers | held
    for links, open_ in ((forks, False), (queued, False), (queued, True)):
        depths = _needed(design, links, held, buffers, open_)
        if _keeps(design, depths):
            made = _shorter(design, depths, floor)
            if _lasts(design, made):
                return _with(design, made)
            if _lasts(design, depths):
                return _with(design, depths)
    for _ in range(_GROWTHS):  # a hasty source comes in bursts, which longer FIFOs take
        fifos = {name: depths.fifos.get(name, 0) * 3 // 2 + 1 for name in queued}
        buffers = {name: depth * 3 // 2 for name, depth in depths.buffers.items()}
        depths = _Depths(fifos, buffers)
        if _lasts(design, depths):
            return _with(design, depths)
    raise AssertionError(f"the stages take more than {design.interval} cycles a sample")


def _needed(
    design: Design,
    links: Sequence[str],
    held: Mapping[str, int],
    cores: Mapping[str, int],
    open_: bool,
) -> _Depths:
    """Return the depths that a schedule without bounds asks for.

    Args:
        design: to size.
        links: that have FIFOs; the others have none.
        held: least depths of links behind forks.
        cores: least places of the buffers behind cores.
        open_: whether those have no bound either.
    """
    buffers = dict.fromkeys(cores, _OPEN) if open_ else dict(cores)
    free = _with(design, _Depths(dict.fromkeys(links, _OPEN), buffers))
    times = run(free, samples_of(design), paced=True).times
    deep = {name: times[name].depth for name in links}
    if open_:
        buffers = {name: max(times[name].depth, least) for name, least in cores.items()}
    deep = {name: max(depth, held.get(name, 0)) for name, depth in deep.items()}
    return _Depths({name: depth for name, depth in deep.items() if depth > 1}, buffers)


def held_back(design: Design) -> dict[str, int]:
    """Return, for links behind forks, the words that other branches may hold back in windows.

    A window generator that pads behind the map lags behind its pixels; the lags along a branch add
    up, counted in words of the fork.
    """
    least: dict[str, int] = {}
    for fork in design.stages:
        unit = unit_of(fork)
        if unit is None or unit.unit != "hwg_fork":
            continue
        words = design.link(fork.reads[0]).words
        lags = {name: _lags(design, name, words) for name in fork.writes}
        for name in fork.writes:
            others = (lags[other] for other in fork.writes if other != name)
            least[name] = max((_skew(design, lags[name], lag) for lag in others), default=0)
    return least


def _skew(design: Design, own: Mapping[str, float], other: Mapping[str, float]) -> int:
    """Return by how many words another branch lags behind where it first meets this one."""
    found = [0.0]
    for stage in design.stages:
        if any(link in own and link not in other for link in stage.reads):
            found += [other[link] for link in stage.reads if link in other and link not in own]
    return math.ceil(max(found))


def _lags(design: Design, start: str, words: int) -> dict[str, float]:
    """Return the lag of every link behind one, in words of which a sample has *words*."""
    lags = {start: 0.0}
    for stage in design.stages:
        found = [lags[name] for name in stage.reads if name in lags]
        if not found:
            continue
        unit, own = unit_of(stage), 0.0
        if unit is not None and unit.unit == "hwg_window":
            p = unit.params
            if p["PadBottom"] or p["PadRight"]:
                rows, columns = window_lags(p)
                steps = (rows * p["W"] + columns) * p["CF"]
                own = steps * words / (p["H"] * p["W"] * p["CF"])
        lags |= dict.fromkeys(stage.writes, max(found) + own)
    return lags


def _keeps(design: Design, depths: _Depths) -> bool:
    """Tell whether the design keeps its interval with some depths, and comes to an end.

    Words enter spread over the interval first, so that what falls behind shows at once, before
    FIFOs that a hasty source has filled hide it: no sample may be later, by its own turn, than all
    before it. Then words enter without a pause, as benches measure it.
    """
    made = _with(design, depths)
    if not on_time(run(made, samples_of(design), paced=True), made):
        return False
    return interval(run(made, 2 * samples_of(design)), made) <= design.interval


def _lasts(design: Design, depths: _Depths) -> bool:
    """Tell whether a design keeps its interval for long, its source without a pause."""
    words = sum(link.words for link in design.links)
    frames = max(2 * samples_of(design), min(_LONG, 2 * _EVENTS // words))
    made = _with(design, depths)
    return interval(run(made, frames), made) <= design.interval


def _shorter(design: Design, depths: _Depths, floor: Mapping[str, int]) -> _Depths:
    """Return depths that are no longer than they must be, the largest memories looked at first."""
    words = sum(link.words for link in design.links) * samples_of(design)
    places = {**depths.fifos, **{n: d for n, d in depths.buffers.items() if d > floor[n]}}
    size = {name: depth * design.link(name).bits for name, depth in places.items()}

    def tried(name: str, depth: int) -> _Depths:
        if name in depths.buffers:
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
