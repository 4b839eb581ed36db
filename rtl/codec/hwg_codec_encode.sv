// SPDX-License-Identifier: Apache-2.0
/// Codes tensors: words of Lanes values in, blocks out, each block in a lane of its own.
///
/// Function:   blocks in their order, as hwgen.codec.block.encode_block gives them; before its words
///             a block's length is told
/// Timing:     on the average nearly Lanes values a cycle, see hwg_codec_encode_lane; a block comes
///             out a word a cycle, when it is complete
/// Parameters: 1 <= Lanes <= 16; Coder 0 (Huffman) or 1 (tANS); 1 <= Bits <= 15, at most 14 for
///             tANS; Sets a power of two; Weighted 0 or 1; Values a power of two >= 16
/// Notes:      The values of a block come in scan order, Lanes to a word, the first one lowest; a
///             block begins with a new word. Format and tables stay as they are from the first block
///             of a tensor until its last one has come out.
`default_nettype none

module hwg_codec_encode #(
  parameter int Lanes    = 1,     // blocks at a time, and values of a word
  parameter int Coder    = 1,     // 0: Huffman, 1: tANS
  parameter int Bits     = 14,    // of the widest values
  parameter int Sets     = 1,     // table sets
  parameter int Weighted = 0,     // 1: transformed tensors, with context weights
  parameter int Values   = 4096,  // of the largest block
  localparam int SetWidth = (Sets > 1) ? $clog2(Sets) : 1
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  // tables and weights
  input  wire logic                  states_write_i,  // tANS alone
  input  wire logic [SetWidth+11:0]  states_addr_i,
  input  wire logic [7:0]            states_data_i,
  input  wire logic                  table_write_i,
  input  wire logic [SetWidth+8:0]   table_addr_i,
  input  wire logic [20:0]           table_data_i,
  input  wire logic                  weight_write_i,
  input  wire logic [SetWidth+6:0]   weight_addr_i,
  input  wire logic [7:0]            weight_data_i,
  // the tensor
  input  wire logic [3:0]            bits_i,          // of a value
  input  wire logic                  signed_i,
  input  wire logic [3:0]            set_i,
  input  wire logic                  transformed_i,
  input  wire logic                  stored_i,        // code nothing
  input  wire logic [31:0]           key_i,           // fingerprint of tables and weights
  // its blocks
  input  wire logic                  block_valid_i,
  output logic                       block_ready_o,
  input  wire logic [31:0]           block_number_i,
  input  wire logic [12:0]           block_h_i,
  input  wire logic [12:0]           block_w_i,
  input  wire logic [12:0]           block_c_i,
  input  wire logic [12:0]           block_values_i,  // h * w * c
  input  wire logic                  block_final_i,   // comes out again
  // their values
  input  wire logic                  in_valid_i,
  output logic                       in_ready_o,
  input  wire logic [Lanes*Bits-1:0] in_data_i,
  output logic                       in_final_o,      // a beat that is taken now ends the last block
  // out: blocks, and their words
  output logic                       out_block_valid_o,
  input  wire logic                  out_block_ready_i,
  output logic      [10:0]           out_block_words_o,
  output logic      [1:0]            out_block_mode_o,
  output logic                       out_block_final_o,
  output logic                       out_valid_o,
  input  wire logic                  out_ready_i,
  output logic      [63:0]           out_data_o,
  output logic                       out_last_o       // of the block
);

  if (Lanes < 1 || Lanes > 16) begin : gen_check_lanes
    initial $fatal(1, "hwg_codec_encode: Lanes must be 1 to 16");
  end
  if (Coder < 0 || Coder > 1) begin : gen_check_coder
    initial $fatal(1, "hwg_codec_encode: Coder must be 0 or 1");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_encode: Bits must be 1 to 15");
  end
  if (Sets < 1 || Sets > 16) begin : gen_check_sets
    initial $fatal(1, "hwg_codec_encode: Sets must be 1 to 16");
  end
  if (Values < 16) begin : gen_check_values
    initial $fatal(1, "hwg_codec_encode: Values must be >= 16");
  end
  if (Weighted < 0 || Weighted > 1) begin : gen_check_weighted
    initial $fatal(1, "hwg_codec_encode: Weighted must be 0 or 1");
  end

  // ---- dealing: blocks to the lanes in turn, and their values behind them
  localparam int CountWidth  = $clog2(Lanes + 1);
  localparam int ABOUT_WIDTH = 32 + 1 + 36;
  logic [Lanes-1:0]       deal_q, block_readies, in_readies;
  logic [12:0]            left_q;  // values of the block still to come
  logic                   idle, take, ending, final_q;
  logic [CountWidth-1:0]  count;
  logic [ABOUT_WIDTH-1:0] about;
  assign idle          = left_q == '0;
  assign block_ready_o = idle & (|(block_readies & deal_q));
  assign count         = (left_q < 13'(Lanes)) ? CountWidth'(left_q) : CountWidth'(Lanes);
  assign in_ready_o    = ~idle & (|(in_readies & deal_q));
  assign take          = in_valid_i & in_ready_o;
  assign ending        = left_q <= 13'(Lanes);
  assign in_final_o    = ending & final_q;
  assign about         = {block_number_i, block_final_i, 12'(block_h_i - 13'd1),
                          12'(block_w_i - 13'd1), 12'(block_c_i - 13'd1)};
  always_ff @(posedge clk_i) begin
    if (block_valid_i && block_ready_o) final_q <= block_final_i;
    if (!rst_ni) begin
      deal_q <= Lanes'(1);
      left_q <= '0;
    end else begin
      if (block_valid_i && block_ready_o) left_q <= block_values_i;
      else if (take)                      left_q <= left_q - 13'(count);
      if (take && ending) deal_q <= (deal_q << 1) | Lanes'(deal_q[Lanes-1]);
    end
  end

  // ---- lanes, and stores in which their blocks become complete
  localparam int NOTE_WIDTH = 11 + 2 + 1;
  logic [Lanes-1:0]            read, ready_words, ends;
  logic [Lanes*NOTE_WIDTH-1:0] notes;
  logic [Lanes*64-1:0]         words;
  for (genvar i = 0; i < Lanes; i++) begin : gen_lane
    logic                   given_valid, given_ready, value_valid, value_ready;
    logic [ABOUT_WIDTH-1:0] given;
    logic [Bits-1:0]        value;
    if (Lanes == 1) begin : gen_alone
      logic unused_count;
      assign unused_count     = ^count;
      assign given_valid      = block_valid_i & idle;
      assign block_readies[i] = given_ready;
      assign given            = about;
      assign value_valid      = in_valid_i & ~idle;
      assign in_readies[i]    = value_ready;
      assign value            = in_data_i;
    end else begin : gen_among
      hwg_fifo #(
        .Width(ABOUT_WIDTH),
        .Depth(2)
      ) u_blocks (
        .clk_i      (clk_i),
        .rst_ni     (rst_ni),
        .in_valid_i (block_valid_i & idle & deal_q[i]),
        .in_ready_o (block_readies[i]),
        .in_data_i  (about),
        .out_valid_o(given_valid),
        .out_ready_i(given_ready),
        .out_data_o (given)
      );
      hwg_codec_gather #(
        .Lanes(Lanes),
        .Bits (Bits),
        .Depth((Values < 4 * Lanes) ? 4 * Lanes : Values)
      ) u_gather (
        .clk_i      (clk_i),
        .rst_ni     (rst_ni),
        .in_valid_i (in_valid_i & ~idle & deal_q[i]),
        .in_ready_o (in_readies[i]),
        .in_data_i  (in_data_i),
        .in_count_i (count),
        .out_valid_o(value_valid),
        .out_ready_i(value_ready),
        .out_value_o(value)
      );
    end

    logic [31:0] given_number;
    logic [11:0] given_rows, given_cols, given_chans;
    logic        given_final, told_valid, told_ready, told_final, word_valid, space, word_last;
    logic [10:0] told_words;
    logic [1:0]  told_mode;
    logic [63:0] word;
    assign {given_number, given_final, given_rows, given_cols, given_chans} = given;
    hwg_codec_encode_lane #(
      .Coder   (Coder),
      .Bits    (Bits),
      .Sets    (Sets),
      .Weighted(Weighted),
      .Values  (Values)
    ) u_lane (
      .clk_i            (clk_i),
      .rst_ni           (rst_ni),
      .states_write_i   (states_write_i),
      .states_addr_i    (states_addr_i),
      .states_data_i    (states_data_i),
      .table_write_i    (table_write_i),
      .table_addr_i     (table_addr_i),
      .table_data_i     (table_data_i),
      .weight_write_i   (weight_write_i),
      .weight_addr_i    (weight_addr_i),
      .weight_data_i    (weight_data_i),
      .bits_i           (bits_i),
      .signed_i         (signed_i),
      .set_i            (set_i),
      .transformed_i    (transformed_i),
      .stored_i         (stored_i),
      .key_i            (key_i),
      .block_valid_i    (given_valid),
      .block_ready_o    (given_ready),
      .block_number_i   (given_number),
      .block_final_i    (given_final),
      .block_rows_i     (given_rows),
      .block_cols_i     (given_cols),
      .block_chans_i    (given_chans),
      .in_valid_i       (value_valid),
      .in_ready_o       (value_ready),
      .in_value_i       (value),
      .out_block_valid_o(told_valid),
      .out_block_ready_i(told_ready),
      .out_block_words_o(told_words),
      .out_block_mode_o (told_mode),
      .out_block_final_o(told_final),
      .out_valid_o      (word_valid),
      .out_ready_i      (space),
      .out_data_o       (word),
      .out_last_o       (word_last)
    );

    // What is told of a block goes behind its words; the next block is told of when that is done.
    logic                  telling_q, note_valid, ended;
    logic [NOTE_WIDTH-1:0] note_q;
    assign told_ready = ~telling_q;
    assign ended      = word_valid & space & word_last;
    hwg_valid #(
      .Cycles(3)
    ) u_note (
      .clk_i  (clk_i),
      .rst_ni (rst_ni),
      .valid_i(ended),
      .valid_o(note_valid)
    );
    always_ff @(posedge clk_i) begin
      if (told_ready) note_q <= {told_words, told_mode, told_final};
      if (!rst_ni)                       telling_q <= 1'b0;
      else if (told_valid && told_ready) telling_q <= 1'b1;
      else if (note_valid)               telling_q <= 1'b0;
    end
    logic unused_count;
    hwg_codec_block_buffer #(
      .Lanes    (1),
      .Bits     (64),
      .Depth    (2 * (Values * Bits / 64) + 64),
      .NoteWidth(NOTE_WIDTH)
    ) u_block_buffer (
      .clk_i       (clk_i),
      .rst_ni      (rst_ni),
      .space_o     (space),
      .in_valid_i  (word_valid & space),
      .in_value_i  (word),
      .in_last_i   (word_last),
      .note_valid_i(note_valid),
      .note_i      (note_q),
      .all_i       (1'b1),
      .out_valid_o (ready_words[i]),
      .out_read_i  (read[i]),
      .out_last_o  (ends[i]),
      .out_count_o (unused_count),
      .out_note_o  (notes[i*NOTE_WIDTH +: NOTE_WIDTH]),
      .out_data_o  (words[i*64 +: 64])
    );
  end

  // ---- collecting: a block from each lane in turn, told of and then read
  logic [Lanes-1:0]      turn_d, turn_q, from_q;
  logic                  reading_q, read_now, read_last, word_there, last_there_q;
  logic [NOTE_WIDTH-1:0] note;
  logic [63:0]           word;
  always_comb begin
    note = '0;
    word = '0;
    for (int i = 0; i < Lanes; i = i + 1) begin
      if (turn_q[i]) note = note | notes[i*NOTE_WIDTH +: NOTE_WIDTH];
      if (from_q[i]) word = word | words[i*64 +: 64];
    end
  end
  assign {out_block_words_o, out_block_mode_o, out_block_final_o} = note;
  assign out_block_valid_o = ~reading_q & (|(turn_q & ready_words));
  assign read              = turn_q & {Lanes{read_now}};
  assign read_last         = |(read & ends);
  assign turn_d            = read_last ? (turn_q << 1) | Lanes'(turn_q[Lanes-1]) : turn_q;
  always_ff @(posedge clk_i) begin
    from_q       <= turn_q;
    last_there_q <= read_last;
    if (!rst_ni) begin
      turn_q    <= Lanes'(1);
      reading_q <= 1'b0;
    end else begin
      turn_q <= turn_d;
      if (out_block_valid_o && out_block_ready_i) reading_q <= 1'b1;
      else if (read_last)                         reading_q <= 1'b0;
    end
  end
  hwg_valid #(
    .Cycles(1)
  ) u_there (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(read_now),
    .valid_o(word_there)
  );
  logic buffer_ready;
  hwg_flow_buffer #(
    .Width(65),
    .Depth(4)
  ) u_out (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .in_valid_i    (reading_q & (|(turn_q & ready_words))),
    .in_ready_o    (buffer_ready),
    .launch_valid_o(read_now),
    .result_valid_i(word_there),
    .result_data_i ({last_there_q, word}),
    .out_valid_o   (out_valid_o),
    .out_ready_i   (out_ready_i),
    .out_data_o    ({out_last_o, out_data_o})
  );
  logic unused_ready;
  assign unused_ready = buffer_ready;

endmodule

`default_nettype wire
