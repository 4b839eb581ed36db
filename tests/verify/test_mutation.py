# SPDX-License-Identifier: Apache-2.0
"""Faults are put into a generated design, one at a time: the bench must catch every one.

What a mutant is caught by is a difference or a breach of protocol, never a failure to compile. The
design without a fault passes (test_bench.py).
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from hwgen.errors import VerifyError
from hwgen.verify.simulate import AXIS_CLAIMS, FLOW_CLAIMS, simulate

pytestmark = pytest.mark.sim


@dataclass(frozen=True)
class Fault:
    """One edit: the first match of *find* in *file* becomes *put*."""

    name: str
    file: str
    find: str
    put: str
    top: str = "flow"


FC1, ACT1, FC2, ACT2, FC3 = (f"hwg_tiny_{n}.sv" for n in ("fc1", "act1", "fc2", "act2", "fc3"))
TOP, AXIS, PACKAGE = "hwg_tiny.sv", "hwg_tiny_axis.sv", "hwg_tiny_pkg.sv"
REQUANT, THRESH, VALID = (f"units/hwg_{n}.sv" for n in ("requant", "thresh", "valid"))
PACK, UNPACK, BUFFER = (f"units/hwg_{n}.sv" for n in ("axis_pack", "axis_unpack", "flow_buffer"))

FAULTS = (
    # sums
    Fault("bias_constant", FC1, r"'d11;", "'d10;"),
    Fault("bias_constant_bit", FC2, r"'d17 ", "'d25 "),
    Fault("sub_becomes_add", FC2, r" - \(", " + ("),
    Fault("add_becomes_sub", FC1, r"\) \+ (\d+)'\(", r") - \1'("),
    Fault("shift_one_short", FC2, r"<< 2\)", "<< 1)"),
    Fault("shift_one_far", FC1, r"<< 1\)", "<< 2)"),
    Fault("operands_swapped", FC1, r"= (\d+'\(n\d+\)) - (\d+'\(n\d+\));", r"= \2 - \1;"),
    Fault("wire_one_bit_short", FC2, r"wire signed \[8:0\] n47", "wire signed [7:0] n47"),
    # signs
    Fault("input_sign_dropped", FC1, r"wire signed (\[4:0\] n0)", r"wire \1"),
    Fault("register_sign_dropped", FC2, r"logic signed (\[4:0\] n\d+_q1)", r"logic \1"),
    Fault("output_sign_dropped", TOP, r"'\(\$signed\((\S+?)\)\)", r"'(\1)"),
    # registers
    Fault("register_missing", FC1, r"(= 9'\(n\d+)_q1\)", r"\1)"),
    Fault("register_of_a_line_missing", ACT1, r"n27_q2 <= n27_q1;", "n27_q2 <= n27;"),
    Fault("tap_of_another_cycle", FC2, r"(n\d+_q1 = act1_data_i)\[3:0\]", r"\1[7:4]"),
    Fault("register_missing_unsigned", FC2, r"(n\d+)_q2\)", r"\1_q1)"),
    Fault("register_missing_before_unit", ACT1, r"data_i\((n29)_q1\)", r"data_i(\1)"),
    Fault("output_register_missing", TOP, r"\.Cycles\(1\)", ".Cycles(0)"),
    # wiring
    Fault("inputs_swapped", FC1, r"(n0 = \S+?)\[4:0\]", r"\1[9:5]"),
    Fault("slice_off_by_one", FC1, r"\[9:5\];", "[8:4];"),
    Fault("link_order", ACT1, r"\{(n\d+\w*), (n\d+\w*),", r"{\2, \1,"),
    Fault("link_order_low", FC3, r"(n\d+), (n\d+)\};", r"\2, \1};"),
    # rounding and saturation
    Fault("round_shift", ACT1, r"\.Shift\(3\)", ".Shift(2)"),
    Fault("saturation_bound", ACT1, r"\.Hi\(5'sd15\)", ".Hi(5'sd14)"),
    Fault("low_saturation_lost", ACT1, r"\.SatLo\(1\)", ".SatLo(0)"),
    Fault("high_saturation_lost", ACT1, r"\.SatHi\(1\)", ".SatHi(0)"),
    Fault("ties_go_up", REQUANT, r"ext\[Shift-1\] & \(", "ext[Shift-1] & (1'b1 | "),
    Fault("no_rounding", REQUANT, r"assign up = ext\[Shift-1\] .*;", "assign up = 1'b0;"),
    Fault("half_a_step_twice", ACT1, r"\.Half\(1\)", ".Half(0)"),
    Fault("tie_stays_odd", REQUANT, r" & ~tie;", " & ~(tie & '0);"),
    # thresholds
    Fault("threshold_constant", PACKAGE, r"(_T1 = .*)9'd20", r"\g<1>9'd21"),
    Fault("threshold_value", PACKAGE, r"(_V1 = .*)4'd2", r"\g<1>4'd3"),
    Fault("threshold_sense", THRESH, r"ext >= threshold", "ext > threshold"),
    Fault("threshold_unsigned", ACT2, r"\.InSigned\(1\)", ".InSigned(0)"),
    # valid
    Fault("valid_one_short", TOP, r"::LATENCY", "::LATENCY - 1"),
    Fault("valid_one_long", TOP, r"::LATENCY", "::LATENCY + 1"),
    Fault("valid_not_reset", VALID, r"valid_q <= '0;", "valid_q <= valid_d;"),
    Fault("valid_stuck", VALID, r"valid_o = .*;", "valid_o = 1'b1;"),
    # AXI-Stream
    Fault("last_never", PACK, r"out_last_o  = .*;", "out_last_o = 1'b0;", "axis"),
    Fault("keep_always_full", PACK, r"out_keep_o  = .*;", "out_keep_o = '1;", "axis"),
    Fault("container_not_signed", AXIS, r"\.Signed( *)\(1\)", r".Signed\1(0)", "axis"),
    Fault("container_stride", UNPACK, r"frame_q\[i\*Container ", "frame_q[i*Width ", "axis"),
    Fault("beats_change_in_stall", PACK, r"valid_q && out_ready_i", "valid_q", "axis"),
    Fault("valid_waits_for_ready", PACK, r"out_valid_o = ", "out_valid_o = out_ready_i & ", "axis"),
    Fault("pack_not_reset", PACK, r"valid_q <= 1'b0", "valid_q <= valid_d", "axis"),
    Fault("beat_not_reset", UNPACK, r"beat_q    <= '0", "beat_q <= beat_d", "axis"),
    Fault("one_credit_too_many", BUFFER, r"'\(Depth\);", "'(Depth + 1);", "axis"),
    Fault("credit_not_returned", BUFFER, r"credit_q \+ ", "credit_q + 0 * ", "axis"),
    Fault("too_few_places", AXIS, r"\.Depth( *)\(\d+\)", r".Depth\1(2)", "axis"),
    Fault("early_last_accepted", UNPACK, r"in_last_i & final_beat &", "in_last_i &", "axis"),
    Fault("late_last_accepted", UNPACK, r"bad_d = 1'b1;", "bad_d = 1'b0;", "axis"),
    Fault("broken_frame_launched", AXIS, r"sample_valid & ~sample_bad", "sample_valid", "axis"),
    Fault("broken_frame_stays", AXIS, r"sample_ready \| sample_bad", "sample_ready & ~sample_bad",
          "axis"),
    Fault("hole_in_keep_accepted", UNPACK, r"keep_ok  = .*;", "keep_ok = 1'b1;", "axis"),
    Fault("error_flag_lost", AXIS, r"frame_error_q \| ", "", "axis"),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_is_caught(tiny, tmp_path: Path, fault: Fault) -> None:
    out = tmp_path / "out"
    shutil.copytree(tiny.out, out, ignore=shutil.ignore_patterns("sim"))
    file = out / "rtl" / fault.file
    text = file.read_text(encoding="utf-8")
    mutant, count = re.subn(fault.find, fault.put, text, count=1)
    assert count == 1, "the fault has no place in this design any more: choose another"
    assert mutant != text
    file.write_text(mutant, encoding="utf-8")
    claims = FLOW_CLAIMS if fault.top == "flow" else AXIS_CLAIMS
    with pytest.raises(VerifyError):
        simulate(out, tiny.vectors, tests=claims)


def test_there_are_enough_faults() -> None:
    assert len({fault.name for fault in FAULTS}) >= 20
