# SPDX-License-Identifier: Apache-2.0
"""Depths of FIFOs: how many words must be able to wait on each link so that no rate is lost.

A schedule at the wanted rate is made without bounds, and each link gets the most words that wait on
it in that schedule, those inside its writer's pipeline included. Every stage takes and gives
numbers of words that depend on neither data nor time, and none gives a word later because another
came early, so the real design, which waits for nothing but words and places, is never later than
that schedule: it keeps the rate and cannot deadlock (Lee and Messerschmitt, "Synchronous data
flow", 1987; the argument holds for any schedule that is feasible, so it may be one that is chosen
for short FIFOs). For the same reason what lasts over the samples of a run lasts for ever. What
comes out is run once more, with its bounds.

Most links need no FIFO, since a unit that cannot go on lets its writer wait. So those of branches
are tried alone first; where that loses rate, all links get one, and one after the other is taken
away or made shorter as long as the rate holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hwgen.design.flow_core import pipeline_of, unit_of, with_buffer
from hwgen.design.types import Design
from hwgen.plan.stream.adders import ROUND_TRIP
from hwgen.plan.stream.tokens import interval, on_time, run, samples_of

_OPEN = 1 << 40  # places of a FIFO without a bound
_LONG, _WORDS = 200, 2_000_000  # samples over which a rate must last, and their words at most
_PACED, _HASTY = 5, 8  # samples of a trial, entering at the interval, and without a pause
_SHORT = 2  # places of a FIFO that may be for nothing
_GROWTHS = 8  # times that FIFOs are made longer where a schedule's are not enough
_EVENTS = 150_000  # words of a run up to which FIFOs are made as short as possible
_SHARES = 16  # steps from short depths to long ones
_TRIALS = 24  # of shorter FIFOs where a run has more words


@dataclass(frozen=True)
class _Depths:
    """Places of FIFOs by link, none where there is none, and of the buffers behind flow cores."""

    fifos: dict[str, int]
    buffers: dict[str, int]

    def changed(self, name: str, depth: int) -> _Depths:
        """Return the depths with another one of a link; no FIFO where that is 0."""
        if name in self.buffers:
            return replace(self, buffers={**self.buffers, name: depth})
        others = {key: value for key, value in self.fifos.items() if key != name}
        return replace(self, fifos={**others, **({name: depth} if depth else {})})


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
    floor = dict(buffers)
    for links, open_ in ((forks, False), (queued, False), (queued, True)):
        depths = _needed(design, links, buffers, open_)
        if not _keeps(design, depths):
            continue
        if (made := _least(design, _shorter(design, depths, floor), depths)) is not None:
            return _with(design, made)
    for _ in range(_GROWTHS):  # a hasty source comes in bursts, which longer FIFOs take
        fifos = {name: depths.fifos.get(name, 0) * 3 // 2 + 1 for name in queued}
        buffers = {name: depth * 3 // 2 for name, depth in depths.buffers.items()}
        depths = _Depths(fifos, buffers)
        short = _shorter(design, depths, floor) if _keeps(design, depths) else depths
        if (made := _least(design, short, depths)) is not None:
            return _with(design, made)
    raise AssertionError(f"the stages take more than {design.interval} cycles a sample")


def _least(design: Design, short: _Depths, long: _Depths) -> _Depths | None:
    """Return depths that last, short ones where they do; None where even the long ones do not."""
    if _lasts(design, short):
        return short
    if short == long or not _lasts(design, long):
        return None
    return _lasting(design, short, long)


def _lasting(design: Design, short: _Depths, long: _Depths) -> _Depths:
    """Return depths that last, between short ones that do not and long ones that do."""

    def between(share: int) -> _Depths:
        def mixed(few: Mapping[str, int], many: Mapping[str, int]) -> dict[str, int]:
            pairs = ((name, few.get(name, 0), most) for name, most in many.items())
            found = {name: low + (most - low) * share // _SHARES for name, low, most in pairs}
            return {name: depth for name, depth in found.items() if depth}

        return _Depths(mixed(short.fifos, long.fifos), mixed(short.buffers, long.buffers))

    low, high = 1, _SHARES
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _lasts(design, between(middle)) else (middle + 1, high)
    return between(high)


def _needed(
    design: Design,
    links: Sequence[str],
    cores: Mapping[str, int],
    open_: bool,
) -> _Depths:
    """Return the depths that a schedule without bounds asks for.

    Args:
        design: to size.
        links: that have FIFOs; the others have none.
        cores: least places of the buffers behind cores.
        open_: whether those have no bound either.
    """
    buffers = dict.fromkeys(cores, _OPEN) if open_ else dict(cores)
    free = _with(design, _Depths(dict.fromkeys(links, _OPEN), buffers))
    times = run(free, samples_of(design), paced=True).times
    deep = {name: times[name].depth for name in links}
    if open_:
        buffers = {name: max(times[name].depth, least) for name, least in cores.items()}
    return _Depths({name: depth for name, depth in deep.items() if depth > 1}, buffers)


def _keeps(design: Design, depths: _Depths) -> bool:
    """Tell whether the design keeps its interval with some depths, and comes to an end.

    Words enter spread over the interval first, so that what falls behind shows at once, before
    FIFOs that a hasty source has filled hide it: no sample may be later, by its own turn, than all
    before it. Then words enter without a pause, as benches measure it.
    """
    made = _with(design, depths)
    if not on_time(run(made, _PACED, paced=True, inner=False), made):
        return False
    return interval(run(made, _HASTY, inner=False), made) <= design.interval


def _lasts(design: Design, depths: _Depths) -> bool:
    """Tell whether a design keeps its interval for long, its source without a pause."""
    words = sum(link.words for link in design.links)
    frames = max(2 * samples_of(design), min(_LONG, _WORDS // words))
    made = _with(design, depths)
    return interval(run(made, frames, inner=False), made) <= design.interval


def _shorter(design: Design, depths: _Depths, floor: Mapping[str, int]) -> _Depths:
    """Return depths that are no longer than they must be, the largest memories looked at first."""
    short = [name for name, depth in depths.fifos.items() if depth <= _SHORT]
    bare = replace(depths, fifos={k: v for k, v in depths.fifos.items() if k not in short})
    if len(short) > 1 and _keeps(design, bare):  # most of the short ones are for nothing
        depths = bare
    places = depths.fifos | {n: d for n, d in depths.buffers.items() if d > floor[n]}
    size = {name: depth * design.link(name).bits for name, depth in places.items()}
    exactly = sum(link.words for link in design.links) * _HASTY <= _EVENTS
    open_: dict[str, tuple[int, int]] = {}  # of which the least depth is not known yet
    for name in sorted(size, key=lambda name: (-size[name], name)):
        low, high = floor.get(name, 0), places[name]
        if _keeps(design, depths.changed(name, low)):
            high = low
        low += 1
        while exactly and low < high:
            middle = (low + high) // 2
            if _keeps(design, depths.changed(name, middle)):
                high = middle
            else:
                low = middle + 1
        depths = depths.changed(name, high)
        open_[name] = low, high
    return depths if exactly else _narrowed(design, depths, open_)


def _narrowed(design: Design, depths: _Depths, open_: dict[str, tuple[int, int]]) -> _Depths:
    """Return depths shortened by some trials, each of the FIFO of which most bits are unsure.

    Args:
        design: to size.
        depths: that keep the rate.
        open_: by FIFO, the least depth that may do, and one that does.
    """
    for _ in range(_TRIALS):
        gaps = {n: (high - low) * design.link(n).bits for n, (low, high) in open_.items()}
        name = max(sorted(gaps), key=gaps.__getitem__, default="")
        if not name or gaps[name] <= 0:
            break
        low, high = open_[name]
        middle = math.isqrt(low * (high - 1))  # most are far too long, or hardly
        shorter = depths.changed(name, middle)
        if _keeps(design, shorter):
            depths, open_[name] = shorter, (low, middle)
        else:
            open_[name] = middle + 1, high
    return depths


def _with(design: Design, depths: _Depths) -> Design:
    links = tuple(replace(link, depth=depths.fifos.get(link.name, 0)) for link in design.links)
    stages = tuple(
        with_buffer(stage, Depth=depths.buffers[stage.writes[0]]) if pipeline_of(stage) else stage
        for stage in design.stages
    )
    return replace(design, links=links, stages=stages)
