// SPDX-License-Identifier: Apache-2.0
/// Adds two numbers, Digit bits a cycle, least significant first; the second may be subtracted.
///
/// Function:   sum_o = a' + b' + Start, or a' - b' + Start - 1 where Sub is 1. Of a word, bits
///             beyond its last digit are lost: arithmetic is modulo 2**(Digit * digits).
///             An operand that is shifted left brings the end of an older word along. While a lane of
///             gate_i is high, that lane of the operand that Gate names (1: a, 2: b) is its bit of
///             Fill instead: a' = (a << s) + constant.
///             equal to hwgen.logic.serial.graph.Sum
/// Timing:     latency 1; first_i is high beside the first digit of the operands, ahead_i in the cycle
///             before
/// Parameters: Digit >= 1; Gate 0 to 2; Start is the carry into the first digit
/// Notes:      A bit is one function of at most five signals and its carry another one: one LUT6_2,
///             which HWG_AMD_PRIMITIVES instantiates since synthesis does not pair them. To stay
///             within five, a gate that keeps the carry as well (zeros are added to it) takes the
///             place of first_i. The plain body sets the carry by ahead_i instead, as the set or reset
///             of its flop; so a bit is one table of four inputs, and one of its carry. Where ahead_i
///             is not first_i a cycle early, the two bodies differ.
`default_nettype none

module hwg_serial_add #(
  parameter int               Digit = 1,  // bits a cycle
  parameter int               Sub   = 0,  // 1: b is subtracted
  parameter int               Gate  = 0,  // operand that gate_i is of: 1 a, 2 b, 0 none
  parameter logic [Digit-1:0] Fill  = '0, // bits that a gated lane has instead
  parameter int               Start = 0   // carry into the first digit
) (
  input  wire logic             clk_i,
  input  wire logic             ahead_i,
  input  wire logic             first_i,
  input  wire logic [Digit-1:0] gate_i,
  input  wire logic [Digit-1:0] a_i,
  input  wire logic [Digit-1:0] b_i,
  output logic      [Digit-1:0] sum_o
);

  if (Digit < 1) begin : gen_check_digit
    initial $fatal(1, "hwg_serial_add: Digit must be >= 1");
  end
  if (Sub < 0 || Sub > 1) begin : gen_check_sub
    initial $fatal(1, "hwg_serial_add: Sub must be 0 or 1");
  end
  if (Gate < 0 || Gate > 2) begin : gen_check_gate
    initial $fatal(1, "hwg_serial_add: Gate must be 0, 1 or 2");
  end
  if (Start < 0 || Start > 1) begin : gen_check_start
    initial $fatal(1, "hwg_serial_add: Start must be 0 or 1");
  end

  logic [Digit:0]   carry;  // into each lane
  logic             carry_q;
  logic [Digit-1:0] sum;
  assign carry[0] = carry_q;
  if (Gate == 0) begin : gen_no_gate
    logic unused_gate;
    assign unused_gate = ^gate_i;
  end

`ifdef HWG_AMD_PRIMITIVES
  // Where zeros are added to a carry that starts as it is kept, the gate of lane 0 restarts it.
  localparam logic HELD = (Gate == 1 && Sub == 0 && Start == 0 && Fill == '0)
                       || (Gate == 2 && Sub == Start && Fill == '0);
  logic unused_mark;
  assign unused_mark = ahead_i ^ (HELD & first_i);
  for (genvar i = 0; i < Digit; i++) begin : gen_lane
    // Tables of five inputs, the first one counting fastest: a, b, carry, gate, restart.
    localparam logic [31:0] A_RAW  = {16{2'b10}};
    localparam logic [31:0] B_RAW  = {8{4'b1100}};
    localparam logic [31:0] GATED  = {2{16'hff00}};
    localparam logic [31:0] AGAIN  = (i != 0) ? 32'd0 : HELD ? GATED : 32'hffff0000;
    localparam logic [31:0] FILLED = {32{Fill[i]}};
    localparam logic [31:0] A      = (Gate == 1) ? (GATED & FILLED) | (~GATED & A_RAW) : A_RAW;
    localparam logic [31:0] B_OWN  = (Gate == 2) ? (GATED & FILLED) | (~GATED & B_RAW) : B_RAW;
    localparam logic [31:0] B      = B_OWN ^ {32{Sub != 0}};
    localparam logic [31:0] C      = (AGAIN & {32{Start != 0}}) | (~AGAIN & {4{8'b11110000}});
    LUT6_2 #(.INIT({A ^ B ^ C, (A & B) | (A & C) | (B & C)})) u_lut (
      .I0(a_i[i]), .I1(b_i[i]), .I2(carry[i]), .I3((Gate != 0) ? gate_i[i] : 1'b0),
      .I4((i == 0 && !HELD) ? first_i : 1'b0), .I5(1'b1), .O5(carry[i+1]), .O6(sum[i])
    );
  end
  always_ff @(posedge clk_i) carry_q <= carry[Digit];
`else
  logic unused_first;
  assign unused_first = first_i;
  for (genvar i = 0; i < Digit; i++) begin : gen_lane
    logic a, b;
    if (Gate == 1) begin : gen_gate_a
      assign a = gate_i[i] ? Fill[i] : a_i[i];
    end else begin : gen_a
      assign a = a_i[i];
    end
    if (Gate == 2) begin : gen_gate_b
      assign b = (gate_i[i] ? Fill[i] : b_i[i]) ^ (Sub != 0);
    end else begin : gen_b
      assign b = b_i[i] ^ (Sub != 0);
    end
    assign sum[i]     = a ^ b ^ carry[i];
    assign carry[i+1] = (a & b) | (a & carry[i]) | (b & carry[i]);
  end
  always_ff @(posedge clk_i) carry_q <= ahead_i ? (Start != 0) : carry[Digit];
`endif
  always_ff @(posedge clk_i) sum_o <= sum;

endmodule

`default_nettype wire
