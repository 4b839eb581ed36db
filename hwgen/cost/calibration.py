# SPDX-License-Identifier: Apache-2.0
"""Calibration of the cost model: factors fitted to synthesis, and the error that is left.

``calibration.json`` beside this file is written by ``make bench-estimate BLESS=1``: of a corpus of
designs that went through synthesis one part sets the factors, the other the error.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from hwgen.target.board import Board
from hwgen.target.family import Family

FILE = Path(__file__).with_name("calibration.json")
# A family that was never synthesised takes the factors of one with such tables.
_KIN = ((6, "ultrascale_plus"), (4, "ecp5"))


@dataclass(frozen=True)
class ErrorFigures:
    """Error of a model on designs that it was not fitted to, as shares of what was measured.

    Attributes:
        designs, layers: how many were compared.
        median, worst: of whole designs.
        layer_median, layer_worst: of single layers; 0 where there are none.
        tool: that measured.
    """

    designs: int
    layers: int
    median: float
    worst: float
    layer_median: float
    layer_worst: float
    tool: str

    def found_on(self, known: Calibration) -> ErrorBar:
        """Return the error with the family that it was found on."""
        return ErrorBar(**vars(self), family=known.family, own=known.own)


@dataclass(frozen=True)
class ErrorBar(ErrorFigures):
    """Error of a model, with the family that it was found on.

    Attributes:
        family: that was synthesised.
        own: whether it is the family of the board, and not only a kin.
    """

    family: str
    own: bool


@dataclass(frozen=True)
class Calibration:
    """The models of a family.

    Attributes:
        family: that was synthesised.
        own: false where that is only a kin.
        factors: look-up tables a unit of each term of `hwgen.cost.terms`.
        lut: error of the LUT model.
        path: from the delay model's longest path to place and route's, as `path_ns` takes it;
            none where nothing was routed.
        grades: of each speed grade that was routed, its delays over those of the path's own.
        fmax: error of the frequency from it.
    """

    family: str
    own: bool
    factors: Mapping[str, float]
    lut: ErrorFigures
    path: tuple[float, float] | None = None
    grades: Mapping[str, float] = field(default_factory=dict)
    fmax: ErrorFigures | None = None


def path_ns(path: tuple[float, float], model_ns: float, lut: float) -> float:
    """Return the longest path after place and route.

    ``factor model_ns + spread sqrt(model_ns LUT / 1000)``: wires grow with the side of what is
    placed, and a path of more tables has more long ones, though not as many more.

    Args:
        path: factor and spread.
        model_ns: longest path of the delay model.
        lut: look-up tables of the design.
    """
    factor, spread = path
    return factor * model_ns + spread * math.sqrt(model_ns * lut / 1000)


def grade_of(board: Board) -> str:
    """Return the speed grade of a board's part, as `Calibration.grades` has it.

    An ECP5-5G is faster than an ECP5 of the same grade.
    """
    fast = board.device is not None and board.device.name.startswith("um5g")
    return f"{board.speed_grade} 5G" if fast else board.speed_grade


def calibrated(family: Family) -> Calibration:
    """Return the calibration of a family, or of the nearest kin that has one.

    A kin lends its factors and their error, marked as its own; never its delays.
    """
    known = _read()
    if family.name in known:
        return _made(family.name, known[family.name], own=True)
    kin = next(name for inputs, name in _KIN if family.lut_inputs >= inputs or name == _KIN[-1][1])
    return _made(kin, known[kin], own=False)


@cache
def _read() -> dict[str, Any]:
    families: dict[str, Any] = json.loads(FILE.read_text("utf-8"))["families"]
    return families


def _made(name: str, entry: Mapping[str, Any], own: bool) -> Calibration:
    routed = entry.get("fmax") if own else None
    return Calibration(
        name,
        own,
        entry["factors"],
        ErrorFigures(**entry["lut"]),
        tuple(routed["path"]) if routed else None,
        routed["grades"] if routed else {},
        ErrorFigures(**routed["error"]) if routed else None,
    )
