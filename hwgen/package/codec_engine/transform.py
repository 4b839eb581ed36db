# SPDX-License-Identifier: Apache-2.0
"""Transforms of the engine: hardware that is built, words of registers, rows of matrices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hwgen.codec.block_scan import FULL_KLT, KLT_SIDE, folded, settings
from hwgen.codec.memory_images import klt_rom
from hwgen.codec.transform import Transform
from hwgen.ir.fixed import bits_for

FORWARD_ROWS, INVERSE_ROWS = 5, 6  # kinds in the register table_addr
ROW_WORDS = 4  # of a row of a matrix; the fourth is filling
MAX_GROUPS, MAX_WIDTH = 512, 32  # of any engine
_WORD = (1 << 32) - 1


@dataclass(frozen=True)
class Turns:
    """Transforms that an engine is built with.

    Attributes:
        kinds: a mask: 1 Haar2, 2 ICT4, 4 WHT4.
        groups: of eight channels of a KLT; 0 or a power of two.
        width: bits of the values of a map, two's complement.
    """

    kinds: int = 0
    groups: int = 0
    width: int = 2

    @classmethod
    def of(cls, transforms: Iterable[Transform]) -> Turns:
        """Return what so many transforms need."""
        kinds = groups = 0
        width = 2
        for transform in map(in_engine, transforms):
            kinds |= 1 << transform.spatial >> 1
            if transform.group:
                groups = max(groups, transform.inputs // KLT_SIDE)
            # One that goes below 0, so that there is room for a sign.
            width = max(width, bits_for(min(transform.lo, -1), max(transform.hi, 0)))
        return cls(kinds, 1 << (groups - 1).bit_length() if groups else 0, width)


def in_engine(transform: Transform) -> Transform:
    """Return what the engine does of a transform: all but a KLT over all channels."""
    return folded(transform) if transform.code & FULL_KLT else transform


def transform_words(engine: int, transform: Transform, height: int, width: int) -> dict[str, int]:
    """Return what the registers of an engine must hold for a transform, register to word.

    Args:
        engine: 0 the writer, 1 the reader.
        transform: of the tensor, as `in_engine` gives it.
        height: of the map.
        width: of the map.
    """
    told = settings(transform)
    factors = told["steps" if engine else "scales"]
    words = {
        "form": told["kind"] | told["klt"] << 2 | told["down"] << 8 | told["shift"] << 16,
        "map_pixels": width | height << 16,
        "factors": factors & _WORD,
        "factor": factors >> 32,
        "lo": told["lo"] & _WORD if engine else 0,
        "hi": told["hi"] & _WORD if engine else 0,
    }
    return {f"transform{engine}_{name}": word for name, word in words.items()}


def row_words(transform: Transform, inverse: bool) -> list[int]:
    """Return the words of the memory of rows, from its beginning; none without a KLT."""
    if not transform.group:
        return []
    rows = klt_rom(transform, inverse).words
    return [row >> 32 * i & _WORD for row in rows for i in range(ROW_WORDS)]
