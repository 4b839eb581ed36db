// SPDX-License-Identifier: Apache-2.0
/// Where the blocks of a coded tensor lie: offsets, or lengths, from the words that were read ahead.
///
/// Function:   packed layout: a word of the index holds two offsets, the low half first; slotted
///             layout: a word is the header of a slot, and its block takes
///             (8 + 2 * payload + 4 + 7) / 8 words. Both are called places here, and leave in order.
/// Timing:     a place a cycle; it can be taken from the next cycle on
/// Parameters: Depth >= 1: places that wait
/// Notes:      The index has an offset for each block and one for the end of the last one. If they are
///             odd in number the high half of its last word is no place.
`default_nettype none

module hwg_dma_places #(
  parameter int Depth = 16
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,
  input  wire logic        start_i,
  input  wire logic        slotted_i,
  input  wire logic [31:0] blocks_i,    // of the tensor
  // in: words of the index, or headers
  input  wire logic        in_valid_i,
  output logic             in_ready_o,
  input  wire logic [63:0] in_data_i,
  input  wire logic        in_error_i,  // the bus answered with an error
  // out: places
  output logic             out_valid_o,
  input  wire logic        out_ready_i,
  output logic      [31:0] out_place_o, // words: offset from the first block, or length of a block
  output logic             out_error_o
);

  if (Depth < 1) begin : gen_check_depth
    initial $fatal(1, "hwg_dma_places: Depth must be >= 1");
  end

  logic [32:0] left_d, left_q;    // offsets of the index that are still to come
  logic        upper_d, upper_q;  // the high half of the word is next
  logic        room, another;     // another place is in the word
  logic [31:0] place;
  logic [12:0] block_words;       // of a block with that header

  assign block_words = (13'(in_data_i[19:8]) + 13'd9) >> 2;
  assign another     = ~slotted_i & ~upper_q & (left_q != 33'd1);
  assign in_ready_o  = room & ~another;
  assign place       = slotted_i ? 32'(block_words) : upper_q ? in_data_i[63:32] : in_data_i[31:0];

  always_comb begin
    left_d  = left_q;
    upper_d = upper_q;
    if (in_valid_i && room) begin
      left_d  = left_q - 33'd1;
      upper_d = another;
    end
    if (start_i) begin
      left_d  = {1'b0, blocks_i} + 33'd1;
      upper_d = 1'b0;
    end
  end

  hwg_fifo #(.Width(33), .Depth(Depth)) i_places (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .in_valid_i  (in_valid_i),
    .in_ready_o  (room),
    .in_data_i   ({in_error_i, place}),
    .out_valid_o (out_valid_o),
    .out_ready_i (out_ready_i),
    .out_data_o  ({out_error_o, out_place_o})
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) upper_q <= 1'b0;
    else         upper_q <= upper_d;
  end

  always_ff @(posedge clk_i) left_q <= left_d;

endmodule

`default_nettype wire
