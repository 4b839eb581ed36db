// SPDX-License-Identifier: Apache-2.0
/// Protocol checker of the read channels of an AXI4 master without IDs.
///
/// Function:   what is offered stays until it is taken; bursts are INCR, of whole beats, within 4 KiB
///             and MaxBurst; at most Outstanding are open; nothing is offered after a reset. Of the
///             slave: as many beats as were asked for, the last one marked, and none else. Promise of
///             hwg_axi_read: beats that were asked for are never kept waiting, so that none can change.
/// Timing:     observes only
/// Parameters: those of hwg_axi_read
/// Notes:      For test builds: bound to every instance, and the properties of the proofs.
`default_nettype none

module hwg_axi_read_check #(
  parameter int AddrWidth   = 32,
  parameter int DataWidth   = 64,
  parameter int MaxBurst    = 16,
  parameter int Outstanding = 4
) (
  input wire logic                 clk_i,
  input wire logic                 rst_ni,
  input wire logic                 arvalid_i,
  input wire logic                 arready_i,
  input wire logic [AddrWidth-1:0] araddr_i,
  input wire logic [7:0]           arlen_i,
  input wire logic [2:0]           arsize_i,
  input wire logic [1:0]           arburst_i,
  input wire logic                 rvalid_i,
  input wire logic                 rready_i,
  input wire logic [DataWidth-1:0] rdata_i,
  input wire logic [1:0]           rresp_i,
  input wire logic                 rlast_i
);

  localparam int BYTES = DataWidth / 8;
  localparam int INDEX = $clog2(Outstanding + 2);  // bits of a burst's place
  localparam int PLACES = 1 << INDEX;

  logic                  reset_q;  // in the cycle before
  logic                  ar_waits_q;
  logic [AddrWidth+12:0] ar_q;
  logic                  ar, r;
  logic [INDEX-1:0]      ars_q, rs_q, open;  // bursts: addresses, data
  logic [7:0]            beat_q;
  logic [7:0]            lens_q [0:PLACES-1];

  assign ar   = arvalid_i & arready_i;
  assign r    = rvalid_i & rready_i;
  assign open = ars_q - rs_q;

  always_ff @(posedge clk_i) begin
    reset_q    <= ~rst_ni;
    ar_waits_q <= rst_ni & arvalid_i & ~arready_i;
    ar_q       <= {araddr_i, arlen_i, arsize_i, arburst_i};
    if (ar) lens_q[ars_q] <= arlen_i;
    if (!rst_ni) begin
      ars_q  <= '0;
      rs_q   <= '0;
      beat_q <= '0;
    end else begin
      ars_q <= ars_q + INDEX'(ar);
      rs_q  <= rs_q + INDEX'(r & rlast_i);
      if (r) beat_q <= rlast_i ? '0 : beat_q + 8'd1;
    end
  end

  always @(posedge clk_i) begin
    if (rst_ni && reset_q) `HWG_UNIT(!arvalid_i, "AXI read: valid after reset");
    if (rst_ni && !reset_q) begin
      if (ar_waits_q) begin
        `HWG_UNIT(arvalid_i, "AR: an address was withdrawn");
        `HWG_UNIT({araddr_i, arlen_i, arsize_i, arburst_i} == ar_q, "AR: an address changed");
      end
    end
    if (rst_ni) begin
      if (arvalid_i) begin
        `HWG_UNIT(arburst_i == 2'b01, "AR: a burst that is not INCR");
        `HWG_UNIT(arsize_i == 3'($clog2(BYTES)), "AR: beats that are not whole");
        `HWG_UNIT((araddr_i & AddrWidth'(BYTES - 1)) == '0, "AR: an address within a beat");
        `HWG_UNIT(32'(arlen_i) < MaxBurst, "AR: a burst that is too long");
        `HWG_UNIT(32'(araddr_i[11:0]) + (32'(arlen_i) + 1) * BYTES <= 4096, "AR: a burst across 4 KiB");
        `HWG_UNIT(32'(open) < Outstanding, "AR: too many bursts are open");
      end
      if (rvalid_i) begin
        `HWG_PARTNER(open != '0, "R: a beat that nobody asked for");
        `HWG_PARTNER(rlast_i == (beat_q == lens_q[rs_q]), "R: last at another beat than was asked for");
      end
      if (open != '0) `HWG_UNIT(rready_i, "R: a beat that was asked for has to wait");
    end
  end

endmodule

`default_nettype wire
