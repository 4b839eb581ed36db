// SPDX-License-Identifier: Apache-2.0
/// Turns quantised coefficients back into values, block by block.
///
/// Function:   of each block of coefficients, in scan order as hwg_codec_decode gives them, the values
///             of its pixels. Equal to hwgen.codec.transform.Transform.inverse; values leave in the
///             order of hwgen.codec.block_scan: each block in scan order (y, x, c; c fastest), its channels
///             those of the KLT's inputs.
/// Timing:     a coefficient a cycle, but one cycle between blocks, and 6 cycles a block at least; a
///             block's first value leaves when all of it is there
/// Parameters: 2 <= Width <= 32; Bits 1 to 15; Kinds a mask of what is built: 1 Haar2, 2 ICT4, 4 WHT4;
///             Groups of the KLT-8: 0 (none is built) or a power of two; Values a power of two >= 16
/// Notes:      As for hwg_codec_forward. Channels that only fill a group come out too.
`default_nettype none

module hwg_codec_inverse #(
  parameter int Width  = 16,    // of a value, two's complement
  parameter int Bits   = 14,    // of the widest coefficients
  parameter int Kinds  = 7,     // of spatial transforms
  parameter int Groups = 8,     // of eight channels
  parameter int Values = 4096,  // of the largest block
  localparam int GroupWidth = (Groups > 1) ? $clog2(Groups) : 1
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  // matrices, as hwgen.codec.memory_images.klt_rom gives them for the way back
  input  wire logic                  row_write_i,
  input  wire logic [GroupWidth+2:0] row_addr_i,
  input  wire logic [90:0]           row_data_i,
  // the tensor
  input  wire logic [15:0]           channels_i,  // of the KLT's inputs, or of the values
  input  wire logic [1:0]            kind_i,      // 0 none, 1 Haar2, 2 ICT4, 3 WHT4
  input  wire logic                  klt_i,
  input  wire logic [4:0]            down_i,
  input  wire logic [47:0]           steps_i,     // of classes 0 to 2, class 0 lowest
  input  wire logic                  signed_i,    // coefficients
  input  wire logic [Width-1:0]      lo_i,        // values are clipped to these
  input  wire logic [Width-1:0]      hi_i,
  // its blocks, in pixels
  input  wire logic                  block_valid_i,
  output logic                       block_ready_o,
  input  wire logic [12:0]           block_h_i,
  input  wire logic [12:0]           block_w_i,
  input  wire logic [12:0]           block_c_i,
  // coefficients
  input  wire logic                  in_valid_i,
  output logic                       in_ready_o,
  input  wire logic [Bits-1:0]       in_value_i,  // sign-extended if signed_i
  // values
  output logic                       out_valid_o,
  input  wire logic                  out_ready_i,
  output logic      [Width-1:0]      out_value_o,
  output logic                       out_last_o   // of the block
);

  if (Width < 2 || Width > 32) begin : gen_check_width
    initial $fatal(1, "hwg_codec_inverse: Width must be 2 to 32");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_inverse: Bits must be 1 to 15");
  end
  if (Kinds < 0 || Kinds > 7) begin : gen_check_kinds
    initial $fatal(1, "hwg_codec_inverse: Kinds must be 0 to 7");
  end
  if (Groups < 0 || (Groups & (Groups - 1)) != 0) begin : gen_check_groups
    initial $fatal(1, "hwg_codec_inverse: Groups must be 0 or a power of two");
  end
  if (Values < 16 || (Values & (Values - 1)) != 0) begin : gen_check_values
    initial $fatal(1, "hwg_codec_inverse: Values must be a power of two >= 16");
  end

  // ---- blocks and their banks
  localparam int ADDR_WIDTH = $clog2(Values) + 1;
  logic                  accept_first, take, unused_last;
  logic [GroupWidth-1:0] read_group, unused_group;
  logic                  write_valid, write_inside;
  logic [15:0]           write_q, pixel;
  logic                  read_valid, read_last, launch, ready;
  logic [ADDR_WIDTH-1:0] write_addr, read_addr;
  assign take = in_valid_i & in_ready_o;
  hwg_codec_blocks #(
    .Inverse(1),
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
    .accept_first_o(accept_first),
    .accept_last_o (unused_last),
    .accept_group_o(unused_group),
    .write_go_i    (write_valid),
    .write_last_i  (1'b0),
    .write_addr_o  (write_addr),
    .write_inside_o(write_inside),
    .read_valid_o  (read_valid),
    .read_go_i     (launch),
    .read_addr_o   (read_addr),
    .read_group_o  (read_group),
    .read_last_o   (read_last)
  );

  // ---- coefficients to their size, by the class of their place in the patch
  logic [3:0]  place, place_q;  // row and column; only ICT4 has classes
  logic        odd_row, odd_col, z_valid, y_valid, unused_y_last;
  logic [15:0] step;
  logic [23:0] z;
  logic [29:0] y;
  logic [1:0]  unused_class;
  assign place   = accept_first ? 4'd0 : place_q;
  assign odd_row = (kind_i == 2'd2) & place[2];
  assign odd_col = (kind_i == 2'd2) & place[0];
  assign step    = (odd_row & odd_col) ? steps_i[47:32]
                 : (odd_row | odd_col) ? steps_i[31:16] : steps_i[15:0];
  always_ff @(posedge clk_i) begin
    if (take) place_q <= place + 4'd1;
  end
  hwg_codec_dequantise #(
    .Bits(Bits)
  ) u_dequantise (
    .clk_i   (clk_i),
    .value_i (in_value_i),
    .signed_i(signed_i),
    .step_i  (step),
    .z_o     (z)
  );
  hwg_valid #(
    .Cycles(2)
  ) u_z_valid (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(take),
    .valid_o(z_valid)
  );
  hwg_codec_spatial #(
    .Inverse(1),
    .Width  (24),
    .Kinds  (Kinds)
  ) u_spatial (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .kind_i     (kind_i),
    .in_valid_i (z_valid),
    .in_value_i (z),
    .in_last_i  (1'b0),
    .out_valid_o(y_valid),
    .out_value_o(y),
    .out_class_o(unused_class),
    .out_last_o (unused_y_last)
  );
  logic [15:0] rounded;
  hwg_codec_round #(
    .InWidth (30),
    .Shift   (6),
    .OutWidth(16)
  ) u_round (
    .data_i(y),
    .data_o(rounded)
  );
  always_ff @(posedge clk_i) write_q <= rounded;
  hwg_valid #(
    .Cycles(1)
  ) u_write_valid (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(y_valid),
    .valid_o(write_valid)
  );

  // ---- patch by patch into a bank; out of it in scan order. Nothing stalls from here to the buffer.
  logic                  pixel_valid, pixel_last_q, mixed_valid, mixed_last, value_valid;
  logic [GroupWidth-1:0] pixel_group_q;
  logic [15:0]           mixed;
  hwg_codec_table #(
    .Width(16),
    .Depth(1 << ADDR_WIDTH)
  ) u_banks (
    .clk_i       (clk_i),
    .write_i     (write_valid & write_inside),
    .write_addr_i(write_addr),
    .write_data_i(write_q),
    .addr_i      (read_addr),
    .data_o      (pixel)
  );
  always_ff @(posedge clk_i) begin
    pixel_last_q  <= read_last;
    pixel_group_q <= read_group;
  end
  hwg_valid #(
    .Cycles(1)
  ) u_pixel_valid (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(launch),
    .valid_o(pixel_valid)
  );
  hwg_codec_mix #(
    .Groups(Groups)
  ) u_mix (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .klt_i      (klt_i),
    .row_write_i(row_write_i),
    .row_addr_i (row_addr_i),
    .row_data_i (row_data_i),
    .in_valid_i (pixel_valid),
    .in_value_i (pixel),
    .in_group_i (pixel_group_q),
    .in_last_i  (pixel_last_q),
    .out_valid_o(mixed_valid),
    .out_value_o(mixed),
    .out_last_o (mixed_last)
  );

  // ---- shifted up and clipped
  logic signed [46:0]      up_1_q;
  logic signed [Width-1:0] lo, hi;
  logic [Width-1:0]        value_2_q;
  logic                    last_1_q, last_2_q;
  assign lo = lo_i;
  assign hi = hi_i;
  always_ff @(posedge clk_i) begin
    up_1_q    <= 47'($signed(mixed)) <<< down_i;
    last_1_q  <= mixed_last;
    value_2_q <= (up_1_q < 47'(lo)) ? lo_i : (up_1_q > 47'(hi)) ? hi_i : Width'(up_1_q);
    last_2_q  <= last_1_q;
  end
  hwg_valid #(
    .Cycles(2)
  ) u_value_valid (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(mixed_valid),
    .valid_o(value_valid)
  );
  hwg_flow_buffer #(
    .Width(Width + 1),
    .Depth(32)  // more than are under way: 7 that wait for an eighth, 14 steps
  ) u_out (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .in_valid_i    (read_valid),
    .in_ready_o    (ready),
    .launch_valid_o(launch),
    .result_valid_i(value_valid),
    .result_data_i ({last_2_q, value_2_q}),
    .out_valid_o   (out_valid_o),
    .out_ready_i   (out_ready_i),
    .out_data_o    ({out_last_o, out_value_o})
  );
  logic unused;
  assign unused = ^{ready, unused_last, unused_group, unused_class, unused_y_last};

endmodule

`default_nettype wire
