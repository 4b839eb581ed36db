// SPDX-License-Identifier: Apache-2.0
/// Writes the blocks of a coded tensor to memory, and the index of where they lie.
///
/// Function:   packed layout: blocks lie one behind the other, and the offsets of all of them and of
///             the end follow in the index, written as they become known, 16 at a time; slotted
///             layout: every block has a slot, and there is no index.
/// Timing:     one word a cycle; between two blocks at least 5 cycles, and 8 more for every 16 blocks
/// Parameters: those of hwg_axi_write
/// Notes:      docs/bitstream.md has the layouts. A block that does not fit under the capacity (in
///             slots: that does not fit into its slot, or whose slot does not) is dropped with all
///             that follow (overflow_o); their offsets repeat the last one, which no decoder accepts.
///             So is all that follows offsets for which the index has no room (index_full_o). Sizes
///             are held while busy. After rst_ni alone, flush_i in its last cycle at least, and
///             nothing is started until bus_idle_o.
`default_nettype none

module hwg_dma_store #(
  parameter int AddrWidth   = 32,
  parameter int DataWidth   = 64,
  parameter int MaxBurst    = 16,
  parameter int Outstanding = 4,
  parameter int Depth       = 64
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  input  wire logic                   bus_rst_ni,    // of the bus, which outlives rst_ni
  input  wire logic                   flush_i,       // give up what is not on the bus yet
  output logic                        bus_idle_o,
  input  wire logic                   start_i,
  output logic                        busy_o,
  // the tensor
  input  wire logic [AddrWidth-1:0]   data_addr_i,   // aligned to 64 bytes
  input  wire logic [AddrWidth-1:0]   index_addr_i,  // likewise
  input  wire logic                   slotted_i,
  input  wire logic [15:0]            slot_i,        // words of a slot
  input  wire logic [31:0]            capacity_i,    // words of data
  input  wire logic [31:0]            room_i,        // words of the index
  // in: blocks, and their words
  input  wire logic                   block_valid_i,
  output logic                        block_ready_o,
  input  wire logic [10:0]            block_words_i,
  input  wire logic                   block_final_i,
  input  wire logic                   word_valid_i,
  output logic                        word_ready_o,
  input  wire logic [63:0]            word_data_i,
  // what happened
  output logic                        judged_o,      // pulse: a block goes to memory, or is dropped
  output logic                        overflow_o,    // with it: it is dropped
  output logic                        index_full_o,  // pulse, once: offsets do not fit, all else is dropped
  output logic                        error_o,       // pulse: the bus answered with an error
  output logic      [31:0]            words_o,       // of the room used so far
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

  if (MaxBurst < 1 || MaxBurst > 256) begin : gen_check_burst
    initial $fatal(1, "hwg_dma_store: MaxBurst must be 1 to 256");
  end
  if (Outstanding < 1) begin : gen_check_outstanding
    initial $fatal(1, "hwg_dma_store: Outstanding must be >= 1");
  end
  if (Depth < 2) begin : gen_check_depth
    initial $fatal(1, "hwg_dma_store: Depth must be >= 2");
  end
  if (AddrWidth < 13) begin : gen_check_addr
    initial $fatal(1, "hwg_dma_store: AddrWidth must be >= 13");
  end
  if (DataWidth < 64 || DataWidth > 128 || 128 % DataWidth != 0) begin : gen_check_data
    initial $fatal(1, "hwg_dma_store: DataWidth must be 64 or 128");
  end

  localparam int BEAT_BYTES = DataWidth / 8;
  localparam int CHUNK      = 16;  // offsets that are written at once

  // One bit a state: what is waited for, or done.
  localparam int IDLE = 0, BLOCK = 1, ASK = 2, DATA = 3, ASK_INDEX = 4, INDEX = 5, DRAIN = 6;
  localparam int ADD = 7, COMPARE = 8, JUDGE = 9;  // does the block fit: a step a cycle

  logic [9:0]           state_d, state_q;
  logic                 dropping_d, dropping_q;  // for want of room, this block and all others
  logic                 final_d, final_q;
  logic [10:0]          block_q;                 // words of the block
  logic [10:0]          left_d, left_q;          // of them still to come
  logic [31:0]          offset_d, offset_q;      // where the block begins
  logic [32:0]          finish_q;                // where it, or its slot, ends
  logic                 fits_q;                  // below the capacity, and in its slot
  logic [AddrWidth-1:0] index_d, index_q;
  logic [4:0]           count_d, count_q;        // offsets that wait to be written
  logic [3:0]           sent_d, sent_q;          // words of them that are gone
  logic [31:0]          offsets_q [0:CHUNK-1];
  logic                 note;                    // another offset is known
  logic                 index_due, index_last, index_fits;
  logic                 full_d, full_q;          // the index had no room
  logic [31:0]          room_d, room_q;          // words of the index that are left
  logic [3:0]           index_words;
  logic [31:0]          low, high;               // two offsets, a word of the index

  logic                 cmd_valid, cmd_ready, axi_idle;
  logic [AddrWidth-1:0] cmd_addr;
  logic                 in_valid, in_ready, in_last, in_high;
  logic [63:0]          in_data;
  logic                 beat_valid, beat_ready, beat_last;
  logic [DataWidth-1:0] beat_data;
  logic [DataWidth/8-1:0] beat_strb;

  assign index_due = ~slotted_i & (count_q == 5'(CHUNK) | (final_q & count_q != '0));

  assign block_ready_o = state_q[BLOCK] & ~index_due;
  assign index_fits    = (room_q[31:4] != '0) | (room_q[3:0] >= index_words);
  assign index_full_o  = state_q[BLOCK] & index_due & ~index_fits & ~full_q;
  assign judged_o      = state_q[JUDGE];
  assign overflow_o    = judged_o & ~(fits_q & ~dropping_q);
  assign words_o       = offset_q;
  assign index_words   = 4'((count_q + 5'd1) >> 1);
  assign index_last    = sent_q == index_words - 4'd1;

  always_comb begin
    state_d    = state_q;
    dropping_d = dropping_q;
    final_d    = final_q;
    left_d     = left_q;
    offset_d   = offset_q;
    index_d    = index_q;
    count_d    = count_q;
    sent_d     = sent_q;
    note       = 1'b0;
    full_d     = full_q;
    room_d     = room_q;
    if (state_q[BLOCK] && index_due && !index_fits) begin
      dropping_d = 1'b1;
      full_d     = 1'b1;
      count_d    = '0;
    end else if (state_q[BLOCK] && index_due) begin
      state_d = 10'd1 << ASK_INDEX;
    end else if (state_q[BLOCK] && final_q) begin
      state_d = 10'd1 << DRAIN;
    end else if (state_q[BLOCK] && block_valid_i) begin
      left_d  = block_words_i;
      final_d = block_final_i;
      state_d = 10'd1 << ADD;
    end else if (state_q[ADD]) begin
      state_d = 10'd1 << COMPARE;
    end else if (state_q[COMPARE]) begin
      state_d = 10'd1 << JUDGE;
    end else if (state_q[JUDGE]) begin
      dropping_d = dropping_q | ~fits_q;
      state_d    = dropping_d ? 10'd1 << DATA : 10'd1 << ASK;
    end else if (state_q[ASK] && cmd_ready) begin
      state_d = 10'd1 << DATA;
    end else if (state_q[DATA] && word_valid_i && word_ready_o) begin
      left_d = left_q - 11'd1;
      if (left_q == 11'd1) begin
        state_d = 10'd1 << BLOCK;
        note    = 1'b1;
        count_d = count_q + 5'd1;
        if (!dropping_q) offset_d = finish_q[31:0];
      end
    end else if (state_q[ASK_INDEX] && cmd_ready) begin
      state_d = 10'd1 << INDEX;
      sent_d  = '0;
    end else if (state_q[INDEX] && in_ready) begin
      sent_d = sent_q + 4'd1;
      if (index_last) begin
        state_d = 10'd1 << BLOCK;
        count_d = '0;
        room_d  = room_q - 32'(index_words);
        index_d = index_q + AddrWidth'(4 * CHUNK);
      end
    end else if (state_q[DRAIN] && axi_idle) begin
      state_d = 10'd1 << IDLE;
    end
    if (start_i) begin
      state_d    = 10'd1 << BLOCK;
      dropping_d = 1'b0;
      final_d    = 1'b0;
      offset_d   = '0;
      full_d     = 1'b0;
      index_d    = index_addr_i;
      room_d     = room_i;
      count_d    = slotted_i ? 5'd0 : 5'd1;  // the first offset is 0
      note       = 1'b1;
    end
    if (slotted_i) count_d = '0;
  end

  always_ff @(posedge clk_i) begin
    if (start_i)   offsets_q[0]            <= '0;
    else if (note) offsets_q[count_q[3:0]] <= offset_d;
  end

  assign low  = offsets_q[{sent_q[2:0], 1'b0}];
  assign high = ({sent_q[2:0], 1'b1} < count_q[3:0] || count_q[4]) ? offsets_q[{sent_q[2:0], 1'b1}]
                                                                  : '0;

  assign cmd_valid    = state_q[ASK] | state_q[ASK_INDEX];
  assign cmd_addr     = (state_q[ASK_INDEX] ? index_q
                       : data_addr_i + (AddrWidth'(offset_q) << 3))
                      & ~AddrWidth'(BEAT_BYTES - 1);
  assign in_valid     = (state_q[DATA] & word_valid_i & ~dropping_q) | state_q[INDEX];
  assign in_data      = state_q[INDEX] ? {high, low} : word_data_i;
  assign in_last      = state_q[INDEX] ? index_last : left_q == 11'd1;
  assign in_high      = state_q[DATA] & offset_q[0];
  assign word_ready_o = state_q[DATA] & (dropping_q | in_ready);
  assign busy_o       = ~state_q[IDLE];
  assign bus_idle_o   = axi_idle;

  hwg_dma_widen #(.DataWidth(DataWidth)) i_widen (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .in_valid_i  (in_valid),
    .in_ready_o  (in_ready),
    .in_data_i   (in_data),
    .in_high_i   (in_high),
    .in_last_i   (in_last),
    .out_valid_o (beat_valid),
    .out_ready_i (beat_ready),
    .out_data_o  (beat_data),
    .out_strb_o  (beat_strb),
    .out_last_o  (beat_last)
  );

  hwg_axi_write #(
    .AddrWidth   (AddrWidth),
    .DataWidth   (DataWidth),
    .MaxBurst    (MaxBurst),
    .Outstanding (Outstanding),
    .Depth       (Depth)
  ) i_write (
    .clk_i           (clk_i),
    .rst_ni          (bus_rst_ni),
    .flush_i         (flush_i),
    .cmd_valid_i     (cmd_valid),
    .cmd_ready_o     (cmd_ready),
    .cmd_addr_i      (cmd_addr),
    .in_valid_i      (beat_valid),
    .in_ready_o      (beat_ready),
    .in_data_i       (beat_data),
    .in_strb_i       (beat_strb),
    .in_last_i       (beat_last),
    .error_o         (error_o),
    .idle_o          (axi_idle),
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

  always_ff @(posedge clk_i) begin
    if (!rst_ni) state_q <= 10'd1 << IDLE;
    else         state_q <= state_d;
  end

  always_ff @(posedge clk_i) begin
    dropping_q <= dropping_d;
    final_q    <= final_d;
    full_q     <= full_d;
    room_q     <= room_d;
    left_q     <= left_d;
    offset_q   <= offset_d;
    index_q    <= index_d;
    count_q    <= count_d;
    sent_q     <= sent_d;
    if (block_valid_i && block_ready_o) block_q <= block_words_i;
    if (state_q[ADD]) finish_q <= 33'(offset_q) + (slotted_i ? 33'(slot_i) : 33'(block_q));
    if (state_q[COMPARE]) begin
      fits_q <= (finish_q <= {1'b0, capacity_i}) & (~slotted_i | 16'(block_q) <= slot_i);
    end
  end

endmodule

`default_nettype wire
