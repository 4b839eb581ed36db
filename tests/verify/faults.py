# SPDX-License-Identifier: Apache-2.0
"""Faults of generated designs: an edit of one file each, which the bench and the proof must find.

A fault names a place in the structure (the first constant of a layer, the second register of a
line), never a wire.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from hwgen.errors import Mismatch, ProtocolViolation, VerifyError


@dataclass(frozen=True)
class Fault:
    """One edit of one file, and the error that the bench answers with.

    A constant that is off by one shows at one value of a sum alone: all faults of the flow top meet
    the many samples of `many`.

    Attributes:
        name: of the fault.
        file: below ``rtl/``.
        find: the kind of place, a pattern.
        put: what is there instead, a template or a function of the match.
        nth: which of these places, from 0; negative ones from the end.
        caught: the error.
        top: ``flow`` or ``axis``, which is simulated.
        quick: part of ``make test``; the others are of ``make test-ci``.
    """

    name: str
    file: str
    find: str
    put: str | Callable[[re.Match[str]], str]
    nth: int = 0
    caught: type[VerifyError] = Mismatch
    top: str = "flow"
    quick: bool = False


def other(change: Callable[[int], int]) -> Callable[[re.Match[str]], str]:
    """Return what changes the number that the pattern's group ``n`` holds."""

    def put(match: re.Match[str]) -> str:
        start, end = (at - match.start() for at in match.span("n"))
        return match[0][:start] + str(change(int(match["n"]))) + match[0][end:]

    return put


def moved(by: Callable[[int], int]) -> Callable[[re.Match[str]], str]:
    """Return what moves the slice ``[hi:lo]`` by so many bits, given its width."""

    def put(match: re.Match[str]) -> str:
        hi, lo = int(match["hi"]), int(match["lo"])
        step = by(hi - lo + 1)
        return match[0].replace(f"[{hi}:{lo}]", f"[{hi + step}:{lo + step}]")

    return put


FC1, ACT1, FC2, ACT2, FC3 = (f"hwg_tiny_{n}.sv" for n in ("fc1", "act1", "fc2", "act2", "fc3"))
TOP, AXIS, PACKAGE = "hwg_tiny.sv", "hwg_tiny_axis.sv", "hwg_tiny_pkg.sv"
REQUANT, THRESH, VALID = (f"units/hwg_{n}.sv" for n in ("requant", "thresholds", "valid"))
PACK, UNPACK, BUFFER = (f"units/hwg_{n}.sv" for n in ("axis_pack", "axis_unpack", "flow_buffer"))

CONSTANT = r"\d's?d(?P<n>\d+)"
SHIFT = r"<< (?P<n>\d+)\)"
INPUT_SLICE = r"= \w+_i\[(?P<hi>\d+):(?P<lo>\d+)\];"
BREACH = ProtocolViolation

