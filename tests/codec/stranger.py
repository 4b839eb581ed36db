# SPDX-License-Identifier: Apache-2.0
"""A decoder written from docs/bitstream.md alone; it shares no line with the package."""

import zlib
from itertools import pairwise

LADDERS = (0, 1, 3), (3, 4, 8, 16, 48), (8, 8, 16, 24, 32, 48, 96, 384)


def huffman_codes(lengths):
    code, found = 0, {}
    for n in range(1, 13):
        for token in range(32):
            if lengths[token] == n:
                found[format(code, f"0{n}b")] = token
                code += 1
        code *= 2
    return found


def tans_states(frequencies):
    owner, place, x = [0] * 256, 0, list(frequencies)
    for token, count in enumerate(frequencies):
        for _ in range(count):
            owner[place], place = token, (place + 163) % 256
    states = []
    for token in owner:
        bits = 9 - x[token].bit_length()
        states.append((token, bits, (x[token] << bits) - 256))
        x[token] += 1
    return states


def decode(block, shape, bits, tables, number, signed=False, weights=b"", nonce=0):
    """Return the values of an undamaged block, in scan order."""
    h, w, c = shape
    head = int.from_bytes(block[:8], "little")
    coded, tans, end = head & 3 == 2, head >> 2 & 1, 8 + 2 * (head >> 8 & 0xFFF)
    nonce = nonce.to_bytes(4, "little")
    crc = zlib.crc32(block[:end], number ^ zlib.crc32(tables + weights + nonce))
    assert (head >> 56, crc) == (number & 255, int.from_bytes(block[end : end + 4], "little"))
    payload = "".join(format(byte, "08b")[::-1] for byte in block[8:end])
    cuts = [0] + [16 * (head >> at & 0xFFF) for at in (20, 32, 44) if coded]
    cuts = [sum(cuts[: i + 1]) for i in range(len(cuts))] + [len(payload)]
    streams = [payload[a:b] for a, b in pairwise(cuts)]
    at = [0] * len(streams)

    def read(n, t=0):
        at[t] += n
        return int(streams[t][at[t] - n : at[t]][::-1] or "0", 2)

    nibbles = [n for byte in tables[:256] for n in (byte & 15, byte >> 4)]
    codes = [huffman_codes(nibbles[i : i + 32]) for i in range(0, 512, 32)]
    states = [tans_states(tables[i : i + 32]) for i in range(256, 768, 32)]
    state = [read(8, t) for t in range(min(4, c))] if coded and tans else []
    found = {}
    for y, x, i in ((y, x, i) for y in range(h) for x in range(w) for i in range(c)):
        if not coded:
            found[y, x, i] = read(bits) if head & 3 == 0 else 0
            continue
        near = [found.get((y - dy, x - dx, i), 0) for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1))]
        sizes = [min((v + 1) // 2 if signed else v, 127) for v in near]
        s = 2 * sizes[0] + 2 * sizes[1] + sizes[2] + sizes[3] + (weights or bytes(128))[i % 128]
        n = sum(a for a, size in zip((2, 2, 1, 1), sizes, strict=True) if size)
        base, *steps = LADDERS[(n > 1) + (n > 4)]
        context, t = base + sum(s >= step for step in steps), i % 4
        if tans:
            token, count, base = states[context][state[t]]
            state[t] = base + read(count, t)
            token = read(5, t) if token == 31 else token
        else:
            code = str(read(1, t))
            while code not in codes[context]:
                code += str(read(1, t))
            token = codes[context][code]
        n = (token - 8) // 2 + 2
        found[y, x, i] = token if token < 8 else (2 + (token & 1) << n) + read(n, t)
    assert not any(state)
    assert all(len(s) - a < 16 for s, a in zip(streams, at, strict=True))
    return [-(v + 1) // 2 if signed and v & 1 else v >> signed for v in found.values()]
