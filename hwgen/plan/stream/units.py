# SPDX-License-Identifier: Apache-2.0
"""Stages of hand-written units: window generators, matrix-vector units and converters of words.

What is here knows parameters and orders. A window travels tap by tap, row by row of its taps, the
channels of the group within a tap; a pixel's groups of channels follow each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np

from hwgen.design.types import UnitRef
from hwgen.errors import count_of
from hwgen.ir.tensor import Codes
from hwgen.ops.windows import Window
from hwgen.units.facts import facts, with_defaults
from hwgen.units.geometry import folds, window_lags

Pair: TypeAlias = tuple[int, int]

BLOCK_BITS = 8192  # of a memory from which on it is made of blocks


@dataclass(frozen=True)
class Facts:
    """Facts of a unit between two links.

    Attributes:
        unit: the instance.
        lanes: elements of a word that it writes.
        words: that it writes a sample.
        latency: cycles from the first word that it takes to the first that it writes.
        interval: cycles of a sample, at least.
        note: a line for the reader.
    """

    unit: UnitRef
    lanes: int
    words: int
    latency: int
    interval: int
    note: str


def conversion(before: int, after: int) -> Iterator[int]:
    """Yield the lanes of the words on the way from one number of lanes to another."""
    common = math.gcd(before, after)
    if before != common:
        yield common
    if after != common:
        yield after


def converter(bits: int, lanes: int, words: int, to: int, vector: int = 0) -> Facts:
    """Return a converter to more lanes, or to fewer.

    Args:
        bits: of an element.
        lanes: of a word that it takes.
        words: that it takes a sample.
        to: lanes of a word that it writes, a multiple or a part.
        vector: elements that begin with a word of their own, the last wide word of which is not
            full; 0 where all words are.
    """
    least = min(lanes, to)
    parts = max(lanes, to) // least
    count = vector // least if vector % max(lanes, to) else parts
    params = {"Width": bits * least, "Parts": parts, "Count": count}
    wide = -(-count // parts)  # words of more lanes in as many of fewer
    if to > lanes:
        unit, latency, made = "hwg_widen", parts - 1, words // count * wide
    else:
        unit, latency, made = "hwg_narrow", 0, words // wide * count
    note = f"{lanes} to {to} elements a word"
    return Facts(UnitRef(unit, params), to, made, latency, max(words, made), note)


@dataclass(frozen=True)
class Plane:
    """Map as a window generator meets it.

    Attributes:
        height, width: pixels; a row alone has a height of 1.
        groups: of channels of a pixel, a word each.
        lanes: channels of a group.
        bits: of an element.
    """

    height: int
    width: int
    groups: int
    lanes: int
    bits: int

    @classmethod
    def of(cls, shape: tuple[int, ...], lanes: int, bits: int) -> Plane:
        """Return a tensor of some shape as a map, channels last, *lanes* of them a group."""
        height, width = (1, shape[0]) if len(shape) == 2 else shape[:2]
        return cls(height, width, shape[-1] // lanes, lanes, bits)


def pads_apart(taken: Window, sides: tuple[int, ...]) -> bool:
    """Tell whether a map must be padded by a unit in front of its window generator.

    The generator pads by itself, without a cycle, as long as the map does not grow by it and no
    window lags more than a map behind its pixel.

    Args:
        taken: geometry of the windows.
        sides: of the map, along each axis.
    """
    for axis, (before, behind) in enumerate(taken.padding):
        lag = (taken.kernel[axis] - 1) * taken.dilation[axis] - before
        rows = axis < taken.rank - 1
        if behind > lag or lag > sides[axis] - rows:
            return True
    return False


def padded(taken: Window, sides: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sides of the map that a window generator reads."""
    if not pads_apart(taken, sides):
        return sides
    return tuple(side + sum(pair) for side, pair in zip(sides, taken.padding, strict=True))


def windows(plane: Plane, taken: Window, outside: int) -> Iterator[Facts]:
    """Yield what makes windows of a map: a generator, behind a unit that pads where it cannot.

    Args:
        plane: what it reads.
        taken: geometry of the windows.
        outside: code of an element outside of the map.
    """
    sides = (plane.height, plane.width)[2 - taken.rank :]
    if pads_apart(taken, sides):
        rows, columns = ((0, 0), *taken.padding)[-2:]
        yield _pad(plane, rows, columns, outside)
        height, width = plane.height + sum(rows), plane.width + sum(columns)
        plane = replace(plane, height=height, width=width)
        taken = replace(taken, padding=((0, 0),) * taken.rank)
    yield _window(plane, taken, outside)


