// SPDX-License-Identifier: Apache-2.0
/// Walks over a block of pixels patch by patch, and tells where in the block each pixel is.
///
/// Function:   for each patch of k x k pixels (y, then x fastest), for each channel: column by column
///             the places y stride + x chans + c of its pixels. A patch that reaches over the lower or
///             right edge has the last row or column there once more, and is told so.
/// Timing:     a place a cycle from the cycle behind start_i on; it moves on with go_i
/// Parameters: Values >= 2: places of the largest block
/// Notes:      The block's size stands still until its last place is gone. With kind 0 a patch is a
///             pixel: all places in their order.
`default_nettype none

module hwg_codec_patch_scan #(
  parameter int Values = 4096,
  localparam int AddrWidth = $clog2(Values)
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,
  input  wire logic [1:0]           kind_i,    // 0 none, 1 Haar2, 2 ICT4, 3 WHT4
  // the block
  input  wire logic                 start_i,
  input  wire logic [11:0]          rows_i,    // less one
  input  wire logic [11:0]          cols_i,    // less one
  input  wire logic [11:0]          chans_i,   // less one
  input  wire logic [11:0]          stride_i,  // of no use if there is one row
  // its places
  input  wire logic                 go_i,
  output logic                      valid_o,
  output logic      [AddrWidth-1:0] addr_o,
  output logic                      inside_o,  // no repetition of the edge
  output logic                      last_o
);

  if (Values < 2) begin : gen_check_values
    initial $fatal(1, "hwg_codec_patch_scan: Values must be >= 2");
  end

  // Places of: the pixel, the top of its column, its patch in this channel and in the first channel,
  // the first patch of this row of patches. Behind the last patch they are not looked at.
  logic [AddrWidth-1:0] addr_q, col_q, chan_q, patch_q, row_q;
  logic [AddrWidth-1:0] down, right, chan_next, patch_next, row_next, chans, stride;
  logic [1:0]           i_q, j_q, side, log_side;  // side less one
  logic [11:0]          chans_q, cols_q, rows_q;   // left behind the present ones; of the patch's first
  logic                 i_ends, j_ends, c_ends, x_ends, y_ends;
  assign side       = {kind_i[1], kind_i != 2'd0};
  assign log_side   = {kind_i[1], kind_i == 2'd1};
  assign chans      = AddrWidth'(chans_i) + AddrWidth'(1);
  assign stride     = AddrWidth'(stride_i);
  assign i_ends     = i_q == side;
  assign j_ends     = j_q == side;
  assign c_ends     = chans_q == '0;
  assign x_ends     = cols_q <= 12'(side);
  assign y_ends     = rows_q <= 12'(side);
  assign down       = (12'(i_q) < rows_q) ? addr_q + stride : addr_q;
  assign right      = (12'(j_q) < cols_q) ? col_q + chans : col_q;
  assign chan_next  = chan_q + AddrWidth'(1);
  assign patch_next = patch_q + (chans << log_side);
  assign row_next   = row_q + (stride << log_side);
  assign addr_o     = addr_q;
  assign inside_o   = (12'(i_q) <= rows_q) & (12'(j_q) <= cols_q);
  assign last_o     = i_ends & j_ends & c_ends & x_ends & y_ends;
  logic unused_stride;  // high bits, where blocks are small
  assign unused_stride = ^stride_i;

  logic c_moves, x_moves, y_moves;
  assign c_moves = go_i & i_ends & j_ends;
  assign x_moves = c_moves & c_ends;
  assign y_moves = x_moves & x_ends;
  always_ff @(posedge clk_i) begin
    if (start_i) begin
      addr_q  <= '0;
      col_q   <= '0;
      chan_q  <= '0;
      patch_q <= '0;
      row_q   <= '0;
      i_q     <= '0;
      j_q     <= '0;
      chans_q <= chans_i;
      cols_q  <= cols_i;
      rows_q  <= rows_i;
    end else if (go_i) begin
      i_q    <= i_ends ? 2'd0 : i_q + 2'd1;
      addr_q <= !i_ends ? down : !j_ends ? right : !c_ends ? chan_next
              : !x_ends ? patch_next : row_next;
      if (i_ends) begin
        j_q   <= j_ends ? 2'd0 : j_q + 2'd1;
        col_q <= !j_ends ? right : !c_ends ? chan_next : !x_ends ? patch_next : row_next;
      end
      if (c_moves) begin
        chan_q  <= !c_ends ? chan_next : !x_ends ? patch_next : row_next;
        chans_q <= c_ends ? chans_i : chans_q - 12'd1;
      end
      if (x_moves) begin
        patch_q <= !x_ends ? patch_next : row_next;
        cols_q  <= x_ends ? cols_i : cols_q - (12'(side) + 12'd1);
      end
      if (y_moves) begin
        row_q  <= row_next;
        rows_q <= rows_q - (12'(side) + 12'd1);
      end
    end
    if (!rst_ni)             valid_o <= 1'b0;
    else if (start_i)        valid_o <= 1'b1;
    else if (go_i && last_o) valid_o <= 1'b0;
  end

endmodule

`default_nettype wire
