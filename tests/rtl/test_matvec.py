# SPDX-License-Identifier: Apache-2.0
"""Matrix-vector unit: exact sums at every fold, no gap between vectors, stalls on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hwgen.units.facts import facts, with_defaults
from tests.rtl.cocotb_bench import planted
from tests.rtl.map_bench import Case, Frame, run_cases, vector, words

pytestmark = pytest.mark.sim


@dataclass(frozen=True)
class Fold:
    """A matrix-vector unit: matrix (rows, columns), PE, SIMD and formats."""

    rows: int
    columns: int
    pe: int
    simd: int
    a: tuple[int, int] = (5, 0)  # bits, signed
    w: tuple[int, int] = (4, 1)
    depthwise: int = 0
    buffer: int = 1
    dsp: int = 0

    @property
    def acc(self) -> int:
        """Bits that hold every result with a bias of as many bits as a product."""
        return self.a[0] + self.w[0] + 2 + self.columns.bit_length()

    def draw(
        self, rng: np.random.Generator, kind: tuple[int, int], shape: tuple[int, ...]
    ) -> np.ndarray:
        """Return numbers of a format, the extreme ones among them."""
        bits, signed = kind
        lo, hi = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
        drawn = rng.integers(lo, hi + 1, shape)
        ends = rng.random(shape)
        return np.where(ends < 0.15, lo, np.where(ends > 0.85, hi, drawn))

    def case(self, rng: np.random.Generator, frames: int = 3) -> Case:
        """Return the unit with its weights, and vectors, each a frame."""
        turns, steps = -(-self.rows // self.pe), -(-self.columns // self.simd)
        matrix = self.draw(rng, self.w, (self.rows, self.columns))
        bias = rng.integers(-(1 << self.a[0] + self.w[0]), 1 << self.a[0] + self.w[0], self.rows)
        full = np.zeros((turns * self.pe, steps * self.simd), np.int64)
        full[: self.rows, : self.columns] = matrix
        folded = full.reshape(turns, self.pe, steps, self.simd).swapaxes(1, 2)
        memory = words(folded.reshape(turns * steps, -1), self.w[0])
        bits, address = self.pe * self.simd * self.w[0], max(1, (len(memory) - 1).bit_length())
        biases = np.zeros(turns * self.pe, np.int64)
        biases[: self.rows] = bias
        made = []
        for _ in range(frames):
            shape = (self.rows, self.columns) if self.depthwise else (self.columns,)
            x = self.draw(rng, self.a, shape)
            y = np.zeros(turns * self.pe, np.int64)
            y[: self.rows] = bias + (matrix * x).sum(axis=1)
            if self.depthwise:
                held = rng.integers(0, 1 << self.a[0], full.shape)  # what is beyond must not matter
                held[: self.rows, : self.columns] = x
                order = held.reshape(turns, self.pe, steps, self.simd).transpose(0, 2, 3, 1)
                sent = words(order.reshape(turns * steps, -1), self.a[0])
            else:
                held = rng.integers(0, 1 << self.a[0], steps * self.simd)
                held[: self.columns] = x
                sent = words(held.reshape(steps, -1), self.a[0])
            made.append(Frame([sent], [words(y.reshape(turns, self.pe), self.acc)]))
        lanes = self.simd * (self.pe if self.depthwise else 1)
        params: dict[str, int | str] = {
            "PE": self.pe, "SIMD": self.simd, "Rows": self.rows, "Columns": self.columns,
            "AWidth": self.a[0], "ASigned": self.a[1], "WWidth": self.w[0],
            "WSigned": self.w[1], "AccWidth": self.acc, "Depthwise": self.depthwise,
            "BufferRam": self.buffer, "Dsp": self.dsp,
            "Bias": vector(biases.tolist(), self.acc),
        }  # fmt: skip
        known, given = facts("hwg_matvec"), with_defaults("hwg_matvec", params)
        text = [
            "  logic w{i}_step;",
            f"  logic [{address - 1}:0] w{{i}}_at;",
            f"  logic [{bits - 1}:0] w{{i}}_data, w{{i}}_next;",
            "  always_comb begin",
            "    w{i}_next = '0;",
            *(f"    if (w{{i}}_at == {at}) w{{i}}_next = {bits}'h{word:x};"
              for at, word in enumerate(memory)),
            "  end",
            "  always_ff @(posedge clk_i) if (w{i}_step) w{i}_data <= w{i}_next;",
        ]  # fmt: skip
        return Case(
            "hwg_matvec", params, [lanes * self.a[0]], [self.pe * self.acc], made,
            interval=known.interval(given), needs=steps - 1, latency=known.latency(given),
            more=text,
            wires=[("weight_step_o", "w{i}_step"), ("weight_address_o", "w{i}_at"),
                   ("weight_data_i", "w{i}_data")],
        )  # fmt: skip


QUICK = (
    Fold(6, 8, 2, 2),
    Fold(5, 7, 2, 3, a=(4, 1), dsp=1),
    Fold(7, 9, 3, 4, a=(6, 0), w=(6, 1), dsp=2, buffer=2),
    Fold(6, 6, 4, 2, a=(3, 1), w=(5, 1), dsp=2, buffer=0),
    Fold(4, 4, 2, 4, w=(2, 0)),
    Fold(3, 10, 3, 5, a=(1, 0), w=(1, 1)),
    Fold(1, 1, 1, 1, a=(16, 1), w=(16, 1)),
    Fold(5, 9, 2, 9, depthwise=1),
    Fold(4, 9, 2, 2, depthwise=1, a=(4, 1), dsp=1),
    Fold(9, 2, 1, 1, a=(16, 0), w=(16, 0), buffer=2),
)


def test_sums_are_exact_and_follow_each_other(
    tmp_path: Path, seed: int, rng: np.random.Generator
) -> None:
    assert run_cases(tmp_path, seed, [fold.case(rng) for fold in QUICK]) == set()


def _random_fold(rng: np.random.Generator) -> Fold:
    rows, columns = int(rng.integers(1, 12)), int(rng.integers(1, 14))
    depthwise, dsp = int(rng.random() < 0.3), int(rng.integers(0, 3))
    dsp = min(dsp, 1) if depthwise else dsp
    w = (int(rng.integers(1, 9)), 1 if dsp == 2 else int(rng.integers(0, 2)))
    return Fold(
        rows, columns, int(rng.integers(1, rows + 1)), int(rng.integers(1, columns + 1)),
        (int(rng.integers(1, 9)), int(rng.integers(0, 2))), w, depthwise,
        int(rng.integers(0, 3)), dsp,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_random_folds(part: int, tmp_path: Path, seed: int, rng: np.random.Generator) -> None:
    assert (
        run_cases(tmp_path, seed + part, [_random_fold(rng).case(rng) for _ in range(16)]) == set()
    )


FAULTS = (
    ("hwg_dot", "OWN ? high + SHIFT'(word[SHIFT-1]) : high", "high",
     "loses_nothing_under_stalls_and_gaps"),
    ("hwg_dot", "WIDTH'(right), borrowed[LEAF]", "WIDTH'(right), 1'b0",
     "loses_nothing_under_stalls_and_gaps"),
    ("hwg_dot", "MINUS ? prior - part", "1'b0 ? prior - part",
     "loses_nothing_under_stalls_and_gaps"),
    ("hwg_matvec", "move      = ~out_valid_o | out_ready_i", "move     = 1'b1",
     "loses_nothing_under_stalls_and_gaps"),
    ("hwg_matvec", "move      = ~out_valid_o | out_ready_i", "move     = ~out_valid_o",
     "keeps_interval_and_latency"),
    ("hwg_matvec", "weight_step_o    = move", "weight_step_o    = 1'b1",
     "loses_nothing_under_stalls_and_gaps"),
    ("hwg_matvec", "turn_q    <= '0;", "turn_q    <= turn_q;", "recovers_from_reset_in_a_frame"),
    ("hwg_matvec", "start = sum_first ?", "start = sum_last ?",
     "loses_nothing_under_stalls_and_gaps"),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("module", "good", "bad", "claim"), FAULTS)
def test_a_fault_is_found(
    module: str, good: str, bad: str, claim: str, tmp_path: Path, seed: int,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    cases = [fold.case(rng) for fold in QUICK]
    assert claim in run_cases(tmp_path, seed, cases, planted(module, good, bad))