def _pad(plane: Plane, rows: Pair, columns: Pair, outside: int) -> Facts:
    params = {
        "W": plane.width, "H": plane.height, "CF": plane.groups,
        "Width": plane.lanes * plane.bits, "Top": rows[0], "Bottom": rows[1], "Left": columns[0],
        "Right": columns[1],
    }  # fmt: skip
    words = (plane.height + sum(rows)) * (plane.width + sum(columns)) * plane.groups
    pad = np.full(plane.lanes, outside, np.int64)
    note = "a rim around the map, more than its windows take without it"
    return Facts(UnitRef("hwg_pad", params, {"Pad": pad}), plane.lanes, words, 1, words, note)


def _window(plane: Plane, taken: Window, outside: int) -> Facts:
    flat = taken.rank == 1
    (high, wide), (step_h, step_w), (far_h, far_w) = (
        (1, values[0]) if flat else values
        for values in (taken.kernel, taken.strides, taken.dilation)
    )
    pad_h, pad_w = ((0, 0), taken.padding[0]) if flat else taken.padding
    params = {
        "W": plane.width, "H": plane.height, "CF": plane.groups,
        "Width": plane.lanes * plane.bits, "KernelH": high, "KernelW": wide,
        "StrideH": step_h, "StrideW": step_w, "DilationH": far_h, "DilationW": far_w,
        "PadTop": pad_h[0], "PadLeft": pad_w[0], "PadBottom": pad_h[1], "PadRight": pad_w[1],
    }  # fmt: skip
    width = plane.lanes * plane.bits
    rows = far_h * plane.width * plane.groups
    params["RowRam"] = 2 if rows * (high - 1) * width >= BLOCK_BITS and rows > 64 else 1
    params["ColumnRam"] = 1 if far_w * plane.groups > 1 else 0
    shape = (plane.width,) if flat else (plane.height, plane.width)
    windows = math.prod(taken.out_shape("window", shape))
    rows_behind, columns_behind = window_lags(params)
    lag = rows_behind * plane.width + columns_behind
    pad = np.full(plane.lanes, outside, np.int64)
    note = f"windows of {taken.note()}, {count_of(plane.lanes, 'channel')} a word"
    return Facts(
        UnitRef("hwg_window", params, {"Pad": pad}),
        high * wide * plane.lanes,
        windows * plane.groups,
        lag * plane.groups + 1,
        plane.height * plane.width * plane.groups,
        note,
    )


def pool(plane: Plane, block: tuple[int, int], sums: bool, signed: bool, out_bits: int) -> Facts:
    """Return a pool of blocks that do not overlap.

    Args:
        plane: what it reads.
        block: rows and columns of a block.
        sums: whether it adds up; else it takes the maximum.
        signed: whether elements are two's complement.
        out_bits: of an element that it writes.
    """
    rows, columns = plane.height // block[0], plane.width // block[1]
    params = {
        "W": plane.width, "H": plane.height, "CF": plane.groups, "Lanes": plane.lanes,
        "Width": plane.bits, "Signed": int(signed), "BlockH": block[0], "BlockW": block[1],
        "Kind": int(sums), "OutWidth": out_bits,
        "RamStyle": 1 if columns * plane.groups > 1 else 0,
    }  # fmt: skip
    return Facts(
        UnitRef("hwg_pool_blocks", params),
        plane.lanes,
        rows * columns * plane.groups,
        ((block[0] - 1) * plane.width + block[1] - 1) * plane.groups + 1,
        plane.height * plane.width * plane.groups,
        f"{'sum' if sums else 'maximum'} of blocks of {block[0]}x{block[1]}, {plane.lanes} channels"
        " a word",
    )


@dataclass(frozen=True)
class Fold:
    """Folding of a matrix: rows and columns a cycle, and what products and weights are made of.

    Attributes:
        pe: rows (outputs) a cycle.
        simd: columns (inputs) a cycle.
        dsp: 0: products in tables, 1: in DSP blocks, 2: two in one where that is exact.
        memory: of the weights, ``lut`` or ``block``.
        xnor: whether weights and inputs are signs, counted by a binary unit.
    """

    pe: int
    simd: int
    dsp: int = 0
    memory: str = "lut"
    xnor: bool = False


