// SPDX-License-Identifier: Apache-2.0
/// Adds three numbers, Digit bits a cycle, least significant first; each may be subtracted.
///
/// Function:   sum_o = a' + b' + c' + Start, minus one and twice the operand for every operand whose
///             bit of Sub is 1: a subtracted operand is inverted, and its one is a part of Start.
///             Arithmetic is modulo 2**(Digit * digits). While a lane of gate_i is high, that lane of
///             the operand that Gate names (1: a, 2: b, 3: c) is its bit of Fill instead.
///             equal to hwgen.logic.serial.graph.Sum
/// Timing:     latency 1; ahead_i is high in the cycle before the first digit of the operands
/// Parameters: Digit >= 1; Gate 0 to 3; Start 0 to 2, the carry into the first digit
/// Notes:      The body is a plain sum with a carry of two bits. HWG_AMD_PRIMITIVES selects what a
///             slice computes: one LUT6_2 and one carry position a bit, as in hwg_add3. Over the
///             cycle two flops keep the chain's carry and the majority of the highest bit. They are
///             set and reset by ahead_i, since the table has no input left for the first digit.
`default_nettype none

module hwg_serial_add3 #(
  parameter int               Digit = 2,   // bits a cycle
  parameter logic [2:0]       Sub   = '0,  // bit 0: a is subtracted, bit 1: b, bit 2: c
  parameter int               Gate  = 0,   // operand that gate_i is of: 1 a, 2 b, 3 c, 0 none
  parameter logic [Digit-1:0] Fill  = '0,  // bits that a gated lane has instead
  parameter int               Start = 0    // carry into the first digit
) (
  input  wire logic             clk_i,
  input  wire logic             ahead_i,
  input  wire logic [Digit-1:0] gate_i,
  input  wire logic [Digit-1:0] a_i,
  input  wire logic [Digit-1:0] b_i,
  input  wire logic [Digit-1:0] c_i,
  output logic      [Digit-1:0] sum_o
);

  if (Digit < 1) begin : gen_check_digit
    initial $fatal(1, "hwg_serial_add3: Digit must be >= 1");
  end
  if (Gate < 0 || Gate > 3) begin : gen_check_gate
    initial $fatal(1, "hwg_serial_add3: Gate must be 0 to 3");
  end
  if (Start < 0 || Start > 2) begin : gen_check_start
    initial $fatal(1, "hwg_serial_add3: Start must be 0, 1 or 2");
  end
  if (Gate == 0) begin : gen_no_gate
    logic unused_gate;
    assign unused_gate = ^gate_i;
  end

`ifdef HWG_AMD_PRIMITIVES
  localparam int SLICES = (Digit + 3) / 4;

  logic                carry_q, majority_q;
  logic [Digit:0]      majority;  // bit i comes from below bit i
  logic [4*SLICES-1:0] parity, below, carry, sum;
  assign majority[0] = majority_q;
  for (genvar i = 0; i < Digit; i++) begin : gen_bit
    // Tables of six inputs, the first one counting fastest: a, b, c, the majority below, gate, 1.
    localparam logic [63:0] GATED    = {2{32'hffff0000}};
    localparam logic [63:0] FILLED   = {64{Fill[i]}} & GATED;
    localparam logic [63:0] A_RAW    = {32{2'b10}};
    localparam logic [63:0] B_RAW    = {16{4'b1100}};
    localparam logic [63:0] C_RAW    = {8{8'b11110000}};
    localparam logic [63:0] A        = ((Gate == 1) ? FILLED | (~GATED & A_RAW) : A_RAW) ^ {64{Sub[0]}};
    localparam logic [63:0] B        = ((Gate == 2) ? FILLED | (~GATED & B_RAW) : B_RAW) ^ {64{Sub[1]}};
    localparam logic [63:0] C        = ((Gate == 3) ? FILLED | (~GATED & C_RAW) : C_RAW) ^ {64{Sub[2]}};
    localparam logic [63:0] BELOW    = {4{16'hff00}};
    localparam logic [63:0] MAJORITY = (A & B) | (A & C) | (B & C);
    localparam logic [63:0] PARITY   = A ^ B ^ C ^ BELOW;
    LUT6_2 #(.INIT({PARITY[63:32], MAJORITY[31:0]})) u_lut (
      .I0(a_i[i]), .I1(b_i[i]), .I2(c_i[i]), .I3(majority[i]),
      .I4((Gate != 0) ? gate_i[i] : 1'b0), .I5(1'b1), .O5(majority[i+1]), .O6(parity[i])
    );
    assign below[i] = majority[i];
  end
  for (genvar i = Digit; i < 4 * SLICES; i++) begin : gen_spare
    assign parity[i] = 1'b0;
    assign below[i]  = 1'b0;
  end
  for (genvar i = 0; i < SLICES; i++) begin : gen_slice
    if (i == 0) begin : gen_first
      CARRY4 u_carry (
        .CI(1'b0), .CYINIT(carry_q), .S(parity[3:0]), .DI(below[3:0]), .O(sum[3:0]), .CO(carry[3:0])
      );
    end else begin : gen_next
      CARRY4 u_carry (
        .CI(carry[4*i-1]), .CYINIT(1'b0), .S(parity[4*i+:4]), .DI(below[4*i+:4]),
        .O(sum[4*i+:4]), .CO(carry[4*i+:4])
      );
    end
  end
  logic unused_top;
  assign unused_top = ^{sum, carry};

  always_ff @(posedge clk_i) begin
    sum_o <= sum[Digit-1:0];
    if (ahead_i) begin
      carry_q    <= (Start != 0);
      majority_q <= (Start == 2);
    end else begin
      carry_q    <= carry[Digit-1];
      majority_q <= majority[Digit];
    end
  end
`else
  logic [Digit-1:0] a, b, c;
  if (Gate == 1) begin : gen_gate_a
    assign a = ((gate_i & Fill) | (~gate_i & a_i)) ^ {Digit{Sub[0]}};
  end else begin : gen_a
    assign a = a_i ^ {Digit{Sub[0]}};
  end
  if (Gate == 2) begin : gen_gate_b
    assign b = ((gate_i & Fill) | (~gate_i & b_i)) ^ {Digit{Sub[1]}};
  end else begin : gen_b
    assign b = b_i ^ {Digit{Sub[1]}};
  end
  if (Gate == 3) begin : gen_gate_c
    assign c = ((gate_i & Fill) | (~gate_i & c_i)) ^ {Digit{Sub[2]}};
  end else begin : gen_c
    assign c = c_i ^ {Digit{Sub[2]}};
  end

  localparam int TOTAL = Digit + 2;
  logic [1:0]       carry_q;
  logic [TOTAL-1:0] total;
  assign total = TOTAL'(a) + TOTAL'(b) + TOTAL'(c) + TOTAL'(carry_q);

  always_ff @(posedge clk_i) begin
    sum_o   <= total[Digit-1:0];
    carry_q <= ahead_i ? 2'(Start) : total[TOTAL-1:Digit];
  end
`endif

endmodule

`default_nettype wire
