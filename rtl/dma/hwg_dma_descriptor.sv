// SPDX-License-Identifier: Apache-2.0
/// The registers that describe one tensor to an engine: a bank of hwg_dma_regs.rdl.
///
/// Function:   fifteen 32-bit words, written and read by word number; what they mean is on the ports
/// Timing:     a write holds from the next cycle on
/// Parameters: AddrWidth 13 to 64; Room 0 or 1
/// Notes:      An engine takes them at its start; change them only while it stands still.
`default_nettype none

module hwg_dma_descriptor #(
  parameter int AddrWidth = 32,  // bits of a byte address
  parameter int Room      = 1    // 0: an engine that does not write the index
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,
  input  wire logic                 write_i,
  input  wire logic [3:0]           write_word_i,
  input  wire logic [31:0]          write_data_i,
  input  wire logic [31:0]          write_mask_i,
  input  wire logic [3:0]           read_word_i,
  output logic      [31:0]          read_data_o,
  // the tensor
  output logic      [AddrWidth-1:0] data_addr_o,
  output logic      [AddrWidth-1:0] index_addr_o,
  output logic      [31:0]          capacity_o,  // words of data
  output logic      [31:0]          blocks_o,
  output logic      [15:0]          slot_o,      // words of a slot
  output logic                      slotted_o,
  output logic      [15:0]          height_o,
  output logic      [15:0]          width_o,
  output logic      [15:0]          channels_o,
  output logic      [12:0]          bh_o,
  output logic      [12:0]          bw_o,
  output logic      [12:0]          bc_o,
  output logic      [3:0]           bits_o,
  output logic                      signed_o,
  output logic                      transformed_o,
  output logic                      stored_o,
  output logic                      tans_o,
  output logic      [3:0]           set_o,
  output logic      [31:0]          key_o,       // fingerprint of tables and weights
  output logic      [31:0]          first_o,     // number of the first block
  output logic      [31:0]          room_o       // words of the index
);

  if (AddrWidth < 13 || AddrWidth > 64) begin : gen_check_addr
    initial $fatal(1, "hwg_dma_descriptor: AddrWidth must be 13 to 64");
  end
  if (Room < 0 || Room > 1) begin : gen_check_room
    initial $fatal(1, "hwg_dma_descriptor: Room must be 0 or 1");
  end

  localparam int DATA_LO = 0, DATA_HI = 1, INDEX_LO = 2, INDEX_HI = 3, CAPACITY = 4, BLOCKS = 5;
  localparam int LAYOUT = 6, PIXELS = 7, CHANNELS = 8, BLOCK_PIXELS = 9, BLOCK_CHANNELS = 10;
  localparam int FORMAT = 11, KEY = 12, FIRST = 13, ROOM = 14, WORDS = 15;

  // The bits of each word that can be written; the others read as 0.
  localparam logic [63:0] ADDR = {64{1'b1}} >> (64 - AddrWidth);
  localparam logic [32*WORDS-1:0] USED = {
    {32{Room != 0}}, 32'hffff_ffff, 32'hffff_ffff, 32'h0000_0fff, 32'h0000_1fff, 32'h1fff_1fff, 32'h0000_ffff,
    32'hffff_ffff, 32'h0001_ffff, 32'hffff_ffff, 32'hffff_ffff, ADDR, ADDR
  };

  logic [32*WORDS-1:0] words;
  logic                unused;

  hwg_reg_bank #(
    .Words (WORDS),
    .Used  (USED)
  ) i_words (
    .clk_i        (clk_i),
    .rst_ni       (rst_ni),
    .write_i      (write_i),
    .write_word_i (write_word_i),
    .write_data_i (write_data_i),
    .write_mask_i (write_mask_i),
    .read_word_i  (read_word_i),
    .read_data_o  (read_data_o),
    .words_o      (words)
  );

  assign unused        = ^{words[32*DATA_HI +: 32], words[32*INDEX_HI +: 32], words};
  assign data_addr_o   = AddrWidth'(words[32*DATA_LO +: 64]);
  assign index_addr_o  = AddrWidth'(words[32*INDEX_LO +: 64]);
  assign capacity_o    = words[32*CAPACITY +: 32];
  assign blocks_o      = words[32*BLOCKS +: 32];
  assign slot_o        = words[32*LAYOUT +: 16];
  assign slotted_o     = words[32*LAYOUT+16];
  assign width_o       = words[32*PIXELS +: 16];
  assign height_o      = words[32*PIXELS+16 +: 16];
  assign channels_o    = words[32*CHANNELS +: 16];
  assign bw_o          = words[32*BLOCK_PIXELS +: 13];
  assign bh_o          = words[32*BLOCK_PIXELS+16 +: 13];
  assign bc_o          = words[32*BLOCK_CHANNELS +: 13];
  assign bits_o        = words[32*FORMAT +: 4];
  assign signed_o      = words[32*FORMAT+4];
  assign transformed_o = words[32*FORMAT+5];
  assign stored_o      = words[32*FORMAT+6];
  assign tans_o        = words[32*FORMAT+7];
  assign set_o         = words[32*FORMAT+8 +: 4];
  assign key_o         = words[32*KEY +: 32];
  assign first_o       = words[32*FIRST +: 32];
  assign room_o        = words[32*ROOM +: 32];

endmodule

`default_nettype wire