@dataclass(frozen=True)
class Matrix:
    """Matrix of a layer as a folded unit multiplies by it.

    Attributes:
        weight: (columns, rows), the columns in the order in which elements travel.
        bias: (rows,).
        bits: of an activation; *signed* whether it is two's complement.
        sum_bits: of a result, two's complement.
        positions: vectors of a sample.
        depthwise: whether every row has columns of its own, the taps of one channel.
    """

    weight: Codes
    bias: Codes
    bits: int
    signed: bool
    sum_bits: int
    positions: int
    depthwise: bool = False

    @cached_property
    def weight_bits(self) -> int:
        """Bits of the narrowest two's complement word that holds every weight."""
        low, high = int(self.weight.min()), int(self.weight.max())
        return max((~low if low < 0 else low).bit_length(), high.bit_length()) + 1


def matvec_params(matrix: Matrix, fold: Fold) -> dict[str, int]:
    """Return the parameters of a matrix-vector unit, and what its memory is made of."""
    columns, rows = matrix.weight.shape
    held = -(-columns // fold.simd) * fold.simd * matrix.bits
    return {
        "PE": fold.pe, "SIMD": fold.simd, "Rows": rows, "Columns": columns,
        "AWidth": matrix.bits, "ASigned": int(matrix.signed), "WWidth": matrix.weight_bits,
        "WSigned": 1, "AccWidth": matrix.sum_bits, "Depthwise": int(matrix.depthwise),
        "BufferRam": 2 if held >= BLOCK_BITS else 1,
        "Dsp": fold.dsp, "BlockRom": int(fold.memory == "block"),
        "BiasBits": _bias_bits(matrix.bias, fold.pe),
    }  # fmt: skip


def _bias_bits(bias: Codes, pe: int) -> int:
    """Return the bits of the biases of one row a cycle; 0 where all turns have the same."""
    turns = np.zeros(-(-len(bias) // pe) * pe, np.int64)
    turns[: len(bias)] = bias
    if (turns.reshape(-1, pe) == turns[:pe]).all():
        return 0
    return int(np.abs(bias).max()).bit_length() + 1


def matvec_cycles(matrix: Matrix, fold: Fold) -> int:
    """Return the cycles of a vector."""
    return math.prod(_folds(matrix.weight, fold))


def _folds(matrix: Codes, fold: Fold) -> Pair:
    """Return turns and steps of a matrix (columns, rows)."""
    columns, rows = matrix.shape
    return folds({"Rows": rows, "PE": fold.pe, "Columns": columns, "SIMD": fold.simd})


def in_memory(matrix: Codes, fold: Fold) -> Codes:
    """Return a matrix (columns, rows) as words: a turn after the other, step by step, row by row.

    What stands beyond the last row and column is 0.
    """
    columns, rows = matrix.shape
    turns, steps = _folds(matrix, fold)
    whole = np.zeros((steps * fold.simd, turns * fold.pe), np.int64)
    whole[:columns, :rows] = matrix
    made = whole.reshape(steps, fold.simd, turns, fold.pe).transpose(2, 0, 3, 1)
    return made.reshape(turns * steps, -1)


def matvec(matrix: Matrix, fold: Fold) -> Facts:
    """Return a matrix-vector unit with its weights in the order of the memory beside it."""
    columns, rows = matrix.weight.shape
    params = matvec_params(matrix, fold)
    turns, steps = folds(params)
    bias = np.zeros(turns * fold.pe, np.int64)
    bias[:rows] = matrix.bias
    constants = {"Weights": in_memory(matrix.weight, fold), "Bias": bias}
    zero = 100 * float(np.mean(matrix.weight == 0))
    what = f"{rows} kernels of {columns}" if matrix.depthwise else f"matrix of {columns} x {rows}"
    note = (
        f"{what}, {zero:.0f} % zero, "
        f"{count_of(fold.pe, 'row')} by {count_of(fold.simd, 'column')} a cycle, "
        f"{count_of(turns * steps, 'cycle')} a vector"
    )
    return Facts(
        UnitRef("hwg_matvec", params, constants),
        fold.pe,
        matrix.positions * turns,
        steps - 1 + facts("hwg_matvec").latency(with_defaults("hwg_matvec", params)),
        matrix.positions * turns * steps,
        note,
    )
