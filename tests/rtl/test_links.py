# SPDX-License-Identifier: Apache-2.0
"""Units of links alone: converters of the width, skid registers, joins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.rtl.cocotb_bench import planted
from tests.rtl.map_bench import Case, Frame, random_words, run_cases

pytestmark = pytest.mark.sim


def _narrow(rng: np.random.Generator, width: int, parts: int, count: int) -> Case:
    """Cut wide words; a frame is two groups."""
    frames = []
    for _ in range(3):
        wide = random_words(rng, 2 * -(-count // parts), width * parts)
        out = []
        for group in range(2):
            part = wide[group * len(wide) // 2 :]
            out += [
                part[i // parts] >> (i % parts * width) & ((1 << width) - 1) for i in range(count)
            ]
        frames.append(Frame([wide], [out]))
    params = {"Width": width, "Parts": parts, "Count": count}
    return Case("hwg_narrow", params, [width * parts], [width], frames, 2 * count)


def _widen(rng: np.random.Generator, width: int, parts: int, count: int) -> Case:
    """Collect narrow words; a frame is two groups."""
    frames = []
    for _ in range(3):
        narrow = random_words(rng, 2 * count, width)
        out = []
        for group in (narrow[:count], narrow[count:]):
            for at in range(0, count, parts):
                piece = group[at : at + parts]
                out.append(sum(word << (width * i) for i, word in enumerate(piece)))
        frames.append(Frame([narrow], [out]))
    params = {"Width": width, "Parts": parts, "Count": count}
    needs = min(parts, count) - 1
    return Case("hwg_widen", params, [width], [width * parts], frames, 2 * count, needs, 0)


def _skid(rng: np.random.Generator, width: int) -> Case:
    frames = [Frame([w], [w]) for w in (random_words(rng, 9, width) for _ in range(3))]
    return Case("hwg_skid", {"Width": width}, [width], [width], frames, 9, 0, 1)


def _join(rng: np.random.Generator) -> Case:
    """Join two links whose words leave side by side."""
    frames = []
    for _ in range(3):
        a, b = random_words(rng, 7, 5), random_words(rng, 7, 3)
        frames.append(Frame([a, b], [[x | y << 5 for x, y in zip(a, b, strict=True)]]))
    wires = [
        ("in_valid_i", "{{s{i}_1_valid, s{i}_0_valid}}"),
        ("in_ready_o", "{{s{i}_1_ready, s{i}_0_ready}}"),
        ("out_valid_o", "m{i}_0_valid"), ("out_ready_i", "m{i}_0_ready"),
    ]  # fmt: skip
    more = ["  assign m{i}_0_data = {{s{i}_1_data, s{i}_0_data}};"]
    return Case(
        "hwg_join", {"Sources": 2}, [5, 3], [8], frames, 7, 0, 0, links=None, more=more,
        wires=wires,
    )  # fmt: skip


def _cases(rng: np.random.Generator) -> list[Case]:
    narrow = ((4, 1, 3), (5, 2, 2), (3, 4, 8), (3, 4, 10), (2, 4, 3), (3, 9, 9), (2, 3, 7))
    return [
        *(_narrow(rng, *size) for size in narrow),
        *(_widen(rng, *size) for size in (*narrow, (3, 4, 9))),
        _skid(rng, 1), _skid(rng, 11), _join(rng),
    ]  # fmt: skip


def test_words_keep_their_order(tmp_path: Path, seed: int, rng: np.random.Generator) -> None:
    assert run_cases(tmp_path, seed, _cases(rng)) == set()


STALLS = "loses_nothing_under_stalls_and_gaps"
FAULTS = (
    ("hwg_skid", "free_q ? in_data_i : side_q", "in_data_i", STALLS),
    ("hwg_skid", "free_q <= advance | (free_q & ~in_valid_i)", "free_q <= advance", STALLS),
    ("hwg_narrow", "out_ready_i & last", "last", STALLS),
    ("hwg_widen", "out_ready_i | ~last", "1'b1", STALLS),
    ("hwg_widen", "if (!rst_ni)                        part_q", "if (1'b0) part_q",
     "recovers_from_reset_in_a_frame"),
    ("hwg_join", "{Sources{out_valid_o & out_ready_i}}", "{Sources{out_ready_i}}", STALLS),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("module", "good", "bad", "claim"), FAULTS)
def test_a_fault_is_found(
    module: str, good: str, bad: str, claim: str, tmp_path: Path, seed: int,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    assert claim in run_cases(tmp_path, seed, _cases(rng), planted(module, good, bad))
