// SPDX-License-Identifier: Apache-2.0
/// Reads the blocks of a coded tensor from memory: where each lies, then its words.
///
/// Function:   packed layout: the index is read ahead, eight offsets at a time; slotted layout: of
///             each slot the header word is read ahead, which tells how long the block is. Every
///             block leaves as a command (its number, size, length and what is wrong so far) and,
///             if nothing is, its words.
/// Timing:     the words of a block are asked for when the block's command has been taken, so a
///             consumer takes a command only when it has room for the block
/// Parameters: those of hwg_axi_read
/// Notes:      docs/bitstream.md has the layouts. Sizes are held while busy. A bad index (first
///             offset not 0, no increase, past the capacity), or a slot past the capacity, is fault 1
///             and an answer of the bus in error fault 7; a block longer than any can be, or than its
///             slot, is fault 2. None of these is read. After rst_ni alone, flush_i in its last cycle
///             at least, and nothing is started until bus_idle_o.
`default_nettype none

module hwg_dma_fetch #(
  parameter int AddrWidth   = 32,
  parameter int DataWidth   = 64,
  parameter int MaxBurst    = 16,
  parameter int Outstanding = 4,
  parameter int Depth       = 64
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,
  input  wire logic                 bus_rst_ni,     // of the bus, which outlives rst_ni
  input  wire logic                 flush_i,        // give up what is asked of the bus
  output logic                      bus_idle_o,
  input  wire logic                 start_i,
  output logic                      busy_o,
  // the tensor
  input  wire logic [AddrWidth-1:0] data_addr_i,    // aligned to 8 bytes
  input  wire logic [AddrWidth-1:0] index_addr_i,   // likewise
  input  wire logic                 slotted_i,
  input  wire logic [15:0]          slot_i,         // words of a slot
  input  wire logic [31:0]          capacity_i,     // words of data
  input  wire logic [31:0]          blocks_i,       // places: the index has one more
  input  wire logic [15:0]          height_i,
  input  wire logic [15:0]          width_i,
  input  wire logic [15:0]          channels_i,
  input  wire logic [12:0]          bh_i,
  input  wire logic [12:0]          bw_i,
  input  wire logic [12:0]          bc_i,
  // out: blocks
  output logic                      block_valid_o,
  input  wire logic                 block_ready_i,
  output logic      [31:0]          block_number_o,
  output logic      [12:0]          block_h_o,
  output logic      [12:0]          block_w_o,
  output logic      [12:0]          block_c_o,
  output logic      [12:0]          block_values_o,
  output logic      [10:0]          block_words_o,  // 0: none follow
  output logic      [3:0]           block_fault_o,
  output logic                      block_final_o,  // of the tensor
  // out: the words of the blocks
  output logic                      word_valid_o,
  input  wire logic                 word_ready_i,
  output logic      [63:0]          word_data_o,
  output logic                      word_error_o,
  output logic                      word_last_o,
  // AXI4, read channels
  output logic                      m_axi_arvalid_o,
  input  wire logic                 m_axi_arready_i,
  output logic      [AddrWidth-1:0] m_axi_araddr_o,
  output logic      [7:0]           m_axi_arlen_o,
  output logic      [2:0]           m_axi_arsize_o,
  output logic      [1:0]           m_axi_arburst_o,
  input  wire logic                 m_axi_rvalid_i,
  output logic                      m_axi_rready_o,
  input  wire logic [DataWidth-1:0] m_axi_rdata_i,
  input  wire logic [1:0]           m_axi_rresp_i,
  input  wire logic                 m_axi_rlast_i
);

  if (MaxBurst < 1 || MaxBurst > 256) begin : gen_check_burst
    initial $fatal(1, "hwg_dma_fetch: MaxBurst must be 1 to 256");
  end
  if (Outstanding < 1) begin : gen_check_outstanding
    initial $fatal(1, "hwg_dma_fetch: Outstanding must be >= 1");
  end
  if (Depth < 1) begin : gen_check_depth
    initial $fatal(1, "hwg_dma_fetch: Depth must be >= 1");
  end
  if (AddrWidth < 13) begin : gen_check_addr
    initial $fatal(1, "hwg_dma_fetch: AddrWidth must be >= 13");
  end
  if (DataWidth < 64 || DataWidth > 128 || 128 % DataWidth != 0) begin : gen_check_data
    initial $fatal(1, "hwg_dma_fetch: DataWidth must be 64 or 128");
  end

  localparam int         BEAT_BYTES  = DataWidth / 8;
  localparam int         BEAT_WORDS  = DataWidth / 64;
  localparam int         PLACES      = 16;    // read ahead at most
  localparam int         CHUNK       = 8;     // places of one index read
  localparam int         LEVEL_WIDTH = $clog2(PLACES + 1);
  localparam int         TAGS        = 8;     // reads under way
  localparam int         MOST_WORDS  = 1026;  // header, 4095 half-words, checksum
  localparam logic [3:0] FAULT_IDX   = 4'd1;
  localparam logic [3:0] FAULT_LEN   = 4'd2;
  localparam logic [3:0] FAULT_AXI   = 4'd7;

  // ------------------------------------------------------------------ the blocks to come

  logic        busy_d, busy_q;  // some are left
  logic        grid_valid, grid_last, send;
  logic [31:0] grid_number;

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
    .out_ready_i  (send),
    .out_number_o (grid_number),
    .out_h_o      (block_h_o),
    .out_w_o      (block_w_o),
    .out_c_o      (block_c_o),
    .out_values_o (block_values_o),
    .out_last_o   (grid_last)
  );

  assign block_final_o = grid_last;

  // ------------------------------------------------------------------ places, read ahead
  // A place is an offset from the index, or a length from the header word of a slot.

  logic [32:0]            left_d, left_q;          // places not asked for yet
  logic [AddrWidth-1:0]   ahead_addr_d, ahead_addr_q;
  logic [LEVEL_WIDTH-1:0] promised_d, promised_q;  // places asked for and not used up
  logic [LEVEL_WIDTH-1:0] ahead_places;
  logic [2:0]             ahead_words;
  logic                   settled_q;               // what follows is that of left_q
  logic                   some_q;                  // places are left
  logic [LEVEL_WIDTH-1:0] places_q;                // of the next read
  logic                   due_q;                   // there is room for them
  logic                   ask_ahead, tag_ready, cmd_ready;
  logic                   place_valid, place_next, place_error;
  logic [31:0]            place;

  assign ahead_places = slotted_i ? LEVEL_WIDTH'(1)
                      : (left_q < 33'(CHUNK)) ? LEVEL_WIDTH'(left_q) : LEVEL_WIDTH'(CHUNK);
  assign ahead_words  = slotted_i ? 3'd1 : 3'((places_q + LEVEL_WIDTH'(1)) >> 1);
  assign ask_ahead    = due_q & busy_q & tag_ready & cmd_ready;

  always_comb begin
    left_d       = left_q;
    ahead_addr_d = ahead_addr_q;
    promised_d   = promised_q;
    if (ask_ahead) begin
      left_d       = left_q - 33'(places_q);
      ahead_addr_d = ahead_addr_q
                   + (slotted_i ? (AddrWidth'(slot_i) << 3) : AddrWidth'(4 * CHUNK));
      promised_d   = promised_d + places_q;
    end
    if (place_next) promised_d = promised_d - LEVEL_WIDTH'(1);
    if (start_i) begin
      left_d       = {1'b0, blocks_i} + (slotted_i ? 33'd0 : 33'd1);
      ahead_addr_d = slotted_i ? data_addr_i : index_addr_i;
    end else if (!busy_q) begin
      left_d = '0;
    end
  end

  // ------------------------------------------------------------------ the next block
  // A place is looked at a cycle before its block is told of: comparing takes long.

  logic                 known, starved, wrong, bus_wrong, too_long, faulty, ask_block, judge;
  logic                 judged_d, judged_q;          // a block is known, but for its size
  logic [3:0]           verdict_d, verdict_q;        // what is wrong with it
  logic [10:0]          length_q;
  logic [31:0]          at_q;                        // where it begins
  logic                 have_begin_d, have_begin_q;  // packed: it is known where the next one begins
  logic                 begin_error_d, begin_error_q;
  logic [31:0]          begin_d, begin_q;            // of the next block, or of its slot
  logic [32:0]          slot_end;
  logic                 bad_first_d, bad_first_q;    // the first offset was not 0
  logic [AddrWidth-1:0] block_addr;
  logic [31:0]          length;

  assign length    = slotted_i ? place : place - begin_q;
  assign slot_end  = {1'b0, begin_q} + 33'(slot_i);
  assign wrong     = slotted_i ? slot_end > {1'b0, capacity_i}
                               : bad_first_q | (place <= begin_q) | (place > capacity_i);
  assign bus_wrong = slotted_i ? place_error & ~wrong : place_error | begin_error_q;
  assign too_long  = length > (slotted_i ? {16'd0, slot_i} : 32'(MOST_WORDS));
  assign verdict_d = bus_wrong ? FAULT_AXI : wrong ? FAULT_IDX : too_long ? FAULT_LEN : '0;

  // A tensor that has more blocks than the index has places must not wait for ever.
  assign starved = settled_q & ~some_q & (promised_q == '0);
  assign known   = busy_q & grid_valid & (judged_q | starved);
  assign faulty  = ~judged_q | (verdict_q != '0);

  assign block_valid_o  = known & (faulty | (tag_ready & cmd_ready & ~ask_ahead));
  assign block_number_o = grid_number;
  assign block_words_o  = faulty ? '0 : length_q;
  assign block_fault_o  = judged_q ? verdict_q : FAULT_IDX;
  assign send           = block_valid_o & block_ready_i;
  assign ask_block      = send & ~faulty;
  assign block_addr     = data_addr_i + (AddrWidth'(at_q) << 3);

  // A place is used up by its block; in the packed layout the first one only says where to begin.
  assign judge      = busy_q & place_valid & (slotted_i | have_begin_q) & (~judged_q | send);
  assign place_next = judge | (place_valid & (~busy_q | (~slotted_i & ~have_begin_q)));

  always_comb begin
    busy_d        = busy_q;
    judged_d      = judge | (judged_q & ~send);
    have_begin_d  = have_begin_q;
    begin_d       = begin_q;
    begin_error_d = begin_error_q;
    bad_first_d   = bad_first_q;
    if (place_next) begin
      have_begin_d  = 1'b1;
      begin_d       = slotted_i ? slot_end[31:0] : place;
      begin_error_d = place_error;
      if (!have_begin_q) bad_first_d = place != '0;
    end
    if (send && grid_last) begin
      busy_d   = 1'b0;
      judged_d = 1'b0;
    end
    if (start_i) begin
      busy_d       = 1'b1;
      judged_d     = 1'b0;
      have_begin_d = 1'b0;
      begin_d      = '0;
    end
  end

  // ------------------------------------------------------------------ reads

  logic                 tag_valid, read_valid, read_ready;
  logic [AddrWidth-1:0] asked_addr, first_addr, read_addr;
  logic [10:0]          read_words, read_span, read_beats;
  logic                 came_valid, came_ready, came_error, beat_valid, beat_ready, beat_error;
  logic [DataWidth-1:0] came_data, beat_data;
  logic                 tag_place, tag_high, read_high;
  logic [10:0]          tag_words;
  logic                 word_valid, word_ready, word_last, to_place, place_taken;
  logic                 unused_last;

  // Down to the beat that holds the first word.
  assign asked_addr = ask_ahead ? ahead_addr_q : block_addr;
  assign first_addr = asked_addr & ~AddrWidth'(BEAT_BYTES - 1);
  assign read_words = ask_ahead ? 11'(ahead_words) : length_q;
  assign read_high  = (BEAT_WORDS == 2) & asked_addr[3];
  assign read_span  = read_words + 11'(read_high) + 11'(BEAT_WORDS - 1);

  // Who asks is known late in the cycle.
  hwg_fifo #(.Width(AddrWidth + 11), .Depth(2)) i_asked (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .in_valid_i  (ask_ahead | ask_block),
    .in_ready_o  (cmd_ready),
    .in_data_i   ({first_addr, read_span >> (BEAT_WORDS - 1)}),
    .out_valid_o (read_valid),
    .out_ready_i (read_ready),
    .out_data_o  ({read_addr, read_beats})
  );

  hwg_axi_read #(
    .AddrWidth   (AddrWidth),
    .DataWidth   (DataWidth),
    .BeatsWidth  (11),
    .MaxBurst    (MaxBurst),
    .Outstanding (Outstanding),
    .Depth       (Depth)
  ) i_read (
    .clk_i           (clk_i),
    .rst_ni          (bus_rst_ni),
    .flush_i         (flush_i),
    .cmd_valid_i     (read_valid),
    .cmd_ready_o     (read_ready),
    .cmd_addr_i      (read_addr),
    .cmd_beats_i     (read_beats),
    .out_valid_o     (came_valid),
    .out_ready_i     (came_ready),
    .out_data_o      (came_data),
    .out_last_o      (unused_last),
    .out_error_o     (came_error),
    .idle_o          (bus_idle_o),
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

  // The buffer is a memory, late in its cycle.
  hwg_fifo #(.Width(DataWidth + 1), .Depth(2)) i_beats (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .in_valid_i  (came_valid),
    .in_ready_o  (came_ready),
    .in_data_i   ({came_error, came_data}),
    .out_valid_o (beat_valid),
    .out_ready_i (beat_ready),
    .out_data_o  ({beat_error, beat_data})
  );

  // What the reads under way were for.
  hwg_fifo #(.Width(13), .Depth(TAGS)) i_tags (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .in_valid_i  (ask_ahead | ask_block),
    .in_ready_o  (tag_ready),
    .in_data_i   ({ask_ahead, read_high, read_words}),
    .out_valid_o (tag_valid),
    .out_ready_i (word_valid & word_ready & word_last),
    .out_data_o  ({tag_place, tag_high, tag_words})
  );

  hwg_dma_narrow #(.DataWidth(DataWidth), .WordsWidth(11)) i_narrow (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .in_valid_i  (beat_valid),
    .in_ready_o  (beat_ready),
    .in_data_i   (beat_data),
    .in_error_i  (beat_error),
    .in_high_i   (tag_high),
    .in_words_i  (tag_words),
    .out_valid_o (word_valid),
    .out_ready_i (word_ready),
    .out_data_o  (word_data_o),
    .out_error_o (word_error_o),
    .out_last_o  (word_last)
  );

  assign to_place     = tag_valid & tag_place;
  assign word_valid_o = word_valid & ~to_place;
  assign word_last_o  = word_last;
  assign word_ready   = to_place ? place_taken : word_ready_i;

  hwg_dma_places #(.Depth(PLACES)) i_places (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .start_i     (start_i),
    .slotted_i   (slotted_i),
    .blocks_i    (blocks_i),
    .in_valid_i  (word_valid & to_place),
    .in_ready_o  (place_taken),
    .in_data_i   (word_data_o),
    .in_error_i  (word_error_o),
    .out_valid_o (place_valid),
    .out_ready_i (place_next),
    .out_place_o (place),
    .out_error_o (place_error)
  );

  assign busy_o = busy_q | ~bus_idle_o | tag_valid | place_valid;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q     <= 1'b0;
      judged_q   <= 1'b0;
      left_q     <= '0;
      promised_q <= '0;
    end else begin
      busy_q     <= busy_d;
      judged_q   <= judged_d;
      left_q     <= left_d;
      promised_q <= promised_d;
    end
  end

  always_ff @(posedge clk_i) begin
    ahead_addr_q  <= ahead_addr_d;
    have_begin_q  <= have_begin_d;
    begin_q       <= begin_d;
    begin_error_q <= begin_error_d;
    bad_first_q   <= bad_first_d;
    settled_q     <= ~ask_ahead & ~start_i;
    due_q         <= settled_q & some_q & ~ask_ahead & ~start_i
                   & (promised_q <= LEVEL_WIDTH'(PLACES - CHUNK));
    some_q        <= left_q != '0;
    places_q      <= ahead_places;
    if (judge) begin
      verdict_q <= verdict_d;
      length_q  <= 11'(length);
      at_q      <= begin_q;
    end
  end

endmodule

`default_nettype wire
