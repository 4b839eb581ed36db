# SPDX-License-Identifier: Apache-2.0
"""Headers of units as records, and what becomes of one that cannot be read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hwgen import paths
from hwgen.errors import HwgenError
from hwgen.units import library
from hwgen.units.header import Parameter, Port, Unit, read_header
from hwgen.units.library import find_unit, units, with_uses
from tests.calls import calls_of

SOURCE = """
/// module hwg_not_this ( is in a comment
`default_nettype none
/* parameter int Old = 3 ) ; */
module hwg_demo #(
  parameter int Width = 8,  // bits, (of a word)
  parameter int Depth = f(3, 4),
                Spare = 1,
  parameter logic signed [Width:0] Low = '0,
  parameter logic [31:0] Word = {16'd1, 16'(Width)},
  localparam int Inner = $clog2(Depth)
) (
  input  wire logic              clk_i,
  input  wire logic [Width-1:0]  in_data_i,
                                 more_i,
  output logic      [Inner+f(1)-1:0] out_o
);
  if (Width < 1 || Width > 64) begin : gen_check_width
    initial $fatal(1, "hwg_demo: (Width must be 1 to 64");
  end
  if (Depth <= 1 || Depth < Width) initial $fatal(1, "hwg_demo: hwg_ghost u_x (Depth");
  if (Width == 8) begin : gen_eight
    if (Spare < 5) begin : gen_check_spare
      initial $fatal(1, "hwg_demo: Spare");
    end
    hwg_fifo #(.Width(Width)) u_fifo (.clk_i(clk_i));
  end else if (Spare < 7) begin : gen_check_spare
    initial $fatal(1, "hwg_demo: Spare");
  end else begin : gen_other
    hwg_valid u_valid (.clk_i(clk_i));
    hwg_fifo #(
      .Width(Width)
    ) u_fifo (.clk_i(clk_i));
  end
`ifdef HWG_ASSERT
  hwg_stream_check #(.Width(1)) u_check (.clk_i(clk_i));
`endif
  // hwg_fork u_fork (
endmodule
`default_nettype wire
"""


def test_header_becomes_a_record() -> None:
    assert read_header(SOURCE, "stream/hwg_demo.sv") == Unit(
        "hwg_demo",
        "stream",
        (
            Parameter("Width", "int", "8", 1, 64),
            Parameter("Depth", "int", "f(3, 4)", 2),
            Parameter("Spare", "int", "1"),
            Parameter("Low", "logic signed [Width:0]", "'0"),
            Parameter("Word", "logic [31:0]", "{16'd1, 16'(Width)}"),
        ),
        (
            Port("clk_i", "input"),
            Port("in_data_i", "input", "[Width-1:0]"),
            Port("more_i", "input", "[Width-1:0]"),
            Port("out_o", "output", "[Inner+f(1)-1:0]"),
        ),
        ("hwg_fifo", "hwg_valid", "hwg_stream_check"),
    )
    assert read_header(SOURCE, "stream/hwg_demo.sv").file == "stream/hwg_demo.sv"


def test_a_module_may_have_no_parameters() -> None:
    unit = read_header("module hwg_m (input wire logic a_i);\nendmodule\n", "arith/hwg_m.sv")
    assert unit == Unit("hwg_m", "arith", (), (Port("a_i", "input"),))


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("// module hwg_m (", "modules none instead of one named hwg_m"),
        ("module hwg_n ();\nendmodule", "modules hwg_n instead of one named hwg_m"),
        ("module hwg_m ();\nendmodule\nmodule hwg_n ();\nendmodule", "hwg_m, hwg_n"),
        ("module hwg_m", "the header ends too early"),
        ("module hwg_m (input wire logic a_i", "never closed"),
        ("module hwg_m [a] (input wire logic a_i);", "stands where a parenthesis opens"),
        ("module hwg_m (input wire logic a_i) endmodule", "no semicolon"),
        ("module hwg_m #(parameter N = 1) (input wire logic a_i);", "'parameter N = 1' is not a"),
        ("module hwg_m #(parameter int unsigned N = 1) (input wire logic a_i);", "not a parameter"),
        ("module hwg_m #(parameter int N) (input wire logic a_i);", "not a parameter"),
        ("module hwg_m #(N = 1) (input wire logic a_i);", "not a parameter"),
        ("module hwg_m (a_i, b_o);", "'a_i' is not a port"),
        ("module hwg_m (input logic a_i);", "'input logic a_i' is not a port"),
        ("module hwg_m (inout wire logic a_io);", "is not a port"),
        ("module hwg_m (output logic a_o [0:3]);", "is not a port"),
    ],
)
def test_an_unreadable_header_is_refused(source: str, complaint: str) -> None:
    with pytest.raises(HwgenError) as error:
        read_header(source, "arith/hwg_m.sv")
    assert complaint in error.value.what
    assert error.value.where == "rtl/arith/hwg_m.sv"


@pytest.fixture
def other_rtl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "rtl", lambda: tmp_path)
    monkeypatch.setattr(library, "unit_files", library.unit_files.__wrapped__)
    monkeypatch.setattr(library, "find_unit", library.find_unit.__wrapped__)
    return tmp_path


def _write(folder: Path, name: str, body: str = "") -> None:
    folder.mkdir(exist_ok=True)
    text = f"module {name} (input wire logic a_i);\n{body}\nendmodule\n"
    (folder / f"{name}.sv").write_text(text)


def test_a_library_that_is_not_whole_is_refused(other_rtl: Path) -> None:
    _write(other_rtl / "arith", "hwg_a", "hwg_b u_b (.a_i(a_i));")
    with pytest.raises(HwgenError, match="an instance of hwg_b, which no file"):
        with_uses(["hwg_a"])
    _write(other_rtl / "arith", "hwg_b", "hwg_a u_a (.a_i(a_i));")
    with pytest.raises(HwgenError, match="each other: hwg_a -> hwg_b -> hwg_a"):
        with_uses(["hwg_a"])
    _write(other_rtl / "arith", "hwg_b")
    assert [unit.module for unit in with_uses(["hwg_a"])] == ["hwg_b", "hwg_a"]
    _write(other_rtl / "flow", "hwg_b")
    with pytest.raises(
        HwgenError, match=r"rtl/flow/hwg_b\.sv: the module is in arith/hwg_b\.sv too"
    ):
        library.find_unit("hwg_a")
    (other_rtl / "flow/hwg_b.sv").unlink()
    with pytest.raises(HwgenError, match="no module hwg_c"):
        library.find_unit("hwg_c")


def test_facts_of_a_known_unit() -> None:
    unit = find_unit("hwg_requant")
    assert unit.folder == "arith"
    assert unit.path == paths.rtl() / "arith/hwg_requant.sv"
    assert unit.parameters[0] == Parameter("InWidth", "int", "8", 1)
    assert unit.parameters[1] == Parameter("InSigned", "int", "1", 0, 1)
    assert unit.parameters[-1] == Parameter("Hi", "logic signed [OutWidth:0]", "'0")
    assert unit.ports == (
        Port("data_i", "input", "[InWidth-1:0]"),
        Port("data_o", "output", "[OutWidth-1:0]"),
    )
    uses = [used.module for used in with_uses(["hwg_flow_buffer"])]
    assert uses == ["hwg_fifo", "hwg_flow_buffer"]


def test_all_headers_are_read_quickly() -> None:
    library.find_unit.cache_clear()
    assert calls_of(units) < 500_000  # 200,000 today, a tenth of a second


def test_import_reads_no_header() -> None:
    code = "import hwgen, sys; print('hwgen.units.header' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
