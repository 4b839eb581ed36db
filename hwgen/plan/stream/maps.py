# SPDX-License-Identifier: Apache-2.0
"""Maps: tensors on their way, some elements a word.

A tensor travels row-major: channels fastest, then columns, then rows. A word holds the next *lanes*
elements of that sequence, the first in the lowest bits; *lanes* divides the number of elements. An
interval of a lane covers the element of every word that travels there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hwgen.design.types import Field, Link, LinkKind
from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import TensorType


@dataclass(frozen=True)
class Map:
    """Tensor that travels over a stream link.

    Attributes:
        link: name of the link.
        type: of the whole tensor, as the graph has it.
        fixed: format of every lane; it covers the type, and may be wider.
        lanes: elements a word.
    """

    link: str
    type: TensorType
    fixed: Fixed
    lanes: int

    @property
    def words(self) -> int:
        """Words of a sample."""
        return self.type.size // self.lanes

    @property
    def channels(self) -> int:
        """Length of the last axis, which travels fastest."""
        return self.type.shape[-1]

    def word(self) -> TensorType:
        """Return the type of a word: (lanes,), each lane with the elements of all words."""
        low, high = (bound.reshape(-1, self.lanes) for bound in (self.type.lo, self.type.hi))
        return TensorType((self.lanes,), self.fixed, low.min(axis=0), high.max(axis=0))

    def seen_as(self, kind: TensorType) -> Map:
        """Return the same words as a tensor of another shape, or with the point elsewhere."""
        return replace(self, type=kind, fixed=replace(self.fixed, frac=kind.frac))


def stream_link(name: str, label: str, width: int, signed: bool, lanes: int, words: int) -> Link:
    """Return the link of a map; fields are named after their lane."""
    fields = tuple(Field(f"{label}[{lane}]", width, signed) for lane in range(lanes))
    return Link(name, LinkKind.STREAM, fields, words)


def link_of(one: Map, label: str) -> Link:
    """Return the link that a map travels over."""
    return stream_link(one.link, label, one.fixed.width, one.fixed.signed, one.lanes, one.words)
