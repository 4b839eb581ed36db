# SPDX-License-Identifier: Apache-2.0
"""Crop: a tensor without its rim."""

from __future__ import annotations

from collections.abc import Sequence

from hwgen.errors import count_of
from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes, TensorType
from hwgen.logic.builder import Builder
from hwgen.logic.nodes import Wires
from hwgen.ops.base import Example, Movement, Shape, register
from hwgen.ops.checks import need, need_inputs
from hwgen.ops.walks import Walk, rim_of, rims_apart


@register
class Crop(Movement):
    """Elements at both ends of an axis left out.

    Attributes:
        cropping: (before, after) for each axis of a sample from the first; axes not named stay.
    """

    cropping: tuple[tuple[int, int], ...]

    kind = "crop"

    def __post_init__(self) -> None:
        pairs = tuple(tuple(p) for p in self.cropping)
        object.__setattr__(self, "cropping", pairs)
        fits = all(len(p) == 2 and min(p) >= 0 for p in pairs)
        need(fits, self.kind, f"cropping {pairs}", "give (before, after), not negative, an axis")

    def _kept(self, shape: Sequence[int]) -> tuple[slice, ...]:
        return tuple(slice(a, n - b) for n, (a, b) in zip(shape, self.cropping, strict=False))

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type; what stays keeps its interval."""
        need_inputs(self.kind, types, 1)
        (t,) = types
        need(
            len(self.cropping) <= len(t.shape),
            self.kind,
            f"cropping of {count_of(len(self.cropping), 'axis', 'axes')} meets an input of shape "
            f"{t.shape}",
            "give one pair an axis at most",
        )
        lo, hi = (end[self._kept(t.shape)] for end in (t.lo, t.hi))
        need(
            lo.size > 0,
            self.kind,
            f"cropping {self.cropping} leaves nothing of shape {t.shape}",
            "leave at least one element an axis",
        )
        return TensorType(lo.shape, t.fixed, lo, hi)

    def walk(self, shapes: Sequence[Shape]) -> Walk | None:
        """Return the rim that is left out."""
        return rim_of(shapes[0], self.cropping, out=True)

    def steps(self, shapes: Sequence[Shape]) -> tuple[Movement, ...]:
        """Return a crop of two axes or one, and one of each other axis."""
        return tuple(Crop(pairs) for pairs in rims_apart(shapes[0], self.cropping))

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Slice all but the batch axis."""
        return ins[0][(slice(None), *self._kept(ins[0].shape[1:]))]

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Leave out wires."""
        return ins[0][self._kept(ins[0].shape)]

    def note(self) -> str:
        """Return the cropping."""
        return " ".join(f"{before}+{after}" for before, after in self.cropping)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """One axis; fewer pairs than axes; nothing taken from an end."""
        line = TensorType.covering((5,), 1, [2, 1, 5, 0, -3], [4, 3, 7, 0, 2])
        plane = TensorType.of((3, 4), Fixed(5, 2, True))
        return (
            Example(cls(((1, 2),)), (line,)),
            Example(cls(((0, 1),)), (plane,)),
            Example(cls(((1, 0), (0, 2))), (plane,)),
        )
