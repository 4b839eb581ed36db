# SPDX-License-Identifier: Apache-2.0
"""Checks that operations share: refusals of inputs, shifts and sizes."""

from __future__ import annotations

from collections.abc import Sequence

from hwgen.errors import ModelError, count_of
from hwgen.ir.tensor import TensorType

# Anything beyond these is a mistake in the file, not a network.
MAX_ELEMENTS = 1 << 28
MAX_SHIFT = 4096


def need(ok: bool, kind: str, what: str, hint: str) -> None:
    """Refuse unless *ok*.

    Raises:
        ModelError: what is wrong with this use of operation *kind*, and the way out.
    """
    if not ok:
        raise ModelError(what, where=f"{kind} operation", hint=hint)


def need_inputs(kind: str, types: Sequence[TensorType], count: int) -> None:
    """Refuse another number of inputs than *count*."""
    need(
        len(types) == count,
        kind,
        f"takes {count_of(count, 'input')}, not {len(types)}",
        "check the connections of this layer",
    )


def need_shift(kind: str, *shifts: int) -> None:
    """Refuse shifts that no word of hardware has."""
    fits = all(-MAX_SHIFT <= s <= MAX_SHIFT for s in shifts)
    need(fits, kind, f"shifts {shifts} are out of range", f"at most {MAX_SHIFT} bits either way")


def need_size(kind: str, shape: Sequence[int]) -> None:
    """Refuse empty and absurdly large tensors."""
    size = 1
    for n in shape:
        size *= n
    need(
        all(n > 0 for n in shape) and size <= MAX_ELEMENTS,
        kind,
        f"a tensor of shape {tuple(shape)} is out of range",
        f"every dimension must be at least 1 and the tensor at most {MAX_ELEMENTS} elements",
    )


def wide_enough(shape: Sequence[int], whole: Sequence[int]) -> bool:
    """Tell whether an array of *shape* broadcasts to *whole* without making it larger."""
    tail = whole[len(whole) - len(shape) :]
    return len(shape) <= len(whole) and all(n in (1, m) for n, m in zip(shape, tail, strict=True))
