// SPDX-License-Identifier: Apache-2.0
/// Behind the reader: coefficients become the values of a map, all other values pass beside that.
///
/// Function:   of a transformed tensor the beats go through hwg_dma_inverse; of any other one each value
///             is widened to Word bits, with its sign if it is signed
/// Timing:     a transform takes a value a cycle, as hwg_dma_inverse; past it there is no register
/// Parameters: Built 0 or 1; Word >= Bits, and >= Width with a transform; the others are those of
///             hwg_dma_inverse
/// Notes:      transformed_i stands still from start_i until the tensor is at its end. busy_o: values
///             of a map are still in the transform.
`default_nettype none

module hwg_dma_map_out #(
  parameter int Built  = 1,     // 0: there is no transform, all values pass
  parameter int Lanes  = 1,
  parameter int Word   = 16,    // bits of a value in the stream
  parameter int Bits   = 14,    // of the widest coded values
  parameter int Width  = 16,    // of a value of a map, two's complement
  parameter int Kinds  = 7,
  parameter int Groups = 8,
  parameter int Values = 4096,  // of the largest block
  localparam int GroupWidth = (Groups > 1) ? $clog2(Groups) : 1,
  localparam int CountWidth = $clog2(Lanes + 1)
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  output logic                       busy_o,
  // rows of the KLT
  input  wire logic                  row_write_i,
  input  wire logic [GroupWidth+2:0] row_addr_i,
  input  wire logic [90:0]           row_data_i,
  // the tensor
  input  wire logic                  start_i,        // pulse: a tensor begins
  input  wire logic                  transformed_i,  // it is that of a map
  input  wire logic [15:0]           height_i,       // of the map
  input  wire logic [15:0]           width_i,
  input  wire logic [15:0]           channels_i,     // of the coefficients
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
  // in: coded values, from the reader
  input  wire logic                  in_valid_i,
  output logic                       in_ready_o,
  input  wire logic [Lanes*Bits-1:0] in_data_i,
  input  wire logic [CountWidth-1:0] in_count_i,     // values of the beat
  input  wire logic                  in_block_i,     // last of its block
  input  wire logic                  in_fault_i,     // with it: the block is damaged
  input  wire logic                  in_last_i,      // last of the tensor
  // out: values, and what is told of them
  output logic                       out_valid_o,
  input  wire logic                  out_ready_i,
  output logic      [Lanes*Word-1:0] out_data_o,
  output logic      [CountWidth-1:0] out_count_o,
  output logic                       out_block_o,
  output logic                       out_fault_o,
  output logic                       out_last_o
);

  if (Lanes < 1 || Lanes > 16) begin : gen_check_lanes
    initial $fatal(1, "hwg_dma_map_out: Lanes must be 1 to 16");
  end
  if (Width < 2 || Width > 32) begin : gen_check_width
    initial $fatal(1, "hwg_dma_map_out: Width must be 2 to 32");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_dma_map_out: Bits must be 1 to 15");
  end
  if (Built < 0 || Built > 1) begin : gen_check_built
    initial $fatal(1, "hwg_dma_map_out: Built must be 0 or 1");
  end
  if (Word < 1 || Word < Bits || (Built != 0 && Word < Width)) begin : gen_check_word
    initial $fatal(1, "hwg_dma_map_out: Word must be >= Bits, and >= Width with a transform");
  end
  if (Kinds < 0 || Kinds > 7 || Groups < 0 || Groups > 512) begin : gen_check_kinds
    initial $fatal(1, "hwg_dma_map_out: Kinds must be 0 to 7, Groups 0 to 512");
  end
  if (Values < 16 || Values > 4096) begin : gen_check_values
    initial $fatal(1, "hwg_dma_map_out: Values must be 16 to 4096");
  end

  logic [Lanes*Word-1:0] plain;  // what passes

  for (genvar i = 0; i < Lanes; i++) begin : gen_lane
    if (Word > Bits) begin : gen_wider
      assign plain[i*Word +: Word] =
        {{(Word - Bits){signed_i & in_data_i[i*Bits+Bits-1]}}, in_data_i[i*Bits +: Bits]};
    end else begin : gen_as_wide
      assign plain[i*Word +: Word] = in_data_i[i*Bits +: Bits];
    end
  end

  if (Built != 0) begin : gen_transform
    logic                  in_ready, turned_valid, turned_block, turned_fault, turned_last;
    logic [Lanes*Word-1:0] turned;
    logic [CountWidth-1:0] turned_count;

    hwg_dma_inverse #(
      .Lanes  (Lanes),
      .Word   (Word),
      .Bits   (Bits),
      .Width  (Width),
      .Kinds  (Kinds),
      .Groups (Groups),
      .Values (Values)
    ) i_inverse (
      .clk_i       (clk_i),
      .rst_ni      (rst_ni),
      .row_write_i (row_write_i),
      .row_addr_i  (row_addr_i),
      .row_data_i  (row_data_i),
      .start_i     (start_i & transformed_i),
      .busy_o      (busy_o),
      .height_i    (height_i),
      .width_i     (width_i),
      .channels_i  (channels_i),
      .bh_i        (bh_i),
      .bw_i        (bw_i),
      .bc_i        (bc_i),
      .kind_i      (kind_i),
      .klt_i       (klt_i),
      .down_i      (down_i),
      .steps_i     (steps_i),
      .signed_i    (signed_i),
      .lo_i        (lo_i),
      .hi_i        (hi_i),
      .in_valid_i  (in_valid_i & transformed_i),
      .in_ready_o  (in_ready),
      .in_data_i   (in_data_i),
      .in_count_i  (in_count_i),
      .in_block_i  (in_block_i),
      .in_fault_i  (in_fault_i),
      .in_last_i   (in_last_i),
      .out_valid_o (turned_valid),
      .out_ready_i (out_ready_i & transformed_i),
      .out_data_o  (turned),
      .out_count_o (turned_count),
      .out_block_o (turned_block),
      .out_fault_o (turned_fault),
      .out_last_o  (turned_last)
    );
    assign in_ready_o  = transformed_i ? in_ready : out_ready_i;
    assign out_valid_o = transformed_i ? turned_valid : in_valid_i;
    assign out_data_o  = transformed_i ? turned : plain;
    assign out_count_o = transformed_i ? turned_count : in_count_i;
    assign out_block_o = transformed_i ? turned_block : in_block_i;
    assign out_fault_o = transformed_i ? turned_fault : in_fault_i;
    assign out_last_o  = transformed_i ? turned_last : in_last_i;
  end else begin : gen_none
    logic unused_tensor;

    assign unused_tensor = ^{clk_i, rst_ni, row_write_i, row_addr_i, row_data_i, start_i,
                             transformed_i, height_i, width_i, channels_i, bh_i, bw_i, bc_i, kind_i,
                             klt_i, down_i, steps_i, signed_i, lo_i, hi_i};
    assign busy_o        = 1'b0;
    assign in_ready_o    = out_ready_i;
    assign out_valid_o   = in_valid_i;
    assign out_data_o    = plain;
    assign out_count_o   = in_count_i;
    assign out_block_o   = in_block_i;
    assign out_fault_o   = in_fault_i;
    assign out_last_o    = in_last_i;
  end

endmodule

`default_nettype wire
