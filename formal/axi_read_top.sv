// SPDX-License-Identifier: Apache-2.0
// hwg_axi_read beside its checker, at any legal slave and any consumer, given up at any time.
module axi_read_top (
  input wire        clk_i,
  input wire        rst_ni,
  input wire        flush_i,
  input wire        cmd_valid_i,
  input wire [12:0] cmd_addr_i,
  input wire [3:0]  cmd_beats_i,
  input wire        out_ready_i,
  input wire        arready_i,
  input wire        rvalid_i,
  input wire [31:0] rdata_i,
  input wire [1:0]  rresp_i,
  input wire        rlast_i
);
  wire cmd_ready, out_valid, out_last, out_error, idle, arvalid, rready;
  wire [31:0] out_data;
  wire [12:0] araddr;
  wire [7:0]  arlen;
  wire [2:0]  arsize;
  wire [1:0]  arburst;

  hwg_axi_read #(
    .AddrWidth(13), .DataWidth(32), .BeatsWidth(4), .MaxBurst(3), .Outstanding(2), .Depth(4)
  ) dut (
    .clk_i(clk_i), .rst_ni(rst_ni), .flush_i(flush_i), .cmd_valid_i(cmd_valid_i),
    .cmd_ready_o(cmd_ready), .cmd_addr_i(cmd_addr_i), .cmd_beats_i(cmd_beats_i),
    .out_valid_o(out_valid), .out_ready_i(out_ready_i), .out_data_o(out_data),
    .out_last_o(out_last), .out_error_o(out_error), .idle_o(idle), .m_axi_arvalid_o(arvalid),
    .m_axi_arready_i(arready_i), .m_axi_araddr_o(araddr), .m_axi_arlen_o(arlen),
    .m_axi_arsize_o(arsize), .m_axi_arburst_o(arburst), .m_axi_rvalid_i(rvalid_i),
    .m_axi_rready_o(rready), .m_axi_rdata_i(rdata_i), .m_axi_rresp_i(rresp_i),
    .m_axi_rlast_i(rlast_i)
  );
  hwg_axi_read_check #(.AddrWidth(13), .DataWidth(32), .MaxBurst(3), .Outstanding(2)) check (
    .clk_i(clk_i), .rst_ni(rst_ni), .arvalid_i(arvalid), .arready_i(arready_i),
    .araddr_i(araddr), .arlen_i(arlen), .arsize_i(arsize), .arburst_i(arburst),
    .rvalid_i(rvalid_i), .rready_i(rready), .rdata_i(rdata_i), .rresp_i(rresp_i),
    .rlast_i(rlast_i)
  );

  initial assume (!rst_ni);
  always @(posedge clk_i) begin
    if (!$initstate) assume (rst_ni);
    if (cmd_valid_i) assume (cmd_addr_i[1:0] == 2'b00 && cmd_beats_i != '0);
  end
endmodule
