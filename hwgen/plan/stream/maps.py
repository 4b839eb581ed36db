# SPDX-License-Identifier: Apache-2.0
"""Maps: tensors on their way, some elements a word, and operations as they act on one word.

A tensor travels row-major: channels fastest, then columns, then rows. A word holds the next *lanes*
elements of that sequence, the first in the lowest bits; *lanes* divides the number of elements. An
interval of a lane covers the element of every word that travels there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hwgen.design.types import Field, Link, LinkKind
from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes, TensorType
from hwgen.ops.base import Op
from hwgen.ops.movepoint import MovePoint
from hwgen.ops.mulshift import MulShift
from hwgen.ops.requantize import Requantize
from hwgen.ops.shape import ShiftLeft
from hwgen.ops.thresholds import Thresholds


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


def on_words(op: Op, shape: tuple[int, ...], lanes: int) -> Op | None:
    """Return an elementwise operation as it acts on every word of a map.

    Args:
        op: that acts on each element alone.
        shape: of the tensor.
        lanes: elements a word.

    Returns:
        The operation on (lanes,); None where words differ in its constants, or where it is not one
        that acts on each element alone.
    """
    if isinstance(op, MovePoint | ShiftLeft):
        return op
    if isinstance(op, Requantize):
        return op if not op.half.any() else None
    if isinstance(op, Thresholds):
        low = _of_word(op.thresholds, shape, lanes, 1)
        out = _of_word(op.values, shape, lanes, 1)
        return None if low is None or out is None else op.changed(thresholds=low, values=out)
    if isinstance(op, MulShift):
        mult, add = (_of_word(a, shape, lanes, 0) for a in (op.mult, op.add))
        return None if mult is None or add is None else op.changed(mult=mult, add=add)
    return None


def _of_word(values: Codes, shape: tuple[int, ...], lanes: int, inner: int) -> Codes | None:
    """Return constants of one word; None where words differ.

    Args:
        values: constants; all axes but the last *inner* broadcast to *shape*.
        shape: of the tensor.
        lanes: elements a word.
        inner: axes that belong to one element.
    """
    own = values.shape[values.ndim - inner :]
    if all(n == 1 for n in values.shape[: values.ndim - inner]):
        return values.reshape(1, *own) if inner else values.reshape(1)
    words = np.broadcast_to(values, (*shape, *own)).reshape(-1, lanes, *own)
    return words[0] if bool((words == words[:1]).all()) else None
