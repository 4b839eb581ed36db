// SPDX-License-Identifier: Apache-2.0
/// Keeps decoded values until their block is judged, and gives them Lanes at a time.
///
/// Function:   values of a block in words of Lanes values, the first one lowest; a block begins with
///             a new word. What is said of a block (its note) comes out beside its last word.
/// Timing:     a word 1 cycle after its read; interval 1
/// Parameters: Lanes, Bits, NoteWidth >= 1; Depth >= 16, of which as many words are used as the next
///             lower power of two: 4 at least, and 16 values more than a block
/// Notes:      With all_i (strict) a block is read when its note has come. Without it each word is
///             read as soon as it is there, but for the last one, which waits for the note. A strict
///             store must hold the largest block, or two of them if the next one is to be written
///             while the first one is read.
///             The note is expected 2 cycles or more behind the block's last value, and earlier than
///             1 cycle behind the last value of the block after.
`default_nettype none

module hwg_codec_block_buffer #(
  parameter int Lanes     = 1,     // values in a word
  parameter int Bits      = 14,    // of a value
  parameter int Depth     = 8192,  // values
  parameter int NoteWidth = 4,     // bits said of a block
  localparam int CountWidth = $clog2(Lanes + 1)
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  // values of a lane
  output logic                       space_o,  // there is room for 16 more
  input  wire logic                  in_valid_i,
  input  wire logic [Bits-1:0]       in_value_i,
  input  wire logic                  in_last_i,
  input  wire logic                  note_valid_i,
  input  wire logic [NoteWidth-1:0]  note_i,
  // words
  input  wire logic                  all_i,
  output logic                       out_valid_o,
  input  wire logic                  out_read_i,
  output logic                       out_last_o,
  output logic      [CountWidth-1:0] out_count_o,  // values of the word
  output logic      [NoteWidth-1:0]  out_note_o,   // of the block; strict: with every word
  output logic      [Lanes*Bits-1:0] out_data_o    // a cycle after the read
);

  localparam int WORD_WIDTH = $clog2(Depth / Lanes + 1) - 1;
  localparam int WORDS     = 1 << WORD_WIDTH;
  localparam int MARGIN    = (16 + Lanes - 1) / Lanes + 2;
  localparam int BLOCKS    = 8;  // in the store at once

  if (Lanes < 1) begin : gen_check_lanes
    initial $fatal(1, "hwg_codec_block_buffer: Lanes must be >= 1");
  end
  if (Bits < 1) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_block_buffer: Bits must be >= 1");
  end
  if (NoteWidth < 1) begin : gen_check_note
    initial $fatal(1, "hwg_codec_block_buffer: NoteWidth must be >= 1");
  end
  if (Depth < 16 || WORDS <= MARGIN) begin : gen_check_depth
    initial $fatal(1, "hwg_codec_block_buffer: Depth is too small");
  end

  // ---- values become words
  logic                  push_q, end_q;
  logic [Lanes*Bits-1:0] word_q;
  logic [CountWidth-1:0] count_q;  // values of the word that is pushed
  if (Lanes == 1) begin : gen_one
    always_ff @(posedge clk_i) begin
      if (in_valid_i) word_q <= in_value_i;
      count_q <= CountWidth'(1);
      if (!rst_ni) push_q <= 1'b0;
      else         push_q <= in_valid_i;
    end
  end else begin : gen_many
    localparam int PLACE_WIDTH = $clog2(Lanes);
    logic [PLACE_WIDTH-1:0] place_q;
    logic                   full;
    assign full = in_valid_i & (in_last_i | (place_q == PLACE_WIDTH'(Lanes - 1)));
    always_ff @(posedge clk_i) begin
      for (int i = 0; i < Lanes; i = i + 1) begin
        if (place_q == PLACE_WIDTH'(i)) word_q[i*Bits +: Bits] <= in_value_i;
      end
      count_q <= CountWidth'(place_q) + CountWidth'(1);
      if (!rst_ni) begin
        push_q  <= 1'b0;
        place_q <= '0;
      end else begin
        push_q <= full;
        if (full)            place_q <= '0;
        else if (in_valid_i) place_q <= place_q + PLACE_WIDTH'(1);
      end
    end
  end
  always_ff @(posedge clk_i) end_q <= in_valid_i & in_last_i;

  // ---- the memory
  logic [Lanes*Bits-1:0] mem_q [0:WORDS-1];
  logic [WORD_WIDTH:0]    head_d, head_q, tail_d, tail_q;  // one bit more than an address
  logic [WORD_WIDTH:0]    used;
  assign used   = tail_q - head_q;
  assign head_d = head_q + (WORD_WIDTH + 1)'(out_read_i);
  assign tail_d = tail_q + (WORD_WIDTH + 1)'(push_q);
  always_ff @(posedge clk_i) begin
    if (push_q) mem_q[tail_q[WORD_WIDTH-1:0]] <= word_q;
  end
  always_ff @(posedge clk_i) out_data_o <= mem_q[head_q[WORD_WIDTH-1:0]];

  // ---- where blocks end, and what is said of them
  logic                  ends_valid, ends_ready, notes_valid, notes_ready, read_last;
  logic [WORD_WIDTH:0]    end_place;
  logic [CountWidth-1:0] end_count;
  hwg_fifo #(
    .Width(WORD_WIDTH + 1 + CountWidth),
    .Depth(BLOCKS)
  ) u_ends (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (push_q & end_q),
    .in_ready_o (ends_ready),
    .in_data_i  ({tail_q, count_q}),
    .out_valid_o(ends_valid),
    .out_ready_i(read_last),
    .out_data_o ({end_place, end_count})
  );
  hwg_fifo #(
    .Width(NoteWidth),
    .Depth(BLOCKS)
  ) u_notes (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (note_valid_i),
    .in_ready_o (notes_ready),
    .in_data_i  (note_i),
    .out_valid_o(notes_valid),
    .out_ready_i(read_last),
    .out_data_o (out_note_o)
  );
  assign out_last_o  = ends_valid & (end_place == head_q);
  assign out_count_o = out_last_o ? end_count : CountWidth'(Lanes);
  assign out_valid_o = (used != '0) & (notes_valid | ~(all_i | out_last_o));
  assign read_last   = out_read_i & out_last_o;

  // ---- room: for values on their way, and for their blocks
  localparam int BLOCK_WIDTH = $clog2(BLOCKS + 1);
  logic [BLOCK_WIDTH-1:0] blocks_d, blocks_q;
  logic                   ended;
  assign ended = push_q & end_q;
  always_comb begin
    blocks_d = blocks_q;
    if (ended && !read_last)      blocks_d = blocks_q + BLOCK_WIDTH'(1);
    else if (read_last && !ended) blocks_d = blocks_q - BLOCK_WIDTH'(1);
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      head_q   <= '0;
      tail_q   <= '0;
      blocks_q <= '0;
      space_o  <= 1'b0;
    end else begin
      head_q   <= head_d;
      tail_q   <= tail_d;
      blocks_q <= blocks_d;
      space_o  <= (used <= (WORD_WIDTH + 1)'(WORDS - MARGIN)) & (blocks_q <= BLOCK_WIDTH'(4));
    end
  end

`ifdef HWG_ASSERT
  always @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!push_q || used != (WORD_WIDTH + 1)'(WORDS));
      assert (!ended || ends_ready);
      assert (!note_valid_i || notes_ready);
      assert (!out_read_i || out_valid_o);
    end
  end
`else
  logic unused_ready;  // space_o keeps enough of both
  assign unused_ready = ends_ready & notes_ready;
`endif

endmodule

`default_nettype wire
