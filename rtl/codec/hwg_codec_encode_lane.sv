// SPDX-License-Identifier: Apache-2.0
/// Codes blocks, one after another.
///
/// Function:   the values of a block, in scan order, become the words of hwgen.codec.block's
///             encode_block; before the words their number is told
/// Timing:     three blocks are in hand: one is taken, one walked over, one written. Each takes a
///             cycle a value and, Huffman, 4 or, tANS, 8 cycles a block; writing raw ones about 12.
///             A pixel takes 4 cycles to take and 8 to walk over at least.
/// Parameters: Coder 0 (Huffman) or 1 (tANS); 1 <= Bits <= 15, at most 14 for tANS; Sets a power of
///             two; Weighted 0 or 1; Values a power of two >= 16, of the largest block
/// Notes:      A block that is taken fills two banks at once: one of two with its values and their
///             contexts, for the walk; one of three with its values strung together raw. The walk,
///             backwards as tANS demands, gives the four threads' strings of bits, in a memory of
///             their own. When they are complete it is known whether they or the raw words are
///             shorter, and these are written. Format and tables stay as they are while there are
///             values in the lane.
`default_nettype none

module hwg_codec_encode_lane #(
  parameter int Coder    = 1,     // 0: Huffman, 1: tANS
  parameter int Bits     = 14,    // of the widest values
  parameter int Sets     = 1,     // table sets
  parameter int Weighted = 0,     // 1: transformed tensors, with context weights
  parameter int Values   = 4096,  // of the largest block
  localparam int SetWidth = (Sets > 1) ? $clog2(Sets) : 1
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,
  // tables and weights: tANS states at 0 to 4095 of a set; the rest is in a memory of its own
  input  wire logic                 states_write_i,
  input  wire logic [SetWidth+11:0] states_addr_i,
  input  wire logic [7:0]           states_data_i,
  input  wire logic                 table_write_i,
  input  wire logic [SetWidth+8:0]  table_addr_i,
  input  wire logic [20:0]          table_data_i,
  input  wire logic                 weight_write_i,
  input  wire logic [SetWidth+6:0]  weight_addr_i,
  input  wire logic [7:0]           weight_data_i,
  // format
  input  wire logic [3:0]           bits_i,
  input  wire logic                 signed_i,
  input  wire logic [3:0]           set_i,
  input  wire logic                 transformed_i,
  input  wire logic                 stored_i,       // code nothing
  input  wire logic [31:0]          key_i,
  // blocks
  input  wire logic                 block_valid_i,
  output logic                      block_ready_o,
  input  wire logic [31:0]          block_number_i,
  input  wire logic                 block_final_i,  // comes out again
  input  wire logic [11:0]          block_rows_i,   // rows - 1
  input  wire logic [11:0]          block_cols_i,   // columns - 1
  input  wire logic [11:0]          block_chans_i,  // channels - 1
  // their values
  input  wire logic                 in_valid_i,
  output logic                      in_ready_o,
  input  wire logic [Bits-1:0]      in_value_i,
  // out: blocks, and their words
  output logic                      out_block_valid_o,
  input  wire logic                 out_block_ready_i,
  output logic      [10:0]          out_block_words_o,
  output logic      [1:0]           out_block_mode_o,
  output logic                      out_block_final_o,
  output logic                      out_valid_o,
  input  wire logic                 out_ready_i,
  output logic      [63:0]          out_data_o,
  output logic                      out_last_o      // of the block
);

  if (Coder < 0 || Coder > 1) begin : gen_check_coder
    initial $fatal(1, "hwg_codec_encode_lane: Coder must be 0 or 1");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_encode_lane: Bits must be 1 to 15");
  end
  if (Sets < 1 || (Sets & (Sets - 1)) != 0) begin : gen_check_sets
    initial $fatal(1, "hwg_codec_encode_lane: Sets must be a power of two");
  end
  if (Values < 16 || Values > 4096 || (Values & (Values - 1)) != 0) begin : gen_check_values
    initial $fatal(1, "hwg_codec_encode_lane: Values must be a power of two, 16 to 4096");
  end
  if (Weighted < 0 || Weighted > 1) begin : gen_check_weighted
    initial $fatal(1, "hwg_codec_encode_lane: Weighted must be 0 or 1");
  end

  localparam int VALUE_WIDTH = $clog2(Values);
  localparam int RAW_WIDTH   = (Values * Bits > 64) ? $clog2(Values * Bits / 16) : 2;
  localparam int RAWS        = 1 << RAW_WIDTH;               // 16-bit words of a raw block
  localparam int WORDS       = (RAWS > 128) ? RAWS : 128;    // of strings: nearly two raw blocks'
  localparam int ADDR_WIDTH  = $clog2(WORDS);

  // ---- taking: values with contexts into one of two banks, raw words into one of three
  logic        take_ready, taken, abouts_ready, walked, emitted;
  logic [1:0]  banks_d, banks_q, raws_d, raws_q;  // in use
  logic        take_bank_q, walk_bank_q;
  logic [1:0]  take_raw_q, emit_raw_q;
  logic        value_valid, value_done, value_any, raw_write, raw_last;
  logic [11:0] value_place, value_words, raw_place;
  logic [14:0] value_coded;
  logic [15:0] raw_word;
  logic [3:0]  value_ctx;
  assign block_ready_o = take_ready & abouts_ready;
  assign taken         = block_valid_i & block_ready_o;
  hwg_codec_context_scan #(
    .Bits    (Bits),
    .Sets    (Sets),
    .Weighted(Weighted)
  ) u_context_scan (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .weight_write_i(weight_write_i),
    .weight_addr_i (weight_addr_i),
    .weight_data_i (weight_data_i),
    .bits_i        (bits_i),
    .signed_i      (signed_i),
    .set_i         (set_i[SetWidth-1:0]),
    .block_valid_i (block_valid_i & abouts_ready),
    .block_ready_o (take_ready),
    .block_rows_i  (block_rows_i),
    .block_cols_i  (block_cols_i),
    .block_chans_i (block_chans_i),
    .go_i          ((banks_q != 2'd2) & (raws_q != 2'd3)),
    .in_valid_i    (in_valid_i),
    .in_ready_o    (in_ready_o),
    .in_value_i    (in_value_i),
    .out_valid_o   (value_valid),
    .out_place_o   (value_place),
    .out_coded_o   (value_coded),
    .out_ctx_o     (value_ctx),
    .done_o        (value_done),
    .done_words_o  (value_words),
    .done_any_o    (value_any)
  );
  hwg_codec_raw #(
    .Bits(15)
  ) u_raw (
    .clk_i     (clk_i),
    .rst_ni    (rst_ni),
    .bits_i    (bits_i),
    .in_valid_i(value_valid),
    .in_value_i(value_coded),
    .in_last_i (value_done),
    .write_o   (raw_write),
    .place_o   (raw_place),
    .word_o    (raw_word),
    .last_o    (raw_last)
  );

  always_comb begin
    banks_d = banks_q;
    raws_d  = raws_q;
    if (taken && !walked)       banks_d = banks_q + 2'd1;
    else if (walked && !taken)  banks_d = banks_q - 2'd1;
    if (taken && !emitted)      raws_d = raws_q + 2'd1;
    else if (emitted && !taken) raws_d = raws_q - 2'd1;
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      banks_q     <= '0;
      raws_q      <= '0;
      take_bank_q <= 1'b0;
      walk_bank_q <= 1'b0;
      take_raw_q  <= '0;
      emit_raw_q  <= '0;
    end else begin
      banks_q <= banks_d;
      raws_q  <= raws_d;
      if (value_done)            take_bank_q <= ~take_bank_q;
      if (walked)                walk_bank_q <= ~walk_bank_q;
      if (raw_write && raw_last) take_raw_q  <= take_raw_q[1] ? 2'd0 : take_raw_q + 2'd1;
      if (emitted)               emit_raw_q  <= emit_raw_q[1] ? 2'd0 : emit_raw_q + 2'd1;
    end
  end

  logic [RAW_WIDTH-1:0]   raw_addr;
  logic [15:0]            raw;
  logic [VALUE_WIDTH-1:0] walk_place;
  logic [Bits-1:0]        coded;
  logic [3:0]             ctx;
  hwg_codec_table #(
    .Width(16),
    .Depth(3 * RAWS)
  ) u_raws (
    .clk_i       (clk_i),
    .write_i     (raw_write),
    .write_addr_i({take_raw_q, raw_place[RAW_WIDTH-1:0]}),
    .write_data_i(raw_word),
    .addr_i      ({emit_raw_q, raw_addr}),
    .data_o      (raw)
  );
  hwg_codec_table #(
    .Width(Bits + 4),
    .Depth(2 * Values)
  ) u_values (
    .clk_i       (clk_i),
    .write_i     (value_valid),
    .write_addr_i({take_bank_q, value_place[VALUE_WIDTH-1:0]}),
    .write_data_i({value_ctx, value_coded[Bits-1:0]}),
    .addr_i      ({walk_bank_q, walk_place}),
    .data_o      ({ctx, coded})
  );

  // ---- what is known of a block when it comes, when all its values are there, when it is walked
  localparam int ABOUT_WIDTH = 32 + 1 + 36;
  localparam int FOUND_WIDTH = VALUE_WIDTH + 12 + 1;
  localparam int STILL_WIDTH = 32 + 1 + 12 + 1 + 1;
  logic                   abouts_valid, founds_ready, founds_valid, issue, strung, walking_q;
  logic                   stills_ready, stills_valid;
  logic [ABOUT_WIDTH-1:0] about;
  logic [FOUND_WIDTH-1:0] found;
  logic [STILL_WIDTH-1:0] still;
  logic [31:0]            number;
  logic [11:0]            rows, cols, chans, words;
  logic [VALUE_WIDTH-1:0] last_place;
  logic                   is_final, any, unused;
  assign unused                                = ^{abouts_valid, founds_ready, value_place, raw_place};
  assign {number, is_final, rows, cols, chans} = about;
  assign {last_place, words, any}              = found;
  hwg_fifo #(
    .Width(ABOUT_WIDTH),
    .Depth(3)
  ) u_abouts (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (block_valid_i & take_ready),
    .in_ready_o (abouts_ready),
    .in_data_i  ({block_number_i, block_final_i, block_rows_i, block_cols_i, block_chans_i}),
    .out_valid_o(abouts_valid),
    .out_ready_i(issue),
    .out_data_o (about)
  );
  hwg_fifo #(
    .Width(FOUND_WIDTH),
    .Depth(3)
  ) u_founds (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (value_done),
    .in_ready_o (founds_ready),
    .in_data_i  ({value_place[VALUE_WIDTH-1:0], value_words, value_any}),
    .out_valid_o(founds_valid),
    .out_ready_i(issue),
    .out_data_o (found)
  );
  hwg_fifo #(
    .Width(STILL_WIDTH),
    .Depth(3)
  ) u_stills (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (issue),
    .in_ready_o (stills_ready),
    .in_data_i  ({number, is_final, words, any, strung}),
    .out_valid_o(stills_valid),
    .out_ready_i(emitted),
    .out_data_o (still)
  );

  // ---- walking, where there is something to code
  logic                    walk_ready, walk_ended, strings_valid, strings_taken, lost;
  logic [4*ADDR_WIDTH-1:0] heads;
  logic [4*13-1:0]         halves;
  logic [4*4-1:0]          cuts;
  logic [13:0]             total;
  logic [ADDR_WIDTH-1:0]   word_addr, word_next;
  logic [31:0]             word;
  assign strung = any & ~stored_i;
  assign issue  = founds_valid & stills_ready & ~walking_q & (~strung | walk_ready);
  assign walked = walk_ended | (issue & ~strung);
  hwg_codec_entropy_encode #(
    .Coder (Coder),
    .Bits  (Bits),
    .Sets  (Sets),
    .Values(Values),
    .Words (WORDS)
  ) u_entropy_encode (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .states_write_i(states_write_i),
    .states_addr_i (states_addr_i),
    .states_data_i (states_data_i),
    .table_write_i (table_write_i),
    .table_addr_i  (table_addr_i),
    .table_data_i  (table_data_i),
    .block_valid_i (founds_valid & stills_ready & ~walking_q & strung),
    .block_ready_o (walk_ready),
    .block_rows_i  (rows),
    .block_cols_i  (cols),
    .block_chans_i (chans),
    .block_last_i  (last_place),
    .block_words_i (words),
    .ended_o       (walk_ended),
    .set_i         (set_i[SetWidth-1:0]),
    .value_place_o (walk_place),
    .value_i       (coded),
    .value_ctx_i   (ctx),
    .out_valid_o   (strings_valid),
    .out_ready_i   (strings_taken),
    .out_heads_o   (heads),
    .out_halves_o  (halves),
    .out_cuts_o    (cuts),
    .out_total_o   (total),
    .out_lost_o    (lost),
    .word_addr_i   (word_addr),
    .word_o        (word),
    .word_next_o   (word_next)
  );
  // A block that is not walked must not free its bank before the one that is has freed its own.
  always_ff @(posedge clk_i) begin
    if (!rst_ni)              walking_q <= 1'b0;
    else if (issue && strung) walking_q <= 1'b1;
    else if (walk_ended)      walking_q <= 1'b0;
  end

  // ---- writing
  logic [31:0] still_number;
  logic [11:0] still_words;
  logic        still_final, still_any, still_strung;
  assign {still_number, still_final, still_words, still_any, still_strung} = still;
  assign strings_taken = emitted & still_strung;
  hwg_codec_block_write #(
    .Coder(Coder),
    .Words(WORDS),
    .Raws (RAWS)
  ) u_block_write (
    .clk_i            (clk_i),
    .rst_ni           (rst_ni),
    .set_i            (set_i),
    .transformed_i    (transformed_i),
    .key_i            (key_i),
    .block_valid_i    (stills_valid & (strings_valid | ~still_strung)),
    .block_ready_o    (emitted),
    .block_number_i   (still_number),
    .block_final_i    (still_final),
    .block_words_i    (still_words),
    .block_any_i      (still_any),
    .block_strung_i   (still_strung),
    .string_heads_i   (heads),
    .string_halves_i  (halves),
    .string_cuts_i    (cuts),
    .string_total_i   (total),
    .string_lost_i    (lost),
    .raw_addr_o       (raw_addr),
    .raw_i            (raw),
    .word_addr_o      (word_addr),
    .word_i           (word),
    .word_next_i      (word_next),
    .out_block_valid_o(out_block_valid_o),
    .out_block_ready_i(out_block_ready_i),
    .out_block_words_o(out_block_words_o),
    .out_block_mode_o (out_block_mode_o),
    .out_block_final_o(out_block_final_o),
    .out_valid_o      (out_valid_o),
    .out_ready_i      (out_ready_i),
    .out_data_o       (out_data_o),
    .out_last_o       (out_last_o)
  );

endmodule

`default_nettype wire
