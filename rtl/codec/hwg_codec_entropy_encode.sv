// SPDX-License-Identifier: Apache-2.0
/// Walks over the values of blocks, from the last to the first, and strings their codes together.
///
/// Function:   the four sub-streams of a block, as hwgen.codec.block's encoders give them, in a
///             memory of words that lead to each other
/// Timing:     a value a cycle, and 4 (Huffman) or 8 (tANS) cycles between blocks; a pixel takes 8
///             at least
/// Parameters: Coder 0 (Huffman) or 1 (tANS); 1 <= Bits <= 15; Sets a power of two; Values and Words
///             powers of two >= 16 and >= 128
/// Notes:      A block begins when the one before is flushed; the strings of two may wait. The walk
///             pauses while the memory is nearly full: two blocks that are hardly shorter than raw
///             may fill it.
`default_nettype none

module hwg_codec_entropy_encode #(
  parameter int Coder  = 1,     // 0: Huffman, 1: tANS
  parameter int Bits   = 14,    // of the widest values
  parameter int Sets   = 1,     // table sets
  parameter int Values = 4096,  // of the largest block
  parameter int Words  = 4096,  // of the strings' memory
  localparam int SetWidth   = (Sets > 1) ? $clog2(Sets) : 1,
  localparam int ValueWidth = $clog2(Values),
  localparam int AddrWidth  = $clog2(Words)
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  // tables
  input  wire logic                   states_write_i,
  input  wire logic [SetWidth+11:0]   states_addr_i,
  input  wire logic [7:0]             states_data_i,
  input  wire logic                   table_write_i,
  input  wire logic [SetWidth+8:0]    table_addr_i,
  input  wire logic [20:0]            table_data_i,
  // block, all of whose values are there
  input  wire logic                   block_valid_i,
  output logic                        block_ready_o,
  input  wire logic [11:0]            block_rows_i,   // rows - 1
  input  wire logic [11:0]            block_cols_i,   // columns - 1
  input  wire logic [11:0]            block_chans_i,  // channels - 1
  input  wire logic [ValueWidth-1:0]  block_last_i,   // place of the last value
  input  wire logic [11:0]            block_words_i,  // of 16 bits, if raw
  output logic                        ended_o,        // its values are no longer needed
  // values, a cycle behind their place
  input  wire logic [SetWidth-1:0]    set_i,
  output logic      [ValueWidth-1:0]  value_place_o,
  input  wire logic [Bits-1:0]        value_i,
  input  wire logic [3:0]             value_ctx_i,
  // strings: those of thread 0 lowest
  output logic                        out_valid_o,
  input  wire logic                   out_ready_i,    // their words are no longer needed
  output logic      [4*AddrWidth-1:0] out_heads_o,
  output logic      [4*13-1:0]        out_halves_o,
  output logic      [4*4-1:0]         out_cuts_o,
  output logic      [13:0]            out_total_o,
  output logic                        out_lost_o,
  // their words, a cycle behind their address
  input  wire logic [AddrWidth-1:0]   word_addr_i,
  output logic      [31:0]            word_o,
  output logic      [AddrWidth-1:0]   word_next_o
);

  if (Coder < 0 || Coder > 1) begin : gen_check_coder
    initial $fatal(1, "hwg_codec_entropy_encode: Coder must be 0 or 1");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_entropy_encode: Bits must be 1 to 15");
  end
  if (Sets < 1 || (Sets & (Sets - 1)) != 0) begin : gen_check_sets
    initial $fatal(1, "hwg_codec_entropy_encode: Sets must be a power of two");
  end
  if (Values < 16 || (Values & (Values - 1)) != 0) begin : gen_check_values
    initial $fatal(1, "hwg_codec_entropy_encode: Values must be a power of two >= 16");
  end
  if (Words < 128 || (Words & (Words - 1)) != 0) begin : gen_check_words
    initial $fatal(1, "hwg_codec_entropy_encode: Words must be a power of two >= 128");
  end

  localparam int DELAY = (Coder == 1) ? 7 : 5;  // cycles from a turn to its piece

  // ---- a block begins
  logic        turns_ready, walking_q, room_q, due, first, closing, closing_late, flush;
  logic        issue, string_taken;
  logic [1:0]  turn, waiting_d, waiting_q;
  logic [3:0]  used;
  logic [11:0] limit_q, limit_now_q;
  logic [ValueWidth-1:0] place_d, place_q;
  assign block_ready_o = ~walking_q & turns_ready & (waiting_q != 2'd2);
  assign issue         = block_valid_i & block_ready_o;
  assign ended_o       = flush & (turn == 2'd0);
  assign value_place_o = place_q;
  always_comb begin
    waiting_d = waiting_q;
    if (issue && !string_taken)      waiting_d = waiting_q + 2'd1;
    else if (string_taken && !issue) waiting_d = waiting_q - 2'd1;
    place_d = place_q - ValueWidth'(due);
    if (issue) place_d = block_last_i;
  end
  always_ff @(posedge clk_i) begin
    place_q <= place_d;
    if (issue) limit_q <= block_words_i;
    if (!rst_ni) begin
      walking_q <= 1'b0;
      waiting_q <= '0;
    end else begin
      waiting_q <= waiting_d;
      if (issue)        walking_q <= 1'b1;
      else if (ended_o) walking_q <= 1'b0;
    end
  end

  logic        unused_turns;
  logic        turn_last, turn_row, turn_col, turn_one, turn_bank, turn_data, past_bank, past_data;
  logic [1:0]  turn_tail;
  logic [6:0]  turn_chan;
  logic [11:0] turn_chans;
  assign unused_turns = ^{turn_last, turn_row, turn_col, turn_one, turn_bank, turn_data, past_bank,
                          past_data, turn_tail, turn_chan, turn_chans};
  hwg_codec_interleave #(
    .Width    (1),
    .Backwards(1)
  ) u_interleave (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (issue),
    .in_ready_o (turns_ready),
    .in_rows_i  (block_rows_i),
    .in_cols_i  (block_cols_i),
    .in_chans_i (block_chans_i),
    .in_data_i  (1'b0),
    .go_i       (room_q),
    .turn_o     (turn),
    .first_o    (first),
    .due_o      (due),
    .last_o     (turn_last),
    .first_row_o(turn_row),
    .first_col_o(turn_col),
    .one_col_o  (turn_one),
    .chan_o     (turn_chan),
    .chans_o    (turn_chans),
    .bank_o     (turn_bank),
    .data_o     (turn_data),
    .closing_o  (closing),
    .tail_o     (turn_tail),
    .used_o     (used),
    .past_bank_o(past_bank),
    .past_data_o(past_data)
  );
  hwg_valid #(
    .Cycles(4)
  ) u_closing (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(closing),
    .valid_o(closing_late)
  );

  // ---- 1 cycle on: the value; 2: its token; then its piece
  logic        due_2, first_2, finish_2;
  logic [3:0]  ctx_q, extra_width, extra_width_q;
  logic [4:0]  token, token_q, len;
  logic [12:0] extra, extra_q;
  logic [24:0] piece;
  hwg_valid #(
    .Cycles(2)
  ) u_due_2 (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(due),
    .valid_o(due_2)
  );
  hwg_delay #(
    .Width (2),
    .Cycles(2)
  ) u_to_2 (
    .clk_i (clk_i),
    .data_i({closing & used[~turn], first}),
    .data_o({finish_2, first_2})
  );
  hwg_codec_token #(
    .Bits(15)
  ) u_token (
    .coded_i      (15'(value_i)),
    .token_o      (token),
    .extra_width_o(extra_width),
    .extra_o      (extra)
  );
  always_ff @(posedge clk_i) begin
    ctx_q         <= value_ctx_i;
    token_q       <= token;
    extra_width_q <= extra_width;
    extra_q       <= extra;
  end

  if (Coder == 0) begin : gen_huffman
    logic unused_tans;
    assign unused_tans = ^{states_write_i, states_addr_i, states_data_i, table_data_i[20:16],
                           first_2, finish_2, closing_late};
    assign flush       = closing;
    hwg_codec_huffman_encode #(
      .Sets(Sets)
    ) u_step (
      .clk_i        (clk_i),
      .table_write_i(table_write_i),
      .table_addr_i (table_addr_i),
      .table_data_i (table_data_i[15:0]),
      .valid_i      (due_2),
      .set_i        (set_i),
      .ctx_i        (ctx_q),
      .token_i      (token_q),
      .extra_width_i(extra_width_q),
      .extra_i      (extra_q),
      .piece_o      (piece),
      .len_o        (len)
    );
  end else begin : gen_tans
    assign flush = closing_late;
    hwg_codec_tans_encode #(
      .Sets(Sets)
    ) u_step (
      .clk_i         (clk_i),
      .states_write_i(states_write_i),
      .states_addr_i (states_addr_i),
      .states_data_i (states_data_i),
      .table_write_i (table_write_i),
      .table_addr_i  (table_addr_i),
      .table_data_i  (table_data_i),
      .valid_i       (due_2),
      .first_i       (first_2),
      .finish_i      (finish_2),
      .set_i         (set_i),
      .ctx_i         (ctx_q),
      .token_i       (token_q),
      .extra_width_i (extra_width_q),
      .extra_i       (extra_q),
      .piece_o       (piece),
      .len_o         (len)
    );
  end

  // ---- pieces into strings
  logic                  begins, starts, flushes, flushed, string_write, lost;
  logic [1:0]            turn_flushed;
  logic [AddrWidth-1:0]  string_addr, string_before, head;
  logic [AddrWidth:0]   string_used;
  logic [31:0]           string_word;
  logic [12:0]           halves;
  logic [3:0]            cut;
  hwg_delay #(
    .Width (2),
    .Cycles(DELAY)
  ) u_to_piece (
    .clk_i (clk_i),
    .data_i({first & (turn == 2'd0), first}),
    .data_o({begins, starts})
  );
  hwg_valid #(
    .Cycles(DELAY)
  ) u_flushes (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(flush),
    .valid_o(flushes)
  );
  hwg_valid #(
    .Cycles(2)
  ) u_flushed (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(flushes),
    .valid_o(flushed)
  );
  assign turn_flushed = turn - 2'((DELAY + 2) % 4);  // turns run on for ever
  always_ff @(posedge clk_i) begin
    if (begins) limit_now_q <= limit_q;
  end
  hwg_codec_pack #(
    .Words(Words)
  ) u_pack (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .piece_i     (piece),
    .len_i       (len),
    .block_i     (begins),
    .start_i     (starts),
    .flush_i     (flushes),
    .limit_i     (limit_now_q),
    .write_o     (string_write),
    .write_addr_o(string_addr),
    .word_o      (string_word),
    .before_o    (string_before),
    .used_o      (string_used),
    .head_o      (head),
    .halves_o    (halves),
    .cut_o       (cut),
    .lost_o      (lost)
  );

  hwg_codec_table #(
    .Width(AddrWidth + 32),
    .Depth(Words)
  ) u_strings (
    .clk_i       (clk_i),
    .write_i     (string_write),
    .write_addr_i(string_addr),
    .write_data_i({string_before, string_word}),
    .addr_i      (word_addr_i),
    .data_o      ({word_next_o, word_o})
  );

  // ---- the strings of a block, collected from thread 3 down
  localparam int STRING_WIDTH = 4 * (AddrWidth + 13 + 4) + 14 + 1 + AddrWidth + 1;
  logic [4*AddrWidth-1:0] heads_q;
  logic [4*13-1:0]        halves_q;
  logic [4*4-1:0]         cuts_q;
  logic [13:0]            total_q;
  logic                   lost_q, collected_q, strings_ready;
  logic [AddrWidth:0]     string_end, freed_q;
  always_ff @(posedge clk_i) begin
    if (flushed) begin
      heads_q  <= {heads_q[3*AddrWidth-1:0], head};
      halves_q <= {halves_q[3*13-1:0], halves};
      cuts_q   <= {cuts_q[3*4-1:0], cut};
      total_q  <= ((turn_flushed == 2'd0) ? '0 : total_q) + 14'(halves);
      lost_q   <= lost;
    end
    if (!rst_ni) begin
      collected_q <= 1'b0;
      freed_q     <= '0;
      room_q      <= 1'b0;
    end else begin
      collected_q <= flushed & (turn_flushed == 2'd3);
      if (string_taken) freed_q <= string_end;
      room_q      <= (AddrWidth + 1)'(string_used - freed_q) <= (AddrWidth + 1)'(Words - 32);
    end
  end
  hwg_fifo #(
    .Width(STRING_WIDTH),
    .Depth(2)
  ) u_collected (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (collected_q),
    .in_ready_o (strings_ready),
    .in_data_i  ({heads_q, halves_q, cuts_q, total_q, lost_q, string_used}),
    .out_valid_o(out_valid_o),
    .out_ready_i(out_ready_i),
    .out_data_o ({out_heads_o, out_halves_o, out_cuts_o, out_total_o, out_lost_o, string_end})
  );
  assign string_taken = out_valid_o & out_ready_i;
  logic unused_ready;
  assign unused_ready = strings_ready;

endmodule

`default_nettype wire
