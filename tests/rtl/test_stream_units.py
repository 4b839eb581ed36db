# SPDX-License-Identifier: Apache-2.0
"""Units that work on every word of a stream: requantizers, steps, sums, concatenation, pools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from hwgen.ir.fixed import Fixed
from hwgen.ops.mulshift import MulShift
from hwgen.ops.requantize import Requantize
from hwgen.ops.thresholds import Thresholds
from tests.rtl.cocotb_bench import planted
from tests.rtl.map_bench import Case, Frame, random_words, run_cases, vector, words

pytestmark = pytest.mark.sim

WORDS = 7  # of a frame, where nothing else says


def numbers(
    rng: np.random.Generator, width: int, signed: int, shape: tuple[int, ...]
) -> np.ndarray:
    """Return numbers of a format, its ends among them."""
    kind = Fixed(width, 0, bool(signed))
    drawn = rng.integers(kind.lo, kind.hi + 1, shape)
    ends = rng.random(shape)
    return np.where(ends < 0.1, kind.lo, np.where(ends > 0.9, kind.hi, drawn))


def lanes_case(
    module: str, params: dict[str, int | str], run: Callable[[np.ndarray], np.ndarray],
    rng: np.random.Generator, latency: int,
) -> Case:  # fmt: skip
    """Return a unit that turns every word into one, from a function of (words, lanes) arrays."""
    width, lanes = int(params["InWidth"]), int(params["Lanes"])
    frames = []
    for _ in range(3):
        x = numbers(rng, width, int(params["InSigned"]), (WORDS, lanes))
        frames.append(Frame([words(x, width)], [words(run(x), int(params["OutWidth"]))]))
    out = int(params["OutWidth"]) * lanes
    return Case(module, params, [width * lanes], [out], frames, WORDS, 0, latency)


def _requant(rng: np.random.Generator, op: Requantize, kind: tuple[int, int], out: int) -> Case:
    """Return a requantizer; *kind* is bits and sign of its input."""
    params: dict[str, int | str] = {
        "Lanes": 3, "InWidth": kind[0], "InSigned": kind[1], "Up": max(0, -op.shift),
        "Shift": max(0, op.shift), "OutWidth": out, "Lo": f"{out + 1}'({op.lo})",
        "Hi": f"{out + 1}'({op.hi})",
    }  # fmt: skip
    if op.neg_shift is not None:
        params |= {
            "Leaky": 1, "NegUp": max(0, -op.neg_shift), "NegShift": max(0, op.neg_shift),
            "NegLo": f"{out + 1}'({op.neg_lo})",
        }  # fmt: skip
    return lanes_case("hwg_stream_requant", params, lambda x: op.run([x.copy()]), rng, 1)


def _mulshift(
    rng: np.random.Generator, size: tuple[int, int, int], kind: tuple[int, int], dsp: int
) -> Case:
    """Return a multiplier; *size* is lanes, turns and the shift, *kind* bits and sign."""
    lanes, turns, shift = size
    mult, add = rng.integers(-31, 32, (turns, lanes)), rng.integers(-900, 900, (turns, lanes))
    sums = kind[0] + 7 if kind[0] > 5 else 12
    params: dict[str, int | str] = {
        "Lanes": lanes, "Turns": turns, "InWidth": kind[0], "InSigned": kind[1],
        "FactorWidth": 6, "SumWidth": sums, "Shift": shift, "OutWidth": 6, "Dsp": dsp,
        "Factors": vector(mult.reshape(-1).tolist(), 6),
        "Adds": vector(add.reshape(-1).tolist(), sums), "Lo": "-7'sd20", "Hi": "7'sd31",
    }  # fmt: skip

    def run(x: np.ndarray) -> np.ndarray:
        rows = [MulShift(mult[n % turns], add[n % turns], shift, -20, 31, 0) for n in range(len(x))]
        return np.concatenate([op.run([x[n : n + 1].copy()]) for n, op in enumerate(rows)])

    levels = 0 if dsp else ((kind[0] + 3) // 4 - 1).bit_length()
    return _whole_turns(lanes_case, params, run, rng, 3 + (levels + 1) // 2, turns)


def _whole_turns(
    make: Callable[..., Case], params: dict[str, int | str],
    run: Callable[[np.ndarray], np.ndarray], rng: np.random.Generator, latency: int, turns: int,
) -> Case:  # fmt: skip
    """Return a case of a unit whose frames are of any length, so turns run on between frames."""
    name = "hwg_stream_mulshift" if "Factors" in params else "hwg_stream_thresholds"
    width, lanes, out = (int(params[k]) for k in ("InWidth", "Lanes", "OutWidth"))
    frames = []
    for _ in range(3):
        x = numbers(rng, width, int(params["InSigned"]), (WORDS // turns * turns + turns, lanes))
        frames.append(Frame([words(x, width)], [words(run(x), out)]))
    size = WORDS // turns * turns + turns
    return Case(name, params, [width * lanes], [out * lanes], frames, size, 0, latency)


def _thresholds(
    rng: np.random.Generator, size: tuple[int, int, int], kind: tuple[int, int], own: bool
) -> Case:
    """Return a step function; *size* is lanes, turns and thresholds; *own*: values a channel."""
    lanes, turns, count = size
    levels = count.bit_length()
    cuts = np.sort(numbers(rng, kind[0], kind[1], (turns, lanes, count)), axis=-1)
    values = rng.integers(-16, 16, (turns if own else 1, lanes, count + 1))
    most = (1 << kind[0]) - 1  # greatest word of one bit more, two's complement
    padded = np.full((turns, lanes, 2**levels - 1), most)
    padded[..., :count] = cuts
    table = np.repeat(values[..., -1:], 2**levels, axis=-1)
    table[..., : count + 1] = values
    params: dict[str, int | str] = {
        "Lanes": lanes, "Turns": turns, "Levels": levels, "InWidth": kind[0],
        "InSigned": kind[1], "OutWidth": 5, "ValueTurns": len(values),
        "Thresholds": vector(padded.reshape(-1).tolist(), kind[0] + 1),
        "Values": vector(table.reshape(-1).tolist(), 5),
    }  # fmt: skip

    def run(x: np.ndarray) -> np.ndarray:
        ops = [Thresholds(cuts[n % turns], values[n % len(values)], 0) for n in range(len(x))]
        return np.concatenate([op.run([x[n : n + 1].copy()]) for n, op in enumerate(ops)])

    return _whole_turns(lanes_case, params, run, rng, levels + 1, turns)


def _add(
    rng: np.random.Generator, kinds: Sequence[tuple[int, int, int]], shift: int, out: int,
    sub: int = 0,
) -> Case:  # fmt: skip
    """Return an adder; a kind is bits, sign and the zeros that are appended."""
    lo, hi = -(1 << (out - 1)), (1 << (out - 1)) - 3
    op = Requantize(shift, lo, hi)
    frames = []
    for _ in range(3):
        a, b = (numbers(rng, width, signed, (WORDS, 2)) for width, signed, _ in kinds)
        total = (a << kinds[0][2]) + (-1 if sub else 1) * (b << kinds[1][2])
        sent = [words(x, kind[0]) for x, kind in zip((a, b), kinds, strict=True)]
        frames.append(Frame(sent, [words(op.run([total]), out)]))
    params: dict[str, int | str] = {
        "Lanes": 2, "Shift": shift, "OutWidth": out, "BSub": sub, "Lo": f"{out + 1}'({lo})",
        "Hi": f"{out + 1}'({hi})",
        "SumWidth": max(width + up for width, _, up in kinds) + 2,
    }  # fmt: skip
    for name, kind in zip("AB", kinds, strict=True):
        params |= dict(zip((f"{name}Width", f"{name}Signed", f"{name}Shift"), kind, strict=True))
    return Case(
        "hwg_stream_add", params, [2 * kind[0] for kind in kinds], [2 * out], frames, WORDS, 0, 1,
        links=(("a", "b"), ("out",)),
    )  # fmt: skip


def _concat(rng: np.random.Generator, counts: Sequence[int]) -> Case:
    """Return a concatenation; a frame is two rounds."""
    frames = []
    for _ in range(3):
        sent = [random_words(rng, 2 * count, 5) for count in counts]
        pairs = list(zip(sent, counts, strict=True))
        want = [w for part in (0, 1) for s, n in pairs for w in s[part * n : part * n + n]]
        frames.append(Frame(sent, [want]))
    many = range(len(counts) - 1, -1, -1)
    wires = [
        (f"in_{wire}", "{{" + ", ".join(f"s{{i}}_{k}_{name}" for k in many) + "}}")
        for wire, name in (("valid_i", "valid"), ("ready_o", "ready"), ("data_i", "data"))
    ]
    wires += [("clk_i", "clk_i"), ("rst_ni", "rst_ni"), ("out_valid_o", "m{i}_0_valid"),
              ("out_ready_i", "m{i}_0_ready"), ("out_data_o", "m{i}_0_data")]  # fmt: skip
    params: dict[str, int | str] = {"Sources": len(counts), "Width": 5}
    params |= {"MaxCount": max(counts), "Counts": vector(counts, 32)}
    return Case(
        "hwg_stream_concat", params, [5] * len(counts), [5], frames, 2 * sum(counts), 0, 0,
        links=None, wires=wires,
    )  # fmt: skip


def _extend(rng: np.random.Generator, lanes: int, bits: int, out: int, signed: int) -> Case:
    """Return elements in a wider format."""
    params: dict[str, int | str] = {
        "Lanes": lanes, "InWidth": bits, "OutWidth": out, "Signed": signed,
    }  # fmt: skip
    frames = []
    for _ in range(3):
        x = numbers(rng, bits, signed, (WORDS, lanes))
        frames.append(Frame([words(x, bits)], [words(x, out)]))
    return Case(
        "hwg_stream_extend", params, [bits * lanes], [out * lanes], frames, WORDS, 0, 0
    )  # fmt: skip


def _pool(rng: np.random.Generator, taps: int, kind: int, signed: int) -> Case:
    """Return a pool of windows; kind 0 is the maximum, 1 the sum."""
    out = 5 + (taps.bit_length() if kind else 0)
    frames = []
    for _ in range(3):
        x = numbers(rng, 5, signed, (WORDS, taps, 2))
        y = x.sum(axis=1) if kind else x.max(axis=1)
        frames.append(Frame([words(x, 5)], [words(y, out)]))
    params = {
        "Taps": taps, "Lanes": 2, "Width": 5, "Signed": signed, "Kind": kind, "OutWidth": out,
    }  # fmt: skip
    latency = 1 + ((taps - 1).bit_length() + 1) // 2
    return Case("hwg_pool", params, [taps * 10], [2 * out], frames, WORDS, 0, latency)


def _blocks(
    rng: np.random.Generator, size: tuple[int, int, int], block: tuple[int, int], kind: int,
    ram: int = 1,
) -> Case:  # fmt: skip
    """Return a pool of blocks; *size* is rows, columns and groups."""
    high, wide, groups = size
    out = 5 + (6 if kind else 0)
    frames = []
    for _ in range(2):
        x = numbers(rng, 5, 1 - ram % 2, (high, wide, groups, 2))
        rows, columns = high // block[0], wide // block[1]
        part = x[: rows * block[0], : columns * block[1]]
        part = part.reshape(rows, block[0], columns, block[1], groups, 2)
        y = part.sum(axis=(1, 3)) if kind else part.max(axis=(1, 3))
        sent = words(x.reshape(-1, 2), 5)
        frames.append(Frame([sent], [words(y.reshape(-1, 2), out)]))
    params = {
        "H": high, "W": wide, "CF": groups, "Lanes": 2, "Width": 5, "Signed": 1 - ram % 2,
        "BlockH": block[0], "BlockW": block[1], "Kind": kind, "OutWidth": out, "RamStyle": ram,
    }  # fmt: skip
    needs = ((block[0] - 1) * wide + block[1] - 1) * groups
    whole = high * wide * groups
    return Case("hwg_pool_blocks", params, [10], [2 * out], frames, whole, needs, 1)


def _upsample(
    rng: np.random.Generator, size: tuple[int, int, int], factors: tuple[int, int],
    ram: tuple[int, int],
) -> Case:  # fmt: skip
    """Return an upsampler; *size* is rows, columns and groups."""
    high, wide, groups = size
    frames = []
    for _ in range(2):
        x = rng.integers(0, 32, (high, wide, groups))
        y = x.repeat(factors[0], axis=0).repeat(factors[1], axis=1)
        frames.append(Frame([x.reshape(-1).tolist()], [y.reshape(-1).tolist()]))
    params = {
        "H": high, "W": wide, "CF": groups, "Width": 5, "FactorH": factors[0],
        "FactorW": factors[1], "RowRam": ram[0], "PixelRam": ram[1],
    }  # fmt: skip
    whole = high * wide * groups * factors[0] * factors[1]
    return Case("hwg_upsample", params, [5], [5], frames, whole, 0, 0)


def _edges(
    rng: np.random.Generator, module: str, size: tuple[int, int, int],
    edges: tuple[int, int, int, int],
) -> Case:  # fmt: skip
    """Return a crop or a pad; *size* is rows, columns and groups, edges begin at the top."""
    high, wide, groups = size
    top, left, bottom, right = edges
    frames = []
    for _ in range(3):
        x = rng.integers(0, 32, size)
        if module == "hwg_crop":
            y = x[top : high - bottom, left : wide - right]
        else:
            pads = ((top, bottom), (left, right), (0, 0))
            y = np.pad(x, pads, constant_values=19)
        frames.append(Frame([x.reshape(-1).tolist()], [y.reshape(-1).tolist()]))
    params: dict[str, int | str] = {
        "H": high, "W": wide, "CF": groups, "Width": 5, "Top": top, "Left": left,
        "Bottom": bottom, "Right": right,
    }  # fmt: skip
    if module == "hwg_pad":
        params["Pad"] = "5'd19"
    return Case(module, params, [5], [5], frames, max(x.size, y.size))


def _reorder(rng: np.random.Generator, shape: tuple[int, int, int], ram: int) -> Case:
    """Return a change from (rows, columns, channels) to channels first."""
    high, wide, channels = shape
    frames = []
    for _ in range(3):
        x = rng.integers(0, 32, shape)
        frames.append(Frame([x.reshape(-1).tolist()], [x.transpose(2, 0, 1).reshape(-1).tolist()]))
    params = {
        "Width": 5, "Outer": channels, "Middle": high, "Inner": wide, "OuterStep": 1,
        "MiddleStep": wide * channels, "InnerStep": channels, "RamStyle": ram,
    }  # fmt: skip
    count = high * wide * channels
    return Case("hwg_reorder", params, [5], [5], frames, count, count - 1, 2)


def _cases(rng: np.random.Generator) -> list[Case]:
    return [
        _requant(rng, Requantize(2, -16, 13), (8, 1), 5),
        _requant(rng, Requantize(-2, -100, 90), (5, 1), 8),
        _requant(rng, Requantize(3, 0, 31, 5, -8), (9, 1), 6),
        _requant(rng, Requantize(1, -3, 31, -1, -60), (6, 1), 7),
        _mulshift(rng, (3, 1, 3), (6, 0), 0),
        _mulshift(rng, (2, 3, 4), (9, 1), 0),
        _mulshift(rng, (1, 2, 0), (4, 1), 1),
        _thresholds(rng, (2, 3, 3), (6, 1), own=True),
        _thresholds(rng, (3, 1, 5), (7, 0), own=False),
        _thresholds(rng, (2, 2, 1), (5, 1), own=False),
        _add(rng, ((6, 1, 0), (5, 0, 2)), 2, 5),
        _add(rng, ((4, 0, 3), (7, 1, 0)), 0, 9, sub=1),
        _concat(rng, (1, 1)), _concat(rng, (3, 1, 2)), _concat(rng, (4,)),
        _extend(rng, 3, 4, 7, 1), _extend(rng, 2, 3, 4, 0), _extend(rng, 1, 1, 1, 0),
        _pool(rng, 1, 0, 1), _pool(rng, 9, 0, 1), _pool(rng, 6, 1, 1), _pool(rng, 4, 0, 0),
        _blocks(rng, (4, 6, 1), (2, 2), 0), _blocks(rng, (5, 5, 2), (2, 3), 1, 2),
        _blocks(rng, (3, 4, 3), (3, 4), 1, 0), _blocks(rng, (1, 7, 2), (1, 2), 0, 0),
        _blocks(rng, (4, 3, 1), (2, 1), 0, 2),
        _upsample(rng, (2, 3, 1), (2, 2), (1, 0)), _upsample(rng, (2, 2, 3), (3, 2), (2, 2)),
        _upsample(rng, (1, 5, 2), (1, 3), (0, 1)), _upsample(rng, (3, 2, 1), (2, 1), (2, 1)),
        _edges(rng, "hwg_crop", (4, 5, 2), (1, 2, 1, 0)),
        _edges(rng, "hwg_crop", (3, 2, 1), (0, 0, 2, 1)),
        _edges(rng, "hwg_pad", (2, 3, 2), (1, 0, 2, 1)),
        _edges(rng, "hwg_pad", (1, 4, 1), (0, 2, 0, 0)),
        _reorder(rng, (2, 3, 4), 1), _reorder(rng, (1, 1, 1), 2), _reorder(rng, (3, 2, 2), 2),
    ]  # fmt: skip


def test_every_word_is_what_the_operation_says(
    tmp_path: Path, seed: int, rng: np.random.Generator
) -> None:
    assert run_cases(tmp_path, seed, _cases(rng)) == set()


STALLS = "loses_nothing_under_stalls_and_gaps"
RESET = "recovers_from_reset_in_a_frame"
FAULTS = (
    ("hwg_stream_requant", "x[InWidth-1] ? below : above", "above", STALLS),
    ("hwg_stream_mulshift", "floor < WIDE'(Lo)", "1'b0", STALLS),
    ("hwg_stream_mulshift", "turn_q      <= '0;", "turn_q      <= turn_q;", RESET),
    ("hwg_stream_thresholds", "word >= cut", "word > cut", STALLS),
    ("hwg_stream_thresholds", "if (move) turns_q", "turns_q", STALLS),
    ("hwg_stream_add", "left - right", "left + right", STALLS),
    ("hwg_stream_add", "move = ~out_valid_o | out_ready_i", "move = 1'b1", STALLS),
    ("hwg_stream_concat", "left_q <= last ? '0", "left_q <= 1'b0 ? '0", STALLS),
    ("hwg_stream_concat", "turn_q <= Sources'(1);", "turn_q <= turn_q;", RESET),
    ("hwg_stream_extend", "{MORE{in_data_i[i*InWidth+InWidth-1]}}", "'0", STALLS),
    ("hwg_pool", "move        = ~out_valid_o | out_ready_i", "move        = ~out_valid_o",
     "keeps_interval_and_latency"),
    ("hwg_pool_blocks", "(x_last || block_x_last)", "(block_x_last)", STALLS),
    ("hwg_line", "data_o         <= mem_q[next]", "data_o         <= mem_q[place_q]", STALLS),
    ("hwg_pool_blocks", ".step_i(step & block_x_last)", ".step_i(step)", STALLS),
    ("hwg_upsample", "out_ready_i & fresh", "out_ready_i", STALLS),
    ("hwg_upsample", "step & (copy_q == '0)", "step", STALLS),
    ("hwg_upsample", "pass_q <= '0;", "pass_q <= pass_q;", RESET),
    ("hwg_crop", "out_ready_i | ~kept", "1'b1", STALLS),
    ("hwg_crop", "y_q <= '0;", "y_q <= y_q;", RESET),
    ("hwg_pad", "out_ready_i & kept", "out_ready_i", STALLS),
    ("hwg_reorder", "(full_q | fill) & ~spent", "full_q | fill", STALLS),
    ("hwg_reorder", "in_ready_o = ~full_q[write_half_q]", "in_ready_o = 1'b1", STALLS),
    ("hwg_reorder", "read_at_q <= '0;\n    end else", "end else", RESET),
    ("hwg_pool_blocks", "block_y_q <= '0;", "block_y_q <= block_y_q;", RESET),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("module", "good", "bad", "claim"), FAULTS)
def test_a_fault_is_found(
    module: str, good: str, bad: str, claim: str, tmp_path: Path, seed: int,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    assert claim in run_cases(tmp_path, seed, _cases(rng), planted(module, good, bad))
