// SPDX-License-Identifier: Apache-2.0
/// Behaviour of AMD's table of six inputs (O6) whose lower half is a table of five (O5).
`default_nettype none

module LUT6_2 #(
  parameter logic [63:0] INIT = '0
) (
  input  wire logic I0,
  input  wire logic I1,
  input  wire logic I2,
  input  wire logic I3,
  input  wire logic I4,
  input  wire logic I5,
  output logic      O5,
  output logic      O6
);

  logic [4:0] at;
  assign at = {I4, I3, I2, I1, I0};
  assign O5 = INIT[{1'b0, at}];
  assign O6 = INIT[{I5, at}];

endmodule

`default_nettype wire
