# SPDX-License-Identifier: Apache-2.0
"""The compiled searches for the chains of a heap and for common parts (heap.cpp and parts.cpp).

They do step by step what `search` and `parts` specify. Where they were not built, the specification
runs instead and gives the same.
"""

from __future__ import annotations

import ctypes
from functools import cache

import numpy as np

from hwgen.logic.cmvm.native import library as core
from hwgen.logic.heap.parts import Columns, Draw
from hwgen.logic.heap.problem import Link, Options, Problem, Solution, flatten

_INTS = ctypes.POINTER(ctypes.c_int32)
_LONGS = ctypes.POINTER(ctypes.c_int64)
_WIDEST = 1 << 60  # of the sum of a column


class _Heap(ctypes.Structure):
    _fields_ = (
        ("top", ctypes.c_int32),
        ("terms", ctypes.c_int32),
        *((name, _INTS) for name in ("starts", "columns", "gates", "plain", "when")),
    )


@cache
def library() -> ctypes.CDLL | None:
    """Return the compiled core, or None where it was not built or is older than the heaps."""
    lib = core()
    if lib is None or not hasattr(lib, "hwgen_heap_solve"):
        return None
    number = ctypes.c_int
    lib.hwgen_heap_solve.argtypes = [ctypes.POINTER(_Heap), number, number, ctypes.c_int64, _LONGS]
    lib.hwgen_heap_solve.restype = ctypes.c_void_p
    lib.hwgen_heap_take.argtypes = [ctypes.c_void_p, _INTS]
    lib.hwgen_heap_take.restype = None
    return lib


def run(problem: Problem, options: Options) -> Solution | None:
    """Search with the compiled core; None if there is none."""
    lib = library()
    if lib is None:
        return None
    starts, columns = flatten(problem.columns)
    rows = {
        "starts": starts,
        "columns": columns,
        "gates": problem.gates,
        "plain": problem.plain,
        "when": problem.when,
    }
    heap = _Heap(top=problem.top, terms=len(problem.gates))
    keep = []
    for name, values in rows.items():
        keep.append(np.ascontiguousarray(values, np.int32))
        setattr(heap, name, keep[-1].ctypes.data_as(_INTS))
    size = ctypes.c_int64()
    levels = int(options.levels)
    handle = lib.hwgen_heap_solve(heap, options.tries, levels, options.seed, ctypes.byref(size))
    if not handle:
        raise MemoryError
    ints = np.empty(size.value, np.int32)
    lib.hwgen_heap_take(handle, ints.ctypes.data_as(_INTS))
    return _solution(ints.tolist())


@cache
def parts_library() -> ctypes.CDLL | None:
    """Return the compiled core, or None where it was not built or is older than common parts."""
    lib = core()
    if lib is None or not hasattr(lib, "hwgen_parts_solve"):
        return None
    number = ctypes.c_int
    lib.hwgen_parts_solve.argtypes = [
        _LONGS, number, number, _LONGS, _LONGS, number, number, ctypes.c_int64, _INTS
    ]  # fmt: skip
    lib.hwgen_parts_solve.restype = ctypes.c_void_p
    lib.hwgen_parts_take.argtypes = [ctypes.c_void_p, _LONGS]
    lib.hwgen_parts_take.restype = None
    return lib


def parts(columns: Columns, draw: Draw) -> tuple[tuple[int, ...], ...] | None:
    """Search for common parts with the compiled core; None if there is none or it is too narrow."""
    lib, rows = parts_library(), len(columns.bits)
    peak = max((sum(abs(w) * s for w, s in zip(c, columns.spans, strict=True)) for c in
                columns.weights), default=0)  # fmt: skip
    if lib is None or peak >= _WIDEST:
        return None
    given = [
        np.ascontiguousarray(values, np.int64)
        for values in (columns.weights, columns.bits, columns.spans)
    ]
    matrix, bits, spans = (values.ctypes.data_as(_LONGS) for values in given)
    outputs, found = len(columns.weights), ctypes.c_int32()
    handle = lib.hwgen_parts_solve(
        matrix, outputs, rows, bits, spans, draw.charge, draw.noise, draw.seed, ctypes.byref(found)
    )
    if not handle:
        raise MemoryError
    made = np.empty((outputs + found.value, rows + found.value), np.int64)
    lib.hwgen_parts_take(handle, made.ctypes.data_as(_LONGS))
    return tuple(map(tuple, made.tolist()))


def _solution(ints: list[int]) -> Solution:
    cost, depth, count, *left = ints
    at = 0

    def row() -> tuple[int, ...]:
        nonlocal at
        first = at + 1
        at = first + left[at]
        return tuple(left[first:at])

    chains = []
    for _ in range(count):
        start, at = left[at], at + 1
        enter = row()
        many, at = left[at], at + 1
        chains.append(Link(start, enter, tuple(row() for _ in range(many))))
    return Solution(tuple(chains), tuple(left[at:]), cost, depth)
