// SPDX-License-Identifier: Apache-2.0
/// Takes the values of a tensor as a stream and writes them to memory coded.
///
/// Function:   block after block, values of a block in scan order, Lanes to a beat; a block begins
///             with a new beat. Memory then holds what hwgen.codec.tensor.encode gives, and the index
///             if there is one.
/// Timing:     the engine of hwg_codec_encode and hwg_dma_store: nearly Lanes values a cycle where
///             the bus keeps up
/// Parameters: those of hwg_codec_encode and hwg_dma_store; Buffer > MaxBurst
/// Notes:      docs/bitstream.md has format and order. What the tensor is must stand still while
///             busy, which ends when memory has answered for everything. A block without room is
///             fault 8, as are all that follow, and so is an index without room; an answer of the bus
///             in error is fault 7, told with the number of the block then in hand: that one or one
///             before it did not get there.
`default_nettype none

module hwg_dma_writer #(
  parameter int AddrWidth   = 32,
  parameter int DataWidth   = 64,
  parameter int MaxBurst    = 16,
  parameter int Outstanding = 4,
  parameter int Buffer      = 64,   // beats that wait for the bus
  parameter int Lanes       = 1,
  parameter int Coder       = 0,    // 0: Huffman, 1: tANS
  parameter int Bits        = 8,    // of the widest values
  parameter int Sets        = 1,    // table sets
  parameter int Weighted    = 0,    // 1: transformed tensors, with context weights
  parameter int Values      = 4096, // of the largest block
  localparam int SetWidth   = (Sets > 1) ? $clog2(Sets) : 1
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  input  wire logic                   bus_rst_ni,    // of the bus, which outlives rst_ni
  input  wire logic                   flush_i,       // as hwg_dma_store
  output logic                        bus_idle_o,
  input  wire logic                   start_i,
  output logic                        busy_o,
  // the tensor
  input  wire logic [AddrWidth-1:0]   data_addr_i,
  input  wire logic [AddrWidth-1:0]   index_addr_i,
  input  wire logic                   slotted_i,
  input  wire logic [15:0]            slot_i,
  input  wire logic [31:0]            capacity_i,
  input  wire logic [31:0]            room_i,        // words of the index
  input  wire logic [31:0]            first_i,       // number of its first block
  input  wire logic [15:0]            height_i,
  input  wire logic [15:0]            width_i,
  input  wire logic [15:0]            channels_i,
  input  wire logic [12:0]            bh_i,
  input  wire logic [12:0]            bw_i,
  input  wire logic [12:0]            bc_i,
  input  wire logic [3:0]             bits_i,
  input  wire logic                   signed_i,
  input  wire logic                   transformed_i,
  input  wire logic                   stored_i,
  input  wire logic [3:0]             set_i,
  input  wire logic [31:0]            key_i,
  // tables and weights
  input  wire logic                   states_write_i,
  input  wire logic [SetWidth+11:0]   states_addr_i,
  input  wire logic [7:0]             states_data_i,
  input  wire logic                   table_write_i,
  input  wire logic [SetWidth+8:0]    table_addr_i,
  input  wire logic [20:0]            table_data_i,
  input  wire logic                   weight_write_i,
  input  wire logic [SetWidth+6:0]    weight_addr_i,
  input  wire logic [7:0]             weight_data_i,
  // in: values
  input  wire logic                   in_valid_i,
  output logic                        in_ready_o,
  input  wire logic [Lanes*Bits-1:0]  in_data_i,
  output logic                        in_final_o,    // the tensor ends with the beat that is taken now
  // what happens
  output logic                        block_o,       // a block goes to memory, or is dropped
  output logic      [1:0]             block_mode_o,
  output logic                        fault_o,       // with block_o: it is dropped
  output logic      [3:0]             fault_kind_o,
  output logic      [31:0]            fault_number_o,
  output logic                        word_o,        // a word of a block goes to memory
  // AXI4, write channels
  output logic                        m_axi_awvalid_o,
  input  wire logic                   m_axi_awready_i,
  output logic      [AddrWidth-1:0]   m_axi_awaddr_o,
  output logic      [7:0]             m_axi_awlen_o,
  output logic      [2:0]             m_axi_awsize_o,
  output logic      [1:0]             m_axi_awburst_o,
  output logic                        m_axi_wvalid_o,
  input  wire logic                   m_axi_wready_i,
  output logic      [DataWidth-1:0]   m_axi_wdata_o,
  output logic      [DataWidth/8-1:0] m_axi_wstrb_o,
  output logic                        m_axi_wlast_o,
  input  wire logic                   m_axi_bvalid_i,
  output logic                        m_axi_bready_o,
  input  wire logic [1:0]             m_axi_bresp_i
);

  if (AddrWidth < 13) begin : gen_check_addr
    initial $fatal(1, "hwg_dma_writer: AddrWidth must be >= 13");
  end
  if (DataWidth < 64 || DataWidth > 128 || 128 % DataWidth != 0) begin : gen_check_data
    initial $fatal(1, "hwg_dma_writer: DataWidth must be 64 or 128");
  end
  if (MaxBurst < 1 || MaxBurst > 256) begin : gen_check_burst
    initial $fatal(1, "hwg_dma_writer: MaxBurst must be 1 to 256");
  end
  if (Outstanding < 1) begin : gen_check_outstanding
    initial $fatal(1, "hwg_dma_writer: Outstanding must be >= 1");
  end
  if (Buffer < 2) begin : gen_check_buffer
    initial $fatal(1, "hwg_dma_writer: Buffer must be >= 2");
  end
  if (Lanes < 1 || Lanes > 16) begin : gen_check_lanes
    initial $fatal(1, "hwg_dma_writer: Lanes must be 1 to 16");
  end
  if (Coder < 0 || Coder > 1) begin : gen_check_coder
    initial $fatal(1, "hwg_dma_writer: Coder must be 0 or 1");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_dma_writer: Bits must be 1 to 15");
  end
  if (Sets < 1 || Sets > 16) begin : gen_check_sets
    initial $fatal(1, "hwg_dma_writer: Sets must be 1 to 16");
  end
  if (Weighted < 0 || Weighted > 1) begin : gen_check_weighted
    initial $fatal(1, "hwg_dma_writer: Weighted must be 0 or 1");
  end
  if (Values < 16) begin : gen_check_values
    initial $fatal(1, "hwg_dma_writer: Values must be >= 16");
  end

  localparam logic [3:0] FAULT_AXI = 4'd7;
  localparam logic [3:0] FAULT_OVF = 4'd8;

  logic        grid_valid, grid_ready, grid_last;
  logic [31:0] grid_number;
  logic [12:0] grid_h, grid_w, grid_c, grid_values;

  hwg_dma_grid #(.SideWidth(16)) i_grid (
    .clk_i        (clk_i),
    .rst_ni       (rst_ni),
    .start_i      (start_i),
    .height_i     (height_i),
    .width_i      (width_i),
    .channels_i   (channels_i),
    .bh_i         (bh_i),
    .bw_i         (bw_i),
    .bc_i         (bc_i),
    .out_valid_o  (grid_valid),
    .out_ready_i  (grid_ready),
    .out_number_o (grid_number),
    .out_h_o      (grid_h),
    .out_w_o      (grid_w),
    .out_c_o      (grid_c),
    .out_values_o (grid_values),
    .out_last_o   (grid_last)
  );

  logic        coded_valid, coded_ready, coded_final, block_valid, block_ready, block_final;
  logic [10:0] coded_words;
  logic [1:0]  coded_mode;
  logic [10:0] block_words;
  logic [1:0]  block_mode, mode_q;
  logic        word_valid, word_ready, unused_last;
  logic [63:0] word_data;

  hwg_codec_encode #(
    .Lanes    (Lanes),
    .Coder    (Coder),
    .Bits     (Bits),
    .Sets     (Sets),
    .Weighted (Weighted),
    .Values   (Values)
  ) i_encode (
    .clk_i             (clk_i),
    .rst_ni            (rst_ni),
    .states_write_i    (states_write_i),
    .states_addr_i     (states_addr_i),
    .states_data_i     (states_data_i),
    .table_write_i     (table_write_i),
    .table_addr_i      (table_addr_i),
    .table_data_i      (table_data_i),
    .weight_write_i    (weight_write_i),
    .weight_addr_i     (weight_addr_i),
    .weight_data_i     (weight_data_i),
    .bits_i            (bits_i),
    .signed_i          (signed_i),
    .set_i             (set_i),
    .transformed_i     (transformed_i),
    .stored_i          (stored_i),
    .key_i             (key_i),
    .block_valid_i     (grid_valid),
    .block_ready_o     (grid_ready),
    .block_number_i    (grid_number + first_i),
    .block_h_i         (grid_h),
    .block_w_i         (grid_w),
    .block_c_i         (grid_c),
    .block_values_i    (grid_values),
    .block_final_i     (grid_last),
    .in_valid_i        (in_valid_i),
    .in_ready_o        (in_ready_o),
    .in_data_i         (in_data_i),
    .in_final_o        (in_final_o),
    .out_block_valid_o (coded_valid),
    .out_block_ready_i (coded_ready),
    .out_block_words_o (coded_words),
    .out_block_mode_o  (coded_mode),
    .out_block_final_o (coded_final),
    .out_valid_o       (word_valid),
    .out_ready_i       (word_ready),
    .out_data_o        (word_data),
    .out_last_o        (unused_last)
  );

  // What is told of a block comes late in its cycle.
  hwg_fifo #(.Width(14), .Depth(2)) i_blocks (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .in_valid_i  (coded_valid),
    .in_ready_o  (coded_ready),
    .in_data_i   ({coded_words, coded_mode, coded_final}),
    .out_valid_o (block_valid),
    .out_ready_i (block_ready),
    .out_data_o  ({block_words, block_mode, block_final})
  );

  logic        storing, overflow, index_full, error;
  logic [31:0] unused_words;

  hwg_dma_store #(
    .AddrWidth   (AddrWidth),
    .DataWidth   (DataWidth),
    .MaxBurst    (MaxBurst),
    .Outstanding (Outstanding),
    .Depth       (Buffer)
  ) i_store (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .bus_rst_ni      (bus_rst_ni),
    .flush_i         (flush_i),
    .bus_idle_o      (bus_idle_o),
    .start_i         (start_i),
    .busy_o          (storing),
    .data_addr_i     (data_addr_i),
    .index_addr_i    (index_addr_i),
    .slotted_i       (slotted_i),
    .slot_i          (slot_i),
    .capacity_i      (capacity_i),
    .room_i          (room_i),
    .block_valid_i   (block_valid),
    .block_ready_o   (block_ready),
    .block_words_i   (block_words),
    .block_final_i   (block_final),
    .word_valid_i    (word_valid),
    .word_ready_o    (word_ready),
    .word_data_i     (word_data),
    .judged_o        (block_o),
    .overflow_o      (overflow),
    .index_full_o    (index_full),
    .error_o         (error),
    .words_o         (unused_words),
    .m_axi_awvalid_o (m_axi_awvalid_o),
    .m_axi_awready_i (m_axi_awready_i),
    .m_axi_awaddr_o  (m_axi_awaddr_o),
    .m_axi_awlen_o   (m_axi_awlen_o),
    .m_axi_awsize_o  (m_axi_awsize_o),
    .m_axi_awburst_o (m_axi_awburst_o),
    .m_axi_wvalid_o  (m_axi_wvalid_o),
    .m_axi_wready_i  (m_axi_wready_i),
    .m_axi_wdata_o   (m_axi_wdata_o),
    .m_axi_wstrb_o   (m_axi_wstrb_o),
    .m_axi_wlast_o   (m_axi_wlast_o),
    .m_axi_bvalid_i  (m_axi_bvalid_i),
    .m_axi_bready_o  (m_axi_bready_o),
    .m_axi_bresp_i   (m_axi_bresp_i)
  );

  // Faults one at a time: an answer in error, or an index without room, is told when no block is, as
  // a block of its own would be. Blocks come six cycles apart at least, and answers not as often as
  // words, so few wait.
  logic        dropped_d, dropped_q;  // this block and all others
  logic [31:0] number_d, number_q;    // of the next block
  logic [7:0]  owed_d, owed_q;        // answers in error that are still to be told
  logic        full_d, full_q;        // an index without room likewise
  logic        owing, full;

  assign full           = full_q & ~block_o;
  assign owing          = (owed_q != '0) & ~full_q & ~block_o;
  assign block_mode_o   = mode_q;
  assign fault_o        = overflow | full | owing;
  assign fault_kind_o   = (overflow | full) ? FAULT_OVF : FAULT_AXI;
  assign fault_number_o = overflow ? number_q : number_q - 32'd1;
  assign word_o         = word_valid & word_ready & ~dropped_q;
  assign busy_o         = storing | full_q | (owed_q != '0);

  always_comb begin
    dropped_d = dropped_q | overflow | index_full;
    full_d    = index_full | (full_q & ~full);
    number_d  = block_o ? number_q + 32'd1 : number_q;
    owed_d    = owed_q + 8'(error) - 8'(owing);
    if (start_i) begin
      dropped_d = 1'b0;
      number_d  = first_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      owed_q <= '0;
      full_q <= 1'b0;
    end else begin
      owed_q <= owed_d;
      full_q <= full_d;
    end
  end

  always_ff @(posedge clk_i) begin
    if (block_valid && block_ready) mode_q <= block_mode;
    dropped_q <= dropped_d;
    number_q  <= number_d;
  end

endmodule

`default_nettype wire
