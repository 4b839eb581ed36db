// SPDX-License-Identifier: Apache-2.0
/// Takes blocks and their words from memory, checks them and hands them to decode lanes in turn.
///
/// Function:   header, lengths and CRC of each block as hwgen.codec.block.examine; the payload goes
///             into the lane's memory, begin, end and first state of each sub-stream beside it
/// Timing:     a word a cycle; 6 cycles between blocks. A block is taken when its lane has a free
///             bank, up to 4 ahead of their words.
/// Parameters: 1 <= Lanes; Coder 0 or 1; 1 <= Bits <= 15
/// Notes:      A block is handed on whole, or with its fault: the lane then gives zeros. No words
///             follow a block that comes with a fault. Padding behind the CRC is not looked at. A
///             payload longer than the largest raw block is a fault of length.
`default_nettype none

module hwg_codec_block_parse #(
  parameter int Lanes = 1,   // decode lanes
  parameter int Coder = 1,   // 0: Huffman, 1: tANS
  parameter int Bits  = 14,  // of the widest values
  localparam int Words      = (Bits > 8) ? 1024 : (Bits > 4) ? 512 : 256,
  localparam int AddrWidth  = $clog2(Words),
  localparam int PlaceWidth = AddrWidth + 2
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  // the tensor: stays as it is while blocks of it are taken or their words are to come
  input  wire logic [3:0]            set_i,
  input  wire logic                  transformed_i,
  input  wire logic [31:0]           key_i,          // fingerprint of the tables
  // blocks
  input  wire logic                  block_valid_i,
  output logic                       block_ready_o,
  input  wire logic [31:0]           block_number_i,
  input  wire logic [12:0]           block_h_i,
  input  wire logic [12:0]           block_w_i,
  input  wire logic [12:0]           block_c_i,
  input  wire logic [3:0]            block_fault_i,  // found outside
  // their words
  input  wire logic                  word_valid_i,
  output logic                       word_ready_o,
  input  wire logic [63:0]           word_data_i,
  input  wire logic                  word_error_i,   // of the bus
  input  wire logic                  word_last_i,
  // lanes: banks free, payload, sub-streams
  input  wire logic [Lanes-1:0]      free_i,
  output logic      [Lanes-1:0]      claim_o,        // a bank of this lane is taken
  output logic      [Lanes-1:0]      lane_o,         // which one is loaded, one-hot
  output logic                       bank_o,
  output logic                       word_write_o,
  output logic      [AddrWidth-1:0]  word_addr_o,
  output logic      [63:0]           word_data_o,
  output logic                       sub_write_o,
  output logic      [1:0]            sub_thread_o,
  output logic      [PlaceWidth-1:0] sub_begin_o,
  output logic      [PlaceWidth-1:0] sub_end_o,
  output logic      [7:0]            sub_state_o,
  // what is known of the block when its payload is there
  output logic                       out_valid_o,
  input  wire logic                  out_ready_i,
  output logic      [3:0]            out_fault_o,
  output logic      [1:0]            out_mode_o,
  output logic      [11:0]           out_rows_o,     // less 1
  output logic      [11:0]           out_cols_o,
  output logic      [11:0]           out_chans_o
);

  if (Lanes < 1) begin : gen_check_lanes
    initial $fatal(1, "hwg_codec_block_parse: Lanes must be >= 1");
  end
  if (Coder < 0 || Coder > 1) begin : gen_check_coder
    initial $fatal(1, "hwg_codec_block_parse: Coder must be 0 or 1");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_block_parse: Bits must be 1 to 15");
  end

  // hwgen.codec.wire.Fault and Mode
  localparam logic [3:0] NONE = 4'd0, LEN = 4'd2, MODE = 4'd3, SEQ = 4'd4, CRC = 4'd5, AXI = 4'd7;
  localparam logic [1:0] RAW = 2'd0, ZERO = 2'd1, CODED = 2'd2, RESERVED = 2'd3;

  // ---- blocks taken, for each of which a bank is kept
  localparam int         BLOCK_WIDTH = 32 + 3 * 12 + 4;
  logic [Lanes-1:0]       claim_d, claim_q;
  logic [BLOCK_WIDTH-1:0] block_in, block;
  logic                   room, queue_ready, block_there, block_done;
  logic [31:0]            number;
  logic [3:0]             fault_outside;
  assign room          = |(free_i & claim_q);
  assign block_ready_o = queue_ready & room;
  assign claim_o       = claim_q & {Lanes{block_valid_i & block_ready_o}};
  assign claim_d       = (claim_q << 1) | Lanes'(claim_q[Lanes-1]);
  assign block_in      = {block_number_i, 12'(block_h_i - 13'd1), 12'(block_w_i - 13'd1),
                          12'(block_c_i - 13'd1), block_fault_i};
  assign {number, out_rows_o, out_cols_o, out_chans_o, fault_outside} = block;
  hwg_fifo #(
    .Width(BLOCK_WIDTH),
    .Depth(4)
  ) u_blocks (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (block_valid_i & room),
    .in_ready_o (queue_ready),
    .in_data_i  (block_in),
    .out_valid_o(block_there),
    .out_ready_i(block_done),
    .out_data_o (block)
  );

  // ---- their words
  localparam logic [1:0] HEAD = 2'd0, BODY = 2'd1, SUBS = 2'd2, GIVE = 2'd3;
  logic [1:0]       state_d, state_q;
  logic [Lanes-1:0] lane_d, lane_q;
  logic             bank_d, bank_q;
  logic [1:0]       thread_d, thread_q;
  logic [63:0]      head_q;
  logic [10:0]      count_d, count_q;  // words behind the header
  logic             whole_d, whole_q;  // all words of the block are there
  logic             more_d, more_q;    // and others behind them
  logic             error_d, error_q;
  logic             wordless, take, final_word;

  assign wordless     = fault_outside != NONE;
  assign word_ready_o = (state_q == BODY) | ((state_q == HEAD) & block_there & ~wordless);
  assign take         = word_valid_i & word_ready_o;
  assign out_valid_o  = state_q == GIVE;
  assign block_done   = out_valid_o & out_ready_i;
  assign lane_o       = lane_q;
  assign bank_o       = bank_q;

  always_comb begin
    state_d  = state_q;
    lane_d   = lane_q;
    bank_d   = bank_q;
    thread_d = thread_q;
    count_d  = count_q;
    whole_d  = whole_q;
    more_d   = more_q;
    error_d  = error_q | (take & word_error_i);
    case (state_q)
      HEAD: begin
        count_d = '0;
        whole_d = 1'b0;
        more_d  = 1'b0;
        error_d = take & word_error_i;
        if (take)                          state_d = word_last_i ? SUBS : BODY;
        else if (block_there && wordless)  state_d = GIVE;
      end
      BODY: if (take) begin
        count_d = count_q + 11'd1;
        whole_d = whole_q | final_word;
        more_d  = whole_q;
        if (word_last_i) state_d = SUBS;
      end
      SUBS: begin
        thread_d = thread_q + 2'd1;
        if (thread_q == 2'd3) state_d = GIVE;
      end
      default: if (block_done) begin
        state_d = HEAD;
        lane_d  = (lane_q << 1) | Lanes'(lane_q[Lanes-1]);
        bank_d  = bank_q ^ lane_q[Lanes-1];
      end
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      claim_q  <= Lanes'(1);
      state_q  <= HEAD;
      lane_q   <= Lanes'(1);
      bank_q   <= 1'b0;
      thread_q <= '0;
    end else begin
      if (block_valid_i && block_ready_o) claim_q <= claim_d;
      state_q  <= state_d;
      lane_q   <= lane_d;
      bank_q   <= bank_d;
      thread_q <= thread_d;
    end
  end
  always_ff @(posedge clk_i) begin
    count_q <= count_d;
    whole_q <= whole_d;
    more_q  <= more_d;
    error_q <= error_d;
    if (state_q == HEAD) head_q <= word_data_i;
  end

  // ---- the header, and what follows from it
  logic [1:0]  mode;
  logic [5:0]  traits;
  logic [11:0] words, sub_0, sub_1, sub_2;
  logic [7:0]  number_low;
  assign {number_low, sub_2, sub_1, sub_0, words, traits, mode} = head_q;

  logic [13:0] end_1, end_2;  // where sub-streams 1 and 2 end
  assign end_1 = 14'(sub_0) + 14'(sub_1);
  assign end_2 = end_1 + 14'(sub_2);

  logic [12:0] last_place;  // of the CRC, in 16-bit words
  // Whether it is in the next word is known a cycle ahead: a comparison in front of the CRC is too long.
  logic [10:0] left_q;  // words behind the next one, up to the CRC
  logic        final_q;
  assign last_place = 13'(word_data_i[19:8]) + 13'd1;
  assign final_word = ~whole_q & final_q;
  always_ff @(posedge clk_i) begin
    if (state_q == HEAD) begin
      left_q  <= last_place[12:2];
      final_q <= word_data_i[19:8] < 12'd3;
    end else if (take) begin
      left_q  <= left_q - 11'd1;
      final_q <= left_q == 11'd1;
    end
  end

  // ---- payload
  assign word_write_o = take & (state_q == BODY) & ~whole_q & (count_q[10:AddrWidth] == '0);
  assign word_addr_o  = count_q[AddrWidth-1:0];
  assign word_data_o  = word_data_i;

  // ---- CRC; padding counts as zeros. A message with its checksum leaves a constant, which only
  // depends on how many zeros follow.
  logic [63:0] kept;
  logic [31:0] crc_q, crc_now, crc_next, crc_good;
  assign crc_now = (state_q == HEAD) ? ~(number ^ key_i) : crc_q;
  always_comb begin
    kept = word_data_i;
    case (words[1:0])
      2'd0: begin
        crc_good = 32'h9add2096;
        if (state_q == BODY && final_word) kept[63:32] = '0;
      end
      2'd1: begin
        crc_good = 32'h4e3d5e5c;
        if (state_q == BODY && final_word) kept[63:48] = '0;
      end
      2'd2: crc_good = 32'hdebb20e3;
      default: begin
        crc_good = 32'h1c759789;
        if (state_q == BODY && final_word) kept[63:16] = '0;
      end
    endcase
  end
  hwg_codec_crc #(
    .Width(64)
  ) u_crc (
    .crc_i (crc_now),
    .data_i(kept),
    .crc_o (crc_next)
  );
  always_ff @(posedge clk_i) begin
    if (take && !(state_q == BODY && whole_q)) crc_q <= crc_next;
  end

  // ---- sub-streams, one in each cycle of SUBS; not coded: all from 0 to the end
  logic        coded;
  logic [13:0] sub_begin, sub_end;
  assign coded = mode == CODED;
  always_comb begin
    case (thread_q)
      2'd0:    {sub_begin, sub_end} = {14'd0, 14'(sub_0)};
      2'd1:    {sub_begin, sub_end} = {14'(sub_0), end_1};
      2'd2:    {sub_begin, sub_end} = {end_1, end_2};
      default: {sub_begin, sub_end} = {end_2, 14'(words)};
    endcase
  end
  assign sub_write_o  = state_q == SUBS;
  assign sub_thread_o = thread_q;
  assign sub_begin_o  = sub_begin[PlaceWidth-1:0];
  assign sub_end_o    = coded ? sub_end[PlaceWidth-1:0] : words[PlaceWidth-1:0];
  logic unused_sub;
  assign unused_sub = ^{sub_begin, sub_end, last_place[1:0]};

  // The first byte of each is the state to begin with; that of one without values stays 0.
  if (Coder == 1) begin : gen_states
    logic [31:0] first_d, first_q;
    logic [3:0]  used;
    logic [55:0] begins;
    assign used   = {out_chans_o[11:2] != '0 || out_chans_o[1:0] == 2'd3,
                     out_chans_o[11:1] != '0, out_chans_o != '0, 1'b1};
    assign begins = {end_2, end_1, 14'(sub_0), 14'd0};
    always_comb begin
      first_d = first_q;
      if (state_q == HEAD) first_d = '0;
      for (int t = 0; t < 4; t = t + 1) begin
        if (state_q == BODY && take && !whole_q && used[t]
            && begins[14*t+2 +: 12] == 12'(count_q)) begin
          case (begins[14*t +: 2])
            2'd0:    first_d[8*t +: 8] = word_data_i[7:0];
            2'd1:    first_d[8*t +: 8] = word_data_i[23:16];
            2'd2:    first_d[8*t +: 8] = word_data_i[39:32];
            default: first_d[8*t +: 8] = word_data_i[55:48];
          endcase
        end
      end
    end
    always_ff @(posedge clk_i) first_q <= first_d;
    assign sub_state_o = first_q[8*thread_q +: 8];
  end else begin : gen_no_states
    assign sub_state_o = '0;
  end

  // ---- what is wrong
  logic fits;  // payload and sub-streams
  always_comb begin
    case (mode)
      RAW:     fits = words != '0;
      ZERO:    fits = words == '0;
      default: fits = end_2 <= 14'(words);
    endcase
    if (14'(words) > 14'(4 * Words)) fits = 1'b0;

    if (wordless)                                              out_fault_o = fault_outside;
    else if (error_q)                                          out_fault_o = AXI;
    else if (!whole_q || more_q)                               out_fault_o = LEN;
    else if (mode == RESERVED
             || traits != {set_i, transformed_i, 1'(Coder)})   out_fault_o = MODE;
    else if (number_low != number[7:0])                        out_fault_o = SEQ;
    else if (crc_q != crc_good)                                out_fault_o = CRC;
    else if (!fits)                                            out_fault_o = LEN;
    else                                                       out_fault_o = NONE;
  end
  assign out_mode_o = mode;

endmodule

`default_nettype wire
