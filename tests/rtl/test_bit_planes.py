# SPDX-License-Identifier: Apache-2.0
"""Unit on bit planes: every pair of widths and every kind in one build, cycles by formula."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hwgen.units.bit_planes import Precision, aligned, memory, operand, product, trimmed
from tests.rtl.cocotb_bench import planted
from tests.rtl.map_bench import Case, Frame, run_cases, vector, words

SIM = pytest.mark.sim
KINDS = ((0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, 1))  # signs of both; bipolar
ALL = tuple(
    Precision(m, n, bool(ws), bool(xs), bool(b))
    for m in range(1, 9) for n in range(1, 9) for ws, xs, b in KINDS
)  # fmt: skip


@dataclass(frozen=True)
class Unit:
    """A unit: matrix (rows, columns), folds, widths, and what its vectors ask."""

    rows: int
    columns: int
    pe: int
    simd: int
    asked: tuple[Precision, ...]
    widths: tuple[int, int] = (8, 8)  # of weights, of data
    sign_only: int = 0
    tables: int = 1
    buffer: int = 1

    def case(self, rng: np.random.Generator, latency: bool = False) -> Case:
        """Return the unit with its weights; a frame is a vector of each precision that is asked."""
        turns, steps = -(-self.rows // self.pe), -(-self.columns // self.simd)
        width_w, width_x = self.widths
        acc = width_w + width_x + 2 + self.columns.bit_length()
        matrix = self.draw(rng, width_w, (self.rows, self.columns))
        bias = rng.integers(-(1 << 9), 1 << 9, (self.tables, turns * self.pe)) >> (16 - acc // 2)
        rom = words(memory(matrix, width_w, self.pe, self.simd), 1)
        full = np.zeros((turns * self.pe, self.columns), np.int64)
        full[: self.rows] = matrix
        table_bits, frames = max(1, (self.tables - 1).bit_length()), []
        for _ in range(2):
            sent, wanted = [], []
            for p in self.asked:
                x = self.draw(rng, width_x, (self.columns,))
                held = rng.integers(0, 1 << width_x, steps * self.simd)
                held[: self.columns] = x
                sums = product(full, x, self.widths, p, bias)
                codes = (sums >= 0).astype(np.int64) if self.sign_only else sums
                wanted += words(codes.reshape(turns, self.pe), 1 if self.sign_only else acc)
                config = p.weights | p.data << 4 | p.weights_signed << 8 | p.data_signed << 9
                config |= p.bipolar << 10 | p.table << 11
                lots = words(held.reshape(steps, -1), width_x)
                noise = rng.integers(0, 1 << (11 + table_bits), steps)  # only the first counts
                noise[0] = config
                sent += [
                    w | int(c) << (self.simd * width_x) for w, c in zip(lots, noise, strict=True)
                ]
            frames.append(Frame([sent], [wanted]))
        data = self.simd * width_x
        address = max(1, (len(rom) - 1).bit_length())
        params: dict[str, int | str] = {
            "PE": self.pe, "SIMD": self.simd, "Rows": self.rows, "Columns": self.columns,
            "AWidth": width_x, "WWidth": width_w, "AccWidth": acc, "SignOnly": self.sign_only,
            "Tables": self.tables, "BufferRam": self.buffer,
            "Bias": vector(bias.reshape(-1).tolist(), acc),
        }  # fmt: skip
        text = [
            "  logic w{i}_step;",
            f"  logic [{address - 1}:0] w{{i}}_at;",
            f"  logic [{self.pe * self.simd - 1}:0] w{{i}}_data, w{{i}}_next;",
            "  always_comb begin",
            "    w{i}_next = '0;",
            *(f"    if (w{{i}}_at == {at}) w{{i}}_next = {self.pe * self.simd}'h{word:x};"
              for at, word in enumerate(rom)),
            "  end",
            "  always_ff @(posedge clk_i) if (w{i}_step) w{i}_data <= w{i}_next;",
        ]  # fmt: skip
        ports = (("weight_planes_i", 4), ("data_planes_i", 4), ("weight_signed_i", 1),
                 ("data_signed_i", 1), ("bipolar_i", 1), ("table_i", table_bits))  # fmt: skip
        wires = [("clk_i", "clk_i"), ("rst_ni", "rst_ni"), ("in_valid_i", "s{i}_0_valid"),
                 ("in_ready_o", "s{i}_0_ready"), ("in_data_i", f"s{{i}}_0_data[{data - 1}:0]"),
                 ("out_valid_o", "m{i}_0_valid"), ("out_ready_i", "m{i}_0_ready"),
                 ("out_data_o", "m{i}_0_data"), ("weight_step_o", "w{i}_step"),
                 ("weight_address_o", "w{i}_at"), ("weight_data_i", "w{i}_data")]  # fmt: skip
        at = data
        for name, bits in ports:
            wires.append((name, f"s{{i}}_0_data[{at + bits - 1}:{at}]"))
            at += bits
        return Case(
            "hwg_bit_planes", params, [at], [self.pe * (1 if self.sign_only else acc)], frames,
            interval=sum(p.cycles(turns, steps) for p in self.asked), needs=steps - 1,
            latency=self.asked[0].latency(steps) if latency else -1,
            links=None, more=text, wires=wires,
        )  # fmt: skip

    def draw(self, rng: np.random.Generator, bits: int, shape: tuple[int, ...]) -> np.ndarray:
        """Return words, the extreme ones among them."""
        drawn, ends = rng.integers(0, 1 << bits, shape), rng.random(shape)
        extreme = rng.choice([0, (1 << bits) - 1, 1 << (bits - 1)], shape)
        return np.where(ends < 0.3, extreme, drawn)


def some(count: int, rng: np.random.Generator, top: tuple[int, int] = (8, 8), tables: int = 1):
    """Return precisions drawn at random, up to so many planes."""
    made = []
    for _ in range(count):
        kind = KINDS[rng.integers(len(KINDS))]
        m, n = (int(rng.integers(1, t + 1)) for t in top)
        made.append(Precision(m, n, *(bool(k) for k in kind), table=int(rng.integers(tables))))
    return tuple(made)


@pytest.mark.parametrize("p", [ALL[i] for i in range(0, len(ALL), 7)], ids=str)
def test_planes_are_the_integer_product(p: Precision, rng: np.random.Generator) -> None:
    weights, x = rng.integers(0, 256, (5, 9)), rng.integers(0, 256, 9)
    left = operand(weights, 8, p.weights, p.weights_signed, p.bipolar)
    right = operand(x, 8, p.data, p.data_signed, p.bipolar)
    bias = rng.integers(-99, 99, (1, 5))
    assert (product(weights, x, (8, 8), p, bias) == left @ right + bias[0]).all()


def test_codes_of_fewer_bits_stand_in_the_upper_planes(rng: np.random.Generator) -> None:
    for planes in range(1, 9):
        codes = rng.integers(-(1 << (planes - 1)), 1 << (planes - 1), 50)
        back = operand(aligned(codes, planes, 8), 8, planes, signed=True, bipolar=False)
        assert (back == codes).all()


def test_planes_that_say_nothing_are_left_out(rng: np.random.Generator) -> None:
    codes = np.array([[-12, 8, 0], [4, -4, 0]])
    less = trimmed(codes)
    assert (less.planes, less.shift) == (3, 2)
    weights, x = aligned(less.codes, 3, 8), rng.integers(0, 256, 3)
    p = Precision(less.planes, 8, weights_signed=True)
    sums = product(weights, x, (8, 8), p, np.zeros((1, 2), np.int64))
    assert (sums << less.shift == codes @ x).all()
    for given, signed, planes, shift in (
        ([0, 0], True, 1, 0), ([-1], True, 1, 0), ([1], True, 2, 0), ([6], False, 2, 1),
        ([127, -128], True, 8, 0), ([-128], True, 1, 7),
    ):  # fmt: skip
        less = trimmed(np.array(given), signed)
        assert (less.planes, less.shift) == (planes, shift)
        assert (less.codes << less.shift == given).all()


@SIM
def test_every_vector_has_its_own_precision(
    tmp_path: Path, seed: int, rng: np.random.Generator
) -> None:
    units = [
        Unit(5, 21, 2, 8, some(4, rng, (4, 4)), tables=3, buffer=2),
        Unit(3, 4, 3, 4, some(4, rng, (3, 3)), (3, 3), buffer=0),
        Unit(4, 35, 1, 33, some(3, rng, (2, 5), 4), (2, 5), sign_only=1, tables=4),
        Unit(1, 1, 1, 1, (Precision(1, 1, bipolar=True),), (1, 1)),
    ]
    cases = [unit.case(rng, latency=True) for unit in units]
    assert run_cases(tmp_path, seed, cases) == set()


@SIM
@pytest.mark.ci
def test_all_pairs_of_widths_and_kinds_in_one_build(
    tmp_path: Path, seed: int, rng: np.random.Generator
) -> None:
    order = [ALL[i] for i in rng.permutation(len(ALL))]
    parts = [tuple(order[i::4]) for i in range(4)]  # side by side; each has all kinds
    # The bench takes 69 cycles without a word for the end, so one step where 64 pairs come.
    cases = [Unit(3, 7, 2, 7, part).case(rng) for part in parts]
    few = tuple(p for p in order if p.weights * p.data <= 32)[:40]
    cases.append(Unit(2, 6, 2, 4, few).case(rng))
    assert len({(p.weights, p.data) for p in order}) == 64
    assert run_cases(tmp_path, seed, cases) == set()


FAULTS = (
    ("raises_next = 1'b1;", "raises_next = 1'b0;"),
    ("(kind[0] & (i_q == 4'd0)) ^ (kind", "(kind[0] & (i_q == 4'd0)) | (kind"),
    ("short_q[0] ? SIMD'({REST{1'b1}}) : '1", "'1"),
    ("(up < weight_planes) ? up", "(up <= weight_planes) ? up"),
    ("1'b0}) - columns", "1'b0}) - AccWidth'(SIMD)"),
    ("kind = begins ?", "kind = taking ?"),
    ("assign move        = ~out_valid_o | out_ready_i", "assign move        = 1'b1"),
    ("turn_q    <= '0;", "turn_q    <= turn_q;"),
    ("- j_q[2:0]", "- i_q[2:0]"),
)  # fmt: skip


@SIM
@pytest.mark.slow
@pytest.mark.parametrize(("good", "bad"), FAULTS)
def test_a_fault_is_found(
    good: str, bad: str, tmp_path: Path, seed: int, rng: np.random.Generator
) -> None:
    cases = [
        Unit(5, 21, 2, 8, some(12, rng, (4, 4), 3), tables=3).case(rng),
        Unit(3, 4, 3, 4, some(12, rng, (3, 3)), (3, 3)).case(rng),
    ]
    assert run_cases(tmp_path, seed, cases, planted("hwg_bit_planes", good, bad))
