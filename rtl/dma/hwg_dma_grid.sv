// SPDX-License-Identifier: Apache-2.0
/// Walks over the blocks of a tensor, in the order in which they lie in memory.
///
/// Function:   a tensor of height x width x channels is cut into blocks of bh x bw x bc, those at
///             the far edges smaller; channels run fastest, then x, then y. Of every block its
///             number, its size and its count of values are told.
/// Timing:     first block 4 cycles after start_i, then one every 4 cycles at most
/// Parameters: SideWidth 13 to 32
/// Notes:      All sizes are at least 1, bh * bw * bc at most 4096, and they stay as they are until
///             the last block is taken. start_i gives up a walk under way.
`default_nettype none

module hwg_dma_grid #(
  parameter int SideWidth = 16  // bits of the tensor's sizes
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,
  input  wire logic                 start_i,
  input  wire logic [SideWidth-1:0] height_i,
  input  wire logic [SideWidth-1:0] width_i,
  input  wire logic [SideWidth-1:0] channels_i,
  input  wire logic [12:0]          bh_i,
  input  wire logic [12:0]          bw_i,
  input  wire logic [12:0]          bc_i,
  // out: blocks
  output logic                      out_valid_o,
  input  wire logic                 out_ready_i,
  output logic      [31:0]          out_number_o,
  output logic      [12:0]          out_h_o,
  output logic      [12:0]          out_w_o,
  output logic      [12:0]          out_c_o,
  output logic      [12:0]          out_values_o,  // h * w * c
  output logic                      out_last_o
);

  if (SideWidth < 13 || SideWidth > 32) begin : gen_check_side
    initial $fatal(1, "hwg_dma_grid: SideWidth must be 13 to 32");
  end

  logic [3:0]  step_d, step_q;  // one bit a state: sizes, first product, second product, there
  logic [31:0] number_d, number_q;
  logic [SideWidth-1:0] y_d, y_q, x_d, x_q, c_d, c_q;  // what is left in each direction, this block included
  logic [12:0] side_h_q, side_w_q, side_c_q, n_q;
  logic [12:0] h, w, c;
  logic        c_ends, x_ends, y_ends, next;

  assign h      = (y_q < SideWidth'(bh_i)) ? 13'(y_q) : bh_i;
  assign w      = (x_q < SideWidth'(bw_i)) ? 13'(x_q) : bw_i;
  assign c      = (c_q < SideWidth'(bc_i)) ? 13'(c_q) : bc_i;
  assign c_ends = c_q <= SideWidth'(bc_i);
  assign x_ends = x_q <= SideWidth'(bw_i);
  assign y_ends = y_q <= SideWidth'(bh_i);

  assign out_valid_o  = step_q[3];
  assign out_number_o = number_q;
  assign out_h_o      = side_h_q;
  assign out_w_o      = side_w_q;
  assign out_c_o      = side_c_q;
  assign out_values_o = n_q;
  assign out_last_o   = c_ends & x_ends & y_ends;
  assign next         = out_valid_o & out_ready_i;

  always_comb begin
    step_d   = step_q;
    number_d = number_q;
    y_d      = y_q;
    x_d      = x_q;
    c_d      = c_q;
    if (start_i) begin
      step_d   = 4'b0001;
      number_d = '0;
      y_d      = height_i;
      x_d      = width_i;
      c_d      = channels_i;
    end else if (next) begin
      step_d   = out_last_o ? 4'b0000 : 4'b0001;
      number_d = number_q + 32'd1;
      c_d      = c_ends ? channels_i : c_q - SideWidth'(bc_i);
      if (c_ends)           x_d = x_ends ? width_i : x_q - SideWidth'(bw_i);
      if (c_ends && x_ends) y_d = y_q - SideWidth'(bh_i);
    end else if (!step_q[3]) begin
      step_d = {step_q[2:0], 1'b0};
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) step_q <= '0;
    else         step_q <= step_d;
  end

  always_ff @(posedge clk_i) begin
    number_q <= number_d;
    y_q      <= y_d;
    x_q      <= x_d;
    c_q      <= c_d;
    if (step_q[0]) begin
      side_h_q <= h;
      side_w_q <= w;
      side_c_q <= c;
    end
    if (step_q[1]) n_q <= 13'(side_h_q * side_w_q);
    if (step_q[2]) n_q <= 13'(n_q * side_c_q);
  end

endmodule

`default_nettype wire
