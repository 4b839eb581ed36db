// SPDX-License-Identifier: Apache-2.0
/// Adds single bits on one carry chain: up to three terms a position, two more at the lowest.
///
/// Function:   terms of position i: A[4*i+:4][{gate_i[i], a_i[i]}], and so for b and c;
///             total = sum over i of (terms of position i << i) + carry_i + majority_i;
///             sum = total mod 2**Bits; carry + majority = total >> Bits;
///             data_o = sum, above it carry where Leave > 0, above that majority where Leave > 1
///             equal to hwgen.logic.nodes.Chain
/// Timing:     combinational
/// Parameters: Bits >= 1; Leave 0 to 2. A hexadecimal digit of A, B or C is one position: a is the bit,
///             5 the bit inverted, 8 the bit and the gate, 7 that inverted, f a one, 0 no term. Terms are
///             given from A on: where B has a 0, C has one.
/// Notes:      A position that meets three bits or more, the majority from below counted, gives the
///             majority of its own terms to the next one and adds the majority from below on the carry
///             chain; another one is an adder of two. So majority is 0 above a position of two terms.
///             The body is a plain sum. HWG_AMD_PRIMITIVES selects the same sum as the slice computes
///             it: a LUT6_2 and a carry position each. O6 is the parity of the terms and the majority
///             from below, O5 the majority of the terms or, where two bits meet, the first term.
///             CARRY4 is native to 7-series parts; on UltraScale+ two of them are one CARRY8.
`default_nettype none

module hwg_chain #(
  parameter int                Bits     = 4,        // positions
  parameter logic [4*Bits-1:0] A        = 16'haaaa, // truths of the first terms
  parameter logic [4*Bits-1:0] B        = 16'haaaa, // truths of the second terms
  parameter logic [4*Bits-1:0] C        = 16'haaaa, // truths of the third terms
  parameter int                Majority = 0,        // 1: majority_i is more than a constant 0
  parameter int                Leave    = 2         // bits above the sum
) (
  input  wire logic [Bits-1:0]       a_i,
  input  wire logic [Bits-1:0]       b_i,
  input  wire logic [Bits-1:0]       c_i,
  input  wire logic [Bits-1:0]       gate_i,
  input  wire logic                  carry_i,
  input  wire logic                  majority_i,
  output logic      [Bits+Leave-1:0] data_o
);

  if (Bits < 1) begin : gen_check_bits
    initial $fatal(1, "hwg_chain: Bits must be >= 1");
  end
  if (Leave < 0 || Leave > 2) begin : gen_check_leave
    initial $fatal(1, "hwg_chain: Leave must be 0 to 2");
  end
  if (Majority < 0 || Majority > 1) begin : gen_check_majority
    initial $fatal(1, "hwg_chain: Majority must be 0 or 1");
  end

  // Whether a majority comes from below, of every position and behind the last.
  function automatic logic [Bits:0] majorities(input logic first);
    majorities = '0;
    majorities[0] = first;
    for (int i = 0; i < Bits; i++) begin
      majorities[i+1] = majorities[i] ? (A[4*i+:4] != 4'h0 && B[4*i+:4] != 4'h0) : (C[4*i+:4] != 4'h0);
    end
  endfunction

  localparam logic [Bits:0] BELOW = majorities(Majority != 0);

`ifdef HWG_AMD_PRIMITIVES
  // Tables of five inputs, the first one counting fastest: a, b, c, the majority below, the gate.
  localparam logic [31:0] T_A     = {16{2'b10}};
  localparam logic [31:0] T_B     = {8{4'b1100}};
  localparam logic [31:0] T_C     = {4{8'b11110000}};
  localparam logic [31:0] T_BELOW = {2{16'hff00}};
  localparam logic [31:0] T_GATE  = {16'hffff, 16'h0000};
  localparam int          SLICES  = (Bits + 3) / 4;

  logic [Bits:0]       below;  // bit i comes from below position i
  logic [4*SLICES-1:0] parity, given, carry, sum;
  assign below[0] = majority_i;
  for (genvar i = 0; i < Bits; i++) begin : gen_bit
    localparam logic [3:0] N_A = A[4*i+:4];
    localparam logic [3:0] N_B = B[4*i+:4];
    localparam logic [3:0] N_C = C[4*i+:4];
    if (N_A == 4'h0 && !BELOW[i]) begin : gen_nothing
      logic unused_nothing;
      assign unused_nothing = ^{a_i[i], b_i[i], c_i[i], gate_i[i], below[i]};
      assign parity[i]  = 1'b0;
      assign given[i]   = 1'b0;
      assign below[i+1] = 1'b0;
    end else begin : gen_terms
      localparam logic [31:0] FIRST = ({32{N_A[0]}} & ~T_A & ~T_GATE) | ({32{N_A[1]}} & T_A & ~T_GATE)
                                    | ({32{N_A[2]}} & ~T_A & T_GATE) | ({32{N_A[3]}} & T_A & T_GATE);
      localparam logic [31:0] OTHER = ({32{N_B[0]}} & ~T_B & ~T_GATE) | ({32{N_B[1]}} & T_B & ~T_GATE)
                                    | ({32{N_B[2]}} & ~T_B & T_GATE) | ({32{N_B[3]}} & T_B & T_GATE);
      localparam logic [31:0] THIRD = ({32{N_C[0]}} & ~T_C & ~T_GATE) | ({32{N_C[1]}} & T_C & ~T_GATE)
                                    | ({32{N_C[2]}} & ~T_C & T_GATE) | ({32{N_C[3]}} & T_C & T_GATE);
      localparam logic [31:0] ODD   = FIRST ^ OTHER ^ THIRD ^ (BELOW[i] ? T_BELOW : 32'h0);
      localparam logic [31:0] MOST  = (FIRST & OTHER) | (FIRST & THIRD) | (OTHER & THIRD);
      logic most;
      LUT6_2 #(.INIT({ODD, BELOW[i+1] ? MOST : FIRST})) u_lut (
        .I0(a_i[i]), .I1(b_i[i]), .I2(c_i[i]), .I3(below[i]), .I4(gate_i[i]), .I5(1'b1),
        .O5(most), .O6(parity[i])
      );
      assign given[i]   = BELOW[i+1] ? below[i] : most;
      assign below[i+1] = BELOW[i+1] ? most : 1'b0;
    end
  end
  for (genvar i = Bits; i < 4 * SLICES; i++) begin : gen_spare
    assign parity[i] = 1'b0;
    assign given[i]  = 1'b0;
  end
  for (genvar i = 0; i < SLICES; i++) begin : gen_slice
    if (i == 0) begin : gen_first
      CARRY4 u_carry (
        .CI(1'b0), .CYINIT(carry_i), .S(parity[3:0]), .DI(given[3:0]), .O(sum[3:0]), .CO(carry[3:0])
      );
    end else begin : gen_next
      CARRY4 u_carry (
        .CI(carry[4*i-1]), .CYINIT(1'b0), .S(parity[4*i+:4]), .DI(given[4*i+:4]),
        .O(sum[4*i+:4]), .CO(carry[4*i+:4])
      );
    end
  end
  assign data_o[Bits-1:0] = sum[Bits-1:0];
  if (Leave > 0) begin : gen_carry
    assign data_o[Bits] = carry[Bits-1];
  end
  if (Leave > 1) begin : gen_majority
    assign data_o[Bits+1] = below[Bits];
  end
  logic unused_top;
  assign unused_top = ^{below[Bits], sum, carry};
`else
  logic [Bits-1:0] x, y, z;
  for (genvar i = 0; i < Bits; i++) begin : gen_bit
    localparam logic [3:0] N_A = A[4*i+:4];
    localparam logic [3:0] N_B = B[4*i+:4];
    localparam logic [3:0] N_C = C[4*i+:4];
    assign x[i] = N_A[{gate_i[i], a_i[i]}];
    assign y[i] = N_B[{gate_i[i], b_i[i]}];
    assign z[i] = N_C[{gate_i[i], c_i[i]}];
  end

  logic [Bits+1:0] total;
  assign total = (Bits + 2)'(x) + (Bits + 2)'(y) + (Bits + 2)'(z)
               + (Bits + 2)'(carry_i) + (Bits + 2)'(majority_i);
  assign data_o[Bits-1:0] = total[Bits-1:0];

  logic most;
  assign most = BELOW[Bits] & ((x[Bits-1] & y[Bits-1]) | (x[Bits-1] & z[Bits-1])
                            | (y[Bits-1] & z[Bits-1]));
  if (Leave > 0) begin : gen_carry
    assign data_o[Bits] = total[Bits] ^ most;
  end
  if (Leave > 1) begin : gen_majority
    assign data_o[Bits+1] = most;
  end
  logic unused_top;
  assign unused_top = ^{total[Bits+1:Bits], most};
`endif

endmodule

`default_nettype wire
