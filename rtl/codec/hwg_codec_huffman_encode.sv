// SPDX-License-Identifier: Apache-2.0
/// The Huffman half of an encode lane: a value's code word and its raw bits.
///
/// Function:   piece_o = code word, first bit lowest, then the raw bits; len_o bits of it. Equal to
///             hwgen.codec.block's order of bits.
/// Timing:     latency 3, interval 1
/// Parameters: Sets a power of two
/// Notes:      Word 512 set + 32 ctx + token of the table is
///             hwgen.codec.tables.huffman_encode_rom's: length 4, code 12.
`default_nettype none

module hwg_codec_huffman_encode #(
  parameter int Sets = 1,  // table sets
  localparam int SetWidth = (Sets > 1) ? $clog2(Sets) : 1
) (
  input  wire logic                 clk_i,
  // table
  input  wire logic                 table_write_i,
  input  wire logic [SetWidth+8:0]  table_addr_i,
  input  wire logic [15:0]          table_data_i,
  // value
  input  wire logic                 valid_i,
  input  wire logic [SetWidth-1:0]  set_i,
  input  wire logic [3:0]           ctx_i,
  input  wire logic [4:0]           token_i,
  input  wire logic [3:0]           extra_width_i,
  input  wire logic [12:0]          extra_i,
  // its bits
  output logic      [24:0]          piece_o,
  output logic      [4:0]           len_o    // 0 where there is no value
);

  if (Sets < 1 || (Sets & (Sets - 1)) != 0) begin : gen_check_sets
    initial $fatal(1, "hwg_codec_huffman_encode: Sets must be a power of two");
  end

  localparam int ADDR_WIDTH = (Sets > 1) ? SetWidth + 9 : 9;
  logic [SetWidth+8:0] row;
  logic [15:0]         entry;
  logic                valid_1_q, valid_2_q;
  logic [3:0]          extra_width_1_q, extra_width_2_q, length_q;
  logic [12:0]         extra_1_q, extra_2_q;
  logic [11:0]         code_q;
  logic [24:0]         placed;
  assign row = {set_i, ctx_i, token_i};
  if (Sets == 1) begin : gen_set
    logic unused_set;
    assign unused_set = row[SetWidth+8] ^ table_addr_i[SetWidth+8];
  end
  hwg_codec_table #(
    .Width(16),
    .Depth(512 * Sets)
  ) u_table (
    .clk_i       (clk_i),
    .write_i     (table_write_i),
    .write_addr_i(ADDR_WIDTH'(table_addr_i)),
    .write_data_i(table_data_i),
    .addr_i      (ADDR_WIDTH'(row)),
    .data_o      (entry)
  );

  assign placed = 25'(extra_2_q) << length_q;
  always_ff @(posedge clk_i) begin
    valid_1_q          <= valid_i;
    extra_width_1_q    <= extra_width_i;
    extra_1_q          <= extra_i;
    valid_2_q          <= valid_1_q;
    extra_width_2_q    <= extra_width_1_q;
    extra_2_q          <= extra_1_q;
    {length_q, code_q} <= entry;
    piece_o            <= valid_2_q ? placed | 25'(code_q) : '0;
    len_o              <= valid_2_q ? 5'(length_q) + 5'(extra_width_2_q) : '0;
  end

endmodule

`default_nettype wire
