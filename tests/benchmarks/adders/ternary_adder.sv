// SPDX-License-Identifier: Apache-2.0
/// Stands in for the rival's module of the same interface, so that every design of the benchmark has
/// its sums of three mapped by the same unit, hwg_add3. That one adds its first operand, so a negated
/// first operand changes places with one that is not; all three negated is refused.
`default_nettype none

module ternary_adder #(
  parameter int BW_INPUT0 = 32,
  parameter int SIGNED0   = 0,
  parameter int NEGATE0   = 0,
  parameter int PAD0      = 0,
  parameter int BW_INPUT1 = 32,
  parameter int SIGNED1   = 0,
  parameter int NEGATE1   = 0,
  parameter int PAD1      = 0,
  parameter int BW_INPUT2 = 32,
  parameter int SIGNED2   = 0,
  parameter int NEGATE2   = 0,
  parameter int PAD2      = 0,
  parameter int BW_OUT    = 32,
  parameter int DROP_LSBS = 0
) (
  input  wire logic [BW_INPUT0-1:0] in0,
  input  wire logic [BW_INPUT1-1:0] in1,
  input  wire logic [BW_INPUT2-1:0] in2,
  output logic      [BW_OUT-1:0]    out
);

  if (NEGATE0 != 0 && NEGATE1 != 0 && NEGATE2 != 0) begin : gen_check_negate
    initial $fatal(1, "ternary_adder: one operand must be added");
  end

  localparam int TOP = DROP_LSBS + BW_OUT;
  logic [TOP-1:0] sum;
  if (NEGATE0 == 0) begin : gen_012
    hwg_add3 #(
      .AWidth(BW_INPUT0), .ASigned(SIGNED0), .AShift(PAD0),
      .BWidth(BW_INPUT1), .BSigned(SIGNED1), .BShift(PAD1), .BSub(NEGATE1),
      .CWidth(BW_INPUT2), .CSigned(SIGNED2), .CShift(PAD2), .CSub(NEGATE2), .OutWidth(TOP)
    ) u_sum (.a_i(in0), .b_i(in1), .c_i(in2), .data_o(sum));
  end else if (NEGATE1 == 0) begin : gen_102
    hwg_add3 #(
      .AWidth(BW_INPUT1), .ASigned(SIGNED1), .AShift(PAD1),
      .BWidth(BW_INPUT0), .BSigned(SIGNED0), .BShift(PAD0), .BSub(1),
      .CWidth(BW_INPUT2), .CSigned(SIGNED2), .CShift(PAD2), .CSub(NEGATE2), .OutWidth(TOP)
    ) u_sum (.a_i(in1), .b_i(in0), .c_i(in2), .data_o(sum));
  end else begin : gen_201
    hwg_add3 #(
      .AWidth(BW_INPUT2), .ASigned(SIGNED2), .AShift(PAD2),
      .BWidth(BW_INPUT0), .BSigned(SIGNED0), .BShift(PAD0), .BSub(1),
      .CWidth(BW_INPUT1), .CSigned(SIGNED1), .CShift(PAD1), .CSub(1), .OutWidth(TOP)
    ) u_sum (.a_i(in2), .b_i(in0), .c_i(in1), .data_o(sum));
  end
  assign out = sum[TOP-1:DROP_LSBS];

endmodule

`default_nettype wire
