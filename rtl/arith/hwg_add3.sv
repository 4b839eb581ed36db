// SPDX-License-Identifier: Apache-2.0
/// Adds three shifted numbers on one carry chain; the second and third may be subtracted.
///
/// Function:   data_o = (a_i << AShift) +- (b_i << BShift) +- (c_i << CShift)
///             equal to hwgen.logic.nodes.Add3
/// Timing:     combinational
/// Parameters: widths >= 1; shifts >= 0; the output word must hold every result.
/// Notes:      Low bits that only one operand reaches pass unchanged, unless that operand is
///             subtracted: the chain starts above them. The body is a plain sum, which vendor tools
///             map to a ternary adder. Yosys does not, so HWG_AMD_PRIMITIVES selects the same sum as
///             the slice computes it: one LUT6_2 and one carry position a bit. Bit i of the table
///             adds a, b, c and the majority of bit i-1 (O6), and gives its own majority (O5); the
///             carry chain adds what is left. A subtracted operand is inverted inside the table, and
///             its one enters as the carry, that of a second one as the majority below bit 0.
///             CARRY4 is native to 7-series parts; on UltraScale+ two of them are one CARRY8.
`default_nettype none

module hwg_add3 #(
  parameter int AWidth   = 8,  // bits of the first operand
  parameter int ASigned  = 1,  // 1: first operand is two's complement
  parameter int AShift   = 0,  // left shift of the first operand
  parameter int BWidth   = 8,  // bits of the second operand
  parameter int BSigned  = 1,  // 1: second operand is two's complement
  parameter int BShift   = 0,  // left shift of the second operand
  parameter int BSub     = 0,  // 1: second operand is subtracted
  parameter int CWidth   = 8,  // bits of the third operand
  parameter int CSigned  = 1,  // 1: third operand is two's complement
  parameter int CShift   = 0,  // left shift of the third operand
  parameter int CSub     = 0,  // 1: third operand is subtracted
  parameter int OutWidth = 10  // bits of the sum
) (
  input  wire logic [AWidth-1:0]   a_i,
  input  wire logic [BWidth-1:0]   b_i,
  input  wire logic [CWidth-1:0]   c_i,
  output logic      [OutWidth-1:0] data_o
);

  if (AWidth < 1 || BWidth < 1 || CWidth < 1 || OutWidth < 1) begin : gen_check_width
    initial $fatal(1, "hwg_add3: AWidth, BWidth, CWidth and OutWidth must be >= 1");
  end
  if (AShift < 0 || BShift < 0 || CShift < 0) begin : gen_check_shift
    initial $fatal(1, "hwg_add3: AShift, BShift and CShift must be >= 0");
  end
  if (ASigned < 0 || ASigned > 1 || BSigned < 0 || BSigned > 1 ||
      CSigned < 0 || CSigned > 1) begin : gen_check_signed
    initial $fatal(1, "hwg_add3: ASigned, BSigned and CSigned must be 0 or 1");
  end
  if (BSub < 0 || BSub > 1 || CSub < 0 || CSub > 1) begin : gen_check_sub
    initial $fatal(1, "hwg_add3: BSub and CSub must be 0 or 1");
  end

  // Shifts in order. Where the chain starts is told with ?: alone: a sum of comparisons would be
  // evaluated in a single bit.
  localparam int MIN_AB  = (AShift < BShift) ? AShift : BShift;
  localparam int MAX_AB  = (AShift < BShift) ? BShift : AShift;
  localparam int LOWEST  = (MIN_AB < CShift) ? MIN_AB : CShift;
  localparam int MID_TOP = (MAX_AB < CShift) ? MAX_AB : CShift;
  localparam int SECOND  = (MIN_AB < CShift) ? MID_TOP : MIN_AB;
  localparam int NEG_LOW = (BSub != 0 && BShift == LOWEST) ? 1
                         : (CSub != 0 && CShift == LOWEST) ? 1 : 0;
  localparam int FIRST   = (NEG_LOW != 0) ? LOWEST : SECOND;
  localparam int START   = (FIRST < OutWidth) ? FIRST : OutWidth;

  // The terms, extended to a word that loses nothing; only its low part is summed.
  localparam int A_TOP = AWidth + AShift;
  localparam int B_TOP = BWidth + BShift;
  localparam int C_TOP = CWidth + CShift;
  localparam int AB    = (A_TOP > B_TOP) ? A_TOP : B_TOP;
  localparam int ABC   = (AB > C_TOP) ? AB : C_TOP;
  localparam int WIDE  = (ABC > OutWidth) ? ABC : OutWidth;

  logic [WIDE-1:0] a, b, c;
  if (ASigned != 0) begin : gen_a_signed
    assign a = WIDE'($signed(a_i)) << AShift;
  end else begin : gen_a_unsigned
    assign a = WIDE'(a_i) << AShift;
  end
  if (BSigned != 0) begin : gen_b_signed
    assign b = WIDE'($signed(b_i)) << BShift;
  end else begin : gen_b_unsigned
    assign b = WIDE'(b_i) << BShift;
  end
  if (CSigned != 0) begin : gen_c_signed
    assign c = WIDE'($signed(c_i)) << CShift;
  end else begin : gen_c_unsigned
    assign c = WIDE'(c_i) << CShift;
  end
  if (WIDE > OutWidth) begin : gen_drop
    logic unused_high;
    assign unused_high = ^{a[WIDE-1:OutWidth], b[WIDE-1:OutWidth], c[WIDE-1:OutWidth]};
  end

  if (START > 0) begin : gen_pass
    assign data_o[START-1:0] = a[START-1:0] | b[START-1:0] | c[START-1:0];
  end

  if (START < OutWidth) begin : gen_sum
    localparam int BITS = OutWidth - START;
`ifdef HWG_AMD_PRIMITIVES
    // Tables of six inputs, the first one counting fastest: a, b, c, the majority below, 0, 1.
    localparam logic [63:0] A        = {32{2'b10}};
    localparam logic [63:0] B        = {16{4'b1100}} ^ {64{BSub != 0}};
    localparam logic [63:0] C        = {8{8'b11110000}} ^ {64{CSub != 0}};
    localparam logic [63:0] BELOW    = {4{16'hff00}};
    localparam logic [63:0] MAJORITY = (A & B) | (A & C) | (B & C);
    localparam logic [63:0] PARITY   = A ^ B ^ C ^ BELOW;
    localparam logic [63:0] TABLE    = {PARITY[63:32], MAJORITY[31:0]};
    localparam int          SLICES   = (BITS + 3) / 4;
    localparam logic        CARRY_IN = (BSub != 0) || (CSub != 0);

    logic [BITS:0]       majority;  // bit i comes from below bit i
    logic [4*SLICES-1:0] parity, below, carry, sum;
    assign majority[0] = (BSub != 0) && (CSub != 0);
    for (genvar i = 0; i < BITS; i++) begin : gen_bit
      LUT6_2 #(.INIT(TABLE)) u_lut (
        .I0(a[START+i]), .I1(b[START+i]), .I2(c[START+i]), .I3(majority[i]), .I4(1'b0), .I5(1'b1),
        .O5(majority[i+1]), .O6(parity[i])
      );
      assign below[i] = majority[i];
    end
    for (genvar i = BITS; i < 4 * SLICES; i++) begin : gen_spare
      assign parity[i] = 1'b0;
      assign below[i]  = 1'b0;
    end
    for (genvar i = 0; i < SLICES; i++) begin : gen_slice
      if (i == 0) begin : gen_first
        CARRY4 u_carry (
          .CI(1'b0), .CYINIT(CARRY_IN), .S(parity[3:0]), .DI(below[3:0]), .O(sum[3:0]), .CO(carry[3:0])
        );
      end else begin : gen_next
        CARRY4 u_carry (
          .CI(carry[4*i-1]), .CYINIT(1'b0), .S(parity[4*i+:4]), .DI(below[4*i+:4]),
          .O(sum[4*i+:4]), .CO(carry[4*i+:4])
        );
      end
    end
    assign data_o[OutWidth-1:START] = sum[BITS-1:0];
    logic unused_top;
    assign unused_top = ^{majority[BITS], sum, carry};
`else
    logic [BITS-1:0] x, y, z;
    assign x = a[OutWidth-1:START];
    assign y = b[OutWidth-1:START];
    assign z = c[OutWidth-1:START];
    if (BSub != 0 && CSub != 0) begin : gen_sub_both
      assign data_o[OutWidth-1:START] = x - y - z;
    end else if (BSub != 0) begin : gen_sub_b
      assign data_o[OutWidth-1:START] = x - y + z;
    end else if (CSub != 0) begin : gen_sub_c
      assign data_o[OutWidth-1:START] = x + y - z;
    end else begin : gen_add
      assign data_o[OutWidth-1:START] = x + y + z;
    end
`endif
  end

endmodule

`default_nettype wire
