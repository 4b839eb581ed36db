// SPDX-License-Identifier: Apache-2.0
/// The feature-map DMA: a stream of values goes to memory coded, and comes back from there.
///
/// Function:   a writer (hwg_dma_writer) and a reader (hwg_dma_reader) behind the registers of
///             hwg_dma_regs.rdl and one AXI4 master. Both work at once, each on one tensor at a time.
///             With Transform 1 the streams carry the values of the map where a tensor is transformed:
///             hwg_dma_map_in and hwg_dma_map_out turn them into coefficients and back. With Transform
///             0 they carry the coefficients.
/// Timing:     as hwg_dma_writer and hwg_dma_reader, through a transform a value a cycle; a tensor
///             begins 8 cycles after its start
/// Parameters: those of hwg_dma_writer and hwg_dma_reader; Version as in hwg_dma_regs; Writer 0: there
///             is none, its start is refused; Reader likewise, and one of them must be there; Width,
///             Kinds and Groups are those of hwg_codec_forward, and mean nothing with Transform 0
/// Notes:      docs/bitstream.md has format and order of the values. A beat of s_values has Lanes
///             values, the first one lowest, the last beat of a block may have fewer; m_values is the
///             same, and tells how many. With Transform 1 a value has Word bits, coded ones in the
///             lowest, and sign-extended if they are signed. AXI IDs are 0; responses with others do
///             not come. rst_ni resets registers, engines and streams; what is under way on the bus is
///             then completed. bus_rst_ni goes with the reset of the memory: all of that is forgotten,
///             and tensors that were at work are given up. Both are of this clock.
`default_nettype none

module hwg_codec_dma #(
  parameter int          AddrWidth   = 32,     // bits of a byte address in memory
  parameter int          DataWidth   = 64,     // bits of a beat on the AXI4 bus, 64 or 128
  parameter int          MaxBurst    = 16,     // beats of a burst
  parameter int          Outstanding = 4,      // bursts under way, each way
  parameter int          Buffer      = 64,     // beats that wait, each way; more than MaxBurst
  parameter int          Lanes       = 1,      // values of a beat, and coders each way
  parameter int          Coder       = 0,      // 0: Huffman, 1: tANS
  parameter int          Bits        = 8,      // of the widest values
  parameter int          Sets        = 1,      // table sets, a power of two
  parameter int          Weighted    = 0,      // 1: transformed tensors, with context weights
  parameter int          Values      = 4096,   // of the largest block, a power of two
  parameter int          Writer      = 1,
  parameter int          Reader      = 1,
  parameter int          Transform   = 0,      // 1: mode T is done here
  parameter int          Kinds       = 7,      // of spatial transforms: 1 Haar2, 2 ICT4, 4 WHT4
  parameter int          Groups      = 8,      // of eight channels of a KLT; 0: there is none
  parameter int          Width       = 16,     // of the values of a map, two's complement
  parameter logic [31:0] Version     = 32'd0,  // of hwgen: 8 bits major, 8 minor, 16 patch
  localparam int CountWidth = $clog2(Lanes + 1),
  localparam int Word       = (Transform != 0 && Width > Bits) ? Width : Bits
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  input  wire logic                   bus_rst_ni,        // of the AXI4 bus
  output logic                        irq_o,
  // registers, AXI4-Lite
  input  wire logic                   s_axil_awvalid_i,
  output logic                        s_axil_awready_o,
  input  wire logic [8:0]             s_axil_awaddr_i,
  input  wire logic                   s_axil_wvalid_i,
  output logic                        s_axil_wready_o,
  input  wire logic [31:0]            s_axil_wdata_i,
  input  wire logic [3:0]             s_axil_wstrb_i,
  output logic                        s_axil_bvalid_o,
  input  wire logic                   s_axil_bready_i,
  output logic      [1:0]             s_axil_bresp_o,
  input  wire logic                   s_axil_arvalid_i,
  output logic                        s_axil_arready_o,
  input  wire logic [8:0]             s_axil_araddr_i,
  output logic                        s_axil_rvalid_o,
  input  wire logic                   s_axil_rready_i,
  output logic      [31:0]            s_axil_rdata_o,
  output logic      [1:0]             s_axil_rresp_o,
  // in: values to be written
  input  wire logic                   s_values_valid_i,
  output logic                        s_values_ready_o,
  input  wire logic [Lanes*Word-1:0]  s_values_data_i,
  input  wire logic                   s_values_last_i,   // of the tensor
  // out: values read
  output logic                        m_values_valid_o,
  input  wire logic                   m_values_ready_i,
  output logic      [Lanes*Word-1:0]  m_values_data_o,
  output logic      [CountWidth-1:0]  m_values_count_o,  // values of the beat
  output logic                        m_values_block_o,  // last of its block
  output logic                        m_values_fault_o,  // with it: the block is damaged
  output logic                        m_values_last_o,   // last of the tensor
  // memory, AXI4
  output logic                        m_axi_awvalid_o,
  input  wire logic                   m_axi_awready_i,
  output logic      [0:0]             m_axi_awid_o,
  output logic      [AddrWidth-1:0]   m_axi_awaddr_o,
  output logic      [7:0]             m_axi_awlen_o,
  output logic      [2:0]             m_axi_awsize_o,
  output logic      [1:0]             m_axi_awburst_o,
  output logic                        m_axi_awlock_o,
  output logic      [3:0]             m_axi_awcache_o,
  output logic      [2:0]             m_axi_awprot_o,
  output logic                        m_axi_wvalid_o,
  input  wire logic                   m_axi_wready_i,
  output logic      [DataWidth-1:0]   m_axi_wdata_o,
  output logic      [DataWidth/8-1:0] m_axi_wstrb_o,
  output logic                        m_axi_wlast_o,
  input  wire logic                   m_axi_bvalid_i,
  output logic                        m_axi_bready_o,
  input  wire logic [0:0]             m_axi_bid_i,
  input  wire logic [1:0]             m_axi_bresp_i,
  output logic                        m_axi_arvalid_o,
  input  wire logic                   m_axi_arready_i,
  output logic      [0:0]             m_axi_arid_o,
  output logic      [AddrWidth-1:0]   m_axi_araddr_o,
  output logic      [7:0]             m_axi_arlen_o,
  output logic      [2:0]             m_axi_arsize_o,
  output logic      [1:0]             m_axi_arburst_o,
  output logic                        m_axi_arlock_o,
  output logic      [3:0]             m_axi_arcache_o,
  output logic      [2:0]             m_axi_arprot_o,
  input  wire logic                   m_axi_rvalid_i,
  output logic                        m_axi_rready_o,
  input  wire logic [0:0]             m_axi_rid_i,
  input  wire logic [DataWidth-1:0]   m_axi_rdata_i,
  input  wire logic [1:0]             m_axi_rresp_i,
  input  wire logic                   m_axi_rlast_i
);

  if (AddrWidth < 13 || AddrWidth > 64) begin : gen_check_addr
    initial $fatal(1, "hwg_codec_dma: AddrWidth must be 13 to 64");
  end
  if (DataWidth < 64 || DataWidth > 128 || 128 % DataWidth != 0) begin : gen_check_data
    initial $fatal(1, "hwg_codec_dma: DataWidth must be 64 or 128");
  end
  if (MaxBurst < 1 || MaxBurst > 256) begin : gen_check_burst
    initial $fatal(1, "hwg_codec_dma: MaxBurst must be 1 to 256");
  end
  if (Outstanding < 1) begin : gen_check_outstanding
    initial $fatal(1, "hwg_codec_dma: Outstanding must be >= 1");
  end
  if (Buffer < 2 || Buffer <= MaxBurst) begin : gen_check_buffer
    initial $fatal(1, "hwg_codec_dma: Buffer must be > MaxBurst");
  end
  if (Lanes < 1 || Lanes > 16) begin : gen_check_lanes
    initial $fatal(1, "hwg_codec_dma: Lanes must be 1 to 16");
  end
  if (Coder < 0 || Coder > 1) begin : gen_check_coder
    initial $fatal(1, "hwg_codec_dma: Coder must be 0 or 1");
  end
  if (Bits < 1 || Bits > 15 || Bits > 15 - Coder) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_dma: Bits must be 1 to 15, with tANS 1 to 14");
  end
  if (Sets < 1 || Sets > 16 || (Sets & (Sets - 1)) != 0) begin : gen_check_sets
    initial $fatal(1, "hwg_codec_dma: Sets must be 1, 2, 4, 8 or 16");
  end
  if (Weighted < 0 || Weighted > 1) begin : gen_check_weighted
    initial $fatal(1, "hwg_codec_dma: Weighted must be 0 or 1");
  end
  if (Values < 16 || Values > 4096 || (Values & (Values - 1)) != 0) begin : gen_check_values
    initial $fatal(1, "hwg_codec_dma: Values must be a power of two, 16 to 4096");
  end
  if (Writer < 0 || Reader < 0 || Writer > 1 || Reader > 1 || Writer + Reader == 0) begin : gen_check_engines
    initial $fatal(1, "hwg_codec_dma: Writer and Reader must be 0 or 1, and not both 0");
  end

  if (Transform < 0 || Transform > 1) begin : gen_check_transform
    initial $fatal(1, "hwg_codec_dma: Transform must be 0 or 1");
  end
  if (Kinds < 0 || Kinds > 7) begin : gen_check_kinds
    initial $fatal(1, "hwg_codec_dma: Kinds must be 0 to 7");
  end
  if (Groups < 0 || Groups > 512 || (Groups & (Groups - 1)) != 0) begin : gen_check_groups
    initial $fatal(1, "hwg_codec_dma: Groups must be 0 or a power of two, at most 512");
  end
  if (Width < 2 || Width > 32) begin : gen_check_width
    initial $fatal(1, "hwg_codec_dma: Width must be 2 to 32");
  end

  localparam int WRITER = 0, READER = 1;
  localparam logic [31:0] CONFIG = {8'(DataWidth / 8), 2'd0, 1'(Transform), 5'(Sets), 1'(Reader),
                                    1'(Writer), 1'(Weighted), 1'(Coder), 4'(Bits), 8'(Lanes)};
  localparam logic [31:0] KINDS  = {6'd0, 10'(Groups), 2'd0, 6'(Width), 5'd0, 3'(Kinds)};
  localparam logic [31:0] LIMITS = {9'd0, 7'(AddrWidth), 3'd0, 13'(Values)};

  logic [1:0]  clear, start, abort, working, busy, done, fault, faulty, bank_write;
  logic        fast, forget, tail, bus_rst_n;
  logic [6:0]  write_word, read_word, table_on;
  logic [31:0] write_data, write_mask, writer_data, reader_data, limit, table_data;
  logic        table_write, table_known, unused;
  logic [2:0]  table_kind;
  logic [15:0] table_addr;
  logic [90:0] row;

  assign unused    = ^{m_axi_bid_i, m_axi_rid_i};
  assign bus_rst_n = bus_rst_ni & ~forget;

  hwg_dma_regs #(
    .Version   (Version),
    .Config    (CONFIG),
    .Limits    (LIMITS),
    .Transform (Transform),
    .Kinds     (KINDS)
  ) i_regs (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .aw_valid_i    (s_axil_awvalid_i),
    .aw_ready_o    (s_axil_awready_o),
    .aw_addr_i     (s_axil_awaddr_i),
    .w_valid_i     (s_axil_wvalid_i),
    .w_ready_o     (s_axil_wready_o),
    .w_data_i      (s_axil_wdata_i),
    .w_strb_i      (s_axil_wstrb_i),
    .b_valid_o     (s_axil_bvalid_o),
    .b_ready_i     (s_axil_bready_i),
    .b_resp_o      (s_axil_bresp_o),
    .ar_valid_i    (s_axil_arvalid_i),
    .ar_ready_o    (s_axil_arready_o),
    .ar_addr_i     (s_axil_araddr_i),
    .r_valid_o     (s_axil_rvalid_o),
    .r_ready_i     (s_axil_rready_i),
    .r_data_o      (s_axil_rdata_o),
    .r_resp_o      (s_axil_rresp_o),
    .irq_o         (irq_o),
    .clear_o       (clear),
    .start_o       (start),
    .abort_o       (abort),
    .working_o     (working),
    .forget_o      (forget),
    .fast_o        (fast),
    .limit_o       (limit),
    .busy_i        (busy),
    .done_i        (done),
    .fault_i       (fault),
    .faulty_i      (faulty),
    .tail_i        (tail),
    .bank_write_o  (bank_write),
    .write_word_o  (write_word),
    .write_data_o  (write_data),
    .write_mask_o  (write_mask),
    .read_word_o   (read_word),
    .writer_data_i (writer_data),
    .reader_data_i (reader_data),
    .table_write_o (table_write),
    .table_known_i (table_known),
    .table_kind_o  (table_kind),
    .table_addr_o  (table_addr),
    .table_data_o  (table_data)
  );

  hwg_dma_tables #(
    .Coder    (Coder),
    .Sets     (Sets),
    .Weighted (Weighted),
    .Writer   (Writer),
    .Reader   (Reader),
    .Groups   ((Transform != 0) ? Groups : 0)
  ) i_tables (
    .clk_i     (clk_i),
    .write_i   (table_write),
    .kind_i    (table_kind),
    .addr_i    (table_addr),
    .data_i    (table_data),
    .working_i (working),
    .known_o   (table_known),
    .write_o   (table_on),
    .row_o     (row)
  );

  assign m_axi_awid_o    = '0;
  assign m_axi_awlock_o  = 1'b0;
  assign m_axi_awcache_o = 4'b0011;
  assign m_axi_awprot_o  = 3'b000;

  hwg_dma_write_side #(
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
    .Values      (Values),
    .Present     (Writer),
    .Transform   (Transform),
    .Kinds       (Kinds),
    .Groups      (Groups),
    .Width       (Width)
  ) i_write_side (
    .clk_i            (clk_i),
    .rst_ni           (rst_ni),
    .bus_rst_ni       (bus_rst_n),
    .write_i          (bank_write[WRITER]),
    .write_word_i     (write_word),
    .write_data_i     (write_data),
    .write_mask_i     (write_mask),
    .read_word_i      (read_word),
    .read_data_o      (writer_data),
    .clear_i          (clear[WRITER]),
    .start_i          (start[WRITER]),
    .abort_i          (abort[WRITER]),
    .limit_i          (limit),
    .busy_o           (busy[WRITER]),
    .done_o           (done[WRITER]),
    .fault_o          (fault[WRITER]),
    .faulty_o         (faulty[WRITER]),
    .tail_o           (tail),
    .table_write_i    (table_on),
    .table_addr_i     (table_addr),
    .table_data_i     (table_data),
    .row_i            (row),
    .s_values_valid_i (s_values_valid_i),
    .s_values_ready_o (s_values_ready_o),
    .s_values_data_i  (s_values_data_i),
    .s_values_last_i  (s_values_last_i),
    .m_axi_awvalid_o  (m_axi_awvalid_o),
    .m_axi_awready_i  (m_axi_awready_i),
    .m_axi_awaddr_o   (m_axi_awaddr_o),
    .m_axi_awlen_o    (m_axi_awlen_o),
    .m_axi_awsize_o   (m_axi_awsize_o),
    .m_axi_awburst_o  (m_axi_awburst_o),
    .m_axi_wvalid_o   (m_axi_wvalid_o),
    .m_axi_wready_i   (m_axi_wready_i),
    .m_axi_wdata_o    (m_axi_wdata_o),
    .m_axi_wstrb_o    (m_axi_wstrb_o),
    .m_axi_wlast_o    (m_axi_wlast_o),
    .m_axi_bvalid_i   (m_axi_bvalid_i),
    .m_axi_bready_o   (m_axi_bready_o),
    .m_axi_bresp_i    (m_axi_bresp_i)
  );

  assign m_axi_arid_o    = '0;
  assign m_axi_arlock_o  = 1'b0;
  assign m_axi_arcache_o = 4'b0011;
  assign m_axi_arprot_o  = 3'b000;

  hwg_dma_read_side #(
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
    .Values      (Values),
    .Present     (Reader),
    .Transform   (Transform),
    .Kinds       (Kinds),
    .Groups      (Groups),
    .Width       (Width)
  ) i_read_side (
    .clk_i            (clk_i),
    .rst_ni           (rst_ni),
    .bus_rst_ni       (bus_rst_n),
    .write_i          (bank_write[READER]),
    .write_word_i     (write_word),
    .write_data_i     (write_data),
    .write_mask_i     (write_mask),
    .read_word_i      (read_word),
    .read_data_o      (reader_data),
    .clear_i          (clear[READER]),
    .start_i          (start[READER]),
    .abort_i          (abort[READER]),
    .fast_i           (fast),
    .busy_o           (busy[READER]),
    .done_o           (done[READER]),
    .fault_o          (fault[READER]),
    .faulty_o         (faulty[READER]),
    .table_write_i    (table_on),
    .table_addr_i     (table_addr),
    .table_data_i     (table_data),
    .row_i            (row),
    .m_values_valid_o (m_values_valid_o),
    .m_values_ready_i (m_values_ready_i),
    .m_values_data_o  (m_values_data_o),
    .m_values_count_o (m_values_count_o),
    .m_values_block_o (m_values_block_o),
    .m_values_fault_o (m_values_fault_o),
    .m_values_last_o  (m_values_last_o),
    .m_axi_arvalid_o  (m_axi_arvalid_o),
    .m_axi_arready_i  (m_axi_arready_i),
    .m_axi_araddr_o   (m_axi_araddr_o),
    .m_axi_arlen_o    (m_axi_arlen_o),
    .m_axi_arsize_o   (m_axi_arsize_o),
    .m_axi_arburst_o  (m_axi_arburst_o),
    .m_axi_rvalid_i   (m_axi_rvalid_i),
    .m_axi_rready_o   (m_axi_rready_o),
    .m_axi_rdata_i    (m_axi_rdata_i),
    .m_axi_rresp_i    (m_axi_rresp_i),
    .m_axi_rlast_i    (m_axi_rlast_i)
  );

endmodule

`default_nettype wire
