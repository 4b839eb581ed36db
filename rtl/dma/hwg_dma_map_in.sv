// SPDX-License-Identifier: Apache-2.0
/// In front of the writer: values of a map become coefficients, all other values pass beside that.
///
/// Function:   of a transformed tensor the beats go through hwg_dma_forward; of any other one the Bits
///             lowest bits of each value are its code
/// Timing:     a transform takes a value a cycle, as hwg_dma_forward; past it there is no register
/// Parameters: Built 0 or 1; Word >= Bits, and >= Width with a transform; the others are those of
///             hwg_dma_forward
/// Notes:      transformed_i stands still from start_i until the tensor is at its end.
`default_nettype none

module hwg_dma_map_in #(
  parameter int Built  = 1,     // 0: there is no transform, all values pass
  parameter int Lanes  = 1,
  parameter int Word   = 16,    // bits of a value in the stream
  parameter int Bits   = 14,    // of the widest coded values
  parameter int Width  = 16,    // of a value of a map, two's complement
  parameter int Kinds  = 7,
  parameter int Groups = 8,
  parameter int Values = 4096,  // of the largest block
  localparam int GroupWidth = (Groups > 1) ? $clog2(Groups) : 1
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
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
  input  wire logic [4:0]            shift_i,
  input  wire logic [47:0]           scales_i,
  input  wire logic [3:0]            bits_i,
  input  wire logic                  signed_i,
  // in: values
  input  wire logic                  in_valid_i,
  output logic                       in_ready_o,
  input  wire logic [Lanes*Word-1:0] in_data_i,
  output logic                       in_final_o,     // the tensor ends with the beat that is taken now
  // out: coded values, to the writer
  output logic                       out_valid_o,
  input  wire logic                  out_ready_i,
  output logic      [Lanes*Bits-1:0] out_data_o,
  input  wire logic                  out_final_i     // as in_final_o, of what the writer takes
);

  if (Lanes < 1 || Lanes > 16) begin : gen_check_lanes
    initial $fatal(1, "hwg_dma_map_in: Lanes must be 1 to 16");
  end
  if (Width < 2 || Width > 32) begin : gen_check_width
    initial $fatal(1, "hwg_dma_map_in: Width must be 2 to 32");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_dma_map_in: Bits must be 1 to 15");
  end
  if (Built < 0 || Built > 1) begin : gen_check_built
    initial $fatal(1, "hwg_dma_map_in: Built must be 0 or 1");
  end
  if (Word < 1 || Word < Bits || (Built != 0 && Word < Width)) begin : gen_check_word
    initial $fatal(1, "hwg_dma_map_in: Word must be >= Bits, and >= Width with a transform");
  end
  if (Kinds < 0 || Kinds > 7 || Groups < 0 || Groups > 512) begin : gen_check_kinds
    initial $fatal(1, "hwg_dma_map_in: Kinds must be 0 to 7, Groups 0 to 512");
  end
  if (Values < 16 || Values > 4096) begin : gen_check_values
    initial $fatal(1, "hwg_dma_map_in: Values must be 16 to 4096");
  end

  logic [Lanes*Bits-1:0] plain;  // what passes

  for (genvar i = 0; i < Lanes; i++) begin : gen_lane
    assign plain[i*Bits +: Bits] = in_data_i[i*Word +: Bits];
  end

  if (Built != 0) begin : gen_transform
    logic                  in_ready, in_final, turned_valid;
    logic [Lanes*Bits-1:0] turned;

    hwg_dma_forward #(
      .Lanes  (Lanes),
      .Word   (Word),
      .Bits   (Bits),
      .Width  (Width),
      .Kinds  (Kinds),
      .Groups (Groups),
      .Values (Values)
    ) i_forward (
      .clk_i       (clk_i),
      .rst_ni      (rst_ni),
      .row_write_i (row_write_i),
      .row_addr_i  (row_addr_i),
      .row_data_i  (row_data_i),
      .start_i     (start_i & transformed_i),
      .height_i    (height_i),
      .width_i     (width_i),
      .channels_i  (channels_i),
      .bh_i        (bh_i),
      .bw_i        (bw_i),
      .bc_i        (bc_i),
      .kind_i      (kind_i),
      .klt_i       (klt_i),
      .down_i      (down_i),
      .shift_i     (shift_i),
      .scales_i    (scales_i),
      .bits_i      (bits_i),
      .signed_i    (signed_i),
      .in_valid_i  (in_valid_i & transformed_i),
      .in_ready_o  (in_ready),
      .in_data_i   (in_data_i),
      .in_final_o  (in_final),
      .out_valid_o (turned_valid),
      .out_ready_i (out_ready_i),
      .out_data_o  (turned)
    );
    assign out_valid_o = transformed_i ? turned_valid : in_valid_i;
    assign out_data_o  = transformed_i ? turned : plain;
    assign in_ready_o  = transformed_i ? in_ready : out_ready_i;
    assign in_final_o  = transformed_i ? in_final : out_final_i;
  end else begin : gen_none
    logic unused_tensor;

    assign unused_tensor = ^{clk_i, rst_ni, row_write_i, row_addr_i, row_data_i, start_i,
                             transformed_i, height_i, width_i, channels_i, bh_i, bw_i, bc_i, kind_i,
                             klt_i, down_i, shift_i, scales_i, bits_i, signed_i, in_data_i};
    assign out_valid_o   = in_valid_i;
    assign out_data_o    = plain;
    assign in_ready_o    = out_ready_i;
    assign in_final_o    = out_final_i;
  end

endmodule

`default_nettype wire
