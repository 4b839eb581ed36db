# SPDX-License-Identifier: Apache-2.0
"""Binary matrix-vector unit: exact sums and signs at every fold, kinds of positions, stalls."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hwgen.units.facts import facts, with_defaults
from hwgen.units.models import MODELS
from tests.rtl.cocotb_bench import planted
from tests.rtl.map_bench import Case, Frame, run_cases, vector, words

pytestmark = pytest.mark.sim


@dataclass(frozen=True)
class Unit:
    """A unit: matrix (rows, columns), folds, and the map whose positions are its vectors."""

    rows: int
    columns: int
    pe: int
    simd: int
    sign_only: int = 0
    masked: int = 0
    size: tuple[int, int] = (1, 1)
    kinds: tuple[tuple[int, ...], tuple[int, ...]] = ((0,), (0,))
    buffer: int = 1

    def case(self, rng: np.random.Generator, frames: int = 2) -> Case:
        """Return the unit with its weights, and maps, each a frame."""
        turns, steps = -(-self.rows // self.pe), -(-self.columns // self.simd)
        acc = self.columns.bit_length() + 3
        weights = rng.integers(0, 2, (self.rows, self.columns))
        mask = rng.integers(0, 2, weights.shape) if self.masked else np.ones_like(weights)
        rom = [self._memory(weights, rng), self._memory(mask, rng)][: 1 + self.masked]
        memory = words(np.concatenate(rom, axis=1), 1)
        many_x = max(self.kinds[1]) + 1
        many = max(self.kinds[0]) * many_x + many_x
        half = self.columns // 2 + 2
        bias = rng.integers(-half, half + 1, (many, turns * self.pe))
        height, width = self.size
        params: dict[str, int | str] = {
            "PE": self.pe, "SIMD": self.simd, "Rows": self.rows, "Columns": self.columns,
            "AccWidth": acc, "SignOnly": self.sign_only, "Masked": self.masked, "Height": height,
            "Width": width, "KindBits": 3, "KindsX": many_x, "Kinds": many,
            "BufferRam": self.buffer, "RowKinds": vector(self.kinds[0], 3),
            "ColumnKinds": vector(self.kinds[1], 3), "Bias": vector(bias.reshape(-1).tolist(), acc),
        }  # fmt: skip
        made = []
        for _ in range(frames):
            x = rng.integers(0, 2, (height, width, self.columns))
            held = rng.integers(0, 2, (height, width, steps * self.simd))
            held[..., : self.columns] = x
            kind = np.add.outer(np.array(self.kinds[0]) * many_x, self.kinds[1])
            matches = ((x[..., None, :] == weights) & (mask == 1)).sum(axis=-1)
            y = np.zeros((height, width, turns * self.pe), np.int64)
            y[..., : self.rows] = matches
            sums = y + bias[kind] if self.sign_only else 2 * y + bias[kind]
            codes = (sums >= 0).astype(np.int64) if self.sign_only else sums
            bits = 1 if self.sign_only else acc
            # Rows beyond the last one give what their weights in memory make of the vector.
            sent = words(held.reshape(-1, self.simd), 1)
            made.append(Frame([sent], [words(codes.reshape(-1, self.pe), bits)]))
        known, given = facts("hwg_xnor_matvec"), with_defaults("hwg_xnor_matvec", params)
        address, wide = max(1, (len(memory) - 1).bit_length()), len(rom) * self.pe * self.simd
        text = [
            "  logic w{i}_step;",
            f"  logic [{address - 1}:0] w{{i}}_at;",
            f"  logic [{wide - 1}:0] w{{i}}_data, w{{i}}_next;",
            "  always_comb begin",
            "    w{i}_next = '0;",
            *(f"    if (w{{i}}_at == {at}) w{{i}}_next = {wide}'h{word:x};"
              for at, word in enumerate(memory)),
            "  end",
            "  always_ff @(posedge clk_i) if (w{i}_step) w{i}_data <= w{i}_next;",
        ]  # fmt: skip
        vectors = height * width
        return Case(
            "hwg_xnor_matvec", params, [self.simd],
            [self.pe * (1 if self.sign_only else acc)], made,
            interval=vectors * known.interval(given), needs=steps - 1,
            latency=known.latency(given), more=text,
            wires=[("weight_step_o", "w{i}_step"), ("weight_address_o", "w{i}_at"),
                   ("weight_data_i", "w{i}_data")],
        )  # fmt: skip

    def _memory(self, bits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return bits of all rows and columns in the order of the memory, any beyond the last."""
        assert self.rows % self.pe == 0, "rows beyond the last are not modelled"
        turns, steps = self.rows // self.pe, -(-self.columns // self.simd)
        full = rng.integers(0, 2, (self.rows, steps * self.simd))
        full[:, : self.columns] = bits
        folded = full.reshape(turns, self.pe, steps, self.simd).swapaxes(1, 2)
        return folded.reshape(turns * steps, -1)


