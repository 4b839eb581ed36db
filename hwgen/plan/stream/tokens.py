# SPDX-License-Identifier: Apache-2.0
"""Word-level simulation of a stream design: when each word of each link moves.

Every stage is an actor (`hwgen.plan.stream.actors`), and none decides anything by data. A design
in which no actor can go on while words are left is a deadlock. The benches of a build hold latency
and interval against this simulation to the cycle. The actors are its specification; a compiled one
does the same some fifty times as fast, where it was built.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwgen.design.types import Design
from hwgen.plan.stream import native
from hwgen.plan.stream.actors import Core, Fifo, actor_of
from hwgen.plan.stream.channels import Actor, Channel, Sink, Source

_FEWEST, _MOST, _WORDS = 5, 8, 60_000  # samples of a run, and words of all of them, about


@dataclass(frozen=True)
class Times:
    """Times of the words of a link.

    Attributes:
        put: cycle in which each was launched into the core that writes it, or pushed into the FIFO.
        taken: cycle in which its reader took it.
    """

    put: list[int]
    taken: list[int]

    @property
    def depth(self) -> int:
        """Least number of places with which no word is put later; a place is free a cycle late."""
        places = np.arange(len(self.put)) - np.searchsorted(self.taken, self.put) + 1
        return int(places.max(initial=1))


@dataclass(frozen=True)
class Run:
    """Result of a simulation.

    Attributes:
        entered: by input link of the network, the cycle in which each word was taken.
        left: by output link, likewise.
        times: of the links behind cores and FIFOs, where they were asked for.
        stuck: output links that did not get all words: stages wait for each other for ever.
    """

    entered: dict[str, list[int]]
    left: dict[str, list[int]]
    times: dict[str, Times]
    stuck: tuple[str, ...] = ()


def run(
    design: Design, frames: int, paced: bool = False, compiled: bool = True, inner: bool = True
) -> Run:
    """Simulate samples that follow each other, and sinks that never wait.

    Args:
        design: what is simulated.
        frames: how many samples.
        paced: whether the words of a sample enter spread over the design's interval; else they
            enter without a pause.
        compiled: whether the compiled simulation does it, where it was built.
        inner: whether the times of links between stages are told.
    """
    ins: dict[str, Channel] = {}
    outs: dict[str, Channel] = {}
    actors: list[Actor] = []
    for link in design.links:
        outs[link.name] = ins[link.name] = Channel()
        if link.depth:
            ins[link.name] = Channel()
    puts: dict[str, Core] = {}
    for port in design.inputs:
        words = design.link(port.link).words
        pace = (design.interval, words) if paced else None
        actors.append(Source(outs[port.link], words * frames, pace))
    for stage in design.stages:
        reads, writes = [ins[x] for x in stage.reads], [outs[x] for x in stage.writes]
        made = actor_of(stage, reads, writes)
        actors.append(made)
        if isinstance(made, Core):
            puts[stage.writes[0]] = made
    for link in design.links:
        if link.depth:
            puts[link.name] = Fifo(outs[link.name], ins[link.name], link.depth)
            actors.append(puts[link.name])
    actors += [Sink(ins[port.link]) for port in design.outputs]
    waits = {name: ins[name] for name in puts} if inner else {}
    told = [outs[port.link] for port in design.inputs] + [ins[p.link] for p in design.outputs]
    if not (compiled and native.settle(actors, (*told, *waits.values()))):
        _settle(actors)
    left = {port.link: ins[port.link].taken for port in design.outputs}
    stuck = [link for link, taken in left.items() if len(taken) < design.link(link).words * frames]
    times = {name: Times(puts[name].launched, one.taken) for name, one in waits.items()}
    entered = {port.link: outs[port.link].taken for port in design.inputs}
    return Run(entered, left, times, tuple(stuck))


def _settle(actors: Sequence[Actor]) -> None:
    """Let actors move words until none can; who moved one wakes its neighbours."""
    ends: dict[int, list[int]] = {}  # actors at both ends of every channel
    for i, actor in enumerate(actors):
        for channel in (*actor.ins, *actor.outs):
            ends.setdefault(id(channel), []).append(i)
    near = [
        sorted({j for c in (*actor.ins, *actor.outs) for j in ends[id(c)]} - {i})
        for i, actor in enumerate(actors)
    ]
    queue, queued = deque(range(len(actors))), [True] * len(actors)
    while queue:
        i = queue.popleft()
        queued[i] = False
        if actors[i].advance():
            for j in near[i]:
                if not queued[j]:
                    queued[j] = True
                    queue.append(j)


def samples_of(design: Design) -> int:
    """Return how many samples a run takes: fewer where one is a map of many words."""
    words = sum(link.words for link in design.links)
    return max(_FEWEST, min(_MOST, _WORDS // words))


def latency(design: Design) -> int:
    """Return the cycles from the offer of a lone sample to the last word of its result."""
    return max(times[-1] for times in run(design, 1, inner=False).left.values())


def pace(design: Design) -> Design:
    """Return the design with its latency, as the simulation has it.

    Raises:
        AssertionError: stages wait for each other, or samples follow slower than the stages say.
    """
    made = run(design, 2 * samples_of(design), inner=False)
    assert not made.stuck, f"the stages wait for each other: words miss at {', '.join(made.stuck)}"
    measured = interval(made, design)
    assert measured <= design.interval, f"{measured} cycles a sample, not {design.interval}"
    return replace(design, latency=latency(design))


def on_time(made: Run, design: Design) -> bool:
    """Tell whether samples that enter once an interval leave at that pace, too.

    Each has its turn an interval after the one before; the last ones may be no later behind theirs
    than the latest of the first ones was.
    """
    if made.stuck:
        return False
    for link, times in made.left.items():
        words = design.link(link).words
        late = [end - i * design.interval for i, end in enumerate(times[words - 1 :: words])]
        if max(late[-3:]) > max(late[:-3]):
            return False
    return True


def interval(made: Run, design: Design) -> float:
    """Return the mean cycles between two samples, the first half of the run left out.

    Infinite where the run came to a stop.
    """
    if made.stuck:
        return math.inf
    means = []
    for link, times in made.left.items():
        words = design.link(link).words
        ends = times[words - 1 :: words]
        half = len(ends) // 2
        means.append((ends[-1] - ends[half]) / (len(ends) - 1 - half))
    return max(means)
