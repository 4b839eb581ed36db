// SPDX-License-Identifier: Apache-2.0
/// Decodes tensors: blocks in, words of Lanes values out, each block in a lane of its own.
///
/// Function:   block after block in their order; the values of a block in scan order, Lanes to a
///             word, the first one lowest; its last word may be shorter. Equal to
///             hwgen.codec.tensor.Coded.decode_block.
/// Timing:     Lanes values a cycle, if blocks are of equal size, have 8 channels or more, a multiple
///             of 4, come in time (Lanes * bits of a coded value / 64 words a cycle), and nobody waits
///             at the output
/// Parameters: 1 <= Lanes <= 16; Coder 0 (Huffman) or 1 (tANS); 1 <= Bits <= 15; Sets a power of
///             two; Weighted 0 or 1; Depth values of a lane's store, twice the largest block
/// Notes:      A damaged block comes out as zeros, as many as it should have values, and its fault
///             beside them (hwgen.codec.wire.Fault). In strict mode a block is given when all of it is
///             decoded and found right, so that no wrong value ever leaves. In fast mode it is given
///             while it is decoded: what header, lengths and CRC show still gives zeros; what only
///             decoding shows (an encoder's own errors) is told with the last word, behind the values.
///             Each lane has memory for two blocks, so words may be fetched ahead.
`default_nettype none

module hwg_codec_decode #(
  parameter int Lanes    = 1,     // blocks at a time, and values of a word
  parameter int Coder    = 1,     // 0: Huffman, 1: tANS
  parameter int Bits     = 14,    // of the widest values
  parameter int Sets     = 1,     // table sets
  parameter int Weighted = 0,     // 1: transformed tensors, with context weights
  parameter int Depth    = 8192,  // values of a lane's store
  localparam int SetWidth   = (Sets > 1) ? $clog2(Sets) : 1,
  localparam int CountWidth = $clog2(Lanes + 1)
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  // tables and weights
  input  wire logic                  table_write_i,
  input  wire logic [SetWidth+11:0]  table_addr_i,
  input  wire logic [17:0]           table_data_i,
  input  wire logic                  weight_write_i,
  input  wire logic [SetWidth+6:0]   weight_addr_i,
  input  wire logic [7:0]            weight_data_i,
  // the tensor: stays as it is while blocks of it are taken or their words are to come
  input  wire logic [3:0]            bits_i,         // of a value
  input  wire logic                  signed_i,
  input  wire logic [3:0]            set_i,
  input  wire logic                  transformed_i,
  input  wire logic [31:0]           key_i,          // fingerprint of tables and weights
  // its blocks
  input  wire logic                  block_valid_i,
  output logic                       block_ready_o,
  input  wire logic [31:0]           block_number_i,
  input  wire logic [12:0]           block_h_i,
  input  wire logic [12:0]           block_w_i,
  input  wire logic [12:0]           block_c_i,
  input  wire logic [3:0]            block_fault_i,  // found outside: no words follow
  // their words
  input  wire logic                  word_valid_i,
  output logic                       word_ready_o,
  input  wire logic [63:0]           word_data_i,
  input  wire logic                  word_error_i,
  input  wire logic                  word_last_i,    // of the block
  // values
  input  wire logic                  strict_i,
  output logic                       out_valid_o,
  input  wire logic                  out_ready_i,
  output logic      [Lanes*Bits-1:0] out_data_o,
  output logic      [CountWidth-1:0] out_count_o,    // values in the word
  output logic                       out_last_o,     // of the block
  output logic      [1:0]            out_mode_o,     // with it: how the block was stored
  output logic      [3:0]            out_fault_o     // with it: what is wrong
);

  if (Lanes < 1 || Lanes > 16) begin : gen_check_lanes
    initial $fatal(1, "hwg_codec_decode: Lanes must be 1 to 16");
  end
  if (Coder < 0 || Coder > 1) begin : gen_check_coder
    initial $fatal(1, "hwg_codec_decode: Coder must be 0 or 1");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_decode: Bits must be 1 to 15");
  end
  if (Sets < 1 || Sets > 16) begin : gen_check_sets
    initial $fatal(1, "hwg_codec_decode: Sets must be 1 to 16");
  end
  if (Depth < 16) begin : gen_check_depth
    initial $fatal(1, "hwg_codec_decode: Depth must be >= 16");
  end
  if (Weighted < 0 || Weighted > 1) begin : gen_check_weighted
    initial $fatal(1, "hwg_codec_decode: Weighted must be 0 or 1");
  end

  // ---- loading
  localparam int WORDS       = (Bits > 8) ? 1024 : (Bits > 4) ? 512 : 256;  // as in the lanes
  localparam int ADDR_WIDTH  = $clog2(WORDS);
  localparam int PLACE_WIDTH = ADDR_WIDTH + 2;
  logic [Lanes-1:0]       free, claim, lane, given_ready;
  logic                   bank, word_write, sub_write, given;
  logic [ADDR_WIDTH-1:0]  word_addr;
  logic [63:0]            word_data;
  logic [1:0]             sub_thread, mode;
  logic [PLACE_WIDTH-1:0] sub_begin, sub_end;
  logic [7:0]             sub_state;
  logic [3:0]             fault;
  logic [11:0]            rows, cols, chans;
  hwg_codec_block_parse #(
    .Lanes(Lanes),
    .Coder(Coder),
    .Bits (Bits)
  ) u_block_parse (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .set_i         (set_i),
    .transformed_i (transformed_i),
    .key_i         (key_i),
    .block_valid_i (block_valid_i),
    .block_ready_o (block_ready_o),
    .block_number_i(block_number_i),
    .block_h_i     (block_h_i),
    .block_w_i     (block_w_i),
    .block_c_i     (block_c_i),
    .block_fault_i (block_fault_i),
    .word_valid_i  (word_valid_i),
    .word_ready_o  (word_ready_o),
    .word_data_i   (word_data_i),
    .word_error_i  (word_error_i),
    .word_last_i   (word_last_i),
    .free_i        (free),
    .claim_o       (claim),
    .lane_o        (lane),
    .bank_o        (bank),
    .word_write_o  (word_write),
    .word_addr_o   (word_addr),
    .word_data_o   (word_data),
    .sub_write_o   (sub_write),
    .sub_thread_o  (sub_thread),
    .sub_begin_o   (sub_begin),
    .sub_end_o     (sub_end),
    .sub_state_o   (sub_state),
    .out_valid_o   (given),
    .out_ready_i   (|(given_ready & lane)),
    .out_fault_o   (fault),
    .out_mode_o    (mode),
    .out_rows_o    (rows),
    .out_cols_o    (cols),
    .out_chans_o   (chans)
  );

  // ---- lanes and their stores
  localparam int NOTE_WIDTH = 6;
  logic [Lanes-1:0]            read, ready_words, ends;
  logic [Lanes*CountWidth-1:0] counts;
  logic [Lanes*NOTE_WIDTH-1:0] notes;
  logic [Lanes*Lanes*Bits-1:0] words;
  for (genvar i = 0; i < Lanes; i++) begin : gen_lane
    logic            value_valid, value_last, done_valid, space;
    logic [Bits-1:0] value;
    logic [3:0]      done_fault;
    logic [1:0]      done_mode, banks_d, banks_q;  // banks in use
    assign free[i] = ~banks_q[1];
    always_comb begin
      banks_d = banks_q;
      if (claim[i] && !done_valid)      banks_d = banks_q + 2'd1;
      else if (done_valid && !claim[i]) banks_d = banks_q - 2'd1;
    end
    always_ff @(posedge clk_i) begin
      if (!rst_ni) banks_q <= '0;
      else         banks_q <= banks_d;
    end

    hwg_codec_decode_lane #(
      .Coder   (Coder),
      .Bits    (Bits),
      .Sets    (Sets),
      .Weighted(Weighted)
    ) u_lane (
      .clk_i         (clk_i),
      .rst_ni        (rst_ni),
      .table_write_i (table_write_i),
      .table_addr_i  (table_addr_i),
      .table_data_i  (table_data_i),
      .weight_write_i(weight_write_i),
      .weight_addr_i (weight_addr_i),
      .weight_data_i (weight_data_i),
      .word_write_i  (word_write & lane[i]),
      .word_bank_i   (bank),
      .word_addr_i   (word_addr),
      .word_data_i   (word_data),
      .sub_write_i   (sub_write & lane[i]),
      .sub_bank_i    (bank),
      .sub_thread_i  (sub_thread),
      .sub_begin_i   (sub_begin),
      .sub_end_i     (sub_end),
      .sub_state_i   (sub_state),
      .block_valid_i (given & lane[i]),
      .block_ready_o (given_ready[i]),
      .block_fault_i (fault),
      .block_mode_i  (mode),
      .block_bits_i  (bits_i),
      .block_signed_i(signed_i),
      .block_set_i   (set_i[SetWidth-1:0]),
      .block_rows_i  (rows),
      .block_cols_i  (cols),
      .block_chans_i (chans),
      .space_i       (space),
      .value_valid_o (value_valid),
      .value_o       (value),
      .value_last_o  (value_last),
      .done_valid_o  (done_valid),
      .done_fault_o  (done_fault),
      .done_mode_o   (done_mode)
    );
    hwg_codec_block_buffer #(
      .Lanes    (Lanes),
      .Bits     (Bits),
      .Depth    (Depth),
      .NoteWidth(NOTE_WIDTH)
    ) u_block_buffer (
      .clk_i       (clk_i),
      .rst_ni      (rst_ni),
      .space_o     (space),
      .in_valid_i  (value_valid),
      .in_value_i  (value),
      .in_last_i   (value_last),
      .note_valid_i(done_valid),
      .note_i      ({done_mode, done_fault}),
      .all_i       (strict_i),
      .out_valid_o (ready_words[i]),
      .out_read_i  (read[i]),
      .out_last_o  (ends[i]),
      .out_count_o (counts[i*CountWidth +: CountWidth]),
      .out_note_o  (notes[i*NOTE_WIDTH +: NOTE_WIDTH]),
      .out_data_o  (words[i*Lanes*Bits +: Lanes*Bits])
    );
  end

  // ---- collecting: the lanes in turn, a block each
  logic [Lanes-1:0]      turn_d, turn_q, from_q;
  logic                  read_now, read_last, blank_q;
  logic [CountWidth-1:0] count;
  logic [NOTE_WIDTH-1:0] note;
  always_comb begin
    count = '0;
    note  = '0;
    for (int i = 0; i < Lanes; i = i + 1) begin
      if (turn_q[i]) count = count | counts[i*CountWidth +: CountWidth];
      if (turn_q[i]) note = note | notes[i*NOTE_WIDTH +: NOTE_WIDTH];
    end
  end
  assign read      = turn_q & {Lanes{read_now}};
  assign read_last = |(read & ends);
  assign turn_d    = read_last ? (turn_q << 1) | Lanes'(turn_q[Lanes-1]) : turn_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) turn_q <= Lanes'(1);
    else         turn_q <= turn_d;
  end

  // A word is there a cycle after its read.
  localparam int INFO_WIDTH = CountWidth + NOTE_WIDTH + 1;
  logic                  word_there;
  logic [INFO_WIDTH-1:0] info_q;
  logic [Lanes*Bits-1:0] word;
  always_ff @(posedge clk_i) begin
    from_q  <= turn_q;
    blank_q <= strict_i & (note[3:0] != '0);
    info_q  <= {read_last, note, count};
  end
  always_comb begin
    word = '0;
    for (int i = 0; i < Lanes; i = i + 1) begin
      if (from_q[i] && !blank_q) word = word | words[i*Lanes*Bits +: Lanes*Bits];
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
    .Width(INFO_WIDTH + Lanes * Bits),
    .Depth(4)
  ) u_out (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .in_valid_i    (|(turn_q & ready_words)),
    .in_ready_o    (buffer_ready),
    .launch_valid_o(read_now),
    .result_valid_i(word_there),
    .result_data_i ({info_q, word}),
    .out_valid_o   (out_valid_o),
    .out_ready_i   (out_ready_i),
    .out_data_o    ({out_last_o, out_mode_o, out_fault_o, out_count_o, out_data_o})
  );
  logic unused_ready;
  assign unused_ready = buffer_ready;

endmodule

`default_nettype wire
