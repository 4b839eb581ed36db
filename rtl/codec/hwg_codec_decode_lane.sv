// SPDX-License-Identifier: Apache-2.0
/// Decodes blocks, one after another, at a value a cycle.
///
/// Function:   the values of a block in scan order (y, x, c; c fastest), and behind them what is
///             wrong with it, from its payload and what hwg_codec_block_parse found out about it. Equal to
///             hwgen.codec.block.decode_block, but that values come out before the verdict.
/// Timing:     a value 8 cycles after its turn; turns as hwg_codec_interleave gives them, so interval 1
///             where a block has 8 channels or more and their number divides by 4, between blocks
///             too. The verdict comes 2 to 9 cycles behind a block's last value.
/// Parameters: Coder 0 (Huffman) or 1 (tANS); 1 <= Bits <= 15; Sets a power of two; Weighted 0 or 1
/// Notes:      The four sub-streams are threads of one pipeline. A thread is no more than a bit
///             position (and a state): the bits are read where the position points, so nothing is
///             refilled and nothing stalls.
///             Stages: a, b context memory; 0 position; 1 bits; 2 table; 3 step; 4 value; 5 sign.
///             A raw block takes the same way: values of a fixed width, at a position that runs on.
///             A pixel has at least 8 turns, since a value is known 8 cycles after its own, when the
///             context of its right neighbour must be.
`default_nettype none

module hwg_codec_decode_lane #(
  parameter int Coder    = 1,   // 0: Huffman, 1: tANS
  parameter int Bits     = 14,  // of the widest values
  parameter int Sets     = 1,   // table sets
  parameter int Weighted = 0,   // 1: transformed tensors, with context weights
  localparam int SetWidth   = (Sets > 1) ? $clog2(Sets) : 1,
  localparam int Words      = (Bits > 8) ? 1024 : (Bits > 4) ? 512 : 256,  // of a payload, 64 bits
  localparam int AddrWidth  = $clog2(Words),
  localparam int PlaceWidth = AddrWidth + 2  // of places in a payload, in 16-bit words
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
  // payload, into one of two banks
  input  wire logic                  word_write_i,
  input  wire logic                  word_bank_i,
  input  wire logic [AddrWidth-1:0]  word_addr_i,
  input  wire logic [63:0]           word_data_i,
  // sub-streams of a payload: begin and end in 16-bit words, state to begin with
  input  wire logic                  sub_write_i,
  input  wire logic                  sub_bank_i,
  input  wire logic [1:0]            sub_thread_i,
  input  wire logic [PlaceWidth-1:0] sub_begin_i,
  input  wire logic [PlaceWidth-1:0] sub_end_i,
  input  wire logic [7:0]            sub_state_i,
  // a block, whose payload and sub-streams are there; banks alternate, 0 first
  input  wire logic                  block_valid_i,
  output logic                       block_ready_o,
  input  wire logic [3:0]            block_fault_i,  // what is wrong with it already
  input  wire logic [1:0]            block_mode_i,   // 0 raw, 1 zero, 2 coded
  input  wire logic [3:0]            block_bits_i,   // of a value
  input  wire logic                  block_signed_i,
  input  wire logic [SetWidth-1:0]   block_set_i,
  input  wire logic [11:0]           block_rows_i,   // rows - 1
  input  wire logic [11:0]           block_cols_i,   // columns - 1
  input  wire logic [11:0]           block_chans_i,  // channels - 1
  // values; where a block is faulty or zero, zeros
  input  wire logic                  space_i,  // there is room for 16 beyond those that came out
  output logic                       value_valid_o,
  output logic      [Bits-1:0]       value_o,
  output logic                       value_last_o,
  // verdict; the block's bank is free
  output logic                       done_valid_o,
  output logic      [3:0]            done_fault_o,
  output logic      [1:0]            done_mode_o
);

  if (Coder < 0 || Coder > 1) begin : gen_check_coder
    initial $fatal(1, "hwg_codec_decode_lane: Coder must be 0 or 1");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_decode_lane: Bits must be 1 to 15");
  end
  if (Sets < 1 || (Sets & (Sets - 1)) != 0) begin : gen_check_sets
    initial $fatal(1, "hwg_codec_decode_lane: Sets must be a power of two");
  end
  if (Weighted < 0 || Weighted > 1) begin : gen_check_weighted
    initial $fatal(1, "hwg_codec_decode_lane: Weighted must be 0 or 1");
  end

  localparam int POS_WIDTH = PlaceWidth + 4;
  localparam logic [1:0] ZERO = 2'd1, CODED = 2'd2;  // hwgen.codec.wire.Mode

  // ---- stage a: whose turn it is
  localparam int ABOUT_WIDTH = SetWidth + 11;
  logic [1:0]             turn, tail;
  logic                   first, due, last, first_row, first_col, one_col, bank;
  logic                   closing, past_bank;
  logic [3:0]             used;
  logic [6:0]             chan;
  logic [11:0]            chans;
  logic [ABOUT_WIDTH-1:0] about, past;
  hwg_codec_interleave #(
    .Width(ABOUT_WIDTH)
  ) u_interleave (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (block_valid_i),
    .in_ready_o (block_ready_o),
    .in_rows_i  (block_rows_i),
    .in_cols_i  (block_cols_i),
    .in_chans_i (block_chans_i),
    .in_data_i  ({block_set_i, block_signed_i, block_bits_i, block_mode_i, block_fault_i}),
    .go_i       (space_i),
    .turn_o     (turn),
    .first_o    (first),
    .due_o      (due),
    .last_o     (last),
    .first_row_o(first_row),
    .first_col_o(first_col),
    .one_col_o  (one_col),
    .chan_o     (chan),
    .chans_o    (chans),
    .bank_o     (bank),
    .data_o     (about),
    .closing_o  (closing),
    .tail_o     (tail),
    .used_o     (used),
    .past_bank_o(past_bank),
    .past_data_o(past)
  );

  logic [SetWidth-1:0] set;
  logic [3:0]          bits, fault, past_fault;
  logic [1:0]          mode, past_mode;
  logic                is_signed;
  assign {set, is_signed, bits, mode, fault} = about;
  assign {past_mode, past_fault}             = past[5:0];
  logic unused_past;
  assign unused_past = ^{past[ABOUT_WIDTH-1:6], chans[11]};

  logic [3:0] ctx;
  logic [6:0] mag;
  hwg_codec_context #(
    .Lag     (5),
    .Weighted(Weighted),
    .Sets    (Sets)
  ) u_context (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .weight_write_i(weight_write_i),
    .weight_addr_i (weight_addr_i),
    .weight_data_i (weight_data_i),
    .due_i         (due),
    .last_i        (last),
    .first_row_i   (first_row),
    .first_col_i   (first_col),
    .one_col_i     (one_col),
    .chans_i       (chans[10:0]),
    .chan_i        (chan),
    .set_i         (set),
    .ctx_o         (ctx),
    .mag_i         (mag)
  );

  // ---- stage 0: where the thread stands
  logic                first_0, last_0, raw_0, bank_0, due_0, closing_0;
  logic [1:0]          turn_0;
  logic [3:0]          bits_0;
  logic [SetWidth-1:0] set_0;
  hwg_delay #(
    .Width (SetWidth + 10),
    .Cycles(2)
  ) u_to_0 (
    .clk_i (clk_i),
    .data_i({set, bits, turn, bank, mode != CODED, last, first}),
    .data_o({set_0, bits_0, turn_0, bank_0, raw_0, last_0, first_0})
  );
  hwg_valid #(
    .Cycles(2)
  ) u_due_0 (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(due),
    .valid_o(due_0)
  );
  hwg_valid #(
    .Cycles(2)
  ) u_closing_0 (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(closing),
    .valid_o(closing_0)
  );

  logic [PlaceWidth-1:0] begin_q [0:7];
  logic [PlaceWidth-1:0] end_q   [0:7];
  logic [7:0]            init_q  [0:7];
  always_ff @(posedge clk_i) begin
    if (sub_write_i) begin_q[{sub_bank_i, sub_thread_i}] <= sub_begin_i;
  end
  always_ff @(posedge clk_i) begin
    if (sub_write_i) end_q[{sub_bank_i, sub_thread_i}] <= sub_end_i;
  end
  always_ff @(posedge clk_i) begin
    if (sub_write_i) init_q[{sub_bank_i, sub_thread_i}] <= sub_state_i;
  end

  logic [POS_WIDTH-1:0] pos, stand, pos_0_q, pos_1_q, pos_2_q, pos_3_q, raw_pos_q;
  logic [4:0]           take, take_0_q;
  logic                 skip_0;  // behind the first state, where there is one
  assign skip_0 = (Coder == 1) & due_0;
  assign stand  = pos_0_q + POS_WIDTH'(take_0_q);
  assign pos    = (raw_0 & due_0) ? raw_pos_q
                : first_0 ? {begin_q[{bank_0, turn_0}], skip_0, 3'd0} : stand;
  always_ff @(posedge clk_i) begin
    pos_1_q  <= pos;
    pos_2_q  <= pos_1_q;
    pos_3_q  <= pos_2_q;
    pos_0_q  <= pos_3_q;
    take_0_q <= take;
    if (!rst_ni || last_0 || !raw_0) raw_pos_q <= '0;
    else if (due_0)                  raw_pos_q <= raw_pos_q + POS_WIDTH'(bits_0);
  end

  // ---- stages 1 to 3: bits, table, step
  logic [24:0] view;
  hwg_codec_window #(
    .Words(Words)
  ) u_window (
    .clk_i       (clk_i),
    .write_i     (word_write_i),
    .write_bank_i(word_bank_i),
    .write_addr_i(word_addr_i),
    .write_data_i(word_data_i),
    .bank_i      (bank_0),
    .pos_i       (pos),
    .bits_o      (view)
  );

  logic        due_2, raw_2;
  logic [3:0]  bits_2;
  hwg_delay #(
    .Width (5),
    .Cycles(2)
  ) u_to_2 (
    .clk_i (clk_i),
    .data_i({bits_0, raw_0}),
    .data_o({bits_2, raw_2})
  );
  hwg_valid #(
    .Cycles(2)
  ) u_due_2 (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(due_0),
    .valid_o(due_2)
  );

  logic [7:0]  state;
  logic        direct;
  logic [2:0]  token;
  logic [3:0]  extra_width;
  logic [14:0] extra;
  if (Coder == 0) begin : gen_huffman
    logic unused_init;
    assign unused_init = ^init_q[{bank_0, turn_0}];
    assign state       = '0;
    hwg_codec_huffman_decode #(
      .Sets(Sets)
    ) u_step (
      .clk_i        (clk_i),
      .table_write_i(table_write_i),
      .table_addr_i (table_addr_i),
      .table_data_i (table_data_i),
      .set_i        (set_0),
      .ctx_i        (ctx),
      .bits_i       (view),
      .valid_i      (due_2),
      .raw_i        (raw_2),
      .raw_width_i  (bits_2),
      .take_o       (take),
      .direct_o     (direct),
      .token_o      (token),
      .extra_width_o(extra_width),
      .extra_o      (extra)
    );
  end else begin : gen_tans
    hwg_codec_tans_decode #(
      .Sets(Sets)
    ) u_step (
      .clk_i        (clk_i),
      .table_write_i(table_write_i),
      .table_addr_i (table_addr_i),
      .table_data_i (table_data_i),
      .set_i        (set_0),
      .ctx_i        (ctx),
      .first_i      (first_0),
      .init_i       (init_q[{bank_0, turn_0}]),
      .state_o      (state),
      .bits_i       (view),
      .valid_i      (due_2),
      .raw_i        (raw_2),
      .raw_width_i  (bits_2),
      .take_o       (take),
      .direct_o     (direct),
      .token_o      (token),
      .extra_width_o(extra_width),
      .extra_o      (extra)
    );
  end

  // ---- stages 4 and 5: value and sign
  logic       due_5, last_5, signed_5, empty_5, over;
  logic [3:0] bits_5;
  hwg_delay #(
    .Width (7),
    .Cycles(7)
  ) u_to_5 (
    .clk_i (clk_i),
    .data_i({last, bits, is_signed, (mode == ZERO) | (fault != '0)}),
    .data_o({last_5, bits_5, signed_5, empty_5})
  );
  hwg_valid #(
    .Cycles(3)
  ) u_due_5 (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(due_2),
    .valid_o(due_5)
  );
  hwg_codec_value #(
    .Bits(Bits)
  ) u_value (
    .clk_i        (clk_i),
    .direct_i     (direct),
    .token_i      (token),
    .extra_width_i(extra_width),
    .extra_i      (extra),
    .bits_i       (bits_5),
    .signed_i     (signed_5),
    .empty_i      (empty_5),
    .mag_o        (mag),
    .over_o       (over),
    .value_o      (value_o)
  );
  hwg_valid #(
    .Cycles(1)
  ) u_value_valid (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(due_5),
    .valid_o(value_valid_o)
  );
  always_ff @(posedge clk_i) value_last_o <= last_5;
  // ---- behind a block: each thread comes round once more. When the first of them is in stage 5, all
  // values of the block have been there.
  logic finished;
  hwg_valid #(
    .Cycles(7)
  ) u_finished (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(closing & (turn == 2'd0)),
    .valid_o(finished)
  );
  hwg_codec_verdict #(
    .Coder(Coder),
    .Place(PlaceWidth)
  ) u_verdict (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .mode_i      (past_mode),
    .fault_i     (past_fault),
    .tail_i      (tail),
    .used_i      (used),
    .closing_i   (closing_0),
    .turn_i      (turn_0),
    .stand_i     (stand),
    .end_i       (end_q[{past_bank, turn_0}]),
    .state_i     (state),
    .over_i      (due_5 & over),
    .finished_i  (finished),
    .done_valid_o(done_valid_o),
    .done_fault_o(done_fault_o),
    .done_mode_o (done_mode_o)
  );

endmodule

`default_nettype wire
