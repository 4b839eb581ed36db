# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.emit.verilog import sv


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [(5, 3, "3'd5"), (0, 1, "1'd0"), (-3, 4, "-4'sd3"), (-8, 4, "-4'sd8"), (15, 4, "4'd15")],
)
def test_literal(value: int, width: int, text: str) -> None:
    assert sv.literal(value, width) == text


@pytest.mark.parametrize(("value", "width"), [(16, 4), (-9, 4), (2, 1)])
def test_literal_that_does_not_fit_is_a_bug(value: int, width: int) -> None:
    with pytest.raises(AssertionError, match="does not fit"):
        sv.literal(value, width)


def test_signed_literal_leaves_room_for_the_sign() -> None:
    assert sv.signed_literal(7, 4) == "4'sd7"
    with pytest.raises(AssertionError, match="does not fit"):
        sv.signed_literal(8, 4)


def test_bits() -> None:
    assert sv.bits("x", 0, 8, 8) == "x"
    assert sv.bits("x", 0, 1, 1) == "x"
    assert sv.bits("x", 3, 1, 8) == "x[3]"
    assert sv.bits("x", 3, 5, 8) == "x[7:3]"


def test_concat_puts_the_first_item_last() -> None:
    assert sv.concat(["a"]) == "a"
    assert sv.concat(["a", "b", "c"]) == "{c, b, a}"


def test_long_concat_is_wrapped_and_complete() -> None:
    items = [f"name{i}" for i in range(100)]
    text = sv.concat(items)
    assert max(map(len, text.splitlines())) <= sv.LINE
    assert text.replace("\n", " ").strip("{} ").replace(" ", "").split(",") == items[::-1]


def test_instance_names_and_aligns_everything() -> None:
    lines = sv.instance("hwg_x", "u_x", [("A", "1")], [("clk_i", "clk_i"), ("d", "x")])
    assert lines == [
        "  hwg_x #(",
        "    .A(1)",
        "  ) u_x (",
        "    .clk_i(clk_i),",
        "    .d    (x)",
        "  );",
    ]


def test_module_aligns_its_ports() -> None:
    ports = [sv.PortDecl("input", None, "clk_i"), sv.PortDecl("output", 12, "y_o", "result")]
    assert sv.module("m", ports, ["  assign y_o = '0;"]) == [
        "module m (",
        "  input  wire logic        clk_i,",
        "  output logic      [11:0] y_o  // result",
        ");",
        "",
        "  assign y_o = '0;",
        "",
        "endmodule",
    ]


def test_file_switches_implicit_nets_off_and_on_again() -> None:
    lines = sv.file(["banner", ""], ["body"]).splitlines()
    assert lines[0] == "// SPDX-License-Identifier: LicenseRef-Generated"
    assert lines[1:4] == ["// banner", "//", "`default_nettype none"]
    assert lines[-1] == "`default_nettype wire"


def test_plain_cannot_leave_its_comment() -> None:
    assert sv.plain("a\nb \t c") == "a b c"
