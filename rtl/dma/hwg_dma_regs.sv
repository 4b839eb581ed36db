// SPDX-License-Identifier: Apache-2.0
/// Control and status registers of the feature-map DMA behind AXI4-Lite.
///
/// Function:   the head of the registers of hwg_dma_regs.rdl beside this file: starts, aborts,
///             interrupts; and the way to the banks of the writer (0) and the reader (1), which are
///             kept beside their engines (hwg_dma_bank)
/// Timing:     as hwg_axil_slave, a read two cycles
/// Parameters: Transform 0 or 1; the others are what the constant registers tell
/// Notes:      An address without a register answers SLVERR, as does a write to what must stand
///             still while an engine is busy. A tally is cleared when its engine starts. A test holds
///             every register against the description.
`default_nettype none

module hwg_dma_regs #(
  parameter logic [31:0] Version   = 32'd0,         // of hwgen: 8 bits major, 8 minor, 16 patch
  parameter logic [31:0] Config    = 32'h0801_C801, // see there
  parameter logic [31:0] Limits    = 32'h0020_1000,
  parameter int          Transform = 0,             // 1: there are the banks of the transforms
  parameter logic [31:0] Kinds     = 32'd0          // what transforms are built, see there
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,
  // AXI4-Lite
  input  wire logic        aw_valid_i,
  output logic             aw_ready_o,
  input  wire logic [8:0]  aw_addr_i,
  input  wire logic        w_valid_i,
  output logic             w_ready_o,
  input  wire logic [31:0] w_data_i,
  input  wire logic [3:0]  w_strb_i,
  output logic             b_valid_o,
  input  wire logic        b_ready_i,
  output logic      [1:0]  b_resp_o,
  input  wire logic        ar_valid_i,
  output logic             ar_ready_o,
  input  wire logic [8:0]  ar_addr_i,
  output logic             r_valid_o,
  input  wire logic        r_ready_i,
  output logic      [31:0] r_data_o,
  output logic      [1:0]  r_resp_o,
  output logic             irq_o,
  // engines: [0] is the writer, [1] the reader
  output logic      [1:0]  clear_o,       // the tally; a cycle before the start
  output logic      [1:0]  start_o,
  output logic      [1:0]  abort_o,
  output logic      [1:0]  working_o,     // busy, or started
  output logic             forget_o,      // what is under way on the bus
  output logic             fast_o,
  output logic      [31:0] limit_o,       // cycles that the source may take; 0: any
  input  wire logic [1:0]  busy_i,
  input  wire logic [1:0]  done_i,
  input  wire logic [1:0]  fault_i,
  input  wire logic [1:0]  faulty_i,      // a tally has a fault
  input  wire logic        tail_i,
  // their banks
  output logic      [1:0]  bank_write_o,
  output logic      [6:0]  write_word_o,
  output logic      [31:0] write_data_o,
  output logic      [31:0] write_mask_o,
  output logic      [6:0]  read_word_o,   // a cycle ahead of the data
  input  wire logic [31:0] writer_data_i,
  input  wire logic [31:0] reader_data_i,
  // tables and weights, one word at a time
  output logic             table_write_o,
  input  wire logic        table_known_i, // there is such a word, and it may be written
  output logic      [2:0]  table_kind_o,  // see there
  output logic      [15:0] table_addr_o,
  output logic      [31:0] table_data_o
);

  if (Transform < 0 || Transform > 1) begin : gen_check_transform
    initial $fatal(1, "hwg_dma_regs: Transform must be 0 or 1");
  end

  localparam logic [31:0] ID = 32'h4846_4D32;  // "HFM2"

  localparam int WRITER = 0, READER = 1;

  // Words of the head; banks follow at word 16 and 32 (tensors), 48 and 56 (tallies), 64 and 80
  // (transforms).
  localparam logic [6:0] W_ID = 7'd0, W_VERSION = 7'd1, W_CONFIG = 7'd2, W_STATUS = 7'd3;
  localparam logic [6:0] W_CONTROL = 7'd4, W_ENABLE = 7'd5, W_EVENTS = 7'd6, W_MODE = 7'd7;
  localparam logic [6:0] W_TABLE_ADDR = 7'd8, W_TABLE_DATA = 7'd9, W_LIMITS = 7'd10;
  localparam logic [6:0] W_KINDS = 7'd11, W_LIMIT = 7'd12;

  logic        write, write_known, unused_read;
  logic [6:0]  write_word, read_word, read_ahead;
  logic [31:0] write_data, write_mask, read_data;
  logic        read_reader;    // the bank that is read is the reader's
  logic [1:0]  start, abort_q;
  logic [31:0] limit_d, limit_q;
  logic        forget_q;
  logic [3:0]  enable_d, enable_q, events_d, events_q;
  logic        fast_d, fast_q;

  hwg_axil_slave #(.AddrWidth(9), .Wait(1)) i_slave (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .aw_valid_i    (aw_valid_i),
    .aw_ready_o    (aw_ready_o),
    .aw_addr_i     (aw_addr_i),
    .w_valid_i     (w_valid_i),
    .w_ready_o     (w_ready_o),
    .w_data_i      (w_data_i),
    .w_strb_i      (w_strb_i),
    .b_valid_o     (b_valid_o),
    .b_ready_i     (b_ready_i),
    .b_resp_o      (b_resp_o),
    .ar_valid_i    (ar_valid_i),
    .ar_ready_o    (ar_ready_o),
    .ar_addr_i     (ar_addr_i),
    .r_valid_o     (r_valid_o),
    .r_ready_i     (r_ready_i),
    .r_data_o      (r_data_o),
    .r_resp_o      (r_resp_o),
    .write_o       (write),
    .write_word_o  (write_word),
    .write_data_o  (write_data),
    .write_mask_o  (write_mask),
    .write_known_i (write_known),
    .read_o        (unused_read),
    .read_word_o   (read_word),
    .read_ahead_o  (read_ahead),
    .read_data_i   (read_data),
    .read_known_i  (known(read_word))
  );

  function automatic logic known(input logic [6:0] word);
    known = (word < 7'd11) || word == W_LIMIT
            || (word >= 7'd16 && word < 7'd31) || (word >= 7'd32 && word < 7'd47)
            || (word >= 7'd48 && word < 7'd64)
            || (Transform != 0 && (word == W_KINDS || (word >= 7'd64 && word < 7'd70)
                                   || (word >= 7'd80 && word < 7'd86)));
  endfunction

  // What an engine works with stands still.
  logic [1:0] start_q;          // a cycle after the write, when the tally is clear
  logic [1:0] begun_q, busy_q;  // it is not busy yet; it was, a cycle ago
  logic [1:0] working, bank, bank_held;
  logic       locked;

  assign working          = busy_q | start_q | begun_q;
  assign bank[WRITER]     = (write_word[6:4] == 3'd1) | (Transform != 0 & write_word[6:4] == 3'd4);
  assign bank[READER]     = (write_word[6:4] == 3'd2) | (Transform != 0 & write_word[6:4] == 3'd5);
  assign working_o        = working;
  assign bank_held        = bank & working;
  assign locked           = (bank_held != '0) | (write_word == W_MODE & working[READER])
                          | (write_word == W_LIMIT & working[WRITER])
                          | (write_word == W_TABLE_DATA & ~table_known_i);
  assign write_known      = known(write_word) & ~locked;

  assign bank_write_o = bank & {2{write & write_known}};
  assign write_word_o = write_word;
  assign write_data_o = write_data;
  assign write_mask_o = write_mask;
  assign read_word_o  = read_ahead;

  // ---- switches and events
  assign start   = {2{write && write_word == W_CONTROL}} & write_data[1:0] & write_mask[1:0]
                 & ~working;
  assign clear_o = start;
  assign start_o = start_q;
  assign fast_o  = fast_q;
  assign limit_o = limit_q;
  assign abort_o = abort_q;
  assign forget_o = forget_q;
  assign irq_o   = |(events_q & enable_q);

  logic [18:0] table_d, table_q;  // kind and address of the next word

  assign table_write_o = write & write_known & (write_word == W_TABLE_DATA);
  assign {table_kind_o, table_addr_o} = table_q;
  assign table_data_o  = write_data;

  always_comb begin
    enable_d = enable_q;
    fast_d   = fast_q;
    limit_d  = limit_q;
    events_d = events_q;
    table_d  = table_write_o ? {table_q[18:16], table_q[15:0] + 16'd1} : table_q;
    if (write && write_word == W_TABLE_ADDR) begin
      table_d = (table_q & ~write_mask[18:0]) | (write_data[18:0] & write_mask[18:0]);
    end
    if (write && write_word == W_ENABLE) begin
      enable_d = (enable_q & ~write_mask[3:0]) | (write_data[3:0] & write_mask[3:0]);
    end
    if (write && write_known && write_word == W_MODE && write_mask[0]) fast_d = write_data[0];
    if (write && write_known && write_word == W_LIMIT) begin
      limit_d = (limit_q & ~write_mask) | (write_data & write_mask);
    end
    if (write && write_word == W_EVENTS) events_d = events_q & ~(write_data[3:0] & write_mask[3:0]);
    events_d = events_d | {fault_i, done_i};  // an event outlives a clear in its cycle
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      start_q  <= '0;
      begun_q  <= '0;
      busy_q   <= '0;
      abort_q  <= '0;
      forget_q <= 1'b0;
      limit_q  <= '0;
      enable_q <= '0;
      events_q <= '0;
      fast_q   <= 1'b0;
      table_q  <= '0;
    end else begin
      start_q  <= start;
      begun_q  <= start_q;
      busy_q   <= busy_i;
      abort_q  <= {2{write && write_word == W_CONTROL}} & write_data[3:2] & write_mask[3:2];
      forget_q <= write && write_word == W_CONTROL && write_data[4] && write_mask[4];
      limit_q  <= limit_d;
      enable_q <= enable_d;
      events_q <= events_d;
      fast_q   <= fast_d;
      table_q  <= table_d;
    end
  end

  always_comb begin
    case (read_word)
      W_ID:      read_data = ID;
      W_VERSION: read_data = Version;
      W_CONFIG:  read_data = Config;
      W_STATUS:  read_data = {27'd0, tail_i, faulty_i, working};
      W_CONTROL: read_data = '0;
      W_ENABLE:  read_data = {28'd0, enable_q};
      W_EVENTS:  read_data = {28'd0, events_q};
      W_MODE:    read_data = {31'd0, fast_q};
      W_TABLE_ADDR: read_data = {13'd0, table_q};
      W_TABLE_DATA: read_data = '0;
      W_LIMITS:  read_data = Limits;
      W_LIMIT:  read_data = limit_q;
      W_KINDS:  read_data = Kinds;
      default:  read_data = read_reader ? reader_data_i : writer_data_i;
    endcase
  end

  // The banks of tensors and transforms are told apart by bits of their words, tallies by another.
  assign read_reader = read_word[6] ? read_word[4]
                     : (read_word[5:4] == 2'b11) ? read_word[3] : read_word[5];

endmodule

`default_nettype wire
