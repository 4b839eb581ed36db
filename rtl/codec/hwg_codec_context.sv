// SPDX-License-Identifier: Apache-2.0
/// Chooses the table of each value of a block by the magnitudes round it that are known already.
///
/// Function:   activity = 2 left + 2 up + up-left + up-right (+ weight), magnitudes of the same
///             channel, 0 outside the block; near = the same sum over 1 for each that is not 0. near
///             chooses one of three ladders, the activity the rung. Equal to
///             hwgen.codec.tokens.contexts.
/// Timing:     ctx_o 2 cycles after due_i; the value's magnitude is given Lag cycles after ctx_o,
///             no later than 3 cycles before the next value of its channel is due. Interval 1.
/// Parameters: Lag >= 1; Weighted 0 or 1; Sets a power of two
/// Notes:      What a row needs of the row above is up-left + 2 up + up-right, of magnitudes and of
///             ones. Both are summed when the pixel right of up is known and stored once, at the
///             place of that pixel (behind a row's end: of the next row's first pixel). So one word is
///             read for the row above, and one, {magnitude, magnitude before}, for the pixel to the
///             left.
///             A block of one column has its upper neighbour where others have their left one.
`default_nettype none

module hwg_codec_context #(
  parameter int Lag      = 5,  // cycles from a context to the magnitude
  parameter int Weighted = 0,  // 1: a weight by channel is added (transformed tensors)
  parameter int Sets     = 1,  // table sets, each with weights of its own
  localparam int SetWidth = (Sets > 1) ? $clog2(Sets) : 1
) (
  input  wire logic                clk_i,
  input  wire logic                rst_ni,
  // weights: 128 a set
  input  wire logic                weight_write_i,
  input  wire logic [SetWidth+6:0] weight_addr_i,
  input  wire logic [7:0]          weight_data_i,
  // a value is due
  input  wire logic                due_i,
  input  wire logic                last_i,       // the last one of its block
  input  wire logic                first_row_i,
  input  wire logic                first_col_i,
  input  wire logic                one_col_i,    // the block is one column wide
  input  wire logic [10:0]         chans_i,      // channels - 1, modulo 2048
  input  wire logic [6:0]          chan_i,       // channel mod 128
  input  wire logic [SetWidth-1:0] set_i,
  // its context, and later its magnitude, at most 127
  output logic      [3:0]          ctx_o,
  input  wire logic [6:0]          mag_i
);

  if (Lag < 1) begin : gen_check_lag
    initial $fatal(1, "hwg_codec_context: Lag must be >= 1");
  end
  if (Sets < 1 || (Sets & (Sets - 1)) != 0) begin : gen_check_sets
    initial $fatal(1, "hwg_codec_context: Sets must be a power of two");
  end
  if (Weighted < 0 || Weighted > 1) begin : gen_check_weighted
    initial $fatal(1, "hwg_codec_context: Weighted must be 0 or 1");
  end

  // Values are numbered within the block from -1 on, modulo the depth of the memories: blocks of
  // more than one row hold at most 2048 values a row, those of more than one pixel at most 2048
  // channels.
  localparam int ADDR_WIDTH = 11;
  localparam int DEPTH      = 1 << ADDR_WIDTH;

  logic [ADDR_WIDTH-1:0] here_d, here_q;    // number of the value that is due
  logic [ADDR_WIDTH-1:0] left_d, left_q;    // of its left neighbour
  logic [ADDR_WIDTH-1:0] above_d, above_q;  // where the sum of the row above is
  logic                  first_pixel;
  assign first_pixel = first_row_i & first_col_i;

  always_comb begin
    here_d  = here_q + ADDR_WIDTH'(1);
    left_d  = left_q + ADDR_WIDTH'(1);
    above_d = above_q + ADDR_WIDTH'(1);
    if (last_i)      here_d  = '1;
    if (first_pixel) left_d  = '1;
    if (first_row_i) above_d = chans_i;
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni)    here_q <= '1;
    else if (due_i) here_q <= here_d;
  end
  always_ff @(posedge clk_i) begin
    if (due_i) left_q <= left_d;
  end
  always_ff @(posedge clk_i) begin
    if (due_i) above_q <= above_d;
  end

  // Memories: {magnitude, the one to its left} of a value; sums {ones, magnitudes} for the row below.
  logic                  store;
  logic [ADDR_WIDTH-1:0] store_addr;
  logic [13:0]           store_pair, pair;
  logic [11:0]           store_sums, sums;

  hwg_codec_table #(
    .Width(14),
    .Depth(DEPTH)
  ) u_pairs (
    .clk_i       (clk_i),
    .write_i     (store),
    .write_addr_i(store_addr),
    .write_data_i(store_pair),
    .addr_i      (left_q),
    .data_o      (pair)
  );

  hwg_codec_table #(
    .Width(12),
    .Depth(DEPTH)
  ) u_sums (
    .clk_i       (clk_i),
    .write_i     (store),
    .write_addr_i(store_addr),
    .write_data_i(store_sums),
    .addr_i      (above_q),
    .data_o      (sums)
  );

  // One cycle on: the sums over all four neighbours.
  logic        left_known_q, above_known_q, first_col_q, fresh_q;
  logic [6:0]  left;
  logic [11:0] above;
  logic [9:0]  activity, activity_q;
  logic [2:0]  near, near_q;
  logic [13:0] pair_q;
  always_ff @(posedge clk_i) begin
    left_known_q  <= one_col_i ? ~first_row_i : ~first_col_i;
    above_known_q <= ~first_row_i & ~one_col_i;
    first_col_q   <= first_col_i;
  end
  assign left     = pair[13:7] & {7{left_known_q}};
  assign above    = sums & {12{above_known_q}};
  assign activity = 10'({left, 1'b0}) + 10'(above[8:0]);
  assign near     = {|left, 1'b0} + above[11:9];

  if (Weighted != 0) begin : gen_weighted
    logic [7:0] weight;
    hwg_codec_table #(
      .Width(8),
      .Depth(128 << SetWidth)
    ) u_weights (
      .clk_i       (clk_i),
      .write_i     (weight_write_i),
      .write_addr_i(weight_addr_i),
      .write_data_i(weight_data_i),
      .addr_i      ({set_i, chan_i}),
      .data_o      (weight)
    );
    always_ff @(posedge clk_i) activity_q <= activity + 10'(weight);
  end else begin : gen_plain
    logic unused_weights;
    assign unused_weights = ^{weight_write_i, weight_addr_i, weight_data_i, chan_i, set_i};
    always_ff @(posedge clk_i) activity_q <= activity;
  end
  always_ff @(posedge clk_i) begin
    near_q  <= near;
    pair_q  <= pair;
    fresh_q <= first_col_q;
  end

  // Another cycle on: the context. Each comparison with a threshold is written out in bits.
  logic from_3, from_4, from_8, from_16, from_24, from_32, from_48, from_96, from_384;
  assign from_3   = from_4 | (&activity_q[1:0]);
  assign from_4   = |activity_q[9:2];
  assign from_8   = |activity_q[9:3];
  assign from_16  = |activity_q[9:4];
  assign from_24  = from_32 | (&activity_q[4:3]);
  assign from_32  = |activity_q[9:5];
  assign from_48  = (|activity_q[9:6]) | (&activity_q[5:4]);
  assign from_96  = (|activity_q[9:7]) | (&activity_q[6:5]);
  assign from_384 = activity_q[9] | (&activity_q[8:7]);
  always_comb begin
    if (near_q <= 3'd1) begin
      ctx_o = from_3 ? 4'd2 : (activity_q != '0) ? 4'd1 : 4'd0;
    end else if (near_q <= 3'd4) begin
      ctx_o = from_48 ? 4'd7 : from_16 ? 4'd6 : from_8 ? 4'd5 : from_4 ? 4'd4 : 4'd3;
    end else begin
      ctx_o = from_384 ? 4'd15 : from_96 ? 4'd14 : from_48 ? 4'd13 : from_32 ? 4'd12
            : from_24 ? 4'd11 : from_16 ? 4'd10 : from_8 ? 4'd9 : 4'd8;
    end
  end

  // Lag cycles on: what the value's own neighbours will need.
  logic [6:0] left_late, before_late, mag;
  logic       fresh_late;
  hwg_valid #(
    .Cycles(Lag + 2)
  ) u_block_buffer (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(due_i),
    .valid_o(store)
  );
  hwg_delay #(
    .Width (ADDR_WIDTH),
    .Cycles(Lag + 2)
  ) u_here (
    .clk_i (clk_i),
    .data_i(here_q),
    .data_o(store_addr)
  );
  hwg_delay #(
    .Width (15),
    .Cycles(Lag)
  ) u_pair (
    .clk_i (clk_i),
    .data_i({fresh_q, pair_q}),
    .data_o({fresh_late, left_late, before_late})
  );
  // In a row's first pixel "left" is the last pixel of the row before, which has none to its right.
  assign mag        = fresh_late ? 7'd0 : mag_i;
  assign store_pair = {mag_i, fresh_late ? 7'd0 : left_late};
  assign store_sums = {3'(|before_late) + {1'b0, |left_late, 1'b0} + 3'(|mag),
                       9'(before_late) + {1'b0, left_late, 1'b0} + 9'(mag)};

endmodule

`default_nettype wire
