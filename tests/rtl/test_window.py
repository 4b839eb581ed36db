# SPDX-License-Identifier: Apache-2.0
"""Window generator: every geometry beside its definition, without a bubble."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hwgen.units.facts import facts, with_defaults
from tests.rtl.cocotb_bench import planted
from tests.rtl.map_bench import Case, Frame, Words, run_cases, words

pytestmark = pytest.mark.sim

BITS = 5  # of an element; a group of channels is one element or two


@dataclass(frozen=True)
class Geometry:
    """A window generator: map (rows, columns), groups, and pairs for both axes."""

    map: tuple[int, int]
    groups: int = 1
    lanes: int = 1
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (1, 1, 1, 1)  # top, left, bottom, right
    pad: int = 0
    ram: tuple[int, int] = (1, 1)
    border: int = 0
    by_tap: int = 0

    def windows(self, image: np.ndarray) -> Words:
        """Cut the windows of a map (rows, columns, groups, lanes), from the definition."""
        top, left, _, _ = self.pads
        found: Words = []
        for i, j in self.places():
            for g in range(self.groups):
                word, at = 0, 0
                edges = [set(), set()]
                for ky in range(self.kernel[0]):
                    for kx in range(self.kernel[1]):
                        y = i * self.stride[0] + ky * self.dilation[0] - top
                        x = j * self.stride[1] + kx * self.dilation[1] - left
                        inside = 0 <= y < self.map[0] and 0 <= x < self.map[1]
                        tap = words(image[y, x, g][None], BITS)[0] if inside else self.pad
                        if not 0 <= y < self.map[0]:
                            edges[0].add(ky)
                        if not 0 <= x < self.map[1]:
                            edges[1].add(kx)
                        if self.by_tap:
                            found.append(tap)
                        word |= tap << at
                        at += BITS * self.lanes
                for edge, kernel in zip(edges, self.kernel, strict=True):
                    if self.border:
                        word |= sum(1 << k for k in edge) << at
                        at += kernel
                if not self.by_tap:
                    found.append(word)
        return found

    def frame(self, image: np.ndarray) -> Frame:
        """Return the pixels that go in, a word a group, and the windows that come out."""
        return Frame([words(image.reshape(-1, self.lanes), BITS)], [self.windows(image)])

    def places(self) -> list[tuple[int, int]]:
        """Return the output pixels."""
        sizes = [
            (self.map[a] + self.pads[a] + self.pads[a + 2] - (self.kernel[a] - 1) * self.dilation[a]
             - 1) // self.stride[a] + 1
            for a in (0, 1)
        ]  # fmt: skip
        return [(i, j) for i in range(sizes[0]) for j in range(sizes[1])]

    def case(self, rng: np.random.Generator, frames: int = 2) -> Case:
        """Return the unit with frames of random pixels."""
        taps, width = self.kernel[0] * self.kernel[1], BITS * self.lanes
        shape = (*self.map, self.groups, self.lanes)
        images = [rng.integers(0, 1 << BITS, shape) for _ in range(frames)]
        lag = [(self.kernel[a] - 1) * self.dilation[a] - self.pads[a] for a in (0, 1)]
        both = ("H", "W")
        params: dict[str, int | str] = {
            "H": self.map[0], "W": self.map[1], "CF": self.groups, "Width": width,
            **{f"Kernel{a}": v for a, v in zip(both, self.kernel, strict=True)},
            **{f"Stride{a}": v for a, v in zip(both, self.stride, strict=True)},
            **{f"Dilation{a}": v for a, v in zip(both, self.dilation, strict=True)},
            **dict(zip(("PadTop", "PadLeft", "PadBottom", "PadRight"), self.pads, strict=True)),
            "RowRam": self.ram[0], "ColumnRam": self.ram[1], "Border": self.border,
            "TapByTap": self.by_tap, "Pad": f"{width}'d{self.pad}",
        }  # fmt: skip
        out = width if self.by_tap else taps * width + self.border * sum(self.kernel)
        slow = self.by_tap and self.stride != (1, 1)
        known, given = facts("hwg_window"), with_defaults("hwg_window", params)
        return Case(
            "hwg_window", params, [width], [out],
            [self.frame(x) for x in images],
            interval=0 if slow else known.interval(given),
            needs=(lag[0] * self.map[1] + lag[1]) * self.groups,
            latency=known.latency(given) if lag[1] < self.map[1] else -1,
        )  # fmt: skip


SAME = Geometry((4, 5))
QUICK = (
    SAME,
    Geometry((4, 4), groups=3, lanes=2, ram=(2, 0), pad=9),
    Geometry((5, 4), stride=(2, 2), pads=(1, 1, 1, 1), groups=2, border=1, pad=31),
    Geometry((4, 6), stride=(2, 2), pads=(0, 0, 1, 1)),  # 'same' of an even map
    Geometry((4, 5), pads=(0, 0, 0, 0), groups=2, ram=(2, 2)),  # valid
    Geometry((1, 9), kernel=(1, 3), pads=(0, 4, 0, 0), dilation=(1, 2)),  # causal
    Geometry((1, 7), kernel=(1, 5), pads=(0, 2, 0, 2), groups=2, ram=(1, 2)),
    Geometry((6, 5), kernel=(5, 5), pads=(2, 2, 2, 2), ram=(0, 2)),
    Geometry((3, 3), kernel=(1, 1), pads=(0, 0, 0, 0), groups=2),
    Geometry((3, 4), groups=2, by_tap=1, pad=3),
    Geometry((5, 1), kernel=(3, 1), pads=(1, 0, 1, 0), stride=(3, 1)),
)
# Corners of the geometry: as narrow, low, far and uneven as is legal.
MORE = (
    Geometry((2, 1), kernel=(3, 3)),
    Geometry((2, 2), kernel=(3, 3), groups=2),
    Geometry((4, 4), kernel=(2, 2), pads=(0, 0, 1, 1)),
    Geometry((5, 5), kernel=(3, 3), dilation=(2, 2), pads=(2, 2, 2, 2), groups=3, ram=(2, 2)),
    Geometry((6, 4), kernel=(3, 2), dilation=(1, 3), pads=(2, 3, 0, 0), stride=(2, 1)),
    Geometry((7, 7), kernel=(7, 7), pads=(3, 3, 3, 3), stride=(2, 2)),
    Geometry((4, 5), kernel=(4, 5), pads=(0, 0, 0, 0)),
    Geometry((6, 6), kernel=(3, 3), pads=(1, 1, 1, 1), stride=(3, 2), by_tap=1),
    Geometry((4, 4), kernel=(3, 5), pads=(0, 0, 2, 1), groups=2),
    Geometry((4, 4), kernel=(3, 3), pads=(2, 2, 0, 0)),
    Geometry((4, 3), kernel=(2, 3), pads=(0, 0, 1, 2), stride=(1, 3), ram=(2, 1)),
    Geometry((9, 8), kernel=(3, 3), stride=(2, 2), groups=4, lanes=2, border=1, ram=(2, 1)),
)


def _random_geometry(rng: np.random.Generator) -> Geometry:
    """Draw a legal geometry."""
    size, kernel, stride, dilation, low, high = ([0, 0] for _ in range(6))
    for a in (0, 1):
        while True:
            size[a], kernel[a] = int(rng.integers(1, 8)), int(rng.integers(1, 5))
            stride[a], dilation[a] = int(rng.integers(1, 4)), int(rng.integers(1, 3))
            reach = (kernel[a] - 1) * dilation[a]
            low[a] = int(rng.integers(0, reach + 1))
            high[a] = int(rng.integers(0, reach - low[a] + 1))
            lag = reach - low[a]
            if lag < size[a] + a and size[a] - lag + high[a] >= 1:
                break
    return Geometry(
        (size[0], size[1]), int(rng.integers(1, 4)), int(rng.integers(1, 3)),
        (kernel[0], kernel[1]), (stride[0], stride[1]), (dilation[0], dilation[1]),
        (low[0], low[1], high[0], high[1]), int(rng.integers(0, 1 << BITS)),
        (int(rng.integers(0, 3)), int(rng.integers(0, 3))), 0, int(rng.random() < 0.2),
    )  # fmt: skip


def test_windows_are_those_of_the_definition(
    tmp_path: Path, seed: int, rng: np.random.Generator
) -> None:
    assert run_cases(tmp_path, seed, [g.case(rng) for g in QUICK]) == set()


@pytest.mark.ci
def test_corners_of_the_geometry(tmp_path: Path, seed: int, rng: np.random.Generator) -> None:
    assert run_cases(tmp_path, seed, [g.case(rng) for g in MORE]) == set()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_random_geometries(part: int, tmp_path: Path, seed: int, rng: np.random.Generator) -> None:
    cases = [_random_geometry(rng).case(rng) for _ in range(12)]
    assert run_cases(tmp_path, seed + part, cases) == set()


FAULTS = (
    ("hwg_window", "flush      = tail_q & room;", "flush      = tail_q & room & in_valid_i;",
     "waits_for_no_word_of_the_next_frame"),
    ("hwg_window", "room | (tail_q & ~level)", "room | tail_q",
     "loses_nothing_under_stalls_and_gaps"),
    ("hwg_window", "y_q >= Y_WIDTH'(OWN)", "1'b1", "loses_nothing_under_stalls_and_gaps"),
    ("hwg_window", "below_q && tail_y_q < Y_WIDTH'(OWN)", "below_q",
     "loses_nothing_under_stalls_and_gaps"),
    ("hwg_window", "beside && x_q >= X_WIDTH'(OWN)", "beside",
     "loses_nothing_under_stalls_and_gaps"),
    ("hwg_window", "~(due & keep) | ~valid_q | ready", "1'b1",
     "loses_nothing_under_stalls_and_gaps"),
    ("hwg_window", "x_wraps      = x_q < X_WIDTH'(PadRight)", "x_wraps      = 1'b0",
     "loses_nothing_under_stalls_and_gaps"),
    ("hwg_window", "skip_q <= (i_last || skip_q", "skip_q <= (skip_q",
     "loses_nothing_under_stalls_and_gaps"),
    ("hwg_window", "32'(j_q) >= 32'(END)", "1'b0", "loses_nothing_under_stalls_and_gaps"),
    ("hwg_window", "if (!rst_ni) tail_q <= 1'b0;\n      else         tail_q",
     "tail_q", "recovers_from_reset_in_a_frame"),
    ("hwg_window", "if (!rst_ni) begin\n        g_q      <= '0;", "if (!rst_ni) begin",
     "recovers_from_reset_in_a_frame"),
    ("hwg_tap_lines", "if (start_i) flush_d = load_d;", "",
     "loses_nothing_under_stalls_and_gaps"),
    ("hwg_tap_lines", "flush_reads_i[k] ? flush_d : load_d", "load_d",
     "loses_nothing_under_stalls_and_gaps"),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("module", "good", "bad", "claim"), FAULTS)
def test_a_fault_is_found(
    module: str, good: str, bad: str, claim: str, tmp_path: Path, seed: int,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    cases = [g.case(rng) for g in QUICK]
    assert claim in run_cases(tmp_path, seed, cases, planted(module, good, bad))
