// SPDX-License-Identifier: Apache-2.0
/// A memory for coder tables: one port reads, one writes.
///
/// Function:   data_o is the word at addr_i of the cycle before; what is written in a cycle is read
///             from the next one on
/// Timing:     latency 1, interval 1
/// Parameters: Width >= 1, Depth >= 2. HasInit 1: the memory begins with the words of Init, word 0 in
///             the lowest bits; 0: with anything.
/// Notes:      With Init a table that is known when the design is generated needs no loading.
`default_nettype none

module hwg_codec_table #(
  parameter int Width   = 18,    // bits of a word
  parameter int Depth   = 4096,  // words
  parameter int HasInit = 0,     // 1: Init is what the memory holds at start
  localparam int InitWidth = (HasInit != 0) ? Width * Depth : 1,
  parameter logic [InitWidth-1:0] Init = '0,
  localparam int AddrWidth = $clog2(Depth)
) (
  input  wire logic                 clk_i,
  // write
  input  wire logic                 write_i,
  input  wire logic [AddrWidth-1:0] write_addr_i,
  input  wire logic [Width-1:0]     write_data_i,
  // read
  input  wire logic [AddrWidth-1:0] addr_i,
  output logic      [Width-1:0]     data_o
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_codec_table: Width must be >= 1");
  end
  if (Depth < 2) begin : gen_check_depth
    initial $fatal(1, "hwg_codec_table: Depth must be >= 2");
  end
  if (HasInit < 0 || HasInit > 1) begin : gen_check_has_init
    initial $fatal(1, "hwg_codec_table: HasInit must be 0 or 1");
  end

  logic [Width-1:0] mem_q [0:Depth-1];

  if (HasInit != 0) begin : gen_init
    initial begin
      for (int i = 0; i < Depth; i = i + 1) mem_q[i] = Init[i*Width +: Width];
    end
  end

  always_ff @(posedge clk_i) begin
    if (write_i) mem_q[write_addr_i] <= write_data_i;
  end

  always_ff @(posedge clk_i) data_o <= mem_q[addr_i];

endmodule

`default_nettype wire
