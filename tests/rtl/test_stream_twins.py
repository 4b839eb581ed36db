# SPDX-License-Identifier: Apache-2.0
"""C++ twins of units that stream maps, held against numpy on random maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hwgen.ops import MulShift, Requantize
from hwgen.ops.windows import Window
from tests.rtl.twins import STRICT, Program, check_fault, drain, feed, listed, loop, vendor_flags


def elementwise(program: Program, rng: np.random.Generator) -> None:
    x = rng.integers(-512, 512, (40, 3))
    for op, params in (
        (Requantize(4, -16, 15), "3, 10, 1, 0, 4, 0, 5, 1, 1, 0, 0, 0, -16, 15, 0"),
        (Requantize(2, 0, 31), "3, 10, 1, 1, 3, 0, 5, 1, 1, 0, 0, 0, 0, 31, 0"),
        (Requantize(3, -16, 31, 5, -9), "3, 10, 1, 0, 3, 0, 6, 1, 1, 1, 0, 5, -16, 31, -9"),
    ):
        body = feed("si<10>", 40, 3) + "  stream<lanes<si<6>, 3> > out;\n"
        call = f"out.write(hwg::stream_requant<{params}>::of<si<6> >(in.read()));"
        program.case(body + loop(40, f"    {call}") + drain("si<6>", 40, 3), op.run([x]), x=x)
    y = rng.integers(0, 256, (40, 3))
    for sub, text in ((1, "1"), (0, "0")):
        total = x * 2 + y * 4 * (-1 if sub else 1)
        want = Requantize(3, -200, 150).run([total])
        body = feed("si<10>", 40, 3) + feed("ui<8>", 40, 3, "y").replace(
            "> in;", "> other;"
        ).replace("in.write", "other.write")
        unit = f"hwg::stream_add<3, 10, 1, 1, 8, 0, 2, {text}, 13, 3, 9, 1, 1, -200, 150>"
        step = f"    out.write({unit}::of<si<9> >(in.read(), other.read()));"
        body += "  stream<lanes<si<9>, 3> > out;\n" + loop(40, step)
        program.case(body + drain("si<9>", 40, 3), want, x=x, y=y)
    factors, adds = rng.integers(-31, 32, 6), rng.integers(-999, 999, 6)
    want = MulShift(factors, adds, 5, -300, 300, 0).run([x.reshape(20, 6)])
    unit = "hwg::stream_mulshift<3, 2, 10, 1, 6, 17, 5, 10, 0, -300, 300>"
    step = f"    out.write({unit}::of<si<10> >(in.read(), n % 2, factors, adds));"
    body = feed("si<10>", 40, 3) + "  stream<lanes<si<10>, 3> > out;\n" + loop(40, step)
    program.case(body + drain("si<10>", 40, 3), want, x=x, factors=factors, adds=adds)
    limits = np.sort(rng.integers(-500, 500, (6, 7)), axis=1)
    values = rng.integers(-40, 40, (6, 8))
    count = (limits[None] <= x.reshape(20, 6, 1)).sum(axis=-1)
    want = np.take_along_axis(np.broadcast_to(values, (20, 6, 8)), count[..., None], -1)
    unit = "hwg::stream_thresholds<3, 2, 3, 10, 1, 7, 2>"
    step = f"    out.write({unit}::of<si<7> >(in.read(), n % 2, limits, values));"
    body = feed("si<10>", 40, 3) + "  stream<lanes<si<7>, 3> > out;\n" + loop(40, step)
    program.case(body + drain("si<7>", 40, 3), want, x=x, limits=limits, values=values)


def maps(program: Program, rng: np.random.Generator) -> None:
    for shape, kernel, strides, dilation, pads in (
        ((6, 7, 2), (3, 3), (1, 1), (1, 1), ((1, 1), (1, 1))),
        ((7, 5, 1), (3, 2), (2, 1), (1, 2), ((1, 0), (0, 1))),
        ((5, 6, 1), (2, 2), (2, 2), (1, 1), ((0, 0), (0, 0))),
        ((1, 9, 3), (1, 3), (1, 2), (1, 1), ((0, 0), (2, 0))),
    ):
        high, wide, groups = shape
        x = rng.integers(-100, 100, shape)
        window = Window(kernel, strides, pads, dilation)
        columns = window.columns(x[None], fill=-77)[0]  # (rows, columns, taps, groups)
        want = columns.transpose(0, 1, 3, 2)
        taps, words = int(np.prod(kernel)), int(np.prod(want.shape[:3]))
        numbers = [wide, high, groups, 8, *kernel, *strides, *dilation]
        numbers += [pads[0][0], pads[1][0], pads[0][1], pads[1][1]]
        body = feed("si<8>", x.size, 1) + f"  stream<lanes<si<8>, {taps}> > out;\n"
        body += "  static const si<8> pad[] = {-77};\n"
        body += f"  hwg::window<{listed(numbers)}>::of<si<8>, 1>(in, out, pad);\n"
        body += '  if (hwg::waiting(in)) std::printf("left ");\n'
        program.case(body + drain("si<8>", words, taps), want, x=x)
    x = rng.integers(-100, 100, (30, 12))
    for kind, want in ((0, x.reshape(30, 4, 3).max(1)), (1, x.reshape(30, 4, 3).sum(1))):
        body = feed("si<8>", 30, 12) + "  stream<lanes<si<10>, 3> > out;\n"
        step = f"    out.write(hwg::pool<4, 3, 8, 1, {kind}, 10>::of<si<10> >(in.read()));"
        program.case(body + loop(30, step) + drain("si<10>", 30, 3), want, x=x)
    x = rng.integers(-100, 100, (5, 7, 2, 2))
    inner = x[:4, :6].reshape(2, 2, 2, 3, 2, 2)
    for kind, want in ((0, inner.max((1, 3))), (1, inner.sum((1, 3)))):
        body = feed("si<8>", 70, 2) + "  stream<lanes<si<11>, 2> > out;\n"
        unit = f"hwg::pool_blocks<7, 5, 2, 2, 8, 1, 2, 3, {kind}, 11>"
        body += f"  {unit}::of<si<11>, si<8> >(in, out);\n"
        program.case(body + drain("si<11>", 8, 2), want, x=x)
    x = rng.integers(0, 200, (3, 4, 2))
    body = "  stream<ui<8> > in, out;\n" + loop(24, "    in.write(ui<8>(x[n]));")
    read = loop(144, "    put(out.read());")
    call = "  hwg::upsample<4, 3, 2, 8, 2, 3>::of<ui<8> >(in, out);\n"
    program.case(body + call + read, x.repeat(2, 0).repeat(3, 1), x=x)
    call = "  hwg::reorder<8, 2, 3, 4, 1, 8, 2, 1>::of<ui<8> >(in, out);\n"
    read = loop(24, "    put(out.read());")
    program.case(body + call + read, x.transpose(2, 0, 1), x=x)
    around = np.pad(x, ((1, 2), (0, 3), (0, 0)), constant_values=7)
    body = (
        feed("ui<8>", 24, 1)
        + "  stream<lanes<ui<8>, 1> > out;\n  static const ui<8> pad[] = {7};\n"
    )
    body += "  hwg::pad<4, 3, 2, 8, 1, 0, 2, 3>::of<ui<8>, 1>(in, out, pad);\n"
    program.case(body + drain("ui<8>", around.size, 1), around, x=x)
    body = "  stream<ui<8> > in, out;\n" + loop(24, "    in.write(ui<8>(x[n]));")
    body += "  hwg::crop<4, 3, 2, 8, 1, 2, 0, 1>::of<ui<8> >(in, out);\n" + loop(
        4, "    put(out.read());"
    )
    body += '  if (hwg::waiting(out)) std::printf("more ");\n'
    program.case(body, x[1:, 2:3], x=x)
    for count in (12, 11):
        body = "  stream<lanes<ui<8>, 1> > out;\n  stream<lanes<ui<8>, 4> > wide;\n"
        body += feed("ui<8>", count, 1)
        body += f"  hwg::widen<8, 4, {count}>::of<ui<8>, 1>(in, wide);\n"
        body += f"  hwg::narrow<8, 4, {count}>::of<ui<8>, 1>(wide, out);\n"
        body += drain("ui<8>", count, 1)
        program.case(body, x.reshape(-1)[:count], x=x)
    x = rng.integers(-8, 8, (12, 2))
    body = feed("si<4>", 12, 2) + "  stream<lanes<si<7>, 2> > out;\n"
    step = "    out.write(hwg::stream_extend<2, 4, 7, 1>::of<si<7> >(in.read()));"
    program.case(body + loop(12, step) + drain("si<7>", 12, 2), x, x=x)


def matrices(program: Program, rng: np.random.Generator) -> None:
    for rows, columns, pe, simd in ((5, 7, 2, 3), (4, 8, 4, 2), (3, 3, 1, 1), (6, 4, 6, 4)):
        weight, bias = rng.integers(-8, 8, (rows, columns)), rng.integers(-99, 99, rows)
        turns, steps = -(-rows // pe), -(-columns // simd)
        padded = np.zeros((turns * pe, steps * simd), np.int64)
        padded[:rows, :columns] = weight
        memory = padded.reshape(turns, pe, steps, simd).transpose(0, 2, 1, 3)
        biases = np.zeros(turns * pe, np.int64)
        biases[:rows] = bias
        x = rng.integers(0, 256, (3, columns))
        words = np.zeros((3, steps * simd), np.int64)
        words[:, :columns] = x
        unit = f"hwg::matvec<{pe}, {simd}, {rows}, {columns}, 8, 0, 4, 1, 16, 0>"
        body = feed("ui<8>", 3 * steps, simd) + f"  stream<lanes<si<16>, {pe}> > out;\n"
        body += loop(3, f"    {unit}::of<ui<8> >(in, out, weight, bias);")
        want = np.zeros((3, turns * pe), np.int64)
        want[:, :rows] = x @ weight.T + bias
        program.case(
            body + drain("si<16>", 3 * turns, pe), want, x=words, weight=memory, bias=biases
        )
    rows, taps, pe, simd = 4, 6, 2, 3  # depthwise: every row has columns of its own
    weight, bias, x = rng.integers(-8, 8, (rows, taps)), rng.integers(-9, 9, rows), None
    x = rng.integers(-99, 99, (rows, taps))
    words = x.reshape(2, pe, 2, simd).transpose(0, 2, 3, 1)
    memory = weight.reshape(2, pe, 2, simd).transpose(0, 2, 1, 3)
    unit = f"hwg::matvec<{pe}, {simd}, {rows}, {taps}, 8, 1, 4, 1, 16, 1>"
    body = feed("si<8>", 4, pe * simd) + f"  stream<lanes<si<16>, {pe}> > out;\n"
    body += f"  {unit}::of<si<8> >(in, out, weight, bias);\n"
    want = (x * weight).sum(1) + bias
    program.case(body + drain("si<16>", 2, pe), want, x=words, weight=memory, bias=bias)


def signs(program: Program, rng: np.random.Generator) -> None:
    """Count equal bits: sums and signs, masks, kinds of positions, columns beyond the last."""
    for rows, columns, pe, simd, masked, sign in (
        (4, 13, 2, 5, 1, 0), (5, 9, 2, 9, 0, 1), (2, 6, 2, 2, 1, 1), (3, 3, 1, 1, 0, 0),
    ):  # fmt: skip
        turns, steps = -(-rows // pe), -(-columns // simd)
        bits = rng.integers(0, 2, (1 + masked, turns * pe, steps * simd))
        memory = bits.reshape(-1, turns, pe, steps, simd).transpose(1, 3, 0, 2, 4)
        row_kinds, column_kinds = np.array([0, 1]), np.array([0, 1, 1, 2])
        bias = rng.integers(-columns, columns // 2, (6, turns * pe))
        x = rng.integers(0, 2, (8, steps * simd))
        matches = (x[:, None] == bits[0]) & (bits[-1] == 1 if masked else True)
        matches = matches[..., :columns].sum(axis=2)
        chosen = bias[np.add.outer(row_kinds * 3, column_kinds).reshape(-1)]
        want = (matches + chosen >= 0) if sign else 2 * matches + chosen
        numbers = [pe, simd, rows, columns, 7, sign, masked, 2, 4, 2, 3, 6]
        kind = "ui<1>" if sign else "si<7>"
        body = feed("ui<1>", 8 * steps, simd) + f"  stream<lanes<{kind}, {pe}> > out;\n"
        body += f"  hwg::xnor_matvec<{listed(numbers)}>::of<{kind}, ui<1> >(in, out, memory, bias,"
        body += " row_kinds, column_kinds);\n" + drain(kind, 8 * turns, pe)
        program.case(
            body, want, x=x, memory=memory, bias=bias, row_kinds=row_kinds,
            column_kinds=column_kinds,
        )  # fmt: skip
    x = rng.integers(0, 2, 70)
    body = "  bool bits[70];\n" + loop(70, "    bits[n] = x[n] != 0;")
    program.case(body + "  put(si<8>(hwg::popcount<70>::of(bits)));\n", x.sum(), x=x)


def planes(program: Program, rng: np.random.Generator) -> None:
    """Add products on bit planes: unsigned, signed and bipolar, fewer planes, signs alone."""
    pe, simd, rows, columns, bits = 2, 3, 3, 8, 4
    turns, steps = -(-rows // pe), -(-columns // simd)
    weight, x = rng.integers(0, 1 << bits, (rows, columns)), rng.integers(0, 1 << bits, columns)
    bias = rng.integers(-99, 99, (2, turns * pe))
    padded = np.zeros((turns * pe, steps * simd), np.int64)
    padded[:rows, :columns] = weight
    memory = np.array([padded >> bits - 1 - i & 1 for i in range(bits)])
    memory = memory.reshape(bits, turns, pe, steps, simd).transpose(0, 1, 3, 2, 4)
    words = np.zeros(steps * simd, np.int64)
    words[:columns] = x
    for kind, m, n in (("plain", 4, 4), ("signed", 3, 4), ("both", 4, 2), ("bipolar", 2, 3)):
        w, a = padded[:, :columns] >> bits - m, x >> bits - n
        if kind in ("signed", "both"):
            w = w - (w >> m - 1 << m)
        if kind == "both":
            a = a - (a >> n - 1 << n)
        if kind == "bipolar":
            w, a = 2 * w - (1 << m) + 1, 2 * a - (1 << n) + 1
        for sign in (0, 1):
            want = w @ a + bias[1]
            flags = [kind in ("signed", "both"), kind == "both", kind == "bipolar"]
            told = ", ".join([str(m), str(n), *(str(f).lower() for f in flags), "1"])
            body = feed("ui<4>", steps, simd) + f"  stream<lanes<si<15>, {pe}> > out;\n"
            body += f"  const hwg::bit_planes_kind kind = {{{told}}};\n"
            body += f"  static ui<1> weights[{memory.size}];\n"
            body += loop(memory.size, "    weights[n] = ui<1>(memory[n]);")
            unit = f"hwg::bit_planes<{pe}, {simd}, {rows}, {columns}, 4, 4, 14, {sign}, 2>"
            body += f"  {unit}::of<si<15>, ui<4> >(in, out, kind, weights, bias);\n"
            body += drain("si<15>", turns, pe)
            program.case(body, want >= 0 if sign else want, x=words, memory=memory, bias=bias)


def whole(seed: int) -> Program:
    program, rng = Program(), np.random.default_rng(seed)
    elementwise(program, rng)
    maps(program, rng)
    matrices(program, rng)
    signs(program, rng)
    planes(program, rng)
    return program


def test_twins_of_streams_equal_numpy(tmp_path: Path, seed: int) -> None:
    whole(seed).check(tmp_path, STRICT)


@pytest.mark.ci
def test_twins_of_streams_with_vendor_integers(tmp_path: Path, seed: int) -> None:
    for flags in vendor_flags():
        whole(seed).check(tmp_path, flags)


@pytest.mark.parametrize(
    ("header", "old", "new"),
    [
        ("window.h", "v % ROWS : 0", "(v + 1) % ROWS : 0"),
        ("matvec.h", "step == 0 ?", "step == 1 ?"),
        ("pool_blocks.h", "x % BlockW == 0", "x % BlockW == 1"),
        ("stream_thresholds.h", ">= si", "> si"),
        ("reorder.h", "m * MiddleStep", "m * InnerStep"),
        ("stream_extend.h", "T(word.at[i])", "T(word.at[0])"),
        ("bit_planes.h", "2 * ones - columns", "2 * ones - SIMD"),
        ("xnor_matvec.h", "there && counts", "counts"),
        ("xnor_matvec.h", "* KindsX + ", "+ "),
        ("xnor_matvec.h", "Masked == 0 ||", "true ||"),
        ("xnor_matvec.h", "sum < acc_t(0)", "sum < acc_t(1)"),
        ("popcount.h", "int i = 0", "int i = 1"),
        ("bit_planes.h", "minus ? -ones", "false ? -ones"),
        ("crop.h", "W - Right", "W - Left"),
    ],
)
@pytest.mark.ci
def test_a_fault_in_a_twin_is_found(
    header: str, old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    check_fault(whole(seed), header, (old, new), tmp_path, monkeypatch)
