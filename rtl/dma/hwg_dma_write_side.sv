// SPDX-License-Identifier: Apache-2.0
/// The writing side of the feature-map DMA: from its registers to the write channels of the bus.
///
/// Function:   the values of a packet, transformed if the tensor says so, go to memory coded, as
///             hwg_dma_writer does it; a packet that is not the tensor, a source that stops, a reset
///             and an abort give the tensor up
/// Timing:     as hwg_dma_writer; a tensor begins 8 cycles after its start
/// Parameters: those of hwg_codec_dma; Present 0: there is no engine, and every start is refused
/// Notes:      hwg_dma_run says what giving up is, hwg_dma_source what becomes of a packet. An abort of
///             an engine at rest ends the tail of a packet.
`default_nettype none

module hwg_dma_write_side #(
  parameter int AddrWidth   = 32,
  parameter int DataWidth   = 64,
  parameter int MaxBurst    = 16,
  parameter int Outstanding = 4,
  parameter int Buffer      = 64,
  parameter int Lanes       = 1,
  parameter int Coder       = 0,
  parameter int Bits        = 8,
  parameter int Sets        = 1,
  parameter int Weighted    = 0,
  parameter int Values      = 4096,
  parameter int Present     = 1,
  parameter int Transform   = 0,
  parameter int Kinds       = 7,
  parameter int Groups      = 8,
  parameter int Width       = 16,
  localparam int SetWidth   = (Sets > 1) ? $clog2(Sets) : 1,
  localparam int GroupWidth = (Groups > 1) ? $clog2(Groups) : 1,
  localparam int Word       = (Transform != 0 && Width > Bits) ? Width : Bits
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  input  wire logic                   bus_rst_ni,   // of the bus, which outlives rst_ni
  // registers
  input  wire logic                   write_i,
  input  wire logic [6:0]             write_word_i,
  input  wire logic [31:0]            write_data_i,
  input  wire logic [31:0]            write_mask_i,
  input  wire logic [6:0]             read_word_i,
  output logic      [31:0]            read_data_o,
  // its work
  input  wire logic                   clear_i,      // the tally
  input  wire logic                   start_i,
  input  wire logic                   abort_i,
  input  wire logic [31:0]            limit_i,      // cycles that the source may take; 0: any
  output logic                        busy_o,
  output logic                        done_o,
  output logic                        fault_o,
  output logic                        faulty_o,
  output logic                        tail_o,
  // tables, as hwg_dma_tables
  input  wire logic [6:0]             table_write_i,
  input  wire logic [15:0]            table_addr_i,
  input  wire logic [31:0]            table_data_i,
  input  wire logic [90:0]            row_i,
  // in: values
  input  wire logic                   s_values_valid_i,
  output logic                        s_values_ready_o,
  input  wire logic [Lanes*Word-1:0]  s_values_data_i,
  input  wire logic                   s_values_last_i,  // of the tensor
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

  if (AddrWidth < 13 || AddrWidth > 64) begin : gen_check_addr
    initial $fatal(1, "hwg_dma_write_side: AddrWidth must be 13 to 64");
  end
  if (DataWidth < 64 || DataWidth > 128 || 128 % DataWidth != 0) begin : gen_check_data
    initial $fatal(1, "hwg_dma_write_side: DataWidth must be 64 or 128");
  end
  if (MaxBurst < 1 || MaxBurst > 256) begin : gen_check_burst
    initial $fatal(1, "hwg_dma_write_side: MaxBurst must be 1 to 256");
  end
  if (Outstanding < 1) begin : gen_check_outstanding
    initial $fatal(1, "hwg_dma_write_side: Outstanding must be >= 1");
  end
  if (Buffer < 2 || Buffer <= MaxBurst) begin : gen_check_buffer
    initial $fatal(1, "hwg_dma_write_side: Buffer must be > MaxBurst");
  end
  if (Lanes < 1 || Lanes > 16) begin : gen_check_lanes
    initial $fatal(1, "hwg_dma_write_side: Lanes must be 1 to 16");
  end
  if (Coder < 0 || Coder > 1 || Weighted < 0 || Weighted > 1) begin : gen_check_coder
    initial $fatal(1, "hwg_dma_write_side: Coder and Weighted must be 0 or 1");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_dma_write_side: Bits must be 1 to 15");
  end
  if (Sets < 1 || Sets > 16) begin : gen_check_sets
    initial $fatal(1, "hwg_dma_write_side: Sets must be 1 to 16");
  end
  if (Values < 16 || Values > 4096) begin : gen_check_values
    initial $fatal(1, "hwg_dma_write_side: Values must be 16 to 4096");
  end
  if (Present < 0 || Present > 1 || Transform < 0 || Transform > 1) begin : gen_check_present
    initial $fatal(1, "hwg_dma_write_side: Present and Transform must be 0 or 1");
  end
  if (Kinds < 0 || Kinds > 7 || Groups < 0 || Groups > 512) begin : gen_check_kinds
    initial $fatal(1, "hwg_dma_write_side: Kinds must be 0 to 7, Groups 0 to 512");
  end
  if (Width < 2 || Width > 32) begin : gen_check_width
    initial $fatal(1, "hwg_dma_write_side: Width must be 2 to 32");
  end

  localparam int ENCODE_TABLE = 2, ENCODE_STATES = 3, ENCODE_WEIGHT = 4, ROW = 5;

  // the tensor
  logic [AddrWidth-1:0]  data_addr, index_addr;
  logic [31:0]           capacity, blocks, key, first, room, lo, hi;
  logic [15:0]           slot, height, width, channels, map_height, map_width;
  logic                  slotted, is_signed, transformed, stored, klt;
  logic [12:0]           bh, bw, bc;
  logic [3:0]            bits, set;
  logic [1:0]            kind;
  logic [4:0]            down, shift;
  logic [47:0]           factors;
  // its run
  logic                  go, refuse, flush, stop, bus_idle, engine_rst_n, engine_busy;
  logic                  block, word, engine_fault, is_short, is_long, is_late;
  logic [1:0]            block_mode;
  logic [3:0]            engine_kind;
  logic [31:0]           engine_number;
  // values of its packet, and what the writer takes
  logic                  value_valid, value_ready, value_final;
  logic [Lanes*Word-1:0] value;
  logic                  w_valid, w_ready, w_final;
  logic [Lanes*Bits-1:0] w_data;
  logic                  unused;

  assign unused = ^{blocks, lo, hi, refuse, table_write_i, table_data_i, table_addr_i};

  hwg_dma_tensor #(
    .AddrWidth (AddrWidth),
    .Reader    (0),
    .Coder     (Coder),
    .Bits      (Bits),
    .Sets      (Sets),
    .Values    (Values),
    .Present   (Present),
    .Transform (Transform),
    .Kinds     (Kinds),
    .Groups    (Groups)
  ) i_tensor (
    .clk_i          (clk_i),
    .rst_ni         (rst_ni),
    .bus_rst_ni     (bus_rst_ni),
    .write_i        (write_i),
    .write_word_i   (write_word_i),
    .write_data_i   (write_data_i),
    .write_mask_i   (write_mask_i),
    .read_word_i    (read_word_i),
    .read_data_o    (read_data_o),
    .clear_i        (clear_i),
    .start_i        (start_i),
    .abort_i        (abort_i),
    .short_i        (is_short),
    .long_i         (is_long),
    .late_i         (is_late),
    .busy_o         (busy_o),
    .done_o         (done_o),
    .fault_o        (fault_o),
    .faulty_o       (faulty_o),
    .engine_rst_no  (engine_rst_n),
    .flush_o        (flush),
    .begin_o        (go),
    .refuse_o       (refuse),
    .stop_o         (stop),
    .working_i      (engine_busy),
    .bus_idle_i     (bus_idle),
    .block_i        (block),
    .block_mode_i   (block_mode),
    .fault_i        (engine_fault),
    .fault_kind_i   (engine_kind),
    .fault_number_i (engine_number),
    .word_i         (word),
    .stall_i        (s_values_valid_i & ~s_values_ready_o & busy_o),
    .data_addr_o    (data_addr),
    .index_addr_o   (index_addr),
    .capacity_o     (capacity),
    .blocks_o       (blocks),
    .slot_o         (slot),
    .slotted_o      (slotted),
    .height_o       (height),
    .width_o        (width),
    .channels_o     (channels),
    .bh_o           (bh),
    .bw_o           (bw),
    .bc_o           (bc),
    .bits_o         (bits),
    .signed_o       (is_signed),
    .transformed_o  (transformed),
    .stored_o       (stored),
    .set_o          (set),
    .key_o          (key),
    .first_o        (first),
    .room_o         (room),
    .kind_o         (kind),
    .klt_o          (klt),
    .down_o         (down),
    .shift_o        (shift),
    .factors_o      (factors),
    .map_height_o   (map_height),
    .map_width_o    (map_width),
    .lo_o           (lo),
    .hi_o           (hi)
  );

  hwg_dma_source #(.Width(Lanes * Word)) i_source (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .begin_i     (go),
    .stop_i      (stop),
    .clear_i     (abort_i & ~busy_o),
    .limit_i     (limit_i),
    .in_valid_i  (s_values_valid_i),
    .in_ready_o  (s_values_ready_o),
    .in_data_i   (s_values_data_i),
    .in_last_i   (s_values_last_i),
    .out_valid_o (value_valid),
    .out_ready_i (value_ready),
    .out_data_o  (value),
    .final_i     (value_final),
    .tail_o      (tail_o),
    .short_o     (is_short),
    .long_o      (is_long),
    .late_o      (is_late)
  );

  hwg_dma_map_in #(
    .Built  ((Transform != 0 && Present != 0) ? 1 : 0),
    .Lanes  (Lanes),
    .Word   (Word),
    .Bits   (Bits),
    .Width  (Width),
    .Kinds  (Kinds),
    .Groups (Groups),
    .Values (Values)
  ) i_map (
    .clk_i         (clk_i),
    .rst_ni        (engine_rst_n),
    .row_write_i   (table_write_i[ROW]),
    .row_addr_i    (table_addr_i[2 +: GroupWidth + 3]),
    .row_data_i    (row_i),
    .start_i       (go),
    .transformed_i (transformed),
    .height_i      (map_height),
    .width_i       (map_width),
    .channels_i    (channels),
    .bh_i          (bh),
    .bw_i          (bw),
    .bc_i          (bc),
    .kind_i        (kind),
    .klt_i         (klt),
    .down_i        (down),
    .shift_i       (shift),
    .scales_i      (factors),
    .bits_i        (bits),
    .signed_i      (is_signed),
    .in_valid_i    (value_valid),
    .in_ready_o    (value_ready),
    .in_data_i     (value),
    .in_final_o    (value_final),
    .out_valid_o   (w_valid),
    .out_ready_i   (w_ready),
    .out_data_o    (w_data),
    .out_final_i   (w_final)
  );

  // ---- the engine
  if (Present != 0) begin : gen_writer
    hwg_dma_writer #(
      .AddrWidth   (AddrWidth),
      .DataWidth   (DataWidth),
      .MaxBurst    (MaxBurst),
      .Outstanding (Outstanding),
      .Buffer      (Buffer),
      .Lanes       (Lanes),
      .Coder       (Coder),
      .Bits        (Bits),
      .Sets        (Sets),
      .Weighted    (Weighted),
      .Values      (Values)
    ) i_writer (
      .clk_i           (clk_i),
      .rst_ni          (engine_rst_n),
      .bus_rst_ni      (bus_rst_ni),
      .flush_i         (flush),
      .bus_idle_o      (bus_idle),
      .start_i         (go),
      .busy_o          (engine_busy),
      .data_addr_i     (data_addr),
      .index_addr_i    (index_addr),
      .slotted_i       (slotted),
      .slot_i          (slot),
      .capacity_i      (capacity),
      .room_i          (room),
      .first_i         (first),
      .height_i        (height),
      .width_i         (width),
      .channels_i      (channels),
      .bh_i            (bh),
      .bw_i            (bw),
      .bc_i            (bc),
      .bits_i          (bits),
      .signed_i        (is_signed),
      .transformed_i   (transformed),
      .stored_i        (stored),
      .set_i           (set),
      .key_i           (key),
      .states_write_i  (table_write_i[ENCODE_STATES]),
      .states_addr_i   (table_addr_i[SetWidth+11:0]),
      .states_data_i   (table_data_i[7:0]),
      .table_write_i   (table_write_i[ENCODE_TABLE]),
      .table_addr_i    (table_addr_i[SetWidth+8:0]),
      .table_data_i    (table_data_i[20:0]),
      .weight_write_i  (table_write_i[ENCODE_WEIGHT]),
      .weight_addr_i   (table_addr_i[SetWidth+6:0]),
      .weight_data_i   (table_data_i[7:0]),
      .in_valid_i      (w_valid),
      .in_ready_o      (w_ready),
      .in_data_i       (w_data),
      .in_final_o      (w_final),
      .block_o         (block),
      .block_mode_o    (block_mode),
      .fault_o         (engine_fault),
      .fault_kind_o    (engine_kind),
      .fault_number_o  (engine_number),
      .word_o          (word),
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
  end else begin : gen_no_writer
    logic unused_writer;

    assign unused_writer = ^{go, flush, data_addr, index_addr, slotted, slot, capacity, room, first,
                             height, width, stored, set, key, w_valid, w_data,
                             m_axi_awready_i, m_axi_wready_i, m_axi_bvalid_i, m_axi_bresp_i};
    assign bus_idle      = 1'b1;
    assign {engine_busy, w_ready, w_final, block, block_mode, engine_fault, engine_kind,
            engine_number, word} = '0;
    assign {m_axi_awvalid_o, m_axi_awaddr_o, m_axi_awlen_o, m_axi_awsize_o, m_axi_awburst_o,
            m_axi_wvalid_o, m_axi_wdata_o, m_axi_wstrb_o, m_axi_wlast_o, m_axi_bready_o} = '0;
  end

endmodule

`default_nettype wire
