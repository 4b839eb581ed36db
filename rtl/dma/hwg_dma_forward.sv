// SPDX-License-Identifier: Apache-2.0
/// Turns the values of a map into coefficients, in front of the writer.
///
/// Function:   words of Lanes values of the map in, block by block (docs/codec.md, "Transforms in
///             hardware"); words of Lanes coefficients out, as hwg_dma_writer takes them. A block
///             begins with a new word on both sides.
/// Timing:     a value a cycle, as hwg_codec_forward
/// Parameters: 1 <= Lanes <= 16; Word >= Width: bits of a value in a word; the others are those of
///             hwg_codec_forward
/// Notes:      What the tensor is and its rows stand still from start_i until its last coefficient is
///             taken. hwg_dma_descriptor_check has seen that its sizes fit together.
`default_nettype none

module hwg_dma_forward #(
  parameter int Lanes  = 1,
  parameter int Word   = 16,
  parameter int Bits   = 14,    // of the widest coefficients
  parameter int Width  = 16,    // of a value, two's complement
  parameter int Kinds  = 7,     // of spatial transforms
  parameter int Groups = 8,     // of eight channels
  parameter int Values = 4096,  // of the largest block
  localparam int GroupWidth = (Groups > 1) ? $clog2(Groups) : 1
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  // matrices
  input  wire logic                  row_write_i,
  input  wire logic [GroupWidth+2:0] row_addr_i,
  input  wire logic [90:0]           row_data_i,
  // the tensor
  input  wire logic                  start_i,
  input  wire logic [15:0]           height_i,    // of the map
  input  wire logic [15:0]           width_i,
  input  wire logic [15:0]           channels_i,  // of the coefficients
  input  wire logic [12:0]           bh_i,
  input  wire logic [12:0]           bw_i,
  input  wire logic [12:0]           bc_i,
  input  wire logic [1:0]            kind_i,
  input  wire logic                  klt_i,
  input  wire logic [4:0]            down_i,
  input  wire logic [4:0]            shift_i,
  input  wire logic [47:0]           scales_i,
  input  wire logic [3:0]            bits_i,
  input  wire logic                  signed_i,
  // values
  input  wire logic                  in_valid_i,
  output logic                       in_ready_o,
  input  wire logic [Lanes*Word-1:0] in_data_i,
  output logic                       in_final_o,  // the map ends with the beat that is taken now
  // coefficients
  output logic                       out_valid_o,
  input  wire logic                  out_ready_i,
  output logic      [Lanes*Bits-1:0] out_data_o
);

  if (Lanes < 1 || Lanes > 16) begin : gen_check_lanes
    initial $fatal(1, "hwg_dma_forward: Lanes must be 1 to 16");
  end
  if (Width < 2 || Width > 32 || Word < Width || Word < 2) begin : gen_check_width
    initial $fatal(1, "hwg_dma_forward: Width must be 2 to 32, and Word no less");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_dma_forward: Bits must be 1 to 15");
  end
  if (Kinds < 0 || Kinds > 7) begin : gen_check_kinds
    initial $fatal(1, "hwg_dma_forward: Kinds must be 0 to 7");
  end
  if (Groups < 0 || Groups > 512 || (Groups & (Groups - 1)) != 0) begin : gen_check_groups
    initial $fatal(1, "hwg_dma_forward: Groups must be 0 or a power of two, at most 512");
  end
  if (Values < 16 || (Values & (Values - 1)) != 0) begin : gen_check_values
    initial $fatal(1, "hwg_dma_forward: Values must be a power of two >= 16");
  end

  logic [15:0] channels;
  logic        grid_valid, grid_ready, grid_last, block_valid, block_ready;
  logic [12:0] grid_h, grid_w, grid_c, grid_values;

  hwg_dma_pixels #(.SideWidth(16)) i_pixels (
    .clk_i        (clk_i),
    .rst_ni       (rst_ni),
    .start_i      (start_i),
    .kind_i       (kind_i),
    .height_i     (height_i),
    .width_i      (width_i),
    .channels_i   (channels_i),
    .bh_i         (bh_i),
    .bw_i         (bw_i),
    .bc_i         (bc_i),
    .channels_o   (channels),
    .out_valid_o  (grid_valid),
    .out_ready_i  (grid_ready),
    .out_h_o      (grid_h),
    .out_w_o      (grid_w),
    .out_c_o      (grid_c),
    .out_values_o (grid_values),
    .out_last_o   (grid_last)
  );

  // ---- values one by one
  logic            value_valid, value_ready, value_last, unused_high;
  logic [Word-1:0] value;

  if (Lanes == 1) begin : gen_single
    logic unused_values, room, known, final_block;

    // Blocks are told of ahead of their values.
    hwg_fifo #(.Width(1), .Depth(4)) i_finals (
      .clk_i       (clk_i),
      .rst_ni      (rst_ni),
      .in_valid_i  (grid_valid & block_ready),
      .in_ready_o  (room),
      .in_data_i   (grid_last),
      .out_valid_o (known),
      .out_ready_i (value_valid & value_ready & value_last),
      .out_data_o  (final_block)
    );

    assign unused_values = ^{grid_values, known};
    assign in_final_o    = value_last & final_block;
    assign block_valid   = grid_valid & room;
    assign grid_ready    = block_ready & room;
    assign value_valid   = in_valid_i;
    assign in_ready_o    = value_ready;
    assign value         = in_data_i;
  end else begin : gen_gather
    localparam int CountWidth = $clog2(Lanes + 1);

    logic [12:0]           left_q;  // values of the block that are still to come
    logic                  idle, word_ready, take, final_q, unused_last;
    logic [CountWidth-1:0] count;

    assign idle        = left_q == '0;
    assign block_valid = grid_valid & idle;
    assign grid_ready  = block_ready & idle;
    assign count       = (left_q < 13'(Lanes)) ? CountWidth'(left_q) : CountWidth'(Lanes);
    assign in_ready_o  = word_ready & ~idle;
    assign take        = in_valid_i & in_ready_o;
    assign in_final_o  = final_q & (left_q <= 13'(Lanes));
    assign unused_last = value_last;

    always_ff @(posedge clk_i) begin
      if (grid_valid && grid_ready) final_q <= grid_last;
      if (!rst_ni)                       left_q <= '0;
      else if (grid_valid && grid_ready) left_q <= grid_values;
      else if (take)                     left_q <= left_q - 13'(count);
    end

    hwg_codec_gather #(
      .Lanes (Lanes),
      .Bits  (Word),
      .Depth (16 * Lanes)
    ) i_gather (
      .clk_i       (clk_i),
      .rst_ni      (rst_ni),
      .in_valid_i  (take),
      .in_ready_o  (word_ready),
      .in_data_i   (in_data_i),
      .in_count_i  (count),
      .out_valid_o (value_valid),
      .out_ready_i (value_ready),
      .out_value_o (value)
    );
  end
  assign unused_high = ^value;

  // ---- coefficients, and together again
  logic            q_valid, q_ready, q_last;
  logic [Bits-1:0] q;

  hwg_codec_forward #(
    .Width  (Width),
    .Bits   (Bits),
    .Kinds  (Kinds),
    .Groups (Groups),
    .Values (Values)
  ) i_forward (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .row_write_i   (row_write_i),
    .row_addr_i    (row_addr_i),
    .row_data_i    (row_data_i),
    .channels_i    (channels),
    .kind_i        (kind_i),
    .klt_i         (klt_i),
    .down_i        (down_i),
    .shift_i       (shift_i),
    .scales_i      (scales_i),
    .bits_i        (bits_i),
    .signed_i      (signed_i),
    .block_valid_i (block_valid),
    .block_ready_o (block_ready),
    .block_h_i     (grid_h),
    .block_w_i     (grid_w),
    .block_c_i     (grid_c),
    .in_valid_i    (value_valid),
    .in_ready_o    (value_ready),
    .in_value_i    (value[Width-1:0]),
    .in_last_o     (value_last),
    .out_valid_o   (q_valid),
    .out_ready_i   (q_ready),
    .out_value_o   (q),
    .out_last_o    (q_last)
  );

  hwg_codec_bundle #(
    .Lanes (Lanes),
    .Bits  (Bits)
  ) i_bundle (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .in_valid_i  (q_valid),
    .in_ready_o  (q_ready),
    .in_value_i  (q),
    .in_last_i   (q_last),
    .out_valid_o (out_valid_o),
    .out_ready_i (out_ready_i),
    .out_data_o  (out_data_o)
  );

endmodule

`default_nettype wire