SUMS = (
    Fault("first_constant", FC1, CONSTANT, other(lambda n: n - 1), quick=True),
    Fault("bit_of_last_constant", FC2, CONSTANT, other(lambda n: n ^ 8), -1),
    Fault("first_difference_added", FC2, r"\) - \(?", lambda m: m[0].replace("-", "+")),
    Fault("first_sum_subtracted", FC1, r"\) \+ ", ") - "),
    Fault("first_shift_short", FC2, SHIFT, other(lambda n: n - 1)),
    Fault("first_shift_far", FC1, SHIFT, other(lambda n: n + 1)),
    Fault("first_difference_turned", FC1, r"= (\d+'\(\w+\)) - (\d+'\(\w+\));", r"= \2 - \1;"),
    Fault("last_sum_short", FC2, r"wire signed \[(?P<n>\d+):0\]", other(lambda n: n - 1), -1),
)
SIGNS = (
    Fault("first_input_unsigned", FC1, r"wire signed", "wire", quick=True),
    Fault("first_register_unsigned", FC2, r"logic signed", "logic"),
    Fault("first_output_unsigned", TOP, r"'\(\$signed\((\S+?)\)\)", r"'(\1)"),
)
REGISTERS = (
    Fault("first_register_of_a_sum", FC1, r"(\(\w+)_q1\)", r"\1)", quick=True),
    Fault("second_register_of_a_line", ACT1, r"(\w+)_q2 <= \1_q1;", r"\1_q2 <= \1;"),
    Fault("first_input_of_another_cycle", FC2, "_q1 " + INPUT_SLICE, moved(lambda width: width)),
    Fault("second_register_unused", FC2, r"(\w+)_q2\)", r"\1_q1)"),
    Fault("register_before_last_unit", ACT1, r"data_i\((\w+)_q1\)", r"data_i(\1)", -1),
    Fault("output_register", TOP, r"\.Cycles\(1\)", ".Cycles(0)"),
)
WIRING = (
    Fault("first_input_swapped", FC1, INPUT_SLICE, moved(lambda width: width), quick=True),
    Fault("second_input_off_by_one", FC1, INPUT_SLICE, moved(lambda width: -1), 1),
    Fault("first_of_a_link_swapped", ACT1, r"\{(\w+), (\w+),", r"{\2, \1,"),
    Fault("last_of_a_link_swapped", FC3, r"(\w+), (\w+)\};", r"\2, \1};"),
)
ROUNDING = (
    Fault("shift", ACT1, r"\.Shift\((?P<n>\d+)\)", other(lambda n: n - 1)),
    Fault("upper_bound", ACT1, r"\.Hi\(\d'sd(?P<n>\d+)\)", other(lambda n: n - 1), quick=True),
    Fault("lower_bound_lost", ACT1, r"\.SatLo\(1\)", ".SatLo(0)"),
    Fault("upper_bound_lost", ACT1, r"\.SatHi\(1\)", ".SatHi(0)"),
    Fault("ties_go_up", REQUANT, r"ext\[Shift-1\] & \(", "ext[Shift-1] & (1'b1 | "),
    Fault("no_rounding", REQUANT, r"assign up = ext\[Shift-1\] .*;", "assign up = 1'b0;"),
    Fault("half_a_step_twice", ACT1, r"\.Half\(1\)", ".Half(0)"),
    Fault("tie_stays_odd", REQUANT, r" & ~tie;", " & ~(tie & '0);"),
)
THRESHOLDS = (
    Fault(
        "third_threshold",
        PACKAGE,
        r"_T1 = \{(?:\S+ ){2}\d'd(?P<n>\d+)",
        other(lambda n: n + 1),
        quick=True,
    ),
    Fault("third_value", PACKAGE, r"_V1 = \{(?:\S+ ){2}\d'd(?P<n>\d+)", other(lambda n: n + 1)),
    Fault("threshold_sense", THRESH, r"ext >= threshold", "ext > threshold"),
    Fault("threshold_unsigned", ACT2, r"\.InSigned\(1\)", ".InSigned(0)"),
)
VALID_BITS = (
    Fault("valid_one_short", TOP, r"::LATENCY", "::LATENCY - 1", quick=True),
    Fault("valid_one_long", TOP, r"::LATENCY", "::LATENCY + 1"),
    Fault("valid_not_reset", VALID, r"valid_q <= '0;", "valid_q <= valid_d;", quick=True),
    Fault("valid_stuck", VALID, r"valid_o = .*;", "valid_o = 1'b1;"),
)
AXI_STREAM = (
    Fault(
        "last_never", PACK, r"out_last_o  = .*;", "out_last_o = 1'b0;", caught=BREACH, quick=True
    ),
    Fault("keep_always_full", PACK, r"out_keep_o  = .*;", "out_keep_o = '1;", caught=BREACH),
    Fault("container_not_signed", AXIS, r"\.Signed( *)\(1\)", r".Signed\1(0)", quick=True),
    Fault("container_stride", UNPACK, r"frame_q\[i\*Container ", "frame_q[i*Width "),
    Fault("beats_change_in_stall", PACK, r"valid_q && out_ready_i", "valid_q", caught=BREACH),
    Fault(
        "valid_waits_for_ready",
        PACK,
        r"out_valid_o = ",
        "out_valid_o = out_ready_i & ",
        caught=BREACH,
    ),
    Fault("pack_not_reset", PACK, r"valid_q <= 1'b0", "valid_q <= valid_d", caught=BREACH),
    Fault("beat_not_reset", UNPACK, r"beat_q    <= '0", "beat_q <= beat_d"),
    Fault(
        "one_credit_too_many", BUFFER, r"'\(Depth\);", "'(Depth + 1);", caught=BREACH, quick=True
    ),
    Fault("credit_not_returned", BUFFER, r"credit_q \+ ", "credit_q + 0 * ", caught=BREACH),
    Fault("too_few_places", AXIS, r"\.Depth( *)\(\d+\)", r".Depth\1(2)", caught=BREACH),
    Fault("early_last_accepted", UNPACK, r"in_last_i & final_beat &", "in_last_i &"),
    Fault("late_last_accepted", UNPACK, r"bad_d = 1'b1;", "bad_d = 1'b0;"),
    Fault("broken_frame_launched", AXIS, r"sample_valid & ~sample_bad", "sample_valid", quick=True),
    Fault(
        "broken_frame_stays",
        AXIS,
        r"sample_ready \| sample_bad",
        "sample_ready & ~sample_bad",
        caught=BREACH,
    ),
    Fault("hole_in_keep_accepted", UNPACK, r"keep_ok  = .*;", "keep_ok = 1'b1;"),
    Fault("error_flag_lost", AXIS, r"frame_error_q \| ", "", caught=BREACH),
)
FAULTS = (
    *SUMS,
    *SIGNS,
    *REGISTERS,
    *WIRING,
    *ROUNDING,
    *THRESHOLDS,
    *VALID_BITS,
    *(replace(fault, top="axis") for fault in AXI_STREAM),
)


def in_code(text: str, at: int) -> bool:
    """Tell whether a place is code: comments hold formulas, too."""
    return "//" not in text[text.rfind("\n", 0, at) + 1 : at]


def put(fault: Fault, rtl: Path) -> None:
    """Edit a file of a design as a fault says."""
    file = rtl / fault.file
    text = file.read_text(encoding="utf-8")
    places = [place for place in re.finditer(fault.find, text) if in_code(text, place.start())]
    assert places, "the fault has no place in this design any more: choose another"
    place = places[fault.nth]
    new = place.expand(fault.put) if isinstance(fault.put, str) else fault.put(place)
    assert new != place[0]
    file.write_text(text[: place.start()] + new + text[place.end() :], encoding="utf-8")
