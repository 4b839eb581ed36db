// SPDX-License-Identifier: Apache-2.0
/// Enlarges a map: every pixel becomes a block of equal ones (nearest neighbour).
///
/// Function:   a map of H * W pixels comes row by row, each pixel as CF groups;
///             out[i][j] = in[i / FactorH][j / FactorW], group by group
/// Timing:     interval exactly H*W*CF*FactorH*FactorW cycles a frame; latency 0; ready and valid are
///             combinational in those of the other side
/// Parameters: sizes and factors >= 1; RowRam, PixelRam 0: registers, 1: distributed RAM, 2: block RAM
///             hold the row, and the groups of the pixel, that come again
/// Notes:      The handshake rules are in docs/links.md.
`default_nettype none

module hwg_upsample #(
  parameter int W        = 4,  // pixels of a row
  parameter int H        = 4,  // rows
  parameter int CF       = 1,  // groups of channels
  parameter int Width    = 8,  // bits of a group
  parameter int FactorH  = 2,
  parameter int FactorW  = 2,
  parameter int RowRam   = 1,
  parameter int PixelRam = 1
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  // in
  input  wire logic             in_valid_i,
  output logic                  in_ready_o,
  input  wire logic [Width-1:0] in_data_i,
  // out
  output logic                  out_valid_o,
  input  wire logic             out_ready_i,
  output logic      [Width-1:0] out_data_o
);

  if (W < 1 || H < 1 || CF < 1 || Width < 1) begin : gen_check_sizes
    initial $fatal(1, "hwg_upsample: W, H, CF and Width must be >= 1");
  end
  if (FactorH < 1 || FactorW < 1) begin : gen_check_factors
    initial $fatal(1, "hwg_upsample: FactorH and FactorW must be >= 1");
  end
  if (RowRam < 0 || RowRam > 2 || PixelRam < 0 || PixelRam > 2) begin : gen_check_ram
    initial $fatal(1, "hwg_upsample: RowRam and PixelRam must be 0, 1 or 2");
  end

  localparam int G_WIDTH = (CF > 1) ? $clog2(CF) : 1;
  localparam int X_WIDTH = (W > 1) ? $clog2(W) : 1;
  localparam int C_WIDTH = (FactorW > 1) ? $clog2(FactorW) : 1;
  localparam int R_WIDTH = (FactorH > 1) ? $clog2(FactorH) : 1;

  logic [G_WIDTH-1:0] g_q;     // group
  logic [C_WIDTH-1:0] copy_q;  // how often the pixel has left in this row
  logic [X_WIDTH-1:0] x_q;
  logic [R_WIDTH-1:0] pass_q;  // how often the row has left
  logic               step, fresh, g_last, copy_last, x_last, pass_last;
  logic [Width-1:0]   pixel;   // at its first copy

  assign fresh       = copy_q == '0 && pass_q == '0;  // the word comes in
  assign out_valid_o = in_valid_i | ~fresh;
  assign in_ready_o  = out_ready_i & fresh;
  assign step        = out_valid_o & out_ready_i;
  assign g_last      = g_q == G_WIDTH'(CF - 1);
  assign copy_last   = copy_q == C_WIDTH'(FactorW - 1);
  assign x_last      = x_q == X_WIDTH'(W - 1);
  assign pass_last   = pass_q == R_WIDTH'(FactorH - 1);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      g_q    <= '0;
      copy_q <= '0;
      x_q    <= '0;
      pass_q <= '0;
    end else if (step) begin
      g_q <= g_last ? '0 : g_q + G_WIDTH'(1);
      if (g_last) begin
        copy_q <= copy_last ? '0 : copy_q + C_WIDTH'(1);
        if (copy_last) begin
          x_q <= x_last ? '0 : x_q + X_WIDTH'(1);
          if (x_last) pass_q <= pass_last ? '0 : pass_q + R_WIDTH'(1);
        end
      end
    end
  end

  if (FactorH > 1) begin : gen_row
    logic [Width-1:0] again;
    hwg_line #(.Width(Width), .Depth(W*CF), .RamStyle(RowRam)) u_row (
      .clk_i(clk_i), .rst_ni(rst_ni), .step_i(step & (copy_q == '0)), .data_i(pixel), .data_o(again)
    );
    assign pixel = (pass_q == '0) ? in_data_i : again;
  end else begin : gen_no_row
    assign pixel = in_data_i;
  end
  if (FactorW > 1) begin : gen_pixel
    logic [Width-1:0] again;
    hwg_line #(.Width(Width), .Depth(CF), .RamStyle(PixelRam)) u_pixel (
      .clk_i(clk_i), .rst_ni(rst_ni), .step_i(step), .data_i(out_data_o), .data_o(again)
    );
    assign out_data_o = (copy_q == '0) ? pixel : again;
  end else begin : gen_no_pixel
    assign out_data_o = pixel;
  end

endmodule

`default_nettype wire
