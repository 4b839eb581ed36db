# SPDX-License-Identifier: Apache-2.0
"""Table-driven asymmetric numeral systems with 256 states (Duda, 2013).

A decoder is in a state 0 to 255; the table row of the state gives the token, how many bits to read,
and what to add to them for the next state. The encoder walks backwards, so that the decoder can go
forwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from hwgen.codec.tokens import ESCAPE
from hwgen.codec.wire import TOKENS

STATES = 256
STATE_BITS = 8
STEP = 163  # of the spread; odd, so that every position is met once


@cache
def _gain(have: int) -> int:
    """Return log2((have + 1) / have) in units of 2**-40."""
    return round(math.log2((have + 1) / have) * (1 << 40))


def frequencies_of(counts: Sequence[int]) -> tuple[int, ...]:
    """Return frequencies that sum to 256, for the least cost.

    Tokens below a share of 1/512 get none: they are coded as the escape token 31, which has at
    least 1, and five bits. To each count 1/50 is added.

    Args:
        counts: how often each of the 32 tokens occurs; 31 itself does not.
    """
    weights = [50 * count + 1 for count in counts]
    total = sum(weights)
    kept = [t for t in range(TOKENS) if t == ESCAPE or weights[t] * 2 * STATES >= total]
    share = {t: weights[t] for t in kept}
    share[ESCAPE] += total - sum(share.values())
    made = [0] * TOKENS
    for token in kept:
        made[token] = 1
    for _ in range(STATES - len(kept)):
        best = max(kept, key=lambda t: (share[t] * _gain(made[t]), -t))
        made[best] += 1
    return tuple(made)


def spread(frequencies: Sequence[int]) -> list[int]:
    """Return the token of each state: from 0 on in steps of 163 mod 256, tokens ascending."""
    tokens = [0] * STATES
    place = 0
    for token, count in enumerate(frequencies):
        for _ in range(count):
            tokens[place] = token
            place = (place + STEP) % STATES
    return tokens


def decode_row(frequencies: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return token, bits to read, and base of the next state, for each state."""
    following = list(frequencies)
    rows = []
    for token in spread(frequencies):
        x = following[token]
        following[token] += 1
        bits = STATE_BITS + 1 - x.bit_length()
        rows.append((token, bits, (x << bits) - STATES))
    return rows


def encode_row(frequencies: Sequence[int]) -> tuple[list[tuple[int, int, int]], list[int]]:
    """Return what an encoder in state x, 256 to 511, needs.

    It sends the low n bits of x, with n = bits if x >= limit, else bits - 1, and goes on to
    256 + states[(start + (x >> n)) mod 256].

    Returns:
        symbols: bits, limit (256 to 511) and start (0 to 255) of each token; bits 0 marks a token
            that has no frequency.
        states: 256 states, by token, then ascending.
    """
    symbols = []
    begin = 0
    for count in frequencies:
        if count:
            bits = STATE_BITS + 1 - count.bit_length()
            symbols.append((bits, count << bits, (begin - count) % STATES))
        else:
            symbols.append((0, STATES, 0))
        begin += count
    places = spread(frequencies)
    states = sorted(range(STATES), key=lambda state: (places[state], state))
    return symbols, states
