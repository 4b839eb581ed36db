# SPDX-License-Identifier: Apache-2.0
"""The compiled simulation of words (tokens.cpp of the adder-graph core).

It does what the actors specify, and gives the same cycles. Where it was not built, the actors
themselves are run.
"""

from __future__ import annotations

import ctypes
from collections.abc import Collection, Sequence
from functools import cache

import numpy as np

from hwgen.logic.cmvm.native import library as core
from hwgen.plan.stream.channels import Actor, Channel

_FIRST_RULES = 12  # of a core that does not tell how many it knows


@cache
def library() -> ctypes.CDLL | None:
    """Return the compiled core, or None where it was not built or is older than this simulation."""
    lib = core()
    if lib is None or not hasattr(lib, "hwgen_tokens_run"):
        return None
    number, place = ctypes.c_int64, ctypes.c_void_p
    if hasattr(lib, "hwgen_tokens_rules"):
        lib.hwgen_tokens_rules.restype = number
    lib.hwgen_tokens_run.argtypes = [number, number, place, place, place]
    lib.hwgen_tokens_run.restype = place
    lib.hwgen_tokens_take.argtypes = [place, place]
    lib.hwgen_tokens_take.restype = None
    return lib


def _rules(lib: ctypes.CDLL) -> int:
    """Return how many rules a core knows; one that does not tell knows the first."""
    return int(lib.hwgen_tokens_rules()) if hasattr(lib, "hwgen_tokens_rules") else _FIRST_RULES


def settle(actors: Sequence[Actor], told: Collection[Channel]) -> bool:
    """Move words until none can; False where there is no compiled simulation.

    Args:
        actors: all of them.
        told: channels whose words are told, and when their writer launched them; the others stay as
            they are.
    """
    lib = library()
    if lib is None or any(actor.rule >= _rules(lib) for actor in actors):
        return False
    known: dict[int, Channel] = {id(c): c for a in actors for c in (*a.ins, *a.outs)}
    index = {key: i for i, key in enumerate(known)}
    facts, bits = list[int](), list[bytes]()
    for actor in actors:
        patterns = actor.patterns()
        rows = (
            [index[id(c)] for c in actor.ins],
            [index[id(c)] for c in actor.outs],
            actor.numbers(),
            [len(one) for one in patterns],
        )
        facts.append(actor.rule)
        for row in rows:
            facts += [len(row), *row]
        bits += patterns
    plain = np.array(facts, np.int64)
    sizes = np.zeros(2 * len(known) + len(actors), np.int64)
    handle = lib.hwgen_tokens_run(
        len(known), len(actors), plain.ctypes.data, b"".join(bits), sizes.ctypes.data
    )
    if not handle:
        raise MemoryError
    cycles = np.empty(int(sizes.sum()), np.int64)
    lib.hwgen_tokens_take(handle, cycles.ctypes.data)
    found = np.split(cycles, np.cumsum(sizes)[:-1])
    wanted = {id(channel) for channel in told}
    for channel in told:
        at = 2 * index[id(channel)]
        channel.shown, channel.taken = (one.tolist() for one in found[at : at + 2])
    for actor, launched in zip(actors, found[2 * len(known) :], strict=True):
        if any(id(out) in wanted for out in actor.outs):
            actor.launched = launched.tolist()
    return True
