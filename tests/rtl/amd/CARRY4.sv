// SPDX-License-Identifier: Apache-2.0
/// Behaviour of four positions of AMD's carry chain: each passes the carry where S is 1, else DI.
`default_nettype none

module CARRY4 (
  input  wire logic       CI,
  input  wire logic       CYINIT,  // a chain uses one of the two
  input  wire logic [3:0] S,
  input  wire logic [3:0] DI,
  output logic      [3:0] O,
  output logic      [3:0] CO
);

  logic in0, in1, in2, in3;
  assign in0 = CI | CYINIT;
  assign in1 = S[0] ? in0 : DI[0];
  assign in2 = S[1] ? in1 : DI[1];
  assign in3 = S[2] ? in2 : DI[2];
  assign CO  = {S[3] ? in3 : DI[3], in3, in2, in1};
  assign O   = S ^ {in3, in2, in1, in0};

endmodule

`default_nettype wire
