// SPDX-License-Identifier: Apache-2.0
/// A bank of 32-bit registers that software writes and reads.
///
/// Function:   word i is replaced where write_mask_i is 1 and Used has a bit; bits that are not used
///             read as 0
/// Timing:     a write holds from the next cycle on; reading is combinational
/// Parameters: 1 <= Words <= 16; Used: the bits that can be written, word 0 lowest
/// Notes:      Words beyond the last one read as 0, and writing them does nothing.
`default_nettype none

module hwg_reg_bank #(
  parameter int                  Words = 1,
  parameter logic [32*Words-1:0] Used  = '1
) (
  input  wire logic                clk_i,
  input  wire logic                rst_ni,
  input  wire logic                write_i,
  input  wire logic [3:0]          write_word_i,
  input  wire logic [31:0]         write_data_i,
  input  wire logic [31:0]         write_mask_i,
  input  wire logic [3:0]          read_word_i,
  output logic      [31:0]         read_data_o,
  output logic      [32*Words-1:0] words_o
);

  if (Words < 1 || Words > 16) begin : gen_check_words
    initial $fatal(1, "hwg_reg_bank: Words must be 1 to 16");
  end

  logic [32*Words-1:0] words_d, words_q;

  always_comb begin
    words_d = words_q;
    for (int i = 0; i < Words; i = i + 1) begin
      if (write_i && write_word_i == 4'(i)) begin
        words_d[32*i +: 32] = ((words_q[32*i +: 32] & ~write_mask_i)
                               | (write_data_i & write_mask_i)) & Used[32*i +: 32];
      end
    end
  end

  logic [511:0] all;  // those that are not there read as 0

  assign all         = 512'(words_q);
  assign read_data_o = all[32*read_word_i +: 32];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) words_q <= '0;
    else         words_q <= words_d;
  end

  assign words_o = words_q;

endmodule

`default_nettype wire
