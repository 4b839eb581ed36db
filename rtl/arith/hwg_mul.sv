// SPDX-License-Identifier: Apache-2.0
/// Multiplies two numbers.
///
/// Function:   data_o = a_i * b_i
///             equal to hwgen.logic.nodes.Mul
/// Timing:     combinational
/// Parameters: widths >= 1; the output word must hold every product, it may be narrower than the sum
///             of the operand widths.
`default_nettype none

module hwg_mul #(
  parameter int AWidth   = 8,  // bits of the first operand
  parameter int ASigned  = 1,  // 1: first operand is two's complement
  parameter int BWidth   = 8,  // bits of the second operand
  parameter int BSigned  = 1,  // 1: second operand is two's complement
  parameter int OutWidth = 16  // bits of the product
) (
  input  wire logic [AWidth-1:0]   a_i,
  input  wire logic [BWidth-1:0]   b_i,
  output logic      [OutWidth-1:0] data_o
);

  if (AWidth < 1 || BWidth < 1 || OutWidth < 1) begin : gen_check_width
    initial $fatal(1, "hwg_mul: AWidth, BWidth and OutWidth must be >= 1");
  end
  if (ASigned < 0 || ASigned > 1 || BSigned < 0 || BSigned > 1) begin : gen_check_flags
    initial $fatal(1, "hwg_mul: ASigned and BSigned must be 0 or 1");
  end

  localparam int FULL_WIDTH = AWidth + BWidth;

  logic [FULL_WIDTH-1:0] product;
  if (ASigned != 0 && BSigned != 0) begin : gen_both_signed
    assign product = FULL_WIDTH'($signed(a_i)) * FULL_WIDTH'($signed(b_i));
  end else if (ASigned != 0) begin : gen_a_signed
    assign product = FULL_WIDTH'($signed(a_i)) * FULL_WIDTH'(b_i);
  end else if (BSigned != 0) begin : gen_b_signed
    assign product = FULL_WIDTH'(a_i) * FULL_WIDTH'($signed(b_i));
  end else begin : gen_unsigned
    assign product = FULL_WIDTH'(a_i) * FULL_WIDTH'(b_i);
  end

  if (OutWidth > FULL_WIDTH) begin : gen_extend
    localparam int SIGN = (ASigned != 0 || BSigned != 0) ? 1 : 0;
    assign data_o = {{(OutWidth-FULL_WIDTH){(SIGN != 0) & product[FULL_WIDTH-1]}}, product};
  end else if (OutWidth == FULL_WIDTH) begin : gen_same
    assign data_o = product;
  end else begin : gen_drop
    logic unused_high;
    assign unused_high = ^product[FULL_WIDTH-1:OutWidth];
    assign data_o      = product[OutWidth-1:0];
  end

endmodule

`default_nettype wire
