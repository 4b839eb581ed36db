// SPDX-License-Identifier: Apache-2.0
/// Takes words of several values and gives the values one by one.
///
/// Function:   the first in_count_i values of each word, the lowest first, none lost, none doubled
/// Timing:     first value 3 cycles behind its word; then one a cycle, but that a word takes 2 cycles
/// Parameters: Lanes, Bits >= 1; Depth >= 4 * Lanes: values that wait, of which as many words are
///             used as the next lower power of two
`default_nettype none

module hwg_codec_gather #(
  parameter int Lanes = 4,     // values of a word
  parameter int Bits  = 14,    // of a value
  parameter int Depth = 4096,  // values
  localparam int CountWidth = $clog2(Lanes + 1)
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  // words
  input  wire logic                  in_valid_i,
  output logic                       in_ready_o,
  input  wire logic [Lanes*Bits-1:0] in_data_i,
  input  wire logic [CountWidth-1:0] in_count_i,  // 1 to Lanes
  // values
  output logic                       out_valid_o,
  input  wire logic                  out_ready_i,
  output logic      [Bits-1:0]       out_value_o
);

  if (Lanes < 1) begin : gen_check_lanes
    initial $fatal(1, "hwg_codec_gather: Lanes must be >= 1");
  end
  if (Bits < 1) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_gather: Bits must be >= 1");
  end
  if (Depth < 4 || Depth < 4 * Lanes) begin : gen_check_depth
    initial $fatal(1, "hwg_codec_gather: Depth must be >= 4 * Lanes");
  end

  localparam int ADDR_WIDTH = $clog2(Depth / Lanes + 1) - 1;
  localparam int WORD_WIDTH = CountWidth + Lanes * Bits;
  logic [ADDR_WIDTH:0]   head_q, tail_q, used;  // one bit more than an address
  logic [WORD_WIDTH-1:0] there;
  logic                  push, move, have_q, valid_q;
  logic [Lanes*Bits-1:0] word_q;
  logic [CountWidth-1:0] count_q, place_q;
  assign used       = tail_q - head_q;
  assign in_ready_o = ~used[ADDR_WIDTH];
  assign push       = in_valid_i & in_ready_o;
  hwg_codec_table #(
    .Width(WORD_WIDTH),
    .Depth(1 << ADDR_WIDTH)
  ) u_bank (
    .clk_i       (clk_i),
    .write_i     (push),
    .write_addr_i(tail_q[ADDR_WIDTH-1:0]),
    .write_data_i({in_count_i, in_data_i}),
    .addr_i      (head_q[ADDR_WIDTH-1:0]),
    .data_o      (there)
  );

  // The memory's output shows the next word; this one is in a register.
  logic taken, last;
  assign last        = place_q == count_q - CountWidth'(1);
  assign taken       = valid_q & out_ready_i;
  assign move        = have_q & (~valid_q | (taken & last));
  assign out_valid_o = valid_q;
  assign out_value_o = word_q[place_q*Bits +: Bits];
  always_ff @(posedge clk_i) begin
    if (move) {count_q, word_q} <= there;
    if (!rst_ni) begin
      head_q  <= '0;
      tail_q  <= '0;
      have_q  <= 1'b0;
      valid_q <= 1'b0;
      place_q <= '0;
    end else begin
      head_q  <= head_q + (ADDR_WIDTH + 1)'(move);
      tail_q  <= tail_q + (ADDR_WIDTH + 1)'(push);
      have_q  <= ~move & (used != '0);
      valid_q <= move | (valid_q & ~(taken & last));
      if (taken) place_q <= last ? '0 : place_q + CountWidth'(1);
    end
  end

endmodule

`default_nettype wire
