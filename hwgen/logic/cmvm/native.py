# SPDX-License-Identifier: Apache-2.0
"""The compiled search core (core/*.h, core.cpp), called through its C interface.

It does step by step what `search` specifies, some fifty times as fast. Where it was not built, the
specification runs instead and gives the same graphs.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hwgen.logic.cmvm.problem import Options, Problem, Solution, Term, flatten, logarithms

_FOLDER = Path(__file__).resolve().parent / "core"
_NAME = {"win32": "core.dll", "darwin": "core.dylib"}.get(sys.platform, "core.so")
# Forms are sums of parts of rows, shifted: a factor of 8 keeps them inside the word.
_INT32, _INT64 = 1 << 27, 1 << 58

_P64 = ctypes.POINTER(ctypes.c_int64)
_P32 = ctypes.POINTER(ctypes.c_int32)


class _Job(ctypes.Structure):
    _fields_ = (
        ("n", ctypes.c_int32),
        ("rows", ctypes.c_int32),
        *((name, _P64) for name in ("values", "centres", "widths", "middles")),
        ("arrivals", _P32),
        ("bias", _P64),
        *((name, _P32) for name in ("fixed", "starts", "terms", "logs")),
        ("options", _P64),
    )


@cache
def library() -> ctypes.CDLL | None:
    """Return the compiled core, or None where it was not built."""
    try:
        lib = ctypes.CDLL(str(_FOLDER / _NAME))
    except OSError:
        return None
    lib.hwgen_solve.argtypes = [ctypes.POINTER(_Job), ctypes.c_int, _P64]
    lib.hwgen_solve.restype = ctypes.c_void_p
    lib.hwgen_take.argtypes = [ctypes.c_void_p, _P32, _P64]
    lib.hwgen_take.restype = None
    return lib


def run(problem: Problem, options: Options) -> Solution | None:
    """Search with the compiled core; None if there is none or the numbers are too wide for it."""
    lib = library()
    peak = problem.peak
    if lib is None or peak >= _INT64:
        return None
    n, rows = len(problem.lo), problem.rows
    lo, hi = np.array(problem.lo, np.int64), np.array(problem.hi, np.int64)
    forms = np.array([row.coefficients for row in rows], np.int64).reshape(len(rows), n)
    o = options
    wide = {
        "values": forms * (hi - lo),
        "centres": forms @ (hi + lo),
        "widths": hi - lo,
        "middles": hi + lo,
        "bias": [row.bias for row in rows],
        "options": [
            o.arity,
            o.lam,
            o.saving,
            o.skew,
            o.limit,
            o.relax,
            o.budget,
            o.hot,
            o.cold,
            o.seed,
        ],
    }
    starts = np.cumsum([0, *(len(row.terms) for row in rows)])
    narrow = {
        "arrivals": problem.arrival,
        "fixed": [row.fixed for row in rows],
        "starts": starts,
        "terms": flatten([term for row in rows for term in row.terms]),
        "logs": logarithms(),
    }
    keep: list[npt.NDArray[np.int64] | npt.NDArray[np.int32]] = []
    job = _Job(n=n, rows=len(rows))
    for name, values in wide.items():
        keep.append(np.ascontiguousarray(values, np.int64))
        setattr(job, name, keep[-1].ctypes.data_as(_P64))
    for name, numbers in narrow.items():
        keep.append(np.ascontiguousarray(numbers, np.int32))
        setattr(job, name, keep[-1].ctypes.data_as(_P32))
    sizes = (ctypes.c_int64 * 2)()
    handle = lib.hwgen_solve(ctypes.byref(job), int(peak >= _INT32), sizes)
    if not handle:
        raise MemoryError
    ints, constants = np.empty(sizes[0], np.int32), np.empty(sizes[1], np.int64)
    lib.hwgen_take(handle, ints.ctypes.data_as(_P32), constants.ctypes.data_as(_P64))
    return _solution(ints.tolist(), constants.tolist(), len(rows))


def _solution(ints: list[int], constants: list[int], rows: int) -> Solution:
    at = 1
    adders = []

    def terms(count: int) -> tuple[Term, ...]:
        nonlocal at
        at += 3 * count
        part = ints[at - 3 * count : at]
        return tuple(zip(part[::3], part[1::3], part[2::3], strict=True))

    for _ in range(ints[0]):
        at += 1
        adders.append(terms(ints[at - 1]))
    return Solution(tuple(adders), tuple(constants), terms(rows), ints[at], ints[at + 1])
