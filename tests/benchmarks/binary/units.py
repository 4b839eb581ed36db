# SPDX-License-Identifier: Apache-2.0
"""The folded binary unit beside the core of FINN's, as its templates say it, both mapped by Yosys.

FINN's binary unit is C++ alone: a product of signs is ``m == b``, and products are added up one
after the other in an unrolled loop. Here it is that loop as Verilog, with a register behind the
sum, an accumulator, and a threshold a row from a table. It has no walk over the matrix, no buffer
for a vector and no handshake, all of which ours has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hwgen.units.library import with_uses
from tests.benchmarks.adders.designs import Text
from tests.benchmarks.binary.rows import port

UNIT = "hwg_xnor_matvec"


@dataclass(frozen=True)
class Folded:
    """A folded layer of signs with a threshold a row."""

    rows: int
    columns: int
    pe: int
    simd: int

    @property
    def title(self) -> str:
        """What is built, for a table."""
        return f"{self.columns} to {self.rows}, {self.pe} rows by {self.simd} columns"

    @property
    def bits(self) -> int:
        """Bits of a count with its threshold and a sign."""
        return self.columns.bit_length() + 1

    def words(self) -> str:
        """Return the thresholds of all rows, negative, as one number."""
        rng = np.random.default_rng(1)
        half = self.columns // 2
        drawn = (-half + rng.integers(-9, 10, self.rows)).tolist()
        mask, word = (1 << self.bits) - 1, 0
        for value in reversed(drawn):
            word = word << self.bits | value & mask
        return f"{self.rows * self.bits}'h{word:x}"

    def texts(self) -> Iterator[tuple[str, Text]]:
        """Yield who builds it, and the Verilog."""
        yield "hwgen", self._ours()
        yield "FINN, core alone", self._finn()

    def _ours(self) -> Text:
        turns, steps = self.rows // self.pe, self.columns // self.simd
        address = max((turns * steps - 1).bit_length(), 1)
        top = f"""module top (input clk, input rst_n, output step, output [{address - 1}:0] at,
  input [{self.pe * self.simd - 1}:0] w, input valid, output ready, input [{self.simd - 1}:0] x,
  output done, input take, output [{self.pe - 1}:0] y);
  {UNIT} #(.PE({self.pe}), .SIMD({self.simd}), .Rows({self.rows}), .Columns({self.columns}),
    .AccWidth({self.bits}), .SignOnly(1), .Bias({self.words()})) u (
    .clk_i(clk), .rst_ni(rst_n), .weight_step_o(step), .weight_address_o(at), .weight_data_i(w),
    .in_valid_i(valid), .in_ready_o(ready), .in_data_i(x), .out_valid_o(done), .out_ready_i(take),
    .out_data_o(y));
endmodule
"""
        files = {unit.path.name: unit.path.read_text("utf-8") for unit in with_uses([UNIT])}
        return Text({**files, "top.sv": top}, "top", port("x", 1), port("y", 1), (), 0.0)

    def _finn(self) -> Text:
        turns, last = self.rows // self.pe, self.simd.bit_length()
        turn = max((turns - 1).bit_length(), 1)
        rows = []
        for p in range(self.pe):
            terms = " + ".join(
                f"{{{last - 1}'d0, x[{i}] ~^ w[{p * self.simd + i}]}}" for i in range(self.simd)
            )
            rows.append(f"""  reg [{last - 1}:0] c{p}; reg [{self.bits - 1}:0] a{p};
  wire [{self.bits - 1}:0] s{p} = a{p} + t[{p * self.bits} +: {self.bits}];
  always @(posedge clk) begin
    c{p} <= {terms};
    a{p} <= (first ? {self.bits}'d0 : a{p}) + c{p};
    y[{p}] <= ~s{p}[{self.bits - 1}];
  end
""")
        wide = self.pe * self.bits
        top = f"""module top (input clk, input first, input [{turn - 1}:0] turn,
  input [{self.pe * self.simd - 1}:0] w, input [{self.simd - 1}:0] x,
  output reg [{self.pe - 1}:0] y);
  wire [{self.rows * self.bits - 1}:0] all = {self.words()};
  reg [{wide - 1}:0] t;
  always @(posedge clk) t <= all[turn * {wide} +: {wide}];
{"".join(rows)}endmodule
"""
        return Text({"top.sv": top}, "top", port("x", 1), port("y", 1), (), 0.0)


FOLDED = (Folded(64, 576, 8, 64), Folded(64, 576, 4, 32), Folded(10, 1024, 2, 128))
