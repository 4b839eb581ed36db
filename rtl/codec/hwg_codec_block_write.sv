// SPDX-License-Identifier: Apache-2.0
/// Writes a block: header, payload, checksum, zeros up to 64 bits.
///
/// Function:   a zero, coded or raw block, whichever is shortest, as hwgen.codec.block.encode_block
/// Timing:     16 bits a cycle, and some 7 cycles a block beside that
/// Parameters: Coder 0 or 1; Words a power of two >= 4, of the strings' ring; Raws a power of two
///             >= 4, words of 16 bits that a raw block may take
/// Notes:      The strings are those of hwg_codec_pack, in the ring where it left them: a word leads
///             to the next one.
`default_nettype none

module hwg_codec_block_write #(
  parameter int Coder  = 1,     // 0: Huffman, 1: tANS
  parameter int Words  = 2048,  // of the strings' ring
  parameter int Raws   = 4096,  // 16-bit words of a raw block, at most
  localparam int AddrWidth  = $clog2(Words),
  localparam int RawWidth   = $clog2(Raws)
) (
  input  wire logic                    clk_i,
  input  wire logic                    rst_ni,
  // format
  input  wire logic [3:0]              set_i,
  input  wire logic                    transformed_i,
  input  wire logic [31:0]             key_i,
  // block
  input  wire logic                    block_valid_i,
  output logic                         block_ready_o,   // it is written: its bank is free
  input  wire logic [31:0]             block_number_i,
  input  wire logic                    block_final_i,
  input  wire logic [11:0]             block_words_i,   // of 16 bits, if raw
  input  wire logic                    block_any_i,     // some value is not 0
  input  wire logic                    block_strung_i,  // there are strings
  // with it, if there are: strings, as hwg_codec_pack tells of them
  input  wire logic [4*AddrWidth-1:0]  string_heads_i,
  input  wire logic [4*13-1:0]         string_halves_i,
  input  wire logic [4*4-1:0]          string_cuts_i,
  input  wire logic [13:0]             string_total_i,  // halves of all
  input  wire logic                    string_lost_i,
  // memories, a cycle behind their address
  output logic      [RawWidth-1:0]     raw_addr_o,
  input  wire logic [15:0]             raw_i,
  output logic      [AddrWidth-1:0]    word_addr_o,
  input  wire logic [31:0]             word_i,
  input  wire logic [AddrWidth-1:0]    word_next_i,
  // out: blocks, and their words
  output logic                         out_block_valid_o,
  input  wire logic                    out_block_ready_i,
  output logic      [10:0]             out_block_words_o,
  output logic      [1:0]              out_block_mode_o,
  output logic                         out_block_final_o,
  output logic                         out_valid_o,
  input  wire logic                    out_ready_i,
  output logic      [63:0]             out_data_o,
  output logic                         out_last_o      // of the block
);

  if (Coder < 0 || Coder > 1) begin : gen_check_coder
    initial $fatal(1, "hwg_codec_block_write: Coder must be 0 or 1");
  end
  if (Words < 4 || (Words & (Words - 1)) != 0) begin : gen_check_words
    initial $fatal(1, "hwg_codec_block_write: Words must be a power of two >= 4");
  end
  if (Raws < 4) begin : gen_check_raws
    initial $fatal(1, "hwg_codec_block_write: Raws must be >= 4");
  end

  localparam logic [1:0] RAW = 2'd0, ZERO = 2'd1, CODED = 2'd2;  // hwgen.codec.wire.Mode

  // ---- what the block will be
  logic [1:0]  mode;
  logic        shorter;
  logic [11:0] words;  // of 16 bits
  logic [12:0] sum;
  logic [63:0] header;
  assign shorter = block_strung_i & ~string_lost_i & (string_total_i < 14'(block_words_i));
  assign mode    = ~block_any_i ? ZERO : shorter ? CODED : RAW;
  assign words   = ~block_any_i ? '0 : shorter ? string_total_i[11:0] : block_words_i;
  assign sum     = 13'(words) + 13'd9;
  assign header  = {block_number_i[7:0],
                    shorter ? {string_halves_i[37:26], string_halves_i[24:13], string_halves_i[11:0]}
                            : 36'd0,
                    words, set_i, transformed_i, 1'(Coder), mode};
  assign out_block_words_o = sum[12:2];
  assign out_block_mode_o  = mode;
  assign out_block_final_o = block_final_i;

  // ---- what is done next: a step a cycle while there is room for what it gives
  localparam logic [2:0] REST = 3'd0, TELL = 3'd1, HEAD = 3'd2, BODY = 3'd3, ALIGN = 3'd4,
                         CHECK = 3'd5, PAD = 3'd6, DONE = 3'd7;
  logic [2:0]            state_d, state_q;
  logic                  room, last_step;
  logic [1:0]            thread_d, thread_q, part_d, part_q, spare;
  logic [RawWidth-1:0]   raw_d, raw_q;
  logic [12:0]           half_d, half_q, halves;  // of the string so far, in all
  logic [3:0]            cut;
  logic                  first, upper_d, upper_q;
  logic [AddrWidth-1:0]  addr_q;
  assign spare  = 2'd2 - words[1:0];  // halves up to 64 bits, behind 4 + words + 2
  assign halves = string_halves_i[13*thread_q +: 13];
  assign cut    = string_cuts_i[4*thread_q +: 4];
  assign first  = half_q == '0;
  // With an odd number of halves, the first word has its bits in the upper one.
  logic upper;
  assign upper       = first ? halves[0] : upper_q;
  // Where the next word lies, the one before says, a cycle after its address.
  logic same_q;
  assign word_addr_o = first ? string_heads_i[AddrWidth*thread_q +: AddrWidth]
                     : same_q ? addr_q : word_next_i;
  assign raw_addr_o        = raw_q;
  assign out_block_valid_o = state_q == TELL;
  assign block_ready_o     = state_q == DONE;
  logic unused_sum;
  assign unused_sum = ^{sum[1:0], string_halves_i};

  always_comb begin
    state_d   = state_q;
    thread_d  = thread_q;
    part_d    = part_q;
    raw_d     = raw_q;
    half_d    = half_q;
    upper_d   = upper_q;
    last_step = 1'b0;
    case (state_q)
      REST: begin
        raw_d  = '0;
        half_d = '0;
        part_d = '0;
        if (block_valid_i) state_d = TELL;
      end
      TELL: if (out_block_ready_i) state_d = HEAD;
      HEAD: if (room) begin
        part_d = part_q + 2'd1;
        if (part_q == 2'd3) state_d = (mode == ZERO) ? CHECK : BODY;
      end
      BODY: if (room) begin
        if (mode == RAW) begin
          raw_d = raw_q + RawWidth'(1);
          if (13'(raw_q) + 13'd1 == 13'(words)) state_d = CHECK;
        end else begin
          half_d  = half_q + 13'd1;
          upper_d = ~upper;
          if (half_d >= halves) state_d = ALIGN;
        end
      end
      ALIGN: if (room) begin
        half_d   = '0;
        thread_d = thread_q + 2'd1;
        state_d  = (thread_q == 2'd3) ? CHECK : BODY;
      end
      CHECK: if (room) begin
        part_d = part_q ^ 2'd1;
        if (part_q[0]) begin
          part_d    = spare;
          last_step = spare == '0;
          state_d   = last_step ? DONE : PAD;
        end
      end
      PAD: if (room) begin
        part_d    = part_q - 2'd1;
        last_step = part_q == 2'd1;
        if (last_step) state_d = DONE;
      end
      default: state_d = REST;
    endcase
  end

  // ---- stage 1: what came from memory, late in its cycle
  logic [2:0]  state_1_q, state_s_q, state_j_q, state_2_q;
  logic        valid_1_q, valid_s_q, valid_j_q, valid_2_q, last_1_q, last_s_q, last_j_q, last_2_q;
  logic [1:0]  part_1_q;
  logic        part_s_q, part_j_q, part_2_q;
  logic        upper_1_q, none_1_q, strung;
  logic [3:0]  cut_1_q;       // bits of a string's first half, 0 for all
  logic [15:0] half, found, found_q;
  logic [4:0]  len, len_s_q;  // bits of it that count, the highest ones
  always_ff @(posedge clk_i) begin
    state_1_q <= state_q;
    part_1_q  <= part_q;
    last_1_q  <= last_step;
    upper_1_q <= upper;
    cut_1_q   <= first ? cut : 4'd0;
    none_1_q  <= halves == '0;
  end
  assign half   = upper_1_q ? word_i[31:16] : word_i[15:0];
  assign strung = (state_1_q == BODY) & (mode != RAW);
  always_comb begin
    case (state_1_q)
      HEAD:    found = header[16*part_1_q +: 16];
      BODY:    found = (mode == RAW) ? raw_i : half;
      default: found = '0;
    endcase
    if (state_1_q == ALIGN || (strung && none_1_q)) len = 5'd0;
    else if (strung && cut_1_q != '0)               len = 5'(cut_1_q);
    else                                            len = 5'd16;
  end

  // ---- stage s: the bits that count
  logic [15:0] piece_q;
  logic [4:0]  len_q;
  logic        align_q;
  always_ff @(posedge clk_i) begin
    found_q   <= found;
    len_s_q   <= len;
    state_s_q <= state_1_q;
    part_s_q  <= part_1_q[0];
    last_s_q  <= last_1_q;
    piece_q   <= found_q >> (5'd16 - len_s_q);
    len_q     <= len_s_q;
    align_q   <= state_s_q == ALIGN;
    state_j_q <= state_s_q;
    part_j_q  <= part_s_q;
    last_j_q  <= last_s_q;
  end

  // ---- stage j: pieces are joined to halves
  logic [15:0] kept_d, kept_q, half_2_q;
  logic [4:0]  filled;
  logic [3:0]  held_d, held_q;
  logic [30:0] joined;
  always_comb begin
    filled = 5'(held_q) + len_q;
    joined = 31'(kept_q) | (31'(piece_q) << held_q);
    held_d = filled[3:0];
    kept_d = filled[4] ? 16'(joined[30:16]) : joined[15:0];
    if (align_q) begin
      held_d = '0;
      kept_d = '0;
    end
  end

  // ---- stage 2: the checksum; halves become words
  logic        full, whole;
  logic [15:0] written;
  logic [31:0] crc_q, crc_now, crc_next;
  logic [47:0] halves_2_q;
  logic [1:0]  phase_q;
  assign full    = filled[4] | (align_q && held_q != '0);
  assign crc_now = (state_2_q == HEAD && phase_q == 2'd0) ? ~(block_number_i ^ key_i) : crc_q;
  hwg_codec_crc #(
    .Width(16)
  ) u_crc (
    .crc_i (crc_now),
    .data_i(half_2_q),
    .crc_o (crc_next)
  );
  assign written = (state_2_q == CHECK) ? (part_2_q ? ~crc_q[31:16] : ~crc_q[15:0]) : half_2_q;
  assign whole   = valid_2_q & (phase_q == 2'd3);
  always_ff @(posedge clk_i) begin
    half_2_q  <= joined[15:0];
    state_2_q <= state_j_q;
    part_2_q  <= part_j_q;
    last_2_q  <= last_j_q;
    if (valid_2_q && state_2_q != CHECK) crc_q <= crc_next;
    if (valid_2_q) halves_2_q <= {written, halves_2_q[47:16]};
  end

  // ---- words wait; there must be room for one more than is known of
  logic [2:0] waiting_d, waiting_q;
  logic       out_ready;
  assign room      = waiting_q <= 3'd2;
  assign waiting_d = waiting_q + 3'(whole) - 3'(out_valid_o & out_ready_i);
  hwg_fifo #(
    .Width(65),
    .Depth(4)
  ) u_bank (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (whole),
    .in_ready_o (out_ready),
    .in_data_i  ({last_2_q, written, halves_2_q}),
    .out_valid_o(out_valid_o),
    .out_ready_i(out_ready_i),
    .out_data_o ({out_last_o, out_data_o})
  );
  logic unused_ready;
  assign unused_ready = out_ready;

  always_ff @(posedge clk_i) begin
    part_q  <= part_d;
    raw_q   <= raw_d;
    half_q  <= half_d;
    upper_q <= upper_d;
    addr_q  <= word_addr_o;
    same_q  <= ~(room & (state_q == BODY) & upper);
    if (!rst_ni) begin
      state_q   <= REST;
      thread_q  <= '0;
      valid_1_q <= 1'b0;
      valid_s_q <= 1'b0;
      valid_j_q <= 1'b0;
      valid_2_q <= 1'b0;
      held_q    <= '0;
      kept_q    <= '0;
      phase_q   <= '0;
      waiting_q <= '0;
    end else begin
      state_q   <= state_d;
      thread_q  <= thread_d;
      valid_1_q <= room & (state_q != REST) & (state_q != TELL) & (state_q != DONE);
      valid_s_q <= valid_1_q;
      valid_j_q <= valid_s_q;
      valid_2_q <= valid_j_q & full;
      if (valid_j_q) held_q <= held_d;
      if (valid_j_q) kept_q <= kept_d;
      phase_q   <= phase_q + 2'(valid_2_q);
      waiting_q <= waiting_d;
    end
  end

endmodule

`default_nettype wire
