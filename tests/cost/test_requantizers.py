# SPDX-License-Identifier: Apache-2.0
"""Recorded requantizers: which one a node is, and what lies beyond the record."""

from __future__ import annotations

import json

import pytest

from hwgen.cost import requantizers
from hwgen.cost.requantizers import FILE, KINDS, common, looked_up
from hwgen.logic.nodes import Requant


def test_every_row_is_recorded_for_every_calibrated_family() -> None:
    known = json.loads(FILE.read_text("utf-8"))
    assert set(known) == {"ultrascale_plus", "ecp5"}
    for family, tables in known.items():
        small = family == "ecp5"
        assert set(tables) == {name for name, kind in KINDS.items() if small or not kind.small}
        for name in tables:
            kind = KINDS[name]
            found = [v for plane in tables[name] for row in plane for v in row]
            assert len(found) == len(list(kind.rows()))
            assert min(found) > 0


@pytest.mark.parametrize(
    ("node", "bounds", "width", "out", "held", "named"),
    [
        # A sum of ten bits, four below the point: three bits stay of six, one of them the sign.
        (Requant(0, 4, 0, 7, True), (-512, 511), 10, 3, False, ("relu_clip_half", 4, 3, 3)),
        (Requant(0, 4, 0, 7, True), (-512, 511), 10, 3, True, ("relu_clip_half_held", 4, 3, 3)),
        (Requant(0, 4, 0, 31, True), (-512, 495), 10, 5, False, ("relu_half", 4, 5, 1)),
        (Requant(0, 4, 0, 31, True), (-512, 495), 10, 5, True, ("relu_half_held", 4, 5, 1)),
        (Requant(0, 4, -4, 3, True), (-512, 511), 10, 3, False, ("clip_half", 4, 3, 3)),
        (Requant(0, 4, -64, 63, True), (-512, 511), 10, 6, False, ("plain_half", 4, 6, 0)),
        # Rounding by itself.
        (Requant(0, 4, 0, 7, False), (-512, 511), 10, 3, False, ("relu_clip_round", 4, 3, 3)),
        (Requant(0, 4, 0, 32, False), (-512, 511), 10, 6, False, ("relu_round", 4, 6, 0)),
        (Requant(0, 4, 0, 32, False), (-512, 511), 10, 6, True, ("relu_round_held", 4, 6, 0)),
        (Requant(0, 4, 0, 7, False), (-512, 511), 10, 3, True, ("relu_clip_round_held", 4, 3, 3)),
        (Requant(0, 4, -4, 3, False), (-512, 511), 10, 3, True, ("clip_round_held", 4, 3, 3)),
        (Requant(0, 4, -64, 63, False), (-512, 511), 10, 7, False, ("plain_round", 4, 7, -1)),
        (Requant(0, 0, 0, 7, False), (-512, 511), 10, 3, False, ("relu_clip", 0, 3, 7)),
        (Requant(0, 0, -4, 3, False), (-512, 511), 10, 3, False, ("clip", 0, 3, 7)),
        # An unsigned word has no sign to look at: as if it had one more bit.
        (Requant(0, 0, 0, 7, False), (0, 1023), 10, 3, False, ("relu_clip", 0, 3, 8)),
        # It is never reset either.
        (Requant(0, 0, 0, 7, False), (0, 1023), 10, 3, True, ("relu_clip", 0, 3, 8)),
        (Requant(0, 0, 0, 7, False), (-512, 511), 10, 3, True, ("relu_clip_held", 0, 3, 7)),
        (Requant(0, 4, 0, 63, True), (0, 1023), 10, 6, False, ("plain_half", 4, 6, 1)),
    ],
)
def test_a_requantizer_is_known_by_what_it_does(
    node: Requant, bounds: tuple[int, int], width: int, out: int, held: bool,
    named: tuple[str, int, int, int],
) -> None:  # fmt: skip
    assert common(node, bounds, width, out, held, 4) == named


def test_registers_do_not_reset_by_two_bounds_where_tables_are_large() -> None:
    clip = Requant(0, 4, -4, 3, True)
    held = (common(clip, (-512, 511), 10, 3, True, k) for k in (4, 6))
    assert list(held) == [("clip_half_held", 4, 3, 3), ("clip_half", 4, 3, 3)]


@pytest.mark.parametrize(
    "node",
    [
        Requant(0, 0, 0, 6, False),  # no power of two
        Requant(0, 0, -3, 3, False),
        Requant(0, 0, 0, 511, False),  # a rectifier that drops nothing
    ],
)
def test_others_are_taken_apart(node: Requant) -> None:
    assert common(node, (-512, 511), 10, 3, False, 4) is None


def test_what_lies_beyond_the_record_goes_on_as_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = KINDS["relu_clip"]
    plane = [[10 * out + drop for drop in kind.drops] for out in kind.outs]
    monkeypatch.setattr(requantizers, "_read", lambda: {"some": {"relu_clip": [plane]}})
    assert looked_up("some", 6, "relu_clip", 0, 3, 4) == 34
    # A bit more that is dropped enters a tree of tables of k inputs, four copies of it.
    assert looked_up("some", 5, "relu_clip", 0, 3, 11) == 38 + 3
    assert looked_up("some", 4, "relu_clip", 0, 3, 11) == 38 + 4
    assert looked_up("some", 5, "relu_clip", 0, 12, 2) == 122
    assert looked_up("some", 5, "relu_clip", 0, 12, 12) == 128 + 4
    assert looked_up("some", 6, "relu_clip", 0, 3, 1) is None  # nothing clips
    assert looked_up("none", 6, "relu_clip", 0, 3, 4) is None


def test_a_shrinking_row_goes_on_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = KINDS["relu_half_held"]
    table = [[[40 - shift]] for shift in kind.shifts]
    monkeypatch.setattr(requantizers, "_read", lambda: {"some": {"relu_half_held": table}})
    assert looked_up("some", 5, "relu_half_held", 20, 7, 3) == 30 + 10
