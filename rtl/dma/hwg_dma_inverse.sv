// SPDX-License-Identifier: Apache-2.0
/// Turns the coefficients that the reader delivers into the values of a map.
///
/// Function:   words of Lanes coefficients in, as hwg_dma_reader gives them; words of Lanes values of
///             the map out, block by block (docs/codec.md, "Transforms in hardware"). A block begins
///             with a new word on both sides. A damaged block is as many zeros as it has values.
/// Timing:     a value a cycle, as hwg_codec_inverse
/// Parameters: 1 <= Lanes <= 16; Word >= Width: bits of a value in a word; the others are those of
///             hwg_codec_inverse
/// Notes:      What the tensor is and its rows stand still from start_i until its last value is
///             taken, and so long is it busy. hwg_dma_descriptor_check has seen that its sizes fit together.
`default_nettype none

module hwg_dma_inverse #(
  parameter int Lanes  = 1,
  parameter int Word   = 16,
  parameter int Bits   = 14,    // of the widest coefficients
  parameter int Width  = 16,    // of a value, two's complement
  parameter int Kinds  = 7,     // of spatial transforms
  parameter int Groups = 8,     // of eight channels
  parameter int Values = 4096,  // of the largest block
  localparam int GroupWidth = (Groups > 1) ? $clog2(Groups) : 1,
  localparam int CountWidth = $clog2(Lanes + 1)
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  // matrices
  input  wire logic                  row_write_i,
  input  wire logic [GroupWidth+2:0] row_addr_i,
  input  wire logic [90:0]           row_data_i,
  // the tensor
  input  wire logic                  start_i,
  output logic                       busy_o,
  input  wire logic [15:0]           height_i,    // of the map
  input  wire logic [15:0]           width_i,
  input  wire logic [15:0]           channels_i,  // of the coefficients
  input  wire logic [12:0]           bh_i,
  input  wire logic [12:0]           bw_i,
  input  wire logic [12:0]           bc_i,
  input  wire logic [1:0]            kind_i,
  input  wire logic                  klt_i,
  input  wire logic [4:0]            down_i,
  input  wire logic [47:0]           steps_i,
  input  wire logic                  signed_i,
  input  wire logic [Width-1:0]      lo_i,
  input  wire logic [Width-1:0]      hi_i,
  // coefficients
  input  wire logic                  in_valid_i,
  output logic                       in_ready_o,
  input  wire logic [Lanes*Bits-1:0] in_data_i,
  input  wire logic [CountWidth-1:0] in_count_i,
  input  wire logic                  in_block_i,
  input  wire logic                  in_fault_i,  // with it
  input  wire logic                  in_last_i,
  // values
  output logic                       out_valid_o,
  input  wire logic                  out_ready_i,
  output logic      [Lanes*Word-1:0] out_data_o,
  output logic      [CountWidth-1:0] out_count_o,
  output logic                       out_block_o,
  output logic                       out_fault_o,
  output logic                       out_last_o
);

  if (Lanes < 1 || Lanes > 16) begin : gen_check_lanes
    initial $fatal(1, "hwg_dma_inverse: Lanes must be 1 to 16");
  end
  if (Width < 2 || Width > 32 || Word < Width || Word < 2) begin : gen_check_width
    initial $fatal(1, "hwg_dma_inverse: Width must be 2 to 32, and Word no less");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_dma_inverse: Bits must be 1 to 15");
  end
  if (Kinds < 0 || Kinds > 7) begin : gen_check_kinds
    initial $fatal(1, "hwg_dma_inverse: Kinds must be 0 to 7");
  end
  if (Groups < 0 || Groups > 512 || (Groups & (Groups - 1)) != 0) begin : gen_check_groups
    initial $fatal(1, "hwg_dma_inverse: Groups must be 0 or a power of two, at most 512");
  end
  if (Values < 16 || (Values & (Values - 1)) != 0) begin : gen_check_values
    initial $fatal(1, "hwg_dma_inverse: Values must be a power of two >= 16");
  end

  logic [15:0] channels;
  logic        block_valid, block_ready;
  logic [12:0] block_h, block_w, block_c, unused_values;
  logic        unused_last;

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
    .out_valid_o  (block_valid),
    .out_ready_i  (block_ready),
    .out_h_o      (block_h),
    .out_w_o      (block_w),
    .out_c_o      (block_c),
    .out_values_o (unused_values),
    .out_last_o   (unused_last)
  );

  // ---- coefficients one by one. What is known of a block with its last word goes past the
  // transform, and is there before the first value of the block.
  logic            word_ready, ends, told_ready, told, fault, final_block;
  logic            q_valid, q_ready, x_valid, x_ready, x_last;
  logic [Bits-1:0] q;

  assign in_ready_o = word_ready & told_ready;
  assign ends       = in_valid_i & in_ready_o & in_block_i;

  hwg_fifo #(
    .Width (2),
    .Depth (16)
  ) i_told (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .in_valid_i  (ends),
    .in_ready_o  (told_ready),
    .in_data_i   ({in_fault_i, in_last_i}),
    .out_valid_o (told),
    .out_ready_i (x_valid & x_ready & x_last),
    .out_data_o  ({fault, final_block})
  );

  if (Lanes == 1) begin : gen_single
    logic unused_count;

    assign unused_count = in_count_i;
    assign q_valid      = in_valid_i & told_ready;
    assign word_ready   = q_ready;
    assign q            = in_data_i;
  end else begin : gen_gather
    hwg_codec_gather #(
      .Lanes (Lanes),
      .Bits  (Bits),
      .Depth (16 * Lanes)
    ) i_gather (
      .clk_i       (clk_i),
      .rst_ni      (rst_ni),
      .in_valid_i  (in_valid_i & told_ready),
      .in_ready_o  (word_ready),
      .in_data_i   (in_data_i),
      .in_count_i  (in_count_i),
      .out_valid_o (q_valid),
      .out_ready_i (q_ready),
      .out_value_o (q)
    );
  end

  logic [Width-1:0] x, x_good;

  hwg_codec_inverse #(
    .Width  (Width),
    .Bits   (Bits),
    .Kinds  (Kinds),
    .Groups (Groups),
    .Values (Values)
  ) i_inverse (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .row_write_i   (row_write_i),
    .row_addr_i    (row_addr_i),
    .row_data_i    (row_data_i),
    .channels_i    (channels),
    .kind_i        (kind_i),
    .klt_i         (klt_i),
    .down_i        (down_i),
    .steps_i       (steps_i),
    .signed_i      (signed_i),
    .lo_i          (lo_i),
    .hi_i          (hi_i),
    .block_valid_i (block_valid),
    .block_ready_o (block_ready),
    .block_h_i     (block_h),
    .block_w_i     (block_w),
    .block_c_i     (block_c),
    .in_valid_i    (q_valid),
    .in_ready_o    (q_ready),
    .in_value_i    (q),
    .out_valid_o   (x_valid),
    .out_ready_i   (x_ready),
    .out_value_o   (x),
    .out_last_o    (x_last)
  );

  // ---- values, and together again
  logic [Word-1:0]       value;
  logic                  push, begins_q;  // a value that is taken, the first one of a word
  logic [CountWidth-1:0] count_q;
  logic                  block_q, fault_q, last_q, busy_q;

  assign x_good = x & {Width{~fault}};
  if (Word > Width) begin : gen_wider
    assign value = {{(Word - Width){x_good[Width-1]}}, x_good};
  end else begin : gen_as_wide
    assign value = x_good;
  end

  hwg_codec_bundle #(
    .Lanes (Lanes),
    .Bits  (Word)
  ) i_bundle (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .in_valid_i  (x_valid),
    .in_ready_o  (x_ready),
    .in_value_i  (value),
    .in_last_i   (x_last),
    .out_valid_o (out_valid_o),
    .out_ready_i (out_ready_i),
    .out_data_o  (out_data_o)
  );

  // A word is not touched from its last value until it is taken, and so is what stands beside it.
  assign push        = x_valid & x_ready;
  assign out_count_o = count_q;
  assign out_block_o = block_q;
  assign out_fault_o = fault_q;
  assign out_last_o  = last_q;
  assign busy_o      = busy_q;

  always_ff @(posedge clk_i) begin
    if (push) begin
      count_q <= begins_q ? CountWidth'(1) : count_q + CountWidth'(1);
      block_q <= x_last;
      fault_q <= x_last & fault;
      last_q  <= x_last & final_block;
    end
    if (!rst_ni) begin
      begins_q <= 1'b1;
      busy_q   <= 1'b0;
    end else begin
      if (push) begins_q <= x_last | (begins_q ? Lanes == 1 : count_q == CountWidth'(Lanes - 1));
      busy_q <= start_i | (busy_q & ~(out_valid_o & out_ready_i & out_last_o));
    end
  end

`ifdef HWG_ASSERT
  always @(posedge clk_i) begin
    if (rst_ni && x_valid) assert (told);
  end
`else
  logic unused_told;
  assign unused_told = told;
`endif

endmodule

`default_nettype wire
