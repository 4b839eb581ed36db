// SPDX-License-Identifier: Apache-2.0
/// AXI4 write master: a stream of beats goes to consecutive addresses, in bursts.
///
/// Function:   a command gives the address of the first beat; the beats up to the one with
///             in_last_i follow it, written in INCR bursts of at most MaxBurst beats that never
///             cross a 4 KiB boundary. error_o pulses for a response other than OKAY.
/// Timing:     a burst is released when its data are in the buffer, its address and its data each
///             as soon as the bus takes them; one beat a cycle, one burst every other cycle
/// Parameters: DataWidth 32, 64 or 128; MaxBurst 1 to 256; Depth > MaxBurst; Outstanding >= 1
/// Notes:      Neither of the two channels waits for the other one. Once a burst is released it is
///             written without a gap, so a stalled producer never stalls the bus. One ID. idle_o: all
///             is written and answered. flush_i gives up the command: bursts that are released are
///             completed, all else is forgotten; no command is taken, and idle_o is low, until that
///             is done. rst_ni is the reset of the bus: nothing outlives it.
`default_nettype none

module hwg_axi_write #(
  parameter int AddrWidth   = 32,   // bits of a byte address
  parameter int DataWidth   = 64,   // bits of a beat
  parameter int MaxBurst    = 16,   // beats of a burst
  parameter int Outstanding = 4,    // bursts released and not answered
  parameter int Depth       = 64    // beats that the buffer holds
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  input  wire logic                   flush_i,
  // commands; the address is aligned to a beat
  input  wire logic                   cmd_valid_i,
  output logic                        cmd_ready_o,
  input  wire logic [AddrWidth-1:0]   cmd_addr_i,
  // in: the beats of the command
  input  wire logic                   in_valid_i,
  output logic                        in_ready_o,
  input  wire logic [DataWidth-1:0]   in_data_i,
  input  wire logic [DataWidth/8-1:0] in_strb_i,
  input  wire logic                   in_last_i,
  output logic                        error_o,
  output logic                        idle_o,
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

  if (DataWidth < 32 || DataWidth > 128 || 128 % DataWidth != 0) begin : gen_check_data
    initial $fatal(1, "hwg_axi_write: DataWidth must be 32, 64 or 128");
  end
  if (AddrWidth < 13) begin : gen_check_addr
    initial $fatal(1, "hwg_axi_write: AddrWidth must be >= 13");
  end
  if (MaxBurst < 1 || MaxBurst > 256) begin : gen_check_burst
    initial $fatal(1, "hwg_axi_write: MaxBurst must be 1 to 256");
  end
  if (Depth < 2 || Depth <= MaxBurst) begin : gen_check_depth
    initial $fatal(1, "hwg_axi_write: Depth must be > MaxBurst");
  end
  if (Outstanding < 1) begin : gen_check_outstanding
    initial $fatal(1, "hwg_axi_write: Outstanding must be >= 1");
  end

  localparam int BEAT_BYTES  = DataWidth / 8;
  localparam int SHIFT       = $clog2(BEAT_BYTES);
  localparam int PAGE_WIDTH  = 13 - SHIFT;
  localparam int LEVEL_WIDTH = $clog2(Depth + 1);
  localparam int OPEN_WIDTH  = $clog2(Outstanding + 1);

  logic                   busy_d, busy_q;      // a command is being written
  logic                   closing_d, closing_q;  // its last beat is in the buffer
  logic                   flushing_d, flushing_q;
  logic                   give_up;             // in this cycle
  logic [AddrWidth-1:0]   addr_d, addr_q;
  logic [LEVEL_WIDTH-1:0] level_d, level_q;    // beats in the buffer that no burst has claimed
  logic [OPEN_WIDTH-1:0]  open_d, open_q;      // bursts without an answer
  logic [PAGE_WIDTH-1:0]  to_page;
  logic [8:0]             most, burst, burst_q;
  logic                   enough, ends, ends_q;
  logic                   plan, planned_d, planned_q;  // the next burst is known
  logic                   release_burst;
  logic                   aw_valid_d, aw_valid_q;
  logic [AddrWidth-1:0]   aw_addr_q;
  logic [7:0]             aw_len_q;
  logic                   room, push;
  logic                   length_ready, length_valid;
  logic [7:0]             length;              // of the burst being sent, less 1
  logic [7:0]             sent_d, sent_q;      // beats of it that are gone
  logic                   beat, spill, answered;
  logic                   data_valid;

  assign give_up     = flush_i | flushing_q;
  assign cmd_ready_o = ~busy_q & ~flushing_q;  // what comes with flush_i is given up too
  assign to_page     = PAGE_WIDTH'(4096 / BEAT_BYTES) - PAGE_WIDTH'(addr_q[11:SHIFT]);
  assign most        = (to_page < PAGE_WIDTH'(MaxBurst)) ? 9'(to_page) : 9'(MaxBurst);
  assign enough      = {9'b0, level_q} >= {{LEVEL_WIDTH{1'b0}}, most};
  assign burst       = enough ? most : 9'(level_q);
  assign ends        = closing_q & ({9'b0, level_q} == {{LEVEL_WIDTH{1'b0}}, burst});

  // A burst is planned, and a cycle later released to both channels at once. A short one is only when
  // its command is closing: then no beat is added.
  assign plan          = busy_q & ~planned_q & (enough | closing_q) & (level_q != '0);
  assign planned_d     = ~give_up & (plan | (planned_q & ~release_burst));
  assign release_burst = planned_q & length_ready & ~give_up
                       & (open_q != OPEN_WIDTH'(Outstanding)) & (~aw_valid_q | m_axi_awready_i);
  assign aw_valid_d    = release_burst | (aw_valid_q & ~m_axi_awready_i);

  assign m_axi_awvalid_o = aw_valid_q;
  assign m_axi_awaddr_o  = aw_addr_q;
  assign m_axi_awlen_o   = aw_len_q;
  assign m_axi_awsize_o  = 3'(SHIFT);
  assign m_axi_awburst_o = 2'b01;

  assign in_ready_o = room & busy_q & ~closing_q & ~give_up;
  assign push       = in_valid_i & in_ready_o;

  always_comb begin
    busy_d    = busy_q;
    closing_d = closing_q;
    addr_d    = addr_q;
    level_d   = level_q;
    if (cmd_valid_i && cmd_ready_o) begin
      busy_d = 1'b1;
      addr_d = cmd_addr_i;
    end
    if (push) begin
      level_d   = level_d + LEVEL_WIDTH'(1);
      closing_d = in_last_i;
    end
    if (release_burst) begin
      level_d = level_d - LEVEL_WIDTH'(burst_q);
      addr_d  = addr_q + (AddrWidth'(burst_q) << SHIFT);
      if (ends_q) begin
        busy_d    = 1'b0;
        closing_d = 1'b0;
      end
    end
    if (give_up) begin
      busy_d    = 1'b0;
      closing_d = 1'b0;
    end
    if (spill) level_d = level_q - LEVEL_WIDTH'(1);
  end

  // What no burst has claimed is the end of the buffer: it goes when the bursts have gone.
  assign spill      = give_up & ~busy_q & ~length_valid & (level_q != '0);
  assign flushing_d = flush_i | (flushing_q & ~((level_q == '0) & (open_q == '0)));

  hwg_fifo #(.Width(DataWidth + BEAT_BYTES), .Depth(Depth)) i_buffer (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .in_valid_i  (push),
    .in_ready_o  (room),
    .in_data_i   ({in_strb_i, in_data_i}),
    .out_valid_o (data_valid),
    .out_ready_i (beat | spill),
    .out_data_o  ({m_axi_wstrb_o, m_axi_wdata_o})
  );

  // The lengths of the bursts that are released and not yet sent.
  hwg_fifo #(.Width(8), .Depth(Outstanding)) i_lengths (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .in_valid_i  (release_burst),
    .in_ready_o  (length_ready),
    .in_data_i   (8'(burst_q - 9'd1)),
    .out_valid_o (length_valid),
    .out_ready_i (beat & m_axi_wlast_o),
    .out_data_o  (length)
  );

  assign m_axi_wvalid_o = length_valid & data_valid;
  assign m_axi_wlast_o  = sent_q == length;
  assign beat           = m_axi_wvalid_o & m_axi_wready_i;
  assign sent_d         = !beat ? sent_q : m_axi_wlast_o ? '0 : sent_q + 8'd1;

  assign m_axi_bready_o = 1'b1;
  assign answered       = m_axi_bvalid_i & (open_q != '0);
  assign error_o        = answered & (m_axi_bresp_i != 2'b00) & ~give_up;

  always_comb begin
    open_d = open_q;
    if (release_burst && !answered)      open_d = open_q + OPEN_WIDTH'(1);
    else if (answered && !release_burst) open_d = open_q - OPEN_WIDTH'(1);
  end

  assign idle_o = ~busy_q & (open_q == '0) & ~give_up;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q     <= 1'b0;
      closing_q  <= 1'b0;
      flushing_q <= 1'b0;
      level_q    <= '0;
      open_q     <= '0;
      sent_q     <= '0;
      aw_valid_q <= 1'b0;
      planned_q  <= 1'b0;
    end else begin
      busy_q     <= busy_d;
      closing_q  <= closing_d;
      flushing_q <= flushing_d;
      level_q    <= level_d;
      open_q     <= open_d;
      sent_q     <= sent_d;
      aw_valid_q <= aw_valid_d;
      planned_q  <= planned_d;
    end
  end

  always_ff @(posedge clk_i) begin
    addr_q <= addr_d;
    if (release_burst) begin
      aw_addr_q <= addr_q;
      aw_len_q  <= 8'(burst_q - 9'd1);
    end
    if (plan) begin
      burst_q <= burst;
      ends_q  <= ends;
    end
  end

endmodule

`default_nettype wire