QUICK = (
    Unit(4, 16, 2, 8),
    Unit(4, 16, 2, 8, sign_only=1),
    Unit(6, 13, 3, 5, masked=1),
    Unit(3, 9, 1, 9, sign_only=1, masked=1, size=(3, 4), kinds=((0, 1, 2), (0, 1, 1, 2))),
    Unit(2, 40, 2, 40, size=(2, 3), kinds=((0, 1), (1, 0, 2)), buffer=0),
    Unit(8, 70, 2, 35, buffer=2, size=(1, 5), kinds=((0,), (0, 1, 1, 1, 2))),
    Unit(1, 1, 1, 1, sign_only=1),
    Unit(5, 17, 5, 16, sign_only=1),
)


def test_sums_and_signs_are_exact_and_follow_each_other(
    tmp_path: Path, seed: int, rng: np.random.Generator
) -> None:
    assert run_cases(tmp_path, seed, [unit.case(rng) for unit in QUICK]) == set()


def _random(rng: np.random.Generator) -> Unit:
    pe, simd = int(rng.integers(1, 5)), int(rng.integers(1, 50))
    size = int(rng.integers(1, 4)), int(rng.integers(1, 5))
    kinds = tuple(tuple(int(k) for k in rng.integers(0, 3, side)) for side in size)
    return Unit(
        pe * int(rng.integers(1, 4)), simd * int(rng.integers(1, 3)) + int(rng.integers(0, 3)), pe,
        simd, int(rng.integers(2)), int(rng.integers(2)), size, (kinds[0], kinds[1]),
        int(rng.integers(3)),
    )  # fmt: skip


@pytest.mark.slow
def test_random_units(tmp_path: Path, seed: int, rng: np.random.Generator) -> None:
    assert run_cases(tmp_path, seed, [_random(rng).case(rng) for _ in range(24)]) == set()


FAULTS = (
    ("move      = ~out_valid_o | out_ready_i", "move      = ~out_valid_o",
     "keeps_interval_and_latency"),
    ("weight_step_o    = move", "weight_step_o    = 1'b1", "loses_nothing_under_stalls_and_gaps"),
    ("{acc_q[AccWidth-2:0], 1'b0} +", "acc_q +", "loses_nothing_under_stalls_and_gaps"),
    ("present & ~(weight", "~(weight", "loses_nothing_under_stalls_and_gaps"),
    ("hits & weight_data_i[(PE+p)*SIMD +: SIMD]", "hits", "loses_nothing_under_stalls_and_gaps"),
    ("(32'(row_kind) * KindsX + 32'(column_kind))", "32'(row_kind)",
     "loses_nothing_under_stalls_and_gaps"),
    ("      y_q       <= '0;\n", "", "recovers_from_reset_in_a_frame"),
    ("out_data_o[p] <= ~sum[AccWidth-1]", "out_data_o[p] <= sum[AccWidth-1]",
     "loses_nothing_under_stalls_and_gaps"),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("good", "bad", "claim"), FAULTS)
def test_a_fault_is_found(
    good: str, bad: str, claim: str, tmp_path: Path, seed: int, rng: np.random.Generator
) -> None:
    cases = [unit.case(rng) for unit in QUICK]
    assert claim in run_cases(tmp_path, seed, cases, planted("hwg_xnor_matvec", good, bad))


def test_the_model_is_the_sum_of_products(rng: np.random.Generator) -> None:
    """Signs of a map with a border, against the definition: the planner computes with it."""
    weight, mask = rng.integers(0, 2, (4, 12)), rng.integers(0, 2, (4, 12))
    bias = rng.integers(-9, 9, (2, 4))
    params = {
        "PE": 2, "SIMD": 6, "Rows": 4, "Columns": 12, "AccWidth": 7, "SignOnly": 0, "Masked": 1,
        "Height": 1, "Width": 3, "KindsX": 2,
    }  # fmt: skip
    folded = [a.reshape(2, 2, 2, 6).swapaxes(1, 2).reshape(4, -1) for a in (weight, mask)]
    constants = {
        "Weights": np.concatenate(folded, axis=1), "Bias": bias.reshape(-1),
        "RowKinds": np.array([0]), "ColumnKinds": np.array([0, 1, 0]),
    }  # fmt: skip
    x = rng.integers(0, 2, (5, 3, 12))
    matches = ((x[:, :, None] == weight) & (mask == 1)).sum(axis=-1)
    sums = 2 * matches + bias[[0, 1, 0]]
    for sign_only, want in ((0, sums), (1, (matches + bias[[0, 1, 0]] >= 0).astype(np.int64))):
        model = MODELS["hwg_xnor_matvec"]
        (got,) = model(params | {"SignOnly": sign_only}, constants, [x.reshape(5, 6, 6)])
        assert np.array_equal(got.reshape(want.shape), want)
