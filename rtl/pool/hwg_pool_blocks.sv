// SPDX-License-Identifier: Apache-2.0
/// Reduces a map block by block, where blocks do not overlap: pools with a stride of their size, and
/// pools over the whole map.
///
/// Function:   a map of H * W pixels comes row by row, each pixel as CF groups of Lanes channels; block
///             (i, j) of BlockH * BlockW pixels leaves, group by group, as the maximum or the sum of its
///             pixels. Rows and columns that fill no block are dropped
/// Timing:     interval exactly H*W*CF cycles a frame; latency 1 from the last pixel of a block;
///             in_ready_o is combinational in out_ready_i
/// Parameters: sizes >= 1, a block no larger than the map; Kind 0: maximum (OutWidth = Width), 1: sum,
///             modulo 2**OutWidth (OutWidth >= Width). RamStyle 0: registers, 1: distributed RAM,
///             2: block RAM holds what the rows of blocks have come to so far.
/// Notes:      Takes W / BlockW pixels of memory, where a window generator takes BlockH - 1 rows.
`default_nettype none

module hwg_pool_blocks #(
  parameter int W        = 8,  // pixels of a row
  parameter int H        = 8,  // rows
  parameter int CF       = 1,  // groups of channels
  parameter int Lanes    = 2,  // channels of a group
  parameter int Width    = 8,  // bits of an element
  parameter int Signed   = 1,  // 1: elements are two's complement
  parameter int BlockH   = 2,
  parameter int BlockW   = 2,
  parameter int Kind     = 0,
  parameter int OutWidth = 8,
  parameter int RamStyle = 1
) (
  input  wire logic                      clk_i,
  input  wire logic                      rst_ni,
  // in
  input  wire logic                      in_valid_i,
  output logic                           in_ready_o,
  input  wire logic [Lanes*Width-1:0]    in_data_i,
  // out
  output logic                           out_valid_o,
  input  wire logic                      out_ready_i,
  output logic      [Lanes*OutWidth-1:0] out_data_o
);

  if (W < 1 || H < 1 || CF < 1 || Lanes < 1 || Width < 1 || OutWidth < 1) begin : gen_check_sizes
    initial $fatal(1, "hwg_pool_blocks: W, H, CF, Lanes and widths must be >= 1");
  end
  if (BlockH < 1 || BlockW < 1 || BlockH > H || BlockW > W) begin : gen_check_blocks
    initial $fatal(1, "hwg_pool_blocks: blocks must be >= 1 and no larger than the map");
  end
  if (Signed < 0 || Signed > 1 || Kind < 0 || Kind > 1) begin : gen_check_flags
    initial $fatal(1, "hwg_pool_blocks: Signed and Kind must be 0 or 1");
  end
  if (RamStyle < 0 || RamStyle > 2) begin : gen_check_ram_style
    initial $fatal(1, "hwg_pool_blocks: RamStyle must be 0, 1 or 2");
  end
  if (OutWidth < Width || (Kind == 0 && OutWidth != Width)) begin : gen_check_out
    initial $fatal(1, "hwg_pool_blocks: a sum holds its elements, a maximum is as wide as they are");
  end

  localparam int OUT_W   = W / BlockW;
  localparam int WORD    = Lanes * OutWidth;
  localparam int G_WIDTH = (CF > 1) ? $clog2(CF) : 1;
  localparam int X_WIDTH = $clog2(W + 1);
  localparam int Y_WIDTH = $clog2(H + 1);

  logic step;
  assign in_ready_o = ~out_valid_o | out_ready_i;
  assign step       = in_valid_i & in_ready_o;

  // -- Place of the word that comes: group, pixel and row, and where these are in their block. What
  // fills no block ends before the last pixel, or row, of one.
  logic [G_WIDTH-1:0] g_q;
  logic [X_WIDTH-1:0] x_q, block_x_q;
  logic [Y_WIDTH-1:0] y_q, block_y_q;
  logic               g_last, x_last, y_last, block_x_last, block_y_last;
  assign g_last       = g_q == G_WIDTH'(CF - 1);
  assign x_last       = x_q == X_WIDTH'(W - 1);
  assign y_last       = y_q == Y_WIDTH'(H - 1);
  assign block_x_last = block_x_q == X_WIDTH'(BlockW - 1);
  assign block_y_last = block_y_q == Y_WIDTH'(BlockH - 1);
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      g_q       <= '0;
      x_q       <= '0;
      y_q       <= '0;
      block_x_q <= '0;
      block_y_q <= '0;
    end else if (step) begin
      g_q <= g_last ? '0 : g_q + G_WIDTH'(1);
      if (g_last) begin
        x_q       <= x_last ? '0 : x_q + X_WIDTH'(1);
        block_x_q <= (x_last || block_x_last) ? '0 : block_x_q + X_WIDTH'(1);
        if (x_last) begin
          y_q       <= y_last ? '0 : y_q + Y_WIDTH'(1);
          block_y_q <= (y_last || block_y_last) ? '0 : block_y_q + Y_WIDTH'(1);
        end
      end
    end
  end

  // -- What the block has come to: first along its row, then over its rows.
  logic [WORD-1:0] element, row, block;
  for (genvar i = 0; i < Lanes; i++) begin : gen_lane
    logic [Width-1:0] x;
    assign x = in_data_i[i*Width +: Width];
    assign element[i*OutWidth +: OutWidth] = (Signed != 0) ? OutWidth'($signed(x)) : OutWidth'(x);
  end
  if (BlockW > 1) begin : gen_row
    logic [WORD-1:0] so_far;
    hwg_line #(.Width(WORD), .Depth(CF), .RamStyle(RamStyle)) u_row (
      .clk_i(clk_i), .rst_ni(rst_ni), .step_i(step), .data_i(row), .data_o(so_far)
    );
    for (genvar i = 0; i < Lanes; i++) begin : gen_row_lane
      if (Kind == 1) begin : gen_sum
        assign row[i*OutWidth +: OutWidth] = element[i*OutWidth +: OutWidth]
          + ((block_x_q == '0) ? '0 : so_far[i*OutWidth +: OutWidth]);
      end else begin : gen_maximum
        logic [OutWidth-1:0] joined;
        hwg_max #(
          .AWidth(OutWidth), .ASigned(Signed), .BWidth(OutWidth), .BSigned(Signed), .OutWidth(OutWidth)
        ) u_max (
          .a_i(so_far[i*OutWidth +: OutWidth]), .b_i(element[i*OutWidth +: OutWidth]), .data_o(joined)
        );
        assign row[i*OutWidth +: OutWidth] = (block_x_q == '0) ? element[i*OutWidth +: OutWidth] : joined;
      end
    end
  end else begin : gen_no_row
    assign row = element;
  end
  if (BlockH > 1) begin : gen_block
    logic [WORD-1:0] so_far;
    hwg_line #(.Width(WORD), .Depth(OUT_W*CF), .RamStyle(RamStyle)) u_block (
      .clk_i(clk_i), .rst_ni(rst_ni), .step_i(step & block_x_last), .data_i(block),
      .data_o(so_far)
    );
    for (genvar i = 0; i < Lanes; i++) begin : gen_block_lane
      if (Kind == 1) begin : gen_sum
        assign block[i*OutWidth +: OutWidth] = row[i*OutWidth +: OutWidth]
          + ((block_y_q == '0) ? '0 : so_far[i*OutWidth +: OutWidth]);
      end else begin : gen_maximum
        logic [OutWidth-1:0] joined;
        hwg_max #(
          .AWidth(OutWidth), .ASigned(Signed), .BWidth(OutWidth), .BSigned(Signed), .OutWidth(OutWidth)
        ) u_max (
          .a_i(so_far[i*OutWidth +: OutWidth]), .b_i(row[i*OutWidth +: OutWidth]), .data_o(joined)
        );
        assign block[i*OutWidth +: OutWidth] = (block_y_q == '0) ? row[i*OutWidth +: OutWidth] : joined;
      end
    end
  end else begin : gen_no_block
    assign block = row;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni)         out_valid_o <= 1'b0;
    else if (in_ready_o) out_valid_o <= step & block_x_last & block_y_last;
  end
  always_ff @(posedge clk_i) begin
    if (step) out_data_o <= block;
  end

endmodule

`default_nettype wire
