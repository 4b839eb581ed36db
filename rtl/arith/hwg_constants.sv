// SPDX-License-Identifier: Apache-2.0
/// Table of constants that stand in a parameter.
///
/// Function:   data_o = word number address_i of Words; the first is in the lowest Width bits
/// Timing:     combinational
/// Parameters: Width, Depth >= 1; at addresses of Depth and above data_o means nothing
/// Notes:      A memory that nothing writes: tools make tables of it.
`default_nettype none

module hwg_constants #(
  parameter int Width = 8,  // bits of a word
  parameter int Depth = 4,  // words
  parameter logic [Depth*Width-1:0] Words = '0,
  localparam int ADDRESS_WIDTH = (Depth > 1) ? $clog2(Depth) : 1
) (
  input  wire logic [ADDRESS_WIDTH-1:0] address_i,
  output logic      [Width-1:0]         data_o
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_constants: Width must be >= 1");
  end
  if (Depth < 1) begin : gen_check_depth
    initial $fatal(1, "hwg_constants: Depth must be >= 1");
  end

  if (Depth == 1) begin : gen_one
    logic unused_address;
    assign unused_address = address_i[0];
    assign data_o         = Words;
  end else begin : gen_table
    logic [Width-1:0] table_q [0:Depth-1];
    initial begin
      for (int i = 0; i < Depth; i++) table_q[i] = Words[i*Width +: Width];
    end
    assign data_o = table_q[address_i];
  end

endmodule

`default_nettype wire
