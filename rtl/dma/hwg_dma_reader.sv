// SPDX-License-Identifier: Apache-2.0
/// Reads a coded tensor from memory and delivers its values as a stream.
///
/// Function:   block after block, values of a block in scan order, Lanes to a beat; the last beat of
///             a block may be shorter. A damaged block is as many zeros as it should have values.
/// Timing:     the engine of hwg_dma_fetch and hwg_codec_decode: Lanes values a cycle where the bus
///             keeps up
/// Parameters: those of hwg_dma_fetch and hwg_codec_decode
/// Notes:      docs/bitstream.md has format and order. What the tensor is must stand still while
///             busy. Nothing that comes from memory can make it wait for ever. A single block is read
///             as a tensor of its size, in a slot of its length, with its number in first_i.
`default_nettype none

module hwg_dma_reader #(
  parameter int AddrWidth   = 32,
  parameter int DataWidth   = 64,
  parameter int MaxBurst    = 16,
  parameter int Outstanding = 4,
  parameter int Buffer      = 64,   // beats that the bus may be ahead
  parameter int Lanes       = 1,
  parameter int Coder       = 0,    // 0: Huffman, 1: tANS
  parameter int Bits        = 8,    // of the widest values
  parameter int Sets        = 1,    // table sets
  parameter int Weighted    = 0,    // 1: transformed tensors, with context weights
  parameter int Depth       = 8192, // values of a lane's store
  localparam int SetWidth   = (Sets > 1) ? $clog2(Sets) : 1,
  localparam int CountWidth = $clog2(Lanes + 1)
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  input  wire logic                  bus_rst_ni,   // of the bus, which outlives rst_ni
  input  wire logic                  flush_i,      // as hwg_dma_fetch
  output logic                       bus_idle_o,
  input  wire logic                  start_i,
  output logic                       busy_o,
  input  wire logic                  fast_i,
  // the tensor
  input  wire logic [AddrWidth-1:0]  data_addr_i,
  input  wire logic [AddrWidth-1:0]  index_addr_i,
  input  wire logic                  slotted_i,
  input  wire logic [15:0]           slot_i,
  input  wire logic [31:0]           capacity_i,
  input  wire logic [31:0]           blocks_i,
  input  wire logic [31:0]           first_i,      // number of its first block
  input  wire logic [15:0]           height_i,
  input  wire logic [15:0]           width_i,
  input  wire logic [15:0]           channels_i,
  input  wire logic [12:0]           bh_i,
  input  wire logic [12:0]           bw_i,
  input  wire logic [12:0]           bc_i,
  input  wire logic [3:0]            bits_i,
  input  wire logic                  signed_i,
  input  wire logic                  transformed_i,
  input  wire logic [3:0]            set_i,
  input  wire logic [31:0]           key_i,
  // tables and weights
  input  wire logic                  table_write_i,
  input  wire logic [SetWidth+11:0]  table_addr_i,
  input  wire logic [17:0]           table_data_i,
  input  wire logic                  weight_write_i,
  input  wire logic [SetWidth+6:0]   weight_addr_i,
  input  wire logic [7:0]            weight_data_i,
  // out: values
  output logic                       out_valid_o,
  input  wire logic                  out_ready_i,
  output logic      [Lanes*Bits-1:0] out_data_o,
  output logic      [CountWidth-1:0] out_count_o,  // values of the beat
  output logic                       out_block_o,  // last of its block
  output logic                       out_fault_o,  // with it: the block is damaged
  output logic                       out_last_o,   // last of the tensor
  // what happens
  output logic                       block_o,
  output logic      [1:0]            block_mode_o,
  output logic                       fault_o,
  output logic      [3:0]            fault_kind_o,
  output logic      [31:0]           fault_number_o,
  output logic                       word_o,       // a word of a block came
  // AXI4, read channels
  output logic                       m_axi_arvalid_o,
  input  wire logic                  m_axi_arready_i,
  output logic      [AddrWidth-1:0]  m_axi_araddr_o,
  output logic      [7:0]            m_axi_arlen_o,
  output logic      [2:0]            m_axi_arsize_o,
  output logic      [1:0]            m_axi_arburst_o,
  input  wire logic                  m_axi_rvalid_i,
  output logic                       m_axi_rready_o,
  input  wire logic [DataWidth-1:0]  m_axi_rdata_i,
  input  wire logic [1:0]            m_axi_rresp_i,
  input  wire logic                  m_axi_rlast_i
);

  if (AddrWidth < 13) begin : gen_check_addr
    initial $fatal(1, "hwg_dma_reader: AddrWidth must be >= 13");
  end

  if (DataWidth < 64 || DataWidth > 128 || 128 % DataWidth != 0) begin : gen_check_data
    initial $fatal(1, "hwg_dma_reader: DataWidth must be 64 or 128");
  end
  if (MaxBurst < 1 || MaxBurst > 256) begin : gen_check_burst
    initial $fatal(1, "hwg_dma_reader: MaxBurst must be 1 to 256");
  end
  if (Outstanding < 1) begin : gen_check_outstanding
    initial $fatal(1, "hwg_dma_reader: Outstanding must be >= 1");
  end
  if (Buffer < 1) begin : gen_check_buffer
    initial $fatal(1, "hwg_dma_reader: Buffer must be >= 1");
  end
  if (Lanes < 1 || Lanes > 16) begin : gen_check_lanes
    initial $fatal(1, "hwg_dma_reader: Lanes must be 1 to 16");
  end
  if (Coder < 0 || Coder > 1) begin : gen_check_coder
    initial $fatal(1, "hwg_dma_reader: Coder must be 0 or 1");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_dma_reader: Bits must be 1 to 15");
  end
  if (Sets < 1 || Sets > 16) begin : gen_check_sets
    initial $fatal(1, "hwg_dma_reader: Sets must be 1 to 16");
  end
  if (Weighted < 0 || Weighted > 1) begin : gen_check_weighted
    initial $fatal(1, "hwg_dma_reader: Weighted must be 0 or 1");
  end
  if (Depth < 16) begin : gen_check_depth
    initial $fatal(1, "hwg_dma_reader: Depth must be >= 16");
  end

  logic        fetching, block_valid, block_ready, block_final;
  logic [31:0] block_number;
  logic [12:0] block_h, block_w, block_c, unused_values;
  logic [10:0] unused_words;
  logic [3:0]  block_fault, fault_kind;
  logic        word_valid, word_ready, word_error, word_last;
  logic [63:0] word_data;

  hwg_dma_fetch #(
    .AddrWidth   (AddrWidth),
    .DataWidth   (DataWidth),
    .MaxBurst    (MaxBurst),
    .Outstanding (Outstanding),
    .Depth       (Buffer)
  ) i_fetch (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .bus_rst_ni      (bus_rst_ni),
    .flush_i         (flush_i),
    .bus_idle_o      (bus_idle_o),
    .start_i         (start_i),
    .busy_o          (fetching),
    .data_addr_i     (data_addr_i),
    .index_addr_i    (index_addr_i),
    .slotted_i       (slotted_i),
    .slot_i          (slot_i),
    .capacity_i      (capacity_i),
    .blocks_i        (blocks_i),
    .height_i        (height_i),
    .width_i         (width_i),
    .channels_i      (channels_i),
    .bh_i            (bh_i),
    .bw_i            (bw_i),
    .bc_i            (bc_i),
    .block_valid_o   (block_valid),
    .block_ready_i   (block_ready),
    .block_number_o  (block_number),
    .block_h_o       (block_h),
    .block_w_o       (block_w),
    .block_c_o       (block_c),
    .block_values_o  (unused_values),
    .block_words_o   (unused_words),
    .block_fault_o   (block_fault),
    .block_final_o   (block_final),
    .word_valid_o    (word_valid),
    .word_ready_i    (word_ready),
    .word_data_o     (word_data),
    .word_error_o    (word_error),
    .word_last_o     (word_last),
    .m_axi_arvalid_o (m_axi_arvalid_o),
    .m_axi_arready_i (m_axi_arready_i),
    .m_axi_araddr_o  (m_axi_araddr_o),
    .m_axi_arlen_o   (m_axi_arlen_o),
    .m_axi_arsize_o  (m_axi_arsize_o),
    .m_axi_arburst_o (m_axi_arburst_o),
    .m_axi_rvalid_i  (m_axi_rvalid_i),
    .m_axi_rready_o  (m_axi_rready_o),
    .m_axi_rdata_i   (m_axi_rdata_i),
    .m_axi_rresp_i   (m_axi_rresp_i),
    .m_axi_rlast_i   (m_axi_rlast_i)
  );

  hwg_codec_decode #(
    .Lanes    (Lanes),
    .Coder    (Coder),
    .Bits     (Bits),
    .Sets     (Sets),
    .Weighted (Weighted),
    .Depth    (Depth)
  ) i_decode (
    .clk_i          (clk_i),
    .rst_ni         (rst_ni),
    .table_write_i  (table_write_i),
    .table_addr_i   (table_addr_i),
    .table_data_i   (table_data_i),
    .weight_write_i (weight_write_i),
    .weight_addr_i  (weight_addr_i),
    .weight_data_i  (weight_data_i),
    .bits_i         (bits_i),
    .signed_i       (signed_i),
    .set_i          (set_i),
    .transformed_i  (transformed_i),
    .key_i          (key_i),
    .block_valid_i  (block_valid),
    .block_ready_o  (block_ready),
    .block_number_i (block_number + first_i),
    .block_h_i      (block_h),
    .block_w_i      (block_w),
    .block_c_i      (block_c),
    .block_fault_i  (block_fault),
    .word_valid_i   (word_valid),
    .word_ready_o   (word_ready),
    .word_data_i    (word_data),
    .word_error_i   (word_error),
    .word_last_i    (word_last),
    .strict_i       (~fast_i),
    .out_valid_o    (out_valid_o),
    .out_ready_i    (out_ready_i),
    .out_data_o     (out_data_o),
    .out_count_o    (out_count_o),
    .out_last_o     (out_block_o),
    .out_mode_o     (block_mode_o),
    .out_fault_o    (fault_kind)
  );

  // The block that is being delivered, and the one that will be the last.
  logic        waiting_d, waiting_q;  // blocks are still to be delivered
  logic        known_d, known_q;
  logic [31:0] number_d, number_q, final_d, final_q;

  assign block_o        = out_valid_o & out_ready_i & out_block_o;
  assign out_last_o     = out_block_o & known_q & (number_q == final_q);
  assign out_fault_o    = fault_kind != '0;
  assign fault_o        = block_o & out_fault_o;
  assign fault_kind_o   = fault_kind;
  assign fault_number_o = number_q;
  assign word_o         = word_valid & word_ready;
  assign busy_o         = waiting_q | fetching;

  always_comb begin
    waiting_d = waiting_q & ~(block_o & out_last_o);
    number_d  = block_o ? number_q + 32'd1 : number_q;
    known_d   = known_q;
    final_d   = final_q;
    if (block_valid && block_ready && block_final) begin
      known_d = 1'b1;
      final_d = block_number + first_i;
    end
    if (start_i) begin
      waiting_d = 1'b1;
      known_d   = 1'b0;
      number_d  = first_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      waiting_q <= 1'b0;
      known_q   <= 1'b0;
    end else begin
      waiting_q <= waiting_d;
      known_q   <= known_d;
    end
  end

  always_ff @(posedge clk_i) begin
    number_q <= number_d;
    final_q  <= final_d;
  end

endmodule

`default_nettype wire
