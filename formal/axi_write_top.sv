// SPDX-License-Identifier: Apache-2.0
// hwg_axi_write beside its checker, at any legal slave and any source, given up at any time.
module axi_write_top (
  input wire        clk_i,
  input wire        rst_ni,
  input wire        flush_i,
  input wire        cmd_valid_i,
  input wire [12:0] cmd_addr_i,
  input wire        in_valid_i,
  input wire [1:0]  in_data_i,  // a beat is no more than that: the solver has less to do
  input wire        in_last_i,
  input wire        awready_i,
  input wire        wready_i,
  input wire        bvalid_i,
  input wire [1:0]  bresp_i
);
  wire cmd_ready, in_ready, error, idle, awvalid, wvalid, wlast, bready;
  wire [12:0] awaddr;
  wire [7:0]  awlen;
  wire [2:0]  awsize;
  wire [1:0]  awburst;
  wire [31:0] wdata;
  wire [3:0]  wstrb;

  hwg_axi_write #(.AddrWidth(13), .DataWidth(32), .MaxBurst(2), .Outstanding(2), .Depth(3)) dut (
    .clk_i(clk_i), .rst_ni(rst_ni), .flush_i(flush_i), .cmd_valid_i(cmd_valid_i),
    .cmd_ready_o(cmd_ready), .cmd_addr_i(cmd_addr_i), .in_valid_i(in_valid_i),
    .in_ready_o(in_ready), .in_data_i({30'd0, in_data_i}), .in_strb_i(4'hf), .in_last_i(in_last_i),
    .error_o(error), .idle_o(idle), .m_axi_awvalid_o(awvalid), .m_axi_awready_i(awready_i),
    .m_axi_awaddr_o(awaddr), .m_axi_awlen_o(awlen), .m_axi_awsize_o(awsize),
    .m_axi_awburst_o(awburst), .m_axi_wvalid_o(wvalid), .m_axi_wready_i(wready_i),
    .m_axi_wdata_o(wdata), .m_axi_wstrb_o(wstrb), .m_axi_wlast_o(wlast),
    .m_axi_bvalid_i(bvalid_i), .m_axi_bready_o(bready), .m_axi_bresp_i(bresp_i)
  );
  hwg_axi_write_check #(.AddrWidth(13), .DataWidth(32), .MaxBurst(2), .Outstanding(2)) check (
    .clk_i(clk_i), .rst_ni(rst_ni), .awvalid_i(awvalid), .awready_i(awready_i),
    .awaddr_i(awaddr), .awlen_i(awlen), .awsize_i(awsize), .awburst_i(awburst),
    .wvalid_i(wvalid), .wready_i(wready_i), .wdata_i(wdata), .wstrb_i(wstrb), .wlast_i(wlast),
    .bvalid_i(bvalid_i), .bready_i(bready), .bresp_i(bresp_i)
  );

  initial assume (!rst_ni);
  always @(posedge clk_i) begin
    if (!$initstate) assume (rst_ni);
    if (cmd_valid_i) assume (cmd_addr_i[1:0] == 2'b00);
  end
endmodule
