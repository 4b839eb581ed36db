// SPDX-License-Identifier: Apache-2.0
/// Protocol checker of an AXI4-Lite slave.
///
/// Function:   what is offered stays until it is taken, on both sides; the slave answers what was asked
///             of it and nothing else, and offers nothing after a reset
/// Timing:     observes only
/// Parameters: AddrWidth >= 1; Open >= 1: requests of a kind that may wait for their answers
/// Notes:      For test builds: bound to every instance, and the properties of the proofs.
`default_nettype none

module hwg_axil_check #(
  parameter int AddrWidth = 9,
  parameter int Open      = 1
) (
  input wire logic                 clk_i,
  input wire logic                 rst_ni,
  input wire logic                 awvalid_i,
  input wire logic                 awready_i,
  input wire logic [AddrWidth-1:0] awaddr_i,
  input wire logic                 wvalid_i,
  input wire logic                 wready_i,
  input wire logic [31:0]          wdata_i,
  input wire logic [3:0]           wstrb_i,
  input wire logic                 bvalid_i,
  input wire logic                 bready_i,
  input wire logic [1:0]           bresp_i,
  input wire logic                 arvalid_i,
  input wire logic                 arready_i,
  input wire logic [AddrWidth-1:0] araddr_i,
  input wire logic                 rvalid_i,
  input wire logic                 rready_i,
  input wire logic [31:0]          rdata_i,
  input wire logic [1:0]           rresp_i
);

  localparam int WIDTH = $clog2(Open + 2);

  logic                 reset_q;  // in the cycle before
  logic                 aw_waits_q, w_waits_q, b_waits_q, ar_waits_q, r_waits_q;
  logic [AddrWidth-1:0] aw_q, ar_q;
  logic [35:0]          w_q;
  logic [1:0]           b_q;
  logic [33:0]          r_q;
  logic [WIDTH-1:0]     aws_q, ws_q, ars_q;  // taken and not answered

  always_ff @(posedge clk_i) begin
    reset_q    <= ~rst_ni;
    aw_waits_q <= rst_ni & awvalid_i & ~awready_i;
    w_waits_q  <= rst_ni & wvalid_i & ~wready_i;
    b_waits_q  <= rst_ni & bvalid_i & ~bready_i;
    ar_waits_q <= rst_ni & arvalid_i & ~arready_i;
    r_waits_q  <= rst_ni & rvalid_i & ~rready_i;
    aw_q       <= awaddr_i;
    ar_q       <= araddr_i;
    w_q        <= {wdata_i, wstrb_i};
    b_q        <= bresp_i;
    r_q        <= {rdata_i, rresp_i};
    if (!rst_ni) begin
      aws_q <= '0;
      ws_q  <= '0;
      ars_q <= '0;
    end else begin
      aws_q <= aws_q + WIDTH'(awvalid_i & awready_i) - WIDTH'(bvalid_i & bready_i);
      ws_q  <= ws_q + WIDTH'(wvalid_i & wready_i) - WIDTH'(bvalid_i & bready_i);
      ars_q <= ars_q + WIDTH'(arvalid_i & arready_i) - WIDTH'(rvalid_i & rready_i);
    end
  end

  always @(posedge clk_i) begin
    if (rst_ni && reset_q) `HWG_UNIT(!bvalid_i && !rvalid_i, "AXI4-Lite: valid after reset");
    if (rst_ni && !reset_q) begin
      if (aw_waits_q) `HWG_PARTNER(awvalid_i && awaddr_i == aw_q, "AW: an address did not stay");
      if (w_waits_q)  `HWG_PARTNER(wvalid_i && {wdata_i, wstrb_i} == w_q, "W: a word did not stay");
      if (ar_waits_q) `HWG_PARTNER(arvalid_i && araddr_i == ar_q, "AR: an address did not stay");
      if (b_waits_q)  `HWG_UNIT(bvalid_i && bresp_i == b_q, "B: an answer did not stay");
      if (r_waits_q)  `HWG_UNIT(rvalid_i && {rdata_i, rresp_i} == r_q, "R: a word did not stay");
    end
    if (rst_ni) begin
      if (bvalid_i) `HWG_UNIT(aws_q != '0 && ws_q != '0, "B: an answer to nothing");
      if (rvalid_i) `HWG_UNIT(ars_q != '0, "R: a word that nobody asked for");
      `HWG_UNIT(32'(aws_q) <= Open && 32'(ws_q) <= Open && 32'(ars_q) <= Open,
                "AXI4-Lite: more is taken than can be answered");
    end
  end

endmodule

`default_nettype wire
