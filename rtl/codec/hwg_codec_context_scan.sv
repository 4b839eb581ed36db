// SPDX-License-Identifier: Apache-2.0
/// Takes the values of blocks and tells the context of each.
///
/// Function:   coded_o = the value, or its zig-zag (0, -1, 1, -2, ... as 0, 1, 2, 3, ...) if
///             signed_i, cut to bits_i bits; ctx_o = its context. Equal to
///             hwgen.codec.tokens.unsigned and contexts.
/// Timing:     latency 3; interval 1, but a pixel takes 4 cycles at least
/// Parameters: 1 <= Bits <= 15; Sets a power of two; Weighted 0 or 1
/// Notes:      A block is taken when go_i says that there is room for it. done_o comes with its last
///             value: how many it has, how many words of 16 bits they would take raw, whether any is
///             not 0.
`default_nettype none

module hwg_codec_context_scan #(
  parameter int Bits     = 14,  // of the widest values
  parameter int Sets     = 1,   // table sets
  parameter int Weighted = 0,   // 1: transformed tensors, with context weights
  localparam int SetWidth = (Sets > 1) ? $clog2(Sets) : 1
) (
  input  wire logic                clk_i,
  input  wire logic                rst_ni,
  // weights
  input  wire logic                weight_write_i,
  input  wire logic [SetWidth+6:0] weight_addr_i,
  input  wire logic [7:0]          weight_data_i,
  // format: stays as it is while values of a block are taken
  input  wire logic [3:0]          bits_i,
  input  wire logic                signed_i,
  input  wire logic [SetWidth-1:0] set_i,
  // block
  input  wire logic                block_valid_i,
  output logic                     block_ready_o,
  input  wire logic [11:0]         block_rows_i,   // rows - 1
  input  wire logic [11:0]         block_cols_i,   // columns - 1
  input  wire logic [11:0]         block_chans_i,  // channels - 1
  input  wire logic                go_i,
  // its values
  input  wire logic                in_valid_i,
  output logic                     in_ready_o,
  input  wire logic [Bits-1:0]     in_value_i,
  // coded values
  output logic                     out_valid_o,
  output logic      [11:0]         out_place_o,    // number in the block
  output logic      [14:0]         out_coded_o,
  output logic      [3:0]          out_ctx_o,
  output logic                     done_o,
  output logic      [11:0]         done_words_o,
  output logic                     done_any_o
);

  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_context_scan: Bits must be 1 to 15");
  end
  if (Sets < 1 || (Sets & (Sets - 1)) != 0) begin : gen_check_sets
    initial $fatal(1, "hwg_codec_context_scan: Sets must be a power of two");
  end
  if (Weighted < 0 || Weighted > 1) begin : gen_check_weighted
    initial $fatal(1, "hwg_codec_context_scan: Weighted must be 0 or 1");
  end

  // ---- the walk over the block
  logic        busy_d, busy_q;
  logic [11:0] rows_q, cols_q, chans_q;
  logic [11:0] row_d, row_q, col_d, col_q, chan_d, chan_q;
  logic        first_row_d, first_row_q, first_col_d, first_col_q;
  logic        has_value, due, step, last_chan, last_col, last_row, last;
  assign has_value     = chan_q <= chans_q;
  assign last_chan  = chan_q >= ((chans_q < 12'd3) ? 12'd3 : chans_q);
  assign last_col   = col_q == cols_q;
  assign last_row   = row_q == rows_q;
  assign last       = (chan_q == chans_q) & last_col & last_row;
  assign in_ready_o = busy_q & has_value;
  assign due        = in_valid_i & in_ready_o;
  assign step       = due | (busy_q & ~has_value);

  assign block_ready_o = go_i & ~busy_q;
  always_comb begin
    busy_d      = busy_q;
    row_d       = row_q;
    col_d       = col_q;
    chan_d      = chan_q;
    first_row_d = first_row_q;
    first_col_d = first_col_q;
    if (step) begin
      chan_d = last_chan ? '0 : chan_q + 12'd1;
      if (last_chan) begin
        col_d       = last_col ? '0 : col_q + 12'd1;
        first_col_d = last_col;
        if (last_col) begin
          row_d       = row_q + 12'd1;
          first_row_d = 1'b0;
        end
      end
    end
    if (step && last_chan && last_col && last_row) busy_d = 1'b0;
    if (block_valid_i && block_ready_o) begin
      busy_d      = 1'b1;
      row_d       = '0;
      col_d       = '0;
      chan_d      = '0;
      first_row_d = 1'b1;
      first_col_d = 1'b1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) busy_q <= 1'b0;
    else         busy_q <= busy_d;
  end
  always_ff @(posedge clk_i) begin
    row_q       <= row_d;
    col_q       <= col_d;
    chan_q      <= chan_d;
    first_row_q <= first_row_d;
    first_col_q <= first_col_d;
    if (block_valid_i && block_ready_o) begin
      rows_q  <= block_rows_i;
      cols_q  <= block_cols_i;
      chans_q <= block_chans_i;
    end
  end

  // ---- stage 0: zig-zag, cut
  logic [14:0]   coded, coded_1_q, coded_2_q, allowed;
  logic [Bits:0] turned;
  assign turned = {in_value_i, 1'b0} ^ {(Bits + 1){in_value_i[Bits-1]}};
  for (genvar i = 0; i < 15; i++) begin : gen_bit
    assign allowed[i] = bits_i > 4'(i);
  end
  logic unused_turned;
  assign unused_turned = turned[Bits] ^ chans_q[11];
  assign coded = (signed_i ? 15'(turned) : 15'(in_value_i)) & allowed;

  // ---- stage 2: the context; stage 3: the magnitude
  logic        due_1, due_2;
  logic [3:0]  ctx;
  logic [6:0]  mag, mag_q;
  logic        last_1_q, last_2_q, any_d, any_q;
  logic [11:0] place_d, place_q;
  logic [15:0] size_d, size_q, rounded;
  hwg_valid #(
    .Cycles(1)
  ) u_due_1 (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(due),
    .valid_o(due_1)
  );
  hwg_valid #(
    .Cycles(1)
  ) u_due_2 (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(due_1),
    .valid_o(due_2)
  );
  hwg_codec_context #(
    .Lag     (1),
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
    .first_row_i   (first_row_q),
    .first_col_i   (first_col_q),
    .one_col_i     (cols_q == '0),
    .chans_i       (chans_q[10:0]),
    .chan_i        (chan_q[6:0]),
    .set_i         (set_i),
    .ctx_o         (ctx),
    .mag_i         (mag_q)
  );
  hwg_codec_magnitude #(
    .Bits(15)
  ) u_mag (
    .coded_i (coded_2_q),
    .signed_i(signed_i),
    .mag_o   (mag)
  );
  always_ff @(posedge clk_i) begin
    coded_1_q <= coded;
    coded_2_q <= coded_1_q;
    mag_q     <= mag;
    last_1_q  <= last;
    last_2_q  <= last_1_q;
  end

  // ---- stage 3: out, and the sums over the block
  assign place_d = place_q + 12'd1;
  assign size_d  = size_q + 16'(bits_i);
  assign any_d   = any_q | (coded_2_q != '0);
  assign rounded = size_d + 16'd15;
  always_ff @(posedge clk_i) begin
    out_place_o  <= place_q;
    out_coded_o  <= coded_2_q;
    out_ctx_o    <= ctx;
    done_words_o <= rounded[15:4];
    done_any_o   <= any_d;
    if (!rst_ni) begin
      out_valid_o <= 1'b0;
      done_o      <= 1'b0;
      place_q     <= '0;
      size_q      <= '0;
      any_q       <= 1'b0;
    end else begin
      out_valid_o <= due_2;
      done_o      <= due_2 & last_2_q;
      if (due_2) begin
        place_q <= last_2_q ? '0 : place_d;
        size_q  <= last_2_q ? '0 : size_d;
        any_q   <= ~last_2_q & any_d;
      end
    end
  end
  logic unused_rounded;
  assign unused_rounded = ^rounded[3:0];

endmodule

`default_nettype wire
