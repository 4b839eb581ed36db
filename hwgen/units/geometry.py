# SPDX-License-Identifier: Apache-2.0
"""Sizes that follow from the parameters of units: turns, windows, maps with their edges."""

from __future__ import annotations

from collections.abc import Mapping

Params = Mapping[str, int]


def folds(params: Params) -> tuple[int, int]:
    """Return turns and steps of a matrix-vector unit: how often its rows, and columns, go in."""
    return -(-params["Rows"] // params["PE"]), -(-params["Columns"] // params["SIMD"])


def padded(params: Params) -> tuple[int, int]:
    """Return rows and columns of the map of ``hwg_pad`` with its edges."""
    p = params
    return p["Top"] + p["H"] + p["Bottom"], p["Left"] + p["W"] + p["Right"]


def window_sizes(params: Params) -> tuple[int, int]:
    """Return the rows and columns of the windows that ``hwg_window`` gives."""
    sizes = []
    for axis, before, after in (("H", "PadTop", "PadBottom"), ("W", "PadLeft", "PadRight")):
        reach = (params[f"Kernel{axis}"] - 1) * params[f"Dilation{axis}"]
        whole = params[axis] - reach + params[before] + params[after]
        sizes.append(-(-whole // params[f"Stride{axis}"]))
    return sizes[0], sizes[1]


def window_lags(params: Params) -> tuple[int, int]:
    """Return by how many rows and columns a window of ``hwg_window`` lags behind its pixel."""
    rows = (params["KernelH"] - 1) * params["DilationH"] - params["PadTop"]
    columns = (params["KernelW"] - 1) * params["DilationW"] - params["PadLeft"]
    return rows, columns


def reorder_words(params: Params) -> int:
    """Return the words that ``hwg_reorder`` orders anew, again and again."""
    return params["Outer"] * params["Middle"] * params["Inner"]
