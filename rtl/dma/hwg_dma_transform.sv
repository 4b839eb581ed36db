// SPDX-License-Identifier: Apache-2.0
/// The registers that tell an engine of a transform: a bank of hwg_dma_regs.rdl.
///
/// Function:   six 32-bit words, written and read by word number; what they mean is on the ports
/// Timing:     a write holds from the next cycle on
/// Parameters: Limits 0 or 1: there are limits of the values; else they read as 0
/// Notes:      An engine takes them at its start; change them only while it stands still.
`default_nettype none

module hwg_dma_transform #(
  parameter int Limits = 1  // 0: an engine that does not clip
) (
  input  wire logic         clk_i,
  input  wire logic         rst_ni,
  input  wire logic         write_i,
  input  wire logic [3:0]   write_word_i,
  input  wire logic [31:0]  write_data_i,
  input  wire logic [31:0]  write_mask_i,
  input  wire logic [3:0]   read_word_i,
  output logic      [31:0]  read_data_o,
  // the transform
  output logic      [1:0]   kind_o,        // 0 none, 1 Haar2, 2 ICT4, 3 WHT4
  output logic              klt_o,
  output logic      [4:0]   down_o,
  output logic      [4:0]   shift_o,
  output logic      [47:0]  factors_o,     // of classes 0 to 2, class 0 lowest
  output logic      [15:0]  map_height_o,
  output logic      [15:0]  map_width_o,
  output logic      [31:0]  lo_o,
  output logic      [31:0]  hi_o
);

  if (Limits < 0 || Limits > 1) begin : gen_check_limits
    initial $fatal(1, "hwg_dma_transform: Limits must be 0 or 1");
  end

  localparam int FORM = 0, MAP = 1, FACTORS = 2, FACTOR = 3, LO = 4, HI = 5, WORDS = 6;

  // The bits of each word that can be written; the others read as 0.
  localparam logic [32*WORDS-1:0] USED = {
    {64{Limits != 0}}, 32'h0000_ffff, 32'hffff_ffff, 32'hffff_ffff, 32'h001f_1f07
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

  assign unused       = ^words;
  assign kind_o       = words[32*FORM +: 2];
  assign klt_o        = words[32*FORM+2];
  assign down_o       = words[32*FORM+8 +: 5];
  assign shift_o      = words[32*FORM+16 +: 5];
  assign map_width_o  = words[32*MAP +: 16];
  assign map_height_o = words[32*MAP+16 +: 16];
  assign factors_o    = {words[32*FACTOR +: 16], words[32*FACTORS +: 32]};
  assign lo_o         = words[32*LO +: 32];
  assign hi_o         = words[32*HI +: 32];

endmodule

`default_nettype wire
