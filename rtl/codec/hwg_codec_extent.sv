// SPDX-License-Identifier: Apache-2.0
/// Measures blocks of pixels: what there is in them, and where one of their rows begins.
///
/// Function:   of a block of h x w pixels of c channels: the stride w c from a row to the next one, its
///             values h w c, its coefficients in patches of k x k, ceil(h/k) ceil(w/k) c k k, and the
///             group of eight channels in which its first channel is.
/// Timing:     a block every 6 cycles
/// Parameters: Groups >= 0: of eight channels that a tensor may have
/// Notes:      The blocks of a tensor come in their order, channels fastest, from the first to the
///             last one: groups are counted. None of the products is more than 4096.
`default_nettype none

module hwg_codec_extent #(
  parameter int Groups = 8,  // of eight channels
  localparam int GroupWidth = (Groups > 1) ? $clog2(Groups) : 1
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  input  wire logic [1:0]            kind_i,       // 0 none, 1 Haar2, 2 ICT4, 3 WHT4
  input  wire logic [15:0]           channels_i,   // of the tensor
  // blocks
  input  wire logic                  in_valid_i,
  output logic                       in_ready_o,
  input  wire logic [12:0]           in_h_i,
  input  wire logic [12:0]           in_w_i,
  input  wire logic [12:0]           in_c_i,
  // what they are
  output logic                       out_valid_o,
  input  wire logic                  out_ready_i,
  output logic      [11:0]           out_rows_o,    // less one
  output logic      [11:0]           out_cols_o,    // less one
  output logic      [11:0]           out_chans_o,   // less one
  output logic      [11:0]           out_stride_o,  // 0 for 4096: there is one row
  output logic      [12:0]           out_pixels_o,
  output logic      [12:0]           out_coefs_o,
  output logic      [GroupWidth-1:0] out_group_o
);

  if (Groups < 0) begin : gen_check_groups
    initial $fatal(1, "hwg_codec_extent: Groups must be >= 0");
  end

  // ---- one product a cycle: w c, then that by h; rows by columns of patches, then that by c
  logic [5:0]  step_q;  // a bit a state: waiting, four products, done
  logic [12:0] h_q, w_q, c_q, product_q, a, b;
  logic [12:0] patch_rows, patch_cols;
  logic        take;
  assign in_ready_o  = step_q[0];
  assign out_valid_o = step_q[5];
  assign take        = in_valid_i & in_ready_o;
  assign patch_rows  = (kind_i == 2'd0) ? h_q : (kind_i == 2'd1) ? (h_q + 13'd1) >> 1
                     : (h_q + 13'd3) >> 2;
  assign patch_cols  = (kind_i == 2'd0) ? w_q : (kind_i == 2'd1) ? (w_q + 13'd1) >> 1
                     : (w_q + 13'd3) >> 2;
  assign a = step_q[1] ? w_q : step_q[3] ? patch_rows : product_q;
  assign b = step_q[2] ? h_q : step_q[3] ? patch_cols : c_q;
  always_ff @(posedge clk_i) begin
    if (take) begin
      h_q <= in_h_i;
      w_q <= in_w_i;
      c_q <= in_c_i;
    end
    if (!step_q[5]) product_q <= 13'(a * b);
    if (step_q[2]) out_stride_o <= product_q[11:0];
    if (step_q[3]) out_pixels_o <= product_q;
    if (!rst_ni) step_q <= 6'd1;
    else if (!(step_q[0] & ~in_valid_i) && !(step_q[5] & ~out_ready_i)) begin
      step_q <= {step_q[4:0], step_q[5]};
    end
  end
  assign out_rows_o  = 12'(h_q - 13'd1);
  assign out_cols_o  = 12'(w_q - 13'd1);
  assign out_chans_o = 12'(c_q - 13'd1);
  assign out_coefs_o = (kind_i == 2'd0) ? product_q : (kind_i == 2'd1) ? product_q << 2
                     : product_q << 4;

  // ---- the block's first channel
  logic [15:0] first_q;
  logic [16:0] next;
  assign next = {1'b0, first_q} + 17'(c_q);
  always_ff @(posedge clk_i) begin
    if (!rst_ni) first_q <= '0;
    else if (out_valid_o && out_ready_i) begin
      first_q <= (next >= {1'b0, channels_i}) ? '0 : next[15:0];
    end
  end
  assign out_group_o = first_q[3 +: GroupWidth];

endmodule

`default_nettype wire
