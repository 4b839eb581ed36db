# SPDX-License-Identifier: Apache-2.0
"""Integer models of the stream units: what each makes of the words that it takes.

A map is an array (samples, words, lanes) of codes. The models are exact and know nothing of time.
They are written from what the headers of the units say, so that a design of units can be held
against the reference before anything is printed, and a simulation can be told what to expect on
every link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from hwgen.ir.tensor import INT64_SAFE, Codes
from hwgen.units.geometry import Params, folds, padded, reorder_words, window_sizes

Constants = Mapping[str, Codes]
Model = Callable[[Params, Constants, Sequence[Codes]], list[Codes]]


def _fork(params: Params, constants: Constants, ins: Sequence[Codes]) -> list[Codes]:
    (source,) = ins
    return [source] * params["Sinks"]


def _widen(params: Params, constants: Constants, ins: Sequence[Codes]) -> list[Codes]:
    (source,), (count, parts) = ins, (params["Count"], params["Parts"])
    samples, lanes = len(source), source.shape[-1]
    groups = source.reshape(samples, -1, count, lanes)
    groups = np.pad(groups, ((0, 0), (0, 0), (0, -count % parts), (0, 0)))
    return [groups.reshape(samples, -1, parts * lanes)]


def _narrow(params: Params, constants: Constants, ins: Sequence[Codes]) -> list[Codes]:
    (source,), (count, parts) = ins, (params["Count"], params["Parts"])
    samples, lanes = len(source), source.shape[-1] // parts
    groups = source.reshape(samples, -1, -(-count // parts) * parts, lanes)[:, :, :count]
    return [groups.reshape(samples, -1, lanes)]


def _window(params: Params, constants: Constants, ins: Sequence[Codes]) -> list[Codes]:
    (source,) = ins
    p, samples, lanes = params, len(source), source.shape[-1]
    pixels = source.reshape(samples, p["H"], p["W"], p["CF"], lanes)
    high = p["PadTop"] + p["H"] + p["PadBottom"]
    wide = p["PadLeft"] + p["W"] + p["PadRight"]
    whole = np.empty((samples, high, wide, *pixels.shape[3:]), source.dtype)
    whole[:] = constants["Pad"]
    whole[:, p["PadTop"] : p["PadTop"] + p["H"], p["PadLeft"] : p["PadLeft"] + p["W"]] = pixels
    rows, columns = window_sizes(p)
    taps = []
    for y in range(p["KernelH"]):
        for x in range(p["KernelW"]):
            top, left = y * p["DilationH"], x * p["DilationW"]
            taps.append(
                whole[
                    :,
                    top : top + (rows - 1) * p["StrideH"] + 1 : p["StrideH"],
                    left : left + (columns - 1) * p["StrideW"] + 1 : p["StrideW"],
                ]
            )
    return [np.stack(taps, axis=-2).reshape(samples, rows * columns * p["CF"], -1)]


def _pool_blocks(params: Params, constants: Constants, ins: Sequence[Codes]) -> list[Codes]:
    (source,) = ins
    p, samples, lanes = params, len(source), source.shape[-1]
    rows, columns = p["H"] // p["BlockH"], p["W"] // p["BlockW"]
    pixels = source.reshape(samples, p["H"], p["W"], -1)
    pixels = pixels[:, : rows * p["BlockH"], : columns * p["BlockW"]]
    blocks = pixels.reshape(samples, rows, p["BlockH"], columns, p["BlockW"], -1)
    made = blocks.sum(axis=(2, 4)) if p["Kind"] else blocks.max(axis=(2, 4))
    return [made.reshape(samples, -1, lanes)]


def _matvec(params: Params, constants: Constants, ins: Sequence[Codes]) -> list[Codes]:
    """Multiply; the weights lie as in the memory beside the unit, so their order is checked too."""
    (source,) = ins
    p, samples = params, len(source)
    turns, steps = folds(p)
    memory = constants["Weights"].reshape(turns, steps, p["PE"], p["SIMD"])
    matrix = memory.transpose(0, 2, 1, 3).reshape(turns * p["PE"], steps * p["SIMD"])
    bias = constants["Bias"]
    peak = int(np.abs(matrix).sum(axis=1).max()) << p["AWidth"]
    if p["Depthwise"]:
        assert peak < INT64_SAFE, "sums beyond 64 bits"
        own = source.reshape(-1, turns, steps, p["SIMD"], p["PE"]).transpose(0, 1, 4, 2, 3)
        sums = (own * memory.transpose(0, 2, 1, 3)).sum(axis=(-2, -1), dtype=np.int64)
        sums = sums.reshape(len(own), -1) + bias
        return [_settled(sums, p).reshape(samples, -1, p["PE"])]
    vectors = source.reshape(-1, steps * p["SIMD"])
    if peak + int(np.abs(bias).max()) < 1 << 53:  # exact in float64, and through BLAS
        sums = (vectors.astype(np.float64) @ matrix.T.astype(np.float64)).astype(np.int64) + bias
    else:
        assert peak < INT64_SAFE, "sums beyond 64 bits"
        sums = vectors @ matrix.T + bias
    return [_settled(sums, p).reshape(samples, -1, p["PE"])]


def _settled(sums: Codes, params: Params) -> Codes:
    """Return sums that the accumulator of a unit holds."""
    half = 1 << (params["AccWidth"] - 1)
    assert -half <= sums.min() <= sums.max() < half, "a sum leaves its accumulator"
    return sums


def _xnor_matvec(params: Params, constants: Constants, ins: Sequence[Codes]) -> list[Codes]:
    """Count equal bits; weights and kinds lie as in the unit, so their order is checked too."""
    (source,) = ins
    p, samples = params, len(source)
    turns, steps = folds(p)
    parts = constants["Weights"].reshape(turns, steps, -1, p["PE"], p["SIMD"])
    matrix = parts.transpose(2, 0, 3, 1, 4).reshape(parts.shape[2], turns * p["PE"], -1)
    mask = matrix[1] if p["Masked"] else np.ones_like(matrix[0])
    signs = (2 * matrix[0] - 1) * mask
    signs[:, p["Columns"] :] = 0
    vectors = source.reshape(-1, steps * p["SIMD"])
    # Of n columns that count, sums of x * w are 2 * matches - n.
    twice = (2.0 * vectors - 1) @ signs.T.astype(np.float64)
    matches = (twice.astype(np.int64) + np.abs(signs).sum(axis=1)) // 2
    kinds = np.add.outer(constants["RowKinds"] * p["KindsX"], constants["ColumnKinds"]).reshape(-1)
    bias = constants["Bias"].reshape(-1, turns * p["PE"])[kinds]
    matches = matches.reshape(-1, p["Height"] * p["Width"], turns * p["PE"])
    if p["SignOnly"]:
        made = (_settled(matches + bias, p) >= 0).astype(np.int64)
    else:
        made = _settled(2 * matches + bias, p)
    return [made.reshape(samples, -1, p["PE"])]


def _plane(params: Params, source: Codes) -> Codes:
    """Return words as (samples, rows, columns, elements of a pixel)."""
    return source.reshape(len(source), params["H"], params["W"], -1)


def _upsample(params: Params, constants: Constants, ins: Sequence[Codes]) -> list[Codes]:
    pixels = _plane(params, ins[0]).repeat(params["FactorH"], 1).repeat(params["FactorW"], 2)
    return [pixels.reshape(len(pixels), -1, ins[0].shape[-1])]


def _crop(params: Params, constants: Constants, ins: Sequence[Codes]) -> list[Codes]:
    p, pixels = params, _plane(params, ins[0])
    pixels = pixels[:, p["Top"] : p["H"] - p["Bottom"], p["Left"] : p["W"] - p["Right"]]
    return [pixels.reshape(len(pixels), -1, ins[0].shape[-1])]


def _pad(params: Params, constants: Constants, ins: Sequence[Codes]) -> list[Codes]:
    p, lanes = params, ins[0].shape[-1]
    pixels = ins[0].reshape(len(ins[0]), p["H"], p["W"], -1, lanes)
    high, wide = padded(p)
    whole = np.zeros((len(pixels), high, wide, *pixels.shape[3:]), pixels.dtype)
    whole[:] = constants.get("Pad", 0)
    whole[:, p["Top"] : p["Top"] + p["H"], p["Left"] : p["Left"] + p["W"]] = pixels
    return [whole.reshape(len(pixels), -1, lanes)]


def _reorder(params: Params, constants: Constants, ins: Sequence[Codes]) -> list[Codes]:
    (source,), p = ins, params
    loops = ((p[name], p[f"{name}Step"]) for name in ("Outer", "Middle", "Inner"))
    outer, middle, inner = (np.arange(size) * step for size, step in loops)
    order = (outer[:, None, None] + middle[:, None] + inner).reshape(-1)
    frames = source.reshape(len(source), -1, reorder_words(p), source.shape[-1])
    return [frames[:, :, order].reshape(source.shape)]


def _extend(params: Params, constants: Constants, ins: Sequence[Codes]) -> list[Codes]:
    return list(ins)


def _concat(params: Params, constants: Constants, ins: Sequence[Codes]) -> list[Codes]:
    samples, lanes = len(ins[0]), ins[0].shape[-1]
    pairs = zip(ins, constants["Counts"].tolist(), strict=True)
    runs = [source.reshape(samples, -1, count, lanes) for source, count in pairs]
    return [np.concatenate(runs, axis=2).reshape(samples, -1, lanes)]


def _thresholds(params: Params, constants: Constants, ins: Sequence[Codes]) -> list[Codes]:
    (source,) = ins
    p, samples = params, len(source)
    shape = p["Turns"], p["Lanes"]
    limits = constants["Thresholds"].reshape(*shape, -1)
    values = constants["Values"].reshape(p["ValueTurns"], p["Lanes"], -1)
    values = np.broadcast_to(values, (*shape, values.shape[-1]))
    words = source.reshape(samples, -1, *shape)
    made = np.empty_like(words)
    for turn, lane in np.ndindex(*shape):
        counts = np.searchsorted(limits[turn, lane], words[:, :, turn, lane], side="right")
        made[:, :, turn, lane] = values[turn, lane][counts]
    return [made.reshape(samples, -1, p["Lanes"])]


MODELS: Mapping[str, Model] = {
    "hwg_fork": _fork,
    "hwg_widen": _widen,
    "hwg_narrow": _narrow,
    "hwg_window": _window,
    "hwg_matvec": _matvec,
    "hwg_xnor_matvec": _xnor_matvec,
    "hwg_pool_blocks": _pool_blocks,
    "hwg_upsample": _upsample,
    "hwg_crop": _crop,
    "hwg_pad": _pad,
    "hwg_reorder": _reorder,
    "hwg_stream_extend": _extend,
    "hwg_stream_concat": _concat,
    "hwg_stream_thresholds": _thresholds,
}
