// SPDX-License-Identifier: Apache-2.0
/// Passes the larger, or the smaller, of two numbers.
///
/// Function:   data_o = Least ? min(a_i, b_i) : max(a_i, b_i)
///             equal to hwgen.logic.nodes.Max
/// Timing:     combinational
/// Parameters: widths >= 1; the output word must hold every result, it may be narrower than an input.
`default_nettype none

module hwg_max #(
  parameter int AWidth   = 8,  // bits of the first operand
  parameter int ASigned  = 1,  // 1: first operand is two's complement
  parameter int BWidth   = 8,  // bits of the second operand
  parameter int BSigned  = 1,  // 1: second operand is two's complement
  parameter int OutWidth = 8,  // bits of the output
  parameter int Least    = 0   // 1: the smaller one
) (
  input  wire logic [AWidth-1:0]   a_i,
  input  wire logic [BWidth-1:0]   b_i,
  output logic      [OutWidth-1:0] data_o
);

  if (AWidth < 1 || BWidth < 1 || OutWidth < 1) begin : gen_check_width
    initial $fatal(1, "hwg_max: AWidth, BWidth and OutWidth must be >= 1");
  end
  if (ASigned < 0 || ASigned > 1 || BSigned < 0 || BSigned > 1 ||
      Least < 0 || Least > 1) begin : gen_check_flags
    initial $fatal(1, "hwg_max: ASigned, BSigned and Least must be 0 or 1");
  end

  // One common signed word; the extra bit keeps an unsigned operand positive.
  localparam int IN_WIDTH  = ((AWidth > BWidth) ? AWidth : BWidth) + 1;
  localparam int EXT_WIDTH = (IN_WIDTH > OutWidth) ? IN_WIDTH : OutWidth;

  logic signed [EXT_WIDTH-1:0] a, b, picked;
  if (ASigned != 0) begin : gen_a_signed
    assign a = EXT_WIDTH'($signed(a_i));
  end else begin : gen_a_unsigned
    assign a = EXT_WIDTH'(a_i);
  end
  if (BSigned != 0) begin : gen_b_signed
    assign b = EXT_WIDTH'($signed(b_i));
  end else begin : gen_b_unsigned
    assign b = EXT_WIDTH'(b_i);
  end

  if (Least != 0) begin : gen_least
    assign picked = (a < b) ? a : b;
  end else begin : gen_largest
    assign picked = (a < b) ? b : a;
  end

  assign data_o = picked[OutWidth-1:0];
  if (EXT_WIDTH > OutWidth) begin : gen_drop
    logic unused_high;
    assign unused_high = ^picked[EXT_WIDTH-1:OutWidth];
  end

endmodule

`default_nettype wire
