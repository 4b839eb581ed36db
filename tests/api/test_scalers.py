# SPDX-License-Identifier: Apache-2.0
"""What a scaler of an input would take inside the core, told beside the design without it."""

from __future__ import annotations

import re
from typing import Any

import pytest

import hwgen
from hwgen.frontends.qkeras.convert import convert
from hwgen.passes import run_passes
from tests.frontends.test_convert import layer
from tests.frontends.test_given_format import opts, scaled

NORM = layer("BatchNormalization", "bn")
MEAN = layer("AveragePooling1D", "bn", pool_size=3, strides=3)


def built(m: Any, *formats: str) -> Any:
    graph = run_passes(convert(m, opts(*formats)))
    return hwgen.build(graph, board="vu13p", effort=0, style="parallel", best_effort=True)


@pytest.mark.parametrize(
    ("first", "shape", "inside"),
    [
        ((NORM,), (None, 4), "bn=s8.4"),
        ((MEAN, layer("Flatten", "f")), (None, 6, 2), "bn=s8.4"),
    ],
)
def test_the_note_says_what_a_build_with_it_takes(
    first: Any, shape: tuple[int | None, ...], inside: str
) -> None:
    m = scaled(*first, shape=shape)
    without, within = built(m), built(m, inside)
    (note,) = [note for note in without.figures.notes if "inside about" in note]
    told = int(re.search(r"about ([\d,]+) LUT", note)[1].replace(",", ""))  # type: ignore[index]
    assert note.startswith("bn: no LUT as the scaler of input x; ")
    assert told == pytest.approx(within.estimate.lut - without.estimate.lut, rel=0.25)
    assert note in without.text()
    assert note in hwgen.estimate(without.graph, board="vu13p").text()
    assert not [note for note in within.figures.notes if "inside about" in note]
