// SPDX-License-Identifier: Apache-2.0
// One adder as a carry chain of ECP5 (CCU2C) or Nexus (CCU2, with HWG_NEXUS) that begins by itself; a
// map for Yosys' techmap.
//
// nextpnr puts a pair of positions in front of every ECP5 chain whose carry-in is connected, be it to
// a constant, and takes no such chain for Nexus. Here position 0 makes the first carry, with nothing
// at the chain's input:
// - an even number of bits, carry-in known: position 0 makes the carry of bit 0 from its operands,
//   and bit 0 of the sum is a table of its own;
// - otherwise position 0 passes the carry-in on, and the bits begin at position 1.
// A position is S = LUT4 ^ carry-in, carry-out = LUT4 ? carry-in : LUT2, where LUT2 is the part of
// the table with C = D = 0 (Nexus: with D = 0); D = 1 and an upper half of zeros keep LUT4 of position
// 0 at zero.

`ifdef HWG_NEXUS
`define HWG_PAIR CCU2
`define HWG_SETTINGS .INJECT("NO")
`else
`define HWG_PAIR CCU2C
`define HWG_SETTINGS .INJECT1_0("NO"), .INJECT1_1("NO")
`endif

(* techmap_celltype = "$alu" *)
module hwg_lattice_alu (A, B, CI, BI, X, Y, CO);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CONSTMSK_CI_ = 0;
  parameter _TECHMAP_CONSTVAL_CI_ = 0;
  parameter _TECHMAP_CONSTMSK_BI_ = 0;
  parameter _TECHMAP_CONSTVAL_BI_ = 0;

  (* force_downto *) input [A_WIDTH-1:0] A;
  (* force_downto *) input [B_WIDTH-1:0] B;
  input CI, BI;
  (* force_downto *) output [Y_WIDTH-1:0] X, Y, CO;

  // A few bits are cheaper as tables.
  wire _TECHMAP_FAIL_ = Y_WIDTH <= 4;

  localparam [0:0] KNOWN = _TECHMAP_CONSTMSK_CI_ && _TECHMAP_CONSTMSK_BI_;
  localparam [0:0] BESIDE = KNOWN && Y_WIDTH % 2 == 0;
  localparam FIRST = BESIDE ? 0 : 1;  // position of bit 0
  localparam POSITIONS = (Y_WIDTH + FIRST + 1) / 2 * 2;
  // Of position 0, by A and B: the carry of bit 0, or A.
  localparam [1:0] BORROWS = {_TECHMAP_CONSTVAL_CI_ ? 1'b1 : 1'b0, _TECHMAP_CONSTVAL_BI_ ? 1'b1 : 1'b0};
`ifdef HWG_NEXUS
  localparam SUM = "0x96AA";
  localparam CARRY0 = !BESIDE ? "0x00AA" : BORROWS == 2'b11 ? "0x00BB" : BORROWS == 2'b10 ? "0x00EE"
    : BORROWS == 2'b01 ? "0x0022" : "0x0088";
`else
  localparam [15:0] SUM = 16'h96aa;
  localparam [15:0] CARRY0 = !BESIDE ? 16'h00aa : BORROWS == 2'b11 ? 16'h00bb
    : BORROWS == 2'b10 ? 16'h00ee : BORROWS == 2'b01 ? 16'h0022 : 16'h0088;
`endif

  (* force_downto *) wire [Y_WIDTH-1:0] a, b, bx;
  \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_a (.A(A), .Y(a));
  \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_b (.A(B), .Y(b));
  assign bx = b ^ {Y_WIDTH{BI}};

  wire [POSITIONS-1:0] pa, pb, sum;
  wire [POSITIONS/2:0] carry;
  assign pa = BESIDE ? a : {a, CI};
  assign pb = BESIDE ? b : {b, 1'b1};

  genvar i;
  generate for (i = 0; i < POSITIONS / 2; i = i + 1) begin : pair
    if (i == 0) begin : first
      `HWG_PAIR #(.INIT0(CARRY0), .INIT1(SUM), `HWG_SETTINGS) chain (
        .A0(pa[0]), .B0(pb[0]), .C0(1'b1), .D0(1'b1), .A1(pa[1]), .B1(pb[1]), .C1(BI), .D1(1'b1),
        .S0(sum[0]), .S1(sum[1]), .COUT(carry[1])
      );
    end else begin : next
      `HWG_PAIR #(.INIT0(SUM), .INIT1(SUM), `HWG_SETTINGS) chain (
        .CIN(carry[i]), .A0(pa[2*i]), .B0(pb[2*i]), .C0(BI), .D0(1'b1),
        .A1(pa[2*i+1]), .B1(pb[2*i+1]), .C1(BI), .D1(1'b1),
        .S0(sum[2*i]), .S1(sum[2*i+1]), .COUT(carry[i+1])
      );
    end
  end endgenerate

  generate for (i = 0; i < Y_WIDTH; i = i + 1) begin : bit
    if (i == 0 && BESIDE) begin : lowest
      assign Y[0] = a[0] ^ bx[0] ^ CI;
    end else begin : other
      assign Y[i] = sum[i+FIRST];
    end
    // The carry out of a bit, should anything read it: of the last one from the chain, if it ends there.
    if (i + FIRST == POSITIONS - 1) begin : last
      assign CO[i] = carry[POSITIONS/2];
    end else begin : inner
      assign CO[i] = (a[i] & bx[i]) | ((Y[i] ^ a[i] ^ bx[i]) & (a[i] | bx[i]));
    end
  end endgenerate

  assign X = a ^ bx;
endmodule
