// SPDX-License-Identifier: Apache-2.0
/// Turns values into quantised coefficients, block by block.
///
/// Function:   of each block of pixels its coefficients in scan order, as hwg_codec_encode takes them.
///             Equal to hwgen.codec.transform.Transform.forward; values come in the order of
///             hwgen.codec.block_scan: each block in scan order (y, x, c; c fastest), its channels those
///             of the KLT's inputs.
/// Timing:     a coefficient a cycle, but one cycle between blocks, and 6 cycles a block at least; a
///             block's first one comes when all of it is there
/// Parameters: 2 <= Width <= 32; Bits 1 to 15; Kinds a mask of what is built: 1 Haar2, 2 ICT4, 4 WHT4;
///             Groups of the KLT-8: 0 (none is built) or a power of two; Values a power of two >= 16
/// Notes:      What the tensor is and the rows of its matrices stand still from its first block until
///             its last coefficient is taken. Blocks are those of hwg_dma_grid on a tensor of pixels
///             and KLT inputs, bh k x bw k x bc / (k k), and all of them come. A block has whole
///             patches (but at the map's edges, where rows and columns are repeated) and, with a KLT,
///             whole groups; at most Values coefficients. kind_i is 0 or of a kind that is built.
`default_nettype none

module hwg_codec_forward #(
  parameter int Width  = 16,    // of a value, two's complement
  parameter int Bits   = 14,    // of the widest coefficients
  parameter int Kinds  = 7,     // of spatial transforms
  parameter int Groups = 8,     // of eight channels
  parameter int Values = 4096,  // of the largest block
  localparam int GroupWidth = (Groups > 1) ? $clog2(Groups) : 1
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  // matrices, as hwgen.codec.memory_images.klt_rom gives them
  input  wire logic                  row_write_i,
  input  wire logic [GroupWidth+2:0] row_addr_i,
  input  wire logic [90:0]           row_data_i,
  // the tensor
  input  wire logic [15:0]           channels_i,  // of the KLT's inputs, or of the values
  input  wire logic [1:0]            kind_i,      // 0 none, 1 Haar2, 2 ICT4, 3 WHT4
  input  wire logic                  klt_i,
  input  wire logic [4:0]            down_i,
  input  wire logic [4:0]            shift_i,
  input  wire logic [47:0]           scales_i,    // of classes 0 to 2, class 0 lowest
  input  wire logic [3:0]            bits_i,      // of a coefficient
  input  wire logic                  signed_i,
  // its blocks, in pixels
  input  wire logic                  block_valid_i,
  output logic                       block_ready_o,
  input  wire logic [12:0]           block_h_i,
  input  wire logic [12:0]           block_w_i,
  input  wire logic [12:0]           block_c_i,
  // values
  input  wire logic                  in_valid_i,
  output logic                       in_ready_o,
  input  wire logic [Width-1:0]      in_value_i,
  output logic                       in_last_o,    // a value that is taken now ends its block
  // coefficients
  output logic                       out_valid_o,
  input  wire logic                  out_ready_i,
  output logic      [Bits-1:0]       out_value_o,  // sign-extended
  output logic                       out_last_o    // of the block
);

  if (Width < 2 || Width > 32) begin : gen_check_width
    initial $fatal(1, "hwg_codec_forward: Width must be 2 to 32");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_forward: Bits must be 1 to 15");
  end
  if (Kinds < 0 || Kinds > 7) begin : gen_check_kinds
    initial $fatal(1, "hwg_codec_forward: Kinds must be 0 to 7");
  end
  if (Groups < 0 || (Groups & (Groups - 1)) != 0) begin : gen_check_groups
    initial $fatal(1, "hwg_codec_forward: Groups must be 0 or a power of two");
  end
  if (Values < 16 || (Values & (Values - 1)) != 0) begin : gen_check_values
    initial $fatal(1, "hwg_codec_forward: Values must be a power of two >= 16");
  end

  // ---- blocks and their banks
  localparam int ADDR_WIDTH = $clog2(Values) + 1;
  logic                  accept_last, take, unused_first;
  logic [GroupWidth-1:0] accept_group, unused_group;
  logic                  mixed_valid, mixed_last, unused_inside;
  logic [15:0]           mixed, pixel;
  logic                  read_valid, read_last, launch, ready;
  logic [ADDR_WIDTH-1:0] write_addr, read_addr;
  assign take      = in_valid_i & in_ready_o;
  assign in_last_o = accept_last;
  hwg_codec_blocks #(
    .Inverse(0),
    .Values (Values),
    .Groups (Groups)
  ) u_blocks (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .kind_i        (kind_i),
    .channels_i    (channels_i),
    .block_valid_i (block_valid_i),
    .block_ready_o (block_ready_o),
    .block_h_i     (block_h_i),
    .block_w_i     (block_w_i),
    .block_c_i     (block_c_i),
    .accept_valid_o(in_ready_o),
    .accept_go_i   (take),
    .accept_first_o(unused_first),
    .accept_last_o (accept_last),
    .accept_group_o(accept_group),
    .write_go_i    (mixed_valid),
    .write_last_i  (mixed_last),
    .write_addr_o  (write_addr),
    .write_inside_o(unused_inside),
    .read_valid_o  (read_valid),
    .read_go_i     (launch),
    .read_addr_o   (read_addr),
    .read_group_o  (unused_group),
    .read_last_o   (read_last)
  );

  // ---- values to 16 bits: shifted down but for one bit, by which they are rounded
  logic                    valid_1, valid_2, last_1_q, last_2_q;
  logic [GroupWidth-1:0]   group_1_q, group_2_q;
  logic signed [Width:0]   twice;
  logic [Width:0]          shifted_1_q;
  logic signed [Width+1:0] sum;
  logic [Width:0]          whole;
  logic [15:0]             value_2_q, clipped;
  logic                    unused_half;
  assign twice       = {in_value_i, 1'b0};
  assign sum         = {shifted_1_q[Width], shifted_1_q} + (Width + 2)'(1);
  assign whole       = sum[Width+1:1];
  assign unused_half = sum[0];
  hwg_codec_round #(
    .InWidth (Width + 1),
    .Shift   (0),
    .OutWidth(16)
  ) u_clip (
    .data_i(whole),
    .data_o(clipped)
  );
  always_ff @(posedge clk_i) begin
    shifted_1_q <= twice >>> down_i;
    last_1_q    <= accept_last;
    group_1_q   <= accept_group;
    value_2_q   <= clipped;
    last_2_q    <= last_1_q;
    group_2_q   <= group_1_q;
  end
  hwg_valid #(
    .Cycles(1)
  ) u_valid_1 (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(take),
    .valid_o(valid_1)
  );
  hwg_valid #(
    .Cycles(1)
  ) u_valid_2 (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(valid_1),
    .valid_o(valid_2)
  );

  // ---- channels mixed, and into a bank
  hwg_codec_mix #(
    .Groups(Groups)
  ) u_mix (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .klt_i      (klt_i),
    .row_write_i(row_write_i),
    .row_addr_i (row_addr_i),
    .row_data_i (row_data_i),
    .in_valid_i (valid_2),
    .in_value_i (value_2_q),
    .in_group_i (group_2_q),
    .in_last_i  (last_2_q),
    .out_valid_o(mixed_valid),
    .out_value_o(mixed),
    .out_last_o (mixed_last)
  );
  hwg_codec_table #(
    .Width(16),
    .Depth(1 << ADDR_WIDTH)
  ) u_banks (
    .clk_i       (clk_i),
    .write_i     (mixed_valid),
    .write_addr_i(write_addr),
    .write_data_i(mixed),
    .addr_i      (read_addr),
    .data_o      (pixel)
  );

  // ---- patch by patch out of it; nothing stalls from here to the buffer
  logic        pixel_valid, pixel_last_q, z_valid, z_last, q_valid, q_last;
  logic [21:0] z;
  logic [1:0]  z_class;
  logic [15:0] scale;
  logic [Bits-1:0] q;
  always_ff @(posedge clk_i) pixel_last_q <= read_last;
  hwg_valid #(
    .Cycles(1)
  ) u_pixel_valid (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(launch),
    .valid_o(pixel_valid)
  );
  hwg_codec_spatial #(
    .Inverse(0),
    .Width  (16),
    .Kinds  (Kinds)
  ) u_spatial (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .kind_i     (kind_i),
    .in_valid_i (pixel_valid),
    .in_value_i (pixel),
    .in_last_i  (pixel_last_q),
    .out_valid_o(z_valid),
    .out_value_o(z),
    .out_class_o(z_class),
    .out_last_o (z_last)
  );
  assign scale = z_class[1] ? scales_i[47:32] : z_class[0] ? scales_i[31:16] : scales_i[15:0];
  hwg_codec_quantise #(
    .Width(22),
    .Bits (Bits)
  ) u_quantise (
    .clk_i   (clk_i),
    .z_i     (z),
    .scale_i (scale),
    .shift_i (shift_i),
    .bits_i  (bits_i),
    .signed_i(signed_i),
    .value_o (q)
  );
  hwg_delay #(
    .Width (1),
    .Cycles(5)
  ) u_last (
    .clk_i (clk_i),
    .data_i(z_last),
    .data_o(q_last)
  );
  hwg_valid #(
    .Cycles(5)
  ) u_valid (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(z_valid),
    .valid_o(q_valid)
  );
  hwg_flow_buffer #(
    .Width(Bits + 1),
    .Depth(32)  // more than are under way: 16 that make a patch, 12 steps
  ) u_out (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .in_valid_i    (read_valid),
    .in_ready_o    (ready),
    .launch_valid_o(launch),
    .result_valid_i(q_valid),
    .result_data_i ({q_last, q}),
    .out_valid_o   (out_valid_o),
    .out_ready_i   (out_ready_i),
    .out_data_o    ({out_last_o, out_value_o})
  );
  logic unused;
  assign unused = ^{ready, unused_first, unused_group, unused_inside};

endmodule

`default_nettype wire
