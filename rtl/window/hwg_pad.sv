// SPDX-License-Identifier: Apache-2.0
/// Puts edges of a constant around a map.
///
/// Function:   a map of H * W pixels comes row by row, each pixel as CF groups; it leaves with Top rows
///             of Pad above it, Bottom below, and Left and Right columns beside it
/// Timing:     interval exactly (Top+H+Bottom)*(Left+W+Right)*CF cycles a frame; latency 0; ready and
///             valid are combinational in those of the other side
/// Parameters: sizes >= 1, edges >= 0
/// Notes:      hwg_window pads by itself, without a cycle, as long as the map does not grow by it.
///             The handshake rules are in docs/links.md.
`default_nettype none

module hwg_pad #(
  parameter int W      = 8,  // pixels of a row that comes
  parameter int H      = 8,  // rows
  parameter int CF     = 1,  // groups of channels
  parameter int Width  = 8,  // bits of a group
  parameter int Top    = 1,
  parameter int Left   = 1,
  parameter int Bottom = 1,
  parameter int Right  = 1,
  parameter logic [Width-1:0] Pad = '0  // a group of channels outside of the map
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
    initial $fatal(1, "hwg_pad: W, H, CF and Width must be >= 1");
  end
  if (Top < 0 || Left < 0 || Bottom < 0 || Right < 0) begin : gen_check_edges
    initial $fatal(1, "hwg_pad: Top, Left, Bottom and Right must be >= 0");
  end

  localparam int HIGH    = Top + H + Bottom;
  localparam int WIDE    = Left + W + Right;
  localparam int G_WIDTH = (CF > 1) ? $clog2(CF) : 1;
  localparam int X_WIDTH = (WIDE > 1) ? $clog2(WIDE) : 1;
  localparam int Y_WIDTH = (HIGH > 1) ? $clog2(HIGH) : 1;

  // -- Place of the word that leaves.
  logic [G_WIDTH-1:0] g_q;
  logic [X_WIDTH-1:0] x_q;
  logic [Y_WIDTH-1:0] y_q;
  logic               step, g_last, x_last, y_last, row_kept, column_kept, kept;
  assign g_last = g_q == G_WIDTH'(CF - 1);
  assign x_last = x_q == X_WIDTH'(WIDE - 1);
  assign y_last = y_q == Y_WIDTH'(HIGH - 1);
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      g_q <= '0;
      x_q <= '0;
      y_q <= '0;
    end else if (step) begin
      g_q <= g_last ? '0 : g_q + G_WIDTH'(1);
      if (g_last) x_q <= x_last ? '0 : x_q + X_WIDTH'(1);
      if (g_last && x_last) y_q <= y_last ? '0 : y_q + Y_WIDTH'(1);
    end
  end
  // One more than the place, so that no comparison is with 0.
  assign row_kept    = 32'(y_q) + 32'd1 > 32'(Top) && 32'(y_q) < 32'(HIGH - Bottom);
  assign column_kept = 32'(x_q) + 32'd1 > 32'(Left) && 32'(x_q) < 32'(WIDE - Right);
  assign kept        = row_kept & column_kept;

  logic first;  // of a frame: it waits for a pixel, else edges of no map would leave
  assign step        = out_valid_o & out_ready_i;
  assign first       = g_q == '0 && x_q == '0 && y_q == '0;
  assign out_valid_o = in_valid_i | (~kept & ~first);
  assign in_ready_o  = out_ready_i & kept;
  assign out_data_o  = kept ? in_data_i : Pad;

endmodule

`default_nettype wire
