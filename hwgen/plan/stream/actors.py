# SPDX-License-Identifier: Apache-2.0
"""Actors of the word-level simulation: when each unit takes and offers words.

Each rule says what the RTL of one unit does, cycle by cycle, given the cycles in which its
neighbours offer and take. Such actors do not decide anything by data, so the times follow from each
other without a loop over cycles.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from hwgen.design.flow_core import buffer_of, pipeline_of, unit_of
from hwgen.design.types import Stage
from hwgen.plan.stream.channels import Actor, Channel
from hwgen.plan.stream.matvec_actor import Matvec
from hwgen.plan.stream.move_actors import Concat, Cropped, Grown, Reorder, kept, repeated
from hwgen.units.geometry import Params, reorder_words, window_lags


class Core(Actor):
    """Flow core behind credits: a word from each input launches, its result waits in a FIFO."""

    rule = 2

    def __init__(self, ins: Sequence[Channel], out: Channel, latency: int, depth: int) -> None:
        super().__init__(ins, (out,))
        self.latency, self.depth = latency, depth

    def numbers(self) -> tuple[int, ...]:
        """Return its latency and its depth."""
        return self.latency, self.depth

    def advance(self) -> bool:
        """Launch, and offer results."""
        (out,), before = self.outs, len(self.launched)
        for k in range(before, min(len(one.shown) for one in self.ins)):
            at = 0
            if k >= self.depth:
                if len(out.taken) <= k - self.depth:
                    break
                at = out.taken[k - self.depth] + 1
            for one in self.ins:
                at = max(at, one.offered(k))
            self.launched.append(at)
            for one in self.ins:
                one.taken.append(at)
            out.shown.append(at + self.latency + 1)
        return len(self.launched) > before


class Fifo(Core):
    """FIFO: a word is there a cycle later; a word that is read makes room for the next cycle."""

    def __init__(self, source: Channel, out: Channel, depth: int) -> None:
        super().__init__((source,), out, 0, depth)


class Fork(Actor):
    """Fork: every sink takes every word once, and then the next one is offered."""

    rule = 3

    def advance(self) -> bool:
        """Take what everybody took, and hand on."""
        (source,), before = self.ins, len(self.ins[0].taken)
        for k in range(before, min(len(out.taken) for out in self.outs)):
            source.taken.append(max(out.taken[k] for out in self.outs))
        moved = len(source.taken) > before
        for out in self.outs:
            while (k := len(out.shown)) < len(source.shown) and k <= len(source.taken):
                out.shown.append(source.offered(k))
                moved = True
        return moved


class Widen(Actor):
    """Widener: all words but the last of a wide one are taken at once, the last goes through.

    Args:
        source, out: what it reads and writes.
        params: Parts in a wide word; Count in a group, which begins a new one.
    """

    rule = 4

    def __init__(self, source: Channel, out: Channel, params: Params) -> None:
        super().__init__((source,), (out,))
        self.parts, self.count = params["Parts"], params["Count"]

    def numbers(self) -> tuple[int, ...]:
        """Return the parts of a wide word, and of a group."""
        return self.parts, self.count

    def advance(self) -> bool:
        """Hand on as many wide words as possible."""
        (source,), (out,), moved = self.ins, self.outs, False
        while (k := len(source.taken)) < len(source.shown):
            at, place = source.offered(k), k % self.count
            if place == self.count - 1 or place % self.parts == self.parts - 1:
                wide = _wide(k, self.parts, self.count)
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
    """Narrower: the parts of a word leave one after the other, and the word with the last.

    Args:
        source, out: what it reads and writes.
        params: as of `Widen`.
    """

    rule = 5

    def __init__(self, source: Channel, out: Channel, params: Params) -> None:
        super().__init__((source,), (out,))
        self.parts, self.count = params["Parts"], params["Count"]

    def numbers(self) -> tuple[int, ...]:
        """Return the parts of a wide word, and of a group."""
        return self.parts, self.count

    def advance(self) -> bool:
        """Hand on as many parts as possible."""
        (source,), (out,), moved = self.ins, self.outs, False
        while True:
            k = len(out.shown)
            wide = _wide(k, self.parts, self.count)
            first = k % self.count % self.parts == 0
            if first and len(source.taken) < wide and len(out.taken) == k:
                source.taken.append(out.taken[k - 1])
                moved = True
            if wide >= len(source.shown) or len(source.taken) < wide:
                return moved
            out.shown.append(source.offered(wide))
            moved = True


def _wide(k: int, parts: int, count: int) -> int:
    """Return the number of the wide word in which narrow word *k* lies."""
    group, place = divmod(k, count)
    return group * -(-count // parts) + place // parts


class Window(Actor):
    """Window generator: a pixel's group a step, and windows that leave with certain steps.

    Behind a frame its last windows leave by themselves, a step each of a walk over what lies below
    and beside the map; the next frame's pixels come in meanwhile, never ahead of that walk. In step
    n of a frame the windows `due` leave, in step n of the walk behind it those of `tail`.
    """

    rule = 6

    def __init__(self, source: Channel, out: Channel, params: Params) -> None:
        super().__init__((source,), (out,))
        self.frame = params["H"] * params["W"] * params["CF"]
        self.due, self.tail = _window_steps(*(params[key] for key in _GEOMETRY))
        self.step = 0  # of this frame, that comes next
        self.flushed = [-1] * len(self.tail)  # cycles of the walk behind the frame before
        self.now = 0  # cycle that the next pixel's step may take

    def patterns(self) -> tuple[bytes, ...]:
        """Return with which steps windows leave."""
        return self.due, self.tail

    def _when(self, emits: int, now: int) -> int | None:
        """Return the earliest cycle of a step from *now* on, as the output allows it."""
        (out,) = self.outs
        if not emits or not out.shown:
            return now
        if len(out.taken) < len(out.shown):
            return None
        return max(now, out.taken[-1])

    def _flush(self) -> bool:
        """Walk on behind the frame before; tell whether windows of it left."""
        (out,), moved = self.outs, False
        while (k := len(self.flushed)) < len(self.tail):
            now = self.flushed[-1] + 1 if k else self.now
            at = self._when(self.tail[k], now)
            if at is None:
                break
            self.flushed.append(at)
            if self.tail[k]:
                out.shown.append(at + 1)
                moved = True
        return moved

    def advance(self) -> bool:
        """Take as many pixels as possible."""
        (source,), (out,) = self.ins, self.outs
        moved = self._flush()
        while len(source.taken) < len(source.shown):
            at: int | None
            if self.step < len(self.tail):
                if self.step >= len(self.flushed):
                    break
                at = max(self.now, self.flushed[self.step])
            elif len(self.flushed) < len(self.tail):
                break
            else:
                at = self._when(self.due[self.step], self.now)
            if at is None:
                break
            at = max(at, source.offered(len(source.taken)))
            source.taken.append(at)
            moved = True
            if self.due[self.step]:
                out.shown.append(at + 1)
            self.now = at + 1
            self.step += 1
            if self.step == self.frame:
                self.step, self.flushed = 0, []
                self._flush()
        return moved


_GEOMETRY = (
    "H", "W", "CF", "KernelH", "KernelW", "DilationH", "DilationW",
    "PadTop", "PadLeft", "PadBottom", "PadRight", "StrideH", "StrideW",
)  # fmt: skip


@cache
def _window_steps(*geometry: int) -> tuple[bytes, bytes]:
    """Return, for the steps of a frame and for those behind it, with which windows leave."""
    params = dict(zip(_GEOMETRY, geometry, strict=True))
    h, w, groups = params["H"], params["W"], params["CF"]
    lag_h, lag_w = window_lags(params)
    tail = params["PadBottom"] * w + params["PadRight"]
    steps = bytearray(h * w + tail)
    out_h, out_w = h - lag_h + params["PadBottom"], w - lag_w + params["PadRight"]
    for i in range(0, out_h, params["StrideH"]):
        for j in range(0, out_w, params["StrideW"]):
            steps[(i + lag_h) * w + j + lag_w] = 1
    spread = bytes(one for one in steps for _ in range(groups))
    return spread[: h * w * groups], spread[h * w * groups :]


class Blocks(Actor):
    """Pool of blocks: a word a step, none while a result waits; the last of a block shows one."""

    rule = 7

    def __init__(self, source: Channel, out: Channel, params: Params) -> None:
        super().__init__((source,), (out,))
        sizes = ("H", "W", "BlockH", "BlockW", "CF")
        self.ends = _block_ends(*(params[key] for key in sizes))
        self.now = 0

    def patterns(self) -> tuple[bytes, ...]:
        """Return with which words of a sample a block ends."""
        return (self.ends,)

    def advance(self) -> bool:
        """Take as many words as possible."""
        (source,), (out,), moved = self.ins, self.outs, False
        while (k := len(source.taken)) < len(source.shown) and len(out.taken) == len(out.shown):
            at = max(self.now, source.offered(k), out.taken[-1] if out.taken else 0)
            source.taken.append(at)
            self.now = at + 1
            if self.ends[k % len(self.ends)]:
                out.shown.append(at + 1)
            moved = True
        return moved


@cache
def _block_ends(h: int, w: int, block_h: int, block_w: int, groups: int) -> bytes:
    """Return with which words of a sample a block ends."""
    frame = bytearray(h * w)
    for i in range(1, h // block_h + 1):
        for j in range(1, w // block_w + 1):
            frame[(i * block_h - 1) * w + j * block_w - 1] = 1
    return bytes(end for end in frame for _ in range(groups))


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
            return Widen(ins[0], outs[0], params)
        case "hwg_narrow":
            return Narrow(ins[0], outs[0], params)
        case "hwg_window":
            return Window(ins[0], outs[0], params)
        case "hwg_pool_blocks":
            return Blocks(ins[0], outs[0], params)
        case "hwg_stream_thresholds":
            alone = {"PE": 1, "SIMD": 1, "Rows": 1, "Columns": 1}  # each word is a vector
            return Matvec(ins[0], outs[0], unit.unit, {**params, **alone})
        case "hwg_matvec" | "hwg_xnor_matvec":
            return Matvec(ins[0], outs[0], unit.unit, params)
        case "hwg_upsample":
            return Grown(ins[0], outs[0], repeated(params))
        case "hwg_pad":
            return Grown(ins[0], outs[0], kept(params, False))
        case "hwg_crop":
            return Cropped(ins[0], outs[0], kept(params, True))
        case "hwg_reorder":
            return Reorder(ins[0], outs[0], reorder_words(params))
        case "hwg_stream_extend":
            return Widen(ins[0], outs[0], {"Parts": 1, "Count": 1})  # it goes through
        case "hwg_stream_concat":
            return Concat(ins, outs[0], unit.constants["Counts"].tolist())
    raise AssertionError(f"no rule for {unit.unit}")
