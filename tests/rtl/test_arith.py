# SPDX-License-Identifier: Apache-2.0
"""The arithmetic units against their formula: every input of small words, corners of wide ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from hwgen.emit.verilog import sv
from hwgen.ir.fixed import bits_for

pytestmark = pytest.mark.sim

Rows = list[tuple[int, ...]]


@dataclass(frozen=True)
class Case:
    """One instance of a unit with its stimuli and what it must answer."""

    module: str
    params: dict[str, str]
    ports: tuple[tuple[str, int], ...]  # name and width of the inputs
    rows: Rows
    width: int
    want: tuple[int, ...]


def _words(width: int, signed: bool, rng: np.random.Generator) -> list[int]:
    """Every word of a small width; corners and random ones of a large."""
    lo, hi = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)
    if width <= 8:
        return list(range(lo, hi + 1))
    near = [lo, lo + 1, lo + 2, -2, -1, 0, 1, 2, hi - 2, hi - 1, hi]
    spread = [int.from_bytes(rng.bytes(width // 8 + 1)) % (hi - lo + 1) + lo for _ in range(200)]
    return [v for v in [*near, *spread] if lo <= v <= hi]


def _nearest(value: int, shift: int) -> int:
    return round(Fraction(value, 1 << shift))  # Python rounds halves to even


def _requant(rng: np.random.Generator) -> Iterator[Case]:
    formats = [(1, 0), (1, 1), (2, 1), (3, 0), (5, 1), (8, 1), (8, 0), (20, 1), (70, 1), (66, 0)]
    for width, signed in formats:
        shifts = sorted({0, 1, 2, width - 1, width + 2})
        for shift, half in [(s, h) for s in shifts for h in (0, 1) if s or not h]:
            words = _words(width, bool(signed), rng)
            plain = [_nearest(v - half * (1 << shift >> 1), shift) for v in words]
            low, high = min(plain), max(plain)
            middle = (low + high) // 2
            bounds = {(low, high), (low - 1, high + 3), (min(0, high), high), (low, middle)}
            bounds |= {(middle, max(middle, high - 1)), (middle, middle + 1), (-8, 7), (0, 3)}
            some = sorted(bounds)
            for k in rng.choice(len(some), min(4, len(some)), replace=False):
                lo, hi = some[int(k)]
                out = bits_for(lo, hi) + int(rng.integers(0, 2))
                # Flags as the emitter sets them, or both set, which must make no difference.
                flags = (int(low < lo), int(high > hi)) if rng.random() < 0.5 else (1, 1)
                params = {
                    "InWidth": width, "InSigned": signed, "Shift": shift, "Half": half,
                    "OutWidth": out, "SatLo": flags[0], "SatHi": flags[1],
                    "Lo": sv.signed_literal(lo, out + 1), "Hi": sv.signed_literal(hi, out + 1),
                }  # fmt: skip
                want = tuple(min(max(v, lo), hi) for v in plain)
                rows = [(v,) for v in words]
                yield Case("hwg_requant", _text(params), (("data_i", width),), rows, out, want)


def _thresh(rng: np.random.Generator) -> Iterator[Case]:
    for width, signed in [(1, 0), (1, 1), (4, 1), (7, 0), (8, 1), (33, 1), (70, 0)]:
        words = _words(width, bool(signed), rng)
        for count, out in [(1, 1), (2, 3), (7, 8), (15, 4), (40, 9), (2, 70)]:
            limits = sorted(int(v) for v in rng.choice(np.array(words, object), count))
            values = [int(v) for v in rng.integers(0, 2**62, count + 1)]
            values = [(v << 10) % (1 << out) for v in values] if out > 62 else [
                v % (1 << out) for v in values
            ]  # fmt: skip
            packed = [sv.concat([sv.literal(v, w) for v in table]) for table, w in
                      ((limits, width), (values, out))]  # fmt: skip
            params = {"InWidth": width, "InSigned": signed, "N": count, "OutWidth": out,
                      "Thresholds": packed[0], "Values": packed[1]}  # fmt: skip
            want = tuple(values[sum(t <= v for t in limits)] for v in words)
            rows = [(v,) for v in words]
            yield Case("hwg_thresholds", _text(params), (("data_i", width),), rows, out, want)


def _pairs(rng: np.random.Generator) -> Iterator[tuple[dict[str, int], Rows]]:
    for a, b in [(1, 1), (3, 5), (5, 3), (1, 4), (40, 30)]:
        for signs in ((0, 0), (0, 1), (1, 0), (1, 1)):
            left, right = (_words(w, bool(s), rng) for w, s in zip((a, b), signs, strict=True))
            rows = [(x, y) for x in left for y in right]
            if len(rows) > 1000:
                rows = [rows[int(i)] for i in rng.choice(len(rows), 1000, replace=False)]
            yield {"AWidth": a, "ASigned": signs[0], "BWidth": b, "BSigned": signs[1]}, rows


def _binary(rng: np.random.Generator) -> Iterator[Case]:
    for params, rows in _pairs(rng):
        ports = (("a_i", params["AWidth"]), ("b_i", params["BWidth"]))
        answers = {
            ("hwg_max", 0): [max(r) for r in rows],
            ("hwg_max", 1): [min(r) for r in rows],
            ("hwg_mul", 0): [x * y for x, y in rows],
        }
        for (module, least), want in answers.items():
            out = bits_for(min(want), max(want)) + int(rng.integers(0, 3))
            given = {**params, "OutWidth": out}
            if module == "hwg_max":
                given["Least"] = least
            yield Case(module, _text(given), ports, rows, out, tuple(want))


def _text(params: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in params.items()}


def _bench(cases: Sequence[Case]) -> tuple[str, dict[str, str]]:
    """Return a test bench of all cases side by side, and its memories."""
    longest = max(len(case.rows) for case in cases)
    lines = ["module tb (input logic clk);", "  int t = 0, checked = 0, errors = 0;"]
    memories: dict[str, str] = {}
    checks: list[str] = []
    for i, case in enumerate(cases):
        total = sum(width for _, width in case.ports)
        memories[f"in{i}.hex"] = "".join(f"{_join(row, case.ports):x}\n" for row in case.rows)
        memories[f"out{i}.hex"] = "".join(f"{v % (1 << case.width):x}\n" for v in case.want)
        size = len(case.rows)
        lines += [
            f"  logic [{total - 1}:0] in{i} [0:{size - 1}]; logic [{total - 1}:0] x{i};",
            f"  logic [{case.width - 1}:0] out{i} [0:{size - 1}]; logic [{case.width - 1}:0] y{i};",
            f'  initial begin $readmemh("in{i}.hex", in{i}); $readmemh("out{i}.hex", out{i}); end',
            f"  assign x{i} = in{i}[t < {size} ? t : 0];",
        ]
        wires, low = [], 0
        for name, width in case.ports:
            wires.append((name, sv.bits(f"x{i}", low, width, total)))
            low += width
        lines += sv.instance(
            case.module, f"u{i}", list(case.params.items()), [*wires, ("data_o", f"y{i}")]
        )
        checks += [
            f"    if (t < {size}) begin",
            f"      checked = checked + 1; if (y{i} !== out{i}[t]) begin",
            f'        errors = errors + 1; $display("case {i} row %0d got %h", t, y{i});',
            "      end",
            "    end",
        ]
    total_rows = sum(len(case.rows) for case in cases)
    lines += ["  always @(posedge clk) begin", *checks, f"    if (t == {longest}) begin"]
    lines += [f'      $display("checked %0d of {total_rows}, errors %0d", checked, errors);']
    lines += ["      $finish;", "    end", "    t <= t + 1;", "  end", "endmodule", ""]
    return "\n".join(lines), memories


def _join(row: tuple[int, ...], ports: tuple[tuple[str, int], ...]) -> int:
    word, low = 0, 0
    for value, (_, width) in zip(row, ports, strict=True):
        word |= (value % (1 << width)) << low
        low += width
    return word


def _verdict(text: str, cases: Sequence[Case]) -> int:
    """Return the number of errors after making sure that every row was checked."""
    found = re.search(r"checked (\d+) of (\d+), errors (\d+)", text)
    assert found, text[-2000:]
    assert found[1] == found[2] == str(sum(len(c.rows) for c in cases))
    return int(found[3])


@pytest.mark.parametrize("kind", ["requant", "thresh", "binary"])
def test_unit_equals_its_formula(
    kind: str,
    rng: np.random.Generator,
    run_bench: Callable[..., str],
    unit_files: Callable[[str], list[Path]],
) -> None:
    cases = list({"requant": _requant, "thresh": _thresh, "binary": _binary}[kind](rng))
    assert len(cases) > 30
    files = {f: None for module in {c.module for c in cases} for f in unit_files(module)}
    text = run_bench(sorted(files), *_bench(cases))
    assert _verdict(text, cases) == 0, text[:2000]


def test_bench_would_tell(
    run_bench: Callable[..., str], unit_files: Callable[[str], list[Path]]
) -> None:
    params = {"AWidth": "2", "ASigned": "1", "BWidth": "2", "BSigned": "1", "OutWidth": "4"}
    rows = [(x, y) for x in range(-2, 2) for y in range(-2, 2)]
    want = tuple(x * y + int((x, y) == (1, -1)) for x, y in rows)
    cases = [Case("hwg_mul", params, (("a_i", 2), ("b_i", 2)), rows, 4, want)]
    assert _verdict(run_bench(unit_files("hwg_mul"), *_bench(cases)), cases) == 1
