# SPDX-License-Identifier: Apache-2.0
"""Actors of the word-level simulation: when each unit takes and offers words.

Each rule says what the RTL of one unit does, cycle by cycle, given the cycles in which its
neighbours offer and take. Such actors do not decide anything by data, so the times follow from each
other without a loop over cycles.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from hwgen.design.flow_core import buffer_of, pipeline_of, unit_of
from hwgen.design.types import Stage
from hwgen.plan.stream.channels import Actor, Channel
from hwgen.units.facts import facts, folds, with_defaults
from hwgen.units.models import Params, window_lags


class Core(Actor):
    """Flow core behind credits: a word from each input launches, its result waits in a FIFO."""

    def __init__(self, ins: Sequence[Channel], out: Channel, latency: int, depth: int) -> None:
        super().__init__(ins, (out,))
        self.latency, self.depth = latency, depth
        self.launched: list[int] = []

    def advance(self) -> bool:
        """Launch, and show results."""
        (out,), moved = self.outs, False
        while True:
            k, credit = len(self.launched), 0
            if k >= self.depth:
                if len(out.taken) <= k - self.depth:
                    break
                credit = out.taken[k - self.depth] + 1
            if any(len(one.shown) <= k for one in self.ins):
                break
            at = max(credit, *(one.shown[k] for one in self.ins))
            self.launched.append(at)
            for one in self.ins:
                one.taken.append(at)
            moved = True
        return self._show() or moved

    def _show(self) -> bool:
        (out,), moved = self.outs, False
        while (k := len(out.shown)) < len(self.launched) and (free := out.free(k)) is not None:
            out.shown.append(max(self.launched[k] + self.latency + 1, free))
            moved = True
        return moved


class Fifo(Core):
    """FIFO: a word is there a cycle later; a word that is read makes room for the next cycle."""

    def __init__(self, source: Channel, out: Channel, depth: int) -> None:
        super().__init__((source,), out, 0, depth)


class Fork(Actor):
    """Fork: every sink takes every word once, and then the next one is offered."""

    def advance(self) -> bool:
        """Hand on, and take what everybody took."""
        (source,), moved = self.ins, False
        for out in self.outs:
            while (k := len(out.shown)) < len(source.shown) and k <= len(source.taken):
                out.shown.append(source.shown[k])
                moved = True
        done = min(len(out.taken) for out in self.outs)
        while (k := len(source.taken)) < done:
            source.taken.append(max(out.taken[k] for out in self.outs))
            moved = True
        return moved


class Widen(Actor):
    """Widener: all words but the last of a wide one are taken at once, the last goes through."""

    def __init__(self, source: Channel, out: Channel, parts: int) -> None:
        super().__init__((source,), (out,))
        self.parts = parts

    def advance(self) -> bool:
        """Hand on as many wide words as possible."""
        (source,), (out,), moved = self.ins, self.outs, False
        while (k := len(source.taken)) < len(source.shown):
            at = source.shown[k]
            if k % self.parts == self.parts - 1:
                wide = k // self.parts
                if wide == len(out.shown):
                    out.shown.append(at)
                    moved = True
                if wide >= len(out.taken):
                    break
                at = out.taken[wide]
            source.taken.append(at)
            moved = True
        return moved


class Narrow(Actor):
    """Narrower: the parts of a word leave one after the other, and the word with the last."""

    def __init__(self, source: Channel, out: Channel, parts: int) -> None:
        super().__init__((source,), (out,))
        self.parts = parts

    def advance(self) -> bool:
        """Hand on as many parts as possible."""
        (source,), (out,), moved = self.ins, self.outs, False
        while True:
            k = len(out.shown)
            wide, part = divmod(k, self.parts)
            if len(source.taken) < wide and len(out.taken) == k:
                source.taken.append(out.taken[k - 1])
                moved = True
            free = out.free(k)
            if free is None or wide >= len(source.shown) or len(source.taken) < wide:
                return moved
            out.shown.append(max(free, source.shown[wide]) if part else source.shown[wide])
            moved = True


class Window(Actor):
    """Window generator: a pixel's group a step, and windows that leave with certain steps.

    Behind a frame, steps without a pixel push its last windows out as long as the next frame has
    not begun. In step n of a frame the windows `emits` are due; those behind its last pixel leave
    with the first steps of what follows.
    """

    def __init__(self, source: Channel, out: Channel, params: Params) -> None:
        super().__init__((source,), (out,))
        self.groups = params["CF"]
        self.frame = params["H"] * params["W"] * self.groups
        self.due, self.tail = _window_steps(params)
        self.step = 0  # of this frame, that comes next
        self.behind = len(self.tail)  # steps behind the frame before: none is left at the start
        self.blank = 0  # groups of a step without a pixel that are still to come
        self.now = 0  # cycle that the next step may take

    def _when(self, emits: bool) -> int | None:
        """Return the earliest cycle of the next step as the output allows it."""
        (out,) = self.outs
        if not emits or not out.shown:
            return self.now
        if len(out.taken) < len(out.shown):
            return None
        return max(self.now, out.taken[-1])

    def _emits(self) -> bool:
        if self.behind < len(self.tail):
            return self.tail[self.behind]
        return self.due[self.step]

    def _done(self, at: int, emits: bool) -> None:
        (out,) = self.outs
        if emits:
            out.shown.append(at + 1)
        self.now = at + 1
        self.behind = min(self.behind + 1, len(self.tail))

    def advance(self) -> bool:
        """Take as many pixels as possible."""
        (source,), moved = self.ins, False
        while True:
            emits = self._emits()
            when = self._when(emits)
            if when is None:
                return moved
            if self.blank:
                self._done(when, emits)
                self.blank -= 1
                moved = True
                continue
            k = len(source.taken)
            if k >= len(source.shown):
                return moved
            if source.shown[k] > when and self._may_blank():
                self._blank(when, emits)
                moved = True
                continue
            at = max(when, source.shown[k])
            source.taken.append(at)
            self._done(at, emits)
            self.step += 1
            if self.step == self.frame:
                self.step = self.behind = 0
            moved = True

    def _may_blank(self) -> bool:
        return self.step == 0 and self.behind < len(self.tail)

    def _blank(self, at: int, emits: bool) -> None:
        self._done(at, emits)
        self.blank = self.groups - 1

    def idle_from(self) -> int | None:
        """Return when the next step without a pixel would be."""
        if self.blank or not self._may_blank():
            return None
        return self._when(self._emits())

    def go_on(self) -> None:
        """Take a step without a pixel."""
        emits = self._emits()
        when = self._when(emits)
        assert when is not None
        self._blank(when, emits)


def _window_steps(params: Params) -> tuple[list[bool], list[bool]]:
    """Return, for the steps of a frame and for those behind it, with which windows leave."""
    h, w, groups = params["H"], params["W"], params["CF"]
    lag_h, lag_w = window_lags(params)
    tail = params["PadBottom"] * w + params["PadRight"]
    steps = [False] * (h * w + tail)
    out_h, out_w = h - lag_h + params["PadBottom"], w - lag_w + params["PadRight"]
    for i in range(0, out_h, params["StrideH"]):
        for j in range(0, out_w, params["StrideW"]):
            steps[(i + lag_h) * w + j + lag_w] = True
    spread = [one for one in steps for _ in range(groups)]
    return spread[: h * w * groups], spread[h * w * groups :]


class Blocks(Actor):
    """Pool of blocks: a word a step, none while a result waits; the last of a block shows one."""

    def __init__(self, source: Channel, out: Channel, params: Params) -> None:
        super().__init__((source,), (out,))
        rows, columns = params["H"] // params["BlockH"], params["W"] // params["BlockW"]
        frame = [False] * (params["H"] * params["W"])
        for i in range(1, rows + 1):
            for j in range(1, columns + 1):
                frame[(i * params["BlockH"] - 1) * params["W"] + j * params["BlockW"] - 1] = True
        self.ends = [end for end in frame for _ in range(params["CF"])]
        self.now = 0

    def advance(self) -> bool:
        """Take as many words as possible."""
        (source,), (out,), moved = self.ins, self.outs, False
        while (k := len(source.taken)) < len(source.shown) and len(out.taken) == len(out.shown):
            at = max(self.now, source.shown[k], out.taken[-1] if out.taken else 0)
            source.taken.append(at)
            self.now = at + 1
            if self.ends[k % len(self.ends)]:
                out.shown.append(at + 1)
            moved = True
        return moved


class Matvec(Actor):
    """Matrix-vector unit: a step a cycle; the whole pipeline stands still while a result waits.

    Steps are counted in cycles in which the pipeline moves: a result that is not taken at once
    moves all later cycles by as long as it waits.
    """

    def __init__(self, source: Channel, out: Channel, unit: str, params: Params) -> None:
        super().__init__((source,), (out,))
        self.turns, self.steps = folds(params)
        self.latency = facts(unit).latency(with_defaults(unit, params))
        self.depthwise = bool(params.get("Depthwise", 0))
        self.move = -1  # number of the last step's cycle, of those in which the pipeline moves
        self.place = 0  # step within a vector
        self.waited = 0  # cycles in which it stood still
        self.pending: deque[int] = deque()  # of results: the moving cycle in which they are shown
        self.results = 0

    def advance(self) -> bool:
        """Take as many steps as possible."""
        (source,), (out,), moved = self.ins, self.outs, False
        while True:
            if self.pending and len(out.shown) == len(out.taken) == self._given():
                out.shown.append(self.pending[0] + self.waited)
                moved = True
            if self.pending and len(out.taken) > self._given():
                self.waited += out.taken[-1] - out.shown[-1]
                self.pending.popleft()
                moved = True
                continue
            fresh, steps = self.depthwise or self.place < self.steps, 1
            if fresh:
                if len(source.taken) >= len(source.shown):
                    return moved
                move = max(self.move + 1, source.shown[len(source.taken)] - self.waited)
            else:  # the vector is there: to the end of this turn at once
                steps = self.steps - self.place % self.steps
                move = self.move + steps
            if self.pending and self.pending[0] <= move:
                return moved  # whether the pipeline stands still is not known yet
            if fresh:
                source.taken.append(move + self.waited)
            self.move = move
            self.place += steps
            if self.place % self.steps == 0:
                self.pending.append(move + self.latency)
                self.results += 1
            if self.place == self.steps * self.turns:
                self.place = 0
            moved = True

    def _given(self) -> int:
        """Return how many results are settled."""
        return self.results - len(self.pending)


def actor_of(stage: Stage, ins: Sequence[Channel], outs: Sequence[Channel]) -> Actor:
    """Return the actor of a stage between channels."""
    unit = unit_of(stage)
    if unit is None:
        pipeline = pipeline_of(stage)
        assert pipeline is not None
        return Core(ins, outs[0], pipeline.latency, buffer_of(stage).params["Depth"])
    params = unit.params
    match unit.unit:
        case "hwg_fork":
            return Fork(ins, outs)
        case "hwg_widen":
            return Widen(ins[0], outs[0], params["Parts"])
        case "hwg_narrow":
            return Narrow(ins[0], outs[0], params["Parts"])
        case "hwg_window":
            return Window(ins[0], outs[0], params)
        case "hwg_pool_blocks":
            return Blocks(ins[0], outs[0], params)
        case "hwg_matvec" | "hwg_xnor_matvec":
            return Matvec(ins[0], outs[0], unit.unit, params)
    raise AssertionError(f"no rule for {unit.unit}")
