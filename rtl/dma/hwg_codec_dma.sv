// SPDX-License-Identifier: Apache-2.0
/// The feature-map DMA: a stream of values goes to memory coded, and comes back from there.
/// (This file is long because: it is ports and instances.)
///
/// Function:   writer and reader, each with one tensor at a time, both at once, behind the registers
///             of hwg_dma_regs.rdl and one AXI4 master; hwg_dma_writer and hwg_dma_reader are what
///             they do. With Transform 1 the values of transformed tensors are those of the map:
///             hwg_dma_forward and hwg_dma_inverse stand between; all others pass beside these. With
///             Transform 0 they are the coefficients.
/// Timing:     as hwg_dma_writer and hwg_dma_reader, through a transform a value a cycle; a tensor
///             begins 8 cycles after its start
/// Parameters: those of hwg_dma_writer and hwg_dma_reader; Version as in hwg_dma_regs; Writer 0: there
///             is none, its start is refused; Reader likewise, and one of them must be there; Width,
///             Kinds and Groups are those of hwg_codec_forward, and mean nothing with Transform 0
/// Notes:      docs/bitstream.md has format and order of the values. A beat of s_values has Lanes
///             values, the first one lowest, the last beat of a block may have fewer; m_values is the
///             same, and tells how many. With Transform 1 a value has Word bits, coded ones in the
///             lowest, and sign-extended if they are signed. AXI IDs are 0; responses with others do
///             not come.
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

  localparam int          SetWidth = (Sets > 1) ? $clog2(Sets) : 1;
  localparam logic [31:0] CONFIG   = {8'(DataWidth / 8), 2'd0, 1'(Transform), 5'(Sets), 1'(Reader),
                                      1'(Writer), 1'(Weighted), 1'(Coder), 4'(Bits), 8'(Lanes)};
  localparam logic [31:0] KINDS    = {6'd0, 10'(Groups), 2'd0, 6'(Width), 5'd0, 3'(Kinds)};
  localparam logic [31:0] LIMITS   = {9'd0, 7'(AddrWidth), 3'd0, 13'(Values)};
  localparam logic [3:0]  FAULT_CFG = 4'd9;

  // ---- registers; the writer in the low half, the reader in the high one
  logic                   fast;
  logic [1:0]             start, go, refuse, checking, engine_busy, busy;
  logic [2*AddrWidth-1:0] data_addr, index_addr;
  logic [63:0]            capacity, blocks, key, first, engine_number, fault_number;
  logic [31:0]            slot, height, width, channels;
  logic [25:0]            bh, bw, bc;
  logic [7:0]             bits, set, engine_kind, fault_kind;
  logic [1:0]             slotted, is_signed, transformed, stored, tans;
  logic                   table_write, table_known;
  logic [2:0]             table_kind;
  logic [15:0]            table_addr;
  logic [31:0]            table_data;
  logic [1:0]             block, engine_fault, fault, word, stall;
  logic [3:0]             block_mode, kind;
  logic [1:0]             klt;
  logic [9:0]             down, shift;
  logic [95:0]            factors;
  logic [31:0]            map_height, map_width;
  logic [63:0]            lo, hi;
  logic                   turning;             // the way back is not at its end
  logic                   unused;

  assign unused       = ^{m_axi_bid_i, m_axi_rid_i, table_data, table_addr, stored, blocks};
  assign busy         = checking | engine_busy | {turning, 1'b0};
  assign fault        = engine_fault | refuse;
  assign fault_kind   = {refuse[1] ? FAULT_CFG : engine_kind[7:4],
                         refuse[0] ? FAULT_CFG : engine_kind[3:0]};
  assign fault_number = engine_number & {{32{~refuse[1]}}, {32{~refuse[0]}}};
  assign stall        = {m_values_valid_o & ~m_values_ready_i,
                         s_values_valid_i & ~s_values_ready_o & busy[0]};

  hwg_dma_regs #(
    .AddrWidth (AddrWidth),
    .Version   (Version),
    .Config    (CONFIG),
    .Limits    (LIMITS),
    .Transform (Transform),
    .Kinds     (KINDS)
  ) i_regs (
    .clk_i          (clk_i),
    .rst_ni         (rst_ni),
    .aw_valid_i     (s_axil_awvalid_i),
    .aw_ready_o     (s_axil_awready_o),
    .aw_addr_i      (s_axil_awaddr_i),
    .w_valid_i      (s_axil_wvalid_i),
    .w_ready_o      (s_axil_wready_o),
    .w_data_i       (s_axil_wdata_i),
    .w_strb_i       (s_axil_wstrb_i),
    .b_valid_o      (s_axil_bvalid_o),
    .b_ready_i      (s_axil_bready_i),
    .b_resp_o       (s_axil_bresp_o),
    .ar_valid_i     (s_axil_arvalid_i),
    .ar_ready_o     (s_axil_arready_o),
    .ar_addr_i      (s_axil_araddr_i),
    .r_valid_o      (s_axil_rvalid_o),
    .r_ready_i      (s_axil_rready_i),
    .r_data_o       (s_axil_rdata_o),
    .r_resp_o       (s_axil_rresp_o),
    .irq_o          (irq_o),
    .start_o        (start),
    .fast_o         (fast),
    .busy_i         (busy),
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
    .tans_o         (tans),
    .set_o          (set),
    .key_o          (key),
    .first_o        (first),
    .table_write_o  (table_write),
    .table_known_i  (table_known),
    .table_kind_o   (table_kind),
    .table_addr_o   (table_addr),
    .table_data_o   (table_data),
    .kind_o         (kind),
    .klt_o          (klt),
    .down_o         (down),
    .shift_o        (shift),
    .factors_o      (factors),
    .map_height_o   (map_height),
    .map_width_o    (map_width),
    .lo_o           (lo),
    .hi_o           (hi),
    .block_i        (block),
    .block_mode_i   (block_mode),
    .fault_i        (fault),
    .fault_kind_i   (fault_kind),
    .fault_number_i (fault_number),
    .words_i        ({10'd0, word[1], 10'd0, word[0]}),
    .stall_i        (stall)
  );

  // ---- tables: each in a memory of its own, written while its engine stands still
  localparam int DECODE_TABLE = 0, DECODE_WEIGHT = 1, ENCODE_TABLE = 2, ENCODE_STATES = 3;
  localparam int ENCODE_WEIGHT = 4, FORWARD_ROW = 5, INVERSE_ROW = 6;
  localparam int ROW_WORDS = (Transform != 0) ? 32 * Groups : 0;  // four words a row

  logic [1:0]  working;          // from the start on
  logic [6:0]  there, table_on;  // by kind
  logic [16:0] limit;            // words of the memory

  assign working  = busy | start;
  assign there    = {(Reader != 0) && (ROW_WORDS != 0), (Writer != 0) && (ROW_WORDS != 0),
                     (Writer != 0) && (Weighted != 0), (Writer != 0) && (Coder != 0), Writer != 0,
                     (Reader != 0) && (Weighted != 0), Reader != 0}
                  & {~working[1], {4{~working[0]}}, {2{~working[1]}}};
  assign table_on = {7{table_write}} & (7'd1 << table_kind);

  always_comb begin
    case (table_kind)
      3'(DECODE_TABLE), 3'(ENCODE_STATES):  limit = 17'(4096 * Sets);
      3'(DECODE_WEIGHT), 3'(ENCODE_WEIGHT): limit = 17'(128 * Sets);
      3'(ENCODE_TABLE):                     limit = 17'(512 * Sets);
      3'(FORWARD_ROW), 3'(INVERSE_ROW):     limit = 17'(ROW_WORDS);
      default:                              limit = '0;
    endcase
    table_known = ({1'b0, table_addr} < limit) & (|(there & (7'd1 << table_kind)));
  end

  // ---- what is described is looked at before it is begun
  for (genvar i = 0; i < 2; i++) begin : gen_check
    localparam int ALIGN = (i == 0) ? 6 : 3;

    hwg_dma_descriptor_check #(
      .Coder     (Coder),
      .Bits      (Bits),
      .Sets      (Sets),
      .Values    (Values),
      .Align     (ALIGN),
      .Present   ((i == 0) ? Writer : Reader),
      .Transform (Transform),
      .Kinds     (Kinds),
      .Groups    (Groups)
    ) i_check (
      .clk_i        (clk_i),
      .rst_ni       (rst_ni),
      .start_i      (start[i]),
      .busy_o       (checking[i]),
      .start_o      (go[i]),
      .refuse_o     (refuse[i]),
      .data_addr_i  (data_addr[AddrWidth*i +: ALIGN]),
      .index_addr_i (index_addr[AddrWidth*i +: ALIGN]),
      .slotted_i    (slotted[i]),
      .slot_i       (slot[16*i +: 16]),
      .height_i     (height[16*i +: 16]),
      .width_i      (width[16*i +: 16]),
      .channels_i   (channels[16*i +: 16]),
      .bh_i         (bh[13*i +: 13]),
      .bw_i         (bw[13*i +: 13]),
      .bc_i         (bc[13*i +: 13]),
      .bits_i       (bits[4*i +: 4]),
      .tans_i       (tans[i]),
      .set_i        (set[4*i +: 4]),
      .transformed_i (transformed[i]),
      .kind_i       (kind[2*i +: 2]),
      .klt_i        (klt[i]),
      .map_height_i (map_height[16*i +: 16]),
      .map_width_i  (map_width[16*i +: 16])
    );
  end

  // ---- what stands between the streams and the engines
  logic                  w_valid, w_ready, r_valid, r_ready, r_block, r_fault, r_last;
  logic [Lanes*Bits-1:0] w_data, r_data;
  logic [CountWidth-1:0] r_count;

  if (Transform != 0) begin : gen_transform
    localparam int ROW_WIDTH = ((Groups > 1) ? $clog2(Groups) : 1) + 3;

    // Three words make a row, and the third one stores it.
    logic [63:0] row_q;
    logic        row_ends, unused_row;

    assign row_ends   = table_addr[1:0] == 2'd2;
    assign unused_row = ^{row_ends, row_q, table_on[INVERSE_ROW:FORWARD_ROW], shift, lo, hi};
    always_ff @(posedge clk_i) begin
      if (table_write && table_addr[1:0] == 2'd0) row_q[31:0] <= table_data;
      if (table_write && table_addr[1:0] == 2'd1) row_q[63:32] <= table_data;
    end

    // Coded values of other tensors are in the lowest bits.
    logic [Lanes*Bits-1:0] plain_in;
    logic [Lanes*Word-1:0] plain_out;

    for (genvar i = 0; i < Lanes; i++) begin : gen_lane
      assign plain_in[i*Bits +: Bits] = s_values_data_i[i*Word +: Bits];
      if (Word > Bits) begin : gen_wider
        assign plain_out[i*Word +: Word] =
          {{(Word - Bits){is_signed[1] & r_data[i*Bits+Bits-1]}}, r_data[i*Bits +: Bits]};
      end else begin : gen_as_wide
        assign plain_out[i*Word +: Word] = r_data[i*Bits +: Bits];
      end
    end

    if (Writer != 0) begin : gen_forward
      logic                  in_ready, out_valid;
      logic [Lanes*Bits-1:0] out_data;

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
        .row_write_i (table_on[FORWARD_ROW] & row_ends),
        .row_addr_i  (table_addr[2 +: ROW_WIDTH]),
        .row_data_i  ({table_data[26:0], row_q}),
        .start_i     (go[0] & transformed[0]),
        .height_i    (map_height[15:0]),
        .width_i     (map_width[15:0]),
        .channels_i  (channels[15:0]),
        .bh_i        (bh[12:0]),
        .bw_i        (bw[12:0]),
        .bc_i        (bc[12:0]),
        .kind_i      (kind[1:0]),
        .klt_i       (klt[0]),
        .down_i      (down[4:0]),
        .shift_i     (shift[4:0]),
        .scales_i    (factors[47:0]),
        .bits_i      (bits[3:0]),
        .signed_i    (is_signed[0]),
        .in_valid_i  (s_values_valid_i & transformed[0]),
        .in_ready_o  (in_ready),
        .in_data_i   (s_values_data_i),
        .out_valid_o (out_valid),
        .out_ready_i (w_ready),
        .out_data_o  (out_data)
      );
      assign w_valid          = transformed[0] ? out_valid : s_values_valid_i;
      assign w_data           = transformed[0] ? out_data : plain_in;
      assign s_values_ready_o = transformed[0] ? in_ready : w_ready;
    end else begin : gen_no_forward
      logic unused_forward;

      assign unused_forward   = ^{w_ready, plain_in, kind[1:0], klt[0], down[4:0], factors[47:0],
                                  map_height[15:0], map_width[15:0]};
      assign w_valid          = s_values_valid_i;
      assign w_data           = plain_in;
      assign s_values_ready_o = w_ready;
    end

    if (Reader != 0) begin : gen_inverse
      logic                  in_ready, out_valid, out_block, out_fault, out_last;
      logic [Lanes*Word-1:0] out_data;
      logic [CountWidth-1:0] out_count;

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
        .row_write_i (table_on[INVERSE_ROW] & row_ends),
        .row_addr_i  (table_addr[2 +: ROW_WIDTH]),
        .row_data_i  ({table_data[26:0], row_q}),
        .start_i     (go[1] & transformed[1]),
        .busy_o      (turning),
        .height_i    (map_height[31:16]),
        .width_i     (map_width[31:16]),
        .channels_i  (channels[31:16]),
        .bh_i        (bh[25:13]),
        .bw_i        (bw[25:13]),
        .bc_i        (bc[25:13]),
        .kind_i      (kind[3:2]),
        .klt_i       (klt[1]),
        .down_i      (down[9:5]),
        .steps_i     (factors[95:48]),
        .signed_i    (is_signed[1]),
        .lo_i        (lo[32 +: Width]),
        .hi_i        (hi[32 +: Width]),
        .in_valid_i  (r_valid & transformed[1]),
        .in_ready_o  (in_ready),
        .in_data_i   (r_data),
        .in_count_i  (r_count),
        .in_block_i  (r_block),
        .in_fault_i  (r_fault),
        .in_last_i   (r_last),
        .out_valid_o (out_valid),
        .out_ready_i (m_values_ready_i & transformed[1]),
        .out_data_o  (out_data),
        .out_count_o (out_count),
        .out_block_o (out_block),
        .out_fault_o (out_fault),
        .out_last_o  (out_last)
      );
      assign r_ready          = transformed[1] ? in_ready : m_values_ready_i;
      assign m_values_valid_o = transformed[1] ? out_valid : r_valid;
      assign m_values_data_o  = transformed[1] ? out_data : plain_out;
      assign m_values_count_o = transformed[1] ? out_count : r_count;
      assign m_values_block_o = transformed[1] ? out_block : r_block;
      assign m_values_fault_o = transformed[1] ? out_fault : r_fault;
      assign m_values_last_o  = transformed[1] ? out_last : r_last;
    end else begin : gen_no_inverse
      logic unused_inverse;

      assign unused_inverse   = ^{kind[3:2], klt[1], down[9:5], factors[95:48], map_height[31:16],
                                  map_width[31:16]};
      assign turning          = 1'b0;
      assign r_ready          = m_values_ready_i;
      assign m_values_valid_o = r_valid;
      assign m_values_data_o  = plain_out;
      assign m_values_count_o = r_count;
      assign m_values_block_o = r_block;
      assign m_values_fault_o = r_fault;
      assign m_values_last_o  = r_last;
    end
  end else begin : gen_no_transform
    logic unused_transform;

    assign unused_transform = ^{kind, klt, down, shift, factors, map_height, map_width, lo, hi,
                                table_on[INVERSE_ROW:FORWARD_ROW]};
    assign turning          = 1'b0;
    assign w_valid          = s_values_valid_i;
    assign w_data           = s_values_data_i;
    assign s_values_ready_o = w_ready;
    assign r_ready          = m_values_ready_i;
    assign m_values_valid_o = r_valid;
    assign m_values_data_o  = r_data;
    assign m_values_count_o = r_count;
    assign m_values_block_o = r_block;
    assign m_values_fault_o = r_fault;
    assign m_values_last_o  = r_last;
  end

  // ---- the writer
  assign m_axi_awid_o    = '0;
  assign m_axi_awlock_o  = 1'b0;
  assign m_axi_awcache_o = 4'b0011;
  assign m_axi_awprot_o  = 3'b000;

  if (Writer != 0) begin : gen_writer
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
      .rst_ni          (rst_ni),
      .start_i         (go[0]),
      .busy_o          (engine_busy[0]),
      .data_addr_i     (data_addr[AddrWidth-1:0]),
      .index_addr_i    (index_addr[AddrWidth-1:0]),
      .slotted_i       (slotted[0]),
      .slot_i          (slot[15:0]),
      .capacity_i      (capacity[31:0]),
      .first_i         (first[31:0]),
      .height_i        (height[15:0]),
      .width_i         (width[15:0]),
      .channels_i      (channels[15:0]),
      .bh_i            (bh[12:0]),
      .bw_i            (bw[12:0]),
      .bc_i            (bc[12:0]),
      .bits_i          (bits[3:0]),
      .signed_i        (is_signed[0]),
      .transformed_i   (transformed[0]),
      .stored_i        (stored[0]),
      .set_i           (set[3:0]),
      .key_i           (key[31:0]),
      .states_write_i  (table_on[ENCODE_STATES]),
      .states_addr_i   (table_addr[SetWidth+11:0]),
      .states_data_i   (table_data[7:0]),
      .table_write_i   (table_on[ENCODE_TABLE]),
      .table_addr_i    (table_addr[SetWidth+8:0]),
      .table_data_i    (table_data[20:0]),
      .weight_write_i  (table_on[ENCODE_WEIGHT]),
      .weight_addr_i   (table_addr[SetWidth+6:0]),
      .weight_data_i   (table_data[7:0]),
      .in_valid_i      (w_valid),
      .in_ready_o      (w_ready),
      .in_data_i       (w_data),
      .block_o         (block[0]),
      .block_mode_o    (block_mode[1:0]),
      .fault_o         (engine_fault[0]),
      .fault_kind_o    (engine_kind[3:0]),
      .fault_number_o  (engine_number[31:0]),
      .word_o          (word[0]),
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

    assign unused_writer = ^{go[0], capacity[31:0], first[31:0], is_signed[0], transformed[0],
                             key[31:0], table_on[ENCODE_WEIGHT:ENCODE_TABLE], s_values_data_i,
                             w_valid, w_data,
                             data_addr[AddrWidth-1:0], index_addr[AddrWidth-1:0],
                             m_axi_awready_i, m_axi_wready_i, m_axi_bvalid_i, m_axi_bresp_i};
    assign {engine_busy[0], w_ready, block[0], block_mode[1:0], engine_fault[0],
            engine_kind[3:0], engine_number[31:0], word[0]} = '0;
    assign {m_axi_awvalid_o, m_axi_awaddr_o, m_axi_awlen_o, m_axi_awsize_o, m_axi_awburst_o,
            m_axi_wvalid_o, m_axi_wdata_o, m_axi_wstrb_o, m_axi_wlast_o, m_axi_bready_o} = '0;
  end

  // ---- the reader
  assign m_axi_arid_o    = '0;
  assign m_axi_arlock_o  = 1'b0;
  assign m_axi_arcache_o = 4'b0011;
  assign m_axi_arprot_o  = 3'b000;

  if (Reader != 0) begin : gen_reader
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
      .rst_ni          (rst_ni),
      .start_i         (go[1]),
      .busy_o          (engine_busy[1]),
      .fast_i          (fast),
      .data_addr_i     (data_addr[2*AddrWidth-1:AddrWidth]),
      .index_addr_i    (index_addr[2*AddrWidth-1:AddrWidth]),
      .slotted_i       (slotted[1]),
      .slot_i          (slot[31:16]),
      .capacity_i      (capacity[63:32]),
      .blocks_i        (blocks[63:32]),
      .first_i         (first[63:32]),
      .height_i        (height[31:16]),
      .width_i         (width[31:16]),
      .channels_i      (channels[31:16]),
      .bh_i            (bh[25:13]),
      .bw_i            (bw[25:13]),
      .bc_i            (bc[25:13]),
      .bits_i          (bits[7:4]),
      .signed_i        (is_signed[1]),
      .transformed_i   (transformed[1]),
      .set_i           (set[7:4]),
      .key_i           (key[63:32]),
      .table_write_i   (table_on[DECODE_TABLE]),
      .table_addr_i    (table_addr[SetWidth+11:0]),
      .table_data_i    (table_data[17:0]),
      .weight_write_i  (table_on[DECODE_WEIGHT]),
      .weight_addr_i   (table_addr[SetWidth+6:0]),
      .weight_data_i   (table_data[7:0]),
      .out_valid_o     (r_valid),
      .out_ready_i     (r_ready),
      .out_data_o      (r_data),
      .out_count_o     (r_count),
      .out_block_o     (r_block),
      .out_fault_o     (r_fault),
      .out_last_o      (r_last),
      .block_o         (block[1]),
      .block_mode_o    (block_mode[3:2]),
      .fault_o         (engine_fault[1]),
      .fault_kind_o    (engine_kind[7:4]),
      .fault_number_o  (engine_number[63:32]),
      .word_o          (word[1]),
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

    assign unused_reader = ^{go[1], fast, capacity[63:32], first[63:32], is_signed[1],
                             transformed[1], key[63:32], table_on[DECODE_WEIGHT:DECODE_TABLE],
                             data_addr[2*AddrWidth-1:AddrWidth],
                             index_addr[2*AddrWidth-1:AddrWidth], m_axi_arready_i, m_axi_rvalid_i,
                             m_axi_rdata_i, m_axi_rresp_i, m_axi_rlast_i,
                             r_ready};
    assign {engine_busy[1], r_valid, r_data, r_count, r_block, r_fault, r_last, block[1],
            block_mode[3:2], engine_fault[1], engine_kind[7:4], engine_number[63:32], word[1]} = '0;
    assign {m_axi_arvalid_o, m_axi_araddr_o, m_axi_arlen_o, m_axi_arsize_o, m_axi_arburst_o,
            m_axi_rready_o} = '0;
  end

endmodule

`default_nettype wire
