// SPDX-License-Identifier: Apache-2.0
/// Strings the pieces of four threads, which take turns, together from their ends.
///
/// Function:   each piece of a thread goes in front of those before it; words of 32 bits are filled
///             from the highest bit on. Words go one behind the other into a ring that all threads
///             share, each with the place of its thread's word before. A flush ends a string: what is
///             left becomes a short word, its bits the upper ones.
/// Timing:     words 2 cycles after their last piece; interval 1, each 4th turn of the same thread
/// Parameters: Words a power of two >= 4, of the ring
/// Notes:      A string is read from the word that was written last, along the places: from its
///             beginning. When the whole words of a block hold as many bits as it has raw, no more
///             are written: the block is lost to coding (lost_o).
`default_nettype none

module hwg_codec_pack #(
  parameter int Words = 2048,  // of the ring
  localparam int AddrWidth = $clog2(Words)
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,
  // pieces
  input  wire logic [24:0]          piece_i,  // bits from len_i on are 0
  input  wire logic [4:0]           len_i,    // 0: none
  input  wire logic                 block_i,  // the first turn of a block
  input  wire logic                 start_i,  // the thread's first turn of a block
  input  wire logic                 flush_i,  // its last one; comes without a piece
  // a cycle later
  input  wire logic [11:0]          limit_i,  // 16-bit words of the block, if raw
  // 2 cycles later: words
  output logic                      write_o,
  output logic      [AddrWidth-1:0] write_addr_o,
  output logic      [31:0]          word_o,
  output logic      [AddrWidth-1:0] before_o,
  output logic      [AddrWidth:0]   used_o,   // places used since reset, modulo 2 * Words
  // with a flush, the string: its first word's place, its bits in words of 16, in the first of them
  output logic      [AddrWidth-1:0] head_o,
  output logic      [12:0]          halves_o,
  output logic      [3:0]           cut_o,    // 0: 16
  output logic                      lost_o
);

  if (Words < 4 || (Words & (Words - 1)) != 0) begin : gen_check_words
    initial $fatal(1, "hwg_codec_pack: Words must be a power of two >= 4");
  end

  // ---- stage 0: how many bits wait says where the piece goes
  logic [4:0]  held, held_0_q, held_1_q, held_2_q, held_3_q, left_q;
  logic [5:0]  sum, shift;
  logic [63:0] placed_q;
  logic        full_q, flush_q, start_q, block_q;
  assign held  = start_i ? 5'd0 : held_0_q;
  assign sum   = 6'(held) + 6'(len_i);
  assign shift = 6'd0 - sum;  // 64 less the sum; where that is 0 there is no piece
  always_ff @(posedge clk_i) begin
    placed_q <= 64'(piece_i) << shift;
    full_q   <= sum[5];
    flush_q  <= flush_i;
    start_q  <= start_i;
    block_q  <= block_i;
    left_q   <= held;
    held_1_q <= sum[4:0];
    held_2_q <= held_1_q;
    held_3_q <= held_2_q;
    held_0_q <= held_3_q;
  end

  // ---- stage 1: the bits that wait; words of the string so far, and the last one's place
  logic [31:0]          bits, bits_1_q, bits_2_q, bits_3_q, bits_4_q;
  logic [11:0]          whole, whole_1_q, whole_2_q, whole_3_q, whole_4_q;
  logic [AddrWidth-1:0] last_1_q, last_2_q, last_3_q, last_4_q;
  logic [AddrWidth:0]   free_q;
  logic [11:0]          count, count_q;  // whole words of the block
  logic [63:0]          joined;
  logic                 emit, lost;
  logic [1:0]           short_halves;
  assign bits         = start_q ? '0 : bits_1_q;
  assign whole        = start_q ? '0 : whole_1_q;
  assign count        = block_q ? '0 : count_q;
  assign lost         = {count, 1'b0} >= 13'(limit_i);
  assign emit         = (full_q | (flush_q & (left_q != '0))) & ~lost;
  assign joined       = {bits, 32'd0} | placed_q;
  assign short_halves = (left_q > 5'd16) ? 2'd2 : 2'(left_q != '0);
  always_ff @(posedge clk_i) begin
    bits_2_q     <= full_q ? joined[31:0] : joined[63:32];
    bits_3_q     <= bits_2_q;
    bits_4_q     <= bits_3_q;
    bits_1_q     <= bits_4_q;
    whole_2_q    <= whole + 12'(full_q);
    whole_3_q    <= whole_2_q;
    whole_4_q    <= whole_3_q;
    whole_1_q    <= whole_4_q;
    last_2_q     <= emit ? free_q[AddrWidth-1:0] : last_1_q;
    last_3_q     <= last_2_q;
    last_4_q     <= last_3_q;
    last_1_q     <= last_4_q;
    count_q      <= lost ? count : count + 12'(full_q);
    word_o       <= joined[63:32];
    before_o     <= last_1_q;
    write_addr_o <= free_q[AddrWidth-1:0];
    head_o       <= emit ? free_q[AddrWidth-1:0] : last_1_q;
    halves_o     <= {whole, 1'b0} + 13'(short_halves);
    cut_o        <= left_q[3:0];
    lost_o       <= lost;
  end
  assign used_o = free_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      write_o <= 1'b0;
      free_q  <= '0;
    end else begin
      write_o <= emit;
      free_q  <= free_q + (AddrWidth + 1)'(emit);
    end
  end

endmodule

`default_nettype wire
