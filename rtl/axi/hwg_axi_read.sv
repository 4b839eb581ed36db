// SPDX-License-Identifier: Apache-2.0
/// AXI4 read master: a command becomes bursts, their data leave as one stream of beats.
///
/// Function:   reads cmd_beats_i beats from cmd_addr_i on, in INCR bursts of at most MaxBurst beats
///             that never cross a 4 KiB boundary. out_last_o marks the last beat of a command,
///             out_error_o a beat that came with another response than OKAY.
/// Timing:     one address every other cycle, up to Outstanding bursts under way, one beat a cycle
/// Parameters: DataWidth 32, 64 or 128; MaxBurst 1 to 256; Depth >= MaxBurst; Outstanding >= 1
/// Notes:      A burst is asked for only when the buffer has room for all of it, so RREADY is
///             always high: a stalled consumer never stalls the bus. One ID: data come in order.
///             flush_i gives up the command: what is asked for is waited for and dropped; no command
///             is taken, and idle_o is low, until that is done. rst_ni is the reset of the bus:
///             nothing outlives it.
`default_nettype none

module hwg_axi_read #(
  parameter int AddrWidth   = 32,   // bits of a byte address
  parameter int DataWidth   = 64,   // bits of a beat
  parameter int BeatsWidth  = 16,   // bits of a command's length
  parameter int MaxBurst    = 16,   // beats of a burst
  parameter int Outstanding = 4,    // bursts under way
  parameter int Depth       = 64    // beats that the buffer holds
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  input  wire logic                  flush_i,
  // commands; the address is aligned to a beat, the length at least 1
  input  wire logic                  cmd_valid_i,
  output logic                       cmd_ready_o,
  input  wire logic [AddrWidth-1:0]  cmd_addr_i,
  input  wire logic [BeatsWidth-1:0] cmd_beats_i,
  // out: beats
  output logic                       out_valid_o,
  input  wire logic                  out_ready_i,
  output logic      [DataWidth-1:0]  out_data_o,
  output logic                       out_last_o,
  output logic                       out_error_o,
  // nothing asked for, under way or in the buffer
  output logic                       idle_o,
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

  if (DataWidth < 32 || DataWidth > 128 || 128 % DataWidth != 0) begin : gen_check_data
    initial $fatal(1, "hwg_axi_read: DataWidth must be 32, 64 or 128");
  end
  if (AddrWidth < 13) begin : gen_check_addr
    initial $fatal(1, "hwg_axi_read: AddrWidth must be >= 13");
  end
  if (BeatsWidth < 1) begin : gen_check_beats
    initial $fatal(1, "hwg_axi_read: BeatsWidth must be >= 1");
  end
  if (MaxBurst < 1 || MaxBurst > 256) begin : gen_check_burst
    initial $fatal(1, "hwg_axi_read: MaxBurst must be 1 to 256");
  end
  if (Depth < 1 || Depth < MaxBurst) begin : gen_check_depth
    initial $fatal(1, "hwg_axi_read: Depth must be >= MaxBurst");
  end
  if (Outstanding < 1) begin : gen_check_outstanding
    initial $fatal(1, "hwg_axi_read: Outstanding must be >= 1");
  end

  localparam int BEAT_BYTES = DataWidth / 8;
  localparam int SHIFT      = $clog2(BEAT_BYTES);
  localparam int PAGE_WIDTH = 13 - SHIFT;  // beats up to the end of a 4 KiB page, 1 to 2^12 / bytes
  localparam int ROOM_WIDTH = $clog2(Depth + 1);

  logic                  busy_d, busy_q;        // a command has beats left to ask for
  logic [AddrWidth-1:0]  addr_d, addr_q;
  logic [BeatsWidth-1:0] left_d, left_q;
  logic [PAGE_WIDTH-1:0] to_page;
  logic [8:0]            burst;                 // beats of the next burst
  logic                  final_burst, ask;
  logic                  plan, planned_d, planned_q;  // the next burst is known
  logic [8:0]            burst_q;
  logic                  final_q;
  logic                  flushing_d, flushing_q, give_up;
  logic                  ar_valid_d, ar_valid_q;
  logic [AddrWidth-1:0]  ar_addr_q;
  logic [7:0]            ar_len_q;
  logic [ROOM_WIDTH-1:0] room_d, room_q;        // beats of the buffer not promised to any burst
  logic                  track_ready, track_valid, track_final;
  logic                  beat, last_beat;
  logic                  buffer_ready, buffer_valid, pop;

  assign give_up     = flush_i | flushing_q;
  assign cmd_ready_o = ~busy_q & ~flushing_q;  // what comes with flush_i is given up too
  assign to_page     = PAGE_WIDTH'(4096 / BEAT_BYTES) - PAGE_WIDTH'(addr_q[11:SHIFT]);

  always_comb begin
    burst = 9'(MaxBurst);
    if (to_page < PAGE_WIDTH'(MaxBurst))                             burst = 9'(to_page);
    if ({{9{1'b0}}, left_q} < {{BeatsWidth{1'b0}}, burst})           burst = 9'(left_q);
  end

  assign final_burst = {{9{1'b0}}, left_q} == {{BeatsWidth{1'b0}}, burst};
  // There must be room for the longest burst, whatever this one's length, which is known late.
  assign plan       = busy_q & ~planned_q;
  assign planned_d  = ~give_up & (plan | (planned_q & ~ask));
  assign ask        = planned_q & track_ready & (room_q >= ROOM_WIDTH'(MaxBurst)) & ~give_up
                    & (~ar_valid_q | m_axi_arready_i);
  assign ar_valid_d = ask | (ar_valid_q & ~m_axi_arready_i);

  assign m_axi_arvalid_o = ar_valid_q;
  assign m_axi_araddr_o  = ar_addr_q;
  assign m_axi_arlen_o   = ar_len_q;
  assign m_axi_arsize_o  = 3'(SHIFT);
  assign m_axi_arburst_o = 2'b01;

  always_comb begin
    busy_d = busy_q;
    addr_d = addr_q;
    left_d = left_q;
    if (cmd_valid_i && cmd_ready_o) begin
      busy_d = 1'b1;
      addr_d = cmd_addr_i;
      left_d = cmd_beats_i;
    end else if (ask) begin
      busy_d = ~final_q;
      addr_d = addr_q + (AddrWidth'(burst_q) << SHIFT);
      left_d = left_q - BeatsWidth'(burst_q);
    end
    if (give_up) busy_d = 1'b0;
  end

  always_comb begin
    room_d = room_q;
    if (ask)                 room_d = room_d - ROOM_WIDTH'(burst_q);
    if (buffer_valid && pop) room_d = room_d + ROOM_WIDTH'(1);
  end

  assign pop         = out_ready_i | give_up;
  assign out_valid_o = buffer_valid & ~give_up;
  assign flushing_d  = flush_i | (flushing_q & (track_valid | buffer_valid));

  // Of every burst under way: is it the last of its command?
  hwg_fifo #(.Width(1), .Depth(Outstanding)) i_track (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .in_valid_i  (ask),
    .in_ready_o  (track_ready),
    .in_data_i   (final_q),
    .out_valid_o (track_valid),
    .out_ready_i (last_beat),
    .out_data_o  (track_final)
  );

  assign m_axi_rready_o = buffer_ready;  // always, for the room was promised
  assign beat           = m_axi_rvalid_i & buffer_ready;
  assign last_beat      = beat & m_axi_rlast_i;

  hwg_fifo #(.Width(DataWidth + 2), .Depth(Depth)) i_buffer (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .in_valid_i  (m_axi_rvalid_i),
    .in_ready_o  (buffer_ready),
    .in_data_i   ({m_axi_rresp_i != 2'b00, m_axi_rlast_i & track_final, m_axi_rdata_i}),
    .out_valid_o (buffer_valid),
    .out_ready_i (pop),
    .out_data_o  ({out_error_o, out_last_o, out_data_o})
  );

  assign idle_o = ~busy_q & ~track_valid & ~buffer_valid & ~give_up;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q     <= 1'b0;
      flushing_q <= 1'b0;
      ar_valid_q <= 1'b0;
      planned_q  <= 1'b0;
      room_q     <= ROOM_WIDTH'(Depth);
    end else begin
      busy_q     <= busy_d;
      flushing_q <= flushing_d;
      ar_valid_q <= ar_valid_d;
      planned_q  <= planned_d;
      room_q     <= room_d;
    end
  end

  always_ff @(posedge clk_i) begin
    addr_q <= addr_d;
    left_q <= left_d;
    if (ask) begin
      ar_addr_q <= addr_q;
      ar_len_q  <= 8'(burst_q - 9'd1);
    end
    if (plan) begin
      burst_q <= burst;
      final_q <= final_burst;
    end
  end

endmodule

`default_nettype wire
