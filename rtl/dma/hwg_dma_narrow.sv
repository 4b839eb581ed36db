// SPDX-License-Identifier: Apache-2.0
/// Cuts the beats of a bus into 64-bit words.
///
/// Function:   low half first. A run of beats is cut to in_words_i words, which begin in the high
///             half of its first beat if in_high_i; both are held while the run's beats are
///             offered. out_last_o marks the last word, out_error_o a word of a beat in error.
/// Timing:     combinational from the beat; a beat of 128 bits takes two cycles
/// Parameters: DataWidth 64 or 128; WordsWidth >= 2
/// Notes:      The last beat of a run holds its last word.
`default_nettype none

module hwg_dma_narrow #(
  parameter int DataWidth  = 64,  // bits of a beat
  parameter int WordsWidth = 11   // bits of a run's length
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  // in: beats
  input  wire logic                  in_valid_i,
  output logic                       in_ready_o,
  input  wire logic [DataWidth-1:0]  in_data_i,
  input  wire logic                  in_error_i,
  input  wire logic                  in_high_i,
  input  wire logic [WordsWidth-1:0] in_words_i,
  // out: words
  output logic                       out_valid_o,
  input  wire logic                  out_ready_i,
  output logic      [63:0]           out_data_o,
  output logic                       out_error_o,
  output logic                       out_last_o
);

  if (DataWidth < 64 || DataWidth > 128 || 128 % DataWidth != 0) begin : gen_check_data
    initial $fatal(1, "hwg_dma_narrow: DataWidth must be 64 or 128");
  end
  if (WordsWidth < 2) begin : gen_check_words
    initial $fatal(1, "hwg_dma_narrow: WordsWidth must be >= 2");
  end

  logic [WordsWidth-1:0] done_d, done_q;  // words of the run that are gone
  logic                  taken, beat_ends;

  assign out_valid_o = in_valid_i;
  assign out_error_o = in_error_i;
  assign out_last_o  = (done_q + WordsWidth'(1)) == in_words_i;
  assign taken       = out_valid_o & out_ready_i;
  assign in_ready_o  = out_ready_i & beat_ends;
  assign done_d      = !taken ? done_q : out_last_o ? '0 : done_q + WordsWidth'(1);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) done_q <= '0;
    else         done_q <= done_d;
  end

  if (DataWidth == 64) begin : gen_narrow
    logic unused;

    assign unused     = in_high_i;
    assign out_data_o = in_data_i;
    assign beat_ends  = 1'b1;
  end else begin : gen_wide
    logic high;

    assign high       = done_q[0] ^ in_high_i;
    assign out_data_o = high ? in_data_i[127:64] : in_data_i[63:0];
    assign beat_ends  = high | out_last_o;
  end

endmodule

`default_nettype wire
