// SPDX-License-Identifier: Apache-2.0
// The shift register of a table: Q is the bit that was put in A + 1 edges ago.
module SRL16E #(
  parameter logic [15:0] INIT = '0
) (
  input  wire logic CLK, CE, D, A0, A1, A2, A3,
  output logic      Q
);
  logic [15:0] bits = INIT;
  always_ff @(posedge CLK) if (CE) bits <= {bits[14:0], D};
  assign Q = bits[{A3, A2, A1, A0}];
endmodule
