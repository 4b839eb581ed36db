// SPDX-License-Identifier: Apache-2.0
// A checker at every AXI4 write master.
bind hwg_axi_write hwg_axi_write_check #(
  .AddrWidth   (AddrWidth),
  .DataWidth   (DataWidth),
  .MaxBurst    (MaxBurst),
  .Outstanding (Outstanding)
) i_check (
  .clk_i     (clk_i),
  .rst_ni    (rst_ni),
  .awvalid_i (m_axi_awvalid_o),
  .awready_i (m_axi_awready_i),
  .awaddr_i  (m_axi_awaddr_o),
  .awlen_i   (m_axi_awlen_o),
  .awsize_i  (m_axi_awsize_o),
  .awburst_i (m_axi_awburst_o),
  .wvalid_i  (m_axi_wvalid_o),
  .wready_i  (m_axi_wready_i),
  .wdata_i   (m_axi_wdata_o),
  .wstrb_i   (m_axi_wstrb_o),
  .wlast_i   (m_axi_wlast_o),
  .bvalid_i  (m_axi_bvalid_i),
  .bready_i  (m_axi_bready_o),
  .bresp_i   (m_axi_bresp_i)
);
