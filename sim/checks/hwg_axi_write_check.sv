// SPDX-License-Identifier: Apache-2.0
/// Protocol checker of the write channels of an AXI4 master without IDs.
///
/// Function:   what is offered stays until it is taken; bursts are INCR, of whole beats, within 4 KiB
///             and MaxBurst; every burst has as many beats as its address says, whichever comes
///             first; at most Outstanding are open; nothing is offered after a reset. Of the slave:
///             an answer to every burst when all of it was taken, and none else. Promise of
///             hwg_axi_write: a burst is written without a gap.
/// Timing:     observes only
/// Parameters: those of hwg_axi_write
/// Notes:      For test builds: bound to every instance, and the properties of the proofs.
`default_nettype none

module hwg_axi_write_check #(
  parameter int AddrWidth   = 32,
  parameter int DataWidth   = 64,
  parameter int MaxBurst    = 16,
  parameter int Outstanding = 4
) (
  input wire logic                   clk_i,
  input wire logic                   rst_ni,
  input wire logic                   awvalid_i,
  input wire logic                   awready_i,
  input wire logic [AddrWidth-1:0]   awaddr_i,
  input wire logic [7:0]             awlen_i,
  input wire logic [2:0]             awsize_i,
  input wire logic [1:0]             awburst_i,
  input wire logic                   wvalid_i,
  input wire logic                   wready_i,
  input wire logic [DataWidth-1:0]   wdata_i,
  input wire logic [DataWidth/8-1:0] wstrb_i,
  input wire logic                   wlast_i,
  input wire logic                   bvalid_i,
  input wire logic                   bready_i,
  input wire logic [1:0]             bresp_i
);

  localparam int BYTES = DataWidth / 8;
  localparam int INDEX = $clog2(Outstanding + 2);  // bits of a burst's place
  localparam int PLACES = 1 << INDEX;

  logic                   reset_q;                // in the cycle before
  logic                   aw_waits_q, w_waits_q, b_waits_q;
  logic [AddrWidth+12:0]  aw_q;
  logic [DataWidth+BYTES:0] w_q;
  logic [1:0]             b_q;
  logic                   aw, w, b;
  logic [INDEX-1:0]       aws_q, ws_q, bs_q;      // bursts: addresses, data, answers
  logic [INDEX-1:0]       aws_open, ws_open;
  logic [7:0]             beat_q;                 // of the burst whose data come
  logic [7:0]             aw_lens_q [0:PLACES-1];
  logic [7:0]             w_lens_q [0:PLACES-1];
  logic [8:0]             ahead;                  // beats of the coming burst that are taken

  assign aw       = awvalid_i & awready_i;
  assign w        = wvalid_i & wready_i;
  assign b        = bvalid_i & bready_i;
  assign aws_open = aws_q - bs_q;
  assign ws_open  = ws_q - bs_q;
  assign ahead    = 9'(beat_q) + 9'(w);

  always_ff @(posedge clk_i) begin
    reset_q    <= ~rst_ni;
    aw_waits_q <= rst_ni & awvalid_i & ~awready_i;
    w_waits_q  <= rst_ni & wvalid_i & ~wready_i;
    b_waits_q  <= rst_ni & bvalid_i & ~bready_i;
    aw_q       <= {awaddr_i, awlen_i, awsize_i, awburst_i};
    w_q        <= {wdata_i, wstrb_i, wlast_i};
    b_q        <= bresp_i;
    if (aw) aw_lens_q[aws_q] <= awlen_i;
    if (w && wlast_i) w_lens_q[ws_q] <= beat_q;
    if (!rst_ni) begin
      aws_q  <= '0;
      ws_q   <= '0;
      bs_q   <= '0;
      beat_q <= '0;
    end else begin
      aws_q <= aws_q + INDEX'(aw);
      ws_q  <= ws_q + INDEX'(w & wlast_i);
      bs_q  <= bs_q + INDEX'(b);
      if (w) beat_q <= wlast_i ? '0 : beat_q + 8'd1;
    end
  end

  always @(posedge clk_i) begin
    if (rst_ni && reset_q) begin
      `HWG_UNIT(!awvalid_i && !wvalid_i, "AXI write: valid after reset");
    end
    if (rst_ni && !reset_q) begin
      if (aw_waits_q) begin
        `HWG_UNIT(awvalid_i, "AW: an address was withdrawn");
        `HWG_UNIT({awaddr_i, awlen_i, awsize_i, awburst_i} == aw_q, "AW: an address changed");
      end
      if (w_waits_q) begin
        `HWG_UNIT(wvalid_i, "W: a beat was withdrawn");
        `HWG_UNIT({wdata_i, wstrb_i, wlast_i} == w_q, "W: a beat changed");
      end
      if (b_waits_q) begin
        `HWG_PARTNER(bvalid_i, "B: an answer was withdrawn");
        `HWG_PARTNER(bresp_i == b_q, "B: an answer changed");
      end
      if (beat_q != '0) `HWG_UNIT(wvalid_i, "W: a gap in a burst");
    end
    if (rst_ni) begin
      if (awvalid_i) begin
        `HWG_UNIT(awburst_i == 2'b01, "AW: a burst that is not INCR");
        `HWG_UNIT(awsize_i == 3'($clog2(BYTES)), "AW: beats that are not whole");
        `HWG_UNIT((awaddr_i & AddrWidth'(BYTES - 1)) == '0, "AW: an address within a beat");
        `HWG_UNIT(32'(awlen_i) < MaxBurst, "AW: a burst that is too long");
        `HWG_UNIT(32'(awaddr_i[11:0]) + (32'(awlen_i) + 1) * BYTES <= 4096, "AW: a burst across 4 KiB");
      end
      // An address and its data: whichever is later is compared.
      if (w && ws_open < aws_open) begin
        `HWG_UNIT(wlast_i == (beat_q == aw_lens_q[ws_q]), "W: last at another beat than the address says");
      end
      if (aw && aws_open < ws_open) begin
        `HWG_UNIT(awlen_i == w_lens_q[aws_q], "AW: another length than the data had");
      end
      if (aw && aws_q == ws_q) begin
        `HWG_UNIT(ahead <= 9'(awlen_i) + 9'd1, "AW: fewer beats than were written");
        if (w) `HWG_UNIT(wlast_i == (beat_q == awlen_i), "W: last at another beat than the address says");
        else   `HWG_UNIT(9'(beat_q) <= 9'(awlen_i), "AW: fewer beats than were written");
      end
      if (awvalid_i) `HWG_UNIT(32'(aws_open) < Outstanding, "AW: too many bursts are open");
      if (wvalid_i)  `HWG_UNIT(32'(ws_open) < Outstanding, "W: too many bursts are open");
      if (bvalid_i) begin
        `HWG_PARTNER(aws_open != '0 && ws_open != '0, "B: an answer to nothing");
      end
    end
  end

endmodule

`default_nettype wire
