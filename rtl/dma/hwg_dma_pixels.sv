// SPDX-License-Identifier: Apache-2.0
/// Walks over the blocks of pixels from which the blocks of coefficients of a tensor are made.
///
/// Function:   of a map of height x width, whose coefficients are a tensor of so many channels in
///             blocks of bh x bw x bc, the boxes of pixels: bh k x bw k x bc / (k k) for patches of
///             k x k, those at the far edges smaller; in the order of the blocks
/// Timing:     as hwg_dma_grid
/// Parameters: SideWidth 13 to 32
/// Notes:      hwg_dma_descriptor_check has seen that the sizes fit together. They are held while busy.
`default_nettype none

module hwg_dma_pixels #(
  parameter int SideWidth = 16  // bits of the map's sizes
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,
  input  wire logic                 start_i,
  input  wire logic [1:0]           kind_i,      // 0 none, 1 Haar2, 2 ICT4, 3 WHT4
  input  wire logic [SideWidth-1:0] height_i,    // of the map
  input  wire logic [SideWidth-1:0] width_i,
  input  wire logic [SideWidth-1:0] channels_i,  // of the coefficients
  input  wire logic [12:0]          bh_i,
  input  wire logic [12:0]          bw_i,
  input  wire logic [12:0]          bc_i,
  output logic      [SideWidth-1:0] channels_o,  // of the pixels
  // out: blocks
  output logic                      out_valid_o,
  input  wire logic                 out_ready_i,
  output logic      [12:0]          out_h_o,
  output logic      [12:0]          out_w_o,
  output logic      [12:0]          out_c_o,
  output logic      [12:0]          out_values_o,  // h * w * c
  output logic                      out_last_o
);

  if (SideWidth < 13 || SideWidth > 32) begin : gen_check_side
    initial $fatal(1, "hwg_dma_pixels: SideWidth must be 13 to 32");
  end

  logic [12:0] bh, bw, bc;
  logic [31:0] number;
  logic        unused;

  always_comb begin
    case (kind_i)
      2'd0: begin
        bh = bh_i;
        bw = bw_i;
        bc = bc_i;
        channels_o = channels_i;
      end
      2'd1: begin
        bh = bh_i << 1;
        bw = bw_i << 1;
        bc = bc_i >> 2;
        channels_o = channels_i >> 2;
      end
      default: begin
        bh = bh_i << 2;
        bw = bw_i << 2;
        bc = bc_i >> 4;
        channels_o = channels_i >> 4;
      end
    endcase
  end

  hwg_dma_grid #(.SideWidth(SideWidth)) i_grid (
    .clk_i        (clk_i),
    .rst_ni       (rst_ni),
    .start_i      (start_i),
    .height_i     (height_i),
    .width_i      (width_i),
    .channels_i   (channels_o),
    .bh_i         (bh),
    .bw_i         (bw),
    .bc_i         (bc),
    .out_valid_o  (out_valid_o),
    .out_ready_i  (out_ready_i),
    .out_number_o (number),
    .out_h_o      (out_h_o),
    .out_w_o      (out_w_o),
    .out_c_o      (out_c_o),
    .out_values_o (out_values_o),
    .out_last_o   (out_last_o)
  );

  assign unused = ^number;

endmodule

`default_nettype wire
