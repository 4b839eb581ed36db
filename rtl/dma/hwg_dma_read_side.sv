// SPDX-License-Identifier: Apache-2.0
/// The reading side of the feature-map DMA: from its registers to the read channels of the bus.
///
/// Function:   a coded tensor comes from memory as a stream of values, as hwg_dma_reader does it, and
///             goes through the transform if the tensor says so; a reset and an abort give the tensor
///             up
/// Timing:     as hwg_dma_reader; a tensor begins 8 cycles after its start
/// Parameters: those of hwg_codec_dma; Present 0: there is no engine, and every start is refused
/// Notes:      hwg_dma_run says what giving up is, hwg_dma_deliver what the stream then sees.
`default_nettype none

module hwg_dma_read_side #(
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
  localparam int CountWidth = $clog2(Lanes + 1),
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
  input  wire logic                   fast_i,
  output logic                        busy_o,
  output logic                        done_o,
  output logic                        fault_o,
  output logic                        faulty_o,
  // tables, as hwg_dma_tables
  input  wire logic [6:0]             table_write_i,
  input  wire logic [15:0]            table_addr_i,
  input  wire logic [31:0]            table_data_i,
  input  wire logic [90:0]            row_i,
  // out: values
  output logic                        m_values_valid_o,
  input  wire logic                   m_values_ready_i,
  output logic      [Lanes*Word-1:0]  m_values_data_o,
  output logic      [CountWidth-1:0]  m_values_count_o,  // values of the beat
  output logic                        m_values_block_o,  // last of its block
  output logic                        m_values_fault_o,  // with it: the block is damaged
  output logic                        m_values_last_o,   // last of the tensor
  // AXI4, read channels
  output logic                        m_axi_arvalid_o,
  input  wire logic                   m_axi_arready_i,
  output logic      [AddrWidth-1:0]   m_axi_araddr_o,
  output logic      [7:0]             m_axi_arlen_o,
  output logic      [2:0]             m_axi_arsize_o,
  output logic      [1:0]             m_axi_arburst_o,
  input  wire logic                   m_axi_rvalid_i,
  output logic                        m_axi_rready_o,
  input  wire logic [DataWidth-1:0]   m_axi_rdata_i,
  input  wire logic [1:0]             m_axi_rresp_i,
  input  wire logic                   m_axi_rlast_i
);

  if (AddrWidth < 13 || AddrWidth > 64) begin : gen_check_addr
    initial $fatal(1, "hwg_dma_read_side: AddrWidth must be 13 to 64");
  end
  if (DataWidth < 64 || DataWidth > 128 || 128 % DataWidth != 0) begin : gen_check_data
    initial $fatal(1, "hwg_dma_read_side: DataWidth must be 64 or 128");
  end
  if (MaxBurst < 1 || MaxBurst > 256) begin : gen_check_burst
    initial $fatal(1, "hwg_dma_read_side: MaxBurst must be 1 to 256");
  end
  if (Outstanding < 1) begin : gen_check_outstanding
    initial $fatal(1, "hwg_dma_read_side: Outstanding must be >= 1");
  end
  if (Buffer < 2 || Buffer <= MaxBurst) begin : gen_check_buffer
    initial $fatal(1, "hwg_dma_read_side: Buffer must be > MaxBurst");
  end
  if (Lanes < 1 || Lanes > 16) begin : gen_check_lanes
    initial $fatal(1, "hwg_dma_read_side: Lanes must be 1 to 16");
  end
  if (Coder < 0 || Coder > 1 || Weighted < 0 || Weighted > 1) begin : gen_check_coder
    initial $fatal(1, "hwg_dma_read_side: Coder and Weighted must be 0 or 1");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_dma_read_side: Bits must be 1 to 15");
  end
  if (Sets < 1 || Sets > 16) begin : gen_check_sets
    initial $fatal(1, "hwg_dma_read_side: Sets must be 1 to 16");
  end
  if (Values < 16 || Values > 4096) begin : gen_check_values
    initial $fatal(1, "hwg_dma_read_side: Values must be 16 to 4096");
  end
  if (Present < 0 || Present > 1 || Transform < 0 || Transform > 1) begin : gen_check_present
    initial $fatal(1, "hwg_dma_read_side: Present and Transform must be 0 or 1");
  end
  if (Kinds < 0 || Kinds > 7 || Groups < 0 || Groups > 512) begin : gen_check_kinds
    initial $fatal(1, "hwg_dma_read_side: Kinds must be 0 to 7, Groups 0 to 512");
  end
  if (Width < 2 || Width > 32) begin : gen_check_width
    initial $fatal(1, "hwg_dma_read_side: Width must be 2 to 32");
  end

  localparam int DECODE_TABLE = 0, DECODE_WEIGHT = 1, ROW = 6;

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
  logic                  go, refuse, flush, stop, bus_idle, engine_rst_n, engine_busy, turning;
  logic                  delivering, block, word, engine_fault;
  logic [1:0]            block_mode;
  logic [3:0]            engine_kind;
  logic [31:0]           engine_number;
  // what the reader gives, and values of the stream
  logic                  r_valid, r_ready, r_block, r_fault, r_last;
  logic [Lanes*Bits-1:0] r_data;
  logic [CountWidth-1:0] r_count;
  logic                  v_valid, v_ready, v_block, v_fault, v_last;
  logic [Lanes*Word-1:0] v_data;
  logic [CountWidth-1:0] v_count;
  logic                  unused;

  assign unused = ^{stored, room, shift, lo, hi, table_write_i, table_data_i, table_addr_i};

  hwg_dma_tensor #(
    .AddrWidth (AddrWidth),
    .Reader    (1),
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
    .short_i        (1'b0),
    .long_i         (1'b0),
    .late_i         (1'b0),
    .busy_o         (busy_o),
    .done_o         (done_o),
    .fault_o        (fault_o),
    .faulty_o       (faulty_o),
    .engine_rst_no  (engine_rst_n),
    .flush_o        (flush),
    .begin_o        (go),
    .refuse_o       (refuse),
    .stop_o         (stop),
    .working_i      (engine_busy | turning | delivering),
    .bus_idle_i     (bus_idle),
    .block_i        (block),
    .block_mode_i   (block_mode),
    .fault_i        (engine_fault),
    .fault_kind_i   (engine_kind),
    .fault_number_i (engine_number),
    .word_i         (word),
    .stall_i        (m_values_valid_o & ~m_values_ready_i),
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

  // ---- the engine
  if (Present != 0) begin : gen_reader
    hwg_dma_reader #(
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
      .Depth       (2 * Values)
    ) i_reader (
      .clk_i           (clk_i),
      .rst_ni          (engine_rst_n),
      .bus_rst_ni      (bus_rst_ni),
      .flush_i         (flush),
      .bus_idle_o      (bus_idle),
      .start_i         (go),
      .busy_o          (engine_busy),
      .fast_i          (fast_i),
      .data_addr_i     (data_addr),
      .index_addr_i    (index_addr),
      .slotted_i       (slotted),
      .slot_i          (slot),
      .capacity_i      (capacity),
      .blocks_i        (blocks),
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
      .set_i           (set),
      .key_i           (key),
      .table_write_i   (table_write_i[DECODE_TABLE]),
      .table_addr_i    (table_addr_i[SetWidth+11:0]),
      .table_data_i    (table_data_i[17:0]),
      .weight_write_i  (table_write_i[DECODE_WEIGHT]),
      .weight_addr_i   (table_addr_i[SetWidth+6:0]),
      .weight_data_i   (table_data_i[7:0]),
      .out_valid_o     (r_valid),
      .out_ready_i     (r_ready),
      .out_data_o      (r_data),
      .out_count_o     (r_count),
      .out_block_o     (r_block),
      .out_fault_o     (r_fault),
      .out_last_o      (r_last),
      .block_o         (block),
      .block_mode_o    (block_mode),
      .fault_o         (engine_fault),
      .fault_kind_o    (engine_kind),
      .fault_number_o  (engine_number),
      .word_o          (word),
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
  end else begin : gen_no_reader
    logic unused_reader;

    assign unused_reader = ^{go, flush, fast_i, data_addr, index_addr, slotted, slot, capacity,
                             blocks, first, height, width, bits, set, key, r_ready,
                             m_axi_arready_i, m_axi_rvalid_i, m_axi_rdata_i,
                             m_axi_rresp_i, m_axi_rlast_i};
    assign bus_idle      = 1'b1;
    assign {engine_busy, r_valid, r_data, r_count, r_block, r_fault, r_last, block, block_mode,
            engine_fault, engine_kind, engine_number, word} = '0;
    assign {m_axi_arvalid_o, m_axi_araddr_o, m_axi_arlen_o, m_axi_arsize_o, m_axi_arburst_o,
            m_axi_rready_o} = '0;
  end

  hwg_dma_map_out #(
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
    .busy_o        (turning),
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
    .steps_i       (factors),
    .signed_i      (is_signed),
    .lo_i          (lo[Width-1:0]),
    .hi_i          (hi[Width-1:0]),
    .in_valid_i    (r_valid),
    .in_ready_o    (r_ready),
    .in_data_i     (r_data),
    .in_count_i    (r_count),
    .in_block_i    (r_block),
    .in_fault_i    (r_fault),
    .in_last_i     (r_last),
    .out_valid_o   (v_valid),
    .out_ready_i   (v_ready),
    .out_data_o    (v_data),
    .out_count_o   (v_count),
    .out_block_o   (v_block),
    .out_fault_o   (v_fault),
    .out_last_o    (v_last)
  );

  hwg_dma_deliver #(.Width(Lanes * Word), .CountWidth(CountWidth)) i_deliver (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .begin_i     (start_i),
    .refuse_i    (refuse),
    .stop_i      (stop),
    .busy_o      (delivering),
    .in_valid_i  (v_valid),
    .in_ready_o  (v_ready),
    .in_data_i   (v_data),
    .in_count_i  (v_count),
    .in_block_i  (v_block),
    .in_fault_i  (v_fault),
    .in_last_i   (v_last),
    .out_valid_o (m_values_valid_o),
    .out_ready_i (m_values_ready_i),
    .out_data_o  (m_values_data_o),
    .out_count_o (m_values_count_o),
    .out_block_o (m_values_block_o),
    .out_fault_o (m_values_fault_o),
    .out_last_o  (m_values_last_o)
  );

endmodule

`default_nettype wire
